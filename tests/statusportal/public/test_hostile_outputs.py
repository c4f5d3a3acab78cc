"""Whatever was typed, wherever: every output for programs still parses, and still looks right.

Every text that people type is replaced, in every fact that the snapshot has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import feedparser
import html5lib
import icalendar
import jsonschema
import msgspec
import pytest
from django.test import Client

from core.arabic import without_bidi_controls
from core.bilingual import Bilingual
from statusportal.public import og_picture
from statusportal.public.api_shape import DOCUMENTS
from statusportal.public.shape import ChannelFact, Snapshot, UpdateFact, version_of
from statusportal.public.store import store
from tests.statusportal.public.answered import HOSTILE, UNREADABLE, document
from tests.statusportal.public.everything import everything
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import history
from tests.statusportal.public.test_api_shape import SCHEMA

pytestmark = pytest.mark.usefixtures("at_one_o_clock", "hostile")
# Not typed by people, or held to a pattern before they are kept; markup is made by core.markup.
_KEPT = frozenset({"html"})
_TYPED = frozenset({"phone", "aliases_ar", "aliases_en"})
_OURS = frozenset({"div", "p", "a", "ul", "li", "br", "strong"})
# Too short to be cut anywhere: the first part of it, with every kind of sign.
_SHORT = HOSTILE[:40]


def poisoned(value: Any, name: str = "") -> Any:
    """`value` with HOSTILE in the place of every text that somebody typed."""
    if isinstance(value, Bilingual):
        return Bilingual(HOSTILE, HOSTILE) if value and name not in _KEPT else value
    if isinstance(value, ChannelFact):
        value = msgspec.structs.replace(value, phone=_SHORT)
    if isinstance(value, UpdateFact):
        # Published texts have lost their marks of direction (incidents.checking.tidied).
        clean = without_bidi_controls(HOSTILE)
        return msgspec.structs.replace(value, text=Bilingual(clean, clean))
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(
            value,
            **{field: poisoned(getattr(value, field), field) for field in value.__struct_fields__},
        )
    if isinstance(value, tuple):
        return tuple(poisoned(one, name) for one in value)
    return _SHORT if name in _TYPED and value else value


@pytest.fixture(scope="module")
def nation() -> Snapshot:
    built = everything()
    truth = poisoned(built.truth)
    return Snapshot(truth, built.built_at, built.observed, version_of(truth))


@pytest.fixture
def hostile(nation: Snapshot) -> Iterator[None]:
    store.hold(nation, history())
    yield
    store.forget()


def readable(text: str) -> bool:
    """Whether nothing in it hides, breaks or turns what stands around it."""
    return not UNREADABLE & set(text)


def strings(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for key, value in found.items():
            yield key
            yield from strings(value)
    elif isinstance(found, list):
        for value in found:
            yield from strings(value)


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_the_api_keeps_its_schema(lang: str, client: Client) -> None:
    for path in DOCUMENTS:
        found = document(client, path, f"?lang={lang}")
        schema = SCHEMA["documents"][path] | {"$defs": SCHEMA["$defs"]}
        assert list(jsonschema.Draft202012Validator(schema).iter_errors(found)) == []
        assert all(map(readable, strings(found))), path


@pytest.mark.parametrize("path", ["feed.atom", "feed-2026-10.atom", "services/passport/feed.atom"])
def test_feeds_are_read_without_a_complaint(path: str, client: Client) -> None:
    for lang in ("ar", "en"):
        found = feedparser.parse(get(client, f"/{lang}/{path}").content)
        assert not found.bozo, found.get("bozo_exception")
        for entry in found.entries:
            assert readable(entry.title)
            (whole,) = html5lib.parseFragment(entry.content[0].value, namespaceHTMLElements=False)
            assert whole.get("dir") == {"ar": "rtl", "en": "ltr"}[lang]
            assert {one.tag for one in whole.iter()} <= {
                "div",
                "p",
                "a",
                "ul",
                "li",
                "br",
                "strong",
            }


@pytest.mark.parametrize("path", ["calendar.ics", "agencies/MOI/calendar.ics"])
def test_calendars_are_read(path: str, client: Client) -> None:
    for lang in ("ar", "en"):
        found = icalendar.Calendar.from_ical(get(client, f"/{lang}/{path}").content)
        assert found.walk("VEVENT")
        assert all(readable(str(event["SUMMARY"])) for event in found.walk("VEVENT"))


def test_what_other_sites_show_stays_text(client: Client) -> None:
    for lang in ("ar", "en"):
        found = json.loads(get(client, f"/embed/passport.json?lang={lang}").content)
        assert found["notices"]
        assert all(map(readable, strings(found)))
        part = get(client, f"/embed/passport.html?lang={lang}").content.decode()
        whole = html5lib.parseFragment(part, namespaceHTMLElements=False)
        assert not {"b", "script", "style", "img"} & {one.tag for one in whole.iter()}
        assert readable("".join(whole.itertext()))
        for kind in ("status", "uptime"):
            badge = get(client, f"/badge/passport.svg?lang={lang}&kind={kind}").content
            assert readable("".join(ElementTree.fromstring(badge).itertext()))


def test_pictures_are_drawn_and_stay_small(client: Client) -> None:
    for path in ("services/passport/", "incidents/IN-LGN222/", "maintenance/MW-RUN222/"):
        response = get(client, f"/ar/{path}og.png")
        assert response.content.startswith(b"\x89PNG")
        assert len(response.content) <= og_picture.LARGEST


def test_the_sitemap_and_what_search_engines_read_parse(client: Client) -> None:
    assert len(ElementTree.fromstring(get(client, "/sitemap.xml").content)) > 20
    page = get(client, "/ar/services/passport/").content.decode()
    found = html5lib.parse(page, namespaceHTMLElements=False)
    (block,) = [one for one in found.iter("script") if one.get("type") == "application/ld+json"]
    assert all(map(readable, strings(json.loads(block.text or ""))))
    for meta in found.iter("meta"):
        if (meta.get("property") or "").startswith("og:"):
            assert readable(meta.get("content", ""))
