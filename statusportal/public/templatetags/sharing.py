"""What stands in the head of a page for those who show a link to it."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.utils.safestring import SafeString

from statusportal.public import cards, plain, structured, words
from statusportal.public.cards import Card
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.said import GroupSaid, Said, ServiceSaid
from statusportal.public.window_lists import WindowShown

register = template.Library()

# Open Graph knows languages with a region only; these are its own for none in particular.
_LOCALES = {"ar": "ar_AR", "en": "en_GB"}


@register.inclusion_tag("components/sharing.html", takes_context=True)
def sharing(
    context: Context,
    said: Said,
    *,
    service: ServiceSaid | None = None,
    agency: GroupSaid | None = None,
    notice: IncidentShown | None = None,
    window: WindowShown | None = None,
) -> dict[str, Any]:
    """Open Graph of the page about one of these; without any, the headline's."""
    card = _card(said, service, agency, notice, window)
    language = words.language()
    return {
        "card": card,
        "described": cards.described(card, said),
        "address": context["alternates"][0][1],
        "site": plain.name(settings.PORTAL_NAME),
        "locale": _LOCALES[language],
        "other_locale": _LOCALES["en" if language == "ar" else "ar"],
        # Chats keep a picture by its address for long.
        "picture": f"{settings.PUBLIC_URL}{card.picture}?v={said.version}",
    }


def _card(
    said: Said,
    service: ServiceSaid | None,
    agency: GroupSaid | None,
    notice: IncidentShown | None,
    window: WindowShown | None,
) -> Card:
    if service is not None:
        return cards.of_service(service)
    if agency is not None:
        return cards.of_agency(agency)
    if notice is not None:
        return cards.of_notice(notice)
    if window is not None:
        return cards.of_window(window)
    return cards.of_portal(said)


@register.simple_tag
def structured_data(service: ServiceSaid) -> SafeString:
    """The service in the words of schema.org, as a block of data that no browser runs."""
    return structured.block(service)
