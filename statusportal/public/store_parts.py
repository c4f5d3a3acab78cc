"""The parts of what is published, as they travel: through Redis, and in the last-good file.

What holds now is small and new each second. It names its truth and its history by their versions;
those are handed on only when they are others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from statusportal.public.shape import History, RawHistory, Snapshot, Truth

# A snapshot from further ahead than clocks differ was built by a clock that was wrong: it must not
# keep out the right ones until its time has come.
_CLOCKS_DIFFER = timedelta(seconds=60)


class Handed(msgspec.Struct, frozen=True, array_like=True):
    """When a snapshot was handed to readers, and whether its truth was another than before."""

    at: datetime
    is_news: bool


class Present(msgspec.Struct, frozen=True, omit_defaults=True):
    """The small, ever-changing part: which truth, how fresh."""

    version: str
    history_version: str
    built_at: datetime
    observed: dict[int, tuple[datetime | None, ...]]
    # This snapshot's and those of the last seconds before it, newest last: who missed them has to
    # speak when the others do.
    handed: tuple[Handed, ...] = ()


class VersionedTruth(msgspec.Struct, frozen=True):
    """The truth under the version that a `Present` calls it by."""

    version: str
    truth: Truth


class VersionedHistory(msgspec.Struct, frozen=True):
    """The history likewise."""

    version: str
    history: History


class RawVersionedHistory(msgspec.Struct, frozen=True):
    """The same, each service's part not read yet."""

    version: str
    history: RawHistory


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot with the history that belongs to it."""

    snapshot: Snapshot
    history: History
    history_version: str
    handed: tuple[Handed, ...] = ()


def present_of(
    snapshot: Snapshot, history_version: str, handed: tuple[Handed, ...] = ()
) -> Present:
    """What holds now, without the truth and the history that it names."""
    return Present(snapshot.version, history_version, snapshot.built_at, snapshot.observed, handed)


def snapshot_of(present: Present, truth: Truth) -> Snapshot:
    """The whole again; `truth` is the one of this version."""
    return Snapshot(truth, present.built_at, present.observed, present.version)


def is_newer(held_at: datetime, built_at: datetime, now: datetime | None) -> bool:
    """Whether the one built at `built_at` replaces the one held: none older, but for the future."""
    if built_at > held_at:
        return True
    return now is not None and built_at < held_at and held_at > now + _CLOCKS_DIFFER
