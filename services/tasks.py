"""Measuring, as Celery sees it: load, one operation, return."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from services import heartbeats, hours, operations, partitions, queries, recording
from services.probes.run import run_shard
from services.status.doubt import Reference, doubted_networks, with_doubt


def queue_of(location: str) -> str:
    """Workers at a vantage point consume its own queue; the main one is plain `probes`."""
    return "probes" if location == "main" else f"probes.{location}"


@shared_task
def dispatch_due(**_: Any) -> None:
    """Every second: hand what falls due to the workers of each location."""
    for shard in operations.dispatch_due(now=timezone.now()):
        probe_shard.apply_async(
            kwargs={
                "location": shard.location,
                "network": shard.network,
                "turns": [[turn.check_id, turn.due_at.isoformat()] for turn in shard.turns],
            },
            queue=queue_of(shard.location),
            expires=shard.expires_seconds,
            # Redis gone: what is due is due again after one interval.
            retry=False,
        )


@shared_task
def probe_shard(*, location: str, network: str, turns: list[list[Any]], **_: Any) -> None:
    """Probe the targets of one shard, between its references, and record what was seen."""
    timeout_s = settings.CHECK_TIMEOUT.total_seconds()
    targets = queries.targets(
        location=location,
        turns=[(check_id, datetime.fromisoformat(due_at)) for check_id, due_at in turns],
        default_timeout_s=timeout_s,
    )
    seen = run_shard(
        targets,
        references=queries.references(
            location=location, network=network, due_at=timezone.now(), timeout_s=timeout_s
        ),
        network_settings=queries.probe_network(),
        concurrency=settings.PROBE_CONCURRENCY,
    )
    doubted = doubted_networks(
        [Reference(network, reference.outcome) for reference in seen.before],
        [Reference(network, reference.outcome) for reference in seen.after],
    )
    recording.record(
        observations=with_doubt(
            seen.observations, {target.check_id: network for target in targets}, doubted
        )
    )
    if seen.before:
        operations.note_doubt(
            location=location, network=network, in_doubt=bool(doubted), now=timezone.now()
        )


@shared_task
def keep_partitions(**_: Any) -> None:
    """Every hour: partitions of the next days are made, and what is past keeping goes."""
    now = timezone.now()
    partitions.keep(now=now, kept_days=settings.OBSERVATION_DAYS)
    hours.delete_before(now - timedelta(days=settings.FIGURE_HOURS_DAYS))


@shared_task
def call_own_door(**_: Any) -> None:
    """Every 15 seconds: is the door for heartbeats open? What it writes itself is the answer."""
    heartbeats.call_own_door(now=timezone.now())
