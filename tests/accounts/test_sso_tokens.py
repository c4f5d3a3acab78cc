"""Which id tokens are believed: every check of OpenID Connect Core 1.0, 3.1.3.7, broken once."""

import base64
import json
import math
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from accounts.sso.failures import NotBelieved
from accounts.sso.tokens import Expected, believe, same_subject
from tests.accounts.provider import ANOTHER_KEY, KEY, public_keys, signed, unsigned

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EXPECTED = Expected(issuer="https://login.gov.example", client_id="portal", nonce="n-1")


def claims(**changed):
    """Of a good token; a claim that is changed to None is left out."""
    found = {
        "iss": "https://login.gov.example",
        "aud": "portal",
        "sub": "1001",
        "nonce": "n-1",
        "iat": NOW.timestamp(),
        "exp": NOW.timestamp() + 300,
    } | changed
    return {name: value for name, value in found.items() if value is not None}


def seconds(**of):
    return (NOW + timedelta(**of)).timestamp()


def test_a_good_token_is_believed():
    assert believe(signed(claims()), keys=public_keys(), expected=EXPECTED, now=NOW) == claims()


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["portal"]},
        {"aud": ["portal", "other"], "azp": "portal"},
        {"azp": "portal"},
        # Two clocks may be a minute apart.
        {"iat": seconds(seconds=59)},
        {"exp": seconds(seconds=-59)},
        {"nbf": seconds(seconds=59)},
        {"iat": seconds(minutes=-10)},
    ],
)
def test_what_the_standard_allows_is_believed(changed):
    found = believe(signed(claims(**changed)), keys=public_keys(), expected=EXPECTED, now=NOW)
    assert found["sub"] == "1001"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        # Not "nearly the same" either.
        ({"iss": "https://login.gov.example/"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"aud": "other"}, "made for another audience"),
        ({"aud": ["other"]}, "made for another audience"),
        ({"aud": None}, "made for another audience"),
        ({"aud": "portal-two"}, "made for another audience"),
        ({"aud": {"portal": 1}}, "made for another audience"),
        ({"aud": ["portal", "other"]}, "given to another client"),
        ({"azp": "other"}, "given to another client"),
        ({"exp": seconds(seconds=-60)}, "expired"),
        ({"exp": None}, "how long it lives"),
        ({"exp": True}, "how long it lives"),
        ({"exp": "never"}, "how long it lives"),
        ({"exp": math.nan}, "how long it lives"),
        ({"exp": 10**400}, "how long it lives"),
        ({"iat": None}, "how long it lives"),
        ({"iat": seconds(seconds=61)}, "in the future"),
        ({"iat": seconds(minutes=-11)}, "too long ago"),
        ({"nbf": seconds(seconds=61)}, "not valid yet"),
        ({"nonce": "n-2"}, "another nonce"),
        ({"nonce": None}, "another nonce"),
        ({"nonce": ["n-1"]}, "another nonce"),
        ({"sub": None}, "no subject"),
        ({"sub": ""}, "no subject"),
        ({"sub": 1001}, "no subject"),
        ({"sub": "s" * 192}, "no subject"),
    ],
)
def test_one_wrong_claim_is_enough(changed, said):
    with pytest.raises(NotBelieved, match=said):
        believe(signed(claims(**changed)), keys=public_keys(), expected=EXPECTED, now=NOW)


def test_a_sign_in_without_a_nonce_of_ours_believes_nothing():
    token = signed(claims(nonce=""))
    expected = Expected(EXPECTED.issuer, EXPECTED.client_id, nonce="")
    with pytest.raises(NotBelieved, match="another nonce"):
        believe(token, keys=public_keys(), expected=expected, now=NOW)


def _rsa(bits):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _published(key, **about):
    found = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"keys": [found | {"kid": "one"} | about]}


def _with_another_payload(token, payload):
    head, _payload, signature = token.split(".")
    body = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


def _signed_with_the_client_secret():
    return jwt.encode(claims(), "s" * 64, algorithm="HS256", headers={"kid": "one"})


# What is offered → what is said. Made when the test runs: no two runs sign alike.
FORGED = {
    "alg none": (lambda: (unsigned(claims()), public_keys()), "not accepted"),
    "signed with the client secret": (
        lambda: (_signed_with_the_client_secret(), public_keys()),
        "not accepted",
    ),
    "signed with another key": (
        lambda: (signed(claims(), key=ANOTHER_KEY), public_keys()),
        "signature does not hold",
    ),
    "changed afterwards": (
        lambda: (_with_another_payload(signed(claims()), claims(sub="1")), public_keys()),
        "signature does not hold",
    ),
    "no token": (lambda: ("not a token", public_keys()), "signature does not hold"),
    "nothing": (lambda: ("", public_keys()), "signature does not hold"),
    "an unknown key": (lambda: (signed(claims(), kid="two"), public_keys()), "0 keys"),
    "a key for encryption": (lambda: (signed(claims()), public_keys(use="enc")), "0 keys"),
    "a key for another algorithm": (
        lambda: (signed(claims()), public_keys(alg="ES384")),
        "0 keys",
    ),
    "a key of another kind": (lambda: (signed(claims()), _published(_rsa(2048))), "0 keys"),
    "no keys": (lambda: (signed(claims()), {"keys": []}), "0 keys"),
    "no key set": (lambda: (signed(claims()), {}), "0 keys"),
    "a key set of texts": (lambda: (signed(claims()), {"keys": ["one"]}), "0 keys"),
    "two keys of one name": (
        lambda: (signed(claims()), {"keys": public_keys()["keys"] * 2}),
        "2 keys",
    ),
    "a broken key": (lambda: (signed(claims()), public_keys(x="AA")), "signature does not hold"),
    "a demand that nobody here knows": (
        lambda: (signed(claims(), crit=["exp"]), public_keys()),
        "signature does not hold",
    ),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_signature_holds_or_nothing_does(how):
    offer, said = FORGED[how]
    token, keys = offer()
    with pytest.raises(NotBelieved, match=said):
        believe(token, keys=keys, expected=EXPECTED, now=NOW)


def test_a_key_that_is_too_short_is_none():
    key = _rsa(1024)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = jwt.encode(claims(), key, algorithm="RS256", headers={"kid": "one"})
    with pytest.raises(NotBelieved, match="InvalidKeyError"):
        believe(token, keys=_published(key), expected=EXPECTED, now=NOW)


def test_a_token_that_names_no_key_is_checked_with_the_only_one():
    token = jwt.encode(claims(), KEY, algorithm="ES256")
    assert believe(token, keys=public_keys(), expected=EXPECTED, now=NOW)["sub"] == "1001"


def test_userinfo_completes_the_token_and_overrides_nothing():
    token = claims(name="Fatima")
    more = {"sub": "1001", "name": "Mallory", "groups": ["operators"], "aud": "other"}
    found = same_subject(token, more)
    assert (found["name"], found["groups"], found["aud"]) == ("Fatima", ["operators"], "portal")


def test_userinfo_does_not_say_how_somebody_signed_in():
    assert "amr" not in same_subject(claims(), {"sub": "1001", "amr": ["mfa"], "acr": "high"})


@pytest.mark.parametrize("userinfo", [{"sub": "1002"}, {}])
def test_userinfo_of_somebody_else_is_refused(userinfo):
    with pytest.raises(NotBelieved, match="another subject"):
        same_subject(claims(), userinfo)
