"""Two at the same instant, against PostgreSQL: one of them has it, and the other one is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import Role, User
from core.audit import AuditEntry
from core.bilingual import Bilingual
from core.outbox import Event
from incidents import operations, sweeping, updates
from incidents.gathering import Gathered, gather
from incidents.models import Incident, ListedService, Update
from incidents.refusals import AlreadyAcknowledged, ChangedMeanwhile, WrongPhase
from incidents.updates import NewText
from tests.factories import make_user
from tests.incidents.world import (
    fails,
    log,
    make_watched,
    minutes,
    seen,
    sweep,
    the_incident,
    works,
)

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each of `acts` gives or raises, each on a thread and a connection of its own."""
    barrier = Barrier(len(acts), timeout=20)

    def run(act: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            return act()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def raised(outcome: list[Any], kind: type[Exception]) -> Any:
    """The only one of two outcomes that is an exception; it is of this kind."""
    (error,) = [one for one in outcome if isinstance(one, Exception)]
    assert isinstance(error, kind), error
    return error


# --- two sweeps -----------------------------------------------------------------------------------


@pytest.fixture
def _both_have_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of two sweeps acts before both have seen that nothing is open."""
    barrier = Barrier(2, timeout=20)

    def look(**asked: Any) -> Gathered:
        found = gather(**asked)
        barrier.wait()
        return found

    monkeypatch.setattr(sweeping, "gather", look)


@contextmanager
def without_the_unique_row() -> Iterator[None]:
    """The table of listed services without its constraint on outages."""
    (constraint,) = [
        one for one in ListedService._meta.constraints if one.name == "one_incident_for_one_outage"
    ]
    with connection.schema_editor() as editor:
        editor.remove_constraint(ListedService, constraint)
    try:
        yield
    finally:
        ListedService.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(ListedService, constraint)


@pytest.mark.usefixtures("_both_have_looked")
def test_two_sweeps_at_once_open_one_incident() -> None:
    fails(make_watched())
    seen(minutes(1))

    done = at_once(*[lambda: sweeping.sweep(now=minutes(1))] * 2)

    assert sorted(done) == [0, 1]
    assert log(the_incident()) == ["opened"]
    assert the_incident().updates.count() == 1
    assert Event.objects.filter(kind="incident.opened").count() == 1


@pytest.mark.usefixtures("_both_have_looked")
def test_it_is_the_unique_row_that_holds_them_to_one() -> None:
    fails(make_watched())
    seen(minutes(1))
    with without_the_unique_row():
        done = at_once(*[lambda: sweeping.sweep(now=minutes(1))] * 2)
        assert done == [1, 1]
        assert Incident.objects.count() == 2


@pytest.mark.usefixtures("_both_have_looked")
def test_two_sweeps_at_once_reopen_once_and_tell_it_once() -> None:
    service = make_watched()
    fails(service)
    # Before the barrier is there for anybody.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "gather", gather)
        sweep(minutes(1))
        works(service, minutes(5))
        sweep(minutes(6))
    fails(service, minutes(10))
    seen(minutes(11))

    done = at_once(*[lambda: sweeping.sweep(now=minutes(11))] * 2)

    assert sorted(done) == [0, 1]
    assert log(the_incident()) == ["opened", "recovered", "resolved", "reopened"]
    assert Event.objects.filter(kind="incident.reopened").count() == 1


# --- two people -----------------------------------------------------------------------------------


@pytest.fixture
def people() -> tuple[User, User]:
    return (
        make_user(Role.OPERATOR, first_name="Sara", last_name="Ali"),
        make_user(Role.SUPERVISOR, first_name="Omar", last_name="Said"),
    )


@pytest.fixture
def opened() -> Incident:
    fails(make_watched())
    sweep(minutes(1))
    return the_incident()


def test_of_two_who_acknowledge_at_once_one_has_it_and_the_other_hears_who(
    opened: Incident, people: tuple[User, User]
) -> None:
    outcome = at_once(
        *[
            lambda who=who: operations.acknowledge(incident_id=opened.pk, actor=who, now=minutes(2))
            for who in people
        ]
    )

    winner = the_incident().acknowledged_by
    assert winner in people
    error = raised(outcome, AlreadyAcknowledged)
    assert error.by == str(winner)
    assert error.at == minutes(2)
    assert str(winner) in str(error)
    assert log(the_incident()) == ["opened", "acknowledged"]
    assert AuditEntry.objects.filter(act="acknowledge").count() == 1
    assert Event.objects.filter(kind="incident.acknowledged").count() == 1
    assert Event.objects.filter(kind="incident.notice").count() == 1


def test_whoever_acknowledges_while_it_resolves_itself_has_it_or_hears_that_it_is_over(
    people: tuple[User, User],
) -> None:
    service = make_watched()
    fails(service)
    sweep(minutes(1))
    works(service, minutes(8))
    seen(minutes(9))
    pk = the_incident().pk

    outcome = at_once(
        lambda: operations.acknowledge(incident_id=pk, actor=people[0], now=minutes(9)),
        lambda: sweeping.sweep(now=minutes(9)),
    )

    found = the_incident()
    assert found.restored_at == minutes(8)
    if found.is_open:
        assert outcome[1] == 1
        assert found.acknowledged_by == people[0]
        assert "resolved" not in log(found)
    else:
        assert outcome[1] == 2
        assert isinstance(raised(outcome, WrongPhase), WrongPhase)
        assert found.acknowledged_at is None


def waiting_text(incident: Incident, author: User) -> Update:
    """A free text on a P2, which a second person has to read."""
    said = NewText(
        Bilingual("نعمل على الأمر.", "We are working on it."),
        phase="identified",
        next_update_by=minutes(60),
    )
    return updates.write(incident_id=incident.pk, text=said, actor=author, now=minutes(3))


def test_of_two_who_approve_one_text_one_does(opened: Incident, people: tuple[User, User]) -> None:
    waits = waiting_text(opened, make_user(Role.OPERATOR))
    assert waits.state == "waiting"

    outcome = at_once(
        *[
            lambda who=who: updates.approve(update_id=waits.pk, actor=who, now=minutes(4))
            for who in people
        ]
    )

    raised(outcome, WrongPhase)
    waits.refresh_from_db()
    assert waits.state == "published"
    assert waits.approved_by in people
    assert AuditEntry.objects.filter(act="approve").count() == 1
    assert Event.objects.filter(kind="incident.notice").count() == 1


def test_of_two_who_correct_one_text_one_does(opened: Incident, people: tuple[User, User]) -> None:
    first = opened.updates.get()

    outcome = at_once(
        *[
            lambda who=who: updates.correct(
                update_id=first.pk,
                text=Bilingual("لا تعمل الخدمة.", "The service does not work."),
                actor=who,
                now=minutes(4),
            )
            for who in people
        ]
    )

    raised(outcome, ChangedMeanwhile)
    assert first.corrections.count() == 1
    assert Event.objects.filter(kind="incident.corrected").count() == 1


def test_of_a_text_and_an_end_at_once_none_is_lost(
    opened: Incident, people: tuple[User, User]
) -> None:
    """Somebody resolves it while somebody else writes: the text comes before, or is refused."""
    operations.change_severity(
        incident_id=opened.pk, severity="P3", reason="Few.", actor=people[0], now=minutes(2)
    )
    said = NewText(
        Bilingual("نعمل على الأمر.", "We are working on it."),
        phase="fixing",
        next_update_by=minutes(60),
    )
    over = NewText(Bilingual("عادت الخدمة إلى العمل.", "The service works again."))

    outcome = at_once(
        lambda: updates.write(incident_id=opened.pk, text=said, actor=people[0], now=minutes(3)),
        lambda: operations.resolve(
            incident_id=opened.pk,
            text=over,
            although="Seen by hand.",
            actor=people[1],
            now=minutes(3) + timedelta(seconds=1),
        ),
    )

    found = the_incident()
    assert found.phase == "resolved"
    phases = list(found.updates.order_by("pk").values_list("phase", flat=True))
    if isinstance(outcome[0], Exception):
        raised(outcome, WrongPhase)
        assert phases == ["investigating", "resolved"]
    else:
        assert phases == ["investigating", "fixing", "resolved"]
