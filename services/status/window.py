"""Planned windows as the rules of status and uptime see them (rules 14 to 16)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.status.health import Health, rank


class WindowEffect(StrEnum):
    """What the announced work does to its channels; the words are stored."""

    STOPPED = "stopped"
    PARTLY = "partly"
    SLOW = "slow"
    NONE = "none"


_SEVERITY = {
    WindowEffect.NONE: 0,
    WindowEffect.SLOW: 1,
    WindowEffect.PARTLY: 2,
    WindowEffect.STOPPED: 3,
}


def worst_effect(effects: Iterable[WindowEffect]) -> WindowEffect | None:
    """Of overlapping windows the worst effect counts (rule 14); None where there is none."""
    return max(effects, key=_SEVERITY.__getitem__, default=None)


def window_health(effect: WindowEffect | None) -> Health | None:
    """What a window says of its channels (rule 14); None where it leaves them unchanged."""
    match effect:
        case WindowEffect.STOPPED | WindowEffect.PARTLY:
            return Health.MAINTENANCE
        case WindowEffect.SLOW:
            return Health.DEGRADED
        case _:
            return None


def allows(effect: WindowEffect, measured: Health) -> bool:
    """Whether the announced work accounts for what is measured (rule 14).

    Stopped allows anything, partly and slow allow degraded, none allows no trouble at all.
    """
    match effect:
        case WindowEffect.STOPPED:
            return True
        case WindowEffect.PARTLY | WindowEffect.SLOW:
            return rank(measured) <= rank(Health.DEGRADED)
        case _:
            return measured is Health.OPERATIONAL


@dataclass(frozen=True, slots=True)
class Standing:
    """A window that is begun and not closed, as one channel feels it at one instant.

    `covers` is False where the window has its effect but accounts for nothing that is measured:
    it is running over (rule 16), or the outage was already under way at its start (rule 15).
    """

    effect: WindowEffect
    covers: bool = True


def beyond_window(
    effects: WindowEffect | Sequence[WindowEffect] | None, measured: Health | None
) -> Health | None:
    """The part of `measured` that no covering window accounts for, or None (rules 14 and 15).

    `effects` are those of the windows that cover; without any, all that is measured is beyond.
    """
    if effects is None:
        effects = ()
    elif isinstance(effects, WindowEffect):
        effects = (effects,)
    if measured is None or any(allows(effect, measured) for effect in effects):
        return None
    return measured


class Phase(StrEnum):
    """Where a window stands; a window that is called off is not given to these rules at all."""

    AHEAD = "ahead"
    RUNNING = "running"
    RUNNING_OVER = "running_over"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Window:
    """A planned window, half-open: from its start up to, not including, its end.

    `announced_end_at` is the last end that was announced before the start; a later promise does
    not make time planned. `approved_at` None is a window that nobody approved: it covers
    nothing. `completed_at` is when a person closed it. `channels` None means all of them.
    """

    effect: WindowEffect
    starts_at: datetime
    announced_end_at: datetime
    approved_at: datetime | None
    completed_at: datetime | None = None
    channels: frozenset[str] | None = None

    @property
    def in_force_at(self) -> datetime | None:
        """When it begins to count: never before its approval (rule 15); None is never."""
        if self.approved_at is None:
            return None
        return max(self.starts_at, self.approved_at)

    @property
    def planned_until(self) -> datetime:
        """The end of its planned part (rule 16)."""
        if self.completed_at is None:
            return self.announced_end_at
        return min(self.completed_at, self.announced_end_at)

    def touches(self, channel: str) -> bool:
        """Whether it has any say about `channel`: only on its own channels (rule 14)."""
        return self.channels is None or channel in self.channels


def phase(window: Window, now: datetime) -> Phase:
    """Where `window` stands at `now` (rules 15 and 16).

    It never ends by itself: not completed at its announced end, it is running over until a
    person closes it.
    """
    begins = window.in_force_at
    if window.completed_at is not None and now >= window.completed_at:
        return Phase.OVER
    if begins is None or now < begins:
        return Phase.AHEAD
    return Phase.RUNNING if now < window.announced_end_at else Phase.RUNNING_OVER


def standing(
    window: Window, *, channel: str, now: datetime, outage_started_at: datetime | None
) -> Standing | None:
    """What `channel` feels of `window` at `now`, or None (rules 14 to 16).

    `outage_started_at` is when the channel's present outage began, None while it is up.
    """
    stands = phase(window, now)
    begins = window.in_force_at
    if begins is None or not window.touches(channel):
        return None
    if stands not in (Phase.RUNNING, Phase.RUNNING_OVER):
        return None
    under_way = outage_started_at is not None and outage_started_at < begins
    return Standing(window.effect, covers=stands is Phase.RUNNING and not under_way)
