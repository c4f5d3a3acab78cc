"""What is read of reports, and what a token reads of its agency's own services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet

from incidents import queries as incidents
from incidents.labels import Kind
from incidents.models import Incident
from maintenance import queries as planned
from maintenance.labels import State
from maintenance.models import Window
from maintenance.windows import Stage, stage
from reports.models import Suspicion
from services import nation
from services import queries as catalogue
from services.models import Channel, Check, Service
from services.nation import ServiceNow
from services.status.health import CheckHealth, Health
from services.status.rollup import (
    Located,
    check_health,
    fresh_for,
    service_health,
    still_counts,
)

# --- suspicions ---------------------------------------------------------------------------------


def suspicions(agencies: set[int] | None) -> QuerySet[Suspicion]:
    """Those of these agencies, with everything that is shown of them; None: all."""
    rows = Suspicion.objects.select_related(
        "service", "agency", "token", "incident", "settled_by"
    ).order_by("told_at", "pk")
    return rows if agencies is None else rows.filter(agency__in=agencies)


def could_be(suspicion: Suspicion, agencies: set[int] | None) -> QuerySet[Incident]:
    """The incidents, of those that these agencies see, that it may belong to.

    What was over before it began cannot be it. Open ones first, then the newest.
    """
    rows = incidents.search(agencies).prefetch_related(None)
    return rows.filter(
        Q(resolved_at=None) | Q(resolved_at__gte=suspicion.began_at), kind=Kind.INCIDENT
    ).order_by(F("resolved_at").desc(nulls_first=True), "-started_at", "-pk")


# --- an agency's own services -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckRead:
    """One check over all its locations, as our own eyes see it."""

    row: Check
    health: CheckHealth
    since: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChannelRead:
    """One channel; without checks its health is None: not monitored (rule 9)."""

    row: Channel
    health: Health | None
    since: datetime | None
    checks: tuple[CheckRead, ...]


@dataclass(frozen=True, slots=True)
class ServiceRead:
    """One service as it is *measured*: what is declared or published of it is another fact."""

    row: Service
    health: Health | None
    channels: tuple[ChannelRead, ...]


def own_services(agency_id: int, *, now: datetime, slug: str = "") -> list[ServiceRead]:
    """The services of one agency, hidden ones too, in catalogue order. 9 queries at most.

    With a `slug`, that one alone; empty where the agency has none of that name.
    """
    rows = Service.objects.filter(agency=agency_id)
    if slug:
        rows = rows.filter(slug=slug)
    ids = list(rows.order_by("position", "slug").values_list("pk", flat=True))
    seen = nation.measured(ids, now=now)
    configured = len(catalogue.locations())
    return [_service(seen.services[pk], configured, now) for pk in ids if pk in seen.services]


def _service(service: ServiceNow, configured: int, now: datetime) -> ServiceRead:
    return ServiceRead(
        row=service.row,
        health=service_health(nation.own_health(service)),
        channels=tuple(
            ChannelRead(
                row=channel,
                health=service.channels[channel.pk].health,
                since=service.channels[channel.pk].since,
                checks=tuple(_check(check, configured, now) for check in channel.checks.all()),
            )
            for channel in service.row.channels.all()
        ),
    )


def _check(check: Check, configured: int, now: datetime) -> CheckRead:
    lasts = fresh_for(check.interval(), check.timeout())
    states = [state for state in check.states.all() if state.location.is_enabled]
    health = check_health(
        [
            Located(CheckHealth(state.health), still_counts(state.last_started_at, now, lasts))
            for state in states
        ],
        configured,
    )
    alike = [state.since for state in states if state.health == health and state.since]
    return CheckRead(
        row=check,
        health=health,
        since=min(alike, default=None),
        seen_at=max((one.last_started_at for one in states if one.last_started_at), default=None),
    )


@dataclass(frozen=True, slots=True)
class WindowRead:
    """A window that is asked for or announced and not over, and where it stands."""

    row: Window
    stage: Stage


def windows_of(service: Service, *, now: datetime) -> list[WindowRead]:
    """The windows that name `service` and are not over, the soonest first. 1 query."""
    policy = planned.policy()
    rows = Window.objects.filter(
        services__service=service, state__in=(State.SUBMITTED, State.APPROVED)
    ).order_by("starts_at", "pk")
    return [WindowRead(row, stage(planned.facts_of(row), policy, now)) for row in rows]
