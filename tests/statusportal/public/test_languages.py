"""By what an answer differs: caches keep one for each of these."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.statusportal.public.reading import get

pytestmark = pytest.mark.usefixtures("at_one_o_clock", "well")


@pytest.mark.parametrize(
    ("path", "varies", "language"),
    [
        ("/api/v2/summary.json", None, "en"),
        ("/api/v2/summary.json?lang=ar", None, "ar"),
        ("/api/v2/nothing.json", None, "en"),
        ("/embed/banner.js", None, None),
        ("/embed/passport.json?lang=ar", None, "ar"),
        ("/embed/passport.html", None, "ar"),
        ("/embed/no-such-service.html", None, None),
        ("/badge/passport.svg?lang=en", None, "en"),
        ("/sitemap.xml", None, None),
        ("/robots.txt", None, None),
        ("/en/feed.atom", None, "en"),
        ("/ar/og.png", None, "ar"),
        ("/ar/calendar.ics", None, "ar"),
        ("/en/", "HX-Request", "en"),
        ("/", "Accept-Language", "ar"),
    ],
)
def test_an_answer_differs_by_nothing_that_its_address_says(
    path: str, varies: str | None, language: str | None, client: Client
) -> None:
    response = get(client, path, headers={"accept-language": "ar"})

    assert response.get("Vary") == varies
    assert response.get("Content-Language") == language


@pytest.mark.parametrize("path", ["/api/v2/", "/api/v2/x/y/z", "/api/v2/summary.json/"])
def test_below_the_api_there_are_no_pages(path: str, client: Client) -> None:
    response = get(client, path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/summary.json",
        "/embed/passport.json",
        "/embed/passport.html",
        "/badge/passport.svg",
        "/embed/banner.js",
        "/en/feed.atom",
        "/sitemap.xml",
        "/en/og.png",
    ],
)
def test_head_is_get_without_the_body_and_a_tag_that_still_holds_is_304(
    path: str, client: Client
) -> None:
    whole, head = get(client, path), client.head(path)
    again = get(client, path, headers={"if-none-match": whole["ETag"]})

    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == whole["ETag"]
    assert again["Cache-Control"] == whole["Cache-Control"]
