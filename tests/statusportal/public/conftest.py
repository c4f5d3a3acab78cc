from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from statusportal.public.store import store
from tests.statusportal.public.incidents import ALL, TROUBLED, with_incidents
from tests.statusportal.public.snapshots import ALL_WELL, BAD, NOW, SLOW, history, snapshot


@pytest.fixture
def at_one_o_clock(settings: Any) -> Iterator[None]:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    # WhiteNoise warns of a folder that only a deployment fills.
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    settings.PUBLIC_URL = "https://status.gov.example"
    settings.TIME_ZONE = "Asia/Bahrain"
    settings.DIGITS = "latn"
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def troubled() -> None:
    """Login down and with it the passports, the hidden gateway down, fines slow."""
    store.hold(snapshot({"login": BAD, "sms-gate": BAD, "fines": SLOW}, is_demo=True), history())


@pytest.fixture
def well() -> None:
    store.hold(snapshot(ALL_WELL), history())


@pytest.fixture
def told() -> None:
    """Notices of every kind and in every state."""
    store.hold(with_incidents(*ALL, measured=TROUBLED))


@pytest.fixture
def no_housekeeping() -> Iterator[None]:
    """A request that does not come through a test client leaves the tests' connection alone."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
