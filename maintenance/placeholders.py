"""Texts of windows: placeholders for what the fields hold, and no times typed by hand. Pure.

A time that is typed into a text stays behind when the window moves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

PLACEHOLDERS = ("service", "start", "end", "zone", "duration")
# Every announcement says from when to when: its reader wants to know when to come back.
REQUIRED = ("start", "end")

_BRACED = re.compile(r"\{([^{}]*)\}")


class UnknownPlaceholder(ValueError):
    """A brace that is no placeholder; `name` is what stands in it, or the brace that is alone."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def placeholders(text: str) -> list[str]:
    """The placeholders of `text` in their order. Raises UnknownPlaceholder."""
    return [name for _before, name in _pieces(text)[:-1]]


def fill(text: str, values: Mapping[str, str], *, shown: Callable[[str], str] | None = None) -> str:
    """`text` with its placeholders replaced by `values`, each passed through `shown`.

    Values are never read again: a brace in one stays a brace. Raises UnknownPlaceholder, also for
    a placeholder without a value.
    """
    filled: list[str] = []
    for before, name in _pieces(text):
        filled.append(before)
        if name:
            if name not in values:
                raise UnknownPlaceholder(name)
            filled.append(shown(values[name]) if shown else values[name])
    return "".join(filled)


def _pieces(text: str) -> list[tuple[str, str]]:
    """Literal text and the placeholder behind it, in order; the last placeholder is empty."""
    parts = _BRACED.split(text)
    for literal in parts[::2]:
        for brace in "{}":
            if brace in literal:
                raise UnknownPlaceholder(brace)
    for name in parts[1::2]:
        if name not in PLACEHOLDERS:
            raise UnknownPlaceholder(name)
    return list(zip(parts[::2], [*parts[1::2], ""], strict=True))


# --- times typed by hand ------------------------------------------------------------------------

# Arabic and Persian digits one by one, so that what is found keeps its place in the text.
_ASCII = {
    ord(digit): str(value)
    for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")
    for value, digit in enumerate(digits)
}
_MONTHS = (
    # Small, these two are other words.
    r"(?-i:May|Mar(?:ch)?)|jan(?:uary)?|feb(?:ruary)?|apr(?:il)?|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|يناير|فبراير|مارس|[أا]بريل|مايو|يونيو|يوليو|[أا]غسطس|سبتمبر|[أا]كتوبر|نوفمبر|ديسمبر"
    r"|كانون|شباط|[آا]ذار|نيسان|[أا]يار|حزيران|تموز|[آا]ب|[أا]يلول|تشرين"
    r"|محرم|صفر|ربيع|جمادى|رجب|شعبان|رمضان|شوال|ذو القعدة|ذي القعدة|ذو الحجة|ذي الحجة"
)
_HALVES = r"صباحا|صباحًا|مساء|مساءً|فجرا|فجرًا|ظهرا|ظهرًا|عصرا|عصرًا|ليلا|ليلًا|ص|م"
_TYPED = re.compile(
    "|".join(
        (
            r"(?<!\d)\d{1,2}:\d{2}(?!\d)",
            r"(?<!\d)\d{1,2}(?:[:.]\d{2})?\s?(?:[ap]\.m\.|[ap]m\b|o['’]clock)",
            rf"(?<!\d)\d{{1,2}}\s?(?:{_HALVES})(?!\w)",
            r"الساعة\s+\d{1,2}",
            r"(?<![\d/-])\d{1,4}[/-]\d{1,2}[/-]\d{1,4}(?![\d/-])",
            rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?(?:{_MONTHS})(?!\w)",
            rf"\b(?:{_MONTHS})\s\d{{1,2}}(?:st|nd|rd|th)?(?!\d)",
            r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b",
            r"(?<!\w)(?:و|ب|ل|في)?(?:الأحد|الاثنين|الإثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت)(?!\w)",
            r"\b(?:midnight|tomorrow|tonight)\b",
            r"منتصف الليل|(?<!\w)(?:غدا|غدًا|الليلة)(?!\w)",
        )
    ),
    re.IGNORECASE,
)


def typed_times(text: str) -> list[str]:
    """Times and dates that were typed into `text` by hand, as they were typed, in order.

    Clock times, dates, days of the week, "midnight" and "tomorrow", in digits of either script.
    """
    # Placeholders are blanked, not cut: what stands around one does not grow together.
    bare = _BRACED.sub(lambda found: "\0" * len(found.group()), text)
    return [
        text[found.start() : found.end()].strip()
        for found in _TYPED.finditer(bare.translate(_ASCII))
    ]
