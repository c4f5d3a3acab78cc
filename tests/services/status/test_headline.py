"""Rule 21: the one sentence at the top of the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.headline import Headline, HeadlineKind, ServiceReading, headline
from services.status.health import Health

HEALTH: dict[str, Health | None] = {
    "o": Health.OPERATIONAL,
    "d": Health.DEGRADED,
    "m": Health.MAINTENANCE,
    "p": Health.PARTIAL_OUTAGE,
    "M": Health.MAJOR_OUTAGE,
    "?": Health.UNKNOWN,
    "-": None,
}


def readings(letters: str, *, tier: int = 3, shared: bool = False) -> list[ServiceReading]:
    return [ServiceReading(HEALTH[letter], tier, shared) for letter in letters]


def among(others: int, *troubled: ServiceReading) -> list[ServiceReading]:
    return [*readings("o" * others), *troubled]


SHARED_DOWN = ServiceReading(Health.MAJOR_OUTAGE, tier=2, shared=True)
SHARED_PARTIAL = ServiceReading(Health.PARTIAL_OUTAGE, tier=2, shared=True)
TIER_1_DOWN = ServiceReading(Health.MAJOR_OUTAGE, tier=1)
TIER_1_PARTIAL = ServiceReading(Health.PARTIAL_OUTAGE, tier=1)
HIDDEN_DOWN = ServiceReading(Health.MAJOR_OUTAGE, tier=1, shared=True, public=False)


@pytest.mark.parametrize(
    ("services", "kind"),
    [
        (readings("oooo"), HeadlineKind.NONE),
        (readings("oo--"), HeadlineKind.NONE),
        (among(100, SHARED_DOWN), HeadlineKind.MAJOR),
        (among(100, SHARED_PARTIAL), HeadlineKind.PROBLEMS),
        (among(100, TIER_1_DOWN), HeadlineKind.PARTIAL),
        (among(100, TIER_1_PARTIAL), HeadlineKind.PROBLEMS),
        (among(96, *readings("MMMM")), HeadlineKind.PROBLEMS),
        (among(95, *readings("MMMMM")), HeadlineKind.MAJOR),
        (among(95, *readings("MMMM"), HIDDEN_DOWN), HeadlineKind.PROBLEMS),
        (among(95, *readings("MMMM-----")), HeadlineKind.PROBLEMS),
        (among(20, *readings("pppppp")), HeadlineKind.PROBLEMS),
        (among(20, *readings("d")), HeadlineKind.PROBLEMS),
        (among(20, *readings("dmmm")), HeadlineKind.PROBLEMS),
        (among(20, *readings("m")), HeadlineKind.MAINTENANCE),
        (among(90, *readings("?" * 10)), HeadlineKind.BLIND),
        (among(91, *readings("?" * 9)), HeadlineKind.NONE),
        (among(80, *readings("?" * 10 + "m" * 10)), HeadlineKind.BLIND),
        (among(81, *readings("?" * 9 + "m" * 10)), HeadlineKind.MAINTENANCE),
        (among(20, HIDDEN_DOWN), HeadlineKind.NONE),
        (readings("????"), HeadlineKind.BLIND),
        # Where nothing is monitored nothing is green.
        ([], HeadlineKind.BLIND),
        (readings("--"), HeadlineKind.BLIND),
        ([HIDDEN_DOWN], HeadlineKind.BLIND),
    ],
)
def test_rule_21_the_headline_goes_by_reach(
    services: list[ServiceReading], kind: HeadlineKind
) -> None:
    assert headline(services).kind is kind


@pytest.mark.parametrize(
    ("services", "kind", "also_blind"),
    [
        (among(20), HeadlineKind.BLIND, False),
        (among(20, *readings("m")), HeadlineKind.BLIND, False),
        (among(20, *readings("d")), HeadlineKind.PROBLEMS, True),
        (among(20, SHARED_DOWN), HeadlineKind.MAJOR, True),
        (among(99, TIER_1_DOWN), HeadlineKind.PARTIAL, True),
    ],
)
def test_rule_21_blindness_ranks_above_maintenance_and_is_said_beside_problems(
    services: list[ServiceReading], kind: HeadlineKind, also_blind: bool
) -> None:
    result = headline(services, blind=True)

    assert (result.kind, result.also_blind) == (kind, also_blind)


def test_rule_21_it_counts_what_its_sentence_needs() -> None:
    result = headline([*readings("ooooodppM???mm--"), HIDDEN_DOWN])

    assert result == Headline(
        kind=HeadlineKind.MAJOR,
        also_blind=True,
        total=14,
        major_outage=1,
        partial_outage=2,
        degraded=1,
        maintenance=2,
        unknown=3,
        operational=5,
    )
    assert result.problems == 4


@pytest.mark.parametrize(
    ("kind", "indicator"),
    [
        (HeadlineKind.MAJOR, "critical"),
        (HeadlineKind.PARTIAL, "major"),
        (HeadlineKind.PROBLEMS, "minor"),
        (HeadlineKind.BLIND, "minor"),
        (HeadlineKind.MAINTENANCE, "maintenance"),
        (HeadlineKind.NONE, "none"),
    ],
)
def test_rule_21_in_the_words_of_statuspage_v2(kind: HeadlineKind, indicator: str) -> None:
    assert Headline(kind).indicator == indicator


@given(st.text(alphabet="?-", max_size=30))
def test_rule_21_missing_observations_never_make_a_green_headline(letters: str) -> None:
    assert headline(readings(letters)).kind is HeadlineKind.BLIND
