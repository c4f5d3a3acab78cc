"""The verdict on a service where people have a word in it, as rule 17 orders their facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from services.status.health import Health
from services.status.publication import LONGEST_OVERRIDE, Fact
from statusportal.public import words
from statusportal.public.said import ChannelSaid, ServiceSaid
from statusportal.public.shape import ListedFact

_DECLARED: Mapping[Health, Promise] = {
    Health.DEGRADED: _(
        "The agency says that this service is slow or unsteady. You can use it now."
    ),
    Health.PARTIAL_OUTAGE: _("The agency says that you can use only a part of this service now."),
    Health.MAJOR_OUTAGE: _("The agency says that you cannot use this service now."),
}
_OVERRIDDEN: Mapping[Health, Promise] = {
    Health.OPERATIONAL: _("The agency says that you can use this service now."),
    Health.DEGRADED: _(
        "The agency says that you can use this service now, but that it may be slow or unsteady."
    ),
}


def verdict(service: ServiceSaid) -> SafeString | None:
    """Whether one can use it now, where this is the agency's word and not what we measure.

    None where our own checks, announced work or an upstream decide.
    """
    facts = _deciding(service)
    if service.health is None or not facts or facts - {Fact.DECLARED, Fact.OVERRIDE}:
        return None
    # Of both at once the worse word is what is published.
    sentences = _DECLARED if Fact.DECLARED in facts else _OVERRIDDEN
    said = sentences.get(service.health)
    return format_html("{}", said) if said is not None else None


def _deciding(service: ServiceSaid) -> set[Fact]:
    """The facts of the channels that make the service what it is."""
    if any(cause.health is service.health and not cause.is_note for cause in service.causes):
        return {Fact.CASCADE}
    return {
        channel.fact_shown
        for channel in service.channels
        if channel.fact_shown is not None and _shows(channel, service)
    }


def _shows(channel: ChannelSaid, service: ServiceSaid) -> bool:
    if service.health is Health.PARTIAL_OUTAGE:
        return channel.health is Health.MAJOR_OUTAGE
    return channel.health is service.health


def grounds(service: ServiceSaid, now: datetime) -> list[SafeString]:
    """Why the verdict is no plain measurement, a sentence for each reason."""
    return list(dict.fromkeys(_grounds(service, now)))


def _grounds(service: ServiceSaid, now: datetime) -> Iterator[SafeString]:
    for channel in service.channels:
        if channel.fact_shown is Fact.DECLARED:
            yield _measured_beside(channel)
        if channel.fact_shown is Fact.HELD:
            yield _held(channel, service)
        if channel.fact_shown is Fact.OVERRIDE:
            yield _override(channel, service, now)
        if channel.override_lost:
            yield _plain(
                gettext(
                    "The agency had said that it works better than our checks found. It has become"
                    " worse since, so this page goes by our checks again."
                )
            )


def _plain(text: str) -> SafeString:
    return format_html("{}", text)


def _measured_beside(channel: ChannelSaid) -> SafeString:
    match channel.measured:
        case None:
            return _plain(gettext("We do not check it ourselves."))
        case Health.OPERATIONAL:
            return _plain(gettext("Our own checks find nothing wrong at present."))
        case Health.UNKNOWN:
            return _plain(gettext("Our own checks have no recent information."))
        case _:
            return _plain(gettext("Our own checks find trouble too."))


def _held(channel: ChannelSaid, service: ServiceSaid) -> SafeString:
    kept = (listed.held.get(channel.fact.id) for listed in _listings(service))
    seen_at = channel.observed_at or max(
        (held[2] for held in kept if held is not None and held[2] is not None), default=None
    )
    if seen_at is None:
        return _plain(
            gettext("It failed when we last saw it; we have not been able to look since.")
        )
    return format_html(
        gettext("We last saw it fail at {at}; we have not been able to look since."),
        at=words.moment(seen_at),
    )


def _override(channel: ChannelSaid, service: ServiceSaid, now: datetime) -> SafeString:
    until = min(
        (
            min(given.expires_at, given.given_at + LONGEST_OVERRIDE)
            for listed in _listings(service)
            if (given := listed.override) is not None
            and (not listed.channels or channel.fact.id in listed.channels)
            and given.expires_at > now
        ),
        default=None,
    )
    if until is None:
        return _plain(gettext("Our own checks still find trouble."))
    return format_html(
        gettext(
            "Our own checks still find trouble. The agency's word counts until {at} at the latest."
        ),
        at=words.moment(until),
    )


def _listings(service: ServiceSaid) -> Iterator[ListedFact]:
    return (
        listed
        for notice in service.incidents
        for listed in notice.fact.services
        if listed.id == service.fact.id
    )
