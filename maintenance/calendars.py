"""Windows as a calendar that people subscribe to: RFC 5545 and RFC 7986."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, vDuration, vText

# A cancelled entry stays, so that programs which ask rarely learn that it is off.
CANCELLED_KEPT = timedelta(days=30)
REFRESH = timedelta(hours=1)

# Of control characters a text may hold line ends alone (RFC 5545, 3.1 and 3.3.11).
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]|\t")
_OVERRIDES = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e]")
_ISOLATES = re.compile(r"[\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One window as a calendar has it, in one language. All instants are aware.

    `uid` never changes and is the same in both languages; `sequence` grows with every change,
    `changed_at` is the instant of the last one.
    """

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    url: str
    created_at: datetime
    changed_at: datetime
    sequence: int = 0
    is_cancelled: bool = False
    categories: tuple[str, ...] = ()


def uid_of(ref: str, host: str) -> str:
    """The UID of the window `ref` at the portal `host` (RFC 7986, 5.3: unique, and no secret)."""
    return f"{ref.lower()}@{host}"


def calendar_of(
    entries: Iterable[Entry], *, name: str, language: str, source: str, now: datetime
) -> bytes:
    """The calendar of `entries`, in order of their start, in `language`.

    `name` is what programs call it, `source` the address from which it is read. Its bytes change
    only with the entries: DTSTAMP is that of the last change (RFC 5545, 3.8.7.2). `now` only
    decides which cancelled entries are still told.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//National status portal//Planned maintenance//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", _text(name, language))
    # Older programs know the calendar's name by this one alone.
    calendar.add("x-wr-calname", vText(cleaned(name)))
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    calendar.add("source", source, parameters={"VALUE": "URI"})
    for entry in sorted(entries, key=lambda entry: (entry.starts_at, entry.uid)):
        if not entry.is_cancelled or now - entry.changed_at < CANCELLED_KEPT:
            calendar.add_component(_event(entry, language))
    return bytes(calendar.to_ical(sorted=False))


def _event(entry: Entry, language: str) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", _utc(entry.changed_at))
    event.add("created", _utc(entry.created_at))
    event.add("last-modified", _utc(entry.changed_at))
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    # In UTC, without any VTIMEZONE that could be wrong.
    event.add("dtstart", _utc(entry.starts_at))
    event.add("dtend", _utc(entry.ends_at))
    # Nobody is busy because a service is being mended.
    event.add("transp", "TRANSPARENT")
    event.add("summary", _text(_one_line(cleaned(entry.summary)), language))
    if entry.description.strip():
        event.add("description", _text(entry.description, language))
    event.add("url", entry.url)
    if entry.categories:
        names = [_one_line(cleaned(category)) for category in entry.categories]
        event.add("categories", names, parameters={"LANGUAGE": language})
    return event


def _utc(at: datetime) -> datetime:
    # iCalendar knows whole seconds.
    return at.astimezone(UTC).replace(microsecond=0)


def _text(text: str, language: str) -> vText:
    value = vText(cleaned(text))
    value.params["LANGUAGE"] = language
    return value


def _one_line(text: str) -> str:
    return " ".join(text.split())


def cleaned(text: str) -> str:
    """`text` without what a calendar program could trip over, or a reader be deceived by.

    Control characters go, but for line ends; so do marks that order text by hand, and isolates
    (which our own values carry) where they are not in pairs.
    """
    text = _CONTROLS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _OVERRIDES.sub("", text)
    return text if _in_pairs(text) else _ISOLATES.sub("", text)


def _in_pairs(text: str) -> bool:
    depth = 0
    for mark in _ISOLATES.findall(text):
        depth += -1 if mark == "\u2069" else 1
        if depth < 0:
            return False
    return depth == 0
