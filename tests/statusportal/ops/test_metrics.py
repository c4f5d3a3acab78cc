"""/metrics: what Prometheus hears of the portal, and who may ask."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.models import GlassBroken
from services.models import Check, ProberDoubt, Service
from services.recording import record
from statusportal import ticks
from statusportal.error_count import ERRORS_KEY
from statusportal.ops import readings
from statusportal.public import store as store_module
from statusportal.public.store import store
from tests.factories import make_reference, make_service, make_user
from tests.statusportal.ops.console import make_incident
from tests.statusportal.ops.nation import NOW, make_measured, publish, seen
from tests.statusportal.public import snapshots

TOKEN = "a-token-of-tests-alone-0123456789"
SECOND = timedelta(seconds=1)
Labels = frozenset[tuple[str, str]]


@pytest.fixture
def queues() -> Any:
    """The Redis of this process, without anything from other tests."""
    client = store_module.connect(django_settings.REDIS_URL)
    names = ("control", "probes", "deliveries", ticks.BEAT_KEY, ERRORS_KEY)
    client.delete(*names)
    yield client
    client.delete(*names)


def ask(client: Client, **headers: str) -> HttpResponse:
    response = client.get("/metrics", headers=headers or None)
    assert isinstance(response, HttpResponse)
    return response


def told(client: Client) -> dict[tuple[str, Labels], float]:
    """(name, labels) → value, as Prometheus itself reads them."""
    response = ask(client)
    assert response.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def of(found: dict[tuple[str, Labels], float], name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


# --- what is told -------------------------------------------------------------------------------


def test_every_figure_of_the_paper_is_told_and_no_other(
    client: Client, check: Check, queues: redis.Redis
) -> None:
    make_reference()
    record(observations=[seen(check, "o", NOW - 60 * SECOND)])
    queues.set(ticks.BEAT_KEY, str(NOW.timestamp()))
    queues.hset(ERRORS_KEY, "services", 1)
    publish()
    paper = Path(django_settings.BASE_DIR, "docs", "metrics.md").read_text(encoding="utf-8")

    assert {name for name, _labels in told(client)} == set(re.findall(r"^\| `(\w+)`", paper, re.M))


def test_services_are_counted_by_what_is_published_of_them(
    client: Client, at_one_o_clock: None
) -> None:
    built_at = NOW - 7 * SECOND
    store.hold(
        snapshots.snapshot(
            {"login": snapshots.BAD, "fines": snapshots.SLOW},
            observed_at=NOW - 9 * SECOND,
            built_at=built_at,
        )
    )
    found = told(client)

    assert {
        status: of(found, "portal_services", status=status)
        for status in ("operational", "degraded", "major_outage", "unknown", "not_monitored")
    } == {"operational": 1, "degraded": 1, "major_outage": 2, "unknown": 0, "not_monitored": 1}
    assert of(found, "portal_snapshot_age_seconds") == 7
    assert of(found, "portal_knowledge_age_seconds") == 9


def test_a_check_that_nobody_claims_is_due_and_the_newest_turns_say_how_late_they_were(
    client: Client, check: Check, passport: Service
) -> None:
    # `seen` begins a second after it was due.
    record(observations=[seen(check, letter, NOW - 60 * SECOND) for letter in "b"])
    Check.objects.filter(pk=check.pk).update(next_due_at=NOW - 12 * SECOND)
    make_measured(passport, kind="app")
    found = told(client)

    assert of(found, "portal_checks") == 2
    assert of(found, "portal_checks_due") == 1
    assert of(found, "portal_checks_due_seconds") == 12
    assert of(found, "portal_check_lateness_seconds", quantile="0.99") == 1
    assert of(found, "portal_observations_total", outcome="bad") == 0, "it was in the hour before"


def test_observations_are_those_of_the_present_hour(
    client: Client, check: Check, passport: Service
) -> None:
    hour_at = NOW.replace(minute=0)
    record(
        observations=[seen(check, letter, hour_at + n * SECOND) for n, letter in enumerate("oosbf")]
    )
    record(observations=[seen(check, "o", hour_at - 60 * SECOND)])
    found = told(client)

    assert [
        of(found, "portal_observations_total", outcome=outcome)
        for outcome in ("ok", "slow", "bad", "fault")
    ] == [2, 1, 1, 1]


def test_doubt_is_told_for_each_network_that_a_location_has_references_in(
    client: Client, at_one_o_clock: None
) -> None:
    reference = make_reference()
    make_reference(name="another", network="government")
    ProberDoubt.objects.create(location=reference.location, network="internet", began_at=NOW)
    ProberDoubt.objects.create(
        location=reference.location, network="government", began_at=NOW - SECOND, ended_at=NOW
    )
    found = told(client)

    assert of(found, "portal_prober_doubt", location="main", network="internet") == 1
    assert of(found, "portal_prober_doubt", location="main", network="government") == 0


def test_an_incident_that_nobody_acknowledged_grows_older(
    client: Client, at_one_o_clock: None
) -> None:
    make_incident(severity="P1", opened_at=NOW - timedelta(minutes=11))
    make_incident(severity="P1", opened_at=NOW - timedelta(minutes=3))
    make_incident(severity="P2", acknowledged_at=NOW)
    make_incident(severity="P3", resolved_at=NOW, phase="resolved")
    make_incident(severity="P4", kind="announcement")
    found = told(client)

    assert of(found, "portal_incidents_open", severity="P1", acknowledged="no") == 2
    assert of(found, "portal_incident_unacknowledged_seconds", severity="P1") == 660
    assert of(found, "portal_incidents_open", severity="P2", acknowledged="yes") == 1
    assert of(found, "portal_incident_unacknowledged_seconds", severity="P2") == 0
    assert of(found, "portal_incidents_open", severity="P3", acknowledged="no") == 0
    assert of(found, "portal_incidents_open", severity="P4", acknowledged="no") == 0


def test_a_queue_is_as_old_as_its_first_task(
    client: Client, at_one_o_clock: None, queues: redis.Redis
) -> None:
    for seconds in (40, 30):
        sent_at = (NOW - seconds * SECOND).timestamp()
        queues.lpush("probes", json.dumps({"headers": {"sent_at": sent_at}}))
    queues.lpush("deliveries", "not a task")
    found = told(client)

    assert of(found, "portal_queue_tasks", queue="probes") == 2
    assert of(found, "portal_queue_age_seconds", queue="probes") == 40
    assert of(found, "portal_queue_tasks", queue="deliveries") == 1
    assert of(found, "portal_queue_age_seconds", queue="deliveries") == 0
    assert of(found, "portal_queue_tasks", queue="control") == 0


def test_beat_is_as_old_as_the_last_task_that_it_sent(
    client: Client, at_one_o_clock: None, queues: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert of(told(client), "portal_beat_age_seconds") is None
    monkeypatch.setattr(ticks, "_told_at", float("-inf"))
    monkeypatch.setattr(ticks, "_client", queues)
    ticks.tick()

    assert of(told(client), "portal_beat_age_seconds") == 0


def test_each_task_that_is_sent_says_when() -> None:
    headers: dict[str, Any] = {"task": "services.tasks.dispatch_due"}
    before = time.time()
    ticks.stamp(headers=headers)

    assert before <= headers["sent_at"] <= time.time()


# --- when a part is silent ----------------------------------------------------------------------


def test_without_the_database_the_rest_is_told(
    client: Client, at_one_o_clock: None, monkeypatch: pytest.MonkeyPatch, queues: redis.Redis
) -> None:
    def gone(_now: datetime) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(readings, "_asked", gone)
    store.hold(snapshots.snapshot())
    found = told(client)

    assert of(found, "portal_up", part="database") == 0
    assert of(found, "portal_checks") is None
    assert of(found, "portal_up", part="snapshot") == 1
    assert of(found, "portal_queue_tasks", queue="control") == 0


def test_without_redis_the_rest_is_told(
    client: Client, at_one_o_clock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "_client", redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
    found = told(client)

    assert of(found, "portal_up", part="redis") == 0
    assert of(found, "portal_queue_tasks", queue="control") is None
    assert of(found, "portal_checks") == 0
    assert of(found, "portal_up", part="snapshot") == 0, "nothing was published"


def test_a_broken_glass_waits_until_its_supervisors_were_told(
    client: Client, at_one_o_clock: None
) -> None:
    person = make_user()
    for told_at in (None, NOW, None):
        GlassBroken.objects.create(user=person, at=NOW, told_at=told_at)

    assert of(told(client), "portal_events_waiting") == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_grow(
    rows: int, client: Client, at_one_o_clock: None, django_assert_num_queries: Any
) -> None:
    for n in range(rows):
        service = make_service()
        record(observations=[seen(make_measured(service), "o", NOW)])
        make_incident(services=(service,))
        make_reference(name=f"reference {n}")

    # Two of them are the savepoint that the tests' own transaction makes of ours.
    with django_assert_num_queries(11):
        told(client)


# --- who may ask --------------------------------------------------------------------------------

NEAR = ["127.0.0.0/8"]
FAR = ["10.30.0.0/24"]


@pytest.mark.parametrize(
    ("demo", "token", "networks", "headers", "status"),
    [
        (False, "", [], {}, 404),
        (True, "", [], {}, 200),
        (False, TOKEN, [], {}, 401),
        (True, TOKEN, [], {}, 401),
        (False, TOKEN, [], {"authorization": f"Bearer {TOKEN}"}, 200),
        (False, TOKEN, [], {"authorization": f"bearer {TOKEN}"}, 200),
        (False, TOKEN, [], {"authorization": f"Basic {TOKEN}"}, 401),
        (False, TOKEN, [], {"authorization": "Bearer رمز"}, 401),
        (False, TOKEN, [], {"authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        (False, "", NEAR, {}, 200),
        (False, "", FAR, {}, 404),
        (False, "", NEAR, {"x-forwarded-for": "127.0.0.1"}, 404),
        (False, "", NEAR, {"forwarded": "for=127.0.0.1"}, 404),
        (False, TOKEN, NEAR, {}, 401),
        (False, TOKEN, FAR, {"authorization": f"Bearer {TOKEN}"}, 404),
        (False, TOKEN, NEAR, {"authorization": f"Bearer {TOKEN}"}, 200),
    ],
)
def test_what_is_set_must_hold(
    demo: bool,
    token: str,
    networks: list[str],
    headers: dict[str, str],
    status: int,
    client: Client,
    settings: Any,
    at_one_o_clock: None,
) -> None:
    settings.DEMO, settings.METRICS_TOKEN, settings.METRICS_NETWORKS = demo, token, networks

    response = ask(client, **headers)

    assert response.status_code == status
    assert ("WWW-Authenticate" in response) == (status == 401)
    assert "no-store" in response["Cache-Control"]
