"""One set of ports and certificates for all tests of the demo in this process."""

from __future__ import annotations

import os

import pytest

from statusportal.demo import plan
from statusportal.demo.plan import Plan


@pytest.fixture(scope="session")
def base_port() -> int:
    """Far from the demo's own block, and another one for each process that tests beside us."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return 21_000 + 1_000 * number


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory, base_port: int) -> Plan:
    return plan.prepare(tmp_path_factory.mktemp("nation") / "demo", base=base_port)
