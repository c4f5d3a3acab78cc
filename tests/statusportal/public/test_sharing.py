"""What stands in the head of a page for chats and search engines."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import msgspec
import pytest
from django.test import Client

from core.bilingual import Bilingual
from statusportal.public.store import store
from tests.statusportal.public.answered import HARMLESS, HOSTILE
from tests.statusportal.public.everything import everything
from tests.statusportal.public.reading import get, parse
from tests.statusportal.public.snapshots import AGENCIES, NOW, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
SITE = "https://status.gov.example"


def head(client: Client, path: str) -> Element:
    return next(parse(get(client, path)).iter("head"))


def properties(found: Element) -> dict[str, str]:
    return {
        one.get("property", ""): one.get("content", "")
        for one in found.iter("meta")
        if one.get("property")
    }


def data(found: Element) -> dict[str, Any]:
    (block,) = [one for one in found.iter("script") if one.get("type") == "application/ld+json"]
    read: dict[str, Any] = json.loads(block.text or "")
    return read


@pytest.mark.parametrize(
    ("path", "title", "said"),
    [
        ("", "Major outage: four services have problems.", "As of"),
        ("services/passport/", "Passport renewal", "Outage · You cannot use this service now."),
        ("agencies/MOI/", "Ministry of Interior", "3 services have problems · As of"),
        ("incidents/IN-DNT222/", "Visas are slow", "Identified · The cause of this problem"),
        ("maintenance/MW-XTND22/", "Planned work on \u2068Traffic fines\u2069", "Extended · "),
        ("services/", "Major outage: four services have problems.", "As of"),
    ],
)
def test_a_shared_link_says_what_the_page_says_and_as_of_when(
    path: str, title: str, said: str, client: Client
) -> None:
    store.hold(everything())
    found = properties(head(client, f"/en/{path}"))

    assert found["og:title"] == title
    assert said in found["og:description"]
    assert "\u206813:00 on Sunday 22 November 2026\u2069 (Bahrain Time)" in found["og:description"]
    assert found["og:url"] == f"{SITE}/en/{path}"
    pictured = "" if path == "services/" else path
    assert found["og:image"].startswith(f"{SITE}/en/{pictured}og.png?v=")


def test_the_picture_has_another_address_once_something_else_is_said(client: Client) -> None:
    addresses = []
    for built in (snapshot(), snapshot(is_demo=True)):
        store.hold(built)
        addresses.append(properties(head(client, "/ar/"))["og:image"])

    assert addresses[0] != addresses[1]


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_every_page_names_itself_its_twin_and_the_one_for_all_others(
    lang: str, client: Client, well: None
) -> None:
    found = head(client, f"/{lang}/services/fines/")
    links = {
        (one.get("rel"), one.get("hreflang")): one.get("href")
        for one in found.iter("link")
        if one.get("hreflang") or one.get("rel") == "canonical"
    }

    assert links == {
        ("canonical", None): f"{SITE}/{lang}/services/fines/",
        ("alternate", "ar"): f"{SITE}/ar/services/fines/",
        ("alternate", "en"): f"{SITE}/en/services/fines/",
        ("alternate", "x-default"): f"{SITE}/ar/services/fines/",
    }


def test_a_page_that_is_not_there_claims_nothing(client: Client, well: None) -> None:
    found = head(client, "/ar/services/no-such-service/")

    assert properties(found) == {}
    assert [one for one in found.iter("link") if one.get("rel") == "canonical"] == []


def test_a_service_is_described_in_the_words_of_schema_org(client: Client, well: None) -> None:
    assert data(head(client, "/ar/services/passport/")) == {
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "@id": f"{SITE}/#id-passport",
        "identifier": "id-passport",
        "name": "تجديد جواز السفر",
        "alternateName": "Passport renewal",
        "description": "تجديد جواز السفر لمدة خمس سنوات.",
        "url": f"{SITE}/ar/services/passport/",
        "category": "السفر والإقامة",
        "audience": [{"@type": "Audience", "audienceType": "المواطنون"}],
        "hoursAvailable": {
            "@type": "OpeningHoursSpecification",
            "description": "على مدار الساعة",
        },
        "provider": {
            "@type": "GovernmentOrganization",
            "name": "وزارة الداخلية",
            "telephone": "+973 1700 0001",
        },
        "availableChannel": [
            {
                "@type": "ServiceChannel",
                "name": "الموقع الإلكتروني",
                "serviceUrl": "https://services.gov.example/passport",
                "availableLanguage": ["ar", "en"],
            }
        ],
    }


def test_no_name_ends_the_block_or_the_attribute_that_it_stands_in(client: Client) -> None:
    hostile = "</script><!--<script>" + HOSTILE
    built = snapshot()
    services = tuple(
        msgspec.structs.replace(
            one, name=Bilingual(hostile, hostile), description=Bilingual(hostile, hostile)
        )
        for one in built.truth.services
    )
    agencies = tuple(
        msgspec.structs.replace(one, name=Bilingual(hostile, hostile), phone=hostile)
        for one in AGENCIES
    )
    truth = msgspec.structs.replace(built.truth, services=services, agencies=agencies)
    store.hold(msgspec.structs.replace(built, truth=truth, built_at=NOW))
    harmless = "</script><!--<script>" + HARMLESS
    # Not as strictly as elsewhere: the body shows names as they were typed.
    page = get(client, "/ar/services/passport/").content.decode()
    found = next(html5lib.parse(page, namespaceHTMLElements=False).iter("head"))

    assert data(found)["name"] == harmless
    assert data(found)["provider"]["telephone"] == harmless
    assert properties(found)["og:title"] == harmless
