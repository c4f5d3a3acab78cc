"""One window from its request to its completion, late, and the seconds in each bucket."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Role
from core.outbox import Event
from maintenance import operations
from maintenance.models import Window
from maintenance.queries import facts_of, policy
from maintenance.refusals import WrongState
from maintenance.sweeping import sweep
from maintenance.windows import Stage, stage
from services.status.health import Health
from services.status.timeline import Interval
from services.status.uptime import ChannelHistory, Figures, effective_timeline, figures
from services.status.window import Window as RuleWindow
from services.status.window import WindowEffect
from tests.factories import make_user
from tests.maintenance.rows import ENDS, NOW, STARTS, at, make_window

HOUR = timedelta(hours=1)


def spent(window: Window, down: tuple[str, str]) -> Figures:
    """How the service spent Friday 27, measured out over `down` and well before and after."""
    start, end = at("27 00:00"), at("28 00:00")
    began, recovered = map(at, down)
    measured: list[Interval[Health | None]] = [
        Interval(start, began, Health.OPERATIONAL),
        Interval(began, recovered, Health.MAJOR_OUTAGE),
        Interval(recovered, end, Health.OPERATIONAL),
    ]
    ruled = RuleWindow(
        WindowEffect(window.effect),
        window.starts_at,
        window.announced_end_at or window.ends_at,
        window.approved_at,
        window.completed_at,
    )
    history = {"web": ChannelHistory(measured=measured)}
    return figures(effective_timeline(history, [ruled], start=start, end=end), start, end)


@pytest.mark.django_db
def test_a_window_that_runs_over_is_extended_and_completed_late():
    window = make_window()
    operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    publisher = make_user(Role.AGENCY_PUBLISHER, window.agency)
    operations.approve(window_id=window.pk, actor=publisher, now=NOW)

    def stands(now: str) -> Stage:
        return stage(facts_of(Window.objects.get(pk=window.pk)), policy(), at(now))

    ladder = [("22 12:30", Stage.ANNOUNCED), ("26 12:00", Stage.UPCOMING)]
    ladder += [("27 01:00", Stage.IN_PROGRESS), ("27 04:40", Stage.RUNNING_OVER)]
    for now, expected in ladder:
        sweep(now=at(now))
        assert stands(now) is expected

    operations.extend(
        window_id=window.pk, ends_at=at("27 06:00"), actor=publisher, now=at("27 04:45")
    )
    assert stands("27 05:00") is Stage.EXTENDED
    done = operations.complete(window_id=window.pk, actor=publisher, now=at("27 05:30"))
    assert stands("27 05:31") is Stage.COMPLETED_RECENTLY
    assert stands("27 12:00") is Stage.OVER

    # Out from 00:30 to 05:30: four hours as announced, one hour over, whatever was promised then.
    figure = spent(done, ("27 00:30", "27 05:30"))
    assert (figure.planned, figure.overrun, figure.unplanned) == (4 * HOUR, HOUR, 0 * HOUR)
    assert figure.up == 19 * HOUR
    assert [event.kind.removeprefix("window.") for event in Event.objects.order_by("id")] == [
        "announced",
        "due_soon",
        "started",
        "running_over",
        "extended",
        "completed",
    ]
    assert [step.kind for step in window.steps.filter(is_public=True).order_by("at")] == [
        "approved",
        "extended",
        "completed",
    ]


@pytest.mark.django_db
def test_what_is_approved_after_it_began_covers_nothing_before_that():
    window = make_window(
        kind="emergency",
        justification="The certificate ends today.",
        state="submitted",
        starts_at=at("27 00:30"),
        ends_at=at("27 04:30"),
    )
    supervisor = make_user(Role.SUPERVISOR)
    operations.approve(window_id=window.pk, actor=supervisor, now=at("27 02:00"))
    done = operations.complete(window_id=window.pk, actor=supervisor, now=at("27 04:00"))
    # The outage was under way when the window came into force (rule 15).
    figure = spent(done, ("27 01:00", "27 04:00"))
    assert (figure.planned, figure.own) == (0 * HOUR, 3 * HOUR)
    # One that began after the approval is planned.
    figure = spent(done, ("27 02:30", "27 04:00"))
    assert (figure.planned, figure.own) == (2 * HOUR, 0 * HOUR)


@pytest.mark.django_db
def test_work_that_is_done_early_is_planned_until_then():
    window = make_window(state="approved", approved_at=NOW, announced_end_at=ENDS)
    actor = make_user(Role.OPERATOR)
    done = operations.complete(window_id=window.pk, actor=actor, now=STARTS + 2 * HOUR)
    figure = spent(done, ("27 00:30", "27 03:30"))
    assert (figure.planned, figure.own, figure.overrun) == (2 * HOUR, HOUR, 0 * HOUR)


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_approve_at_once_one_does():
    window = make_window(state="submitted", submitted_at=NOW)
    supervisors = [make_user(Role.SUPERVISOR), make_user(Role.SUPERVISOR)]
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def approve(actor):
        gate.wait(timeout=10)
        try:
            operations.approve(window_id=window.pk, actor=actor, now=NOW)
            outcomes.append("approved")
        except WrongState:
            outcomes.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(actor,)) for actor in supervisors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["approved", "too late"]
    assert Event.objects.filter(kind="window.announced").count() == 1
