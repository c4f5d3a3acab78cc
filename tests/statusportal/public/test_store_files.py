"""The last-good file: what is written when, and that what is read was true together."""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core.bilingual import Bilingual
from statusportal import backup
from statusportal.public import shelf, store_files
from statusportal.public.shape import (
    AgencyFact,
    DayFact,
    History,
    ServiceHistory,
    Snapshot,
    Truth,
    version_of,
)
from statusportal.public.store_files import LastGood, copy_into
from statusportal.public.store_parts import Published

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def published(name: str = "A", *, at_s: float = 0, history: str = "h1") -> Published:
    """The observations are of the instant at which it was built, so that no other truth fits."""
    at = NOW + at_s * SECOND
    truth = Truth(agencies=(AgencyFact("MOI", Bilingual(name, name)),), locations=("main",))
    day = DayFact(date(2026, 11, 1), int(history[1:]), 0, 0, 0, 0, 0)
    return Published(
        Snapshot(truth, at, {7: (at,)}, version_of(truth)),
        History((ServiceHistory("a", (day,), 9999),)),
        history,
    )


@pytest.fixture
def path(settings: Any, tmp_path: Path) -> Path:
    settings.LAST_GOOD_FILE = tmp_path / "deep" / "snapshot.json"
    return tmp_path / "deep" / "snapshot.json"


def written(path: Path) -> dict[str, int]:
    """now, truth and history → which file it is: another number, another file."""
    found = {}
    for file in path.parent.glob("snapshot*.json"):
        kind = file.name.split(".")[1] if file != path else "now"
        assert kind not in found
        found[kind] = file.stat().st_ino
    return found


def aged(path: Path, kind: str, seconds: float) -> None:
    """As if the truth or the history had been written so long ago."""
    (file,) = path.parent.glob(f"snapshot.{kind}.*")
    then = file.stat().st_mtime - seconds
    os.utime(file, (then, then))


def rests(monkeypatch: pytest.MonkeyPatch, path: Path, kind: str, seconds: float) -> None:
    """As large as this nation's part is, it is not written again for so long."""
    (file,) = path.parent.glob(f"snapshot.{kind}.*")
    monkeypatch.setattr(store_files, "_BYTES_PER_S", file.stat().st_size / seconds)


# --- what is read -------------------------------------------------------------------------------


def test_another_process_reads_what_was_kept(path: Path) -> None:
    LastGood().keep(published("A", history="h3"))

    assert LastGood().read() == published("A", history="h3")
    assert set(written(path)) == {"now", "truth", "history"}


def test_where_nothing_was_kept_nothing_is_read_and_nobody_is_alarmed(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert LastGood().read() is None
    assert caplog.records == []


@pytest.mark.parametrize("spoilt", [b"", b'{"snapshot": 5}', b'{"\xff": 5}'])
@pytest.mark.parametrize("kind", ["now", "truth"])
def test_what_is_spoilt_is_as_if_there_were_none(path: Path, kind: str, spoilt: bytes) -> None:
    LastGood().keep(published())
    (file,) = path.parent.glob("snapshot.json" if kind == "now" else "snapshot.truth.*")
    file.write_bytes(spoilt)

    assert LastGood().read() is None


def test_a_truth_of_another_version_is_not_believed(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    LastGood().keep(published("A"))
    (truth,) = path.parent.glob("snapshot.truth.*")
    truth.write_bytes(truth.read_bytes().replace(b'"version":"', b'"version":"x'))

    assert LastGood().read() is None
    assert "names another truth" in caplog.text


def test_a_truth_that_is_not_there_is_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    LastGood().keep(published())
    next(path.parent.glob("snapshot.truth.*")).unlink()

    assert LastGood().read() is None
    assert "names one that is not there" in caplog.text


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"version":"h2","history":{"services":[]}}'])
def test_without_its_history_the_page_goes_on_without_bars(path: Path, body: bytes | None) -> None:
    LastGood().keep(published())
    (history,) = path.parent.glob("snapshot.history.*")
    history.unlink() if body is None else history.write_bytes(body)

    found = LastGood().read()

    assert found is not None
    # No version: Redis is asked for the history as soon as it answers.
    assert (found.history, found.history_version) == (History(), "")
    assert found.snapshot == published().snapshot


def test_who_reads_while_another_writes_reads_the_newer(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LastGood().keep(published("A"))
    newer = [published("B", at_s=1, history="h2")]
    part = store_files._part

    def overtaken(*wanted: Any) -> Path:
        # Between its reading of the first file and of those that this one names.
        if newer:
            LastGood().keep(newer.pop(), at_once=True)
        return part(*wanted)

    monkeypatch.setattr(store_files, "_part", overtaken)

    assert LastGood().read() == published("B", at_s=1, history="h2")


# --- when it is written -------------------------------------------------------------------------

FIRST = published("A", history="h1")


@pytest.mark.parametrize(
    ("found", "at_once", "anew"),
    [
        (published("A", at_s=4.9), False, set()),
        (published("A", at_s=5), False, {"now"}),
        (published("A", at_s=4.9), True, {"now"}),
        # A small nation's truth and history cost nothing.
        (published("B", at_s=0.3), False, {"now", "truth"}),
        (published("B", at_s=0.3, history="h2"), False, {"now", "truth", "history"}),
        (published("A", at_s=5, history="h2"), False, {"now", "history"}),
        # An older one is never written over a newer one, whoever comes with it.
        (published("B", at_s=-1), False, set()),
        (published("B", at_s=-1), True, set()),
        (published("A", at_s=0), True, set()),
        # But for its history, which was not there in time.
        (published("A", at_s=0, history="h2"), True, {"now", "history"}),
    ],
)
def test_what_is_written_anew(path: Path, found: Published, at_once: bool, anew: set[str]) -> None:
    LastGood().keep(FIRST)
    before = written(path)
    for kind in ("truth", "history"):
        aged(path, kind, 1)

    LastGood().keep(found, at_once=at_once)

    after = written(path)
    assert {kind for kind in after if after[kind] != before[kind]} == anew
    assert LastGood().read() == (found if anew else FIRST)


@pytest.mark.parametrize(
    ("age_s", "at_once", "is_written"),
    [(9.5, False, False), (10.5, False, True), (0, True, True), (-3600, False, True)],
)
def test_a_large_truth_is_written_as_seldom_as_it_is_large(
    path: Path, monkeypatch: pytest.MonkeyPatch, age_s: float, at_once: bool, is_written: bool
) -> None:
    LastGood().keep(FIRST)
    rests(monkeypatch, path, "truth", 10)
    aged(path, "truth", age_s)
    found = published("B", at_s=60)

    LastGood().keep(found, at_once=at_once)

    # Never the newer observations beside the older truth.
    assert LastGood().read() == (found if is_written else FIRST)


@pytest.mark.parametrize(
    ("age_s", "at_once", "version"),
    [(9.5, False, "h1"), (10.5, False, "h2"), (0, True, "h2")],
)
def test_a_large_history_is_that_of_a_moment_ago_and_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch, age_s: float, at_once: bool, version: str
) -> None:
    LastGood().keep(FIRST)
    rests(monkeypatch, path, "history", 10)
    aged(path, "history", age_s)
    ours = LastGood()

    ours.keep(published("A", at_s=60, history="h2"), at_once=at_once)

    assert LastGood().read() == published("A", at_s=60, history=version)
    # As soon as Redis is silent, all of it is there, though nothing newer came.
    found = published("A", at_s=60, history="h2")
    ours.keep(found, at_once=True)
    assert LastGood().read() == found


def test_a_file_from_the_future_gives_way(path: Path) -> None:
    LastGood().keep(published("A", at_s=3600))

    LastGood().keep(published("B"))
    assert LastGood().read() == published("A", at_s=3600)

    LastGood().keep(published("B"), now=NOW)
    assert LastGood().read() == published("B")


def test_one_process_writes_for_all_of_a_machine(path: Path) -> None:
    one, other = LastGood(), LastGood()
    one.keep(published("A"))
    before = written(path)

    other.keep(published("A"))
    other.keep(published("A", at_s=1))

    assert written(path) == before


def test_nobody_waits_for_another_who_is_writing(path: Path) -> None:
    ours = LastGood()
    ours.keep(FIRST)
    with (path.parent / ".snapshot.json.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours.keep(published("B", at_s=9), at_once=True)
        assert LastGood().read() == FIRST

    ours.keep(published("B", at_s=9), at_once=True)
    assert LastGood().read() == published("B", at_s=9)


def test_what_is_named_no_more_goes_and_so_does_what_the_killed_left(path: Path) -> None:
    LastGood().keep(published("A"))
    left = path.parent / ".snapshot.truth.0123456789abcdef.json.h4x_k1"
    orphan = path.parent / "snapshot.history.0123456789abcdef.json"
    month = path.parent / "archive" / "2026-10.1.json"
    month.parent.mkdir()
    for file in (left, orphan, month):
        file.write_bytes(b"half")

    LastGood().keep(published("B", at_s=9, history="h2"), at_once=True)

    assert (left.exists(), orphan.exists(), month.exists()) == (False, False, True)
    assert len(list(path.parent.glob("snapshot*"))) == 3


def test_a_full_disk_is_logged_and_asked_again_later(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(store_files, "monotonic", lambda: clock[0])
    ours = LastGood()
    ours.keep(FIRST)
    found = published("B", at_s=9, history="h2")

    with monkeypatch.context() as full:
        full.setattr(store_files, "write_whole", _no_space)
        ours.keep(found, at_once=True)
        ours.keep(found, at_once=True)
    assert [one.levelno for one in caplog.records] == [logging.ERROR]
    assert LastGood().read() == FIRST

    ours.keep(found, at_once=True)
    assert LastGood().read() == FIRST
    clock[0] += 5
    ours.keep(found, at_once=True)
    assert LastGood().read() == found


def _no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_minute_of_flips_wears_the_disk_no_more_than_was_promised(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three processes that each see another truth every second, and another history each tenth."""
    clock = [1_800_000_000.0]
    seen: list[str] = []

    def noted(file: Path, body: bytes) -> None:
        shelf.write_whole(file, body)
        os.utime(file, (clock[0], clock[0]))
        seen.append(file.name.split(".")[1] if file.name != "snapshot.json" else "now")

    monkeypatch.setattr(store_files, "time", lambda: clock[0])
    monkeypatch.setattr(store_files, "monotonic", lambda: clock[0])
    monkeypatch.setattr(store_files, "write_whole", noted)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    processes = [LastGood() for _ in range(3)]
    processes[0].keep(published("A", at_s=-1, history="h0"))
    # The truth rests for 8 seconds then, and the history, which is larger, for some more.
    rests(monkeypatch, path, "truth", 8)
    seen.clear()

    for second in range(60):
        clock[0] += 1
        found = published(f"{second % 10}", at_s=second, history=f"h{second // 10}")
        for process in processes:
            process.keep(found)

    assert (seen.count("truth"), seen.count("now"), seen.count("history")) == (7, 7, 3)


# --- whatever happens ---------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),  # which process
        st.sampled_from("AB"),
        st.integers(1, 3),  # which history
        st.sampled_from([0.0, 1.0, 6.0, 100.0]),  # seconds since the last step
        st.booleans(),  # at once
        st.sampled_from([None, None, 0, 1, 2]),  # the disk fails at this write
    ),
    max_size=12,
)


@given(STEPS)
@examples(max_examples=60)
def test_what_is_read_was_true_together_and_never_goes_back(
    steps: list[tuple[int, str, int, float, bool, int | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr("django.conf.settings.LAST_GOOD_FILE", Path(folder) / "snapshot.json")
        clock = [0.0]
        patched.setattr(os, "fsync", lambda _descriptor: None)
        patched.setattr(store_files, "monotonic", lambda: clock[0])
        patched.setattr(store_files, "_BYTES_PER_S", 20.0)
        processes = [LastGood(), LastGood()]
        last_at = NOW - SECOND
        for number, name, history, seconds, at_once, fails_at in steps:
            clock[0] += seconds
            found = published(name, at_s=clock[0], history=f"h{history}")
            with pytest.MonkeyPatch.context() as disk:
                if fails_at is not None:
                    disk.setattr(store_files, "write_whole", _failing(fails_at))
                processes[number].keep(found, at_once=at_once)

            read = LastGood().read()

            if read is None:
                continue
            at = read.snapshot.built_at
            (agency,) = read.snapshot.truth.agencies
            whole = published(
                agency.name.en, at_s=(at - NOW).total_seconds(), history=read.history_version
            )
            assert read == whole
            assert at >= last_at
            last_at = at


def _failing(at: int) -> Any:
    left = [at]

    def write(path: Path, body: bytes) -> None:
        if left[0] == 0:
            _no_space()
        left[0] -= 1
        shelf.write_whole(path, body)

    return write


# --- copies -------------------------------------------------------------------------------------


def test_a_copy_is_of_one_moment_though_the_portal_goes_on(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    LastGood().keep(published("A"))
    newer = [published("B", at_s=1, history="h2")]
    part = store_files._part

    def overtaken(*wanted: Any) -> Path:
        if newer:
            LastGood().keep(newer.pop(), at_once=True)
        return part(*wanted)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(store_files, "_part", overtaken)
        copies = copy_into(elsewhere)

    assert sorted(elsewhere.iterdir()) == sorted(copies)
    assert len(copies) == 3
    settings.LAST_GOOD_FILE = elsewhere / "snapshot.json"
    assert LastGood().read() == published("B", at_s=1, history="h2")


def test_a_copy_of_nothing_is_nothing_and_what_nobody_can_read_is_copied_as_it_is(
    path: Path, tmp_path: Path
) -> None:
    assert copy_into(tmp_path) == []

    path.parent.mkdir()
    path.write_bytes(b"what was said last")

    assert [copy.read_bytes() for copy in copy_into(tmp_path)] == [b"what was said last"]


def test_a_back_up_has_the_files_of_one_moment_and_the_months_beside_them(
    path: Path, tmp_path: Path
) -> None:
    LastGood().keep(published("A"))
    (path.parent / "archive").mkdir()
    (path.parent / "archive" / "2026-10.1.json").write_text("October")
    (path.parent / "archive" / ".2026-10.2.json.h4x_k1").write_text("half")

    members = backup._published(tmp_path)

    named = {f"published/{file.name}" for file in path.parent.glob("snapshot*.json")}
    assert set(members) == named | {"published/archive/2026-10.1.json"}
    # Whatever the portal writes now, what is packed stays what it was.
    LastGood().keep(published("B", at_s=1), at_once=True)
    assert members["published/snapshot.json"].parent == tmp_path / "published"
    assert [member for member in members.values() if not member.is_file()] == []


def test_what_names_is_as_small_as_it_can_be(path: Path) -> None:
    LastGood().keep(published("A"))

    assert set(msgspec.json.decode(path.read_bytes())) == {
        "version",
        "history_version",
        "built_at",
        "observed",
    }
