"""`/api/v1/suspicions/`: an agency's system says that something seems to be down."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import bearer
from accounts.tokens import Scope
from core.problems import FieldProblem, Kind, Problem
from reports import operations, queries, suspected
from reports.models import Suspicion
from reports.refusals import KeyUsedOtherwise
from services.models import Service

_NO_KEY = _("The header Idempotency-Key is missing, or cannot be one.")
# Not `invalid`: a program must not mend the body and send it with the same key.
_KEY_USED = Kind(
    "key-used-otherwise",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    pgettext_lazy("title of a problem", "The key is taken"),
)


@bearer.bearer(Scope.SUSPECT, "POST")
def suspicions(request: HttpRequest, caller: bearer.Caller) -> HttpResponse:
    """Tell the operators: 201, and the same answer again for the same key. Publishes nothing.

    Problems: 400 without a key, 404 for a service that the agency does not have, 422 for a
    document that is none and for a key that came with another one.
    """
    key = suspected.key_of(request.headers.get("Idempotency-Key", ""))
    if key is None:
        raise Problem(
            bearer.MALFORMED,
            _NO_KEY,
            FieldProblem(
                "Idempotency-Key",
                _NO_KEY,
                _("Draw one for each suspicion, such as a UUID, and keep it when you try again."),
            ),
        )
    document = bearer.sent(request)
    try:
        told = suspected.read(document, now=caller.now)
        suspicion = operations.tell(
            told=told, key=key, fingerprint=suspected.fingerprint(document), **caller.acting()
        )
    except suspected.Unsound as unsound:
        raise Problem(
            bearer.INVALID, _("The body is not what belongs here."), *unsound.problems
        ) from None
    except KeyUsedOtherwise:
        raise Problem(
            _KEY_USED,
            _("This key came with another body before."),
            FieldProblem(
                "Idempotency-Key",
                _("It stands for another suspicion."),
                _("Draw a new one for a new suspicion."),
            ),
        ) from None
    except Service.DoesNotExist:
        raise bearer.absent(_("Your agency has no service with this slug.")) from None
    where = reverse("agency_api:suspicion", args=[suspicion.ref])
    return bearer.answered(
        _document(suspicion, caller), status=HTTPStatus.CREATED, headers={"Location": where}
    )


@bearer.bearer(Scope.SUSPECT, "GET", "HEAD")
def suspicion(request: HttpRequest, caller: bearer.Caller, ref: str) -> HttpResponse:
    """What became of one; 404 for another agency's."""
    found = queries.suspicions({caller.agency_id}).filter(ref=ref).first()
    if found is None:
        raise bearer.absent(_("Your agency has told us no suspicion with this reference."))
    return bearer.answered(_document(found, caller))


def _document(found: Suspicion, caller: bearer.Caller) -> dict[str, object]:
    incident = found.incident
    # Another agency's incident is told of only once everybody may read of it.
    may_know = incident is not None and (
        incident.agency_id == caller.agency_id or incident.first_notice_at is not None
    )
    return {
        "ref": found.ref,
        "service": found.service.slug,
        "since": found.began_at,
        "text": {"ar": found.text_ar, "en": found.text_en},
        "contact": found.contact,
        "told_at": found.told_at,
        "state": found.settled,
        "settled_at": found.settled_at,
        "incident": incident.ref if incident is not None and may_know else None,
        "reason": found.reason or None,
    }
