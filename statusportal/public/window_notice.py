"""The announced windows as they stand by the numbers of this deployment."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings

from core.bilingual import Bilingual
from maintenance.policy import Policy
from statusportal.public import window_lists
from statusportal.public.said import Said, ServiceSaid
from statusportal.public.window_lists import WindowShown


def standing(said: Said) -> tuple[WindowShown, ...]:
    """Every announced window as it stands at the instant of `said`, in order of its start."""
    if not said.windows:
        return ()
    policy = Policy(
        zone=ZoneInfo(settings.TIME_ZONE),
        notice_before=settings.MAINTENANCE_NOTICE,
        notice_after=settings.MAINTENANCE_AFTER,
    )
    return window_lists.shown(said, policy)


def advice(said: Said, service: ServiceSaid) -> list[Bilingual]:
    """What the agency says to do while work on this service is running."""
    if not service.windows:
        return []
    return [
        window.said.fact.meanwhile
        for window in standing(said)
        # Beside a name that is not public it may stand too (rule 12).
        if window.is_running
        and not window.has_unspoken
        and window.said in service.windows
        and window.said.fact.meanwhile
    ]
