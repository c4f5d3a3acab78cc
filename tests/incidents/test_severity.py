"""How much an incident matters: the matrix, its steps, and what is read off the services."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents import labels
from incidents.severity import Impact, Reach, Severity, impact_of, reach_of, suggest
from services.status.health import Health


@pytest.mark.parametrize(
    ("impact", "expected"),
    [
        # some users, one service, an agency, national
        ("stopped", "P3 P2 P1 P1"),
        ("alternative", "P4 P3 P2 P1"),
        ("partial", "P4 P3 P3 P2"),
        ("at_risk", "P4 P4 P4 P3"),
    ],
)
def test_the_severity_is_impact_by_reach(impact, expected):
    reaches = [Reach(word) for word in ("some_users", "service", "agency", "national")]
    assert " ".join(suggest(Impact(impact), reach).name for reach in reaches) == expected


@pytest.mark.parametrize(
    ("tier_one", "deadline_or_payment", "expected"),
    [
        (False, False, Severity.P4),
        (True, False, Severity.P3),
        (False, True, Severity.P3),
        (True, True, Severity.P2),
    ],
)
def test_tier_one_and_a_deadline_raise_it_by_a_step_each(tier_one, deadline_or_payment, expected):
    said = suggest(
        Impact.PARTIAL,
        Reach.SOME_USERS,
        tier_one=tier_one,
        deadline_or_payment=deadline_or_payment,
    )
    assert said is expected


def test_nothing_matters_more_than_p1():
    said = suggest(Impact.STOPPED, Reach.SERVICE, tier_one=True, deadline_or_payment=True)
    assert said is Severity.P1
    assert suggest(Impact.STOPPED, Reach.NATIONAL, tier_one=True) is Severity.P1


@given(
    impact=st.sampled_from(Impact),
    reach=st.sampled_from(Reach),
    tier_one=st.booleans(),
    deadline=st.booleans(),
)
def test_a_wider_reach_or_a_worse_impact_never_matters_less(impact, reach, tier_one, deadline):
    def said(impact, reach):
        return suggest(impact, reach, tier_one=tier_one, deadline_or_payment=deadline)

    impacts, reaches = list(Impact), list(Reach)
    milder = impacts[impacts.index(impact) :]
    narrower = reaches[: reaches.index(reach) + 1]
    assert all(said(impact, reach) <= said(other, reach) for other in milder)
    assert all(said(impact, reach) <= said(impact, other) for other in narrower)


@pytest.mark.parametrize(
    ("health", "has_alternative", "expected"),
    [
        ("major_outage", False, Impact.STOPPED),
        ("major_outage", True, Impact.ALTERNATIVE),
        # Another channel still works.
        ("partial_outage", False, Impact.ALTERNATIVE),
        ("partial_outage", True, Impact.ALTERNATIVE),
        ("degraded", False, Impact.PARTIAL),
        ("maintenance", False, Impact.AT_RISK),
        ("unknown", False, Impact.AT_RISK),
        ("operational", False, Impact.AT_RISK),
    ],
)
def test_the_impact_is_read_off_the_worst_service(health, has_alternative, expected):
    assert impact_of(Health(health), has_alternative) is expected


@pytest.mark.parametrize(
    ("services", "agencies", "any_shared", "channels_down", "expected"),
    [
        (1, 1, False, 0, Reach.SOME_USERS),
        (1, 1, False, 1, Reach.SERVICE),
        (1, 1, False, 4, Reach.SERVICE),
        (2, 1, False, 2, Reach.AGENCY),
        (2, 1, False, 0, Reach.AGENCY),
        (2, 2, False, 2, Reach.AGENCY),
        (3, 3, False, 3, Reach.NATIONAL),
        (1, 1, True, 1, Reach.NATIONAL),
        (1, 1, True, 0, Reach.NATIONAL),
    ],
)
def test_the_reach_is_read_off_what_the_incident_lists(
    services, agencies, any_shared, channels_down, expected
):
    assert reach_of(services, agencies, any_shared, channels_down) is expected


def test_severities_sort_with_the_gravest_first_and_are_those_that_are_stored():
    assert sorted(["P3", "P1", "P4", "P2"]) == list(Severity)
    assert [severity.value for severity in Severity] == labels.Severity.values
