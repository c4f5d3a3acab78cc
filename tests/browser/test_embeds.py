"""The banner in a real Chromium, on pages of another origin under a policy that allows nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import msgspec
import pytest
import time_machine
from playwright.sync_api import Browser, expect

from accounts.models import Role
from core.bilingual import Bilingual
from incidents import updates
from incidents.updates import NewText
from statusportal.public import snapshot
from statusportal.public.store import store
from tests.browser.conftest import look_for_barriers
from tests.browser.other_sites import BANNER, NETWORK, Answer, Host, Portal, send, tag
from tests.factories import make_service, make_user
from tests.statusportal.ops.console import make_incident
from tests.statusportal.public.incidents import LOGIN, TROUBLED, with_incidents
from tests.statusportal.public.planned import RUNNING, with_windows
from tests.statusportal.public.snapshots import NOW

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.fixture
def host(chromium: Browser) -> Iterator[Callable[..., Host]]:
    opened: list[Host] = []

    def open_host(portal: str, *tags: str, head: str = "") -> Host:
        one = Host(chromium, portal, "".join(tags), head=head)
        opened.append(one)
        one.open()
        return one

    yield open_host
    for one in opened:
        one.close()


@pytest.fixture
def troubled() -> Iterator[None]:
    store.hold(with_incidents(LOGIN, measured=TROUBLED))
    yield
    store.forget()


# --- the portal itself --------------------------------------------------------------------------


def test_it_shows_the_notice_of_its_service_in_arabic_and_nothing_of_another(
    host: Any, troubled: None, site: str
) -> None:
    login = host(site, tag(site))
    expect(login.region).to_have_attribute("aria-label", "تنبيهات بشأن الدخول الوطني الموحّد")
    expect(login.region).to_contain_text("مشكلة في الدخول الوطني الموحّد")
    expect(login.region).to_contain_text("نعمل الآن على:")
    expect(login.banner).to_have_attribute("lang", "ar")
    expect(login.banner).to_have_attribute("dir", "rtl")
    # Where its tag stands, and with the style that no policy of the page had to allow.
    assert (
        login.page.evaluate("document.querySelector('main > script').nextElementSibling.localName")
        == BANNER
    )
    assert login.region.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(254, 243, 242)"
    assert login.region.get_by_role("link").get_attribute("href") == (
        "https://status.gov.example/ar/incidents/IN-LGN222/"
    )
    assert login.context.cookies() == []
    assert login.complaints == []
    found = look_for_barriers(login.page)
    assert found.violations_count == 0, found.generate_report()

    fines = host(site, tag(site, "visa"))
    fines.page.wait_for_load_state("networkidle")
    expect(fines.banner).to_have_count(0)
    assert fines.complaints == []


def test_it_speaks_the_language_of_its_tag_else_that_of_the_page(
    host: Any, troubled: None, site: str
) -> None:
    english = host(site, tag(site, more='data-lang="en"'))
    expect(english.region).to_contain_text("Problem with National login")
    expect(english.banner).to_have_attribute("dir", "ltr")
    expect(english.region.get_by_role("button")).to_have_accessible_name("Close this notice")

    expect(host(site, tag(site, more="")).banner).to_have_attribute("lang", "ar")


@pytest.mark.parametrize("where", ["place", "head"])
def test_it_stands_at_the_top_where_the_tag_says_so_or_is_in_the_head(
    host: Any, troubled: None, site: str, where: str
) -> None:
    top = tag(site, more='data-place="top"')
    found = host(site, top) if where == "place" else host(site, head=tag(site))
    expect(found.region).to_be_visible()
    assert found.page.evaluate("document.body.firstElementChild.localName") == BANNER


def test_two_tags_are_two_banners(host: Any, site: str) -> None:
    store.hold(with_incidents(LOGIN, measured=TROUBLED))
    both = host(site, tag(site), tag(site, "passport"))

    expect(both.region).to_have_count(2)
    expect(both.region.nth(1)).to_contain_text("هذه الخدمة متأثرة بسبب")
    assert both.complaints == []


def test_a_site_may_give_it_its_own_colours(host: Any, site: str) -> None:
    store.hold(with_windows(RUNNING))
    found = host(site, tag(site, "passport"))
    expect(found.region).to_contain_text("تجديد جواز السفر")
    assert found.region.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(249, 245, 250)"
    found.page.evaluate(
        "document.documentElement.style.setProperty('--status-banner-calm-paper', '#ffeecc')"
    )
    assert found.region.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 238, 204)"


@pytest.mark.django_db(transaction=True)
def test_what_an_operator_publishes_stands_on_an_open_page_within_twenty_seconds(
    host: Any, site: str
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        service = make_service(slug="passport", name_ar="تجديد الجواز", name_en="Passports")
        incident = make_incident(services=(service,), title_ar="تعطل التجديد", title_en="Out")
        store.hold(snapshot.build(now=NOW))
        found = host(site, tag(site, "passport"))
        found.page.wait_for_load_state("networkidle")
        expect(found.banner).to_have_count(0)

        updates.write(
            incident_id=incident.pk,
            text=NewText(
                Bilingual("نعلم بالمشكلة ونعمل على حلها.", "We know and are working on it."),
                next_update_by=NOW + timedelta(minutes=30),
            ),
            actor=make_user(Role.OPERATOR),
            now=NOW,
        )
        # The snapshot is built each second, and looked for twice a second.
        clock.shift(2)
        store.hold(snapshot.build(now=NOW + timedelta(seconds=2)))
        found.later(18)

        expect(found.region).to_contain_text("نعلم بالمشكلة ونعمل على حلها.")
        expect(found.banner).to_have_attribute("dir", "rtl")
        assert found.complaints == []


# --- dismissed ----------------------------------------------------------------------------------


@pytest.fixture
def portal() -> Iterator[Portal]:
    one = Portal()
    yield one
    one.server.stop()


def test_it_can_be_closed_by_keyboard_and_comes_back_when_it_changes(
    host: Any, portal: Portal
) -> None:
    found = host(portal.address, tag(portal.address))
    expect(found.region).to_be_visible()
    found.page.keyboard.press("Tab")
    expect(found.region.get_by_role("link")).to_be_focused()
    expect(found.region.get_by_role("link")).to_have_accessible_name("المزيد: مشكلة في الدخول")
    found.page.keyboard.press("Tab")
    expect(found.region.get_by_role("button", name="إغلاق")).to_be_focused()
    found.page.keyboard.press("Enter")
    expect(found.banner).to_have_count(0)

    found.later(70)
    portal.until_asked(2, found.page)
    expect(found.banner).to_have_count(0)
    found.open()
    portal.until_asked(3, found.page)
    expect(found.banner).to_have_count(0)

    portal.text = "عادت الخدمة إلى العمل جزئيًا."
    found.later(70)
    expect(found.region).to_contain_text("عادت الخدمة إلى العمل جزئيًا.")
    assert found.complaints == []


def test_it_can_be_closed_where_a_page_may_keep_nothing(host: Any, portal: Portal) -> None:
    found = host(portal.address, tag(portal.address))
    found.page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage',"
        " {get() { throw new DOMException('no', 'SecurityError'); }})"
    )
    found.open()
    found.region.get_by_role("button").click()
    expect(found.banner).to_have_count(0)
    asked = portal.questions
    found.later(70)
    portal.until_asked(asked + 1, found.page)
    expect(found.banner).to_have_count(0)
    assert found.complaints == []


def test_what_is_renewed_keeps_the_focus(host: Any, portal: Portal) -> None:
    found = host(portal.address, tag(portal.address))
    found.region.get_by_role("button").focus()
    portal.text = "جديد."
    found.later(70)
    expect(found.region).to_contain_text("جديد.")

    expect(found.region.get_by_role("button")).to_be_focused()


def test_it_goes_when_the_notice_is_over_and_when_its_tag_is_gone(
    host: Any, portal: Portal
) -> None:
    found = host(portal.address, tag(portal.address))
    expect(found.region).to_be_visible()
    portal.json = lambda handler: portal.send_json(
        handler, json.dumps(portal.document() | {"notices": []}).encode()
    )
    found.later(70)
    expect(found.banner).to_have_count(0)

    portal.json = portal.notice
    found.later(70)
    expect(found.region).to_be_visible()
    found.page.evaluate("document.querySelector('main > script').remove()")
    asked = portal.questions
    found.later(200)
    found.page.wait_for_timeout(200)
    expect(found.banner).to_have_count(0)
    assert portal.questions == asked


def test_it_asks_every_quarter_of_a_minute_and_only_while_somebody_looks(
    host: Any, portal: Portal
) -> None:
    found = host(portal.address, tag(portal.address))
    expect(found.region).to_be_visible()
    found.later(13)
    found.page.wait_for_timeout(200)
    assert portal.questions == 1
    found.later(4)
    portal.until_asked(2, found.page)

    look = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden,"
    look += " configurable: true}); document.dispatchEvent(new Event('visibilitychange')); }"
    found.page.evaluate(look, True)
    found.later(600)
    found.page.wait_for_timeout(200)
    assert portal.questions == 2
    found.page.evaluate(look, False)
    portal.until_asked(3, found.page)
    expect(found.region).to_be_visible()


# --- without us ---------------------------------------------------------------------------------


def _not_json(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"<html>Login to WiFi</html>", Access_Control_Allow_Origin="*")


def _broken(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"", 500, Access_Control_Allow_Origin="*")


def _not_there(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"{}", 404, Access_Control_Allow_Origin="*")


def _not_open(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"{}")


def _cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response_only(200)
    handler.send_header("Access-Control-Allow-Origin", "*")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"service": ')


def _slow(handler: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(3)


@pytest.mark.parametrize("answer", [_not_json, _broken, _not_there, _not_open, _cut, _slow])
def test_nothing_shows_and_nothing_breaks_when_it_answers_nonsense(
    host: Any, portal: Portal, answer: Answer
) -> None:
    portal.json = answer
    found = host(portal.address, tag(portal.address))
    portal.until_asked(1, found.page)
    found.later(12)

    expect(found.banner).to_have_count(0)
    expect(found.page.locator("#after")).to_be_visible()
    assert [said for said in found.complaints if not NETWORK.search(said)] == []


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"<b>"',
        b"{}",
        b'{"service": {"slug": "login"}}',
        b'{"service": {"slug": "login"}, "notices": "x", "words": {}}',
        b'{"service": {"slug": "login"}, "notices": [null], "words": {}}',
        b'{"service": {"slug": "login"}, "notices": [{"title": 1}], "words": {}}',
    ],
)
def test_nothing_shows_and_nothing_breaks_when_the_json_is_another(
    host: Any, portal: Portal, body: bytes
) -> None:
    portal.json = lambda handler: portal.send_json(handler, body)
    found = host(portal.address, tag(portal.address))
    portal.until_asked(1, found.page)

    expect(found.banner).to_have_count(0)
    assert found.complaints == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "/relative"])
def test_only_addresses_of_the_web_get_into_a_link(host: Any, portal: Portal, url: str) -> None:
    portal.json = lambda handler: portal.send_json(
        handler, json.dumps(portal.document(url=url)).encode()
    )
    found = host(portal.address, tag(portal.address))
    portal.until_asked(1, found.page)

    expect(found.banner).to_have_count(0)
    assert found.complaints == []


def test_markup_in_a_text_stays_text(host: Any, portal: Portal) -> None:
    portal.text = "<img src=x onerror=alert(1)><b>خطر</b>"
    found = host(portal.address, tag(portal.address))

    expect(found.region).to_contain_text("<img src=x onerror=alert(1)><b>خطر</b>")
    expect(found.region.locator("img, b")).to_have_count(0)
    assert found.complaints == []


def test_whoever_does_not_answer_is_asked_once_a_minute(host: Any, portal: Portal) -> None:
    portal.json = _broken
    found = host(portal.address, tag(portal.address))
    portal.until_asked(1, found.page)
    found.later(50)
    found.page.wait_for_timeout(200)
    assert portal.questions == 1
    portal.json = portal.notice
    found.later(20)

    expect(found.region).to_be_visible()


def test_nothing_shows_and_nothing_breaks_when_it_is_stopped(host: Any, portal: Portal) -> None:
    portal.server.stop()
    found = host(portal.address, tag(portal.address))
    found.page.wait_for_load_state("networkidle")

    expect(found.banner).to_have_count(0)
    expect(found.page.locator("#after")).to_be_visible()
    assert [said for said in found.complaints if not NETWORK.search(said)] == []


@pytest.mark.parametrize("is_frozen", [False, True], ids=["stopped", "a copy without us"])
def test_what_was_shown_goes_after_three_minutes_without_us(
    host: Any, portal: Portal, is_frozen: bool
) -> None:
    found = host(portal.address, tag(portal.address))
    expect(found.region).to_be_visible()
    if is_frozen:
        portal.is_frozen = True
    else:
        portal.json = _broken
    for asked in (2, 3):
        found.later(67)
        portal.until_asked(asked, found.page)
    expect(found.region).to_be_visible()
    for asked in (4, 5):
        found.later(67)
        portal.until_asked(asked, found.page)

    expect(found.banner).to_have_count(0)
    # And comes back with us.
    portal.is_frozen = False
    portal.json = portal.notice
    found.later(67)
    expect(found.region).to_be_visible()


# --- how to use it ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_page_that_tells_how_shows_the_banner_and_keeps_nobody_out(
    reader: Any, troubled: None, language: str
) -> None:
    for width, dark in ((360, True), (1440, False)):
        someone = reader(width=width, dark=dark)
        someone.open(f"/{language}/use/?q=login")
        expect(someone.page.locator(BANNER).get_by_role("region")).to_be_visible()
        someone.page.keyboard.press("Tab")
        expect(someone.page.locator(".skip")).to_be_focused()
        # It takes a link past the head for none where the next link lies in a shadow root, whose
        # place it cannot compare; that ours comes first was just seen.
        found = look_for_barriers(someone.page, rules={"region": {"enabled": False}})
        assert found.violations_count == 0, (width, found.generate_report())
        wide = someone.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (width, wide)
        assert someone.complaints == []


def test_a_title_that_exists_in_one_language_only_is_shown(host: Any, site: str) -> None:
    only = msgspec.structs.replace(LOGIN, title=Bilingual("", "Problem with National login"))
    store.hold(with_incidents(only, measured=TROUBLED))

    expect(host(site, tag(site)).region).to_contain_text("Problem with National login")
