"""Which notices a page tells, and in which order: pure, by tables and invariants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.labels import EntryKind
from statusportal.public import incident_lists, reader
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.shape import EntryFact, IncidentFact
from tests.statusportal.public.incidents import (
    ABSORBED,
    ALL,
    ANNOUNCEMENT,
    DAY,
    HOUR,
    LOGIN,
    MINUTE,
    incident,
    over,
    update,
    with_incidents,
)
from tests.statusportal.public.snapshots import BAD, NOW, SINCE, Measured

BAHRAIN = ZoneInfo("Asia/Bahrain")


def shown(*facts: IncidentFact, measured: Measured | None = None) -> tuple[IncidentShown, ...]:
    built = with_incidents(*facts, measured=measured)
    said = reader.read(built, NOW)
    return incident_lists.shown(said, said.incidents, built.truth)


# What operators do among themselves, and what only they see.
OWN = {
    EntryKind.ACKNOWLEDGED,
    EntryKind.SEVERITY,
    EntryKind.IMPACT,
    EntryKind.STATED,
    EntryKind.NOTE,
    EntryKind.RETURNED,
}


@pytest.mark.parametrize("kind", list(EntryKind))
def test_what_is_the_operators_own_stands_in_no_timeline(kind: EntryKind) -> None:
    fact = msgspec.structs.replace(LOGIN, entries=(EntryFact(kind, NOW - MINUTE),))
    (one,) = shown(fact, measured={"login": BAD})
    told = [line.entry.kind for line in incident_lists.timeline(one) if line.entry]

    assert told == ([] if kind in OWN else [kind])


@pytest.mark.parametrize(("seconds", "is_left_out"), [(0, True), (59, True), (60, False)])
def test_what_a_text_of_the_same_minute_tells_is_not_told_twice(
    seconds: int, is_left_out: bool
) -> None:
    at = SINCE + MINUTE
    entries = (EntryFact("opened", at - timedelta(seconds=seconds)),)
    (one,) = shown(incident("IN-1", "fines", entries=entries))

    assert len(incident_lists.timeline(one)) == (1 if is_left_out else 2)


def test_what_was_joined_to_it_is_told_where_it_went() -> None:
    """Only the log of the one that was taken in has a line of its own."""
    bare = msgspec.structs.replace(LOGIN, entries=())
    (one,) = shown(bare, measured={"login": BAD})
    joined = [line for line in incident_lists.timeline(one, [bare, ABSORBED]) if line.entry]

    assert [(line.entry.ref, line.at) for line in joined if line.entry] == [
        ("IN-ABS222", SINCE + 30 * MINUTE)
    ]
    (both,) = shown(LOGIN, measured={"login": BAD})
    refs = [line.entry.ref for line in incident_lists.timeline(both, ALL) if line.entry]
    assert refs.count("IN-ABS222") == 1


minutes = st.integers(0, 90).map(lambda n: SINCE + n * MINUTE)


@given(
    texts=st.lists(minutes, min_size=1, max_size=6),
    happened=st.lists(st.tuples(st.sampled_from(list(EntryKind)), minutes), max_size=8),
)
def test_every_text_stands_once_and_the_newest_first(
    texts: list[datetime], happened: list[tuple[EntryKind, datetime]]
) -> None:
    updates = tuple(
        update(n, "investigating", at, "نص", "Text") for n, at in enumerate(sorted(texts))
    )
    entries = tuple(EntryFact(kind, at) for kind, at in sorted(happened, key=lambda one: one[1]))
    (one,) = shown(incident("IN-1", "fines", updates=updates, entries=entries))
    lines = incident_lists.timeline(one)

    assert [line.update.id for line in lines if line.update] == [u.id for u in reversed(updates)]
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)


@pytest.mark.parametrize(
    ("restored_at", "resolved_at", "hours"),
    [
        (None, None, 1.5),  # until now
        (NOW - HOUR, None, 1.5),  # open still: our checks alone end nothing
        (NOW - HOUR, NOW, 0.5),  # as our checks saw it
        (None, NOW, 1.5),
        (NOW + HOUR, NOW, 1.5),
        (SINCE - HOUR, NOW, 0),
    ],
)
def test_how_long_it_lasted(
    restored_at: datetime | None, resolved_at: datetime | None, hours: float
) -> None:
    fact = incident(
        "IN-1",
        "fines",
        phase="resolved" if resolved_at else "monitoring",
        restored_at=restored_at,
        resolved_at=resolved_at,
    )
    (one,) = shown(fact)

    assert one.lasted == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("started_at", "month"),
    [
        (datetime(2026, 10, 31, 20, 59, tzinfo=UTC), date(2026, 10, 1)),
        # Already November in Bahrain.
        (datetime(2026, 10, 31, 21, 0, tzinfo=UTC), date(2026, 11, 1)),
    ],
)
def test_it_stands_in_the_month_in_which_it_began_for_the_people_there(
    started_at: datetime, month: date
) -> None:
    fact = over("IN-1", "fines", started_at=started_at, ended_at=NOW)

    assert incident_lists.month_of(fact, BAHRAIN) == month


def test_months_reach_from_the_oldest_that_is_kept_to_the_present_one() -> None:
    now = NOW + 40 * DAY
    kept = shown(*ALL)

    assert incident_lists.months([], [], NOW, BAHRAIN) == (date(2026, 11, 1), date(2026, 11, 1))
    assert incident_lists.months(kept, [], now, BAHRAIN) == (date(2026, 10, 1), date(2027, 1, 1))
    assert incident_lists.months(kept, [date(2025, 3, 1)], now, BAHRAIN)[0] == date(2025, 3, 1)


def test_one_that_stands_here_and_in_the_archive_is_told_once() -> None:
    twice = (*shown(LOGIN), *shown(LOGIN))

    assert [one.ref for one in incident_lists.of_month(twice, date(2026, 11, 1), BAHRAIN)] == [
        "IN-LGN222"
    ]


def test_a_title_that_hides_a_name_by_another_spelling_is_not_said() -> None:
    (one,) = shown(incident("IN-1", "sms-gate"), measured={"sms-gate": BAD})

    assert not one.may_say(msgspec.structs.replace(LOGIN.title, ar="تعطل بوابه الرسائل السريه"))
    assert not one.may_say(msgspec.structs.replace(LOGIN.title, en="SECRET message gateway is out"))
    assert one.may_say(LOGIN.title)


def test_an_agency_without_public_services_is_not_named() -> None:
    hidden, public = shown(
        incident("IN-1", "sms-gate", agency="SEC"), LOGIN, measured={"sms-gate": BAD}
    )

    assert {one.ref: one.agency and one.agency.code for one in (hidden, public)} == {
        "IN-1": None,
        "IN-LGN222": "NDS",
    }


def test_an_announcement_is_of_nobody_in_particular() -> None:
    found = shown(ANNOUNCEMENT)

    assert [one.ref for one in incident_lists.announced(found)] == ["IN-ANN222"]
    assert incident_lists.of_agency(found, "MOI") == []
    assert incident_lists.by_reach(found) == []
