"""Which announced windows a page tells, and where each of them stands for citizens. Pure.

Everything follows from what the reader says at one instant: no worker is needed for a window to
begin, to run over, or to leave the banners (rules 16 and 20).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.bilingual import Bilingual
from maintenance import windows as life
from maintenance.policy import Policy
from maintenance.windows import Stage
from services.status.health import Health
from services.status.window import WindowEffect
from statusportal.public.said import Said, WindowSaid
from statusportal.public.shape import WindowedService

_DAY = timedelta(days=1)

RUNNING = frozenset({Stage.IN_PROGRESS, Stage.EXTENDED, Stage.RUNNING_OVER})
CALLED_OFF = frozenset({Stage.CANCELLED, Stage.POSTPONED})
# What a banner shows, the most pressing first.
_PRESSING = (
    Stage.RUNNING_OVER,
    Stage.EXTENDED,
    Stage.IN_PROGRESS,
    Stage.UPCOMING,
    Stage.COMPLETED_RECENTLY,
)


@dataclass(frozen=True, slots=True)
class WindowShown:
    """A window with all that its sentences depend on at one instant.

    `answers`: every check on what it touches finds it good, and there are some (rule 16).
    `works`: every service that it names is operational. `moved_to` is the window that took its
    place, `has_unspoken` that it names services which are not public (rule 12).
    """

    said: WindowSaid
    stage: Stage
    now: datetime
    answers: bool = False
    works: bool = False
    moved_to: WindowSaid | None = None
    has_unspoken: bool = False

    @property
    def ref(self) -> str:
        return self.said.fact.ref

    @property
    def is_running(self) -> bool:
        return self.stage in RUNNING

    @property
    def is_called_off(self) -> bool:
        return self.stage in CALLED_OFF

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From when to when it lasts, as far as anybody knows: half-open."""
        fact = self.said.fact
        if fact.completed_at is not None:
            return fact.starts_at, max(fact.starts_at, fact.completed_at)
        if self.stage is Stage.RUNNING_OVER:
            return fact.starts_at, self.now
        return fact.starts_at, fact.ends_at


def shown(said: Said, policy: Policy) -> tuple[WindowShown, ...]:
    """Every announced window as it stands, in order of its start."""
    by_ref = {window.fact.ref: window for window in said.windows}
    return tuple(_shown(said, window, by_ref, policy) for window in said.windows)


def _shown(
    said: Said, window: WindowSaid, by_ref: dict[str, WindowSaid], policy: Policy
) -> WindowShown:
    services = [said.services[fact.slug] for fact in window.services]
    named = {one.id: one for one in window.fact.services}
    measured = [
        channel.measured
        for service in services
        for channel in service.channels
        if _touches(named[service.fact.id], channel.fact.id) and channel.measured is not None
    ]
    has_unspoken = len(window.services) < len(window.fact.services)
    return WindowShown(
        said=window,
        stage=stage(window, policy, said.now),
        now=said.now,
        # What is not public is measured too, but nothing may be said of it.
        answers=not has_unspoken
        and bool(measured)
        and all(health is Health.OPERATIONAL for health in measured),
        works=not has_unspoken
        and bool(services)
        and all(service.health is Health.OPERATIONAL for service in services),
        moved_to=by_ref.get(window.fact.moved_to),
        has_unspoken=has_unspoken,
    )


def _touches(named: WindowedService, channel: int) -> bool:
    return not named.channels or channel in named.channels


def stage(window: WindowSaid, policy: Policy, now: datetime) -> Stage:
    """Where it stands for citizens: extended as soon as a later end was promised."""
    fact = window.fact
    # By the instants, which the rules of status go by too: words and effect never disagree.
    if fact.cancelled_at is not None:
        return Stage.CANCELLED
    if fact.moved_to or fact.state == life.Decision.POSTPONED:
        return Stage.POSTPONED
    found = life.stage(
        life.Facts(
            state=life.Decision.APPROVED if fact.completed_at is None else life.Decision.COMPLETED,
            starts_at=fact.starts_at,
            ends_at=fact.ends_at,
            announced_end_at=fact.announced_end_at,
            approved_at=fact.approved_at,
            completed_at=fact.completed_at,
        ),
        policy,
        now,
    )
    if found is Stage.IN_PROGRESS and fact.ends_at > fact.announced_end_at:
        return Stage.EXTENDED
    return found


def worst(windows: Iterable[WindowShown]) -> WindowShown:
    """Of windows that run at once: the one with the worst effect (rule 14), of equals the one
    that is promised to end last."""
    order = (WindowEffect.NONE, WindowEffect.SLOW, WindowEffect.PARTLY, WindowEffect.STOPPED)
    return max(windows, key=lambda one: (order.index(one.said.effect), one.said.fact.ends_at))


# --- banners ------------------------------------------------------------------------------------


def for_banner(windows: Iterable[WindowShown]) -> list[WindowShown]:
    """What a banner tells: from the notice time until shortly after, the most pressing first.

    Work that nobody notices needs no banner.
    """
    told = [
        window
        for window in windows
        if window.stage in _PRESSING and window.said.effect is not WindowEffect.NONE
    ]
    # At equal urgency what reaches more services comes first; sorting keeps the order of starts.
    return sorted(
        told,
        key=lambda window: (
            _PRESSING.index(window.stage),
            -len(window.said.services) - len(window.said.derived),
        ),
    )


def of_service(windows: Iterable[WindowShown], service: str) -> list[WindowShown]:
    """The windows that name the service with this public id, or something that it needs."""
    return [window for window in windows if service in _ids(window.said)]


def of_agency(windows: Iterable[WindowShown], code: str) -> list[WindowShown]:
    """The windows that reach a public service of this agency."""
    return [
        window
        for window in windows
        if any(one.agency == code for one in (*window.said.services, *window.said.derived))
    ]


def _ids(window: WindowSaid) -> Iterator[str]:
    return (one.id for one in (*window.services, *window.derived))


# --- lists --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lists:
    """The page of planned work: what runs, what is ahead, what was."""

    running: tuple[WindowShown, ...]
    ahead: tuple[WindowShown, ...]
    past: tuple[WindowShown, ...]


def lists(windows: Iterable[WindowShown]) -> Lists:
    """Each window once. What was called off stays among what is ahead until its time is past:
    whoever waits for it looks for it there."""
    running, ahead, past = [], [], []
    for window in windows:
        if window.is_running:
            running.append(window)
        elif window.stage in {Stage.ANNOUNCED, Stage.UPCOMING} or (
            window.is_called_off and window.now < window.said.fact.ends_at
        ):
            ahead.append(window)
        else:
            past.append(window)
    return Lists(
        running=tuple(sorted(running, key=lambda window: _PRESSING.index(window.stage))),
        ahead=tuple(ahead),
        past=tuple(reversed(past)),
    )


def next_days(
    windows: Iterable[WindowShown], now: datetime, zone: ZoneInfo, days: int
) -> list[tuple[date, list[WindowShown]]]:
    """What begins today or on one of the next `days` − 1 days, by day; days without are left out.

    What runs already stands above, in the banners.
    """
    today = now.astimezone(zone).date()
    found: dict[date, list[WindowShown]] = {}
    for window in windows:
        day = window.said.fact.starts_at.astimezone(zone).date()
        if window.stage in {Stage.ANNOUNCED, Stage.UPCOMING} and day < today + days * _DAY:
            found.setdefault(day, []).append(window)
    return sorted(found.items())


# --- a month ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A window on one day. `starts_at` and `ends_at` are None where that is on another day."""

    window: WindowShown
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    is_inside: bool
    is_today: bool
    entries: tuple[Entry, ...]


def month(
    windows: Iterable[WindowShown], first: date, now: datetime, zone: ZoneInfo, weekend: Set[int]
) -> list[Day]:
    """Whole weeks from the one with `first`, the first day of a month, to its last."""
    every = tuple(windows)
    begins = first - ((first.weekday() - week_start(weekend)) % 7) * _DAY
    days: list[Day] = []
    day = begins
    while day < after(first) or len(days) % 7:
        is_inside = (day.year, day.month) == (first.year, first.month)
        entries = tuple(_on(day, every, zone)) if is_inside else ()
        days.append(Day(day, is_inside, day == now.astimezone(zone).date(), entries))
        day += _DAY
    return days


def _on(day: date, windows: Iterable[WindowShown], zone: ZoneInfo) -> Iterator[Entry]:
    opens = datetime.combine(day, time.min, zone)
    closes = datetime.combine(day + _DAY, time.min, zone)
    for window in windows:
        starts_at, ends_at = window.span
        # What ends at the stroke of midnight does not reach into the day that begins then.
        if starts_at < closes and (opens < ends_at or opens <= starts_at):
            yield Entry(
                window,
                starts_at if opens <= starts_at else None,
                ends_at if ends_at <= closes else None,
            )


def week_start(weekend: Set[int]) -> int:
    """The first day of the week, from 0, Monday: the day after the weekend."""
    return next((day for day in range(7) if day not in weekend and (day - 1) % 7 in weekend), 6)


def after(first: date) -> date:
    """The first day of the next month."""
    return (first + 31 * _DAY).replace(day=1)


def before(first: date) -> date:
    """The first day of the month before."""
    return (first - _DAY).replace(day=1)


def months(windows: Iterable[WindowShown], now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last month that has something to show; the present one always has."""
    present = now.astimezone(zone).date()
    days = [present] + [at.astimezone(zone).date() for window in windows for at in window.span]
    return min(days).replace(day=1), max(days).replace(day=1)


def asked_month(text: str) -> date | None:
    """The first day of a month given as 2026-11; None where it is no month."""
    try:
        year, number = text.split("-")
        if len(year) != 4 or len(number) != 2 or not (year + number).isascii():
            return None
        return date(int(year), int(number), 1)
    except ValueError:
        return None


# --- what may be said ---------------------------------------------------------------------------


# --- steps --------------------------------------------------------------------------------------


class Happening(StrEnum):
    """What the clock does between the steps of people (maintenance.models.Step.Kind)."""

    STARTED = "started"
    RAN_OVER = "ran_over"


@dataclass(frozen=True, slots=True)
class StepShown:
    """One step, with the times that held after it."""

    kind: str
    at: datetime
    starts_at: datetime
    ends_at: datetime
    note: Bilingual = Bilingual()


# Steps that promise no time to come.
_CLOSING = frozenset({"completed", "cancelled", "postponed"})


def timeline(window: WindowShown) -> list[StepShown]:
    """The public steps and what the clock did between them, newest first."""
    fact = window.said.fact
    steps = [
        StepShown(step.kind, step.at, step.starts_at, step.ends_at, step.note)
        for step in fact.steps
    ]
    if not window.is_called_off and fact.starts_at <= window.now:
        begun_at = max(fact.starts_at, fact.approved_at)
        happened = [StepShown(Happening.STARTED, begun_at, fact.starts_at, fact.ends_at)]
        happened += [
            StepShown(Happening.RAN_OVER, end, fact.starts_at, end)
            for end in _missed(steps, window)
        ]
        # First, because sorting is stable: at one instant it runs over and then is extended.
        steps = happened + steps
    return sorted(steps, key=lambda step: step.at)[::-1]


def _missed(steps: Iterable[StepShown], window: WindowShown) -> Iterator[datetime]:
    """The promised ends that passed before a later one was promised, or the work was closed."""
    fact = window.said.fact
    promised = sorted((step.at, step.ends_at) for step in steps if step.kind not in _CLOSING) or [
        (fact.approved_at, fact.ends_at)
    ]
    until = [at for at, _end in promised[1:]]
    for (_at, end), later in zip(promised, [*until, fact.completed_at], strict=True):
        # Still open: late from the very end on, as the rules of status have it.
        if end <= window.now if later is None else end < later:
            yield end
