"""Windows for tests. Times are written as the wall of Bahrain shows them, three hours before UTC.

NOW is Sunday 22 November 2026, 12:00; the nights of that week's end begin on Thursday 26.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Role, User
from maintenance.models import Window, WindowService
from services.models import Service
from tests.factories import make_service, make_user

ZONE = ZoneInfo("Asia/Bahrain")


def at(text: str) -> datetime:
    """ "27 01:00" is that day of November 2026; a whole "2026-12-04 01:00" is itself."""
    if len(text) == 8:
        text = f"2026-11-{text}"
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


NOW = at("22 12:00")
# A night before a weekend day, far enough for every lead time.
STARTS, ENDS = at("27 00:30"), at("27 04:30")
TEXTS = {
    "text_ar": "خدمة {service} لن تكون متاحة من {start} إلى {end}.",
    "text_en": "{service} will be unavailable from {start} to {end}.",
}


def make_window(
    *,
    services: Iterable[Service] | None = None,
    requested_by: User | None = None,
    **fields: Any,
) -> Window:
    """A sound draft within the policy, of one service of tier 2 and its agency's staff."""
    services = [make_service()] if services is None else list(services)
    agency = services[0].agency
    defaults: dict[str, Any] = {
        "agency": agency,
        "starts_at": STARTS,
        "ends_at": ENDS,
        "changed_at": NOW - timedelta(days=1),
        "requested_by": requested_by or make_user(Role.AGENCY_STAFF, agency),
        **TEXTS,
    }
    window = Window.objects.create(**defaults | fields)
    WindowService.objects.bulk_create(
        WindowService(window=window, service=service) for service in services
    )
    return window


def make_announced(**fields: Any) -> Window:
    """A window that was approved a week before NOW."""
    approved = {
        "state": "approved",
        "approved_at": NOW - timedelta(days=7),
        "announced_end_at": fields.get("ends_at", ENDS),
    }
    return make_window(**approved | fields)
