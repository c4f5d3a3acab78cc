"""A real Chromium, where there is one; required where REQUIRE_BROWSER is set (CI)."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.conf import settings
from django.test import Client
from django.test.utils import modify_settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer
from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

from accounts.models import User
from tests.statusportal.public.conftest import at_one_o_clock, no_housekeeping, troubled, well
from tests.statusportal.public.snapshots import NOW

__all__ = ["at_one_o_clock", "no_housekeeping", "troubled", "well"]

# The shell first: the same engine without a window around it, at half the cost.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# A closed network: nothing that Chromium does for itself may wait for an answer.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Letters as wide as on a screen of today: the shell would round each to whole pixels.
    "--font-render-hinting=none",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = [at for at, item in enumerate(items) if "/browser/" in str(item.path)]
    ours = [items[at] for at in places]
    for item in ours:
        item.add_marker(pytest.mark.browser)
    # The long ones first: what is begun last ends when the other processes have nothing to do.
    ours.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for at, item in zip(places, ours, strict=True):
        items[at] = item


class _ByModule(LoadGroupScheduling):
    """What shares a deployment runs in one process.

    pytest-xdist 3.8 notes the mark `xdist_group` in a part of a test's name that pytest 9.2 does
    not read any more: by itself it would spread them, and each process would deploy.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if module.endswith("/test_crawl.py") else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    return _ByModule(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("REQUIRE_BROWSER is set and no Chromium was found.")
        pytest.skip("No Chromium on this machine.")
    # Playwright's own event loop must not make Django think that it is called from one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def look_for_barriers(page: Page, rules: dict[str, Any] | None = None) -> AxeResults:
    """What axe finds on a page that keeps somebody out.

    Only that: what is all right it would list at length, and style sheets it would fetch once
    more, each for seconds and for nothing (we serve no rules by orientation).
    """
    options = {"reporter": "no-passes", "preload": False, "rules": rules or {}}
    # It stays for as long as the page does; to send and read half a megabyte takes its time.
    if page.evaluate("window.axe?.run === undefined"):
        page.evaluate(AXE_SCRIPT)
    return AxeResults(page.evaluate("(options) => axe.run(options)", options))


class Reader:
    """Somebody with a browser: opens pages at NOW and keeps what the browser complained about."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.address = address
        self.context: BrowserContext = browser.new_context(base_url=address, **options)
        self.context.clock.install(time=NOW)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._watch)

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.complaints.append(f"asked somebody else: {request.url}")

    def open(self, path: str) -> None:
        response = self.page.goto(path)
        assert response is not None
        assert response.status == 200, (path, response.status)

    def turn(self, width: int, *, dark: bool = False) -> None:
        """Look at the open page at another width and in the other colours, as it stands.

        Nothing on our pages is decided when they load but by the style sheet alone, so a page that
        is turned is the page that is opened so, without a second opening.
        """
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        # A colour on its way to another one is neither.
        self.page.evaluate(
            "document.getAnimations().filter((one) => one instanceof CSSTransition)"
            ".forEach((one) => one.finish())"
        )

    def sign_in(self, person: User, language: str = "en") -> None:
        """Become `person`, with a session like that of the page for it (test_signing_in)."""
        client = Client()
        client.force_login(person)
        chosen = {
            settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
            settings.LANGUAGE_COOKIE_NAME: language,
        }
        self.context.add_cookies(
            [{"name": name, "value": value, "url": self.address} for name, value in chosen.items()]
        )

    def until(self, expression: str, arg: Any = None, *, within_s: float = 10) -> None:
        """Wait until `expression` is true in the page.

        Not `page.wait_for_function`: that one looks again from inside the page, where our content
        policy forbids `eval`; it works only where the first look already sees what it wants.
        """
        deadline = time.monotonic() + within_s
        while not self.page.evaluate(expression, arg):
            assert time.monotonic() < deadline, f"never became true in {within_s} s: {expression}"
            self.page.wait_for_timeout(20)


@pytest.fixture(scope="session")
def _served() -> Iterator[LiveServer]:
    server = LiveServer("localhost")
    yield server
    server.stop()


@pytest.fixture
def site(_served: LiveServer) -> Iterator[str]:
    """The address of the portal, served by this process.

    Not pytest-django's `live_server`, which asks for a database and empties it after each test.
    Who needs one says so by the mark `django_db(transaction=True)`; without it the first query of
    a page is an error 500: nothing that citizens see may need one.
    """
    with modify_settings(ALLOWED_HOSTS={"append": "localhost"}):
        yield _served.url


@pytest.fixture
def reader(chromium: Browser, site: str) -> Iterator[Any]:
    """Opens a browser for a reader: `reader(width=360, dark=True, scripts=False)`."""
    opened: list[Reader] = []

    def open_reader(*, width: int = 1440, dark: bool = False, scripts: bool = True) -> Reader:
        one = Reader(
            chromium,
            site,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        opened.append(one)
        return one

    yield open_reader
    for one in opened:
        one.context.close()
