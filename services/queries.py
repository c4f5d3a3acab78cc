"""What measuring and the snapshot read: each in a number of statements that does not grow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Min, Prefetch, Q, QuerySet, Subquery

from core.encryption import CannotDecrypt, unseal
from core.net import NetworkSettings
from services.models import (
    Category,
    Channel,
    Check,
    CheckState,
    Edge,
    HeartbeatReceiver,
    Location,
    ProberDoubt,
    ReferenceTarget,
    Service,
    StatusChange,
)
from services.probes.target import Target
from services.status.health import Outcome
from services.status.observation import Observation, Reason, Timings


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
    ).values_list(*_ASKED)
    found = {row[0]: row for row in rows}
    facts = _facts_of_heartbeats(found.values())
    return [
        _target(
            found[check_id],
            location_id=location_id,
            due_at=due_at,
            default_timeout_s=default_timeout_s,
            facts=facts.get(check_id, {}),
        )
        for check_id, due_at in turns
        if check_id in found
    ]


def target_to_try(*, check_id: int, now: datetime, default_timeout_s: float) -> Target:
    """One check as a person tries it, enabled or not, at no location: its result is not kept.

    Raises Check.DoesNotExist.
    """
    row = Check.objects.values_list(*_ASKED).get(id=check_id)
    return _target(
        row,
        location_id=0,
        due_at=now,
        default_timeout_s=default_timeout_s,
        facts=_facts_of_heartbeats([row]).get(check_id, {}),
    )


_ASKED = ("id", "kind", "spec", "sealed_secrets", "timeout_seconds", "slow_after_ms")


def _target(
    row: tuple[Any, ...],
    *,
    location_id: int,
    due_at: datetime,
    default_timeout_s: float,
    facts: Mapping[str, Any],
) -> Target:
    check_id, kind, spec, sealed, timeout_seconds, slow_after_ms = row
    try:
        secrets = {"headers": unseal(sealed)}
    except CannotDecrypt:
        kind, secrets = "sealed", {}
    return Target(
        check_id=check_id,
        location_id=location_id,
        kind=kind,
        spec=spec,
        secrets=secrets,
        due_at=due_at,
        timeout_s=float(timeout_seconds or default_timeout_s),
        slow_after_s=slow_after_ms / 1000,
        facts=facts,
    )


def _facts_of_heartbeats(rows: Iterable[tuple[Any, ...]]) -> dict[int, dict[str, Any]]:
    """What services.probes.heartbeat judges by; one statement, none without such checks."""
    ids = [row[0] for row in rows if row[1] == "heartbeat"]
    if not ids:
        return {}
    # A token that was revoked is not waited for: whoever changes it has time to bring the new one
    # to its place.
    valid = Q(heartbeat_tokens__revoked_at=None)
    receiver = HeartbeatReceiver.objects.filter(pk=1)
    found = (
        Check.objects.filter(id__in=ids)
        .annotate(
            expected_since=Min("heartbeat_tokens__created_at", filter=valid),
            up_since=Subquery(receiver.values("up_since")),
            seen_at=Subquery(receiver.values("seen_at")),
        )
        .values_list(
            "id",
            "heartbeat__last_beat_at",
            "heartbeat__has_failed",
            "expected_since",
            "up_since",
            "seen_at",
        )
    )
    return {
        check_id: {
            "last_beat_at": last_beat_at,
            "last_beat_failed": bool(has_failed),
            "expected_since": expected_since,
            "receiver_up_since": up_since,
            "receiver_seen_at": seen_at,
        }
        for check_id, last_beat_at, has_failed, expected_since, up_since, seen_at in found
    }


def probe_network() -> NetworkSettings:
    """What the deployment says of the network that probes use."""
    return NetworkSettings(
        allowed=tuple(settings.PROBE_ALLOWED_NETWORKS),
        extra_ca_file=settings.PROBE_EXTRA_CA or None,
        per_host=settings.PROBE_PER_HOST,
        user_agent=settings.PROBE_USER_AGENT,
    )


def references(*, location: str, network: str, due_at: datetime, timeout_s: float) -> list[Target]:
    """The reference targets of one location and network (rule 7); none, and nothing is doubted."""
    rows = ReferenceTarget.objects.filter(
        location__code=location, network=network, is_enabled=True
    ).order_by("id")
    return [
        Target(
            # Not a check: nothing of it is recorded.
            check_id=-row.pk,
            location_id=row.location_id,
            kind=row.kind,
            spec=row.spec,
            due_at=due_at,
            timeout_s=timeout_s,
        )
        for row in rows
    ]


def open_doubts() -> list[tuple[str, str]]:
    """(location, network) of every doubt that has not ended, in order."""
    return list(
        ProberDoubt.objects.filter(ended_at=None)
        .order_by("location_id", "network")
        .values_list("location__code", "network")
    )


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


# What the snapshot takes of each row, in this order: no model is built, for there are ten
# thousands of them each second.
_SERVICE = (
    *("id", "public_id", "slug", "name_ar", "name_en", "agency__code", "category__slug", "tier"),
    *("visibility", "description_ar", "description_en", "aliases_ar", "aliases_en", "is_shared"),
    *("is_beta", "audience", "phone", "hours_ar", "hours_en", "meanwhile_ar", "meanwhile_en"),
    "created_at",
)
_CHANNEL = ("service_id", "id", "kind", "url", "phone", "hours_ar", "hours_en")
_CHECK = ("channel_id", "id", "is_essential", "interval_seconds", "timeout_seconds")
_STATE = (
    *("check_ref_id", "location__code", "health", "since", "reason", "unstable_until"),
    "last_started_at",
)


@dataclass(frozen=True, slots=True)
class CatalogueRows:
    """The catalogue and what is measured, as plain rows; each list in the order of its parent.

    `services` as in _SERVICE, `channels` by service, enabled `checks` by channel and `states` at
    enabled locations by check: each without the id that it is found by.
    """

    services: list[tuple[Any, ...]]
    channels: dict[int, list[tuple[Any, ...]]]
    checks: dict[int, list[tuple[Any, ...]]]
    states: dict[int, list[tuple[Any, ...]]]


def catalogue_rows() -> CatalogueRows:
    """Everything that `catalogue` gives, for those who need no models: 4 queries."""
    checks = Check.objects.filter(is_enabled=True).order_by("id")
    states = CheckState.objects.filter(location__is_enabled=True).order_by("location_id")
    return CatalogueRows(
        services=list(Service.objects.values_list(*_SERVICE)),
        channels=_by_first(Channel.objects.order_by("position", "id").values_list(*_CHANNEL)),
        checks=_by_first(checks.values_list(*_CHECK)),
        states=_by_first(states.values_list(*_STATE)),
    )


def _by_first(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for first, *rest in rows:
        found.setdefault(first, []).append(tuple(rest))
    return found


def categories() -> QuerySet[Category]:
    return Category.objects.all()


def edges() -> list[tuple[str, str, str, int | None, str, str]]:
    """Every dependency: (upstream, dependant, kind, channel, alternative in Arabic, in English).

    Both ends by their public ids, in the order in which they were written.
    """
    return list(
        Edge.objects.order_by("id").values_list(
            "upstream__public_id",
            "dependant__public_id",
            "kind",
            "channel_id",
            "alternative_ar",
            "alternative_en",
        )
    )


def locations() -> list[str]:
    """The codes of the vantage points in use, in a fixed order."""
    return list(
        Location.objects.filter(is_enabled=True).order_by("id").values_list("code", flat=True)
    )


def newest_change_id() -> int:
    """The id of the newest change, 0 where there is none: whether history must be rebuilt."""
    return StatusChange.objects.order_by("-id").values_list("id", flat=True).first() or 0


def service_as_measured(slug: str) -> Service | None:
    """The service named `slug` with its agency, every channel, every check and its states.

    Checks that are switched off stand here too: staff ask why nothing is measured. 4 queries.
    """
    checks = Check.objects.order_by("id").prefetch_related("states")
    return (
        Service.objects.filter(slug=slug)
        .select_related("agency")
        .prefetch_related(
            Prefetch("channels", queryset=Channel.objects.order_by("position", "id")),
            Prefetch("channels__checks", queryset=checks),
        )
        .first()
    )


def locations_in_use() -> list[Location]:
    """The vantage points in use, in the order of `locations`."""
    return list(Location.objects.filter(is_enabled=True).order_by("id"))


def doubted_since() -> dict[tuple[int, str], datetime]:
    """Since when each (location, network) cannot trust what it sees (rule 7)."""
    rows = ProberDoubt.objects.filter(ended_at=None)
    return {
        (location_id, network): began_at
        for location_id, network, began_at in rows.values_list("location_id", "network", "began_at")
    }


def last_changes(check_ids: Sequence[int]) -> dict[tuple[int, int], StatusChange]:
    """The newest change of each of `check_ids` at each location, by (check, location)."""
    rows = (
        StatusChange.objects.filter(check_ref__in=check_ids)
        .order_by("check_ref_id", "location_id", "-at", "-confirmed_at", "-id")
        .distinct("check_ref_id", "location_id")
    )
    return {(row.check_ref_id, row.location_id): row for row in rows}


# One walk down the index for each place, however many days of partitions there are.
_OBSERVATIONS_OF = """
SELECT o.check_id, o.location_id, o.due_at, o.started_at, o.outcome, o.reason,
       o.dns_ms, o.connect_ms, o.tls_ms, o.first_byte_ms, o.total_ms
FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[]) AS place (check_id, location_id, until)
CROSS JOIN LATERAL (
    SELECT * FROM services_observation o
    WHERE o.check_id = place.check_id AND o.location_id = place.location_id
      AND o.due_at <= place.until
    ORDER BY o.due_at DESC LIMIT %s
) o
"""


def observations_of(
    places: Sequence[tuple[int, int, datetime]], limit: int
) -> dict[tuple[int, int], tuple[Observation, ...]]:
    """The last `limit` kept observations of each (check, location), due by the given instant.

    Oldest first; a place without any is absent. Without certificate and note, which are not kept.
    """
    if not places:
        return {}
    found: dict[tuple[int, int], list[Observation]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _OBSERVATIONS_OF,
            [*([place[column] for place in places] for column in range(3)), limit],
        )
        for check_id, location_id, due_at, started_at, outcome, reason, *timings in cursor:
            found.setdefault((check_id, location_id), []).append(
                Observation(
                    check_id=check_id,
                    location_id=location_id,
                    due_at=due_at,
                    started_at=started_at,
                    outcome=Outcome(outcome),
                    reason=Reason(reason),
                    # -1: the phase was not reached.
                    timings=Timings(*(None if ms < 0 else ms for ms in timings)),
                )
            )
    return {
        place: tuple(sorted(rows, key=lambda seen: seen.due_at)) for place, rows in found.items()
    }


def slugs_of_agencies(slugs: Collection[str], allowed: set[int] | None) -> set[str]:
    """Those of `slugs` whose services belong to the agencies `allowed`; None allows every one."""
    rows = Service.objects.filter(slug__in=slugs)
    if allowed is not None:
        rows = rows.filter(agency__in=allowed)
    return set(rows.values_list("slug", flat=True)) if slugs else set()
