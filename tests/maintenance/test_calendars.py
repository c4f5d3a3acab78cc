"""The calendar, read back by a parser and looked at byte by byte (RFC 5545, RFC 7986)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from maintenance.calendars import Entry, calendar_of, cleaned, uid_of
from tests.maintenance.rows import ENDS, NOW, STARTS, at

ENTRY = Entry(
    uid="mw-7k3p92@status.gov.example",
    starts_at=STARTS,
    ends_at=ENDS,
    summary="أعمال صيانة مجدولة: تجديد جواز السفر",
    description="خدمة تجديد جواز السفر لن تكون متاحة.\nيمكنك الاتصال؛ أو زيارة مركز, أي مركز\\فرع.",
    url="https://status.gov.example/ar/maintenance/MW-7K3P92/",
    created_at=at("20 08:00"),
    changed_at=at("21 09:30"),
    sequence=3,
    categories=("صيانة مجدولة", "السفر, والإقامة"),
)


def written(*entries: Entry, now: datetime = NOW, language: str = "ar") -> bytes:
    return calendar_of(
        entries,
        name="حالة الخدمات الحكومية",
        language=language,
        source="https://status.gov.example/ar/calendar.ics",
        now=now,
    )


def read(data: bytes) -> tuple[Any, list[Any]]:
    calendar = Calendar.from_ical(data)
    return calendar, list(calendar.walk("VEVENT"))


def lines(data: bytes) -> list[str]:
    return data.decode().replace("\r\n ", "").split("\r\n")


def test_an_entry_is_read_back_as_it_was_written():
    _calendar, (event,) = read(written(ENTRY))
    assert event["uid"] == "mw-7k3p92@status.gov.example"
    assert event.decoded("dtstart") == STARTS
    assert event.decoded("dtend") == ENDS
    assert str(event["summary"]) == ENTRY.summary
    assert str(event["description"]) == ENTRY.description
    assert event["url"] == ENTRY.url
    assert event["sequence"] == 3
    assert event.decoded("last-modified") == event.decoded("dtstamp") == at("21 09:30")
    assert event.decoded("created") == at("20 08:00")
    assert [str(each) for each in event["categories"].cats] == list(ENTRY.categories)


def test_it_says_what_the_two_rfcs_ask_for_word_by_word():
    said = lines(written(ENTRY))
    for line in (
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "NAME;LANGUAGE=ar:حالة الخدمات الحكومية",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "SOURCE;VALUE=URI:https://status.gov.example/ar/calendar.ics",
        "DTSTART:20261126T213000Z",
        "DTEND:20261127T013000Z",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "SUMMARY;LANGUAGE=ar:أعمال صيانة مجدولة: تجديد جواز السفر",
        "CATEGORIES;LANGUAGE=ar:صيانة مجدولة,السفر\\, والإقامة",
    ):
        assert line in said
    assert said[0] == "BEGIN:VCALENDAR"
    assert said[-2:] == ["END:VCALENDAR", ""]
    assert not any(line.startswith(("METHOD", "BEGIN:VTIMEZONE")) for line in said)


def test_the_other_language_has_the_same_entry_with_the_same_instants():
    arabic, english = read(written(ENTRY))[1][0], read(written(ENTRY, language="en"))[1][0]
    for name in ("uid", "dtstart", "dtend", "sequence", "dtstamp"):
        assert arabic[name] == english[name]
    assert english["summary"].params["LANGUAGE"] == "en"


@pytest.mark.parametrize(("days", "told"), [(0, True), (29, True), (30, False)])
def test_a_cancelled_entry_is_told_for_thirty_days(days, told):
    off = replace(ENTRY, is_cancelled=True)
    _calendar, events = read(written(off, now=off.changed_at + timedelta(days=days)))
    assert [event["status"] for event in events] == ["CANCELLED"] * told


def test_the_bytes_change_with_the_entries_alone():
    assert written(ENTRY) == written(ENTRY, now=NOW + timedelta(days=5))
    assert written(ENTRY) != written(replace(ENTRY, sequence=4))


def test_entries_stand_in_order_of_their_start_and_no_entry_is_a_sound_calendar():
    later = replace(ENTRY, uid="other", starts_at=ENDS, ends_at=ENDS + timedelta(hours=1))
    assert [event["uid"] for event in read(written(later, ENTRY))[1]] == [ENTRY.uid, "other"]
    calendar, events = read(written())
    assert events == []
    assert calendar["version"] == "2.0"


def test_the_uid_never_changes_with_anything_but_the_window():
    assert uid_of("MW-7K3P92", "status.gov.example") == ENTRY.uid


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x00b\x07c\x1bd", "a b c d"),
        ("a\r\nb\rc\td", "a\nb\nc d"),
        ("\u202eevil\u202c", "evil"),
        ("a\u2028b\x85c", "a b c"),
        ("\u2068MW-1\u2069", "\u2068MW-1\u2069"),  # as our own values are isolated
        ("\u2068MW-1", "MW-1"),
        ("\u2069a\u2068", "a"),
    ],
)
def test_what_a_program_trips_over_or_a_reader_is_deceived_by_is_taken_out(text, kept):
    assert cleaned(text) == kept


def test_no_text_can_add_a_line_of_its_own():
    _calendar, (event,) = read(
        written(replace(ENTRY, summary="x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil"))
    )
    assert event["uid"] == ENTRY.uid
    assert str(event["summary"]) == "x END:VEVENT BEGIN:VEVENT UID:evil"


texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=200)


@settings(deadline=None)
@given(summary=texts, description=texts, category=texts)
def test_no_line_is_longer_than_75_octets_and_none_cuts_a_character(summary, description, category):
    data = written(replace(ENTRY, summary=summary, description=description, categories=(category,)))
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line
        line.decode()


@settings(deadline=None)
@given(
    summary=texts,
    description=texts,
    start=st.integers(0, 10**9),
    length=st.integers(60, 10**6),
    sequence=st.integers(0, 1000),
)
def test_whatever_is_written_is_read_back(summary, description, start, length, sequence):
    begins = datetime.fromtimestamp(10**9 + start, UTC)
    entry = replace(
        ENTRY,
        summary=summary,
        description=description,
        starts_at=begins,
        ends_at=begins + timedelta(seconds=length),
        sequence=sequence,
    )
    _calendar, (event,) = read(written(entry))
    assert event.decoded("dtstart") == entry.starts_at
    assert event.decoded("dtend") == entry.ends_at
    assert event["sequence"] == sequence
    assert str(event["summary"]) == " ".join(cleaned(summary).split())
    assert str(event.get("description", "")) == (
        cleaned(description) if description.strip() else ""
    )
