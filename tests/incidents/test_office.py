"""Office time: hours, weekends, holidays and Ramadan, across changes of clocks. Exact, bounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.office import (
    HORIZON,
    Allowance,
    NoOfficeHours,
    OfficeHours,
    Unit,
    add,
    add_days,
    read_allowance,
    worked_between,
)

ZONE = ZoneInfo("Asia/Bahrain")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
# Sunday 22 November 2026 is a working day, Friday 27 and Saturday 28 are the weekend.
OFFICE = OfficeHours(ZONE)
NEVER = replace(OFFICE, weekend=frozenset(range(7)))


def at(text: str, zone: ZoneInfo = ZONE) -> datetime:
    """ "22 10:00" is that day of November 2026; a whole "2026-12-04 10:00" is itself."""
    if len(text) == 8:
        text = f"2026-11-{text}"
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone)


def days(first: int, last: int) -> tuple[date, date]:
    return date(2026, 11, first), date(2026, 11, last)


# --- hours ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("22 10:00", 0, "22 10:00"),
        ("22 10:00", 2, "22 12:00"),
        ("22 12:00", 2, "22 14:00"),  # the last instant of the day, not the next morning
        ("22 13:00", 2, "23 08:00"),
        ("22 05:00", 2, "22 09:00"),  # before the office opens
        ("22 14:00", 1, "23 08:00"),  # as it closes
        ("22 22:00", 2, "23 09:00"),
        ("26 13:00", 2, "29 08:00"),  # Thursday to Sunday
        ("27 10:00", 2, "29 09:00"),  # on Friday
        ("22 10:00", 35, "29 10:00"),  # a whole week of seven-hour days
    ],
)
def test_time_counts_only_while_the_office_works(start, hours, expected):
    assert add(at(start), hours * HOUR, OFFICE) == at(expected)


def test_holidays_in_a_row_join_the_weekend_and_may_overlap():
    office = replace(OFFICE, holidays=(days(24, 26), days(25, 29), days(25, 25)))
    assert add(at("23 13:00"), 2 * HOUR, office) == at("30 08:00")
    assert worked_between(at("23 13:00"), at("30 08:00"), office) == 2 * HOUR


def test_the_days_of_ramadan_have_hours_of_their_own_and_its_holidays_none():
    office = replace(OFFICE, ramadan=(days(23, 29),), holidays=(days(24, 24),))
    assert add(at("22 13:00"), 2 * HOUR, office) == at("23 09:00")
    assert add(at("23 13:00"), 2 * HOUR, office) == at("25 09:00")
    assert worked_between(at("22 00:00"), at("26 00:00"), office) == (7 + 6 + 0 + 6) * HOUR


def test_hours_that_end_in_the_next_morning_belong_to_the_day_on_which_they_begin():
    office = replace(OFFICE, hours=(time(22), time(6)))
    assert add(at("23 02:00"), 2 * HOUR, office) == at("23 04:00")
    # The night of Thursday lasts into Friday, and Friday has none.
    assert add(at("27 05:00"), 2 * HOUR, office) == at("29 23:00")


def test_a_night_that_reaches_into_the_hours_of_the_next_day_counts_once():
    office = replace(
        OFFICE,
        hours=(time(22), time(6)),
        ramadan_hours=(time(4), time(12)),
        ramadan=(days(23, 23),),
    )
    assert worked_between(at("22 22:00"), at("23 12:00"), office) == 14 * HOUR


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        # Berlin sets its clocks back on 25 October 2026 and forward on 28 March 2027, at night.
        ("2026-10-25", 9),
        ("2027-03-28", 7),
        ("2026-10-26", 8),
    ],
)
def test_a_change_of_clocks_lengthens_or_shortens_the_hours_across_it(hours, expected):
    office = OfficeHours(BERLIN, weekend=frozenset(), hours=(time(0), time(8)))
    since = at(f"{hours} 00:00", BERLIN)
    assert worked_between(since, at(f"{hours} 12:00", BERLIN), office) == expected * HOUR


def test_hours_that_a_change_of_clocks_leaves_out_are_nobodys():
    # On 28 March 2027 Berlin has no time from 02:00 to 03:00.
    office = OfficeHours(BERLIN, weekend=frozenset(), hours=(time(2, 30), time(3, 10)))
    since, until = at("2027-03-28 00:00", BERLIN), at("2027-03-29 00:00", BERLIN)
    assert worked_between(since, until, office) == timedelta(0)
    assert add(since, timedelta(minutes=10), office) == at("2027-03-29 02:40", BERLIN)
    assert add_days(at("2027-03-27 00:00", BERLIN), 1, office) == at("2027-03-29 03:10", BERLIN)


def test_a_day_that_a_zone_leaves_out_is_no_business_day():
    # Samoa had no 30 December 2011.
    apia = ZoneInfo("Pacific/Apia")
    office = OfficeHours(apia, weekend=frozenset())
    thursday = datetime(2011, 12, 29, 10, tzinfo=apia)
    assert add_days(thursday, 1, office) == datetime(2011, 12, 31, 14, tzinfo=apia)
    assert add_days(thursday, 2, office) == datetime(2012, 1, 1, 14, tzinfo=apia)
    assert add(thursday, 5 * HOUR, office) == datetime(2011, 12, 31, 8, tzinfo=apia)


# --- days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "number", "expected"),
    [
        ("22 10:00", 1, "23 14:00"),
        ("22 00:30", 1, "23 14:00"),  # the day of the start never counts
        ("22 23:30", 1, "23 14:00"),
        ("26 10:00", 1, "29 14:00"),  # Thursday to Sunday
        ("27 10:00", 1, "29 14:00"),  # Friday and Saturday to Sunday
        ("28 23:59", 1, "29 14:00"),
        ("22 10:00", 3, "25 14:00"),
        ("22 10:00", 10, "2026-12-06 14:00"),
    ],
)
def test_a_business_day_ends_when_its_office_closes(start, number, expected):
    assert add_days(at(start), number, OFFICE) == at(expected)


def test_business_days_pass_over_holidays_and_end_earlier_in_ramadan():
    office = replace(
        OFFICE, holidays=(days(23, 24),), ramadan=(days(25, 25),), ramadan_hours=(time(8), time(13))
    )
    assert add_days(at("22 10:00"), 1, office) == at("25 13:00")
    assert add_days(at("22 10:00"), 2, office) == at("26 14:00")


# --- bounds ---------------------------------------------------------------------------------------


def test_a_calendar_without_any_hours_ends_the_search():
    with pytest.raises(NoOfficeHours):
        add(at("22 10:00"), HOUR, NEVER)
    with pytest.raises(NoOfficeHours):
        add_days(at("22 10:00"), 1, NEVER)
    with pytest.raises(NoOfficeHours):
        add(at("22 10:00"), timedelta(hours=10_000), OFFICE)


def test_two_years_can_be_measured_and_no_more():
    since = at("22 10:00")
    assert worked_between(since, since + HORIZON, NEVER) == timedelta(0)
    with pytest.raises(NoOfficeHours):
        worked_between(since, since + HORIZON + HOUR, OFFICE)


def test_time_runs_forward_only():
    assert worked_between(at("22 12:00"), at("22 10:00"), OFFICE) == timedelta(0)
    with pytest.raises(ValueError, match="forward"):
        add(at("22 10:00"), -HOUR, OFFICE)
    with pytest.raises(ValueError, match="from one"):
        add_days(at("22 10:00"), 0, OFFICE)


# --- what always holds ----------------------------------------------------------------------------

minutes = st.integers(0, 24 * 60 - 1).map(lambda number: time(*divmod(number, 60)))
hours = st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1])
periods = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 9)).map(
        lambda pair: (
            date(2026, 10, 1) + timedelta(days=pair[0]),
            date(2026, 10, 1) + timedelta(days=sum(pair)),
        )
    ),
    max_size=3,
).map(tuple)
offices = st.builds(
    OfficeHours,
    zone=st.sampled_from(["Asia/Bahrain", "Europe/Berlin", "America/New_York", "Africa/Cairo"]).map(
        ZoneInfo
    ),
    weekend=st.frozensets(st.integers(0, 6), max_size=3),
    hours=hours,
    ramadan_hours=hours,
    holidays=periods,
    ramadan=periods,
)
# Across the autumn changes of clocks.
starts = st.integers(0, 45 * 24 * 60).map(
    lambda number: datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=number)
)
lengths = st.integers(0, 60 * 60).map(lambda number: timedelta(seconds=number))


@settings(deadline=None)
@given(office=offices, start=starts, worked=lengths)
def test_what_was_added_is_what_was_worked(office, start, worked):
    end = add(start, worked, office)
    assert end >= start + worked
    assert worked_between(start, end, office) == worked


@settings(deadline=None)
@given(office=offices, start=starts, worked=lengths, more=lengths)
def test_later_and_longer_never_ends_earlier(office, start, worked, more):
    end = add(start, worked, office)
    assert end <= add(start, worked + more, office)
    assert end <= add(start + more, worked, office)
    assert add_days(start, 2, office) <= add_days(start + more, 2, office)
    assert add_days(start, 2, office) < add_days(start, 3, office)


@settings(deadline=None)
@given(office=offices, start=starts, first=lengths, second=lengths)
def test_the_parts_of_a_span_are_the_whole_of_it(office, start, first, second):
    middle, end = start + first, start + first + second
    parts = worked_between(start, middle, office) + worked_between(middle, end, office)
    assert worked_between(start, end, office) == parts <= end - start


# --- allowances -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("20m", "26 14:10"),
        ("2h", "26 15:50"),
        ("30om", "29 07:20"),
        ("2oh", "29 08:50"),
        ("1d", "29 14:00"),
        (" 1D ", "29 14:00"),
    ],
)
def test_an_allowance_is_of_the_clock_of_the_office_or_of_business_days(written, expected):
    # Thursday, ten minutes before the office closes.
    assert read_allowance(written).deadline(at("26 13:50"), OFFICE) == at(expected)


@pytest.mark.parametrize(
    "written", ["", "20", "h", "-1h", "0m", "1.5h", "2 h", "1w", "٢h", "999999999d", "91d", "501oh"]
)
def test_what_is_no_allowance_is_refused_and_quoted(written):
    with pytest.raises(ValueError) as refused:
        read_allowance(written)
    assert repr(written) in str(refused.value)


@pytest.mark.parametrize(
    ("allowance", "expected"),
    [
        (Allowance(90, Unit.OFFICE_MINUTES), "22 11:30"),
        (Allowance(2, Unit.OFFICE_HOURS), "22 12:00"),
        (Allowance(3, Unit.BUSINESS_DAYS), "25 10:00"),
    ],
)
def test_with_a_calendar_that_has_no_office_hours_the_wall_counts(allowance, expected):
    assert allowance.deadline(at("22 10:00"), NEVER) == at(expected)
