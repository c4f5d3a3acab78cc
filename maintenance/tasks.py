"""Windows, as Celery sees them: what the clock alone makes happen is told once."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from maintenance import sweeping


@shared_task
def sweep(**_: Any) -> None:
    """Every 30 seconds: reminders, starts, ends that passed, alarms. Harmless when run twice."""
    sweeping.sweep(now=timezone.now())
