"""What the claims of single sign-on make of a person here. Pure: values in, values out.

A claim is what the provider says of somebody in its signed token. Which claims count, and what
they mean, is said by the deployment alone (docs/single-sign-on.md); a claim that no setting names
gives nothing.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# The names of accounts.models.Role, which settings cannot read yet when they read their rules.
ROLES_OF_THE_AUTHORITY = frozenset(
    {"contact_centre", "operator", "supervisor", "administrator", "auditor"}
)
ROLES_OF_AGENCIES = frozenset({"agency_staff", "agency_publisher"})

# In a rule, in place of an agency: each agency that the person's agency claim names.
EACH = "*"

# As accounts.models.User holds them.
_USERNAME = re.compile(r"[\w.@+-]{1,150}\Z")
_LONGEST_NAME = 150
_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Rule:
    """Whoever bears `value` in the claim of roles is `role`; `agency` is a code, EACH or None."""

    value: str
    role: str
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which claims count, and what they mean. Claims are named as `value_of` reads them."""

    rules: tuple[Rule, ...] = ()
    # What the provider calls an agency → our code; what is not here is a code already.
    agencies: Mapping[str, str] = field(default_factory=dict)
    roles_claim: str = "groups"
    agency_claim: str = "agency"
    username_claim: str = "preferred_username"
    first_name_claim: str = "given_name"
    last_name_claim: str = "family_name"
    email_claim: str = "email"
    # RFC 8176 (amr) and OpenID Connect Core (acr): values that say "with a second factor".
    second_factor_amr: frozenset[str] = frozenset()
    second_factor_acr: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody says they are; texts may be empty, `username` is not."""

    username: str
    first_name: str
    last_name: str
    email: str
    # Whether the provider vouches for the address.
    email_verified: bool


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role; `agency` is a code, or empty for the roles of the authority."""

    role: str
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Grants:
    """What somebody is, and the agencies that were named and that nobody here knows."""

    held: frozenset[Grant]
    unknown_agencies: frozenset[str] = frozenset()


# --- What a deployment says ------------------------------------------------------------------


def read_rules(text: str) -> tuple[Rule, ...]:
    """Rules as a setting spells them: `portal-operators=operator; moi=agency_publisher:MOI`.

    The last `=` divides, so that a group may be called `CN=Operators,OU=Portal`. Raises ValueError
    with a sentence.
    """
    return tuple(_rule(value, meaning) for value, meaning in _pairs(text))


def read_agencies(text: str) -> dict[str, str]:
    """What the provider calls an agency → our code: `ministry-of-interior=MOI; health=MOH`.

    Raises ValueError with a sentence.
    """
    found: dict[str, str] = {}
    for name, code in _pairs(text):
        if found.setdefault(name, code) != code:
            raise ValueError(f"{name!r} is said to be {found[name]} and {code}")
    return found


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for entry in re.split(r"[;\n]", text):
        if not entry.strip():
            continue
        left, divider, right = entry.rpartition("=")
        left, right = left.strip(), right.strip()
        if not (divider and left and right):
            raise ValueError(f"{entry.strip()!r} must be two names with = between them")
        yield left, right


def _rule(value: str, meaning: str) -> Rule:
    role, colon, agency = (part.strip() for part in meaning.partition(":"))
    if role in ROLES_OF_THE_AUTHORITY:
        if colon:
            raise ValueError(f"{role} is a role of the authority and takes no agency")
        return Rule(value, role)
    if role not in ROLES_OF_AGENCIES:
        known = " ".join(sorted(ROLES_OF_THE_AUTHORITY | ROLES_OF_AGENCIES))
        raise ValueError(f"{role!r} is no role. Roles: {known}")
    if not agency:
        raise ValueError(f"{role} needs an agency, such as {role}:MOI or {role}:{EACH}")
    return Rule(value, role, agency)


# --- What a provider says ----------------------------------------------------------------------


def value_of(claims: Mapping[str, Any], name: str) -> Any:
    """The claim `name`; `realm_access.roles` looks inside `realm_access`. None when there is none.

    A claim that bears the whole name goes first, because some are called like web addresses.
    """
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def texts_of(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The texts of a claim that is one text or a list of them; anything else gives none."""
    found = value_of(claims, name)
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list):
        return frozenset()
    return frozenset(each for each in found if isinstance(each, str) and each)


def grants(claims: Mapping[str, Any], mapped: Mapped, known_agencies: Container[str]) -> Grants:
    """What `claims` make of somebody, by the rules of the deployment and nothing else."""
    borne = texts_of(claims, mapped.roles_claim)
    named = {mapped.agencies.get(name, name) for name in texts_of(claims, mapped.agency_claim)}
    held: set[Grant] = set()
    unknown: set[str] = set()
    for rule in mapped.rules:
        if rule.value not in borne:
            continue
        if rule.agency is None:
            held.add(Grant(rule.role))
            continue
        for code in named if rule.agency == EACH else {rule.agency}:
            if code in known_agencies:
                held.add(Grant(rule.role, code))
            else:
                unknown.add(code)
    return Grants(frozenset(held), frozenset(unknown))


def has_second_factor(claims: Mapping[str, Any], mapped: Mapped) -> bool:
    """Whether the provider says that it asked for a second factor, in a word that we accept."""
    acr = claims.get("acr")
    return bool(texts_of(claims, "amr") & mapped.second_factor_amr) or (
        isinstance(acr, str) and acr in mapped.second_factor_acr
    )


def profile(claims: Mapping[str, Any], mapped: Mapped, *, issuer: str, subject: str) -> Profile:
    """Who the provider says this is.

    Without a user name that can stand here, one is made from issuer and subject, which never
    change: the same person always gets the same one.
    """
    # NFKC, as Django keeps user names.
    username = unicodedata.normalize("NFKC", _one_line(claims, mapped.username_claim))
    if not _USERNAME.match(username):
        digest = hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()
        username = f"sso-{digest[:16]}"
    first, last = (
        _one_line(claims, name)[:_LONGEST_NAME]
        for name in (mapped.first_name_claim, mapped.last_name_claim)
    )
    if not (first or last):
        first, _space, last = _one_line(claims, "name")[:_LONGEST_NAME].partition(" ")
    email = _one_line(claims, mapped.email_claim)
    if "@" not in email or len(email) > _LONGEST_EMAIL:
        email = ""
    return Profile(
        username=username,
        first_name=first,
        last_name=last,
        email=email,
        # Only the very word of the standard: some providers send the text "false".
        email_verified=bool(email) and claims.get("email_verified") is True,
    )


def _one_line(claims: Mapping[str, Any], name: str) -> str:
    """A text claim in one line, without characters that cannot be seen or that turn the line."""
    found = value_of(claims, name)
    if not isinstance(found, str):
        return ""
    kept = "".join(
        " " if kind == "Cc" or kind.startswith("Z") else letter
        for letter in found
        if (kind := unicodedata.category(letter)) == "Cc" or not kind.startswith("C")
    )
    return unicodedata.normalize("NFC", " ".join(kept.split()))
