"""What single sign-on gives, and takes away again; and what it never gives."""

import logging
from typing import Any

import pytest
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.claims import Mapped, read_rules
from accounts.models import Membership, Role, User
from accounts.sso import people
from accounts.sso.failures import NotAllowed, NotBelieved
from core.audit import AuditEntry
from tests.accounts.provider import Provider
from tests.accounts.sign_on import (
    FATIMA,
    RULES,
    configure,
    provider,
    running_provider,
    sign_in,
)
from tests.factories import make_agency, make_user

__all__ = ["provider", "running_provider"]

pytestmark = pytest.mark.django_db

ISSUER = "https://login.gov.example"


@pytest.fixture
def rules(settings: Any) -> Any:
    """A portal with single sign-on; nobody has to answer."""
    configure(settings, ISSUER)
    return settings


def receive(issuer: str = ISSUER, **changed: Any) -> User:
    """The person whom these claims make."""
    claims = FATIMA | changed
    account = people.receive(issuer=issuer, claims=claims, now=timezone.now(), address="10.1.2.3")
    return account.user


def roles(person: User) -> set[tuple[str, str | None, bool]]:
    """Role, agency, and whether it came from single sign-on."""
    return set(person.memberships.values_list("role", "agency__code", "from_sso"))


def linked(person: User, subject: str = "1001") -> User:
    SocialAccount.objects.create(user=person, provider=ISSUER, uid=subject)
    return person


# --- Withdrawn --------------------------------------------------------------------------------


def test_a_role_withdrawn_between_two_sign_ins_is_gone_and_so_are_open_sessions(
    client: Client, provider: Provider
) -> None:
    make_agency(code="MOI")
    provider.person = FATIMA | {"groups": ["portal-operators", "publishers"], "agency": "MOI"}
    sign_in(client)
    fatima = User.objects.get(username="fatima")
    assert roles(fatima) == {("operator", None, True), ("agency_publisher", "MOI", True)}
    assert client.get("/ops/").status_code == 200

    provider.person = FATIMA | {"groups": ["publishers"], "agency": "MOI"}
    another = Client()
    sign_in(another)

    assert roles(fatima) == {("agency_publisher", "MOI", True)}
    assert client.get("/ops/").status_code == 302
    assert another.get("/ops/").status_code == 200
    gone = AuditEntry.objects.get(act="delete")
    assert (gone.subject_kind, gone.actor, gone.actor_name) == (
        "accounts.membership",
        None,
        "portal",
    )
    assert gone.before == {"role": "operator", "agency": None, "from_sso": "True"}
    assert gone.reason == "What single sign-on says of this person."


def test_whoever_has_no_role_left_is_turned_away_and_loses_what_they_had(
    client: Client, provider: Provider
) -> None:
    sign_in(client)
    fatima = User.objects.get(username="fatima")

    provider.person = FATIMA | {"groups": []}
    response = sign_in(Client())

    assert response.status_code == 403
    text = response.content.decode()
    assert "ليس لك دور في هذه البوابة" in text
    assert "you have no role in this portal" in text
    assert roles(fatima) == set()
    assert client.get("/ops/").status_code == 302
    last = AuditEntry.objects.order_by("id").last()
    assert (last.act, last.subject_id, last.actor, last.address, last.after) == (
        "sign_in_refused",
        str(fatima.pk),
        None,
        "127.0.0.1",
        {"step": "no role by single sign-on and none by hand"},
    )


def test_what_people_gave_by_hand_stays(rules: Any) -> None:
    fatima = linked(make_user(Role.AUDITOR))
    Membership.objects.create(user=fatima, role=Role.OPERATOR)

    # Given twice is held once, and stays the one that was given by hand.
    assert roles(receive()) == {("auditor", None, False), ("operator", None, False)}
    assert roles(receive(groups=[])) == {("auditor", None, False), ("operator", None, False)}


def test_a_rule_that_goes_takes_its_roles_with_it(rules: Any) -> None:
    receive()
    rules.SSO_CLAIMS = Mapped(rules=read_rules("others=auditor"))
    with pytest.raises(NotAllowed):
        receive()
    assert not Membership.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_a_sign_in_that_changes_nothing_costs_the_same_for_any_number_of_roles(
    rules: Any, count: int, django_assert_num_queries: Any
) -> None:
    codes = [make_agency().code for _ in range(count)]
    receive(groups=["publishers"], agency=codes)
    # Transaction, agencies, account, person, memberships, whether any is left, commit.
    with django_assert_num_queries(7):
        receive(groups=["publishers"], agency=codes)


# --- Not given --------------------------------------------------------------------------------


def test_an_agency_that_nobody_knows_gives_nothing_and_is_written_down(
    rules: Any, caplog: pytest.LogCaptureFixture
) -> None:
    make_agency(code="MOI")
    assert roles(receive(groups=["publishers"], agency=["MOI", "MOX"])) == {
        ("agency_publisher", "MOI", True)
    }
    assert "names agencies that nobody here knows: 'MOX'" in caplog.text


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["publishers"], "agency": "MOX"},
        {"groups": ["strangers"]},
        {"groups": []},
        {"groups": None},
    ],
)
def test_nobody_is_made_who_would_be_nothing(rules: Any, claims: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed, match="no role by single sign-on, and unknown here"):
        receive(**claims)
    assert not User.objects.exists()


def test_whoever_left_stays_outside(rules: Any) -> None:
    linked(make_user(Role.AUDITOR, is_active=False))
    with pytest.raises(NotAllowed, match="inactive"):
        receive()
    assert AuditEntry.objects.get().act == "sign_in_refused"


def test_nobody_becomes_somebody_by_choosing_their_name(rules: Any) -> None:
    make_user(Role.ADMINISTRATOR, username="Fatima")
    with pytest.raises(NotAllowed, match="the user name belongs to somebody"):
        receive()
    assert not SocialAccount.objects.exists()


def test_another_issuer_speaks_of_other_people(rules: Any) -> None:
    fatima = receive()
    other = receive(issuer="https://other.gov.example", preferred_username="other")
    assert other != fatima


def test_where_people_are_not_made_they_have_to_be_there(rules: Any) -> None:
    rules.SSO_CREATE_PEOPLE = False
    with pytest.raises(NotAllowed, match="SSO_CREATE_PEOPLE is off"):
        receive()
    fatima = linked(make_user())
    assert receive() == fatima
    assert roles(fatima) == {("operator", None, True)}


def test_an_address_that_the_provider_does_not_vouch_for_is_not_kept(rules: Any) -> None:
    assert receive(email_verified=False).email == ""


def test_of_two_first_sign_ins_at_once_one_has_to_begin_again(
    rules: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive()

    def seen_too_early(*_: Any, **__: Any) -> tuple[User, None]:
        return User(username="fatima", is_staff=True), None

    monkeypatch.setattr(people, "_somebody_new", seen_too_early)
    with pytest.raises(NotBelieved, match="at the same moment"):
        receive(sub="1002")
    assert User.objects.count() == 1


# --- Somebody who is here already, by their address ---------------------------------------------


def test_a_verified_address_leads_to_the_person_who_was_invited_where_that_is_configured(
    rules: Any,
) -> None:
    rules.SSO_MATCH_EMAIL = True
    invited = make_user(Role.AUDITOR, username="f.alali", email="Fatima@MOI.gov.example")
    assert receive() == invited
    assert roles(invited) == {("auditor", None, False), ("operator", None, True)}
    (known, *_) = AuditEntry.objects.filter(subject_id=str(invited.pk), act="change").order_by("id")
    assert known.after == {"issuer": ISSUER, "subject": "1001"}
    # From now on by the subject, whatever the address.
    assert receive(email="", email_verified=False) == invited


@pytest.mark.parametrize(
    ("configured", "claims", "person"),
    [
        (False, {}, {}),
        (True, {"email_verified": False}, {}),
        (True, {"email_verified": "true"}, {}),
        (True, {"email": "other@moi.gov.example"}, {}),
        (True, {}, {"is_superuser": True}),
        (True, {}, {"is_active": False}),
    ],
)
def test_an_address_leads_to_nobody_without_being_configured_and_verified(
    rules: Any, configured: bool, claims: dict[str, Any], person: dict[str, Any]
) -> None:
    rules.SSO_MATCH_EMAIL = configured
    here = make_user(Role.AUDITOR, email="fatima@moi.gov.example", **person)
    assert receive(**claims) != here


def test_an_address_of_two_people_leads_to_neither(rules: Any) -> None:
    rules.SSO_MATCH_EMAIL = True
    both = [make_user(email="fatima@moi.gov.example") for _ in range(2)]
    assert receive() not in both


def test_an_address_of_somebody_whom_the_provider_knows_otherwise_leads_to_nobody(
    rules: Any,
) -> None:
    rules.SSO_MATCH_EMAIL = True
    other = linked(make_user(email="fatima@moi.gov.example"), subject="2002")
    assert receive() != other


# --- Second factors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amr", "has_factor", "leads_to", "then"),
    [
        # Asked by the provider: enough.
        (["pwd", "otp"], False, "/ops/", 200),
        (["pwd", "otp"], True, "/ops/", 200),
        # Not asked: ours is, or has to be made first.
        (["pwd"], True, "/accounts/2fa/authenticate/", 302),
        (None, True, "/accounts/2fa/authenticate/", 302),
        (["pwd"], False, "/ops/", 302),
    ],
)
def test_a_second_factor_is_asked_by_one_of_the_two(
    client: Client,
    provider: Provider,
    amr: list[str] | None,
    has_factor: bool,
    leads_to: str,
    then: int,
) -> None:
    fatima = make_user(username="fatima", has_factor=has_factor)
    SocialAccount.objects.create(user=fatima, provider=provider.issuer, uid="1001")
    provider.person = FATIMA | {"amr": amr}

    assert sign_in(client, next="/ops/")["Location"] == leads_to
    answer = client.get("/ops/")
    assert answer.status_code == then
    if leads_to == "/ops/" and then == 302:
        # Signed in, and nothing opens but the page that adds a factor.
        assert answer["Location"] == "/accounts/2fa/"


# --- allauth's own ways -------------------------------------------------------------------------


def test_a_sign_in_that_went_past_the_checks_is_refused(rules: Any) -> None:
    linked(make_user(Role.OPERATOR))
    request = RequestFactory().get("/")
    adapter = get_adapter(request)
    provider = adapter.get_provider(request)
    login = SocialLogin(
        user=User(), account=SocialAccount(provider=ISSUER, uid="1001"), provider=provider
    )
    login.lookup()
    assert login.is_existing
    with pytest.raises(PermissionDenied):
        adapter.pre_social_login(request, login)
    with pytest.raises(PermissionDenied):
        adapter.get_requests_session()
    assert adapter.is_open_for_signup(request, login) is False


def test_a_row_of_the_database_makes_no_provider(rules: Any) -> None:
    SocialApp.objects.create(
        provider="openid_connect", provider_id="evil", name="evil", client_id="x"
    )
    providers = get_adapter().list_providers(RequestFactory().get("/"))
    assert [provider.app.provider_id for provider in providers] == [ISSUER]


def test_nothing_of_a_token_reaches_the_log(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []
    sign = provider.sign

    def remembered(claims: dict[str, Any]) -> str:
        tokens.append(sign(claims))
        return tokens[-1]

    provider.sign = remembered
    provider.changed = lambda claims: claims | {"aud": "another"}
    sign_in(client)
    (token,) = tokens
    assert "made for another audience" in caplog.text
    assert token.split(".")[1] not in caplog.text
    assert RULES not in caplog.text
