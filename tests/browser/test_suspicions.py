"""What an agency's system suspects, in a real Chromium: found on the board, read, settled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from playwright.sync_api import expect

from accounts.models import Role
from reports.models import Suspicion
from tests.browser.conftest import look_for_barriers
from tests.factories import make_agency, make_service, make_user
from tests.reports.systems import make_token
from tests.statusportal.ops.console import BOARD, make_incident
from tests.statusportal.ops.nation import NOW, publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _one_o_clock(settings: Any) -> Iterator[None]:
    settings.TIME_ZONE = "Asia/Bahrain"
    with time_machine.travel(NOW):
        yield


def test_an_operator_finds_it_on_the_board_and_links_it_to_an_incident(reader: Any) -> None:
    agency = make_agency(code="MOI", name_ar="وزارة الداخلية", name_en="Ministry of Interior")
    visa = make_service(slug="visa", name_ar="تأشيرة الزيارة", name_en="Visit visa", agency=agency)
    incident = make_incident(
        services=(visa,), title_ar="توقف الدفع في التأشيرات", title_en="Visa payments are down"
    )
    suspicion = Suspicion.objects.create(
        service=visa,
        agency=agency,
        began_at=NOW,
        text_ar="الدفع متوقف منذ الواحدة، ورمز الخطأ E-17.",
        text_en="Payments fail since one o'clock, error E-17.",
        contact="مهندس المناوبة 1700 0000",
        told_at=NOW,
        token=make_token(agency, now=NOW, name="Payment monitor")[0],
        idempotency_key="one",
        fingerprint="f" * 64,
    )
    publish()
    browser = reader()
    browser.sign_in(make_user(Role.OPERATOR, username="sara"), language="ar")

    browser.open(BOARD)
    row = browser.page.locator(f"#{suspicion.ref}")
    expect(row).to_contain_text("الدفع متوقف منذ الواحدة")
    row.get_by_role("link").click()

    expect(browser.page.locator("h1")).to_have_text("تأشيرة الزيارة")
    assert look_for_barriers(browser.page).violations_count == 0
    browser.complaints.clear()
    browser.page.get_by_label("العطل الذي يتبعه").select_option(incident.ref)
    browser.page.get_by_role("button", name="ربط").click()

    expect(browser.page.locator("#board")).to_be_visible()
    expect(browser.page.locator("#suspected")).to_have_count(0)
    suspicion.refresh_from_db()
    assert suspicion.incident == incident
    assert browser.complaints == []
