"""Rules 14 to 16, situation by situation: what is shown in each hour, and where it is counted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.status.health import Health
from services.status.timeline import Interval
from services.status.uptime import ChannelHistory, Figures, effective_timeline, figures
from services.status.window import Window, WindowEffect
from tests.maintenance.rows import at

START = at("27 00:00")
HOUR = timedelta(hours=1)
HEALTH: dict[str, Health | None] = {
    "o": Health.OPERATIONAL,
    "d": Health.DEGRADED,
    "m": Health.MAINTENANCE,
    "M": Health.MAJOR_OUTAGE,
}
LETTER = {health: letter for letter, health in HEALTH.items()}


def hour(number: int) -> datetime:
    return START + number * HOUR


def measured(line: str) -> ChannelHistory:
    """One letter for each hour, as in HEALTH."""
    return ChannelHistory(
        measured=[
            Interval(hour(number), hour(number + 1), HEALTH[letter])
            for number, letter in enumerate(line)
        ]
    )


def window(
    effect: str,
    starts: int,
    ends: int,
    *,
    approved: int = -48,
    completed: int | None = None,
    channels: frozenset[str] | None = None,
) -> Window:
    return Window(
        WindowEffect(effect),
        hour(starts),
        hour(ends),
        hour(approved),
        None if completed is None else hour(completed),
        channels,
    )


SITUATIONS = [
    (
        # Rule 14: a window says nothing of channels that it does not name. With the app stopped
        # and the web out nobody gets through, and that is the web's doing.
        "the app alone is worked on, and the web fails",
        window("stopped", 1, 3, completed=3, channels=frozenset({"app"})),
        {"web": "oMMo", "app": "oooo"},
        "oMMo",
        Figures(up=2 * HOUR, own=2 * HOUR),
    ),
    (
        "the app alone is worked on, and the web works",
        window("stopped", 1, 3, completed=3, channels=frozenset({"app"})),
        {"web": "oooo", "app": "oMMo"},
        "ommo",
        Figures(up=4 * HOUR, limited=2 * HOUR),
    ),
    (
        # Rule 14: slow allows slow, and nothing worse.
        "it was announced as slow, and is down",
        window("slow", 1, 4, completed=4),
        {"web": "odMdo"},
        "odMdo",
        Figures(up=4 * HOUR, limited=2 * HOUR, own=1 * HOUR),
    ),
    (
        # Rule 15: what nobody had approved yet covers nothing, nor what was under way by then.
        "the outage began before the approval",
        window("stopped", 1, 5, approved=2, completed=5),
        {"web": "oMMMoo"},
        "oMMMmo",
        Figures(up=2 * HOUR, planned=1 * HOUR, own=3 * HOUR),
    ),
    (
        "the outage began before the start",
        window("stopped", 1, 5, completed=5),
        {"web": "MMMooo"},
        "MMMmmo",
        Figures(up=1 * HOUR, planned=2 * HOUR, own=3 * HOUR),
    ),
    (
        # Rule 16: bad time after the end that was announced is overrun, good time is up.
        "it is failing at its end, and closed later",
        window("stopped", 1, 3, completed=5),
        {"web": "oMMMoo"},
        "ommMmo",
        Figures(up=3 * HOUR, planned=2 * HOUR, overrun=1 * HOUR),
    ),
    (
        # Rule 16: never plain green until a person closes it, and yet it is up.
        "it is good, and nobody ever closes it",
        window("stopped", 1, 3),
        {"web": "oMMooo"},
        "ommmmm",
        Figures(up=4 * HOUR, planned=2 * HOUR),
    ),
    (
        "it was announced as without effect, and fails",
        window("none", 1, 3, completed=3),
        {"web": "oMdo"},
        "oMdo",
        Figures(up=3 * HOUR, degraded=1 * HOUR, own=1 * HOUR),
    ),
]


@pytest.mark.parametrize(
    ("announced", "channels", "shown", "spent"),
    [case[1:] for case in SITUATIONS],
    ids=[case[0] for case in SITUATIONS],
)
def test_rules_14_to_16_what_is_shown_in_each_hour_and_where_it_is_counted(
    announced: Window, channels: dict[str, str], shown: str, spent: Figures
) -> None:
    end = hour(len(shown))
    spans = effective_timeline(
        {name: measured(line) for name, line in channels.items()},
        [announced],
        start=START,
        end=end,
    )

    letters = [
        LETTER[span.health]
        for number in range(len(shown))
        for span in spans
        if span.start <= hour(number) < span.end
    ]
    assert "".join(letters) == shown
    assert figures(spans, START, end) == spent
