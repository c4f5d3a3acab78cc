"""Ninety days that never were: generated changes of state, the same for the same `now`.

Everything here is computed from the endpoints and `now`; nothing reads a clock or a database.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.labels import ChannelKind
from services.status.health import CheckHealth
from services.status.machine import Change
from services.status.observation import Reason
from statusportal.demo.nation import Endpoint, Speech

DAYS = 90
# As a deployment has it: three bad answers confirm, two good ones do, one every ten seconds.
_FAST = timedelta(seconds=10)
_QUIET_BETWEEN = timedelta(minutes=20)
_SEED = "demo nation"
# A time of day, so many days ago, as an instant.
_Local = Callable[[int, time], datetime]


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch during which one endpoint was not well."""

    began_at: datetime
    ended_at: datetime
    health: CheckHealth
    reason: Reason


@dataclass(frozen=True, slots=True)
class Day:
    """A bad day of some service: so many days ago, from this time, for so many minutes."""

    slug: str
    channel: ChannelKind | None
    days_ago: int
    at: time
    minutes: int
    health: CheckHealth
    reason: Reason


_BAD, _SLOW = CheckHealth.BAD, CheckHealth.SLOW
_WEB, _APP = ChannelKind.WEB, ChannelKind.APP

_STORIES = (
    # A cable was cut: one carrier, and the government's network on its line, for less than an hour.
    Day("tel", None, 37, time(10, 42), 47, _BAD, Reason.CONNECT_TIMEOUT),
    Day("gdn", None, 37, time(10, 43), 39, _BAD, Reason.UNREACHABLE),
    # Text messages came late for an evening.
    Day("sms", None, 9, time(18, 5), 95, _SLOW, Reason.SLOW),
    # The day of the results, and the last days of the quarter's VAT.
    Day("exam-res", _APP, 24, time(12, 0), 42, _BAD, Reason.NO_ANSWER),
    Day("exam-res", _APP, 24, time(13, 10), 290, _SLOW, Reason.SLOW),
    Day("exam-res", _WEB, 24, time(12, 5), 180, _SLOW, Reason.SLOW),
    Day("vat-file", _WEB, 31, time(9, 0), 410, _SLOW, Reason.SLOW),
    Day("vat-file", _WEB, 30, time(13, 20), 135, _BAD, Reason.SERVER_ERROR),
    # A certificate that nobody renewed, found in the morning.
    Day("cr-issue", None, 44, time(3, 0), 270, _BAD, Reason.TLS_EXPIRED),
    # Old systems of small departments.
    Day("tm-reg", _WEB, 63, time(7, 30), 520, _BAD, Reason.SERVER_ERROR),
    Day("cert-equiv", _WEB, 15, time(8, 45), 395, _BAD, Reason.CONNECT_TIMEOUT),
    Day("hous-app", _WEB, 52, time(19, 15), 205, _BAD, Reason.TEXT_MISSING),
    Day("bld-permit", _WEB, 12, time(6, 50), 640, _BAD, Reason.NO_ANSWER),
    Day("scholar", _WEB, 71, time(20, 0), 160, _SLOW, Reason.SLOW),
    Day("scholar", _WEB, 70, time(20, 30), 150, _BAD, Reason.SERVER_ERROR),
)
# One night the gateway of the apps was renewed, and did not come back for a while.
_APPS_NIGHT = (19, time(2, 10), 48)


def generate(
    endpoints: Sequence[Endpoint], *, now: datetime, zone: ZoneInfo
) -> dict[str, tuple[Change, ...]]:
    """The changes of each endpoint by its key, oldest first, over the 90 days before `now`.

    Each chain begins with unknown to ok and ends with ok to unknown at `now`: nobody has looked
    since, until a real probe does. Times of day are those of `zone`.
    """
    today = now.astimezone(zone).date()

    def local(days_ago: int, at: time) -> datetime:
        return datetime.combine(today - timedelta(days=days_ago), at, zone)

    slugs = dict.fromkeys(endpoint.slug for endpoint in endpoints)
    usual = {slug: _usual_troubles(slug, local) for slug in slugs}
    return {
        endpoint.key: _chain(
            [*_stories_of(endpoint, local), *_fitting(usual[endpoint.slug], endpoint)], now=now
        )
        for endpoint in endpoints
    }


def _stories_of(endpoint: Endpoint, local: _Local) -> list[Episode]:
    if not endpoint.is_essential:
        return []
    stories = [
        _episode(local(day.days_ago, day.at), day.minutes, day.health, day.reason)
        for day in _STORIES
        if day.slug == endpoint.slug
        and day.channel in (None, endpoint.channel)
        and (day.reason is not Reason.TLS_EXPIRED or endpoint.tls)
    ]
    if endpoint.channel is ChannelKind.APP:
        days_ago, at, minutes = _APPS_NIGHT
        stories.append(_episode(local(days_ago, at), minutes, _BAD, Reason.SERVER_ERROR))
    return stories


def _usual_troubles(slug: str, local: _Local) -> list[tuple[Episode, int]]:
    """What happens to everybody in three months, with a number that says to which channel."""
    dice = random.Random(f"{_SEED} {slug}")
    troubles = []
    for _ in range(dice.choice((0, 1, 1, 2, 2, 3))):
        at = time(dice.randint(8, 21), dice.randrange(60))
        minutes = dice.randint(8, 75)
        troubles.append((dice.randint(2, 88), at, minutes, _SLOW, Reason.SLOW))
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
        at = time(dice.randint(0, 23), dice.randrange(60))
        minutes = dice.randint(3, 34)
        reason = dice.choice((Reason.SERVER_ERROR, Reason.NO_ANSWER, Reason.CONNECT_TIMEOUT))
        troubles.append((dice.randint(2, 88), at, minutes, _BAD, reason))
    return [
        (_episode(local(days_ago, at), minutes, health, reason), dice.randrange(4))
        for days_ago, at, minutes, health, reason in troubles
    ]


def _fitting(troubles: Iterable[tuple[Episode, int]], endpoint: Endpoint) -> list[Episode]:
    """Those of a service's troubles that this endpoint shared.

    Half of them hit the whole service, a quarter the web alone, a quarter the app alone.
    """
    alone = {2: ChannelKind.WEB, 3: ChannelKind.APP}
    fitting = []
    for episode, lot in troubles:
        if endpoint.part or alone.get(lot, endpoint.channel) is not endpoint.channel:
            continue
        reason = episode.reason
        if reason is Reason.SERVER_ERROR and endpoint.speech is Speech.GREETING:
            reason = Reason.REFUSED
        fitting.append(Episode(episode.began_at, episode.ended_at, episode.health, reason))
    return fitting


def _episode(began_at: datetime, minutes: int, health: CheckHealth, reason: Reason) -> Episode:
    return Episode(began_at, began_at + timedelta(minutes=minutes), health, reason)


def _chain(episodes: Iterable[Episode], *, now: datetime) -> tuple[Change, ...]:
    """The changes that the episodes make (rules 2 and 3); one too close to another is left out."""
    begins_at = now - timedelta(days=DAYS)
    changes = [Change(CheckHealth.UNKNOWN, CheckHealth.OK, begins_at, begins_at + _FAST, Reason.OK)]
    free_from = begins_at + _QUIET_BETWEEN
    for episode in sorted(episodes, key=lambda one: (one.began_at, one.ended_at)):
        if episode.began_at < free_from or episode.ended_at > now - _QUIET_BETWEEN:
            continue
        changes += (
            Change(
                CheckHealth.OK,
                episode.health,
                episode.began_at,
                episode.began_at + 2 * _FAST,
                episode.reason,
            ),
            Change(
                episode.health,
                CheckHealth.OK,
                episode.ended_at,
                episode.ended_at + _FAST,
                Reason.OK,
            ),
        )
        free_from = episode.ended_at + _QUIET_BETWEEN
    changes.append(Change(CheckHealth.OK, CheckHealth.UNKNOWN, now, now, None))
    return tuple(changes)
