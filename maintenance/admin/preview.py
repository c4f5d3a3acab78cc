"""The public banner before anybody can read it, in both languages side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from django.utils.translation import override

from core.bilingual import LANGUAGES, Language
from maintenance.admin.shown import babel_locale, in_page_digits
from maintenance.labels import Deadlines, Payments
from maintenance.models import Window
from maintenance.placeholders import UnknownPlaceholder
from maintenance.wording import public_text


@dataclass(frozen=True, slots=True)
class Banner:
    """What people will read in one language; `text` is empty where there is none yet."""

    language: Language
    direction: str
    text: str
    more: tuple[str, ...]
    fault: str = ""


def banners(window: Window) -> tuple[Banner, ...]:
    """The banner of `window` in Arabic and in English."""
    return tuple(_banner(window, language) for language in LANGUAGES)


def _banner(window: Window, language: Language) -> Banner:
    direction = "rtl" if language == "ar" else "ltr"
    own = window.text_ar if language == "ar" else window.text_en
    more = (
        window.still_works_ar if language == "ar" else window.still_works_en,
        window.meanwhile_ar if language == "ar" else window.meanwhile_en,
        *_consequences(window, language),
    )
    if not own.strip():
        return Banner(language, direction, "", tuple(filter(None, more)))
    try:
        text = public_text(
            window.text,
            services=[line.service.name for line in window.services.all()],
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            language=language,
        )
    except UnknownPlaceholder as unknown:
        return Banner(language, direction, own, tuple(filter(None, more)), fault=unknown.name)
    return Banner(language, direction, text, tuple(filter(None, more)))


def _consequences(window: Window, language: Language) -> list[str]:
    """What becomes of deadlines and payments, where there is anything to say."""
    with override(language):
        found = []
        if window.deadlines != Deadlines.NOT_CONCERNED:
            until = f": {_day(window.deadlines_until)}" if window.deadlines_until else ""
            found.append(f"{window.get_deadlines_display()}{until}")
        if window.payments != Payments.NOT_CONCERNED:
            found.append(str(window.get_payments_display()))
        return found


def _day(day: date) -> str:
    return in_page_digits(format_date(day, "EEEE d MMMM y", locale=babel_locale()))
