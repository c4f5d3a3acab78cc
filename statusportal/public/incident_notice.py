"""The notices as they stand, those out of the archive too: the edge to what is held in memory."""

from __future__ import annotations

from core.bilingual import Bilingual
from statusportal.public import incident_lists
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.said import IncidentSaid, Said, ServiceSaid
from statusportal.public.shape import Truth
from statusportal.public.store import store


def truth() -> Truth:
    """The truth behind what the reader says; an empty one where nothing was published."""
    published = store.current()
    return published.snapshot.truth if published else Truth()


def standing(said: Said) -> tuple[IncidentShown, ...]:
    """Every notice that is not archived: open ones first, the worst first, then the newest."""
    if not said.incidents:
        return ()
    return incident_lists.shown(said, said.incidents, truth())


def concerning(said: Said, service: ServiceSaid) -> tuple[IncidentShown, ...]:
    """The open notices of a service: those that list it, then those of what it needs."""
    if not service.incidents:
        return ()
    return incident_lists.shown(said, service.incidents, truth())


def advice(said: Said, service: ServiceSaid) -> list[Bilingual]:
    """What the agency says to do while an incident lasts that lists this service or reaches it."""
    told = [
        notice.spoken(notice.fact.meanwhile)
        for notice in concerning(said, service)
        if notice.is_incident
    ]
    return [text for text in told if text]


def one(said: Said, notice: IncidentSaid) -> IncidentShown:
    """A single notice as it stands."""
    (found,) = incident_lists.shown(said, (notice,), truth())
    return found
