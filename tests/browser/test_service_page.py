"""The page of one service in a real Chromium: its days by pointer, keyboard, finger and reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from statusportal.public.shape import History, ServiceHistory
from statusportal.public.store import store
from tests.browser.conftest import Reader, look_for_barriers
from tests.statusportal.public.snapshots import BAD, history, snapshot
from tests.statusportal.public.ways import several_ways, their_days

LANGUAGES = ["ar", "en"]
HEARD = Path(__file__).with_name("service_page_heard.ar.yaml")
PATHS = ["services/passport/", "services/court/", "agencies/MOI/"]

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.fixture
def down() -> None:
    """Login down and with it the passports, which have ninety days behind them."""
    store.hold(snapshot({"login": BAD}), history())


def shown(someone: Any) -> list[str]:
    """The words of the days that can be seen now."""
    words = someone.page.locator(".bar__words").evaluate_all(
        "all => all.filter(e => getComputedStyle(e).clipPath === 'none').map(e => e.innerText)"
    )
    return [" ".join(text.split()) for text in words]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scripts", [True, False])
def test_nobody_is_kept_out_and_nothing_runs_out_of_a_narrow_page(
    reader: Any, down: None, language: str, scripts: bool
) -> None:
    someone = reader(scripts=scripts)
    for path in PATHS:
        someone.open(f"/{language}/{path}")
        someone.page.locator("details").evaluate_all("all => all.forEach(d => d.open = true)")
        for width, dark in ((320, False), (768, True), (1440, False)):
            someone.turn(width, dark=dark)
            if scripts:
                found = look_for_barriers(someone.page)
                assert found.violations_count == 0, (path, width, found.generate_report())
            wide = someone.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, width, wide)
    assert someone.complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_day_says_what_happened_when_it_is_pointed_at(
    reader: Any, down: None, scripts: bool
) -> None:
    someone = reader(scripts=scripts)
    someone.open("/en/services/passport/")
    bars = someone.page.locator(".bars .bar")

    bars.nth(89).hover()
    assert shown(someone) == ["Sunday 22 November 2026: Out for 1 hour and 30 minutes."]
    # The pointer may move into the words (WCAG 1.4.13).
    bars.nth(89).locator(".bar__words").hover()
    assert len(shown(someone)) == 1
    bars.nth(0).hover()
    assert shown(someone) == ["Tuesday 25 August 2026: No trouble."]


@pytest.mark.parametrize(("language", "older"), [("ar", "ArrowRight"), ("en", "ArrowLeft")])
def test_the_arrows_walk_through_the_days_in_the_direction_of_reading(
    reader: Any, down: None, language: str, older: str
) -> None:
    someone = reader()
    someone.open(f"/{language}/services/passport/")
    someone.page.locator('.bars [tabindex="0"]').focus()
    focused = "document.activeElement.getAttribute('href')"

    assert someone.page.evaluate(focused) == "#day-2026-11-22"
    someone.page.keyboard.press(older)
    assert someone.page.evaluate(focused) == "#day-2026-11-21"
    someone.page.keyboard.press("ArrowUp")
    assert someone.page.evaluate(focused) == "#day-2026-11-14"
    someone.page.keyboard.press("Home")
    assert someone.page.evaluate(focused) == "#day-2026-08-25"
    someone.page.keyboard.press(older)
    assert someone.page.evaluate(focused) == "#day-2026-08-25"
    assert len(shown(someone)) == 1
    someone.page.keyboard.press("Escape")
    assert shown(someone) == []
    assert someone.page.locator('.bars [tabindex="0"]').count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_oldest_day_stands_where_reading_begins(reader: Any, down: None, language: str) -> None:
    someone = reader()
    someone.open(f"/{language}/services/passport/")
    bars = someone.page.locator(".bars .bar")
    oldest, newest = bars.nth(0).bounding_box(), bars.nth(89).bounding_box()

    assert (oldest["x"] > newest["x"]) is (language == "ar")


def test_a_finger_reads_a_day_and_stays_where_it_is(
    chromium: Browser, site: str, down: None
) -> None:
    someone = Reader(chromium, site, viewport={"width": 390, "height": 800}, has_touch=True)
    someone.open("/en/services/passport/")
    someone.page.locator(".bars .bar").nth(87).tap()

    (words,) = shown(someone)
    assert words == (
        "Friday 20 November 2026: Slow or partly out for 10 minutes."
        " Planned maintenance for 1 hour. No information for 1 hour."
    )
    assert someone.page.url.endswith("/en/services/passport/")
    someone.context.close()


def test_without_scripts_a_day_leads_to_its_row_in_the_table(reader: Any, down: None) -> None:
    someone = reader(scripts=False)
    someone.open("/en/services/passport/")
    row = someone.page.locator("#day-2026-11-20")
    assert not row.is_visible()

    someone.page.locator(".bars .bar").nth(87).click()

    assert row.is_visible()


def test_with_forced_colours_the_days_still_differ(
    chromium: Browser, site: str, down: None
) -> None:
    someone = Reader(
        chromium,
        site,
        viewport={"width": 1440, "height": 900},
        forced_colors="active",
    )
    someone.open("/en/services/passport/")
    looks = someone.page.locator(".legend .bar").evaluate_all(
        "all => all.map(e => getComputedStyle(e, '::before')).map(s => s.backgroundColor +"
        " s.backgroundImage + s.borderStyle)"
    )

    assert len(looks) == 3
    assert len(set(looks)) == 3
    someone.context.close()


def test_on_paper_there_is_what_was_said_and_nothing_to_press(reader: Any, down: None) -> None:
    someone = reader()
    someone.open("/en/services/passport/")
    someone.page.emulate_media(media="print")

    assert someone.page.get_by_text("You cannot use this service now.").is_visible()
    assert someone.page.get_by_text("Ask by phone:").is_visible()
    assert someone.page.get_by_text("As of 13:00 on Sunday 22 November 2026").is_visible()
    assert someone.page.locator(".bars").is_visible()
    for gone in ("header nav", ".trail", ".bar__words", "#day-2026-11-22"):
        assert not someone.page.locator(gone).first.is_visible(), gone


def test_what_is_heard_in_arabic_word_by_word(reader: Any) -> None:
    """Names and order in the accessibility tree: what a screen reader says, from first to last."""
    (past,) = history().services
    three_days = ServiceHistory(past.id, past.days[-3:], 9_700)
    store.hold(snapshot({"login": BAD}), History((three_days,)))
    someone = reader()
    someone.open("/ar/services/passport/")

    assert someone.page.locator("main").aria_snapshot() == HEARD.read_text("utf-8").strip()


@pytest.fixture
def ways() -> None:
    """A service with three ways to use it, each with days of its own."""
    store.hold(several_ways(), their_days())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_days_of_each_way_keep_nobody_out_at_any_width(
    reader: Any, ways: None, language: str
) -> None:
    someone = reader()
    someone.open(f"/{language}/services/registry/")
    someone.page.locator("details").evaluate_all("all => all.forEach(d => d.open = true)")
    for width, dark in ((320, True), (768, False), (1440, True)):
        someone.turn(width, dark=dark)
        found = look_for_barriers(someone.page)
        assert found.violations_count == 0, (width, found.generate_report())
        wide = someone.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (width, wide)
    assert someone.complaints == []


def test_the_days_of_a_way_stay_folded_until_somebody_asks(reader: Any, ways: None) -> None:
    someone = reader()
    someone.open("/en/services/registry/")
    app = someone.page.locator("details.way").nth(1)
    assert not app.locator(".bars").is_visible()

    app.locator("summary").first.focus()
    someone.page.keyboard.press("Enter")
    app.locator(".bar").nth(88).hover()

    assert shown(someone) == ["Saturday 21 November 2026: Out for 2 hours."]


def test_the_arrows_walk_through_the_days_of_one_way(reader: Any, ways: None) -> None:
    someone = reader()
    someone.open("/en/services/registry/")
    app = someone.page.locator("details.way").nth(1)
    app.locator("summary").first.click()
    app.locator('.bars [tabindex="0"]').focus()
    focused = "document.activeElement.getAttribute('href')"

    assert someone.page.evaluate(focused) == "#day-app-2026-11-22"
    someone.page.keyboard.press("ArrowLeft")
    assert someone.page.evaluate(focused) == "#day-app-2026-11-21"
    someone.page.keyboard.press("Home")
    assert someone.page.evaluate(focused) == "#day-app-2026-08-25"
    # Each list of days is a stop of its own.
    assert someone.page.locator('.bars [tabindex="0"]').count() == 4


def test_without_scripts_a_day_of_a_way_leads_to_its_own_table(reader: Any, ways: None) -> None:
    someone = reader(scripts=False)
    someone.open("/en/services/registry/")
    app = someone.page.locator("details.way").nth(1)
    app.locator("summary").first.click()

    app.locator(".bar").nth(88).click()

    assert someone.page.locator("#day-app-2026-11-21").is_visible()
    assert not someone.page.locator("#day-2026-11-21").is_visible()
