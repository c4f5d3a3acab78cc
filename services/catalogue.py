"""Writes of the catalogue that more than one row depends on: schedule, vantage points, edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction

from services.models import Check, CheckState, Edge, Location
from services.status import cascade

# One key for all edges: a circle is a property of all of them together.
_EDGES_LOCK = 0x45444745
_GOLDEN_RATIO = 0.6180339887498949


def spread(check_id: int) -> float:
    """Which part of its interval a check waits for its first turn, in [0, 1); always the same.

    Multiples of the golden ratio fill the interval evenly however many checks there are, so a
    nation imported in one minute is not probed in one second.
    """
    return check_id * _GOLDEN_RATIO % 1.0


def host_of(spec: Mapping[str, Any]) -> str:
    """The host that a check of this specification knocks at; empty where nothing goes out.

    Fast turns are counted by it (rule 5). A specification that no probe can carry out has none.
    """
    if "host" in spec:
        return str(spec["host"]).lower()[:255]
    try:
        return (urlsplit(str(spec.get("url", ""))).hostname or "")[:255]
    except ValueError:
        return ""


@transaction.atomic
def schedule_check(*, check: Check, now: datetime) -> None:
    """Let `check` fall due within one interval from `now`, or never while it is disabled.

    To be called when a check is created, enabled, disabled, or gets another interval. Makes its
    state at every enabled location, unknown at first; existing states stay as they are.
    """
    check.host = host_of(check.spec)
    check.is_fast = False
    if check.is_enabled:
        check.next_due_at = now + check.interval() * spread(check.pk)
        locations = Location.objects.filter(is_enabled=True)
        _make_states(CheckState(check_ref=check, location=location) for location in locations)
    else:
        check.next_due_at = None
    check.save(update_fields=["host", "is_fast", "next_due_at"])


@transaction.atomic
def set_enabled(*, check: Check, enabled: bool, now: datetime) -> bool:
    """Enable or disable `check`; whether that changed anything."""
    if check.is_enabled == enabled:
        return False
    check.is_enabled = enabled
    check.save(update_fields=["is_enabled"])
    schedule_check(check=check, now=now)
    return True


@transaction.atomic
def open_location(*, location: Location) -> None:
    """Make the states of all enabled checks at `location`; none while it is disabled."""
    if location.is_enabled:
        checks = Check.objects.filter(is_enabled=True).only("pk")
        _make_states(CheckState(check_ref=check, location=location) for check in checks)


def _make_states(states: Iterable[CheckState]) -> None:
    CheckState.objects.bulk_create(states, batch_size=1000, ignore_conflicts=True)


def lock_edges() -> None:
    """Let nobody else write edges before the present transaction ends."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Edges are locked within a transaction.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_EDGES_LOCK])


def check_acyclic(*, dependant_id: int, upstream_ids: Iterable[int]) -> None:
    """Make sure that `dependant_id` may need `upstream_ids`, and nothing else, without a circle.

    To be called in the transaction that writes these edges, before it does: the lock that is
    taken here is held until its end, so that two people cannot close a circle together.
    Raises services.status.cascade.Cycle, whose path holds the ids of services as
    texts and begins with `dependant_id`.
    """
    lock_edges()
    others = Edge.objects.exclude(dependant_id=dependant_id)
    pairs = [
        *others.values_list("upstream_id", "dependant_id"),
        *((upstream_id, dependant_id) for upstream_id in upstream_ids),
    ]
    circle = cascade.find_cycle(
        cascade.Edge(str(upstream), str(dependant), cascade.EdgeKind.HARD)
        for upstream, dependant in pairs
    )
    if circle is not None:
        raise cascade.Cycle(_beginning_with(str(dependant_id), circle))


def _beginning_with(name: str, circle: list[str]) -> list[str]:
    """`circle` told from `name` on, where it is part of it."""
    if name not in circle:
        return circle
    start = circle.index(name)
    return [*circle[start:-1], *circle[:start], name]
