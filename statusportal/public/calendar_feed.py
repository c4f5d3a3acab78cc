"""Planned work as calendars: of everything, an agency, a service, and one window (RFC 5545).

Like the pages a function of the snapshot: the same windows give the same bytes, so programs that
ask every hour mostly hear that nothing changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from maintenance.calendars import CANCELLED_KEPT, Entry, calendar_of, uid_of
from statusportal.public import plain, window_details, window_lists, window_words, words
from statusportal.public.answers import Answer, Answers, respond
from statusportal.public.maintenance_page import find
from statusportal.public.pages import nothing_yet, said_now
from statusportal.public.remembered import Remembered
from statusportal.public.said import Said
from statusportal.public.window_lists import WindowShown
from statusportal.public.window_notice import standing

# Whoever asks for every service's calendar fills no more than this.
_MOST_KEPT = 64
_answers = Answers()
_written: Remembered[Answer] = Remembered(_MOST_KEPT)


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """`/{lang}/calendar.ics`: every announced window."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    return _calendar(request, said, lambda: standing(said), name=gettext("Planned work"))


@require_safe
def agency(request: HttpRequest, code: str) -> HttpResponse:
    """What reaches a service of one agency, also through something that it needs."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    group = said.agencies.get(code)
    if group is None:
        raise Http404
    return _calendar(
        request,
        said,
        lambda: window_lists.of_agency(standing(said), code),
        name=_name_of(group.name.in_language(words.language())),
    )


@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """What reaches one service, also through something that it needs."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    found = said.services.get(slug)
    if found is None:
        raise Http404
    known_as = found.fact.id
    return _calendar(
        request,
        said,
        lambda: window_lists.of_service(standing(said), known_as),
        name=_name_of(found.name.in_language(words.language())),
    )


@require_safe
def window(request: HttpRequest, ref: str) -> HttpResponse:
    """One window, to add to one's own calendar."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    found = find(said, ref)
    if found is None:
        raise Http404
    name = window_details.plain_text(window_words.title(found.said))
    response = _calendar(request, said, lambda: [found], name=name)
    if response.status_code == 200:
        response["Content-Disposition"] = f'attachment; filename="{found.ref}.ics"'
    return response


def _name_of(name: str) -> str:
    return gettext("Planned work: {name}").format(name=name)


def _calendar(
    request: HttpRequest, said: Said, windows: Callable[[], Iterable[WindowShown]], *, name: str
) -> HttpResponse:
    def make() -> Answer:
        told = tuple(one for one in map(entry, windows()) if _is_told(one, said.now))
        given = told, plain.printable(name), words.language(), settings.PUBLIC_URL + request.path
        # By what it says and not by the version, which each check of any service changes.
        return _written.of(request.path, given, lambda: _answer(*given, now=said.now))

    response = respond(
        request, _answers.of(said, (request.path,), make), "text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    return response


def _is_told(one: Entry, now: datetime) -> bool:
    """As `calendar_of` has it: the clock alone takes a cancelled entry away."""
    return not one.is_cancelled or now - one.changed_at < CANCELLED_KEPT


def _answer(
    entries: Iterable[Entry], name: str, language: str, source: str, *, now: datetime
) -> Answer:
    body = calendar_of(entries, name=name, language=language, source=source, now=now)
    return Answer(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def entry(window: WindowShown) -> Entry:
    """A window as a calendar has it, in the language that is active."""
    fact = window.said.fact
    return Entry(
        uid=uid_of(fact.ref, urlsplit(settings.PUBLIC_URL).hostname or "localhost"),
        starts_at=fact.starts_at,
        ends_at=fact.ends_at,
        summary=plain.printable(window_details.summary(window.said)),
        description=plain.printable(window_details.description(window)),
        url=settings.PUBLIC_URL + reverse("public:window", args=[fact.ref]),
        created_at=fact.approved_at,
        changed_at=fact.changed_at,
        sequence=fact.sequence,
        # Moved: the window that took its place has an entry of its own.
        is_cancelled=window.is_called_off,
        categories=(gettext("Planned work"),),
    )
