"""Incidents, as Celery sees them: what is wrong opens them, what recovered ends them."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from incidents import sweeping, telling


@shared_task
def sweep(**_: Any) -> None:
    """Every two seconds, and whenever a status changed. Harmless when run twice."""
    now = timezone.now()
    sweeping.sweep(now=now)
    telling.remember(now=now)


@shared_task
def tell(**_: Any) -> None:
    """Every ten seconds: clocks that run out, notices that reach subscribers."""
    telling.tell(now=timezone.now())
