"""Secrets at rest: encrypted with keys that only the environment knows (docs/adr/0006)."""

from __future__ import annotations

import json
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotDecrypt(Exception):
    """The value was encrypted with a key that is not among FIELD_ENCRYPTION_KEYS."""


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(values: dict[str, str]) -> str:
    """Encrypt a small mapping, by the first key; an empty mapping becomes an empty string."""
    if not values:
        return ""
    plain = json.dumps(values, ensure_ascii=False).encode()
    return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(plain).decode("ascii")


def unseal(token: str) -> dict[str, str]:
    """The mapping that `seal` encrypted, by any of the keys.

    Raises CannotDecrypt when none of them fits.
    """
    if not token:
        return {}
    try:
        plain = _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode("ascii"))
    except InvalidToken:
        raise CannotDecrypt("None of FIELD_ENCRYPTION_KEYS opens a stored secret.") from None
    values: dict[str, str] = json.loads(plain)
    return values
