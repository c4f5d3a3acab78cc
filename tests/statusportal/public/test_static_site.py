"""The site as plain files: whole, without a dead link, and never half old.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

import functools
import json
import re
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

import html5lib
import msgspec
import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler

from statusportal.public import og, og_picture, reader, search, sitemap, static_site
from statusportal.public.cards import Card
from statusportal.public.static_site import CannotPublish, Publication
from statusportal.public.static_site_names import (
    file_of,
    policy_in_a_page,
    resolved,
    rewritten,
)
from statusportal.public.store import store
from tests.statusportal.public.everything import everything
from tests.statusportal.public.snapshots import ALL_WELL, BAD, NOW, history, snapshot

LIVE = "https://status.gov.example"
every_address = static_site.addresses


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server of files, as there are many: it knows nothing of ours."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ours(
    at_one_o_clock: None, no_housekeeping: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The pages of which pictures are drawn, in order. To draw takes long, so it is only noted."""
    settings.ALLOWED_HOSTS = ["status.gov.example"]
    drawn: list[str] = []

    def draw(card: Card, _language: str, **_: object) -> bytes:
        drawn.append(card.page)
        return b"\x89PNG " + drawn[-1].encode()

    monkeypatch.setattr(og_picture, "png", draw)
    # A process remembers the last ones.
    monkeypatch.setattr(og, "_pictures", og._Pictures())
    return drawn


def publish(target: Path, now: datetime = NOW) -> Publication:
    showing = store.showing_at(reader.step(now))
    assert showing is not None
    return static_site.publish(target, django=WSGIHandler(), store=store, showing=showing)


def crawl(site: str) -> tuple[dict[str, bytes], list[str], set[str]]:
    """(pages and files that were found, links that lead nowhere, links that lead elsewhere)."""
    found: dict[str, bytes] = {}
    dead: list[str] = []
    elsewhere: set[str] = set()
    waiting = deque([f"{site}/ar/", f"{site}/en/", f"{site}/"])
    known = set(waiting)
    while waiting:
        address = waiting.popleft()
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                body, kind = answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError:
            dead.append(address)
            continue
        found[address.removeprefix(site)] = body
        if not kind.startswith("text/html"):
            continue
        page = html5lib.parse(body, namespaceHTMLElements=False)
        for element in page.iter():
            for name in ("href", "src"):
                link = urldefrag(urljoin(address, element.get(name) or "#"))[0]
                if not link.startswith(site):
                    elsewhere.add(link)
                elif link not in known:
                    known.add(link)
                    waiting.append(link)
            if element.get("property") == "og:image":
                # A whole address of the site itself, which these files stand in for.
                picture = site + (element.get("content") or "").removeprefix(LIVE).split("?")[0]
                if picture not in known:
                    known.add(picture)
                    waiting.append(picture)
    return found, dead, elsewhere


@pytest.mark.usefixtures("ours")
def test_from_every_page_in_both_languages_every_link_leads_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PER_PAGE", 5)
    store.hold(everything(), history())
    # What is for programs is another test's.
    monkeypatch.setattr(
        static_site,
        "addresses",
        lambda said: [one for one in every_address(said) if one[0].startswith(("/ar/", "/en/"))],
    )

    done = publish(tmp_path / "site")
    with served(tmp_path / "site") as site:
        found, dead, elsewhere = crawl(site)

    assert dead == []
    assert done.missing == ()
    for language in ("ar", "en"):
        pages = {path for path in found if path.startswith(f"/{language}/")}
        assert {
            f"/{language}/services/~page-2/",
            f"/{language}/services/passport/",
            f"/{language}/agencies/MOI/",
            f"/{language}/feed.atom",
            f"/{language}/calendar.ics",
            f"/{language}/og.png",
            f"/{language}/services/passport/og.png",
            f"/{language}/incidents/IN-DNT222/og.png",
        } <= pages
        assert any("/incidents/IN-" in path for path in pages)
        assert any("/maintenance/MW-" in path for path in pages)
    assert any(path.endswith(".woff2") for path in found)
    assert any(path.endswith(".css") for path in found)
    assert all(body.startswith(b"\x89PNG") for path, body in found.items() if "og.png" in path)
    # What a copy cannot do, the site itself does.
    assert all(link.startswith((LIVE, "tel:", "mailto:", "data:", "https:")) for link in elsewhere)
    assert [path for path, body in found.items() if b"<form" in body] == []
    assert b"on the site itself only" in found["/en/services/"]
    # Who asks for the end of a list sees the end of a list.
    assert found["/en/services/~page-2/"] != found["/en/services/"]
    # Every page says from when it is.
    assert all(b"data-as-of" in body for path, body in found.items() if path.endswith("/"))


@pytest.mark.usefixtures("ours", "well")
def test_programs_find_what_they_ask_the_site_for(tmp_path: Path) -> None:
    publish(tmp_path / "site")
    site = tmp_path / "site"

    summary = json.loads((site / "api/v2/summary.json").read_text())
    arabic = json.loads((site / "api/v2/summary~lang-ar.json").read_text())
    assert summary["status"]["description"] != arabic["status"]["description"]
    assert json.loads((site / "embed/passport.json").read_text())["service"]["slug"] == "passport"
    assert (site / "badge/passport.svg").read_text().startswith("<?xml")
    assert (site / "badge/passport~lang-en~kind-uptime.svg").is_file()
    assert (site / "embed/banner.js").is_file()
    assert "not found" in (site / "404.html").read_text().lower()
    assert json.loads((site / "publication.json").read_text())["as_of"] == NOW.isoformat()


@pytest.mark.usefixtures("ours", "well")
def test_search_engines_find_what_they_ask_the_site_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    # Ten addresses a file: an index, and the files that it names.
    monkeypatch.setattr(sitemap, "MOST", 10)
    settings.SECURITY_CONTACT = ["mailto:security@status.gov.example"]
    publish(tmp_path / "site")
    site = tmp_path / "site"

    assert f"Sitemap: {LIVE}/sitemap.xml" in (site / "robots.txt").read_text()
    assert "mailto:security@" in (site / ".well-known/security.txt").read_text()
    files = re.findall(r"<loc>(.+?)</loc>", (site / "sitemap.xml").read_text())
    assert files == [f"{LIVE}/sitemap-{number}.xml" for number in (1, 2, 3)]
    pages = [
        path
        for file in files
        for path in re.findall(r"<loc>(.+?)</loc>", (site / file.rpartition("/")[2]).read_text())
    ]
    assert len(pages) == 24
    for page in pages:
        assert (site / page.removeprefix(f"{LIVE}/") / "index.html").is_file(), page


@pytest.mark.usefixtures("ours", "well")
def test_the_next_site_takes_the_place_of_the_last_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "site"
    first = publish(target)
    folder = target.resolve()
    style, page = folder / "static/css/portal.css", folder / "en/services/passport/index.html"
    assert (first.changed, page.is_file()) == (first.files, True)

    without = snapshot({"login": BAD})
    services = tuple(one for one in without.truth.services if one.slug != "passport")
    truth = msgspec.structs.replace(without.truth, services=services, edges=())
    store.hold(msgspec.structs.replace(without, truth=truth))
    second = publish(target)

    assert 0 < second.changed < second.files
    assert target.resolve() != folder
    # What has gone is gone, and readers who are still at the old files find them.
    assert not (target / "en/services/passport").exists()
    assert page.is_file()
    # What is the same is the same file, with its time.
    assert (target / "static/css/portal.css").stat().st_ino == style.stat().st_ino

    publish(target)
    assert not folder.exists()
    assert len([one for one in tmp_path.iterdir() if one.is_dir() and not one.is_symlink()]) == 2


@pytest.mark.usefixtures("well")
def test_a_picture_is_drawn_again_when_it_says_another_thing_or_has_become_old(
    tmp_path: Path, ours: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(og, "_GOOD_FOR", timedelta())
    target = tmp_path / "site"

    def drawn_at(minutes: int, measured: dict[str, Any]) -> set[str]:
        ours.clear()
        at = NOW + timedelta(minutes=minutes)
        with time_machine.travel(at, tick=False):
            store.hold(snapshot(measured, observed_at=at, built_at=at), history())
            publish(target, at)
        assert len(ours) == len(set(ours))
        return set(ours)

    everything_drawn = drawn_at(0, ALL_WELL)
    assert {"/ar/", "/en/", "/en/services/passport/", "/en/agencies/MOI/"} <= everything_drawn
    picture = (target / "en/services/fines/og.png").stat().st_ino
    (target / "en/services/visa/og.png").unlink()
    # The one that has gone.
    assert drawn_at(30, ALL_WELL) == {"/en/services/visa/"}
    assert (target / "en/services/fines/og.png").stat().st_ino == picture
    # Another state: its own picture, its agency's and the headline's; not those of all others.
    changed = drawn_at(31, ALL_WELL | {"fines": BAD})
    assert {"/ar/", "/ar/services/fines/"} <= changed
    assert "/ar/services/passport/" not in changed
    # An hour after it was drawn.
    assert "/ar/services/passport/" not in drawn_at(59, ALL_WELL | {"fines": BAD})
    assert "/ar/services/fines/" not in (old := drawn_at(60, ALL_WELL | {"fines": BAD}))
    assert "/ar/services/passport/" in old


@pytest.mark.usefixtures("ours", "well")
def test_errors_are_not_published_as_pages(tmp_path: Path, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["elsewhere.example"]

    with pytest.raises(CannotPublish, match="answers 400"):
        publish(tmp_path / "site")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("ours", "well")
def test_what_fails_leaves_the_last_site_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "site"
    publish(target)
    folder = target.resolve()
    showing = store.showing_at(reader.step(NOW))
    assert showing is not None

    def broken(environ: object, start_response: object) -> list[bytes]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        static_site.publish(target, django=broken, store=store, showing=showing)

    assert target.resolve() == folder
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([folder.name, "site"])


@pytest.mark.usefixtures("ours", "well")
def test_a_folder_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    target = tmp_path / "site"
    target.mkdir()
    (target / "thesis.txt").write_text("years of work")
    with pytest.raises(CannotPublish, match="not empty"):
        publish(target)
    assert (target / "thesis.txt").read_text() == "years of work"

    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(CannotPublish, match="not published by us"):
        publish(link)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "file"),
    [
        ("/en/", "", "en/index.html"),
        ("/en/services/", "page=2", "en/services/~page-2/index.html"),
        (
            "/en/services/",
            "agency=MOI&status=partial_outage&page=3",
            "en/services/~agency-MOI~status-partial_outage~page-3/index.html",
        ),
        ("/ar/use/", "q=%D8%AC+%2F", "ar/use/~q-.d8.ac.20.2f/index.html"),
        ("/api/v2/summary.json", "lang=ar", "api/v2/summary~lang-ar.json"),
        ("/badge/x.svg", "", "badge/x.svg"),
        ("/static/css/portal.css", "", "static/css/portal.css"),
    ],
)
def test_an_address_is_a_file(path: str, query: str, file: str) -> None:
    assert file_of(path, query) == file


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("/en/services/?page=2&utm=x", ("/en/services/", "page=2")),
        ("?page=2", ("/en/services/", "page=2")),
        ("passport/", ("/en/services/passport/", "")),
        ("/brand.css?v=abc", ("/brand.css", "")),
        ("/static/js/live.js", ("/static/js/live.js", "")),
        ("/en/report/", None),
        ("/admin/", None),
        ("https://elsewhere.example/en/", None),
        ("//elsewhere.example/en/", None),
        ("tel:80000000", None),
        ("#main", None),
    ],
)
def test_what_a_link_leads_to(link: str, found: tuple[str, str] | None) -> None:
    assert resolved(link, "/en/services/") == found


def test_a_page_comes_out_as_it_went_in_but_for_links_and_forms() -> None:
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"></head><body class=a>'
        "<!-- kept --> &amp; &#8230; <br><a href='?page=2#top' rel=\"next\">2 &lt; 3</a>"
        '<a href="/en/report/">tell us</a><form action="/x/"><a href="/en/y/">in</a></form>'
        '<script>if (a < b && "</p>") {}</script><svg><use href="#sign"/></svg></body></html>'
    )

    written, links = rewritten(
        page,
        "/en/services/",
        live=LIVE,
        policy="default-src 'none'",
        instead=lambda address: f"[{address}]",
    )

    assert written == page.replace(
        "<head>",
        '<head>\n  <meta http-equiv="Content-Security-Policy"'
        ' content="default-src &#x27;none&#x27;">',
    ).replace("'?page=2#top'", '"/en/services/~page-2/#top"').replace(
        '"/en/report/"', f'"{LIVE}/en/report/"'
    ).replace('<form action="/x/"><a href="/en/y/">in</a></form>', "[/x/]")
    assert links == [("/en/services/", "page=2")]


def test_a_page_has_its_picture_with_it_whatever_version_it_names() -> None:
    page = f'<meta property="og:image" content="{LIVE}/en/use/og.png?v=1a2b">'

    written, links = rewritten(page, "/en/use/", live=LIVE, policy="", instead=str)

    assert (written, links) == (page, [("/en/use/og.png", "")])


def test_the_policy_of_a_page_leaves_out_what_a_page_cannot_say() -> None:
    header = "style-src 'self'; frame-ancestors 'none'; default-src 'none'"

    assert policy_in_a_page(header) == "default-src 'none'; style-src 'self'"
