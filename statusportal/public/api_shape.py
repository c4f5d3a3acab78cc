"""The Statuspage v2 documents: what the reader says, in the shape that existing programs read.

Pure. Groups are agencies, components are services, and every document can be had of one agency
alone, as a page of its own. What our rules know and v2 does not is told in its nearest word, never
in a better one (docs/api.md; the last part of docs/truth.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import chain, repeat
from operator import is_

import msgspec
from django.utils.translation import pgettext

from incidents.labels import Severity
from services.status.headline import Headline, HeadlineKind, ServiceReading, headline
from services.status.health import Health
from statusportal.public import incident_lists, incident_words, plain, window_lists, words
from statusportal.public.api_pieces import Agency, Memory, Piece, Rest, joined
from statusportal.public.api_structs import (
    Affected,
    Component,
    Group,
    Incident,
    Maintenance,
    Page,
    Status,
    Update,
    instant,
    instant_or_none,
)
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
from statusportal.public.window_lists import WindowShown, timeline
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


# --- what a document is made of -----------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """What the reader says, in the language that is active; of `group` alone where it is given.

    `site` is the portal's own address, `address` makes that of a page from its kind and name.
    `incidents` and `windows` are asked for by those documents alone that tell of them. `memory`
    has what was written for this page in this language before: of most services the reader says
    the very same for hours.
    """

    said: Said
    incidents: Callable[[], Iterable[IncidentShown]]
    windows: Callable[[], Iterable[WindowShown]]
    name: str
    site: str
    time_zone: str
    address: Callable[[str, str], str]
    group: GroupSaid | None = None
    memory: Memory = field(default_factory=Memory)
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
    def agencies(self) -> Mapping[str, Agency]:
        """Each agency with its services, by its code. Not monitored: not here (rule 10)."""
        groups = self.said.agencies.values() if self.group is None else (self.group,)
        agencies: dict[str, Agency] = {}
        for group in groups:
            services = [one for one in group.services if one.health is not None]
            if services:
                agencies[group.code] = self._agency(group, len(agencies) + 1, services)
        self.memory.agencies = agencies
        return agencies

    def components(self) -> list[Piece]:
        """Each agency with its services, as a run of components."""
        return [one.piece for one in self.agencies.values()]

    def _agency(self, group: GroupSaid, number: int, services: list[ServiceSaid]) -> Agency:
        known = self.memory.agencies.get(group.code)
        header = _id(self.site, group.code, "group")
        # Place by place: at another one it would be another component.
        before: Iterator[tuple[ServiceSaid, Component] | tuple[None, None]] = chain(
            zip(known.services, known.members, strict=True) if known else (),
            repeat((None, None)),
        )
        members = [
            made
            if made is not None and one is last
            else self._component(one, place, header, last, made)
            for place, (one, (last, made)) in enumerate(zip(services, before, strict=False), 1)
        ]
        if (
            known is not None
            and known.number == number
            and known.name == group.name
            and len(known.members) == len(members)
            # The very same and not equal ones: then each service has the health that it had, and
            # with it the agency.
            and all(map(is_, known.members, members))
        ):
            # With the services as they are now, or the next time none would be the very same.
            return replace(known, services=services)
        return Agency.of(
            number, group.name, services, self._group(group, number, services), members
        )

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

    def _component(
        self,
        service: ServiceSaid,
        position: int,
        group: str,
        last: ServiceSaid | None,
        made: Component | None,
    ) -> Component:
        """The component that `made` is, where the `last` service at its place was told alike."""
        if (
            last is not None
            and made is not None
            and last.health is service.health
            and last.since == service.since
            and (last.fact is service.fact or last.fact == service.fact)
        ):
            return made
        return self._new_component(service, position, group)

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

    def status(self) -> Piece:
        """The headline in two words of v2 (rule 21); an agency's own over its own services."""
        found = self.said.headline if self.group is None else _headline(self.group)
        return Piece.of(Status(found.indicator, description(found)))

    # --- incidents ------------------------------------------------------------------------------

    @cached_property
    def _incidents(self) -> list[IncidentShown]:
        """Incidents alone, newest first; announcements and clarifications are none (rule 18)."""
        found = self.incidents()
        if self.group is not None:
            found = incident_lists.of_agency(found, self.group.code)
        kept = [one for one in found if one.is_incident]
        return sorted(kept, key=lambda one: (one.fact.started_at, one.ref), reverse=True)

    def recent_incidents(self) -> list[Piece]:
        return [self._incident(one) for one in self._incidents[:LONGEST]]

    def unresolved_incidents(self) -> list[Piece]:
        return [self._incident(one) for one in self._incidents if one.is_open]

    def _incident(self, notice: IncidentShown) -> Piece:
        components = self._touched(
            (one.fact for one in notice.services), (one.fact for one in notice.derived)
        )
        return self.memory.notices.of(
            notice.ref,
            # Not the clock: what is open is told by its texts, what is over lasted as it did.
            (notice.fact, notice.hidden, components),
            lambda: Piece.of(self._new_incident(notice, components)),
        )

    def _new_incident(self, notice: IncidentShown, components: tuple[Component, ...]) -> Incident:
        fact = notice.fact
        told = of_incident(notice)
        return Incident(
            id=fact.ref,
            name=plain.label(incident_words.title(notice)),
            status=status_of_incident(notice),
            created_at=instant(fact.opened_at),
            updated_at=instant(max([fact.changed_at, *(one.changed_at for one in told)])),
            monitoring_at=instant_or_none(monitoring_at(notice)),
            resolved_at=instant_or_none(fact.resolved_at),
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
            return list(self.windows())
        return window_lists.of_agency(self.windows(), self.group.code)

    def recent_maintenances(self) -> list[Piece]:
        return [self._maintenance(one) for one in self._windows[: -LONGEST - 1 : -1]]

    def maintenances(self, *statuses: str) -> list[Piece]:
        """Those that are in one of these, the soonest first."""
        return [
            self._maintenance(one) for one in self._windows if status_of_window(one) in statuses
        ]

    def _maintenance(self, window: WindowShown) -> Piece:
        components = self._touched(window.said.services, window.said.derived)
        return self.memory.notices.of(
            window.ref,
            (
                window.said.fact,
                window.said.services,
                window.moved_to.fact if window.moved_to else None,
                # What the clock does to a window: its stage, and the steps behind it.
                window.stage,
                _has_begun(window),
                timeline(window),
                components,
            ),
            lambda: Piece.of(self._new_maintenance(window, components)),
        )

    def _new_maintenance(
        self, window: WindowShown, components: tuple[Component, ...]
    ) -> Maintenance:
        fact = window.said.fact
        told = of_window(window)
        status = status_of_window(window)
        closed_at = told[0].at if status == "completed" else None
        return Maintenance(
            id=fact.ref,
            name=plain.label(title(window.said)),
            status=status,
            created_at=instant(fact.approved_at),
            updated_at=instant(max([fact.changed_at, *(one.changed_at for one in told)])),
            monitoring_at=None,
            resolved_at=instant_or_none(closed_at),
            impact="maintenance",
            shortlink=self.address("window", fact.ref),
            # As at Statuspage: when it was made known, unless it has begun.
            started_at=instant(
                max(fact.starts_at, fact.approved_at) if _has_begun(window) else fact.approved_at
            ),
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

    def _touched(
        self, named: Iterable[ServiceFact], reached: Iterable[ServiceFact]
    ) -> tuple[Component, ...]:
        """The components that are named; where this page has none of them, those that need them."""
        for facts in (named, reached):
            if found := tuple(self._found(facts)):
                return found
        return ()

    def _found(self, facts: Iterable[ServiceFact]) -> Iterator[Component]:
        for fact in facts:
            agency = self.agencies.get(fact.agency)
            if agency is not None and fact.id in agency.by_id:
                yield agency.by_id[fact.id]

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


def _has_begun(window: WindowShown) -> bool:
    fact = window.said.fact
    return not window.is_called_off and max(fact.starts_at, fact.approved_at) <= window.now


# --- documents ----------------------------------------------------------------------------------


def _summary(source: Source) -> Rest:
    return {
        "components": source.components(),
        "incidents": source.unresolved_incidents(),
        "scheduled_maintenances": source.maintenances("scheduled", "in_progress", "verifying"),
        "status": source.status(),
    }


def _maintenances(*statuses: str) -> Callable[[Source], Rest]:
    return lambda source: {"scheduled_maintenances": source.maintenances(*statuses)}


# Path below /api/v2/ → what stands in it beside its page.
DOCUMENTS: Mapping[str, Callable[[Source], Rest]] = {
    "summary.json": _summary,
    "status.json": lambda source: {"status": source.status()},
    "components.json": lambda source: {"components": source.components()},
    "incidents.json": lambda source: {"incidents": source.recent_incidents()},
    "incidents/unresolved.json": lambda source: {"incidents": source.unresolved_incidents()},
    "scheduled-maintenances.json": lambda source: {
        "scheduled_maintenances": source.recent_maintenances()
    },
    "scheduled-maintenances/upcoming.json": _maintenances("scheduled"),
    "scheduled-maintenances/active.json": _maintenances("in_progress", "verifying"),
}


def document(path: str, source: Source) -> tuple[bytes, bytes]:
    """The document at a path of DOCUMENTS as JSON, and bytes that change with all that it says but
    its "as of".

    Raises KeyError for another path.
    """
    undated = msgspec.structs.replace(source.page, updated_at="")
    return joined(
        msgspec.json.encode(source.page), msgspec.json.encode(undated), DOCUMENTS[path](source)
    )


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


def _id(*parts: str) -> str:
    """Twelve letters and digits that stay the same, as Statuspage has them."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
