"""Where the snapshot waits: through a real Redis, a file, and the memory of a process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import redis
from django.conf import settings as real_settings

from statusportal.public import reader, search, store
from statusportal.public.said import Said
from statusportal.public.shape import Snapshot
from statusportal.public.shelf import write_whole
from statusportal.public.store import Store, connect, publish
from tests.statusportal.public.one_agency import HISTORY, NOW, snapshot

SECOND = timedelta(seconds=1)


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    client = connect(real_settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture(autouse=True)
def last_good(settings, tmp_path: Path) -> Path:
    settings.LAST_GOOD_FILE = tmp_path / "deep" / "snapshot.json"
    return settings.LAST_GOOD_FILE


def test_what_was_published_is_read_whole_in_another_process(client: redis.Redis) -> None:
    publish(client, snapshot(), HISTORY, "h1")
    reading = Store()

    assert reading.look() is True

    published = reading.current()
    assert published is not None
    assert (published.snapshot, published.history) == (snapshot(), HISTORY)


def test_before_anything_was_published_there_is_nothing(client: redis.Redis) -> None:
    reading = Store()

    assert reading.look() is False
    assert reading.current() is None
    assert reading.said(NOW) is None


def test_a_fresher_snapshot_of_the_same_truth_is_noticed_and_keeps_the_history(
    client: redis.Redis,
) -> None:
    publish(client, snapshot(), HISTORY, "h1")
    reading = Store()
    reading.look()

    publish(client, snapshot(at=NOW + timedelta(seconds=1)), None, "h1")

    assert reading.look() is True
    published = reading.current()
    assert published is not None
    assert published.snapshot.built_at == NOW + timedelta(seconds=1)
    assert published.history == HISTORY


def test_an_older_snapshot_never_takes_the_place_of_a_newer_one(client: redis.Redis) -> None:
    publish(client, snapshot(at=NOW + timedelta(seconds=9)), HISTORY, "h1")
    reading = Store()
    reading.look()

    publish(client, snapshot("أقدم"), HISTORY, "h1")

    assert reading.look() is False
    published = reading.current()
    assert published is not None
    assert published.snapshot.built_at == NOW + timedelta(seconds=9)


# --- Redis that is not there --------------------------------------------------------------------


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port of ours where nobody listens, or where somebody does who never answers."""
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        if request.param == "unanswering":
            ours.listen()
        yield ours.getsockname()[1]


@pytest.mark.parametrize("port", ["closed", "unanswering"], indirect=True)
def test_a_redis_that_does_not_answer_is_asked_once(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_REDIS_TIMEOUT_S", 0.2)
    client = connect(f"redis://127.0.0.1:{port}/0")
    began_at = monotonic()

    with pytest.raises(redis.RedisError):
        client.get("anything")

    # With the patience of the library's own clients it would be ten times as long, and more.
    assert monotonic() - began_at < 1.5


@pytest.mark.parametrize("port", ["closed", "unanswering"], indirect=True)
def test_after_a_restart_without_redis_the_last_good_file_speaks_at_once(
    client: redis.Redis, port: int, settings: Any, no_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(client, snapshot(), HISTORY, "h1")
    Store().look()
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    monkeypatch.setattr(store, "_REDIS_TIMEOUT_S", 0.2)
    began_at = monotonic()

    restarted = Store()
    restarted.start(lambda: NOW + 3600 * SECOND)

    assert monotonic() - began_at < 1.5
    current, said = restarted.current(), restarted.said(NOW + 3600 * SECOND)
    assert current is not None
    assert said is not None
    assert (current.snapshot, current.history) == (snapshot(), HISTORY)
    # And it does not claim to be of now.
    assert said.built_at == NOW
    with pytest.raises(redis.RedisError):
        restarted.look()


def test_a_redis_whose_name_is_sought_for_long_keeps_nobody_waiting(
    client: redis.Redis, settings: Any, no_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(client, snapshot(), HISTORY, "h1")
    Store().look()
    settings.REDIS_URL = "redis://redis.gov.example/0"
    monkeypatch.setattr(store, "_ASKED_FIRST_S", 0.2)
    found = threading.Event()

    def seek(*_: object, **__: object) -> list[Any]:
        found.wait(10)
        raise OSError("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", seek)
    began_at = monotonic()
    restarted = Store()
    try:
        restarted.start(lambda: NOW)

        assert monotonic() - began_at < 3
        current = restarted.current()
        assert current is not None
        assert current.snapshot == snapshot()
    finally:
        found.set()


def test_what_redis_knows_more_than_the_file_is_said_from_the_start(
    client: redis.Redis, no_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long it takes to read: longer than a silent Redis would be waited for.
    monkeypatch.setattr(store, "_ASKED_FIRST_S", 0.1)
    monkeypatch.setattr(search, "prepare", lambda *_: sleep(0.2))
    publish(client, snapshot(), HISTORY, "h1")
    Store().look()
    publish(client, snapshot("x", at=NOW + SECOND), None, "h1")

    restarted = Store()
    restarted.start(lambda: NOW + SECOND)

    said = restarted.said(NOW + SECOND)
    assert said is not None
    assert said.built_at == NOW + SECOND


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody follows: otherwise it would for as long as there are tests."""
    monkeypatch.setattr(Store, "_follow", lambda *_: None)


# --- files and memory ---------------------------------------------------------------------------


def test_the_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "snapshot.json"
    write_whole(path, b"good")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"half of the new")

    assert path.read_bytes() == b"good"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_said_is_computed_once_for_each_step_and_snapshot() -> None:
    reading = Store()
    reading.hold(snapshot())

    first = reading.said(NOW)
    assert reading.said(NOW) is first
    assert reading.said(NOW + timedelta(seconds=5)) is not first

    reading.hold(snapshot(at=NOW + timedelta(seconds=1)))
    newer = reading.said(NOW)
    assert newer is not None
    assert newer.built_at == NOW + timedelta(seconds=1)


# --- what is told when --------------------------------------------------------------------------


def test_who_missed_something_is_told_when_it_was_handed_to_the_others(
    client: redis.Redis,
) -> None:
    def handed() -> list[tuple[float, bool]]:
        reading = Store()
        reading.look()
        current = reading.current()
        assert current is not None
        return [((one.at - NOW).total_seconds(), one.is_news) for one in current.handed]

    def instant(seconds: float) -> datetime:
        return NOW + seconds * SECOND

    publish(client, snapshot(), HISTORY, "h1", at=instant(1))
    assert handed() == [(1, True)]
    # The same truth, and another history: no news.
    publish(client, snapshot(at=instant(2)), HISTORY, "h2", at=instant(3))
    assert handed() == [(1, True), (3, False)]
    publish(client, snapshot("x", at=instant(4)), None, "h2")
    assert handed() == [(1, True), (3, False), (4, True)]
    # What was long ago everybody has seen.
    publish(client, snapshot("x", at=instant(12)), None, "h2")
    assert handed() == [(3, False), (4, True), (12, False)]
    # A clock that was set back.
    publish(client, snapshot("x", at=instant(3.5)), None, "h2")
    assert handed() == [(3, False), (3.5, False)]


def test_a_snapshot_from_a_clock_that_was_wrong_gives_way(client: redis.Redis) -> None:
    reading = Store()
    publish(client, snapshot(at=NOW + 3600 * SECOND), HISTORY, "h1")
    assert reading.look(NOW) is True

    publish(client, snapshot(at=NOW + SECOND), None, "h1")

    assert reading.look(NOW + 2 * SECOND) is True
    current = reading.current()
    assert current is not None
    assert current.snapshot.built_at == NOW + SECOND


def test_when_redis_falls_silent_the_file_has_what_we_hold(
    client: redis.Redis, last_good: Path
) -> None:
    reading = Store()
    publish(client, snapshot(), HISTORY, "h1")
    reading._look_if_it_answers(NOW)
    publish(client, snapshot(at=NOW + SECOND), None, "h1")
    reading._look_if_it_answers(NOW)
    # Written a moment ago: the disk is spared.
    assert b"10:00:01" not in last_good.read_bytes()

    reading._client = connect("unix:///nobody-listens.sock?db=0")
    reading._look_if_it_answers(NOW)

    assert b"10:00:01" in last_good.read_bytes()
    written_at = last_good.stat().st_mtime_ns
    reading._look_if_it_answers(NOW)
    assert last_good.stat().st_mtime_ns == written_at


def test_an_older_release_that_publishes_is_heard(client: redis.Redis) -> None:
    """It leaves the mark of a newer one standing, by which others know that nothing is new."""
    reading = Store()
    publish(client, snapshot(), HISTORY, "h1")
    reading.look()
    mark = client.get("portal:now:built_at")
    publish(client, snapshot(at=NOW + SECOND), None, "h1")
    assert mark is not None
    client.set("portal:now:built_at", mark)

    assert reading.look() is False
    reading._looked_at -= 2
    assert reading.look() is True


def test_what_did_not_change_from_one_step_to_the_next_is_not_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[tuple[bool, datetime]] = []

    class Watched(reader.Reader):
        def read(self, snapshot: Snapshot, now: datetime) -> Said:
            looked.append((self._plan is None, now))
            return super().read(snapshot, now)

    monkeypatch.setattr(reader, "Reader", Watched)
    reading = Store()
    reading.hold(snapshot())
    later = NOW + reader.STEP
    for now in (NOW, later):
        assert reading.said(now) is not None

    # The second time by somebody who remembers the first.
    assert looked == [(True, NOW), (False, later)]
