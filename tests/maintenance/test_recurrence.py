"""Windows that repeat: by the clock on the wall, bounded, and never on top of each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maintenance.recurrence import HORIZON, InvalidRule, RuleFault, occurrences
from tests.maintenance.rows import ZONE, at

HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def starts(rule: str, first: datetime, zone: ZoneInfo = ZONE, hours: float = 2, **more):
    found = occurrences(rule, first, timedelta(hours=hours), zone, **more)
    return [f"{start.astimezone(zone):%Y-%m-%d %H:%M}" for start, _end in found]


FRIDAY = at("2026-12-04 00:30")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=MONTHLY;BYDAY=1FR;COUNT=3", ["2026-12-04", "2027-01-01", "2027-02-05"]),
        ("FREQ=WEEKLY;COUNT=2", ["2026-12-04", "2026-12-11"]),
        ("RRULE:freq=weekly;interval=2;count=2", ["2026-12-04", "2026-12-18"]),
        ("FREQ=WEEKLY;UNTIL=20261218", ["2026-12-04", "2026-12-11", "2026-12-18"]),
        # Half past midnight in Bahrain is the evening before in UTC.
        ("FREQ=WEEKLY;UNTIL=20261210T213000Z", ["2026-12-04", "2026-12-11"]),
        ("FREQ=WEEKLY;UNTIL=20261210T212959Z", None),
        ("FREQ=DAILY;BYDAY=FR,SA;COUNT=3", ["2026-12-04", "2026-12-05", "2026-12-11"]),
        ("FREQ=MONTHLY;BYMONTHDAY=4;COUNT=2", ["2026-12-04", "2027-01-04"]),
    ],
)
def test_rules_give_the_days_that_they_name(rule, expected):
    if expected is None:
        with pytest.raises(InvalidRule) as refused:
            starts(rule, FRIDAY)
        assert refused.value.fault is RuleFault.NEVER_AGAIN
    else:
        assert starts(rule, FRIDAY) == [f"{day} 00:30" for day in expected]


def test_a_day_that_a_month_does_not_have_is_left_out():
    rule = "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3"
    assert starts(rule, at("2026-12-31 01:00")) == [
        "2026-12-31 01:00",
        "2027-01-31 01:00",
        "2027-03-31 01:00",
    ]


def test_a_rule_may_end_at_an_instant_that_is_given_beside_it():
    assert starts("FREQ=WEEKLY", FRIDAY, until=at("2026-12-12 00:00")) == [
        "2026-12-04 00:30",
        "2026-12-11 00:30",
    ]


@pytest.mark.parametrize(
    ("rule", "fault", "part"),
    [
        ("", "unreadable", ""),
        ("every Friday", "unreadable", "EVERY FRIDAY"),
        ("INTERVAL=2", "unreadable", "INTERVAL=2"),
        ("FREQ=WEEKLY;FREQ=DAILY", "unreadable", "FREQ=DAILY"),
        ("FREQ=SECONDLY;COUNT=5", "bad_part", "FREQ=SECONDLY"),
        ("FREQ=HOURLY", "bad_part", "FREQ=HOURLY"),
        ("FREQ=DAILY;BYHOUR=3", "unknown_part", "BYHOUR"),
        ("FREQ=WEEKLY;COUNT=0", "bad_part", "COUNT=0"),
        ("FREQ=WEEKLY;COUNT=٣", "bad_part", "COUNT=٣"),
        ("FREQ=WEEKLY;UNTIL=20261340", "bad_part", "UNTIL=20261340"),
        ("FREQ=WEEKLY;COUNT=2\nDTSTART:20200101T000000", "bad_part", None),
        ("FREQ=YEARLY;BYEASTER=1", "unknown_part", "BYEASTER"),
        ("FREQ=MONTHLY;BYMONTHDAY=99;COUNT=2", "bad_part", "BYMONTHDAY=99"),
        ("FREQ=WEEKLY;BYDAY=1FR;COUNT=2", "bad_part", "BYDAY=1FR"),
        ("FREQ=DAILY;BYSETPOS=2;COUNT=2", "bad_part", "BYSETPOS=2"),
        # The fourth is a Friday, and never the fourth Friday.
        ("FREQ=MONTHLY;BYDAY=4FR;BYMONTHDAY=4;COUNT=2", "not_its_own_start", ""),
        ("FREQ=MONTHLY;BYDAY=1TU;COUNT=3", "not_its_own_start", ""),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", "not_its_own_start", ""),
        ("FREQ=WEEKLY;COUNT=1", "never_again", ""),
        ("FREQ=YEARLY;INTERVAL=5;COUNT=3", "never_again", ""),
        ("FREQ=DAILY", "too_many", "60"),
        ("FREQ=WEEKLY;COUNT=9999", "too_many", "60"),
    ],
)
def test_a_rule_that_gives_no_sound_list_is_refused(rule, fault, part):
    with pytest.raises(InvalidRule) as refused:
        starts(rule, FRIDAY)
    assert refused.value.fault.value == fault
    if part is not None:
        assert refused.value.part == part


def test_occurrences_that_would_overlap_are_refused():
    with pytest.raises(InvalidRule) as refused:
        starts("FREQ=DAILY;COUNT=3", FRIDAY, hours=24.5)
    assert refused.value.fault is RuleFault.OVERLAP


def test_the_clock_on_the_wall_repeats_where_the_zone_changes_its_offset():
    first = datetime(2026, 10, 18, 1, 0, tzinfo=BERLIN)
    found = occurrences("FREQ=WEEKLY;COUNT=3", first, 4 * HOUR, BERLIN)
    assert [f"{start:%d %H:%M}" for start, _end in found] == ["17 23:00", "24 23:00", "01 00:00"]
    assert {end - start for start, end in found} == {4 * HOUR}


def test_a_time_that_the_clocks_leave_out_is_read_with_the_offset_before_it():
    # On 28 March 2027 Berlin has no 02:30.
    found = starts("FREQ=WEEKLY;COUNT=2", datetime(2027, 3, 21, 2, 30, tzinfo=BERLIN), BERLIN)
    assert found == ["2027-03-21 02:30", "2027-03-28 03:30"]


def test_a_day_that_a_zone_leaves_out_has_no_window():
    # Samoa had no 30 December 2011.
    apia = ZoneInfo("Pacific/Apia")
    found = starts("FREQ=DAILY;COUNT=4", datetime(2011, 12, 29, 10, tzinfo=apia), apia, hours=1)
    assert found == ["2011-12-29 10:00", "2011-12-31 10:00", "2012-01-01 10:00"]


rules = st.builds(
    lambda freq, interval, count: f"FREQ={freq};INTERVAL={interval};COUNT={count}",
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    st.integers(1, 3),
    st.integers(2, 60),
)


@settings(deadline=None)
@given(
    rule=rules,
    minutes=st.integers(0, 2 * 366 * 24 * 60),
    hours=st.integers(1, 20),
    name=st.sampled_from(["Asia/Bahrain", "Europe/Berlin", "America/New_York", "Africa/Cairo"]),
)
def test_occurrences_keep_order_length_and_the_clock_on_the_wall(rule, minutes, hours, name):
    zone = ZoneInfo(name)
    first = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    duration = timedelta(hours=hours)
    if first.astimezone(zone).fold == 1:
        # An hour that is read twice: no clock on the wall can name the second one.
        with pytest.raises(InvalidRule):
            occurrences(rule, first, duration, zone)
        return
    found = occurrences(rule, first, duration, zone)
    assert found[0] == (first, first + duration)
    assert len(found) <= 60
    assert all(end - start == duration for start, end in found)
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    assert found[-1][0] - first <= HORIZON + HOUR
    wall = first.astimezone(zone).time()
    for start, _end in found:
        local = start.astimezone(zone)
        exists = local.replace(tzinfo=None).time() == wall
        assert exists or local.utcoffset() != (local - timedelta(hours=3)).utcoffset()


@settings(deadline=None)
@given(st.text(alphabet="FREQ=;DAILYWKMONTHUNB0123456789,-+T Z\n", max_size=40))
def test_whatever_is_typed_is_either_a_sound_list_or_refused(typed):
    try:
        found = occurrences(typed, FRIDAY, HOUR, ZONE)
    except InvalidRule:
        return
    assert 2 <= len(found) <= 60
