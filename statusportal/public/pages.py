"""The citizens' pages: each a function of what the reader says at one instant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
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
from statusportal.public import incident_lists, incident_notice, reader, words
from statusportal.public.cards import headline_health
from statusportal.public.said import GroupSaid, Said, ServiceSaid
from statusportal.public.search import (
    NOT_MONITORED,
    PROBLEM,
    STATUSES,
    Wanted,
    also_known,
    find,
)
from statusportal.public.store import store
from statusportal.public.troubles import by_incident, silent, told, troubles

CACHE_CONTROL = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
# How soon a reader may try again where nothing was ever published.
_RETRY_AFTER_S = 10
# A list behind a cause, or of silent services, is cut here: the rest is in the catalogue.
_LONGEST_LIST = 100
_TROUBLES_SHOWN = 20
_AFFECTED_SHOWN = 50
_AFFECTED_TOGETHER = 150
_GROUPS_SHOWN = 24

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
    said = said_now()
    if said is None:
        return nothing_yet(request)
    # Planned work is not wrong: it has a banner and a list of its own, which say until when.
    wrong = [one for one in by_incident(troubles(said)) if one.health is not Health.MAINTENANCE]
    told_of = {one.incident.ref for one in wrong if one.incident is not None}
    # Open, though nothing that it lists is wrong any more: people are watching.
    watched = [
        one
        for one in incident_lists.by_reach(incident_notice.standing(said))
        if one.ref not in told_of
    ]
    unseen = silent(said.services.values())
    agencies, more_agencies = _groups(said.agencies)
    categories, more_categories = _groups(said.categories)
    context = {
        "headline": words.headline(said.headline),
        "headline_health": headline_health(said.headline.kind),
        "is_green": said.headline.kind is HeadlineKind.NONE,
        "is_blind": said.headline.kind is HeadlineKind.BLIND or said.headline.also_blind,
        "counts": _counts(said),
        "banner": wrong[0] if wrong else None,
        "troubles": told(
            wrong[:_TROUBLES_SHOWN], most=_AFFECTED_SHOWN, together=_AFFECTED_TOGETHER
        ),
        "troubles_cut": max(0, len(wrong) - _TROUBLES_SHOWN),
        "watched": watched[:_TROUBLES_SHOWN],
        "silent": unseen[:_LONGEST_LIST],
        "silent_count": len(unseen),
        "longest_list": _LONGEST_LIST,
        "agencies": agencies,
        "more_agencies": more_agencies,
        "categories": categories,
        "more_categories": more_categories,
    }
    return page(request, "public/home.html", said, context)


@require_safe
def services(request: HttpRequest) -> HttpResponse:
    """The catalogue: search, filters, pages of 50."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    wanted = Wanted.of(request.GET, said)
    found = find(said, wanted, words.language())
    address = wanted.address(page=found.page)
    context = {
        "wanted": wanted,
        "found": found,
        "rows": [_row(service, wanted.q) for service in found.services],
        "statuses": [(status, _status_name(status)) for status in STATUSES],
        "audiences": labels.Audience.choices,
        "channels": labels.ChannelKind.choices,
        "filters": _filters(wanted, said),
        "previous": wanted.address(page=found.page - 1) if found.page > 1 else None,
        "next": wanted.address(page=found.page + 1) if found.page < found.pages else None,
        "address": request.path + address,
    }
    return page(
        request,
        "public/services.html",
        said,
        context,
        query=address,
        # Every combination of filters is the same catalogue: search engines need only one.
        is_indexed=not wanted.is_narrowed and found.page == 1,
    )


# --- errors -----------------------------------------------------------------------------------


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 in the language of the address; in both where the address names none."""
    language = translation.get_language_from_path(request.path_info)
    if language is None:
        return _bare("404.html", 404)
    with translation.override(language):
        return page(request, "public/not_found.html", said_now(), {}, status=404, has_twin=False)


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


def nothing_yet(request: HttpRequest) -> HttpResponse:
    response = page(request, "public/nothing_yet.html", None, {}, status=503)
    response["Retry-After"] = str(_RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


# --- what every page has ----------------------------------------------------------------------


def said_now() -> Said | None:
    # The edge where the clock is read: everything below takes the instant from here.
    return store.said(reader.step(timezone.now()))


def page(
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
    # The same address gives only what may change to those who have the rest (templates/base.html).
    is_renewal = request.headers.get("HX-Request") == "true"
    common = {
        "skeleton": "base.html#live" if is_renewal else "base.html",
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
    patch_vary_headers(response, ["HX-Request"])
    return response


# --- what single pages have -------------------------------------------------------------------


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


def _groups(groups: Mapping[str, GroupSaid]) -> tuple[list[GroupSaid], list[GroupSaid]]:
    """Groups to show at once, and the rest for a fold: a long list begins with the troubled."""
    if len(groups) <= _GROUPS_SHOWN:
        return list(groups.values()), []
    troubled = sorted(groups.values(), key=lambda group: -group.problems)
    shown = {group.code for group in troubled[:_GROUPS_SHOWN]}
    return troubled[:_GROUPS_SHOWN], [g for g in groups.values() if g.code not in shown]


def _row(service: ServiceSaid, query: str) -> dict[str, Any]:
    """What a row of the results has beside the service: why the search found it."""
    if not query:
        return {"service": service}
    other = also_known(service, query, words.language())
    return {
        "service": service,
        "name": words.marked(service.name, query),
        "also": words.also_known(words.marked_text(*other, query)) if other else None,
    }


def _filters(wanted: Wanted, said: Said) -> list[dict[str, Any]]:
    """What was chosen, each with the address that takes it away again."""
    names: dict[str, Callable[[str], Any]] = {
        "agency": lambda code: words.name(said.agencies[code].name),
        "category": lambda slug: words.name(said.categories[slug].name),
        "status": _status_name,
        "audience": lambda code: labels.Audience(code).label,
        "channel": words.channel_name,
    }
    return [
        {"name": names[name](value), "address": wanted.without(name), "key": name}
        for name, value in wanted.chosen
    ]


def _status_name(status: str) -> Any:
    if status == PROBLEM:
        return translation.gettext("With problems")
    if status == NOT_MONITORED:
        return labels.NOT_MONITORED
    return labels.HEALTH[Health(status)]
