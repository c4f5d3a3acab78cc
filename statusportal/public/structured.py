"""A service in the words of schema.org, for search engines: what it is and how to reach it.

Not how it is: a search engine keeps what it read for weeks.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core.bilingual import LANGUAGES, Bilingual
from services.labels import Audience, ChannelKind
from statusportal.public import plain, words
from statusportal.public.said import ServiceSaid
from statusportal.public.shape import AgencyFact, ChannelFact

# Inside of a script's element only these can end it or begin another; JSON knows them all by
# number.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def block(service: ServiceSaid) -> SafeString:
    """The element with its data."""
    data = msgspec.json.encode(described(service)).decode()
    safe = re.sub("[<>&]", lambda found: _ESCAPES[found[0]], data)
    return format_html(
        '<script type="application/ld+json">{}</script>',
        mark_safe(safe),  # noqa: S308 - nothing in it can end the element
    )


def described(service: ServiceSaid) -> dict[str, Any]:
    """A GovernmentService with its channels and its provider, in the language that is active."""
    fact = service.fact
    address = settings.PUBLIC_URL + reverse("public:service", args=[service.slug])
    other = "en" if words.language() == "ar" else "ar"
    return _filled(
        {
            "@context": "https://schema.org",
            "@type": "GovernmentService",
            # In both languages it is one service.
            "@id": f"{settings.PUBLIC_URL}/#{fact.id}",
            "identifier": fact.id,
            "name": plain.name(fact.name),
            "alternateName": plain.line(fact.name.in_language(other)),
            "description": plain.text(fact.description),
            "url": address,
            "category": plain.name(service.category.name) if service.category else "",
            "audience": [
                {"@type": "Audience", "audienceType": str(Audience(code).label)}
                for code in fact.audience
                if code in Audience.values
            ],
            "hoursAvailable": _hours(fact.hours),
            "provider": _provider(service.agency),
            "availableChannel": [_channel(service, one.fact) for one in service.channels],
        }
    )


def _channel(service: ServiceSaid, fact: ChannelFact) -> dict[str, Any]:
    phone = plain.line(
        fact.phone or (service.fact.phone if fact.kind == ChannelKind.CONTACT else "")
    )
    return _filled(
        {
            "@type": "ServiceChannel",
            "name": str(words.channel_name(fact.kind)),
            "serviceUrl": plain.line(fact.url),
            "servicePhone": {"@type": "ContactPoint", "telephone": phone} if phone else None,
            "availableLanguage": list(LANGUAGES),
            "hoursAvailable": _hours(fact.hours),
        }
    )


def _provider(agency: AgencyFact) -> dict[str, Any]:
    return _filled(
        {
            "@type": "GovernmentOrganization",
            "name": plain.name(agency.name),
            "url": plain.line(agency.url),
            "telephone": plain.line(agency.phone),
        }
    )


def _hours(hours: Bilingual) -> dict[str, Any] | None:
    """As people wrote them: they are no table of opening hours."""
    if not hours:
        return None
    return {"@type": "OpeningHoursSpecification", "description": plain.name(hours)}


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known."""
    return {key: value for key, value in data.items() if value not in ("", None, [])}
