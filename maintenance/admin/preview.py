"""What is missing from the public banner before anybody can read it, language by language.

What it says is rendered by the citizens' own templates, so that the two can never differ.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.bilingual import LANGUAGES, Language
from maintenance.models import Window
from maintenance.placeholders import UnknownPlaceholder, placeholders


@dataclass(frozen=True, slots=True)
class Banner:
    """The banner in one language. `fault` is what stands in braces and cannot be filled in."""

    language: Language
    is_written: bool
    fault: str = ""

    @property
    def direction(self) -> str:
        return "rtl" if self.language == "ar" else "ltr"

    @property
    def is_sound(self) -> bool:
        """Whether it can be read as it will be announced."""
        return self.is_written and not self.fault


def banners(window: Window) -> tuple[Banner, ...]:
    """The banner of `window` in Arabic and in English."""
    return tuple(_banner(window, language) for language in LANGUAGES)


def _banner(window: Window, language: Language) -> Banner:
    own = window.text_ar if language == "ar" else window.text_en
    try:
        placeholders(own)
    except UnknownPlaceholder as unknown:
        return Banner(language, is_written=True, fault=unknown.name)
    return Banner(language, is_written=bool(own.strip()))
