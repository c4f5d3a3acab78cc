"""Incidents as the console shows them, and people who look at them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.http import HttpResponse

from accounts.models import Agency, Role, User
from incidents.models import Incident, ListedService, Update
from services.models import Service
from tests.admin_pages import browser
from tests.factories import make_agency, make_service, make_user
from tests.statusportal.ops.nation import NOW

BOARD = "/ops/"
LIST = "/ops/incidents/"
NEW = "/ops/incidents/new/"
HANDOVER = "/ops/handover/"

_numbers = count(1)


def make_incident(
    *,
    ref: str = "",
    agency: Agency | None = None,
    services: tuple[Service, ...] | None = None,
    opened_at: datetime = NOW - timedelta(minutes=5),
    **fields: Any,
) -> Incident:
    """An open P3 of one service, five minutes old, that nobody has acknowledged or told of."""
    number = next(_numbers)
    agency = agency or (services[0].agency if services else make_agency())
    defaults: dict[str, Any] = {
        "ref": ref or f"IN-T{number:05}",
        "severity": "P3",
        "suggested_severity": "P3",
        "title_ar": f"مشكلة رقم {number}",
        "title_en": f"Problem {number}",
        "started_at": opened_at,
        "confirmed_at": opened_at,
        "opened_at": opened_at,
        "changed_at": opened_at,
    }
    incident = Incident.objects.create(agency=agency, **(defaults | fields))
    for service in services if services is not None else (make_service(agency=agency),):
        ListedService.objects.create(incident=incident, service=service, listed_at=opened_at)
    return incident


def make_text(incident: Incident, *, at: datetime = NOW, **fields: Any) -> Update:
    """A published text of `incident`, by the portal itself."""
    defaults: dict[str, Any] = {
        "state": "published",
        "phase": incident.phase,
        "text_ar": "نعلم بالمشكلة.",
        "text_en": "We know about it.",
        "html_ar": "<p>نعلم بالمشكلة.</p>",
        "html_en": "<p>We know about it.</p>",
        "plain_ar": "نعلم بالمشكلة.",
        "plain_en": "We know about it.",
        "written_at": at,
    }
    text = Update.objects.create(
        incident=incident,
        published_at=at if fields.get("state", "published") == "published" else None,
        **(defaults | fields),
    )
    if text.published_at is not None:
        incident.first_notice_at = incident.first_notice_at or at
        incident.last_notice_at = at
        incident.save()
    return text


def desk(incident: Incident, act: str = "") -> str:
    """Where the desk of `incident` stands, or one act of it."""
    return f"/ops/incidents/{incident.ref}/" + (f"{act}/" if act else "")


def looks(path: str, person: User | None = None, language: str = "en") -> HttpResponse:
    """The page as `person` gets it, an operator unless one is given."""
    response = browser(person or make_user(Role.OPERATOR), language).get(path)
    assert response.status_code == 200, (path, response.status_code)
    assert isinstance(response, HttpResponse)
    return response
