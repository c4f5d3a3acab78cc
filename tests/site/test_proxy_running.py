"""The proxy of the compose file, run for real with the repository's own docker/nginx.conf."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
from django.test import override_settings

from bench import nginx
from statusportal.public.store_files import LastGood
from statusportal.public.store_parts import Published
from tests.site.proxied import ROOT, Answer, Proxy, StandIn, environment, on_this_machine, proxy
from tests.site.proxied import until as wait_until
from tests.statusportal.public.snapshots import BAD, history, snapshot

pytestmark = [
    pytest.mark.skipif(nginx.program() is None, reason="No nginx on this machine."),
    # One web process for all of them.
    pytest.mark.xdist_group("proxy"),
]

HOUR = 3600
ARABIC = "الموقع غير متاح مؤقتًا"
ENGLISH = "The portal is out of reach for the moment"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with nginx.own_folder() as folder:
        behind = StandIn(folder)
        behind.come()
        yield behind
        behind.go()


@pytest.fixture
def front(stand_in: StandIn) -> Iterator[Proxy]:
    """The proxy in front of the stand-in."""
    with proxy(stand_in.folder) as running:
        yield running


class Web:
    """The real web process, without PostgreSQL and Redis, and the proxy in front of it."""

    def __init__(self, folder: Path, running: Proxy) -> None:
        self.folder, self.proxy = folder, running
        self.socket = folder / "portal.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "granian", "statusportal.wsgi:application"),
                    *("--interface", "wsgi", "--workers", "1", "--no-ws"),
                    *("--log-level", "warning"),
                    *("--uds", str(self.socket)),
                ],
                cwd=ROOT,
                env=environment(self.folder),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._is_ready)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "web.log").read_text()
        if not self.socket.exists():
            return False
        # The proxy may run as another user.
        self.socket.chmod(0o777)
        return self.proxy.get("/readyz").status == 200

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)


@pytest.fixture(scope="module")
def one_web() -> Iterator[Web]:
    # It takes seconds to start.
    with ExitStack() as stack:
        folder = stack.enter_context(nginx.own_folder())
        now = datetime.now(UTC)
        built = snapshot({"fines": BAD}, observed_at=now, built_at=now)
        with override_settings(LAST_GOOD_FILE=folder / "last-good" / "snapshot.json"):
            LastGood().keep(Published(built, history(), "h"), at_once=True)
        web = Web(folder, stack.enter_context(proxy(folder)))
        stack.callback(web.stop)
        yield web


@pytest.fixture
def web(one_web: Web) -> Web:
    """Running, also after a test that ended it."""
    if one_web.process is None or one_web.process.poll() is not None:
        one_web.start()
    return one_web


# --- the portal itself behind it ----------------------------------------------------------------


def test_a_page_is_fetched_once_and_then_given_from_the_copy(web: Web) -> None:
    first, second = web.proxy.get("/en/services/"), web.proxy.get("/en/services/")
    assert (first.status, first.copy) == (200, "MISS")
    assert (second.status, second.copy) == (200, "HIT")
    assert second.body == first.body
    assert "Traffic fines" in second.body.decode()


def test_whatever_is_for_everybody_is_kept(web: Web) -> None:
    page = web.proxy.get("/en/").body.decode()
    stylesheet = re.findall(r'href="(/static/[^"]+\.css)"', page)[0]
    for path in (
        "/en/services/fines/",
        "/en/incidents/",
        "/en/maintenance/",
        "/en/use/",
        "/en/feed.atom",
        "/en/calendar.ics",
        "/en/og.png",
        "/api/v2/summary.json",
        "/embed/banner.js",
        "/embed/fines.json",
        "/badge/fines.svg",
        "/robots.txt",
        "/sitemap.xml",
        "/brand.css",
        stylesheet,
    ):
        answers = [web.proxy.get(path, accept_language="en") for _turn in range(2)]
        assert [(one.status, one.copy) for one in answers][1] == (200, "HIT"), path


def _plain(answer: Answer) -> str:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
    return unpack[answer.headers.get("content-encoding")](answer.body).decode()


def test_each_encoding_has_its_own_bytes_and_its_own_tag(web: Web) -> None:
    path = "/ar/services/passport/"
    found = {}
    for encoding in ("gzip", "br", "identity"):
        first = web.proxy.get(path, accept_encoding=encoding)
        again = web.proxy.get(path, accept_encoding=encoding)
        assert (first.copy, again.copy) == ("MISS", "HIT")
        assert (again.body, again.headers["etag"]) == (first.body, first.headers["etag"])
        assert again.headers.get("content-encoding", "identity") == encoding
        assert "تجديد جواز السفر" in _plain(again)
        found[encoding] = again
    assert len({answer.headers["etag"] for answer in found.values()}) == 3
    assert found["br"].headers["etag"].endswith('-br"')
    assert found["gzip"].headers["etag"].endswith('-gzip"')
    assert len(found["br"].body) < len(found["identity"].body) / 3

    for encoding, answer in found.items():
        for other, theirs in found.items():
            asked = web.proxy.get(
                path, accept_encoding=encoding, if_none_match=theirs.headers["etag"]
            )
            # Who has it in another encoding has not got these bytes.
            assert asked.status == (304 if other == encoding else 200)
            assert asked.headers["etag"] == answer.headers["etag"]
            assert asked.body == (b"" if other == encoding else answer.body)


@pytest.mark.parametrize("order", [("page", "part"), ("part", "page")])
def test_a_part_of_a_page_is_never_given_as_the_page(web: Web, order: tuple[str, str]) -> None:
    # An address that no other test has asked for.
    path = f"/en/agencies/{'MOI' if order[0] == 'page' else 'NDS'}/"
    asking: dict[str, dict[str, str]] = {"page": {}, "part": {"hx_request": "true"}}
    first = {kind: web.proxy.get(path, **asking[kind]) for kind in order}
    second = {kind: web.proxy.get(path, **asking[kind]) for kind in order}
    assert [first[kind].copy for kind in order] == ["MISS", "MISS"]
    assert [second[kind].copy for kind in order] == ["HIT", "HIT"]
    for asked in (first, second):
        assert asked["page"].body.startswith(b"<!doctype html>")
        assert b"<html" not in asked["part"].body
        assert asked["part"].status == 200
        assert asked["part"].body


def test_who_types_the_bare_name_is_led_by_the_language_of_the_browser(web: Web) -> None:
    led = [
        web.proxy.get("/", accept_language=language).headers["location"]
        for language in ("en-GB", "ar-BH", "en-GB", "ar-BH")
    ]
    assert led == ["/en/", "/ar/", "/en/", "/ar/"]
    assert web.proxy.get("/", accept_language="ar-BH").copy == "HIT"


def test_machines_are_answered_by_the_portal_itself(web: Web) -> None:
    for path in ("/healthz", "/readyz", "/freshz"):
        for _turn in range(2):
            answer = web.proxy.get(path)
            assert (answer.status, answer.copy) == (200, None)
            assert "no-store" in answer.headers["cache-control"]


# The last of those that need the web process: it ends it.
def test_with_the_portal_gone_old_pages_are_given_in_both_languages_and_no_old_picture(
    web: Web,
) -> None:
    pages = {"/ar/": "دفع المخالفات المرورية", "/en/": "Traffic fines"}
    pictures = ("/badge/fines.svg", "/badge/fines.svg?kind=uptime", "/en/og.png")
    seen = {path: web.proxy.get(path, accept_encoding="gzip, deflate, br") for path in pages}
    assert [web.proxy.get(path).status for path in pictures] == [200, 200, 200]
    web.stop()
    web.proxy.age(HOUR)
    for path, words in pages.items():
        # Another browser, which spells the same wish in its own way.
        old = web.proxy.get(path, accept_encoding="gzip, deflate, br, zstd")
        assert (old.status, old.copy) == (200, "STALE")
        assert old.body == seen[path].body
        assert words in _plain(old)
    assert [web.proxy.get(path).status for path in pictures] == [502, 502, 502]


# --- a stand-in behind it, which says and does what a test needs --------------------------------


@pytest.mark.parametrize(
    "signed_in",
    [
        {"cookie": "sessionid=abc"},
        {"cookie": "theme=dark; __Host-session=abc"},
        {"authorization": "Bearer abc"},
    ],
)
def test_who_signed_in_is_given_no_copy_and_leaves_none(
    front: Proxy, stand_in: StandIn, signed_in: dict[str, str]
) -> None:
    (secret,) = signed_in.values()
    theirs = front.get("/en/", **signed_in)
    assert (theirs.copy, secret in theirs.body.decode()) == ("BYPASS", True)
    stranger = front.get("/en/")
    assert (stranger.copy, secret in stranger.body.decode()) == ("MISS", False)
    again = front.get("/en/", **signed_in)
    assert (again.copy, secret in again.body.decode()) == ("BYPASS", True)
    assert front.get("/en/").body == stranger.body
    # Nor with the portal gone.
    stand_in.go()
    assert front.get("/en/", **signed_in).status == 502
    assert front.get("/en/").body == stranger.body


def test_a_cookie_that_is_no_session_does_not_keep_anybody_from_the_copy(front: Proxy) -> None:
    assert front.get("/en/", cookie="not_sessionid=1; theme=dark").copy == "MISS"
    assert front.get("/en/", cookie="language=ar").copy == "HIT"


@pytest.mark.parametrize(
    ("headers", "copies"),
    [
        ({"Vary": "Accept-Encoding, HX-Request"}, ["MISS", "HIT"]),
        ({"Vary": "Accept-Encoding, Accept-Language"}, ["MISS", "HIT"]),
        ({}, ["MISS", "HIT"]),
        # Whatever tells readers apart by something that the key does not know.
        ({"Vary": "Cookie"}, ["MISS", "MISS"]),
        ({"Vary": "Accept-Encoding, Origin"}, ["MISS", "MISS"]),
        ({"Vary": "*"}, ["MISS", "MISS"]),
        ({"Set-Cookie": "language=ar"}, ["MISS", "MISS"]),
        ({"Cache-Control": "no-store"}, ["MISS", "MISS"]),
        ({"Cache-Control": "private, max-age=60"}, ["MISS", "MISS"]),
    ],
)
def test_only_what_is_the_same_for_everybody_is_kept(
    front: Proxy, stand_in: StandIn, headers: dict[str, str], copies: list[str]
) -> None:
    stand_in.headers = {"Cache-Control": "public, max-age=60"} | headers
    assert [front.get("/en/").copy for _turn in copies] == copies


@pytest.mark.parametrize(
    ("accepted", "asked_of_the_portal"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip;q=1.0", "br"),
        ("GZIP", "gzip"),
        ("gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "gzip"),
        ("gzip, br;q=0", "gzip"),
        ("br;q=0.0, gzip;q=0.001", "gzip"),
        ("gzip; q=0.000", ""),
        ("xgzip, brr, deflate, *;q=0", ""),
        ("identity", ""),
    ],
)
def test_the_portal_is_asked_for_one_of_three_encodings(
    front: Proxy, accepted: str, asked_of_the_portal: str
) -> None:
    first = front.get("/en/", accept_encoding=accepted)
    assert f"Accept-Encoding={asked_of_the_portal} " in first.body.decode()
    assert front.get("/en/", accept_encoding=asked_of_the_portal).copy == "HIT"


def test_what_the_portal_would_not_take_for_a_part_is_not_kept_as_one(front: Proxy) -> None:
    page = front.get("/en/", hx_request="TRUE")
    assert "HX-Request= " in page.body.decode()
    assert front.get("/en/").body == page.body
    assert front.get("/en/", hx_request="true").copy == "MISS"


def test_the_language_of_a_browser_counts_where_the_address_names_none(front: Proxy) -> None:
    for path, counts in (("/", True), ("/en/services/", False), ("/brand.css", False)):
        copies = [front.get(path, accept_language=language).copy for language in ("ar", "en")]
        assert copies == ["MISS", "MISS" if counts else "HIT"], path


@pytest.mark.parametrize(
    "path",
    ["/admin", "/admin/", "/ops/health/", "/accounts/login/", "/healthz", "/readyz", "/freshz"],
)
def test_staff_and_machines_always_reach_the_portal(
    front: Proxy, stand_in: StandIn, path: str
) -> None:
    answers = [front.get(path) for _turn in range(2)]
    assert [answer.copy for answer in answers] == [None, None]
    assert stand_in.asked == [f"GET {path}"] * 2
    stand_in.go()
    assert front.get(path).status == 502


def test_figures_of_our_own_health_are_not_for_the_world(front: Proxy, stand_in: StandIn) -> None:
    assert front.get("/metrics").status == 404
    assert front.get("/metrics", authorization="Bearer abc").status == 404
    assert stand_in.asked == []


def test_a_head_and_what_is_sent_are_what_they_are(front: Proxy, stand_in: StandIn) -> None:
    head = front.get("/en/", method="HEAD")
    assert (head.status, head.body, head.copy) == (200, b"", "MISS")
    assert front.get("/en/").copy == "HIT"
    assert [front.get("/en/report/", method="POST").copy for _turn in range(2)] == [None, None]
    assert stand_in.asked[1:] == ["POST /en/report/"] * 2


# --- while copies grow old ----------------------------------------------------------------------


def test_while_a_page_may_be_shown_old_the_reader_does_not_wait_for_the_next(
    front: Proxy,
) -> None:
    old = front.get("/en/")
    # Its 15 seconds are over, the 60 after them are not.
    front.age(30)
    shown = front.get("/en/")
    assert (shown.copy, shown.body) == ("STALE", old.body)
    wait_until(lambda: front.get("/en/").copy == "HIT")
    assert front.get("/en/").body.startswith(b"2 ")


def test_a_page_that_nobody_asked_for_since_is_not_shown_old_while_the_portal_is_well(
    front: Proxy,
) -> None:
    assert front.get("/en/").body.startswith(b"1 ")
    front.age(3 * HOUR)
    shown = front.get("/en/")
    assert (shown.copy, shown.body[:2]) == ("EXPIRED", b"2 ")


@pytest.mark.parametrize("path", ["/badge/evisa.svg", "/badge/evisa.svg?kind=uptime", "/ar/og.png"])
@pytest.mark.parametrize("age_s", [16, 3 * HOUR])
def test_no_picture_is_shown_old(front: Proxy, stand_in: StandIn, path: str, age_s: int) -> None:
    # Even where it says of itself that it might be.
    assert "stale-if-error" in stand_in.headers["Cache-Control"]
    assert [front.get(path).copy for _turn in range(2)] == ["MISS", "HIT"]
    front.age(age_s)
    assert front.get(path).body.startswith(b"2 ")
    front.age(age_s)
    stand_in.status = 503
    assert front.get(path).status == 503
    stand_in.go()
    assert front.get(path).status == 502


def test_a_picture_that_is_not_for_everybody_is_not_kept(front: Proxy, stand_in: StandIn) -> None:
    stand_in.headers["Cache-Control"] = "no-store"
    assert [front.get("/badge/evisa.svg").copy for _turn in range(2)] == ["MISS", "MISS"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_old_page_beats_an_error_of_the_portal(
    front: Proxy, stand_in: StandIn, status: int
) -> None:
    good = front.get("/ar/")
    front.age(HOUR)
    stand_in.status = status
    assert (front.get("/ar/").copy, front.get("/ar/").body) == ("STALE", good.body)
    # Without a copy it is passed on as the portal said it.
    error = front.get("/ar/services/")
    assert (error.status, b"/ar/services/" in error.body) == (status, True)


def _is_the_unavailable_page(answer: Answer) -> bool:
    assert answer.headers["retry-after"] == "60"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    said = answer.body.decode()
    return ARABIC in said and ENGLISH in said


def test_with_the_portal_gone_a_page_never_seen_says_so_in_both_languages(
    front: Proxy, stand_in: StandIn
) -> None:
    stand_in.go()
    for path in ("/ar/services/", "/en/services/", "/badge/evisa.svg", "/ops/"):
        answer = front.get(path)
        assert (answer.status, _is_the_unavailable_page(answer)) == (502, True)
    sent = front.get("/en/report/", method="POST")
    assert (sent.status, _is_the_unavailable_page(sent)) == (502, True)


def test_with_the_portal_gone_the_bare_name_leads_to_what_may_have_a_copy(
    front: Proxy, stand_in: StandIn
) -> None:
    home = front.get("/ar/")
    stand_in.go()
    front.age(HOUR)
    led = front.get("/", accept_language="en")
    # No host and no port: neither is the one that people know.
    assert (led.status, led.headers["location"]) == (302, "/ar/")
    assert led.headers["cache-control"] == "no-store"
    assert front.get("/ar/").body == home.body


def test_when_the_portal_is_back_it_is_heard_at_once(front: Proxy, stand_in: StandIn) -> None:
    front.get("/ar/")
    stand_in.go()
    front.age(HOUR)
    assert front.get("/ar/").copy == "STALE"
    assert front.get("/ar/services/").status == 502
    stand_in.come()
    back = front.get("/ar/")
    assert (back.status, back.copy, back.body[:2]) == (200, "EXPIRED", b"2 ")
    assert front.get("/ar/services/").status == 200


def test_a_portal_that_hangs_does_not_keep_readers_from_old_pages(stand_in: StandIn) -> None:
    quick = {"proxy_read_timeout 10s;": "proxy_read_timeout 200ms;"}
    with proxy(stand_in.folder, **quick) as front:
        good = front.get("/ar/")
        front.age(HOUR)
        stand_in.answers.clear()
        old = front.get("/ar/")
        assert (old.copy, old.body) == ("STALE", good.body)
        never_seen = front.get("/ar/services/")
        assert (never_seen.status, _is_the_unavailable_page(never_seen)) == (504, True)


def test_what_is_replaced_for_this_machine_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nowhere;"):
        on_this_machine(tmp_path, **{"nowhere;": ""})
