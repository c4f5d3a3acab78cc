"""The demo's staff: one person of each role, with a password and a second factor."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.utils import decrypt, encrypt

from accounts import factors
from accounts.models import Agency, Membership, Role, User
from statusportal.demo.plan import write_private

# Without letters and digits that look alike in a terminal.
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PASSWORD_LENGTH = 16

# One person of each role: name to sign in with, role, agency.
PEOPLE: tuple[tuple[str, Role, str | None], ...] = (
    ("administrator", Role.ADMINISTRATOR, None),
    ("supervisor", Role.SUPERVISOR, None),
    ("operator", Role.OPERATOR, None),
    ("contact", Role.CONTACT_CENTRE, None),
    ("auditor", Role.AUDITOR, None),
    ("moi-publisher", Role.AGENCY_PUBLISHER, "MOI"),
    ("moi-staff", Role.AGENCY_STAFF, "MOI"),
)


class NoFactor(Exception):
    """Nobody of that name, or nobody whose codes the portal could give."""


def write(agencies: Mapping[str, Agency], folder: Path, now: datetime) -> None:
    """Make whoever of them is missing, and write down how each signs in."""
    lines = []
    for username, role, agency_code in PEOPLE:
        if User.objects.filter(username=username).exists():
            continue
        password = "".join(secrets.choice(_ALPHABET) for _unused in range(_PASSWORD_LENGTH))
        user = User.objects.create_user(
            username=username,
            email=f"{username}@nds.gov.example",
            password=password,
            is_staff=True,
            is_superuser=role is Role.ADMINISTRATOR,
        )
        agency = agencies[agency_code] if agency_code else None
        Membership.objects.create(user=user, role=role, agency=agency)
        lines.append(f"{role.value}  {username}  {password}  {_enrol(user, now)}\n")
    file = folder / "logins.txt"
    # Of people who were there already nobody knows the password any more but this file.
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    write_private(file, known + "".join(lines))


def complete(folder: Path, now: datetime) -> int:
    """Give a second factor to people of a demo from before there was one; to how many."""
    file = folder / "logins.txt"
    if not file.exists():
        return 0
    lines, added = [], 0
    for line in file.read_text(encoding="utf-8").splitlines():
        parts = line.split("  ")
        person = User.objects.filter(username=parts[1], factor_since=None).first()
        if len(parts) == 3 and person is not None:
            parts.append(_enrol(person, now))
            added += 1
        lines.append("  ".join(parts) + "\n")
    if added:
        write_private(file, "".join(lines))
    return added


def code_of(username: str) -> str:
    """The code that the person's app would show now. Raises NoFactor."""
    found = Authenticator.objects.filter(
        user__username=username, type=Authenticator.Type.TOTP
    ).first()
    if found is None:
        raise NoFactor(f"{username} has no app that gives codes.")
    return factors.present_code(decrypt(found.data["secret"]), time.time())


def _enrol(person: User, now: datetime) -> str:
    """Set up an app for codes; the address that a real app would read."""
    secret = generate_totp_secret()
    # Past the signals: this is no act of a person.
    Authenticator.objects.bulk_create(
        [
            Authenticator(
                user=person,
                type=Authenticator.Type.TOTP,
                data={"secret": encrypt(secret)},
                created_at=now,
            )
        ]
    )
    factors.refresh(person, now)
    address: str = get_adapter().build_totp_url(person, secret)
    return address
