"""A browser that signs in by single sign-on, for tests; and a portal that knows the provider."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.claims import Mapped, read_rules
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, Provider, running

START = "/accounts/sso/start/"
HERE = {"Sec-Fetch-Site": "same-origin"}
FATIMA = {
    "sub": "1001",
    "preferred_username": "fatima",
    "given_name": "فاطمة",
    "family_name": "العلي",
    "email": "fatima@moi.gov.example",
    "email_verified": True,
    "groups": ["portal-operators"],
    "amr": ["pwd", "otp"],
}
RULES = "portal-operators=operator; publishers=agency_publisher:*"


@pytest.fixture(scope="session")
def running_provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def provider(running_provider: Provider, settings: Any) -> Provider:
    """A provider that knows Fatima, and a portal that knows the provider."""
    running_provider.behave()
    running_provider.person = dict(FATIMA)
    configure(settings, running_provider.issuer)
    return running_provider


def configure(settings: Any, issuer: str) -> None:
    settings.SSO_ISSUER = issuer
    settings.SSO_CLIENT_ID = CLIENT_ID
    settings.SSO_CLIENT_SECRET = CLIENT_SECRET
    settings.SSO_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.SSO_CLAIMS = Mapped(
        rules=read_rules(RULES), second_factor_amr=frozenset({"otp", "mfa"})
    )
    app = {
        "provider_id": issuer,
        "name": "single sign-on",
        "client_id": CLIENT_ID,
        "secret": CLIENT_SECRET,
        "settings": {
            "server_url": issuer,
            "oauth_pkce_enabled": True,
            "scope": ["openid", "profile", "email"],
        },
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}


def to_provider(client: Client, **query: str) -> Any:
    """The portal's answer to the click on "single sign-on"."""
    return client.get(START, query, headers=HERE)


def back_from_provider(address: str) -> str:
    """Where the provider sends the browser after it was there, without the portal's name."""
    there = urlsplit(address)
    # Not httpx: it loads every certificate of the world before it speaks to loopback.
    connection = http.client.HTTPConnection(there.netloc, timeout=5)
    with closing(connection):
        connection.request("GET", f"{there.path}?{there.query}")
        location = connection.getresponse().headers["Location"]
    parts = urlsplit(location)
    assert f"{parts.scheme}://{parts.netloc}" == "http://localhost:8000"
    return f"{parts.path}?{parts.query}"


def sign_in(client: Client, **query: str) -> Any:
    """All the way: out to the provider and back."""
    away = to_provider(client, **query)
    assert away.status_code == 302, away.content.decode()
    return client.get(back_from_provider(away["Location"]))
