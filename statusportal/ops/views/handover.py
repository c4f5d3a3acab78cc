"""The page that one shift prints for the next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from statusportal.ops.doors import Visitor, show, staff_page
from statusportal.ops.handover import gather


@require_safe
@staff_page
def handover(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What is open, what happened in this shift, what is ahead."""
    now = timezone.now()
    return show(request, visitor, "ops/handover.html", {"shift": gather(visitor, now)}, now=now)
