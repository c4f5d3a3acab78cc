"""One service by itself, before its upstreams are heard: what is measured, and what people say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.status.cascade import Effective, ServiceInput
from services.status.health import Health
from services.status.publication import ChannelInput, Published, publish, stopped_channels
from services.status.window import Window, standing
from statusportal.public import declared, measured
from statusportal.public.declared import Word
from statusportal.public.measured import Observed
from statusportal.public.said import ChannelSaid, ServiceSaid
from statusportal.public.shape import IncidentFact, ListedFact, ServiceFact
from statusportal.public.since import Own


@dataclass(slots=True)
class Heard:
    """A service before its upstreams are heard, and what was said of it the last time."""

    fact: ServiceFact
    seen: tuple[tuple[datetime | None, ...], ...]
    # What is measured stays as it is until then, unless something else is seen.
    holds_until: datetime
    channels: tuple[ChannelSaid, ...]
    published: Mapping[str, Published]
    input: ServiceInput
    # Channel → what people say of it; None where no open incident lists the service.
    words: Mapping[int, Word] | None
    # Nobody says anything of it but our own checks.
    is_plain: bool
    effect: Effective | None = None
    since: datetime | None = None
    said: ServiceSaid | None = None

    def own(self, windows: Iterable[Window]) -> Own:
        return Own(self.channels, self.published, windows, self.words)

    def says_as(self, other: Heard) -> bool:
        """Of the same fact and the same seen: whether people say the same of it, too."""
        return (
            self.is_plain is other.is_plain
            and self.input == other.input
            and self.published == other.published
            and self.words == other.words
        )

    def may_move(self, effect: Effective) -> bool:
        """Whether `since` may be another one than the last time."""
        if self.said is None or not self.is_plain or is_led(effect):
            return True
        return self.effect is not effect and self.effect != effect


def is_led(effect: Effective) -> bool:
    """Whether a service is what it is because of an upstream; since when is the upstream's."""
    return any(cause.carried for cause in effect.causes)


def hear(
    fact: ServiceFact,
    locations: tuple[str, ...],
    observed: Observed,
    now: datetime,
    *,
    windows: Sequence[Window],
    listings: Sequence[tuple[IncidentFact, ListedFact]],
    known: Heard | None,
) -> Heard:
    """One service by itself; what is `known` of it from an earlier instant where that stands.

    `windows` that name it and `listings` in incidents are what people say of it.
    """
    seen = measured.seen(fact, observed)
    is_plain = not windows and not listings
    if (
        known is not None
        and now <= known.holds_until
        and known.seen == seen
        and (known.fact is fact or known.fact == fact)
    ):
        stands, channels, holds_until = known, known.channels, known.holds_until
        if is_plain and known.is_plain:
            return known
    else:
        stands = None
        channels = measured.channels(fact, locations, observed, now)
        holds_until = measured.holds_until(fact, observed, now)
    words: dict[int, Word] | None = None
    stopped: frozenset[str] = frozenset()
    if is_plain:
        published = {str(said.fact.id): _PLAIN[said.measured] for said in channels}
    else:
        if listings:
            words = {
                said.fact.id: _word(said, listings, locations, observed, now) for said in channels
            }
        inputs = {
            str(said.fact.id): _input(said, windows, (words or {}).get(said.fact.id), now)
            for said in channels
        }
        published = {name: publish(channel) for name, channel in inputs.items()}
        stopped = stopped_channels(inputs)
    # All facts but what its upstreams carry; worst of worsts is worst, so they come after.
    own = ServiceInput({name: shown.health for name, shown in published.items()}, stopped)
    new = Heard(fact, seen, holds_until, channels, published, own, words, is_plain)
    return stands if stands is not None and stands.says_as(new) else new


# What is published where only our own checks speak: the same for every such channel.
_PLAIN: dict[Health | None, Published] = {
    health: publish(ChannelInput(measured=health)) for health in (None, *Health)
}


def _word(
    said: ChannelSaid,
    listings: Iterable[tuple[IncidentFact, ListedFact]],
    locations: tuple[str, ...],
    observed: Observed,
    now: datetime,
) -> Word:
    """What people say of a channel; of one that fell silent, with what it was before."""
    word = declared.word(said.fact.id, listings, said.measured, now)
    if not word.incident_open or said.measured is not Health.UNKNOWN:
        return word
    before = measured.last_known(said.fact, locations, observed)
    return word if before is None else replace(word, held=before)


def _input(
    said: ChannelSaid, windows: Iterable[Window], word: Word | None, now: datetime
) -> ChannelInput:
    """A channel with the windows that are begun and not closed, and what people say of it."""
    down_since = said.since if said.measured is Health.MAJOR_OUTAGE else None
    standings = (
        standing(window, channel=str(said.fact.id), now=now, outage_started_at=down_since)
        for window in windows
    )
    word = word or declared.NOTHING
    return ChannelInput(
        measured=said.measured,
        declared=word.declared,
        windows=tuple(found for found in standings if found is not None),
        incident_open=word.incident_open,
        last_known=word.held.health if word.held else None,
        override=word.override,
    )
