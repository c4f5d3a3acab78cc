"""A service with its platform, measured through recording as the workers do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponse

from accounts.models import Role
from services import recording
from services.models import Check, Service
from services.status.health import Outcome
from services.status.observation import Observation, Reason, Timings
from statusportal.public import snapshot
from statusportal.public.store import store
from tests.admin_pages import browser, page_text
from tests.factories import make_channel, make_check, make_location, make_user

# A Sunday; 13:00 in Bahrain.
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=60)

_LETTERS = {
    "o": (Outcome.OK, Reason.OK),
    "s": (Outcome.SLOW, Reason.SLOW),
    "b": (Outcome.BAD, Reason.SERVER_ERROR),
    "r": (Outcome.BAD, Reason.REFUSED),
    "f": (Outcome.PROBER_FAULT, Reason.PROBER_DOUBT),
}


def seen(check: Check, letter: str, at: datetime, *, place: int | None = None) -> Observation:
    """One observation of `check`, begun a second after it was due at `at`; `place` is the id of
    a location, None the main one."""
    outcome, reason = _LETTERS[letter]
    return Observation(
        check_id=check.pk,
        location_id=make_location().pk if place is None else place,
        due_at=at,
        started_at=at + timedelta(seconds=1),
        outcome=outcome,
        reason=reason,
        timings=Timings(dns_ms=3, connect_ms=11, tls_ms=None, first_byte_ms=47, total_ms=61),
    )


def play(
    check: Check,
    letters: str,
    *,
    until: datetime = NOW,
    every: timedelta = INTERVAL,
    location: str = "main",
) -> None:
    """Record one observation an interval, the last one due an interval before `until`."""
    place = make_location(code=location).pk
    recording.record(
        observations=[
            seen(check, letter, until - (len(letters) - turn) * every, place=place)
            for turn, letter in enumerate(letters)
        ]
    )


def make_measured(service: Service, kind: str = "web", **fields: Any) -> Check:
    """A check of a new channel of `service`, asked every minute, next in half a minute."""
    defaults: dict[str, Any] = {
        "interval_seconds": 60,
        "timeout_seconds": 10,
        "next_due_at": NOW + timedelta(seconds=30),
    }
    return make_check(channel=make_channel(service=service, kind=kind), **(defaults | fields))


def publish(*, age: timedelta = timedelta(0)) -> None:
    """Let the public site have what the database says, made `age` ago."""
    store.hold(snapshot.build(now=NOW - age))


def path(service: Service) -> str:
    """Where the page about `service` stands."""
    return f"/ops/services/{service.slug}/why/"


def get(service: Service, language: str = "en", **person: Any) -> HttpResponse:
    """The page as an operator gets it."""
    response = browser(make_user(Role.OPERATOR, **person), language).get(path(service))
    assert response.status_code == 200
    assert isinstance(response, HttpResponse)
    return response


def said(service: Service, language: str = "en") -> str:
    """The text of the page as an operator reads it."""
    return page_text(get(service, language))
