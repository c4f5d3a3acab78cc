"""Asking for windows that repeat: every one of them is weighed, and slots suit all of them."""

from __future__ import annotations

import pytest
import time_machine

from accounts.models import Role
from maintenance.models import CalendarPeriod
from tests.admin_pages import browser, elements, filled_in, page_text, text
from tests.factories import make_agency, make_service, make_user
from tests.maintenance.asking import ADD, NOW, POLICY, typed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday_at_three():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ours():
    return make_agency(code="OURS", name_en="Our ministry")


@pytest.fixture
def renewal(ours):
    return make_service(slug="renewal", name_en="ID renewal", agency=ours, tier=1)


@pytest.fixture
def staff(ours):
    return browser(make_user(Role.AGENCY_STAFF, ours))


def asked(staff, *services, **fields):
    return filled_in(staff.get(ADD)) | typed(*services, **fields)


def said(response):
    """The faults that the panel names."""
    return [
        text(item)
        for listed in elements(response, "ul", **{"class": "policy__faults"})
        for item in listed
    ]


def offered_slots(response):
    return [button.get("value") for button in elements(response, "button", name="_slot")]


def freeze(day: str) -> None:
    CalendarPeriod.objects.create(
        kind="freeze", name_ar="إقفال", name_en="Results", first_day=day, last_day=day
    )


def occurrences_of(shown):
    """Each window of the series with its faults."""
    (listed,) = elements(shown, "ol", **{"class": "policy__occurrences"})
    return [text(item) for item in listed]


FRIDAY_NIGHT = {"starts_at": "2026-11-27T02:30", "ends_at": "2026-11-27T04:30"}


def test_a_later_window_of_a_series_is_weighed_and_named_like_the_first(staff, renewal):
    freeze("2026-12-04")
    weekly = {**FRIDAY_NIGHT, "repeats": "FREQ=WEEKLY", "times": "3"}
    shown = staff.post(POLICY, asked(staff, renewal, **weekly))
    assert said(shown) == [
        "1 window of the series, of 3, is outside the policy. It is named below."
    ]
    assert occurrences_of(shown) == [
        "Friday 27 November 2026, from 02:30 to 04:30",
        (
            "Friday 4 December 2026, from 02:30 to 04:30"
            "It falls into a time without planned work: \u2068Results\u2069."
        ),
        "Friday 11 December 2026, from 02:30 to 04:30",
    ]
    assert "Within the policy." not in page_text(shown)
    (panel,) = elements(shown, "div", **{"class": "policy__said"})
    assert panel.get("data-outside") == "yes"


@pytest.mark.parametrize(
    ("chosen", "starts"),
    [
        # Three weeks from these days on leave the fourth of December out.
        ({"repeats": "FREQ=WEEKLY", "times": "3"}, ["2026-11-28", "2026-11-29", "2026-12-05"]),
        # A rule that names its weekday begins on no other.
        (
            {"repeats": "own", "own_rule": "FREQ=WEEKLY;BYDAY=FR;COUNT=3"},
            ["2026-12-11", "2026-12-18", "2026-12-25"],
        ),
        # The same weekday of the month follows the slot: the fourth Friday, the fourth Saturday.
        ({"repeats": "monthly", "times": "2"}, ["2026-11-27", "2026-11-28", "2026-11-29"]),
    ],
)
def test_slots_are_offered_from_which_every_window_of_the_series_is_fine(
    staff, renewal, chosen, starts
):
    freeze("2026-12-04")
    # By the month the freeze is in nobody's way; a Tuesday at eleven is.
    times = FRIDAY_NIGHT if chosen["repeats"] != "monthly" else {}
    shown = staff.post(POLICY, asked(staff, renewal, **times, **chosen))
    assert [value.partition("T")[0] for value in offered_slots(shown)] == starts
    for value in offered_slots(shown):
        taken = staff.post(ADD, asked(staff, renewal, **times, **chosen) | {"_slot": value})
        assert said(taken) == []
        assert "Within the policy." in page_text(taken)


def test_where_no_series_would_be_fine_it_says_what_to_do(staff, renewal):
    freeze("2026-12-04")
    # Every night: on most of them nobody may work.
    daily = {**FRIDAY_NIGHT, "repeats": "own", "own_rule": "FREQ=DAILY;COUNT=14"}
    shown = staff.post(POLICY, asked(staff, renewal, **daily))
    assert offered_slots(shown) == []
    assert "Ask for those that are not apart from the others." in page_text(shown)


def test_one_window_outside_the_policy_makes_a_series_the_supervisors(staff, renewal):
    renewal.tier = 2
    renewal.save()
    freeze("2026-12-04")
    weekly = {**FRIDAY_NIGHT, "repeats": "FREQ=WEEKLY"}
    outside = staff.post(POLICY, asked(staff, renewal, **weekly, times="2"))
    assert "A supervisor of the authority has to approve it" in page_text(outside)
    CalendarPeriod.objects.all().delete()
    fine = staff.post(POLICY, asked(staff, renewal, **weekly, times="2"))
    assert "A publisher of the agency can approve it" in page_text(fine)
