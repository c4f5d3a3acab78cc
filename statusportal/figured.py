"""What daily figures are computed from: the catalogue, and announced work, as rows have them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from maintenance.queries import in_force
from services import past
from services.status.cascade import Edge, EdgeKind
from services.status.machine import GAP_INTERVALS
from services.status.window import Window, WindowEffect
from statusportal.public.history import ChannelPast, CheckPast, Nation


def nation() -> Nation:
    """The catalogue as it is measured: 5 statements, however many services."""
    by_channel: dict[int, list[CheckPast]] = defaultdict(list)
    for check in past.measured_checks():
        by_channel[check.channel_id].append(
            CheckPast(
                id=check.id,
                is_essential=check.is_essential,
                fresh_for=GAP_INTERVALS * check.interval + check.timeout,
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
    found: dict[str, list[Window]] = defaultdict(list)
    for row in in_force(start, end):
        for named in row.services.all():
            found[str(named.service_id)].append(
                Window(
                    effect=WindowEffect(row.effect),
                    starts_at=row.starts_at,
                    announced_end_at=row.announced_end_at or row.ends_at,
                    approved_at=row.approved_at,
                    completed_at=row.completed_at,
                    channels=frozenset(str(one.pk) for one in named.channels.all()) or None,
                )
            )
    return found
