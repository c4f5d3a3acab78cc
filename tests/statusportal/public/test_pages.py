"""Every page: from a snapshot held in memory, without database, session or Redis.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client

from statusportal.public.store import store
from tests.statusportal.public.reading import dead_links, get, links, parse, states, text_of
from tests.statusportal.public.snapshots import (
    ALL_WELL,
    BAD,
    NOW,
    UNSPOKEN,
    history,
    many,
    many_agencies,
    nation_behind_login,
    snapshot,
)

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
LANGUAGES = ["ar", "en"]
# What came of links that were followed, all upon one snapshot at one instant.
ANSWERED: dict[str, int] = {}
PAGES = [
    "",
    "services/",
    "services/passport/",
    "services/visa/",
    "services/court/",
    "agencies/MOI/",
]


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole(client: Client, language: str, path: str) -> None:
    response = get(client, f"/{language}/{path}")
    document = parse(response)
    html = document if document.tag == "html" else next(document.iter("html"))

    assert response.status_code == 200
    assert html.get("lang") == language
    assert html.get("dir") == {"ar": "rtl", "en": "ltr"}[language]
    assert html.get("data-as-of") == "2026-11-22T10:00:00+00:00"
    assert html.get("data-stale-after") == "200"
    assert len(list(document.iter("h1"))) == 1
    assert len(list(document.iter("main"))) == 1
    assert len([e for e in document.iter() if e.get("aria-live")]) == 1
    assert not [e for e in document.iter() if e.get("style") or e.tag == "style"]
    # Data for search engines is no script.
    scripts = [e for e in document.iter("script") if e.get("type") != "application/ld+json"]
    assert not [e for e in scripts if not e.get("src")]
    ids = [e.get("id") for e in document.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert "80000000" in text_of(response)


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("path", PAGES)
def test_every_page_prints_from_when_it_is_and_in_which_zone(client: Client, path: str) -> None:
    arabic = text_of(get(client, f"/ar/{path}"))
    english = text_of(get(client, f"/en/{path}"))

    assert "المعلومات حتى الساعة 13:00 يوم الأحد 22 نوفمبر 2026 (بتوقيت البحرين)" in arabic
    assert "As of 13:00 on Sunday 22 November 2026 (Bahrain Time)" in english


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(client: Client, language: str, path: str) -> None:
    assert dead_links(client, f"/{language}/{path}", ANSWERED) == []


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "path", [*PAGES, "services/?q=secret", "services/?q=sms", "services/none/"]
)
def test_nothing_that_is_not_public_is_named(client: Client, language: str, path: str) -> None:
    page = get(client, f"/{language}/{path}").content.decode()

    for unspoken in UNSPOKEN:
        assert unspoken not in page


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("path", [*PAGES, "services/?q=passport&agency=MOI"])
def test_both_languages_say_the_same(client: Client, path: str) -> None:
    arabic, english = get(client, f"/ar/{path}"), get(client, f"/en/{path}")

    assert states(arabic) == states(english)
    ours = [link for link in links(english) if link.startswith("/en/")]
    theirs = [link for link in links(arabic) if link.startswith("/ar/")]
    assert sorted(link.replace("/ar/", "/en/", 1) for link in theirs) == sorted(ours)
    signs = [re.findall(r'use href="#([\w-]+)"', r.content.decode()) for r in (arabic, english)]
    assert sorted(signs[0]) == sorted(signs[1])


@pytest.mark.usefixtures("troubled")
def test_a_page_names_its_twin_and_the_switch_keeps_the_question(client: Client) -> None:
    response = get(client, "/ar/services/?q=جواز&agency=MOI&utm=x")
    alternates = {
        e.get("hreflang"): e.get("href")
        for e in parse(response).iter("link")
        if e.get("rel") == "alternate" and e.get("hreflang")
    }
    switch = next(a for a in parse(response).iter("a") if a.get("hreflang"))

    question = "?q=%D8%AC%D9%88%D8%A7%D8%B2&agency=MOI"
    assert alternates == {
        "ar": f"https://status.gov.example/ar/services/{question}",
        "en": f"https://status.gov.example/en/services/{question}",
        "x-default": f"https://status.gov.example/ar/services/{question}",
    }
    assert switch.get("href") == f"/en/services/{question}"
    assert (switch.get("lang"), switch.get("dir"), switch.text) == ("en", "ltr", "English")
    for address in alternates.values():
        assert address is not None
        parts = urlsplit(address)
        assert get(client, f"{parts.path}?{parts.query}").status_code == 200


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("path", PAGES)
def test_pages_may_be_kept_by_anybody_and_know_nobody(client: Client, path: str) -> None:
    client.cookies["sessionid"] = "0123456789abcdef0123456789abcdef"
    response = get(client, f"/ar/{path}")

    assert response["Cache-Control"] == (
        "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert response["Content-Language"] == "ar"
    assert not response.cookies
    assert "cookie" not in response.get("Vary", "").lower()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_before_the_first_snapshot_every_page_says_so(
    client: Client, language: str, path: str
) -> None:
    response = get(client, f"/{language}/{path}")

    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    assert response["Cache-Control"] == "no-store"
    heading = {"ar": "لا توجد معلومات بعد", "en": "There is no information yet"}[language]
    assert heading in text_of(response)


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_pages_are_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/ar/").status_code == 405


@pytest.mark.usefixtures("well")
def test_home_when_all_is_well(client: Client) -> None:
    response = get(client, "/en/")
    page = text_of(response)

    assert "All services are working." in page
    assert "What is wrong now" not in page
    assert 'class="banner' not in response.content.decode()
    assert "Demo data" not in page


@pytest.mark.usefixtures("troubled")
def test_home_tells_the_cause_and_folds_what_it_explains(client: Client) -> None:
    response = get(client, "/en/")
    page = text_of(response)
    banner = next(e for e in parse(response).iter("section") if e.get("aria-label") == "Important")

    assert "Major outage: four services have problems." in page
    assert " ".join("".join(banner.itertext()).split()) == (
        "National login Outage 1 service is affected"
    )
    assert page.index("National login") < page.index("Major outage")
    assert "1 service is affected" in page
    assert "A shared government platform" in page
    assert states(response) == {
        "login": "outage",
        "passport": "outage",
        "visa": "degraded",
        "fines": "degraded",
    }
    assert "Demo data" in page


@pytest.mark.usefixtures("troubled")
def test_home_counts_in_arabic_by_its_six_forms(client: Client) -> None:
    page = text_of(get(client, "/ar/"))

    assert "انقطاع واسع: أربع خدمات بها مشكلات." in page
    assert "خدمة واحدة متأثرة" in page
    assert "منصة حكومية مشتركة" in page


def test_home_without_observations_claims_nothing(client: Client) -> None:
    store.hold(snapshot(ALL_WELL, observed_at=NOW - timedelta(hours=1)))
    response = get(client, "/en/")
    page = text_of(response)

    assert "There is no recent information about four services." in page
    assert "Our own checks are interrupted." in page
    assert "As of 12:00 on Sunday 22 November 2026" in page
    assert 'status status--operational"' not in response.content.decode()
    assert "working." not in page.replace("may well be working.", "")


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", [*PAGES, "services/?q=passport&agency=MOI"])
def test_a_renewal_is_the_same_page_without_what_never_changes(
    client: Client, language: str, path: str
) -> None:
    whole = get(client, f"/{language}/{path}")
    part = get(client, f"/{language}/{path}", headers={"HX-Request": "true"})

    assert "HX-Request" in whole["Vary"]
    assert part["Vary"] == whole["Vary"]
    assert part["Cache-Control"] == whole["Cache-Control"]
    assert not part.content.lstrip().startswith(b"<!doctype")
    assert b"<script" not in part.content
    # What is there is, to the byte, what the whole page has: a cache may keep it for everybody.
    assert part.content.strip() in whole.content
    regions = [e.get("id") for e in parse(whole).iter() if e.get("data-region") is not None]
    assert regions == ["banners", "main", "as-of"]
    for region in regions:
        assert f'id="{region}"' in part.content.decode()


def test_what_a_cause_affects_stands_by_agency(client: Client) -> None:
    store.hold(snapshot({"login": BAD}, more=many(3)), history())
    fold = next(parse(get(client, "/en/")).iter("details"))
    said = " ".join("".join(fold.itertext()).split())

    assert said == "1 service is affected Ministry of Interior Passport renewal Outage"


def test_home_stays_short_when_a_whole_nation_hangs_on_one_login(client: Client) -> None:
    store.hold(nation_behind_login(10_000))
    response = get(client, "/ar/")

    assert len(gzip.compress(response.content)) < 12_000
    assert len(states(response)) < 60
    assert "و9951 خدمةً أخرى" in text_of(response).replace(",", "")


def test_home_folds_agencies_beyond_a_screenful_troubled_ones_first(client: Client) -> None:
    store.hold(many_agencies(60, troubled=40))
    document = parse(get(client, "/en/"))
    groups = [
        [e.get("data-key") for e in section if e.get("data-key")]
        for section in document.iter("ul")
        if section.get("class") == "groups"
    ]

    assert len(groups[0]) == 24
    assert groups[0][0] == "A40"
    assert len(groups[1]) == 36
    assert set(groups[0]) | set(groups[1]) == {f"A{n:02}" for n in range(60)}
