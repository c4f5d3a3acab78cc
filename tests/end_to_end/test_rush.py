"""Many readers on real web processes while statuses flip, one is killed, and the rest is down.

No supervisor and no PostgreSQL: the web processes have to do without. `python -m bench.rush` does
the same at length with a whole portal.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from django.conf import settings

from bench.crowd import Crowd, Ledger
from statusportal.public.store import connect, publish
from tests.end_to_end.portal import PATIENCE_S, ROOT, free_port, wait_until
from tests.end_to_end.processes import descendants
from tests.statusportal.public.snapshots import ALL_WELL, BAD, history, snapshot

pytestmark = pytest.mark.slow

SERVICES = ("passport", "visa", "login")


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    client = connect(settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@contextmanager
def web(folder: Path, **environment: str) -> Iterator[tuple[int, int]]:
    """(pid, port) of granian with two processes, as the supervisor starts it."""
    port = free_port()
    arguments = ["--interface", "wsgi", "--workers", "2", "--no-ws", "--respawn-failed-workers"]
    arguments += ["--workers-kill-timeout", "2"]
    arguments += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    given = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": settings.REDIS_URL,
        "LAST_GOOD_FILE": str(folder / "snapshot.json"),
        "PUBLIC_URL": "http://localhost",
        **environment,
    }
    with (folder / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", "statusportal.wsgi:application", *arguments],
            cwd=ROOT,
            env=given,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        age = Crowd(port, Ledger(), pause_s=0).age_s
        wait_until(lambda: asyncio.run(age()) < 10**6, (folder / "web.log").read_text)
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)


@contextmanager
def publishing(client: redis.Redis) -> Iterator[None]:
    """Somebody builds a snapshot every half second, and a service falls or rises each time."""
    done = threading.Event()

    def go_on() -> None:
        turn = 0
        while not done.is_set():
            now = datetime.now(UTC)
            measured = ALL_WELL | ({"login": BAD} if turn % 4 < 2 else {})
            built = snapshot(measured, observed_at=now, built_at=now)
            publish(client, built, history() if not turn else None, "h")
            turn += 1
            done.wait(0.5)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_rush_while_statuses_flip_and_a_process_is_killed(
    client: redis.Redis, tmp_path: Path
) -> None:
    ledger = Ledger()

    async def rush(pid: int, port: int) -> None:
        crowd = Crowd(port, ledger, pause_s=0.1, services=SERVICES)
        readers = asyncio.create_task(crowd.run(20, time.monotonic() + 5))
        await asyncio.sleep(2.5)
        (first, *_others) = [one for one, parent, _ in descendants(pid) if parent == pid]
        ledger.killed_at.append(time.monotonic())
        os.kill(first, signal.SIGKILL)
        await readers

    with publishing(client), web(tmp_path) as (pid, port):
        asyncio.run(rush(pid, port))

    assert ledger.answers > 100
    assert len(ledger.versions) == 2
    assert (ledger.errors, ledger.back, ledger.mixed) == ([], [], [])

    # Started again when nobody else is there: the last-good file answers, and says how old it is.
    nowhere = f"unix://{tmp_path}/nobody-listens.sock?db=0"
    with web(tmp_path, REDIS_URL=nowhere) as (_pid, port):
        crowd = Crowd(port, Ledger(), pause_s=0)
        first_age = asyncio.run(crowd.age_s())
        assert 0 < first_age < PATIENCE_S
