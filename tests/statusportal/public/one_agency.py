"""The smallest nation that can be published: one agency by its name, and one day of the past."""

from __future__ import annotations

from datetime import UTC, date, datetime

from core.bilingual import Bilingual
from statusportal.public.shape import (
    AgencyFact,
    DayFact,
    History,
    ServiceHistory,
    Snapshot,
    Truth,
    version_of,
)

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
HISTORY = History((ServiceHistory("a", (DayFact(date(2026, 11, 1), 1, 2, 3, 4, 5, 6),), 9999),))


def snapshot(name: str = "وزارة", *, at: datetime = NOW) -> Snapshot:
    truth = Truth(agencies=(AgencyFact("MOI", Bilingual(name, "Ministry")),), locations=("main",))
    return Snapshot(truth, at, {7: (at, None)}, version_of(truth))
