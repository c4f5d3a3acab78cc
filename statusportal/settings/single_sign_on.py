"""Single sign-on (docs/single-sign-on.md); off without SSO_ISSUER, as in the demo."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from accounts.claims import Mapped, read_agencies, read_rules
from core import env

SSO_ISSUER = env.text("SSO_ISSUER", "").strip()
# Needed as soon as there is an issuer.
SSO_CLIENT_ID = env.text("SSO_CLIENT_ID", None if SSO_ISSUER else "")
SSO_CLIENT_SECRET = env.secret("SSO_CLIENT_SECRET", None if SSO_ISSUER else "")
SSO_SCOPES = env.words("SSO_SCOPES", "openid profile email")
SSO_USERINFO = env.flag("SSO_USERINFO", default=False)
# Whether somebody whom the provider vouches for becomes a person here, or has to be one already.
SSO_CREATE_PEOPLE = env.flag("SSO_CREATE_PEOPLE", default=True)
SSO_MATCH_EMAIL = env.flag("SSO_MATCH_EMAIL", default=False)
# The only private networks that the provider may be in (core.net).
SSO_ALLOWED_NETWORKS = env.words("SSO_ALLOWED_NETWORKS", "")
SSO_EXTRA_CA = env.text("SSO_EXTRA_CA", "")

_T = TypeVar("_T")


def _mapping(name: str, read: Callable[[str], _T], text: str) -> _T:
    try:
        return read(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from None


SSO_CLAIMS = Mapped(
    rules=_mapping("SSO_ROLES", read_rules, env.text("SSO_ROLES", "")),
    agencies=_mapping("SSO_AGENCIES", read_agencies, env.text("SSO_AGENCIES", "")),
    roles_claim=env.text("SSO_CLAIM_ROLES", "groups"),
    agency_claim=env.text("SSO_CLAIM_AGENCY", "agency"),
    username_claim=env.text("SSO_CLAIM_USERNAME", "preferred_username"),
    first_name_claim=env.text("SSO_CLAIM_FIRST_NAME", "given_name"),
    last_name_claim=env.text("SSO_CLAIM_LAST_NAME", "family_name"),
    email_claim=env.text("SSO_CLAIM_EMAIL", "email"),
    second_factor_amr=frozenset(env.words("SSO_SECOND_FACTOR_AMR", "")),
    second_factor_acr=frozenset(env.words("SSO_SECOND_FACTOR_ACR", "")),
)

for _network in SSO_ALLOWED_NETWORKS:
    try:
        ipaddress.ip_network(_network)
    except ValueError as _error:
        raise ImproperlyConfigured(f"SSO_ALLOWED_NETWORKS: {_error}.") from None
if SSO_EXTRA_CA and not Path(SSO_EXTRA_CA).is_file():
    raise ImproperlyConfigured("SSO_EXTRA_CA must be a file that can be read.")
if SSO_ISSUER:
    _issuer = urlsplit(SSO_ISSUER)
    if _issuer.query or _issuer.fragment or not _issuer.hostname:
        raise ImproperlyConfigured(
            "SSO_ISSUER must be a whole address, such as https://login.gov.example."
        )
    # On one's own machine, to try it out.
    if _issuer.scheme != "https" and not (
        _issuer.scheme == "http" and _issuer.hostname in {"localhost", "127.0.0.1"}
    ):
        raise ImproperlyConfigured("SSO_ISSUER must begin with https://.")
    # It stands beside each person whom it vouches for.
    if len(SSO_ISSUER) > 200:
        raise ImproperlyConfigured("SSO_ISSUER must not be longer than 200 characters.")
    if "openid" not in SSO_SCOPES:
        raise ImproperlyConfigured("SSO_SCOPES must hold openid.")
    if SSO_CREATE_PEOPLE and not SSO_CLAIMS.rules:
        raise ImproperlyConfigured(
            "SSO_ROLES must say who is what, such as portal-operators=operator, or"
            " SSO_CREATE_PEOPLE must be off: otherwise nobody new could come in."
        )

_APP = {
    # People are known by issuer and subject: another issuer is another country.
    "provider_id": SSO_ISSUER,
    "name": "single sign-on",
    "client_id": SSO_CLIENT_ID,
    "secret": SSO_CLIENT_SECRET,
    "settings": {"server_url": SSO_ISSUER, "oauth_pkce_enabled": True, "scope": SSO_SCOPES},
}
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {"openid_connect": {"APPS": [_APP]}} if SSO_ISSUER else {}
SOCIALACCOUNT_ADAPTER = "accounts.sso.adapter.SingleSignOnAdapter"
# accounts.sso decides by itself who somebody is; allauth's own ways to guess it stay closed.
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
