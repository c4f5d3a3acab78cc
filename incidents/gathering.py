"""What the sweep looks at: everything that is wrong, and every incident that may matter to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from incidents.labels import Kind
from incidents.models import Declaration, Incident, ListedService
from incidents.outages import ChannelNow, IncidentNow, ListedNow, ServiceNow
from maintenance.queries import by_service
from services import nation
from services.models import Service
from services.status.cascade import Edge
from services.status.health import Health, worst
from services.status.window import Window

# An incident that was resolved longer ago is only found by its unique row.
_REMEMBERED = timedelta(days=1)
# A window that was over before then covered no outage that is still under way unseen.
_WINDOWS_SINCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Gathered:
    """One look at the nation, as incidents.triage takes it."""

    now: datetime
    services: dict[str, ServiceNow]
    edges: list[Edge]
    incidents: list[IncidentNow]
    nation: nation.Nation

    def rows(self, ids: Iterable[int]) -> list[Service]:
        """The services with these ids, in catalogue order, with their agencies."""
        found = [self.nation.services[pk].row for pk in ids if pk in self.nation.services]
        return sorted(found, key=lambda row: (row.position, row.slug))


def gather(*, now: datetime) -> Gathered:
    """Look once. 2 queries while nothing is wrong and nothing is open, 15 at most."""
    troubled = nation.troubled()
    rows = list(
        Incident.objects.filter(kind=Kind.INCIDENT)
        .filter(
            Q(resolved_at=None)
            | Q(resolved_at__gte=now - _REMEMBERED, services__service__in=troubled)
        )
        .distinct()
        .prefetch_related("services__channels")
        .order_by("pk")
    )
    listed = {
        row.service_id for one in rows if one.resolved_at is None for row in one.services.all()
    }
    measured = nation.measured(troubled | listed, now=now)
    windows = by_service(now - _WINDOWS_SINCE, now) if measured.services else {}
    declared = _declared(rows)
    return Gathered(
        now=now,
        services={
            one.key: _service(one, tuple(windows.get(pk, ())), rows, declared)
            for pk, one in measured.services.items()
        },
        edges=measured.edges,
        incidents=[_incident(one) for one in rows],
        nation=measured,
    )


def _declared(rows: Iterable[Incident]) -> dict[int, Health]:
    """What stands declared, by the id of the listed row. 1 query."""
    ids = [row.pk for one in rows if one.resolved_at is None for row in one.services.all()]
    if not ids:
        return {}
    return {
        listed: Health(health)
        for listed, health in Declaration.objects.filter(listed__in=ids, ended_at=None).values_list(
            "listed_id", "health"
        )
    }


def _service(
    one: nation.ServiceNow,
    windows: tuple[Window, ...],
    incidents: Iterable[Incident],
    declared: dict[int, Health],
) -> ServiceNow:
    listings = [
        row
        for incident in incidents
        if incident.resolved_at is None
        for row in incident.services.all()
        if row.service_id == one.row.pk
    ]
    return ServiceNow(
        channels={
            str(channel.id): _channel(channel, listings, declared)
            for channel in one.channels.values()
        },
        agency=one.row.agency_id,
        interval=one.interval,
        confirmation=one.confirmation,
        windows=windows,
        is_shared=one.row.is_shared,
        bad_run_since=one.bad_run_since,
    )


def _channel(
    channel: nation.ChannelNow, listings: Iterable[ListedService], declared: dict[int, Health]
) -> ChannelNow:
    touching = []
    for row in listings:
        named = {one.pk for one in row.channels.all()}
        if not named or channel.id in named:
            touching.append(row)
    held = [Health(row.held[str(channel.id)][0]) for row in touching if str(channel.id) in row.held]
    return ChannelNow(
        measured=channel.health,
        since=channel.since,
        confirmed_at=channel.confirmed_at,
        before=channel.before,
        recovered_at=channel.recovered_at,
        held=worst(held),
        declared=worst(declared[row.pk] for row in touching if row.pk in declared),
        incident_open=bool(touching),
    )


def _incident(row: Incident) -> IncidentNow:
    return IncidentNow(
        id=row.pk,
        agency=row.agency_id,
        started_at=row.started_at,
        # Of one that came back, the last time: what it says now is as young as that (rule 13).
        opened_at=row.reopened_at or row.opened_at,
        services={
            str(listed.service_id): ListedNow(
                told=Health(listed.told_health) if listed.told_health else None,
                restored_at=listed.restored_at,
                outage_started_at=listed.outage_started_at,
            )
            for listed in row.services.all()
        },
        is_automatic=row.opened_by_id is None,
        acknowledged=row.acknowledged_at is not None,
        resolved_at=row.resolved_at,
        absorbed=row.absorbed_into_id is not None,
    )
