"""The Statuspage v2 documents: what the reader says, in the shape that existing programs read.

Pure. Groups are agencies, components are services, and every document can be had of one agency
alone, as a page of its own. What our rules know and v2 does not is told in its nearest word, never
in a better one (docs/api.md; the last part of docs/truth.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import msgspec
from django.utils.translation import pgettext

from incidents.labels import Severity
from services.status.headline import Headline, HeadlineKind, ServiceReading, headline
from services.status.health import Health
from statusportal.public import incident_lists, incident_words, plain, window_lists, words
from statusportal.public.api_updates import (
    Told,
    monitoring_at,
    of_incident,
    of_window,
    status_of_incident,
    status_of_window,
)
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.said import GroupSaid, Said, ServiceSaid
from statusportal.public.shape import ServiceFact
from statusportal.public.window_lists import WindowShown
from statusportal.public.window_words import title

# "50 most recent": what Statuspage gives, and so what its clients page by.
LONGEST = 50

_STATUSES: Mapping[Health, str] = {
    Health.OPERATIONAL: "operational",
    Health.DEGRADED: "degraded_performance",
    Health.MAINTENANCE: "under_maintenance",
    Health.PARTIAL_OUTAGE: "partial_outage",
    Health.MAJOR_OUTAGE: "major_outage",
    # v2 cannot say that nobody knows. Never operational: the sentence stands in `description`.
    Health.UNKNOWN: "degraded_performance",
}
_IMPACTS: Mapping[str, str] = {
    Severity.P1: "critical",
    Severity.P2: "major",
    Severity.P3: "minor",
    Severity.P4: "none",
}
# v2 wants an instant where nobody knows one, and clients parse it.
_NO_INSTANT = "1970-01-01T00:00:00.000Z"


# --- the shape ----------------------------------------------------------------------------------


class Page(msgspec.Struct, frozen=True):
    id: str
    name: str
    url: str
    time_zone: str
    updated_at: str


class Status(msgspec.Struct, frozen=True):
    indicator: str
    description: str


class Component(msgspec.Struct, frozen=True):
    """A service. `slug` is ours: the name by which its addresses go."""

    id: str
    name: str
    status: str
    created_at: str
    updated_at: str
    position: int
    description: str | None
    showcase: bool
    start_date: str | None
    group_id: str | None
    page_id: str
    group: bool
    only_show_if_degraded: bool
    slug: str


class Group(Component, frozen=True):
    """An agency, with the ids of its services."""

    components: tuple[str, ...]


class Affected(msgspec.Struct, frozen=True):
    code: str
    name: str
    old_status: str
    new_status: str


class Update(msgspec.Struct, frozen=True):
    id: str
    status: str
    body: str
    incident_id: str
    created_at: str
    updated_at: str
    display_at: str
    affected_components: tuple[Affected, ...] | None
    deliver_notifications: bool
    custom_tweet: str | None
    tweet_id: str | None


class Incident(msgspec.Struct, frozen=True):
    id: str
    name: str
    status: str
    created_at: str
    updated_at: str
    monitoring_at: str | None
    resolved_at: str | None
    impact: str
    shortlink: str
    started_at: str
    page_id: str
    incident_updates: tuple[Update, ...]
    components: tuple[Component, ...]
    reminder_intervals: str | None


class Maintenance(Incident, frozen=True):
    scheduled_for: str
    scheduled_until: str


Rest = dict[str, object]
# Public id → the service, what is said of it (state, since when, place, group), and the component.
Made = dict[str, tuple[ServiceFact, tuple[object, ...], Component]]


# --- what a document is made of -----------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """What the reader says, in the language that is active; of `group` alone where it is given.

    `site` is the portal's own address, `address` makes that of a page from its kind and name.
    `made` holds components as they were made for this page in this language before: of most
    services the reader says the very same for hours.
    """

    said: Said
    incidents: tuple[IncidentShown, ...]
    windows: tuple[WindowShown, ...]
    name: str
    site: str
    time_zone: str
    address: Callable[[str, str], str]
    group: GroupSaid | None = None
    made: Made = field(default_factory=dict)
    _silences: dict[datetime | None, str] = field(default_factory=dict)

    @cached_property
    def page(self) -> Page:
        """The page that every document begins with; `updated_at` is our "as of" (rule 20)."""
        as_of = instant(self.said.as_of)
        if self.group is None:
            return Page(_id(self.site), self.name, self.site, self.time_zone, as_of)
        return Page(
            id=_id(self.site, self.group.code),
            name=plain.name(self.group.name),
            url=self.address("agency", self.group.code),
            time_zone=self.time_zone,
            updated_at=as_of,
        )

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Each agency, then its services. Not monitored: not here (rule 10)."""
        return tuple(self._components())

    def _components(self) -> Iterator[Component]:
        groups = self.said.agencies.values() if self.group is None else (self.group,)
        position = 0
        for group in groups:
            services = [one for one in group.services if one.health is not None]
            if not services:
                continue
            position += 1
            header = self._group(group, position, services)
            yield header
            for number, service in enumerate(services, start=1):
                yield self._component(service, number, header.id)

    def _group(self, group: GroupSaid, position: int, services: list[ServiceSaid]) -> Group:
        assert group.health is not None
        is_unknown = group.health is Health.UNKNOWN
        since = max((one.since for one in services if one.since is not None), default=None)
        listed_at = [one.fact.created_at for one in services if one.fact.created_at is not None]
        return Group(
            id=_id(self.site, group.code, "group"),
            name=plain.name(group.name),
            status=_STATUSES[group.health],
            created_at=instant(min(listed_at, default=None)),
            updated_at=instant(since),
            position=position,
            description=words.group(group) if is_unknown else None,
            showcase=True,
            start_date=None,
            group_id=None,
            page_id=self.page.id,
            group=True,
            only_show_if_degraded=False,
            slug=group.code,
            components=tuple(one.fact.id for one in services),
        )

    def _component(self, service: ServiceSaid, position: int, group: str) -> Component:
        said = service.health, service.since, position, group
        known = self.made.get(service.fact.id)
        # The fact by identity: to compare texts would cost as much as to say it anew.
        if known is not None and known[0] is service.fact and known[1] == said:
            return known[2]
        component = self._new_component(service, position, group)
        self.made[service.fact.id] = service.fact, said, component
        return component

    def _new_component(self, service: ServiceSaid, position: int, group: str) -> Component:
        assert service.health is not None
        if service.health is Health.UNKNOWN:
            description: str | None = self._unknown(service)
        else:
            description = plain.name(service.fact.description) or None
        return Component(
            id=service.fact.id,
            name=plain.name(service.name),
            status=_STATUSES[service.health],
            created_at=instant(service.fact.created_at),
            updated_at=instant(service.since),
            position=position,
            description=description,
            showcase=True,
            start_date=None,
            group_id=group,
            page_id=self.page.id,
            group=False,
            only_show_if_degraded=False,
            slug=service.slug,
        )

    def _unknown(self, service: ServiceSaid) -> str:
        # When nobody looks any more ten thousand services say the same few sentences.
        minute = service.since.replace(second=0, microsecond=0) if service.since else None
        if minute not in self._silences:
            self._silences[minute] = plain.sentence(words.verdict(service))
        return self._silences[minute]

    @cached_property
    def _by_id(self) -> Mapping[str, Component]:
        return {one.id: one for one in self.components if not one.group}

    @cached_property
    def status(self) -> Status:
        """The headline in two words of v2 (rule 21); an agency's own over its own services."""
        found = self.said.headline if self.group is None else _headline(self.group)
        return Status(found.indicator, description(found))

    # --- incidents ------------------------------------------------------------------------------

    @cached_property
    def _incidents(self) -> list[IncidentShown]:
        """Incidents alone, newest first; announcements and clarifications are none (rule 18)."""
        found: Iterable[IncidentShown] = self.incidents
        if self.group is not None:
            found = incident_lists.of_agency(found, self.group.code)
        kept = [one for one in found if one.is_incident]
        return sorted(kept, key=lambda one: (one.fact.started_at, one.ref), reverse=True)

    def recent_incidents(self) -> list[Incident]:
        return [self._incident(one) for one in self._incidents[:LONGEST]]

    def unresolved_incidents(self) -> list[Incident]:
        return [self._incident(one) for one in self._incidents if one.is_open]

    def _incident(self, notice: IncidentShown) -> Incident:
        fact = notice.fact
        told = of_incident(notice)
        components = self._touched(
            [one.fact.id for one in notice.services], [one.fact.id for one in notice.derived]
        )
        return Incident(
            id=fact.ref,
            name=plain.label(incident_words.title(notice)),
            status=status_of_incident(notice),
            created_at=instant(fact.opened_at),
            updated_at=instant(max([fact.changed_at, *(one.changed_at for one in told)])),
            monitoring_at=_or_none(monitoring_at(notice)),
            resolved_at=_or_none(fact.resolved_at),
            impact=_IMPACTS.get(fact.severity, "minor"),
            shortlink=self.address("incident", fact.ref),
            started_at=instant(fact.started_at),
            page_id=self.page.id,
            incident_updates=self._updates(
                fact.ref, told, components if notice.is_open else None, began="operational"
            ),
            components=components,
            reminder_intervals=None,
        )

    # --- planned work ---------------------------------------------------------------------------

    @cached_property
    def _windows(self) -> list[WindowShown]:
        """In order of their start."""
        if self.group is None:
            return list(self.windows)
        return window_lists.of_agency(self.windows, self.group.code)

    def recent_maintenances(self) -> list[Maintenance]:
        return [self._maintenance(one) for one in self._windows[: -LONGEST - 1 : -1]]

    def maintenances(self, *statuses: str) -> list[Maintenance]:
        """Those that are in one of these, the soonest first."""
        return [
            self._maintenance(one) for one in self._windows if status_of_window(one) in statuses
        ]

    def _maintenance(self, window: WindowShown) -> Maintenance:
        fact = window.said.fact
        told = of_window(window)
        status = status_of_window(window)
        begun_at = max(fact.starts_at, fact.approved_at)
        has_begun = not window.is_called_off and begun_at <= window.now
        components = self._touched(
            [one.id for one in window.said.services], [one.id for one in window.said.derived]
        )
        closed_at = told[0].at if status == "completed" else None
        return Maintenance(
            id=fact.ref,
            name=plain.label(title(window.said)),
            status=status,
            created_at=instant(fact.approved_at),
            updated_at=instant(max([fact.changed_at, *(one.changed_at for one in told)])),
            monitoring_at=None,
            resolved_at=_or_none(closed_at),
            impact="maintenance",
            shortlink=self.address("window", fact.ref),
            # As at Statuspage: when it was made known, unless it has begun.
            started_at=instant(begun_at if has_begun else fact.approved_at),
            page_id=self.page.id,
            incident_updates=self._updates(
                fact.ref, told, None if status == "completed" else components, began=None
            ),
            components=components,
            reminder_intervals=None,
            scheduled_for=instant(fact.starts_at),
            scheduled_until=instant(fact.ends_at),
        )

    # --- both -----------------------------------------------------------------------------------

    def _touched(self, named: list[str], reached: list[str]) -> tuple[Component, ...]:
        """The components that are named; where this page has none of them, those that need them."""
        for ids in (named, reached):
            if found := tuple(self._by_id[one] for one in ids if one in self._by_id):
                return found
        return ()

    def _updates(
        self,
        ref: str,
        told: list[Told],
        components: tuple[Component, ...] | None,
        *,
        began: str | None,
    ) -> tuple[Update, ...]:
        """`components` None: it is over, and nobody keeps what each of them was in its course."""
        first = len(told) - 1
        return tuple(
            Update(
                id=one.id,
                status=one.status,
                body=one.body,
                incident_id=ref,
                created_at=instant(one.at),
                updated_at=instant(one.changed_at),
                display_at=instant(one.at),
                affected_components=None
                if components is None
                else tuple(
                    Affected(
                        part.id,
                        part.name,
                        began if began is not None and number == first else part.status,
                        part.status,
                    )
                    for part in components
                ),
                deliver_notifications=True,
                custom_tweet=None,
                tweet_id=None,
            )
            for number, one in enumerate(told)
        )


# --- documents ----------------------------------------------------------------------------------


def _summary(source: Source) -> Rest:
    return {
        "components": source.components,
        "incidents": source.unresolved_incidents(),
        "scheduled_maintenances": source.maintenances("scheduled", "in_progress", "verifying"),
        "status": source.status,
    }


def _maintenances(*statuses: str) -> Callable[[Source], Rest]:
    return lambda source: {"scheduled_maintenances": source.maintenances(*statuses)}


# Path below /api/v2/ → what stands in it beside its page.
DOCUMENTS: Mapping[str, Callable[[Source], Rest]] = {
    "summary.json": _summary,
    "status.json": lambda source: {"status": source.status},
    "components.json": lambda source: {"components": source.components},
    "incidents.json": lambda source: {"incidents": source.recent_incidents()},
    "incidents/unresolved.json": lambda source: {"incidents": source.unresolved_incidents()},
    "scheduled-maintenances.json": lambda source: {
        "scheduled_maintenances": source.recent_maintenances()
    },
    "scheduled-maintenances/upcoming.json": _maintenances("scheduled"),
    "scheduled-maintenances/active.json": _maintenances("in_progress", "verifying"),
}


def document(path: str, source: Source) -> tuple[bytes, bytes]:
    """The document at a path of DOCUMENTS as JSON, and what it says without its "as of".

    Raises KeyError for another path.
    """
    rest = msgspec.json.encode(DOCUMENTS[path](source))
    page = msgspec.json.encode(source.page)
    undated = msgspec.json.encode(msgspec.structs.replace(source.page, updated_at=""))
    return b'{"page":' + page + b"," + rest[1:], undated + rest


# --- words --------------------------------------------------------------------------------------


def description(found: Headline) -> str:
    """One of Statuspage's own sentences for what a headline is about."""
    match found.kind:
        case HeadlineKind.MAJOR:
            return pgettext("Statuspage", "Major Service Outage")
        case HeadlineKind.PARTIAL:
            return pgettext("Statuspage", "Partial System Outage")
        case HeadlineKind.PROBLEMS if found.major_outage or found.partial_outage:
            return pgettext("Statuspage", "Minor Service Outage")
        case HeadlineKind.MAINTENANCE:
            return pgettext("Statuspage", "Service Under Maintenance")
        case HeadlineKind.NONE if not found.unknown:
            return pgettext("Statuspage", "All Systems Operational")
        # A few services of which nothing is known change no headline, but not all is well either.
        case _:
            return pgettext("Statuspage", "Partially Degraded Service")


def _headline(group: GroupSaid) -> Headline:
    return headline(
        ServiceReading(one.health, one.fact.tier, one.fact.shared) for one in group.services
    )


def instant(at: datetime | None) -> str:
    """ISO 8601 in UTC with milliseconds, as Statuspage writes it."""
    if at is None:
        return _NO_INSTANT
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _or_none(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def _id(*parts: str) -> str:
    """Twelve letters and digits that stay the same, as Statuspage has them."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
