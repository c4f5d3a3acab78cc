"""What the portal says of a channel and of a service, and which fact decided it (rule 17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.status.cascade import ServiceInput
from services.status.health import Health, rank
from services.status.rollup import service_health
from services.status.window import (
    Standing,
    WindowEffect,
    beyond_window,
    window_health,
    worst_effect,
)

__all__ = [
    "ChannelInput",
    "Fact",
    "Override",
    "Published",
    "PublishedService",
    "Standing",
    "WindowEffect",
    "before_cascade",
    "beyond_window",
    "publish",
    "publish_service",
    "stands",
    "stopped_channels",
]

# No override outlives this, whatever expiry was typed (rule 17).
LONGEST_OVERRIDE = timedelta(hours=4)


class Fact(StrEnum):
    """The fact that decided what is published; "why" pages say it in a sentence."""

    DECLARED = "declared"  # a person said so, in an incident
    CASCADE = "cascade"  # a service that it needs is in trouble
    WINDOW = "window"  # announced work
    OVERRIDE = "override"  # a person published better than measured
    HELD = "held"  # last measured before silence, while an incident is open
    MEASURED = "measured"
    STALE = "stale"  # nothing recent is known


@dataclass(frozen=True, slots=True)
class Override:
    """A person's word that a channel is better than measured, for a while (rule 17).

    `measured` is what was measured when it was given. Who gave it, and why, is kept elsewhere.
    """

    health: Health
    given_at: datetime
    expires_at: datetime
    measured: Health


def stands(override: Override, measured: Health | None, now: datetime) -> bool:
    """Whether `override` still holds at `now` (rule 17).

    It ends at its expiry, at the latest after four hours, and early when measured worsens.
    Silence that set in after it was given ends it too: the person vouched for a service that
    answers badly, not for one that nobody sees.
    """
    if measured is None or now < override.given_at:
        return False
    if now >= min(override.expires_at, override.given_at + LONGEST_OVERRIDE):
        return False
    if measured is Health.UNKNOWN and override.measured is not Health.UNKNOWN:
        return False
    return rank(override.health) < rank(measured) <= rank(override.measured)


@dataclass(frozen=True, slots=True)
class ChannelInput:
    """Everything that has a say in what is published of one channel.

    `measured` is None where the channel is not monitored, and `UNKNOWN` where what was seen is
    not fresh (rule 20). `declared` is the worst that its open incidents declare. `cascade` is
    the worst that its upstreams carry to it. `windows` are those begun and not closed.
    `last_known` is what was last measured before it became unknown, and counts only while
    `incident_open`. `override` is given only while it stands.
    """

    measured: Health | None
    declared: Health | None = None
    cascade: Health | None = None
    windows: tuple[Standing, ...] = ()
    incident_open: bool = False
    last_known: Health | None = None
    override: Health | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What is published of a channel, and the fact that decided; both None: not monitored."""

    health: Health | None
    fact: Fact | None


def publish(channel: ChannelInput) -> Published:
    """The worst of declared, cascade, the window's effect and measured beyond it (rule 17).

    Where several facts are equally bad, the one that explains most is named: a person's word,
    then an upstream, then announced work, then what was measured. A channel that is neither
    monitored nor named by an incident or a window is not counted, whatever its upstreams do
    (rule 9).
    """
    announced = window_health(worst_effect(window.effect for window in channel.windows))
    if channel.measured is None and channel.declared is None and announced is None:
        return Published(None, None)

    measured, fact = _measured(channel)
    covering = [window.effect for window in channel.windows if window.covers]
    facts = [
        (channel.declared, Fact.DECLARED),
        (channel.cascade, Fact.CASCADE),
        (announced, Fact.WINDOW),
        (beyond_window(covering, measured), fact),
    ]
    said = [(health, fact) for health, fact in facts if health is not None]
    # Everything that is measured lies within a window that changes nothing: all is well there.
    if not said:
        return Published(measured, fact)
    health, fact = max(said, key=lambda item: rank(item[0]))
    return Published(health, fact)


def _measured(channel: ChannelInput) -> tuple[Health | None, Fact]:
    """The measured side: with a person's override, and without taking silence for recovery."""
    measured = channel.measured
    if channel.override is not None and measured is not None:
        return channel.override, Fact.OVERRIDE
    if measured is not Health.UNKNOWN:
        return measured, Fact.MEASURED
    if (
        channel.incident_open
        and channel.last_known is not None
        and rank(channel.last_known) > rank(Health.UNKNOWN)
    ):
        return channel.last_known, Fact.HELD
    return Health.UNKNOWN, Fact.STALE


@dataclass(frozen=True, slots=True)
class PublishedService:
    """What is published of a service and of each of its channels; None: not monitored."""

    health: Health | None
    channels: Mapping[str, Published]


def stopped_channels(channels: Mapping[str, ChannelInput]) -> frozenset[str]:
    """The channels that a window stops, as rule 10 wants to know them."""
    return frozenset(
        name
        for name, channel in channels.items()
        if any(window.effect is WindowEffect.STOPPED for window in channel.windows)
    )


def before_cascade(channels: Mapping[str, ChannelInput]) -> ServiceInput:
    """The service as `cascade.effective` wants it: all facts but what its upstreams carry.

    Worst of worsts is worst, so adding the cascade afterwards gives what `publish` gives.
    """
    return ServiceInput(
        channels={
            name: publish(replace(channel, cascade=None)).health
            for name, channel in channels.items()
        },
        stopped_by_window=stopped_channels(channels),
    )


def publish_service(channels: Mapping[str, ChannelInput]) -> PublishedService:
    """Per channel, then rolled up (rules 17 and 10)."""
    published = {name: publish(channel) for name, channel in channels.items()}
    health = service_health(
        {name: channel.health for name, channel in published.items()},
        stopped_by_window=stopped_channels(channels),
    )
    return PublishedService(health, published)
