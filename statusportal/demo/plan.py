"""Where each endpoint listens, and what its check asks there; kept in files of `var/demo`."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statusportal.demo import certificates, nation
from statusportal.demo.nation import Endpoint, Speech

HOST = "127.0.0.1"
DEFAULT_BASE = 18100
# What a later version of the nation may add finds room in the same block.
BLOCK = 200
_BLOCKS_TRIED = 40

# A slow answer has to come after the one and before the other (seconds).
SLOW_AFTER_S = 1.5
SLOW_ANSWER_S = SLOW_AFTER_S + 0.5

# How often a system that calls us does so.
BEAT_EVERY_S = 10

KEY_HEADER = "X-Api-Key"
PATHS = {
    Speech.PAGE: "/",
    Speech.PLAIN: "/",
    Speech.STATE: "/health",
    Speech.KEYED_STATE: "/health",
}


class PlanError(Exception):
    """The demo cannot go on; the message is one sentence for whoever started it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The files of one demo: ports by the key of the endpoint, the control's port, secrets."""

    folder: Path
    control_port: int
    ports: dict[str, int]
    control_token: str
    api_key: str

    def port(self, endpoint: Endpoint) -> int:
        """Where it listens; 0 for one that does not."""
        return self.ports[endpoint.key] if endpoint.listens else 0

    def token_file(self, endpoint: Endpoint) -> Path:
        """What a system that calls us shows at the portal's door."""
        return self.folder / f"heartbeat-token-{endpoint.slug}"


def prepare(folder: Path, *, base: int = DEFAULT_BASE) -> Plan:
    """Make what is missing in `folder` and leave the rest as it is; returns the plan.

    Takes the first block of free ports from `base` on when the folder has none yet.
    Raises PlanError where no block is free.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificates.prepare(folder)
    for name in ("control-token", "api-key"):
        if not (folder / name).exists():
            write_private(folder / name, secrets.token_urlsafe(24))
    file = folder / "ports.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    allotted = allot(known, [endpoint.key for endpoint in listening()], base)
    if allotted != known:
        write_private(file, json.dumps(allotted, indent=1))
    return load(folder)


def listening() -> list[Endpoint]:
    """Everything that needs a port: the endpoints, then what shows that the networks are whole."""
    return [one for one in (*nation.endpoints(), *nation.references()) if one.listens]


def load(folder: Path) -> Plan:
    """The plan that `prepare` made; raises PlanError where there is none."""
    try:
        allotted = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
        return Plan(
            folder=folder,
            control_port=allotted["control"],
            ports=allotted["ports"],
            control_token=(folder / "control-token").read_text(encoding="utf-8"),
            api_key=(folder / "api-key").read_text(encoding="utf-8"),
        )
    except FileNotFoundError as error:
        raise PlanError(
            f"The demo nation is not set up: {error.filename} is missing."
            " Run `manage.py demo seed` first."
        ) from None


def allot(known: dict[str, Any], keys: Sequence[str], base: int) -> dict[str, Any]:
    """`known` with a port for each of `keys`; ports that were given once stay.

    The first port of the block is the control's. Raises PlanError where no block is free.
    """
    if not known:
        control = free_block(base, size=len(keys) + 1)
        return {"control": control, "ports": {k: control + n for n, k in enumerate(keys, 1)}}
    ports = dict(known["ports"])
    next_port = max([known["control"], *ports.values()]) + 1
    for key in keys:
        if key not in ports:
            ports[key] = next_port
            next_port += 1
    return {"control": known["control"], "ports": ports}


def free_block(base: int, *, size: int) -> int:
    """The first port of the first block from `base` on whose first `size` ports are all free."""
    for number in range(_BLOCKS_TRIED):
        first = base + number * BLOCK
        if first + size > 65_536:
            break
        if all(_is_free(port) for port in range(first, first + size)):
            return first
    raise PlanError(
        f"No {size} free ports in a row were found for the demo's endpoints from {base} on;"
        " name another number in DEMO_PORT_BASE."
    )


def reserve(port: int) -> socket.socket:
    """A socket that holds `port` without listening: who connects there is refused.

    Raises PlanError where another program has it.
    """
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.setblocking(False)
    try:
        held.bind((HOST, port))
    except OSError:
        held.close()
        raise taken(port) from None
    return held


def taken(port: int) -> PlanError:
    """The sentence for a port that another program has."""
    return PlanError(
        f"Port {port} of the demo's endpoints is taken by another program: stop that one."
    )


def check_of(endpoint: Endpoint, port: int) -> tuple[str, dict[str, Any]]:
    """The kind of the check and its spec, as services.probes has them, for this endpoint.

    `port` counts for those that listen.
    """
    if endpoint.speech is Speech.BEAT:
        return "heartbeat", {"expect_every_seconds": BEAT_EVERY_S, "grace_seconds": BEAT_EVERY_S}
    if endpoint.speech is Speech.GREETING:
        return "tcp", {"host": HOST, "port": port, "expect_banner": greeting_begins(endpoint)}
    scheme = "https" if endpoint.tls else "http"
    spec: dict[str, Any] = {"url": f"{scheme}://{HOST}:{port}{PATHS[endpoint.speech]}"}
    if endpoint.speech is Speech.PAGE:
        spec["text_present"] = phrase(endpoint)
    elif endpoint.speech in {Speech.STATE, Speech.KEYED_STATE}:
        spec |= {"json_pointer": "/status", "json_value": "up"}
    return "http", spec


def secrets_of(endpoint: Endpoint, plan: Plan) -> dict[str, str]:
    """The secret headers of the check: the key's where one is asked for."""
    if endpoint.speech is not Speech.KEYED_STATE:
        return {}
    return {KEY_HEADER: plan.api_key}


def phrase(endpoint: Endpoint) -> str:
    """What a page shows when it is really there: the name of its service in Arabic."""
    found = nation.service(endpoint.slug)
    if found is None:
        raise LookupError(endpoint.slug)
    return found.name.ar


def greeting_begins(endpoint: Endpoint) -> str:
    """How a healthy system greets."""
    return f"220 {endpoint.slug}.gov.example"


def write_private(file: Path, text: str) -> None:
    """Write whole or not at all, readable for this user alone."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(text)
    beside.replace(file)


def _is_free(port: int) -> bool:
    try:
        reserve(port).close()
    except PlanError:
        return False
    return True
