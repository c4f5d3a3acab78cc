"""Finding windows: the list, its filters and searches, the month, and the announced periods."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Role
from maintenance.admin.month import Month, days_touched, weeks_of
from maintenance.models import CalendarPeriod, Window
from tests.admin_pages import browser, elements, errors, filled_in, option_texts, page_text, text
from tests.factories import make_agency, make_channel, make_service, make_user
from tests.maintenance.asking import ADD, LIST, MONTH, NOW, make_window, page, typed

pytestmark = pytest.mark.django_db

PERIODS = reverse("admin:maintenance_calendarperiod_changelist")
NEW_PERIOD = reverse("admin:maintenance_calendarperiod_add")


@pytest.fixture(autouse=True)
def _monday_at_three():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ours():
    return make_agency(code="OURS", name_en="Our ministry")


@pytest.fixture
def renewal(ours):
    return make_service(slug="renewal", name_en="ID renewal", name_ar="تجديد الهوية", agency=ours)


@pytest.fixture
def person(ours):
    return make_user(Role.AGENCY_STAFF, ours)


def refs(response):
    """The references in the list, in order."""
    return [text(cell) for cell in elements(response, "th", **{"class": "field-ref"})]


# --- the list -----------------------------------------------------------------------------------


def test_the_list_names_services_and_channels_and_says_the_times_of_the_deployment(person, renewal):
    window = make_window(renewal, by=person)
    window.services.get().channels.add(make_channel(service=renewal, kind="app"))
    shown = page_text(browser(person).get(LIST))
    assert "ID renewal (Mobile app)" in shown
    assert "2026-11-27 02:30" in shown


def test_the_list_takes_the_same_queries_for_one_window_and_for_three(
    person, renewal, ours, django_assert_num_queries
):
    staff = browser(person)
    make_window(renewal, by=person)
    staff.get(LIST)
    with django_assert_num_queries(11):
        staff.get(LIST)
    for _number in range(2):
        service = make_service(agency=ours)
        window = make_window(service, make_service(agency=ours), by=person)
        window.services.first().channels.add(make_channel(service=service))
    with django_assert_num_queries(11):
        assert len(refs(staff.get(LIST))) == 3


def test_filters_find_what_runs_what_is_ahead_and_what_is_past(person, renewal):
    begun: dict[str, Any] = {
        "starts_at": NOW - timedelta(hours=3),
        "ends_at": NOW - timedelta(hours=1),
    }
    # Past its end and never completed: it runs (rule 16).
    running = make_window(renewal, state="approved", by=person, **begun)
    ahead = make_window(renewal, state="submitted", by=person)
    done = make_window(renewal, state="completed", by=person, **begun)
    called_off = make_window(renewal, state="cancelled", by=person)
    late_draft = make_window(renewal, by=person, **begun)
    staff = browser(person)
    assert set(refs(staff.get(LIST, {"when": "running"}))) == {running.ref}
    assert set(refs(staff.get(LIST, {"when": "ahead"}))) == {ahead.ref}
    assert set(refs(staff.get(LIST, {"when": "past"}))) == {
        done.ref,
        called_off.ref,
        late_draft.ref,
    }
    assert refs(staff.get(LIST, {"state__exact": "submitted"})) == [ahead.ref]


@pytest.mark.parametrize("words", ["ref", "CHG-42", "ID renewal", "تجديد الهوية", "renewal"])
def test_a_window_is_found_by_its_reference_its_ticket_and_its_services(person, renewal, words):
    wanted = make_window(renewal, by=person, ticket="CHG-42")
    make_window(make_service(agency=renewal.agency), by=person)
    asked = wanted.ref if words == "ref" else words
    assert refs(browser(person).get(LIST, {"q": asked})) == [wanted.ref]


def test_lists_and_filters_hold_ones_own_agency_only(person, renewal):
    make_window(renewal, by=person)
    theirs = make_service(name_en="Their service", agency=make_agency(name_en="Their ministry"))
    make_window(theirs, by=make_user(Role.AGENCY_STAFF, theirs.agency))
    staff = browser(person)
    for address in (LIST, MONTH):
        assert "Their" not in page_text(staff.get(address))
    assert len(refs(browser(make_user(Role.AUDITOR)).get(LIST))) == 2


# --- asking for another agency ------------------------------------------------------------------


def test_only_ones_own_services_can_be_chosen(person, renewal):
    theirs = make_service(name_en="Their service")
    staff = browser(person)
    shown = staff.get(ADD)
    assert option_texts(shown, "services-0-service") == ["---------", "ID renewal"]
    answer = staff.post(ADD, filled_in(shown) | typed(theirs, _save="1"))
    assert answer.status_code == 200
    assert not Window.objects.exists()
    assert staff.get(ADD, {"agency": theirs.agency.pk}).status_code == 200
    assert "Their" not in page_text(staff.get(ADD, {"agency": theirs.agency.pk}))


def test_whoever_works_for_several_agencies_says_first_for_which(renewal):
    other = make_service(name_en="Other service")
    supervisor = browser(make_user(Role.SUPERVISOR))
    first = supervisor.get(ADD)
    assert option_texts(first, "agency") == [str(other.agency), str(renewal.agency)]
    address = f"{ADD}?agency={other.agency.pk}"
    shown = supervisor.get(address)
    assert option_texts(shown, "services-0-service") == ["---------", "Other service"]
    answer = supervisor.post(address, filled_in(shown) | typed(other, _save="1"))
    assert answer.status_code == 302
    assert Window.objects.get().agency == other.agency


@pytest.mark.parametrize("role", [Role.CONTACT_CENTRE, Role.AUDITOR])
def test_who_may_only_look_cannot_ask(renewal, person, role):
    window = make_window(renewal, by=person)
    client = browser(make_user(role))
    assert client.get(ADD).status_code == 403
    shown = client.get(page(window))
    assert shown.status_code == 200
    assert not elements(shown, "input", name="_save")
    assert "ID renewal" in page_text(shown)


def test_a_draft_can_be_deleted_and_nothing_that_was_submitted(person, renewal):
    staff = browser(person)
    draft = make_window(renewal, by=person)
    returned = make_window(renewal, state="returned", by=person)
    delete = "admin:maintenance_window_delete"
    assert staff.post(reverse(delete, args=(returned.pk,)), {"post": "yes"}).status_code == 403
    assert staff.post(reverse(delete, args=(draft.pk,)), {"post": "yes"}).status_code == 302
    assert list(Window.objects.all()) == [returned]


# --- the month ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text_", "month"),
    [
        ("2026-11", Month(2026, 11)),
        ("٢٠٢٦-١٢", Month(2026, 12)),
        ("", Month(2026, 1)),
        ("2026-13", Month(2026, 1)),
        ("2026-00", Month(2026, 1)),
        ("9999-12", Month(2026, 1)),
        ("next", Month(2026, 1)),
        ("2026-11-01", Month(2026, 1)),
        ("²026-11", Month(2026, 1)),
    ],
)
def test_a_month_is_read_from_an_address_or_is_this_one(text_, month):
    assert Month.read(text_, otherwise=Month(2026, 1)) == month


def test_months_follow_each_other_across_years():
    assert Month(2026, 12).moved(1) == Month(2027, 1)
    assert Month(2026, 1).moved(-1) == Month(2025, 12)


@pytest.mark.parametrize(
    ("first_weekday", "first_day"),
    # 1 November 2026 is a Sunday.
    [(6, date(2026, 11, 1)), (5, date(2026, 10, 31)), (0, date(2026, 10, 26))],
)
def test_weeks_begin_on_the_day_of_the_setting(first_weekday, first_day):
    weeks = weeks_of(Month(2026, 11), first_weekday=first_weekday)
    assert weeks[0][0] == first_day
    assert all(len(week) == 7 for week in weeks)


def test_a_window_that_ends_at_midnight_does_not_touch_the_next_day():
    zone = ZoneInfo("Asia/Bahrain")
    evening = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
    midnight = datetime(2026, 11, 26, 21, 0, tzinfo=UTC)
    assert days_touched(evening, midnight, zone) == [date(2026, 11, 26)]
    assert days_touched(evening, midnight + timedelta(minutes=1), zone) == [
        date(2026, 11, 26),
        date(2026, 11, 27),
    ]


def cell(response, day):
    """The text of one day in the table."""
    (found,) = [
        td
        for td in elements(response, "td")
        if any(child.get("datetime") == day for child in td.iter())
    ]
    return text(found)


@pytest.mark.parametrize(
    ("language", "name", "first"),
    [("en", "November 2026", "Sunday"), ("ar", "نوفمبر 2026", "الأحد")],
)
def test_the_month_shows_each_window_in_each_of_its_days(person, renewal, language, name, first):
    make_window(
        renewal,
        by=person,
        state="approved",
        starts_at=datetime(2026, 11, 26, 20, 0, tzinfo=UTC),
        ends_at=datetime(2026, 11, 28, 1, 0, tzinfo=UTC),
    )
    CalendarPeriod.objects.create(
        kind="freeze",
        name_ar="تجميد",
        name_en="Results week",
        first_day=date(2026, 11, 28),
        last_day=date(2026, 11, 30),
    )
    shown = browser(person, language).get(MONTH, {"month": "2026-11"})
    (caption,) = elements(shown, "caption", id="month-name")
    assert text(caption) == name
    assert text(elements(shown, "th", **{"class": "month__weekday"})[0]) == first
    since, until = {
        "en": ("from 23:00", "until 04:00"),
        "ar": ("من الساعة 23:00", "حتى الساعة 04:00"),
    }[language]
    assert since in cell(shown, "2026-11-26")
    all_day = {"en": "all day", "ar": "طوال اليوم"}[language]
    assert all_day in cell(shown, "2026-11-27")
    assert until in cell(shown, "2026-11-28")
    assert {"en": "Results week", "ar": "تجميد"}[language] in cell(shown, "2026-11-28")
    assert "23:00" not in cell(shown, "2026-11-25")


def test_the_month_takes_the_same_queries_however_much_is_planned(
    person, renewal, ours, django_assert_num_queries
):
    staff = browser(person)
    make_window(renewal, by=person)
    staff.get(MONTH)
    with django_assert_num_queries(8):
        staff.get(MONTH)
    for _number in range(2):
        make_window(make_service(agency=ours), by=person)
    with django_assert_num_queries(8):
        staff.get(MONTH)


# --- the announced periods ----------------------------------------------------------------------


def test_an_administrator_keeps_the_periods_and_nobody_else():
    for role, status in ((Role.ADMINISTRATOR, 200), (Role.SUPERVISOR, 403), (Role.OPERATOR, 403)):
        client = browser(make_user(role))
        assert client.get(PERIODS).status_code == 200
        assert client.get(NEW_PERIOD).status_code == status
    admin = browser(make_user(Role.ADMINISTRATOR))
    said = {
        "kind": "holiday",
        "name_ar": "اليوم الوطني",
        "name_en": "National Day",
        "first_day": "2026-12-16",
        "last_day": "2026-12-15",
    }
    shown = admin.post(NEW_PERIOD, said)
    assert errors(shown) == ["The last day must not lie before the first."]
    assert admin.post(NEW_PERIOD, said | {"last_day": "2026-12-17"}).status_code == 302
    assert CalendarPeriod.objects.get().last_day == date(2026, 12, 17)
