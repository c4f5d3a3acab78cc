"""What stands in a Statuspage v2 document, key by key, and how it writes an instant."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

# v2 wants an instant where nobody knows one, and clients parse it.
_NO_INSTANT = "1970-01-01T00:00:00.000Z"


class Page(msgspec.Struct, frozen=True):
    id: str
    name: str
    url: str
    time_zone: str
    updated_at: str


class Status(msgspec.Struct, frozen=True):
    indicator: str
    description: str


class Component(msgspec.Struct, frozen=True):
    """A service. `slug` is ours: the name by which its addresses go."""

    id: str
    name: str
    status: str
    created_at: str
    updated_at: str
    position: int
    description: str | None
    showcase: bool
    start_date: str | None
    group_id: str | None
    page_id: str
    group: bool
    only_show_if_degraded: bool
    slug: str


class Group(Component, frozen=True):
    """An agency, with the ids of its services."""

    components: tuple[str, ...]


class Affected(msgspec.Struct, frozen=True):
    code: str
    name: str
    old_status: str
    new_status: str


class Update(msgspec.Struct, frozen=True):
    id: str
    status: str
    body: str
    incident_id: str
    created_at: str
    updated_at: str
    display_at: str
    affected_components: tuple[Affected, ...] | None
    deliver_notifications: bool
    custom_tweet: str | None
    tweet_id: str | None


class Incident(msgspec.Struct, frozen=True):
    id: str
    name: str
    status: str
    created_at: str
    updated_at: str
    monitoring_at: str | None
    resolved_at: str | None
    impact: str
    shortlink: str
    started_at: str
    page_id: str
    incident_updates: tuple[Update, ...]
    components: tuple[Component, ...]
    reminder_intervals: str | None


class Maintenance(Incident, frozen=True):
    scheduled_for: str
    scheduled_until: str


def instant(at: datetime | None) -> str:
    """ISO 8601 in UTC with milliseconds, as Statuspage writes it."""
    if at is None:
        return _NO_INSTANT
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_or_none(at: datetime | None) -> str | None:
    return None if at is None else instant(at)
