"""The demo nation is the one of the table: so many of each, these edges, every word twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from core.bilingual import Bilingual
from services.labels import ChannelKind, Network, Visibility
from services.status.cascade import EdgeKind
from statusportal.demo import nation
from statusportal.demo.nation import Service, Speech

ARABIC = re.compile(r"[\u0621-\u064a]")
LATIN = re.compile(r"[A-Za-z]")


def texts() -> dict[str, Bilingual]:
    """Every text of the catalogue by the place where it stands."""
    found = {f"agency {one.code}": one.name for one in nation.agencies()}
    for agency in nation.agencies():
        found[f"contact hours {agency.code}"] = agency.contact_hours
        found[f"counter hours {agency.code}"] = agency.counter_hours
        found[f"service hours {agency.code}"] = agency.service_hours
    found |= {f"category {one.slug}": one.name for one in nation.categories()}
    for service in nation.services():
        found[f"name {service.slug}"] = service.name
        found[f"description {service.slug}"] = service.description
        found[f"meanwhile {service.slug}"] = service.meanwhile
        for need in service.needs:
            if need.kind is EdgeKind.ALTERNATIVE:
                found[f"alternative {service.slug} {need.upstream}"] = need.alternative
    return found


def dependants(upstream: str, kind: EdgeKind, among: tuple[Service, ...]) -> list[str]:
    return [
        service.slug
        for service in among
        for need in service.needs
        if need.upstream == upstream and need.kind is kind
    ]


def test_it_has_the_numbers_of_the_table():
    assert len(nation.agencies()) == 16
    assert len(nation.categories()) == 12
    assert len(nation.shared_services()) == 16
    assert len(nation.e_services()) == 40
    assert len({service.slug for service in nation.services()}) == 56


def test_52_services_are_public_and_4_are_for_agencies():
    seen = Counter(service.visibility for service in nation.services())
    assert seen == {Visibility.PUBLIC: 52, Visibility.AGENCIES: 4}
    closed = [s.slug for s in nation.services() if s.visibility is Visibility.AGENCIES]
    assert sorted(closed) == ["cor", "gdc", "gdn", "tel"]


def test_the_e_services_stand_in_the_order_of_their_numbers():
    assert [service.position for service in nation.e_services()] == list(range(1, 41))


@pytest.mark.parametrize(
    ("upstream", "hard", "soft"),
    [
        ("idn", 33, 3),
        ("gdx", 23, 3),
        ("pay", 22, 1),
        ("sms", 0, 15),
        ("adr", 5, 1),
        ("sgn", 4, 3),
        ("bnk", 2, 0),
        ("gdn", 1, 0),
        ("gdc", 1, 1),
        ("cor", 0, 3),
        ("ntf", 0, 2),
    ],
)
def test_so_many_of_the_forty_need_it(upstream: str, hard: int, soft: int):
    forty = nation.e_services()
    assert len(dependants(upstream, EdgeKind.HARD, forty)) == hard
    assert len(dependants(upstream, EdgeKind.SOFT, forty)) == soft


def test_four_of_the_forty_do_without_the_national_login():
    needing = {
        service.slug
        for service in nation.e_services()
        if any(need.upstream == "idn" for need in service.needs)
    }
    assert {s.slug for s in nation.e_services()} - needing == {
        "death-reg",
        "evisa",
        "acc-report",
        "util-bill",
    }


def test_the_other_ways_are_named():
    named = {
        (service.slug, need.upstream): need.alternative.en
        for service in nation.services()
        for need in service.needs
        if need.kind is EdgeKind.ALTERNATIVE
    }
    assert named == {
        ("idn", "sms"): "Approve the sign-in in the app instead of the code by text message",
        ("gdn", "tel"): "The line of the second carrier",
        ("ksk", "idn"): "The ID card reader of the kiosk",
    }


def test_every_need_is_a_shared_service_and_there_is_no_circle():
    shared = {service.slug: service for service in nation.shared_services()}
    for service in nation.services():
        assert {need.upstream for need in service.needs} <= shared.keys()
    unmet = {slug: {need.upstream for need in one.needs} for slug, one in shared.items()}
    while unmet:
        free = [slug for slug, upstreams in unmet.items() if not upstreams & unmet.keys()]
        assert free, f"a circle among {sorted(unmet)}"
        for slug in free:
            del unmet[slug]


@pytest.mark.parametrize("where", sorted(texts()))
def test_every_text_is_there_in_both_languages(where: str):
    text = texts()[where]
    assert ARABIC.search(text.ar)
    assert not LATIN.search(text.ar)
    assert LATIN.search(text.en)
    assert not ARABIC.search(text.en)


def test_every_service_has_other_names_in_both_languages():
    for service in nation.services():
        assert 1 <= len(service.aliases_ar) <= 4, service.slug
        assert 1 <= len(service.aliases_en) <= 4, service.slug
        assert all(ARABIC.search(name) and not LATIN.search(name) for name in service.aliases_ar)
        assert all(LATIN.search(name) and not ARABIC.search(name) for name in service.aliases_en)


def test_two_names_under_which_people_know_the_national_login():
    login = nation.service("idn")
    assert login is not None
    assert "نفاذ" in login.aliases_ar
    assert "Nafath" in login.aliases_en


def test_no_address_leads_to_a_real_place():
    files = Path(nation.__file__).with_name("data").glob("*.json")
    written = "".join(file.read_text(encoding="utf-8") for file in files)
    urls = [channel.url for service in nation.services() for channel in service.channels]
    urls += [agency.url for agency in nation.agencies()]
    assert "://" not in written
    for url in filter(None, urls):
        assert re.fullmatch(r"https://[a-z]+\.gov\.example/[a-z-]*", url)


def test_web_app_and_kiosk_are_monitored_contact_and_counter_are_not():
    for service in nation.services():
        for channel in service.channels:
            essential = [one for one in channel.endpoints if one.is_essential]
            if channel.kind in {ChannelKind.CONTACT, ChannelKind.COUNTER}:
                # The national contact centre's own exchange tells how it is.
                assert len(essential) == (1 if service.slug == "gcc" else 0)
                assert channel.hours
                assert channel.phone
            else:
                assert len(essential) == 1, (service.slug, channel.kind)


def test_its_endpoints_speak_in_every_way_that_a_check_can_hear():
    endpoints = nation.endpoints()
    spoken = Counter(endpoint.speech for endpoint in endpoints)
    assert len(endpoints) == 108
    assert len({endpoint.key for endpoint in endpoints}) == 108
    assert spoken == {
        Speech.PAGE: 47,
        Speech.STATE: 46,
        Speech.PLAIN: 10,
        Speech.GREETING: 3,
        Speech.KEYED_STATE: 1,
        Speech.BEAT: 1,
    }
    assert sum(endpoint.tls for endpoint in endpoints) == 42
    assert [e.slug for e in endpoints if e.charset == "windows-1256"] == ["cert-equiv", "tm-reg"]
    assert [e.slug for e in endpoints if e.speech is Speech.GREETING] == ["sms", "gdn", "tel"]


def test_what_runs_inside_the_government_is_looked_at_from_inside():
    inside = {one.slug for one in nation.endpoints() if one.network is Network.GOVERNMENT}
    assert inside == {"gdn", "gdc", "cor", "gdx"}


def test_each_network_has_two_references_that_are_nobodys_service():
    networks = Counter(one.network for one in nation.references())
    assert networks == {Network.INTERNET: 2, Network.GOVERNMENT: 2}
    assert not {one.slug for one in nation.references()} & {one.slug for one in nation.services()}
    # Their names are orders of their own.
    assert nation.service("internet") is None
    assert nation.service("government") is None


def test_the_data_files_are_short_enough_to_read():
    for file in Path(nation.__file__).with_name("data").glob("*.json"):
        json.loads(file.read_text(encoding="utf-8"))
        assert len(file.read_text(encoding="utf-8").splitlines()) < 500
