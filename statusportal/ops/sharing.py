"""Ready-to-post texts of a notice, in both languages, made of what the public pages say of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext_lazy

from core.arabic import without_bidi_controls
from core.bilingual import LANGUAGES
from statusportal.ops import lengths
from statusportal.public import (
    embed_words,
    feed_entries,
    incident_page,
    maintenance_page,
    plain,
    window_details,
    words,
)
from statusportal.public.feed_entries import Entry
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.said import Said
from statusportal.public.window_lists import WindowShown

SHORT = pgettext_lazy("length of a text", "Short")
WHOLE = pgettext_lazy("length of a text", "Whole")
_DIRECTION = {"ar": "rtl", "en": "ltr"}
_PAGES = {
    "incident": "public:incident",
    "window": "public:window",
    "service": "public:service",
}


@dataclass(frozen=True, slots=True)
class Ready:
    """A text to post as it is, and what it comes to in the channels that count."""

    key: str
    name: Promise
    language: str
    direction: str
    text: str

    @property
    def counts(self) -> list[tuple[str, bool]]:
        """What each channel counts, in words, and whether it is too much there."""
        weight, sms = lengths.x_weight(self.text), lengths.sms(self.text)
        n = lengths.characters(self.text)
        return [
            (ngettext("{n} character", "{n} characters", n).format(n=words.number(n)), False),
            (
                gettext("X: {n} of {most}").format(
                    n=words.number(weight), most=words.number(lengths.X_LIMIT)
                ),
                weight > lengths.X_LIMIT,
            ),
            (
                ngettext("SMS: {n} message", "SMS: {n} messages", sms.parts).format(
                    n=words.number(sms.parts)
                ),
                False,
            ),
        ]


def find(said: Said | None, ref: str) -> IncidentShown | WindowShown | None:
    """The notice as the public reads it now; None where it is not told of, or not yet."""
    if said is None:
        return None
    return incident_page.find(said, ref) or maintenance_page.find(said, ref)


def ready(notice: IncidentShown | WindowShown, said: Said) -> list[Ready]:
    """Short and whole, in Arabic and in English."""
    found = []
    for language in LANGUAGES:
        with translation.override(language):
            entry = _entry(notice, said)
            short = [entry.title, entry.address]
            whole = [entry.title, *_told(notice), entry.address]
            found += [
                Ready(f"{key}-{language}", name, language, _DIRECTION[language], _lines(text))
                for key, name, text in (("short", SHORT, short), ("whole", WHOLE, whole))
            ]
    return found


def _entry(notice: IncidentShown | WindowShown, said: Said) -> Entry:
    if isinstance(notice, IncidentShown):
        return feed_entries.of_notice(notice, _address)
    return feed_entries.of_window(notice, _address, said.agencies)


def _told(notice: IncidentShown | WindowShown) -> Iterator[str]:
    if isinstance(notice, IncidentShown):
        yield from embed_words.told(notice, is_own=True)
        return
    for sentence in window_details.standing(notice):
        yield plain.sentence(sentence)
    fact = notice.said.fact
    if not notice.has_unspoken and not notice.is_called_off and fact.still_works:
        yield embed_words.typed(fact.still_works)


def _lines(parts: list[str]) -> str:
    # Channels strip marks of direction or count them, and in an SMS one makes it three times as
    # long.
    return "\n".join(without_bidi_controls(part) for part in parts if part)


def _address(kind: str, name: str) -> str:
    return settings.PUBLIC_URL + reverse(_PAGES[kind], args=[name])
