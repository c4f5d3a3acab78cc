"""Sentences of the service page that name several things at once."""

from __future__ import annotations

from collections.abc import Iterable

from babel.lists import format_list
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from statusportal.public.words import language


def joined(things: Iterable[str | Promise]) -> SafeString:
    """ "a, b and c", as the language of the page puts it; markup in safe strings is kept."""
    # A lazy word is put into words first: only what is safe already stays unescaped.
    said = (str(thing) if isinstance(thing, Promise) else thing for thing in things)
    escaped = [str(conditional_escape(thing)) for thing in said]
    # Each part was escaped, and what the list puts between them are commas and "and".
    return mark_safe(format_list(escaped, locale=language()))  # noqa: S308


def through(links: Iterable[SafeString]) -> SafeString:
    """By which services the trouble of an upstream comes here."""
    return format_html(
        # Translators: {services} is a list of names, as in "National login and SMS gateway".
        gettext("The problem reaches this service through {services}."),
        services=joined(links),
    )


def still_working(channels: Iterable[str | Promise]) -> SafeString:
    """Which ways to the service work while others do not."""
    return format_html(
        # Translators: {channels} is a list of ways, as in "Web site and Self-service kiosks".
        gettext("Still working: {channels}."),
        channels=joined(channels),
    )
