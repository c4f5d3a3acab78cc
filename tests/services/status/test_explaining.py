"""Rule 13: whose incident is it?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.status.explaining import (
    Decision,
    OpenIncident,
    Upstream,
    absorbed,
    decide,
    explains,
)
from services.status.health import Health

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONFIRMATION = timedelta(seconds=50)

DEGRADED, MAINTENANCE = Health.DEGRADED, Health.MAINTENANCE
PARTIAL, MAJOR = Health.PARTIAL_OUTAGE, Health.MAJOR_OUTAGE


def decided(
    *upstreams: Upstream, measured: Health = MAJOR, confirmed: timedelta = timedelta(0)
) -> Decision:
    return decide(
        measured,
        NOW - confirmed,
        upstreams,
        interval=MINUTE,
        confirmation=CONFIRMATION,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("upstream", "measured", "explained"),
    [
        (Upstream(hard=True, carried=MAJOR), MAJOR, True),
        (Upstream(hard=True, carried=MAJOR), PARTIAL, True),
        (Upstream(hard=True, carried=PARTIAL), MAJOR, False),
        (Upstream(hard=True, carried=DEGRADED), DEGRADED, True),
        (Upstream(hard=False, carried=DEGRADED), MAJOR, False),
        (Upstream(hard=True), DEGRADED, False),
        (Upstream(hard=True, carried=MAINTENANCE), MAJOR, False),
        (Upstream(hard=True, carried=MAINTENANCE, stopped=True), MAJOR, True),
        (Upstream(hard=False, carried=DEGRADED, stopped=True), MAJOR, False),
    ],
)
def test_rule_13_explained_is_measured_no_worse_than_what_the_upstream_cascades(
    upstream: Upstream, measured: Health, explained: bool
) -> None:
    assert explains(upstream, measured) is explained


def test_rule_13_without_an_upstream_it_is_its_own() -> None:
    assert decided() is Decision.OPEN


def test_rule_13_an_explained_outage_opens_nothing() -> None:
    assert decided(Upstream(True), Upstream(True, carried=MAJOR)) is Decision.EXPLAINED


def test_rule_13_worse_than_explained_is_its_own() -> None:
    assert decided(Upstream(hard=False, carried=DEGRADED)) is Decision.OPEN


@pytest.mark.parametrize(
    ("seconds", "decision"),
    [(0, Decision.EXPLAINED), (109, Decision.EXPLAINED), (110, Decision.OPEN)],
)
def test_rule_13_what_outlives_its_upstream_gets_its_own_after_a_grace(
    seconds: int, decision: Decision
) -> None:
    recovered = Upstream(True, carried=MAJOR, good_since=NOW - timedelta(seconds=seconds))

    assert decided(recovered) is decision


@pytest.mark.parametrize(
    ("seconds", "decision"), [(0, Decision.WAIT), (49, Decision.WAIT), (50, Decision.OPEN)]
)
def test_rule_13_it_waits_one_confirmation_time_for_a_hard_upstreams_bad_run(
    seconds: int, decision: Decision
) -> None:
    shaky = Upstream(True, bad_run_since=NOW - timedelta(seconds=20))

    assert decided(shaky, confirmed=timedelta(seconds=seconds)) is decision


def test_rule_13_it_does_not_wait_for_a_soft_upstream() -> None:
    assert decided(Upstream(False, bad_run_since=NOW)) is Decision.OPEN


@pytest.mark.parametrize(
    ("minutes_before", "acknowledged", "hard", "taken"),
    [
        (0, False, True, True),
        (5, False, True, True),
        (5.01, False, True, False),
        (-1, False, True, False),  # opened after it: nothing to absorb, the sweep explains it
        (2, True, True, False),
        (2, False, False, False),
    ],
)
def test_rule_13_an_upstreams_incident_absorbs_what_its_dependants_just_opened(
    minutes_before: float, acknowledged: bool, hard: bool, taken: bool
) -> None:
    incident = OpenIncident("INC-1", NOW - minutes_before * MINUTE, acknowledged, hard)

    assert absorbed(NOW, [incident]) == (["INC-1"] if taken else [])
