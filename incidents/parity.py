"""What must hold between the Arabic and the English of a text before citizens read them. Pure.

Whoever reads one language must learn what readers of the other one learn. Only codes are given;
the sentences for them belong to the wording.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.arabic import ascii_digits
from core.bilingual import LANGUAGES, Bilingual, Language
from core.markup import links, plain
from core.placeholders import blanked, named, typed_times, unknown

LONGEST = 5_000


class TextFault(StrEnum):
    """What can be wrong with a text in two languages."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    PLACEHOLDERS_DIFFER = "placeholders_differ"
    NUMBERS_DIFFER = "numbers_differ"
    LINKS_DIFFER = "links_differ"
    TYPED_TIME = "typed_time"
    WRONG_SCRIPT = "wrong_script"


# The others are suspicions of a machine: a person reads them and may confirm the text.
BLOCKING = frozenset(
    {
        TextFault.EMPTY,
        TextFault.TOO_LONG,
        TextFault.UNKNOWN_PLACEHOLDER,
        TextFault.PLACEHOLDERS_DIFFER,
    }
)


@dataclass(frozen=True, slots=True)
class TextProblem:
    """One thing that is wrong with the text in `language`, which is the suffix of its field.

    `found` is what is wrong in it: names of placeholders, numbers in ASCII digits, addresses,
    times as they were typed, the length of what is too long. What differs between the languages
    stands in `language` and not in the other one.
    """

    language: Language
    code: TextFault
    found: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether nothing may be published; otherwise a person may confirm the text."""
        return self.code in BLOCKING


def problems(
    texts: Bilingual, *, known: Collection[str], longest: int = LONGEST
) -> list[TextProblem]:
    """What is wrong with `texts`, Markdown with placeholders of `known`; blocking ones first.

    The two are compared only when neither is empty or too long. `longest` is in characters.
    """
    # By field: `in_language` would answer with the other text where this one is empty.
    alone = [*_alone(texts.ar, "ar", known, longest), *_alone(texts.en, "en", known, longest)]
    is_comparable = not any(
        problem.code in {TextFault.EMPTY, TextFault.TOO_LONG} for problem in alone
    )
    found = [*alone, *_compared(texts, known)] if is_comparable else alone
    return sorted(found, key=lambda problem: not problem.blocks)


def _alone(
    text: str, language: Language, known: Collection[str], longest: int
) -> Iterator[TextProblem]:
    if len(text) > longest:
        yield TextProblem(language, TextFault.TOO_LONG, (str(len(text)),))
        return
    # A dash in a field that must be filled says nothing.
    if not any(char.isalnum() for char in plain(text)):
        yield TextProblem(language, TextFault.EMPTY)
        return
    if names := unknown(text, known):
        yield TextProblem(language, TextFault.UNKNOWN_PLACEHOLDER, _once(names))
    words = _words(text)
    if times := typed_times(words):
        yield TextProblem(language, TextFault.TYPED_TIME, _once(times))
    if _script(words) not in {language, None}:
        yield TextProblem(language, TextFault.WRONG_SCRIPT)


def _compared(texts: Bilingual, known: Collection[str]) -> Iterator[TextProblem]:
    names = [_once(name for name in named(text) if name in known) for text in (texts.ar, texts.en)]
    yield from _differing(TextFault.PLACEHOLDERS_DIFFER, *_apart(*names))
    in_ar, in_en = _apart(_numbers(texts.ar), _numbers(texts.en))
    if not in_ar:
        in_en = [number for number in in_en if number not in _COUNTED_IN_WORDS]
    yield from _differing(TextFault.NUMBERS_DIFFER, in_ar, in_en)
    ar, en = _addresses(texts.ar), _addresses(texts.en)
    yield from _differing(TextFault.LINKS_DIFFER, _elsewhere(ar, en), _elsewhere(en, ar))


def _differing(
    code: TextFault, in_ar: Sequence[str], in_en: Sequence[str]
) -> Iterator[TextProblem]:
    for language, found in zip(LANGUAGES, (in_ar, in_en), strict=True):
        if found:
            yield TextProblem(language, code, tuple(found))


def _apart(ar: Iterable[str], en: Iterable[str]) -> tuple[list[str], list[str]]:
    """What stands in the one only and in the other only, each as often as it is left over."""
    in_ar, in_en = Counter(ar), Counter(en)
    return list((in_ar - in_en).elements()), list((in_en - in_ar).elements())


def _once(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


# --- what is compared ---------------------------------------------------------------------------

# An address that was typed into the sentence, without being made a link.
_TYPED_ADDRESS = re.compile(r"https?://[^\s<>()«»]*[^\s<>()«».,،؛;:!?؟]", re.IGNORECASE)
_MAILBOX = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# The same page in two languages: /ar/ and /en/, ?lang=ar, ar.example.
_LANGUAGE_OF_PAGE = re.compile(r"(?<=[/=])(?:ar|en)(?=[/?#&.]|$)", re.IGNORECASE)

_THOUSANDS = re.compile(r"(?<=\d)[,٬'’\u00a0\u202f](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"\d+(?:[.:]\d+)*")
# Arabic has words for one and two of a thing: «يومين» is "2 days".
_COUNTED_IN_WORDS = frozenset({"1", "2"})

_ARABIC_LETTER = re.compile(r"[\u0620-\u063a\u0641-\u064a\u066e-\u06d3]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")


def _words(text: str) -> str:
    """`text` without markup, addresses and placeholders."""
    words = blanked(plain(text, with_addresses=False))
    return _MAILBOX.sub("", _TYPED_ADDRESS.sub("", words))


def _numbers(text: str) -> list[str]:
    words = ascii_digits(_words(text)).replace("٫", ".")
    return [_number(found) for found in _NUMBER.findall(_THOUSANDS.sub("", words))]


def _number(typed: str) -> str:
    # 05:00 is 5:00, but 007 is not 7.
    return typed.removeprefix("0") if re.match(r"0\d:", typed) else typed


def _addresses(text: str) -> list[str]:
    return links(text) + _TYPED_ADDRESS.findall(plain(text, with_addresses=False))


def _elsewhere(own: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """The addresses of `own` whose page `other` does not name in either language."""
    pages = {_LANGUAGE_OF_PAGE.sub("", address) for address in other}
    return _once(address for address in own if _LANGUAGE_OF_PAGE.sub("", address) not in pages)


def _script(words: str) -> Language | None:
    """The language whose letters are more than half; None where neither's are."""
    arabic, latin = len(_ARABIC_LETTER.findall(words)), len(_LATIN_LETTER.findall(words))
    return None if arabic == latin else "ar" if arabic > latin else "en"
