"""Incidents in a real Chromium: for everyone, at every width, and as the story goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from playwright.sync_api import expect

from core.bilingual import Bilingual
from statusportal.public.shape import IncidentFact
from statusportal.public.store import store
from tests.browser.conftest import look_for_barriers
from tests.statusportal.public.incidents import (
    ALL,
    LOGIN,
    MINUTE,
    TROUBLED,
    update,
    with_incidents,
)
from tests.statusportal.public.snapshots import NOW

PATHS = [
    "",
    "services/fines/",
    "services/passport/",
    "agencies/MOI/",
    "incidents/",
    "incidents/?month=2026-10&agency=MOI",
    *(f"incidents/{fact.ref}/" for fact in ALL),
]

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.fixture
def told() -> Iterator[None]:
    store.hold(with_incidents(*ALL, measured=TROUBLED))
    yield
    store.forget()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["ar", "en"])
def test_no_page_keeps_anybody_out_or_breaks_its_own_rules(
    reader: Any, told: None, language: str
) -> None:
    someone = reader()
    for path in PATHS:
        someone.open(f"/{language}/{path}")
        someone.page.evaluate(
            "document.querySelectorAll('main details').forEach(fold => { fold.open = true; })"
        )
        for width, dark in ((320, True), (1440, False)):
            someone.turn(width, dark=dark)
            found = look_for_barriers(someone.page)
            assert found.violations_count == 0, (path, width, found.generate_report())
            wide = someone.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, width, wide)
    assert someone.complaints == []


@pytest.mark.parametrize("language", ["ar", "en"])
def test_from_the_banner_to_the_incident_and_through_the_months_without_scripts(
    reader: Any, told: None, language: str
) -> None:
    someone = reader(width=360, scripts=False)
    someone.open(f"/{language}/")
    someone.page.locator(".banner a").first.click()
    assert someone.page.url.endswith(f"/{language}/incidents/IN-LGN222/")

    someone.page.locator(".trail a").click()
    someone.page.locator(".choices > summary").click()
    someone.page.locator("#agency").select_option("MOI")
    someone.page.locator("#kind").select_option("incident")
    someone.page.locator(".choices__go button").click()
    assert someone.page.url.endswith(f"/{language}/incidents/?agency=MOI&kind=incident")

    someone.page.locator("a[rel=prev]").click()
    assert someone.page.url.endswith("/incidents/?month=2026-10&agency=MOI&kind=incident")
    expect(someone.page.locator(".incident")).to_have_count(1)
    # Narrowed down further, it stays the same month.
    someone.page.locator(".choices__go button").click()
    assert "month=2026-10" in someone.page.url


def later(fact: IncidentFact, at: Any) -> IncidentFact:
    """The incident with one more text, which says that it is fixed."""
    said = update(9, "monitoring", at, "أُصلحت المشكلة.", "It is fixed and we are watching.")
    return msgspec.structs.replace(
        fact, phase="monitoring", expected_return_at=None, updates=(*fact.updates, said)
    )


def test_a_page_left_open_tells_the_next_update_and_keeps_what_one_unfolded(
    reader: Any, told: None
) -> None:
    someone = reader()
    someone.open("/en/incidents/IN-LGN222/")
    fold = someone.page.locator(".fold--earlier")
    fold.locator("summary").click()
    state = someone.page.locator("[data-headline]")
    expect(state).to_contain_text("This problem is being fixed.")

    at = NOW + MINUTE
    store.hold(with_incidents(later(LOGIN, at), measured=TROUBLED, seen_at=at))
    with time_machine.travel(at + timedelta(seconds=5), tick=False):
        someone.context.clock.run_for(61_000)
        expect(state).to_contain_text("we are watching that it stays so")
    first = someone.page.locator(".timeline__entry").first
    expect(first).to_contain_text("It is fixed and we are watching.")
    expect(fold).to_have_attribute("open", "")
    # Said once to those who do not see it.
    expect(someone.page.locator("#announcements")).to_contain_text("Newest update: 13:01")


def test_time_that_goes_by_is_not_read_out(reader: Any, told: None) -> None:
    someone = reader()
    someone.open("/en/incidents/IN-LGN222/")
    distance = someone.page.locator(".timeline__entry .distance").first
    expect(distance).to_have_text("30 minutes ago")

    at = NOW + 2 * MINUTE
    store.hold(with_incidents(LOGIN, measured=TROUBLED, seen_at=at))
    with time_machine.travel(at, tick=False):
        someone.context.clock.run_for(121_000)
        expect(distance).to_have_text("32 minutes ago")

    assert someone.page.locator("#announcements").inner_text() == ""


def test_a_long_title_breaks_and_pushes_nothing_off_the_page(reader: Any) -> None:
    title = Bilingual("كلمةطويلةجدًا" * 12, "Averylongword" * 12)
    text = update(1, "investigating", NOW, "كلمةطويلةجدًا" * 12, "Averylongword" * 12)
    facts = [msgspec.structs.replace(one, title=title, updates=(text,)) for one in ALL]
    store.hold(with_incidents(*facts, measured=TROUBLED))
    someone = reader(width=320)
    for path in PATHS:
        someone.open(f"/ar/{path}")
        wide = someone.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, path
    store.forget()
