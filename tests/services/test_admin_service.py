"""A service in the admin: two languages, channels, dependencies, and the record of each write."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import translation

from accounts.models import Role
from core.audit import AuditEntry
from services.models import Channel, Edge, Service, StatusChange
from services.status.health import CheckHealth
from tests.admin_pages import browser, elements, errors, filled_in, page_text, tree
from tests.factories import (
    make_agency,
    make_channel,
    make_check,
    make_edge,
    make_location,
    make_service,
    make_user,
)

pytestmark = pytest.mark.django_db

LIST = reverse("admin:services_service_changelist")
ADD = reverse("admin:services_service_add")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def person():
    return make_user(Role.ADMINISTRATOR, username="noor", first_name="Noor")


@pytest.fixture
def admin(person):
    return browser(person)


def page(service):
    return reverse("admin:services_service_change", args=(service.pk,))


def edges(*upstreams, channel=""):
    """The lines of the form that add `upstreams`."""
    lines = {"upstreams-TOTAL_FORMS": str(len(upstreams))}
    for number, upstream in enumerate(upstreams):
        lines |= {
            f"upstreams-{number}-upstream": upstream.pk,
            f"upstreams-{number}-kind": "hard",
            f"upstreams-{number}-channel": channel,
        }
    return lines


# --- Two languages ------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr")])
def test_the_page_and_each_input_have_their_own_language_and_direction(person, language, direction):
    shown = browser(person, language).get(page(make_service()))
    assert tree(shown).get("lang") == language
    assert tree(shown).get("dir") == direction
    for name in ("name", "hours"):
        (arabic,) = elements(shown, "input", name=f"{name}_ar")
        (english,) = elements(shown, "input", name=f"{name}_en")
        assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")
        assert (english.get("lang"), english.get("dir")) == ("en", "ltr")
    for name in ("description", "aliases", "meanwhile"):
        (arabic,) = elements(shown, "textarea", name=f"{name}_ar")
        assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")
    for name in ("phone", "slug"):
        (number,) = elements(shown, "input", name=name)
        assert number.get("dir") == "ltr"


@pytest.mark.parametrize(("language", "other"), [("ar", "en"), ("en", "ar")])
def test_the_other_language_is_one_press_away_on_every_page(person, language, other):
    client = browser(person, language)
    for address in (LIST, ADD, page(make_service()), reverse("admin:index")):
        shown = client.get(address)
        (form,) = elements(shown, "form", action="/i18n/setlang/")
        (button,) = [e for e in form.iter() if e.get("name") == "language"]
        assert button.get("value") == other
        (back,) = [e for e in form.iter() if e.get("name") == "next"]
        assert back.get("value") == address
    client.post("/i18n/setlang/", {"language": other, "next": LIST})
    assert tree(client.get(LIST)).get("lang") == other


def test_no_page_carries_a_script_or_a_style_of_its_own(admin):
    service = make_service()
    make_edge(dependant=service)
    check = make_check(channel=make_channel(service=service))
    addresses = [
        reverse("admin:index"),
        LIST,
        ADD,
        page(service),
        reverse("admin:services_service_history", args=(service.pk,)),
        reverse("admin:services_service_delete", args=(service.pk,)),
        reverse("admin:services_check_add"),
        reverse("admin:services_check_change", args=(check.pk,)),
        reverse("admin:services_channel_change", args=(check.channel_id,)),
        reverse("admin:core_auditentry_changelist"),
    ]
    for address in addresses:
        shown = admin.get(address)
        assert shown.status_code == 200
        assert not elements(shown, "style")
        assert all(
            script.get("src") or script.get("type") == "application/json"
            for script in elements(shown, "script")
        )
        for element in tree(shown).iter():
            assert not {name for name in element.attrib if name == "style" or name[:2] == "on"}


# --- A service ----------------------------------------------------------------------------


def new_service(admin, **typed):
    agency = make_agency(code="MOI")
    data = filled_in(admin.get(ADD))
    return data | {
        "agency": agency.pk,
        "name_ar": "تجديد جواز السفر",
        "name_en": "Passport renewal",
        "tier": "1",
        **typed,
    }


def test_a_service_is_added_with_all_that_people_will_read_of_it(admin):
    data = new_service(
        admin,
        slug="",
        audience=["citizen", "business"],
        aliases_ar="جواز\n\n  جواز  \nالجوازات\n",
        aliases_en="Passport\n",
    )
    assert admin.post(ADD, data).status_code == 302
    service = Service.objects.get()
    assert service.slug == "passport-renewal"
    assert service.audience == ["citizen", "business"]
    assert service.aliases_ar == "جواز\nالجوازات"
    assert service.aliases_en == "Passport"


def test_a_slug_that_is_taken_gets_a_number(admin):
    make_service(slug="passport-renewal")
    admin.post(ADD, new_service(admin, slug=""))
    assert Service.objects.filter(slug="passport-renewal-2").exists()


def test_a_slug_that_was_emptied_stays_what_it_was(admin):
    service = make_service(slug="pass-renew")
    admin.post(page(service), filled_in(admin.get(page(service))) | {"slug": ""})
    service.refresh_from_db()
    assert service.slug == "pass-renew"


def test_a_slug_that_cannot_be_made_is_asked_for_and_nothing_typed_is_lost(admin):
    answer = admin.post(ADD, new_service(admin, slug="", name_en="تجديد", phone="80001111"))
    assert errors(answer) == [
        "Write a slug in Latin letters: none can be made from the English name."
    ]
    again = filled_in(answer)
    assert (again["name_ar"], again["phone"]) == ("تجديد جواز السفر", "80001111")
    assert not Service.objects.exists()


def test_channels_are_added_with_their_service(admin):
    data = new_service(admin) | {
        "channels-TOTAL_FORMS": "2",
        "channels-0-kind": "web",
        "channels-0-url": "https://services.gov.example/passport",
        "channels-0-position": "0",
        "channels-1-kind": "contact",
        "channels-1-phone": "80001111",
        "channels-1-hours_ar": "كل يوم",
        "channels-1-position": "1",
    }
    assert admin.post(ADD, data).status_code == 302
    assert list(Channel.objects.values_list("kind", "phone")) == [
        ("web", ""),
        ("contact", "80001111"),
    ]


def test_a_channel_listed_twice_is_refused(admin):
    line = {"kind": "web", "position": "0"}
    data = new_service(admin) | {
        "channels-TOTAL_FORMS": "2",
        **{f"channels-{n}-{name}": value for n in (0, 1) for name, value in line.items()},
    }
    assert admin.post(ADD, data).status_code == 200
    assert not Service.objects.exists()


# --- What it depends on -------------------------------------------------------------------


def test_dependencies_are_added_and_taken_away(admin):
    login = make_service(is_shared=True)
    service = make_service()
    admin.post(page(service), filled_in(admin.get(page(service))) | edges(login))
    assert Edge.objects.get().upstream == login

    data = filled_in(admin.get(page(service))) | {"upstreams-0-DELETE": "on"}
    assert admin.post(page(service), data).status_code == 302
    assert not Edge.objects.exists()


def test_a_circle_is_refused_and_its_path_is_named(admin):
    agency = make_agency()
    login = make_service(slug="login", name_en="Login", agency=agency)
    passport = make_service(slug="passport", name_en="Passport", agency=agency)
    payment = make_service(slug="payment", name_en="Payment", agency=agency)
    make_edge(dependant=passport, upstream=payment)
    make_edge(dependant=payment, upstream=login)

    answer = admin.post(page(login), filled_in(admin.get(page(login))) | edges(passport))

    assert errors(answer) == [
        (
            "These dependencies would run in a circle: “Login” needs “Passport”, “Passport” needs "
            "“Payment”, “Payment” needs “Login”. Remove one of them."
        )
    ]
    assert not login.upstreams.exists()
    assert filled_in(answer)["upstreams-0-upstream"] == str(passport.pk)


def test_a_service_is_not_offered_to_itself(admin):
    service = make_service(is_shared=True)
    answer = admin.post(page(service), filled_in(admin.get(page(service))) | edges(service))
    assert answer.status_code == 200
    assert not Edge.objects.exists()


def test_a_dependency_listed_twice_in_one_go_is_refused(admin):
    login = make_service(is_shared=True)
    service = make_service()
    answer = admin.post(page(service), filled_in(admin.get(page(service))) | edges(login, login))
    assert errors(answer) == ["This dependency is listed already."]
    assert not Edge.objects.exists()


def test_a_dependency_names_only_a_channel_of_its_own_service(admin):
    login = make_service(is_shared=True)
    service = make_service()
    own, foreign = make_channel(service=service), make_channel(service=login)
    data = filled_in(admin.get(page(service)))
    assert admin.post(page(service), data | edges(login, channel=foreign.pk)).status_code == 200
    assert not Edge.objects.exists()
    assert admin.post(page(service), data | edges(login, channel=own.pk)).status_code == 302
    assert Edge.objects.get().channel == own


# --- Deleting -----------------------------------------------------------------------------


def remember_an_outage(check):
    StatusChange.objects.create(
        service=check.channel.service,
        channel=check.channel,
        check_ref=check,
        location=make_location(),
        from_health=CheckHealth.OK,
        to_health=CheckHealth.BAD,
        at=NOW,
        confirmed_at=NOW,
    )


def delete(admin, row):
    address = reverse(f"admin:services_{row._meta.model_name}_delete", args=(row.pk,))
    return admin.post(address, {"post": "yes"})


def test_a_service_without_a_history_is_deleted_with_its_channels_and_checks(admin):
    check = make_check()
    assert delete(admin, check.channel.service).status_code == 302
    assert not Service.objects.exists()


def test_what_has_a_history_stays_and_a_way_out_is_offered(admin):
    service = make_service(name_en="Passport")
    check = make_check(channel=make_channel(service=service), name="Front page")
    remember_an_outage(check)
    ways_out = [
        (service, "Set its visibility to “Hidden” and disable its checks instead."),
        (check.channel, "Disable its checks instead."),
        (check, "Disable it instead."),
    ]
    for row, way_out in ways_out:
        said = page_text(delete(admin, row))
        assert "has a history, which is kept for ever. " + way_out in said
        row.refresh_from_db()
    assert not AuditEntry.objects.exists()


def test_the_list_refuses_to_delete_what_has_a_history_too(admin):
    check = make_check()
    remember_an_outage(check)
    service = check.channel.service
    answer = admin.post(
        LIST, {"action": "delete_selected", "_selected_action": [service.pk], "post": "yes"}
    )
    assert "has a history, which is kept for ever." in page_text(answer)
    assert Service.objects.filter(pk=service.pk).exists()


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 service depends on “Login”. Remove this dependency first."),
        (3, "3 services depend on “Login”. Remove these dependencies first."),
    ],
)
def test_what_others_need_stays(admin, count, said):
    login = make_service(name_en="Login", is_shared=True)
    for _number in range(count):
        make_edge(upstream=login)
    assert said in page_text(delete(admin, login))
    assert Service.objects.filter(pk=login.pk).exists()


# --- The record ---------------------------------------------------------------------------


def test_a_change_is_recorded_with_who_where_what_and_why(person):
    service = make_service(agency=make_agency(code="MOI"), name_en="Passport", phone="1")
    client = browser(person)
    data = filled_in(client.get(page(service)))
    client.post(page(service), data | {"phone": "2", "why": "New switchboard"})
    (entry,) = AuditEntry.objects.all()
    assert (entry.actor, entry.act, entry.address) == (person, "change", "127.0.0.1")
    assert (entry.subject_kind, entry.subject_id) == ("services.service", str(service.pk))
    assert (entry.before, entry.after) == ({"phone": "1"}, {"phone": "2"})
    assert (entry.agency_code, entry.reason) == ("MOI", "New switchboard")


def test_saving_without_a_change_records_nothing(admin):
    service = make_service()
    admin.post(page(service), filled_in(admin.get(page(service))))
    assert not AuditEntry.objects.exists()


def test_what_stands_on_the_page_of_a_service_is_recorded_row_by_row(admin):
    service = make_service(agency=make_agency(code="MOI"))
    channel = make_channel(service=service, phone="1")
    removed = make_edge(dependant=service)
    added = make_service(name_en="Login", is_shared=True)
    data = filled_in(admin.get(page(service))) | {
        "channels-0-phone": "2",
        "upstreams-TOTAL_FORMS": "2",
        "upstreams-0-DELETE": "on",
        "upstreams-1-upstream": added.pk,
        "upstreams-1-kind": "soft",
    }
    assert admin.post(page(service), data).status_code == 302
    entries = AuditEntry.objects.order_by("id")
    assert [(entry.subject_kind, entry.act, entry.agency_code) for entry in entries] == [
        ("services.channel", "change", "MOI"),
        ("services.edge", "delete", "MOI"),
        ("services.edge", "add", "MOI"),
    ]
    changed, deleted, new = entries
    assert (changed.subject_id, changed.before, changed.after) == (
        str(channel.pk),
        {"phone": "1"},
        {"phone": "2"},
    )
    assert deleted.subject_id == str(removed.pk)
    assert ((deleted.before or {})["kind"], deleted.after) == ("hard", None)
    assert (new.before, (new.after or {})["upstream"]) == (None, "Login")


def test_deleting_is_recorded_with_what_there_was(admin):
    service = make_service(name_en="Passport", agency=make_agency(code="MOI"))
    pk = service.pk
    delete(admin, service)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.subject_id, entry.agency_code) == ("delete", str(pk), "MOI")
    assert (entry.subject_name, entry.after) == ("Passport", None)
    assert (entry.before or {})["name_en"] == "Passport"


def test_deleting_from_the_list_is_recorded_for_each_row(admin):
    services = [make_service(), make_service()]
    data = {"action": "delete_selected", "_selected_action": [s.pk for s in services]}
    admin.post(LIST, data | {"post": "yes"})
    assert AuditEntry.objects.filter(act="delete").count() == 2
    assert not Service.objects.exists()


def test_a_write_whose_record_fails_is_not_made(admin, monkeypatch):
    service = make_service(phone="1")
    data = filled_in(admin.get(page(service)))

    def fail(**_entry):
        raise RuntimeError("The record is full.")

    monkeypatch.setattr("core.admin.record", fail)
    with pytest.raises(RuntimeError):
        admin.post(page(service), data | {"phone": "2"})
    service.refresh_from_db()
    assert service.phone == "1"


def test_the_history_of_a_service_tells_what_happened_to_it(admin):
    service = make_service(name_en="Passport", phone="1")
    data = filled_in(admin.get(page(service)))
    admin.post(page(service), data | {"phone": "2", "why": "New switchboard"})
    shown = page_text(admin.get(reverse("admin:services_service_history", args=(service.pk,))))
    assert "Noor Changed Phone: 1 2 New switchboard" in shown


# --- Costs --------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_services_costs_the_same_however_long_it_is(
    admin, django_assert_num_queries, count
):
    for _number in range(count):
        make_service()
    with django_assert_num_queries(11):
        assert admin.get(LIST).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_a_service_costs_the_same_however_much_it_depends_on(
    admin, django_assert_num_queries, count
):
    service = make_service()
    for kind in ("web", "app", "kiosk")[:count]:
        make_channel(service=service, kind=kind)
        make_edge(dependant=service)
    with django_assert_num_queries(11):
        assert admin.get(page(service)).status_code == 200


def test_labels_follow_the_language_of_the_reader(person):
    make_service(name_ar="تجديد جواز السفر", name_en="Passport renewal")
    assert "تجديد جواز السفر" in page_text(browser(person, "ar").get(LIST))
    assert "Passport renewal" in page_text(browser(person, "en").get(LIST))
    with translation.override("ar"):
        assert str(Service.objects.get()) == "تجديد جواز السفر"
