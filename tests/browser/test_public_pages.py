"""The citizens' pages in a real Chromium: for everyone, in both directions, at every width."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.browser.conftest import look_for_barriers
from tests.statusportal.public.snapshots import FRESH_FOR, NOW

PATHS = ["", "services/", "services/?q=جواز", "services/passport/", "agencies/MOI/"]

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("state", ["troubled", "well"])
def test_no_page_keeps_anybody_out_or_breaks_its_own_rules(
    reader: Any, request: pytest.FixtureRequest, language: str, state: str
) -> None:
    request.getfixturevalue(state)
    someone = reader()
    for path in PATHS:
        someone.open(f"/{language}/{path}")
        for width, dark in ((360, True), (1440, False)):
            someone.turn(width, dark=dark)
            found = look_for_barriers(someone.page)
            assert found.violations_count == 0, (path, width, found.generate_report())
            wide = someone.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, width, wide)
    # Also: no report of the Content-Security-Policy, no request to anybody else.
    assert someone.complaints == []


def test_what_is_wrong_at_one_width_in_the_dark_alone_is_found_when_the_page_is_turned(
    reader: Any, well: None
) -> None:
    someone = reader()
    someone.open("/en/")
    someone.page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(`@media (prefers-color-scheme: dark) and (min-width: 800px) {
            footer * { color: #222; background: #111; transition: color 600s; } }`);
          document.adoptedStyleSheets = [sheet];
        }"""
    )
    found = []
    for width, dark in ((360, True), (1440, False), (1440, True), (1440, False)):
        someone.turn(width, dark=dark)
        violations = look_for_barriers(someone.page).response["violations"]
        found.append([violation["id"] for violation in violations])

    assert found == [[], [], ["color-contrast"], []]


@pytest.mark.parametrize("language", ["ar", "en"])
def test_without_scripts_a_search_finds_the_service_and_its_page(
    reader: Any, troubled: None, language: str
) -> None:
    someone = reader(width=360, scripts=False)
    someone.open(f"/{language}/")

    field = someone.page.get_by_role("searchbox")
    field.fill("جواز")
    field.press("Enter")
    someone.page.locator(".row__name").first.click()

    assert someone.page.url.endswith(f"/{language}/services/passport/")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("ar", "معلومات هذه الصفحة قديمة"), ("en", "This page is out of date")],
)
def test_rule_20_a_page_that_nobody_renews_drops_its_green_by_itself(
    reader: Any, well: None, language: str, sentence: str
) -> None:
    someone = reader()
    someone.open(f"/{language}/")
    green = someone.page.locator(".status--operational")
    assert green.count() > 0
    assert not someone.page.get_by_text(sentence).is_visible()

    someone.context.clock.set_system_time(NOW + timedelta(seconds=FRESH_FOR + 10))
    someone.context.clock.run_for(6000)

    assert green.count() == 0
    assert someone.page.get_by_text(sentence).first.is_visible()


def test_the_page_reads_from_the_right_in_arabic_and_from_the_left_in_english(
    reader: Any, troubled: None
) -> None:
    sides = {}
    for language in ("ar", "en"):
        someone = reader()
        someone.open(f"/{language}/")
        box = someone.page.locator("h1").bounding_box()
        mark = someone.page.locator("header svg, header img").first.bounding_box()
        assert box is not None
        assert mark is not None
        sides[language] = mark["x"] > 720
    assert sides == {"ar": True, "en": False}
