"""Arabic as people type it: folded for searching and sorting, isolated for showing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Digits = Literal["latn", "arab"]

_FSI, _PDI = "\u2068", "\u2069"

# Marks that order text by hand. In what people type they only deceive the reader.
_BIDI_CONTROLS = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)

_EASTERN = "٠١٢٣٤٥٦٧٨٩"
_PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
_TO_ASCII = {
    ord(digit): str(value) for digits in (_EASTERN, _PERSIAN) for value, digit in enumerate(digits)
}
_TO_EASTERN = {ord(str(value)): digit for value, digit in enumerate(_EASTERN)} | {
    ord("."): "٫",
    ord(","): "٬",
    ord("%"): "٪",
}

# Letters that readers do not tell apart when they type in a hurry.
_LETTERS = {
    **dict.fromkeys(map(ord, "أإآٱ"), "ا"),
    ord("ى"): "ي",
    ord("ئ"): "ي",
    ord("ی"): "ي",
    ord("ؤ"): "و",
    ord("ة"): "ه",
    ord("ک"): "ك",
    ord("ء"): None,
    ord("ـ"): None,
}
_WORD = re.compile(r"[^\W_]+")
# The article with what may be written before it («للسفر» hides its alif), longest first, and how
# many letters must be left for a word: «الم» is not «ال» and «م», «والده» not «وال» and «ده».
_ARTICLES = (("وال", 3), ("بال", 3), ("كال", 3), ("فال", 3), ("لل", 3), ("ال", 2))


def fold(text: str) -> str:
    """`text` as a line of plain words: how a search compares spellings.

    Compatibility forms, tashkeel, tatweel, hamza, alef, ta marbuta and ya are made alike, digits
    become ASCII, Latin loses case and accents, everything else becomes one space.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_BIDI_CONTROLS).translate(_LETTERS)
    # Decomposed last: it would take the hamza off its letter and leave no trace of the rule above.
    bare = "".join(
        char for char in unicodedata.normalize("NFD", plain) if not unicodedata.combining(char)
    )
    return " ".join(_WORD.findall(bare.translate(_TO_ASCII).casefold()))


def stem(word: str) -> str:
    """A folded word without its definite article."""
    for article, shortest in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= shortest:
            return word[len(article) :]
    return word


@lru_cache(maxsize=20_000)
def sort_key(name: str) -> tuple[str, ...]:
    """Alphabetical order for readers of both languages: articles and spelling do not count."""
    return tuple(stem(word) for word in fold(name).split())


def ascii_digits(text: str) -> str:
    """`text` with Arabic-Indic and Persian digits as 0 to 9: for what people type."""
    return text.translate(_TO_ASCII)


def in_digits(text: str, digits: Digits) -> str:
    """A number, date or time in the digits of the deployment: only for what we format ourselves.

    Phones, references and addresses always stay as they are.
    """
    return text.translate(_TO_EASTERN) if digits == "arab" else text


def without_bidi_controls(text: str) -> str:
    """`text` without the marks by which it could pose as another (as Unicode's TR36 warns)."""
    return text.translate(_BIDI_CONTROLS)


def isolate(text: str) -> str:
    """`text` so that the direction of plain text around it does not disturb it (UAX #9, FSI).

    For text that is no HTML; pages use `<bdi>`.
    """
    return f"{_FSI}{without_bidi_controls(text)}{_PDI}"
