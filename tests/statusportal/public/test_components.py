"""The component page: whole, in both languages, in the demo only."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from statusportal.public import bars, components
from statusportal.public.bars import DayKind
from tests.statusportal.public.reading import get, parse, text_of

pytestmark = pytest.mark.usefixtures("at_one_o_clock", "well")
WORDS = ["operational", "degraded", "partial", "outage", "maintenance", "unknown", "unmonitored"]


@pytest.fixture
def demo(settings: Any) -> None:
    settings.DEMO = True


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("language", ["ar", "en"])
def test_it_shows_every_state_of_every_component(client: Client, language: str) -> None:
    response = get(client, f"/{language}/_components/")
    document = parse(response)
    classes = {name for e in document.iter() for name in (e.get("class") or "").split()}
    ids = [e.get("id") for e in document.iter() if e.get("id")]

    assert response.status_code == 200
    assert {f"status--{word}" for word in WORDS} <= classes
    assert {f"banner--{word}" for word in WORDS[1:-1]} <= classes
    assert {f"bar--{kind}" for kind in DayKind} <= classes
    assert len(list(document.iter("h1"))) == 1
    assert len(ids) == len(set(ids))
    assert any(
        e.get("name") == "robots" and e.get("content") == "noindex" for e in document.iter("meta")
    )


@pytest.mark.usefixtures("demo")
def test_it_never_says_more_than_the_demo_and_needs_no_snapshot(client: Client) -> None:
    assert "Sample service" in text_of(get(client, "/en/_components/"))


@pytest.mark.parametrize("language", ["ar", "en"])
def test_outside_the_demo_there_is_no_such_page(
    client: Client, settings: Any, language: str
) -> None:
    settings.DEMO = False

    assert get(client, f"/{language}/_components/").status_code == 404


def test_its_days_have_every_kind_in_every_height() -> None:
    days = bars.bars(components.past().days)

    assert len(days) == 90
    assert {(day.kind, day.quarters) for day in days} == {(DayKind.UP, 0)} | {
        (kind, quarters) for kind in set(DayKind) - {DayKind.UP} for quarters in (1, 2, 3, 4)
    }


@pytest.mark.usefixtures("demo")
def test_no_public_page_shows_what_is_only_designed(client: Client) -> None:
    for path in ("/en/", "/en/services/", "/en/services/passport/", "/en/agencies/MOI/"):
        page = get(client, path).content.decode()
        assert "bulletin" not in page
        assert 'class="ahead' not in page
        assert "_components" not in page
