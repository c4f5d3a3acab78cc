"""Badges: the state of one service, or its 90 days, as a small picture (docs/embeds.md).

A picture runs no script and cannot drop its green, so no cache may keep the state beyond its time.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from io import StringIO
from xml.sax.xmlreader import AttributesImpl

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import ngettext, pgettext
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from core.bilingual import Bilingual
from services.status.health import Health
from statusportal.public import embed_words, plain, words
from statusportal.public.answers import Answer, Answers, respond, tagged
from statusportal.public.embeds import CACHE_CONTROL, for_other_sites, found_now, language_of
from statusportal.public.said import Said, ServiceSaid
from statusportal.public.store import store

CONTENT_TYPE = "image/svg+xml; charset=utf-8"
# Shared caches may not answer with an old state when we do not answer (RFC 9111, 5.2.2.2).
_STATUS_CACHE_CONTROL = "public, max-age=15, must-revalidate"
# More letters than this and the badge is as wide as the text around it.
_LONGEST_NAME = 36

# White on each has at least 4.5 to 1: a test computes it.
LABEL_COLOUR = "#384250"
COLOURS: dict[Health | None, str] = {
    Health.OPERATIONAL: "#067647",
    Health.DEGRADED: "#b54708",
    Health.MAINTENANCE: "#6d428f",
    Health.PARTIAL_OUTAGE: "#b93815",
    Health.MAJOR_OUTAGE: "#b42318",
    Health.UNKNOWN: "#5b6370",
    None: "#4b5563",
}
# Of the share of 90 days: it judges nothing, so it has no state's colour.
UPTIME_COLOUR = "#175cd3"

# The signs of the pages: they differ in outline, not only in colour.
SIGNS: dict[Health | None, str] = {
    Health.OPERATIONAL: "M12 3a9 9 0 1 0 .01 0ZM7.8 12.4l2.9 2.9 5.6-6",
    Health.DEGRADED: "M12 3.6 21.4 20H2.6ZM12 10v4.6M12 17.2v.2",
    Health.MAINTENANCE: (
        "M3 6.5h18v7H3ZM9 6.5l-4 7M15 6.5l-4 7M21 6.5l-4 7M6.5 13.5V20M17.5 13.5V20"
    ),
    Health.PARTIAL_OUTAGE: "M12 3a9 9 0 1 0 .01 0ZM12 3v18M8.5 4v16M5.5 6v12",
    Health.MAJOR_OUTAGE: (
        "M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3ZM8.8 8.8l6.4 6.4M15.2 8.8l-6.4 6.4"
    ),
    Health.UNKNOWN: (
        "M12 3a9 9 0 1 0 .01 0ZM9.6 9.7a2.4 2.4 0 1 1 3.5 2.1c-.8.4-1.1.9-1.1 1.7M12 16.4v.2"
    ),
    None: "M12 3a9 9 0 1 0 .01 0ZM8 12h8",
}

_answers = Answers()
_HEIGHT, _PADDING, _SIGN = 20, 6, 14
_FONT = "Tahoma, 'DejaVu Sans', 'Noto Sans Arabic', 'Segoe UI', Arial, sans-serif"
_FONT_SIZE = 11


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge shows: `label` on the side where reading begins, `message` on the other.

    `title` is the whole of it for those who do not see it.
    """

    label: str
    message: str
    title: str
    colour: str
    language: str
    label_language: str
    sign: str = ""


@require_safe
def badge(request: HttpRequest, slug: str) -> HttpResponse:
    """`/badge/{slug}.svg?lang=ar|en&kind=status|uptime`; Arabic and the state without them.

    404 and 503 are empty: a page shows its own words for the picture then.
    """
    kind = "uptime" if request.GET.get("kind") == "uptime" else "status"
    with translation.override(language_of(request)):
        found = found_now(slug)
        if isinstance(found, HttpResponse):
            return for_other_sites(found)
        said, service = found

        def make() -> Answer:
            draw = of_uptime if kind == "uptime" else of_state
            return tagged(
                drawn(draw(said, service, dated=True)), undated=drawn(draw(said, service))
            )

        response = respond(request, _answers.of(said, (kind, slug), make), CONTENT_TYPE)
    response["Cache-Control"] = _STATUS_CACHE_CONTROL if kind == "status" else CACHE_CONTROL
    response["Access-Control-Allow-Origin"] = "*"
    return for_other_sites(response)


# --- what they say ------------------------------------------------------------------------------


def of_state(said: Said, service: ServiceSaid, *, dated: bool = False) -> Badge:
    """The state of a service now, by the reader: silence has its own word and sign (rule 20)."""
    word = embed_words.state_word(service.health)
    return _badge(said, service, word, word, service.health, dated=dated)


def of_uptime(said: Said, service: ServiceSaid, *, dated: bool = False) -> Badge:
    """The share of the days that are kept in which it could be used (rule 22)."""
    past = next((row for row in store.history().services if row.id == service.fact.id), None)
    if past is None or past.availability is None:
        sentence = plain.sentence(words.availability(None, 0))
        return _badge(
            said, service, pgettext("badge", "no data yet"), sentence, Health.UNKNOWN, dated=dated
        )
    days = len(past.days)
    message = ngettext("{share} in {n} day", "{share} in {n} days", days).format(
        # Isolated: a sign of percent must not change sides.
        share=plain.sentence(words.per_cent(past.availability)),
        n=words.number(days),
    )
    sentence = plain.sentence(words.availability(past.availability, days))
    return _badge(said, service, message, sentence, colour=UPTIME_COLOUR, dated=dated)


def _badge(
    said: Said,
    service: ServiceSaid,
    message: str,
    sentence: str,
    health: Health | None = None,
    *,
    colour: str = "",
    dated: bool,
) -> Badge:
    language = words.language()
    title = pgettext("badge", "{name}: {said}").format(
        name=f"{plain.FSI}{plain.name(service.name)}{plain.PDI}", said=sentence
    )
    if dated:
        title = f"{title} · {plain.sentence(words.as_of(said.as_of))}"
    return Badge(
        label=shortened(service.name),
        message=message,
        title=title,
        colour=colour or COLOURS[health],
        language=language,
        label_language=service.name.language_shown(language),
        sign="" if colour else SIGNS[health],
    )


def shortened(name: Bilingual) -> str:
    """A name that fits: cut before a letter, never between a letter and its marks."""
    whole = plain.name(name)
    if len(whole) <= _LONGEST_NAME:
        return whole
    end = _LONGEST_NAME - 1
    while end and unicodedata.combining(whole[end]):
        end -= 1
    return whole[:end].rstrip() + "…"


# --- the picture --------------------------------------------------------------------------------


def width(text: str) -> int:
    """How wide a text may be at most in the fonts that are asked for, in pixels.

    Nobody measures fonts here, and the next device has others: rather too wide than cut.
    """
    return round(sum(map(_advance, text)) * _FONT_SIZE)


def _advance(letter: str) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(letter) in {"W", "F"}:
        return 1.05
    if letter in " .,:;'|!iljtfrI":
        return 0.42
    if letter.isupper() or letter in "mwMW%@…":
        return 0.78
    return 0.63


def drawn(badge: Badge) -> bytes:
    """The badge as bytes of SVG, without any style that a content policy could refuse."""
    is_rtl = badge.language == "ar"
    sign = _SIGN + 3 if badge.sign else 0
    label = width(badge.label) + 2 * _PADDING
    message = width(badge.message) + 2 * _PADDING + sign
    whole = label + message
    label_at, message_at = (message, 0) if is_rtl else (0, label)
    out = StringIO()
    xml = SimplerXMLGenerator(out, "utf-8")
    xml.startDocument()
    _open(
        xml,
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        width=whole,
        height=_HEIGHT,
        viewBox=f"0 0 {whole} {_HEIGHT}",
        role="img",
        **{"aria-label": badge.title, "xml:lang": badge.language},
    )
    xml.addQuickElement("title", badge.title)
    _element(xml, "rect", x=label_at, width=label, height=_HEIGHT, fill=LABEL_COLOUR)
    _element(xml, "rect", x=message_at, width=message, height=_HEIGHT, fill=badge.colour)
    if badge.sign:
        # Where reading the message begins.
        _draw_sign(xml, badge.sign, message - _PADDING - _SIGN if is_rtl else label + _PADDING)
    fonts = {"font-family": _FONT, "font-size": _FONT_SIZE, "text-anchor": "middle"}
    _open(xml, "g", fill="#ffffff", **fonts)
    _text(xml, badge.label, badge.label_language, label_at + label / 2)
    middle = message_at + (message - sign) / 2 + (0 if is_rtl else sign)
    _text(xml, badge.message, badge.language, middle)
    xml.endElement("g")
    xml.endElement("svg")
    xml.endDocument()
    return out.getvalue().encode()


def _draw_sign(xml: SimplerXMLGenerator, path: str, at: float) -> None:
    _element(
        xml,
        "path",
        d=path,
        transform=f"translate({at} {(_HEIGHT - _SIGN) // 2}) scale({_SIGN / 24:.4f})",
        fill="none",
        stroke="#ffffff",
        **{"stroke-width": 2.4, "stroke-linecap": "round", "stroke-linejoin": "round"},
    )


def _text(xml: SimplerXMLGenerator, text: str, language: str, middle: float) -> None:
    direction = "rtl" if language == "ar" else "ltr"
    at = {"x": str(middle), "y": "14", "direction": direction, "xml:lang": language}
    xml.addQuickElement("text", text, at)


def _open(xml: SimplerXMLGenerator, name: str, **attributes: object) -> None:
    xml.startElement(name, AttributesImpl({key: str(value) for key, value in attributes.items()}))


def _element(xml: SimplerXMLGenerator, name: str, **attributes: object) -> None:
    _open(xml, name, **attributes)
    xml.endElement(name)
