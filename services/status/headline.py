"""The one sentence at the top of the page, by how far the trouble reaches (rule 21)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.status.health import Health

# Shares of the counted services, in per cent.
MAJOR_FROM = 5
BLIND_FROM = 10


class HeadlineKind(StrEnum):
    """What the headline is about, worst first."""

    MAJOR = "major"
    PARTIAL = "partial"
    PROBLEMS = "problems"
    BLIND = "blind"
    MAINTENANCE = "maintenance"
    NONE = "none"


_INDICATOR = {
    HeadlineKind.MAJOR: "critical",
    HeadlineKind.PARTIAL: "major",
    HeadlineKind.PROBLEMS: "minor",
    HeadlineKind.BLIND: "minor",
    HeadlineKind.MAINTENANCE: "maintenance",
    HeadlineKind.NONE: "none",
}


@dataclass(frozen=True, slots=True)
class ServiceReading:
    """One service as the headline counts it; `health` None is not monitored."""

    health: Health | None
    tier: int
    shared: bool = False
    public: bool = True


@dataclass(frozen=True, slots=True)
class Headline:
    """The kind of headline with the counts that its sentence needs.

    `total` counts public, monitored services; the others split it by health. `also_blind` is
    only ever set beside problems, to be said in the same headline.
    """

    kind: HeadlineKind
    also_blind: bool = False
    total: int = 0
    major_outage: int = 0
    partial_outage: int = 0
    degraded: int = 0
    maintenance: int = 0
    unknown: int = 0
    operational: int = 0

    @property
    def problems(self) -> int:
        """The n of "n services have problems"; neither maintenance nor silence is one."""
        return self.major_outage + self.partial_outage + self.degraded

    @property
    def indicator(self) -> str:
        """The word of the Statuspage v2 vocabulary."""
        return _INDICATOR[self.kind]


def headline(services: Iterable[ServiceReading], *, blind: bool = False) -> Headline:
    """The headline over all services; `blind` is a prober that cannot see (rules 7 and 21).

    Services that are not public or not monitored never count. "Out" and "down" are a major
    outage. Where nothing at all is monitored the portal is blind: an empty nation is not green.
    """
    counts = dict.fromkeys(Health, 0)
    shared_down = tier_1_out = False
    for service in services:
        if service.health is None or not service.public:
            continue
        counts[service.health] += 1
        if service.health is Health.MAJOR_OUTAGE:
            shared_down = shared_down or service.shared
            tier_1_out = tier_1_out or service.tier == 1

    total = sum(counts.values())
    out = counts[Health.MAJOR_OUTAGE]
    problems = out + counts[Health.PARTIAL_OUTAGE] + counts[Health.DEGRADED]
    blind = blind or 100 * counts[Health.UNKNOWN] >= BLIND_FROM * total

    if shared_down or (out and 100 * out >= MAJOR_FROM * total):
        kind = HeadlineKind.MAJOR
    elif tier_1_out:
        kind = HeadlineKind.PARTIAL
    elif problems:
        kind = HeadlineKind.PROBLEMS
    elif blind:
        kind = HeadlineKind.BLIND
    elif counts[Health.MAINTENANCE]:
        kind = HeadlineKind.MAINTENANCE
    else:
        kind = HeadlineKind.NONE
    return Headline(
        kind=kind,
        also_blind=blind and problems > 0,
        total=total,
        major_outage=out,
        partial_outage=counts[Health.PARTIAL_OUTAGE],
        degraded=counts[Health.DEGRADED],
        maintenance=counts[Health.MAINTENANCE],
        unknown=counts[Health.UNKNOWN],
        operational=counts[Health.OPERATIONAL],
    )
