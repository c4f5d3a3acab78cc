"""A page left open: renewed in place, without disturbing whoever reads it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Page, Route, expect

from core.bilingual import Bilingual
from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal.public.shape import ChannelFact, CheckFact, Measure, ServiceFact, Snapshot
from statusportal.public.store import store
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import (
    ALL_WELL,
    FRESH_FOR,
    NOW,
    SINCE,
    Measured,
    snapshot,
)

RENEWED = timedelta(seconds=20)
FIRST_CHECK = 100

# Counts the rows that were touched in any way, and every word for those who listen.
WATCH = """() => {
  window.touched = new Set();
  window.announced = [];
  new MutationObserver((changes) => {
    for (const change of changes) {
      const at = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      const row = at && at.closest("[data-key]");
      if (row) window.touched.add(row.dataset.key);
      for (const node of [...change.addedNodes, ...change.removedNodes]) {
        if (node.dataset && node.dataset.key) window.touched.add(node.dataset.key);
      }
    }
  }).observe(document.getElementById("main"),
             {subtree: true, childList: true, attributes: true, characterData: true});
  new MutationObserver(() => {
    const said = document.getElementById("announcements").textContent;
    if (said) window.announced.push(said);
  }).observe(document.getElementById("announcements"), {childList: true, characterData: true});
}"""


class Nation:
    """The small nation, with numbered services of one agency, at an instant that the test moves."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.now = NOW
        self.say()

    def say(self, *, down: range = range(0), measured: Measured | None = None) -> None:
        more = tuple(_numbered(n, is_down=n in down) for n in range(30))
        built = snapshot(measured or ALL_WELL, observed_at=self.now, built_at=self.now, more=more)
        observed = built.observed | {FIRST_CHECK + n: (self.now,) for n in range(30)}
        store.hold(
            Snapshot(truth=built.truth, built_at=self.now, observed=observed, version=built.version)
        )

    def later(self, by: timedelta) -> None:
        self.now += by
        self._clock.move_to(self.now, tick=False)


def _numbered(n: int, *, is_down: bool) -> ServiceFact:
    health, reason = (
        (CheckHealth.BAD, Reason.SERVER_ERROR) if is_down else (CheckHealth.OK, Reason.OK)
    )
    check = CheckFact(FIRST_CHECK + n, True, FRESH_FOR, (Measure("main", health, SINCE, reason),))
    return ServiceFact(
        id=f"id-n{n}",
        slug=f"n{n:02}",
        name=Bilingual(f"خدمة رقم {n:02}", f"Numbered service {n:02}"),
        agency="MOI",
        tier=3,
        visibility="public",
        channels=(ChannelFact(FIRST_CHECK + n, "web", checks=(check,)),),
    )


@pytest.fixture
def nation(at_one_o_clock: None) -> Iterator[Nation]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield Nation(clock)


def renew(someone: Any, nation: Nation, by: timedelta = RENEWED) -> None:
    """Let `by` pass for the browser, and its page ask once more."""
    with someone.page.expect_response(lambda response: response.request.headers.get("hx-request")):
        someone.context.clock.run_for(int(by.total_seconds() * 1000))
    someone.until("(at) => document.documentElement.dataset.asOf === at", nation.now.isoformat())


def test_when_ten_services_flip_only_their_rows_change(reader: Any, nation: Nation) -> None:
    someone = reader()
    someone.open("/en/services/")
    field = someone.page.get_by_role("searchbox")
    field.focus()
    someone.page.evaluate(WATCH)

    nation.later(RENEWED)
    nation.say(down=range(10))
    renew(someone, nation)

    touched = set(someone.page.evaluate("[...window.touched]"))
    assert touched == {f"n{n:02}" for n in range(10)}
    assert someone.page.locator(".rows .status--outage").count() == 10
    assert someone.complaints == []


@pytest.mark.parametrize(
    ("language", "typed", "headline"),
    [
        ("en", "numbered serv", "Major outage: ten services have problems."),
        ("ar", "خدمة رقم", "انقطاع واسع: عشر خدمات بها مشكلات."),
    ],
)
def test_a_reader_who_types_is_not_disturbed_and_hears_of_it_once(
    reader: Any, nation: Nation, language: str, typed: str, headline: str
) -> None:
    someone = reader()
    someone.open(f"/{language}/")
    field = someone.page.get_by_role("searchbox")
    with someone.page.expect_response(lambda response: "?q=" in response.url):
        field.fill(typed)
        someone.context.clock.run_for(300)
    someone.page.wait_for_selector("#found .row")
    field.press("ArrowLeft")
    caret = field.evaluate("field => field.selectionStart")
    someone.page.evaluate(WATCH)

    nation.later(RENEWED)
    nation.say(down=range(10))
    renew(someone, nation)
    nation.later(RENEWED)
    nation.say(down=range(10))
    renew(someone, nation)

    assert someone.page.evaluate("window.announced") == [headline]
    assert someone.page.locator("h1").inner_text() == headline
    assert field.input_value() == typed
    assert field.evaluate("field => document.activeElement === field")
    assert field.evaluate("field => field.selectionStart") == caret
    # What was found is renewed with the page.
    someone.page.wait_for_selector("#found .status--outage", state="attached")
    assert someone.complaints == []


def test_a_fold_stays_open_and_the_page_where_it_was_scrolled_to(
    reader: Any, nation: Nation
) -> None:
    down: Measured = {"login": (CheckHealth.BAD, Reason.SERVER_ERROR)}
    nation.say(measured=down)
    someone = reader(width=390)
    someone.open("/ar/")
    someone.page.locator("summary").first.click()
    someone.page.evaluate("window.scrollTo(0, 400)")

    nation.later(RENEWED)
    nation.say(measured=down | {"fines": (CheckHealth.SLOW, Reason.SLOW)})
    renew(someone, nation)

    assert someone.page.locator("details").first.get_attribute("open") is not None
    assert someone.page.evaluate("window.scrollY") == 400
    assert someone.page.locator('.trouble[data-key="fines"]').count() == 1


def test_a_focused_link_whose_row_moves_keeps_the_focus(reader: Any, nation: Nation) -> None:
    nation.say(measured={"fines": (CheckHealth.SLOW, Reason.SLOW)})
    someone = reader()
    someone.open("/en/")
    link = someone.page.locator('.trouble a[href$="/fines/"]')
    link.focus()

    nation.later(RENEWED)
    # What reaches further comes first: the focused row is pushed down.
    nation.say(
        measured={
            "fines": (CheckHealth.SLOW, Reason.SLOW),
            "login": (CheckHealth.BAD, Reason.SERVER_ERROR),
        }
    )
    renew(someone, nation)

    rows = someone.page.locator(".trouble")
    assert rows.first.get_attribute("data-key") == "login"
    assert link.evaluate("link => document.activeElement === link")

    nation.later(RENEWED)
    nation.say()
    renew(someone, nation)

    # Its row is gone; the keyboard goes on from the content and not from the top of the page.
    assert someone.page.evaluate("document.activeElement.id") == "main"


def test_a_hidden_page_asks_nothing_and_catches_up_at_once_when_it_is_looked_at(
    reader: Any, nation: Nation
) -> None:
    someone = reader()
    someone.open("/en/")
    asked: list[str] = []
    someone.page.on(
        "request", lambda one: asked.append(one.url) if one.headers.get("hx-request") else None
    )
    hide = """(is) => {
      Object.defineProperty(document, 'hidden', {get: () => is, configurable: true});
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    someone.page.evaluate(hide, True)

    someone.context.clock.run_for(300_000)
    assert asked == []

    nation.later(timedelta(hours=9))
    nation.say(down=range(10))
    someone.context.clock.set_system_time(nation.now)
    with someone.page.expect_response(lambda response: response.request.headers.get("hx-request")):
        someone.page.evaluate(hide, False)
    someone.until("(at) => document.documentElement.dataset.asOf === at", nation.now.isoformat())

    assert "ten services have problems" in someone.page.locator("h1").inner_text()
    assert "22:00" in someone.page.locator("#as-of").inner_text()
    assert not someone.page.locator("#stale").is_visible()


def test_without_a_connection_it_says_so_asks_more_rarely_and_recovers(
    reader: Any, nation: Nation
) -> None:
    someone = reader()
    someone.open("/en/")
    asked: list[str] = []
    someone.page.evaluate(
        "window.sent = window.heard = 0;"
        "document.addEventListener('htmx:beforeSend', () => window.sent++);"
        "document.addEventListener('htmx:afterRequest', () => window.heard++);"
    )

    def asked_within(seconds: int) -> int:
        before = len(asked)
        for _ in range(seconds // 5):
            someone.context.clock.run_for(5000)
            # The page's time stands until what it asked has come to its end, however long a busy
            # machine takes for that.
            someone.until("window.sent === window.heard")
        return len(asked) - before

    someone.page.route("**/*", lambda route: lose(route, asked))
    first, later = asked_within(120), asked_within(600)

    assert someone.page.get_by_text("We cannot be reached at the moment.").first.is_visible()
    # Each 15 s for an hour would be 40 in these ten minutes.
    assert 2 <= first <= 5
    assert 3 <= later <= 8
    # And what it shows is not called operational any more (rule 20).
    assert someone.page.locator(".status--operational").count() == 0
    assert someone.page.locator("#stale").is_visible()

    someone.page.unroute("**/*")
    nation.later(timedelta(minutes=12))
    nation.say()
    someone.context.clock.set_system_time(nation.now)
    with someone.page.expect_response(lambda response: response.request.headers.get("hx-request")):
        someone.page.evaluate("window.dispatchEvent(new Event('online'))")
    someone.until("document.getElementById('offline').hidden")

    assert someone.page.locator(".status--operational").count() > 0
    assert not someone.page.locator("#stale").is_visible()
    assert someone.page.locator("h1").inner_text() == "All services are working."


def lose(route: Any, asked: list[str]) -> None:
    """A network that carries nothing that the page asks for by itself."""
    if route.request.headers.get("hx-request"):
        asked.append(route.request.url)
        route.abort()
    else:
        route.continue_()


def test_an_answer_that_knows_less_than_the_page_changes_nothing(
    reader: Any, nation: Nation
) -> None:
    nation.later(RENEWED)
    nation.say(down=range(10))
    someone = reader()
    someone.context.clock.set_system_time(nation.now)
    someone.open("/en/")

    nation.now = NOW
    nation.say()
    with someone.page.expect_response(lambda response: response.request.headers.get("hx-request")):
        someone.context.clock.run_for(20_000)
    someone.page.wait_for_timeout(100)

    assert someone.page.locator("h1").inner_text() == "Major outage: ten services have problems."


def test_a_wrong_clock_does_not_make_the_page_old(reader: Any, nation: Nation) -> None:
    someone = reader()
    someone.context.clock.set_system_time(NOW + timedelta(hours=5))
    someone.open("/en/")
    with someone.page.expect_response(lambda response: response.request.headers.get("hx-request")):
        someone.context.clock.run_for(2000)
    someone.until("document.getElementById('stale').hidden")

    assert someone.page.locator(".status--operational").count() > 0
    assert someone.page.locator("h1").inner_text() == "All services are working."


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize(
    "path", ["", "services/?q=خدمة", "services/passport/", "agencies/MOI/", "maintenance/"]
)
def test_nothing_moves_when_the_fonts_arrive(
    reader: Any, nation: Nation, language: str, path: str
) -> None:
    """Cumulative layout shift, with fonts that come when the page has long been read.

    At 390 px a heading and a sentence of the home page just fit into a line less; the more fonts
    come one by one, the more often they count. A menu that breaks would be ten times as much.
    """
    for width, most in ((360, 0.02), (390, 0.05), (1440, 0.02)):
        someone = reader(width=width)
        late = _held_back(someone.page, "**/*.woff2")
        someone.page.add_init_script(
            "window.shift = 0; new PerformanceObserver((list) => {"
            " for (const one of list.getEntries()) window.shift += one.value;"
            "}).observe({type: 'layout-shift', buffered: true});"
        )
        # The whole page is there when its fonts are not: they never hold it up.
        someone.page.goto(f"/{language}/{path}", wait_until="domcontentloaded")
        expect(someone.page.locator("footer")).to_be_visible()
        someone.page.wait_for_timeout(200)
        assert late
        for route in late:
            route.continue_()
        someone.page.evaluate("document.fonts.ready.then(() => true)")
        someone.page.wait_for_timeout(100)

        assert someone.page.evaluate("document.fonts.size") > 0
        assert someone.page.evaluate("[...document.fonts].some((one) => one.status === 'loaded')")
        assert someone.page.evaluate("window.shift") <= most, (path, width)


def _held_back(page: Page, pattern: str) -> list[Route]:
    """What the page asks for and does not get until each is continued."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(pattern, hold)
    return held


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_first_view_is_light(client: Client, nation: Nation, language: str) -> None:
    """All that the first page needs but its fonts, compressed, in bytes."""
    nation.say(down=range(30))
    for path in ("", "services/", "services/passport/"):
        response = get(client, f"/{language}/{path}")
        page = response.content.decode()
        files = re.findall(r'(?:src|href)="/static/([^"]+\.(?:css|js|svg))"', page)
        assert any(name.endswith(".css") for name in files)
        assert any(name.endswith(".js") for name in files)
        bodies = [response.content]
        for name in files:
            found = finders.find(name)
            assert found, name
            bodies.append(Path(found).read_bytes())
        assert sum(len(gzip.compress(body)) for body in bodies) <= 60_000
