"""The portal's own figures in the text format of Prometheus (docs/metrics.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from incidents.labels import Severity
from services.status.health import Health
from statusportal.ops.readings import FromDatabase, FromRedis
from statusportal.public.said import Said

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NOT_MONITORED = "not_monitored"


def document(
    *, said: Said | None, database: FromDatabase | None, redis: FromRedis | None, now: datetime
) -> bytes:
    """All figures; a part that was silent is told as `portal_up` 0 and has none of its own."""
    # A registry of its own: the common one would add figures of this one process.
    registry = CollectorRegistry()
    registry.register(_Collected([*_of(said, database, redis, now)]))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _of(
    said: Said | None, database: FromDatabase | None, redis: FromRedis | None, now: datetime
) -> Iterator[Metric]:
    up = GaugeMetricFamily("portal_up", "1 where this part answered, else 0.", labels=["part"])
    for part, answer in (("snapshot", said), ("database", database), ("redis", redis)):
        up.add_metric([part], answer is not None)
    yield up
    if said is not None:
        yield from _of_snapshot(said, now)
    if database is not None:
        yield from _of_database(database, now)
    if redis is not None:
        yield from _of_redis(redis, now)


def _of_snapshot(said: Said, now: datetime) -> Iterator[Metric]:
    counts = Counter(service.health for service in said.services.values())
    services = GaugeMetricFamily(
        "portal_services", "Public services by what is published of them.", labels=["status"]
    )
    for health in Health:
        services.add_metric([health.value], counts[health])
    services.add_metric([NOT_MONITORED], counts[None])
    yield services
    yield GaugeMetricFamily(
        "portal_snapshot_age_seconds",
        "Since the snapshot was built from which this process answers.",
        value=_age(said.built_at, now),
    )
    yield GaugeMetricFamily(
        "portal_knowledge_age_seconds",
        "Since the newest observation in that snapshot: the “as of” of the pages.",
        value=_age(said.as_of, now),
    )


def _of_database(found: FromDatabase, now: datetime) -> Iterator[Metric]:
    yield GaugeMetricFamily("portal_checks", "Checks that are enabled.", value=found.checks)
    yield GaugeMetricFamily(
        "portal_checks_due", "Enabled checks whose turn nobody has claimed yet.", value=found.due
    )
    yield GaugeMetricFamily(
        "portal_checks_due_seconds",
        "For how long the first of them has been due.",
        value=_age(found.due_since, now),
    )
    if found.lateness is not None:
        lateness = GaugeMetricFamily(
            "portal_check_lateness_seconds",
            "From due to started, over the newest turn of each check of the last 15 minutes;"
            " quantile 1 is the longest.",
            labels=["quantile"],
        )
        lateness.add_metric(["0.5"], found.lateness.median)
        lateness.add_metric(["0.99"], found.lateness.p99)
        lateness.add_metric(["1"], found.lateness.longest)
        yield lateness
    observations = CounterMetricFamily(
        "portal_observations",
        "Observations by outcome, counted anew with each hour of UTC; “fault” is ours.",
        labels=["outcome"],
    )
    for outcome, count in found.observations.items():
        observations.add_metric([outcome], count)
    yield observations
    doubt = GaugeMetricFamily(
        "portal_prober_doubt",
        "1 while a location does not trust what it sees of a network, else 0.",
        labels=["location", "network"],
    )
    for one in found.doubts:
        doubt.add_metric([one.location, one.network], one.began_at is not None)
    yield doubt
    yield from _of_incidents(found, now)
    yield CounterMetricFamily(
        "portal_events", "Events handed to those who tell people.", value=found.events
    )
    yield GaugeMetricFamily(
        "portal_events_waiting",
        "Events of which people have to be told and were not yet: uses of break-glass.",
        value=found.events_waiting,
    )


def _of_incidents(found: FromDatabase, now: datetime) -> Iterator[Metric]:
    known = {(one.severity, one.is_acknowledged): one for one in found.incidents}
    count = GaugeMetricFamily(
        "portal_incidents_open",
        "Incidents that are not over.",
        labels=["severity", "acknowledged"],
    )
    age = GaugeMetricFamily(
        "portal_incident_unacknowledged_seconds",
        "For how long the oldest open incident waits for somebody to acknowledge it.",
        labels=["severity"],
    )
    for severity in Severity:
        for is_acknowledged in (True, False):
            one = known.get((severity.value, is_acknowledged))
            count.add_metric(
                [severity.value, "yes" if is_acknowledged else "no"], one.count if one else 0
            )
        waiting = known.get((severity.value, False))
        age.add_metric([severity.value], _age(waiting.oldest_at if waiting else None, now))
    yield count
    yield age


def _of_redis(found: FromRedis, now: datetime) -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "portal_queue_tasks", "Tasks that wait for a worker.", labels=["queue"]
    )
    age = GaugeMetricFamily(
        "portal_queue_age_seconds",
        "For how long the first of them has been waiting; 0 without any.",
        labels=["queue"],
    )
    for queue in found.queues:
        waiting.add_metric([queue.name], queue.waiting)
        age.add_metric([queue.name], _age(queue.oldest_at, now))
    yield waiting
    yield age
    if found.beat_at is not None:
        yield GaugeMetricFamily(
            "portal_beat_age_seconds",
            "Since beat last sent a task.",
            value=_age(found.beat_at, now),
        )
    errors = CounterMetricFamily(
        "portal_errors", "Errors written into the log, by who wrote them.", labels=["logger"]
    )
    for name, count in found.errors.items():
        errors.add_metric([name], count)
    yield errors


def _age(at: datetime | None, now: datetime) -> float:
    """Seconds from `at` to `now`; 0 without an instant, and where two clocks disagree."""
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())
