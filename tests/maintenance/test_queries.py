"""What is read of windows, and in how many statements."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.utils import translation

from core.bilingual import Bilingual
from maintenance import queries
from maintenance.models import CalendarPeriod, Step
from maintenance.windows import PeriodKind, Relation
from services.models import Edge
from tests.factories import make_channel, make_edge, make_service
from tests.maintenance.rows import ENDS, NOW, STARTS, at, make_announced, make_window

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_the_numbers_are_those_of_the_deployment(settings):
    settings.MAINTENANCE_LEAD = timedelta(hours=10)
    settings.WEEKEND = frozenset({5, 6})
    policy = queries.policy()
    assert (policy.lead, policy.lead_urgent) == (timedelta(hours=10), timedelta(hours=72))
    assert policy.weekend == {5, 6}
    assert policy.low_use == (time(23), time(5))
    assert policy.zone.key == "Asia/Bahrain"


def test_the_calendar_holds_every_period_with_its_name():
    CalendarPeriod.objects.create(
        kind="freeze",
        name_ar="نتائج الثانوية",
        name_en="Results",
        first_day=date(2026, 11, 27),
        last_day=date(2026, 11, 28),
    )
    (period,) = queries.calendar().periods
    assert period.kind is PeriodKind.FREEZE
    assert period.name == Bilingual("نتائج الثانوية", "Results")
    assert period.holds(date(2026, 11, 28))
    assert not period.holds(date(2026, 11, 29))


# --- what is public -------------------------------------------------------------------------------

LONG_AGO = {"starts_at": NOW - 60 * DAY, "ends_at": NOW - 59 * DAY}


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"state": "approved"}, True),
        ({"state": "approved", "starts_at": NOW - 400 * DAY, "ends_at": NOW - 399 * DAY}, True),
        ({"state": "completed", "completed_at": NOW - 30 * DAY}, True),
        ({"state": "completed", "completed_at": NOW - 31 * DAY}, False),
        ({"state": "cancelled", "changed_at": NOW - 30 * DAY, **LONG_AGO}, True),
        ({"state": "cancelled", "changed_at": NOW - 31 * DAY, **LONG_AGO}, False),
        # Long off, and yet the day itself is still ahead: who waits for it looks for it.
        ({"state": "cancelled", "changed_at": NOW - 60 * DAY}, True),
        ({"state": "cancelled", "cancelled_at": NOW - DAY, "approved_at": None}, False),
        ({"state": "postponed", "changed_at": NOW - DAY, **LONG_AGO}, True),
        ({"state": "postponed", "changed_at": NOW - 31 * DAY, **LONG_AGO}, False),
        ({"state": "postponed", "changed_at": NOW - 60 * DAY}, True),
        ({"state": "draft", "approved_at": None}, False),
        ({"state": "submitted", "approved_at": None}, False),
        ({"state": "returned", "approved_at": None}, False),
    ],
)
def test_the_public_is_told_what_was_announced_and_what_became_of_it_lately(fields, is_told):
    window = make_announced(**fields)
    assert list(queries.announced(NOW)) == ([window] if is_told else [])


def test_a_moved_window_is_told_as_long_as_the_one_that_took_its_place():
    new = make_announced(starts_at=NOW + 20 * DAY, ends_at=NOW + 21 * DAY)
    old = make_announced(state="postponed", changed_at=NOW - 60 * DAY, moved_to=new, **LONG_AGO)
    assert list(queries.announced(NOW)) == [old, new]
    # Completed, and the days that are kept have passed for both.
    new.state, new.completed_at = "completed", new.ends_at
    new.save()
    assert list(queries.announced(NOW + 51 * DAY)) == [old, new]
    assert list(queries.announced(NOW + 52 * DAY)) == []


def test_what_is_announced_takes_as_many_statements_for_many_windows_as_for_one(
    django_assert_num_queries,
):
    for _number in range(4):
        services = [make_service(position=0), make_service(position=1)]
        window = make_announced(services=services)
        window.services.first().channels.add(make_channel(service=services[0]))
        for is_public in (True, False):
            Step.objects.create(
                window=window,
                kind="approved",
                at=NOW,
                is_public=is_public,
                starts_at=STARTS,
                ends_at=ENDS,
            )
    with django_assert_num_queries(4):
        rows: list[Any] = list(queries.announced(NOW))
        for window in rows:
            assert len(window.public_steps) == 1
            lines = list(window.services.all())
            assert [len(line.channels.all()) for line in lines] == [1, 0]
            assert all(line.service.agency.code for line in lines)
            assert window.agency.code
            assert window.moved_to is None


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"starts_at": NOW - 9 * DAY, "ends_at": NOW - 8 * DAY}, True),  # still open: rule 16
        ({"state": "completed", "completed_at": at("27 02:00")}, True),
        ({"state": "completed", "completed_at": NOW - DAY}, False),
        ({"starts_at": at("30 00:00"), "ends_at": at("30 01:00")}, False),
        ({"state": "cancelled"}, False),
        ({"state": "postponed"}, False),
        ({"state": "submitted"}, False),
    ],
)
def test_figures_get_the_windows_that_may_count_in_their_period(fields, counts):
    window = make_announced(**fields)
    found = list(queries.in_force(at("27 00:00"), at("28 00:00")))
    assert found == ([window] if counts else [])


# --- what the policy needs ------------------------------------------------------------------------


def taken(*services, but=None) -> dict[str, Relation]:
    found = queries.busy(service_ids=[service.pk for service in services], now=NOW, but=but)
    with translation.override("en"):
        return {str(busy.service): busy.relation for busy in found}


def test_windows_on_a_service_on_what_it_needs_and_on_what_needs_it_are_in_its_way():
    names = ("far", "up", "own", "down", "last", "other")
    services = {name: make_service(name_en=name) for name in names}
    for upstream, dependant in (("far", "up"), ("up", "own"), ("own", "down"), ("down", "last")):
        make_edge(upstream=services[upstream], dependant=services[dependant])
    for service in services.values():
        make_announced(services=[service])
    assert taken(services["own"]) == {
        "far": Relation.UPSTREAM,
        "up": Relation.UPSTREAM,
        "own": Relation.SAME,
        "down": Relation.DEPENDANT,
        "last": Relation.DEPENDANT,
    }


def test_along_a_soft_edge_needing_goes_one_step_and_no_further():
    services = {name: make_service(name_en=name) for name in ("far", "up", "own")}
    make_edge(upstream=services["far"], dependant=services["up"])
    soft = Edge.Kind.SOFT
    make_edge(upstream=services["up"], dependant=services["own"], kind=soft)
    for name in ("far", "up"):
        make_announced(services=[services[name]])
    assert taken(services["own"]) == {"up": Relation.UPSTREAM}


@pytest.mark.parametrize(
    ("fields", "is_taken"),
    [
        ({"state": "approved"}, True),
        ({"state": "submitted"}, True),
        ({"state": "draft"}, False),
        ({"state": "returned"}, False),
        ({"state": "cancelled"}, False),
        ({"state": "completed"}, False),
        ({"state": "approved", "starts_at": NOW - DAY, "ends_at": NOW}, False),
    ],
)
def test_only_what_is_asked_for_or_announced_and_not_over_takes_its_time(fields, is_taken):
    service = make_service(name_en="own")
    window = make_window(services=[service], **fields)
    assert taken(service) == ({"own": Relation.SAME} if is_taken else {})
    assert taken(service, but=window.pk) == {}


def test_a_window_on_several_services_is_in_the_way_once_by_its_nearest_service():
    upstream, own = make_service(name_en="up"), make_service(name_en="own")
    make_edge(upstream=upstream, dependant=own)
    make_announced(services=[upstream, own])
    assert taken(own) == {"own": Relation.SAME}


def test_what_is_in_the_way_takes_three_statements_at_most(django_assert_num_queries):
    own = make_service()
    for _number in range(3):
        dependant = make_service()
        make_edge(upstream=own, dependant=dependant)
        make_announced(services=[dependant])
    with django_assert_num_queries(2):
        assert len(queries.busy(service_ids=[own.pk], now=NOW)) == 3
