"""Whether an id token is to be believed: OpenID Connect Core 1.0, section 3.1.3.7, in full.

django-allauth trusts the connection over which the token came, and checks neither the signature
nor the nonce (docs/adr/0010). Here every check is made, and each says what failed.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from accounts.sso.failures import NotBelieved

# Never `none`, and never HS…: with those, whoever knows the client secret could sign.
ALGORITHMS = frozenset(
    {
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
    }
)
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
# Two machines never agree on the time.
LEEWAY = timedelta(seconds=60)
# The token was made for this very sign-in, whose state lives for ten minutes.
OLDEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose token, for whom, and for which sign-in."""

    issuer: str
    client_id: str
    nonce: str


def believe(
    token: str, *, keys: Mapping[str, Any], expected: Expected, now: datetime
) -> dict[str, Any]:
    """The claims of `token`; `keys` is the provider's key set (RFC 7517).

    Raises NotBelieved, whose message names the check that failed and nothing of the token.
    """
    claims = _signed_claims(token, keys)
    if claims.get("iss") != expected.issuer:
        raise NotBelieved("id token: another issuer")
    _check_audience(claims, expected.client_id)
    _check_times(claims, now)
    nonce = claims.get("nonce")
    if not (
        expected.nonce
        and isinstance(nonce, str)
        and hmac.compare_digest(nonce.encode(), expected.nonce.encode())
    ):
        raise NotBelieved("id token: another nonce, so made for another sign-in")
    subject = claims.get("sub")
    # 255 characters by the standard; django-allauth keeps 191.
    if not (isinstance(subject, str) and 0 < len(subject) <= 191):
        raise NotBelieved("id token: no subject")
    return claims


def same_subject(claims: Mapping[str, Any], userinfo: Mapping[str, Any]) -> Mapping[str, Any]:
    """`claims`, completed by what the userinfo endpoint adds; what was signed stays (5.3.2).

    Raises NotBelieved where the two speak of different people.
    """
    if userinfo.get("sub") != claims["sub"]:
        raise NotBelieved("userinfo: another subject than the id token")
    # How somebody signed in is said by the signed token or not at all.
    about_the_person = {
        name: value for name, value in userinfo.items() if name not in {"amr", "acr"}
    }
    return {**about_the_person, **claims}


def _signed_claims(token: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise NotBelieved("id token: signed in a way that is not accepted")
        key = _key_for(header, keys)
        claims: dict[str, Any] = jwt.decode(
            token,
            key=jwt.PyJWK(key, algorithm=algorithm),
            algorithms=[algorithm],
            options={
                "enforce_minimum_key_length": True,
                # Checked by us, at the `now` that we were given.
                "verify_aud": False,
                "verify_iss": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except PyJWTError as error:
        raise NotBelieved(
            f"id token: the signature does not hold ({type(error).__name__})"
        ) from None
    return claims


def _key_for(header: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """The key that the header names; without a name, the only one that fits."""
    algorithm = header["alg"]
    listed = keys.get("keys")
    fitting = [
        key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict)
        and key.get("kty") == _KINDS[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and ("kid" not in header or key.get("kid") == header["kid"])
    ]
    if len(fitting) != 1:
        raise NotBelieved(f"id token: {len(fitting)} keys of the provider fit its header")
    return fitting[0]


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    if isinstance(audience, str):
        audience = [audience]
    if not isinstance(audience, list) or client_id not in audience:
        raise NotBelieved("id token: made for another audience")
    party = claims.get("azp")
    # With several audiences the standard wants to know who asked.
    if (party is not None or len(audience) > 1) and party != client_id:
        raise NotBelieved("id token: given to another client")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    at = now.timestamp()
    leeway = LEEWAY.total_seconds()
    issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
    if issued is None or expires is None:
        raise NotBelieved("id token: says not when it was made and how long it lives")
    if expires + leeway <= at:
        raise NotBelieved("id token: expired")
    if issued - leeway > at:
        raise NotBelieved("id token: made in the future")
    if issued + OLDEST.total_seconds() + leeway <= at:
        raise NotBelieved("id token: made too long ago")
    begins = _instant(claims, "nbf")
    if begins is not None and begins - leeway > at:
        raise NotBelieved("id token: not valid yet")


def _instant(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    # True is an int to Python, and NaN is later than nothing.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e12:
        return None
    return float(value)
