"""Probes: one module a kind. Adding a kind is adding a module and a line here.

A probe takes a target and gives an observation. It knows no database, never raises, and meets
the network through `core.net` alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.net import Network
from services.probes import dns, heartbeat, http, tcp, tls
from services.probes.target import InvalidSpec, Target
from services.status.observation import Observation

__all__ = ["KINDS", "InvalidSpec", "Kind", "Target"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind offers: `parse` for forms and probes alike, `probe` for the shard.

    `parse` raises InvalidSpec.
    """

    parse: Callable[[Mapping[str, Any]], object]
    probe: Callable[[Target, Network], Awaitable[Observation]]


KINDS: dict[str, Kind] = {
    "http": Kind(http.parse, http.probe),
    "tcp": Kind(tcp.parse, tcp.probe),
    "tls": Kind(tls.parse, tls.probe),
    "dns": Kind(dns.parse, dns.probe),
    "heartbeat": Kind(heartbeat.parse, heartbeat.probe),
}
