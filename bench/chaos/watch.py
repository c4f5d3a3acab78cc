"""Eyes on the portal while it is hit: what its database had committed, what its pages claimed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from bench.chaos.faults import NotHere, Target

EVERY_S = 0.5
CLAIMS_EVERY_S = 1.5
# Transactions commit in another order than they take their numbers.
_LOOK_BACK = 500

_CHANGES = """
SELECT id, service_id, channel_id, check_id, at, confirmed_at, from_health, to_health
FROM services_statuschange WHERE NOT is_demo AND id > %s
"""
_EVENTS = "SELECT id, kind, payload::text FROM core_event WHERE id > %s"


@dataclass
class Seen:
    """Rows that were there once, by id, and green claims with their instants (monotonic)."""

    changes: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    events: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    # (asked at, slugs that a page called operational)
    greens: list[tuple[float, frozenset[str]]] = field(default_factory=list)
    looks: int = 0
    looks_in_vain: int = 0


class Watch:
    """Two threads that look until they are told to stop."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.seen = Seen()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(look, every), daemon=True)
            for look, every in ((self._rows, EVERY_S), (self._claims, CLAIMS_EVERY_S))
        ]

    def __enter__(self) -> Seen:
        for thread in self._threads:
            thread.start()
        return self.seen

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _repeat(self, look: Callable[[], None], every: float) -> None:
        while not self._stop.wait(every):
            look()

    def _rows(self) -> None:
        self.seen.looks += 1
        try:
            address = self.target.settings()["DATABASE_URL"]
            with psycopg.connect(address, connect_timeout=3, autocommit=True) as connection:
                for query, kept in ((_CHANGES, self.seen.changes), (_EVENTS, self.seen.events)):
                    rows = connection.execute(query, [max(kept, default=0) - _LOOK_BACK])
                    kept.update((row[0], row[1:]) for row in rows)
        except (psycopg.Error, NotHere):
            # That it is away is what was wanted.
            self.seen.looks_in_vain += 1

    def _claims(self) -> None:
        asked_at = time.monotonic()
        states = self.target.portal.states()
        green = frozenset(slug for slug, state in states.items() if state == "operational")
        self.seen.greens.append((asked_at, green))
