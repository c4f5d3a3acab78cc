"""Windows for tests of the admin, and filling in their form as somebody would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse

from accounts.models import Agency, User
from maintenance.labels import State
from maintenance.models import Step, Window, WindowService
from services.models import Service

# Monday 23 November 2026, 15:00 in Bahrain: twenty hours before Tuesday 11:00.
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TUESDAY_AT_ELEVEN = "2026-11-24T11:00"
TUESDAY_AT_ONE = "2026-11-24T13:00"
LIST = reverse("admin:maintenance_window_changelist")
ADD = reverse("admin:maintenance_window_add")
MONTH = reverse("admin:maintenance_window_month")
POLICY = reverse("admin:maintenance_window_policy")


def page(window: Window) -> str:
    """The address of a window in the admin."""
    return reverse("admin:maintenance_window_change", args=(window.pk,))


def act(window: Window, name: str) -> str:
    """The address of an act on a window."""
    return reverse("admin:maintenance_window_act", args=(window.pk, name))


def make_window(
    *services: Service,
    agency: Agency | None = None,
    state: State | str = State.DRAFT,
    by: User,
    **fields: Any,
) -> Window:
    """A window on Friday 27 November, 02:30 to 04:30, with texts in both languages.

    In every state but draft it has the step that leads there.
    """
    times = {
        "starts_at": datetime(2026, 11, 26, 23, 30, tzinfo=UTC),
        "ends_at": datetime(2026, 11, 27, 1, 30, tzinfo=UTC),
    }
    texts = {
        "text_ar": "الخدمة {service} متوقفة من {start} إلى {end}.",
        "text_en": "{service} stops from {start} to {end}.",
    }
    values = {**times, **texts, **fields}
    if state in {State.APPROVED, State.COMPLETED}:
        values.setdefault("approved_at", NOW - timedelta(days=5))
        values.setdefault("announced_end_at", values["ends_at"])
    window = Window.objects.create(
        agency=agency or services[0].agency,
        state=state,
        requested_by=by,
        changed_at=NOW - timedelta(days=5),
        **values,
    )
    for service in services:
        WindowService.objects.create(window=window, service=service)
    if state != State.DRAFT:
        Step.objects.create(
            window=window,
            kind=str(state),
            at=NOW - timedelta(days=5),
            actor=by,
            is_public=state == State.APPROVED,
            starts_at=window.starts_at,
            ends_at=window.ends_at,
        )
    return window


def typed(*services: Service, **fields: Any) -> dict[str, Any]:
    """What somebody fills in for Tuesday 11:00 to 13:00; the texts stay as they were offered."""
    lines: dict[str, Any] = {
        "services-TOTAL_FORMS": str(len(services)),
        "services-INITIAL_FORMS": "0",
    }
    for number, service in enumerate(services):
        lines[f"services-{number}-service"] = service.pk
    return {
        "starts_at": TUESDAY_AT_ELEVEN,
        "ends_at": TUESDAY_AT_ONE,
        **lines,
        **fields,
    }
