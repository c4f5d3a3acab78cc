"""A text in the two languages of the portal."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from django.utils.translation import get_language

Language = Literal["ar", "en"]
LANGUAGES: tuple[Language, ...] = ("ar", "en")


class Bilingual(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One text in Arabic and English; either may be empty where the text is optional."""

    ar: str = ""
    en: str = ""

    def in_language(self, language: str) -> str:
        """The text in `language`, or in the other one where this one is empty."""
        return (self.en or self.ar) if language == "en" else (self.ar or self.en)

    def language_shown(self, language: str) -> str:
        """The language in which `in_language` really answers: for `lang` and `dir`."""
        if language == "en":
            return "en" if self.en or not self.ar else "ar"
        return "ar" if self.ar or not self.en else "en"

    def __str__(self) -> str:
        return self.in_language(get_language() or "ar")

    def __bool__(self) -> bool:
        return bool(self.ar or self.en)


def of(row: Any, name: str) -> Bilingual:
    """The columns `{name}_ar` and `{name}_en` of a model row as one value."""
    return Bilingual(getattr(row, f"{name}_ar"), getattr(row, f"{name}_en"))
