"""Agency people see and touch their own agency's objects only; the authority sees all."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Role
from core.audit import AuditEntry
from services.models import Channel, Check, Service
from tests.admin_pages import browser, elements, filled_in, option_texts, page_text
from tests.factories import (
    make_agency,
    make_category,
    make_channel,
    make_check,
    make_edge,
    make_location,
    make_service,
    make_user,
)

pytestmark = pytest.mark.django_db

MODELS = ("service", "channel", "check")


@pytest.fixture
def ours():
    return make_agency(code="OURS", name_en="Our ministry")


@pytest.fixture
def theirs():
    return make_agency(code="THEIRS", name_en="Their ministry")


@pytest.fixture
def rows(ours, theirs):
    """One service, channel and check of each agency, by model and side."""
    made: dict[tuple[str, str], Any] = {}
    for side, agency in (("ours", ours), ("theirs", theirs)):
        service = make_service(slug=f"{side}-service", name_en=f"{side} service", agency=agency)
        channel = make_channel(service=service)
        made |= {
            (side, "service"): service,
            (side, "channel"): channel,
            (side, "check"): make_check(channel=channel, name=f"{side} check"),
        }
    return made


@pytest.fixture
def publisher(ours):
    return browser(make_user(Role.AGENCY_PUBLISHER, ours))


def page(name, row=None):
    return reverse(f"admin:services_{name}", args=() if row is None else (row.pk,))


@pytest.mark.parametrize("model", MODELS)
def test_lists_hold_our_own_rows_only(publisher, rows, model):
    listed = publisher.get(page(f"{model}_changelist"))
    (table,) = elements(listed, "table", id="result_list")
    assert "ours" in page_text(listed)
    assert "theirs" not in page_text(listed)
    assert len(list(table.iter("{http://www.w3.org/1999/xhtml}tr"))) == 2


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("what", ["change", "delete", "history"])
def test_pages_of_others_rows_do_not_exist(publisher, rows, model, what):
    assert publisher.get(page(f"{model}_{what}", rows["ours", model])).status_code == 200
    assert publisher.get(page(f"{model}_{what}", rows["theirs", model])).status_code == 404


@pytest.mark.parametrize("model", MODELS)
def test_posting_to_others_rows_changes_nothing(publisher, rows, model):
    theirs = rows["theirs", model]
    data = filled_in(publisher.get(page(f"{model}_change", rows["ours", model])))
    assert publisher.post(page(f"{model}_change", theirs), data).status_code == 404
    assert publisher.post(page(f"{model}_delete", theirs), {"post": "yes"}).status_code == 404
    assert type(theirs).objects.filter(pk=theirs.pk).exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("action", ["delete_selected", "enable", "disable"])
def test_actions_reach_our_own_rows_only(publisher, rows, action):
    ours, theirs = rows["ours", "check"], rows["theirs", "check"]
    Check.objects.filter(pk__in=[ours.pk, theirs.pk]).update(is_enabled=action != "enable")
    publisher.post(
        page("check_changelist"),
        {"action": action, "_selected_action": [ours.pk, theirs.pk], "post": "yes"},
    )
    reached = set(AuditEntry.objects.values_list("subject_id", flat=True))
    assert reached == {str(ours.pk)}
    theirs.refresh_from_db()
    assert theirs.is_enabled is (action != "enable")


def test_a_service_is_neither_made_for_nor_moved_to_another_agency(publisher, rows, theirs):
    shown = publisher.get(page("service_change", rows["ours", "service"]))
    assert option_texts(shown, "agency") == ["---------", "Our ministry"]
    data = filled_in(shown) | {"agency": theirs.pk}
    answer = publisher.post(page("service_change", rows["ours", "service"]), data)
    assert answer.status_code == 200
    rows["ours", "service"].refresh_from_db()
    assert rows["ours", "service"].agency.code == "OURS"


def test_a_channel_is_not_moved_to_another_agencys_service(publisher, rows):
    ours = rows["ours", "channel"]
    data = filled_in(publisher.get(page("channel_change", ours)))
    data["service"] = rows["theirs", "service"].pk
    assert publisher.post(page("channel_change", ours), data).status_code == 200
    ours.refresh_from_db()
    assert ours.service == rows["ours", "service"]


def test_a_check_is_not_put_on_another_agencys_channel(publisher, rows):
    add = page("check_add") + "?kind=tcp"
    data = filled_in(publisher.get(add)) | {"spec_host": "db.gov.example", "spec_port": "5432"}
    refused = publisher.post(add, data | {"channel": rows["theirs", "channel"].pk})
    assert refused.status_code == 200
    assert Check.objects.count() == 2
    assert publisher.post(add, data | {"channel": rows["ours", "channel"].pk}).status_code == 302
    assert Check.objects.count() == 3


@pytest.mark.parametrize(
    ("model", "field", "target"), [("channel", "service", "service"), ("check", "channel", "web")]
)
def test_searched_choices_are_our_own(publisher, rows, model, field, target):
    found = publisher.get(
        reverse("admin:autocomplete"),
        {"app_label": "services", "model_name": model, "field_name": field, "term": "service"},
    ).json()["results"]
    assert len(found) == 1
    assert found[0]["text"].startswith("ours service")


def test_filters_name_no_other_agency(publisher, rows, ours):
    make_service(agency=ours, category=make_category(name_en="Our category"))
    make_service(category=make_category(name_en="Their category"))
    shown = page_text(publisher.get(page("service_changelist")))
    assert "Their" not in shown


def test_upstreams_are_shared_services_and_our_own(publisher, rows, ours):
    make_service(name_en="National login", is_shared=True)
    make_service(name_en="Our archive", agency=ours)
    shown = publisher.get(page("service_change", rows["ours", "service"]))
    assert sorted(option_texts(shown, "upstreams-__prefix__-upstream")) == [
        "---------",
        "National login",
        "Our archive",
    ]


def test_an_upstream_that_is_not_offered_is_refused(publisher, rows):
    address = page("service_change", rows["ours", "service"])
    data = filled_in(publisher.get(address)) | {
        "upstreams-TOTAL_FORMS": "1",
        "upstreams-0-upstream": rows["theirs", "service"].pk,
        "upstreams-0-kind": "hard",
    }
    assert publisher.post(address, data).status_code == 200
    assert not rows["ours", "service"].upstreams.exists()


def test_agency_staff_edit_services_but_only_look_at_checks(rows, ours):
    staff = browser(make_user(Role.AGENCY_STAFF, ours))
    check = rows["ours", "check"]
    shown = staff.get(page("check_change", check))
    assert shown.status_code == 200
    assert "https://services.gov.example/" in page_text(shown)
    assert not elements(shown, "input", name="spec_url")
    assert (
        staff.post(page("check_change", check), {"spec_url": "https://x.example"}).status_code
        == 403
    )
    assert staff.get(page("check_add") + "?kind=http").status_code == 403
    assert staff.get(page("check_add")).status_code == 403
    assert elements(
        staff.get(page("service_change", rows["ours", "service"])), "input", name="slug"
    )


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR])
def test_people_of_the_authority_who_may_only_look_see_all_and_change_nothing(rows, role):
    make_edge(dependant=rows["ours", "service"], upstream=rows["theirs", "service"])
    client = browser(make_user(role))
    for model in MODELS:
        assert "theirs" in page_text(client.get(page(f"{model}_changelist")))
        for side in ("ours", "theirs"):
            shown = client.get(page(f"{model}_change", rows[side, model]))
            assert shown.status_code == 200
            assert not elements(shown, "input", name="_save")
            assert client.post(page(f"{model}_change", rows[side, model]), {}).status_code == 403
            assert client.get(page(f"{model}_delete", rows[side, model])).status_code == 403
        assert client.get(page(f"{model}_add")).status_code == 403


def test_only_an_administrator_writes_what_all_agencies_share(ours):
    category, location = make_category(), make_location()
    addresses = [
        page("category_change", category),
        page("location_change", location),
        reverse("admin:accounts_agency_change", args=(ours.pk,)),
    ]
    for role, saves in ((Role.ADMINISTRATOR, 1), (Role.SUPERVISOR, 0), (Role.OPERATOR, 0)):
        client = browser(make_user(role))
        for address in addresses:
            assert len(elements(client.get(address), "input", name="_save")) == saves


def test_whoever_has_no_role_finds_nothing(rows):
    client = browser(make_user())
    index = page_text(client.get(reverse("admin:index")))
    assert "You don’t have permission to view or edit anything." in index
    for model in MODELS:
        assert client.get(page(f"{model}_changelist")).status_code == 403


def test_whoever_is_not_signed_in_is_asked_to(client, rows):
    for model in MODELS:
        answer = client.get(page(f"{model}_change", rows["ours", model]))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_a_publisher_of_one_agency_who_sees_all_writes_for_that_one_only(rows, ours):
    person = make_user(Role.AGENCY_PUBLISHER, ours)
    person.memberships.create(role=Role.OPERATOR)
    client = browser(person)
    theirs = rows["theirs", "check"]
    assert client.get(page("check_change", theirs)).status_code == 200
    client.post(
        page("check_changelist"),
        {"action": "disable", "_selected_action": [rows["ours", "check"].pk, theirs.pk]},
    )
    assert list(Check.objects.filter(is_enabled=False)) == [rows["ours", "check"]]
    answer = client.post(
        page("check_changelist"),
        {"action": "delete_selected", "_selected_action": [theirs.pk], "post": "yes"},
    )
    assert answer.status_code == 403
    assert (Check.objects.count(), Channel.objects.count(), Service.objects.count()) == (2, 2, 2)
