"""Composition, as Celery sees it."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from statusportal import figures
from statusportal.public import publishing


@shared_task
def publish_snapshot(**_: Any) -> None:
    """Every second, and whenever a status changed: build the snapshot and hand it to readers."""
    publishing.publish_snapshot(now=timezone.now())


@shared_task
def refresh_figures(**_: Any) -> None:
    """Every 20 seconds, and whenever a status changed: daily figures follow the changes."""
    figures.refresh(now=timezone.now())
