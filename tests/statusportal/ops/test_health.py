"""The page about the portal itself: each reading beside its limit, and silence is never fine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as loaded
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.models import Role
from services import partitions
from services.models import Check
from services.recording import record
from statusportal import backup, signs
from statusportal.ops import health, health_words, readings
from statusportal.ops.health import Found, Kind, Reading, State, Stored, judge
from statusportal.ops.readings import Doubt, FromDatabase, FromRedis, Lateness, Queue
from statusportal.public import store as store_module
from statusportal.signs import SWEEPS, Ended, Signs, Worker
from statusportal.ticks import BEAT_KEY
from tests.admin_pages import browser, page_text
from tests.factories import make_agency, make_reference, make_service, make_user
from tests.statusportal.ops.console import looks
from tests.statusportal.ops.nation import NOW, make_measured, publish, seen

HEALTH = "/ops/health/"
SECOND = timedelta(seconds=1)
POOLS = ("control", "probes", "deliveries")

KEPT = backup.Kept(NOW - timedelta(hours=5), "a.tar", 12_000_000, has_observations=True)
WELL = Found(
    built_at=NOW - SECOND,
    database=FromDatabase(
        checks=3,
        due=1,
        due_since=NOW - SECOND / 2,
        lateness=Lateness(0.1, 0.9, 1.4),
        observations={},
        doubts=(Doubt("main", "internet", None),),
        incidents=(),
        events=7,
        events_waiting=0,
        locations=("main",),
    ),
    stored=Stored(
        lateness_hour=Lateness(0.1, 1.9, 5.0),
        unchained=2,
        unchained_since=NOW - 9 * SECOND,
        head="3:abc",
        linked_at=NOW - 9 * SECOND,
        missing=(),
        size_bytes=42_000_000,
    ),
    redis=FromRedis(
        queues=tuple(Queue(name, 0, None) for name in POOLS), beat_at=NOW - SECOND, errors={}
    ),
    signs=Signs(
        workers=tuple(Worker(f"{name}@one", (name,), NOW - 4 * SECOND) for name in POOLS),
        ended={name: Ended(NOW - SECOND, 0.2) for name in SWEEPS},
    ),
    backup=KEPT,
    disk_free=0.4,
)


def wrong(found: Found) -> list[tuple[Kind, str]]:
    return [(one.kind, one.name) for one in judge(found, NOW) if one.state is State.WRONG]


def unknown(found: Found) -> list[Kind]:
    return [one.kind for one in judge(found, NOW) if one.state is State.UNKNOWN]


def database(**fields: Any) -> Found:
    assert WELL.database is not None
    return replace(WELL, database=replace(WELL.database, **fields))


def stored(**fields: Any) -> Found:
    assert WELL.stored is not None
    return replace(WELL, stored=replace(WELL.stored, **fields))


def queue(waiting: int, age: timedelta) -> Found:
    rows = (Queue("control", waiting, NOW - age), Queue("probes", 0, None))
    assert WELL.redis is not None
    return replace(WELL, redis=replace(WELL.redis, queues=rows))


def works(*workers: Worker) -> Found:
    assert WELL.signs is not None
    return replace(WELL, signs=replace(WELL.signs, workers=workers))


def swept(name: str, age: timedelta, lasted_s: float = 0.2) -> Found:
    assert WELL.signs is not None
    ended = {**WELL.signs.ended, name: Ended(NOW - age, lasted_s)}
    return replace(WELL, signs=replace(WELL.signs, ended=ended))


def beat(age: timedelta | None) -> Found:
    assert WELL.redis is not None
    return replace(WELL, redis=replace(WELL.redis, beat_at=None if age is None else NOW - age))


def test_where_all_is_well_every_reading_is_within_its_limit() -> None:
    assert {one.state for one in judge(WELL, NOW)} == {State.FINE, State.TOLD}
    shown = {one.kind for one in judge(WELL, NOW)}
    assert set(Kind) - shown == {Kind.DATABASE_SILENT, Kind.REDIS_SILENT, Kind.POOL_EMPTY}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (database(lateness=Lateness(0.1, 2.0, 9.0)), []),
        (database(lateness=Lateness(0.1, 2.1, 9.0)), [(Kind.LATENESS, "")]),
        (stored(lateness_hour=Lateness(0.1, 2.1, 9.0)), [(Kind.LATENESS_HOUR, "")]),
        (database(due_since=NOW - 10 * SECOND), []),
        (database(due_since=NOW - 11 * SECOND), [(Kind.DUE, "")]),
        (queue(59, 15 * SECOND), []),
        (queue(60, SECOND), [(Kind.QUEUE, "control")]),
        (queue(1, 16 * SECOND), [(Kind.QUEUE, "control")]),
        (database(doubts=(Doubt("main", "government", NOW),)), [(Kind.DOUBT, "main")]),
        (replace(WELL, built_at=NOW - 15 * SECOND), []),
        (replace(WELL, built_at=NOW - 16 * SECOND), [(Kind.SNAPSHOT_AGE, "")]),
        (replace(WELL, built_at=None), [(Kind.SNAPSHOT_AGE, "")]),
        (
            swept("statusportal.tasks.publish_snapshot", SECOND, 5.1),
            [(Kind.SNAPSHOT_BUILD, "")],
        ),
        (beat(10 * SECOND), []),
        (beat(11 * SECOND), [(Kind.BEAT, "")]),
        (beat(None), [(Kind.BEAT, "")]),
        (
            works(
                Worker("probes@one", ("probes",), NOW - 17 * SECOND),
                Worker("probes@two", ("probes",), NOW),
                Worker("all@three", ("control", "deliveries"), NOW),
            ),
            [(Kind.WORKER, "probes@one")],
        ),
        (
            works(Worker("all@three", ("control", "deliveries"), NOW)),
            [(Kind.POOL_EMPTY, "probes")],
        ),
        # Three times its own two seconds, and half a minute.
        (swept("incidents.tasks.sweep", 36 * SECOND), []),
        (swept("incidents.tasks.sweep", 37 * SECOND), [(Kind.SWEEP, "incidents.tasks.sweep")]),
        (stored(unchained_since=NOW - 60 * SECOND), []),
        (stored(unchained_since=NOW - 61 * SECOND), [(Kind.AUDIT_WAITING, "")]),
        (stored(missing=("services_observation_20261123",)), [(Kind.PARTITIONS, "")]),
        (replace(WELL, backup=None), [(Kind.BACKUP, "")]),
        (
            replace(WELL, backup=replace(KEPT, at=NOW - timedelta(hours=26, seconds=1))),
            [(Kind.BACKUP, "")],
        ),
        (replace(WELL, disk_free=0.1), []),
        (replace(WELL, disk_free=0.09), [(Kind.DISK, "")]),
    ],
)
def test_beyond_its_limit_each_is_named(found: Found, expected: list[tuple[Kind, str]]) -> None:
    assert wrong(found) == expected


def test_a_worker_that_is_gone_is_shown_with_its_last_sign() -> None:
    gone = Worker("probes@one", ("probes",), NOW - timedelta(minutes=3))
    (shown,) = [one for one in judge(works(gone), NOW) if one.kind is Kind.WORKER]
    assert (shown.name, shown.at) == ("probes@one", gone.seen_at)


@pytest.mark.parametrize(
    ("hour", "days"),
    [(0, ["2026-11-22"]), (11, ["2026-11-22"]), (12, ["2026-11-22", "2026-11-23"])],
)
def test_tomorrow_needs_its_room_from_noon_on(hour: int, days: list[str]) -> None:
    assert [str(day) for day in health.days_wanted(NOW.replace(hour=hour))] == days


def test_what_does_not_answer_is_not_known_and_never_fine() -> None:
    without_redis = replace(WELL, redis=None, signs=None)
    assert wrong(without_redis) == [(Kind.REDIS_SILENT, "")]
    assert unknown(without_redis) == [
        Kind.SNAPSHOT_BUILD,
        Kind.BEAT,
        Kind.REDIS_SILENT,
        Kind.REDIS_SILENT,
    ]
    without_database = replace(WELL, database=None, stored=None)
    assert unknown(without_database) == [Kind.DATABASE_SILENT, Kind.DATABASE_SILENT]
    nothing_probed = database(lateness=None)
    assert unknown(nothing_probed) == [Kind.LATENESS]


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def machine(
    at_one_o_clock: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[redis.Redis]:
    """A portal that is well: partitions, workers, sweeps, beat, a back-up."""
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(health, "_disk_free", lambda: 0.5)
    monkeypatch.setattr(signs, "_client", None)
    partitions.keep(now=NOW, kept_days=7)
    backup._note(backup.Kept(NOW - timedelta(hours=1), "a.tar", 12_000_000, True))
    client = store_module.connect(loaded.REDIS_URL)
    keys = (signs.WORKERS_KEY, signs.ENDED_KEY, BEAT_KEY, *POOLS)
    client.delete(*keys)
    at = NOW.timestamp() - 1
    for name in POOLS:
        mark = json.dumps({"at": at, "queues": [name]})
        client.hset(signs.WORKERS_KEY, f"{name}@one", mark)
    for name in SWEEPS:
        client.hset(signs.ENDED_KEY, name, json.dumps({"at": at, "lasted_s": 0.25}))
    client.set(BEAT_KEY, str(at))
    publish(age=SECOND)
    yield client
    client.delete(*keys)


def test_an_operator_sees_every_reading_with_a_sign_and_a_word(
    machine: redis.Redis, check: Check
) -> None:
    make_reference()
    record(observations=[seen(check, "o", NOW - 60 * SECOND)])
    Check.objects.update(next_due_at=NOW + SECOND)
    text = page_text(looks(HEALTH))
    for told in (
        "Every reading is within its limit.",
        "up to 1 s for half of them, 1 s for 99 of 100 99 of 100 within 2 s Fine",
        "Pool “probes” none fewer than 60, none for longer than 15 s Fine",
        "main, Internet trusted trusted Fine",
        "Age of what is published 1 s ago at most 15 s ago Fine",
        "Time that publishing takes 0.2 s at most 5 s Fine",
        "probes@one 1 s ago at most 16 s ago Fine",
        "Opening and closing incidents 1 s ago, took 0.2 s at most 36 s ago Fine",
        "12 MB at most 1 day and 2 hours ago Fine",
    ):
        assert told in text


def test_it_is_there_in_arabic(machine: redis.Redis) -> None:
    machine.hset(signs.WORKERS_KEY, "probes@one", json.dumps({"at": 0, "queues": ["probes"]}))
    text = page_text(looks(HEALTH, language="ar"))
    assert "البوابة نفسها" in text
    assert "قراءة واحدة تتجاوز حدها" in text
    assert "لا عامل يخدمها عامل واحد على الأقل يحتاج إلى نظر" in text
    assert "Fine" not in text


def test_with_redis_down_the_page_says_so(
    machine: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(readings, "_client", nobody)
    monkeypatch.setattr(signs, "_client", nobody)
    text = page_text(looks(HEALTH))
    assert "Queue (Redis) does not answer – Look at it" in text
    assert "Beat, the portal's clock not known" in text
    assert "Size of the database" in text


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_grow(
    rows: int, machine: redis.Redis, django_assert_num_queries: Any
) -> None:
    for n in range(rows):
        record(observations=[seen(make_measured(make_service()), "o", NOW)])
        make_reference(name=f"reference {n}")
    # Four of them are the savepoints that the tests' own transaction makes of ours.
    with django_assert_num_queries(19):
        judge(health.gather(NOW), NOW)


def test_htmx_gets_the_part_and_agencies_people_are_refused(machine: redis.Redis) -> None:
    operator = browser(make_user(Role.OPERATOR), "en")
    part = operator.get(HEALTH, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="board" data-region data-unseen="0">')
    assert 'href="/ops/health/" aria-current="page"' in operator.get(HEALTH).content.decode()
    staff = browser(make_user(Role.AGENCY_STAFF, agency=make_agency()), "en")
    assert staff.get(HEALTH).status_code == 403
    assert "/ops/health/" not in staff.get("/ops/").content.decode()


def test_a_reading_is_told_whatever_it_lacks() -> None:
    for group in health.Group:
        for kind in Kind:
            bare = Reading(group, kind, State.UNKNOWN, name=SWEEPS[0])
            assert health_words.row(bare).name
