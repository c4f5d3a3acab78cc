"""What people and their ways in go through. Each function is one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import invitations, local
from accounts.models import GlassBroken, Invitation, Membership, Role, User
from accounts.sessions import end_everywhere
from core.audit import record
from core.nudge import nudge
from core.outbox import append

GLASS = "accounts.glass"
# As many as must hear of a broken glass; where supervisors are fewer, administrators fill up.
TOLD_AT_LEAST = 2


class InvitationOver(Exception):
    """The invitation was used, overtaken or has expired."""


class CannotDeactivate(Exception):
    """Nobody shuts the door on themselves."""


@transaction.atomic
def invite(*, person: User, actor: Any, now: datetime, address: str | None = None) -> str:
    """A new one-time link for `person`, as its token; an earlier one ends. Shown once.

    `actor` is None for the command line. Raises InvitationOver for somebody who is inactive.
    """
    if not person.is_active:
        raise InvitationOver(person)
    Invitation.objects.filter(user=person, ended_at__isnull=True).update(ended_at=now)
    token, digest = invitations.draw()
    Invitation.objects.create(
        user=person,
        digest=digest,
        created_by=actor,
        created_at=now,
        expires_at=now + invitations.VALID_FOR,
    )
    record(now=now, actor=actor, act="invite", subject=person, address=address)
    return token


@transaction.atomic
def accept(*, token: str, password: str | None, now: datetime, address: str | None = None) -> User:
    """Let the person whom `token` invites begin anew: password, no factors, no open session.

    `password` None leaves them without one (single sign-on alone). Raises InvitationOver.
    """
    found = invitations.find(token, now)
    if found is None:
        raise InvitationOver
    # Of two requests with one link the second waits here, and then finds it used.
    invitation = Invitation.objects.select_for_update().get(pk=found.pk)
    if invitation.ended_at is not None:
        raise InvitationOver
    invitation.ended_at = now
    invitation.save(update_fields=["ended_at"])
    person = found.user
    if password is None:
        person.set_unusable_password()
    else:
        person.set_password(password)
    person.save(update_fields=["password"])
    Authenticator.objects.filter(user=person).delete()
    end_everywhere(person)
    person.refresh_from_db()
    record(now=now, actor=person, act="accept_invitation", subject=person, address=address)
    return person


@transaction.atomic
def deactivate(
    *, person: User, actor: Any, now: datetime, address: str | None = None, reason: str = ""
) -> None:
    """Shut `person` out at once: sessions and invitations end, the row and its history stay.

    Raises CannotDeactivate for oneself. Once more does nothing.
    """
    if person == actor:
        raise CannotDeactivate
    person = User.objects.select_for_update().get(pk=person.pk)
    if not person.is_active:
        return
    person.is_active = False
    person.save(update_fields=["is_active"])
    shut_out(person=person, now=now)
    record(
        now=now,
        actor=actor,
        act="deactivate",
        subject=person,
        address=address,
        before={"is_active": "True"},
        after={"is_active": "False"},
        reason=reason,
    )


def shut_out(*, person: User, now: datetime) -> None:
    """End every session and invitation of `person`; in the transaction of whatever made it so."""
    Invitation.objects.filter(user=person, ended_at__isnull=True).update(ended_at=now)
    end_everywhere(person)


@transaction.atomic
def note_sign_in(
    *, person: User, by: str, is_local: bool, now: datetime, address: str | None
) -> None:
    """Record a sign-in; one that went past single sign-on alarms supervisors."""
    breaks_glass = is_local and local.sso_is_configured()
    record(
        now=now,
        actor=person,
        act="break_glass" if breaks_glass else "sign_in",
        subject=person,
        address=address,
        after={"by": by},
    )
    if breaks_glass:
        broken = GlassBroken.objects.create(user=person, at=now, address=address)
        append(
            kind="accounts.glass_broken",
            key=f"accounts.glass_broken:{broken.pk}",
            at=now,
            payload={"person": person.pk, "name": str(person), "address": address, "by": by},
        )
        nudge(GLASS)


def note_refused(*, person: User, step: str, now: datetime, address: str | None) -> None:
    """Record that somebody did not get in as `person`. Nobody has shown to be them: no actor."""
    record(
        now=now,
        actor=None,
        act="sign_in_refused",
        subject=person,
        address=address,
        after={"step": step},
    )


def to_be_told(about: GlassBroken) -> list[User]:
    """Who hears of it: every supervisor; administrators where those are fewer than two.

    Only who is active and has an address, and never the person themselves.
    """
    found: list[User] = []
    for role in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        holders = Membership.objects.filter(role=role).values("user")
        found += (
            User.objects.filter(pk__in=holders, is_active=True)
            .exclude(email="")
            .exclude(pk__in=[about.user_id, *(one.pk for one in found)])
            .order_by("pk")
        )
        if len(found) >= TOLD_AT_LEAST:
            break
    return found
