"""The dead man's switch: held while all is well, let go by whatever is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import time_machine
from django.conf import settings as loaded

from statusportal import deadman, signs, tasks
from statusportal.celery import app
from statusportal.public import store

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Outside:
    """A server on loopback that stands for the web process and for the world."""

    def __init__(self) -> None:
        self.codes = {"/freshz": 200, "/only-i-know-this": 200}
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers["Host"]))
                self.send_response(outer.codes[self.path])
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def outside(settings: Any) -> Iterator[Outside]:
    """All is well, it is 13:00 in Bahrain, and somebody outside listens."""
    found = Outside()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.PUBLIC_URL = "https://status.gov.example"
    settings.HEARTBEAT_SELF_URL = found.url
    settings.HEARTBEAT_SELF_NETWORKS = ["127.0.0.0/8"]
    settings.DEADMAN_URL = f"{found.url}/only-i-know-this"
    settings.DEADMAN_NETWORKS = ["127.0.0.0/8"]
    swept(NOW - SECOND)
    kept = store.connect(loaded.REDIS_URL)
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()
    kept.delete(signs.ENDED_KEY)


def swept(at: datetime | None) -> None:
    client = store.connect(loaded.REDIS_URL)
    client.delete(signs.ENDED_KEY)
    if at is not None:
        client.hset(
            signs.ENDED_KEY, deadman.SWEEP, json.dumps({"at": at.timestamp(), "lasted_s": 0.1})
        )


def test_while_all_is_well_the_outside_hears_of_it(outside: Outside) -> None:
    with time_machine.travel(NOW, tick=False):
        tasks.hold_switch()
    port = outside.server.server_port
    assert outside.asked == [
        # By the public name, which is the only one that is answered.
        ("/freshz", "status.gov.example"),
        ("/only-i-know-this", f"127.0.0.1:{port}"),
    ]


@pytest.mark.parametrize(
    ("code", "swept_at", "said"),
    [
        (503, NOW, "The dead man's switch is not held: /freshz answers 503"),
        (404, NOW, "The dead man's switch is not held: /freshz answers 404"),
        (200, NOW - 61 * SECOND, "The dead man's switch is not held: incidents are not swept"),
        (200, None, "The dead man's switch is not held: incidents are not swept"),
    ],
)
def test_what_is_not_well_lets_go_and_says_why(
    outside: Outside,
    caplog: pytest.LogCaptureFixture,
    code: int,
    swept_at: datetime | None,
    said: str,
) -> None:
    outside.codes["/freshz"] = code
    swept(swept_at)
    assert not deadman.ping(now=NOW)
    assert [path for path, _host in outside.asked if path != "/freshz"] == []
    assert caplog.messages == [said]


def test_without_web_or_redis_nobody_outside_hears_anything(
    outside: Outside, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEARTBEAT_SELF_URL = "http://127.0.0.1:1"
    assert not deadman.ping(now=NOW)
    settings.HEARTBEAT_SELF_URL = outside.url
    monkeypatch.setattr(signs, "_client", None)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert not deadman.ping(now=NOW)
    assert outside.asked == []
    monkeypatch.setattr(signs, "_client", None)


def test_the_guard_holds_for_this_call_too_and_its_address_is_in_no_line(
    outside: Outside, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEADMAN_NETWORKS = []
    assert not deadman.ping(now=NOW)
    settings.DEADMAN_NETWORKS = ["127.0.0.0/8"]
    outside.codes["/only-i-know-this"] = 410
    assert not deadman.ping(now=NOW)
    assert caplog.messages == [
        "The dead man's switch cannot be held: AddressRefused",
        "The dead man's switch answers 410",
    ]


def test_without_an_address_nothing_is_asked(outside: Outside, settings: Any) -> None:
    settings.DEADMAN_URL = ""
    assert not deadman.ping(now=NOW)
    assert outside.asked == []


def test_it_is_held_every_minute_by_the_control_workers() -> None:
    entry = app.conf.beat_schedule["hold the dead man's switch"]
    assert (entry["task"], entry["schedule"]) == (tasks.hold_switch.name, 60.0)
    assert app.amqp.router.route({}, tasks.hold_switch.name)["queue"].name == "control"
