"""Measuring, as Celery sees it: load, one operation, return."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core.net import NetworkSettings
from services import operations, partitions, queries
from services.probes.run import run_shard


def queue_of(location: str) -> str:
    """Workers at a vantage point consume its own queue; the main one is plain `probes`."""
    return "probes" if location == "main" else f"probes.{location}"


@shared_task(queue="control")
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


@shared_task(queue="probes")
def probe_shard(*, location: str, network: str, turns: list[list[Any]], **_: Any) -> None:
    """Probe the targets of one shard and record what was seen."""
    targets = queries.targets(
        location=location,
        turns=[(check_id, datetime.fromisoformat(due_at)) for check_id, due_at in turns],
        default_timeout_s=settings.CHECK_TIMEOUT.total_seconds(),
    )
    observations = run_shard(
        targets,
        network_settings=NetworkSettings(
            allowed=tuple(settings.PROBE_ALLOWED_NETWORKS),
            extra_ca_file=settings.PROBE_EXTRA_CA or None,
            per_host=settings.PROBE_PER_HOST,
            user_agent=settings.PROBE_USER_AGENT,
        ),
        concurrency=settings.PROBE_CONCURRENCY,
    )
    operations.record(observations=observations)


@shared_task(queue="control")
def keep_partitions(**_: Any) -> None:
    """Every hour: partitions of the next days are made, those past keeping are dropped."""
    partitions.keep(now=timezone.now(), kept_days=settings.OBSERVATION_DAYS)
