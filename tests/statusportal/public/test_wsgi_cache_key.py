"""Which requests memory may answer, by which key, and in which bytes: the decisions alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusportal.public.wsgi_cache_key import (
    Question,
    etag_of,
    has_cookie,
    is_compressed,
    is_not_modified,
    may_be_kept,
    negotiated,
    normalised,
    question,
    vary,
)

CATALOGUE = ("q", "agency", "category", "status", "audience", "channel", "page")
PUBLIC = ("Cache-Control", "public, max-age=15")


def asked(path: str = "/en/", query: str = "", **headers: str) -> Question | None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": "status.gov.example",
    }
    return question(
        environ | headers,
        host=lambda header: header if header == "status.gov.example" else None,
        is_secure=False,
        language=lambda header: header or "ar",
        session_cookie="sessionid",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ar/",
        "/en/services/",
        "/en/services/renew-passport/",
        "/en/services/renew-passport/feed.atom",
        "/ar/agencies/MOI/",
        "/ar/agencies/MOI/calendar.ics",
        "/en/incidents/",
        "/en/incidents/IN-ABC123/",
        "/en/maintenance/",
        "/en/maintenance/MW-ABC123/",
        "/en/maintenance/MW-ABC123/calendar.ics",
        "/en/use/",
        "/ar/feed.atom",
        "/ar/calendar.ics",
        "/api/v2/summary.json",
        "/api/v2/incidents/unresolved.json",
        "/api/v2/scheduled-maintenances/active.json",
        "/embed/banner.js",
        "/embed/renew-passport.json",
        "/embed/renew-passport.html",
        "/badge/renew-passport.svg",
    ],
)
def test_public_pages_may_be_answered_from_memory(path: str) -> None:
    found = asked(path)

    assert found is not None
    assert (found.path, found.query, found.is_fragment) == (path, "", False)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "*",
        "/healthz",
        "/readyz",
        "/freshz",
        "/metrics",
        "/admin/",
        "/ops/",
        "/accounts/login/",
        "/i18n/setlang/",
        "/api/heartbeats/secret/",
        "/api/v1/incidents/",
        "/static/css/portal.css",
        "/en/report/",
        "/en/report/ABC/",
        "/ar/subscribe/",
        "/fr/",
        "/en",
        "/en/services",
        "/en/services/é/",
        "/en/services/a/b/",
        "/en//",
        "/en/\n",
        "//en/",
    ],
)
def test_everything_else_is_left_to_django(path: str) -> None:
    assert asked(path) is None


@pytest.mark.parametrize(
    ("headers", "is_answered"),
    [
        ({"REQUEST_METHOD": "HEAD"}, True),
        ({"REQUEST_METHOD": "POST"}, False),
        ({"REQUEST_METHOD": "OPTIONS"}, False),
        ({"REQUEST_METHOD": "get"}, False),
        ({"SCRIPT_NAME": "/portal"}, False),
        ({"HTTP_HOST": "evil.example"}, False),
        ({"HTTP_HOST": ""}, False),
        ({"HTTP_COOKIE": "sessionid=abc"}, False),
        ({"HTTP_COOKIE": "csrftoken=x; sessionid=abc"}, False),
        ({"HTTP_COOKIE": "sessionid="}, False),
        ({"HTTP_COOKIE": "csrftoken=sessionid"}, True),
        ({"HTTP_COOKIE": "_ga=1; consent=yes"}, True),
    ],
)
def test_only_reading_by_strangers_under_a_known_host_is_answered(
    headers: dict[str, str], is_answered: bool
) -> None:
    assert (asked(**headers) is not None) is is_answered


@pytest.mark.parametrize(
    ("header", "is_fragment"), [("true", True), ("false", False), ("", False), ("True", False)]
)
def test_a_renewal_is_another_question_than_the_page(header: str, is_fragment: bool) -> None:
    found = asked(HTTP_HX_REQUEST=header)

    assert found is not None
    assert found.is_fragment is is_fragment


def test_the_readers_language_counts_at_the_root_only() -> None:
    root, page = asked("/", HTTP_ACCEPT_LANGUAGE="en"), asked("/ar/", HTTP_ACCEPT_LANGUAGE="en")

    assert root is not None
    assert page is not None
    assert (root.language, page.language) == ("en", "")


@pytest.mark.parametrize(
    ("given_query", "known", "query"),
    [
        ("", CATALOGUE, ""),
        ("utm_source=sms&fbclid=1", CATALOGUE, ""),
        ("page=2&q=passport", CATALOGUE, "q=passport&page=2"),
        ("q=passport&utm_source=sms", CATALOGUE, "q=passport"),
        ("q=&agency=&status=problem&page=", CATALOGUE, "status=problem"),
        ("q=one&q=two", CATALOGUE, "q=two"),
        ("q=%D8%AC%D9%88%D8%A7%D8%B2", CATALOGUE, "q=%D8%AC%D9%88%D8%A7%D8%B2"),
        ("q=a+b", CATALOGUE, "q=a+b"),
        ("q=a%20b", CATALOGUE, "q=a+b"),
        ("q=a", (), ""),
        ("month=", ("month",), "month="),
        ("month=2026-10&kind=incident", ("month", "agency", "kind"), "month=2026-10&kind=incident"),
        ("kind=", ("lang", "kind"), ""),
        ("lang=ar", ("lang", "agency"), "lang=ar"),
        ("lang=fr", ("lang", "agency"), None),
        ("lang=", ("lang", "agency"), None),
        ("kind=nonsense", ("lang", "kind"), None),
        ("q=\u0621", CATALOGUE, None),
        ("q=" + "x" * 2000, CATALOGUE, None),
        ("&".join(f"p{n}=1" for n in range(41)), CATALOGUE, None),
    ],
)
def test_queries_come_to_one_form(
    given_query: str, known: tuple[str, ...], query: str | None
) -> None:
    assert normalised(given_query, known) == query


@given(st.dictionaries(st.sampled_from([*CATALOGUE, "x", "utm"]), st.text(max_size=20)))
def test_a_form_of_a_query_is_its_own_form(parameters: dict[str, str]) -> None:
    once = normalised(urlencode(parameters), CATALOGUE)

    assert once is not None
    assert normalised(once, CATALOGUE) == once


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", ""),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0.8, gzip;q=0.8", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, gzip;q=0", ""),
        ("gzip;q=0.5, identity", ""),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("identity", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("br;q=0, *", "gzip"),
        ("deflate, zstd", ""),
        ("br;q=nonsense", ""),
        ("br;q=2", ""),
        ("br ; q=1.0 , gzip ; q=0.1", "br"),
        ("br;q=nan", ""),
        (",,;;=", ""),
    ],
)
def test_the_encoding_is_the_one_that_is_liked_most(header: str, encoding: str) -> None:
    assert negotiated(header) == encoding


@pytest.mark.parametrize(
    ("content_type", "length", "is_worth_it"),
    [
        ("text/html; charset=utf-8", 500, True),
        ("text/html; charset=utf-8", 499, False),
        ("application/atom+xml; charset=utf-8", 9000, True),
        ("application/json; charset=utf-8", 9000, True),
        ("text/calendar; charset=utf-8", 9000, True),
        ("image/svg+xml; charset=utf-8", 9000, True),
        ("font/woff2", 9000, False),
        ("", 9000, False),
    ],
)
def test_only_text_of_some_length_is_compressed(
    content_type: str, length: int, is_worth_it: bool
) -> None:
    assert is_compressed(content_type, length) is is_worth_it


@pytest.mark.parametrize(
    ("status", "headers", "path", "is_kept"),
    [
        (200, [PUBLIC], "/en/", True),
        (200, [PUBLIC, ("Vary", "HX-Request, Accept-Language")], "/en/", True),
        (302, [PUBLIC, ("Vary", "Accept-Language")], "/", True),
        (302, [PUBLIC], "/en/incidents/in-abc/", False),
        (404, [PUBLIC], "/en/x/", False),
        (503, [("Cache-Control", "no-store")], "/en/", False),
        (200, [], "/en/", False),
        (200, [("Cache-Control", "no-store")], "/en/", False),
        (200, [("Cache-Control", "private, max-age=15")], "/en/", False),
        (200, [PUBLIC, ("Set-Cookie", "csrftoken=x")], "/en/", False),
        (200, [PUBLIC, ("Vary", "Cookie")], "/en/", False),
        (200, [PUBLIC, ("Vary", "*")], "/en/", False),
    ],
)
def test_only_what_is_the_same_for_everybody_is_kept(
    status: int, headers: list[tuple[str, str]], path: str, is_kept: bool
) -> None:
    assert may_be_kept(status, headers, path) is is_kept


@pytest.mark.parametrize(
    ("headers", "path", "said"),
    [
        ([("Vary", "HX-Request")], "/en/", "Accept-Encoding, HX-Request"),
        ([("Vary", "Accept-Language")], "/api/v2/summary.json", "Accept-Encoding"),
        ([("Vary", "Accept-Language")], "/", "Accept-Encoding, Accept-Language"),
        ([], "/en/feed.atom", "Accept-Encoding"),
    ],
)
def test_caches_are_told_by_what_an_answer_differs(
    headers: list[tuple[str, str]], path: str, said: str
) -> None:
    assert vary(headers, path) == said


@pytest.mark.parametrize(
    ("header", "etag", "is_known"),
    [
        ('"a"', '"a"', True),
        ('W/"a"', '"a"', True),
        ('"a"', 'W/"a"', True),
        ('"b", W/"a"', '"a"', True),
        ("*", '"a"', True),
        ('"b"', '"a"', False),
        ('"a-br"', '"a-gzip"', False),
        ("a", '"a"', False),
        ("", '"a"', False),
    ],
)
def test_who_has_the_answer_is_told_so(header: str, etag: str, is_known: bool) -> None:
    assert is_not_modified(header, etag) is is_known


def test_each_encoding_has_a_tag_of_its_own_and_a_views_tag_stays_as_strong_as_it_is() -> None:
    tags = [etag_of(own, "d", e) for own in ("", '"o"', 'W/"o"') for e in ("", "gzip", "br")]

    assert tags == [
        *('"d"', '"d-gzip"', '"d-br"'),
        *('"o"', '"o-gzip"', '"o-br"'),
        *('W/"o"', 'W/"o-gzip"', 'W/"o-br"'),
    ]


@given(st.text(alphabet="sessionid=; abc", max_size=60))
def test_no_spelling_of_a_cookie_header_hides_a_session(rest: str) -> None:
    assert has_cookie(f"{rest};sessionid=x", "sessionid")
