"""Where agencies' systems call: `POST /api/heartbeats/{token}/`, and by a token of the API
`POST /api/v1/heartbeats/{check}/`. No session, no cookie, no page."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from accounts import bearer
from accounts.tokens import Scope
from core.problems import FieldProblem, Problem
from services import heartbeats
from services.models import Check

logger = logging.getLogger(__name__)

# Jobs like to send their whole log along; nobody reads more of it than this.
_BODY_BYTES = 1024
_RETRY_AFTER_S = 5

_NO_TOKEN = _("There is no such token, or it was revoked.")
_ONLY_POST = _("Call this address with POST.")
_BAD_STATUS = _("The status is “ok” or “fail”.")
_NOT_READABLE = _("The body cannot be read. Send it right, or send none.")
_NO_DATABASE = _("Calls cannot be written down at the moment. Call again in a few seconds.")


class _BadCall(Exception):
    """What was sent along is neither "ok" nor "fail"."""


def _door(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What both ways through the door share: POST only, nothing kept, no page when it fails."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, **named: str) -> HttpResponse:
        if request.method != "POST":
            response = _problem(HTTPStatus.METHOD_NOT_ALLOWED, _ONLY_POST)
            response["Allow"] = "POST"
        else:
            try:
                response = view(request, **named)
            except (OperationalError, InterfaceError) as error:
                logger.error("A heartbeat could not be written down: %s", type(error).__name__)
                response = _problem(HTTPStatus.SERVICE_UNAVAILABLE, _NO_DATABASE)
                response["Retry-After"] = str(_RETRY_AFTER_S)
        response["Cache-Control"] = "no-store"
        # Django logs the address of whatever failed, and this one holds the token.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    return answer


@_door
def heartbeat(request: HttpRequest, token: str) -> HttpResponse:
    """A beat: 204, also where one was written within the last second.

    `status` (query, form or JSON) is "ok", as without it, or "fail". A body of more than 1 KB is
    read that far; JSON that is longer is not read at all. Problems are those of RFC 9457: 404 for
    a token that is unknown or revoked, 400, 405, and 503 with Retry-After.
    """
    try:
        has_failed = _has_failed(request)
    except _BadCall as reason:
        return _problem(HTTPStatus.BAD_REQUEST, reason.args[0])
    if not heartbeats.receive(token=token, has_failed=has_failed, now=timezone.now()):
        return _problem(HTTPStatus.NOT_FOUND, _NO_TOKEN)
    return bearer.nothing()


@_door
def own_door(request: HttpRequest) -> HttpResponse:
    """The portal calls itself (rule 6): 204, and 404 to everybody else."""
    now = timezone.now()
    if not heartbeats.is_own_pass(request.headers.get(heartbeats.DOOR_HEADER, ""), now):
        return _problem(HTTPStatus.NOT_FOUND, _NO_TOKEN)
    heartbeats.sign_in(now=now)
    return bearer.nothing()


@bearer.bearer(Scope.HEARTBEAT, "POST")
def heartbeat_of(request: HttpRequest, caller: bearer.Caller, check_id: int) -> HttpResponse:
    """A beat for a check of the caller's agency: 204. `{"status": "ok"}`, as no body, or "fail"."""
    document = bearer.sent(request, may_be_empty=True)
    status = document.get("status", "ok")
    wrong = [
        FieldProblem(name, _("There is no such field here."), _("Leave it out."))
        for name in sorted(document.keys() - {"status"})
    ]
    if status not in ("ok", "fail"):
        # Taken for "ok", a misspelt failure would be green.
        wrong.insert(0, FieldProblem("status", _BAD_STATUS, _("Write “ok” or “fail”.")))
    if wrong:
        raise Problem(bearer.INVALID, _("The body is not what belongs here."), *wrong)
    try:
        heartbeats.beat(check_id=check_id, has_failed=status == "fail", **caller.acting())
    except Check.DoesNotExist:
        raise bearer.absent(_("Your agency has no check with this number.")) from None
    except heartbeats.ExpectsNone:
        raise Problem(
            bearer.CONFLICT, _("This check asks by itself, and expects no heartbeats.")
        ) from None
    return bearer.nothing()


def _has_failed(request: HttpRequest) -> bool:
    """Whether the job says that it failed, in any of the places where it may say so."""
    said = [*request.GET.getlist("status"), *_said_in_body(request)]
    if not set(said) <= {"ok", "fail"}:
        # Taken for "ok", a misspelt failure would be green.
        raise _BadCall(_BAD_STATUS)
    return "fail" in said


def _said_in_body(request: HttpRequest) -> list[str]:
    if request.content_type == "multipart/form-data":
        return _said_in_parts(request)
    try:
        body = request.read(_BODY_BYTES + 1)
    except UnreadablePostError:
        raise _BadCall(_NOT_READABLE) from None
    if request.content_type == "application/x-www-form-urlencoded":
        text = body[:_BODY_BYTES].decode("utf-8", "replace")
        return QueryDict(text, encoding="utf-8").getlist("status")
    if request.content_type != "application/json" or len(body) > _BODY_BYTES or not body:
        return []
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _BadCall(_NOT_READABLE) from None
    if not isinstance(document, dict) or document.get("status") is None:
        return []
    return [str(document["status"])]


def _said_in_parts(request: HttpRequest) -> list[str]:
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > _BODY_BYTES:
            return []
        return request.POST.getlist("status")
    except (ValueError, MultiPartParserError, UnreadablePostError):
        raise _BadCall(_NOT_READABLE) from None


def _problem(status: HTTPStatus, detail: str | Promise) -> HttpResponse:
    """A problem document (RFC 9457); of type about:blank, so that the title is the code's."""
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": str(detail),
    }
    return HttpResponse(
        json.dumps(document, ensure_ascii=False),
        status=status,
        content_type="application/problem+json",
    )
