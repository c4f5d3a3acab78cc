"""The policy: which times suit, who has to agree, and what is offered instead."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maintenance.labels import CalendarKind
from maintenance.policy import is_low_use, low_use_hours
from maintenance.windows import (
    Approver,
    Busy,
    Calendar,
    FaultCode,
    Period,
    PeriodKind,
    Policy,
    Relation,
    Request,
    approver_needed,
    slots,
    verdict,
)
from services.status.window import WindowEffect
from tests.maintenance.rows import NOW, ZONE, at

POLICY = Policy(ZONE)
EMPTY = Calendar()
HOUR = timedelta(hours=1)


def request(starts: str, ends: str, effect: str = "stopped", **fields: bool) -> Request:
    return Request(at(starts), at(ends), WindowEffect(effect), **fields)


def codes(asked: Request, calendar: Calendar = EMPTY, now: datetime = NOW, **more) -> list[str]:
    return [fault.code.value for fault in verdict(asked, POLICY, calendar, now, **more).faults]


def period(kind: str, first: int, last: int) -> Calendar:
    days = date(2026, 11, first), date(2026, 11, last)
    return Calendar((Period(PeriodKind(kind), *days, "named"),))


def test_kinds_of_periods_are_those_that_are_stored():
    assert {kind.value for kind in PeriodKind} == set(CalendarKind.values)


# --- hours of low use -----------------------------------------------------------------------------


# Friday is the 27th, Saturday the 28th.
@pytest.mark.parametrize(
    ("starts", "ends", "suits"),
    [
        ("27 00:30", "27 04:30", True),  # the night before Friday, after midnight
        ("26 23:00", "27 05:00", True),  # the whole of it, across midnight
        ("26 22:59", "27 04:00", False),
        ("27 04:00", "27 05:01", False),
        ("27 23:00", "28 05:00", True),  # of Friday, and before Saturday
        ("28 23:00", "29 05:00", True),  # of Saturday
        ("29 23:00", "30 05:00", False),  # of Sunday: a working day on either side
        ("25 23:00", "26 05:00", False),  # before Thursday
        ("27 12:00", "27 13:00", False),  # a weekend day is no night
        ("26 23:00", "28 05:00", False),  # two nights with a day between them
    ],
)
def test_low_use_are_the_nights_before_and_of_weekend_days(starts, ends, suits):
    assert is_low_use(at(starts), at(ends), POLICY, EMPTY) is suits


@pytest.mark.parametrize(
    ("starts", "ends", "suits"),
    [
        ("23 23:00", "24 05:00", True),  # before the holiday on Tuesday 24
        ("24 23:00", "25 05:00", True),  # of it
        ("25 23:00", "26 05:00", False),
        ("22 23:00", "23 05:00", False),
    ],
)
def test_the_nights_of_a_holiday_count_like_those_of_a_weekend(starts, ends, suits):
    assert is_low_use(at(starts), at(ends), POLICY, period("holiday", 24, 24)) is suits


@pytest.mark.parametrize(
    ("starts", "ends", "suits"),
    [
        ("27 00:30", "27 04:30", False),
        ("27 02:59", "27 04:30", False),
        ("27 03:00", "27 05:00", True),
        # The evening of the day before Ramadan is an evening like any other.
        ("19 23:00", "20 05:00", True),
    ],
)
def test_the_evenings_of_ramadan_are_busy(starts, ends, suits):
    assert is_low_use(at(starts), at(ends), POLICY, period("ramadan", 20, 30)) is suits


def test_where_the_weekend_is_another_one_so_are_its_nights():
    emirates = Policy(ZoneInfo("Asia/Dubai"), weekend=frozenset({5, 6}))
    night = at("29 23:00"), at("30 01:00")
    assert is_low_use(*night, emirates, EMPTY)
    assert not is_low_use(*night, POLICY, EMPTY)


def test_hours_that_begin_after_midnight_belong_to_the_evening_before():
    late = Policy(ZONE, low_use=(time(1), time(5)))
    assert is_low_use(at("27 01:00"), at("27 05:00"), late, EMPTY)
    assert is_low_use(at("29 01:00"), at("29 05:00"), late, EMPTY)
    assert not is_low_use(at("30 01:00"), at("30 05:00"), late, EMPTY)


def test_a_night_in_which_clocks_change_is_an_hour_longer():
    berlin = ZoneInfo("Europe/Berlin")
    policy = Policy(berlin, weekend=frozenset({5, 6}))
    since = datetime(2026, 10, 24, 20, tzinfo=berlin)
    ((opens, closes), *_rest) = low_use_hours(since, since + timedelta(hours=20), policy, EMPTY)
    assert closes - opens == timedelta(hours=7)


# --- the verdict ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request("27 00:30", "27 04:30"), []),
        (request("27 00:30", "27 04:30", is_urgent=True), []),
        # 20 hours ahead, at noon on a Monday: lead and hours.
        (request("23 08:00", "23 09:00"), ["short_lead", "outside_low_use"]),
        (request("24 12:00", "24 13:00"), ["outside_low_use"]),  # exactly 48 hours
        (request("24 12:00", "24 13:00", is_urgent=True), ["short_lead", "outside_low_use"]),
        (request("25 12:00", "25 13:00", is_urgent=True), ["outside_low_use"]),  # exactly 72
        # Work that nobody notices needs neither.
        (request("22 13:00", "22 14:00", "none"), []),
        # Emergency work keeps neither, and may have begun.
        (request("22 13:00", "22 14:00", is_emergency=True), []),
        (request("22 11:00", "22 14:00", is_emergency=True), []),
        (request("22 10:00", "22 12:00", is_emergency=True), ["ends_in_past"]),
        (request("22 11:00", "22 14:00", "none"), ["starts_in_past"]),
        (request("21 10:00", "21 11:00", "none"), ["ends_in_past"]),
        (request("27 04:30", "27 00:30"), ["ends_before_start"]),
        (request("27 04:30", "27 04:30"), ["ends_before_start"]),
        (request("26 23:00", "28 05:00"), ["outside_low_use", "too_long"]),
        (request("26 23:00", "28 05:00", "none"), []),
    ],
)
def test_each_request_gets_the_faults_of_the_table(asked, expected):
    assert codes(asked) == expected


def test_a_short_lead_says_how_much_is_needed_and_by_how_much_it_is_missed():
    (fault, _hours) = verdict(request("23 08:00", "23 09:00"), POLICY, EMPTY, NOW).faults
    assert (fault.allowed, fault.by) == (48 * HOUR, 28 * HOUR)


@pytest.mark.parametrize(
    ("starts", "ends", "faults"),
    [
        ("27 00:30", "27 04:30", ["freeze"]),
        ("27 23:00", "28 01:00", ["freeze"]),  # runs into it
        ("28 23:00", "29 01:00", ["freeze"]),  # begins within it
        ("29 00:00", "29 01:00", []),  # the day after the last one
    ],
)
def test_a_freeze_forbids_planned_work_on_each_of_its_days(starts, ends, faults):
    frozen = period("freeze", 27, 27) if starts.startswith("27 00") else period("freeze", 28, 28)
    assert codes(request(starts, ends), frozen) == faults


def busy(starts: str, ends: str, relation: str = "same", ref: str = "MW-1") -> Busy:
    return Busy(ref, at(starts), at(ends), Relation(relation), "a service")


@pytest.mark.parametrize(
    ("other", "clashes"),
    [
        (busy("27 04:00", "27 06:00"), True),
        (busy("26 20:00", "28 20:00"), True),
        (busy("27 01:00", "27 02:00", "upstream"), True),
        (busy("27 01:00", "27 02:00", "dependant"), True),
        (busy("27 04:30", "27 06:00"), False),  # begins when this one ends
        (busy("26 23:00", "27 00:30"), False),
    ],
)
def test_windows_that_overlap_clash(other, clashes):
    assert codes(request("27 00:30", "27 04:30"), busy=[other]) == ["clash"] * clashes


def test_each_window_that_clashes_is_a_fault_of_its_own_in_order_of_time():
    others = [busy("27 03:00", "27 06:00", ref="MW-2"), busy("27 01:00", "27 02:00", ref="MW-1")]
    said = verdict(request("27 00:30", "27 04:30"), POLICY, EMPTY, NOW, others)
    assert [fault.busy.ref for fault in said.faults] == ["MW-1", "MW-2"]


def test_only_times_that_cannot_be_are_final():
    final = {code.value for code in FaultCode if _fault(code).is_final}
    assert final == {"ends_before_start", "ends_in_past", "starts_in_past"}


def _fault(code: FaultCode):
    asked = {
        FaultCode.ENDS_BEFORE_START: request("27 04:30", "27 00:30"),
        FaultCode.ENDS_IN_PAST: request("21 00:30", "21 04:30"),
        FaultCode.STARTS_IN_PAST: request("22 11:00", "22 13:00"),
        FaultCode.SHORT_LEAD: request("22 13:00", "22 14:00"),
        FaultCode.OUTSIDE_LOW_USE: request("27 12:00", "27 14:00"),
        FaultCode.FREEZE: request("27 00:30", "27 04:30"),
        FaultCode.TOO_LONG: request("26 12:00", "29 14:00"),
        FaultCode.CLASH: request("27 00:30", "27 04:30"),
    }[code]
    frozen = period("freeze", 27, 27)
    said = verdict(asked, POLICY, frozen, NOW, [busy("27 01:00", "27 02:00")])
    return next(fault for fault in said.faults if fault.code is code)


@pytest.mark.parametrize(
    ("asked", "approver", "justify"),
    [
        (request("27 00:30", "27 04:30"), Approver.PUBLISHER, False),
        (request("27 00:30", "27 04:30", is_urgent=True), Approver.SUPERVISOR, False),
        (request("27 00:30", "27 04:30", is_emergency=True), Approver.SUPERVISOR, True),
        (request("27 12:00", "27 13:00"), Approver.SUPERVISOR, True),
        (request("22 13:00", "22 14:00", "none"), Approver.PUBLISHER, False),
    ],
)
def test_a_publisher_agrees_within_the_policy_and_a_supervisor_to_the_rest(
    asked, approver, justify
):
    said = verdict(asked, POLICY, EMPTY, NOW)
    assert approver_needed(asked, said) is approver
    assert said.needs_justification is justify


# --- slots ----------------------------------------------------------------------------------------


def offered(hours: float, asked: Request, calendar: Calendar = EMPTY, others=(), now=NOW):
    found = slots(timedelta(hours=hours), asked, POLICY, calendar, now, others)
    return [
        (f"{slot.starts_at.astimezone(ZONE):%a %d %H:%M}", f"{slot.ends_at.astimezone(ZONE):%H:%M}")
        for slot in found
    ]


NOON = request("24 11:00", "24 15:00")


def test_the_next_three_nights_are_offered_with_half_an_hour_to_spare():
    assert offered(4, NOON) == [
        ("Fri 27 00:30", "04:30"),
        ("Sat 28 00:30", "04:30"),
        ("Sun 29 00:30", "04:30"),
    ]


def test_a_night_that_comes_too_soon_is_not_offered():
    # On Wednesday at noon 72 hours are Saturday at noon.
    urgent = request("25 13:00", "25 14:00", is_urgent=True)
    assert offered(1, urgent, now=at("25 12:00"))[0] == ("Sun 29 03:30", "04:30")


def test_a_night_is_used_up_to_its_end_where_the_work_needs_all_of_it():
    assert offered(6, NOON)[0] == ("Thu 26 23:00", "05:00")


def test_nothing_is_offered_for_work_that_no_night_holds():
    assert offered(6.25, NOON) == []


def test_a_clash_moves_the_slot_within_its_night():
    assert offered(2, NOON, others=[busy("27 03:30", "27 06:00")])[0] == ("Fri 27 01:30", "03:30")


def test_a_freeze_moves_the_slot_to_another_night():
    assert offered(4, NOON, period("freeze", 26, 28))[0] == ("Sun 29 00:30", "04:30")


def test_in_ramadan_what_is_left_of_a_night_is_offered():
    assert offered(1.5, NOON, period("ramadan", 20, 30))[0] == ("Fri 27 03:00", "04:30")


def test_work_that_nobody_notices_is_offered_the_next_nights_however_long_it_is():
    assert offered(10, request("22 13:00", "22 23:00", "none"))[0] == ("Sun 22 23:00", "09:00")


instants = st.integers(0, 60 * 24 * 400).map(lambda minutes: NOW + timedelta(minutes=minutes))
durations = st.integers(1, 60 * 9).map(lambda minutes: timedelta(minutes=minutes))
zones = st.sampled_from(["Asia/Bahrain", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
periods = st.lists(
    st.builds(
        lambda kind, first, length: Period(kind, first, first + timedelta(days=length)),
        st.sampled_from(list(PeriodKind)),
        st.dates(date(2026, 11, 1), date(2027, 12, 31)),
        st.integers(0, 40),
    ),
    max_size=4,
).map(lambda found: Calendar(tuple(found)))


@settings(deadline=None)
@given(
    now=instants,
    duration=durations,
    zone=zones,
    calendar=periods,
    effect=st.sampled_from(list(WindowEffect)),
    urgent=st.booleans(),
    others=st.lists(st.tuples(instants, durations), max_size=5),
)
def test_every_slot_that_is_offered_is_fine_by_the_same_policy(
    now, duration, zone, calendar, effect, urgent, others
):
    policy = Policy(ZoneInfo(zone))
    taken = [
        Busy(f"MW-{n}", begins, begins + length, Relation.SAME)
        for n, (begins, length) in enumerate(others)
    ]
    asked = Request(now, now + duration, effect, is_urgent=urgent)
    found = slots(duration, asked, policy, calendar, now, taken)
    for slot in found:
        again = Request(slot.starts_at, slot.ends_at, effect, is_urgent=urgent)
        assert slot.ends_at - slot.starts_at == duration
        assert verdict(again, policy, calendar, now, taken).faults == ()
    starts = [slot.starts_at for slot in found]
    assert starts == sorted(set(starts))


@settings(deadline=None)
@given(since=instants, zone=zones, calendar=periods)
def test_hours_of_low_use_never_overlap_and_stand_in_order(since, zone, calendar):
    found = low_use_hours(since, since + timedelta(days=30), Policy(ZoneInfo(zone)), calendar)
    assert all(opens < closes for opens, closes in found)
    assert all(one[1] <= other[0] for one, other in pairwise(found))
