"""The console in a real Chromium: by keyboard alone, by tap, without scripts, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from playwright.sync_api import expect

from accounts.models import Role, User
from incidents import operations
from incidents.models import Draft, Incident, Update
from services.models import Service
from tests.browser.conftest import look_for_barriers
from tests.factories import make_agency, make_channel, make_edge, make_service, make_user
from tests.maintenance.rows import make_announced
from tests.statusportal.ops.console import (
    BOARD,
    HANDOVER,
    LIST,
    NEW,
    desk,
    make_incident,
    make_text,
)
from tests.statusportal.ops.nation import NOW, publish

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _one_o_clock(settings: Any) -> Iterator[None]:
    settings.TIME_ZONE = "Asia/Bahrain"
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def sara() -> User:
    return make_user(Role.OPERATOR, username="sara", first_name="Sara", last_name="Haddad")


@pytest.fixture
def login() -> Service:
    agency = make_agency(code="DGA", name_ar="هيئة الحكومة الرقمية", name_en="Digital Government")
    service = make_service(
        slug="login",
        agency=agency,
        name_ar="الدخول الوطني الموحد",
        name_en="National single login",
        is_shared=True,
        tier=1,
    )
    make_channel(service=service, kind="web")
    make_channel(service=service, kind="app")
    make_edge(upstream=service)
    return service


@pytest.fixture
def busy(login: Service) -> list[Incident]:
    """A busy night: three incidents, a text that waits, work that runs over."""
    grave = make_incident(
        ref="IN-P2AAA2",
        severity="P1",
        services=(login,),
        title_ar="مشكلة في الدخول الوطني الموحد",
        title_en="Problem with the national single login",
        opened_at=NOW - 8 * MINUTE,
    )
    slow = make_incident(
        ref="IN-P3BBB3", severity="P3", title_ar="بطء في نتائج الامتحانات", title_en="Slow results"
    )
    seen = make_incident(
        ref="IN-P2CCC4",
        severity="P2",
        title_ar="توقف دفع المخالفات",
        title_en="Fines cannot be paid",
        opened_at=NOW - 95 * MINUTE,
        acknowledged_at=NOW - 90 * MINUTE,
        acknowledged_by=make_user(Role.OPERATOR, username="omar"),
        phase="fixing",
    )
    make_text(seen, at=NOW - 80 * MINUTE)
    make_text(seen, state="waiting", author=make_user(Role.OPERATOR, username="huda"))
    make_announced(
        services=(make_service(name_ar="تجديد الهوية", name_en="ID renewal"),),
        starts_at=NOW - 90 * MINUTE,
        ends_at=NOW - 20 * MINUTE,
    )
    publish()
    return [grave, slow, seen]


def sign_in(reader: Any, person: User, *, language: str = "en", **options: Any) -> Any:
    """A browser in which `person` has signed in and looks at the board."""
    someone = reader(**options)
    someone.sign_in(person, language)
    someone.open(BOARD)
    expect(someone.page.locator("#board")).to_be_visible()
    # The scripts come after the page.
    someone.page.wait_for_load_state("load")
    return someone


def renew(someone: Any) -> None:
    """Let five seconds pass, after which the board asks again."""
    someone.page.clock.run_for(5_500)


# --- the keyboard -------------------------------------------------------------------------------


def test_the_whole_board_works_by_keyboard_alone(
    reader: Any, sara: User, busy: list[Incident]
) -> None:
    page = (someone := sign_in(reader, sara)).page
    grave, slow, _seen = busy

    page.keyboard.press("j")
    expect(page.locator(f"#{grave.ref} [data-open]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#{slow.ref} [data-open]")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(f"#{grave.ref} [data-open]")).to_be_focused()

    page.keyboard.press("a")
    expect(page.locator(f"#{grave.ref}")).to_contain_text("Sara Haddad acknowledged it")
    # Where one was, with everything in the same order as for everybody else.
    expect(page.locator(f"#{grave.ref} [data-open]")).to_be_focused()
    grave.refresh_from_db()
    assert grave.acknowledged_by == sara

    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Problem with the national single login")
    page.wait_for_load_state("load")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jakn?")
    expect(page.locator("#q")).to_have_value("jakn?")
    page.goto(BOARD, wait_until="load")
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text("New incident")
    assert someone.complaints == []


def test_keys_count_by_their_place_where_the_keyboard_writes_arabic(
    reader: Any, sara: User, busy: list[Incident]
) -> None:
    page = sign_in(reader, sara, language="ar").page

    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'ت', code: 'KeyJ', bubbles: true, cancelable: true}))"
    )

    expect(page.locator(f"#{busy[0].ref} [data-open]")).to_be_focused()


def test_the_keys_are_shown_by_a_key_and_by_a_tap_and_can_be_switched_off(
    reader: Any, sara: User, busy: list[Incident]
) -> None:
    page = sign_in(reader, sara).page

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_have_attribute("open", "")
    page.keyboard.press("?")
    expect(page.locator("#keys")).not_to_have_attribute("open", "")
    page.locator("#keys summary").click()
    page.locator("#keys-on").uncheck()
    page.reload(wait_until="load")
    page.keyboard.press("j")
    expect(page.locator("body")).to_be_focused()


def test_everything_is_reached_by_tab_alone(reader: Any, sara: User, busy: list[Incident]) -> None:
    page = sign_in(reader, sara).page
    found: set[str] = set()

    for _unused in range(60):
        page.keyboard.press("Tab")
        found.add(page.evaluate("document.activeElement.textContent.trim()"))

    assert {
        "Board",
        "New incident",
        "Look again",
        "Problem with the national single login",
        f"Acknowledge {busy[0].ref}",
        "Read and approve",
        "ID renewal",
        "National single login",
        "Keys",
    } <= found


# --- it renews itself ---------------------------------------------------------------------------


def test_the_board_renews_itself_and_keeps_the_focus(
    reader: Any, sara: User, busy: list[Incident]
) -> None:
    page = (someone := sign_in(reader, sara)).page
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = page.locator(f"#{busy[1].ref} [data-open]")
    expect(focused).to_be_focused()
    new = make_incident(ref="IN-NEW999", severity="P1", title_en="All payments fail")

    renew(someone)

    expect(page.locator(f"#{new.ref}")).to_be_visible()
    expect(focused).to_be_focused()
    expect(page.locator("#announcements")).to_have_text("P1: All payments fail")
    expect(page).to_have_title("(3) Board")
    assert someone.complaints == []


def test_a_board_that_cannot_be_renewed_says_so(
    reader: Any, sara: User, busy: list[Incident]
) -> None:
    page = (someone := sign_in(reader, sara)).page
    page.route("**/ops/", lambda route: route.abort())

    for _unused in range(3):
        page.clock.run_for(30_000)
        page.wait_for_timeout(50)

    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/ops/")
    page.clock.run_for(61_000)
    expect(page.locator("#offline")).to_be_hidden()
    assert someone.page.locator(f"#{busy[0].ref}").is_visible()


# --- two at once --------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_second_of_two_gets_one_friendly_sentence(
    reader: Any, sara: User, busy: list[Incident], scripts: bool
) -> None:
    page = (someone := sign_in(reader, sara, scripts=scripts, width=360)).page
    operations.acknowledge(
        incident_id=busy[0].pk, actor=make_user(Role.OPERATOR, username="noor"), now=NOW
    )

    page.locator(f"#{busy[0].ref} [data-acknowledge]").click()

    expect(page.locator(".told__one")).to_contain_text("was quicker and acknowledged it at")
    expect(page.locator(f"#{busy[0].ref}")).to_contain_text("noor acknowledged it")
    assert someone.complaints == []


# --- the desk -----------------------------------------------------------------------------------


def test_a_draft_saves_itself_shows_how_it_reads_and_comes_back(
    reader: Any, sara: User, busy: list[Incident]
) -> None:
    page = (someone := sign_in(reader, sara)).page
    someone.open(desk(busy[1]))

    page.fill("#id_text_ar", "نعمل على إصلاح {service}.")
    page.fill("#id_text_en", "")
    page.locator("#id_text_en").press_sequentially("We are mending {service}.")
    page.clock.run_for(1_500)

    expect(page.locator("#draft")).to_contain_text("Draft saved")
    expect(page.locator("#draft .look__text[lang=en]")).to_contain_text("We are mending")
    # What was answered took nothing away from whoever types on.
    expect(page.locator("#id_text_en")).to_be_focused()
    page.reload()
    expect(page.locator("#id_text_en")).to_have_value("We are mending {service}.")
    assert Draft.objects.get().author == sara
    assert someone.complaints == []


def test_a_holding_notice_takes_few_clicks(reader: Any, sara: User, busy: list[Incident]) -> None:
    page = (someone := sign_in(reader, sara)).page
    someone.open(desk(busy[0]))

    page.locator("#id_template").select_option("holding")
    page.get_by_role("button", name="Fill in both texts").first.click()
    expect(page.locator("#id_text_ar")).to_have_value(re.compile("نعلم بوجود مشكلة في خدمة"))
    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page.locator(".told__one")).to_have_text("The text is handed in.")
    assert Update.objects.get(incident=busy[0]).state == "published"
    assert someone.complaints == []


def test_what_is_refused_is_brought_to_the_reader_and_nothing_typed_is_lost(
    reader: Any, sara: User, busy: list[Incident]
) -> None:
    page = (someone := sign_in(reader, sara, language="ar")).page
    someone.open(desk(busy[1]))

    page.fill("#id_text_ar", "نعمل على إصلاحها.")
    page.get_by_role("button", name="نشر", exact=True).click()

    expect(page.locator("#refused")).to_be_focused()
    expect(page.locator("#refused")).to_contain_text("ما ينقص مذكور عند الحقول.")
    expect(page.locator("#id_text_en_error li")).to_have_count(1)
    expect(page.locator("#id_text_ar")).to_have_value("نعمل على إصلاحها.")
    expect(page.locator("#id_text_ar")).to_have_attribute("dir", "rtl")
    expect(page.locator("#id_text_en")).to_have_attribute("dir", "ltr")


def test_services_are_found_and_added_while_typing(reader: Any, sara: User, login: Service) -> None:
    publish()
    page = (someone := sign_in(reader, sara)).page
    someone.open(NEW)

    page.locator("#picker-find").press_sequentially("الدخول")
    page.clock.run_for(1_000)
    page.get_by_role("button", name="Add").click()

    expect(page.locator(".picker__service")).to_contain_text("National single login")
    expect(page.locator(".picker__reach")).to_contain_text("2 services of 2 agencies")
    expect(page.locator("#picker-find")).to_be_focused()
    assert someone.complaints == []


# --- for everybody ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("language", ["ar", "en"])
def test_axe_finds_nothing_at_the_width_of_a_phone_and_of_a_desk(
    reader: Any, sara: User, busy: list[Incident], language: str
) -> None:
    done = make_incident(phase="resolved", resolved_at=NOW - MINUTE)
    # The desks differ by what they hold and not by their colours: two will do in the dark.
    in_the_dark = [BOARD, LIST, HANDOVER, NEW, desk(busy[0]), desk(done)]
    someone = sign_in(reader, sara, language=language)
    for path in (*in_the_dark, *map(desk, busy[1:])):
        someone.open(path)
        for dark in (False, True) if path in in_the_dark else (False,):
            for width in (360, 1440):
                someone.turn(width, dark=dark)
                wide = someone.page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert wide <= 0, (path, width, wide)
                found = look_for_barriers(someone.page)
                assert found.violations_count == 0, (path, width, found.generate_report())
        assert someone.complaints == [], path
