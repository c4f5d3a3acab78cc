"""The snapshot: the one thing that public pages read.

It holds facts, with their instants, and no verdict about the present: what is said at `now` is
the reader's (docs/adr/0004). Plain msgspec structs, so that it travels as JSON through Redis
and the last-good file. Those of which there are thousands stand outside Python's garbage
collector (`gc=False`): trees that never change have no circles, and walking a million of them
would hold up a page.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime

import msgspec

from core.bilingual import Bilingual


class Measure(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The confirmed state of a check at one location."""

    location: str
    health: int  # services.status.health.CheckHealth
    since: datetime | None = None
    reason: int | None = None  # services.status.observation.Reason
    # While this lies ahead it is unstable: a floor of degraded (rule 11).
    unstable_until: datetime | None = None


class CheckFact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One enabled check; `fresh_for` is 3 intervals and one timeout, in seconds (rule 20)."""

    id: int
    essential: bool
    fresh_for: float
    measures: tuple[Measure, ...] = ()


class ChannelFact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    id: int
    kind: str  # services.labels.ChannelKind
    url: str = ""
    phone: str = ""
    hours: Bilingual = Bilingual()
    checks: tuple[CheckFact, ...] = ()


class ServiceFact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    id: str  # the service's stable public id
    slug: str
    name: Bilingual
    agency: str  # code
    tier: int
    visibility: str  # services.labels.Visibility
    category: str = ""  # slug
    description: Bilingual = Bilingual()
    aliases_ar: tuple[str, ...] = ()
    aliases_en: tuple[str, ...] = ()
    shared: bool = False
    beta: bool = False
    audience: tuple[str, ...] = ()
    phone: str = ""
    hours: Bilingual = Bilingual()
    meanwhile: Bilingual = Bilingual()
    channels: tuple[ChannelFact, ...] = ()
    # When it was listed first.
    created_at: datetime | None = None


class EdgeFact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    upstream: str  # public id
    dependant: str  # public id
    kind: str  # services.status.cascade.EdgeKind
    channel: int | None = None
    alternative: Bilingual = Bilingual()


class AgencyFact(msgspec.Struct, frozen=True, omit_defaults=True):
    code: str
    name: Bilingual
    phone: str = ""
    url: str = ""


class CategoryFact(msgspec.Struct, frozen=True, omit_defaults=True):
    slug: str
    name: Bilingual


class StepFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One public step in the life of a window, with the times that held after it."""

    kind: str  # maintenance.models.Step.Kind
    at: datetime
    starts_at: datetime
    ends_at: datetime
    note: Bilingual = Bilingual()


class WindowedService(msgspec.Struct, frozen=True, array_like=True):
    """A service that a window names, with the ids of its channels; none means all of them."""

    id: str
    channels: tuple[int, ...] = ()


class WindowFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """A window that was announced: ahead, running, over, cancelled or moved.

    Whether it runs, or runs over, is the clock's to say and so the reader's (rules 14 to 16).
    """

    ref: str
    agency: str  # code
    effect: str  # services.status.window.WindowEffect
    kind: str  # maintenance.labels.Kind
    state: str  # maintenance.labels.State
    starts_at: datetime
    ends_at: datetime
    # The last end that was announced before the start: planned time ends here (rule 16).
    announced_end_at: datetime
    approved_at: datetime
    changed_at: datetime
    sequence: int = 0
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    moved_to: str = ""
    text: Bilingual = Bilingual()
    still_works: Bilingual = Bilingual()
    meanwhile: Bilingual = Bilingual()
    deadlines: str = ""
    deadlines_until: date | None = None
    payments: str = ""
    services: tuple[WindowedService, ...] = ()
    steps: tuple[StepFact, ...] = ()


class VersionFact(msgspec.Struct, frozen=True, array_like=True):
    """A text as it stood before it was corrected."""

    at: datetime
    html: Bilingual


class UpdateFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One public text of an incident in its newest version, at the instant of its first one."""

    id: int  # of the first version: it stays when the text is corrected
    phase: str  # incidents.labels.Phase
    at: datetime
    html: Bilingual  # safe: made by core.markup when it was published
    text: Bilingual  # the same without markup
    expected_return_at: datetime | None = None
    next_update_by: datetime | None = None
    corrected_at: datetime | None = None
    earlier: tuple[VersionFact, ...] = ()  # oldest first
    is_automatic: bool = False


class EntryFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One public line of an incident's log: what happened beside the texts."""

    kind: str  # incidents.labels.EntryKind
    at: datetime
    services: tuple[str, ...] = ()  # public ids
    ref: str = ""  # of another incident


class OverrideFact(msgspec.Struct, frozen=True):
    """A person's word that a service is better than measured (rule 17)."""

    health: str
    measured: str
    given_at: datetime
    expires_at: datetime


class ListedFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service that an incident lists; no channels means all of them."""

    id: str
    channels: tuple[int, ...] = ()
    declared: str = ""  # services.status.health.Health
    override: OverrideFact | None = None
    # channel → (health, since, seen at): last measured while it was known (rule 17).
    held: dict[int, tuple[str, datetime | None, datetime | None]] = {}
    restored_at: datetime | None = None


class IncidentFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """An incident, announcement or clarification of which the public was told.

    Whether an update is overdue is the clock's to say and so the reader's (rule 20).
    """

    ref: str
    kind: str  # incidents.labels.Kind
    phase: str  # incidents.labels.Phase
    severity: str  # incidents.labels.Severity
    title: Bilingual
    started_at: datetime
    opened_at: datetime
    first_notice_at: datetime
    changed_at: datetime
    agency: str = ""  # code; the authority's own have none
    acknowledged_at: datetime | None = None
    expected_return_at: datetime | None = None
    next_update_by: datetime | None = None
    restored_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_itself: bool = False
    absorbed_into: str = ""
    still_works: Bilingual = Bilingual()
    meanwhile: Bilingual = Bilingual()
    deadlines: str = ""  # incidents.labels.Deadlines
    deadlines_until: date | None = None
    payments: str = ""  # incidents.labels.Payments
    services: tuple[ListedFact, ...] = ()
    updates: tuple[UpdateFact, ...] = ()  # oldest first
    entries: tuple[EntryFact, ...] = ()  # oldest first
    # The public part of the closing report, once it was handed in.
    cause_class: str = ""
    summary: Bilingual = Bilingual()
    prevention: Bilingual = Bilingual()


class ArchivedMonth(msgspec.Struct, frozen=True, array_like=True):
    """A month whose notices stand in a file of its own; `version` changes with its content.

    The counts are of all that stands in the file, also of what is not public.
    """

    month: str  # 2026-08, of the deployment's zone
    version: str
    incidents: int
    windows: int = 0


class Archive(msgspec.Struct, frozen=True, omit_defaults=True):
    """What began in one month and is over for longer than the live days; oldest first.

    An incident belongs to the month of `started_at`, a window to that of `starts_at`.
    """

    month: str
    incidents: tuple[IncidentFact, ...] = ()
    windows: tuple[WindowFact, ...] = ()


class Truth(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the version is a hash of: everything that can change a word on a page, but no clock."""

    agencies: tuple[AgencyFact, ...] = ()
    categories: tuple[CategoryFact, ...] = ()
    services: tuple[ServiceFact, ...] = ()
    edges: tuple[EdgeFact, ...] = ()
    windows: tuple[WindowFact, ...] = ()
    # Open ones, and those resolved within the days that are kept here; oldest first.
    incidents: tuple[IncidentFact, ...] = ()
    archive: tuple[ArchivedMonth, ...] = ()
    locations: tuple[str, ...] = ()
    # (location, network) that cannot trust what they see (rule 7).
    doubts: tuple[tuple[str, str], ...] = ()
    is_demo: bool = False


class DayFact(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One day of the deployment's zone: seconds in each bucket (rule 22)."""

    day: date
    up: int
    degraded: int  # part of up, shown apart
    down: int  # major outage, unplanned
    planned: int
    overrun: int
    unknown: int


class ChannelDays(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What sets a channel's 90 days apart from those of its service.

    `days` are only those that were spent otherwise; of days before `since` nothing is known, and
    None is no such day.
    """

    id: int
    days: tuple[DayFact, ...] = ()
    since: date | None = None


class ServiceHistory(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """90 days, oldest first; availability in hundredths of a percent, rounded down.

    None: nothing is known of any of these days. `channels` are those that are told apart.
    """

    id: str
    days: tuple[DayFact, ...] = ()
    availability: int | None = None
    channels: tuple[ChannelDays, ...] = ()


class History(msgspec.Struct, frozen=True, omit_defaults=True):
    services: tuple[ServiceHistory, ...] = ()
    is_demo: bool = False


class RawHistory(msgspec.Struct, frozen=True):
    """A history as it travels, each service's part not read yet."""

    services: tuple[msgspec.Raw, ...] = ()
    is_demo: bool = False

    def read(self) -> History:
        """The history, in which equal days are one object. Raises msgspec.MsgspecError.

        Of ten thousand services' ninety days nearly all were spent alike: read at once, a million
        structs would stand in the memory of each process.
        """
        days: dict[DayFact, DayFact] = {}

        def shared(found: tuple[DayFact, ...]) -> tuple[DayFact, ...]:
            return tuple([days.setdefault(day, day) for day in found])

        services = []
        for raw in self.services:
            one = msgspec.json.decode(raw, type=ServiceHistory)
            services.append(msgspec.structs.replace(one, days=shared(one.days)))
        return History(tuple(services), self.is_demo)


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """The public truth and, beside it, how fresh it is."""

    truth: Truth
    built_at: datetime
    # check id → for each of truth.locations, the start of the last observation there.
    observed: dict[int, tuple[datetime | None, ...]]
    version: str = ""


def version_of(truth: Truth) -> str:
    """A hash of the public truth without its build time (rule 20)."""
    return hashlib.sha256(msgspec.json.encode(truth)).hexdigest()[:16]
