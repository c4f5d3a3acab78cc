"""The course of one errand over the network: how far it came and how long each phase took."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from enum import IntEnum
from time import monotonic


class Phase(IntEnum):
    """How far a connection came; what a deadline that strikes means depends on it."""

    QUEUED = 0  # for a free place at the host, see HostLimits
    NAME = 1
    CONNECT = 2
    TLS = 3
    ANSWER = 4


class Trace:
    """The course of one errand: its present phase and how long each phase took, in milliseconds.

    An errand may take several connections one after the other (redirects); the phases are those
    of the last one, `started_at` and `total_ms` those of the whole. Time spent waiting for a free
    place at the host counts in neither, and pushes `deadline` out by as much: that a host is
    asked by many checks at once must not shorten what each of them grants it.
    """

    __slots__ = (
        "_began",
        "_entered",
        "_hops",
        "certificate_days",
        "connect_ms",
        "deadline",
        "dns_ms",
        "first_byte_ms",
        "phase",
        "started_at",
        "tls_ms",
    )

    def __init__(self, deadline: asyncio.Timeout | None = None) -> None:
        self.deadline = deadline
        self.phase = Phase.QUEUED
        self.started_at = datetime.now(UTC)
        self._hops = 0
        self._began = self._entered = monotonic()
        self.certificate_days: int | None = None
        self._forget_phases()

    def _forget_phases(self) -> None:
        self.dns_ms: int | None = None
        self.connect_ms: int | None = None
        self.tls_ms: int | None = None
        self.first_byte_ms: int | None = None

    @property
    def total_ms(self) -> int:
        """Milliseconds since the errand began, without the time in the queue."""
        return round((monotonic() - self._began) * 1000)

    def enter_queue(self) -> None:
        """A new connection of the errand waits for its place."""
        self._forget_phases()
        self.phase = Phase.QUEUED
        self._entered = monotonic()

    def leave_queue(self) -> None:
        """The place is there; from now on it is the other side's time."""
        now = monotonic()
        waited = now - self._entered
        if self._hops == 0:
            self.started_at = datetime.now(UTC)
        self._hops += 1
        self._began += waited
        if self.deadline is not None and (when := self.deadline.when()) is not None:
            self.deadline.reschedule(when + waited)
        self.phase = Phase.NAME
        self._entered = now

    def _passed(self, next_phase: Phase) -> int:
        now = monotonic()
        took = round((now - self._entered) * 1000)
        self._entered = now
        self.phase = next_phase
        return took

    def resolved(self) -> None:
        self.dns_ms = self._passed(Phase.CONNECT)

    def connected(self, next_phase: Phase) -> None:
        self.connect_ms = self._passed(next_phase)

    def secured(self) -> None:
        self.tls_ms = self._passed(Phase.ANSWER)

    def first_byte(self) -> None:
        """Called for everything that arrives; only the first counts."""
        if self.first_byte_ms is None:
            self.first_byte_ms = round((monotonic() - self._entered) * 1000)
