"""The page about the portal itself, in a real Chromium: on a phone, in place, without barriers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings as loaded
from playwright.sync_api import expect

from accounts.models import Role
from services import partitions
from statusportal import backup, signs
from statusportal.public import store
from tests.browser.conftest import look_for_barriers
from tests.factories import make_location, make_reference, make_user
from tests.statusportal.ops.nation import NOW, publish

pytestmark = pytest.mark.django_db(transaction=True)

HEALTH = "/ops/health/"


@pytest.fixture
def works(settings: Any, tmp_path: Any) -> Iterator[Any]:
    """Three workers in Redis, a reference, a back-up of an hour ago."""
    settings.TIME_ZONE, settings.VAR_DIR = "Asia/Bahrain", tmp_path
    client = store.connect(loaded.REDIS_URL)
    client.delete(signs.WORKERS_KEY)
    with time_machine.travel(NOW):
        for name in ("control", "probes", "deliveries"):
            signs.mark(f"{name}@one", [name])
        partitions.keep(now=NOW, kept_days=7)
        make_location()
        make_reference()
        backup._note(backup.Kept(NOW, "a.tar", 12_000_000, has_observations=True))
        publish()
        yield client
    client.delete(signs.WORKERS_KEY)


@pytest.mark.parametrize(("language", "width", "dark"), [("ar", 360, False), ("en", 1440, True)])
def test_it_is_read_on_any_screen_and_renews_itself_in_place(
    reader: Any, works: Any, language: str, width: int, dark: bool
) -> None:
    someone = reader(width=width, dark=dark)
    someone.sign_in(make_user(Role.OPERATOR), language)
    someone.open(HEALTH)
    page = someone.page
    page.wait_for_load_state("load")
    worker = page.locator("[id='worker-probes@one']")
    expect(worker).to_have_attribute("data-state", "fine")

    old = json.dumps({"at": NOW.timestamp() - 120, "queues": ["probes"]})
    works.hset(signs.WORKERS_KEY, "probes@one", old)
    page.clock.run_for(5_500)

    expect(worker).to_have_attribute("data-state", "wrong")
    expect(page.locator("#pool_empty-probes")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert look_for_barriers(page).response["violations"] == []
    assert someone.complaints == []
