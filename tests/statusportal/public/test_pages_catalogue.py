"""The catalogue.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

import pytest
from django.test import Client

from statusportal.public import search
from statusportal.public.store import store
from statusportal.public.store_parts import Published
from tests.statusportal.public.reading import get, links, parse, states, text_of
from tests.statusportal.public.snapshots import (
    ALL_WELL,
    BAD,
    PUBLIC_SLUGS,
    history,
    many,
    snapshot,
)

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
LANGUAGES = ["ar", "en"]


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_every_public_service_with_its_state(
    client: Client, language: str
) -> None:
    assert states(get(client, f"/{language}/services/")) == {
        "login": "outage",
        "passport": "outage",
        "visa": "degraded",
        "fines": "degraded",
        "court": "unmonitored",
    }


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("q=تَجديد جوازالسفر", ["passport"]),
        ("q=نفاذ", ["login"]),
        ("q=pasport", ["passport"]),
        ("agency=NDS", ["login"]),
        ("category=travel", ["passport", "visa"]),
        ("status=problem", ["login", "passport", "fines", "visa"]),
        ("status=major_outage", ["login", "passport"]),
        ("status=degraded", ["fines", "visa"]),
        ("status=not_monitored", ["court"]),
        ("status=operational", []),
        ("category=travel&status=degraded", ["visa"]),
        ("audience=citizen", ["passport"]),
        ("audience=visitor", []),
        ("channel=web", ["login", "passport", "visa", "fines", "court"]),
        ("channel=app", []),
        ("audience=citizen&channel=web&status=problem&category=travel&agency=MOI", ["passport"]),
        ("q=jawaz", ["passport"]),
        ("q=باسبورت", ["passport"]),
        ("q=visa&agency=NDS", []),
    ],
)
def test_the_catalogue_is_searched_and_filtered(
    client: Client, query: str, slugs: list[str]
) -> None:
    assert sorted(states(get(client, f"/en/services/?{query}"))) == sorted(slugs)


@pytest.mark.usefixtures("well")
def test_the_catalogue_is_in_the_order_of_its_readers_alphabet(client: Client) -> None:
    assert list(states(get(client, "/en/services/"))) == [
        "court", "login", "passport", "fines", "visa",
    ]  # fmt: skip
    assert list(states(get(client, "/ar/services/"))) == [
        "visa", "passport", "court", "login", "fines",
    ]  # fmt: skip


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("agency=NOPE", "There is no such agency here"),
        ("agency=SEC", "There is no such agency here"),
        ("category=nope", "There is no such category"),
        ("status=on-fire", "There is no such state"),
        ("audience=fish", "There is no such group of people"),
        ("channel=pigeon", "There is no such way to use a service"),
        ("page=0", "There is no such page"),
        ("page=-1", "There is no such page"),
        ("page=x", "There is no such page"),
        ("page=²", "There is no such page"),
        ("page=9999999999999999999999", "There is no such page"),
        ("page=2", "There are not so many pages"),
        ("page=٢", "There are not so many pages"),
    ],
)
def test_what_the_catalogue_does_not_know_it_says(client: Client, query: str, said: str) -> None:
    response = get(client, f"/en/services/?{query}")

    assert response.status_code == 200
    assert said in text_of(response)
    assert set(states(response)) == PUBLIC_SLUGS


@pytest.mark.usefixtures("well")
def test_nothing_found_keeps_what_was_typed(client: Client) -> None:
    response = get(client, "/ar/services/?q=<b>لا شيء</b>&status=degraded")
    typed = next(e for e in parse(response).iter("input") if e.get("name") == "q")
    chosen = [e.get("value") for e in parse(response).iter("option") if e.get("selected") == ""]

    assert "لم يُعثر على أي خدمة" in text_of(response)
    assert typed.get("value") == "<b>لا شيء</b>"
    assert "degraded" in chosen


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    "typed", ["%00", "%E2%80%AEabc", "a" * 5000, "%ED%A0%80", "%0a%0d", "'\"<>"]
)
def test_whatever_is_typed_the_catalogue_answers(client: Client, typed: str) -> None:
    response = get(client, f"/ar/services/?q={typed}")

    assert response.status_code == 200
    parse(response)
    assert "\u202e" not in response.content.decode()


def test_a_long_catalogue_is_paged_by_fifty(client: Client) -> None:
    store.hold(snapshot(ALL_WELL, more=many(100)))
    first = get(client, "/en/services/?agency=MOI")
    last = get(client, "/en/services/?agency=MOI&page=3")

    assert "104 services found" in text_of(first)
    assert "Page 1 of 3" in text_of(first)
    assert len(states(first)) == 50
    assert "/en/services/?agency=MOI&page=2" in links(first)
    assert len(states(last)) == 4
    assert "/en/services/?agency=MOI&page=2" in links(last)
    assert "/en/services/?agency=MOI&page=4" not in links(last)


@pytest.mark.usefixtures("troubled")
def test_each_choice_can_be_taken_away_by_itself(client: Client) -> None:
    response = get(client, "/en/services/?q=passport&agency=MOI&status=problem&audience=citizen")
    chips = {
        " ".join("".join(a.itertext()).split()): a.get("href")
        for a in parse(response).iter("a")
        if a.get("class") == "chip"
    }

    assert chips == {
        "Ministry of Interior Take this choice away": (
            "/en/services/?q=passport&status=problem&audience=citizen"
        ),
        "With problems Take this choice away": (
            "/en/services/?q=passport&agency=MOI&audience=citizen"
        ),
        "Citizens Take this choice away": "/en/services/?q=passport&agency=MOI&status=problem",
    }


def test_a_page_of_the_catalogue_names_its_neighbours(client: Client) -> None:
    store.hold(snapshot(ALL_WELL, more=many(100)))
    response = get(client, "/en/services/?agency=MOI&page=2")
    named = {
        (e.tag, e.get("rel")): e.get("href")
        for e in parse(response).iter()
        if e.get("rel") in {"prev", "next"}
    }

    assert named == {
        ("link", "prev"): "/en/services/?agency=MOI",
        ("link", "next"): "/en/services/?agency=MOI&page=3",
        ("a", "prev"): "/en/services/?agency=MOI",
        ("a", "next"): "/en/services/?agency=MOI&page=3",
    }


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("نفاذ", "National login National Digital Services Authority Also known as نفاذ"),
        ("جواز", "Passport renewal Ministry of Interior Also known as تجديد جواز السفر"),
        ("passport", "Passport renewal Ministry of Interior Affected by"),
    ],
)
def test_a_result_says_by_which_name_it_was_found(client: Client, query: str, said: str) -> None:
    assert said in text_of(get(client, f"/en/services/?q={query}"))


def test_a_new_service_is_listed_before_the_index_knows_it(client: Client) -> None:
    store.hold(snapshot(ALL_WELL))
    held = snapshot(ALL_WELL, more=many(1))
    # As in the moment in which the thread has the new version, and is still at its index.
    store._found = Published(held, history(), "held")

    assert "more-0" in states(get(client, "/en/services/"))
    assert states(get(client, "/en/services/?q=numbered")) == {}


def test_no_reader_waits_for_the_index(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    store.hold(snapshot(ALL_WELL, more=many(2)))

    def build(*_: object) -> None:
        raise AssertionError("An index was built while somebody waited.")

    monkeypatch.setattr(search, "Index", build)

    assert "more-1" in states(get(client, "/en/services/?q=numbered 0001"))
    # A state that changes brings a new version and the same names.
    store.hold(snapshot(ALL_WELL | {"fines": BAD}, more=many(2)))
    assert states(get(client, "/en/services/?q=fines")) == {"fines": "outage"}
