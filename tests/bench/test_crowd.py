"""The ledger of the rush notices what it is there for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.crowd import Ledger, Told

PAGE = b"<!doctype html><p>all well"
TOLD = Told(
    connection=1,
    asked_at=10.0,
    answered_at=10.1,
    status=200,
    encoding="br",
    accepted="br, gzip",
    is_fragment=False,
    etag='"a-br"',
    built_at=1000.0,
    version="v1",
    body=PAGE,
    length=40,
)
LATER = replace(TOLD, asked_at=11.0, answered_at=11.1, built_at=1001.0, version="v2", etag='"b-br"')


def found(*answers: Told) -> list[str]:
    ledger = Ledger()
    for told in answers:
        ledger.take(told)
    return ledger.wrong(fell=False)


def test_a_rush_in_which_all_is_well_holds() -> None:
    fragment = replace(LATER, is_fragment=True, body=b"<div>", etag='"c-br"', connection=2)
    known = replace(LATER, status=304, body=b"", length=0, asked_at=12.0, answered_at=12.1)

    assert found(TOLD, LATER, fragment, known) == []


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        (replace(LATER, built_at=999.9), "connection 1: 0.100 s back"),
        (
            replace(LATER, built_at=997.9, connection=2),
            "2.10 s behind what another connection had been told",
        ),
        (
            replace(LATER, etag=TOLD.etag, encoding="gzip"),
            "\"a-br\" stood for ('br', False, 40) and for ('gzip', False, 40)",
        ),
        (replace(LATER, accepted="gzip"), "br for somebody who accepts 'gzip'"),
        (
            replace(LATER, is_fragment=True),
            "a fragment where a page was asked for, or the other way round",
        ),
        (
            replace(LATER, body=b"<div>"),
            "a fragment where a page was asked for, or the other way round",
        ),
    ],
)
def test_each_thing_that_may_not_be_is_noticed(spoilt: Told, sentence: str) -> None:
    assert found(TOLD, spoilt) == [sentence]


def test_a_connection_that_asked_before_the_news_may_hear_the_past() -> None:
    late = replace(LATER, asked_at=9.0, built_at=990.0, connection=2)

    assert found(TOLD, late) == []


def test_a_rush_without_news_shows_nothing() -> None:
    assert found(TOLD) == ["no status flipped: nothing was shown"]
    assert found() == ["nobody was answered", "no status flipped: nothing was shown"]


@pytest.mark.parametrize(
    ("asked_at", "failed_at", "is_forgiven"),
    [
        (99.9, 100.2, True),
        (99.9, 101.4, True),
        (90.0, 99.9, False),
        (100.5, 101.0, False),
        (100.1, 109.0, False),
    ],
)
def test_only_what_a_killed_process_had_in_flight_may_be_lost(
    asked_at: float, failed_at: float, is_forgiven: bool
) -> None:
    ledger = Ledger(killed_at=[100.0])

    ledger.failed("/en/: EOFError", asked_at, failed_at)

    assert (ledger.in_flight, len(ledger.errors)) == ((1, 0) if is_forgiven else (0, 1))


def test_a_fall_has_to_be_said_and_to_end() -> None:
    ledger = Ledger(age_at_worst_s=90, caught_up_after_s=4.0)
    ledger.take(TOLD)
    assert ledger.wrong(fell=True) == []

    ledger.age_at_worst_s, ledger.greens_at_worst, ledger.caught_up_after_s = 20, 3, None
    assert ledger.wrong(fell=True) == [
        "the page called itself 20 s old in the fall",
        "3 services were green that nobody had seen",
        "it did not catch up by itself",
    ]
