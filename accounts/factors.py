"""Second factors: who has one, that a code counts once, that a change ends other sessions."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User

# Recovery codes stand in for a factor that is lost; alone they are none.
REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_PROVIDED = "second_factor_provided"


def has_one(request: HttpRequest, person: User) -> bool:
    """Whether `person` has a second factor of ours, or brought one from single sign-on.

    One of ours was asked for when they signed in: allauth's stage lets nobody past who has one.
    """
    return person.factor_since is not None or was_provided(request, person)


def mark_provided(request: HttpRequest, person: User) -> None:
    """Note that the provider of single sign-on asked `person` for a second factor."""
    request.session[_PROVIDED] = str(person.pk)


def was_provided(request: HttpRequest, person: User) -> bool:
    """Whether the provider asked this very person for a second factor in this session."""
    return bool(request.session.get(_PROVIDED) == str(person.pk))


def refresh(person: User, now: datetime) -> None:
    """Bring `factor_since` in line with the authenticators of `person`."""
    is_there = Authenticator.objects.filter(user=person, type__in=REAL).exists()
    if is_there and person.factor_since is None:
        person.factor_since = now
    elif not is_there:
        person.factor_since = None
    User.objects.filter(pk=person.pk).update(factor_since=person.factor_since)


def can_go(authenticator: Authenticator) -> bool:
    """Whether another real factor stays when this one is removed."""
    others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=REAL)
    return bool(others.exclude(pk=authenticator.pk).exists())


def spend(authenticator: Authenticator, code: str) -> bool:
    """Use up the time step of a valid TOTP `code`; False where it or a later one was used before.

    In the row and under its lock (RFC 6238, 5.2): allauth forgets a code after one step, while
    the tolerance keeps it valid for three.
    """
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        counter = counter_of(decrypt(row.data["secret"]), code)
        if counter is None or counter <= row.data.get("counter", -1):
            return False
        row.data["counter"] = counter
        row.save(update_fields=["data"])
    authenticator.data = row.data
    return True


def counter_of(secret: str, code: str) -> int | None:
    """The time step, within the tolerance, to which a TOTP `code` belongs."""
    now = int(time.time()) // app_settings.TOTP_PERIOD
    for counter in range(now - app_settings.TOTP_TOLERANCE, now + app_settings.TOTP_TOLERANCE + 1):
        if format_hotp_value(hotp_value(secret, counter)) == "".join(code.split()):
            return counter
    return None


def present_code(secret: str, at: float) -> str:
    """The TOTP code of `secret` at a Unix time: for the demo and its tests."""
    value: str = format_hotp_value(hotp_value(secret, int(at) // app_settings.TOTP_PERIOD))
    return value


def describe(authenticator: Authenticator) -> dict[str, Any]:
    """What the record says of an authenticator; nothing secret."""
    about = {"factor": authenticator.type}
    if authenticator.type == Authenticator.Type.WEBAUTHN:
        about["name"] = str(authenticator.data.get("name", ""))
    return about
