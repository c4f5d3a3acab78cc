"""What the operators' board shows at one instant, in a number of statements that never grows.

Rows and codes; the sentences are those of console_words and of the templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from msgspec.structs import replace

from core.bilingual import Bilingual
from core.outbox import Event
from incidents import queries
from incidents.clocks import Clock, ClockKind, ClockState, DueKind, state
from incidents.labels import Kind
from incidents.models import Incident, ListedService, Update
from incidents.office import OfficeHours
from incidents.wording import CLOCK
from maintenance import queries as planned
from maintenance.labels import State
from maintenance.models import Window
from services.labels import Visibility
from services.models import ProberDoubt
from services.status.health import Health, rank
from statusportal.ops import console_words, machines
from statusportal.ops.doors import Visitor
from statusportal.ops.machines import Trouble
from statusportal.ops.suspected import SuspectedRow
from statusportal.ops.suspected import waiting as suspicions
from statusportal.public import reader
from statusportal.public.shape import Snapshot
from statusportal.public.store import store

AHEAD = timedelta(hours=24)
ESCALATIONS_FOR = timedelta(hours=24)
# A board that scrolls for ever is no board: the rest is in the list.
ROWS_SHOWN = 100
_NAMES_SHOWN = 3
_ESCALATIONS_SHOWN = 20
_REPORTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Running:
    """A clock with where it stands now."""

    kind: ClockKind
    state: ClockState
    due_at: datetime
    # To its end, or since then where it is overdue; to the second.
    length: timedelta
    now: datetime

    @property
    def name(self) -> Promise:
        return CLOCK[self.kind]

    @property
    def words(self) -> str:
        return console_words.clock(self.state, self.length)

    @property
    def due(self) -> SafeString:
        return console_words.short(self.due_at, self.now)


@dataclass(frozen=True, slots=True)
class Row:
    """One open incident. `names` are the first of its services, `more` counts the others."""

    incident: Incident
    names: tuple[Bilingual, ...]
    more: int
    clocks: tuple[Running, ...]
    newest: Bilingual
    may_acknowledge: bool
    now: datetime

    @property
    def is_unseen(self) -> bool:
        """Whether nobody has acknowledged it."""
        return self.incident.acknowledged_at is None

    @property
    def is_late(self) -> bool:
        return any(clock.state is ClockState.OVERDUE for clock in self.clocks)

    @property
    def services(self) -> SafeString:
        return console_words.names_of(self.names, self.more)

    @property
    def age(self) -> str:
        return console_words.open_for(self.now - self.incident.opened_at)

    @property
    def acknowledged(self) -> SafeString | str:
        """Who has it; empty while nobody has."""
        at = self.incident.acknowledged_at
        if at is None:
            return ""
        return console_words.by(self.incident.acknowledged_by, at, self.now)


class Stands(StrEnum):
    """Where a window stands on the board; the most urgent first."""

    OVER = "over"
    RUNNING = "running"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class WindowRow:
    """An announced window that runs, runs over or begins within a day."""

    window: Window
    stands: Stands
    names: tuple[Bilingual, ...]
    more: int
    now: datetime

    @property
    def services(self) -> SafeString:
        return console_words.names_of(self.names, self.more)

    @property
    def starts(self) -> SafeString:
        return console_words.short(self.window.starts_at, self.now)

    @property
    def ends(self) -> SafeString:
        return console_words.short(self.window.ends_at, self.now)

    @property
    def until_start(self) -> str:
        return console_words.lasted(self.window.starts_at - self.now)

    @property
    def since_end(self) -> str:
        return console_words.lasted(self.now - self.window.ends_at)


@dataclass(frozen=True, slots=True)
class SharedRow:
    """A shared service as the public site reads it now, also where it is not public."""

    slug: str
    name: Bilingual
    health: Health | None
    since: datetime | None
    is_public: bool


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A text that waits for a second person."""

    incident: Incident
    text: Update
    may_approve: bool


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A closing report that is owed."""

    incident: Incident
    clock: Running


@dataclass(frozen=True, slots=True)
class Escalation:
    """A clock that ran out, as the escalation list was told."""

    ref: str
    severity: str
    title: Bilingual
    clock: str
    at: datetime

    @property
    def name(self) -> Promise | str:
        return CLOCK[ClockKind(self.clock)] if self.clock in set(ClockKind) else self.clock


@dataclass(frozen=True, slots=True)
class National:
    """What belongs to no agency: shared platforms, and the portal itself."""

    shared: tuple[SharedRow, ...]
    doubts: tuple[ProberDoubt, ...]
    troubles: tuple[Trouble, ...]

    @property
    def notable(self) -> list[SharedRow]:
        """Those that somebody should look at: everything but what is measured to work."""
        return [row for row in self.shared if row.health is not Health.OPERATIONAL]

    @property
    def working(self) -> list[SharedRow]:
        return [row for row in self.shared if row.health is Health.OPERATIONAL]

    @property
    def trouble_words(self) -> list[SafeString]:
        return [console_words.trouble(one) for one in self.troubles]

    @property
    def doubt_words(self) -> list[SafeString]:
        return [
            console_words.doubt(
                Bilingual(one.location.name_ar, one.location.name_en), one.network, one.began_at
            )
            for one in self.doubts
        ]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the board shows at `now`; `national` is None for people of an agency."""

    now: datetime
    rows: tuple[Row, ...]
    rows_cut: int
    notices: tuple[Row, ...]
    waiting: tuple[WaitingRow, ...]
    suspected: tuple[SuspectedRow, ...]
    suspected_cut: int
    windows: tuple[WindowRow, ...]
    reports: tuple[ReportRow, ...]
    reports_cut: int
    escalations: tuple[Escalation, ...]
    national: National | None

    @property
    def unseen(self) -> int:
        return sum(row.is_unseen for row in self.rows)

    @property
    def is_calm(self) -> bool:
        """Nothing is open and nothing is late: the night is quiet."""
        return not (
            self.rows
            or self.waiting
            or self.suspected
            or any(row.stands is Stands.OVER for row in self.windows)
            or (self.national and (self.national.troubles or self.national.doubts))
        )


def gather(visitor: Visitor, now: datetime) -> Board:
    """The board of `visitor` at `now`: 16 statements for the authority, one less for an agency."""
    office = queries.office_hours()
    opened = list(queries.open_incidents(visitor.agencies))
    rows = [row_of(incident, office, visitor, now) for incident in opened]
    calls = in_order(row for row in rows if row.incident.kind == Kind.INCIDENT)
    reports = owed_reports(visitor, office, now)
    suspected, more = suspicions(visitor, now)
    return Board(
        now=now,
        rows=tuple(calls[:ROWS_SHOWN]),
        rows_cut=max(0, len(calls) - ROWS_SHOWN),
        notices=tuple(row for row in rows if row.incident.kind != Kind.INCIDENT),
        waiting=tuple(waiting_texts(opened, visitor)),
        suspected=tuple(suspected),
        suspected_cut=more,
        windows=tuple(windows(visitor.agencies, now, now, now + AHEAD)),
        reports=tuple(reports[:_REPORTS_SHOWN]),
        reports_cut=max(0, len(reports) - _REPORTS_SHOWN),
        escalations=tuple(escalations(visitor, now - ESCALATIONS_FOR)),
        national=_national(now) if visitor.sees_board else None,
    )


# --- incidents ----------------------------------------------------------------------------------


def row_of(incident: Incident, office: OfficeHours, visitor: Visitor, now: datetime) -> Row:
    """One incident as `incidents.queries` loads it for lists; no statement of its own."""
    names, more = shortened(incident.services.all())
    newest: Sequence[Update] = getattr(incident, "newest_text", ())
    return Row(
        incident=incident,
        names=names,
        more=more,
        clocks=tuple(running(queries.clocks_of(incident, office), now)),
        newest=first_line(newest[0]) if newest else Bilingual(),
        may_acknowledge=incident.acknowledged_at is None
        and incident.is_open
        and visitor.may_run(incident.agency_id),
        now=now,
    )


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Unacknowledged first, then the worst severity, then whichever has waited longest."""
    return sorted(
        rows,
        key=lambda row: (not row.is_unseen, row.incident.severity, row.incident.opened_at),
    )


def running(clocks: Iterable[Clock], now: datetime) -> list[Running]:
    """The clocks that still run, the one that runs out first at the head."""
    found = []
    for clock in clocks:
        stands = state(clock, now)
        if stands in {ClockState.MET, ClockState.MET_LATE}:
            continue
        found.append(Running(clock.kind, stands, clock.due_at, abs(clock.due_at - now), now))
    return sorted(found, key=lambda one: one.due_at)


def shortened(listed: Iterable[ListedService]) -> tuple[tuple[Bilingual, ...], int]:
    """The first names of a list of services, and how many more there are."""
    names = [row.service.name for row in listed]
    return tuple(names[:_NAMES_SHOWN]), max(0, len(names) - _NAMES_SHOWN)


def first_line(update: Update) -> Bilingual:
    """The first line of a published text, without markup."""
    return Bilingual(_line(update.plain_ar), _line(update.plain_en))


def _line(text: str) -> str:
    return text.strip().partition("\n")[0]


def waiting_texts(opened: Iterable[Incident], visitor: Visitor) -> list[WaitingRow]:
    """The texts of these incidents that wait for a second person, oldest first."""
    found = [
        WaitingRow(
            incident,
            text,
            # Nobody approves what they wrote themselves.
            may_approve=text.author_id != visitor.person.pk and visitor.may_run(incident.agency_id),
        )
        for incident in opened
        for text in incident.waiting_texts  # type: ignore[attr-defined]
    ]
    return sorted(found, key=lambda row: row.text.written_at)


def owed_reports(visitor: Visitor, office: OfficeHours, now: datetime) -> list[ReportRow]:
    """The closing reports that are owed, the most urgent first. 1 query."""
    found = []
    for incident in queries.owing_reports(visitor.agencies):
        clocks = running(queries.clocks_of(incident, office), now)
        found += [ReportRow(incident, one) for one in clocks if one.kind is ClockKind.REPORT]
    return sorted(found, key=lambda row: row.clock.due_at)


def escalations(visitor: Visitor, since: datetime) -> list[Escalation]:
    """The clocks that ran out since then, newest first. 1 query; of an agency's person 2."""
    rows: QuerySet[Event] = Event.objects.filter(kind=DueKind.OVERDUE.value, at__gte=since)
    if visitor.agencies is not None:
        codes = visitor.person.agencies.filter(pk__in=visitor.agencies).values_list(
            "code", flat=True
        )
        rows = rows.filter(payload__agency__in=list(codes))
    return [
        Escalation(
            ref=event.payload["ref"],
            severity=event.payload["severity"],
            title=Bilingual(event.payload["title_ar"], event.payload["title_en"]),
            clock=event.payload["clock"],
            at=event.at,
        )
        for event in rows.order_by("-at", "-pk")[:_ESCALATIONS_SHOWN]
    ]


# --- planned work -------------------------------------------------------------------------------


def windows(
    agencies: set[int] | None, now: datetime, start: datetime, end: datetime
) -> list[WindowRow]:
    """Announced windows that count within [start, end) and are not closed. 3 queries."""
    found = []
    for window in (
        planned.in_force(start, end).select_related("agency").filter(state=State.APPROVED)
    ):
        listed = list(window.services.all())
        owners = {window.agency_id, *(row.service.agency_id for row in listed)}
        if agencies is not None and not owners & agencies:
            continue
        names = [row.service.name for row in listed]
        found.append(
            WindowRow(
                window,
                stands(window, now),
                tuple(names[:_NAMES_SHOWN]),
                max(0, len(names) - _NAMES_SHOWN),
                now,
            )
        )
    order = list(Stands)
    return sorted(found, key=lambda row: (order.index(row.stands), row.window.starts_at))


def stands(window: Window, now: datetime) -> Stands:
    """Where an announced window stands; its end itself is past it (rule 16)."""
    if now < window.starts_at:
        return Stands.AHEAD
    return Stands.RUNNING if now < window.ends_at else Stands.OVER


# --- the country, and the portal itself ---------------------------------------------------------


def _national(now: datetime) -> National:
    published = store.current()
    snapshot = published.snapshot if published else None
    doubts = ProberDoubt.objects.filter(ended_at=None).select_related("location")
    return National(
        shared=shared(snapshot, now) if snapshot else (),
        doubts=tuple(doubts.order_by("began_at", "pk")),
        troubles=tuple(machines.troubles(machines.pulse(snapshot, now), now)),
    )


_read: tuple[tuple[str, datetime, datetime], tuple[SharedRow, ...]] | None = None


def shared(snapshot: Snapshot, now: datetime) -> tuple[SharedRow, ...]:
    """The shared services as the reader says them, worst first; read once for each step."""
    global _read
    step = reader.step(now)
    key = (snapshot.version, snapshot.built_at, step)
    remembered = _read
    if remembered is not None and remembered[0] == key:
        return remembered[1]
    facts = {fact.slug: fact for fact in snapshot.truth.services if fact.shared}
    said = reader.read(_narrowed(snapshot), step)
    rows = [
        SharedRow(
            slug=slug,
            name=fact.name,
            health=said.services[slug].health,
            since=said.services[slug].since,
            is_public=fact.visibility == Visibility.PUBLIC,
        )
        for slug, fact in facts.items()
        if slug in said.services
    ]
    found = tuple(sorted(rows, key=lambda row: -1 if row.health is None else -rank(row.health)))
    _read = (key, found)
    return found


def _narrowed(snapshot: Snapshot) -> Snapshot:
    """`snapshot` with the shared services and what they need alone, nothing hidden."""
    truth = snapshot.truth
    upstreams: dict[str, list[str]] = {}
    for edge in truth.edges:
        upstreams.setdefault(edge.dependant, []).append(edge.upstream)
    wanted = {fact.id for fact in truth.services if fact.shared}
    waiting = list(wanted)
    while waiting:
        new = [one for one in upstreams.get(waiting.pop(), ()) if one not in wanted]
        wanted.update(new)
        waiting += new
    return replace(
        snapshot,
        truth=replace(
            truth,
            services=tuple(
                replace(fact, visibility=Visibility.PUBLIC.value)
                for fact in truth.services
                if fact.id in wanted
            ),
            edges=tuple(edge for edge in truth.edges if edge.dependant in wanted),
        ),
    )
