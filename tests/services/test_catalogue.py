"""Writes of the catalogue that reach beyond one row."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue import check_acyclic, open_location, schedule_check, set_enabled, spread
from services.models import CheckState, Edge
from services.status.cascade import Cycle
from services.status.health import CheckHealth
from tests.factories import make_channel, make_check, make_edge, make_location, make_service

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@given(st.integers(min_value=1, max_value=2**40))
def test_a_check_waits_for_less_than_one_interval(check_id):
    assert 0 <= spread(check_id) < 1


@given(st.integers(min_value=1, max_value=10**6))
def test_a_hundred_checks_made_at_once_leave_no_tenth_of_the_interval_empty(first):
    tenths = {int(spread(check_id) * 10) for check_id in range(first, first + 100)}
    assert tenths == set(range(10))


@pytest.mark.django_db
def test_a_new_check_falls_due_within_its_interval_and_is_unknown_at_every_enabled_location():
    main = make_location(code="main")
    make_location(code="closed", is_enabled=False)
    check = make_check(interval_seconds=300)

    schedule_check(check=check, now=NOW)

    check.refresh_from_db()
    assert check.next_due_at == NOW + timedelta(seconds=300) * spread(check.pk)
    (state,) = CheckState.objects.all()
    assert (state.check_ref, state.location) == (check, main)
    assert state.health == CheckHealth.UNKNOWN
    assert state.since is None


@pytest.mark.django_db
def test_scheduling_again_keeps_what_is_known():
    location = make_location()
    check = make_check()
    schedule_check(check=check, now=NOW)
    CheckState.objects.update(health=CheckHealth.BAD)

    schedule_check(check=check, now=NOW + timedelta(hours=1))

    (state,) = CheckState.objects.all()
    assert (state.location, state.health) == (location, CheckHealth.BAD)


@pytest.mark.django_db
def test_a_disabled_check_never_falls_due_until_it_is_enabled_again():
    make_location()
    check = make_check(interval_seconds=60)
    schedule_check(check=check, now=NOW)

    assert set_enabled(check=check, enabled=False, now=NOW)
    check.refresh_from_db()
    assert (check.is_enabled, check.next_due_at) == (False, None)

    assert set_enabled(check=check, enabled=True, now=NOW)
    check.refresh_from_db()
    assert check.is_enabled
    assert check.next_due_at is not None
    assert NOW <= check.next_due_at < NOW + timedelta(seconds=60)


@pytest.mark.django_db
def test_enabling_what_is_enabled_changes_nothing():
    check = make_check()
    assert not set_enabled(check=check, enabled=True, now=NOW)
    check.refresh_from_db()
    assert check.next_due_at is None


@pytest.mark.django_db
def test_a_new_location_looks_at_all_enabled_checks():
    check = make_check()
    make_check(channel=make_channel(), is_enabled=False)
    location = make_location(code="second")

    open_location(location=location)

    assert list(CheckState.objects.values_list("check_ref", "location")) == [
        (check.pk, location.pk)
    ]


@pytest.mark.django_db
def test_edges_may_meet_again_but_not_run_in_a_circle():
    portal, login, sms = make_service(), make_service(), make_service()
    make_edge(dependant=portal, upstream=login)
    make_edge(dependant=login, upstream=sms)

    check_acyclic(dependant_id=portal.pk, upstream_ids=[login.pk, sms.pk])
    with pytest.raises(Cycle) as caught:
        check_acyclic(dependant_id=sms.pk, upstream_ids=[portal.pk])

    assert caught.value.path == [str(row.pk) for row in (sms, portal, login, sms)]


@pytest.mark.django_db
def test_edges_that_are_taken_away_close_no_circle():
    portal, login = make_service(), make_service()
    make_edge(dependant=portal, upstream=login)
    check_acyclic(dependant_id=portal.pk, upstream_ids=[])
    with pytest.raises(Cycle):
        check_acyclic(dependant_id=login.pk, upstream_ids=[portal.pk])


@pytest.mark.django_db(transaction=True)
def test_edges_are_only_looked_at_inside_the_transaction_that_writes_them():
    with pytest.raises(transaction.TransactionManagementError):
        check_acyclic(dependant_id=1, upstream_ids=[2])


@pytest.mark.django_db(transaction=True)
def test_two_people_cannot_close_a_circle_together():
    portal, login = make_service(), make_service()
    first_has_looked = threading.Event()
    outcome = []

    def second_person():
        try:
            with transaction.atomic():
                first_has_looked.wait(10)
                check_acyclic(dependant_id=login.pk, upstream_ids=[portal.pk])
                Edge.objects.create(dependant=login, upstream=portal)
            outcome.append("written")
        except Cycle:
            outcome.append("circle")
        finally:
            connection.close()

    thread = threading.Thread(target=second_person)
    thread.start()
    with transaction.atomic():
        check_acyclic(dependant_id=portal.pk, upstream_ids=[login.pk])
        first_has_looked.set()
        # The second person waits here for the lock, as long as the first has not finished.
        thread.join(0.3)
        assert outcome == []
        Edge.objects.create(dependant=portal, upstream=login)
    thread.join(10)

    assert outcome == ["circle"]
    assert Edge.objects.count() == 1
