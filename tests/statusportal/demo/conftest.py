"""One set of ports and certificates for all tests of the demo in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from statusportal.demo import plan
from statusportal.demo.plan import Plan
from statusportal.demo.seed import Seeded, seed

NOW = datetime(2026, 11, 22, 9, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def base_port() -> int:
    """Far from the demo's own block, and another one for each process that tests beside us."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return 21_000 + 1_000 * number


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory, base_port: int) -> Plan:
    return plan.prepare(tmp_path_factory.mktemp("nation") / "demo", base=base_port)


@pytest.fixture(scope="module")
def written_once(ready: Plan, django_db_setup: None, django_db_blocker: Any) -> Iterator[Seeded]:
    """The nation, written once for a module: it takes more than a second."""
    (ready.folder / "logins.txt").unlink(missing_ok=True)
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(PASSWORD_HASHERS=quick):
            written = seed(now=NOW, folder=ready.folder, base_port=0)
        yield written
        transaction.set_rollback(True)


@pytest.fixture
def db() -> None:
    """In place of pytest-django's, which closes the connection and with it our transaction.

    By its name pytest-django knows that there have to be tables.
    """


@pytest.fixture
def seeded(written_once: Seeded, db: None, ready: Plan) -> Iterator[Seeded]:
    """The nation for one test: what it changes in the tables or in the folder is undone."""
    texts = {file: file.read_bytes() for file in ready.folder.iterdir() if file.is_file()}
    with transaction.atomic():
        yield written_once
        transaction.set_rollback(True)
    for file, text in texts.items():
        file.write_bytes(text)
