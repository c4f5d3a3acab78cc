"""The page about the portal's own health, for those who see the board of the whole country."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from statusportal.ops.doors import Visitor, show, staff_page
from statusportal.ops.health import State, gather, judge
from statusportal.ops.health_words import sections


@require_safe
@staff_page
def health(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every reading beside its limit; renewed in place."""
    if not visitor.sees_board:
        raise PermissionDenied
    now = timezone.now()
    readings = judge(gather(now), now)
    return show(
        request,
        visitor,
        "ops/health.html",
        {
            "sections": sections(readings),
            "wrong": sum(one.state is State.WRONG for one in readings),
            "unknown": sum(one.state is State.UNKNOWN for one in readings),
        },
        now=now,
        part="live",
    )
