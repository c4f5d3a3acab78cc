from __future__ import annotations

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


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """What a process remembers between requests and tasks must not leak between tests."""
    recording._known_partitions.clear()
    store.forget()


_sql_flush = DatabaseOperations.sql_flush


def _sql_flush_for_tests(self: DatabaseOperations, *args: Any, **kwargs: Any) -> list[str]:
    """Emptying the tables after a test with real transactions.

    The record of people's acts refuses TRUNCATE, as it must, and Django does not know the
    partitioned table of observations.
    """
    statements: list[str] = _sql_flush(self, *args, **kwargs)
    return [
        "SET session_replication_role = replica",
        *statements,
        "TRUNCATE services_observation",
        "SET session_replication_role = DEFAULT",
    ]


DatabaseOperations.sql_flush = _sql_flush_for_tests  # type: ignore[method-assign, assignment]
