"""Who may do what, as one literal table."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.access import Act, agencies, may
from accounts.models import Membership, Role
from tests.factories import make_agency, make_user

pytestmark = pytest.mark.django_db

# For each role: what it may do for its own agency, for another one, for what belongs to none.
# The authority's roles have no agency of their own: "own" is then like any other.
VIEW, EDIT, CHECKS, REGISTER = (
    Act.VIEW_CATALOGUE,
    Act.EDIT_CATALOGUE,
    Act.EDIT_CHECKS,
    Act.EDIT_REGISTER,
)
SEE_PEOPLE, PEOPLE, AUDIT, WHY = Act.VIEW_PEOPLE, Act.EDIT_PEOPLE, Act.VIEW_AUDIT, Act.VIEW_WHY
TABLE = {
    Role.AGENCY_STAFF: ({VIEW, EDIT, WHY}, set(), set()),
    Role.AGENCY_PUBLISHER: ({VIEW, EDIT, CHECKS, WHY}, set(), set()),
    Role.CONTACT_CENTRE: ({VIEW, WHY},) * 3,
    Role.OPERATOR: ({VIEW, WHY},) * 3,
    Role.AUDITOR: ({VIEW, SEE_PEOPLE, AUDIT, WHY},) * 3,
    Role.SUPERVISOR: ({VIEW, EDIT, CHECKS, SEE_PEOPLE, AUDIT, WHY},) * 3,
    Role.ADMINISTRATOR: ({VIEW, EDIT, CHECKS, REGISTER, SEE_PEOPLE, PEOPLE, AUDIT, WHY},) * 3,
}
# Acts that later parts of the portal add have tables of their own.
ACTS = {VIEW, EDIT, CHECKS, REGISTER, SEE_PEOPLE, PEOPLE, AUDIT, WHY}


def allowed(person, agency):
    return {act for act in ACTS if may(person, act, agency)}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_the_table_says_and_nothing_else(role):
    own, other = make_agency(), make_agency()
    person = make_user(role, own) if role.value.startswith("agency_") else make_user(role)
    for_own, for_other, for_none = TABLE[role]
    assert allowed(person, own) == for_own
    assert allowed(person, other) == for_other
    assert allowed(person, None) == for_none


def test_an_agency_may_be_named_by_its_id():
    own = make_agency()
    person = make_user(Role.AGENCY_STAFF, own)
    assert may(person, Act.EDIT_CATALOGUE, own.pk)
    assert not may(person, Act.EDIT_CATALOGUE, make_agency().pk)


def test_agency_people_reach_their_agencies_and_the_authority_reaches_all():
    first, second = make_agency(), make_agency()
    person = make_user(Role.AGENCY_STAFF, first)
    Membership.objects.create(user=person, role=Role.AGENCY_PUBLISHER, agency=second)
    assert agencies(person, Act.EDIT_CATALOGUE) == {first.pk, second.pk}
    assert agencies(person, Act.EDIT_CHECKS) == {second.pk}
    assert agencies(person, Act.VIEW_AUDIT) == set()
    assert agencies(make_user(Role.OPERATOR), Act.VIEW_CATALOGUE) is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_whoever_has_left_or_is_not_staff_may_do_nothing(change):
    person = make_user(Role.ADMINISTRATOR, **change)
    assert allowed(person, make_agency()) == set()


def test_whoever_is_not_signed_in_or_has_no_role_may_do_nothing():
    assert allowed(AnonymousUser(), make_agency()) == set()
    assert allowed(make_user(), make_agency()) == set()


def test_the_first_person_of_a_deployment_is_an_administrator():
    person = make_user(is_superuser=True)
    assert allowed(person, make_agency()) == TABLE[Role.ADMINISTRATOR][0]


def test_roles_are_read_once_for_each_person(django_assert_num_queries):
    person = make_user(Role.OPERATOR)
    with django_assert_num_queries(1):
        assert may(person, Act.VIEW_CATALOGUE, 1)
        assert not may(person, Act.EDIT_PEOPLE, 1)
