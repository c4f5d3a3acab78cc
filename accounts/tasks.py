"""What accounts do in the background: the chain of the record, and mails about signing in."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts import mails
from core import chaining


@shared_task
def chain_audit(**_: Any) -> None:
    """Every ten seconds: what people did is linked into the chain. Harmless when run twice."""
    chaining.chain(now=timezone.now())


@shared_task
def tell_supervisors(**_: Any) -> None:
    """Every quarter of a minute, and at once: who broke the glass. Nobody is missed; a task that
    was killed may tell once more, with the same Message-ID."""
    mails.tell_supervisors(now=timezone.now())


@shared_task(autoretry_for=(OSError,), max_retries=5, retry_backoff=True)
def send_invitation(*, invitation_id: int, link: str) -> None:
    """Send one person their link. It is in the queue and in the mail, and nowhere else."""
    mails.send_invitation(invitation_id=invitation_id, link=link)
