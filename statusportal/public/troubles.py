"""What is wrong now, told by its origins: a fallen login is one thing, not thirty-three."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.status.health import Health, rank
from statusportal.public import incident_lists
from statusportal.public.said import IncidentSaid, Said, ServiceSaid
from statusportal.public.shape import AgencyFact

_QUIET = frozenset({None, Health.OPERATIONAL, Health.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One origin of trouble and the services that it explains.

    `service` is None for a shared platform that is not public; several of those are one.
    `incident` is the open one that tells of it, `beside` the other origins that the same one
    lists.
    """

    service: ServiceSaid | None
    health: Health
    affected: tuple[ServiceSaid, ...] = ()
    incident: IncidentSaid | None = None
    beside: tuple[ServiceSaid, ...] = ()

    @property
    def origins(self) -> tuple[ServiceSaid, ...]:
        """Every public origin, the one that reaches furthest first."""
        return (*((self.service,) if self.service else ()), *self.beside)


@dataclass(frozen=True, slots=True)
class Told:
    """A trouble as the home page tells it: what it affects by agency, cut where it gets long."""

    trouble: Trouble
    agencies: tuple[tuple[AgencyFact, tuple[ServiceSaid, ...]], ...]
    # How many more services it affects than stand in `agencies`.
    more: int


def told(found: Iterable[Trouble], *, most: int, together: int) -> tuple[Told, ...]:
    """`found` with its services by agency, at most `most` behind one cause and `together` in all.

    The whole nation behind forty causes must stay a page that one can read and a phone can load;
    the catalogue has the rest.
    """
    left = together
    page = []
    for trouble in found:
        shown = trouble.affected[: min(most, left)]
        left -= len(shown)
        agencies: dict[str, list[ServiceSaid]] = {}
        for service in shown:
            agencies.setdefault(service.agency.code, []).append(service)
        page.append(
            Told(
                trouble=trouble,
                agencies=tuple(
                    (services[0].agency, tuple(services)) for services in agencies.values()
                ),
                more=len(trouble.affected) - len(shown),
            )
        )
    return tuple(page)


def troubles(said: Said) -> tuple[Trouble, ...]:
    """Origins in order of reach: those that explain most services first, then the worst, then by
    the severity of their incidents.

    What an origin explains includes what those services explain in their turn: behind a platform
    that is not public stand also the services of a login that it took down. Services about which
    nothing is known are not here; `silent` has them.
    """
    affected: dict[str | None, list[ServiceSaid]] = {}
    severity: dict[str | None, Health] = {}
    explained: set[str | None] = set()
    for service in said.services.values():
        if service.health is None or service.health in _QUIET:
            continue
        # What has an incident of its own is a story of its own, whatever stands behind it too.
        has_own = incident_lists.own(service) is not None
        is_explained = _explained(service)
        if has_own or not is_explained:
            severity[service.slug] = service.health
        if not is_explained:
            continue
        if not has_own:
            explained.add(service.slug)
        for cause in service.causes:
            if not cause.is_note:
                affected.setdefault(cause.slug, []).append(service)
                severity[cause.slug] = _worse(severity.get(cause.slug), cause.health)
    found = [
        _trouble(said.services.get(slug) if slug else None, health, _reach(slug, affected))
        for slug, health in severity.items()
        if slug not in explained
    ]
    return tuple(sorted(found, key=_order))


def _order(trouble: Trouble) -> tuple[int, int, str]:
    # What no incident tells of matters less than what one does.
    severity = trouble.incident.fact.severity if trouble.incident else "P9"
    return -len(trouble.affected), -rank(trouble.health), severity


def _trouble(
    service: ServiceSaid | None, health: Health, affected: tuple[ServiceSaid, ...]
) -> Trouble:
    incident = incident_lists.own(service) if service else _behind(affected)
    return Trouble(service, health, affected, incident)


def _behind(affected: Iterable[ServiceSaid]) -> IncidentSaid | None:
    """The open incident on a platform that is not public, by what it reaches."""
    return next(
        (
            notice
            for service in affected
            for notice in service.incidents
            if notice.is_incident
            and notice.has_unspoken
            and not incident_lists.lists(notice, service.fact.id)
        ),
        None,
    )


def by_incident(found: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """`found` with the origins of one incident as one: several services, one story."""
    merged: dict[str, Trouble] = {}
    for number, trouble in enumerate(found):
        key = trouble.incident.ref if trouble.incident else f"-{number}"
        first = merged.get(key)
        merged[key] = _with(first, trouble) if first else trouble
    return tuple(merged.values())


def _with(first: Trouble, other: Trouble) -> Trouble:
    beside = (*first.beside, *other.origins)
    told = {service.slug for service in (*first.origins, *other.origins)}
    affected = {service.slug: service for service in (*first.affected, *other.affected)}
    return replace(
        first,
        health=_worse(first.health, other.health),
        beside=beside,
        affected=tuple(one for slug, one in affected.items() if slug not in told),
    )


def _reach(
    origin: str | None, affected: dict[str | None, list[ServiceSaid]]
) -> tuple[ServiceSaid, ...]:
    """Everything behind `origin`, once each, other shared services first."""
    reached: dict[str, ServiceSaid] = {}
    waiting: list[str | None] = [origin]
    while waiting:
        for service in affected.get(waiting.pop(), ()):
            # A circle of causes ends here.
            if service.slug not in reached and service.slug != origin:
                reached[service.slug] = service
                waiting.append(service.slug)
    return tuple(sorted(reached.values(), key=lambda service: not service.fact.shared))


def silent(services: Iterable[ServiceSaid]) -> tuple[ServiceSaid, ...]:
    """The services about which there is no recent information."""
    return tuple(service for service in services if service.health is Health.UNKNOWN)


def _explained(service: ServiceSaid) -> bool:
    """Whether upstreams account for all of it: our own checks find nothing worse (rule 13)."""
    upstream = [rank(cause.health) for cause in service.causes if not cause.is_note]
    if not upstream:
        return False
    own = [
        rank(channel.measured)
        for channel in service.channels
        if channel.measured is not None and channel.measured not in _QUIET
    ]
    return max(own, default=-1) <= max(upstream)


def _worse(one: Health | None, other: Health) -> Health:
    return other if one is None or rank(other) > rank(one) else one
