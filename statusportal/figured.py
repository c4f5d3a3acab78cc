"""What daily figures are computed from: the catalogue, announced work and what was declared."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from incidents.queries import declared_between, declared_since
from maintenance.queries import by_service
from services import past
from services.status.cascade import Edge, EdgeKind
from services.status.health import Health
from services.status.rollup import fresh_for
from services.status.timeline import Interval
from services.status.window import Window
from statusportal.public.history import ChannelPast, CheckPast, Nation


def nation() -> Nation:
    """The catalogue as it is measured: 5 statements, however many services."""
    by_channel: dict[int, list[CheckPast]] = defaultdict(list)
    for check in past.measured_checks():
        by_channel[check.channel_id].append(
            CheckPast(
                id=check.id,
                is_essential=check.is_essential,
                fresh_for=fresh_for(check.interval, check.timeout),
                seen=check.seen,
            )
        )
    return Nation(
        services={
            str(service): tuple(
                ChannelPast(channel, tuple(by_channel[channel])) for channel in channels
            )
            for service, channels in past.channels_of_services().items()
        },
        edges=[
            Edge(
                str(upstream),
                str(dependant),
                EdgeKind(kind),
                None if channel is None else str(channel),
            )
            for upstream, dependant, kind, channel in past.edges_by_id()
        ],
        locations=past.location_ids(),
    )


def windows(start: datetime, end: datetime) -> dict[str, list[Window]]:
    """The announced work that may count within [start, end), by service (rules 14 to 16)."""
    return {str(service): found for service, found in by_service(start, end).items()}


def declared(start: datetime, end: datetime) -> dict[int, list[Interval[Health]]]:
    """What people declared of channels within [start, end), by channel id (rules 17 and 22).

    Intervals may reach beyond the period and overlap; of two the worse counts.
    """
    of_service = past.channels_of_services()
    found: dict[int, list[Interval[Health]]] = defaultdict(list)
    for service, channels, health, since, until in declared_between(start, end):
        for channel in channels or of_service.get(service, ()):
            found[channel].append(Interval(since, until or end, Health(health)))
    return found


def redeclared(since: datetime) -> dict[int, datetime]:
    """Channels of which people said something else after `since`, and from when on it counts.

    Also where it was taken back or ended earlier: the earliest instant that may have changed.
    """
    of_service = past.channels_of_services()
    found: dict[int, datetime] = {}
    for service, channels, counts_from in declared_since(since):
        for channel in channels or of_service.get(service, ()):
            found[channel] = min(counts_from, found.get(channel, counts_from))
    return found
