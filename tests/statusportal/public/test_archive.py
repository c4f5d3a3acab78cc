"""Older months: handed out through a real Redis, kept as files, read without either's owner.

No test here may touch the database: a page that needed it would fail.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from django.conf import settings as real_settings
from django.test import Client

from statusportal.public import archive, shelf
from statusportal.public.shape import Archive, ArchivedMonth, Snapshot, version_of
from statusportal.public.shelf import Shelf
from statusportal.public.store import Store, connect, publish, store
from tests.statusportal.public import planned
from tests.statusportal.public.incidents import over
from tests.statusportal.public.reading import get, links, text_of
from tests.statusportal.public.snapshots import NOW, snapshot

YEAR = 365 * planned.DAY
OLD = over("IN-QLD234", "passport", started_at=NOW - YEAR, ended_at=NOW - YEAR + planned.HOUR)
WORK = planned.window(
    "MW-WRK234",
    "passport",
    starts_at=NOW - YEAR,
    ends_at=NOW - YEAR + planned.HOUR,
    state="completed",
    completed_at=NOW - YEAR + planned.HOUR,
)
NOVEMBER = Archive("2025-11", incidents=(OLD,), windows=(WORK,))
FIRST = ArchivedMonth("2025-11", "aaaa1111", incidents=1, windows=1)
SECOND = ArchivedMonth("2025-11", "bbbb2222", incidents=1, windows=1)


def with_months(*months: ArchivedMonth, live: tuple[Any, ...] = ()) -> Snapshot:
    """The small nation, all well, with these months told apart."""
    built = snapshot(built_at=NOW)
    truth = msgspec.structs.replace(built.truth, archive=months, incidents=live)
    return msgspec.structs.replace(built, truth=truth, version=version_of(truth))


def write(kept: Archive, month: ArchivedMonth) -> None:
    """The file of this month, as if this machine had fetched it."""
    shelf.put_file(month.month, month.version, msgspec.json.encode(kept))


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.LAST_GOOD_FILE = tmp_path / "last-good" / "snapshot.json"
    return tmp_path / "last-good" / "archive"


@pytest.fixture
def client_of_redis() -> Iterator[redis.Redis]:
    client = connect(real_settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


# --- handed out ---------------------------------------------------------------------------------


def test_a_month_that_was_handed_out_becomes_a_file_of_each_machine(
    client_of_redis: redis.Redis, folder: Path
) -> None:
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    reading = Shelf()

    reading.keep(client_of_redis, [FIRST])

    assert reading.read("2025-11") == NOVEMBER
    assert reading.month_of("IN-QLD234") == "2025-11"
    assert reading.month_of("MW-WRK234") == "2025-11"
    assert [path.name for path in folder.iterdir()] == ["2025-11.aaaa1111.json"]


def test_a_correction_takes_the_place_of_the_file_before(
    client_of_redis: redis.Redis, folder: Path
) -> None:
    reading = Shelf()
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    reading.keep(client_of_redis, [FIRST])
    assert reading.read("2025-11") == NOVEMBER
    corrected = Archive("2025-11", incidents=(OLD,))
    shelf.put(client_of_redis, corrected, SECOND.version)

    reading.keep(client_of_redis, [SECOND])

    assert reading.read("2025-11") == corrected
    assert reading.month_of("MW-WRK234") is None
    assert [path.name for path in folder.iterdir()] == ["2025-11.bbbb2222.json"]


def test_what_is_here_already_is_neither_fetched_nor_written_again(
    client_of_redis: redis.Redis, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    Shelf().keep(client_of_redis, [FIRST])
    (path,) = folder.iterdir()
    os.utime(path, (1, 1))
    asked: list[str] = []
    execute = redis.Redis.execute_command

    def noted(client: redis.Redis, *words: Any, **options: Any) -> Any:
        asked.append(str(words[0]))
        return execute(client, *words, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", noted)

    # Another process of this machine, and then every look of it.
    other = Shelf()
    for _look in range(3):
        other.keep(client_of_redis, [FIRST])

    assert other.read("2025-11") == NOVEMBER
    assert path.stat().st_mtime == 1
    assert not [name for name in asked if name.startswith("H")]


def test_a_new_machine_asks_for_a_few_months_at_a_time_the_newest_first(
    client_of_redis: redis.Redis,
) -> None:
    months = [ArchivedMonth(f"20{year}-11", "aaaa1111", 0) for year in range(11, 26)]
    for one in months:
        shelf.put(client_of_redis, Archive(one.month), one.version)
    reading = Shelf()

    reading.keep(client_of_redis, months)
    assert [one.month for one in months if reading.has(one.month)] == [
        f"20{year}-11" for year in range(14, 26)
    ]

    reading.keep(client_of_redis, months)
    assert all(reading.has(one.month) for one in months)


def test_the_month_before_its_correction_is_better_than_none(
    client_of_redis: redis.Redis,
) -> None:
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    reading = Shelf()
    reading.keep(client_of_redis, [FIRST])
    client_of_redis.flushdb()

    reading.keep(client_of_redis, [SECOND])

    assert reading.read("2025-11") == NOVEMBER
    restarted = Shelf()
    restarted.keep(None, [SECOND])
    assert restarted.read("2025-11") == NOVEMBER


def test_a_machine_without_room_tries_again_later_and_says_nothing_wrong(
    client_of_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    clock = [100.0]
    monkeypatch.setattr(shelf, "monotonic", lambda: clock[0])

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    reading = Shelf()
    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        reading.keep(client_of_redis, [FIRST])
    assert not reading.has("2025-11")

    reading.keep(client_of_redis, [FIRST])
    assert not reading.has("2025-11")

    clock[0] += 30
    reading.keep(client_of_redis, [FIRST])
    assert reading.read("2025-11") == NOVEMBER


def test_a_month_of_another_release_does_not_take_the_place_of_a_readable_one(
    client_of_redis: redis.Redis, folder: Path
) -> None:
    write(NOVEMBER, FIRST)
    strange = {"version": SECOND.version, "body": b'{"month":"2025-11","incidents":[{"ref":"A"}]}'}
    client_of_redis.hset("portal:archive:2025-11", mapping=strange)  # type: ignore[arg-type]
    client_of_redis.hset("portal:archive", "2025-11", SECOND.version)
    reading = Shelf()

    reading.keep(client_of_redis, [SECOND])

    assert reading.read("2025-11") == NOVEMBER
    assert [path.name for path in folder.iterdir()] == ["2025-11.aaaa1111.json"]


@pytest.mark.parametrize("spoilt", [b"", b'{"month": 5', b'{"incidents": 5}', b'{"\xff'])
def test_a_spoilt_file_is_fetched_anew(
    client_of_redis: redis.Redis, folder: Path, spoilt: bytes
) -> None:
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    write(NOVEMBER, FIRST)
    (folder / "2025-11.aaaa1111.json").write_bytes(spoilt)
    reading = Shelf()

    reading.keep(client_of_redis, [FIRST])

    assert reading.read("2025-11") == NOVEMBER


def test_a_file_that_was_taken_away_is_fetched_anew(
    client_of_redis: redis.Redis, folder: Path
) -> None:
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    reading = Shelf()
    reading.keep(client_of_redis, [FIRST])
    (folder / "2025-11.aaaa1111.json").unlink()

    assert reading.read("2025-11") is None

    reading.keep(client_of_redis, [FIRST])
    assert reading.read("2025-11") == NOVEMBER


def test_a_process_reads_what_another_one_of_its_machine_has_put_in_the_place() -> None:
    write(NOVEMBER, FIRST)
    reading = Shelf()
    reading.keep(None, [FIRST])
    corrected = Archive("2025-11", incidents=(OLD,))
    write(corrected, SECOND)

    assert reading.read("2025-11") == corrected

    reading.keep(None, [SECOND])
    assert reading.read("2025-11") == corrected
    assert reading.month_of("MW-WRK234") is None


def test_a_process_keeps_a_few_months_in_memory_and_forgets_the_longest_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    months = [ArchivedMonth(f"2025-0{number}", "aaaa1111", 0) for number in range(1, 6)]
    for one in months:
        write(Archive(one.month), one)
    reading = Shelf()
    reading.keep(None, months)
    monkeypatch.setattr(shelf, "_BYTES_IN_MEMORY", 3 * len(b'{"month":"2025-01"}'))

    for month in ("2025-01", "2025-02", "2025-03", "2025-01", "2025-04"):
        assert reading.read(month) == Archive(month)
    assert [month for month, _version in reading._read] == ["2025-03", "2025-01", "2025-04"]

    # A large one stays until another is read.
    monkeypatch.setattr(shelf, "_BYTES_IN_MEMORY", 1)
    reading.read("2025-05")
    assert [month for month, _version in reading._read] == ["2025-05"]


# --- as pages ask for it ------------------------------------------------------------------------


def test_the_months_are_those_of_the_snapshot() -> None:
    assert archive.months() == ()

    store.hold(with_months(FIRST))

    assert archive.months() == (FIRST,)


def test_what_cannot_be_read_is_told_from_what_is_not_there() -> None:
    store.hold(with_months(FIRST))
    assert archive.month("2025-11") is None
    assert archive.month("2025-10") == Archive("2025-10")
    assert archive.find("IN-QLD234") is None
    assert archive.is_out_of_reach("IN-QLD234") is True

    write(NOVEMBER, FIRST)
    store.hold(with_months(FIRST))
    assert archive.month("2025-11") == NOVEMBER
    assert archive.find("IN-QLD234") == OLD
    assert archive.find("MW-WRK234") == WORK
    assert archive.find("IN-QLD23") is None
    assert archive.is_out_of_reach("IN-QLD234") is False
    assert archive.is_out_of_reach("IN-QLD23") is False


def test_a_file_that_vanishes_leaves_its_notices_out_of_reach(folder: Path) -> None:
    write(NOVEMBER, FIRST)
    store.hold(with_months(FIRST))
    (folder / "2025-11.aaaa1111.json").unlink()

    assert archive.find("IN-QLD234") is None
    assert archive.is_out_of_reach("IN-QLD234") is True


def test_what_the_snapshot_holds_is_not_named_twice() -> None:
    write(NOVEMBER, FIRST)
    reopened = msgspec.structs.replace(OLD, resolved_at=None, phase="monitoring")
    store.hold(with_months(FIRST, live=(reopened,)))

    assert archive.month("2025-11") == Archive("2025-11", windows=(WORK,))
    assert archive.find("IN-QLD234") is None
    assert archive.is_out_of_reach("IN-QLD234") is False


def test_every_reader_takes_in_the_months_of_a_new_snapshot(
    client_of_redis: redis.Redis,
) -> None:
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    publish(client_of_redis, with_months(FIRST), None, "h1")
    reading = Store()

    reading.look()
    reading.keep_archive(client_of_redis)

    assert reading.shelf.read("2025-11") == NOVEMBER


def test_after_a_restart_without_redis_the_files_serve(
    client_of_redis: redis.Redis, settings: Any, tmp_path: Path
) -> None:
    shelf.put(client_of_redis, NOVEMBER, FIRST.version)
    publish(client_of_redis, with_months(FIRST), None, "h1")
    before = Store()
    before.look()
    before.keep_archive(client_of_redis)
    settings.REDIS_URL = f"unix://{tmp_path}/nobody-listens.sock?db=0"

    restarted = Store()
    restarted.start(lambda: NOW)

    assert restarted.shelf.read("2025-11") == NOVEMBER


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("at_one_o_clock")
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/ar/maintenance/MW-WRK234/", "تجديد جواز السفر"),
        ("/en/maintenance/MW-WRK234/", "Passport renewal"),
        ("/ar/incidents/IN-QLD234/", "تجديد جواز السفر"),
        ("/en/incidents/IN-QLD234/", "Passport renewal"),
    ],
)
def test_permalinks_of_a_year_ago_answer_from_files_alone(
    client: Client, path: str, says: str
) -> None:
    write(NOVEMBER, FIRST)
    store.hold(with_months(FIRST))

    response = get(client, path)

    assert response.status_code == 200
    assert says in text_of(response)


@pytest.mark.usefixtures("at_one_o_clock")
def test_small_letters_lead_to_the_permalink(client: Client) -> None:
    write(NOVEMBER, FIRST)
    store.hold(with_months(FIRST))

    response = get(client, "/en/maintenance/mw-wrk234/")

    assert (response.status_code, response["Location"]) == (302, "/en/maintenance/MW-WRK234/")


@pytest.mark.usefixtures("at_one_o_clock")
def test_a_window_on_what_is_hidden_today_has_no_page(client: Client) -> None:
    hidden = planned.window(
        "MW-HDN234", "secret", starts_at=NOW - YEAR, ends_at=NOW - YEAR + planned.HOUR
    )
    write(Archive("2025-11", windows=(hidden,)), FIRST)
    store.hold(with_months(FIRST))

    assert get(client, "/en/maintenance/MW-HDN234/").status_code == 404


@pytest.mark.usefixtures("at_one_o_clock")
def test_a_window_that_was_moved_leads_to_the_one_that_took_its_place(client: Client) -> None:
    moved = planned.window(
        "MW-MVD234",
        "passport",
        starts_at=NOW - YEAR,
        ends_at=NOW - YEAR + planned.HOUR,
        state="postponed",
        moved_to="MW-WRK234",
    )
    write(Archive("2025-11", windows=(moved, WORK)), FIRST)
    store.hold(with_months(FIRST))

    response = get(client, "/en/maintenance/MW-MVD234/")

    assert response.status_code == 200
    assert 'href="/en/maintenance/MW-WRK234/"' in response.content.decode()


@pytest.mark.usefixtures("at_one_o_clock")
@pytest.mark.parametrize("path", ["/ar/maintenance/MW-WRK234/", "/en/incidents/IN-QLD234/"])
def test_a_month_that_cannot_be_read_is_no_page_that_is_not_there(
    client: Client, path: str
) -> None:
    store.hold(with_months(FIRST))

    response = get(client, path)

    assert response.status_code == 503
    assert response["Cache-Control"] == "no-store"
    assert int(response["Retry-After"]) > 0


def test_a_month_is_plain_json_for_whoever_keeps_the_files(folder: Path) -> None:
    write(NOVEMBER, FIRST)

    kept = json.loads((folder / "2025-11.aaaa1111.json").read_text(encoding="utf-8"))

    assert kept["month"] == "2025-11"
    assert [one["ref"] for one in kept["incidents"]] == ["IN-QLD234"]
    assert [one["ref"] for one in kept["windows"]] == ["MW-WRK234"]


# --- the months of planned work -----------------------------------------------------------------


@pytest.mark.usefixtures("at_one_o_clock")
def test_the_view_by_month_goes_back_to_the_oldest_month(client: Client) -> None:
    write(NOVEMBER, FIRST)
    store.hold(with_months(FIRST))

    listed = get(client, "/en/maintenance/")
    month = get(client, "/en/maintenance/?month=2025-11")
    before = get(client, "/en/maintenance/?month=2025-10")

    assert "There is more; the view by month has all of it." in text_of(listed)
    assert "/en/maintenance/MW-WRK234/" in links(month)
    assert "?month=2025-12" in " ".join(links(month))
    assert "?month=2025-10" not in " ".join(links(month))
    assert "Nothing is known of that month" in text_of(before)


@pytest.mark.usefixtures("at_one_o_clock")
def test_work_over_the_end_of_a_month_stands_in_both_months(client: Client) -> None:
    # 23:00 to 01:00 in Bahrain.
    last_night = datetime(2025, 10, 31, 20, 0, tzinfo=UTC)
    work = planned.window(
        "MW-NGHT22",
        "passport",
        starts_at=last_night,
        ends_at=last_night + 2 * planned.HOUR,
        state="completed",
        completed_at=last_night + 2 * planned.HOUR,
    )
    october = ArchivedMonth("2025-10", "cccc3333", incidents=0, windows=1)
    write(Archive("2025-10", windows=(work,)), october)
    write(NOVEMBER, FIRST)
    store.hold(with_months(october, FIRST))

    for asked in ("2025-10", "2025-11"):
        month = get(client, f"/en/maintenance/?month={asked}")
        assert "/en/maintenance/MW-NGHT22/" in links(month)


@pytest.mark.usefixtures("at_one_o_clock")
def test_a_month_of_work_that_cannot_be_read_says_so(client: Client) -> None:
    store.hold(with_months(FIRST))

    response = get(client, "/en/maintenance/?month=2025-11")

    assert response.status_code == 200
    assert "Older work of this month cannot be read right now." in text_of(response)
    assert "None in this month." not in text_of(response)
