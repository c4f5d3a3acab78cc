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
from services.status.publication import Fact
from services.status.window import Phase, WindowEffect
from statusportal.public.shape import (
    AgencyFact,
    CategoryFact,
    ChannelFact,
    IncidentFact,
    ServiceFact,
    WindowFact,
)


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
class WindowSaid:
    """An announced window as it stands now, with the public services that it names.

    `is_ahead`, `is_running` and `is_running_over` are the clock's; a window that was called off
    or moved is none of them. `derived` counts the public services that are hit because they need
    one of those named.
    """

    fact: WindowFact
    agency: AgencyFact
    services: tuple[ServiceFact, ...]
    derived: tuple[ServiceFact, ...]
    phase: Phase
    is_called_off: bool = False

    @property
    def effect(self) -> WindowEffect:
        return WindowEffect(self.fact.effect)

    @property
    def is_ahead(self) -> bool:
        return not self.is_called_off and self.phase is Phase.AHEAD

    @property
    def is_running(self) -> bool:
        return not self.is_called_off and self.phase is Phase.RUNNING

    @property
    def is_running_over(self) -> bool:
        return not self.is_called_off and self.phase is Phase.RUNNING_OVER


@dataclass(frozen=True, slots=True)
class IncidentSaid:
    """An incident, announcement or clarification as it stands now.

    `services` are the public ones that it lists, `derived` those that are affected because they
    need one of them, while it is open. `overdue_since` is the next update that was promised and
    did not come (rule 20).
    """

    fact: IncidentFact
    agency: AgencyFact | None
    services: tuple[ServiceFact, ...]
    derived: tuple[ServiceFact, ...]
    overdue_since: datetime | None = None
    # It lists a service that is not public, which texts must not name (rule 12).
    has_unspoken: bool = False

    @property
    def ref(self) -> str:
        return self.fact.ref

    @property
    def is_open(self) -> bool:
        return self.fact.resolved_at is None

    @property
    def is_incident(self) -> bool:
        """Announcements and clarifications do not count as incidents (rule 18)."""
        return self.fact.kind == "incident"


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
    # Which fact decided what is published but for the upstreams (rule 17).
    fact_shown: Fact | None = None
    # A person's override that was given for longer, and ended because it got worse (rule 17).
    override_lost: bool = False


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
    # Announced windows that name it, called off ones too, in order of their start.
    windows: tuple[WindowSaid, ...] = ()
    # Open incidents that list it, then those of its upstreams; worst first.
    incidents: tuple[IncidentSaid, ...] = ()

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
    # Every announced window that touches a public service, in order of its start.
    windows: tuple[WindowSaid, ...] = ()
    # Open ones first, worst first; then the others, newest first. Archived months stand apart.
    incidents: tuple[IncidentSaid, ...] = ()

    @property
    def problems(self) -> tuple[ServiceSaid, ...]:
        """Services with a problem in catalogue order; upstreams first would need the causes."""
        return tuple(service for service in self.services.values() if service.has_problem)
