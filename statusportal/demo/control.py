"""How a terminal speaks to the running endpoints: one line of JSON there, one back."""

from __future__ import annotations

import json
import socket
from typing import Any

from statusportal.demo.plan import HOST, Plan

# A busy machine may take its time; one where nothing listens refuses at once.
_TIMEOUT_S = 30.0


class NoControl(Exception):
    """The endpoints did not do what was asked; the message is one sentence that says why."""


def ask(plan: Plan, **order: Any) -> list[str]:
    """Send one order, wait until it is carried out, and return what the endpoints say of it.

    Raises NoControl where they do not run, or refuse.
    """
    line = json.dumps({**order, "token": plan.control_token}).encode() + b"\n"
    try:
        with socket.create_connection((HOST, plan.control_port), timeout=_TIMEOUT_S) as connection:
            connection.sendall(line)
            answer = connection.makefile("rb").readline()
        reply = json.loads(answer)
    except (OSError, ValueError) as error:
        raise NoControl(
            f"The demo's endpoints do not run (nothing sensible answers on port"
            f" {plan.control_port}: {type(error).__name__}): start them with `make run` or"
            " `manage.py demo endpoints`."
        ) from None
    if "refused" in reply:
        raise NoControl(reply["refused"])
    done: list[str] = reply["done"]
    return done
