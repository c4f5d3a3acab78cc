"""Who somebody whom the provider vouches for is here, and what they may be from now on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import claims as meaning
from accounts.claims import Grant, Profile
from accounts.models import Agency, Membership, User
from accounts.operations import note_refused
from accounts.sso.failures import NotAllowed, NotBelieved
from core.audit import record

logger = logging.getLogger(__name__)

REASON = "What single sign-on says of this person."


def receive(
    *, issuer: str, claims: Mapping[str, Any], now: datetime, address: str | None
) -> SocialAccount:
    """The account, and with it the person, that believed `claims` belong to.

    Makes the person where there is none (SSO_CREATE_PEOPLE) or takes the one who has the verified
    address (SSO_MATCH_EMAIL), and brings the memberships that came from single sign-on in line
    with the claims; those that people gave by hand stay. Raises NotAllowed for whoever is nothing
    here after that, once what was withdrawn is written down, and NotBelieved where another sign-in
    made the same person in between.
    """
    try:
        with transaction.atomic():
            account, refusal = _receive(issuer=issuer, claims=claims, now=now, address=address)
            if refusal is not None and account is not None:
                note_refused(person=account.user, step=refusal, now=now, address=address)
    except IntegrityError:
        # Somebody who is new came in by two browsers at once. Of one of them nothing happened.
        raise NotBelieved("two first sign-ins of one person at the same moment") from None
    if account is None or refusal is not None:
        raise NotAllowed(refusal)
    return account


def _receive(
    *, issuer: str, claims: Mapping[str, Any], now: datetime, address: str | None
) -> tuple[SocialAccount | None, str | None]:
    """The account and why it is refused; either may be None, never both."""
    subject = claims["sub"]
    known = dict(Agency.objects.values_list("code", "pk"))
    found = meaning.grants(claims, settings.SSO_CLAIMS, known)
    if found.unknown_agencies:
        logger.warning(
            "Single sign-on names agencies that nobody here knows: %s",
            ", ".join(repr(name[:40]) for name in sorted(found.unknown_agencies)),
        )
    profile = meaning.profile(claims, settings.SSO_CLAIMS, issuer=issuer, subject=subject)
    account = (
        SocialAccount.objects.select_related("user").filter(provider=issuer, uid=subject).first()
    )
    if account is None:
        person, refusal = _somebody_new(profile, bool(found.held), issuer=issuer)
        if person is None:
            return None, refusal
        account = _know(person, issuer=issuer, subject=subject, now=now, address=address)
    # Two sign-ins of one person come one after the other.
    person = User.objects.select_for_update().get(pk=account.user_id)
    account.user = person
    if not person.is_active:
        return account, "the person is inactive"
    _bring_in_line(person, found.held, known, now=now, address=address)
    if not person.memberships.exists() and not person.is_superuser:
        return account, "no role by single sign-on and none by hand"
    _describe(person, profile, now=now, address=address)
    return account, None


def _somebody_new(
    profile: Profile, has_role: bool, *, issuer: str
) -> tuple[User | None, str | None]:
    """The person for whom the provider never vouched before, or why there is none."""
    if settings.SSO_MATCH_EMAIL and profile.email_verified:
        # Never a superuser, who is everything whatever the claims say.
        matching = User.objects.filter(
            email__iexact=profile.email, is_active=True, is_superuser=False
        ).exclude(socialaccount__provider=issuer)[:2]
        if len(matching) == 1:
            return matching[0], None
    if not has_role:
        return None, "no role by single sign-on, and unknown here"
    if not settings.SSO_CREATE_PEOPLE:
        return None, "unknown here, and SSO_CREATE_PEOPLE is off"
    if User.objects.filter(username__iexact=profile.username).exists():
        # Whoever can choose a name at the provider must not become somebody by it.
        return None, "the user name belongs to somebody who is not known by single sign-on"
    person = User(username=profile.username, is_staff=True)
    person.set_unusable_password()
    return person, None


def _know(
    person: User, *, issuer: str, subject: str, now: datetime, address: str | None
) -> SocialAccount:
    """Note that `person`, who may be new, is `subject` at the provider."""
    if person._state.adding:
        person.save()
        record(
            now=now,
            actor=None,
            act="add",
            subject=person,
            address=address,
            after={"username": person.username},
            reason=REASON,
        )
    account = SocialAccount.objects.create(user=person, provider=issuer, uid=subject)
    record(
        now=now,
        actor=None,
        act="change",
        subject=person,
        address=address,
        after={"issuer": issuer, "subject": subject},
        reason=REASON,
    )
    return account


def _bring_in_line(
    person: User,
    held: frozenset[Grant],
    agencies: Mapping[str, int],
    *,
    now: datetime,
    address: str | None,
) -> None:
    """Take and give what single sign-on says; each change ends what is open elsewhere."""
    present = {
        Grant(row.role, row.agency.code if row.agency else ""): row
        for row in person.memberships.select_related("agency")
    }
    withdrawn = [
        (grant, row) for grant, row in sorted(present.items()) if row.from_sso and grant not in held
    ]
    new = sorted(held - set(present))
    for grant, row in withdrawn:
        _record_role("delete", row, grant, now=now, address=address)
        row.delete()
    for grant in new:
        row = Membership.objects.create(
            user=person,
            agency_id=agencies[grant.agency] if grant.agency else None,
            role=grant.role,
            from_sso=True,
        )
        _record_role("add", row, grant, now=now, address=address)


def _record_role(
    act: str, row: Membership, grant: Grant, *, now: datetime, address: str | None
) -> None:
    values = {"role": grant.role, "agency": grant.agency or None, "from_sso": "True"}
    record(
        now=now,
        actor=None,
        act=act,
        subject=row,
        address=address,
        agency_code=grant.agency,
        before=values if act == "delete" else None,
        after=values if act == "add" else None,
        reason=REASON,
    )


def _describe(person: User, profile: Profile, *, now: datetime, address: str | None) -> None:
    """Keep name and address of `person` as the provider has them; what it does not say stays."""
    said = {
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "email": profile.email if profile.email_verified else "",
    }
    before = {name: getattr(person, name) for name in said}
    after = {name: value or before[name] for name, value in said.items()}
    changed = [name for name in said if before[name] != after[name]]
    if not changed:
        return
    for name in changed:
        setattr(person, name, after[name])
    person.save(update_fields=changed)
    record(
        now=now,
        actor=None,
        act="change",
        subject=person,
        address=address,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        reason=REASON,
    )
