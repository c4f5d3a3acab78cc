"""Settings of single sign-on: off unless named, and failing at start with a sentence."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.claims import Rule

ROOM = Path(__file__).parents[2] / "statusportal" / "settings" / "single_sign_on.py"
GOOD = {
    "SSO_ISSUER": "https://login.gov.example",
    "SSO_CLIENT_ID": "portal",
    "SSO_CLIENT_SECRET": "s3cret",
    "SSO_ROLES": "portal-operators=operator",
}


def read(monkeypatch: pytest.MonkeyPatch, **environment: str | None) -> dict[str, Any]:
    """The settings that this environment makes; None leaves a variable out."""
    for name, value in environment.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOM))


def test_without_an_issuer_there_is_no_single_sign_on(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch)
    assert found["SOCIALACCOUNT_PROVIDERS"] == {}
    assert found["SSO_ISSUER"] == ""


def test_an_issuer_is_one_provider_with_pkce(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n", encoding="utf-8")
    found = read(
        monkeypatch,
        **GOOD | {"SSO_CLIENT_SECRET": None, "SSO_CLIENT_SECRET_FILE": str(secret)},
        SSO_SECOND_FACTOR_AMR="mfa otp",
    )
    (app,) = found["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["APPS"]
    assert app == {
        "provider_id": "https://login.gov.example",
        "name": "single sign-on",
        "client_id": "portal",
        "secret": "from a file",
        "settings": {
            "server_url": "https://login.gov.example",
            "oauth_pkce_enabled": True,
            "scope": ["openid", "profile", "email"],
        },
    }
    assert found["SSO_CLAIMS"].rules == (Rule("portal-operators", "operator"),)
    assert found["SSO_CLAIMS"].second_factor_amr == {"mfa", "otp"}
    assert (found["SSO_MATCH_EMAIL"], found["SSO_USERINFO"]) == (False, False)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SSO_CLIENT_ID": None}, "Set SSO_CLIENT_ID: it has no default"),
        ({"SSO_CLIENT_SECRET": None}, "Set SSO_CLIENT_SECRET: it has no default"),
        ({"SSO_ISSUER": "http://login.gov.example"}, "SSO_ISSUER must begin with https://"),
        ({"SSO_ISSUER": "login.gov.example"}, "SSO_ISSUER must be a whole address"),
        ({"SSO_ISSUER": "https://login.gov.example?a=b"}, "SSO_ISSUER must be a whole address"),
        ({"SSO_ISSUER": "https://login.gov.example/" + "a" * 200}, "not be longer than 200"),
        ({"SSO_ROLES": ""}, "SSO_ROLES must say who is what"),
        ({"SSO_ROLES": "a=king"}, "SSO_ROLES: 'king' is no role"),
        ({"SSO_AGENCIES": "MOI"}, "SSO_AGENCIES: 'MOI' must be two names with = between them"),
        ({"SSO_SCOPES": "profile"}, "SSO_SCOPES must hold openid"),
        ({"SSO_ALLOWED_NETWORKS": "10.0.0.0/99"}, "SSO_ALLOWED_NETWORKS: '10.0.0.0/99' does not"),
        ({"SSO_EXTRA_CA": "/nowhere.pem"}, "SSO_EXTRA_CA must be a file that can be read"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str | None], said: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        read(monkeypatch, **GOOD | changed)


def test_without_rules_people_have_to_be_here_already(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, **GOOD | {"SSO_ROLES": "", "SSO_CREATE_PEOPLE": "off"})
    assert found["SSO_CLAIMS"].rules == ()
