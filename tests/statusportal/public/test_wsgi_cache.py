"""Public pages from memory, in front of a whole Django: the same bytes, faster, and never older.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import brotli
import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from statusportal.public.store import store
from statusportal.public.wsgi_cache import ask
from statusportal.public.wsgi_cache_key import Question
from tests.statusportal.public.memory import Counted, Site
from tests.statusportal.public.snapshots import ALL_WELL, BAD, NOW, history, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock", "well", "no_housekeeping")

SECOND = timedelta(seconds=1)


def test_a_page_is_made_once_and_then_answered_from_memory() -> None:
    site = Site()

    first, second = site.get("/en/"), site.get("/en/")

    assert first[0] == 200
    assert second == first
    assert "Server" not in second[1]
    assert site.django.asked == ["/en/"]


def test_the_headers_that_protect_people_come_from_memory_too() -> None:
    site = Site()
    site.get("/en/")

    _status, headers, _body = site.get("/en/")

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "nonce" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == (
        "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert headers["Vary"] == "Accept-Encoding, HX-Request"
    assert headers["Content-Language"] == "en"
    assert headers["Snapshot-Built-At"] == "2026-11-22T10:00:00.000Z"
    assert "Set-Cookie" not in headers


def test_embeds_go_without_the_stale_while_part_and_badges_without_any_staleness() -> None:
    site = Site()

    assert site.get("/embed/passport.json")[1]["Cache-Control"] == (
        "public, max-age=15, stale-if-error=86400"
    )
    assert site.get("/badge/passport.svg")[1]["Cache-Control"] == (
        "public, max-age=15, must-revalidate"
    )


@pytest.mark.parametrize("query", ["utm_source=sms", "fbclid=1&gclid=2", "a=1&b=2&c=3"])
def test_strange_parameters_are_the_same_page(query: str) -> None:
    site = Site()

    assert site.get("/en/services/", query) == site.get("/en/services/")
    assert site.django.asked == ["/en/services/"]


def test_each_encoding_has_its_bytes_and_its_tag() -> None:
    site = Site()

    answers = {name: site.get("/en/", accept_encoding=name) for name in ("", "gzip", "br")}

    assert [headers.get("Content-Encoding") for _, headers, _ in answers.values()] == [
        None,
        "gzip",
        "br",
    ]
    plain = answers[""][2]
    assert gzip.decompress(answers["gzip"][2]) == plain
    assert brotli.decompress(answers["br"][2]) == plain
    assert len({headers["ETag"] for _, headers, _ in answers.values()}) == 3
    assert all(headers["Content-Length"] == str(len(body)) for _, headers, body in answers.values())
    assert site.django.asked == ["/en/"]


def test_a_fragment_is_never_a_page() -> None:
    site = Site()

    page, fragment = site.get("/en/"), site.get("/en/", hx_request="true")

    assert b"<!doctype html>" in page[2]
    assert b"<!doctype html>" not in fragment[2]
    assert b'id="main"' in fragment[2]
    assert page[1]["ETag"] != fragment[1]["ETag"]
    assert site.get("/en/")[2] == page[2]
    assert site.get("/en/", if_none_match=fragment[1]["ETag"])[0] == 200


@pytest.mark.parametrize("path", ["/en/", "/en/feed.atom", "/embed/banner.js"])
def test_who_has_it_already_is_told_so_in_a_few_bytes(path: str) -> None:
    site = Site()
    _status, headers, _body = site.get(path, accept_encoding="br")

    status, again, body = site.get(path, accept_encoding="br", if_none_match=headers["ETag"])

    assert (status, body) == (304, b"")
    assert again["ETag"] == headers["ETag"]
    assert again["Cache-Control"] == headers["Cache-Control"]
    assert again["Vary"] == headers["Vary"]
    # The rest stands as the reader has it.
    assert len(again) < len(headers) / 2
    assert not {"Content-Length", "Content-Type", "Content-Encoding"} & again.keys()
    assert site.get(path, accept_encoding="gzip", if_none_match=headers["ETag"])[0] == 200


def test_with_other_rules_for_browsers_the_page_is_another(settings: Any) -> None:
    """A 304 would leave the rules of the release before standing."""
    site = Site()
    _status, headers, _body = site.get("/en/")

    settings.SECURE_REFERRER_POLICY = "no-referrer"
    status, again, _body = Site().get("/en/", if_none_match=headers["ETag"])

    assert (status, again["Referrer-Policy"]) == (200, "no-referrer")


def test_every_process_tells_the_same_under_the_same_tag() -> None:
    """Whoever answers next, on this machine or another one, knows what a reader has."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.statusportal.public.told"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    first, second = (json.loads(process.communicate()[0]) for process in processes)

    assert [status for status, *_rest in first.values()] == [200] * len(first)
    for path, told in first.items():
        assert told == second[path], path


def test_a_question_for_the_head_has_the_headers_and_no_body() -> None:
    site = Site()

    head, page = site.get("/en/", method="HEAD"), site.get("/en/")

    assert head == (200, page[1], b"")
    assert site.get("/en/", method="HEAD") == head
    assert site.django.asked == ["/en/"]


def test_programs_of_other_sites_may_read_what_comes_from_memory() -> None:
    site = Site()

    for _ in range(2):
        _status, headers, _body = site.get("/api/v2/summary.json", "lang=ar")
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Vary"] == "Accept-Encoding"
    assert site.django.asked == ["/api/v2/summary.json"]


@pytest.mark.parametrize(("language", "where"), [("en", "/en/"), ("fr", "/ar/"), ("", "/ar/")])
def test_the_root_leads_on_by_language(language: str, where: str) -> None:
    site = Site()
    site.get("/", accept_language="en-GB")

    status, headers, _body = site.get("/", accept_language=language)

    assert (status, headers["Location"]) == (302, where)
    assert headers["Vary"] == "Accept-Encoding, Accept-Language"


# --- what is left to Django ---------------------------------------------------------------------


def test_somebody_who_signed_in_is_never_answered_from_memory() -> None:
    site = Site()
    site.get("/en/")
    cookie = SimpleCookie({"sessionid": "x"}).output(header="").strip()

    # The session is not even looked at by a public page: no query fails this test.
    assert site.get("/en/", cookie=cookie)[0] == 200
    assert site.django.asked == ["/en/", "/en/"]


def test_a_host_that_is_not_ours_is_refused_by_django(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    site = Site()
    site.get("/en/")

    assert site.get("/en/", host="evil.example")[0] == 400
    assert site.get("/en/", host="localhost:1234")[0] == 200


@pytest.mark.parametrize("path", ["/healthz", "/en/services/nope/", "/en/nope/", "/badge/nope.svg"])
def test_health_and_errors_are_asked_of_django_each_time(path: str) -> None:
    site = Site()

    statuses = {site.get(path)[0] for _ in range(2)}

    assert statuses == ({200} if path == "/healthz" else {404})
    assert site.django.asked == [path, path]


def test_a_head_of_an_error_has_no_body() -> None:
    assert Site().get("/en/services/nope/", method="HEAD")[0::2] == (404, b"")


def test_before_anything_was_published_nothing_is_kept() -> None:
    store.forget()
    site = Site()

    assert site.get("/en/")[0] == 503
    store.hold(snapshot(ALL_WELL))
    assert site.get("/en/")[0] == 200


# --- time and news ------------------------------------------------------------------------------


def test_a_new_snapshot_is_said_at_once() -> None:
    site = Site()
    before = site.get("/en/")[2]

    store.hold(snapshot({"login": BAD}))
    after = site.get("/en/")[2]

    assert b"National login" in after
    assert before != after
    assert site.get("/en/")[2] == after


def test_a_page_grows_old_with_the_clock_alone() -> None:
    site = Site()
    with time_machine.travel(NOW, tick=False) as clock:
        assert b"data-green" in site.get("/en/")[2]
        clock.shift(600 * SECOND)
        assert b"data-green" not in site.get("/en/")[2]


def test_the_same_words_keep_their_tag_in_the_next_step() -> None:
    site = Site()
    with time_machine.travel(NOW, tick=False) as clock:
        first = site.get("/en/use/")
        clock.shift(5 * SECOND)
        second = site.get("/en/use/")

    assert len(site.django.asked) == 2
    assert (first[2] == second[2]) is (first[1]["ETag"] == second[1]["ETag"])
    assert first[2] == second[2]


def test_however_many_ask_a_page_is_made_once() -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(Counted):
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            entered.set()
            assert leave.wait(10)
            return super().__call__(environ, start_response)

    site = Site(Slow())
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(site.get, "/en/") for _ in range(16)]
        assert entered.wait(10)
        leave.set()
        bodies = {answer.result()[2] for answer in answers}

    assert len(bodies) == 1
    assert site.django.asked == ["/en/"]


def test_a_page_that_cannot_be_made_is_tried_again() -> None:
    class Broken(Counted):
        def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if not self.asked:
                self.asked.append("broken")
                raise RuntimeError
            return super().__call__(environ, start_response)

    site = Site(Broken())
    with pytest.raises(RuntimeError):
        site.get("/en/")

    assert site.get("/en/")[0] == 200


# --- the same bytes as Django's -----------------------------------------------------------------

_PATHS = [
    "/en/",
    "/ar/",
    "/en/services/",
    "/ar/services/passport/",
    "/en/agencies/MOI/",
    "/en/incidents/",
    "/en/maintenance/",
    "/ar/use/",
    "/en/feed.atom",
    "/ar/calendar.ics",
    "/api/v2/summary.json",
    "/embed/passport.html",
    "/badge/login.svg",
]
_QUERIES = st.dictionaries(
    st.sampled_from(["q", "agency", "status", "page", "lang", "kind", "month", "utm", "x"]),
    st.sampled_from(["", "ar", "en", "MOI", "problem", "2", "uptime", "2026-10", "جواز", "a b"]),
    max_size=4,
)


@hypothesis_settings(max_examples=25, phases=[Phase.generate])
@given(
    path=st.sampled_from(_PATHS),
    query=_QUERIES,
    is_fragment=st.booleans(),
    encoding=st.sampled_from(["", "gzip", "br"]),
)
def test_memory_answers_what_django_would(
    path: str, query: dict[str, str], is_fragment: bool, encoding: str
) -> None:
    store.hold(snapshot({"login": BAD}), history())
    headers = {"accept_encoding": encoding} | ({"hx_request": "true"} if is_fragment else {})
    asked = Question("localhost", False, path, urlencode(query), is_fragment)
    status, fresh_headers, fresh = ask(WSGIHandler(), asked)
    site = Site()

    for _ in range(2):
        given_status, given_headers, body = site.get(path, urlencode(query), **headers)
        match given_headers.get("Content-Encoding", ""):
            case "gzip":
                body = gzip.decompress(body)
            case "br":
                body = brotli.decompress(body)
        assert int(status[:3]) == given_status
        assert body == fresh
        of_django = dict(fresh_headers)
        for name in ("Content-Type", "Cache-Control", "Content-Language"):
            assert given_headers.get(name) == of_django.get(name)
