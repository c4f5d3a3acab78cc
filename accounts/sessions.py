"""When a session ends: by its age, by idleness, or everywhere at once. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from accounts.models import User

SIGNED_IN_AT = "signed_in_at"
SEEN_AT = "seen_at"
# How exactly idleness is known: a session is not written for every request.
GRAIN_S = 60

Session = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may last in all, and without an act of the person."""

    length: timedelta
    idle: timedelta


def begin(session: Session, now: datetime) -> None:
    """Note in a new session when it began."""
    session[SIGNED_IN_AT] = session[SEEN_AT] = int(now.timestamp())


def why_over(session: Session, limits: Limits, now: datetime) -> str | None:
    """Why the session is over at `now`: "age", "idle", or None while it is not.

    A session that does not say when it began is not one of ours: over by age.
    """
    began, seen = session.get(SIGNED_IN_AT), session.get(SEEN_AT)
    if not isinstance(began, int) or not isinstance(seen, int):
        return "age"
    present = now.timestamp()
    if present - began >= limits.length.total_seconds():
        return "age"
    if present - seen >= limits.idle.total_seconds():
        return "idle"
    return None


def touch(session: Session, now: datetime) -> None:
    """Note that the person did something, at most once in GRAIN_S."""
    present = int(now.timestamp())
    if present - session[SEEN_AT] >= GRAIN_S:
        session[SEEN_AT] = present


def end_everywhere(person: User) -> None:
    """End every session of `person`, wherever it is open, with their next request."""
    User.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    # So that this instance, when it signs in next, is bound to the new epoch.
    person.refresh_from_db(fields=["session_epoch"])
