"""A nation without a database, for the tables of the sweep's decisions.

NOW is Sunday 22 November 2026, 10:00 UTC; instants are minutes from it. Every service has the
interval 60 s and the confirmation time 50 s unless a test says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from incidents.outages import ChannelNow, IncidentNow, ListedNow, ServiceNow
from incidents.triage import Action, Policy, actions
from services.status.cascade import Edge, EdgeKind
from services.status.health import Health
from services.status.window import Window, WindowEffect

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MAJOR, PARTIAL = Health.MAJOR_OUTAGE, Health.PARTIAL_OUTAGE
HARD, SOFT, ALTERNATIVE = EdgeKind


def at(minutes: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


UP = ChannelNow(Health.OPERATIONAL)
SILENT = ChannelNow(Health.UNKNOWN)
UNWATCHED = ChannelNow(None)


def down(since: float = -5, **more: Any) -> ChannelNow:
    """A channel that is down since then, which our checks knew 20 s later."""
    usual: dict[str, Any] = {
        "confirmed_at": at(since) + timedelta(seconds=20),
        "before": Health.OPERATIONAL,
    }
    return ChannelNow(MAJOR, since=at(since), **usual | more)


def recovered(when: float, **more: Any) -> ChannelNow:
    """A channel that was down until then and works."""
    more = {"measured": Health.OPERATIONAL} | more
    return ChannelNow(before=MAJOR, recovered_at=at(when), **more)


def service(web: ChannelNow = UP, *, agency: int = 1, **more: Any) -> ServiceNow:
    """A service with the channel "web", and "app" where it is given."""
    channels = {"web": web}
    if "app" in more:
        channels["app"] = more.pop("app")
    times = {"interval": timedelta(seconds=60), "confirmation": timedelta(seconds=50)}
    return ServiceNow(channels=channels, agency=agency, **(times | more))


def window(effect: str = "stopped", starts: float = -60, ends: float = 60, **more: Any) -> Window:
    """A window that was approved a week before; `completed` in minutes."""
    completed = more.pop("completed", None)
    return Window(
        effect=WindowEffect(effect),
        starts_at=at(starts),
        announced_end_at=at(ends),
        **{"approved_at": NOW - timedelta(days=7)} | more,
        completed_at=None if completed is None else at(completed),
    )


def edge(upstream: str, dependant: str, kind: EdgeKind = HARD, channel: str | None = None) -> Edge:
    return Edge(upstream, dependant, kind, channel)


def told(health: Health | None = MAJOR, since: float = -5, **more: Any) -> ListedNow:
    """A service that the sweep listed for its outage since then."""
    return ListedNow(told=health, outage_started_at=at(since), **more)


def incident(
    services: dict[str, ListedNow], *, pk: int = 1, opened: float = -4, **more: Any
) -> IncidentNow:
    """An open incident of agency 1 that nobody took up; `resolved` in minutes."""
    resolved = more.pop("resolved", None)
    started = min((one.outage_started_at or at(opened) for one in services.values()), default=NOW)
    usual: dict[str, Any] = {"agency": 1, "started_at": started, "opened_at": at(opened)}
    return IncidentNow(
        id=pk,
        **usual | more,
        services=services,
        resolved_at=None if resolved is None else at(resolved),
    )


def triage(
    services: dict[str, ServiceNow],
    edges: Iterable[Edge] = (),
    incidents: Iterable[IncidentNow] = (),
    *,
    minutes: float = 0,
) -> list[Action]:
    return actions(services, list(edges), list(incidents), now=at(minutes), policy=Policy())
