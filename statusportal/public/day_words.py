"""What is said of single days and of how time was spent, in the language that is active."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy

from statusportal.public import words
from statusportal.public.bars import Bar, DayKind

# Translators: how time was spent, beside a length of time; about «الخدمة».
_KIND: Mapping[DayKind, Promise] = {
    DayKind.UP: pgettext_lazy("how time was spent", "Working"),
    DayKind.DOWN: pgettext_lazy("how time was spent", "Out"),
    DayKind.OVERRUN: pgettext_lazy(
        "how time was spent", "Out after the announced end of maintenance"
    ),
    DayKind.DEGRADED: pgettext_lazy("how time was spent", "Slow or partly out"),
    DayKind.PLANNED: pgettext_lazy("how time was spent", "Planned maintenance"),
    DayKind.UNKNOWN: pgettext_lazy("how time was spent", "No information"),
}


def kind(of: DayKind) -> Promise:
    """The words of a kind, alone in a list."""
    return _KIND[of]


def lasted(seconds: int) -> str:
    """ "for 2 hours and 5 minutes", beside the words of a kind."""
    # Translators: lengths of time are in the genitive: «لمدة ساعتين».
    return pgettext("how time was spent", "for {duration}").format(duration=words.duration(seconds))


def days_of(of: DayKind, n: int) -> str:
    """ "Out on 2 days", beside the sign in the legend."""
    match of:
        case DayKind.UP:
            said = ngettext("No trouble on {n} day", "No trouble on {n} days", n)
        case DayKind.DOWN:
            said = ngettext("Out on {n} day", "Out on {n} days", n)
        case DayKind.OVERRUN:
            said = ngettext(
                "Out after the announced end of maintenance on {n} day",
                "Out after the announced end of maintenance on {n} days",
                n,
            )
        case DayKind.DEGRADED:
            said = ngettext("Slow or partly out on {n} day", "Slow or partly out on {n} days", n)
        case DayKind.PLANNED:
            said = ngettext("Planned maintenance on {n} day", "Planned maintenance on {n} days", n)
        case DayKind.UNKNOWN:
            said = ngettext("No information on {n} day", "No information on {n} days", n)
    return said.format(n=words.number(n))


def what(of: Bar) -> str:
    """Everything that happened on a day, in whole sentences."""
    sentences = words.trouble(of.fact)
    if sentences:
        return " ".join(sentences)
    if of.kind is DayKind.UNKNOWN:
        return (
            words.unknown_for(of.fact.unknown)
            if of.fact.up
            else gettext("No information about this day.")
        )
    return gettext("No trouble.")


def day(of: Bar) -> SafeString:
    """ "Sunday 22 November 2026: Out for 5 minutes.": what a bar says when it is pointed at."""
    return format_html(
        # Translators: {day} is a date, {what} one or more whole sentences about it.
        pgettext("one day of a service", "{day}: {what}"),
        day=words.day(of.day),
        what=what(of),
    )


def days_ago(n: int) -> str:
    """ "90 days ago", below the first bar."""
    return ngettext("{n} day ago", "{n} days ago", n).format(n=words.number(n))
