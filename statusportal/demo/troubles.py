"""When the demo nation's services were out: from its generated changes, and before them by lot.

Nothing here reads a clock or a database; the same for the same changes.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.status.health import CheckHealth, Health
from services.status.observation import Reason

_SEED = "demo nation: incidents"
# Channels that go down one after the other so quickly went down together.
_TOGETHER = timedelta(minutes=2)
_CONFIRMED_AFTER = timedelta(seconds=20)
_RECOVERY_SEEN_AFTER = timedelta(seconds=10)
# Before the generated changes begin, as far back as a year.
_OLDER_DAYS = range(92, 352)
_OLDER_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Turn:
    """One stored change of an essential check."""

    service: int
    channel: int
    check: int
    health: CheckHealth
    at: datetime
    confirmed_at: datetime
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch during which one channel was not well."""

    service: int
    channel: int
    health: CheckHealth
    began_at: datetime
    confirmed_at: datetime
    ended_at: datetime
    seen_well_at: datetime
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A stretch during which one service was out, from the first channel to the last.

    `is_measured`: checks saw it; otherwise it is older than everything that is kept of them.
    """

    service: int
    health: Health
    began_at: datetime
    confirmed_at: datetime
    ended_at: datetime
    seen_well_at: datetime
    reason: Reason | None
    is_measured: bool = True


def spells(turns: Iterable[Turn]) -> list[Spell]:
    """Every stretch that was slow or bad and is over. `turns` in order, check by check."""
    chains: dict[int, list[Turn]] = defaultdict(list)
    for turn in turns:
        chains[turn.check].append(turn)
    return [
        Spell(
            service=began.service,
            channel=began.channel,
            health=began.health,
            began_at=began.at,
            confirmed_at=began.confirmed_at,
            ended_at=ended.at,
            seen_well_at=ended.confirmed_at,
            reason=began.reason,
        )
        for chain in chains.values()
        for began, ended in pairwise(chain)
        if began.health in {CheckHealth.SLOW, CheckHealth.BAD}
    ]


def outages(found: Iterable[Spell], monitored: Mapping[int, int]) -> list[Trouble]:
    """The spells in which a channel was down, service by service, oldest first.

    `monitored` is how many channels of each service have an essential check (rule 10).
    """
    groups: list[list[Spell]] = []
    down = [spell for spell in found if spell.health is CheckHealth.BAD]
    for spell in sorted(down, key=lambda one: (one.service, one.began_at, one.channel)):
        last = groups[-1] if groups else []
        if (
            last
            and last[0].service == spell.service
            and spell.began_at <= max(one.ended_at for one in last) + _TOGETHER
        ):
            last.append(spell)
        else:
            groups.append([spell])
    troubles = [_together(group, monitored) for group in groups]
    return sorted(troubles, key=lambda one: (one.began_at, one.service))


def _together(group: Sequence[Spell], monitored: Mapping[int, int]) -> Trouble:
    first = group[0]
    is_whole = len({spell.channel for spell in group}) >= monitored[first.service]
    return Trouble(
        service=first.service,
        health=Health.MAJOR_OUTAGE if is_whole else Health.PARTIAL_OUTAGE,
        began_at=first.began_at,
        confirmed_at=min(spell.confirmed_at for spell in group),
        ended_at=max(spell.ended_at for spell in group),
        seen_well_at=max(spell.seen_well_at for spell in group),
        reason=first.reason,
    )


def older(monitored: Mapping[int, int], *, today: date, zone: ZoneInfo) -> Iterator[Trouble]:
    """Outages of the months before the generated changes, the same for the same day.

    They hit the services of `monitored`, which says how many channels of each are monitored.
    """
    services = sorted(monitored)
    for days_ago in _OLDER_DAYS:
        # By the day itself, so that tomorrow's history tells the same of it.
        day = today - timedelta(days=days_ago)
        dice = random.Random(f"{_SEED} {day}")
        if dice.random() >= _OLDER_SHARE:
            continue
        began_at = datetime.combine(day, time(dice.randint(0, 20), dice.randrange(60)), zone)
        minutes = dice.choice((6, 9, 14, 22, 35, 48, 70, 95, 150))
        service = dice.choice(services)
        is_whole = monitored[service] == 1 or dice.random() < 0.5
        yield Trouble(
            service=service,
            health=Health.MAJOR_OUTAGE if is_whole else Health.PARTIAL_OUTAGE,
            began_at=began_at,
            confirmed_at=began_at + _CONFIRMED_AFTER,
            ended_at=began_at + timedelta(minutes=minutes),
            seen_well_at=began_at + timedelta(minutes=minutes) + _RECOVERY_SEEN_AFTER,
            reason=dice.choice((Reason.SERVER_ERROR, Reason.NO_ANSWER, Reason.CONNECT_TIMEOUT)),
            is_measured=False,
        )


def of_day(
    found: Iterable[Spell], services: Collection[int], day: date, zone: ZoneInfo
) -> list[Spell]:
    """The spells of these services that began on this day of the deployment's zone."""
    return [
        spell
        for spell in found
        if spell.service in services and spell.began_at.astimezone(zone).date() == day
    ]
