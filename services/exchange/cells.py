"""How the text of a cell becomes a value and back, kind by kind.

`parse` takes what somebody typed, never empty, and raises Refused; `format` gives the text that
`parse` reads back as the same value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from core.arabic import ascii_digits, fold, without_bidi_controls
from services.exchange.records import Value

YES, NO = "yes", "no"
_FLAGS = {fold(word): True for word in (YES, "y", "true", "1", "نعم", "صواب", "صح")} | {
    fold(word): False for word in (NO, "n", "false", "0", "لا", "خطأ")
}
# As Arabic Excel groups thousands.
_GROUPING = "٬"
_SLUG = re.compile(r"[-a-zA-Z0-9_]+")
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}")
_PUBLIC_ID = re.compile(r"[a-z0-9]{12}")
_NUMBER = re.compile(r"[0-9]{1,12}")
_COMMAS = re.compile(r"[\n,،;؛|]")
_url = URLValidator()


class Refused(ValueError):
    """A cell that means nothing; `code` is a fault of services.exchange.faults."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def plain(text: str, *, lines: bool = False) -> str:
    """`text` without spaces around it and marks that reorder it; raises Refused.

    Control characters never come from a person; PostgreSQL refuses some of them.
    """
    text = without_bidi_controls(text).replace("\r\n", "\n").replace("\r", "\n").strip()
    if not lines:
        text = " ".join(text.split()) if any(char in text for char in "\n\t") else text
    else:
        text = "\n".join(line.strip() for line in text.replace("\t", " ").split("\n"))
    if text.isascii() and text.isprintable():
        return text
    for char in text:
        if char != "\n" and unicodedata.category(char) in ("Cc", "Cs"):
            raise Refused("control_character", char=f"U+{ord(char):04X}")
    return text


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What all kinds share.

    An empty cell is a fault where the cell is `required`; with `keeps` it leaves the value as it
    is; otherwise it clears the value to `default`, which is also what a new row has where nothing
    is said. With `keyed` an empty cell is a part of the row's key like any other.
    """

    required: bool = False
    keyed: bool = False
    keeps: bool = False
    default: Value = ""

    def parse(self, text: str) -> Value:
        """The value of a cell that is not empty. Raises Refused."""
        raise NotImplementedError

    def format(self, value: Value) -> str:
        """The text of a value, empty for none."""
        return "" if value is None else str(value)


@dataclass(frozen=True, kw_only=True)
class Text(Cell):
    """A text. `lines`: it may have several; `distinct`: each once, and none of them empty."""

    at_most: int | None = None
    lines: bool = False
    distinct: bool = False

    def parse(self, text: str) -> Value:
        value = plain(text, lines=self.lines)
        if self.distinct:
            each = (" ".join(line.split()) for line in value.split("\n"))
            value = "\n".join(dict.fromkeys(line for line in each if line))
        return short_enough(value, self.at_most)


@dataclass(frozen=True, kw_only=True)
class Slug(Cell):
    """The name of something in addresses."""

    at_most: int = 50

    def parse(self, text: str) -> Value:
        value = plain(text)
        if not _SLUG.fullmatch(value):
            raise Refused("bad_slug", value=value)
        return short_enough(value, self.at_most)


@dataclass(frozen=True, kw_only=True)
class Code(Cell):
    """The code of an agency; small letters are taken for capital ones."""

    def parse(self, text: str) -> Value:
        value = ascii_digits(plain(text)).upper()
        if not _CODE.fullmatch(value):
            raise Refused("bad_code", value=value)
        return value


@dataclass(frozen=True, kw_only=True)
class PublicId(Cell):
    """The stable id of a service."""

    keeps: bool = True

    def parse(self, text: str) -> Value:
        value = plain(text)
        if not _PUBLIC_ID.fullmatch(value):
            raise Refused("bad_public_id", value=value)
        return value


@dataclass(frozen=True, kw_only=True)
class Url(Cell):
    """An address on the web."""

    at_most: int = 200

    def parse(self, text: str) -> Value:
        value = short_enough(plain(text), self.at_most)
        try:
            _url(value)
        except ValidationError:
            raise Refused("bad_url", value=value) from None
        return value


@dataclass(frozen=True, kw_only=True)
class Number(Cell):
    """A whole number, in any digits."""

    low: int
    high: int

    def parse(self, text: str) -> Value:
        written = plain(text)
        digits = ascii_digits(written).replace(_GROUPING, "")
        if not _NUMBER.fullmatch(digits):
            raise Refused("not_a_number", value=written)
        value = int(digits)
        if not self.low <= value <= self.high:
            raise Refused("out_of_range", value=value, low=self.low, high=self.high)
        return value


@dataclass(frozen=True, kw_only=True)
class Flag(Cell):
    """Yes or no, in either language and as spreadsheets write it."""

    keeps: bool = True

    def parse(self, text: str) -> Value:
        return flag(text)

    def format(self, value: Value) -> str:
        return YES if value else NO


@dataclass(frozen=True, kw_only=True)
class Choice(Cell):
    """One of a few words; `words` gives the Arabic ones that mean the same."""

    words: Mapping[str, tuple[str, ...]]

    def parse(self, text: str) -> Value:
        return self._meant(plain(text))

    @cached_property
    def _meanings(self) -> dict[str, str]:
        return {
            fold(word): value for value, others in self.words.items() for word in (value, *others)
        }

    def _meant(self, word: str) -> str:
        found = self._meanings.get(fold(word))
        if found is None:
            raise Refused("unknown_word", value=word, allowed=tuple(self.words))
        return found


@dataclass(frozen=True, kw_only=True)
class Choices(Choice):
    """Several of a few words, each once, in the order of `words`."""

    default: Value = ()

    def parse(self, text: str) -> Value:
        # Arabic names of more than one word are told apart by commas alone.
        parts = [part.strip() for part in _COMMAS.split(plain(text, lines=True))]
        meant = {self._meant(word) for part in parts if part for word in self._split(part)}
        return tuple(value for value in self.words if value in meant)

    def _split(self, part: str) -> list[str]:
        return [part] if fold(part) in self._meanings else part.split()

    def format(self, value: Value) -> str:
        return ", ".join(value) if isinstance(value, tuple) else ""


def flag(text: str) -> bool:
    """Yes or no. Raises Refused."""
    word = plain(text)
    found = _FLAGS.get(fold(word))
    if found is None:
        raise Refused("not_yes_or_no", value=word)
    return found


def short_enough(value: str, at_most: int | None) -> str:
    """`value`, where it has at most so many characters. Raises Refused."""
    if at_most is not None and len(value) > at_most:
        raise Refused("too_long", length=len(value), at_most=at_most)
    return value
