"""A portal that sees nothing: first because nothing is there, then because its own servers hang.

One portal for the module, beside that of test_run. The tests stand in the order in which they
leave it usable for the next.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.end_to_end.expected import everything_works, nothing_is_known
from tests.end_to_end.portal import PATIENCE_S, ROOT, Portal, open_folder, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with open_folder() as folder:
        # What is waited for here are three intervals without a word, and nothing has to be late
        # for less: they may be shorter than where a killed worker must be back within them.
        short = {"CHECK_INTERVAL": "6", "CHECK_INTERVAL_URGENT": "6", "CHECK_FAST_INTERVAL": "1"}
        portal = Portal(folder, DEMO_ENDPOINTS="off", **short)
        try:
            portal.start()
            yield portal
        finally:
            portal.stop()
            portal.keep_logs(tmp_path_factory.mktemp("portal"))


@pytest.fixture
def endpoints(portal: Portal) -> Iterator[None]:
    """What the demo's checks probe, started by hand in another terminal."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "endpoints"],
        cwd=ROOT,
        env=portal.environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)


def test_without_its_endpoints_nothing_is_said_to_work(portal: Portal) -> None:
    wait_until(
        lambda: len(portal.states()) == 52 and not {"operational"} & set(portal.states().values()),
        portal.states,
    )
    assert "All services are working" not in portal.words("/en/")
    # And still after every check had its turn.
    wait_until(
        lambda: (
            portal.sql("SELECT count(*) = 0 FROM services_checkstate WHERE last_due_at IS NULL")
            == ["True"]
        ),
    )
    assert "operational" not in portal.states().values()


def test_with_the_database_and_redis_frozen_pages_answer_and_turn_honest(
    portal: Portal, endpoints: None
) -> None:
    wait_until(lambda: everything_works(portal), portal.states)
    frozen = portal.pids("redis-server") + portal.pids("postgres")
    assert len(frozen) >= 3
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert "As of" in portal.words("/en/")
        # Three intervals and one timeout, and the step of the page.
        wait_until(lambda: nothing_is_known(portal), portal.states)
        assert portal.status("/readyz") == 200
        assert portal.status("/freshz") == 503

        for pid in portal.pids("granian"):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: portal.status("/ar/") == 200)
        assert "As of" in portal.words("/en/")
        assert nothing_is_known(portal)
        assert "operational" not in portal.states("ar").values()
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: everything_works(portal), portal.states)
