"""Rules 8, 9, 10 and 20: from locations to a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.health import CheckHealth, Health
from services.status.rollup import (
    CheckReading,
    Located,
    channel_health,
    check_health,
    fresh_for,
    fresh_until,
    is_fresh,
    service_health,
)

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TEN_SECONDS = timedelta(seconds=10)

CHECK = {
    "o": CheckHealth.OK,
    "s": CheckHealth.SLOW,
    "b": CheckHealth.BAD,
    "?": CheckHealth.UNKNOWN,
}
HEALTH: dict[str, Health | None] = {
    "o": Health.OPERATIONAL,
    "d": Health.DEGRADED,
    "m": Health.MAINTENANCE,
    "p": Health.PARTIAL_OUTAGE,
    "M": Health.MAJOR_OUTAGE,
    "?": Health.UNKNOWN,
    "-": None,
}


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(0), True),
        (3 * MINUTE + TEN_SECONDS, True),
        (3 * MINUTE + TEN_SECONDS + timedelta(microseconds=1), False),
        (timedelta(days=3), False),
        (timedelta(seconds=-2), True),  # clocks differ a little
    ],
)
def test_rule_20_fresh_for_three_intervals_and_one_timeout(age: timedelta, fresh: bool) -> None:
    assert is_fresh(NOW - age, NOW, MINUTE, TEN_SECONDS) is fresh


def test_rule_20_what_was_never_observed_is_not_fresh() -> None:
    assert is_fresh(None, NOW, MINUTE, TEN_SECONDS) is False


def test_rule_20_how_long_it_counts_is_known_without_an_instant() -> None:
    assert fresh_for(MINUTE, TEN_SECONDS) == timedelta(seconds=190)


def test_rule_20_fresh_until_names_the_last_fresh_instant() -> None:
    assert fresh_until(NOW, MINUTE, TEN_SECONDS) == NOW + timedelta(seconds=190)


@pytest.mark.parametrize(
    ("fresh", "silent", "configured", "verdict"),
    [
        ("o", "", 1, "o"),
        ("b", "", 1, "b"),
        ("?", "", 1, "?"),
        ("", "o", 1, "?"),
        ("", "", 1, "?"),
        ("", "", 0, "?"),
        ("bo", "", 2, "o"),
        ("bb", "", 2, "b"),
        ("bs", "", 2, "s"),
        ("boo", "", 3, "o"),
        ("bbo", "", 3, "b"),
        ("bso", "", 3, "s"),
        ("bbso", "", 4, "s"),
        ("bboo", "", 4, "o"),
        ("bbboo", "", 5, "b"),
        ("bb", "o", 3, "b"),  # the silent one has no vote
        ("bo", "b", 3, "o"),
        ("b", "o", 2, "b"),  # half of them is enough
        ("b", "oo", 3, "?"),  # fewer than half is not
        ("o", "oo", 3, "?"),
        ("bb?", "", 3, "b"),  # neither has the blind one
        ("b??", "", 3, "?"),
    ],
)
def test_rule_8_as_bad_as_more_than_half_of_the_fresh_ones_say(
    fresh: str, silent: str, configured: int, verdict: str
) -> None:
    located = [Located(CHECK[letter], fresh=True) for letter in fresh]
    located += [Located(CHECK[letter], fresh=False) for letter in silent]

    assert check_health(located, configured) is CHECK[verdict]


@given(st.lists(st.sampled_from(CheckHealth), max_size=9), st.integers(0, 9))
def test_rule_8_says_what_its_own_words_say(healths: list[CheckHealth], configured: int) -> None:
    verdict = check_health([Located(health, fresh=True) for health in healths], configured)

    votes = [health for health in healths if health is not CheckHealth.UNKNOWN]
    if verdict is CheckHealth.UNKNOWN:
        assert not votes or len(votes) * 2 < configured
    else:
        assert sum(vote >= verdict for vote in votes) * 2 > len(votes)
        assert sum(vote > verdict for vote in votes) * 2 <= len(votes)


@pytest.mark.parametrize(
    ("essential", "other", "channel"),
    [
        ("", "", "-"),
        ("o", "", "o"),
        ("oo", "o", "o"),
        ("b", "", "M"),
        ("ob", "", "M"),
        ("b?", "", "M"),
        ("bs", "b", "M"),
        ("s", "", "d"),
        ("os", "o", "d"),
        ("o", "b", "d"),
        ("o", "s", "o"),
        ("o", "?", "o"),
        ("?", "", "?"),
        ("o?", "", "?"),
        ("?", "o", "?"),
        ("?", "s", "?"),
        ("?", "b", "d"),
        ("s?", "", "d"),
        ("", "o", "o"),
        ("", "b", "d"),
        ("", "?", "?"),
        ("", "??", "?"),
        ("", "o?", "o"),
    ],
)
def test_rule_9_from_checks_to_a_channel(essential: str, other: str, channel: str) -> None:
    readings = [CheckReading(CHECK[letter], essential=True) for letter in essential]
    readings += [CheckReading(CHECK[letter], essential=False) for letter in other]

    assert channel_health(readings) is HEALTH[channel]


@pytest.mark.parametrize(
    ("channels", "service"),
    [
        ("", "-"),
        ("-", "-"),
        ("---", "-"),
        ("o", "o"),
        ("o-", "o"),
        ("M", "M"),
        ("MM", "M"),
        ("M-", "M"),
        ("Mo", "p"),
        ("Md", "p"),
        ("Mm", "p"),
        ("M?", "p"),
        ("Mp", "p"),
        ("p", "p"),
        ("pp", "p"),
        ("po", "p"),
        ("do", "d"),
        ("dm", "m"),
        ("mo", "m"),
        ("?", "?"),
        ("??", "?"),
        ("?-", "?"),
        ("o?", "o"),  # the unknown one is said on its own line
        ("d?", "d"),
    ],
)
def test_rule_10_from_channels_to_a_service(channels: str, service: str) -> None:
    assert service_health({str(n): HEALTH[h] for n, h in enumerate(channels)}) is HEALTH[service]


@pytest.mark.parametrize(
    ("channels", "stopped", "service"),
    [
        ({"web": "M", "app": "m"}, {"app"}, "M"),
        ({"web": "M", "app": "m"}, set(), "p"),
        ({"web": "M", "app": "m", "desk": "o"}, {"app"}, "p"),
        ({"web": "o", "app": "m"}, {"app"}, "m"),
        ({"web": "m", "app": "m"}, {"web", "app"}, "m"),
        ({"web": "M", "app": "-"}, {"app"}, "M"),
        ({"web": "M"}, {"gone"}, "M"),
    ],
)
def test_rule_10_where_one_is_down_a_stopped_channel_counts_as_down_too(
    channels: dict[str, str], stopped: set[str], service: str
) -> None:
    healths = {name: HEALTH[letter] for name, letter in channels.items()}

    assert service_health(healths, stopped_by_window=frozenset(stopped)) is HEALTH[service]


@given(
    st.lists(
        st.tuples(st.just(CheckHealth.UNKNOWN), st.booleans()).map(
            lambda pair: CheckReading(*pair)
        ),
        min_size=1,
        max_size=5,
    )
)
def test_rules_9_and_10_never_turn_missing_observations_into_operational(
    readings: list[CheckReading],
) -> None:
    channel = channel_health(readings)

    assert channel is Health.UNKNOWN
    assert service_health({"web": channel, "app": None}) is Health.UNKNOWN
