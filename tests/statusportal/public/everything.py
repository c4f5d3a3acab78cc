"""The small nation of `snapshots` with everything in it: every status, every phase, every stage."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from core.bilingual import Bilingual
from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal.public.shape import (
    ChannelFact,
    CheckFact,
    EntryFact,
    Measure,
    ServiceFact,
    Snapshot,
    StepFact,
    version_of,
)
from tests.statusportal.public import incidents, planned
from tests.statusportal.public.incidents import DAY, HOUR, MINUTE, incident, over, update
from tests.statusportal.public.planned import window
from tests.statusportal.public.snapshots import FRESH_FOR, NOW, SINCE

LAST_SEEN_AT = NOW - HOUR
# Nobody has looked at it for an hour.
PERMITS = ServiceFact(
    id="id-permits",
    slug="permits",
    name=Bilingual("تصاريح البناء", "Building permits"),
    agency="MOI",
    tier=3,
    visibility="public",
    channels=(
        ChannelFact(
            90,
            "web",
            checks=(
                CheckFact(
                    90, True, FRESH_FOR, (Measure("main", CheckHealth.OK, SINCE, Reason.OK),)
                ),
            ),
        ),
    ),
)
IDENTIFIED = incident(
    "IN-DNT222",
    "visa",
    phase="identified",
    severity="P4",
    title=Bilingual("بطء في التأشيرات", "Visas are slow"),
)
MONITORING = incident(
    "IN-MNT222",
    "visa",
    phase="monitoring",
    severity="P3",
    title=Bilingual("بطء في التأشيرات", "Visas were slow"),
    started_at=SINCE,
    updates=(
        update(1, "investigating", SINCE + MINUTE, "نتحقق.", "We are looking."),
        update(2, "monitoring", SINCE + 10 * MINUTE, "أُصلحت.", "Mended."),
        update(3, "investigating", SINCE + 20 * MINUTE, "عادت.", "It is back."),
        update(4, "monitoring", SINCE + 30 * MINUTE, "أُصلحت.", "Mended again."),
        update(5, "monitoring", SINCE + 40 * MINUTE, "نراقب.", "Still watching."),
    ),
)
REPORTED = msgspec.structs.replace(
    incidents.CLOSED,
    entries=(*incidents.CLOSED.entries, EntryFact("reported", NOW - DAY)),
)
RESOLVED = over(
    "IN-RSV222",
    "fines",
    started_at=NOW - 5 * DAY,
    ended_at=NOW - 5 * DAY + HOUR,
    agency="MOI",
    title=Bilingual("مشكلة في دفع المخالفات", "Problem with Traffic fines"),
    updates=(
        update(1, "investigating", NOW - 5 * DAY + MINUTE, "نتحقق.", "We are looking."),
        update(2, "resolved", NOW - 5 * DAY + HOUR, "عادت.", "It works again."),
    ),
)
EXTENDED = window(
    "MW-XTND22",
    "fines",
    starts_at=NOW - 2 * HOUR,
    ends_at=NOW + HOUR,
    effect="slow",
    announced_end_at=NOW - HOUR,
    changed_at=NOW - 2 * HOUR + 30 * MINUTE,
    steps=(
        StepFact("approved", NOW - 3 * DAY, NOW - 2 * HOUR, NOW - HOUR),
        StepFact(
            "extended",
            NOW - 2 * HOUR + 30 * MINUTE,
            NOW - 2 * HOUR,
            NOW + HOUR,
            Bilingual("يلزم وقت أطول.", "More time is needed."),
        ),
    ),
)
COMPLETED = window(
    "MW-CMPL22",
    "visa",
    starts_at=NOW - 5 * HOUR,
    ends_at=NOW - 3 * HOUR,
    effect="none",
    state="completed",
    completed_at=NOW - 4 * HOUR,
    changed_at=NOW - 4 * HOUR,
    steps=(
        StepFact("approved", NOW - 3 * DAY, NOW - 5 * HOUR, NOW - 3 * HOUR),
        StepFact("completed", NOW - 4 * HOUR, NOW - 5 * HOUR, NOW - 3 * HOUR),
    ),
)
NOTICES = (
    *(one for one in incidents.ALL if one is not incidents.CLOSED),
    IDENTIFIED,
    MONITORING,
    REPORTED,
    RESOLVED,
)
WINDOWS = (*planned.ALL, EXTENDED, COMPLETED)


def everything(*, now_seen: timedelta = timedelta()) -> Snapshot:
    """All of it, seen at NOW plus `now_seen`, but for the permits."""
    built = incidents.with_incidents(
        *NOTICES, measured=incidents.TROUBLED, seen_at=NOW + now_seen, windows=WINDOWS
    )
    truth = msgspec.structs.replace(built.truth, services=(*built.truth.services, PERMITS))
    observed = built.observed | {90: (LAST_SEEN_AT,)}
    return Snapshot(truth, built.built_at, observed, version_of(truth))
