"""Planned work in a real Chromium: for everyone, at every width, and as the clock moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine

from statusportal.public.store import store
from tests.browser.conftest import look_for_barriers
from tests.statusportal.public.planned import (
    AHEAD,
    ALL,
    HOUR,
    MOVED,
    OVER,
    RUNNING,
    window,
    with_windows,
)
from tests.statusportal.public.snapshots import NOW

PATHS = [
    "",
    "services/fines/",
    "maintenance/",
    "maintenance/?month=2026-11",
    f"maintenance/{OVER.ref}/",
    f"maintenance/{AHEAD.ref}/",
    f"maintenance/{MOVED.ref}/",
]

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.fixture
def planned() -> Iterator[None]:
    store.hold(with_windows(*ALL))
    yield
    store.forget()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["ar", "en"])
def test_no_page_keeps_anybody_out_or_breaks_its_own_rules(
    reader: Any, planned: None, language: str
) -> None:
    someone = reader()
    for path in PATHS:
        someone.open(f"/{language}/{path}")
        for width, dark in ((360, True), (1440, False)):
            someone.turn(width, dark=dark)
            found = look_for_barriers(someone.page)
            assert found.violations_count == 0, (path, width, found.generate_report())
            wide = someone.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, width, wide)
    assert someone.complaints == []


@pytest.mark.parametrize("language", ["ar", "en"])
def test_from_the_banner_to_the_window_and_its_calendar_without_scripts(
    reader: Any, planned: None, language: str
) -> None:
    someone = reader(width=360, scripts=False)
    someone.open(f"/{language}/services/passport/")
    someone.page.locator(".planned__more").first.click()
    assert someone.page.url.endswith(f"/{language}/maintenance/{RUNNING.ref}/")

    with someone.page.expect_download() as download:
        someone.page.locator(".window__add a").click()
    assert download.value.suggested_filename == f"{RUNNING.ref}.ics"


def test_the_month_reads_as_a_table_where_there_is_room_and_as_a_list_where_not(
    reader: Any, planned: None
) -> None:
    shown = {}
    for width in (360, 1440):
        someone = reader(width=width)
        someone.open("/ar/maintenance/?month=2026-11")
        days = someone.page.locator(".month__day:visible")
        first, second = (days.nth(n).bounding_box() for n in (0, 1))
        shown[width] = (days.count(), first["y"] == second["y"], first["x"] > second["x"])

    # 35 cells, the first of the week at the right; on a phone only days with something.
    assert shown == {360: (5, False, False), 1440: (35, True, True)}


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("en", "will be unavailable from", "is unavailable now"),
        ("ar", "لن تكون متاحة من", "غير متاحة الآن"),
    ],
)
def test_a_page_left_open_turns_when_the_work_begins(
    reader: Any, language: str, before: str, after: str
) -> None:
    starts_at = NOW + timedelta(minutes=1)
    store.hold(with_windows(window("MW-1", "fines", starts_at=starts_at, ends_at=NOW + HOUR)))
    someone = reader()
    someone.open(f"/{language}/")
    said = someone.page.locator(".planned")
    assert before in said.inner_text()

    with time_machine.travel(starts_at, tick=False):
        # As if it had been seen again meanwhile, so that the page takes it for newer.
        someone.context.clock.run_for(61_000)
        someone.page.get_by_text(after).first.wait_for()

    assert before not in said.inner_text()
    store.forget()


def test_what_we_say_of_a_window_running_over_is_taken_back_when_it_is_old(
    reader: Any, planned: None
) -> None:
    someone = reader()
    someone.open(f"/en/maintenance/{OVER.ref}/")
    claim = someone.page.get_by_text("The service answers our checks")
    assert claim.first.is_visible()

    someone.context.clock.set_system_time(NOW + HOUR)
    someone.context.clock.run_for(6000)

    assert claim.count() == 0


def test_a_long_name_breaks_and_pushes_nothing_off_the_page(reader: Any) -> None:
    built = with_windows(RUNNING, AHEAD)
    name = type(built.truth.services[0].name)("كلمةطويلةجدًا" * 12, "Averylongword" * 12)
    services = tuple(msgspec.structs.replace(one, name=name) for one in built.truth.services)
    truth = msgspec.structs.replace(built.truth, services=services)
    store.hold(msgspec.structs.replace(built, truth=truth))
    someone = reader(width=320)
    for path in ("", "maintenance/", "maintenance/?month=2026-11", f"maintenance/{AHEAD.ref}/"):
        someone.open(f"/ar/{path}")
        wide = someone.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, path
    store.forget()
