"""What a link to a page says of it where it is shared: in chats, in search, in the drawn picture.

Whoever keeps a copy of it keeps it for long, so it never stands without its "as of" (rule 20).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.conf import settings
from django.urls import reverse

from services.status.headline import HeadlineKind
from services.status.health import Health
from statusportal.public import (
    embed_words,
    incident_words,
    plain,
    window_details,
    window_words,
    words,
)
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.said import GroupSaid, Said, ServiceSaid
from statusportal.public.window_lists import WindowShown

_HEADLINES = {
    HeadlineKind.MAJOR: Health.MAJOR_OUTAGE,
    HeadlineKind.PARTIAL: Health.PARTIAL_OUTAGE,
    HeadlineKind.PROBLEMS: Health.DEGRADED,
    HeadlineKind.BLIND: Health.UNKNOWN,
    HeadlineKind.MAINTENANCE: Health.MAINTENANCE,
    HeadlineKind.NONE: Health.OPERATIONAL,
}


@dataclass(frozen=True, slots=True)
class Card:
    """Plain texts in the language that is active; `over` and `word` may be empty.

    `health` gives colour and sign, where `is_state`; a notice is no state. `page` is the path of
    the page that it is about, and `picture` that of its drawn picture.
    """

    over: str
    title: str
    word: str
    sentence: str
    page: str
    picture: str
    health: Health | None = None
    is_state: bool = True


def headline_health(kind: HeadlineKind) -> Health:
    """By which state's colour and sign a headline is shown."""
    return _HEADLINES[kind]


def of_portal(said: Said) -> Card:
    """The whole country, by its headline (rule 21)."""
    return Card(
        over=plain.name(settings.PORTAL_NAME),
        title=words.headline(replace(said.headline, also_blind=False)),
        word="",
        # The second of two sentences is not so large.
        sentence=words.headline(replace(said.headline, kind=HeadlineKind.BLIND, also_blind=False))
        if said.headline.also_blind
        else "",
        page=reverse("public:home"),
        picture=reverse("public:og"),
        health=headline_health(said.headline.kind),
    )


def of_service(service: ServiceSaid) -> Card:
    """One service: can I use it now?"""
    return Card(
        over=plain.name(service.agency.name),
        title=plain.name(service.name),
        word=embed_words.state_word(service.health),
        sentence=plain.sentence(words.verdict(service)),
        page=reverse("public:service", args=[service.slug]),
        picture=reverse("public:service-og", args=[service.slug]),
        health=service.health,
    )


def of_agency(group: GroupSaid) -> Card:
    """One agency, by the worst of its services."""
    return Card(
        over=plain.name(settings.PORTAL_NAME),
        title=plain.name(group.name),
        word="",
        sentence=words.group(group),
        page=reverse("public:agency", args=[group.code]),
        picture=reverse("public:agency-og", args=[group.code]),
        health=group.health,
    )


def of_notice(notice: IncidentShown) -> Card:
    """An incident, announcement or clarification as it stands."""
    return Card(
        over=incident_words.kind(notice),
        title=plain.title(incident_words.title(notice)),
        word=incident_words.state(notice) if notice.is_incident else "",
        sentence=plain.sentence(incident_words.sentence(notice)),
        page=reverse("public:incident", args=[notice.ref]),
        picture=reverse("public:incident-og", args=[notice.ref]),
        health=Health.MAJOR_OUTAGE if notice.is_incident and notice.is_open else None,
        is_state=False,
    )


def of_window(window: WindowShown) -> Card:
    """Planned work as it stands."""
    return Card(
        over=plain.name(settings.PORTAL_NAME),
        title=plain.title(window_words.title(window.said)),
        word=window_words.stage(window),
        sentence=" ".join(map(plain.sentence, window_details.standing(window))),
        page=reverse("public:window", args=[window.ref]),
        picture=reverse("public:window-og", args=[window.ref]),
        health=Health.MAINTENANCE,
        is_state=False,
    )


def described(card: Card, said: Said) -> str:
    """What stands below the title of a shared link: state and sentence, and as of when."""
    parts = (card.word, card.sentence, plain.sentence(words.as_of(said.as_of)))
    return " · ".join(part for part in parts if part)
