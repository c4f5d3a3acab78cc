"""One-time links: how they are drawn, kept and read. Writing is in accounts.operations."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from accounts.models import Invitation

VALID_FOR = timedelta(hours=72)


def draw() -> tuple[str, str]:
    """A new token of 256 bits and the digest under which it is kept."""
    token = secrets.token_urlsafe(32)
    return token, digest_of(token)


def digest_of(token: str) -> str:
    """The digest of a token. Without salt or stretching: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def find(token: str, now: datetime) -> Invitation | None:
    """The invitation that `token` opens at `now`: not ended, not expired, its person active."""
    return (
        Invitation.objects.filter(
            digest=digest_of(token),
            ended_at__isnull=True,
            expires_at__gt=now,
            user__is_active=True,
        )
        .select_related("user")
        .first()
    )
