"""The citizens' pages: each a function of what the reader says at one instant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import loader
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_safe

from core.bilingual import LANGUAGES, Bilingual
from services import labels
from services.status.headline import HeadlineKind
from services.status.health import Health
from statusportal.public import reader, words
from statusportal.public.said import Said
from statusportal.public.search import NOT_MONITORED, PROBLEM, STATUSES, Wanted, find
from statusportal.public.shape import DayFact, ServiceHistory
from statusportal.public.store import store
from statusportal.public.troubles import silent, troubles

CACHE_CONTROL = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
# How soon a reader may try again where nothing was ever published.
_RETRY_AFTER_S = 10
# A list behind a cause, or of silent services, is cut here: the rest is in the catalogue.
_LONGEST_LIST = 100
_TROUBLES_SHOWN = 20
_DAYS_SHOWN = 10

_DIRECTION = {"ar": "rtl", "en": "ltr"}
# Each language calls itself by its own name.
_OWN_NAME = {"ar": "العربية", "en": "English"}


# --- pages ------------------------------------------------------------------------------------


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """`/`: to the reader's language; Arabic when in doubt."""
    language = preferred_language(request.headers.get("Accept-Language", ""))
    with translation.override(language):
        response = HttpResponseRedirect(reverse("public:home"))
    response["Cache-Control"] = CACHE_CONTROL
    patch_vary_headers(response, ["Accept-Language"])
    return response


def preferred_language(header: str) -> str:
    """The first of our languages that an Accept-Language header names; Arabic when none."""
    for tag, quality in parse_accept_lang_header(header.lower()):
        if tag == "*":
            break
        base = tag.partition("-")[0]
        # Quality 0 is "anything but this" (RFC 9110, 12.4.2).
        if base in LANGUAGES and quality > 0:
            return base
    return "ar"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Is anything wrong, is my service all right, how are the agencies."""
    said = _said()
    if said is None:
        return _nothing_yet(request)
    wrong = troubles(said)
    unseen = silent(said.services.values())
    context = {
        "headline": words.headline(said.headline),
        "headline_health": _headline_health(said),
        "is_green": said.headline.kind is HeadlineKind.NONE,
        "is_blind": said.headline.kind is HeadlineKind.BLIND or said.headline.also_blind,
        "counts": _counts(said),
        "banner": next(iter(wrong), None),
        "troubles": wrong[:_TROUBLES_SHOWN],
        "troubles_cut": max(0, len(wrong) - _TROUBLES_SHOWN),
        "silent": unseen[:_LONGEST_LIST],
        "silent_count": len(unseen),
        "longest_list": _LONGEST_LIST,
    }
    return _page(request, "public/home.html", said, context)


@require_safe
def services(request: HttpRequest) -> HttpResponse:
    """The catalogue: search, filters, pages of 50."""
    said = _said()
    if said is None:
        return _nothing_yet(request)
    wanted = Wanted.of(request.GET, said)
    found = find(said, wanted, words.language())
    context = {
        "wanted": wanted,
        "found": found,
        "statuses": [(status, _status_name(status)) for status in STATUSES],
        "previous": wanted.address(page=found.page - 1) if found.page > 1 else None,
        "next": wanted.address(page=found.page + 1) if found.page < found.pages else None,
        "is_narrowed": bool(wanted.q or wanted.agency or wanted.category or wanted.status),
    }
    return _page(
        request,
        "public/services.html",
        said,
        context,
        query=wanted.address(page=found.page),
        # Every combination of filters is the same catalogue: search engines need only one.
        is_indexed=not context["is_narrowed"] and found.page == 1,
    )


@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """One service: can I use it now, and what do I do meanwhile."""
    said = _said()
    if said is None:
        return _nothing_yet(request)
    found = said.services.get(slug)
    if found is None:
        raise Http404
    history = store.history()
    past = next((row for row in history.services if row.id == found.fact.id), None)
    days = _trouble_days(past)
    context = {
        "service": found,
        "is_operational": found.health is Health.OPERATIONAL,
        "observed_at": _latest(channel.observed_at for channel in found.channels),
        "channels": [(channel, _channel_name(channel.fact.kind)) for channel in found.channels],
        "audience": [_audience_name(code) for code in found.fact.audience],
        "past": past,
        "trouble_days": days[:_DAYS_SHOWN],
        "earlier_days": days[_DAYS_SHOWN:],
        "unknown_seconds": sum(day.unknown for day in past.days) if past else 0,
        "history_is_demo": history.is_demo,
    }
    return _page(request, "public/service.html", said, context)


@require_safe
def agency(request: HttpRequest, code: str) -> HttpResponse:
    """One agency with its services."""
    said = _said()
    if said is None:
        return _nothing_yet(request)
    found = said.agencies.get(code)
    if found is None:
        raise Http404
    ordered = sorted(found.services, key=lambda member: not member.has_problem)
    return _page(request, "public/agency.html", said, {"group": found, "services": ordered})


# --- errors -----------------------------------------------------------------------------------


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 in the language of the address; in both where the address names none."""
    language = translation.get_language_from_path(request.path_info)
    if language is None:
        return _bare("404.html", 404)
    with translation.override(language):
        return _page(request, "public/not_found.html", _said(), {}, status=404, has_twin=False)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 in both languages, without anything that may be what failed."""
    return _bare("500.html", 500)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 in both languages."""
    return _bare("403.html", 403)


def _bare(template: str, status: int) -> HttpResponse:
    try:
        stylesheet = static("css/portal.css")
    except ValueError:
        # No manifest: the page must come all the same.
        stylesheet = ""
    context = {"stylesheet": stylesheet, "phone": settings.CONTACT_PHONE}
    response = HttpResponse(loader.render_to_string(template, context), status=status)
    response["Cache-Control"] = "no-store"
    return response


def _nothing_yet(request: HttpRequest) -> HttpResponse:
    response = _page(request, "public/nothing_yet.html", None, {}, status=503)
    response["Retry-After"] = str(_RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


# --- what every page has ----------------------------------------------------------------------


def _said() -> Said | None:
    # The edge where the clock is read: everything below takes the instant from here.
    return store.said(reader.step(timezone.now()))


def _page(
    request: HttpRequest,
    template: str,
    said: Said | None,
    context: dict[str, Any],
    *,
    status: int = 200,
    query: str = "",
    is_indexed: bool = True,
    has_twin: bool = True,
) -> HttpResponse:
    """The page in the active language, rendered without the request: no session, no user."""
    language = words.language()
    other = "en" if language == "ar" else "ar"
    # The twin of a page that does not exist would not exist either.
    path = request.path if has_twin else reverse("public:home")
    twin = f"/{other}/{path.split('/', 2)[2]}"
    common = {
        "said": said,
        "lang": language,
        "dir": _DIRECTION[language],
        "other": {
            "lang": other,
            "dir": _DIRECTION[other],
            "name": _OWN_NAME[other],
            "path": twin + query,
        },
        "alternates": [
            (language, settings.PUBLIC_URL + path + query),
            (other, settings.PUBLIC_URL + twin + query),
        ]
        if has_twin
        else [],
        "is_indexed": is_indexed and status == 200,
        "portal_name": settings.PORTAL_NAME,
        "authority": Bilingual(settings.AUTHORITY_NAME_AR, settings.AUTHORITY_NAME_EN),
        "phone": settings.CONTACT_PHONE,
        "is_old": said is not None and said.now - said.as_of > timedelta(seconds=said.stale_after),
    }
    response = HttpResponse(loader.render_to_string(template, common | context), status=status)
    response["Cache-Control"] = CACHE_CONTROL
    response["Content-Language"] = language
    return response


# --- what single pages have -------------------------------------------------------------------


def _headline_health(said: Said) -> Health:
    """By which state's colour and sign the headline is shown."""
    match said.headline.kind:
        case HeadlineKind.MAJOR:
            return Health.MAJOR_OUTAGE
        case HeadlineKind.PARTIAL:
            return Health.PARTIAL_OUTAGE
        case HeadlineKind.PROBLEMS:
            return Health.DEGRADED
        case HeadlineKind.BLIND:
            return Health.UNKNOWN
        case HeadlineKind.MAINTENANCE:
            return Health.MAINTENANCE
        case _:
            return Health.OPERATIONAL


def _counts(said: Said) -> list[tuple[Health, int, str]]:
    """(state, how many services, query that lists them), worst first; states that none is in
    are left out."""
    counted = [
        (Health.MAJOR_OUTAGE, said.headline.major_outage),
        (Health.PARTIAL_OUTAGE, said.headline.partial_outage),
        (Health.DEGRADED, said.headline.degraded),
        (Health.MAINTENANCE, said.headline.maintenance),
        (Health.UNKNOWN, said.headline.unknown),
        (Health.OPERATIONAL, said.headline.operational),
    ]
    return [(health, n, Wanted(status=health).address()) for health, n in counted if n]


def _status_name(status: str) -> Any:
    if status == PROBLEM:
        return translation.gettext("With problems")
    if status == NOT_MONITORED:
        return labels.NOT_MONITORED
    return labels.HEALTH[Health(status)]


def _channel_name(kind: str) -> Any:
    # The snapshot may come from a newer release than this process.
    return labels.ChannelKind(kind).label if kind in labels.ChannelKind.values else kind


def _audience_name(code: str) -> Any:
    return labels.Audience(code).label if code in labels.Audience.values else code


def _latest(instants: Iterable[Any]) -> Any:
    return max((at for at in instants if at is not None), default=None)


def _trouble_days(past: ServiceHistory | None) -> list[tuple[DayFact, list[str]]]:
    """Days on which something was wrong, newest first, with what it was."""
    if past is None:
        return []
    said = [(day, words.trouble(day)) for day in reversed(past.days)]
    return [(day, sentences) for day, sentences in said if sentences]
