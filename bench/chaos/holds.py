"""What must hold after all that: each returns the violations as sentences, none where it held."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

# Of services.status.health.CheckHealth: "down", and "nobody can tell".
BAD, UNKNOWN = 2, 9
# An outage that was over before anybody could look leaves no incident (rule 18 looks at what is).
SEEN_S = 20.0


@dataclass(frozen=True, slots=True)
class Broken:
    """When a service really did not work, in seconds of the monotonic clock."""

    slug: str
    from_s: float
    to_s: float


Rows = Mapping[int, tuple[Any, ...]]


def nothing_lost(seen: Rows, there: Rows) -> list[str]:
    """Every committed row is still there and as it was."""
    lost = [f"row {pk} is gone" for pk in sorted(seen.keys() - there.keys())]
    changed = [pk for pk in sorted(seen.keys() & there.keys()) if there[pk] != seen[pk]]
    return lost + [f"row {pk} was changed" for pk in changed]


def never_green(
    greens: Iterable[tuple[float, frozenset[str]]],
    broken: Iterable[Broken],
    *,
    honest_after_s: float,
    stepped: Sequence[float] = (),
    step_s: float = 0.0,
) -> list[str]:
    """No page called operational what had been broken for longer than the rules need to notice.

    Confirmed, or not seen any more and so unknown: the later of both. Around a step of the clock
    (`stepped`: when it went, and when it came back) observations may be younger than they are.
    """
    found = []
    outages = list(broken)
    for asked_at, slugs in greens:
        since_step = min((asked_at - at for at in stepped if at <= asked_at), default=None)
        late = honest_after_s + (
            step_s if since_step is not None and since_step < honest_after_s + step_s else 0.0
        )
        for outage in outages:
            if outage.slug in slugs and outage.from_s + late < asked_at < outage.to_s:
                after = asked_at - outage.from_s
                found.append(f"{outage.slug} was green {after:.0f} s after it had been broken")
    return found


@dataclass(frozen=True, slots=True)
class Listed:
    """A service on an incident."""

    incident: int
    service: int
    outage_started_at: datetime | None
    opened_at: datetime
    resolved_at: datetime | None
    is_absorbed: bool


def outages(changes: Iterable[tuple[Any, ...]]) -> list[tuple[int, datetime, datetime | None]]:
    """(service, from, to) of every time in which a channel was down, from the changes alone.

    `changes`: service, channel, check, at, confirmed_at, from, to. A check that is bad is a
    channel that is down: the demo's checks are all essential. One that was lost from sight while
    it was bad is still out: silence is not recovery (rule 17).
    """
    by_service: dict[int, list[tuple[datetime, int, int]]] = defaultdict(list)
    for service, _channel, check, at, _confirmed_at, _from, to in changes:
        by_service[service].append((at, check, to))
    found: list[tuple[int, datetime, datetime | None]] = []
    for service, moves in by_service.items():
        down: set[int] = set()
        since: datetime | None = None
        for at, check, to in sorted(moves, key=lambda one: one[0]):
            was_down = bool(down)
            if to == BAD:
                down.add(check)
            elif to != UNKNOWN:
                down.discard(check)
            if down and not was_down:
                since = at
            elif was_down and not down and since is not None:
                found.append((service, since, at))
        if down and since is not None:
            found.append((service, since, None))
    return found


def one_incident_an_outage(
    happened: Iterable[tuple[int, datetime, datetime | None]],
    listed: Iterable[Listed],
    judged: frozenset[int],
) -> list[str]:
    """Each outage of the `judged` services is on an incident, and none on two at one time."""
    by_service: dict[int, list[Listed]] = defaultdict(list)
    for row in sorted(listed, key=lambda one: one.opened_at):
        by_service[row.service].append(row)
    wrong = [
        f"service {service} is on incidents {before.incident} and {after.incident} at once"
        for service, rows in by_service.items()
        for before, after in pairwise(row for row in rows if not row.is_absorbed)
        if before.incident != after.incident
        and (before.resolved_at is None or before.resolved_at > after.opened_at)
    ]
    for service, since, until in happened:
        was_short = until is not None and (until - since).total_seconds() < SEEN_S
        if service not in judged or was_short:
            continue
        on = {row.incident for row in by_service[service] if _tells_of(row, since, until)}
        if len(on) != 1:
            wrong.append(
                f"the outage of service {service} at {since:%H:%M:%S}: {len(on)} incidents"
            )
    return wrong


def _tells_of(row: Listed, since: datetime, until: datetime | None) -> bool:
    """Whether this listing is of the outage from `since` to `until`, or was open when it began.

    An incident may begin later than the outage: where the sweep was away until a first channel
    had been lost from sight, it goes by those that it sees down.
    """
    began = row.outage_started_at
    if began is None or (until is not None and began >= until):
        return False
    return began >= since or row.resolved_at is None or row.resolved_at > since


def each_told_once(incidents: Iterable[str], opened: Iterable[str]) -> list[str]:
    """Every incident (by its ref) has one Event that says that it was opened."""
    told = Counter(opened)
    return [
        f"incident {ref} was opened {told[ref]} times in the events"
        for ref in incidents
        if told[ref] != 1
    ]
