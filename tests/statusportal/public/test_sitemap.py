"""The sitemap: every public page, each with its twin, and nothing that is not public."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import msgspec
import pytest
from django.test import Client

from statusportal.public import sitemap
from statusportal.public.shape import ServiceFact, version_of
from statusportal.public.store import store
from tests.statusportal.public.everything import everything
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import NOW, UNSPOKEN

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
SITE = "https://status.gov.example"
NS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def addresses(client: Client, path: str = "/sitemap.xml") -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(get(client, path).content)
    return {one.findtext("s:loc", "", NS): one for one in root.findall("s:url", NS)}


def test_every_page_of_it_is_there_in_both_languages(client: Client) -> None:
    store.hold(everything())
    found = addresses(client)

    for address in found:
        path = address.removeprefix(SITE)
        assert client.get(path).status_code == 200, path
    assert {f"{SITE}/{lang}/services/passport/" for lang in ("ar", "en")} <= set(found)
    assert {f"{SITE}/{lang}/maintenance/MW-XTND22/" for lang in ("ar", "en")} <= set(found)
    assert {f"{SITE}/{lang}/incidents/IN-DNT222/" for lang in ("ar", "en")} <= set(found)


def test_an_address_stands_with_its_twin_and_its_last_change(client: Client) -> None:
    store.hold(everything())
    one = addresses(client)[f"{SITE}/en/services/passport/"]

    assert {link.get("hreflang"): link.get("href") for link in one.findall("x:link", NS)} == {
        "ar": f"{SITE}/ar/services/passport/",
        "en": f"{SITE}/en/services/passport/",
        "x-default": f"{SITE}/ar/services/passport/",
    }
    assert one.findtext("s:lastmod", "", NS).endswith("Z")


def test_nothing_that_is_not_public_is_named(client: Client) -> None:
    store.hold(everything())
    text = get(client, "/sitemap.xml").content.decode()

    assert [name for name in (*UNSPOKEN, "secret", "/SEC/") if name in text] == []


def test_more_than_a_file_may_hold_is_in_several_under_an_index(
    client: Client, well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(addresses(client))
    monkeypatch.setattr(sitemap, "MOST", 10)
    root = ElementTree.fromstring(get(client, "/sitemap.xml").content)
    files = [one.text or "" for one in root.iterfind("s:sitemap/s:loc", NS)]
    parts = [list(addresses(client, file.removeprefix(SITE))) for file in files]

    assert files[0] == f"{SITE}/sitemap-1.xml"
    assert [len(part) for part in parts] == [10, 10, 4]
    assert [address for part in parts for address in part] == whole
    assert client.get("/sitemap-4.xml").status_code == 404
    assert client.get("/sitemap-0.xml").status_code == 404


def test_where_one_file_holds_all_there_are_no_others(client: Client, well: None) -> None:
    assert client.get("/sitemap-1.xml").status_code == 404


def test_whoever_has_it_hears_that_nothing_changed(client: Client, well: None) -> None:
    tag = get(client, "/sitemap.xml")["ETag"]

    assert get(client, "/sitemap.xml", headers={"if-none-match": tag}).status_code == 304


def test_robots_are_told_where_it_is(client: Client) -> None:
    assert f"Sitemap: {SITE}/sitemap.xml" in get(client, "/robots.txt").content.decode()


def test_a_change_waits_for_some_minutes_and_another_page_for_nothing(client: Client) -> None:
    snapshot = everything()
    services = snapshot.truth.services

    def told(*facts: ServiceFact) -> dict[str, ElementTree.Element]:
        truth = msgspec.structs.replace(snapshot.truth, services=facts)
        store.hold(msgspec.structs.replace(snapshot, truth=truth, version=version_of(truth)))
        return addresses(client)

    def last_change(found: dict[str, ElementTree.Element]) -> str:
        return found[f"{SITE}/en/services/passport/"].findtext("s:lastmod", "", NS)

    (passport,) = (one for one in services if one.slug == "passport")
    others = [one for one in services if one is not passport]
    later = msgspec.structs.replace(passport, created_at=NOW + timedelta(minutes=1))
    first = told(*others, passport)

    assert last_change(told(*others, later)) == last_change(first)
    assert f"{SITE}/en/services/passport/" not in told(*others)
    assert last_change(told(*others, later)) > last_change(first)
