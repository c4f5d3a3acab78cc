"""Asking for a window and announcing it, in a real Chromium, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from playwright.sync_api import expect

from accounts.models import Agency, Role, User
from maintenance.models import CalendarPeriod, Window
from services.models import Service
from tests.browser.conftest import look_for_barriers
from tests.factories import (
    make_agency,
    make_channel,
    make_edge,
    make_service,
    make_user,
)
from tests.maintenance.asking import (
    ADD,
    LIST,
    MONTH,
    NOW,
    TUESDAY_AT_ELEVEN,
    TUESDAY_AT_ONE,
    act,
    make_window,
    page,
)

pytestmark = pytest.mark.django_db(transaction=True)

SLOT = "2026-11-27T02:30|2026-11-27T04:30"


@pytest.fixture(autouse=True)
def _monday_at_three() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def agency() -> Agency:
    return make_agency(code="CIV", name_ar="هيئة السجل المدني", name_en="Civil registry")


@pytest.fixture
def renewal(agency: Agency) -> Service:
    service = make_service(
        slug="renewal", name_ar="تجديد الهوية", name_en="ID renewal", agency=agency, tier=1
    )
    make_channel(service=service, kind="web")
    make_channel(service=service, kind="app")
    make_edge(upstream=service)
    return service


@pytest.fixture
def staff(agency: Agency) -> User:
    return make_user(Role.AGENCY_STAFF, agency, username="noor")


def sign_in(reader: Any, person: User, *, scripts: bool = True, language: str = "ar") -> Any:
    """A browser in which `person` has signed in on the page for it."""
    someone = reader(scripts=scripts)
    someone.sign_in(person, language)
    someone.open(LIST)
    expect(someone.page.locator("html")).to_have_attribute(
        "dir", "rtl" if language == "ar" else "ltr"
    )
    return someone


def ask(someone: Any, *, scripts: bool) -> None:
    """Fill in the form for Tuesday at eleven, and wait for what the policy says."""
    someone.open(ADD)
    form = someone.page
    form.locator("#id_services-0-service").select_option(label="تجديد الهوية")
    form.locator("#id_services-0-kinds").get_by_label("تطبيق").check()
    form.fill("#id_ticket", "CHG-77")
    form.fill("#id_starts_at", TUESDAY_AT_ELEVEN)
    form.fill("#id_ends_at", TUESDAY_AT_ONE)
    if not scripts:
        form.locator("button[name=_check]").click()
    expect(form.locator(".policy__faults li")).to_have_count(2)
    expect(form.locator("button[name=_slot]")).to_have_count(3)


def approve(reader: Any, window: Window, *, scripts: bool) -> None:
    supervisor = sign_in(reader, make_user(Role.SUPERVISOR), scripts=scripts)
    supervisor.open(page(window))
    supervisor.page.get_by_role("link", name="اعتماد وإعلان").click()
    supervisor.page.get_by_role("button", name="اعتماد").click()
    expect(supervisor.page.locator(".window-acts")).to_be_visible()
    assert supervisor.complaints == []


@pytest.mark.parametrize("choice", ["slot", "justification"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_whole_request_in_arabic_leads_to_the_same_rows_with_and_without_scripts(
    reader: Any, renewal: Service, staff: User, choice: str, scripts: bool
) -> None:
    someone = sign_in(reader, staff, scripts=scripts)
    ask(someone, scripts=scripts)
    form = someone.page
    if choice == "slot":
        form.locator("button[name=_slot]").first.click()
        expect(form.locator(".policy__line--fine")).to_be_visible()
        expect(form.locator("#id_starts_at")).to_have_value(SLOT.split("|")[0])
        expect(form.locator("#id_ends_at")).to_have_value(SLOT.split("|")[1])
    else:
        form.fill("#id_justification", "القرص يتعطّل ولا يحتمل التأخير.")
    # Nothing that was typed before is lost by either way.
    expect(form.locator("#id_ticket")).to_have_value("CHG-77")
    form.get_by_role("button", name="حفظ ومتابعة إلى التقديم").click()

    preview = form.locator(".window-preview__half")
    expect(preview).to_have_count(2)
    expect(preview.nth(0)).to_contain_text("تجديد الهوية")
    expect(preview.nth(1)).to_contain_text("ID renewal")
    form.get_by_role("button", name="تقديم", exact=True).click()
    expect(form.locator(".messagelist")).to_contain_text("قُدّم الطلب.")
    window = Window.objects.get()
    approve(reader, window, scripts=scripts)
    assert someone.complaints == []

    window.refresh_from_db()
    (line,) = window.services.all()
    local = [at.strftime("%d %H:%M") for at in (window.starts_at, window.ends_at)]
    assert (
        window.state,
        window.ticket,
        local,
        line.service,
        [channel.kind for channel in line.channels.all()],
        [step.kind for step in window.steps.order_by("pk")],
    ) == (
        "approved",
        "CHG-77",
        # In UTC; three hours later in Bahrain.
        {"slot": ["26 23:30", "27 01:30"], "justification": ["24 08:00", "24 10:00"]}[choice],
        renewal,
        ["app"],
        ["submitted", "approved"],
    )


def test_with_scripts_the_justification_is_asked_for_only_where_it_is_needed(
    reader: Any, renewal: Service, staff: User
) -> None:
    someone = sign_in(reader, staff)
    someone.open(ADD)
    field = someone.page.locator("#id_justification")
    expect(field).to_be_hidden()
    ask(someone, scripts=True)
    expect(field).to_be_visible()
    someone.page.locator("button[name=_slot]").first.click()
    expect(field).to_be_hidden()


def test_with_scripts_ready_texts_follow_the_effect_and_written_ones_stay(
    reader: Any, renewal: Service, staff: User
) -> None:
    someone = sign_in(reader, staff)
    someone.open(ADD)
    form = someone.page
    form.fill("#id_text_en", "Written by hand, from {start} to {end}.")
    form.locator("#id_effect").select_option("slow")
    expect(form.locator("#id_text_ar")).to_have_value(
        "قد تكون خدمة {service} أبطأ من المعتاد من {start} إلى {end} ({zone})."
    )
    expect(form.locator("#id_text_en")).to_have_value("Written by hand, from {start} to {end}.")


def test_the_key_enter_checks_and_takes_no_slot(reader: Any, renewal: Service, staff: User) -> None:
    someone = sign_in(reader, staff)
    ask(someone, scripts=True)
    with someone.page.expect_navigation():
        someone.page.locator("#id_ticket").press("Enter")
    expect(someone.page.locator("#id_starts_at")).to_have_value(TUESDAY_AT_ELEVEN)
    assert not Window.objects.exists()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_no_page_of_windows_keeps_anybody_out(
    reader: Any, renewal: Service, staff: User, language: str
) -> None:
    CalendarPeriod.objects.create(
        kind="freeze",
        name_ar="أسبوع النتائج",
        name_en="Results week",
        first_day="2026-11-25",
        last_day="2026-11-26",
    )
    window = make_window(renewal, by=staff)
    running = make_window(
        renewal, state="approved", by=staff, starts_at=NOW, ends_at=window.ends_at
    )
    someone = sign_in(reader, staff, language=language)
    addresses = [
        ADD,
        LIST,
        f"{MONTH}?month=2026-11",
        page(window),
        page(running),
        act(window, "submit"),
        act(running, "extend"),
    ]
    for address in addresses:
        someone.open(address)
        # Before axe looks: it fetches style sheets in a way that the policy refuses.
        assert someone.complaints == [], address
        found = look_for_barriers(someone.page)
        assert found.violations_count == 0, (address, found.generate_report())
        someone.complaints.clear()
    ask_in = someone.page
    someone.open(ADD)
    ask_in.locator("#id_services-0-service").select_option(index=1)
    ask_in.fill("#id_starts_at", TUESDAY_AT_ELEVEN)
    ask_in.fill("#id_ends_at", TUESDAY_AT_ONE)
    expect(ask_in.locator(".policy__faults li")).to_have_count(3)
    assert someone.complaints == []
    found = look_for_barriers(ask_in)
    assert found.violations_count == 0, found.generate_report()
