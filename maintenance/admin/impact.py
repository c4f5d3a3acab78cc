"""Whom planned work reaches: the services that it names and, derived, those that need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, pgettext

from accounts.models import Agency
from services.labels import HEALTH, Visibility
from services.models import Channel, Edge, Service
from services.status import cascade
from services.status.cascade import Effective, ServiceInput
from services.status.health import Health
from services.status.window import WindowEffect, window_health

Line = tuple[Service, Sequence[Channel]]

# Stands for the whole of a service whose channels nobody has entered yet.
_WHOLE = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A service that feels the work. `health` None: it is only told of it (rule 12).

    `channels` are those that feel it where the others do not; empty where all of them do.
    """

    service: Service
    health: Health | None
    is_derived: bool = False
    channels: tuple[Channel, ...] = ()

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
        status = str(HEALTH[self.health])
        if not self.channels:
            return status
        comma = pgettext("between the items of a list", ", ")
        return gettext("{status}, partly ({channels})").format(
            status=status,
            channels=comma.join(str(channel.get_kind_display()) for channel in self.channels),
        )


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

    A line without channels means every channel. Everything else is taken to be well, also what
    is not monitored: people feel the work all the same. One query for each step down the
    dependencies and one for channels, however many services there are. Work without effect
    reaches nobody else.
    """
    health = window_health(effect)
    services = {service.pk: service for service, _channels in lines}
    if health is None:
        return _by_agency([Hit(service, None) for service in services.values()])
    edges = _edges_below(services)
    services |= {
        edge.dependant_id: edge.dependant for edge in edges if edge.dependant_id not in services
    }
    channels = _channels_of(services)
    named = {service.pk: {channel.pk for channel in chosen} for service, chosen in lines}
    effective = cascade.effective(
        {
            str(pk): ServiceInput(
                {name: _own(name, named.get(pk), health) for name in channels[pk] or (_WHOLE,)}
            )
            for pk in services
        },
        _pure(edges, channels),
    )
    return _by_agency(
        [
            _hit(service, channels[pk], effective[str(pk)], is_derived=pk not in named)
            for pk, service in services.items()
            if pk in named or effective[str(pk)].causes
        ]
    )


def _edges_below(named: Iterable[int]) -> list[Edge]:
    """Every edge from `named` down, each once, the nearest first."""
    found: dict[int, Edge] = {}
    reached, generation = set(named), set(named)
    while generation:
        rows = Edge.objects.filter(upstream__in=generation).select_related("dependant__agency")
        step = list(rows.order_by("dependant__position", "dependant__slug", "pk"))
        found |= {edge.pk: edge for edge in step}
        generation = {edge.dependant_id for edge in step} - reached
        reached |= generation
    return list(found.values())


def _channels_of(services: Iterable[int]) -> dict[int, dict[str, Channel]]:
    found: dict[int, dict[str, Channel]] = {pk: {} for pk in services}
    rows = Channel.objects.filter(service__in=found).order_by("position", "pk")
    for channel in rows:
        found[channel.service_id][str(channel.pk)] = channel
    return found


def _own(name: str, chosen: set[int] | None, health: Health) -> Health:
    """What the work itself makes of one channel; None is a service that it does not name."""
    if chosen is None:
        return Health.OPERATIONAL
    is_meant = not chosen or name == _WHOLE or int(name) in chosen
    return health if is_meant else Health.OPERATIONAL


def _pure(
    edges: Iterable[Edge], channels: Mapping[int, Mapping[str, Channel]]
) -> list[cascade.Edge]:
    return [
        cascade.Edge(
            str(edge.upstream_id),
            str(edge.dependant_id),
            cascade.EdgeKind(edge.kind),
            # Of another service by mistake: it then counts for the whole, as the worse case.
            str(edge.channel_id) if str(edge.channel_id) in channels[edge.dependant_id] else None,
        )
        for edge in edges
    ]


def _hit(
    service: Service, channels: Mapping[str, Channel], felt: Effective, *, is_derived: bool
) -> Hit:
    struck = tuple(
        channel
        for name, channel in channels.items()
        if felt.channels[name] is not Health.OPERATIONAL
    )
    health = None if felt.health is Health.OPERATIONAL else felt.health
    return Hit(service, health, is_derived, struck if len(struck) < len(channels) else ())


def _by_agency(hits: Sequence[Hit]) -> Impact:
    found: dict[int, tuple[Agency, list[Hit]]] = {}
    for hit in hits:
        agency = hit.service.agency
        found.setdefault(agency.pk, (agency, []))[1].append(hit)
    return Impact(tuple(AgencyHit(agency, tuple(each)) for agency, each in found.values()))
