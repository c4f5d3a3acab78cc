"""Stored figures beside recomputed ones, and every difference by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.past import FIGURES
from statusportal.figure_rows import Row, whole


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored figure that is not what the stored changes say; None where there is no row."""

    service: str  # slug
    day: date
    field: str
    stored: int | None
    recomputed: int | None
    channel: str = ""  # its kind; empty for the service itself


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome of a comparison, and how much was compared."""

    differences: tuple[Difference, ...]
    days: int
    services: int
    channels: int


@dataclass(frozen=True, slots=True)
class Told:
    """Recomputed rows by (service, day) and (channel, day).

    A channel's day that is left out is the one of its service.
    """

    services: dict[tuple[str, date], Row] = field(default_factory=dict)
    channels: dict[tuple[int, date], Row] = field(default_factory=dict)

    def of_channel(self, channel: int, service: str, day: date) -> Row | None:
        """The row of a channel's day; None on a day that was not recomputed."""
        return self.channels.get((channel, day), self.services.get((service, day)))


@dataclass(frozen=True, slots=True)
class Apart:
    """A channel that is told beside its service: from which day on it has to be, and is."""

    service: str
    kind: str
    since: date
    told_from: date


@dataclass(slots=True)
class Found:
    """What was compared so far, and the rows that have to be stored to mend it."""

    slugs: Mapping[str, str]
    differences: list[Difference] = field(default_factory=list)
    services: dict[tuple[str, date], Row] = field(default_factory=dict)
    channels: dict[tuple[int, date], Row] = field(default_factory=dict)
    days_seen: set[date] = field(default_factory=set)
    services_seen: set[str] = field(default_factory=set)
    channels_seen: set[int] = field(default_factory=set)

    def said(self) -> Compared:
        """The outcome, for people."""
        return Compared(
            tuple(self.differences),
            len(self.days_seen),
            len(self.services_seen),
            len(self.channels_seen),
        )

    def compare_services(
        self,
        stored: Mapping[tuple[int, date], Row],
        expected: Told,
        since: Mapping[str, date],
    ) -> None:
        """Compare some days; a service is compared from its first day, `since`, on."""
        for (service, day), row in sorted(
            expected.services.items(), key=lambda item: (item[0][1], item[0][0])
        ):
            if day < since[service]:
                continue
            self.days_seen.add(day)
            self.services_seen.add(service)
            held = stored.get((int(service), day))
            if held != row:
                self.services[service, day] = row
                self.differences += _differences(self.slugs[service], "", day, held, row)

    def compare_channels(
        self,
        stored: Mapping[tuple[int, date], Row],
        expected: Told,
        apart: Mapping[int, Apart],
    ) -> None:
        """Compare some days; a channel without a row for a day is told as its service is.

        As its service is recomputed, that is: what is wrong of the service alone is named once.
        """
        days = sorted({day for _service, day in expected.services})
        for channel, place in apart.items():
            if days and place.since <= days[-1]:
                self.channels_seen.add(channel)
        looked_at = stored.keys() | expected.channels.keys() | _lost(apart, days)
        for channel, day in sorted(looked_at, key=lambda key: (key[1], key[0])):
            place_or_none = apart.get(channel)
            if place_or_none is None or day < place_or_none.since:
                continue
            service, kind = place_or_none.service, place_or_none.kind
            row = expected.of_channel(channel, service, day)
            if row is None:
                continue
            held = stored.get((channel, day))
            if held is None and day >= place_or_none.told_from:
                held = expected.services[service, day]
            if held != row:
                self.channels[channel, day] = row
                self.differences += _differences(self.slugs[service], kind, day, held, row)


def _lost(apart: Mapping[int, Apart], days: list[date]) -> set[tuple[int, date]]:
    """Days that have to be told of a channel, and lie before the first one that is."""
    return {
        (channel, day)
        for channel, place in apart.items()
        if place.since < place.told_from
        for day in days
        if place.since <= day < place.told_from
    }


def _differences(
    service: str, channel: str, day: date, stored: Row | None, recomputed: Row
) -> Iterator[Difference]:
    if stored is None:
        yield Difference(service, day, "day", None, whole(recomputed), channel)
        return
    for name, was, is_now in zip(FIGURES, stored, recomputed, strict=True):
        if was != is_now:
            yield Difference(service, day, name, was, is_now, channel)
