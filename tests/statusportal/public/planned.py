"""The small nation of `snapshots` with planned work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.bilingual import Bilingual
from maintenance.texts import default_text
from statusportal.public.shape import Snapshot, StepFact, WindowedService, WindowFact, version_of
from tests.statusportal.public.snapshots import NOW, Measured, snapshot

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def window(
    ref: str,
    *slugs: str,
    starts_at: datetime,
    ends_at: datetime,
    effect: str = "stopped",
    channels: tuple[int, ...] = (),
    **fields: Any,
) -> WindowFact:
    """An announced window on the services with these slugs, with the text one begins with."""
    approved_at = fields.get("approved_at", starts_at - 5 * DAY)
    given: dict[str, Any] = {
        "kind": "planned",
        "state": "approved",
        "announced_end_at": ends_at,
        "approved_at": approved_at,
        "changed_at": approved_at,
        "text": default_text(effect),
        "steps": (StepFact("approved", approved_at, starts_at, ends_at),),
    } | fields
    return WindowFact(
        ref=ref,
        agency="MOI",
        effect=effect,
        starts_at=starts_at,
        ends_at=ends_at,
        services=tuple(WindowedService(f"id-{slug}", channels) for slug in slugs),
        **given,
    )


def with_windows(
    *windows: WindowFact, measured: Measured | None = None, seen_at: datetime = NOW
) -> Snapshot:
    """All as it is measured, seen at `seen_at`, and these windows announced."""
    built = snapshot(measured, observed_at=seen_at, built_at=seen_at)
    truth = msgspec.structs.replace(built.truth, windows=windows)
    return msgspec.structs.replace(built, truth=truth, version=version_of(truth))


RUNNING = window("MW-RUN222", "passport", starts_at=NOW - HOUR, ends_at=NOW + 2 * HOUR)
OVER = window("MW-QVER22", "fines", starts_at=NOW - 4 * HOUR, ends_at=NOW - HOUR)
AHEAD = window(
    "MW-AHEAD2",
    "login",
    starts_at=NOW + 5 * DAY,
    ends_at=NOW + 5 * DAY + 4 * HOUR,
    effect="partly",
    still_works=Bilingual("يبقى الدخول بالتطبيق متاحًا.", "Login by the app still works."),
    meanwhile=Bilingual("استخدم التطبيق.", "Use the app."),
    deadlines="extended",
    deadlines_until=(NOW + 9 * DAY).date(),
    payments="wait",
)
PAST = window(
    "MW-PAST22",
    "visa",
    starts_at=NOW - 3 * DAY,
    ends_at=NOW - 3 * DAY + HOUR,
    state="completed",
    completed_at=NOW - 3 * DAY + 2 * HOUR,
)
CANCELLED = window(
    "MW-CANC22",
    "court",
    starts_at=NOW + 2 * DAY,
    ends_at=NOW + 2 * DAY + HOUR,
    state="cancelled",
    cancelled_at=NOW - HOUR,
    changed_at=NOW - HOUR,
    sequence=1,
)
MOVED = window(
    "MW-MQVED2",
    "fines",
    starts_at=NOW + DAY,
    ends_at=NOW + DAY + HOUR,
    state="postponed",
    moved_to="MW-AHEAD2",
)
HIDDEN = window(
    "MW-HDDN22",
    "sms-gate",
    starts_at=NOW + 3 * HOUR,
    ends_at=NOW + 4 * HOUR,
    text=Bilingual("أعمال على بوابة الرسائل السرية.", "Work on the Secret message gateway."),
    meanwhile=Bilingual("استخدم التطبيق.", "Use the app."),
    still_works=Bilingual("بوابة الرسائل السرية", "Secret message gateway"),
)
ALL = (RUNNING, OVER, AHEAD, PAST, CANCELLED, MOVED, HIDDEN)
