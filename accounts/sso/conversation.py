"""What is said between the portal and the provider, behind the browser's back.

Like everything that connects, through core.net: public addresses, and of private ones those that
SSO_ALLOWED_NETWORKS names. Redirects are not followed, answers are short, and one deadline holds
for a whole conversation, so that a provider that hangs holds nobody up for long.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

from django.conf import settings

from accounts.sso.failures import NotBelieved, ProviderDown
from core.net import (
    BadAddress,
    NetError,
    Network,
    NetworkSettings,
    Request,
    Response,
    parse_url,
    raw_body,
    send,
)

DEADLINE_S = 8.0
_MAX_BYTES = 512 * 1024
# A web process has few threads; while the provider hangs, the others stay with the citizens.
_MAX_AT_ONCE = 4
_places = threading.BoundedSemaphore(_MAX_AT_ONCE)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Document:
    """Where a provider wants to be asked what (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    # How a client proves who it is; the standard's default where the provider names none.
    client_secret_basic: bool


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code was good for: the id token, the keys to check it with, and userinfo if asked."""

    id_token: str
    keys: Mapping[str, Any]
    userinfo: Mapping[str, Any] | None


def look_up() -> Document:
    """Read where the provider wants to be asked what.

    Asked each time and not kept: whoever signs in is told at once that the provider is down,
    instead of being sent to it. Raises ProviderDown.
    """
    return _hold(_document)


def redeem(*, code: str, verifier: str, redirect_uri: str) -> Redeemed:
    """Give the code for the tokens (RFC 6749, 4.1.3), with the PKCE verifier (RFC 7636, 4.5).

    Raises ProviderDown, and NotBelieved where the provider refuses the code.
    """

    async def conversation(network: Network) -> Redeemed:
        document = await _document(network)
        answer = await _token(
            network, document, code=code, verifier=verifier, redirect_uri=redirect_uri
        )
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise NotBelieved("the provider sent no id token")
        userinfo = None
        if settings.SSO_USERINFO and document.userinfo_endpoint:
            bearer = {"Authorization": f"Bearer {answer.get('access_token')}"}
            userinfo = await _ask(network, "GET", document.userinfo_endpoint, headers=bearer)
        keys = await _ask(network, "GET", document.jwks_uri)
        return Redeemed(id_token, keys, userinfo)

    return _hold(conversation)


async def _document(network: Network) -> Document:
    issuer = settings.SSO_ISSUER
    found = await _ask(network, "GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
    # Discovery, 4.3: exactly the address that was asked, or it is somebody else's document.
    if found.get("issuer") != issuer:
        raise NotBelieved("the provider's document names another issuer")
    methods = found.get("token_endpoint_auth_methods_supported")
    return Document(
        issuer=issuer,
        authorization_endpoint=endpoint(found, "authorization_endpoint"),
        token_endpoint=endpoint(found, "token_endpoint"),
        jwks_uri=endpoint(found, "jwks_uri"),
        userinfo_endpoint=(
            endpoint(found, "userinfo_endpoint") if found.get("userinfo_endpoint") else None
        ),
        # Posted where that is taken: of the encoding in the header there are several readings.
        client_secret_basic=not isinstance(methods, list) or "client_secret_post" not in methods,
    )


def endpoint(found: Mapping[str, Any], name: str) -> str:
    """The address `name` of a provider's document; raises ProviderDown where it cannot be used."""
    value = found.get(name)
    scheme = urlsplit(settings.SSO_ISSUER).scheme
    # A provider that is asked over TLS must not lead codes and secrets out of it.
    if not isinstance(value, str) or not value.startswith(f"{scheme}://"):
        raise ProviderDown(f"the provider's document has no usable {name}")
    return value


async def _token(
    network: Network, document: Document, *, code: str, verifier: str, redirect_uri: str
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    client_id, secret = settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET
    if document.client_secret_basic:
        # RFC 6749, 2.3.1: both are form-encoded before they are joined.
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": client_id, "client_secret": secret}
    return await _ask(
        network, "POST", document.token_endpoint, headers=headers, content=urlencode(form).encode()
    )


async def _ask(
    network: Network,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> dict[str, Any]:
    """The JSON object that `url` answers with."""
    request = Request(
        method,
        parse_url(url),
        headers={
            "User-Agent": network.user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **(headers or {}),
        },
        content=content,
    )
    path = request.url.path
    response = await send(network, request)
    try:
        body = await _body(response, path)
    finally:
        await response.aclose()
    if method == "POST" and 400 <= response.status_code < 500:
        raise NotBelieved(f"the provider refused the code: {response.status_code} {_error(body)}")
    if response.status_code != 200:
        raise ProviderDown(f"{path} answers {response.status_code}")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderDown(f"{path} answers something else than JSON") from None
    if not isinstance(found, dict):
        raise ProviderDown(f"{path} answers something else than a JSON object")
    return found


async def _body(response: Response, path: str) -> bytes:
    body = b""
    async for chunk in raw_body(response):
        body += chunk
        if len(body) > _MAX_BYTES:
            raise ProviderDown(f"{path} answers without an end")
    return body


def _error(body: bytes) -> str:
    """The code that RFC 6749 (5.2) has for why: operators need it to find what is misconfigured."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return repr(found.get("error"))[:60] if isinstance(found, dict) else ""


def _hold(conversation: Callable[[Network], Awaitable[_T]]) -> _T:
    async def timed() -> _T:
        async with asyncio.timeout(DEADLINE_S):
            return await conversation(_network())

    with place():
        try:
            return asyncio.run(timed())
        except (NetError, BadAddress, TimeoutError, OSError) as error:
            # The message of a NetError names hosts and addresses, no secrets.
            raise ProviderDown(f"the provider cannot be reached: {error!r}") from error


@contextmanager
def place() -> Iterator[None]:
    """One of the few places of this process; raises ProviderDown when all are taken."""
    if not _places.acquire(blocking=False):
        raise ProviderDown("too many sign-ins already wait for the provider")
    try:
        yield
    finally:
        _places.release()


def _network() -> Network:
    return Network.from_settings(
        NetworkSettings(
            allowed=tuple(settings.SSO_ALLOWED_NETWORKS),
            extra_ca_file=settings.SSO_EXTRA_CA or None,
            user_agent=settings.PROBE_USER_AGENT,
        )
    )
