"""Tokens of agencies' systems: how one is written, what it may be for, when it counts. Pure.

`gsp_` + ten characters that name it + `_` + the secret + six characters of a checksum. The prefix
lets programs that search for leaked secrets find it, and the checksum lets them, and us, tell a
token from a typing mistake without asking the database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

PREFIX = "gsp"
# A system that nobody looks after must not keep a key for ever.
LONGEST_LIFE = timedelta(days=366)

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Of the name only small letters: it is read aloud.
_NAME_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NAME_LENGTH = 10
_SECRET_BITS = 256
# The smallest n with 62**n >= 2**256, and the same for the 32 bits of the checksum.
_SECRET_LENGTH = 43
_SUM_LENGTH = 6
_FORM = re.compile(
    rf"{PREFIX}_([0-9a-z]{{{_NAME_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH + _SUM_LENGTH}}}"
)


class Scope(StrEnum):
    """What a token may be used for."""

    # Say that a job was done, or that it went wrong.
    HEARTBEAT = "heartbeat"
    # Tell the operators that something seems to be down; nothing is published by it.
    SUSPECT = "suspect"
    # Read what is measured and planned of the agency's own services.
    READ = "read"


class Standing(StrEnum):
    """Whether a token opens a door at an instant."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A new token: what names it, what is kept of it, and the token itself, which is not."""

    public_id: str
    digest: str
    text: str = field(repr=False)


def draw() -> Drawn:
    """A new token of 256 random bits."""
    public_id = "".join(secrets.choice(_NAME_DIGITS) for _unused in range(_NAME_LENGTH))
    secret = _in_base_62(secrets.randbits(_SECRET_BITS), _SECRET_LENGTH)
    body = f"{PREFIX}_{public_id}_{secret}"
    text = body + _sum_of(body)
    return Drawn(public_id=public_id, digest=digest_of(text), text=text)


def public_id_of(text: str) -> str | None:
    """What names the token `text`; None where it is none, or was mistyped."""
    found = _FORM.fullmatch(text)
    if found is None or not secrets.compare_digest(
        _sum_of(text[:-_SUM_LENGTH]), text[-_SUM_LENGTH:]
    ):
        return None
    return found[1]


def shown(public_id: str) -> str:
    """How people tell a token from others: its beginning, which opens nothing."""
    return f"{PREFIX}_{public_id}"


def digest_of(text: str) -> str:
    """What is kept of a token. Its 256 random bits need neither salt nor a slow hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_it(digest: str, text: str) -> bool:
    """Whether `text` is the token of which `digest` is kept, in a time that tells nothing."""
    return secrets.compare_digest(digest, digest_of(text))


def standing(*, expires_at: datetime, revoked_at: datetime | None, now: datetime) -> Standing:
    """How a token stands at `now`; at the instant of its end it is over."""
    if revoked_at is not None:
        return Standing.REVOKED
    return Standing.EXPIRED if now >= expires_at else Standing.VALID


def lives_too_long(*, expires_at: datetime, now: datetime) -> bool:
    """Whether a token made at `now` would live for more than 366 days."""
    return expires_at - now > LONGEST_LIFE


def _sum_of(body: str) -> str:
    return _in_base_62(zlib.crc32(body.encode()), _SUM_LENGTH)


def _in_base_62(number: int, length: int) -> str:
    found = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found.rjust(length, _DIGITS[0])
