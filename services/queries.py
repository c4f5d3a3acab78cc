"""What measuring and the snapshot read: each in a number of statements that does not grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
    DailyFigure,
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
    found = Check.objects.filter(id__in=ids).values_list(
        "id",
        "heartbeat__last_beat_at",
        "heartbeat__has_failed",
        Min("heartbeat_tokens__created_at", filter=valid),
        Subquery(receiver.values("up_since")),
        Subquery(receiver.values("seen_at")),
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


@dataclass(frozen=True, slots=True)
class MeasuredCheck:
    """What the past needs of one enabled check."""

    id: int
    channel_id: int
    is_essential: bool
    interval: timedelta
    timeout: timedelta
    # The start of the last observation at each location, by its id.
    seen: Mapping[int, datetime]


def channels_of_services() -> dict[int, list[int]]:
    """The ids of every service's channels, in order; a service without channels is there too."""
    found: dict[int, list[int]] = {
        pk: [] for pk in Service.objects.order_by("id").values_list("id", flat=True)
    }
    for pk, service_id in Channel.objects.order_by("id").values_list("id", "service_id"):
        if service_id in found:
            found[service_id].append(pk)
    return found


def measured_checks() -> list[MeasuredCheck]:
    """Every enabled check with its last observations: 2 statements, and no model is built."""
    seen: dict[int, dict[int, datetime]] = defaultdict(dict)
    for check_id, location_id, seen_at in CheckState.objects.values_list(
        "check_ref_id", "location_id", "last_started_at"
    ):
        if seen_at is not None:
            seen[check_id][location_id] = seen_at
    rows = (
        Check.objects.filter(is_enabled=True)
        .order_by("id")
        .values_list(
            "id",
            "channel_id",
            "is_essential",
            "interval_seconds",
            "timeout_seconds",
            "channel__service__tier",
            "channel__service__is_shared",
        )
    )
    result = []
    for pk, channel_id, is_essential, interval_s, timeout_s, tier, is_shared in rows:
        # As Check.interval() and Check.timeout(), for ten thousands of rows.
        usual = (
            settings.CHECK_INTERVAL_URGENT if tier == 1 or is_shared else settings.CHECK_INTERVAL
        )
        result.append(
            MeasuredCheck(
                id=pk,
                channel_id=channel_id,
                is_essential=is_essential,
                interval=timedelta(seconds=interval_s) if interval_s else usual,
                timeout=timedelta(seconds=timeout_s) if timeout_s else settings.CHECK_TIMEOUT,
                seen=seen.get(pk, {}),
            )
        )
    return result


def edges_by_id() -> list[tuple[int, int, str, int | None]]:
    """Every dependency as (upstream, dependant, kind, channel)."""
    return list(
        Edge.objects.order_by("id").values_list("upstream_id", "dependant_id", "kind", "channel_id")
    )


def location_ids() -> tuple[int, ...]:
    """The vantage points in use, in a fixed order."""
    return tuple(
        Location.objects.filter(is_enabled=True).order_by("id").values_list("id", flat=True)
    )


def changes_between(
    start: datetime, end: datetime, *, up_to_id: int, checks: Sequence[int] | None = None
) -> list[tuple[Any, ...]]:
    """Changes that began within [start, end), no newer than `up_to_id`; None is every check.

    (check, location, from_health, to_health, at, confirmed_at, reason), in order of time.
    """
    rows = StatusChange.objects.filter(at__gte=start, at__lt=end, id__lte=up_to_id)
    if checks is not None:
        rows = rows.filter(check_ref_id__in=checks)
    return list(
        rows.order_by("at", "confirmed_at", "id").values_list(
            "check_ref_id",
            "location_id",
            "from_health",
            "to_health",
            "at",
            "confirmed_at",
            "reason",
        )
    )


_STANDING = """
SELECT place.check_id, place.location_id, newest.to_health
FROM (SELECT c.id AS check_id, l.id AS location_id
      FROM services_check c CROSS JOIN services_location l
      WHERE c.is_enabled AND l.is_enabled
        AND (%(checks)s::bigint[] IS NULL OR c.id = ANY(%(checks)s::bigint[]))) AS place
-- One look into the index for each place: the table of changes is kept for ever.
CROSS JOIN LATERAL (
    SELECT s.to_health FROM services_statuschange s
    WHERE s.check_id = place.check_id AND s.location_id = place.location_id
      AND s.at < %(instant)s AND s.id <= %(up_to)s
    ORDER BY s.at DESC, s.confirmed_at DESC, s.id DESC LIMIT 1) AS newest
"""


def standing_before(
    instant: datetime, *, up_to_id: int, checks: Sequence[int] | None = None
) -> dict[tuple[int, int], int]:
    """What each check was before `instant`, by (check, location); None is every check."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STANDING,
            {
                "checks": None if checks is None else list(checks),
                "instant": instant,
                "up_to": up_to_id,
            },
        )
        return {(check_id, location): health for check_id, location, health in cursor.fetchall()}


def first_changes(
    *, after_id: int, up_to_id: int, services: Sequence[int] | None = None
) -> dict[int, datetime]:
    """When the earliest change of each service began, of those with after_id < id <= up_to_id."""
    rows = StatusChange.objects.filter(id__gt=after_id, id__lte=up_to_id)
    if services is not None:
        rows = rows.filter(service_id__in=services)
    return dict(rows.values_list("service_id").annotate(first_at=Min("at")).order_by("service_id"))


def services_changed_since(instant: datetime, *, up_to_id: int) -> list[int]:
    """The services of which a change was confirmed at `instant` or later, or began then."""
    return list(
        StatusChange.objects.filter(
            # Confirmed after it began, so a day's margin finds those that began earlier.
            Q(at__gte=instant) | Q(at__gte=instant - timedelta(days=1), confirmed_at__gte=instant),
            id__lte=up_to_id,
        )
        .order_by("service_id")
        .values_list("service_id", flat=True)
        .distinct()
    )


def first_figure_days() -> dict[int, date]:
    """The first day of each service that has any daily figure."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Not GROUP BY: that would read every day of every service.
            "SELECT s.id, (SELECT min(f.day) FROM services_dailyfigure f WHERE f.service_id = s.id)"
            " FROM services_service s"
        )
        return {pk: day for pk, day in cursor.fetchall() if day is not None}


FIGURES = (
    "up",
    "partial",
    "degraded",
    "limited",
    "planned",
    "overrun",
    "own",
    "upstream",
    "unknown",
)


def daily_figures(first: date, last: date) -> dict[tuple[int, date], tuple[int, ...]]:
    """The stored figures of the days from `first` to `last`: (service, day) → as in FIGURES."""
    rows = DailyFigure.objects.filter(day__gte=first, day__lte=last).values_list(
        "service_id", "day", *FIGURES
    )
    return {(row[0], row[1]): tuple(row[2:]) for row in rows.iterator()}


def seconds_covered(day: date) -> int | None:
    """How many seconds of `day` most stored figures tell of; None where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mode() WITHIN GROUP"
            " (ORDER BY up + planned + overrun + own + upstream + unknown)"
            " FROM services_dailyfigure WHERE day = %s",
            [day],
        )
        row = cursor.fetchone()
        return None if row is None else row[0]


def figures_version() -> str:
    """Changes whenever anything was written to the daily figures, however far back."""
    with connection.cursor() as cursor:
        # Whoever writes figures writes the mark in the same transaction, so the place and the
        # writer of its row tell one writing from the next.
        cursor.execute("SELECT xmin::text || '.' || ctid::text FROM services_figuresmark")
        row = cursor.fetchone()
        return row[0] if row else ""


_SHOWN_DAYS = """
SELECT s.public_id, f.day, f.up, f.partial + f.degraded + f.limited, f.planned, f.overrun,
       f.own, f.upstream, f.unknown
FROM services_dailyfigure f JOIN services_service s ON s.id = f.service_id
WHERE f.day >= %s
"""


def shown_days(first: date) -> list[tuple[Any, ...]]:
    """The figures from `first` on, by the service's public id, as the public site shows them.

    (public id, day, up, of that degraded, planned, overrun, own, upstream, unknown), in seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN_DAYS, [first])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


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
