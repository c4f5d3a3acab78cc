"""Celery: three pools (probes, control, deliveries), so that a storm in one delays no other."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, worker_before_create_process, worker_process_init

from statusportal import (
    pools,
    signs,
    ticks,  # noqa: F401 - it follows what is sent
    tracing,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statusportal.settings")

app = Celery("statusportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = "control"
# A shard of another location is sent to that location's own queue (services.tasks.queue_of).
app.conf.task_routes = {
    "services.tasks.probe_shard": {"queue": "probes"},
    "notifications.tasks.*": {"queue": "deliveries"},
    "accounts.tasks.tell_supervisors": {"queue": "deliveries"},
    "accounts.tasks.send_invitation": {"queue": "deliveries"},
}
app.conf.beat_schedule = {
    # `expires`: a tick that waited in the queue is worthless, the next one does its work.
    "dispatch what falls due": {
        "task": "services.tasks.dispatch_due",
        "schedule": 1.0,
        "options": {"expires": 2},
    },
    "publish the snapshot": {
        "task": "statusportal.tasks.publish_snapshot",
        "schedule": 1.0,
        "options": {"expires": 2},
    },
    "refresh the daily figures": {
        "task": "statusportal.tasks.refresh_figures",
        "schedule": 20.0,
        "options": {"expires": 15},
    },
    # Rule 6: three such calls missed, and the door counts as shut.
    "call our own door": {
        "task": "services.tasks.call_own_door",
        "schedule": 15.0,
        "options": {"expires": 10},
    },
    "sweep incidents": {
        "task": "incidents.tasks.sweep",
        "schedule": 2.0,
        "options": {"expires": 4},
    },
    "watch the clocks of incidents": {
        "task": "incidents.tasks.tell",
        "schedule": 10.0,
        "options": {"expires": 8},
    },
    # What the clock alone makes happen to planned windows.
    "sweep windows": {
        "task": "maintenance.tasks.sweep",
        "schedule": 30.0,
        "options": {"expires": 25},
    },
    "chain the record of acts": {
        "task": "accounts.tasks.chain_audit",
        "schedule": 10.0,
        "options": {"expires": 8},
    },
    "tell supervisors who broke the glass": {
        "task": "accounts.tasks.tell_supervisors",
        "schedule": 15.0,
        "options": {"expires": 10},
    },
    "hold the dead man's switch": {
        "task": "statusportal.tasks.hold_switch",
        "schedule": 60.0,
        "options": {"expires": 50},
    },
    "forget what has had its time": {
        "task": "statusportal.tasks.forget_old",
        "schedule": 3600.0,
        "options": {"expires": 3000},
    },
    "keep partitions": {
        "task": "services.tasks.keep_partitions",
        "schedule": 3600.0,
        "options": {"expires": 3000},
    },
}
app.autodiscover_tasks()
tracing.follow_tasks()
signs.follow_workers(app)


@celeryd_init.connect
def _size(conf: Any, options: Mapping[str, Any], **_: Any) -> None:
    """Without `--concurrency`, a worker has as many processes as the settings say of its pool."""
    from django.conf import settings

    if not options.get("concurrency"):
        conf.worker_concurrency = settings.POOL_PROCESSES[pools.pool_of(options.get("queues"))]


@worker_before_create_process.connect
def _share_memory(**_: Any) -> None:
    """What is there before the fork stays shared: to look for garbage in it would copy it all."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def _forget_connections(**_: Any) -> None:
    """A forked child must not share its parent's sockets to PostgreSQL and Redis."""
    from django.core.cache import caches
    from django.db import connections

    connections.close_all()
    caches.close_all()
    signs.forget_connection()
