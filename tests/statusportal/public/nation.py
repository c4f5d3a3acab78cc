"""A snapshot built word by word, for tests of the reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.bilingual import Bilingual
from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal.public import reader
from statusportal.public.said import Said
from statusportal.public.shape import (
    AgencyFact,
    ChannelFact,
    CheckFact,
    EdgeFact,
    Measure,
    ServiceFact,
    Snapshot,
    Truth,
    WindowedService,
    WindowFact,
)

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=10)
FRESH_FOR = 55.0

OK, SLOW, BAD = CheckHealth.OK, CheckHealth.SLOW, CheckHealth.BAD


class Nation:
    """Every check was seen at NOW, in the state it has since SINCE, unless said otherwise."""

    def __init__(self) -> None:
        self.services: list[ServiceFact] = []
        self.edges: list[EdgeFact] = []
        self.windows: list[WindowFact] = []
        self.observed: dict[int, tuple[datetime | None, ...]] = {}

    def service(
        self,
        slug: str,
        *channels: CheckHealth | None,
        seen_at: datetime | None = NOW,
        since: datetime = SINCE,
        **fields: object,
    ) -> Nation:
        """A service with one channel for each of `channels`; None is a channel without checks."""
        kinds = ("web", "app", "kiosk")
        facts: list[ChannelFact] = []
        for kind, health in zip(kinds, channels, strict=False):
            number = len(self.observed) * 10 + len(facts) + 1
            checks: tuple[CheckFact, ...] = ()
            if health is not None:
                reason = {OK: Reason.OK, SLOW: Reason.SLOW, BAD: Reason.SERVER_ERROR}[health]
                measure = Measure("main", health, since, reason)
                checks = (CheckFact(number, True, FRESH_FOR, (measure,)),)
                self.observed[number] = (seen_at,)
            facts.append(ChannelFact(id=number * 100, kind=kind, checks=checks))
        given: dict[str, Any] = {"tier": 2, "visibility": "public"} | fields
        self.services.append(
            ServiceFact(
                id=f"id-{slug}",
                slug=slug,
                name=Bilingual(f"خدمة {slug}", slug),
                agency="MOI",
                channels=tuple(facts),
                **given,
            )
        )
        return self

    def edge(self, upstream: str, dependant: str, kind: str = "hard") -> Nation:
        self.edges.append(EdgeFact(f"id-{upstream}", f"id-{dependant}", kind))
        return self

    def window(
        self,
        slug: str,
        effect: str,
        *,
        starts: timedelta,
        ends: timedelta,
        channels: tuple[int, ...] = (),
        **fields: object,
    ) -> Nation:
        """A window on one service, times counted from NOW; `channels` by their number, from 0."""
        (service,) = [one for one in self.services if one.slug == slug]
        given: dict[str, Any] = {
            "kind": "planned",
            "state": "approved",
            "announced_end_at": NOW + ends,
            "approved_at": NOW - timedelta(days=3),
            "changed_at": NOW - timedelta(days=3),
        } | fields
        self.windows.append(
            WindowFact(
                ref=f"MW-{len(self.windows) + 1}",
                agency="MOI",
                effect=effect,
                starts_at=NOW + starts,
                ends_at=NOW + ends,
                services=(
                    WindowedService(
                        service.id, tuple(service.channels[number].id for number in channels)
                    ),
                ),
                **given,
            )
        )
        return self

    def read(self, now: datetime = NOW) -> Said:
        return reader.read(Snapshot(self.truth(), NOW, self.observed, "v"), now)

    def truth(self) -> Truth:
        return Truth(
            agencies=(AgencyFact("MOI", Bilingual("الداخلية", "Interior")),),
            services=tuple(self.services),
            edges=tuple(self.edges),
            windows=tuple(self.windows),
            locations=("main",),
        )
