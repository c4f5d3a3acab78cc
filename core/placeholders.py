"""Texts with placeholders: what stands in braces, and times that were typed by hand. Pure.

Which names a text may use is told by its app. A time that is typed into a text stays behind when
the fields beside it change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from core.arabic import ascii_digits

_BRACED = re.compile(r"\{([^{}]*)\}")


class UnknownPlaceholder(ValueError):
    """A brace that is no placeholder; `name` is what stands in it, or the brace that is alone."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def unknown(text: str, known: Collection[str]) -> list[str]:
    """The braces of `text` that are no placeholders: lonely ones first, then names not `known`."""
    parts = _BRACED.split(text)
    lonely = [char for literal in parts[::2] for char in literal if char in "{}"]
    return lonely + [name for name in parts[1::2] if name not in known]


def placeholders(text: str, known: Collection[str]) -> list[str]:
    """The placeholders of `text` in their order. Raises UnknownPlaceholder."""
    for name in unknown(text, known):
        raise UnknownPlaceholder(name)
    return named(text)


def named(text: str) -> list[str]:
    """What stands in the braces of `text`, known or not, in order."""
    return _BRACED.findall(text)


def fill(text: str, values: Mapping[str, str], *, shown: Callable[[str], str] | None = None) -> str:
    """`text` with its placeholders replaced by `values`, each passed through `shown`.

    Values are never read again: a brace in one stays a brace. Raises UnknownPlaceholder, also for
    a placeholder without a value.
    """
    placeholders(text, values)

    def value(found: re.Match[str]) -> str:
        held = values[found.group(1)]
        return shown(held) if shown else held

    return _BRACED.sub(value, text)


def blanked(text: str) -> str:
    """`text` with NULs for its placeholders: places stay, and nothing grows together."""
    return _BRACED.sub(lambda found: "\0" * len(found.group()), text)


# --- times typed by hand ------------------------------------------------------------------------

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
    # Digit by digit and brace by brace: what is found keeps its place in the text.
    bare = ascii_digits(blanked(text))
    return [text[found.start() : found.end()].strip() for found in _TYPED.finditer(bare)]
