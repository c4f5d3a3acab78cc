from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from services.models import Check, Service
from tests.factories import make_location, make_service
from tests.statusportal.ops.nation import NOW, make_measured


@pytest.fixture
def at_one_o_clock(db: None, settings: Any) -> Iterator[None]:
    """13:00 in Bahrain, the numbers of a real deployment, one location."""
    settings.TIME_ZONE = "Asia/Bahrain"
    settings.DIGITS = "latn"
    settings.FLAPPING_WINDOW = timedelta(hours=1)
    settings.FLAPPING_QUIET = timedelta(minutes=30)
    settings.CHECK_FAST_INTERVAL = timedelta(seconds=10)
    make_location()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def passport(at_one_o_clock: None) -> Service:
    return make_service(slug="passport", name_ar="تجديد الجواز", name_en="Passport renewal")


@pytest.fixture
def check(passport: Service) -> Check:
    return make_measured(passport)
