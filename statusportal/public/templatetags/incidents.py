"""Incidents, announcements and clarifications in templates: signs, sentences and lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from services.status.health import Health
from statusportal.public import incident_lists, incident_notice, incident_verdict, incident_words
from statusportal.public.incident_lists import IncidentShown, Line
from statusportal.public.said import IncidentSaid, Said, ServiceSaid
from statusportal.public.shape import VersionFact

register = template.Library()

_LOOK: dict[Health | None, str] = {
    Health.DEGRADED: "degraded",
    Health.PARTIAL_OUTAGE: "partial",
    Health.MAJOR_OUTAGE: "outage",
}
# More than this would push the answer off the screen of a phone; the rest is behind a link.
_BANNERS = 2
_PAST_SHOWN = 5


@register.filter
def incident_look(notice: IncidentShown) -> str:
    """The word of a notice in class names, by what is published of its services now."""
    if not notice.is_incident:
        return notice.fact.kind if notice.is_open else "done"
    if not notice.is_open:
        return "done"
    # Open, and nothing wrong is published: people are still looking, so it is not green.
    return _LOOK.get(notice.health, "unknown")


@register.inclusion_tag("components/incident_state.html")
def incident_state(notice: IncidentShown) -> dict[str, Any]:
    """Where a notice stands, as sign, word and colour."""
    look = incident_look(notice)
    is_tick = look == "done" and notice.is_incident
    return {
        "look": look,
        "sign": "operational" if is_tick else look,
        "is_notice": not notice.is_incident,
        "word": incident_words.state(notice),
    }


@register.simple_tag
def incident_link(notice: IncidentShown) -> SafeString:
    """A notice's title with its address in the language of the page."""
    return format_html(
        '<a href="{}">{}</a>',
        reverse("public:incident", args=[notice.ref]),
        incident_words.title(notice),
    )


@register.filter
def service_notices(service: ServiceSaid, said: Said) -> list[IncidentShown]:
    """The open notices of a service: those that list it, then those of what it needs."""
    return list(incident_notice.concerning(said, service))


@register.filter
def promised(service: ServiceSaid, said: Said | None) -> list[SafeString]:
    """Until when, or when there is news, of the incident that tells most of a service."""
    found = incident_lists.in_trouble(service) if said else None
    if said is None or found is None or not service.has_problem:
        return []
    return incident_words.promises(incident_notice.one(said, found))


@register.filter
def agency_verdict(service: ServiceSaid) -> SafeString | None:
    """The verdict where it is the agency's word; None where our checks decide."""
    return incident_verdict.verdict(service)


@register.filter
def grounds(service: ServiceSaid, said: Said | None) -> list[SafeString]:
    """Why the verdict is no plain measurement (rule 17)."""
    if said is None or not service.incidents:
        return []
    return incident_verdict.grounds(service, said.now)


@register.simple_tag
def past_notices(said: Said, service: ServiceSaid) -> dict[str, Any]:
    """What was said of a service within 90 days and is over."""
    found = incident_lists.past_of_service(
        incident_notice.standing(said), service.fact.id, said.now
    )
    return {"shown": found[:_PAST_SHOWN], "more": found[_PAST_SHOWN:]}


@register.simple_tag
def agency_notices(said: Said, code: str) -> dict[str, Any]:
    """The open notices that concern an agency, and the newest of those that are over."""
    found = incident_lists.of_agency(incident_notice.standing(said), code)
    return {
        "current": [one for one in found if one.is_open],
        "past": [one for one in found if not one.is_open][:_PAST_SHOWN],
    }


@register.simple_tag
def open_announcements(said: Said | None) -> dict[str, Any]:
    """Announcements and clarifications for the banner of the home page."""
    found = incident_lists.announced(incident_notice.standing(said)) if said else []
    return {"shown": found[:_BANNERS], "more": max(0, len(found) - _BANNERS)}


@register.simple_tag
def open_incident(said: Said, notice: IncidentSaid | None) -> IncidentShown | None:
    """The incident of a trouble, with what its sentences need."""
    return incident_notice.one(said, notice) if notice is not None else None


@register.filter
def lists_service(notice: IncidentShown, service: ServiceSaid) -> bool:
    """Whether a notice names a service, and does not only reach it."""
    return incident_lists.lists(notice.said, service.fact.id)


@register.filter
def affected_by(notice: IncidentShown) -> SafeString:
    return incident_words.affected_by(notice, incident_link(notice))


@register.filter
def newest_html(notice: IncidentShown) -> SafeString:
    """The newest public text."""
    update = notice.newest
    return incident_words.html(notice, update.html, update.text) if update else SafeString("")


@register.filter
def line_html(line: Line, notice: IncidentShown) -> SafeString:
    """The text of a line in its newest version."""
    assert line.update is not None
    return incident_words.html(notice, line.update.html, line.update.text)


@register.filter
def version_html(version: VersionFact, notice: IncidentShown) -> SafeString:
    """A text as it stood before it was corrected; its markup is left in what is searched."""
    return incident_words.html(notice, version.html, version.html)


@register.filter
def distance(at: datetime, now: datetime) -> str:
    return incident_words.relative(at, now)


@register.filter
def listed_names(notice: IncidentShown) -> SafeString:
    """The services that a notice lists, each with its address."""
    return incident_words.names(notice, linked=True)


@register.filter
def ways(notice: IncidentShown, service: ServiceSaid) -> list[object]:
    """The ways to a service that a notice is about, where these are not all."""
    return incident_words.channels(notice, service.fact)


# Sentences of incident_words.py that take one thing.
register.filter("incident_title", incident_words.title)
register.filter("incident_names", incident_words.names)
register.filter("incident_kind", incident_words.kind)
register.filter("incident_phase", incident_words.phase)
register.filter("incident_sentence", incident_words.sentence)
register.filter("incident_when", incident_words.when)
register.filter("promises", incident_words.promises)
register.filter("unsaid_promises", incident_words.unsaid_promises)
register.filter("newest_at", incident_words.newest_at)
register.filter("corrected", incident_words.corrected)
register.filter("happening", incident_words.happening)
register.filter("paragraphs", incident_words.paragraphs)
register.filter("ref_link", incident_words.ref_link)
register.filter("dependants_affected", incident_words.dependants)
register.filter("more_notices", incident_words.more)
