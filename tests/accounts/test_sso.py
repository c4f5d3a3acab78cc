"""Single sign-on end to end: a browser, the portal, and a real provider over HTTP."""

import logging
import socket
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import time_machine
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import Membership, User
from accounts.sso import conversation
from accounts.sso.failures import ProviderDown
from core.audit import AuditEntry
from tests.accounts.provider import (
    ANOTHER_KEY,
    CLIENT_ID,
    Provider,
    running,
    signed,
    unsigned,
)
from tests.accounts.sign_on import (
    FATIMA,
    START,
    back_from_provider,
    configure,
    provider,
    running_provider,
    sign_in,
    to_provider,
)
from tests.factories import make_user

__all__ = ["provider", "running_provider"]

pytestmark = pytest.mark.django_db


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def acts(person: User) -> list[tuple[str, str]]:
    """What the record says of somebody and their roles, oldest first."""
    return [
        (entry.act, entry.subject_kind.rpartition(".")[2])
        for entry in AuditEntry.objects.order_by("id")
        if entry.subject_id == str(person.pk) or entry.subject_kind == "accounts.membership"
    ]


def roles(person: User) -> set[tuple[str, str | None]]:
    return set(person.memberships.values_list("role", "agency__code"))


# --- Good -------------------------------------------------------------------------------------


def test_whoever_the_provider_vouches_for_comes_in_with_the_roles_of_the_rules(
    client: Client, provider: Provider
) -> None:
    response = sign_in(client, next="/ops/")

    assert (response.status_code, response["Location"]) == (302, "/ops/")
    assert client.get("/ops/").status_code == 200
    fatima = User.objects.get(username="fatima")
    assert (fatima.first_name, fatima.last_name) == ("فاطمة", "العلي")
    assert fatima.email == "fatima@moi.gov.example"
    assert not fatima.has_usable_password()
    assert roles(fatima) == {("operator", None)}
    assert Membership.objects.get(user=fatima).from_sso
    assert acts(fatima) == [
        ("add", "user"),
        ("change", "user"),
        ("add", "membership"),
        ("change", "user"),
        ("sign_in", "user"),
    ]


def test_nothing_is_kept_of_the_tokens_and_claims(client: Client, provider: Provider) -> None:
    sign_in(client)
    account = SocialAccount.objects.get()
    assert (account.provider, account.uid, account.extra_data) == (provider.issuer, "1001", {})
    assert not SocialToken.objects.exists()
    assert "otp" not in str(dict(client.session))


def test_the_second_time_is_the_same_person(client: Client, provider: Provider) -> None:
    sign_in(client)
    provider.person = FATIMA | {"preferred_username": "fatima.alali", "family_name": "العالي"}
    sign_in(Client())
    fatima = User.objects.get()
    # What somebody is called may change; under which name the record knows them does not.
    assert (fatima.username, fatima.last_name) == ("fatima", "العالي")


def test_pkce_state_and_nonce_are_sent_and_differ_each_time(
    client: Client, provider: Provider
) -> None:
    sign_in(client)
    sign_in(Client())

    for asked in provider.asked:
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["scope"] == "openid profile email"
        assert asked["redirect_uri"] == "http://localhost:8000/accounts/sso/callback/"
        assert asked["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len({asked[name] for asked in provider.asked}) == 2
        assert all(len(asked[name]) >= 16 for asked in provider.asked)
    # The provider checked client, address and verifier of both codes.
    assert provider.refused == []
    assert provider.codes == {}


def test_an_address_cannot_ask_for_more_than_the_settings(
    client: Client, provider: Provider
) -> None:
    sign_in(client, scope="admin", auth_params="prompt=none&nonce=x", process="connect")
    (asked,) = provider.asked
    assert asked["scope"] == "openid profile email"
    assert "prompt" not in asked
    assert asked["nonce"] != "x"


@pytest.mark.parametrize("methods", [None, ["client_secret_basic"], ["client_secret_post"]])
def test_the_secret_is_shown_in_a_way_that_the_provider_takes(
    client: Client, provider: Provider, methods: list[str] | None
) -> None:
    provider.discovery = {"token_endpoint_auth_methods_supported": methods}
    sign_in(client)
    assert is_signed_in(client)
    assert provider.refused == []


def test_userinfo_is_asked_where_the_claims_are_there_alone(
    client: Client, provider: Provider, settings: Any
) -> None:
    settings.SSO_USERINFO = True
    provider.person = {"sub": "1001", "amr": ["otp"]}
    provider.userinfo = FATIMA
    sign_in(client)
    assert roles(User.objects.get(username="fatima")) == {("operator", None)}


def test_somebody_who_was_signed_in_is_signed_out_first(client: Client, provider: Provider) -> None:
    client.force_login(make_user(username="other"))
    sign_in(client)
    assert client.session["_auth_user_id"] == str(User.objects.get(username="fatima").pk)
    assert client.get("/ops/").status_code == 200


def test_whoever_has_no_password_here_is_told_so_when_they_want_to_change_it(
    client: Client, provider: Provider
) -> None:
    sign_in(client)
    page = client.get("/accounts/password/change/", headers={"Accept-Language": "en"}, follow=True)
    assert page.redirect_chain[-1] == ("/accounts/2fa/", 302)
    assert "You have no password here: you sign in by single sign-on." in page.content.decode()


# --- Ways in that are none ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "https://evil.example/"},
        {"Sec-Fetch-Site": "cross-site", "Referer": "http://localhost:8000/"},
    ],
)
def test_a_link_elsewhere_leads_to_the_sign_in_page_and_no_further(
    client: Client, provider: Provider, headers: dict[str, str]
) -> None:
    response = client.get(START, {"next": "/ops/"}, headers=headers)
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=%2Fops%2F")
    assert provider.visited == []


def test_an_old_browser_shows_by_its_referrer_that_it_comes_from_here(
    client: Client, provider: Provider
) -> None:
    response = client.get(START, headers={"Referer": "http://localhost:8000/accounts/login/"})
    assert response["Location"].startswith(f"{provider.issuer}/authorize?")


def test_nobody_is_led_to_another_site_afterwards(client: Client, provider: Provider) -> None:
    response = sign_in(client, next="https://evil.example/")
    assert response["Location"] == "/admin/"


def test_without_a_provider_there_is_no_door(client: Client) -> None:
    assert to_provider(client).status_code == 404
    assert client.get("/accounts/sso/callback/?state=x&code=y").status_code == 404


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("openid_connect_login", {"provider_id": "x"}),
        ("openid_connect_callback", {"provider_id": "x"}),
        ("socialaccount_signup", {}),
        ("socialaccount_connections", {}),
    ],
)
def test_the_doors_that_allauth_would_have_are_walls(name: str, of: dict[str, str]) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name, kwargs=of)


# --- What went wrong ----------------------------------------------------------------------------


def refused(response: Any, caplog: pytest.LogCaptureFixture, *, status: int = 403) -> str:
    """The one line of the log about a refused sign-in; nobody is signed in, and both languages
    say so."""
    assert response.status_code == status
    text = response.content.decode()
    assert "لم يُسجَّل دخولك" in text
    assert "You are not signed in" in text
    assert not is_signed_in(response.client)
    assert "sign_in" not in AuditEntry.objects.values_list("act", flat=True)
    (line,) = [one for one in caplog.records if one.name == "accounts.sso.views"]
    assert line.levelno == logging.WARNING
    return line.getMessage()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"aud": "another portal"}, "made for another audience"),
        ({"exp": 1_700_000_000}, "expired"),
        ({"nonce": "of another sign-in"}, "another nonce"),
    ],
)
def test_a_token_with_one_wrong_claim_lets_nobody_in(
    client: Client,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    changed: dict[str, Any],
    said: str,
) -> None:
    provider.changed = lambda claims: claims | changed
    assert f"NotBelieved: id token: {said}" in refused(sign_in(client), caplog)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("sign", "said"),
    [
        (unsigned, "signed in a way that is not accepted"),
        (lambda claims: signed(claims, key=ANOTHER_KEY), "the signature does not hold"),
    ],
    ids=["alg none", "another key"],
)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture, sign: Any, said: str
) -> None:
    provider.sign = sign
    assert f"NotBelieved: id token: {said}" in refused(sign_in(client), caplog)
    assert not User.objects.exists()


def test_a_state_counts_once(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    back = back_from_provider(to_provider(client)["Location"])
    client.get(back)
    client.post("/accounts/logout/")
    before = len(provider.visited)
    assert not is_signed_in(client)

    response = client.get(back)
    assert response.status_code == 403
    assert "the state is unknown, was used before" in caplog.text
    assert not is_signed_in(client)
    # The code is not even shown to the provider.
    assert len(provider.visited) == before


def test_an_answer_to_somebody_elses_sign_in_is_worth_nothing(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    back = back_from_provider(to_provider(Client())["Location"])
    assert "the state is unknown" in refused(client.get(back), caplog)


def test_a_state_lives_for_ten_minutes(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    back = back_from_provider(to_provider(client)["Location"])
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert "older than ten minutes" in refused(client.get(back), caplog)


def test_a_code_without_its_verifier_is_refused_by_the_provider(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """A code that was stolen and put into another sign-in: that is what PKCE is for."""
    stolen = parse_qs(urlsplit(back_from_provider(to_provider(Client())["Location"])).query)
    own = dict(parse_qsl(urlsplit(back_from_provider(to_provider(client)["Location"])).query))
    response = client.get("/accounts/sso/callback/", own | {"code": stolen["code"][0]})
    assert "the provider refused the code: 400 'invalid_grant'" in refused(response, caplog)
    assert provider.refused == ["pkce"]


def test_an_answer_that_names_another_issuer_is_not_followed(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    back = back_from_provider(to_provider(client)["Location"])
    query = dict(parse_qsl(urlsplit(back).query)) | {"iss": "https://evil.example"}
    response = client.get("/accounts/sso/callback/", query)
    assert "the answer comes from another issuer" in refused(response, caplog)
    assert provider.visited == ["/.well-known/openid-configuration", "/authorize"]


def test_a_document_of_another_issuer_is_not_followed(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.discovery = {"issuer": "https://evil.example"}
    assert "document names another issuer" in refused(to_provider(client), caplog)


def test_whoever_breaks_off_is_told_so(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.person = None
    response = sign_in(client)
    assert "Cancelled" in refused(response, caplog)
    assert "The sign-in was broken off." in response.content.decode()


# --- The provider is down -----------------------------------------------------------------------


def test_a_provider_that_is_down_is_said_to_be_down_and_break_glass_is_named(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with running() as gone:
        configure(settings, gone.issuer)
    response = to_provider(client)
    assert "ProviderDown: the provider cannot be reached" in refused(response, caplog, status=503)
    assert response["Retry-After"] == "60"
    text = response.content.decode()
    assert "كسر الزجاج" in text
    assert "Whoever may break glass signs in with their password and second factor" in text
    assert 'href="/accounts/login/"' in text


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/token", 503, b"{}"),
        ("/token", 200, b"<html>"),
        ("/token", 200, b"[]"),
        ("/token", 302, b"{}"),
        ("/keys", 500, b"{}"),
        pytest.param("/keys", 200, b'{"keys": "' + b"x" * 600_000 + b'"}', id="without an end"),
    ],
)
def test_a_provider_that_goes_down_midway_is_down(
    client: Client,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    path: str,
    status: int,
    body: bytes,
) -> None:
    provider.instead = {path: (status, body)}
    assert f"ProviderDown: {path} answers" in refused(sign_in(client), caplog, status=503)


def test_a_provider_that_never_answers_holds_nobody_up(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(conversation, "DEADLINE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        configure(settings, f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "TimeoutError" in refused(to_provider(client), caplog, status=503)


def test_only_a_few_wait_for_the_provider_at_once(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as waiting:
        for _ in range(4):
            waiting.enter_context(conversation.place())
        said = refused(to_provider(client), caplog, status=503)
    assert "too many sign-ins already wait" in said
    assert provider.visited == []
    sign_in(client)
    assert is_signed_in(client)


def test_a_provider_in_a_private_network_has_to_be_allowed(
    client: Client, provider: Provider, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SSO_ALLOWED_NETWORKS = []
    assert "AddressRefused" in refused(to_provider(client), caplog, status=503)
    assert provider.visited == []


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "100.64.0.1",
        "0.0.0.0",
    ],
)
def test_no_spelling_of_an_inner_address_is_called(
    client: Client, provider: Provider, settings: Any, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    settings.SSO_ALLOWED_NETWORKS = []
    settings.SSO_ISSUER = f"http://{host}:{urlsplit(provider.issuer).port}"
    assert "AddressRefused" in refused(to_provider(client), caplog, status=503)
    assert provider.visited == []


def test_a_provider_cannot_lead_us_to_an_inner_address(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.discovery = {"jwks_uri": "http://169.254.169.254/latest/meta-data/"}
    assert "AddressRefused" in refused(sign_in(client), caplog, status=503)


def test_a_provider_asked_over_tls_cannot_lead_out_of_it(settings: Any) -> None:
    settings.SSO_ISSUER = "https://login.gov.example"
    for address in ("http://login.gov.example/token", "file:///etc/passwd", "", None, 7):
        with pytest.raises(ProviderDown, match="no usable token_endpoint"):
            conversation.endpoint({"token_endpoint": address}, "token_endpoint")
    found = {"token_endpoint": "https://tokens.gov.example/token"}
    assert conversation.endpoint(found, "token_endpoint") == "https://tokens.gov.example/token"


def test_the_sign_in_page_leads_to_the_provider_by_a_link(
    client: Client, provider: Provider
) -> None:
    page = client.get("/accounts/login/?next=/ops/").content.decode()
    # A form could not: its answer would lead to another host than form-action names.
    assert 'href="/accounts/sso/start/?next=%2Fops%2F"' in page


def test_the_sign_in_page_names_no_provider_where_there_is_none(client: Client) -> None:
    assert START not in client.get("/accounts/login/").content.decode()
