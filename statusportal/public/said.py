"""What the reader says at one instant: all that pages, feeds and the API may print.

Only public services stand here. Codes and instants, no sentences: words are the templates'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.bilingual import Bilingual
from services.status.headline import Headline
from services.status.health import Health
from services.status.observation import Reason
from statusportal.public.shape import AgencyFact, CategoryFact, ChannelFact, ServiceFact


@dataclass(frozen=True, slots=True)
class Cause:
    """An upstream that explains what a service is. Not public: without slug and name, and the
    page says "a shared government platform" (rule 12)."""

    slug: str | None
    name: Bilingual | None
    health: Health
    # True: nothing that the dependant's own state shows, only a line (soft and degraded).
    is_note: bool
    alternative: Bilingual = Bilingual()


@dataclass(frozen=True, slots=True)
class ChannelSaid:
    fact: ChannelFact
    # None: not monitored (rule 9).
    health: Health | None
    # What our own checks say, before any upstream: None when not monitored.
    measured: Health | None
    since: datetime | None = None
    reason: Reason | None = None
    # The last observation of any of its checks, whatever its age.
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceSaid:
    fact: ServiceFact
    agency: AgencyFact
    category: CategoryFact | None
    # None: not monitored (rule 10): never operational, left out of the headline.
    health: Health | None
    since: datetime | None
    reason: Reason | None
    causes: tuple[Cause, ...]
    channels: tuple[ChannelSaid, ...]

    @property
    def slug(self) -> str:
        return self.fact.slug

    @property
    def name(self) -> Bilingual:
        return self.fact.name

    @property
    def has_problem(self) -> bool:
        """Neither operational nor "not monitored"."""
        return self.health is not None and self.health is not Health.OPERATIONAL


@dataclass(frozen=True, slots=True)
class GroupSaid:
    """An agency or a category with its public services in order, and the worst among them."""

    code: str
    name: Bilingual
    services: tuple[ServiceSaid, ...]
    health: Health | None
    problems: int
    agency: AgencyFact | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The whole public truth at `now` (a multiple of 5 s)."""

    now: datetime
    # How old our knowledge is: the newest observation that we know of, else the build.
    as_of: datetime
    built_at: datetime
    version: str
    headline: Headline
    services: Mapping[str, ServiceSaid]  # by slug, in catalogue order
    agencies: Mapping[str, GroupSaid]  # by code
    categories: Mapping[str, GroupSaid]  # by slug
    # Seconds after which a copy served without us must drop its green (rule 20).
    stale_after: float
    is_demo: bool

    @property
    def problems(self) -> tuple[ServiceSaid, ...]:
        """Services with a problem in catalogue order; upstreams first would need the causes."""
        return tuple(service for service in self.services.values() if service.has_problem)
