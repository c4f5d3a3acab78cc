"""The record in the admin: read, searched, filtered and taken away by those who may."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import Role
from core import chaining
from core.audit import AuditEntry, AuditLink, kinds_recorded, record
from tests.admin_pages import browser, elements, page_text, text
from tests.factories import make_agency, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LIST = reverse("admin:core_auditentry_changelist")
EXPORT = reverse("admin:core_auditentry_export")
READERS = {Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR}


@pytest.fixture(autouse=True)
def in_english():
    # Names are written into entries in the language of whoever acts.
    with translation.override("en"):
        yield


@pytest.fixture
def auditor():
    # Also while they read: a session is over after a while, whatever the day of the test.
    with time_machine.travel(NOW + DAY):
        yield browser(make_user(Role.AUDITOR, username="amal", first_name="Amal"))


@pytest.fixture
def agency():
    return make_agency(code="MOI", name_en="Interior", name_ar="الداخلية")


@pytest.fixture(autouse=True)
def _new_process(monkeypatch):
    monkeypatch.setattr(chaining, "_linked_before", None)


def act(subject, *, now=NOW, actor=None, what="change", **fields):
    return record(now=now, actor=actor, act=what, subject=subject, **fields)


def reasons(response):
    """The reason of each entry in the list, by the address of its page; newest first."""
    links = [
        link.get("href")
        for cell in elements(response, "th")
        if "field-shown_at" in (cell.get("class") or "")
        for link in cell.iter("{http://www.w3.org/1999/xhtml}a")
    ]
    ids = [int(link.split("/auditentry/")[1].split("/")[0]) for link in links]
    found = AuditEntry.objects.in_bulk(ids)
    return [found[pk].reason for pk in ids]


def rows_of(response):
    """The rows of a file that was taken away, each by the names of its columns."""
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline=""), delimiter=";"))


# --- Who reads it ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_may_read_the_record_take_it_away(role, agency):
    act(agency)
    own = agency if role.value.startswith("agency_") else None
    answer = browser(make_user(role, own)).post(EXPORT)
    assert answer.status_code == (200 if role in READERS else 403)
    assert AuditEntry.objects.filter(act="export").exists() is (role in READERS)


def test_whoever_is_not_signed_in_is_sent_to_the_door(agency):
    assert Client().post(EXPORT).status_code == 302
    assert not AuditEntry.objects.exists()


def test_a_link_that_somebody_follows_takes_nothing_away(auditor):
    assert auditor.get(EXPORT).status_code == 405
    assert not AuditEntry.objects.exists()


# --- Search ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Sara", ["who"]),
        ("sara.m", ["who"]),
        ("2001:db8::7", ["where"]),
        # The act as it is stored and as it is read.
        ("delete", ["what"]),
        ("Deleted", ["what"]),
        ("accounts.user", ["kind"]),
        ("WIN-7K2P", ["reference"]),
        ("80001234", ["before"]),
        ("موقوف", ["after"]),
        ("SUSPENDED", ["after"]),
        ("new switchboard", ["New switchboard"]),
        ("nothing of the kind", []),
        # All words have to be there, wherever each stands.
        ("MOH 80001234", ["before"]),
        ("MOI 80001234", []),
    ],
)
def test_the_record_is_searched_in_all_that_it_holds(auditor, typed, found):
    agency = make_agency(code="AGX", name_en="X", name_ar="س")
    sara = make_user(username="sara.m", first_name="Sara")
    act(agency, actor=sara, reason="who")
    act(agency, address="2001:db8::7", reason="where")
    act(agency, what="delete", reason="what")
    act(make_user(first_name="Y"), reason="kind")
    AuditEntry.objects.create(
        at=NOW,
        actor_name="portal",
        act="approve",
        subject_kind="maintenance.window",
        subject_id="9",
        subject_name="WIN-7K2P",
        reason="reference",
    )
    act(agency, before={"phone": "80001234"}, agency_code="MOH", reason="before")
    act(agency, after={"state": "موقوف", "was": "suspended"}, reason="after")
    act(agency, reason="New switchboard")
    assert reasons(auditor.get(LIST, {"q": typed})) == found


def test_an_act_is_searched_for_in_the_language_of_the_page(agency):
    client = browser(make_user(Role.AUDITOR), language="ar")
    act(agency, what="delete", reason="gone")
    act(agency, reason="stays")
    assert reasons(client.get(LIST, {"q": "حذف"})) == ["gone"]


# --- Filters --------------------------------------------------------------------------------


@pytest.fixture
def three_days(agency):
    """An entry on each of three days of Bahrain, at the edges of the middle one."""
    start = datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
    act(agency, now=start - timedelta(microseconds=1), reason="before")
    act(agency, now=start, reason="first")
    act(agency, now=start + DAY - timedelta(microseconds=1), reason="last")
    act(agency, now=start + DAY, reason="after")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"from": "2026-11-22", "to": "2026-11-22"}, ["last", "first"]),
        ({"from": "2026-11-22"}, ["after", "last", "first"]),
        ({"to": "2026-11-22"}, ["last", "first", "before"]),
        ({"from": "2026-11-23", "to": "2026-11-22"}, []),
        # Nonsense asks for nothing.
        ({"from": "yesterday", "to": ""}, ["after", "last", "first", "before"]),
        ({"to": "9999-12-31"}, ["after", "last", "first", "before"]),
    ],
)
def test_a_period_holds_both_its_days(auditor, three_days, asked, found):
    assert reasons(auditor.get(LIST, asked)) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"act": "delete"}, ["deleted"]),
        ({"agency": "MOI"}, ["of Interior"]),
        ({"person": "sara.m"}, ["by Sara"]),
        ({"person": "Sara Malik"}, ["by Sara"]),
        ({"person": "nobody"}, []),
        ({"person": "a\0b"}, []),
        ({"kind": "accounts.user"}, ["a person"]),
        ({"act": "change", "kind": "accounts.agency", "agency": "MOI"}, ["of Interior"]),
    ],
)
def test_the_record_is_filtered_by_act_agency_person_and_kind(auditor, agency, asked, found):
    sara = make_user(username="sara.m", first_name="Sara", last_name="Malik")
    act(make_user(), reason="a person")
    act(agency, what="delete", reason="deleted")
    act(agency, actor=sara, reason="by Sara")
    act(agency, agency_code="MOI", reason="of Interior")
    assert reasons(auditor.get(LIST, asked)) == found


def test_what_is_typed_into_one_filter_keeps_the_others(auditor, agency):
    act(agency, agency_code="MOI")
    asked = {"agency": "MOI", "from": "2026-11-01", "q": "Interior", "person": "portal"}
    shown = auditor.get(LIST, asked)
    forms = [
        {field.get("name"): field.get("value") for field in form.iter() if field.get("name")}
        for form in elements(shown, "form", **{"class": "typed-filter"})
    ]
    assert forms == [
        {"agency": "MOI", "person": "portal", "q": "Interior", "from": "2026-11-01", "to": ""},
        {"agency": "MOI", "from": "2026-11-01", "q": "Interior", "person": "portal"},
    ]


def test_kinds_are_offered_by_name_and_only_those_that_stand_in_the_record(auditor, agency):
    for _number in range(3):
        act(agency)
        act(make_user())
    assert kinds_recorded() == ["accounts.agency", "accounts.user"]
    links = {text(link): link.get("href") for link in elements(auditor.get(LIST), "a")}
    assert links["Person"] == "?kind=accounts.user"
    assert links["Agency"] == "?kind=accounts.agency"


def test_a_record_without_entries_offers_no_kinds():
    assert kinds_recorded() == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_however_long_it_is(
    auditor, agency, django_assert_num_queries, count
):
    for _number in range(count):
        act(agency, actor=make_user())
    with django_assert_num_queries(7):
        auditor.get(LIST)


# --- One entry ------------------------------------------------------------------------------


def test_an_entry_says_where_it_stands_in_the_chain(auditor, agency):
    entry = act(agency)
    address = reverse("admin:core_auditentry_change", args=(entry.pk,))
    assert "Not linked yet" in page_text(auditor.get(address))
    chaining.chain(now=NOW)
    (place,) = elements(auditor.get(address), "bdi", dir="ltr")
    assert text(place) == f"1:{AuditLink.objects.get().digest}"


def test_an_entry_is_read_in_the_language_of_the_page(agency):
    entry = act(agency, before={"phone": "1"}, after={"phone": "2"})
    address = reverse("admin:core_auditentry_change", args=(entry.pk,))
    shown = page_text(browser(make_user(Role.AUDITOR), language="ar").get(address))
    assert "عدّل" in shown
    assert "الهاتف12" in shown
    assert "لم يُربط بالسلسلة بعد" in shown


def test_an_entry_of_what_is_no_model_is_read_as_well(auditor):
    entry = AuditEntry.objects.create(
        at=NOW,
        actor_name="portal",
        act="import",
        subject_kind="services.catalogue",
        subject_id="ab",
        subject_name="catalogue.csv",
        after={"unchanged": "3"},
    )
    address = reverse("admin:core_auditentry_change", args=(entry.pk,))
    shown = page_text(auditor.get(address))
    assert "Kind of object: services.catalogue" in shown
    assert "Unchanged–3" in shown


# --- Taken away -----------------------------------------------------------------------------


def test_a_file_holds_all_that_an_entry_holds_and_its_link(auditor, agency):
    sara = make_user(username="sara.m", first_name="Sara")
    entry = act(
        agency,
        actor=sara,
        address="2001:db8::7",
        agency_code="MOI",
        before={"phone": None},
        after={"phone": "٨٠", "city": "المنامة"},
        reason="Line one\nline two",
    )
    chaining.chain(now=NOW)
    answer = auditor.post(EXPORT)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert rows_of(answer) == [
        {
            "id": str(entry.pk),
            "at": "2026-11-22T12:00:00+03:00",
            "who": "Sara",
            "user": "sara.m",
            "from_where": "2001:db8::7",
            "act": "change",
            "kind": "accounts.agency",
            "object": str(agency.pk),
            "name": "Interior",
            "agency": "MOI",
            "before": '{"phone": null}',
            "after": '{"city": "المنامة", "phone": "٨٠"}',
            "why": "Line one\nline two",
            "link": "1",
            "digest": AuditLink.objects.get().digest,
        }
    ]


def test_a_file_holds_what_the_list_shows_on_all_its_pages_in_order(auditor, agency, monkeypatch):
    monkeypatch.setattr("accounts.admin.record._BATCH", 2)
    expected = [str(act(agency, agency_code="MOI").pk) for _number in range(5)]
    act(agency)
    answer = auditor.post(EXPORT + "?agency=MOI&q=Interior&p=1&o=2")
    assert [row["id"] for row in rows_of(answer)] == expected


def test_taking_the_record_away_is_an_act_itself_and_not_in_the_file(auditor, agency):
    entry = act(agency, agency_code="MOI")
    act(agency)
    with time_machine.travel(NOW + DAY, tick=False):
        answer = auditor.post(EXPORT + "?agency=MOI&q=Interior&p=0", REMOTE_ADDR="192.0.2.7")
    assert answer["Content-Disposition"] == 'attachment; filename="audit-2026-11-23.csv"'
    # Before the first line of the file has left: a file that breaks off has been read as well.
    written = AuditEntry.objects.get(act="export")
    assert (written.at, written.actor_name, written.address) == (NOW + DAY, "Amal", "192.0.2.7")
    assert (written.subject_kind, written.subject_name) == (
        "core.auditentry",
        "audit-2026-11-23.csv",
    )
    assert written.after == {"entries": "1", "agency": "MOI", "q": "Interior"}
    assert [row["id"] for row in rows_of(answer)] == [str(entry.pk)]
    assert "Exported" in page_text(auditor.get(LIST))


def test_no_cell_of_a_file_is_computed(auditor, agency):
    act(agency, reason='=HYPERLINK("https://evil.example")', after={"a": "=1+1"})
    (row,) = rows_of(auditor.post(EXPORT))
    assert row["why"] == '\'=HYPERLINK("https://evil.example")'
    assert row["after"] == '{"a": "=1+1"}'


def test_a_record_without_entries_is_a_file_with_the_names_alone(auditor):
    assert rows_of(auditor.post(EXPORT)) == []
    assert (AuditEntry.objects.get().after or {})["entries"] == "0"


def test_an_address_that_asks_for_what_is_not_there_takes_nothing_away(auditor):
    answer = auditor.post(EXPORT + "?colour=red")
    assert (answer.status_code, answer["Location"]) == (302, LIST + "?e=1")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_a_file_costs_the_same_for_any_number_of_entries(
    auditor, agency, django_assert_num_queries, count
):
    for _number in range(count):
        act(agency, actor=make_user())
    with django_assert_num_queries(12):
        assert len(rows_of(auditor.post(EXPORT))) == count


def test_the_button_takes_away_what_is_asked_for(auditor, agency):
    act(agency)
    (form,) = [
        form
        for form in elements(auditor.get(LIST, {"q": "Interior", "from": "2026-11-01"}), "form")
        if (form.get("action") or "").startswith(EXPORT)
    ]
    assert form.get("action") == EXPORT + "?q=Interior&from=2026-11-01"
    names = {element.get("name") for element in form.iter()}
    assert "csrfmiddlewaretoken" in names
