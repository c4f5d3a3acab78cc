"""The last-good file: what a process says that starts while Redis is silent (docs/serving.md).

Three files, as in Redis: what holds now, and beside it the truth and the history that it names,
each under its version. So what changes each second is small, and what is large is written when it
is another one, in peace. A `now` is only ever written with its own truth: an older truth beside
newer observations would claim to have been seen when it was not.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, time

import msgspec
from django.conf import settings

from statusportal.public.shape import History
from statusportal.public.shelf import write_whole
from statusportal.public.store_parts import (
    Present,
    Published,
    RawVersionedHistory,
    VersionedHistory,
    VersionedTruth,
    is_newer,
    present_of,
    snapshot_of,
)

logger = logging.getLogger(__name__)

# The same truth, seen more lately: the file only has to be good after a restart.
_EVERY = timedelta(seconds=5)
# What a truth and a history may each wear the disk with in the long run: a small nation's is
# written at once, and a hundred times as much a hundred times as seldom.
_BYTES_PER_S = 2**20
_AFTER_FAILURE_S = 5.0
# Another process may put newer files in the place of those that we are reading.
_ATTEMPTS = 3


class _Named(msgspec.Struct, frozen=True):
    """A `Present` as far as its name goes."""

    version: str
    history_version: str
    built_at: datetime


class LastGood:
    """The files as one process reads and writes them; all processes of a machine share them."""

    def __init__(self) -> None:
        self._kept: Published | None = None
        # Until when nothing of this version is written again, and until when nothing at all is.
        self._rest: tuple[str, float] = "", 0.0
        self._failed_until = 0.0

    def read(self) -> Published | None:
        """What was kept last, or None where there is nothing that can be read."""
        path = _path()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                found = _read(path, is_last_attempt=attempt == _ATTEMPTS)
            except FileNotFoundError as missing:
                if attempt == _ATTEMPTS and missing.filename != str(path):
                    logger.exception("The last-good file names one that is not there.")
            except (OSError, ValueError):
                logger.exception("The last-good file cannot be read.")
                return None
            else:
                self._kept = found
                return found
        return None

    def keep(
        self, published: Published, *, now: datetime | None = None, at_once: bool = False
    ) -> None:
        """Write what is another, unless it is too soon again; `at_once`: too soon or not.

        `now` tells files from the future, which give way to any other. A disk that takes nothing
        is logged, and asked again later.
        """
        if published is self._kept or monotonic() < self._failed_until:
            return
        version, rests_until = self._rest
        if not at_once and version == published.snapshot.version and monotonic() < rests_until:
            return
        path = _path()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(path) as is_ours:
                if is_ours:
                    self._write(path, published, now, at_once=at_once)
        except OSError:
            # A full disk must not stop the news.
            logger.exception("The last-good file cannot be written.")
            self._failed_until = monotonic() + _AFTER_FAILURE_S

    def _write(
        self, path: Path, published: Published, now: datetime | None, *, at_once: bool
    ) -> None:
        snapshot, history_version = published.snapshot, published.history_version
        there = _named(path)
        if there is not None and not all(part.exists() for part in _parts(path, there)):
            there = None
        if there is not None and not is_newer(there.built_at, snapshot.built_at, now):
            is_same = there.built_at == snapshot.built_at
            if not is_same or there.history_version == history_version:
                # Another process of this machine was faster.
                self._kept = published
                return
        if there is not None and not at_once:
            rest_s = _rest_s(path, there, published)
            if rest_s > 0:
                self._rest = snapshot.version, monotonic() + rest_s
                return
        history = _part(path, "history", history_version)
        if not history.exists():
            if there is not None and not at_once and _is_resting(path, there.history_version):
                # The figures of a moment ago, whole, and named as what they are.
                history_version = there.history_version
            else:
                write_whole(history, _encoded_history(published))
        truth = _part(path, "truth", snapshot.version)
        if not truth.exists():
            body = msgspec.json.encode(VersionedTruth(snapshot.version, snapshot.truth))
            write_whole(truth, body)
        # Last: a file that names others comes after them, and takes its place in one step.
        write_whole(path, msgspec.json.encode(present_of(snapshot, history_version)))
        _remove_others(path, keep={truth, _part(path, "history", history_version)})
        self._kept = published if history_version == published.history_version else None
        self._rest = snapshot.version, monotonic() + _EVERY.total_seconds()


def copy_into(folder: Path) -> list[Path]:
    """Copy the files of one moment, which belong together, into `folder`: their new paths.

    None where there are none. Raises OSError.
    """
    path = _path()
    for _attempt in range(_ATTEMPTS):
        copies: list[Path] = []
        # The first one tells which the others are; a newer one may come in its place meanwhile.
        with suppress(FileNotFoundError):
            copies = [shutil.copyfile(path, folder / path.name)]
            named = _named(copies[0])
            parts = _parts(path, named) if named is not None else ()
            copies += [shutil.copyfile(part, folder / part.name) for part in parts]
            return copies
        for copy in copies:
            copy.unlink()
    return []


# --- when ---------------------------------------------------------------------------------------


def _rest_s(path: Path, there: _Named, published: Published) -> float:
    """For how many seconds what is `there` is good enough."""
    if there.version != published.snapshot.version:
        return _resting_s(_part(path, "truth", there.version))
    since = published.snapshot.built_at - there.built_at
    # In the other order it is from the future.
    return (_EVERY - since).total_seconds() if since >= timedelta() else 0.0


def _is_resting(path: Path, history_version: str) -> bool:
    return _resting_s(_part(path, "history", history_version)) > 0


def _resting_s(part: Path) -> float:
    """For how many seconds a part that was written like this one is not written again."""
    facts = part.stat()
    age_s = time() - facts.st_mtime
    # A clock that was set back must not make us wait for it.
    return facts.st_size / _BYTES_PER_S - age_s if age_s >= 0 else 0.0


# --- which --------------------------------------------------------------------------------------


def _path() -> Path:
    return Path(settings.LAST_GOOD_FILE)


def _part(path: Path, kind: str, version: str) -> Path:
    # Versions may hold what file names may not.
    digest = hashlib.sha256(version.encode()).hexdigest()[:16]
    return path.with_name(f"{path.stem}.{kind}.{digest}.json")


def _named(path: Path) -> _Named | None:
    """What the file at `path` is, or None where it cannot be told."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Named)
    except (FileNotFoundError, ValueError):
        return None


def _parts(path: Path, named: _Named) -> tuple[Path, Path]:
    return _part(path, "truth", named.version), _part(path, "history", named.history_version)


def _remove_others(path: Path, *, keep: set[Path]) -> None:
    """What is named no more, and what those left who were killed while they wrote."""
    for pattern in (f"{path.stem}.truth.*", f"{path.stem}.history.*", f".{path.stem}.*"):
        for other in path.parent.glob(pattern):
            if other not in keep and other != _lock(path):
                other.unlink(missing_ok=True)


def _lock(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether no other process of this machine writes now. Who dies lets go."""
    descriptor = os.open(_lock(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


# --- what ---------------------------------------------------------------------------------------


def _encoded_history(published: Published) -> bytes:
    return msgspec.json.encode(VersionedHistory(published.history_version, published.history))


def _read(path: Path, *, is_last_attempt: bool) -> Published:
    """The files together. Raises OSError, FileNotFoundError for a missing one, and ValueError."""
    present = msgspec.json.decode(path.read_bytes(), type=Present)
    truth = msgspec.json.decode(
        _part(path, "truth", present.version).read_bytes(), type=VersionedTruth
    )
    if truth.version != present.version:
        raise ValueError(f"it names another truth, {present.version}")
    history, history_version = _read_history(path, present, is_last_attempt=is_last_attempt)
    return Published(snapshot_of(present, truth.truth), history, history_version)


def _read_history(path: Path, present: Present, *, is_last_attempt: bool) -> tuple[History, str]:
    """The history that `present` names, with its version; none, rather than that of another."""
    part = _part(path, "history", present.history_version)
    try:
        found = msgspec.json.decode(part.read_bytes(), type=RawVersionedHistory)
        if found.version == present.history_version:
            return found.history.read(), found.version
        logger.error("The last-good history is of another version.")
    except FileNotFoundError:
        if not is_last_attempt:
            raise
        logger.exception("The last-good history is not there.")
    except ValueError:
        # Bars are worth less than the page.
        logger.exception("The last-good history cannot be read.")
    return History(), ""
