"""Stored daily figures follow the stored changes: written here, proved by `manage.py recompute`.

The public site reads what stands in DailyFigure, and in ChannelFigure where a channel's day was
not its service's, and computes nothing of it anew (rule 22).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from services import past
from services.models import Channel, FiguresMark, Service
from services.status.health import CheckHealth
from services.status.machine import Change
from services.status.observation import Reason
from services.status.timeline import days
from services.status.window import Window
from statusportal import figured
from statusportal.figure_proof import Apart, Compared, Found, Told
from statusportal.figure_rows import (
    Row,
    drop_channels,
    row_of,
    store_channels,
    store_services,
    whole,
)
from statusportal.figures_mark import held_mark, settled_change_id
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
# A person's word may be committed so much later than its instant says.
_SAID_LATE = timedelta(minutes=10)
# So many days are computed at once, to bound the memory.
_PART_DAYS = 31
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh did: changes' services it followed, and rows that came out different."""

    services: int
    rows: int


def refresh(*, now: datetime) -> Refreshed | None:
    """Let the daily figures follow what happened since the last time; harmless when run twice.

    New changes correct the days that they touch, back to where they began, for their services
    and all that depend on those (rule 22: a run confirmed after midnight corrects yesterday). The
    days that are still open are written anew for every service once a minute. A service without
    any figure gets all days since its first change.

    Days are read by today's catalogue. An edit of the catalogue rewrites open days only; closed
    days stay as they are until a change corrects them. A channel that is told apart for the first
    time gets all days since its own first change.

    One writer at a time: None when another one is at it, who will see the same changes.
    """
    with transaction.atomic():
        mark = held_mark(wait=False)
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
        mark = held_mark(wait=True)
        assert mark is not None
        work = _Work(mark, now)
        work.follow(with_open_days=not work.is_settled() or work.is_redeclared())
        found = work.compared(first, last)
        if fix and found.differences:
            store_services(found.services)
            store_channels(found.channels)
            # The version that the public site looks at (past.figures_version).
            mark.save()
        return found.said()


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
        self.horizon = settled_change_id(mark.last_change_id)
        self.settled = (self.now - _SETTLES_IN).astimezone(self.zone).date() - timedelta(days=1)
        self.closed = mark.closed_day or self.settled
        self.open_from = self.closed + timedelta(days=1)
        self.known = {str(pk): day for pk, day in past.first_figure_days().items()}
        self.covered = past.seconds_covered(self.today)
        # From which day on each service and each channel is told.
        self.first = dict(self.known)
        self.told_from = {channel: day for channel, _service, day in past.told_channels()}
        # The channels of each service that are told apart, once `follow` has begun with them.
        self.apart: dict[str, tuple[int, ...]] = {}

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

    def is_redeclared(self) -> bool:
        """Whether people said something else than what the open days were written by."""
        return any(True for _ in self._redeclared())

    def _day(self, instant: datetime) -> date:
        oldest = self.today - timedelta(days=FIRST_FILL_DAYS - 1)
        return max(instant.astimezone(self.zone).date(), oldest)

    def _due(self, *, with_open_days: bool) -> dict[str, date]:
        """The first day of each service that has to be written; those left out stay as they are."""
        services = self.nation.services
        pending = past.first_changes(after_id=self.mark.last_change_id, up_to_id=self.horizon)
        missing = [int(service) for service in services if service not in self.known]
        first = self.first
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
            for service, at in self._redeclared():
                touch(service, max(self._day(at), first[service]))
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

    def _redeclared(self) -> Iterator[tuple[str, datetime]]:
        """Services of which people said something else since the open days were written last."""
        told_until = _midnight(self.open_from, self.zone)
        if self.covered is not None:
            told_until = _midnight(self.today, self.zone) + timedelta(seconds=self.covered)
        # What is told twice comes out the same; what was committed late would be missed.
        declared = figured.redeclared(told_until - _SAID_LATE)
        for service, channels in self.nation.services.items():
            for channel in channels:
                if channel.id in declared:
                    yield service, declared[channel.id]

    def _told_apart(self, due: Mapping[str, date], *, with_open_days: bool) -> dict[int, date]:
        """Settle `apart`; the channels that are told from an earlier day on, and that day.

        New ones wait for the open days: then their rows and their services' are of one instant.
        """
        apart = {
            service: history.told_apart(channels, self.told_from)
            for service, channels in self.nation.services.items()
        }
        earlier = {
            channel: service
            for service, channels in apart.items()
            for channel in channels
            if (
                with_open_days
                if channel not in self.told_from
                else due.get(service, date.max) < self.told_from[channel]
            )
        }
        fresh: dict[int, date] = {}
        if earlier:
            began = past.first_changes_of_channels(list(earlier), up_to_id=self.horizon)
            for channel, service in earlier.items():
                day = self._day(began[channel]) if channel in began else self.today
                day = max(day, min(self.first[service], due.get(service, date.max)))
                if day < self.told_from.get(channel, date.max):
                    fresh[channel] = self.told_from[channel] = day
        self.apart = {
            service: tuple(channel for channel in channels if channel in self.told_from)
            for service, channels in apart.items()
        }
        return fresh

    # --- writing ----------------------------------------------------------------------------

    def follow(self, *, with_open_days: bool) -> Refreshed:
        """Write what is due, and move the mark on."""
        due = self._due(with_open_days=with_open_days)
        fresh = self._told_apart(due, with_open_days=with_open_days)
        begins = dict(due)
        for service, channels in self.apart.items():
            for channel in channels:
                if channel in fresh:
                    begins[service] = min(fresh[channel], begins.get(service, date.max))
        rows = 0
        # In two goes, so that one late correction does not drag everybody's months along.
        for is_open in (False, True):
            group = {
                service for service, day in begins.items() if (day >= self.open_from) is is_open
            }
            if group:
                for part in self._parts(min(begins[service] for service in group), self.today):
                    told = self._recomputed(part, group)
                    rows += store_services(
                        {
                            (service, day): row
                            for (service, day), row in told.services.items()
                            if due.get(service, date.max) <= day
                        }
                    )
                    rows += self._write_channels(part, group, told, due, fresh)
        before = (self.mark.last_change_id, self.mark.closed_day)
        self.mark.last_change_id = self.horizon
        if with_open_days:
            self.closed = max(self.settled, self.closed)
            self.mark.closed_day = self.closed
        if rows or before != (self.mark.last_change_id, self.mark.closed_day):
            self.mark.save()
        return Refreshed(len(due), rows)

    def _write_channels(
        self,
        part: tuple[date, date],
        services: set[str],
        told: Told,
        due: Mapping[str, date],
        fresh: Mapping[int, date],
    ) -> int:
        """Write or drop the channels' rows of what is due; how many came out different."""
        service_of = self._service_of(services)
        if not service_of:
            return 0
        everywhere = len(services) == len(self.nation.services)
        stored = past.channel_figures(*part, channels=None if everywhere else list(service_of))
        # A new channel goes back to days that are closed: there it is told apart from what
        # stands of its service, which is not recomputed for its sake.
        beyond = {
            channel
            for channel, day in fresh.items()
            if channel in service_of and day < due.get(service_of[channel], date.max)
        }
        standing = (
            past.daily_figures(*part, services=[int(service_of[channel]) for channel in beyond])
            if beyond
            else {}
        )
        looked_at = stored.keys() | told.channels.keys()
        looked_at |= {(channel, self.told_from[channel]) for channel in service_of}
        days_of_part = {day for _service, day in told.services}
        looked_at |= {(channel, day) for channel in beyond for day in days_of_part}
        needed: dict[tuple[int, date], Row] = {}
        needless: list[tuple[int, date]] = []
        for channel, day in looked_at:
            service = service_of.get(channel)
            if service is None or day < self.told_from[channel]:
                continue
            is_written = due.get(service, date.max) <= day
            row = told.of_channel(channel, service, day)
            if row is None or not (is_written or fresh.get(channel, date.max) <= day):
                continue
            service_row = (
                told.services[service, day] if is_written else standing.get((int(service), day))
            )
            if row != service_row or day == self.told_from[channel]:
                if stored.get((channel, day)) != row:
                    needed[channel, day] = row
            elif (channel, day) in stored:
                needless.append((channel, day))
        return store_channels(needed) + drop_channels(needless)

    def _service_of(self, services: Iterable[str]) -> dict[int, str]:
        """The channels told apart of `services`, and whose each is."""
        return {channel: service for service in services for channel in self.apart[service]}

    def _parts(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        while first <= last:
            until = min(first + timedelta(days=_PART_DAYS - 1), last)
            yield first, until
            first = until + timedelta(days=1)

    def _recomputed(
        self, part: tuple[date, date], services: set[str], until: datetime | None = None
    ) -> Told:
        """The rows of `services` in the days of `part`, as told at `until` (None: now)."""
        now = until or self.now
        periods = history.periods(*part, now=now, zone=self.zone)
        if not periods or not services:
            return Told()
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
            apart={service: self.apart[service] for service in services},
        )
        told = Told(
            {
                (service, day): row_of(spent)
                for service in services
                for day, spent in history.day_figures(spans.services[service], periods).items()
            }
        )
        service_of = self._service_of(services)
        for channel, timeline in spans.channels.items():
            for day, spent in history.day_figures(timeline, periods).items():
                row = row_of(spent)
                if row != told.services[service_of[channel], day]:
                    told.channels[channel, day] = row
        return told

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
        return Past(
            changes=changes,
            standing=standing,
            declared=figured.declared(start, end),
            windows=windows,
        )

    # --- comparing --------------------------------------------------------------------------

    def compared(self, first: date | None, last: date | None) -> Found:
        """Stored against recomputed; today only as far as it has been told."""
        # `follow` may have given a service its first figures.
        self.known = {str(pk): day for pk, day in past.first_figure_days().items()}
        first = first or min(self.known.values(), default=self.today)
        last = min(last or self.today, self.today)
        found = Found({str(pk): slug for pk, slug in Service.objects.values_list("id", "slug")})
        began = {
            str(pk): self._day(at)
            for pk, at in past.first_changes(after_id=0, up_to_id=self.horizon).items()
        }
        since = {
            service: min(began.get(service, self.today), self.known.get(service, self.today))
            for service in self.nation.services
        }
        apart = self._apart_since(since)
        for part in self._parts(first, min(last, self.today - timedelta(days=1))):
            expected = self._recomputed(part, set(self.nation.services))
            found.compare_services(past.daily_figures(*part), expected, since)
            found.compare_channels(past.channel_figures(*part), expected, apart)
        if first <= self.today <= last:
            stored = past.daily_figures(self.today, self.today)
            expected = self._recomputed_today(stored)
            found.compare_services(stored, expected, since)
            channels = past.channel_figures(self.today, self.today)
            found.compare_channels(channels, expected, apart)
        return found

    def _apart_since(self, since: Mapping[str, date]) -> dict[int, Apart]:
        service_of = self._service_of(self.nation.services)
        began = past.first_changes_of_channels(list(service_of), up_to_id=self.horizon)
        kinds = dict(Channel.objects.values_list("id", "kind"))
        apart = {}
        for channel, service in service_of.items():
            told_from = self.told_from[channel]
            day = self._day(began[channel]) if channel in began else told_from
            day = min(max(day, since[service]), told_from)
            apart[channel] = Apart(service, kinds[channel], day, told_from)
        return apart

    def _recomputed_today(self, stored: Mapping[tuple[int, date], Row]) -> Told:
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
            seconds = usual if row is None or service not in newer else max(usual, whole(row))
            told[min(midnight + timedelta(seconds=seconds), self.now)].add(service)
        expected = Told()
        for until, services in told.items():
            recomputed = self._recomputed((self.today, self.today), services, until)
            expected.services.update(recomputed.services)
            expected.channels.update(recomputed.channels)
        return expected


def _midnight(day: date, zone: tzinfo) -> datetime:
    return days(day, day + timedelta(days=1), zone)[0][1]
