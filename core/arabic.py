"""Arabic as people type it: folded for searching and sorting, isolated for showing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
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

# Words written in the letters of the other language, reduced to what both spellings share: the
# consonants, in classes that neither people nor scripts keep apart. "x" is kh, "c" is sh.
_ARABIC_SOUNDS: dict[str, tuple[str, ...]] = {
    "ا": ("",), "ع": ("",),
    "ب": ("b",), "پ": ("b",), "ت": ("t",), "ط": ("t",), "ث": ("z",), "ذ": ("z", "d"),
    "ز": ("z",), "ظ": ("z", "d"), "ض": ("d", "z"), "د": ("d",), "ج": ("j", "g"), "چ": ("c",),
    "ح": ("h",), "خ": ("x",), "ر": ("r",), "س": ("s",), "ص": ("s",), "ش": ("c",), "غ": ("g",),
    "ف": ("f",), "ڤ": ("f",), "ق": ("k", "g"), "ك": ("k",), "گ": ("g",), "ل": ("l",),
    "م": ("m",), "ن": ("n",), "ه": ("h",), "و": ("w", ""), "ي": ("y", ""),
}  # fmt: skip
_LATIN_SOUNDS: dict[str, tuple[str, ...]] = {
    "sh": ("c",), "ch": ("c", "k"), "kh": ("x",), "gh": ("g",), "th": ("z", "t"),
    "dh": ("z", "d"), "ph": ("f",), "ck": ("k",), "ce": ("s",), "ci": ("s",), "cy": ("s",),
    "a": ("",), "e": ("",), "i": ("",), "o": ("",), "u": ("",),
    "b": ("b",), "p": ("b",), "c": ("k",), "d": ("d",), "f": ("f",), "v": ("f",),
    "g": ("g", "j"), "h": ("h",), "j": ("j",), "k": ("k",), "q": ("k",), "l": ("l",),
    "m": ("m",), "n": ("n",), "r": ("r",), "s": ("s",), "t": ("t",), "w": ("w",),
    "x": ("ks",), "y": ("y", ""), "z": ("z",),
    # Digits that chatting Arabs put for letters that Latin lacks.
    "2": ("",), "3": ("",), "5": ("x",), "6": ("t",), "7": ("h",), "8": ("k",), "9": ("s", "k"),
}  # fmt: skip
# A long word with many doubtful letters would multiply without bound.
_MOST_DOUBTS = 5
_SHORTEST_SKELETON = 2


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


def is_arabic(word: str) -> bool:
    """Whether a folded word is written in Arabic letters."""
    return any(char in _ARABIC_SOUNDS for char in word)


def skeletons(word: str) -> frozenset[str]:
    """The consonants of a folded word, in each way in which they may be read.

    «جواز» and "jawaz" share one, as do «باسبورت» and "passport", «رخصة» and "rukhsah". Empty for
    numbers, and for words of which too little is left to compare.
    """
    if is_arabic(word):
        sounds = [_ARABIC_SOUNDS.get(char, ("",)) for char in word]
        if word.endswith("ه"):
            # A ta marbuta, folded: silent, or heard as either.
            sounds[-1] = ("", "h", "t")
    elif word.isascii() and not word.isdigit():
        sounds = list(_latin_sounds(word))
    else:
        return frozenset()
    found = _spoken(sounds)
    # "alsafar": the article may be a part of the word, or not.
    if word.startswith(("al", "el")) and len(word) > 4:
        found |= _spoken(list(_latin_sounds(word[2:])))
    return found


def _spoken(sounds: list[tuple[str, ...]]) -> frozenset[str]:
    doubts = 0
    for at, ways in enumerate(sounds):
        if len(ways) > 1:
            doubts += 1
            if doubts > _MOST_DOUBTS:
                sounds[at] = ways[:1]
    spoken = ("".join(way) for way in product(*sounds))
    return frozenset(way for way in spoken if len(way) >= _SHORTEST_SKELETON)


def _latin_sounds(word: str) -> Iterator[tuple[str, ...]]:
    # A doubled letter is a lengthened one: Arabic writes it once.
    once = "".join(char for at, char in enumerate(word) if at == 0 or word[at - 1] != char)
    at = 0
    while at < len(once):
        pair, char = once[at : at + 2], once[at]
        if pair in _LATIN_SOUNDS:
            yield _LATIN_SOUNDS[pair]
            # Of "ce" only the c is a sound of its own.
            at += 2
            continue
        if char == "h" and at == len(once) - 1 and once[at - 1 : at] in set("aeiou"):
            yield ("", "h", "t")
        elif (
            char == "s"
            and once[at - 1 : at] in set("aeiou")
            and once[at + 1 : at + 2] in set("aeiou")
        ):
            yield ("s", "z")
        else:
            yield _LATIN_SOUNDS.get(char, ("",))
        at += 1


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
