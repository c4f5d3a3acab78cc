"""What measuring and the snapshot read: each in a number of statements that does not grow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from core.encryption import CannotDecrypt, unseal
from services.models import (
    Category,
    Channel,
    Check,
    CheckState,
    Edge,
    Location,
    Service,
    StatusChange,
)
from services.probes.target import Target


def targets(
    *, location: str, turns: Sequence[tuple[int, datetime]], default_timeout_s: float
) -> list[Target]:
    """What a shard has to probe, in the order of `turns`; checks that are gone are left out.

    A turn is the id of a check and the instant it was due.

    A check whose secrets no key opens keeps its place with a kind that nobody can probe: the
    result is a fault of our own, never an outage of theirs.
    """
    location_id = Location.objects.values_list("id", flat=True).get(code=location)
    rows = Check.objects.filter(
        id__in=[check_id for check_id, _due_at in turns], is_enabled=True
    ).values_list("id", "kind", "spec", "sealed_secrets", "timeout_seconds", "slow_after_ms")
    found = {row[0]: row for row in rows}
    result = []
    for check_id, due_at in turns:
        if check_id not in found:
            continue
        _id, kind, spec, sealed, timeout_seconds, slow_after_ms = found[check_id]
        try:
            secrets = {"headers": unseal(sealed)}
        except CannotDecrypt:
            kind, secrets = "sealed", {}
        result.append(
            Target(
                check_id=check_id,
                location_id=location_id,
                kind=kind,
                spec=spec,
                secrets=secrets,
                due_at=due_at,
                timeout_s=float(timeout_seconds or default_timeout_s),
                slow_after_s=slow_after_ms / 1000,
            )
        )
    return result


def catalogue() -> QuerySet[Service]:
    """Every service with agency, category, channels, enabled checks and their states: 4 queries."""
    states = CheckState.objects.select_related("location").order_by("location_id")
    checks = Check.objects.filter(is_enabled=True).prefetch_related(
        Prefetch("states", queryset=states)
    )
    return Service.objects.select_related("agency", "category").prefetch_related(
        Prefetch("channels", queryset=Channel.objects.order_by("position", "id")),
        Prefetch("channels__checks", queryset=checks),
    )


def categories() -> QuerySet[Category]:
    return Category.objects.all()


def edges() -> QuerySet[Edge]:
    """Every dependency, with the public ids of both ends."""
    return Edge.objects.select_related("upstream", "dependant").only(
        "kind",
        "channel_id",
        "alternative_ar",
        "alternative_en",
        "upstream__public_id",
        "dependant__public_id",
    )


def locations() -> list[str]:
    """The codes of the vantage points in use, in a fixed order."""
    return list(
        Location.objects.filter(is_enabled=True).order_by("id").values_list("code", flat=True)
    )


def changes_since(start: datetime) -> QuerySet[StatusChange]:
    """The changes that began at `start` or later, in the order in which they came true."""
    return StatusChange.objects.filter(at__gte=start).order_by("at", "confirmed_at", "id")


def standing_at(instant: datetime) -> dict[tuple[int, str], int]:
    """What each check was at `instant`, by (check, code of location): its last change before."""
    rows = (
        StatusChange.objects.filter(at__lt=instant)
        .order_by("check_ref_id", "location_id", "-at", "-confirmed_at", "-id")
        .distinct("check_ref_id", "location_id")
        .values_list("check_ref_id", "location__code", "to_health")
    )
    return {(check_id, location): health for check_id, location, health in rows}


def newest_change_id() -> int:
    """The id of the newest change, 0 where there is none: whether history must be rebuilt."""
    return StatusChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
