"""What claims make of somebody: by the rules of the deployment, and nothing besides."""

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import claims
from accounts.claims import (
    Grant,
    Mapped,
    Rule,
    grants,
    has_second_factor,
    profile,
    read_agencies,
    read_rules,
    value_of,
)
from accounts.models import AUTHORITY_ROLES, Role

AGENCIES = {"MOI", "MOH"}
MAPPED = Mapped(
    rules=read_rules(
        "portal-operators=operator; portal-supervisors=supervisor;"
        "moi-publishers=agency_publisher:MOI; publishers=agency_publisher:*; staff=agency_staff:*"
    ),
    agencies={"ministry-of-health": "MOH"},
)


def held(found, mapped=MAPPED):
    return {(grant.role, grant.agency) for grant in grants(found, mapped, AGENCIES).held}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, set()),
        ({"groups": []}, set()),
        ({"groups": ["portal-operators"]}, {("operator", "")}),
        # One text instead of a list.
        ({"groups": "portal-operators"}, {("operator", "")}),
        (
            {"groups": ["portal-operators", "portal-supervisors", "canteen"]},
            {("operator", ""), ("supervisor", "")},
        ),
        ({"groups": ["moi-publishers"]}, {("agency_publisher", "MOI")}),
        # A rule that names its agency does not listen to the claim of the agency.
        ({"groups": ["moi-publishers"], "agency": "MOH"}, {("agency_publisher", "MOI")}),
        ({"groups": ["publishers"], "agency": "MOH"}, {("agency_publisher", "MOH")}),
        ({"groups": ["publishers"], "agency": "ministry-of-health"}, {("agency_publisher", "MOH")}),
        (
            {"groups": ["staff"], "agency": ["MOI", "MOH"]},
            {("agency_staff", "MOI"), ("agency_staff", "MOH")},
        ),
        ({"groups": ["publishers"]}, set()),
        # Unknown, misspelt, or in another case: nothing, never something similar.
        ({"groups": ["operator"]}, set()),
        ({"groups": ["Portal-Operators"]}, set()),
        ({"groups": ["portal-operators "]}, set()),
        ({"groups": "portal-operators portal-supervisors"}, set()),
        ({"groups": ["publishers"], "agency": "moh"}, set()),
        ({"groups": ["publishers"], "agency": "MOX"}, set()),
        ({"groups": ["publishers"], "agency": "*"}, set()),
        # Shapes that are no texts.
        ({"groups": {"portal-operators": True}}, set()),
        ({"groups": [["portal-operators"], 7, None, True]}, set()),
        ({"groups": 7}, set()),
        # Claims that no setting names.
        ({"roles": ["portal-operators"], "role": "operator", "is_superuser": True}, set()),
    ],
)
def test_claims_give_what_the_rules_say(found, expected):
    assert held(found) == expected


def test_agencies_that_nobody_knows_are_named():
    found = grants({"groups": ["staff"], "agency": ["MOI", "MOX"]}, MAPPED, AGENCIES)
    assert found.held == {Grant("agency_staff", "MOI")}
    assert found.unknown_agencies == {"MOX"}


def test_without_rules_nobody_is_anything():
    assert held({"groups": ["portal-operators"], "agency": "MOI"}, Mapped()) == set()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("publishers"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["groups", "agency", "name", "acr", "amr"]), json_values))
def test_whatever_a_provider_sends_gives_no_role_beyond_the_rules(found):
    possible = {(rule.role, agency) for rule in MAPPED.rules for agency in ("", *AGENCIES)}
    assert held(found) <= possible
    assert {agency for role, agency in held(found) if role in AUTHORITY_ROLES} <= {""}
    assert has_second_factor(found, MAPPED) is False
    assert profile(found, MAPPED, issuer="https://i.example", subject="1").username


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("groups", ["a"]),
        ("realm_access.roles", ["b"]),
        # Called like an address: the whole name goes first.
        ("https://portal.example/roles", ["c"]),
        ("realm_access.none", None),
        ("groups.roles", None),
        ("none.at.all", None),
    ],
)
def test_a_claim_is_found_by_its_name_or_inside_another(name, expected):
    found = {
        "groups": ["a"],
        "realm_access": {"roles": ["b"]},
        "https://portal.example/roles": ["c"],
    }
    assert value_of(found, name) == expected


# --- Settings ---------------------------------------------------------------------------------


def test_rules_are_read_from_one_line():
    assert read_rules(" a=operator ;b b = agency_staff : MOI;\nCN=x,OU=y=agency_publisher:*; ") == (
        Rule("a", "operator"),
        Rule("b b", "agency_staff", "MOI"),
        Rule("CN=x,OU=y", "agency_publisher", "*"),
    )
    assert read_rules("") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("operators", "must be two names with = between them"),
        ("operators=", "must be two names with = between them"),
        ("=operator", "must be two names with = between them"),
        ("operators=king", "'king' is no role. Roles: administrator agency_publisher"),
        ("operators=operator:MOI", "operator is a role of the authority and takes no agency"),
        ("staff=agency_staff", "agency_staff needs an agency"),
        ("staff=agency_staff:", "agency_staff needs an agency"),
    ],
)
def test_a_rule_that_says_nothing_clear_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        read_rules(text)


def test_agencies_are_read_from_one_line():
    assert read_agencies("ministry of health=MOH; interior=MOI") == {
        "ministry of health": "MOH",
        "interior": "MOI",
    }
    with pytest.raises(ValueError, match="'interior' is said to be MOI and MOH"):
        read_agencies("interior=MOI; interior=MOH")


def test_the_rules_know_the_very_roles_that_there_are():
    assert {role.value for role in AUTHORITY_ROLES} == claims.ROLES_OF_THE_AUTHORITY
    everyone = claims.ROLES_OF_THE_AUTHORITY | claims.ROLES_OF_AGENCIES
    assert {role.value for role in Role} == everyone


def test_the_mapping_imports_the_standard_library_alone():
    tree = ast.parse(Path(claims.__file__).read_text(encoding="utf-8"))
    found = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
        )
    }
    assert found - set(sys.stdlib_module_names) == set()


# --- Second factors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, False),
        ({"amr": ["pwd"]}, False),
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": "mfa"}, True),
        ({"amr": "mfa otp"}, False),
        ({"acr": "urn:gov:high"}, True),
        ({"acr": ["urn:gov:high"]}, False),
        ({"acr": "urn:gov:low"}, False),
    ],
)
def test_a_second_factor_counts_when_it_is_said_in_an_accepted_word(found, expected):
    mapped = Mapped(
        second_factor_amr=frozenset({"mfa", "otp"}), second_factor_acr=frozenset({"urn:gov:high"})
    )
    assert has_second_factor(found, mapped) is expected


def test_no_word_is_accepted_unless_it_is_configured():
    assert has_second_factor({"amr": ["mfa"], "acr": "high"}, Mapped()) is False


# --- Who it is --------------------------------------------------------------------------------


def said(**found):
    about = profile(found, Mapped(), issuer="https://login.gov.example", subject="1001")
    return about.username, about.first_name, about.last_name, about.email, about.email_verified


NAMELESS = "sso-3d1f6b4f2f47f56b"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, (NAMELESS, "", "", "", False)),
        (
            {
                "preferred_username": "fatima",
                "given_name": "فاطمة",
                "family_name": "العلي",
                "email": "fatima@moi.gov.example",
                "email_verified": True,
            },
            ("fatima", "فاطمة", "العلي", "fatima@moi.gov.example", True),
        ),
        ({"name": "فاطمة بنت علي"}, (NAMELESS, "فاطمة", "بنت علي", "", False)),
        # A direction that is turned round, a line that is broken: gone.
        ({"given_name": "\u202eAli\u2066\n Omar\u0000"}, (NAMELESS, "Ali Omar", "", "", False)),
        ({"preferred_username": "a b"}, (NAMELESS, "", "", "", False)),
        ({"preferred_username": "x" * 151}, (NAMELESS, "", "", "", False)),
        ({"preferred_username": ["fatima"]}, (NAMELESS, "", "", "", False)),
        ({"given_name": "n" * 200}, (NAMELESS, "n" * 150, "", "", False)),
        (
            {"email": "a@b.example", "email_verified": "true"},
            (NAMELESS, "", "", "a@b.example", False),
        ),
        ({"email": "nobody", "email_verified": True}, (NAMELESS, "", "", "", False)),
    ],
)
def test_who_somebody_is_comes_in_one_clean_line_each(found, expected):
    assert said(**found) == expected
