"""How what travels is read: whole, and without a million copies of the same day."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from statusportal.public.shape import (
    ChannelDays,
    DayFact,
    History,
    RawHistory,
    ServiceHistory,
)

WELL = DayFact(date(2026, 11, 9), 86_400, 0, 0, 0, 0, 0)
ILL = DayFact(date(2026, 11, 9), 85_800, 0, 600, 0, 0, 0)


def travelled(history: History) -> History:
    return msgspec.json.decode(msgspec.json.encode(history), type=RawHistory).read()


def test_a_history_comes_back_as_it_was() -> None:
    history = History(
        services=(
            ServiceHistory("a", (WELL, ILL), 9_930, (ChannelDays(7, (ILL,), WELL.day),)),
            ServiceHistory("b"),
        ),
        is_demo=True,
    )

    assert travelled(history) == history
    assert travelled(History()) == History()


def test_days_that_were_spent_alike_are_one_object() -> None:
    one, other = travelled(
        History((ServiceHistory("a", (WELL, ILL)), ServiceHistory("b", (ILL, WELL))))
    ).services

    assert one.days[0] is other.days[1]
    assert one.days[1] is other.days[0]
    assert one.days[0] is not one.days[1]


def test_a_part_that_cannot_be_read_spoils_the_whole() -> None:
    raw = msgspec.json.decode(b'{"services": [{"id": 5}]}', type=RawHistory)

    with pytest.raises(msgspec.ValidationError):
        raw.read()
