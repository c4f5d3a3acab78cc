"""One suspicion of an agency's system, and what an operator makes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from core.arabic import isolate
from incidents.refusals import NotAllowed, Refused
from reports import operations
from reports.models import Suspicion
from reports.refusals import AlreadySettled
from statusportal.ops.doors import Visitor, show, staff_page
from statusportal.ops.suspected import LinkForm, SetAsideForm, SettleForm, found


@require_safe
@staff_page
def suspicion(request: HttpRequest, visitor: Visitor, ref: str) -> HttpResponse:
    """What the agency says; of another agency's there is none (404)."""
    return _page(request, visitor, _found(visitor, ref), timezone.now())


@staff_page
def act(request: HttpRequest, visitor: Visitor, ref: str, name: str) -> HttpResponse:
    """Link it to an incident, or set it aside; a refusal shows the page again as it was typed."""
    row = _found(visitor, ref)
    here = reverse("ops:suspicion", args=[row.ref])
    if name not in {"link", "set-aside"}:
        raise Http404
    if request.method != "POST":
        return HttpResponseRedirect(here)
    if not visitor.may_run(row.agency_id):
        raise PermissionDenied
    now = timezone.now()
    form: SettleForm = (
        LinkForm(request.POST, suspicion=row, visitor=visitor)
        if name == "link"
        else SetAsideForm(request.POST)
    )
    if not form.is_valid():
        return _page(request, visitor, row, now, form=form, status=422)
    acting: dict[str, Any] = {"suspicion_id": row.pk, **visitor.acting(now)}
    try:
        if name == "link":
            operations.link(incident_ref=form.cleaned_data["incident"], **acting)
        else:
            operations.set_aside(reason=form.cleaned_data["reason"], **acting)
    except AlreadySettled as quicker:
        # Two pressed at once: nothing went wrong, and the page says what became of it.
        messages.info(request, str(quicker))
        return HttpResponseRedirect(here)
    except Refused as refused:
        form.explain(refused)
        status = 403 if isinstance(refused, NotAllowed) else 422
        return _page(request, visitor, row, now, form=form, status=status)
    messages.success(request, gettext("{ref} is settled.").format(ref=isolate(row.ref)))
    return HttpResponseRedirect(reverse("ops:board"))


def _found(visitor: Visitor, ref: str) -> Suspicion:
    row = found(visitor, ref)
    if row is None:
        raise Http404
    return row


def _page(
    request: HttpRequest,
    visitor: Visitor,
    row: Suspicion,
    now: datetime,
    *,
    form: SettleForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"suspicion": row, "bad": form}
    if row.is_waiting and visitor.may_run(row.agency_id):
        asked = {"services": row.service_id, "suspicion": row.ref}
        context |= {
            "link_form": form
            if isinstance(form, LinkForm)
            else LinkForm(suspicion=row, visitor=visitor),
            "set_aside_form": form if isinstance(form, SetAsideForm) else SetAsideForm(),
            "opening": f"{reverse('ops:new')}?{urlencode(asked)}",
        }
    return show(request, visitor, "ops/suspicion.html", context, now=now, status=status)
