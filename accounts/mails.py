"""Mails about signing in, in both languages: an invitation, and a broken glass."""

from __future__ import annotations

import logging
from datetime import datetime
from email.utils import formataddr
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from kombu.exceptions import OperationalError

from accounts.models import GlassBroken, Invitation
from accounts.operations import to_be_told
from core.arabic import without_bidi_controls

logger = logging.getLogger(__name__)


def queue_invitation(invitation: Invitation, link: str) -> None:
    """Let a worker send `link` once the present transaction is committed."""

    def send() -> None:
        try:
            # By name: tasks stand above us.
            current_app.send_task(
                "accounts.tasks.send_invitation",
                kwargs={"invitation_id": invitation.pk, "link": link},
                # Into no log and no list of tasks.
                kwargsrepr=f"invitation {invitation.pk}",
            )
        except OperationalError:
            logger.warning("An invitation could not be queued; whoever invited does it again.")

    transaction.on_commit(send, robust=True)


def send_invitation(*, invitation_id: int, link: str) -> None:
    """Send `link` to the invited person, unless it has ended since or they have no address."""
    invitation = Invitation.objects.select_related("user").get(pk=invitation_id)
    person = invitation.user
    if invitation.ended_at is not None or not person.email:
        return
    EmailMessage(
        subject=_subject("accounts/mail/invitation_subject.txt", {}),
        body=_both(
            "accounts/mail/invitation.txt",
            {"person": person, "link": link, "until": _instant(invitation.expires_at)},
        ),
        from_email=_sender(),
        to=[person.email],
        headers={"Message-ID": _message_id(f"invitation-{invitation.pk}")},
    ).send()


def tell_supervisors(*, now: datetime) -> int:
    """Send every alarm that nobody was told of yet; how many. Each is marked once it is sent."""
    sent = 0
    while _tell_one(now):
        sent += 1
    return sent


@transaction.atomic
def _tell_one(now: datetime) -> bool:
    broken = (
        GlassBroken.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(told_at__isnull=True)
        .select_related("user")
        .order_by("at")
        .first()
    )
    if broken is None:
        return False
    people = to_be_told(broken)
    for one in people:
        EmailMessage(
            subject=_subject("accounts/mail/glass_subject.txt", {"person": broken.user}),
            body=_both(
                "accounts/mail/glass.txt",
                {"person": broken.user, "at": _instant(broken.at), "address": broken.address},
            ),
            from_email=_sender(),
            to=[one.email],
            headers={"Message-ID": _message_id(f"glass-{broken.pk}-{one.pk}")},
        ).send()
    broken.told_at = now
    broken.told = [one.get_username() for one in people]
    broken.save(update_fields=["told_at", "told"])
    return True


def _both(template: str, context: dict[str, object], *, glue: str = "\n\n— — —\n\n") -> str:
    """A text in Arabic and then in English: whoever reads it may read only one of them."""
    texts = []
    for language in ("ar", "en"):
        with translation.override(language):
            portal = settings.PORTAL_NAME.in_language(language)
            texts.append(render_to_string(template, {"portal": portal, **context}).strip())
    return glue.join(texts)


def _subject(template: str, context: dict[str, object]) -> str:
    # A line end in a name would make a header of its rest, or keep the alarm from being sent.
    return without_bidi_controls(" ".join(_both(template, context, glue=" · ").split()))


def _sender() -> str:
    return formataddr((settings.PORTAL_NAME.en, settings.DEFAULT_FROM_EMAIL))


def _message_id(name: str) -> str:
    return f"<{name}@{urlsplit(settings.PUBLIC_URL).hostname}>"


def _instant(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
