"""Rules 3, 8, 9, 10 and 22 over time: from confirmed changes to timelines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.health import CheckHealth, Health, Outcome
from services.status.machine import Change, Policy, State, advance
from services.status.observation import Observation, Reason
from services.status.timeline import (
    Interval,
    channel_timeline,
    check_timeline,
    days,
    location_timeline,
    merged,
    service_timeline,
    sweep,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
OK, SLOW, BAD, UNKNOWN = CheckHealth.OK, CheckHealth.SLOW, CheckHealth.BAD, CheckHealth.UNKNOWN


def at(hour: float) -> datetime:
    return START + hour * HOUR


def change(before: CheckHealth, after: CheckHealth, began: float, confirmed: float) -> Change:
    return Change(before, after, at(began), at(confirmed), None)


def drawn(line: str) -> list[Interval[CheckHealth]]:
    """A timeline from one letter an hour: o, s, b, ? as in the words for a check."""
    letters = {"o": OK, "s": SLOW, "b": BAD, "?": UNKNOWN}
    return merged(Interval(at(n), at(n + 1), letters[letter]) for n, letter in enumerate(line))


def measured(line: str) -> list[Interval[Health | None]]:
    letters: dict[str, Health | None] = {
        "o": Health.OPERATIONAL,
        "d": Health.DEGRADED,
        "p": Health.PARTIAL_OUTAGE,
        "M": Health.MAJOR_OUTAGE,
        "?": Health.UNKNOWN,
        "-": None,
    }
    return merged(Interval(at(n), at(n + 1), letters[letter]) for n, letter in enumerate(line))


def test_rule_3_a_change_counts_from_when_it_began_not_from_when_it_was_confirmed() -> None:
    timeline = location_timeline(
        [change(OK, BAD, 2, 2.5), change(BAD, OK, 4, 4.5)], start=at(0), end=at(6), before=OK
    )

    assert timeline == drawn("oobboo")


def test_rule_3_a_gap_ends_downtime_at_the_last_observation_before_it() -> None:
    timeline = location_timeline(
        [change(OK, BAD, 1, 1.5), change(BAD, UNKNOWN, 2, 4), change(UNKNOWN, OK, 4, 5)],
        start=at(0),
        end=at(6),
        before=OK,
    )

    assert timeline == drawn("ob??oo")


def test_rule_22_a_run_confirmed_after_midnight_corrects_yesterday() -> None:
    yesterday = location_timeline([change(OK, BAD, 23, 25)], start=at(0), end=at(24), before=OK)

    assert yesterday == [Interval(at(0), at(23), OK), Interval(at(23), at(24), BAD)]


def test_changes_outside_the_period_only_say_how_it_begins() -> None:
    timeline = location_timeline(
        [change(UNKNOWN, OK, -9, -8), change(OK, SLOW, -2, 1), change(SLOW, BAD, 3, 3)],
        start=at(0),
        end=at(2),
    )

    assert timeline == drawn("ss")


def test_changes_may_come_in_any_order() -> None:
    changes = [change(OK, BAD, 1, 1.5), change(BAD, OK, 3, 3.5)]

    assert location_timeline(
        reversed(changes), start=at(0), end=at(4), before=OK
    ) == location_timeline(changes, start=at(0), end=at(4), before=OK)


def test_without_any_change_nothing_is_known() -> None:
    assert location_timeline([], start=at(0), end=at(2)) == drawn("??")


@pytest.mark.parametrize(
    ("seen_until", "line"), [(3, "obb?"), (1, "o???"), (0, "????"), (-5, "????"), (4, "obbb")]
)
def test_rule_20_what_is_no_longer_seen_is_unknown_from_its_last_observation(
    seen_until: float, line: str
) -> None:
    timeline = location_timeline(
        [change(OK, BAD, 1, 1)], start=at(0), end=at(4), before=OK, seen_until=at(seen_until)
    )

    assert timeline == drawn(line)


@pytest.mark.parametrize(
    ("locations", "configured", "check"),
    [
        (["oobb"], 1, "oobb"),
        # Downtime begins with the run that completed the majority, and ends likewise.
        (["obbbboo", "oobbbbo", "ooooooo"], 3, "oobbboo"),
        (["obbb", "o???", "oooo"], 3, "oooo"),
        (["obbb", "o???", "o???"], 3, "o???"),
        (["bbb"], 3, "???"),
        ([], 1, "???"),
    ],
)
def test_rule_8_over_time(locations: list[str], configured: int, check: str) -> None:
    end = at(len(check))

    timeline = check_timeline(
        [drawn(line) for line in locations], start=at(0), end=end, configured=configured
    )

    assert timeline == drawn(check)


@pytest.mark.parametrize(
    ("essential", "other", "channel"),
    [
        (["oobb"], [], "ooMM"),
        (["oobs"], ["obbo"], "odMd"),
        (["o??b"], ["ooob"], "o??M"),
        (["oo"], ["oo"], "oo??"),  # where nothing is written, nothing is known
        ([], [], "----"),
    ],
)
def test_rule_9_over_time(essential: list[str], other: list[str], channel: str) -> None:
    checks = [(drawn(line), True) for line in essential] + [(drawn(line), False) for line in other]

    assert channel_timeline(checks, start=at(0), end=at(4)) == measured(channel)


def test_rule_10_over_time() -> None:
    channels = {"web": measured("ooMMo"), "app": measured("odoM?"), "desk": measured("-----")}

    assert service_timeline(channels, start=at(0), end=at(5)) == measured("odpMo")


def test_it_merges_neighbours_that_say_the_same_and_drops_empty_ones() -> None:
    pieces = [
        Interval(at(0), at(1), "a"),
        Interval(at(1), at(1), "b"),
        Interval(at(1), at(2), "a"),
        Interval(at(3), at(4), "a"),
    ]

    assert merged(pieces) == [Interval(at(0), at(2), "a"), Interval(at(3), at(4), "a")]


def test_it_walks_timelines_side_by_side() -> None:
    steps = [
        (begins, ends, dict(said))
        for begins, ends, said in sweep(
            {"a": [Interval(at(-1), at(2), 1)], "b": [Interval(at(1), at(9), 2)]}, at(0), at(4)
        )
    ]

    assert steps == [
        (at(0), at(1), {"a": 1}),
        (at(1), at(2), {"a": 1, "b": 2}),
        (at(2), at(4), {"b": 2}),
    ]


def test_rule_22_a_day_is_a_day_of_the_zone() -> None:
    assert days(date(2026, 3, 1), date(2026, 3, 3), ZoneInfo("Asia/Riyadh")) == [
        (
            date(2026, 3, 1),
            datetime(2026, 2, 28, 21, tzinfo=UTC),
            datetime(2026, 3, 1, 21, tzinfo=UTC),
        ),
        (
            date(2026, 3, 2),
            datetime(2026, 3, 1, 21, tzinfo=UTC),
            datetime(2026, 3, 2, 21, tzinfo=UTC),
        ),
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Africa/Cairo", date(2026, 4, 24), 23),  # clocks jump from 00:00 to 01:00
        ("Africa/Cairo", date(2026, 10, 29), 25),  # and back from 24:00 to 23:00
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Riyadh", date(2026, 3, 29), 24),
    ],
)
def test_rule_22_a_day_may_have_23_or_25_hours(zone: str, day: date, hours: int) -> None:
    ((_, start, end),) = days(day, day + timedelta(days=1), ZoneInfo(zone))

    assert end - start == hours * HOUR


def test_a_year_of_days_has_no_gap_and_no_overlap() -> None:
    year = days(date(2026, 1, 1), date(2027, 1, 1), ZoneInfo("Africa/Cairo"))

    assert len(year) == 365
    assert all(one[2] == two[1] for one, two in pairwise(year))


def test_no_days_before_they_begin() -> None:
    assert days(date(2026, 3, 2), date(2026, 3, 1), UTC) == []


@given(st.text(alphabet="osbf ", max_size=60))
def test_rule_3_the_timeline_of_any_ladder_is_whole_and_in_order(letters: str) -> None:
    policy = Policy(interval=HOUR, timeout=HOUR / 60, fast_interval=HOUR / 60)
    outcomes = dict(zip("osbf", Outcome, strict=True))
    state = State()
    changes: list[Change] = []
    for hour, letter in enumerate(letters):
        if letter != " ":
            seen = Observation(1, 1, at(hour), at(hour), outcomes[letter], Reason.OK)
            state, new = advance(state, seen, policy)
            changes += new
    end = at(len(letters) + 1)

    timeline = location_timeline(changes, start=START, end=end)

    assert timeline[0].start == START
    assert timeline[-1].end == end
    assert all(one.end == two.start for one, two in pairwise(timeline))
    assert all(one.health is not two.health for one, two in pairwise(timeline))
    assert timeline[-1].health is state.health
