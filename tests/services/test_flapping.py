"""Rule 11 with rows: what the recorder remembers of a check that cannot make up its mind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services import recording
from services.models import Check, CheckState, StatusChange, UnstablePeriod
from services.status.health import CheckHealth, Outcome
from services.status.observation import Observation as Seen
from services.status.observation import Reason
from tests.factories import make_check, make_location

START = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=60)

pytestmark = pytest.mark.django_db


@pytest.fixture
def check(settings) -> Check:
    settings.FLAPPING_WINDOW = timedelta(hours=1)
    settings.FLAPPING_QUIET = timedelta(minutes=30)
    return make_check(interval_seconds=60, timeout_seconds=10)


def observe(check: Check, minute: int, *, ok: bool) -> None:
    due_at = START + minute * INTERVAL
    recording.record(
        observations=[
            Seen(
                check_id=check.pk,
                location_id=make_location().pk,
                due_at=due_at,
                started_at=due_at,
                outcome=Outcome.OK if ok else Outcome.BAD,
                reason=Reason.OK if ok else Reason.SERVER_ERROR,
            )
        ]
    )


def test_rule_11_an_hour_of_alternating_answers_is_unstable_until_it_was_quiet(
    check: Check,
) -> None:
    for minute in range(7):
        observe(check, minute, ok=minute % 2 == 0)
    # Six changes in the hour: not yet.
    assert CheckState.objects.get().unstable_until is None

    observe(check, 7, ok=False)
    began_at = START + 7 * INTERVAL
    assert CheckState.objects.get().unstable_until == began_at + timedelta(minutes=30)
    period = UnstablePeriod.objects.get()
    assert (period.began_at, period.ended_at) == (began_at, None)

    observe(check, 8, ok=True)
    quiet_at = START + 8 * INTERVAL + timedelta(minutes=30)
    for minute in range(9, 38):
        observe(check, minute, ok=True)
    assert UnstablePeriod.objects.get().ended_at is None

    observe(check, 38, ok=True)
    assert UnstablePeriod.objects.get().ended_at == quiet_at
    observe(check, 39, ok=True)
    assert UnstablePeriod.objects.count() == 1
    assert CheckState.objects.get().unstable_until is None


def test_rule_11_leaves_the_measured_changes_as_they_are(check: Check) -> None:
    for minute in range(40):
        observe(check, minute, ok=minute % 2 == 0)

    # Alternating answers confirm nothing beyond what leads out of unknown.
    assert list(StatusChange.objects.values_list("to_health", flat=True)) == [CheckHealth.OK]
    assert UnstablePeriod.objects.count() == 1


def test_rule_11_what_is_unstable_again_is_a_period_of_its_own(check: Check) -> None:
    for minute in range(9):
        observe(check, minute, ok=minute % 2 == 0)
    for minute in range(9, 100):
        observe(check, minute, ok=True)
    for minute in range(100, 110):
        observe(check, minute, ok=minute % 2 == 0)

    periods = list(UnstablePeriod.objects.order_by("began_at"))
    assert [period.ended_at is None for period in periods] == [False, True]
