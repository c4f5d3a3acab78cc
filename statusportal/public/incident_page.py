"""The pages of incidents, announcements and clarifications: by month, and one."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from incidents.labels import Kind
from statusportal.public import archive, incident_lists, incident_notice, incident_words
from statusportal.public.incident_lists import IncidentShown, Wanted
from statusportal.public.maintenance_page import by_agency
from statusportal.public.pages import nothing_yet, page, said_now
from statusportal.public.said import Said
from statusportal.public.shape import IncidentFact
from statusportal.public.window_lists import after, asked_month, before

# A list is cut here: a month with more is a month in which our own checks were broken.
_LONGEST_LIST = 200
_DEPENDANTS_SHOWN = 300
_RETRY_AFTER_S = 60


@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """What is open, then what is over by month: `?month=2026-10&agency=MOI&kind=incident`."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    zone = ZoneInfo(settings.TIME_ZONE)
    present = said.now.astimezone(zone).date().replace(day=1)
    notices = incident_notice.standing(said)
    archived = {first for one in archive.months() if (first := asked_month(one.month))}
    earliest, latest = incident_lists.months(notices, archived, said.now, zone)
    asked = request.GET.get("month")
    chosen = asked_month(asked) if asked else None
    is_known = chosen is not None and earliest <= chosen <= latest
    wanted, in_vain = incident_lists.wanted(
        request.GET.dict(), chosen if is_known else None, said.agencies
    )
    month = wanted.month or present
    older, is_unreadable = _archived(said, month) if month in archived else ((), False)
    found = incident_lists.of_month(
        (one for one in (*notices, *older) if wanted.takes(one)), month, zone
    )
    # The open ones stand above, where nobody asked for a month.
    current = [one for one in notices if one.is_open and wanted.takes(one)]
    if wanted.month is None:
        found = [one for one in found if not one.is_open]
    context = {
        "wanted": wanted,
        "in_vain": in_vain,
        "is_other_month": bool(asked) and not is_known,
        "current": current if wanted.month is None else None,
        "month": month,
        "notices": found[:_LONGEST_LIST],
        "cut": max(0, len(found) - _LONGEST_LIST),
        "is_unreadable": is_unreadable,
        "is_present": month == present,
        "kinds": Kind.choices,
        "previous": _step(wanted, before(month), earliest, latest, present),
        "next": _step(wanted, after(month), earliest, latest, present),
    }
    return page(
        request,
        "public/incidents.html",
        said,
        context,
        query=wanted.address(month=wanted.month),
        # Every choice is the same list of notices: search engines need only one.
        is_indexed=not wanted.is_narrowed and asked is None,
    )


def _archived(said: Said, month: date) -> tuple[tuple[IncidentShown, ...], bool]:
    """What the archive has of a month, and whether it cannot be read right now."""
    read = archive.month(f"{month:%Y-%m}")
    if read is None:
        return (), True
    truth = incident_notice.truth()
    notices = (incident_lists.archived(said, fact, truth) for fact in read.incidents)
    told = [one for one in notices if one is not None]
    return incident_lists.shown(said, told, truth), False


def _step(
    wanted: Wanted, first: date, earliest: date, latest: date, present: date
) -> tuple[str, date] | None:
    """The address of a neighbouring month and its first day, where there may be something."""
    if not earliest <= first <= latest:
        return None
    return wanted.address(month=None if first == present else first), first


# --- one notice ---------------------------------------------------------------------------------


@require_safe
def incident(request: HttpRequest, ref: str) -> HttpResponse:
    """One incident: what is affected, what to do, when there is news, and what happened so far."""
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
        return HttpResponseRedirect(reverse("public:incident", args=[found.ref]))
    fact = found.fact
    agency = found.agency
    context: dict[str, Any] = {
        "notice": found,
        "still_works": found.spoken(fact.still_works) if found.is_open else None,
        "meanwhile": found.spoken(fact.meanwhile) if found.is_open else None,
        "deadlines": incident_words.deadlines(found),
        "payments": incident_words.payments(found),
        "call": (agency.phone if agency else "") or settings.CONTACT_PHONE,
        "derived": by_agency(found.derived[:_DEPENDANTS_SHOWN]),
        "derived_cut": max(0, len(found.derived) - _DEPENDANTS_SHOWN),
        "lines": incident_lists.timeline(found, (one.fact for one in said.incidents)),
        "absorbed_into": fact.absorbed_into if fact.absorbed_into else None,
        "summary": found.spoken(fact.summary),
        "prevention": found.spoken(fact.prevention),
        "cause": incident_words.cause(fact.cause_class),
    }
    return page(request, "public/incident.html", said, context)


def _unreadable(request: HttpRequest, said: Said) -> HttpResponse:
    """There may be such a notice: 404 would be a lie that search engines remember."""
    response = page(request, "public/incident_unreadable.html", said, {}, status=503)
    response["Retry-After"] = str(_RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


def find(said: Said, ref: str) -> IncidentShown | None:
    """The notice with this reference, however it is typed and however old it is."""
    wanted = ref.upper()
    notice = next((one for one in said.incidents if one.ref == wanted), None)
    if notice is None:
        fact = archive.find(wanted)
        # Windows have pages of their own.
        if not isinstance(fact, IncidentFact):
            return None
        notice = incident_lists.archived(said, fact, incident_notice.truth())
    return incident_notice.one(said, notice) if notice is not None else None
