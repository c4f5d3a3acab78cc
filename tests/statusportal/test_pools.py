"""How many processes each pool of workers has: by the arithmetic, by the settings, in Celery."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from celery.signals import celeryd_init, worker_before_create_process
from django.conf import settings as loaded

from statusportal import pools
from statusportal.embedded import portal

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("checks_per_minute", "shard_size", "timeout_s", "cores", "processes"),
    [
        # What docs/capacity.md says: nothing answers, and a shard begins each second.
        (10_000, 200, 10, 2, 16),
        (12_000, 200, 10, 2, 16),
        # The demo; a nation that is a hundred times smaller; one core.
        (10_000, 200, 3, 2, 6),
        (100, 200, 10, 2, 16),
        (10_000, 200, 10, 1, 16),
        # Ten times as much, on as many cores as can carry it, and on too few.
        (100_000, 200, 10, 8, 129),
        (100_000, 500, 10, 8, 52),
        (100_000, 200, 10, 2, 39),
        # Patient checks hold their processes for longer.
        (10_000, 200, 30, 2, 44),
    ],
)
def test_as_many_probe_processes_as_are_busy_when_nothing_answers(
    checks_per_minute: int, shard_size: int, timeout_s: int, cores: int, processes: int
) -> None:
    assert processes == pools.probe_processes(
        checks_per_minute=checks_per_minute,
        shard_size=shard_size,
        timeout=timedelta(seconds=timeout_s),
        cores=cores,
    )


@pytest.mark.parametrize(("cores", "processes"), [(1, 3), (2, 3), (3, 3), (4, 4), (64, 4)])
def test_two_control_processes_may_build_while_another_dispatches(
    cores: int, processes: int
) -> None:
    assert pools.control_processes(cores=cores) == processes


@pytest.mark.parametrize(
    ("queues", "pool"),
    [
        (["probes"], "probes"),
        (["probes.jeddah"], "probes"),
        (["control"], "control"),
        (["deliveries", "control"], "deliveries"),
        # A worker that is told nothing serves Celery's default queue.
        ([], "control"),
        (None, "control"),
        (["celery"], "control"),
    ],
)
def test_a_worker_belongs_to_the_pool_of_its_queue(queues: list[str] | None, pool: str) -> None:
    assert pools.pool_of(queues) == pool


@pytest.mark.parametrize(
    ("queues", "given", "concurrency"),
    [
        (["probes"], None, 11),
        (["probes.jeddah"], None, 11),
        (["control"], None, 3),
        (["deliveries"], None, 1),
        # What somebody wrote on the command line stays.
        (["probes"], 5, None),
    ],
)
def test_a_worker_begins_with_as_many_processes_as_the_settings_say(
    settings: Any, queues: list[str], given: int | None, concurrency: int | None
) -> None:
    settings.POOL_PROCESSES = {"probes": 11, "control": 3, "deliveries": 1}
    conf = SimpleNamespace(worker_concurrency=None)

    celeryd_init.send(
        "worker@here", instance=None, conf=conf, options={"queues": queues, "concurrency": given}
    )

    assert conf.worker_concurrency == concurrency


def test_no_command_line_of_ours_overrides_the_settings() -> None:
    parts = portal.processes(env={}, var=Path("/var"), port=8000, demo_endpoints=False)
    ours = {part.name: part.argv for part in parts if part.name in pools.POOLS}
    assert set(ours) == set(pools.POOLS)
    for argv in ours.values():
        assert not {"-c", "--concurrency", "--autoscale"} & set(argv)

    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    for pool in pools.POOLS:
        worker = compose["services"][f"worker-{pool}"]
        assert "concurrency" not in " ".join(worker["command"])
        # Handed on where they are set, and left to the portal where not.
        names = ("PROBE_PROCESSES", "CONTROL_PROCESSES", "DELIVERY_PROCESSES")
        assert [worker["environment"][name] for name in names] == [None, None, None]


def test_every_pool_has_its_number() -> None:
    assert set(loaded.POOL_PROCESSES) == set(pools.POOLS)


def test_an_impossible_number_stops_the_start_with_a_sentence() -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", "import statusportal.settings.pools"],
        env=os.environ | {"CONTROL_PROCESSES": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.stderr.splitlines()[-1].endswith(
        "ImproperlyConfigured: CONTROL_PROCESSES must be at least 2, not 1."
    )


def test_what_is_there_before_a_fork_stays_shared_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Of all that the tests hold it would take a second.
    monkeypatch.setattr(gc, "collect", lambda: 0)
    ours: list[object] = []

    worker_before_create_process.send(None)

    # To look for garbage in it would write to it, and what is written to is copied.
    assert [one for one in gc.get_objects() if one is ours] == []
