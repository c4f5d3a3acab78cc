"""The component page in a real Chromium: every component, in every state, for everyone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import look_for_barriers

pytestmark = pytest.mark.usefixtures("at_one_o_clock", "well")


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_component_is_for_everyone(reader: Any, settings: Any, language: str) -> None:
    settings.DEMO = True
    someone = reader()
    someone.open(f"/{language}/_components/")
    for width, dark in ((320, True), (768, False), (1440, True)):
        someone.turn(width, dark=dark)
        found = look_for_barriers(someone.page)
        wide = someone.page.evaluate("document.documentElement.scrollWidth")

        assert found.violations_count == 0, (width, found.generate_report())
        assert wide <= width
    assert someone.complaints == []


def test_nothing_on_it_is_smaller_than_a_finger(reader: Any, settings: Any) -> None:
    """WCAG 2.2, 2.5.8, but for links within a line of text and for the days (a table has them)."""
    settings.DEMO = True
    someone = reader(width=390)
    someone.open("/en/_components/")
    small = someone.page.evaluate(
        """() => [...document.querySelectorAll("main :is(a, button, input, select, textarea)")]
            .filter(e => !e.closest("p, .bars, .row__note, dd"))
            .map(e => [e.textContent.trim(), e.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.height < 24 || box.width < 24))
            .map(([words]) => words)"""
    )

    assert small == []


def test_the_page_for_addresses_without_a_language_is_for_everyone(reader: Any) -> None:
    someone = reader()
    answer = someone.page.goto("/nope.php")
    assert answer.status == 404

    for width in (320, 1440):
        someone.turn(width)
        found = look_for_barriers(someone.page)
        assert found.violations_count == 0, (width, found.generate_report())
        assert someone.page.evaluate("document.documentElement.scrollWidth") <= width
