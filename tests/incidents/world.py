"""A nation for the tests of the sweep: services with one check each, put into states by hand.

NOW is Sunday 22 November 2026, 10:00 UTC. Intervals are 60 s, timeouts 10 s.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from incidents import sweeping
from incidents.models import Incident
from services.models import Channel, Check, CheckState, Service, StatusChange
from services.status.health import CheckHealth
from services.status.observation import Reason
from tests.factories import make_channel, make_check, make_location, make_service

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=60)


def minutes(number: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=number)


def make_watched(*, kinds: tuple[str, ...] = ("web",), **fields: Any) -> Service:
    """A service whose channels are watched and well since an hour before NOW."""
    service = make_service(**fields)
    for kind in kinds:
        check = make_check(
            channel=make_channel(service=service, kind=kind),
            interval_seconds=60,
            timeout_seconds=10,
        )
        CheckState.objects.create(
            check_ref=check,
            location=make_location(),
            health=CheckHealth.OK,
            since=NOW - timedelta(hours=1),
            last_started_at=NOW,
        )
    return service


def put(
    service: Service,
    health: CheckHealth,
    *,
    since: datetime,
    confirmed_at: datetime | None = None,
    kind: str = "web",
) -> None:
    """Let the check of one channel be `health` since then, with the change that says so."""
    check = Check.objects.get(channel=Channel.objects.get(service=service, kind=kind))
    state = CheckState.objects.get(check_ref=check)
    confirmed_at = confirmed_at or since + timedelta(seconds=20)
    StatusChange.objects.create(
        service=service,
        channel=check.channel,
        check_ref=check,
        location=state.location,
        from_health=state.health,
        to_health=health,
        at=since,
        confirmed_at=confirmed_at,
        reason=Reason.SERVER_ERROR if health is CheckHealth.BAD else None,
    )
    CheckState.objects.filter(pk=state.pk).update(
        health=health,
        since=since,
        last_started_at=max(confirmed_at, state.last_started_at or since),
        reason=Reason.SERVER_ERROR if health is CheckHealth.BAD else None,
    )


def fails(service: Service, since: datetime = NOW, **more: Any) -> None:
    put(service, CheckHealth.BAD, since=since, **more)


def works(service: Service, since: datetime, **more: Any) -> None:
    put(service, CheckHealth.OK, since=since, **more)


def seen(now: datetime) -> None:
    """Everything was looked at just before `now`."""
    CheckState.objects.update(last_started_at=now - timedelta(seconds=1))


def sweep(now: datetime) -> int:
    """Everything was seen lately, and the sweep comes by."""
    seen(now)
    return sweeping.sweep(now=now)


def the_incident() -> Incident:
    """The only incident there is."""
    return Incident.objects.get()


def log(incident: Incident) -> list[str]:
    """The kinds of its log entries, in order."""
    return list(incident.entries.order_by("at", "pk").values_list("kind", flat=True))
