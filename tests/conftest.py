from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from services import recording
from statusportal.public.store import store

# Other tests share the two cores: how long an example takes says nothing here.
hypothesis_settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("shared machine")


def pytest_collection_finish() -> None:
    """Thousands of tests and all of Django are there to stay: nothing to look for garbage in."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """What a process remembers between requests and tasks must not leak between tests."""
    recording._known_partitions.clear()
    store.forget()


# What migrations put there, and no test changes: it need not be made anew each time.
_KEPT = {
    "django_content_type": "false",
    "auth_permission": "false",
    "services_location": "code <> 'main'",
}


def _sql_flush_for_tests(
    self: DatabaseOperations, style: Any, tables: Sequence[str], **_: Any
) -> list[str]:
    """Emptying the tables after a test with real transactions.

    By DELETE: of sixty tables few hold rows, and TRUNCATE makes new files for each of them. It is
    refused by the record of people's acts, too, as it must be. Django does not know the
    partitioned table of observations.
    """
    if not tables:
        return []
    emptied = [
        f'DELETE FROM "{table}" WHERE {_KEPT.get(table, "true")}'  # noqa: S608 - our own tables
        for table in [*tables, "services_observation"]
    ]
    kept = ", ".join(f"'{table}_id_seq'" for table in _KEPT)
    numbers = (
        "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)"  # noqa: S608
        f" FROM pg_sequences WHERE last_value IS NOT NULL AND sequencename NOT IN ({kept})"
    )
    return [
        "SET session_replication_role = replica",
        *emptied,
        numbers,
        "SET session_replication_role = DEFAULT",
    ]


DatabaseOperations.sql_flush = _sql_flush_for_tests  # type: ignore[method-assign, assignment]
