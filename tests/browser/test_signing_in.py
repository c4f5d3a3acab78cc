"""Signing in with a real browser: a code, a passkey of a virtual authenticator, both languages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import expect

from accounts.factors import present_code
from accounts.models import Role, User
from core.audit import AuditEntry
from tests.browser.conftest import look_for_barriers
from tests.factories import PASSWORD, TOTP_SECRET, code_now, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def noor() -> User:
    return make_user(Role.ADMINISTRATOR, username="noor")


def authenticator(someone: Any) -> Any:
    """A virtual authenticator, as a phone or a security key would be one."""
    session = someone.context.new_cdp_session(someone.page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def speak(someone: Any, language: str) -> None:
    someone.context.add_cookies(
        [{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": someone.address}]
    )


def give_password(someone: Any, person: User) -> None:
    someone.open("/accounts/login/")
    someone.page.fill("#id_login", person.username)
    someone.page.fill("#id_password", PASSWORD)
    someone.page.locator("#login-form [type=submit]").click()


def test_a_passkey_is_registered_and_then_signs_in_by_itself_and_as_second_factor(
    reader: Any, noor: User
) -> None:
    someone = reader()
    # Passkeys belong to a name; an address of numbers has none.
    someone.address = someone.address.replace("127.0.0.1", "localhost")
    authenticator(someone)
    speak(someone, "en")
    page = someone.page

    page.goto(f"{someone.address}/accounts/login/")
    page.fill("#id_login", "noor")
    page.fill("#id_password", PASSWORD)
    page.locator("#login-form [type=submit]").click()
    page.fill("#id_code", code_now())
    page.locator("#code-form [type=submit]").click()
    expect(page.locator("#site-name")).to_be_visible()

    page.goto(f"{someone.address}/accounts/2fa/passkeys/add/")
    page.fill("#id_name", "My phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")
    expect(page.locator(".told")).to_contain_text("The passkey is added.")

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#site-name")).to_be_visible()

    page.goto(f"{someone.address}/accounts/logout/")
    page.locator("main [type=submit]").click()
    page.fill("#id_login", "noor")
    page.fill("#id_password", PASSWORD)
    page.locator("#login-form [type=submit]").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("#site-name")).to_be_visible()

    assert Authenticator.objects.filter(type="webauthn").count() == 1
    signed_in = AuditEntry.objects.filter(act="sign_in").order_by("pk")
    assert [entry.after for entry in signed_in] == [
        {"by": "password + totp"},
        {"by": "webauthn"},
        {"by": "password + webauthn"},
    ]
    assert someone.complaints == []


@pytest.mark.parametrize(("language", "width", "dark"), [("ar", 320, False), ("en", 1440, True)])
def test_nothing_keeps_anybody_out(
    reader: Any, noor: User, language: str, width: int, dark: bool
) -> None:
    someone = reader(width=width, dark=dark)
    speak(someone, language)
    someone.open("/accounts/login/")
    assert look_for_barriers(someone.page).response["violations"] == []
    give_password(someone, noor)
    expect(someone.page.locator("#id_code")).to_be_focused()
    assert look_for_barriers(someone.page).response["violations"] == []
    someone.page.fill("#id_code", code_now())
    someone.page.locator("#code-form [type=submit]").click()
    expect(someone.page.locator("html")).to_have_attribute(
        "dir", "rtl" if language == "ar" else "ltr"
    )
    someone.open("/accounts/2fa/")
    assert look_for_barriers(someone.page).response["violations"] == []
    wide = someone.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    assert someone.complaints == []


def test_an_app_is_set_up_from_the_picture_without_scripts(reader: Any) -> None:
    make_user(Role.OPERATOR, username="huda", has_factor=False)
    someone = reader(scripts=False)
    speak(someone, "en")
    give_password(someone, User.objects.get(username="huda"))
    page = someone.page
    expect(page.locator("h1")).to_have_text("Your second factors")
    page.get_by_role("link", name="Set up an app").click()
    size = page.locator("img.qr").bounding_box()
    assert size is not None
    assert size["width"] > 100
    secret = page.locator(".secret").inner_text()
    assert secret != TOTP_SECRET
    page.fill("#id_code", present_code(secret, time.time()))
    page.get_by_role("button", name="Set up").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")
    assert page.locator(".codes code").count() == 10
    assert someone.complaints == []
