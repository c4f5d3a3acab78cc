"""When a process begins to tell what it has found. Pure: every process decides alike.

Two processes that each told at their own leisure would contradict each other for seconds
(docs/serving.md, "Editions").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from statusportal.public import reader
from statusportal.public.said import Said
from statusportal.public.store_parts import Handed, Published

# By then every process of this machine has looked, and has made what is asked for most.
_NOTICED_AFTER = timedelta(seconds=1.25)
# A large nation takes longer to read: at 10,000 services some tenths of a second.
_LONGER_FOR_EACH_SERVICE = timedelta(microseconds=50)
# So long before its time the next step is read: then its pages are ready. Not shorter than news
# take to be noticed, or a step that is nearer would be read after one that is farther.
_READ_AHEAD = timedelta(seconds=1.5)


@dataclass(frozen=True, slots=True)
class Showing:
    """What a process says: one snapshot with its history, as read at one instant."""

    published: Published
    said: Said


@dataclass(eq=False, slots=True)
class Turn:
    """What is shown from an instant on."""

    begins_at: datetime
    showing: Showing
    is_prepared: bool = False


class Waiting(NamedTuple):
    """Something that was found, and when it begins to be told."""

    begins_at: datetime
    published: Published
    # Told at its own time, not with a step.
    is_news: bool = False


def queued(found: Published, before: Published | None, now: datetime) -> Waiting:
    """When `found` begins to be told, after `before`.

    News, which is another truth: so soon after they were handed to readers that every process has
    noticed. The same, seen more lately or with other figures of past days: with the first step
    that nobody has read before noticing it. Where something was missed that was handed to readers
    in between, the others begin to tell that at its time, and so does this.
    """
    if before is None:
        return Waiting(now, found)
    handed = _since(found, before)
    noticed_after = _NOTICED_AFTER
    noticed_after += len(found.snapshot.truth.services) * _LONGER_FOR_EACH_SERVICE
    # Whose clock is ahead must not make us wait for it.
    noticed = [(min(one.at, now) + noticed_after, one.is_news) for one in handed]
    begins = min(at if is_news else _step_after(at + _READ_AHEAD) for at, is_news in noticed)
    is_news = any(one.is_news for one in handed)
    return Waiting(max(now, begins) if is_news else begins, found, is_news)


def _since(found: Published, before: Published) -> Sequence[Handed]:
    """What was handed to readers after `before`, up to `found`."""
    if found.handed and before.handed:
        since = [one for one in found.handed if one.at > before.handed[-1].at]
        if since:
            return since
    # A release before this one does not say; nor does the last-good file.
    is_news = found.snapshot.version != before.snapshot.version
    at = found.handed[-1].at if found.handed else found.snapshot.built_at
    return [Handed(at, is_news)]


def _step_after(at: datetime) -> datetime:
    step = reader.step(at)
    return step if step == at else step + reader.STEP


def next_turn(latest: Showing | None, waiting: Sequence[Waiting], now: datetime) -> Waiting | None:
    """What is to be read next, to be told from then on; None while the `latest` reading stands.

    `waiting` is in the order in which it begins.
    """
    if latest is None:
        return Waiting(now, waiting[-1].published) if waiting else None
    turns = [one.begins_at for one in waiting if one.is_news][:1]
    step = reader.step(now + _READ_AHEAD)
    if step != latest.said.now:
        turns.append(max(step, now))
    if not turns:
        return None
    turn = min(turns)
    begun = [one.published for one in waiting if one.begins_at <= turn]
    return Waiting(turn, begun[-1] if begun else latest.published)
