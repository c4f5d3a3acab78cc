"""Heartbeat: an agency's system calls us; nothing goes out, and silence is what tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.net import Network, Trace
from services.probes.attempt import Finding, attempt
from services.probes.target import InvalidSpec, Target
from services.status.health import Outcome
from services.status.observation import Observation, Reason

# The receiver signs in more often than this; also how far the clocks of our machines may differ.
RECEIVER_FRESH = timedelta(seconds=45)

_SHORTEST_S = 10
_LONGEST_S = 35 * 86_400  # a monthly job, with some days to spare
_DEFAULT_GRACE_S = 60


@dataclass(frozen=True, slots=True)
class Spec:
    """How often a beat is expected, and how late one may come, both in seconds."""

    expect_every_seconds: int
    grace_seconds: int = _DEFAULT_GRACE_S

    @property
    def patience(self) -> timedelta:
        """How long silence lasts before it means something."""
        return timedelta(seconds=self.expect_every_seconds + self.grace_seconds)


def parse(spec: Mapping[str, Any]) -> Spec:
    """Raises InvalidSpec with the field at fault."""
    grace = spec.get("grace_seconds")
    return Spec(
        expect_every_seconds=_seconds(
            spec.get("expect_every_seconds"), "expect_every_seconds", least=_SHORTEST_S
        ),
        grace_seconds=_DEFAULT_GRACE_S if grace is None else _seconds(grace, "grace_seconds"),
    )


async def probe(target: Target, network: Network) -> Observation:
    """Judge what the receiver wrote down (`target.facts`). Never raises.

    Beside what `judge` reads, the facts may hold `read_at`, the instant they are true for.
    """

    async def look(trace: Trace) -> Finding:
        # A shard asks its reference targets first: what came meanwhile stands in no fact, so the
        # time since the facts were read must not count as silence.
        now = target.facts.get("read_at") or trace.started_at
        _outcome, reason, detail = judge(target.facts, parse(target.spec), now)
        return Finding(reason, detail)

    return await attempt(target, look)


def judge(facts: Mapping[str, Any], spec: Spec, now: datetime) -> tuple[Outcome, Reason, str]:
    """What the beats say at `now` (rule 6): outcome, reason, and a note for staff.

    `facts` holds, each an aware datetime or None unless said otherwise:

    - `last_beat_at`, and `last_beat_failed` (bool): whether that beat said that its job failed;
    - `receiver_up_since` and `receiver_seen_at`: since when our receiver has been up without a
      break, and when it last signed in;
    - `expected_since` (may be left out): when beats became due at all, which is when the first
      token was given out; None where none was.

    Silence counts only while our receiver was up: from the latest of the last beat, the
    receiver's start and `expected_since`. A receiver that was not seen for 45 seconds makes
    everything our own fault. OK needs a good beat within the patience: where there is none, and
    silence cannot be held against anybody yet, nothing is known, which is our own fault too.
    """
    seen_at = facts.get("receiver_seen_at")
    up_since = facts.get("receiver_up_since")
    if seen_at is None or up_since is None or abs(now - seen_at) > RECEIVER_FRESH:
        return Outcome.PROBER_FAULT, Reason.RECEIVER_DOWN, "our receiver of beats is not up"
    beat_at = facts.get("last_beat_at")
    if beat_at is not None and beat_at - now > RECEIVER_FRESH:
        # Believed, it would stay fresh for as long as the clock that wrote it was wrong.
        return Outcome.PROBER_FAULT, Reason.PROBER_ERROR, "the last beat lies in the future"
    if beat_at is not None and now - beat_at <= spec.patience:
        if facts.get("last_beat_failed"):
            return Outcome.BAD, Reason.HEARTBEAT_FAILED, f"failure reported {_ago(now - beat_at)}"
        return Outcome.OK, Reason.OK, f"last beat {_ago(now - beat_at)}"
    if beat_at is None and facts.get("expected_since", up_since) is None:
        return Outcome.PROBER_FAULT, Reason.AWAITING_BEAT, "no token was given out yet"
    counted_from = max(
        instant for instant in (beat_at, up_since, facts.get("expected_since")) if instant
    )
    last = "no beat ever" if beat_at is None else f"last beat {_ago(now - beat_at)}"
    if now - counted_from > spec.patience:
        limit_s = round(spec.patience.total_seconds())
        return Outcome.BAD, Reason.HEARTBEAT_MISSING, f"{last}, expected within {limit_s} s"
    listened_s = max(0, round((now - counted_from).total_seconds()))
    return Outcome.PROBER_FAULT, Reason.AWAITING_BEAT, f"{last}, listening for {listened_s} s"


def _ago(age: timedelta) -> str:
    return f"{max(0, round(age.total_seconds()))} s ago"


def _seconds(value: object, field: str, *, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _LONGEST_S:
        raise InvalidSpec(field, f"This must be a whole number from {least} to {_LONGEST_S}.")
    return value
