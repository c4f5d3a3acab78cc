"""Guards taken away on purpose, and the moment widened in which they are needed.

For `--self-test`: chaos that does not notice this would notice nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from core import failpoints

_WIDE_S = 2.5


def no_unique_row() -> None:
    """Two sweeps at once both open. The constraint itself is dropped by the run (rule 18)."""
    failpoints.arm("open: before the incident", lambda: time.sleep(_WIDE_S))


def no_row_lock() -> None:
    """The state of a check is read without its lock (rule 4), and each shard is delivered twice."""
    # Only once Django is ready.
    from services import recording, tasks  # noqa: PLC0415

    recording._HOLD_STATES = recording._HOLD_STATES.replace("FOR UPDATE OF st", "")
    hold = recording._hold_states

    def hold_and_wait(*arguments: Any) -> Any:
        held = hold(*arguments)
        time.sleep(0.4)
        return held

    recording._hold_states = hold_and_wait  # type: ignore[assignment]
    send = tasks.probe_shard.apply_async

    def send_twice(*arguments: Any, **named: Any) -> Any:
        send(*arguments, **named)
        return send(*arguments, **named)

    tasks.probe_shard.apply_async = send_twice  # type: ignore[method-assign]


PLANTS: dict[str, Callable[[], None]] = {"unique row": no_unique_row, "row lock": no_row_lock}
