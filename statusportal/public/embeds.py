"""What other sites and apps show of one service: the banner's script, its JSON, and HTML.

Like the pages a function of the snapshot; see docs/embeds.md.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from core.bilingual import LANGUAGES
from statusportal.public import embed_words, incident_notice, plain, window_notice, words
from statusportal.public.answers import Answer, Answers, respond, tagged
from statusportal.public.api import DEFAULT_LANGUAGE, Problem, for_programs
from statusportal.public.embed_words import Notice
from statusportal.public.pages import nothing_yet, page, said_now
from statusportal.public.said import Said, ServiceSaid
from statusportal.public.search import Wanted, find

# Without the stale-while part: who embeds us asks each minute, and is told what is so now.
CACHE_CONTROL = "public, max-age=15, stale-if-error=86400"
# The script changes with releases only, but a mended one must not take days to arrive.
_SCRIPT_CACHE_CONTROL = "public, max-age=300, stale-if-error=86400"
_RETRY_AFTER_S = 10
_DIRECTION = {"ar": "rtl", "en": "ltr"}
_PAGES = {"incident": "public:incident", "window": "public:window"}
_answers = Answers()


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """`/embed/banner.js`: the script of the one tag that a site needs."""
    body = _script()
    answer = Answer(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    response = respond(request, answer, "text/javascript; charset=utf-8")
    del response["Content-Language"]
    response["Cache-Control"] = _SCRIPT_CACHE_CONTROL
    return for_other_sites(response)


@cache
def _script() -> bytes:
    return loader.render_to_string("public/embed/banner.js").encode()


@for_programs
def _document(request: HttpRequest, slug: str) -> HttpResponse:
    """`/embed/{slug}.json?lang=ar|en`: the state of one service and what is to be said of it.

    Problems as those of the API: 400, 404 also for what is not public (rule 12), 405, and 503
    before anything was published.
    """
    if request.method not in {"GET", "HEAD"}:
        raise Problem(
            HTTPStatus.METHOD_NOT_ALLOWED,
            gettext("This address is only read."),
            gettext("Ask with GET or HEAD."),
        )
    if request.GET.get("lang", DEFAULT_LANGUAGE) not in LANGUAGES:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            gettext("This language is not spoken here."),
            gettext("Ask with lang=ar or lang=en, or without lang for English."),
            field="lang",
        )
    said = said_now()
    if said is None:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            gettext("Nothing has been published yet."),
            gettext("Ask again in a few seconds."),
        )
    service = said.services.get(slug)
    if service is None:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            gettext("There is no service with this name."),
            gettext("The names stand in “slug” of the components in components.json."),
        )

    def make() -> Answer:
        whole = _told_of(said, service)
        undated = {key: value for key, value in whole.items() if key != "as_of"}
        return tagged(msgspec.json.encode(whole), undated=msgspec.json.encode(undated))

    answer = _answers.of(said, ("json", slug), make)
    response = respond(request, answer, "application/json; charset=utf-8")
    response["Cache-Control"] = CACHE_CONTROL
    return response


@csrf_exempt
def document(request: HttpRequest, slug: str) -> HttpResponse:
    """`_document`, for scripts of other sites.

    The banner knows by `Date` whether an answer is a new one: one that a cache kept is new too,
    once we confirmed it by a 304.
    """
    response = _document(request, slug=slug)
    response["Access-Control-Expose-Headers"] = "ETag, Retry-After, Date"
    return for_other_sites(response)


@require_safe
def fragment(request: HttpRequest, slug: str) -> HttpResponse:
    """`/embed/{slug}.html?lang=ar|en`: the same words to be put into a page; empty where nothing
    is to be said. Arabic without `lang`; 404 and 503 are empty too, so that nothing shows."""
    with translation.override(language_of(request)):
        found = found_now(slug)
        if isinstance(found, HttpResponse):
            return for_other_sites(found)
        said, service = found

        def make() -> Answer:
            return tagged(_html(said, service, dated=True), undated=_html(said, service))

        answer = _answers.of(said, ("html", slug), make)
        response = respond(request, answer, "text/html; charset=utf-8")
    response["Cache-Control"] = CACHE_CONTROL
    response["Access-Control-Allow-Origin"] = "*"
    return for_other_sites(response)


# --- what they share with badges ----------------------------------------------------------------


def language_of(request: HttpRequest) -> str:
    """The language that is asked for; Arabic when in doubt: images and includes tell nobody of a
    mistake."""
    asked = request.GET.get("lang", "")
    return asked if asked in LANGUAGES else "ar"


def found_now(slug: str) -> tuple[Said, ServiceSaid] | HttpResponse:
    """What is said now, and the public service of this name; else an empty answer that says why
    by its status."""
    said = said_now()
    service = said.services.get(slug) if said is not None else None
    if said is not None and service is not None:
        return said, service
    status = HTTPStatus.SERVICE_UNAVAILABLE if said is None else HTTPStatus.NOT_FOUND
    empty = HttpResponse(status=status)
    empty["Cache-Control"] = "no-store"
    if said is None:
        empty["Retry-After"] = str(_RETRY_AFTER_S)
    return empty


def for_other_sites(response: HttpResponse) -> HttpResponse:
    """`response` as sites may embed it that demand so of everything (COEP)."""
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def told(said: Said, service: ServiceSaid) -> list[Notice]:
    """What is to be said of a service, in the language that is active."""
    return embed_words.notices(
        service,
        incident_notice.standing(said),
        window_notice.standing(said),
        _address,
        after=settings.MAINTENANCE_AFTER,
    )


# --- bodies -------------------------------------------------------------------------------------


def _html(said: Said, service: ServiceSaid, *, dated: bool = False) -> bytes:
    language = words.language()
    given = {
        "notices": told(said, service),
        "region": embed_words.region(service),
        "lang": language,
        "dir": _DIRECTION[language],
        "said": said,
        "dated": dated,
    }
    return loader.render_to_string("public/embed/notices.html", given).strip().encode()


def _told_of(said: Said, service: ServiceSaid) -> dict[str, object]:
    return {
        "service": {
            "id": service.fact.id,
            "slug": service.slug,
            "name": plain.name(service.name),
            "state": embed_words.state(service.health),
            "label": embed_words.state_word(service.health),
        },
        "notices": [
            {
                "kind": one.kind,
                "phase": one.phase,
                "label": one.label,
                "ref": one.ref,
                "title": one.title,
                "text": one.text,
                "from": _instant(one.starts_at),
                "until": _instant(one.ends_at),
                "next_update_by": _instant(one.next_update_by),
                "url": one.address,
            }
            for one in told(said, service)
        ],
        # So that the script has no words of its own.
        "words": {
            "region": embed_words.region(service),
            "more": gettext("More about this"),
            "close": gettext("Close this notice"),
        },
        "as_of": _instant(said.as_of),
        "stale_after": round(said.stale_after),
    }


def _instant(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _address(kind: str, name: str) -> str:
    return settings.PUBLIC_URL + reverse(_PAGES[kind], args=[name])


# --- the page that tells how --------------------------------------------------------------------


@require_safe
def use(request: HttpRequest) -> HttpResponse:
    """`/{lang}/use/?q=`: what to copy into one's own site, for one service, and how it looks.

    `q` is the name in a service's address, or words that the search finds it by.
    """
    said = said_now()
    if said is None:
        return nothing_yet(request)
    wanted = Wanted.of(request.GET, said)
    found = said.services.get(wanted.q)
    hits = () if found or not wanted.q else find(said, wanted, words.language()).services
    # Not the one in most trouble: the page renews itself, and what is copied must stay.
    service = found or next(iter((*hits, *said.services.values())), None)
    given: dict[str, Any] = {
        "wanted": wanted,
        "in_vain": bool(wanted.q) and not found and not hits,
        "service": service,
    }
    if service is not None:
        given |= {"snippets": _snippets(service), "is_told": bool(told(said, service))}
    query = Wanted(q=wanted.q).address()
    return page(request, "public/use.html", said, given, query=query, is_indexed=not wanted.q)


def _snippets(service: ServiceSaid) -> dict[str, str]:
    """What to copy, as text; names in it are escaped as HTML wants it."""
    language, site = words.language(), settings.PUBLIC_URL
    name = escape(plain.name(service.name))
    address = site + reverse("public:service", args=[service.slug])
    of_service = {"slug": service.slug}
    state = site + reverse("badge", kwargs=of_service) + f"?lang={language}"
    script = site + reverse("embed-script")
    return {
        "tag": (
            f'<script async src="{script}" data-service="{service.slug}"'
            f' data-lang="{language}"></script>'
        ),
        "policy": f"script-src {site}; connect-src {site}",
        "json": site + reverse("embed-json", kwargs=of_service) + f"?lang={language}",
        "html": site + reverse("embed-html", kwargs=of_service) + f"?lang={language}",
        "status": f'<a href="{address}"><img src="{state}" alt="{name}" height="20"></a>',
        "uptime": (
            f'<a href="{address}"><img src="{state}&amp;kind=uptime" alt="{name}" height="20"></a>'
        ),
    }
