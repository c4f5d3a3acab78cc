"""The second date: by the Umm al-Qura calendar, where the deployment wants it.

The Gregorian date stays the one that counts; this line helps people who live by the other.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import pgettext
from hijridate import Gregorian

from core.arabic import Digits, in_digits
from statusportal.public.words import language

_MONTHS_AR = (
    "محرم", "صفر", "ربيع الأول", "ربيع الآخر", "جمادى الأولى", "جمادى الآخرة",
    "رجب", "شعبان", "رمضان", "شوال", "ذو القعدة", "ذو الحجة",
)  # fmt: skip
_MONTHS_EN = (
    "Muharram", "Safar", "Rabi al-Awwal", "Rabi al-Akhir", "Jumada al-Ula", "Jumada al-Akhirah",
    "Rajab", "Shaban", "Ramadan", "Shawwal", "Dhu al-Qadah", "Dhu al-Hijjah",
)  # fmt: skip


def hijri(day: date) -> str | None:
    """ "12 Jumada al-Akhirah 1448 AH"; None outside the years that the calendar is published for.

    The day is the civil one: this is no word on when a month is sighted, nor on its evenings.
    """
    try:
        found = Gregorian(day.year, day.month, day.day).to_hijri()
    except (OverflowError, ValueError):
        return None
    is_arabic = language() == "ar"
    month = (_MONTHS_AR if is_arabic else _MONTHS_EN)[found.month - 1]
    # Translators: a date of the Hijri calendar: 12 جمادى الآخرة 1448هـ
    said = pgettext("Hijri date", "{day} {month} {year} AH").format(
        day=found.day, month=month, year=found.year
    )
    return in_digits(said, cast(Digits, settings.DIGITS)) if is_arabic else said


def of_moment(at: datetime) -> str | None:
    """The Hijri date of an instant in the deployment's zone; None where HIJRI is off."""
    if not settings.HIJRI:
        return None
    return hijri(at.astimezone(ZoneInfo(settings.TIME_ZONE)).date())
