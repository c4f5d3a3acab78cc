"""For machines that watch the portal: does it live, can it answer, is its truth fresh?"""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from services.status.headline import HeadlineKind
from statusportal.public import reader
from statusportal.public.store import store

# A snapshot is built each second; several missed ones mean that nobody builds any more.
BUILD_OVERDUE = timedelta(seconds=15)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process lives."""
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when a public page can be answered, however old its knowledge; for load balancers."""
    if store.current() is None:
        return HttpResponse("nothing published yet\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")


@never_cache
@require_safe
def freshz(request: HttpRequest) -> HttpResponse:
    """503 when the truth is stale. For alarms only: a load balancer that obeyed it would take
    the portal away exactly when people need it."""
    now = timezone.now()
    said = store.said(reader.step(now))
    if said is None:
        return JsonResponse({"fresh": False, "why": "nothing published yet"}, status=503)
    why = []
    if now - said.built_at > BUILD_OVERDUE:
        why.append("the snapshot is not being built")
    if said.headline.kind is HeadlineKind.BLIND or said.headline.also_blind:
        why.append("too many services were not observed lately")
    answer = {
        "fresh": not why,
        "why": "; ".join(why),
        "built_at": said.built_at.isoformat(),
        "as_of": said.as_of.isoformat(),
    }
    return JsonResponse(answer, status=503 if why else 200)
