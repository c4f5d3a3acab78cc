"""Rule 7: is it them, or is it us?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.status.doubt import Reference, doubted_networks, with_doubt
from services.status.health import Outcome
from services.status.observation import Observation, Reason, Timings

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LETTERS = {"o": Outcome.OK, "s": Outcome.SLOW, "b": Outcome.BAD, "f": Outcome.PROBER_FAULT}
INTERNET, GOVERNMENT = "internet", "government"


def round_of(letters: str, network: str = INTERNET) -> list[Reference]:
    return [Reference(network, LETTERS[letter]) for letter in letters]


def observed(check_id: int, outcome: Outcome, reason: Reason) -> Observation:
    return Observation(check_id, 1, NOW, NOW, outcome, reason, Timings(dns_ms=4), detail="as seen")


@pytest.mark.parametrize(
    ("before", "after", "doubted"),
    [
        ("ooo", "ooo", False),
        ("boo", "boo", False),
        ("bbo", "ooo", True),
        ("ooo", "bbo", True),
        ("bbb", "bbb", True),
        ("bo", "bo", False),  # half is not a majority
        ("sss", "sss", False),  # slow, yet they answer
        ("ffo", "ooo", True),  # we could not even ask
        ("boo", "obo", False),  # not added up over the two rounds
        ("", "", False),
        ("b", "", True),
    ],
)
def test_rule_7_a_majority_that_fails_before_or_after_puts_the_network_in_doubt(
    before: str, after: str, doubted: bool
) -> None:
    expected = frozenset({INTERNET}) if doubted else frozenset()

    assert doubted_networks(round_of(before), round_of(after)) == expected


def test_rule_7_networks_are_doubted_one_by_one() -> None:
    before = [*round_of("ooo"), *round_of("bbo", GOVERNMENT)]

    assert doubted_networks(before, round_of("ooo")) == {GOVERNMENT}


def test_rule_7_only_bad_observations_of_the_doubted_network_become_ours() -> None:
    network_of = {1: INTERNET, 2: GOVERNMENT, 3: GOVERNMENT, 4: GOVERNMENT}
    shard = [
        observed(1, Outcome.BAD, Reason.REFUSED),
        observed(2, Outcome.BAD, Reason.CONNECT_TIMEOUT),
        observed(3, Outcome.OK, Reason.OK),
        observed(4, Outcome.SLOW, Reason.SLOW),
        observed(5, Outcome.BAD, Reason.REFUSED),
    ]

    result = with_doubt(shard, network_of, {GOVERNMENT})

    ours = replace(shard[1], outcome=Outcome.PROBER_FAULT, reason=Reason.PROBER_DOUBT)
    assert result == [shard[0], ours, shard[2], shard[3], shard[4]]
    assert result[1].detail == "as seen"
