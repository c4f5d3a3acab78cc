"""What the public templates say of states, moments and names; one place for how each looks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.arabic import ascii_digits
from core.bilingual import Bilingual
from services import labels
from services.status.health import Health
from statusportal.public import brand, day_words, hijri, service_words, words
from statusportal.public.said import Cause, ServiceSaid

register = template.Library()

# The state's own word, never a colour's: the stylesheet decides what an outage looks like.
_CLASS: dict[Health | None, str] = {
    Health.OPERATIONAL: "operational",
    Health.DEGRADED: "degraded",
    Health.MAINTENANCE: "maintenance",
    Health.PARTIAL_OUTAGE: "partial",
    Health.MAJOR_OUTAGE: "outage",
    Health.UNKNOWN: "unknown",
    None: "unmonitored",
}


@register.simple_tag
def brand_styles() -> SafeString | str:
    """The stylesheet of the deployment's own look, where it has one."""
    address = brand.sheet_address()
    return format_html('<link rel="stylesheet" href="{}">', address) if address else ""


@register.inclusion_tag("components/brand_mark.html")
def brand_mark() -> dict[str, Any]:
    """The deployment's logo, else our own sign. Beside the name, so without words of its own."""
    return {"logo": brand.file_address("logo.svg")}


@register.inclusion_tag("components/status.html")
def status(health: Health | None) -> dict[str, Any]:
    """A state as sign, word and colour; None is "not monitored"."""
    word = labels.NOT_MONITORED if health is None else labels.HEALTH[health]
    return {"state": _CLASS[health], "word": word}


@register.simple_tag
def state_word(health: Health | None) -> Promise:
    """The word of a state that has its sign elsewhere; None is "not monitored"."""
    return labels.NOT_MONITORED if health is None else labels.HEALTH[health]


@register.filter
def state(health: Health | None) -> str:
    """The state's word in class names: `outage` for a major outage."""
    return _CLASS[health]


@register.simple_tag
def service_link(slug: str, name: Bilingual) -> SafeString:
    """A service's name with its address in the language of the page."""
    return format_html(
        '<a href="{}">{}</a>', reverse("public:service", args=[slug]), words.name(name)
    )


@register.filter
def cause_sentence(cause: Cause) -> SafeString:
    """ "Affected by a problem with …", with a link where the upstream is public."""
    if cause.slug is None or cause.name is None:
        return words.cause(cause, None)
    return words.cause(cause, service_link(cause.slug, cause.name))


@register.simple_tag
def phone_link(number: str) -> SafeString:
    """A number to call: always left to right, always in the digits that phones have."""
    shown = ascii_digits(number)
    return format_html(
        '<a class="phone" href="tel:{}"><bdi dir="ltr">{}</bdi></a>',
        re.sub(r"[^+\d]", "", shown),
        shown,
    )


@register.filter
def web_address(url: str) -> str:
    """`url` where it is one of the web, else nothing: no other scheme gets into a link."""
    return url if url.startswith(("https://", "http://")) else ""


@register.filter
def host(url: str) -> str:
    """The name of the site that a link leads to."""
    return urlsplit(url).hostname or url


@register.filter
def plain_reason(said: ServiceSaid) -> Promise | None:
    """Why it is not as it should be, in words for everybody; None where there is nothing to say."""
    if said.reason is None or not said.has_problem:
        return None
    return labels.REASON.get(said.reason)


@register.filter
def health_word(health: Health) -> Promise:
    """The state's word alone, inside a line that has its own sign."""
    return labels.HEALTH[health]


@register.filter
def bilingual(text: Bilingual) -> SafeString:
    """A text in the language of the page, isolated and marked where only the other one exists."""
    return words.name(text)


@register.filter
def plain(text: Bilingual) -> str:
    """A text where no markup can stand: titles, options."""
    return text.in_language(words.language())


@register.filter
def number(value: int) -> str:
    return words.number(value)


@register.filter
def moment(at: datetime) -> SafeString:
    return words.moment(at)


@register.filter
def day(value: date) -> SafeString:
    return words.day(value)


@register.filter
def as_of(at: datetime) -> SafeString:
    """From when the page's knowledge is, with the second date where the deployment wants it."""
    by_moon = hijri.of_moment(at)
    if by_moon is None:
        return words.as_of(at)
    return format_html('{} <span class="hijri">{}</span>', words.as_of(at), by_moon)


@register.filter
def through_sentence(services: Iterable[ServiceSaid]) -> SafeString:
    """By which services the trouble comes, each with its address."""
    return service_words.through([service_link(said.slug, said.name) for said in services])


@register.filter
def minus(value: int, other: int) -> int:
    return value - other


# Sentences of words.py that take one thing.
register.filter("since", words.since)
register.filter("channel_sentences", words.channels)
register.filter("checked", words.checked)
register.filter("verdict", words.verdict)
register.filter("group_sentence", words.group)
register.filter("services_affected", words.services_affected)
register.filter("services_counted", words.services_counted)
register.filter("services_found", words.services_found)
register.filter("more_services", words.more_services)
register.filter("services_unknown", words.services_unknown)
register.filter("unknown_for", words.unknown_for)
register.filter("spent_for", day_words.lasted)
register.filter("per_cent", words.per_cent)
register.filter("working_sentence", service_words.still_working)
register.filter("joined", service_words.joined)
register.filter("kind_words", day_words.kind)
register.filter("days_ago", day_words.days_ago)
register.filter("bar_words", day_words.day)
register.filter("bar_events", day_words.what)
register.simple_tag(day_words.days_of, name="days_of")
register.simple_tag(words.availability, name="availability")
register.simple_tag(words.hidden_name, name="hidden_name")
