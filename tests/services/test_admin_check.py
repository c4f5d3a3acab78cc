"""Checks in the admin: one form a kind, errors that say what to do, secrets that stay secret."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Role
from core.audit import AuditEntry
from services.forms.checks import FORMS, KIND_NAMES, form_for
from services.models import Check, CheckState
from services.probes import KINDS
from tests.admin_pages import browser, elements, errors, filled_in, option_texts, page_text
from tests.factories import make_agency, make_channel, make_check, make_location, make_service
from tests.factories import make_user as make_person

pytestmark = pytest.mark.django_db

LIST = reverse("admin:services_check_changelist")
ADD = reverse("admin:services_check_add")
HTTP, TCP = f"{ADD}?kind=http", f"{ADD}?kind=tcp"
SECRET = "Bearer s3cr3t-t0ken"


@pytest.fixture
def person():
    return make_person(Role.ADMINISTRATOR)


@pytest.fixture
def admin(person):
    return browser(person)


def page(check):
    return reverse("admin:services_check_change", args=(check.pk,))


# What is asked stands in fields of its own, beside the columns of a check.
SPEC = {key for form in FORMS.values() for key in form.spec_fields}


def field_of(name):
    return f"spec_{name}" if name in SPEC else name


def typed(client, address, **fields):
    """The page as it stands with `fields` typed into it; on the add page, for a new channel."""
    data = filled_in(client.get(address))
    if not data.get("channel"):
        data["channel"] = make_channel().pk
    return data | {field_of(name): value for name, value in fields.items()}


# --- Two steps ----------------------------------------------------------------------------


def test_every_kind_has_a_form_and_a_name():
    assert set(FORMS) == set(KINDS) == set(KIND_NAMES)


@pytest.mark.parametrize("query", ["", "?kind=carrier-pigeon"])
def test_the_kind_is_chosen_first(admin, query):
    shown = admin.get(ADD + query)
    assert option_texts(shown, "kind") == [
        "Web page or interface (HTTP)",
        "Port that accepts connections (TCP)",
        "Certificate (TLS)",
        "Name servers (DNS)",
        "System that calls the portal (heartbeat)",
    ]


def test_the_channel_one_came_from_is_carried_on_to_the_form(admin):
    channel = make_channel()
    (hidden,) = elements(admin.get(f"{ADD}?channel={channel.pk}"), "input", name="channel")
    assert hidden.get("value") == str(channel.pk)
    assert filled_in(admin.get(f"{HTTP}&channel={channel.pk}"))["channel"] == str(channel.pk)


# --- What is asked ------------------------------------------------------------------------


def test_an_http_check_is_added_with_everything_that_can_be_asked(admin):
    data = typed(
        admin,
        HTTP,
        url="https://services.gov.example/api",
        method="POST",
        headers="Accept: application/json\n\nX-Client: portal\n",
        body='{"ping": 1}',
        accepted_codes="200-299, 301",
        text_present="مرحبا",
        text_absent="error",
        json_pointer="/status",
        json_value="ok",
        certificate_warning_days="14",
    )
    assert admin.post(HTTP, data).status_code == 302
    check = Check.objects.get()
    assert check.kind == "http"
    assert check.spec == {
        "url": "https://services.gov.example/api",
        "method": "POST",
        "headers": {"Accept": "application/json", "X-Client": "portal"},
        "body": '{"ping": 1}',
        "accepted_codes": "200-299, 301",
        "text_present": "مرحبا",
        "text_absent": "error",
        "json_pointer": "/status",
        "json_value": "ok",
        "follow_redirects": True,
        "certificate_warning_days": 14,
    }


def test_what_is_left_empty_is_not_asked(admin):
    data = typed(admin, HTTP, url="https://services.gov.example/")
    del data["spec_follow_redirects"]
    admin.post(HTTP, data)
    assert Check.objects.get().spec == {
        "url": "https://services.gov.example/",
        "method": "GET",
        "accepted_codes": "200-299",
        "follow_redirects": False,
    }


def test_a_tcp_check_is_added(admin):
    data = typed(admin, TCP, host="sms.gov.example", port="2775", expect_banner="220")
    assert admin.post(TCP, data).status_code == 302
    check = Check.objects.get()
    assert check.kind == "tcp"
    assert check.spec == {"host": "sms.gov.example", "port": 2775, "expect_banner": "220"}


@pytest.mark.parametrize(
    "spec",
    [
        {"url": "https://services.gov.example/"},
        {
            "url": "https://services.gov.example/api",
            "headers": {"Accept": "application/json"},
            "accepted_codes": "200",
            "json_pointer": "/status",
            "follow_redirects": False,
            "certificate_warning_days": 30,
        },
    ],
)
def test_opening_and_saving_a_check_changes_nothing(admin, spec):
    check = make_check(spec=spec, secrets={"Authorization": SECRET})
    assert admin.post(page(check), filled_in(admin.get(page(check)))).status_code == 302
    check.refresh_from_db()
    assert check.spec == spec
    assert check.secrets == {"Authorization": SECRET}
    assert not AuditEntry.objects.exists()


OTHER_KINDS = [
    (
        "tls",
        {"host": "pay.gov.example", "server_name": "", "certificate_warning_days": "21"},
        {"host": "pay.gov.example", "port": 443, "certificate_warning_days": 21},
    ),
    (
        "dns",
        {"domain": "gov.example", "expected": "192.0.2.1\n\n192.0.2.2 ", "resolvers": ""},
        {
            "domain": "gov.example",
            "record_type": "A",
            "expected": ["192.0.2.1", "192.0.2.2"],
            "match": "all",
            "port": 53,
        },
    ),
    (
        "heartbeat",
        {"expect_every_seconds": "300", "grace_seconds": "0"},
        {"expect_every_seconds": 300, "grace_seconds": 0},
    ),
]


@pytest.mark.parametrize(("kind", "fields", "spec"), OTHER_KINDS)
def test_checks_of_other_kinds_are_added_and_opened_again_as_they_were(admin, kind, fields, spec):
    address = f"{ADD}?kind={kind}"
    assert admin.post(address, typed(admin, address, **fields)).status_code == 302
    check = Check.objects.get()
    assert (check.kind, check.spec) == (kind, spec)
    assert admin.post(page(check), filled_in(admin.get(page(check)))).status_code == 302
    check.refresh_from_db()
    assert check.spec == spec
    assert AuditEntry.objects.count() == 1


MENDS = [
    (HTTP, "url", "ftp://files.gov.example/", "Write a whole address that begins with http://"),
    (HTTP, "url", "services.gov.example", "Write a whole address that begins with http://"),
    (HTTP, "url", "https://noor:pass@x.example/", "Write a whole address that begins with"),
    (HTTP, "headers", "Accept application/json", "“Accept application/json” is no header:"),
    (HTTP, "headers", "Host: x.example", "A header name has Latin letters,"),
    (HTTP, "headers", "Authorization: x", "Authorization is a secret: move it to the secret"),
    (HTTP, "accepted_codes", "2xx", "Write codes like this: 200-299, 301."),
    (HTTP, "json_pointer", "status", "Write the place of the value, such as /status;"),
    (HTTP, "json_value", "ok", "Write the place of the value, such as /status;"),
    (HTTP, "certificate_warning_days", "0", "Ensure this value is greater than or equal to 1."),
    (TCP, "host", "not a host", "Write a host name or an address, such as gateway.gov.example."),
    (f"{ADD}?kind=dns", "domain", "192.0.2.1", "Write a name, not a numeric address,"),
    (f"{ADD}?kind=dns", "expected", "not an address", "Write one record a line,"),
    (f"{ADD}?kind=dns", "resolvers", "ns.gov.example", "Write one numeric address a line,"),
    (f"{ADD}?kind=tls", "server_name", "not a name", "Write a host name or an address,"),
    (f"{ADD}?kind=heartbeat", "expect_every_seconds", "3", "Write whole seconds:"),
    (TCP, "port", "70000", "Ensure this value is less than or equal to 65535."),
]


@pytest.mark.parametrize(("address", "field", "value", "said"), MENDS)
def test_what_does_not_fit_is_named_with_the_mend_and_stays_typed(
    admin, address, field, value, said
):
    good = {
        "url": "https://services.gov.example/",
        "host": "x.example",
        "port": "53",
        "domain": "gov.example",
        "expect_every_seconds": "60",
    }
    data = typed(admin, address, **{**good, "name": "Front page", field: value})
    answer = admin.post(address, data)
    (error,) = errors(answer)
    assert error.startswith(said)
    again = filled_in(answer)
    assert (again[field_of(field)], again["name"]) == (value, "Front page")
    assert not Check.objects.exists()


def test_a_head_request_cannot_look_for_a_text(admin):
    url = "https://services.gov.example/"
    answer = admin.post(HTTP, typed(admin, HTTP, url=url, method="HEAD", text_present="مرحبا"))
    assert errors(answer) == [
        "An answer to HEAD has no content: choose GET, or empty the conditions on texts and JSON."
    ]
    assert filled_in(answer)["spec_text_present"] == "مرحبا"


def test_the_error_speaks_the_language_of_the_reader(person):
    with translation.override("ar"):
        expected = str(FORMS["http"].mends["accepted_codes"])
    client = browser(person, "ar")
    url = "https://services.gov.example/"
    answer = client.post(HTTP, typed(client, HTTP, url=url, accepted_codes="٢٠٠ فقط"))
    assert errors(answer) == [expected]
    assert expected != "Write codes like this: 200-299, 301."
    again = filled_in(answer)
    assert (again["spec_accepted_codes"], again["spec_url"]) == ("٢٠٠ فقط", url)


# --- When ---------------------------------------------------------------------------------


def test_a_new_check_is_due_within_its_interval_at_every_location(admin):
    location = make_location()
    url = "https://services.gov.example/"
    before = timezone.now()
    admin.post(HTTP, typed(admin, HTTP, url=url, interval_seconds="60"))
    check = Check.objects.get()
    assert check.next_due_at is not None
    assert before <= check.next_due_at < timezone.now() + timedelta(seconds=60)
    assert CheckState.objects.get().location == location


def test_disabling_and_enabling_a_check_takes_it_from_the_schedule_and_puts_it_back(admin):
    check = make_check(next_due_at=timezone.now())
    data = filled_in(admin.get(page(check)))
    disabled = {name: value for name, value in data.items() if name != "is_enabled"}
    admin.post(page(check), disabled)
    check.refresh_from_db()
    assert (check.is_enabled, check.next_due_at) == (False, None)
    admin.post(page(check), data)
    check.refresh_from_db()
    assert check.is_enabled
    assert check.next_due_at is not None


def test_another_question_does_not_move_the_schedule(admin):
    due_at = timezone.now().replace(microsecond=0) + timedelta(hours=1)
    check = make_check(next_due_at=due_at)
    admin.post(page(check), typed(admin, page(check), url="https://other.gov.example/"))
    check.refresh_from_db()
    assert (check.next_due_at, check.spec["url"]) == (due_at, "https://other.gov.example/")


@pytest.mark.parametrize(("action", "before"), [("disable", True), ("enable", False)])
def test_the_list_enables_and_disables_and_records_only_what_it_changed(admin, action, before):
    changed = make_check(is_enabled=before)
    unchanged = make_check(is_enabled=not before)
    answer = admin.post(
        LIST,
        {"action": action, "_selected_action": [changed.pk, unchanged.pk]},
        follow=True,
    )
    assert "1 check was changed." in page_text(answer)
    changed.refresh_from_db()
    assert changed.is_enabled is not before
    assert (changed.next_due_at is not None) is changed.is_enabled
    entry = AuditEntry.objects.get()
    assert entry.subject_id == str(changed.pk)
    assert (entry.before, entry.after) == (
        {"is_enabled": str(before)},
        {"is_enabled": str(not before)},
    )


# --- Secrets ------------------------------------------------------------------------------


@pytest.fixture
def check():
    service = make_service(agency=make_agency(code="MOI"))
    return make_check(
        channel=make_channel(service=service),
        secrets={"Authorization": SECRET, "X-Key": "k3y"},
    )


def test_secrets_are_shown_as_names_only(admin, check):
    shown = admin.get(page(check))
    assert "Authorization •••" in page_text(shown)
    for address in (page(check), LIST, reverse("admin:services_check_history", args=(check.pk,))):
        assert "s3cr3t" not in admin.get(address).content.decode()
        assert check.sealed_secrets not in admin.get(address).content.decode()
    assert "s3cr3t" not in repr(check)
    assert "s3cr3t" not in repr(form_for("http", check)(instance=check))


def test_who_may_only_look_sees_names_only_too(check):
    shown = browser(make_person(Role.AUDITOR)).get(page(check))
    assert "Authorization •••, X-Key •••" in page_text(shown)
    assert "s3cr3t" not in shown.content.decode()


def test_a_new_secret_is_stored_sealed_and_recorded_without_its_value(admin):
    data = typed(
        admin,
        HTTP,
        url="https://services.gov.example/",
        new_secret_name_1="Authorization",
        new_secret_1=SECRET,
    )
    assert admin.post(HTTP, data).status_code == 302
    check = Check.objects.get()
    assert check.secrets == {"Authorization": SECRET}
    assert "s3cr3t" not in check.sealed_secrets
    entry = AuditEntry.objects.get()
    assert entry.before is None
    written = entry.after or {}
    assert written["secret_headers"] == "Authorization"
    assert written["sealed_secrets"] == "•••"
    assert "s3cr3t" not in str(written)
    assert check.sealed_secrets not in str(entry.after)


def test_left_empty_a_secret_is_kept_and_another_is_replaced_or_removed(admin, check):
    admin.post(page(check), typed(admin, page(check), secret_0="", secret_1="n3w"))
    check.refresh_from_db()
    assert check.secrets == {"Authorization": SECRET, "X-Key": "n3w"}
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"sealed_secrets": "•••"}, {"sealed_secrets": "•••"})

    admin.post(page(check), typed(admin, page(check), secret_0_remove="on"))
    check.refresh_from_db()
    assert check.secrets == {"X-Key": "n3w"}
    entry = AuditEntry.objects.latest("id")
    hidden = {"sealed_secrets": "•••"}
    assert entry.before == {"secret_headers": "Authorization, X-Key"} | hidden
    assert entry.after == {"secret_headers": "X-Key"} | hidden


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (("Authorization", ""), "Write the value of this header."),
        (("", "x"), "Write the name of this header."),
        (("x-key", "x"), "There is a secret header of this name."),
        (("X Key", "x"), "A header name has Latin letters, digits and hyphens only,"),
        (("X-Other", "سر"), "A header name has Latin letters, digits and hyphens only,"),
    ],
)
def test_half_a_secret_is_refused(admin, check, secret, said):
    name, value = secret
    answer = admin.post(
        page(check), typed(admin, page(check), new_secret_name_1=name, new_secret_1=value)
    )
    assert any(error.startswith(said) for error in errors(answer))
    check.refresh_from_db()
    assert check.secrets == {"Authorization": SECRET, "X-Key": "k3y"}


def test_a_page_that_comes_back_with_an_error_says_that_the_secret_must_be_written_again(
    admin, check
):
    data = typed(admin, page(check), url="ftp://x.example", secret_0="n3w-s3cr3t")
    answer = admin.post(page(check), data)
    assert errors(answer)[1:] == ["Write it again: a secret is never shown."]
    assert "n3w-s3cr3t" not in answer.content.decode()


def test_a_lost_key_is_said_and_what_is_not_written_again_stays_as_it_is(admin, check, settings):
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    sealed = check.sealed_secrets
    shown = admin.get(page(check))
    assert "The keys of this portal do not open the stored secrets." in page_text(shown)

    admin.post(page(check), filled_in(shown) | {"name": "Front page"})
    check.refresh_from_db()
    assert (check.name, check.sealed_secrets) == ("Front page", sealed)

    admin.post(
        page(check),
        typed(admin, page(check), new_secret_name_1="X-Key", new_secret_1="n3w"),
    )
    check.refresh_from_db()
    assert check.secrets == {"X-Key": "n3w"}
