"""Incidents for tests of the admin; whatever a test is about, it says itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse

from accounts.models import Agency
from incidents.labels import EntryKind, Phase, TextState
from incidents.models import Entry, Incident, ListedService, Update
from services.models import Service

# Monday 23 November 2026, 15:00 in Bahrain.
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIST = reverse("admin:incidents_incident_changelist")


def page(incident: Incident) -> str:
    """The address of an incident in the admin."""
    return reverse("admin:incidents_incident_change", args=(incident.pk,))


def act(incident: Incident, name: str) -> str:
    """The address of an act on an incident."""
    return reverse(f"admin:incidents_incident_{name}", args=(incident.pk,))


def make_incident(*services: Service, agency: Agency | None = None, **fields: Any) -> Incident:
    """A P3 that the sweep opened half an hour before NOW, not acknowledged and not announced."""
    values: dict[str, Any] = {
        "severity": "P3",
        "suggested_severity": "P3",
        "title_ar": "مشكلة في الخدمة",
        "title_en": "Problem with the service",
        "started_at": NOW - timedelta(minutes=31),
        "confirmed_at": NOW - timedelta(minutes=30),
        "opened_at": NOW - timedelta(minutes=30),
        "changed_at": NOW - timedelta(minutes=30),
        **fields,
    }
    if values.get("resolved_at"):
        values["phase"] = Phase.RESOLVED
    incident = Incident.objects.create(agency=agency or services[0].agency, **values)
    for service in services:
        ListedService.objects.create(
            incident=incident, service=service, listed_at=incident.opened_at
        )
    Entry.objects.create(incident=incident, kind=EntryKind.OPENED, at=incident.opened_at)
    return incident


def make_text(incident: Incident, at: datetime, ar: str, en: str, **fields: Any) -> Update:
    """A published text, which is the newest one of the incident."""
    values = {"phase": incident.phase, "plain_ar": ar, "plain_en": en, "published_at": at} | fields
    update = Update.objects.create(
        incident=incident,
        state=TextState.PUBLISHED,
        text_ar=ar,
        text_en=en,
        html_ar=f"<p>{ar}</p>",
        html_en=f"<p>{en}</p>",
        written_at=at,
        **values,
    )
    incident.first_notice_at = incident.first_notice_at or at
    incident.last_notice_at = at
    incident.save()
    return update
