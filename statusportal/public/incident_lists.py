"""Which notices a page tells, where each stands, and what happened in its course. Pure.

A notice is an incident, an announcement or a clarification. Everything follows from what the
reader says at one instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.bilingual import Bilingual
from incidents.labels import EntryKind, Kind, Phase
from services.status.health import Health, rank, worst
from statusportal.public import unspoken
from statusportal.public.declared import felt
from statusportal.public.said import IncidentSaid, Said, ServiceSaid
from statusportal.public.shape import (
    AgencyFact,
    EntryFact,
    IncidentFact,
    ServiceFact,
    Truth,
    UpdateFact,
)

_MINUTE = timedelta(minutes=1)
# What may be said about the present of something that is over.
RECENTLY = timedelta(days=1)
PAST_DAYS = timedelta(days=90)

# Happenings that the public is told of, beside the texts. The others are the operators' own.
_PUBLIC = frozenset(
    {
        EntryKind.OPENED,
        EntryKind.JOINED,
        EntryKind.LISTED,
        EntryKind.WORSENED,
        EntryKind.RECOVERED,
        EntryKind.RELAPSED,
        EntryKind.OVERRIDDEN,
        EntryKind.OVERRIDE_OVER,
        EntryKind.RESOLVED,
        EntryKind.REOPENED,
        EntryKind.ABSORBED,
        EntryKind.REPORTED,
    }
)


@dataclass(frozen=True, slots=True)
class IncidentShown:
    """A notice with all that its sentences depend on at one instant.

    `services` are the public ones that it lists, `derived` those that it reaches, as they are
    now. `hidden` are those that nothing public may name (rule 12); nor may `agency` be one that
    has no public service.
    """

    said: IncidentSaid
    now: datetime
    agency: AgencyFact | None = None
    services: tuple[ServiceSaid, ...] = ()
    derived: tuple[ServiceSaid, ...] = ()
    hidden: tuple[ServiceFact, ...] = ()

    @property
    def ref(self) -> str:
        return self.said.ref

    @property
    def fact(self) -> IncidentFact:
        return self.said.fact

    @property
    def is_open(self) -> bool:
        return self.said.is_open

    @property
    def is_incident(self) -> bool:
        return self.said.is_incident

    @property
    def is_absorbed(self) -> bool:
        return bool(self.fact.absorbed_into)

    @property
    def ended_at(self) -> datetime | None:
        """When the trouble was over: as our checks saw it, at the latest when it was closed."""
        resolved_at = self.fact.resolved_at
        if resolved_at is None:
            return None
        return max(self.fact.started_at, min(self.fact.restored_at or resolved_at, resolved_at))

    @property
    def lasted(self) -> timedelta:
        """How long it lasted, or has lasted until now."""
        return max((self.ended_at or self.now) - self.fact.started_at, timedelta())

    @property
    def health(self) -> Health | None:
        """The worst that is published now of what it lists; None where nothing is known of it."""
        return worst(
            service.health
            for service in self.services or self.derived
            if service.health is not None
        )

    @property
    def works_again(self) -> bool:
        """It is just over, and everything that it listed can be used."""
        ended_at = self.ended_at
        return (
            ended_at is not None
            and self.now - ended_at <= RECENTLY
            and not self.said.has_unspoken
            and bool(self.services)
            and all(service.health is Health.OPERATIONAL for service in self.services)
        )

    @property
    def newest(self) -> UpdateFact | None:
        """The newest text that may be read here."""
        return next(
            (update for update in reversed(self.fact.updates) if self.may_say(update.text)), None
        )

    def may_say(self, text: Bilingual) -> bool:
        """Whether `text` names nothing that is not public (rule 12)."""
        return unspoken.may_say(text, self.hidden)

    def spoken(self, text: Bilingual) -> Bilingual:
        """`text`, or nothing where it may not be said."""
        return text if self.may_say(text) else Bilingual()


def shown(said: Said, notices: Iterable[IncidentSaid], truth: Truth) -> tuple[IncidentShown, ...]:
    """`notices` in their order, as they stand at the instant of `said`."""
    return tuple(_shown(said, notice, truth) for notice in notices)


def _shown(said: Said, notice: IncidentSaid, truth: Truth) -> IncidentShown:
    return IncidentShown(
        said=notice,
        now=said.now,
        agency=notice.agency if notice.fact.agency in said.agencies else None,
        services=tuple(_present(said, notice.services)),
        derived=tuple(_present(said, notice.derived)),
        hidden=unspoken.hidden({one.id for one in notice.fact.services}, truth)
        if notice.has_unspoken
        else (),
    )


def _present(said: Said, facts: Iterable[ServiceFact]) -> Iterator[ServiceSaid]:
    return (said.services[fact.slug] for fact in facts if fact.slug in said.services)


def archived(said: Said, fact: IncidentFact, truth: Truth) -> IncidentSaid | None:
    """A notice out of the archive, with what is public today of what it listed.

    None where it concerned nothing that is: then there is nothing to say of it (rule 12).
    """
    public = {service.fact.id: service.fact for service in said.services.values()}
    services = tuple(public[one.id] for one in fact.services if one.id in public)
    if fact.services and not services and not felt({one.id for one in fact.services}, truth):
        return None
    group = said.agencies.get(fact.agency)
    return IncidentSaid(
        fact=fact,
        agency=group.agency if group else None,
        services=services,
        derived=(),
        has_unspoken=len(services) < len(fact.services),
    )


# --- which of them ------------------------------------------------------------------------------


def lists(notice: IncidentSaid, service: str) -> bool:
    """Whether it names the service with this public id, and does not only reach it."""
    return any(fact.id == service for fact in notice.services)


def in_trouble(service: ServiceSaid) -> IncidentSaid | None:
    """The open incident that tells most of a service: its own before those of its upstreams."""
    return next((notice for notice in service.incidents if notice.is_incident), None)


def own(service: ServiceSaid) -> IncidentSaid | None:
    """The open incident that lists this service itself."""
    return next((n for n in service.incidents if n.is_incident and lists(n, service.fact.id)), None)


def past_of_service(
    notices: Iterable[IncidentShown], service: str, now: datetime
) -> list[IncidentShown]:
    """What was said of a service in the last 90 days and is over, the newest first."""
    return [
        one
        for one in notices
        if not one.is_open and lists(one.said, service) and now - one.fact.started_at <= PAST_DAYS
    ]


def of_agency(notices: Iterable[IncidentShown], code: str) -> list[IncidentShown]:
    """The notices by an agency, or about one of its services."""
    return [one for one in notices if _concerns(one, code)]


def _concerns(notice: IncidentShown, code: str) -> bool:
    return notice.fact.agency == code or any(
        service.agency.code == code for service in (*notice.services, *notice.derived)
    )


def announced(notices: Iterable[IncidentShown]) -> list[IncidentShown]:
    """What the authority has to say at present that is no incident: answers to rumours first."""
    told = [one for one in notices if one.is_open and not one.is_incident]
    return sorted(told, key=lambda one: one.fact.kind != Kind.CLARIFICATION)


def by_reach(notices: Iterable[IncidentShown]) -> list[IncidentShown]:
    """Open incidents, those that reach most services first."""
    told = [one for one in notices if one.is_open and one.is_incident]
    return sorted(
        told,
        key=lambda one: (
            -len(one.services) - len(one.derived),
            -(rank(one.health) if one.health else 0),
        ),
    )


# --- by month -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the list is asked for; `month` is the first day of one."""

    month: date | None = None
    agency: str = ""
    kind: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.agency or self.kind)

    def address(self, *, month: date | None = None) -> str:
        """The query that asks for the same in another month; nothing for the list as it opens."""
        chosen = {
            "month": f"{month:%Y-%m}" if month else "",
            "agency": self.agency,
            "kind": self.kind,
        }
        # Codes and numbers of ours: nothing in them needs quoting.
        query = "&".join(f"{name}={value}" for name, value in chosen.items() if value)
        return f"?{query}" if query else ""

    def takes(self, notice: IncidentShown) -> bool:
        """Whether a notice is one of those that are asked for."""
        return (not self.kind or notice.fact.kind == self.kind) and (
            not self.agency or _concerns(notice, self.agency)
        )


def wanted(
    query: Mapping[str, str], month: date | None, agencies: Iterable[str]
) -> tuple[Wanted, frozenset[str]]:
    """What the address asks for, and the names of what it asks for in vain."""
    agency, kind = query.get("agency", ""), query.get("kind", "")
    known_agency = agency if agency in set(agencies) else ""
    known_kind = kind if kind in Kind.values else ""
    in_vain = {
        name
        for name, asked, known in (
            ("agency", agency, known_agency),
            ("kind", kind, known_kind),
        )
        if asked and not known
    }
    return Wanted(month, known_agency, known_kind), frozenset(in_vain)


def month_of(fact: IncidentFact, zone: ZoneInfo) -> date:
    """The first day of the month in which it began: there it is found for ever."""
    return fact.started_at.astimezone(zone).date().replace(day=1)


def of_month(notices: Iterable[IncidentShown], first: date, zone: ZoneInfo) -> list[IncidentShown]:
    """What began in a month, the newest first; each once."""
    found = {one.ref: one for one in notices if month_of(one.fact, zone) == first}
    return sorted(found.values(), key=lambda one: (one.fact.started_at, one.ref), reverse=True)


def months(
    notices: Iterable[IncidentShown], archive: Iterable[date], now: datetime, zone: ZoneInfo
) -> tuple[date, date]:
    """The first and the last month that may be asked for; the present one always may."""
    present = now.astimezone(zone).date().replace(day=1)
    known = {present, *archive, *(month_of(one.fact, zone) for one in notices)}
    return min(known), max(known)


# --- one notice ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline: a text for the public, or what happened beside the texts."""

    at: datetime
    update: UpdateFact | None = None
    entry: EntryFact | None = None

    @property
    def key(self) -> str:
        """What keeps its place on a page that renews itself."""
        if self.update is not None:
            return f"u{self.update.id}"
        assert self.entry is not None
        return f"{self.entry.kind}-{self.at:%Y%m%d%H%M%S%f}{self.entry.ref}"


def timeline(notice: IncidentShown, others: Iterable[IncidentFact] = ()) -> list[Line]:
    """Texts and happenings, the newest first: whoever comes back looks for what is new.

    A happening that a text of the same minute tells anyway is left out. `others` are notices
    among which those stand that were joined to this one: only their own logs say so.
    """
    told = {entry.ref for entry in notice.fact.entries if entry.kind == EntryKind.ABSORBED}
    joined = [
        Line(
            other.resolved_at, entry=EntryFact(EntryKind.ABSORBED, other.resolved_at, (), other.ref)
        )
        for other in others
        if other.absorbed_into == notice.ref
        and other.resolved_at is not None
        and other.ref not in told
    ]
    updates = [Line(update.at, update=update) for update in notice.fact.updates]
    entries = [
        Line(entry.at, entry=entry)
        for entry in notice.fact.entries
        if entry.kind in _PUBLIC and not _is_told(entry, notice)
    ]
    # Happenings first: sorting is stable, and a text answers what happened.
    return sorted(entries + joined + updates, key=lambda line: line.at)[::-1]


_TELLING = {EntryKind.OPENED: Phase.INVESTIGATING, EntryKind.RESOLVED: Phase.RESOLVED}


def _is_told(entry: EntryFact, notice: IncidentShown) -> bool:
    # A notice that is no incident opens and closes without ado.
    if entry.kind in _TELLING and not notice.is_incident:
        return True
    phase = _TELLING.get(EntryKind(entry.kind))
    return phase is not None and any(
        update.phase == phase and abs(update.at - entry.at) < _MINUTE
        for update in notice.fact.updates
    )
