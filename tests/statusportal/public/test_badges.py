"""Badges: small pictures of one service, read as programs and as people read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
import time_machine
from django.test import Client

from core.bilingual import Bilingual
from services.status.health import Health
from statusportal.public import badges
from statusportal.public.shape import version_of
from statusportal.public.store import store
from tests.statusportal.public.answered import HOSTILE, UNREADABLE
from tests.statusportal.public.planned import RUNNING, with_windows
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import ALL_WELL, BAD, NOW, SLOW, history, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
SVG = "{http://www.w3.org/2000/svg}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def drawn(client: Client, slug: str, query: str = "?lang=en") -> ET.Element:
    response = get(client, f"/badge/{slug}.svg{query}")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml; charset=utf-8"
    return ET.fromstring(response.content)


def texts(picture: ET.Element) -> list[str]:
    return ["".join(one.itertext()) for one in picture.iter(f"{SVG}text")]


def colours(picture: ET.Element) -> list[str]:
    return [one.get("fill", "") for one in picture.iter(f"{SVG}rect")]


def title(picture: ET.Element) -> str:
    return "".join(one for one in picture.findtext(f"{SVG}title", "") if one not in "\u2068\u2069")


@pytest.mark.parametrize(
    ("measured", "slug", "word", "arabic", "colour"),
    [
        (ALL_WELL, "fines", "Operational", "متاحة", "#067647"),
        ({"fines": SLOW}, "fines", "Degraded", "بطء أو تقطّع", "#b54708"),
        ({"fines": BAD}, "fines", "Outage", "متوقفة", "#b42318"),
        ({"login": BAD}, "passport", "Outage", "متوقفة", "#b42318"),
        (ALL_WELL, "court", "Not monitored", "غير مراقبة", "#4b5563"),
    ],
)
def test_the_state_is_said_in_a_word_a_sign_and_a_colour(
    client: Client, measured: Any, slug: str, word: str, arabic: str, colour: str
) -> None:
    store.hold(snapshot(measured))

    assert (texts(drawn(client, slug))[1], colours(drawn(client, slug))[1]) == (word, colour)
    assert texts(drawn(client, slug, "?lang=ar"))[1] == arabic
    assert len(list(drawn(client, slug).iter(f"{SVG}path"))) == 1


def test_planned_work_is_said(client: Client) -> None:
    store.hold(with_windows(RUNNING))

    assert texts(drawn(client, "passport"))[1] == "Under planned maintenance"


def test_each_state_has_a_sign_and_a_colour_of_its_own_on_which_white_can_be_read() -> None:
    states = {*Health, None}
    assert set(badges.COLOURS) == set(badges.SIGNS) == states
    assert len(set(badges.COLOURS.values())) == len(set(badges.SIGNS.values())) == len(states)
    for colour in (*badges.COLOURS.values(), badges.LABEL_COLOUR, badges.UPTIME_COLOUR):
        assert contrast_with_white(colour) >= 4.5, colour


def contrast_with_white(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize(("seconds", "word"), [(0, "Operational"), (205, "No recent information")])
def test_silence_is_never_green(client: Client, seconds: int, word: str) -> None:
    store.hold(snapshot())
    with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
        picture = drawn(client, "fines")

    assert texts(picture)[1] == word
    assert ("#067647" in colours(picture)) == (seconds == 0)


def test_no_cache_may_show_a_state_that_we_no_longer_vouch_for(client: Client) -> None:
    store.hold(snapshot(), history())

    state = get(client, "/badge/passport.svg")
    assert state["Cache-Control"] == "public, max-age=15, must-revalidate"
    assert state["Cross-Origin-Resource-Policy"] == "cross-origin"
    share = get(client, "/badge/passport.svg?kind=uptime")
    assert share["Cache-Control"] == "public, max-age=15, stale-if-error=86400"
    assert share["ETag"] != state["ETag"]
    again = get(client, "/badge/passport.svg", headers={"If-None-Match": state["ETag"]})
    assert (again.status_code, again["Cache-Control"]) == (304, state["Cache-Control"])


def test_the_share_of_the_days_is_said_in_both_languages(client: Client) -> None:
    store.hold(snapshot(), history())

    english = drawn(client, "passport", "?lang=en&kind=uptime")
    arabic = drawn(client, "passport", "?lang=ar&kind=uptime")
    assert texts(english) == ["Passport renewal", "\u206899.93%\u2069 in 90 days"]
    assert texts(arabic) == ["تجديد جواز السفر", "\u206899.93%\u2069 في 90 يومًا"]
    assert title(english) == (
        "Passport renewal: Available 99.93% of the time in the last 90 days."
        " · As of 13:00 on Sunday 22 November 2026 (Bahrain Time)"
    )
    assert list(english.iter(f"{SVG}path")) == []


def test_without_known_days_no_share_is_claimed(client: Client) -> None:
    store.hold(snapshot(), history())
    picture = drawn(client, "fines", "?lang=en&kind=uptime")

    assert texts(picture)[1] == "no data yet"
    assert colours(picture)[1] == badges.COLOURS[Health.UNKNOWN]


@pytest.mark.parametrize("query", ["", "?lang=ar", "?lang=fr", "?kind=nothing"])
def test_arabic_stands_on_the_right_and_comes_when_in_doubt(client: Client, query: str) -> None:
    store.hold(snapshot())
    picture = drawn(client, "fines", query)
    name, word = picture.iter(f"{SVG}text")

    assert (picture.get(LANG), name.get("direction"), word.get("direction")) == ("ar", "rtl", "rtl")
    assert float(name.get("x", "")) > float(word.get("x", ""))
    label, message = picture.iter(f"{SVG}rect")
    assert (label.get("x"), message.get("x")) == (message.get("width"), "0")


def test_english_stands_on_the_left(client: Client) -> None:
    store.hold(snapshot())
    picture = drawn(client, "fines")
    name, word = picture.iter(f"{SVG}text")

    assert float(name.get("x", "")) < float(word.get("x", ""))
    assert picture.get("role") == "img"
    assert picture.get("height") == "20"
    assert (picture.get("aria-label") or "").replace("\u2068", "").replace("\u2069", "") == title(
        picture
    )
    assert title(picture) == (
        "Traffic fines: Operational · As of 13:00 on Sunday 22 November 2026 (Bahrain Time)"
    )


@pytest.mark.parametrize("language", ["ar", "en"])
def test_hostile_names_are_cut_and_harmless(client: Client, language: str) -> None:
    built = snapshot()
    services = tuple(
        msgspec.structs.replace(one, name=Bilingual(HOSTILE, HOSTILE))
        for one in built.truth.services
    )
    truth = msgspec.structs.replace(built.truth, services=services)
    store.hold(msgspec.structs.replace(built, truth=truth, version=version_of(truth)))
    picture = drawn(client, "fines", f"?lang={language}")

    assert texts(picture)[0].startswith("<b>&\"' ]]>نن")
    assert len(texts(picture)[0]) == 36
    assert int(picture.get("width", "")) < 600
    assert not UNREADABLE & set("".join(picture.itertext()))


def test_a_name_is_not_cut_between_a_letter_and_its_marks() -> None:
    name = "ن" * 34 + "ن\u064e\u0651" + "ن" * 9

    assert badges.shortened(Bilingual(name, name)) == "ن" * 34 + "…"
    assert badges.shortened(Bilingual("ن" * 36, "")) == "ن" * 36


def test_a_name_in_the_other_language_keeps_its_direction(client: Client) -> None:
    built = snapshot()
    services = tuple(
        msgspec.structs.replace(one, name=Bilingual("", "Only English"))
        for one in built.truth.services
    )
    truth = msgspec.structs.replace(built.truth, services=services)
    store.hold(msgspec.structs.replace(built, truth=truth, version=version_of(truth)))
    name, word = drawn(client, "fines", "?lang=ar").iter(f"{SVG}text")

    assert (name.text, name.get("direction"), name.get(LANG)) == ("Only English", "ltr", "en")
    assert word.get("direction") == "rtl"
