"""Signing in over the pages: password, second factor, what is refused, what is written down."""

from __future__ import annotations

import time
from typing import Any

import pytest
import time_machine
from django.conf import settings as portal
from django.test import Client

from accounts.factors import present_code
from accounts.models import Role, User
from core.audit import AuditEntry
from core.steady_cache import SteadyRedisCache
from tests.accounts.entering import (
    FACTOR,
    FACTORS,
    HOME,
    LOGIN,
    acts,
    give_password,
    sign_in,
    somebody,
)
from tests.admin_pages import elements, page_text
from tests.factories import PASSWORD, code_now

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_attempts_yet", "quick_passwords"),
]
NOT_RIGHT = "The name or the password is not right."
TOO_MANY = "There were too many attempts. Wait for a few minutes and try again."
WRONG_CODE = "The code is not right, or it was used before."


@pytest.fixture
def person() -> User:
    return somebody(username="omar")


@pytest.fixture
def client() -> Client:
    client = Client()
    client.cookies[portal.LANGUAGE_COOKIE_NAME] = "en"
    return client


# --- the way in ---------------------------------------------------------------------------------


def test_a_password_alone_opens_nothing(client: Client, person: User) -> None:
    answer = give_password(client, person)
    assert (answer.status_code, answer["Location"]) == (302, FACTOR)
    assert client.get(HOME)["Location"] == "/accounts/login/?next=/admin/"
    assert client.get(FACTORS).status_code == 302
    assert acts() == []


def test_a_password_and_a_code_open_the_page_that_was_asked_for(
    client: Client, person: User
) -> None:
    client.post(LOGIN, {"login": "omar", "password": PASSWORD, "next": "/ops/"})
    before = client.session.session_key
    answer = client.post(FACTOR, {"code": code_now()}, REMOTE_ADDR="192.0.2.7")
    assert (answer.status_code, answer["Location"]) == (302, "/ops/")
    assert client.session.session_key != before
    assert client.get(HOME).status_code == 200
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.actor, entry.address) == ("sign_in", person, "192.0.2.7")
    assert entry.after == {"by": "password + totp"}


def test_nobody_is_led_to_another_site(client: Client, person: User) -> None:
    client.post(LOGIN, {"login": "omar", "password": PASSWORD, "next": "https://evil.example/"})
    assert client.post(FACTOR, {"code": code_now()})["Location"] == "/admin/"


def test_a_code_counts_once(client: Client, person: User) -> None:
    with time_machine.travel(1_800_000_015, tick=False):
        code = code_now()
        assert sign_in(client, person, code=code)["Location"] == "/admin/"
        thief = Client(headers={"Accept-Language": "en"})
        give_password(thief, person)
        assert WRONG_CODE in page_text(
            thief.post(FACTOR, {"code": code}, HTTP_ACCEPT_LANGUAGE="en")
        )
        assert thief.get(HOME).status_code == 302
    # allauth remembers a code for one step; with the tolerance it is valid for longer.
    with time_machine.travel(1_800_000_015 + 31, tick=False):
        assert WRONG_CODE in page_text(
            thief.post(FACTOR, {"code": code}, HTTP_ACCEPT_LANGUAGE="en")
        )
        assert thief.post(FACTOR, {"code": code_now()})["Location"] == "/admin/"
    assert acts() == [
        ("sign_in", "omar"),
        ("sign_in_refused", "portal"),
        ("sign_in_refused", "portal"),
        ("sign_in", "omar"),
    ]


def test_signing_out_ends_the_session_and_is_written_down(client: Client, person: User) -> None:
    sign_in(client, person)
    stolen = client.cookies[portal.SESSION_COOKIE_NAME].value
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    other = Client()
    other.cookies[portal.SESSION_COOKIE_NAME] = stolen
    assert other.get(HOME).status_code == 302
    assert acts() == [("sign_in", "omar"), ("sign_out", "omar")]


def test_the_cookie_ends_with_the_browser_and_scripts_do_not_see_it(
    client: Client, person: User
) -> None:
    sign_in(client, person)
    cookie = client.cookies[portal.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert (cookie["expires"], cookie["max-age"], cookie["domain"]) == ("", "", "")


# --- what is refused ----------------------------------------------------------------------------


def test_every_refusal_of_a_password_reads_the_same(client: Client, person: User) -> None:
    somebody(username="gone", is_active=False)
    said = {
        name: page_text(client.post(LOGIN, {"login": name, "password": typed})).count(NOT_RIGHT)
        for name, typed in (("omar", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD))
    }
    assert said == {"omar": 1, "nobody": 1, "gone": 1}
    # Whoever has no account has no entry: people type passwords into the wrong field.
    assert sorted(AuditEntry.objects.values_list("act", "subject_name")) == [
        ("sign_in_refused", "gone"),
        ("sign_in_refused", "gone"),
        ("sign_in_refused", "omar"),
    ]


def test_too_many_wrong_passwords_shut_out_one_address_and_nobody_else(
    client: Client, person: User
) -> None:
    for _number in range(5):
        answer = give_password(client, person, "wrong", REMOTE_ADDR="192.0.2.1")
        assert NOT_RIGHT in page_text(answer)
    answer = give_password(client, person, REMOTE_ADDR="192.0.2.1")
    assert TOO_MANY in page_text(answer)
    # Their colleague in the same office, and the person themselves elsewhere.
    colleague = somebody(username="sara")
    assert give_password(Client(), colleague, REMOTE_ADDR="192.0.2.1")["Location"] == FACTOR
    assert give_password(Client(), person, REMOTE_ADDR="192.0.2.2")["Location"] == FACTOR


def test_an_account_is_shut_for_a_while_when_it_is_tried_from_everywhere(
    client: Client, person: User
) -> None:
    for number in range(20):
        give_password(client, person, "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    answer = give_password(client, person, REMOTE_ADDR="198.51.100.1")
    assert TOO_MANY in page_text(answer)
    with time_machine.travel(time.time() + 901):
        assert give_password(client, person, REMOTE_ADDR="198.51.100.1")["Location"] == FACTOR


def test_codes_cannot_be_tried_one_after_the_other(client: Client, person: User) -> None:
    give_password(client, person)
    for _number in range(20):
        client.post(FACTOR, {"code": "000000"})
    assert TOO_MANY in page_text(client.post(FACTOR, {"code": code_now()}))


@pytest.mark.parametrize(
    "name", ["/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"]
)
def test_what_allauth_offers_beside_is_not_there(client: Client, name: str) -> None:
    assert client.get(name).status_code == 404


# --- without a second factor --------------------------------------------------------------------


def test_without_a_second_factor_every_page_of_staff_leads_to_enrolment(client: Client) -> None:
    person = somebody(Role.ADMINISTRATOR, has_factor=False)
    assert give_password(client, person)["Location"] == "/admin/"
    for address in ("/admin/", "/ops/", "/admin/accounts/user/", "/admin/jsi18n/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (302, FACTORS)
    part = client.get("/ops/", headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Redirect"]) == (204, FACTORS)
    assert client.post("/admin/accounts/agency/add/", {"code": "X"}).status_code == 302
    assert "nothing else opens without one" in page_text(client.get(FACTORS))


def test_an_app_is_set_up_with_its_first_code(client: Client) -> None:
    person = somebody(username="huda", has_factor=False)
    give_password(client, person)
    page = client.get("/accounts/2fa/app/add/")
    assert elements(page, "img")[0].get("src", "").startswith("data:image/svg+xml;base64,")
    secret = page.context["form"].secret
    assert WRONG_CODE in page_text(client.post("/accounts/2fa/app/add/", {"code": "000000"}))
    code = present_code(secret, time.time())
    answer = client.post("/accounts/2fa/app/add/", {"code": code})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    assert len(elements(client.get(answer["Location"]), "code")) == 10
    assert client.get(HOME).status_code == 200
    person.refresh_from_db()
    assert person.factor_since is not None
    # What set the app up signs nobody in.
    sign_in(thief := Client(), person, code=code)
    assert thief.get(HOME).status_code == 302
    kinds = AuditEntry.objects.filter(act="factor_add").values_list("after__factor", flat=True)
    assert sorted(kinds) == ["recovery_codes", "totp"]


def test_a_recovery_code_opens_once(client: Client, person: User) -> None:
    sign_in(client, person)
    client.post("/accounts/2fa/recovery-codes/new/")
    codes = [
        each.text or "" for each in elements(client.get("/accounts/2fa/recovery-codes/"), "code")
    ]
    assert sign_in(Client(), person, code=codes[0])["Location"] == "/admin/"
    again = Client()
    sign_in(again, person, code=codes[0])
    assert again.get(HOME).status_code == 302


def test_the_only_factor_cannot_be_removed(client: Client, person: User) -> None:
    sign_in(client, person)
    said = page_text(client.post("/accounts/2fa/app/remove/"))
    assert "This is your only second factor. Add another one before you remove it." in said
    person.refresh_from_db()
    assert person.factor_since is not None


def test_a_sensitive_page_asks_again_after_five_minutes(client: Client, person: User) -> None:
    began = time.time()
    sign_in(client, person)
    assert client.get("/accounts/2fa/recovery-codes/new/").status_code == 200
    with time_machine.travel(began + 301):
        answer = client.get("/accounts/2fa/recovery-codes/new/")
        assert answer["Location"].startswith("/accounts/reauthenticate/?next=")
        wrong = client.post("/accounts/reauthenticate/", {"password": "wrong"})
        assert "The password is not right." in page_text(wrong)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert client.get("/accounts/2fa/recovery-codes/new/").status_code == 200


# --- the admin's own doors ----------------------------------------------------------------------


def test_the_sign_in_of_the_admin_is_closed(client: Client, person: User) -> None:
    answer = client.get("/admin/login/?next=/admin/services/service/")
    assert answer["Location"] == "/accounts/login/?next=/admin/services/service/"
    answer = client.post("/admin/login/", {"username": "omar", "password": PASSWORD})
    assert answer["Location"] == "/accounts/login/?next=/admin/"
    assert client.get("/admin/login/?next=//evil.example")["Location"].endswith("?next=/admin/")
    assert "_auth_user_id" not in client.session


def test_passwords_are_changed_on_our_page_alone(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_every_page_speaks_both_languages(client: Client, person: User) -> None:
    for language, direction in (("ar", "rtl"), ("en", "ltr")):
        client.cookies[portal.LANGUAGE_COOKIE_NAME] = language
        (root,) = elements(client.get(LOGIN), "html")
        assert (root.get("lang"), root.get("dir")) == (language, direction)


# --- when other things fail ---------------------------------------------------------------------


def test_staff_get_in_while_redis_is_gone(client: Client, person: User, settings: Any) -> None:
    gone = settings.CACHES["default"] | {"LOCATION": "unix:///nowhere/redis.sock"}
    settings.CACHES = settings.CACHES | {"default": gone}
    assert sign_in(client, person)["Location"] == "/admin/"
    assert client.get(HOME).status_code == 200
    SteadyRedisCache._away_until = 0.0
