"""Where the snapshot waits: through a real Redis, a file, and the memory of a process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings as real_settings

from core.bilingual import Bilingual
from statusportal.public.shape import (
    AgencyFact,
    DayFact,
    History,
    ServiceHistory,
    Snapshot,
    Truth,
    version_of,
)
from statusportal.public.shelf import write_whole
from statusportal.public.store import Store, connect, publish

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
HISTORY = History((ServiceHistory("a", (DayFact(date(2026, 11, 1), 1, 2, 3, 4, 5, 6),), 9999),))


def snapshot(name: str = "وزارة", *, at: datetime = NOW) -> Snapshot:
    truth = Truth(agencies=(AgencyFact("MOI", Bilingual(name, "Ministry")),), locations=("main",))
    return Snapshot(truth, at, {7: (at, None)}, version_of(truth))


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


def test_after_a_restart_without_redis_the_last_good_file_speaks(
    client: redis.Redis, settings, tmp_path: Path
) -> None:
    publish(client, snapshot(), HISTORY, "h1")
    Store().look()
    settings.REDIS_URL = f"unix://{tmp_path}/nobody-listens.sock?db=0"

    restarted = Store()
    restarted.start()

    published = restarted.current()
    assert published is not None
    assert (published.snapshot, published.history) == (snapshot(), HISTORY)
    with pytest.raises(redis.RedisError):
        restarted.look()


@pytest.mark.parametrize("spoilt", [b"", b'{"snapshot": 5}', b'{"\xff": 5}'])
def test_a_spoilt_file_is_as_if_there_were_none(last_good: Path, spoilt: bytes) -> None:
    last_good.parent.mkdir()
    last_good.write_bytes(spoilt)
    restarted = Store()

    restarted._load_file()

    assert restarted.current() is None


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
