"""The board of the console, and the one tap by which somebody takes an incident on."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from core.arabic import isolate
from incidents import operations, queries
from incidents.refusals import AlreadyAcknowledged, Refused
from statusportal.ops.board import gather
from statusportal.ops.doors import Visitor, show, staff_page


@require_safe
@staff_page
def board(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What is wrong now, who has it, and what runs out next; renewed in place."""
    now = timezone.now()
    return show(
        request, visitor, "ops/board.html", {"board": gather(visitor, now)}, now=now, part="live"
    )


@require_POST
@staff_page
def acknowledge(request: HttpRequest, visitor: Visitor, ref: str) -> HttpResponse:
    """Take an incident on. Of two at once the second is told who was quicker, and nothing else."""
    incident = queries.alone(ref, visitor.agencies)
    if incident is None:
        raise Http404
    if not visitor.may_run(incident.agency_id):
        raise PermissionDenied
    try:
        operations.acknowledge(incident_id=incident.pk, **visitor.acting(timezone.now()))
    except AlreadyAcknowledged as refused:
        messages.info(request, str(refused))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, gettext("You have acknowledged {ref}.").format(ref=isolate(incident.ref))
        )
    return HttpResponseRedirect(_back(request, incident.ref))


def _back(request: HttpRequest, ref: str) -> str:
    """To where the button was: the row on the board, else the incident itself."""
    back = request.POST.get("back", "")
    if back and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        # The link of the row: browsers give it the focus, with scripts and without.
        return f"{back}#open-{ref}"
    return reverse("ops:incident", args=[ref])
