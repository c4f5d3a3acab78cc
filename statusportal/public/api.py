"""`/api/v2/…`: the portal for programs that read Statuspage pages (docs/api.md)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt

from core.bilingual import LANGUAGES
from statusportal.public import api_shape, incident_notice, plain, window_notice, words
from statusportal.public.answers import Answer, Answers, respond, tagged
from statusportal.public.api_pieces import Memory
from statusportal.public.pages import preferred_language, said_now
from statusportal.public.remembered import Remembered
from statusportal.public.said import GroupSaid, Said

# What programs that ask without `lang` were written for.
DEFAULT_LANGUAGE = "en"
_RETRY_AFTER_S = 10
_PREFLIGHT_LASTS_S = 86_400
_answers = Answers()
# Whoever asks for the page of every agency fills no more than this.
_MOST_PAGES = 64
_memories: Remembered[Memory] = Remembered(_MOST_PAGES)
_PAGES = {
    "agency": "public:agency",
    "incident": "public:incident",
    "window": "public:window",
}


class Problem(Exception):
    """What keeps a document from being given, with a sentence on how to mend the question."""

    def __init__(self, status: HTTPStatus, detail: str, mend: str, field: str | None = None):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.mend = mend
        self.field = field


def for_programs(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open to scripts of any site, with problems as documents and never as pages."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, **named: str) -> HttpResponse:
        language = request.GET.get("lang", DEFAULT_LANGUAGE)
        if language not in LANGUAGES:
            language = preferred_language(request.headers.get("Accept-Language", ""))
        with translation.override(language):
            try:
                response = _preflight() if request.method == "OPTIONS" else view(request, **named)
            except Problem as problem:
                response = _problem(problem)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "ETag, Retry-After"
        if response.status_code != HTTPStatus.NO_CONTENT:
            response["Content-Language"] = language
        return response

    return answer


@for_programs
def document(request: HttpRequest, path: str) -> HttpResponse:
    """One document of the Statuspage v2 API; `?lang=ar|en`, `?agency=CODE` for one agency's page.

    Problems are those of RFC 9457 with `field` and `mend`: 404 for an unknown path or agency, 400
    for an unknown language, 405, and 503 with Retry-After before anything was published.
    """
    if request.method not in {"GET", "HEAD"}:
        raise Problem(
            HTTPStatus.METHOD_NOT_ALLOWED,
            gettext("This address is only read."),
            gettext("Ask with GET or HEAD."),
        )
    if path not in api_shape.DOCUMENTS:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            gettext("There is no such document."),
            gettext("Ask for one of these: {paths}.").format(
                paths=words.listed(api_shape.DOCUMENTS)
            ),
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
    group = _group(said, request.GET.get("agency", ""))

    def make() -> Answer:
        body, undated = api_shape.document(path, _source(said, group))
        return tagged(body, undated=undated)

    answer = _answers.of(said, (path, group.code if group else ""), make)
    return respond(request, answer, "application/json; charset=utf-8")


def _group(said: Said, code: str) -> GroupSaid | None:
    if not code:
        return None
    group = said.agencies.get(code)
    if group is None:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            gettext("There is no agency with this code."),
            gettext("The codes stand in “slug” of the groups in components.json."),
            field="agency",
        )
    return group


# --- what a document is made of ------------------------------------------------------------------


def _source(said: Said, group: GroupSaid | None) -> api_shape.Source:
    return api_shape.Source(
        said=said,
        incidents=lambda: incident_notice.standing(said),
        windows=lambda: window_notice.standing(said),
        name=plain.name(settings.PORTAL_NAME),
        site=settings.PUBLIC_URL,
        time_zone=settings.TIME_ZONE,
        address=lambda kind, name: settings.PUBLIC_URL + reverse(_PAGES[kind], args=[name]),
        group=group,
        memory=_memory(group.code if group else ""),
    )


def _memory(code: str) -> Memory:
    """What this process wrote before for this page, in the language that is active.

    Under all that its words depend on beside what the reader says.
    """
    settled = settings.PUBLIC_URL, settings.TIME_ZONE, settings.DIGITS
    return _memories.of((words.language(), code), settled, Memory)


# --- answers without a document -----------------------------------------------------------------


def _preflight() -> HttpResponse:
    """Browsers ask before a script may send If-None-Match."""
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    del response["Content-Type"]
    response["Access-Control-Allow-Methods"] = "GET, HEAD"
    response["Access-Control-Allow-Headers"] = "If-None-Match"
    response["Access-Control-Max-Age"] = str(_PREFLIGHT_LASTS_S)
    return response


def _problem(problem: Problem) -> HttpResponse:
    """A problem document (RFC 9457); of type about:blank, so that the title is the code's."""
    told = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "mend": problem.mend,
    }
    if problem.field is not None:
        told["field"] = problem.field
    response = HttpResponse(
        msgspec.json.encode(told),
        status=problem.status,
        content_type="application/problem+json",
    )
    response["Cache-Control"] = "no-store"
    if problem.status is HTTPStatus.METHOD_NOT_ALLOWED:
        response["Allow"] = "GET, HEAD, OPTIONS"
    if problem.status is HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(_RETRY_AFTER_S)
    return response
