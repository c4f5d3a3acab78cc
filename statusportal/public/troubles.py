"""What is wrong now, told by its origins: a fallen login is one thing, not thirty-three."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.status.health import Health, rank
from statusportal.public.said import Said, ServiceSaid
from statusportal.public.shape import AgencyFact

_QUIET = frozenset({None, Health.OPERATIONAL, Health.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One origin of trouble and the services that it explains.

    `service` is None for a shared platform that is not public; several of those are one.
    """

    service: ServiceSaid | None
    health: Health
    affected: tuple[ServiceSaid, ...] = ()


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
    """Origins in order of reach: those that explain most services first, then the worst.

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
        if not _explained(service):
            severity[service.slug] = service.health
            continue
        explained.add(service.slug)
        for cause in service.causes:
            if not cause.is_note:
                affected.setdefault(cause.slug, []).append(service)
                severity[cause.slug] = _worse(severity.get(cause.slug), cause.health)
    found = [
        Trouble(
            service=said.services.get(slug) if slug is not None else None,
            health=health,
            affected=_reach(slug, affected),
        )
        for slug, health in severity.items()
        if slug not in explained
    ]
    return tuple(sorted(found, key=lambda trouble: (-len(trouble.affected), -rank(trouble.health))))


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
