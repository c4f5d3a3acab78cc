"""When a process begins to tell what it has found, and what all that do so tell together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import chain, cycle, repeat
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.bilingual import Bilingual
from statusportal.public import reader, store
from statusportal.public.said import Said
from statusportal.public.shape import (
    AgencyFact,
    History,
    ServiceFact,
    Snapshot,
    Truth,
)
from statusportal.public.store import Store
from statusportal.public.store_parts import Handed, Published
from statusportal.public.turns import Showing, Waiting, next_turn, queued
from tests.statusportal.public.one_agency import HISTORY, NOW, snapshot

SECOND = timedelta(seconds=1)
SERVICE = ServiceFact(
    id="a",
    slug="a",
    name=Bilingual("خدمة", "Service"),
    agency="MOI",
    tier=1,
    visibility="public",
)


def found(
    version: str = "v1",
    *,
    built_s: float = 0,
    history: str = "h1",
    handed: Sequence[tuple[float, bool]] = (),
    services: int = 0,
) -> Published:
    truth = Truth(
        agencies=(AgencyFact("MOI", Bilingual("وزارة", "Ministry")),),
        services=(SERVICE,) * services,
    )
    snapshot = Snapshot(truth, NOW + built_s * SECOND, {}, version)
    told = tuple(Handed(NOW + at_s * SECOND, is_news) for at_s, is_news in handed)
    return Published(snapshot, History(), history, told)


BEFORE = (0.1, True)


@pytest.mark.parametrize(
    ("published", "now_s", "begins_s"),
    [
        # Another truth: so soon after it was handed to readers that all have noticed.
        (found("v2", built_s=1), 1.1, 2.25),
        (found("v2", built_s=1, handed=[BEFORE, (1.5, True)]), 1.6, 2.75),
        # Who missed the first snapshot of it begins with the others all the same.
        (found("v2", built_s=2, handed=[BEFORE, (1.5, True), (2.1, False)]), 2.2, 2.75),
        (found(built_s=2, handed=[BEFORE, (1.5, True), (2.1, True)]), 2.2, 2.75),
        # Found too late for that: at once.
        (found("v2", built_s=1), 4, 4),
        # A large nation takes longer to read.
        (found("v2", built_s=1, services=2000), 1.1, 2.35),
        # Built by a clock that is ahead of ours.
        (found("v2", built_s=60), 1, 2.25),
        (found("v2", built_s=60, handed=[(61, True)]), 1, 2.25),
        # The same seen more lately: with the first step that nobody read before noticing it.
        (found(built_s=1), 1.1, 5),
        (found(built_s=2.25), 2.3, 5),
        (found(built_s=2.26), 2.3, 10),
        (found(built_s=1, handed=[BEFORE, (2.3, False)]), 2.4, 10),
        (found(built_s=60), 1, 5),
        # Who missed one that the others tell with the step before.
        (found(built_s=3, handed=[BEFORE, (2, False), (3, False)]), 3.1, 5),
        # Other figures of past days wait for the step, too.
        (found(built_s=1, history="h2"), 1.1, 5),
    ],
)
def test_when_what_was_found_begins_to_be_told(
    published: Published, now_s: float, begins_s: float
) -> None:
    told = queued(published, found(handed=[BEFORE]), NOW + now_s * SECOND)

    assert (told.begins_at - NOW).total_seconds() == pytest.approx(begins_s)
    # Who has nothing yet says what there is.
    assert queued(published, None, NOW).begins_at == NOW


NEWS, FRESHER = found("v2", built_s=1), found(built_s=1)


@pytest.mark.parametrize(
    ("found_", "now_s", "turn"),
    [
        # Nothing new: with each step a little older, read a second and a half ahead.
        ([], 3.4, None),
        ([], 3.5, (5, found())),
        ([], 6, (6, found())),
        # The clock was set back.
        ([], -3600, (-3600, found())),
        # The same seen more lately waits for its step.
        ([(5, FRESHER)], 3.4, None),
        ([(5, FRESHER)], 3.5, (5, FRESHER)),
        ([(10, FRESHER)], 3.5, (5, found())),
        # News are read when they are found.
        ([(2.25, NEWS)], 1.1, (2.25, NEWS)),
        ([(2.25, NEWS), (5, found("v2", built_s=2))], 1.1, (2.25, NEWS)),
        # The step before the news is told without them, the one after with them.
        ([(5.5, NEWS)], 4, (5, found())),
        ([(4.8, NEWS)], 4, (4.8, NEWS)),
        # What is older than the news comes with them.
        ([(2, FRESHER), (2.25, NEWS)], 1.1, (2.25, NEWS)),
    ],
)
def test_what_is_read_next(
    found_: list[tuple[float, Published]], now_s: float, turn: tuple[float, Published] | None
) -> None:
    latest = Showing(found(), reader.read(found().snapshot, NOW))
    told = [
        Waiting(NOW + at * SECOND, published, published.snapshot.version != "v1")
        for at, published in found_
    ]

    assert next_turn(latest, told, NOW + now_s * SECOND) == (
        None if turn is None else Waiting(NOW + turn[0] * SECOND, turn[1])
    )


def test_who_has_nothing_yet_reads_the_newest_at_once() -> None:
    told = [Waiting(NOW, found()), Waiting(NOW + SECOND, NEWS, is_news=True)]

    assert next_turn(None, told, NOW) == Waiting(NOW, NEWS)
    assert next_turn(None, [], NOW) is None


# --- a process ----------------------------------------------------------------------------------


def published(
    name: str = "وزارة", *, at: datetime = NOW, handed: tuple[Handed, ...] = ()
) -> Published:
    return Published(snapshot(name, at=at), HISTORY, "h1", handed)


class Followed:
    """A store in a process that follows, without the thread: the test is the thread."""

    def __init__(self) -> None:
        self.now = NOW
        self.prepared: list[datetime] = []
        self.went_on: list[bool] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.store = Store()
        self.store._clock = lambda: self.now

    def find(self, found: Published | None = None) -> None:
        """Look, find this or nothing new, and prepare what comes."""
        if found is not None:
            self.store._found = found
        self.store._cost_s = 0.0
        self.store._read_next(self.now)
        self.store._prepare_next(lambda: self.now, self._prepare)

    def _prepare(self, coming: Showing, go_on: Callable[[], bool]) -> None:
        self.prepared.append(coming.published.snapshot.built_at)
        self.went_on.append(go_on())
        self.meanwhile()
        self.went_on.append(go_on())

    def told(self) -> datetime:
        said = self.store.said(reader.step(self.now))
        current = self.store.current()
        assert said is not None
        assert current is not None
        # Both are of one snapshot, whatever is found meanwhile.
        assert current.snapshot.built_at == said.built_at
        return said.built_at


def test_news_are_told_to_all_at_one_moment_and_are_prepared_before() -> None:
    process = Followed()
    process.find(published())
    assert process.told() == NOW

    process.now += 0.2 * SECOND
    process.find(published("x", at=NOW + 0.1 * SECOND))
    assert process.prepared == [NOW + 0.1 * SECOND]
    assert process.told() == NOW
    assert process.store.stands_until == (NOW + 1.35 * SECOND).timestamp()

    process.now = NOW + 1.35 * SECOND
    assert process.told() == NOW + 0.1 * SECOND


def test_news_upon_news_never_put_off_what_has_waited() -> None:
    process = Followed()
    process.find(published())
    for n in range(1, 40):
        process.now = NOW + n * 0.1 * SECOND
        process.find(published(f"x{n}", at=process.now))
        assert process.now - process.told() <= 1.5 * SECOND


def test_without_a_thread_that_reads_requests_read_for_themselves() -> None:
    process = Followed()
    process.find(published())

    process.now = NOW + 10 * SECOND
    said = process.store.said(process.now)
    assert said is not None
    assert said.now == NOW

    process.now = NOW + 15 * SECOND
    said = process.store.said(process.now)
    assert said is not None
    assert said.now == NOW + 15 * SECOND


def test_what_takes_too_long_to_prepare_is_told_on_time_all_the_same() -> None:
    """Another process was faster: its readers would be told what these are not."""
    process = Followed()
    process.find(published())

    def linger() -> None:
        process.now = NOW + 2.25 * SECOND
        assert process.told() == NOW + SECOND

    process.meanwhile = linger
    process.now = NOW + 1.5 * SECOND
    process.find(published("x", at=NOW + SECOND))

    assert process.went_on == [True, False]
    assert process.told() == NOW + SECOND


def test_what_took_too_long_to_read_never_takes_the_place_of_what_requests_read() -> None:
    process = Followed()
    process.find(published())

    class Slow(reader.Reader):
        def read(self, snapshot: Snapshot, now: datetime) -> Said:
            process.store._reader = reader.Reader()
            process.now = NOW + 20 * SECOND
            process.store._found = published("y", at=NOW + 19 * SECOND)
            assert process.told() == NOW + 19 * SECOND
            return super().read(snapshot, now)

    process.store._reader = Slow()
    process.find(published("x", at=NOW + SECOND))

    assert process.told() == NOW + 19 * SECOND
    assert process.prepared == []


def test_news_interrupt_what_is_prepared_for_a_mere_step(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Followed()
    process.find(published())
    process.now = NOW + 3.5 * SECOND
    monkeypatch.setattr(store, "_LOOK_EVERY_S", 0)
    found = [published("x", at=NOW + 3.6 * SECOND)]
    # The first time there is nothing new yet.
    looks = chain([[]], repeat(found))

    def look(now: datetime) -> None:
        for one in next(looks):
            process.store._found = one
        process.store._cost_s = 0.0

    monkeypatch.setattr(process.store, "_look_if_it_answers", look)
    process.find()
    assert process.went_on == [True, False]

    # What they overtook is never told: the step comes with the news.
    process.find()
    process.now = NOW + 4.85 * SECOND
    assert process.told() == NOW + 3.6 * SECOND


class Event(NamedTuple):
    """One publication: how long after the one before, and whether it is news."""

    after_s: float
    is_news: bool


@given(
    publications=st.lists(
        st.builds(Event, st.floats(0.3, 4.0), st.booleans()), min_size=1, max_size=12
    ),
    looks=st.tuples(
        *(st.lists(st.floats(0.05, 0.75), min_size=1, max_size=20) for _process in range(2))
    ),
)
@hypothesis_settings(max_examples=200, deadline=None)
def test_two_processes_never_contradict_each_other_by_more_than_two_seconds(
    publications: list[Event], looks: tuple[list[float], list[float]]
) -> None:
    """However they look, and whatever of it they miss (docs/serving.md, Editions)."""
    events = [(NOW, published(handed=(Handed(NOW, True),)))]
    for number, event in enumerate(publications):
        at = events[-1][0] + event.after_s * SECOND
        name = f"x{number}" if event.is_news else events[-1][1].snapshot.truth.agencies[0].name.ar
        handed = (*events[-1][1].handed, Handed(at, event.is_news))
        events.append((at, published(name, at=at, handed=handed)))
    processes = Followed(), Followed()
    for process in processes:
        process.find(events[0][1])
    next_look = [cycle(gaps) for gaps in looks]
    look_at = [NOW, NOW]
    now = NOW
    while now < events[-1][0] + 12 * SECOND:
        now += 0.05 * SECOND
        for number, process in enumerate(processes):
            process.now = now
            if now >= look_at[number]:
                process.find([one for at, one in events if at <= now][-1])
                look_at[number] = now + next(next_look[number]) * SECOND
        told = [process.told() for process in processes]
        assert abs(told[0] - told[1]) <= 2 * SECOND


def test_what_a_request_is_told_does_not_change_under_it() -> None:
    process = Followed()
    process.find(published())
    showing = process.store.showing_at(NOW)
    assert showing is not None

    with process.store.pinned(showing):
        process.now = NOW + 60 * SECOND
        process.find(published("x", at=process.now))
        process.find()
        process.now += 2 * SECOND
        assert process.told() == NOW
    assert process.told() == NOW + 60 * SECOND
