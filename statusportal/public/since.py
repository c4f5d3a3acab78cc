"""Since when each service is what it is: its own channels, its windows, or the upstream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.status.cascade import Effective
from services.status.health import Health
from services.status.publication import Fact, Published
from services.status.window import Phase, Window, phase
from statusportal.public import declared
from statusportal.public.declared import Word
from statusportal.public.said import ChannelSaid


@dataclass(frozen=True, slots=True)
class Own:
    """One service before its upstreams are heard: its channels as measured, what is published of
    each by its name, its windows, and what people say of its channels by their ids."""

    channels: Sequence[ChannelSaid]
    published: Mapping[str, Published]
    windows: Iterable[Window] = ()
    words: Mapping[int, Word] | None = None


class Since:
    """The answers for one reading, each found once."""

    def __init__(
        self, own: Callable[[str], Own], after: Mapping[str, Effective], now: datetime
    ) -> None:
        self._own = own
        self._after = after
        self._now = now
        self._known: dict[str, datetime | None] = {}

    def of(self, service: str) -> datetime | None:
        """The instant from which on it is what it is; None where nobody can say."""
        if service not in self._known:
            # Set first, so that a circle that two edits at once made ends here.
            self._known[service] = None
            self._known[service] = self._find(service)
        return self._known[service]

    def _find(self, service: str) -> datetime | None:
        effect = self._after[service]
        if effect.health is None:
            return None
        instants = list(self._of_channels(self._own(service), effect))
        instants += [
            since
            for cause in effect.causes
            if cause.carried is not None and (since := self.of(cause.upstream)) is not None
        ]
        # It has worked since the last of them recovered, and failed since the first of them failed.
        latest = effect.health is Health.OPERATIONAL
        return (max if latest else min)(instants, default=None)

    def _of_channels(self, own: Own, effect: Effective) -> Iterable[datetime]:
        """The instants of the channels that make the service what it is."""
        assert effect.health is not None
        for said in own.channels:
            name = str(said.fact.id)
            shown = own.published[name]
            if shown.health is None or effect.channels[name] is not shown.health:
                continue
            if not _shows(shown.health, effect.health):
                continue
            if shown.fact is Fact.WINDOW:
                yield from self._in_force(own.windows, name)
                continue
            word = (own.words or {}).get(said.fact.id, declared.NOTHING)
            at = said.since
            if shown.fact is Fact.OVERRIDE:
                # A person says that it is better: nobody measured since when.
                continue
            if shown.fact is Fact.DECLARED:
                at = word.declared_since
            elif shown.fact is Fact.HELD and word.held is not None:
                at = word.held.since
            if at is not None:
                yield at

    def _in_force(self, windows: Iterable[Window], channel: str) -> Iterable[datetime]:
        for window in windows:
            begun = window.in_force_at
            if begun is None or not window.touches(channel):
                continue
            if phase(window, self._now) in {Phase.RUNNING, Phase.RUNNING_OVER}:
                yield begun


def _shows(channel: Health, service: Health) -> bool:
    """Whether a channel of this health is what makes the service what it is."""
    if service is Health.PARTIAL_OUTAGE:
        return channel is Health.MAJOR_OUTAGE
    return channel is service
