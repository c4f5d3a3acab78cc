"""How long a text is where it is posted: each channel counts in its own way. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# X counts these as one, all else as two, and an address as 23 however long it is.
X_LIMIT = 280
_X_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_X_ADDRESS = 23
_ADDRESS = re.compile(r"https?://\S+")

# GSM 03.38: its basic alphabet, and what takes an escape before it.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Sms:
    """`units` are septets or, with one letter that is not of GSM, units of UTF-16."""

    units: int
    parts: int
    is_gsm: bool


def characters(text: str) -> int:
    """Letters, marks and signs, as code points."""
    return len(text)


def x_weight(text: str) -> int:
    """What X counts for `text`; X_LIMIT is the most."""
    text = unicodedata.normalize("NFC", text)
    addresses = len(_ADDRESS.findall(text))
    rest = _ADDRESS.sub("", text)
    return addresses * _X_ADDRESS + sum(
        1 if any(low <= ord(letter) <= high for low, high in _X_LIGHT) else 2 for letter in rest
    )


def sms(text: str) -> Sms:
    """In how many messages a telephone network sends `text` (3GPP TS 23.038, 23.040)."""
    if all(letter in _GSM or letter in _GSM_ESCAPED for letter in text):
        units = sum(2 if letter in _GSM_ESCAPED else 1 for letter in text)
        return Sms(units, _parts(units, 160, 153), is_gsm=True)
    units = len(text.encode("utf-16-be")) // 2
    return Sms(units, _parts(units, 70, 67), is_gsm=False)


def _parts(units: int, alone: int, together: int) -> int:
    # In several parts each has a head that says which it is.
    return 1 if units <= alone else -(-units // together)
