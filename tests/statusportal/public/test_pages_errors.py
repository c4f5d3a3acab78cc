"""What is not there, what breaks, and where `/` leads.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from statusportal.public import pages
from tests.statusportal.public.reading import get, links, parse, text_of

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    "path", ["services/nope/", "services/secret/", "services/internal-only/", "agencies/SEC/", "x/"]
)
def test_what_is_not_there_is_not_found_in_the_language_of_its_address(
    client: Client, path: str
) -> None:
    arabic, english = get(client, f"/ar/{path}"), get(client, f"/en/{path}")

    assert (arabic.status_code, english.status_code) == (404, 404)
    assert "الصفحة غير موجودة" in text_of(arabic)
    assert "Page not found" in text_of(english)
    assert english["Content-Language"] == "en"
    assert "/en/" in links(arabic)


@pytest.mark.usefixtures("well")
def test_an_address_without_a_language_is_not_found_in_both(client: Client) -> None:
    response = get(client, "/nope.php")

    assert response.status_code == 404
    assert "الصفحة غير موجودة" in text_of(response)
    assert "Page not found" in text_of(response)


@pytest.mark.parametrize(
    ("view", "status", "arabic", "english"),
    [
        (pages.server_error, 500, "حدث خطأ من جهتنا", "Something went wrong"),
        (pages.forbidden, 403, "لا يُسمح لك", "You may not open"),
    ],
)
def test_error_pages_need_nothing_that_may_be_broken(
    rf: RequestFactory,
    monkeypatch: pytest.MonkeyPatch,
    view: Any,
    status: int,
    arabic: str,
    english: str,
) -> None:
    def broken(*args: object, **kwargs: object) -> str:
        raise ValueError("no manifest")

    monkeypatch.setattr(pages, "static", broken)
    response = view(rf.get("/ar/"))

    assert response.status_code == status
    assert arabic in text_of(response)
    assert english in text_of(response)
    assert len(list(parse(response).iter("h1"))) == 1


@pytest.mark.parametrize(
    ("header", "where"),
    [
        ("", "/ar/"),
        ("en", "/en/"),
        ("en-GB,en;q=0.9", "/en/"),
        ("ar-BH", "/ar/"),
        ("fr,en;q=0.5,ar;q=0.4", "/en/"),
        ("fr,ar;q=0.5,en;q=0.4", "/ar/"),
        ("fr", "/ar/"),
        ("*", "/ar/"),
        ("en;q=0,ar", "/ar/"),
        ("en;q=0", "/ar/"),
        ("x" * 5000, "/ar/"),
        ("en;q=nonsense", "/ar/"),
    ],
)
def test_the_root_leads_to_the_readers_language(client: Client, header: str, where: str) -> None:
    response = get(client, "/", headers={"accept-language": header})

    assert (response.status_code, response["Location"]) == (302, where)
    assert response["Vary"] == "Accept-Language"
