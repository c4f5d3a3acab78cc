"""The door for agencies' systems: a token in `Authorization`, JSON in, JSON out.

No session, no cookie, no form: whoever has the token is the system, and nothing else counts. A
token in an address would stand in every log on the way, so it is looked for in one place only.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, NoReturn, ParamSpec

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from accounts import token_rates
from accounts.models import ApiToken
from accounts.token_operations import recognise
from accounts.tokens import Scope, Standing
from core.admin import address_of
from core.bilingual import LANGUAGES
from core.problems import FieldProblem, Kind, Problem, Sentence

logger = logging.getLogger(__name__)

# What programs that name no language read; people's logs are full of it.
DEFAULT_LANGUAGE = "en"
MOST_BYTES = 16 * 1024
_RETRY_AFTER_S = 5
_REALM = 'Bearer realm="agency API"'

MALFORMED = Kind(
    "malformed", HTTPStatus.BAD_REQUEST, pgettext_lazy("title of a problem", "Not readable")
)
NO_TOKEN = Kind(
    "no-valid-token",
    HTTPStatus.UNAUTHORIZED,
    pgettext_lazy("title of a problem", "No valid token"),
)
OUT_OF_SCOPE = Kind(
    "out-of-scope",
    HTTPStatus.FORBIDDEN,
    pgettext_lazy("title of a problem", "The token is not for this"),
)
ABSENT = Kind("absent", HTTPStatus.NOT_FOUND, pgettext_lazy("title of a problem", "Not there"))
WRONG_METHOD = Kind(
    "wrong-method",
    HTTPStatus.METHOD_NOT_ALLOWED,
    pgettext_lazy("title of a problem", "Wrong method"),
)
CONFLICT = Kind(
    "conflict", HTTPStatus.CONFLICT, pgettext_lazy("title of a problem", "It does not fit")
)
TOO_LARGE = Kind(
    "too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    pgettext_lazy("title of a problem", "Too long"),
)
NOT_JSON = Kind(
    "not-json",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    pgettext_lazy("title of a problem", "Not JSON"),
)
INVALID = Kind(
    "invalid",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    pgettext_lazy("title of a problem", "Something in it is wrong"),
)
TOO_OFTEN = Kind(
    "too-often",
    HTTPStatus.TOO_MANY_REQUESTS,
    pgettext_lazy("title of a problem", "Too many calls"),
)
OUT_OF_ORDER = Kind(
    "out-of-order",
    HTTPStatus.SERVICE_UNAVAILABLE,
    pgettext_lazy("title of a problem", "Not possible at the moment"),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """A system at the door: its token, when it called, and from where."""

    token: ApiToken
    now: datetime
    address: str | None

    @property
    def agency_id(self) -> int:
        """The agency whose objects are there for it; all others are not."""
        return self.token.agency_id

    def acting(self) -> dict[str, Any]:
        """Who acts, when and from where, as operations take it."""
        return {"by": self.token, "now": self.now, "address": self.address}


_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, Caller, _P], HttpResponse]


def bearer(scope: Scope, *methods: str) -> Callable[[_View[_P]], Callable[..., HttpResponse]]:
    """A view for tokens with `scope`, called with one of `methods`; it gets a `Caller`.

    What it raises as `Problem` becomes the answer; a database that is away becomes 503.
    """

    def guard(view: _View[_P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def entered(request: HttpRequest, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
            if request.method not in methods:
                raise _wrong_method(methods)
            now = timezone.now()
            token = _token_of(request, now)
            left = token_rates.count(
                key=token.public_id,
                policy=scope.value,
                limit=settings.AGENCY_API_RATES[scope.value],
                now=now,
            )
            try:
                if left.is_spent:
                    raise _too_often(left.resets_s)
                if scope.value not in token.scopes:
                    raise _out_of_scope(scope)
                response = view(request, Caller(token, now, address_of(request)), *args, **kwargs)
            except Problem as problem:
                problem.headers |= left.headers
                raise
            for name, value in left.headers.items():
                response[name] = value
            return response

        return for_systems(entered)

    return guard


def for_systems(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What every address of the API shares: one language, problems as documents, nothing kept."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = _language(request)
        with translation.override(language):
            try:
                response = view(request, *args, **kwargs)
            except Problem as problem:
                response = problem.response()
            except (OperationalError, InterfaceError) as error:
                logger.error("A system could not be answered: %s", type(error).__name__)
                response = out_of_order().response()
        response["Cache-Control"] = "no-store"
        if response.content:
            response["Content-Language"] = language
        return response

    return answer


@for_systems
def nowhere(request: HttpRequest, **_named: str) -> HttpResponse:
    """Every address below the API that is none."""
    raise Problem(ABSENT, _("There is nothing at this address. The addresses end with a slash."))


def absent(what: Sentence) -> Problem:
    """The object is not there for this agency; whether it is there for another is not told."""
    return Problem(ABSENT, what)


def out_of_order() -> Problem:
    """The database is away, or did not answer in time."""
    return Problem(
        OUT_OF_ORDER,
        _("Nothing can be read or written down at the moment. Call again in a few seconds."),
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )


def answered(
    document: Mapping[str, Any],
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """`document` as JSON; instants in UTC."""
    return HttpResponse(
        json.dumps(document, ensure_ascii=False, cls=DjangoJSONEncoder),
        status=status,
        content_type="application/json",
        headers=dict(headers or {}),
    )


def nothing() -> HttpResponse:
    """204: it is done, and there is nothing to say."""
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    # Of nothing there is no type.
    del response["Content-Type"]
    return response


# --- who calls ----------------------------------------------------------------------------------


@sensitive_variables("given", "text")
def _token_of(request: HttpRequest, now: datetime) -> ApiToken:
    given = request.headers.get("Authorization", "")
    scheme, _space, text = given.partition(" ")
    if not given:
        # Nothing was shown, so nothing is said of it (RFC 6750, 3.1).
        raise _no_token(
            _("Send the token in the header Authorization: Bearer …, and nowhere else."), _REALM
        )
    found = recognise(text.strip(), now=now) if scheme.lower() == "bearer" else None
    refused = f'{_REALM}, error="invalid_token"'
    if found is None:
        raise _no_token(
            _("There is no such token. Look for a letter that was lost on the way."), refused
        )
    # Whoever shows the whole of a token may know how it stands.
    match found.standing:
        case Standing.REVOKED:
            raise _no_token(
                _("This token was revoked. People of the agency can make another one."), refused
            )
        case Standing.EXPIRED:
            raise _no_token(
                _("This token has expired. People of the agency can make another one."), refused
            )
    return found.token


def _no_token(detail: Any, challenge: str) -> Problem:
    return Problem(NO_TOKEN, detail, headers={"WWW-Authenticate": challenge})


def _out_of_scope(scope: Scope) -> Problem:
    return Problem(
        OUT_OF_SCOPE,
        gettext("This takes a token with the scope “{scope}”.").format(scope=scope.value),
        headers={
            "WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope.value}"'
        },
    )


def _too_often(resets_s: int) -> Problem:
    return Problem(
        TOO_OFTEN,
        _("This token has called too often. Wait as long as Retry-After says."),
        headers={"Retry-After": str(resets_s)},
    )


def _wrong_method(methods: tuple[str, ...]) -> Problem:
    return Problem(
        WRONG_METHOD,
        gettext("Call this address with {methods}.").format(methods=" / ".join(methods)),
        headers={"Allow": ", ".join(methods)},
    )


def _language(request: HttpRequest) -> str:
    # Cookies are of people, and a program has none.
    for wanted, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if (base := wanted.partition("-")[0].lower()) in LANGUAGES:
            return base
    return DEFAULT_LANGUAGE


# --- what it sends ------------------------------------------------------------------------------


def sent(request: HttpRequest, *, may_be_empty: bool = False) -> dict[str, Any]:
    """The JSON object of the body; empty for no body where that may be.

    Raises Problem: 413, 415, 400, and 422 for another value than an object.
    """
    body = _body(request)
    if may_be_empty and not body:
        return {}
    if request.content_type != "application/json":
        raise Problem(NOT_JSON, _("Send the body as JSON, with Content-Type: application/json."))
    document = _parsed(body)
    if not isinstance(document, dict):
        raise Problem(
            INVALID,
            _("The body is not what belongs here."),
            FieldProblem("", _("It is no JSON object."), _("Send an object, in braces.")),
        )
    return document


def _body(request: HttpRequest) -> bytes:
    try:
        # Read no further than needed to know: whoever sends a whole log has sent the wrong thing.
        body: bytes = request.read(MOST_BYTES + 1)
    except UnreadablePostError:
        raise Problem(MALFORMED, _("The body broke off. Send it again.")) from None
    if len(body) > MOST_BYTES:
        raise Problem(
            TOO_LARGE, gettext("The body is longer than {most} bytes.").format(most=MOST_BYTES)
        )
    return body


def _parsed(body: bytes) -> Any:
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_refuse)
        # Half of a pair of code units is a string in JSON and a text nowhere else.
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Problem(MALFORMED, _("The body is no JSON in UTF-8.")) from None
    return document


def _refuse(_constant: str) -> NoReturn:
    # NaN and Infinity are Python's, not JSON's.
    raise ValueError
