"""Texts that stand ready to post, in a real Chromium: copied by one press."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from playwright.sync_api import expect

from accounts.models import Role
from tests.browser.conftest import look_for_barriers
from tests.factories import make_service, make_user
from tests.statusportal.ops.console import make_incident, make_text
from tests.statusportal.ops.nation import NOW, publish

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_text_is_copied_as_it_stands(reader: Any, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Bahrain"
    told_at = NOW - timedelta(minutes=3)
    with time_machine.travel(NOW):
        service = make_service(name_ar="تجديد الجواز", name_en="Passport renewal")
        incident = make_incident(
            ref="IN-SHR222",
            services=(service,),
            title_ar="تعطل تجديد الجواز",
            title_en="Passport renewal is out",
            first_notice_at=told_at,
            last_notice_at=told_at,
        )
        make_text(incident, at=told_at, plain_ar="نعلم بالمشكلة.", plain_en="We know of it.")
        publish()
        someone = reader()
        someone.sign_in(make_user(Role.OPERATOR), "ar")
        someone.context.grant_permissions(["clipboard-read", "clipboard-write"])
        someone.open(f"/ops/share/{incident.ref}/")
        page = someone.page
        page.locator("[data-copy=whole-ar]").click()
        expect(page.locator("#announcements")).to_have_text("نُسخ")

        assert page.evaluate("() => navigator.clipboard.readText()") == (
            page.locator("#whole-ar").inner_text()
        )
        assert look_for_barriers(page).violations_count == 0
        assert someone.complaints == []
