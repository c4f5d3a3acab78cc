"""The heartbeat kind: rule 6 as a table, and what holds for all of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.probes import KINDS, InvalidSpec
from services.probes.heartbeat import Spec, judge, parse
from services.status.health import Outcome
from services.status.observation import Observation, Reason
from tests.services.probes.loopback import make_network, make_target

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EVERY_5_MINUTES = Spec(expect_every_seconds=300, grace_seconds=60)
OK, BAD, FAULT = Outcome.OK, Outcome.BAD, Outcome.PROBER_FAULT
LONG = 100_000


def facts(
    *,
    beat: float | None = None,
    failed: bool = False,
    up: float | None = LONG,
    seen: float | None = 5,
    **more: float | None,
) -> dict[str, Any]:
    """Facts by their age in seconds at NOW; None: there is no such instant."""

    def ago(age: float | None) -> datetime | None:
        return None if age is None else NOW - timedelta(seconds=age)

    return {
        "last_beat_at": ago(beat),
        "last_beat_failed": failed,
        "receiver_up_since": ago(up),
        "receiver_seen_at": ago(seen),
        **{name: ago(age) for name, age in more.items()},
    }


@pytest.mark.parametrize(
    ("known", "outcome", "reason"),
    [
        # A beat in time, to the second.
        (facts(beat=0), OK, Reason.OK),
        (facts(beat=360), OK, Reason.OK),
        (facts(beat=361), BAD, Reason.HEARTBEAT_MISSING),
        (facts(beat=LONG * 10), BAD, Reason.HEARTBEAT_MISSING),
        # A beat that came while the receiver was still young counts as any other.
        (facts(beat=10, up=20), OK, Reason.OK),
        # What a beat says of itself.
        (facts(beat=10, failed=True), BAD, Reason.HEARTBEAT_FAILED),
        (facts(beat=360, failed=True), BAD, Reason.HEARTBEAT_FAILED),
        (facts(beat=361, failed=True), BAD, Reason.HEARTBEAT_MISSING),
        # Never a beat.
        (facts(up=361), BAD, Reason.HEARTBEAT_MISSING),
        (facts(up=360), FAULT, Reason.AWAITING_BEAT),
        (facts(up=361, expected_since=360), FAULT, Reason.AWAITING_BEAT),
        (facts(expected_since=361), BAD, Reason.HEARTBEAT_MISSING),
        (facts(expected_since=None), FAULT, Reason.AWAITING_BEAT),
        (facts(beat=10, expected_since=None), OK, Reason.OK),
        # The receiver was away: the old beat says nothing any more, silence not yet anything.
        (facts(beat=LONG, up=10), FAULT, Reason.AWAITING_BEAT),
        (facts(beat=LONG, up=360), FAULT, Reason.AWAITING_BEAT),
        (facts(beat=LONG, up=361), BAD, Reason.HEARTBEAT_MISSING),
        (facts(beat=LONG, failed=True, up=10), FAULT, Reason.AWAITING_BEAT),
        # The receiver is away: whatever the beats, nobody could have received one.
        (facts(beat=10, seen=45), OK, Reason.OK),
        (facts(beat=10, seen=46), FAULT, Reason.RECEIVER_DOWN),
        (facts(beat=LONG, seen=46), FAULT, Reason.RECEIVER_DOWN),
        (facts(beat=10, failed=True, seen=46), FAULT, Reason.RECEIVER_DOWN),
        (facts(beat=10, seen=None), FAULT, Reason.RECEIVER_DOWN),
        (facts(beat=10, up=None), FAULT, Reason.RECEIVER_DOWN),
        # Clocks differ by a little, and now and then by a lot.
        (facts(beat=-30, seen=-30), OK, Reason.OK),
        (facts(beat=-46), FAULT, Reason.PROBER_ERROR),
        (facts(beat=10, seen=-46), FAULT, Reason.RECEIVER_DOWN),
        # Nobody told us anything.
        ({}, FAULT, Reason.RECEIVER_DOWN),
    ],
)
def test_rule_6_silence_counts_only_while_our_receiver_was_up(
    known: dict[str, Any], outcome: Outcome, reason: Reason
) -> None:
    assert judge(known, EVERY_5_MINUTES, NOW)[:2] == (outcome, reason)


def test_staff_read_how_long_ago_it_was() -> None:
    assert judge(facts(beat=12), EVERY_5_MINUTES, NOW)[2] == "last beat 12 s ago"
    silent = judge(facts(beat=500), EVERY_5_MINUTES, NOW)
    assert silent[2] == "last beat 500 s ago, expected within 360 s"
    assert judge(facts(), EVERY_5_MINUTES, NOW)[2] == "no beat ever, expected within 360 s"
    assert judge(facts(up=20), EVERY_5_MINUTES, NOW)[2] == "no beat ever, listening for 20 s"


ages = st.none() | st.integers(-120, 2000)


@st.composite
def any_facts(draw: st.DrawFn) -> dict[str, Any]:
    return facts(beat=draw(ages), failed=draw(st.booleans()), up=draw(ages), seen=draw(ages))


any_spec = st.builds(
    Spec, expect_every_seconds=st.integers(10, 900), grace_seconds=st.integers(0, 300)
)


@given(known=any_facts(), spec=any_spec)
def test_silence_is_never_ok(known: dict[str, Any], spec: Spec) -> None:
    if judge(known, spec, NOW)[0] is OK:
        assert known["last_beat_at"] is not None
        assert NOW - known["last_beat_at"] <= spec.patience
        assert not known["last_beat_failed"]


@given(known=any_facts(), spec=any_spec)
def test_nobody_is_blamed_for_what_nobody_could_have_received(
    known: dict[str, Any], spec: Spec
) -> None:
    outcome, reason, _detail = judge(known, spec, NOW)
    if reason is Reason.HEARTBEAT_MISSING:
        assert NOW - known["receiver_up_since"] > spec.patience
    if outcome is BAD:
        assert abs(NOW - known["receiver_seen_at"]) <= timedelta(seconds=45)


@given(known=any_facts(), spec=any_spec)
def test_the_outcome_is_the_one_that_the_reason_stands_for(
    known: dict[str, Any], spec: Spec
) -> None:
    outcome, reason, detail = judge(known, spec, NOW)
    expected = {Reason.OK: OK, Reason.HEARTBEAT_MISSING: BAD, Reason.HEARTBEAT_FAILED: BAD}
    assert outcome is expected.get(reason, FAULT)
    assert detail


def observe(spec: dict[str, Any], **fields: Any) -> Observation:
    async def run() -> Observation:
        target = make_target(spec, kind="heartbeat", **fields)
        return await KINDS["heartbeat"].probe(target, make_network())

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("beat_ago_s", "failed", "outcome", "reason"),
    [
        (5, False, OK, Reason.OK),
        (5, True, BAD, Reason.HEARTBEAT_FAILED),
        (90, False, BAD, Reason.HEARTBEAT_MISSING),
    ],
)
def test_a_shard_judges_what_the_receiver_wrote_down(
    beat_ago_s: int, failed: bool, outcome: Outcome, reason: Reason
) -> None:
    now = datetime.now(UTC)
    seen = observe(
        {"expect_every_seconds": 60, "grace_seconds": 0},
        facts={
            "last_beat_at": now - timedelta(seconds=beat_ago_s),
            "last_beat_failed": failed,
            "receiver_up_since": now - timedelta(days=1),
            "receiver_seen_at": now,
        },
    )
    assert (seen.outcome, seen.reason) == (outcome, reason)


def test_what_a_shard_does_before_does_not_count_as_silence() -> None:
    read_at = datetime.now(UTC) - timedelta(seconds=50)
    seen = observe(
        {"expect_every_seconds": 10, "grace_seconds": 0},
        facts={
            "read_at": read_at,
            "last_beat_at": read_at - timedelta(seconds=10),
            "receiver_up_since": read_at - timedelta(days=1),
            "receiver_seen_at": read_at - timedelta(seconds=5),
        },
    )
    assert (seen.outcome, seen.detail) == (OK, "last beat 10 s ago")


def test_a_target_without_facts_is_our_own_fault() -> None:
    seen = observe({"expect_every_seconds": 60})
    assert (seen.outcome, seen.reason) == (FAULT, Reason.RECEIVER_DOWN)


def test_facts_that_make_no_sense_are_our_own_fault() -> None:
    seen = observe({"expect_every_seconds": 60}, facts={"receiver_seen_at": "yesterday"})
    assert seen.outcome is FAULT


def test_a_spec_that_makes_no_sense_is_our_own_fault() -> None:
    seen = observe({"expect_every_seconds": 0})
    assert (seen.outcome, seen.reason) == (FAULT, Reason.BAD_TARGET)


def test_an_expectation_is_enough_and_the_grace_has_a_default() -> None:
    assert parse({"expect_every_seconds": 300}) == Spec(300, 60)
    assert parse({"expect_every_seconds": 300, "grace_seconds": None}) == Spec(300, 60)
    assert parse({"expect_every_seconds": 300, "grace_seconds": 0}) == Spec(300, 0)


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("expect_every_seconds", {}),
        ("expect_every_seconds", {"expect_every_seconds": 9}),
        ("expect_every_seconds", {"expect_every_seconds": "300"}),
        ("expect_every_seconds", {"expect_every_seconds": True}),
        ("expect_every_seconds", {"expect_every_seconds": 36 * 86_400}),
        ("grace_seconds", {"expect_every_seconds": 300, "grace_seconds": -1}),
        ("grace_seconds", {"expect_every_seconds": 300, "grace_seconds": 1.5}),
    ],
)
def test_heartbeat_names_the_field_at_fault(field: str, spec: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse(spec)
    assert caught.value.field == field
    assert caught.value.message.endswith(".")
