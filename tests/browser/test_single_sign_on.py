"""Single sign-on in a real Chromium: what its content policy and cookies make of the way there."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.accounts.sign_on import provider, running_provider
from tests.browser.conftest import look_for_barriers

__all__ = ["provider", "running_provider"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_click_leads_to_the_provider_and_back_in_and_else_to_a_page_that_says_why(
    reader: Any, provider: Any, settings: Any, site: str
) -> None:
    settings.PUBLIC_URL = site
    someone = reader(width=390)
    page = someone.page
    # Not every Chromium asks for a language.
    someone.context.add_cookies([{"name": "django_language", "value": "en", "url": site}])
    door = page.locator("a[href^='/accounts/sso/start/']")

    provider.instead = {"/.well-known/openid-configuration": (503, b"{}")}
    someone.open("/accounts/login/")
    door.click()
    expect(page.locator("h1")).to_have_text("You are not signed in")
    arabic = page.locator("[lang=ar]")
    expect(arabic).to_contain_text("لا يستجيب الدخول الموحد الآن.")
    assert arabic.evaluate("part => getComputedStyle(part).direction") == "rtl"
    assert look_for_barriers(page).violations_count == 0
    # The browser says of its own that the answer was 503.
    assert [one for one in someone.complaints if "503" not in one] == []
    someone.complaints.clear()

    provider.instead = {}
    someone.open("/accounts/login/?next=/accounts/2fa/")
    door.click()
    expect(page).to_have_url(f"{site}/accounts/2fa/")
    assert User.objects.get().username == "fatima"
    (there,) = provider.asked
    assert there["redirect_uri"] == f"{site}/accounts/sso/callback/"
    # Nothing but the way through the provider itself.
    (asked,) = someone.complaints
    assert asked.startswith(f"asked somebody else: {provider.issuer}/authorize?")
