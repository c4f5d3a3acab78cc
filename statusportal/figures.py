"""Stored daily figures follow the stored changes: written here, proved by `manage.py recompute`.

The public site reads what stands in DailyFigure and computes nothing of it anew (rule 22).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import OperationalError, connection, transaction

from services import past, queries
from services.models import FiguresMark, Service
from services.past import FIGURES
from services.status.health import CheckHealth
from services.status.machine import Change
from services.status.observation import Reason
from services.status.timeline import days
from services.status.uptime import Figures
from services.status.window import Window
from statusportal import figured
from statusportal.public import history
from statusportal.public.history import Past

# The present day of every service is written anew when its figures are older than this; with a
# beat of 20 s that is once a minute.
_WHOLE_EVERY = timedelta(seconds=40)
# A day stays open for a while after midnight: answers that were under way at its end, and the
# silence that only shows after three intervals, still belong to it.
_SETTLES_IN = timedelta(hours=1)
# A service's first figures reach no further back.
FIRST_FILL_DAYS = 400
# So many days are computed at once, to bound the memory.
_PART_DAYS = 31
# Nobody who stores observations waits longer for us than this.
_LOCK_TIMEOUT = "1s"
_ROWS_AT_ONCE = 5_000
_DAY = timedelta(days=1)

# (service, day) → seconds, in the order of FIGURES.
_Rows = Mapping[tuple[str, date], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh did: changes' services it followed, and rows that came out different."""

    services: int
    rows: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored figure that is not what the stored changes say; None where there is no row."""

    service: str  # slug
    day: date
    field: str
    stored: int | None
    recomputed: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome of a comparison, and how much was compared."""

    differences: tuple[Difference, ...]
    days: int
    services: int


def refresh(*, now: datetime) -> Refreshed | None:
    """Let the daily figures follow what happened since the last time; harmless when run twice.

    New changes correct the days that they touch, back to where they began, for their services
    and all that depend on those (rule 22: a run confirmed after midnight corrects yesterday). The
    days that are still open are written anew for every service once a minute. A service without
    any figure gets all days since its first change.

    Days are read by today's catalogue. An edit of the catalogue rewrites open days only; closed
    days stay as they are until a change corrects them.

    One writer at a time: None when another one is at it, who will see the same changes.
    """
    with transaction.atomic():
        mark = _held_mark(wait=False)
        if mark is None:
            return None
        work = _Work(mark, now)
        return work.follow(with_open_days=work.is_old())


def compare(
    *, now: datetime, first: date | None = None, last: date | None = None, fix: bool = False
) -> Compared:
    """Recompute the days from `first` to `last` and compare them with what is stored.

    Without `first` from the oldest figure on, without `last` up to today, as far as today's
    figures reach. What happened since the last refresh is followed first, so that nothing is
    called wrong that is only young. `fix` stores the recomputed figures.

    Days before an edit of the catalogue may honestly differ: they were written by the catalogue
    of their time, and are recomputed by today's.
    """
    with transaction.atomic():
        mark = _held_mark(wait=True)
        assert mark is not None
        work = _Work(mark, now)
        work.follow(with_open_days=not work.is_settled())
        found = work.compared(first, last)
        if fix and found.wrong:
            _store(found.wrong)
            # The version that the public site looks at (past.figures_version).
            mark.save()
        return found.said()


@dataclass(slots=True)
class _Found:
    differences: list[Difference]
    wrong: dict[tuple[str, date], tuple[int, ...]]
    days: set[date]
    services: set[str]

    def said(self) -> Compared:
        return Compared(tuple(self.differences), len(self.days), len(self.services))


class _Work:
    """The catalogue, how far the changes may be followed, and the clock, read once."""

    def __init__(self, mark: FiguresMark, now: datetime) -> None:
        # Whole seconds, as the figures are: what is recomputed later has to see the same clock.
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.zone = ZoneInfo(settings.TIME_ZONE)
        self.today = self.now.astimezone(self.zone).date()
        self.mark = mark
        # In this order: a change must never be newer than the last observations we know of,
        # or a check that came back a moment ago would look silent.
        self.nation = figured.nation()
        self.horizon = _settled_change_id(mark.last_change_id)
        self.settled = (self.now - _SETTLES_IN).astimezone(self.zone).date() - timedelta(days=1)
        self.closed = mark.closed_day or self.settled
        self.open_from = self.closed + timedelta(days=1)
        self.known = {str(pk): day for pk, day in past.first_figure_days().items()}
        self.covered = past.seconds_covered(self.today)

    # --- what is due ------------------------------------------------------------------------

    def is_settled(self) -> bool:
        """Whether every day that is over is closed, and today has begun to be told."""
        return self.settled <= self.closed and self.covered is not None

    def is_old(self) -> bool:
        """Whether the open days are due to be written for every service."""
        if self.covered is None or not self.is_settled():
            return True
        told_until = _midnight(self.today, self.zone) + timedelta(seconds=self.covered)
        return self.now - told_until >= _WHOLE_EVERY

    def _day(self, instant: datetime) -> date:
        oldest = self.today - timedelta(days=FIRST_FILL_DAYS - 1)
        return max(instant.astimezone(self.zone).date(), oldest)

    def _due(self, *, with_open_days: bool) -> dict[str, date]:
        """The first day of each service that has to be written; those left out stay as they are."""
        services = self.nation.services
        pending = past.first_changes(after_id=self.mark.last_change_id, up_to_id=self.horizon)
        missing = [int(service) for service in services if service not in self.known]
        first = dict(self.known)
        if missing:
            began = past.first_changes(after_id=0, up_to_id=self.horizon, services=missing)
            first |= {
                str(pk): self._day(began[pk]) if pk in began else self.today for pk in missing
            }
        due = {str(pk): first[str(pk)] for pk in missing}

        def touch(service: str, day: date) -> None:
            if service not in services:
                return
            due[service] = min(day, due.get(service, day))
            for other in self.nation.with_dependants([service]):
                # What a dependant was before we knew it is not made up from its upstreams.
                from_day = max(day, first[other]) if other != service else day
                due[other] = min(from_day, due.get(other, from_day))

        for pk, at in pending.items():
            touch(str(pk), self._day(at))
        for service, day in self._fell_silent():
            touch(service, max(day, first[service]))
        if with_open_days:
            for service in services:
                from_day = max(self.open_from, first[service])
                due[service] = min(from_day, due.get(service, from_day))
        return due

    def _fell_silent(self) -> Iterator[tuple[str, date]]:
        """Services of which nothing is known since a day that was closed before that showed."""
        opened_at = _midnight(self.open_from, self.zone)
        for service, channels in self.nation.services.items():
            for channel in channels:
                for check in channel.checks:
                    for seen_at in check.seen.values():
                        shows_at = seen_at + check.fresh_for
                        if seen_at < opened_at <= shows_at < self.now:
                            yield service, self._day(seen_at)

    # --- writing ----------------------------------------------------------------------------

    def follow(self, *, with_open_days: bool) -> Refreshed:
        """Write what is due, and move the mark on."""
        due = self._due(with_open_days=with_open_days)
        rows = 0
        # Apart, so that one late correction does not drag everybody's months along.
        for is_open in (False, True):
            group = {service for service, day in due.items() if (day >= self.open_from) is is_open}
            if group:
                for part in self._parts(min(due[service] for service in group), self.today):
                    recomputed = self._recomputed(part, group)
                    rows += _store(
                        {key: row for key, row in recomputed.items() if key[1] >= due[key[0]]}
                    )
        before = (self.mark.last_change_id, self.mark.closed_day)
        self.mark.last_change_id = self.horizon
        if with_open_days:
            self.closed = max(self.settled, self.closed)
            self.mark.closed_day = self.closed
        if rows or before != (self.mark.last_change_id, self.mark.closed_day):
            self.mark.save()
        return Refreshed(len(due), rows)

    def _parts(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        while first <= last:
            until = min(first + timedelta(days=_PART_DAYS - 1), last)
            yield first, until
            first = until + timedelta(days=1)

    def _recomputed(
        self, part: tuple[date, date], services: set[str], until: datetime | None = None
    ) -> dict[tuple[str, date], tuple[int, ...]]:
        """The rows of `services` in the days of `part`, as told at `until` (None: now)."""
        now = until or self.now
        periods = history.periods(*part, now=now, zone=self.zone)
        if not periods or not services:
            return {}
        start, end = periods[0][1], periods[-1][2]
        only = None if len(services) == len(self.nation.services) else services
        windows = figured.windows(start, end)
        # Rule 15 asks whether an outage was under way when a window began.
        first = min([start, *(one.starts_at - _DAY for ones in windows.values() for one in ones)])
        spans = history.timelines(
            self.nation,
            self._past(first, end, only, windows),
            start=first,
            end=end,
            now=now,
            only=only,
        )
        return {
            (service, day): _row(spent)
            for service in services
            for day, spent in history.day_figures(spans[service], periods).items()
        }

    def _past(
        self,
        start: datetime,
        end: datetime,
        services: set[str] | None,
        windows: Mapping[str, Sequence[Window]],
    ) -> Past:
        """The stored interval sets of a period: the one place where more kinds of them come in."""
        checks = None
        if services is not None:
            checks = [
                check.id
                for service in self.nation.with_upstreams(services)
                for channel in self.nation.services[service]
                for check in channel.checks
            ]
        changes: dict[tuple[int, int], list[Change]] = defaultdict(list)
        for check_id, location_id, was, became, at, confirmed_at, reason in past.changes_between(
            start, end, up_to_id=self.horizon, checks=checks
        ):
            changes[check_id, location_id].append(
                Change(
                    from_health=CheckHealth(was),
                    to_health=CheckHealth(became),
                    at=at,
                    confirmed_at=confirmed_at,
                    reason=None if reason is None else Reason(reason),
                )
            )
        standing = past.standing_before(start, up_to_id=self.horizon, checks=checks)
        return Past(changes=changes, standing=standing, windows=windows)

    # --- comparing --------------------------------------------------------------------------

    def compared(self, first: date | None, last: date | None) -> _Found:
        """Stored against recomputed; today only as far as it has been told."""
        # `follow` may have given a service its first figures.
        self.known = {str(pk): day for pk, day in past.first_figure_days().items()}
        first = first or min(self.known.values(), default=self.today)
        last = min(last or self.today, self.today)
        found = _Found([], {}, set(), set())
        slugs = {str(pk): slug for pk, slug in Service.objects.values_list("id", "slug")}
        began = {
            str(pk): self._day(at)
            for pk, at in past.first_changes(after_id=0, up_to_id=self.horizon).items()
        }
        since = {
            service: min(began.get(service, self.today), self.known.get(service, self.today))
            for service in self.nation.services
        }
        for part in self._parts(first, min(last, self.today - timedelta(days=1))):
            expected = self._recomputed(part, set(self.nation.services))
            _note(found, past.daily_figures(*part), expected, since, slugs)
        if first <= self.today <= last:
            stored = past.daily_figures(self.today, self.today)
            expected = self._recomputed_today(stored)
            _note(found, stored, expected, since, slugs)
        return found

    def _recomputed_today(
        self, stored: Mapping[tuple[int, date], tuple[int, ...]]
    ) -> dict[tuple[str, date], tuple[int, ...]]:
        """Today, told at the very instants at which the stored figures were.

        All rows are of the last writing of the open days, except those of services that were
        written since because something happened to them.
        """
        midnight = _midnight(self.today, self.zone)
        usual = past.seconds_covered(self.today) or 0
        usual_at = midnight + timedelta(seconds=usual)
        newer = {service for service, day in self.known.items() if day == self.today}
        # A change may be committed a little later than it was confirmed.
        changed = past.services_changed_since(
            usual_at - timedelta(minutes=2), up_to_id=self.horizon
        )
        touched = {str(pk) for pk in changed} | {service for service, _day in self._fell_silent()}
        newer |= self.nation.with_dependants(touched)
        told: dict[datetime, set[str]] = defaultdict(set)
        for service in self.nation.services:
            row = stored.get((int(service), self.today))
            # Never earlier: the open days were written for everybody then.
            seconds = usual if row is None or service not in newer else max(usual, _whole(row))
            told[min(midnight + timedelta(seconds=seconds), self.now)].add(service)
        expected: dict[tuple[str, date], tuple[int, ...]] = {}
        for until, services in told.items():
            expected |= self._recomputed((self.today, self.today), services, until)
        return expected


def _note(
    found: _Found,
    stored: Mapping[tuple[int, date], tuple[int, ...]],
    expected: _Rows,
    since: Mapping[str, date],
    slugs: Mapping[str, str],
) -> None:
    """Compare one part; a service is compared from its first day on."""
    for (service, day), row in sorted(expected.items(), key=lambda item: (item[0][1], item[0][0])):
        if day < since[service]:
            continue
        found.days.add(day)
        found.services.add(service)
        held = stored.get((int(service), day))
        if held == row:
            continue
        found.wrong[service, day] = row
        if held is None:
            found.differences.append(Difference(slugs[service], day, "day", None, _whole(row)))
            continue
        found.differences += [
            Difference(slugs[service], day, name, was, is_now)
            for name, was, is_now in zip(FIGURES, held, row, strict=True)
            if was != is_now
        ]


def _row(spent: Figures) -> tuple[int, ...]:
    return tuple(int(getattr(spent, name).total_seconds()) for name in FIGURES)


def _whole(row: Sequence[int]) -> int:
    """The seconds that a row tells of; what is shown apart is part of `up`."""
    told = dict(zip(FIGURES, row, strict=True))
    return sum(told.values()) - told["partial"] - told["degraded"] - told["limited"]


def _midnight(day: date, zone: tzinfo) -> datetime:
    return days(day, day + timedelta(days=1), zone)[0][1]


def _held_mark(*, wait: bool) -> FiguresMark | None:
    """The one row that says how far the figures are, locked; None when somebody else has it."""
    if not FiguresMark.objects.exists():
        FiguresMark.objects.bulk_create([FiguresMark(id=1)], ignore_conflicts=True)
    return FiguresMark.objects.select_for_update(skip_locked=not wait).filter(id=1).first()


def _settled_change_id(followed: int) -> int:
    """The newest change below which no other can appear any more.

    Numbers are drawn before their transactions commit, so a lower one may come to light after a
    higher one, and whoever remembers the higher one would miss it for ever. Holding off writers
    for an instant waits for those who have drawn theirs.
    """
    if queries.newest_change_id() <= followed:
        return followed
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
            cursor.execute("LOCK TABLE services_statuschange IN SHARE MODE")
            newest = queries.newest_change_id()
            # Only a rolled back savepoint gives its lock back before the transaction ends.
            transaction.set_rollback(True)
    except OperationalError:
        # Somebody writes for longer than that: there is a next time in a few seconds.
        return followed
    return newest


# The columns stand in the order of FIGURES.
_UPSERT = """
INSERT INTO services_dailyfigure AS f
    (service_id, day, up, partial, degraded, limited, planned, overrun, own, upstream, unknown)
SELECT new.*
FROM unnest(%s::bigint[], %s::date[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[],
            %s::int[], %s::int[], %s::int[], %s::int[])
     AS new (service_id, day, up, partial, degraded, limited, planned, overrun, own, upstream,
             unknown)
-- A service that was deleted meanwhile has no figures any more.
JOIN services_service s ON s.id = new.service_id
ORDER BY new.service_id, new.day
ON CONFLICT (service_id, day) DO UPDATE
SET up = excluded.up, partial = excluded.partial, degraded = excluded.degraded,
    limited = excluded.limited, planned = excluded.planned, overrun = excluded.overrun,
    own = excluded.own, upstream = excluded.upstream, unknown = excluded.unknown
WHERE (f.up, f.partial, f.degraded, f.limited, f.planned, f.overrun, f.own, f.upstream, f.unknown)
      IS DISTINCT FROM
      (excluded.up, excluded.partial, excluded.degraded, excluded.limited, excluded.planned,
       excluded.overrun, excluded.own, excluded.upstream, excluded.unknown)
"""


def _store(rows: _Rows) -> int:
    """Write the rows that are new or different; how many those were."""
    written = 0
    with connection.cursor() as cursor:
        for batch in _batches(list(rows.items())):
            cursor.execute(
                _UPSERT,
                [
                    [int(service) for (service, _day), _row in batch],
                    [day for (_service, day), _row in batch],
                    *([row[number] for _key, row in batch] for number in range(len(FIGURES))),
                ],
            )
            written += cursor.rowcount
    return written


def _batches(
    rows: Sequence[tuple[tuple[str, date], tuple[int, ...]]],
) -> Iterable[Sequence[tuple[tuple[str, date], tuple[int, ...]]]]:
    return (rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE))
