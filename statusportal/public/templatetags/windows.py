"""Planned work in templates: banners, the days ahead, sentences and signs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils.safestring import SafeString

from maintenance.windows import Stage
from services.status.health import Health
from services.status.window import WindowEffect
from statusportal.public import window_details, window_lists, window_words
from statusportal.public.said import Said, ServiceSaid, WindowSaid
from statusportal.public.window_lists import WindowShown
from statusportal.public.window_notice import standing
from statusportal.public.window_preview import previewed

register = template.Library()

# More than this would push the answer off the screen of a phone; the rest is behind a link.
_BANNERS = 2
_DAYS_AHEAD = 14
_AHEAD_SHOWN = 8

# How a stage looks: the word in class names, and the sign.
_LOOK: dict[Stage, tuple[str, str]] = {
    Stage.EXTENDED: ("partial", "maintenance"),
    Stage.RUNNING_OVER: ("partial", "maintenance"),
    # Not "operational": it was completed, which is no claim about now.
    Stage.COMPLETED_RECENTLY: ("done", "operational"),
    Stage.OVER: ("done", "operational"),
    Stage.CANCELLED: ("unmonitored", "unmonitored"),
    Stage.POSTPONED: ("unmonitored", "unmonitored"),
}


@register.inclusion_tag("components/window_banner.html")
def window_banner(
    said: Said | None, service: ServiceSaid | None = None, agency: str | None = None
) -> dict[str, Any]:
    """Work that is soon, running or just over: of everything, of a service or of an agency."""
    windows = standing(said) if said else ()
    if service is not None:
        windows = tuple(window_lists.of_service(windows, service.fact.id))
    elif agency is not None:
        windows = tuple(window_lists.of_agency(windows, agency))
    told = window_lists.for_banner(windows)
    return {
        "told": [_banner(window, service) for window in told[:_BANNERS]],
        "more": max(0, len(told) - _BANNERS),
    }


def _banner(window: WindowShown, service: ServiceSaid | None) -> dict[str, Any]:
    fact = window.said.fact
    is_partly = window.said.effect is WindowEffect.PARTLY and not window.has_unspoken
    return {
        "window": window,
        "still_works": fact.still_works if is_partly and window.is_running else None,
        "needs_it": window_words.needs_it(service, window.said) if service else None,
    }


@register.simple_tag
def window_preview(window: Any, now: datetime) -> dict[str, Any]:
    """A window that is not announced yet, as the banner and its page will tell it in the language
    that is active. `window` is a row of the admin."""
    shown = previewed(window, now)
    fact = shown.said.fact
    # The same as on the page of a window: where names may not be said, texts may hold them.
    texts = [] if shown.has_unspoken else [fact.still_works, fact.meanwhile]
    facts = [window_details.deadlines(shown.said), window_details.payments(shown.said)]
    return {
        **_banner(shown, None),
        "texts": [text for text in texts if text],
        "facts": [said for said in facts if said is not None],
    }


@register.simple_tag
def planned_days(said: Said) -> dict[str, Any]:
    """What begins within the next 14 days, by day, and how much of it is not listed."""
    zone = ZoneInfo(settings.TIME_ZONE)
    left = _AHEAD_SHOWN
    days, hidden = [], 0
    for day, windows in window_lists.next_days(standing(said), said.now, zone, _DAYS_AHEAD):
        shown = windows[:left]
        left -= len(shown)
        hidden += len(windows) - len(shown)
        if shown:
            days.append((day, shown))
    return {"days": days, "more": hidden}


@register.simple_tag
def windows_ahead(said: Said, service: ServiceSaid) -> list[WindowShown]:
    """What is announced for a service or for what it needs, and has not begun."""
    windows = window_lists.of_service(standing(said), service.fact.id)
    return list(window_lists.lists(windows).ahead[:_AHEAD_SHOWN])


@register.simple_tag
def planned_verdict(said: Said | None, service: ServiceSaid) -> SafeString | None:
    """The verdict on a service that is in maintenance: until when; None where none is its own."""
    if said is None or service.health is not Health.MAINTENANCE:
        return None
    stopping = [
        window
        for window in standing(said)
        if window.is_running
        and window.said.effect in {WindowEffect.STOPPED, WindowEffect.PARTLY}
        and any(one.id == service.fact.id for one in window.said.services)
    ]
    if not stopping:
        return None
    return window_words.planned_until(window_lists.worst(stopping))


@register.inclusion_tag("components/window_stage.html")
def window_stage(window: WindowShown) -> dict[str, Any]:
    """Where a window stands, as sign, word and colour."""
    look, sign = _LOOK.get(window.stage, ("maintenance", "maintenance"))
    return {"look": look, "sign": sign, "word": window_words.stage(window)}


@register.filter
def window_look(window: WindowShown) -> str:
    """The word of a window's stage in class names."""
    return _LOOK.get(window.stage, ("maintenance", "maintenance"))[0]


@register.filter
def window_when(window: WindowShown) -> SafeString:
    """From when to when it is announced."""
    return window_words.when(window.said.fact.starts_at, window.said.fact.ends_at)


@register.filter
def window_length(window: WindowShown) -> int:
    """How long it is announced to last, in seconds."""
    fact = window.said.fact
    return int((fact.ends_at - fact.starts_at).total_seconds())


@register.filter
def window_names(window: WindowSaid) -> SafeString:
    return window_words.names(window)


@register.filter
def dependants(window: WindowSaid) -> str:
    """How many services need what the window is on; empty where none does."""
    return window_words.dependants(len(window.derived)) if window.derived else ""


register.filter("window_hours", window_words.hours)
register.filter("window_title", window_words.title)
register.filter("window_lines", window_words.sentences)
register.filter("window_effect", window_details.effect)
register.filter("window_step", window_details.step)
register.filter("window_step_times", window_details.step_times)
register.filter("window_on_day", window_words.on_day)
register.filter("month", window_words.month)
register.filter("more_windows", window_words.more_windows)
