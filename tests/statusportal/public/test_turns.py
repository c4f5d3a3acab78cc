"""When a process begins to tell what it has found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.bilingual import Bilingual
from statusportal.public import reader
from statusportal.public.shape import AgencyFact, History, ServiceFact, Snapshot, Truth
from statusportal.public.store_parts import Handed, Published
from statusportal.public.turns import Showing, Waiting, next_turn, waiting

SECOND = timedelta(seconds=1)
NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
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
    told = waiting(published, found(handed=[BEFORE]), NOW + now_s * SECOND)

    assert (told.begins_at - NOW).total_seconds() == pytest.approx(begins_s)
    # Who has nothing yet says what there is.
    assert waiting(published, None, NOW).begins_at == NOW


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
