"""The pages of planned work: what runs, what is ahead, what was; and one window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from core.bilingual import Bilingual
from maintenance.texts import default_text
from maintenance.windows import Stage
from statusportal.public import (
    archive,
    unspoken,
    window_archive,
    window_details,
    window_lists,
    window_words,
)
from statusportal.public.pages import nothing_yet, page, said_now
from statusportal.public.said import Said, ServiceSaid
from statusportal.public.shape import AgencyFact, ServiceFact
from statusportal.public.store import store
from statusportal.public.window_lists import StepShown, WindowShown
from statusportal.public.window_notice import standing

# A list is cut here; the months have everything.
_LONGEST_LIST = 200
_DEPENDANTS_SHOWN = 300
# How soon a reader may try again where the archive does not answer.
_RETRY_AFTER_S = 60


@require_safe
def maintenance(request: HttpRequest) -> HttpResponse:
    """All planned work: as lists, or month by month with `?month=2026-11`."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    windows = standing(said)
    lists = window_lists.lists(windows)
    asked = request.GET.get("month")
    context: dict[str, Any] = {
        "running": lists.running,
        "ahead": lists.ahead[:_LONGEST_LIST],
        "past": lists.past[:_LONGEST_LIST],
        "has_more": max(len(lists.ahead), len(lists.past)) > _LONGEST_LIST
        or bool(window_archive.months()),
        "notice_days": settings.MAINTENANCE_KEPT_DAYS,
        "this_month": _query(said.now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()),
    }
    if asked is None:
        return page(request, "public/maintenance.html", said, context)
    shown = _month(windows, said, asked)
    return page(
        request,
        "public/maintenance.html",
        said,
        context | shown,
        query=_query(shown["month"]),
        # Every month is the same list of windows: search engines need only that.
        is_indexed=False,
    )


def _month(windows: Sequence[WindowShown], said: Said, asked: str) -> dict[str, Any]:
    """What the view of a month needs; the present month where `asked` is none to show."""
    zone = ZoneInfo(settings.TIME_ZONE)
    known = [*window_lists.months(windows, said.now, zone), *window_archive.months()]
    earliest, latest = min(known), max(known)
    chosen = window_lists.asked_month(asked)
    is_known = chosen is not None and earliest <= chosen <= latest
    first = chosen if chosen and is_known else said.now.astimezone(zone).date().replace(day=1)
    older, is_whole = window_archive.around(said, first)
    days = window_lists.month((*older, *windows), first, said.now, zone, settings.WEEKEND)
    return {
        "month": first,
        "is_other_month": not is_known,
        "days": days,
        "weekdays": [window_words.weekday(day.date) for day in days[:7]],
        "is_empty": is_whole and not any(day.entries for day in days),
        "is_unreadable": not is_whole,
        "previous": _step(window_lists.before(first), earliest, latest),
        "next": _step(window_lists.after(first), earliest, latest),
    }


def _step(first: date, earliest: date, latest: date) -> tuple[str, date] | None:
    """The address of a neighbouring month and its first day, where it has something to show."""
    return (_query(first), first) if earliest <= first <= latest else None


def _query(day: date) -> str:
    return f"?month={day:%Y-%m}"


# --- one window ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A step with its note, where that may be said."""

    shown: StepShown
    note: Bilingual


@require_safe
def window(request: HttpRequest, ref: str) -> HttpResponse:
    """One window: what cannot be used, from when to when, and what to do meanwhile."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    found = find(said, ref)
    if found is None:
        if archive.is_out_of_reach(ref.upper()):
            return _unreadable(request, said)
        raise Http404
    if found.ref != ref:
        # References are read aloud on the phone, and typed in small letters.
        return HttpResponseRedirect(reverse("public:window", args=[found.ref]))
    fact = found.said.fact
    hidden = _unspoken(found)
    named = [said.services[service.slug] for service in found.said.services]
    derived = [said.services[service.slug] for service in found.said.derived]
    context = {
        "window": found,
        "sentences": window_words.sentences(found),
        "announcement": _announcement(found),
        "still_works": _spoken(fact.still_works, hidden),
        "meanwhile": _spoken(fact.meanwhile, hidden),
        "deadlines": window_details.deadlines(found.said),
        "payments": window_details.payments(found.said),
        "is_emergency": fact.kind == "emergency",
        "call": found.said.agency.phone or settings.CONTACT_PHONE,
        "services": named,
        "derived": by_agency(derived[:_DEPENDANTS_SHOWN]),
        "derived_count": len(derived),
        "derived_cut": max(0, len(derived) - _DEPENDANTS_SHOWN),
        "steps": [Step(step, _spoken(step.note, hidden)) for step in window_lists.timeline(found)],
        "can_be_added": not found.is_called_off and fact.completed_at is None,
    }
    return page(request, "public/window.html", said, context)


def _unreadable(request: HttpRequest, said: Said) -> HttpResponse:
    """There may be such a window: 404 would be a lie that search engines remember."""
    response = page(request, "public/window_unreadable.html", said, {}, status=503)
    response["Retry-After"] = str(_RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


def find(said: Said, ref: str) -> WindowShown | None:
    """The window with this reference, however it is typed and however old it is."""
    wanted = ref.upper()
    live = next((one for one in standing(said) if one.ref == wanted), None)
    return live or window_archive.find(said, wanted)


def by_agency(
    services: Iterable[ServiceSaid],
) -> list[tuple[AgencyFact, list[ServiceSaid]]]:
    """Services by their agency, both in catalogue order."""
    grouped: dict[str, tuple[AgencyFact, list[ServiceSaid]]] = {}
    for service in services:
        grouped.setdefault(service.agency.code, (service.agency, []))[1].append(service)
    return list(grouped.values())


def _announcement(window: WindowShown) -> SafeString | None:
    """What the agency wrote, where it is not what the page says anyway."""
    is_said = window.stage in {Stage.ANNOUNCED, Stage.UPCOMING}
    if is_said or window.said.fact.text == default_text(window.said.effect):
        return None
    return window_words.announcement(window)


def _unspoken(window: WindowShown) -> tuple[ServiceFact, ...]:
    published = store.current()
    if published is None or not window.has_unspoken:
        return ()
    named = {one.id for one in window.said.fact.services}
    return unspoken.hidden(named, published.snapshot.truth)


def _spoken(text: Bilingual, hidden: Iterable[ServiceFact]) -> Bilingual:
    """A text of the agency, or nothing where it names what is not public (rule 12)."""
    return text if unspoken.may_say(text, hidden) else Bilingual()
