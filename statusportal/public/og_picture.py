"""The picture of a shared link: a card as SVG, and that as PNG (1200 by 630 pixels).

Pure: what is drawn is a function of the card. The fonts are ours and lie beside this file, because
a server has none, and Arabic must be shaped by one that knows how.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from xml.sax.xmlreader import AttributesImpl

import resvg_py
from django.utils.xmlutils import SimplerXMLGenerator

from services.status.health import Health
from statusportal.public.badges import COLOURS, SIGNS
from statusportal.public.cards import Card
from statusportal.public.plain import FSI, PDI

WIDTH, HEIGHT = 1200, 630
# Chats leave out what is much larger.
LARGEST = 60 * 1024
CONTENT_TYPE = "image/png"
# Of a notice that is over, or that only tells: no state's colour.
CALM = "#175cd3"
INK, QUIET, LINE = "#1c2430", "#4b5563", "#d5d9e0"

_EDGE, _MARGIN, _SIGN, _SIGN_AT = 28, 80, 132, 76
_FONTS = tuple(
    str(Path(__file__).parent / "fonts" / name)
    for name in ("plex-sans-arabic-400.ttf", "plex-sans-arabic-600.ttf")
)
_REGULAR, _BOLD = "IBM Plex Sans Arabic", "IBM Plex Sans Arabic SemiBold"
RLI = "\u2067"
# Of a circle with a line of text in it, for what has no state.
_TOLD = "M12 3a9 9 0 1 0 .01 0ZM12 7.6v.2M12 11v5.6"


def png(card: Card, language: str, *, foot: Sequence[str]) -> bytes:
    """The picture in `language`, of at most LARGEST bytes.

    `foot` is what stands at its bottom, from where reading begins.
    """
    picture = b""
    for lines in (3, 2, 1):
        picture = bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg(card, language, foot=foot, lines=lines),
                skip_system_fonts=True,
                font_files=list(_FONTS),
                font_family=_REGULAR,
            )
        )
        if len(picture) <= LARGEST:
            break
    return picture


def svg(card: Card, language: str, *, foot: Sequence[str], lines: int = 3) -> str:
    """The same before it becomes pixels; the sentence has at most so many lines."""
    colour, sign = _look(card)
    out = StringIO()
    xml = SimplerXMLGenerator(out, "utf-8")
    _open(xml, "svg", xmlns="http://www.w3.org/2000/svg", width=WIDTH, height=HEIGHT)
    draw = _Drawing(xml, is_rtl=language == "ar")
    draw.box(0, 0, WIDTH, HEIGHT, "#ffffff")
    draw.box(0, 0, _EDGE, HEIGHT, colour)
    draw.sign(sign, colour)
    y = draw.lines(card.over, 112, 32, _REGULAR, QUIET, most=1, beside_sign=True)
    most = 2 if card.sentence else 4
    y = draw.lines(card.title, y + 72, 56, _BOLD, INK, most=most, beside_sign=True)
    y = max(y, _SIGN_AT + _SIGN)
    if card.word:
        y = draw.lines(card.word, y + 76, 42, _BOLD, colour, most=1)
    if card.sentence:
        draw.lines(card.sentence, y + 58, 31, _REGULAR, INK, most=lines)
    draw.box(_MARGIN, 540, WIDTH - 2 * _MARGIN, 2, LINE)
    draw.foot(foot, 588)
    xml.endElement("svg")
    return out.getvalue()


def _look(card: Card) -> tuple[str, str]:
    if card.is_state:
        return COLOURS[card.health], SIGNS[card.health]
    if card.health is None:
        return CALM, _TOLD
    return COLOURS[card.health], SIGNS[card.health] if _is_work(card) else _TOLD


def _is_work(card: Card) -> bool:
    return card.health is Health.MAINTENANCE


class _Drawing:
    """Draws from where reading begins: x is counted from there."""

    def __init__(self, xml: SimplerXMLGenerator, *, is_rtl: bool) -> None:
        self._xml = xml
        self._is_rtl = is_rtl

    def box(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        left = WIDTH - x - width if self._is_rtl else x
        _element(self._xml, "rect", x=left, y=y, width=width, height=height, fill=fill)

    def sign(self, path: str, colour: str) -> None:
        left = WIDTH - _MARGIN - _SIGN if self._is_rtl else _MARGIN
        _element(
            self._xml,
            "path",
            d=path,
            transform=f"translate({left} {_SIGN_AT}) scale({_SIGN / 24:.4f})",
            fill="none",
            stroke=colour,
            **{"stroke-width": 2.2, "stroke-linecap": "round", "stroke-linejoin": "round"},
        )

    def lines(
        self,
        text: str,
        y: float,
        size: int,
        font: str,
        colour: str,
        *,
        most: int,
        beside_sign: bool = False,
    ) -> float:
        """Text from the baseline `y` on, at most `most` lines; returns the last baseline."""
        start = _MARGIN + (_SIGN + 40 if beside_sign else 0)
        room = WIDTH - start - _MARGIN
        shown = wrapped(text, room / size)
        if len(shown) > most:
            shown = [*shown[: most - 1], _cut(shown[most - 1], room / size)]
        for n, line in enumerate(shown):
            self._text(line, start, y + n * size * 1.32, size, font, colour)
        return y + max(0, len(shown) - 1) * size * 1.32

    def foot(self, texts: Sequence[str], y: float) -> None:
        """As many texts as there is room for: one at the start, the others at the end."""
        size, used = 25, 0.0
        for n, text in enumerate(texts):
            used += (width(text) + (1 if n else 0)) * size
            if n and used > WIDTH - 2 * _MARGIN:
                return
            x = WIDTH - _MARGIN if n else _MARGIN
            self._text(text, x, y, size, _REGULAR, QUIET, at_end=n > 0)

    def _text(
        self,
        text: str,
        x: float,
        y: float,
        size: int,
        font: str,
        colour: str,
        *,
        at_end: bool = False,
    ) -> None:
        at = {
            "x": f"{WIDTH - x if self._is_rtl else x:g}",
            "y": f"{y:g}",
            "font-family": font,
            "font-size": str(size),
            "fill": colour,
            # Of what is drawn, not of what is read: resvg knows no direction.
            "text-anchor": "end" if self._is_rtl != at_end else "start",
        }
        # Nor a base direction of a paragraph but by its marks.
        self._xml.addQuickElement("text", f"{RLI}{text}{PDI}" if self._is_rtl else text, at)


# --- lines --------------------------------------------------------------------------------------


def wrapped(text: str, room: float) -> list[str]:
    """`text` in lines of at most `room` times the size of its letters.

    Isolated parts that go on in the next line are isolated there anew.
    """
    lines: list[str] = []
    line, used = "", 0.0
    for word in _words(text, room):
        needed = width(word)
        if line and used + _SPACE + needed > room:
            lines.append(line)
            line, used = "", 0.0
        used += needed + (_SPACE if line else 0)
        line = f"{line} {word}" if line else word
    if line:
        lines.append(line)
    return _isolated(lines)


def width(text: str) -> float:
    """How wide a text is at most, in sizes of its letters."""
    return sum(map(_advance, text))


_SPACE = 0.3


def _advance(letter: str) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if letter in "اأإآرزـ .,:;'|!iljI()[]/،؛":
        return 0.3
    if letter in "صضسشmwMW%@…&" or unicodedata.east_asian_width(letter) in {"W", "F"}:
        return 0.96
    if "\u0620" <= letter <= "\u06ff":
        # Alone most are wider; inside of a word, joined on both sides, much narrower.
        return 0.5
    return 0.68 if letter.isupper() else 0.58


def _words(text: str, room: float) -> Iterable[str]:
    """The words of a text; what is longer than a line in pieces that are not."""
    for word in text.split():
        piece, used = "", 0.0
        for letter in word:
            advance = _advance(letter)
            if piece and used + advance > room:
                yield piece
                piece, used = "", 0.0
            piece, used = piece + letter, used + advance
        yield piece


def _cut(line: str, room: float) -> str:
    """A line that ends in "…", though the text goes on."""
    marks = line[len(line.rstrip(PDI)) :]
    kept = line.rstrip(PDI)
    while kept and width(kept) + 1 > room:
        kept = kept[:-1]
    while kept and unicodedata.combining(kept[-1]):
        kept = kept[:-1]
    return f"{kept.rstrip()}…{marks}"


def _isolated(lines: Iterable[str]) -> list[str]:
    """Each line with as many ends of isolation as beginnings: one too many ends ours."""
    found, open_before = [], 0
    for line in lines:
        depth, kept = open_before, [FSI * open_before]
        for letter in line:
            if letter == PDI and depth == 0:
                continue
            depth += (letter == FSI) - (letter == PDI)
            kept.append(letter)
        found.append("".join(kept) + PDI * depth)
        open_before = depth
    return found


def _open(xml: SimplerXMLGenerator, name: str, **attributes: object) -> None:
    xml.startElement(name, AttributesImpl({key: str(value) for key, value in attributes.items()}))


def _element(xml: SimplerXMLGenerator, name: str, **attributes: object) -> None:
    _open(xml, name, **attributes)
    xml.endElement(name)
