from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from services import recording
from statusportal.public.store import store
from tests.starting import Starter, starter

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


@pytest.fixture(scope="session")
def starting() -> Iterator[Starter]:
    """Starts the portal with other settings."""
    with starter() as begun:
        yield begun


_look_for_files = WhiteNoiseMiddleware.add_files_from_finders
_look_into = WhiteNoiseMiddleware.update_files_dictionary
_static_files: dict[tuple[Any, ...], dict[str, Any]] = {}


def _look_once(self: Any, look: Callable[[], None], *where: str) -> None:
    """Each test client begins as a new process would, and a tenth of all time went into finding
    the same two hundred static files: ours and Django's, which lie still while tests run."""
    how = (*where, self.static_prefix, self.max_age, self.allow_all_origins, self.charset)
    there = self.files
    if how not in _static_files:
        self.files = {}
        look()
        _static_files[how] = self.files
    self.files = there | _static_files[how]


def _find_once(self: Any) -> None:
    _look_once(self, lambda: _look_for_files(self), "by finders")


def _look_into_once(self: Any, root: str, prefix: str) -> None:
    if root.rstrip(os.sep) == str(settings.BASE_DIR / "static"):
        _look_once(self, lambda: _look_into(self, root, prefix), root, prefix)
    else:
        # A test's own folder, which it may fill as it goes.
        _look_into(self, root, prefix)


WhiteNoiseMiddleware.add_files_from_finders = _find_once
WhiteNoiseMiddleware.update_files_dictionary = _look_into_once


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
