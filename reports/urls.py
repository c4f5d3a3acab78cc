"""The API for agencies' systems, below /api/v1/ (docs/agency-api.md)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import URLPattern, path

from accounts.bearer import nowhere
from reports.views.services import service, services
from reports.views.suspicions import suspicion, suspicions
from services.views import heartbeat_of

app_name = "agency_api"


def _both(route: str, view: Callable[..., HttpResponse], name: str) -> list[URLPattern]:
    # Led to the address with a slash, a POST would arrive there as a GET, and curl says nothing.
    return [path(f"{route}/", view, name=name), path(route, view)]


urlpatterns = [
    *_both("heartbeats/<int:check_id>", heartbeat_of, "heartbeat"),
    *_both("suspicions", suspicions, "suspicions"),
    *_both("suspicions/<str:ref>", suspicion, "suspicion"),
    *_both("services", services, "services"),
    *_both("services/<slug:slug>", service, "service"),
    path("", nowhere),
    path("<path:rest>", nowhere),
]
