"""The picture of a shared link: its words, its size, and that nothing leaves its frame."""

from __future__ import annotations

import struct
import zlib
from datetime import timedelta
from xml.etree import ElementTree

import pytest
import resvg_py
import time_machine
from django.test import Client
from django.utils import translation

from core.bilingual import Bilingual
from services.status.health import Health
from statusportal.public import cards, og, og_picture, plain, reader
from statusportal.public.cards import Card
from statusportal.public.og_picture import LARGEST, RLI, width, wrapped
from statusportal.public.plain import FSI, PDI
from statusportal.public.store import store
from tests.statusportal.public.answered import HOSTILE, UNREADABLE
from tests.statusportal.public.everything import everything
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import ALL_WELL, NOW, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
ARABIC = "تعذّر الدخول إلى خدمة تجديد جواز السفر الإلكترونية وخدمات وزارة الداخلية المرتبطة بها "
ENGLISH = "Nobody can sign in to the renewal of passports nor to what else the ministry offers "


def card(text: str, *, health: Health | None = Health.MAJOR_OUTAGE) -> Card:
    return Card(text, text, text, text, page="/", picture="/og.png", health=health)


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found: tuple[int, int] = struct.unpack(">II", png[16:24])
    return found


def texts(svg: str) -> str:
    return " ".join(one.text or "" for one in ElementTree.fromstring(svg).iter() if one.text)


# --- what is drawn ------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_every_page_that_says_a_state_has_its_picture(lang: str, client: Client) -> None:
    store.hold(everything())
    for path in (
        "",
        "services/passport/",
        "agencies/MOI/",
        "incidents/IN-DNT222/",
        "maintenance/MW-XTND22/",
    ):
        response = get(client, f"/{lang}/{path}og.png")
        assert response["Content-Type"] == "image/png"
        assert size(response.content) == (1200, 630), path
        assert len(response.content) <= LARGEST, path


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("ar", ["تجديد جواز السفر", "متوقفة", "المعلومات حتى", "13:00"]),
        ("en", ["Passport renewal", "Outage", "As of", "13:00"]),
    ],
)
def test_it_says_the_state_in_words_and_as_of_when(
    lang: str, said: list[str], client: Client, troubled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def remember(*, svg_string: str, **_: object) -> bytes:
        drawn.append(svg_string)
        return b""

    monkeypatch.setattr(og._pictures, "_kept", type(og._pictures._kept)())
    monkeypatch.setattr(resvg_py, "svg_to_bytes", remember)
    get(client, f"/{lang}/services/passport/og.png")

    (svg,) = drawn
    assert [word for word in said if word not in texts(svg)] == []


@pytest.mark.parametrize("path", ["services/secret/", "agencies/SEC/", "incidents/IN-NONE22/"])
def test_of_what_is_not_public_there_is_none(path: str, client: Client, well: None) -> None:
    response = get(client, f"/ar/{path}og.png")

    assert (response.status_code, response.content) == (404, b"")


def test_the_headline_has_its_second_sentence_apart(well: None) -> None:
    store.hold(everything())
    said = store.said(reader.step(NOW))
    assert said is not None
    with translation.override("en"):
        found = cards.of_portal(said)

    assert found.title == "Major outage: four services have problems."
    assert found.sentence == "There is no recent information about one service."


# --- how often ----------------------------------------------------------------------------------


def test_it_is_drawn_once_a_minute_and_anew_when_the_state_changes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def draw(shown: Card, language: str, **_: object) -> bytes:
        drawn.append((shown.word, language))
        return b"a picture"

    monkeypatch.setattr(og._pictures, "_kept", type(og._pictures._kept)())
    monkeypatch.setattr(og_picture, "png", draw)
    path = "/en/services/fines/og.png"
    tags = []
    for seconds in (0, 5, 55, 60):
        now = NOW + timedelta(seconds=seconds)
        with time_machine.travel(now, tick=False):
            store.hold(snapshot(ALL_WELL, observed_at=now, built_at=now))
            tags.append(get(client, path)["ETag"])
    with time_machine.travel(now, tick=False):
        get(client, "/ar/services/fines/og.png")

    assert drawn == [("Operational", "en"), ("Operational", "en"), ("متاحة", "ar")]
    assert len(set(tags)) == 1
    # Who has it hears so, however long ago that was, and nothing is drawn for it.
    drawn.clear()
    now += timedelta(hours=1)
    with time_machine.travel(now, tick=False):
        store.hold(snapshot(ALL_WELL, observed_at=now, built_at=now))
        answer = get(client, path, headers={"if-none-match": tags[0]})
    assert (answer.status_code, answer.content, drawn) == (304, b"", [])


def test_only_so_many_are_kept() -> None:
    kept = og._Pictures()
    for number in range(og._MOST_KEPT + 3):
        kept.of(str(number), NOW, lambda: b"")

    assert len(kept._kept) == og._MOST_KEPT
    assert "0" not in kept._kept


# --- that it holds together ---------------------------------------------------------------------


@pytest.mark.parametrize(("language", "text"), [("ar", ARABIC * 5), ("en", ENGLISH * 5)])
def test_long_texts_stay_inside_and_small(language: str, text: str) -> None:
    shown = card(text)
    svg = og_picture.svg(shown, language, foot=["as of", "status.gov.example"])
    # A tenth as large: the frame is 4 pixels wide then, and reading it takes no time.
    small = bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg.replace("<svg ", '<svg viewBox="0 0 1200 630" ', 1),
            width=120,
            skip_system_fonts=True,
            font_files=list(og_picture._FONTS),
        )
    )
    rows = pixels(small)
    # Beyond the margin on the side where lines end, and below the last line.
    ends = [row[:6] if language == "ar" else row[-6:] for row in rows]

    assert {pixel for row in ends for pixel in row} == {(255, 255, 255, 255)}
    assert len(og_picture.png(shown, language, foot=["as of"])) <= LARGEST


def pixels(png: bytes) -> list[list[tuple[int, ...]]]:
    """The rows of a PNG of 8-bit RGBA (RFC 2083, 6)."""
    wide, _high = size(png)
    at, packed = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    raw, stride = zlib.decompress(packed), wide * 4
    rows, above = [], bytes(stride)
    for start in range(0, len(raw), stride + 1):
        line = bytearray(raw[start + 1 : start + 1 + stride])
        for n in range(stride):
            left, up = line[n - 4] if n >= 4 else 0, above[n]
            corner = above[n - 4] if n >= 4 else 0
            line[n] = (line[n] + _predicted(raw[start], left, up, corner)) & 255
        above = bytes(line)
        rows.append([tuple(above[n : n + 4]) for n in range(0, stride, 4)])
    return rows


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda one: abs(guess - one))
    return (0, left, up, (left + up) // 2)[kind]


def test_hostile_names_are_drawn_as_names(client: Client) -> None:
    name = Bilingual(HOSTILE, HOSTILE)
    with translation.override("ar"):
        shown = card(plain.name(name))
    svg = og_picture.svg(shown, "ar", foot=["as of"])

    assert not UNREADABLE & set(texts(svg))
    assert "<b>&\"'" in texts(svg)
    assert size(og_picture.png(shown, "ar", foot=["as of"])) == (1200, 630)


@pytest.mark.parametrize("text", [ARABIC * 3, ENGLISH * 3, "ن" * 500, "W" * 500, "", "a " * 300])
def test_no_line_is_wider_than_its_room(text: str) -> None:
    lines = wrapped(text, 20)

    assert all(width(line) <= 20 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_what_is_isolated_stays_so_in_each_line() -> None:
    lines = wrapped(f"one {FSI}two three four{PDI} five{PDI}", 4.7)

    assert lines == [f"one {FSI}two{PDI}", f"{FSI}three{PDI}", f"{FSI}four{PDI} five"]


def test_arabic_lines_have_their_base_direction_by_marks() -> None:
    svg = og_picture.svg(card("Nafath: خدمة"), "ar", foot=["as of"])

    assert f"{RLI}Nafath: خدمة{PDI}" in svg
