"""The clocks of an incident: when each begins, warns, runs out, and what is told of it."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from incidents.clocks import (
    Clock,
    ClockFacts,
    ClockKind,
    ClockState,
    DueKind,
    Policy,
    clocks,
    due,
    next_update_by,
    read_row,
    state,
    update_overdue_since,
)
from incidents.office import Allowance, OfficeHours, Unit
from incidents.severity import Impact, Reach, Severity, suggest

ZONE = ZoneInfo("Asia/Bahrain")
OFFICE = OfficeHours(ZONE)
NEVER = replace(OFFICE, weekend=frozenset(range(7)))
POLICY = Policy()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(text: str) -> datetime:
    """ "22 10:00" is that day of November 2026, in Bahrain; the 22nd is a Sunday."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


OPENED = at("22 10:00")


def facts(severity: int = 1, **fields) -> ClockFacts:
    return ClockFacts(Severity(f"P{severity}"), **{"opened_at": OPENED} | fields)


def clock(kind: str, asked: ClockFacts, office: OfficeHours = OFFICE) -> Clock | None:
    return next((one for one in clocks(asked, POLICY, office) if one.kind.value == kind), None)


def ends(kind: str, asked: ClockFacts) -> str | None:
    found = clock(kind, asked)
    return f"{found.due_at.astimezone(ZONE):%d %H:%M}" if found else None


# --- when each runs out ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "acknowledge", "first_notice", "update", "report"),
    [
        (1, "22 10:10", "22 10:20", "22 10:30", "25 14:00"),
        (2, "22 10:20", "22 11:00", "22 12:00", "29 14:00"),
        (3, "22 12:00", "22 14:00", "23 14:00", "06 14:00"),
        (4, "23 14:00", None, None, None),
    ],
)
def test_each_severity_has_its_clocks(severity, acknowledge, first_notice, update, report):
    assert ends("acknowledge", facts(severity)) == acknowledge
    assert ends("first_notice", facts(severity)) == first_notice
    assert ends("update", facts(severity, last_notice_at=OPENED)) == update
    assert ends("report", facts(severity, resolved_at=OPENED)) == report


@pytest.mark.parametrize(
    ("severity", "acknowledge", "first_notice"),
    [
        (1, "27 02:10", "27 02:20"),
        (2, "27 02:20", "27 03:00"),
        (3, "29 09:00", "29 11:00"),
        (4, "29 14:00", None),
    ],
)
def test_on_a_friday_night_grave_incidents_wake_people_and_lesser_ones_wait(
    severity, acknowledge, first_notice
):
    asked = facts(severity, opened_at=at("27 02:00"))
    assert ends("acknowledge", asked) == acknowledge
    assert ends("first_notice", asked) == first_notice


def test_the_first_notice_counts_from_the_confirmation_and_acknowledging_from_the_opening():
    asked = facts(confirmed_at=at("22 09:50"))
    assert ends("acknowledge", asked) == "22 10:10"
    assert ends("first_notice", asked) == "22 10:10"


# --- updates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last_notice", "expected"),
    [
        ("22 10:05", "22 10:35"),
        ("22 11:59", "22 12:29"),
        ("22 12:00", "22 13:00"),  # two hours have passed
        ("22 20:00", "22 21:00"),
    ],
)
def test_a_p1_is_told_of_every_half_hour_at_first_and_then_every_hour(last_notice, expected):
    assert ends("update", facts(last_notice_at=at(last_notice))) == expected


def test_no_update_is_asked_for_before_the_first_notice_nor_after_the_resolution():
    assert ends("update", facts()) is None
    assert ends("update", facts(last_notice_at=OPENED, resolved_at=at("22 10:20"))) is None


@pytest.mark.parametrize(
    ("severity", "promised", "expected", "public"),
    [
        (2, None, "22 12:00", "22 12:00"),
        (2, "22 11:00", "22 11:00", "22 11:00"),  # promised sooner than it has to be
        (2, "22 15:00", "22 12:00", "22 15:00"),  # a long promise excuses nobody
        (2, "22 10:00", "22 12:00", "22 12:00"),  # kept by the notice that came with it
        (2, "22 09:00", "22 12:00", "22 12:00"),
        (4, None, None, None),
        (4, "24 08:00", "24 08:00", "24 08:00"),
    ],
)
def test_the_sooner_of_promise_and_cadence_counts_and_the_public_holds_us_to_the_promise(
    severity, promised, expected, public
):
    asked = facts(
        severity, last_notice_at=OPENED, promised_next_at=at(promised) if promised else None
    )
    assert ends("update", asked) == expected
    said = next_update_by(asked, POLICY, OFFICE)
    assert (f"{said.astimezone(ZONE):%d %H:%M}" if said else None) == public


def test_announcements_and_clarifications_owe_only_what_they_promised():
    said = facts(1, is_incident=False, last_notice_at=OPENED)
    assert clocks(said, POLICY, OFFICE) == []
    assert clocks(replace(said, resolved_at=at("22 11:00")), POLICY, OFFICE) == []
    (only,) = clocks(replace(said, promised_next_at=at("24 08:00")), POLICY, OFFICE)
    assert (only.kind, only.due_at) == (ClockKind.UPDATE, at("24 08:00"))


@pytest.mark.parametrize(
    ("now", "expected"),
    [("22 11:59", None), ("22 12:00", "22 12:00"), ("23 07:00", "22 12:00")],
)
def test_a_page_says_since_when_an_update_is_overdue(now, expected):
    said = update_overdue_since(at("22 12:00"), at(now))
    assert said == (at(expected) if expected else None)


def test_nothing_is_overdue_where_nothing_was_promised():
    assert update_overdue_since(None, at("30 00:00")) is None


# --- where a clock stands -------------------------------------------------------------------------

HOURLY = facts(last_notice_at=at("22 13:00"))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("22 13:00", ClockState.RUNNING),
        ("22 13:49", ClockState.RUNNING),
        ("22 13:50", ClockState.WARNING),
        ("22 13:59", ClockState.WARNING),
        ("22 14:00", ClockState.OVERDUE),
        ("25 00:00", ClockState.OVERDUE),
    ],
)
def test_a_p1_is_warned_of_fifty_minutes_after_its_last_update(now, expected):
    found = clock("update", HOURLY)
    assert found is not None
    assert state(found, at(now)) is expected


@pytest.mark.parametrize(
    ("kind", "asked", "expected"),
    [
        ("acknowledge", facts(1), "22 10:05"),  # half of ten minutes
        ("acknowledge", facts(2), "22 10:10"),
        ("first_notice", facts(2), "22 10:50"),
        ("update", facts(2, last_notice_at=OPENED), "22 11:40"),
        ("acknowledge", facts(3), "22 11:40"),
        # A sixth of eleven office hours is in the morning of Monday, not in the night before it.
        ("acknowledge", facts(4), "23 12:10"),
        # A promise for the day after tomorrow: an hour before it, not eight.
        (
            "update",
            facts(4, last_notice_at=OPENED, promised_next_at=at("24 10:00")),
            "24 09:00",
        ),
    ],
)
def test_the_warning_leaves_time_to_write(kind, asked, expected):
    found = clock(kind, asked)
    assert found is not None
    assert f"{found.warns_at.astimezone(ZONE):%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("met", "expected"),
    [("22 10:00", ClockState.MET), ("22 10:10", ClockState.MET), ("22 10:11", ClockState.MET_LATE)],
)
def test_a_clock_that_was_met_stays_met(met, expected):
    found = clock("acknowledge", facts(acknowledged_at=at(met)))
    assert found is not None
    assert state(found, at("30 00:00")) is expected


def test_what_was_met_stays_when_the_incident_is_resolved_and_what_was_not_ends():
    done = facts(acknowledged_at=at("22 10:04"), resolved_at=at("22 10:15"))
    assert [one.kind.value for one in clocks(done, POLICY, OFFICE)] == ["acknowledge", "report"]
    assert [one.kind.value for one in clocks(facts(), POLICY, OFFICE)] == [
        "acknowledge",
        "first_notice",
    ]


def test_a_reopened_incident_is_acknowledged_anew_and_told_of_often_again():
    again = facts(
        reopened_at=at("22 20:00"), first_notice_at=at("22 10:05"), last_notice_at=at("22 20:01")
    )
    assert ends("acknowledge", again) == "22 20:10"
    assert ends("update", again) == "22 20:31"
    assert ends("first_notice", again) == "22 10:20"


def test_a_severity_that_is_raised_counts_from_the_start():
    assert ends("acknowledge", facts(3, opened_at=at("27 02:00"))) == "29 09:00"
    raised = facts(1, opened_at=at("27 02:00"))
    (item,) = [one for one in told_at("27 05:00", raised) if one.clock is ClockKind.ACKNOWLEDGE]
    assert (item.kind, item.at) == (DueKind.OVERDUE, at("27 02:10"))


def test_a_calendar_without_office_hours_makes_clocks_run_on_the_wall():
    found = clock("acknowledge", facts(3), NEVER)
    assert found is not None
    assert (found.due_at, found.warns_at) == (at("22 12:00"), at("22 11:40"))
    report = clock("report", facts(1, resolved_at=OPENED), NEVER)
    assert report is not None
    assert report.due_at == at("25 10:00")


# --- what is due ----------------------------------------------------------------------------------


def told_at(now: str, asked: ClockFacts) -> list:
    return due(asked, POLICY, OFFICE, at(now))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("22 10:04", []),
        ("22 10:05", ["acknowledge due_soon"]),
        ("22 10:09", ["acknowledge due_soon"]),
        ("22 10:10", ["acknowledge overdue", "first_notice due_soon"]),
        ("22 10:20", ["acknowledge overdue", "first_notice overdue"]),
        ("25 00:00", ["acknowledge overdue", "first_notice overdue"]),
    ],
)
def test_each_clock_is_told_of_when_it_is_about_to_run_out_and_when_it_did(now, expected):
    assert [
        f"{item.clock.value} {item.kind.value.removeprefix('incident.')}"
        for item in told_at(now, facts())
    ] == expected


def test_the_whole_life_of_a_p1_that_is_looked_after_tells_only_of_its_report():
    asked = facts(acknowledged_at=at("22 10:03"), first_notice_at=at("22 10:01"))
    for last, now in [("22 10:01", "22 10:20"), ("22 10:21", "22 10:40"), ("22 13:00", "22 13:49")]:
        assert told_at(now, replace(asked, last_notice_at=at(last))) == []
    done = replace(asked, last_notice_at=at("22 14:00"), resolved_at=at("22 14:00"))
    assert told_at("25 08:00", done) == []
    # Of three office days of seven hours a sixth is left from half past ten on.
    (soon,) = told_at("25 13:00", done)
    assert (soon.kind, soon.clock, soon.at) == (
        DueKind.DUE_SOON,
        ClockKind.REPORT,
        at("25 10:30"),
    )
    assert told_at("30 00:00", replace(done, report_submitted_at=at("25 13:30"))) == []


def test_each_run_of_a_clock_is_an_occasion_of_its_own_and_the_same_one_at_every_look():
    first = told_at("22 14:00", HOURLY)
    assert [item.occasion for item in first if item.clock is ClockKind.UPDATE] == [
        "update:20261122T110000Z"
    ]
    assert told_at("22 14:00", HOURLY) == first
    again = told_at("22 15:30", replace(HOURLY, last_notice_at=at("22 14:10")))
    assert [item.occasion for item in again if item.clock is ClockKind.UPDATE] == [
        "update:20261122T121000Z"
    ]


def test_nobody_is_warned_of_what_is_overdue_already():
    (item,) = [one for one in told_at("23 00:00", HOURLY) if one.clock is ClockKind.UPDATE]
    assert item.kind is DueKind.OVERDUE


instants = st.integers(0, 14 * 24 * 60).map(lambda number: OPENED + number * MINUTE)
maybe = st.none() | instants


@run_with(deadline=None)
@given(
    asked=st.builds(
        ClockFacts,
        severity=st.sampled_from(Severity),
        opened_at=instants,
        is_incident=st.booleans(),
        confirmed_at=maybe,
        reopened_at=maybe,
        acknowledged_at=maybe,
        first_notice_at=maybe,
        last_notice_at=maybe,
        promised_next_at=maybe,
        resolved_at=maybe,
        report_submitted_at=maybe,
    ),
    now=instants,
    later=instants,
)
def test_whatever_the_facts_a_clock_warns_between_its_start_and_its_end(asked, now, later):
    found = clocks(asked, POLICY, OFFICE)
    assert len({one.kind for one in found}) == len(found)
    assert all(one.starts_at <= one.warns_at < one.due_at for one in found)
    items = due(asked, POLICY, OFFICE, now)
    assert all(item.at <= now for item in items)
    # What is overdue stays so until somebody does something.
    overdue = {item.occasion for item in items if item.kind is DueKind.OVERDUE}
    still = due(asked, POLICY, OFFICE, max(now, later))
    assert overdue <= {item.occasion for item in still if item.kind is DueKind.OVERDUE}


# --- settings and paper ---------------------------------------------------------------------------


def test_a_row_is_one_allowance_for_each_severity():
    assert read_row("10m  20m 2oh -") == (
        Allowance(10, Unit.MINUTES),
        Allowance(20, Unit.MINUTES),
        Allowance(2, Unit.OFFICE_HOURS),
        None,
    )


@pytest.mark.parametrize("written", ["", "10m", "10m 20m 2oh", "10m 20m 2oh 1d 2d", "1m 2m 3m x"])
def test_a_row_that_is_not_four_allowances_is_refused(written):
    with pytest.raises(ValueError, match="length"):
        read_row(written)


def in_words(allowance: Allowance | None) -> str:
    if allowance is None:
        return "none"
    units = {"m": "minute", "h": "hour", "oh": "office hour", "d": "business day"}
    ending = "s" if allowance.number > 1 else ""
    return f"{allowance.number} {units[allowance.unit.value]}{ending}"


def test_the_paper_and_the_settings_say_the_numbers_of_the_policy(settings):
    rows = [POLICY.acknowledge, POLICY.first_notice, POLICY.update, POLICY.report]
    assert rows == [
        settings.INCIDENT_ACKNOWLEDGE,
        settings.INCIDENT_FIRST_NOTICE,
        settings.INCIDENT_UPDATE,
        settings.INCIDENT_REPORT,
    ]
    early = POLICY.early_update, POLICY.early_for
    assert early == settings.INCIDENT_UPDATE_EARLY
    assert (OFFICE.hours, OFFICE.ramadan_hours, OFFICE.weekend) == (
        settings.INCIDENT_OFFICE_HOURS,
        settings.INCIDENT_RAMADAN_HOURS,
        settings.WEEKEND,
    )
    paper = (Path(__file__).resolve().parents[2] / "docs" / "clocks.md").read_text(encoding="utf-8")
    for place, severity in enumerate(Severity):
        said = [in_words(row[place]) for row in rows]
        assert f"| {severity.name} | {' | '.join(said)} |" in paper
    assert "In the first 2 hours of a P1 the public is told every 30 minutes." in paper
    assert "07:00 to 14:00, and 08:00 to 14:00 in Ramadan" in paper


def test_the_paper_shows_the_matrix():
    paper = (Path(__file__).resolve().parents[2] / "docs" / "clocks.md").read_text(encoding="utf-8")
    table = paper.split("## Severity")[1].split("One step higher")[0]
    cells = re.findall(r"^\| .*?((?: \| P\d){4}) \|$", table, re.M)
    assert [row.replace(" | ", " ").split() for row in cells] == [
        [suggest(impact, reach).name for reach in Reach] for impact in Impact
    ]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("INCIDENT_ACKNOWLEDGE", "10m 20m", "INCIDENT_ACKNOWLEDGE: '10m 20m' must be four"),
        ("INCIDENT_UPDATE", "60m 2h soon -", "INCIDENT_UPDATE: 'soon' is no length of time"),
        ("INCIDENT_REPORT", "3d 5d 400d -", "INCIDENT_REPORT: '400d' must be from 1d to 90d"),
        ("INCIDENT_UPDATE_EARLY", "30m", "INCIDENT_UPDATE_EARLY: it must be two lengths"),
        ("INCIDENT_UPDATE_EARLY", "30m x", "INCIDENT_UPDATE_EARLY: 'x' is no length of time"),
        ("INCIDENT_UPDATE_EARLY", "30m 2oh", "INCIDENT_UPDATE_EARLY: office hours do not count"),
        ("INCIDENT_OFFICE_HOURS", "7 to 14", "INCIDENT_OFFICE_HOURS must be two times"),
        ("INCIDENT_KEPT_DAYS", "7", "INCIDENT_KEPT_DAYS must be at least 31, not 7"),
    ],
)
def test_an_impossible_setting_stops_the_start_with_a_sentence_that_names_it(
    name, value, sentence, monkeypatch
):
    monkeypatch.setenv(name, value)
    # Read under another name: the settings that the tests run with stay as they are.
    path = Path(__file__).resolve().parents[2] / "statusportal" / "settings" / "people.py"
    with pytest.raises(ImproperlyConfigured) as refused:
        runpy.run_path(str(path))
    assert str(refused.value).startswith(sentence)
