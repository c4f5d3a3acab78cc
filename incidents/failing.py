"""What our checks say of services right now, for acts that depend on it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from services import nation
from services.status.health import Health
from services.status.rollup import service_health


def failing(service_ids: Collection[int], *, now: datetime) -> dict[int, Health]:
    """What is measured of each of these services; those without checks are absent. 7 queries."""
    measured = nation.measured(service_ids, now=now)
    found = {}
    for pk in service_ids:
        if pk in measured.services:
            health = service_health(nation.own_health(measured.services[pk]))
            if health is not None:
                found[pk] = health
    return found
