"""Sentences about windows in the active language: what the policy says, what a placeholder holds.

Plain text: values are isolated for either direction (core.arabic.isolate), nothing is marked up.
Days, moments and lengths of time are worded here alone; pages put their elements around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location
from django.conf import settings
from django.utils.translation import get_language, gettext, ngettext, override, pgettext

from core.arabic import Digits, in_digits, isolate
from core.bilingual import Bilingual, Language
from maintenance.placeholders import fill
from maintenance.recurrence import InvalidRule, RuleFault
from maintenance.windows import Busy, Fault, FaultCode, Policy, Relation

# Babel's own "ar" has the month names of the Gulf; "en" would write dates as in America.
_LOCALES = {"ar": "ar", "en": "en_GB"}


def language() -> Language:
    """The language of the page: ar or en."""
    return "en" if (get_language() or "").startswith("en") else "ar"


def in_page_digits(text: str) -> str:
    """`text` in the digits of the deployment; English always counts in ASCII."""
    return in_digits(text, cast(Digits, settings.DIGITS)) if language() == "ar" else text


def local(at: datetime) -> datetime:
    """`at` in the deployment's zone."""
    return at.astimezone(ZoneInfo(settings.TIME_ZONE))


def clock(at: datetime | time) -> str:
    """ "00:30": 24 hours, so that nobody asks which twelve is meant. Of a datetime as it is."""
    return in_page_digits(at.strftime("%H:%M"))


def day(value: date) -> str:
    """ "Friday 27 November 2026"."""
    return dated(value, "EEEE d MMMM y")


def dated(value: date, pattern: str) -> str:
    """A day by a pattern of Babel."""
    return in_page_digits(format_date(value, pattern, locale=_LOCALES[language()]))


def moment(at: datetime) -> str:
    """ "00:30 on Friday 27 November 2026", in the deployment's zone."""
    wall = local(at)
    # Translators: a point in time within a sentence: "since 14:30 on Sunday 22 November 2026".
    return pgettext("point in time", "{time} on {day}").format(time=clock(wall), day=day(wall))


def zone_name() -> str:
    """The deployment's time zone as people call it, e.g. Bahrain Time."""
    if settings.TIME_ZONE.upper() in {"UTC", "ETC/UTC", "ETC/GMT"}:
        # CLDR would call it the time of an unknown region.
        return gettext("UTC")
    return _location(settings.TIME_ZONE, language())


@lru_cache(maxsize=8)
def _location(zone: str, lang: Language) -> str:
    return get_timezone_location(ZoneInfo(zone), locale=_LOCALES[lang])


def length(duration: timedelta) -> str:
    """A length of time in hours and minutes, rounded up to whole minutes."""
    hours, minutes = divmod(max(0, -(-int(duration.total_seconds()) // 60)), 60)
    return units(hours=hours, minutes=minutes)


def units(*, days: int = 0, hours: int = 0, minutes: int = 0) -> str:
    """The two largest units that are there, as in "2 hours and 5 minutes"."""
    parts = []
    # Translators: lengths of time stand in the genitive, as in «لمدة ساعتين».
    if days:
        parts.append(ngettext("{n} day", "{n} days", days).format(n=_count(days)))
    if hours:
        parts.append(ngettext("{n} hour", "{n} hours", hours).format(n=_count(hours)))
    if minutes or not parts:
        parts.append(ngettext("{n} minute", "{n} minutes", minutes).format(n=_count(minutes)))
    if len(parts) == 1:
        return parts[0]
    # Translators: two units of one length of time, as in "2 hours and 5 minutes".
    return pgettext("length of time", "{larger} and {smaller}").format(
        larger=parts[0], smaller=parts[1]
    )


def _count(number: int) -> str:
    return in_page_digits(f"{number:,}")


# --- public texts -------------------------------------------------------------------------------


def values(
    *, services: Sequence[Bilingual], starts_at: datetime, ends_at: datetime, language: Language
) -> dict[str, str]:
    """What the placeholders of a text hold, in `language`."""
    with override(language):
        names = [name.in_language(language) for name in services]
        return {
            "service": pgettext("between the items of a list", ", ").join(names),
            "start": moment(starts_at),
            "end": moment(ends_at),
            "zone": zone_name(),
            "duration": length(ends_at - starts_at),
        }


def public_text(
    text: Bilingual,
    *,
    services: Sequence[Bilingual],
    starts_at: datetime,
    ends_at: datetime,
    language: Language,
) -> str:
    """A window's text as citizens read it, each value isolated.

    Raises maintenance.placeholders.UnknownPlaceholder, for texts that were never submitted.
    """
    held = values(services=services, starts_at=starts_at, ends_at=ends_at, language=language)
    return fill(text.in_language(language), held, shown=isolate)


# --- the policy ---------------------------------------------------------------------------------


def fault_sentence(fault: Fault, policy: Policy) -> str:
    """What is wrong, and what would be right."""
    match fault.code:
        case FaultCode.ENDS_BEFORE_START:
            return gettext("The end must lie after the start.")
        case FaultCode.ENDS_IN_PAST:
            return gettext("The end has passed already. Choose a later one.")
        case FaultCode.STARTS_IN_PAST:
            return gettext(
                "The start has passed already. Choose a later one, or ask for emergency work."
            )
        case FaultCode.SHORT_LEAD:
            return gettext(
                "It has to be announced at least {needed} before it starts: that was {ago} ago."
            ).format(needed=length(fault.allowed), ago=length(fault.by))
        case FaultCode.OUTSIDE_LOW_USE:
            opens, closes = policy.low_use
            return gettext(
                "It lies outside the hours of low use: from {opens} to {closes} in the nights"
                " before and of weekend days and holidays."
            ).format(opens=clock(opens), closes=clock(closes))
        case FaultCode.FREEZE:
            assert fault.period is not None
            return gettext("It falls into a time without planned work: {name}.").format(
                name=isolate(str(fault.period.name))
            )
        case FaultCode.TOO_LONG:
            return gettext("It lasts longer than {allowed}. Divide the work.").format(
                allowed=length(fault.allowed)
            )
        case FaultCode.CLASH:
            assert fault.busy is not None
            return _clash(fault.busy)


def _clash(busy: Busy) -> str:
    match busy.relation:
        case Relation.SAME:
            sentence = gettext(
                "It overlaps with {ref}, on the same service: {service}, from {start} to {end}."
            )
        case Relation.UPSTREAM:
            sentence = gettext(
                "It overlaps with {ref}, on a service that is needed here: {service},"
                " from {start} to {end}."
            )
        case Relation.DEPENDANT:
            sentence = gettext(
                "It overlaps with {ref}, on a service that depends on this one: {service},"
                " from {start} to {end}."
            )
    return sentence.format(
        ref=isolate(busy.ref),
        service=isolate(str(busy.service)),
        start=moment(busy.starts_at),
        end=moment(busy.ends_at),
    )


# --- rules of series ----------------------------------------------------------------------------


def rule_sentence(error: InvalidRule) -> str:
    """What is wrong with the rule of a series, and the mend."""
    part = isolate(error.part)
    match error.fault:
        case RuleFault.UNREADABLE:
            return gettext(
                "This is not a rule: {part}. Write it as FREQ=MONTHLY;BYDAY=1FR;COUNT=6."
            ).format(part=part)
        case RuleFault.UNKNOWN_PART:
            return gettext("{part} cannot be used here. Windows repeat by days.").format(part=part)
        case RuleFault.BAD_PART:
            return gettext("The rule has a part with an impossible value: {part}.").format(
                part=part
            )
        case RuleFault.TOO_MANY:
            return gettext(
                "The rule gives too many windows. Add COUNT or UNTIL; {most} are the most."
            ).format(most=in_page_digits(error.part))
        case RuleFault.NOT_ITS_OWN_START:
            return gettext("The start is not one of the days of the rule. Change either of them.")
        case RuleFault.NEVER_AGAIN:
            return gettext("The rule gives no second window within two years.")
        case RuleFault.OVERLAP:
            return gettext("The windows of the rule would overlap. Make them shorter or rarer.")
