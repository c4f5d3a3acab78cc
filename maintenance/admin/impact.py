"""Whom planned work reaches: the services that it names and, derived, those that need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from accounts.models import Agency
from services.labels import HEALTH, Visibility
from services.models import Channel, Edge, Service
from services.status.cascade import EdgeKind, carried
from services.status.health import Health, rank
from services.status.rollup import service_health
from services.status.window import WindowEffect, window_health

Line = tuple[Service, Sequence[Channel]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A service that feels the work. `health` None: it is only told of it (rule 12)."""

    service: Service
    health: Health | None
    is_derived: bool = False

    @property
    def name(self) -> str:
        """Its name; what is hidden from everybody else is not named to another agency either."""
        if self.is_derived and self.service.visibility == Visibility.HIDDEN:
            return gettext("a service that is not public")
        return str(self.service)

    @property
    def words(self) -> str:
        """What becomes of it, as the status of a service is called."""
        if self.health is None:
            return gettext("a note only") if self.is_derived else gettext("no effect")
        return str(HEALTH[self.health])


@dataclass(frozen=True, slots=True)
class AgencyHit:
    """One agency with those of its services that feel the work."""

    agency: Agency
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that feels the work, by agency; the agency of the work itself stands first."""

    agencies: tuple[AgencyHit, ...] = ()

    @property
    def services(self) -> int:
        return sum(len(each.hits) for each in self.agencies)

    @property
    def derived(self) -> int:
        return sum(hit.is_derived for each in self.agencies for hit in each.hits)


def impact_of(lines: Sequence[Line], effect: WindowEffect) -> Impact:
    """What work of `effect` on `lines` does to them and to what needs them (rules 10, 12, 14).

    A line without channels means every channel. One query for each step down the dependencies,
    however many services there are. Work without effect reaches nobody else.
    """
    hits = {
        service.pk: Hit(service, _own(service, channels, effect)) for service, channels in lines
    }
    named = set(hits)
    # Each round goes one edge further. A dependant may be reached again by a worse path; there
    # are no circles (services.catalogue), so this ends.
    reached = {pk: hit.health for pk, hit in hits.items() if hit.health is not None}
    while reached:
        further: dict[int, Health] = {}
        edges = Edge.objects.filter(upstream__in=reached).select_related("dependant__agency")
        for edge in edges.order_by("dependant__position", "dependant__slug", "pk"):
            health, is_note = carried(EdgeKind(edge.kind), reached[edge.upstream_id])
            known = hits.get(edge.dependant_id)
            if edge.dependant_id in named or (health is None and not is_note):
                continue
            if known is not None and not _is_worse(health, known.health):
                continue
            hits[edge.dependant_id] = Hit(edge.dependant, health, is_derived=True)
            if health is not None:
                further[edge.dependant_id] = health
        reached = further
    return _by_agency(list(hits.values()))


def _own(service: Service, channels: Sequence[Channel], effect: WindowEffect) -> Health | None:
    """What the work itself makes of a service whose channels are otherwise well."""
    health = window_health(effect)
    if health is None:
        return None
    chosen = {channel.pk for channel in channels}
    every = list(service.channels.all())
    if not chosen or not every:
        return health
    return service_health(
        {
            str(channel.pk): health if channel.pk in chosen else Health.OPERATIONAL
            for channel in every
        }
    )


def _is_worse(health: Health | None, known: Health | None) -> bool:
    return health is not None and (known is None or rank(health) > rank(known))


def _by_agency(hits: Sequence[Hit]) -> Impact:
    found: dict[int, tuple[Agency, list[Hit]]] = {}
    for hit in hits:
        agency = hit.service.agency
        found.setdefault(agency.pk, (agency, []))[1].append(hit)
    return Impact(tuple(AgencyHit(agency, tuple(each)) for agency, each in found.values()))
