"""Composition, as Celery sees it."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from statusportal import deadman, figures, forgetting
from statusportal.public import publishing


@shared_task
def publish_snapshot(**_: Any) -> None:
    """Every second, and whenever a status changed: build the snapshot and hand it to readers."""
    publishing.publish_in_turn(now=timezone.now())


@shared_task
def refresh_figures(**_: Any) -> None:
    """Every 20 seconds, and whenever a status changed: daily figures follow the changes."""
    figures.refresh(now=timezone.now())


@shared_task
def forget_old(**_: Any) -> None:
    """Every hour: what is known of people and has had its time is deleted."""
    forgetting.forget_old(now=timezone.now())


@shared_task
def hold_switch(**_: Any) -> None:
    """Every minute: somebody outside hears that all is well, if it is."""
    deadman.ping(now=timezone.now())
