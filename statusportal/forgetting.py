"""What is known of people and has had its time (docs/personal-data.md): deleted, or nameless."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q

from accounts.models import Invitation, User
from accounts.sessions import end_everywhere
from core.audit import record
from reports.labels import Settled
from reports.models import Suspicion


class StillHere(Exception):
    """Only somebody who has left is forgotten: deactivate them first."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of each kind had had their time."""

    sessions: int
    invitations: int
    contacts: int


@transaction.atomic
def forget_old(*, now: datetime) -> Forgotten:
    """Delete what has had its time. Once more deletes nothing more."""
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    long_ago = now - timedelta(days=settings.INVITATION_KEPT_DAYS)
    invitations, _ = Invitation.objects.filter(
        Q(ended_at__lt=long_ago) | Q(expires_at__lt=long_ago)
    ).delete()
    # Whom to call about an outage that was settled a year ago is nobody's business any more.
    contacts = (
        Suspicion.objects.exclude(settled=Settled.WAITING)
        .filter(settled_at__lt=now - timedelta(days=settings.CONTACT_KEPT_DAYS))
        .exclude(contact="")
        .update(contact="")
    )
    return Forgotten(sessions, invitations, contacts)


@transaction.atomic
def forget_person(*, person: User, actor: Any, now: datetime, reason: str) -> None:
    """Make somebody who has left nameless: the row stays, as what its acts point to.

    Names, address and ways in go; memberships stay, because they say in which capacity somebody
    acted. The record of acts keeps the name of the time: it is never changed (docs/audit.md).
    Raises StillHere for somebody who is active.
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    if person.is_active:
        raise StillHere
    person.username = f"left-{person.pk}"
    person.first_name = person.last_name = person.email = ""
    person.last_login = None
    person.set_unusable_password()
    person.save()
    for kind in (Authenticator, EmailAddress, SocialAccount, Invitation):
        kind.objects.filter(user=person).delete()
    end_everywhere(person)
    # Without before and after, which would keep what is to be forgotten.
    record(now=now, actor=actor, act="forget", subject=person, reason=reason)
