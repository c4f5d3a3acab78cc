"""People, agencies and the record in the admin."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from accounts.models import Agency, Membership, Role, User
from core.audit import AuditEntry, record
from core.outbox import Event, append
from tests.admin_pages import browser, elements, errors, filled_in, page_text
from tests.factories import make_agency, make_service, make_user

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:accounts_user_changelist")
ADD = reverse("admin:accounts_user_add")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def admin():
    return browser(make_user(Role.ADMINISTRATOR, username="noor"))


def page(row, what="change"):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{what}", args=(row.pk,))


def membership(role, agency=None):
    return {
        "memberships-TOTAL_FORMS": "1",
        "memberships-0-role": role.value,
        "memberships-0-agency": agency.pk if agency else "",
    }


def test_a_person_is_added_with_a_role_and_recorded_without_a_password(admin):
    data = filled_in(admin.get(ADD)) | {
        "username": "sara",
        **membership(Role.AGENCY_STAFF, make_agency(code="MOI")),
    }
    assert admin.post(ADD, data).status_code == 302
    person = User.objects.get(username="sara")
    assert (person.is_staff, person.is_superuser) == (True, False)
    assert not person.has_usable_password()
    assert person.memberships.get().role == Role.AGENCY_STAFF
    entries = AuditEntry.objects.order_by("subject_kind", "act")
    assert [(entry.subject_kind, entry.act) for entry in entries] == [
        ("accounts.membership", "add"),
        ("accounts.user", "add"),
        ("accounts.user", "invite"),
    ]
    assert (entries[1].after or {})["password"] == "•••"
    assert (entries[0].after or {})["role"] == "agency_staff"


@pytest.mark.parametrize(
    ("role", "with_agency"), [(Role.AGENCY_STAFF, False), (Role.OPERATOR, True)]
)
def test_a_role_that_does_not_fit_its_agency_is_refused(admin, role, with_agency):
    person = make_user()
    data = filled_in(admin.get(page(person)))
    data |= membership(role, make_agency() if with_agency else None)
    assert errors(admin.post(page(person), data)) == [
        "Agency staff and publishers need an agency; roles of the authority have none."
    ]
    assert not person.memberships.exists()


def test_nobody_becomes_a_superuser_on_a_page(admin):
    person = make_user(Role.OPERATOR)
    data = filled_in(admin.get(page(person)))
    assert not {"is_superuser", "groups", "user_permissions"} & set(data)
    admin.post(page(person), data | {"is_superuser": "on"})
    person.refresh_from_db()
    assert not person.is_superuser


@pytest.mark.parametrize(
    ("role", "sees", "writes"),
    [
        (Role.ADMINISTRATOR, True, True),
        (Role.SUPERVISOR, True, False),
        (Role.AUDITOR, True, False),
        (Role.OPERATOR, False, False),
        (Role.CONTACT_CENTRE, False, False),
        (Role.AGENCY_PUBLISHER, False, False),
    ],
)
def test_people_are_seen_and_written_by_those_who_may(role, sees, writes):
    client, other = browser(make_user(role)), make_user(Role.OPERATOR)
    assert client.get(PEOPLE).status_code == (200 if sees else 403)
    shown = client.get(page(other))
    assert shown.status_code == (200 if sees else 403)
    if sees:
        assert bool(elements(shown, "input", name="_save")) is writes
    assert client.get(ADD).status_code == (200 if writes else 403)


def test_the_list_shows_what_each_person_is(admin):
    person = make_user(Role.AGENCY_STAFF, make_agency(code="MOI"))
    Membership.objects.create(user=person, role=Role.OPERATOR)
    assert "Agency staff (MOI) · Operator" in page_text(admin.get(PEOPLE))


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_people_costs_the_same_however_long_it_is(
    admin, django_assert_num_queries, count
):
    for _number in range(count):
        make_user(Role.AGENCY_STAFF)
    with django_assert_num_queries(10):
        admin.get(PEOPLE)


def test_people_are_not_deleted(admin):
    person = make_user(first_name="Sara")
    answer = admin.post(page(person, "delete"), {"post": "yes"})
    said = "for what they did stays in the record. Set “Sara” inactive instead."
    assert said in page_text(answer)
    assert User.objects.filter(pk=person.pk).exists()


@pytest.mark.parametrize("changed", ["is_active", "is_staff", "may_break_glass"])
def test_changing_what_lets_somebody_in_ends_their_sessions(admin, changed):
    person = make_user(Role.OPERATOR)
    theirs = browser(person)
    data = filled_in(admin.get(page(person)))
    if changed in data:
        del data[changed]
    else:
        data[changed] = "on"
    assert admin.post(page(person), data).status_code == 302
    User.objects.filter(pk=person.pk).update(is_active=True, is_staff=True)
    assert theirs.get(PEOPLE)["Location"].startswith("/accounts/login/")


# --- Agencies -----------------------------------------------------------------------------


def test_the_code_of_an_agency_is_written_once(admin):
    address = reverse("admin:accounts_agency_add")
    data = filled_in(admin.get(address)) | {"name_ar": "الداخلية", "name_en": "Interior"}
    assert admin.post(address, data | {"code": "moi"}).status_code == 200
    assert admin.post(address, data | {"code": "MOI"}).status_code == 302
    agency = Agency.objects.get()
    assert "code" not in filled_in(admin.get(page(agency)))
    admin.post(page(agency), filled_in(admin.get(page(agency))) | {"code": "XXX"})
    agency.refresh_from_db()
    assert agency.code == "MOI"


def test_an_agency_with_services_or_people_stays(admin):
    with_service, with_person = make_agency(name_en="Interior"), make_agency(name_en="Health")
    make_service(agency=with_service)
    make_user(Role.AGENCY_STAFF, with_person)
    said = page_text(admin.post(page(with_service, "delete"), {"post": "yes"}))
    assert "“Interior” still has services. Move or delete them first." in said
    said = page_text(admin.post(page(with_person, "delete"), {"post": "yes"}))
    assert "People still work for “Health”. End their memberships first." in said
    assert Agency.objects.count() == 2


def test_agency_people_see_their_own_agency_and_change_nothing_of_it():
    own, other = make_agency(), make_agency()
    client = browser(make_user(Role.AGENCY_PUBLISHER, own))
    shown = client.get(page(own))
    assert shown.status_code == 200
    assert not elements(shown, "input", name="_save")
    assert client.post(page(own), {}).status_code == 403
    assert client.get(page(other)).status_code == 404


# --- The record ---------------------------------------------------------------------------


@pytest.fixture
def entry():
    return record(
        now=NOW,
        actor=make_user(username="sara"),
        act="change",
        subject=make_agency(code="MOI", name_en="Interior"),
        agency_code="MOI",
        before={"phone": "<b>1</b>"},
        after={"phone": "2"},
    )


def test_the_record_is_read_by_those_who_may(entry):
    for role in Role:
        client = browser(make_user(role))
        may_read = role in {Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR}
        for address in (page(entry), reverse("admin:core_auditentry_changelist")):
            assert client.get(address).status_code == (200 if may_read else 403)


def test_an_entry_tells_all_it_knows_in_the_time_of_the_deployment(admin, entry):
    shown = admin.get(page(entry))
    assert "2026-11-22 12:00:00" in page_text(shown)
    assert "What changed: Phone<b>1</b>2 Why:" in page_text(shown)
    assert b"<b>1</b>" not in shown.content


@pytest.mark.parametrize("make", ["entry", "event"])
def test_the_record_is_not_written_on_any_page(admin, entry, make):
    append(kind="prober.doubt", key="main", at=NOW, payload={})
    row = entry if make == "entry" else Event.objects.get()
    address = reverse(f"admin:core_{row._meta.model_name}_add")
    assert admin.get(address).status_code == 403
    for what in ("change", "delete"):
        assert admin.post(page(row, what), {"post": "yes"}).status_code == 403
    changelist = reverse(f"admin:core_{row._meta.model_name}_changelist")
    data = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    admin.post(changelist, data)
    assert type(row).objects.filter(pk=row.pk).exists()
