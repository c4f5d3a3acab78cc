"""What pages say, for programs: the same words without markup, in feeds and the API.

Names and texts come from people. Whatever could break a file or pose as something else is taken
out; what was isolated by an element stays so by characters (UAX #9).
"""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

from core.arabic import without_bidi_controls
from core.bilingual import Bilingual
from statusportal.public import words
from statusportal.public.window_details import plain_text

FSI, PDI = "\u2068", "\u2069"
# Outside of what XML 1.0 allows (section 2.2), halves of characters, and the controls that it
# allows but nobody can read.
_UNPRINTABLE = re.compile(
    "[^\t\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def printable(text: str) -> str:
    """`text` as every parser takes it; its marks of direction stay."""
    return _UNPRINTABLE.sub("", _BREAKS.sub("\n", text))


def name(text: Bilingual) -> str:
    """A name in the language that is active, on one line and without marks of direction."""
    return line(text.in_language(words.language()))


# A nation's names come again with every document; each takes three passes over its letters.
@lru_cache(maxsize=32_768)
def line(text: str) -> str:
    """A short text, in whatever language, on one line and without marks of direction."""
    return " ".join(printable(without_bidi_controls(text)).split())


def text(typed: Bilingual) -> str:
    """What people typed, in the language that is active; nothing for an empty text."""
    return printable(without_bidi_controls(typed.in_language(words.language()))).strip()


def sentence(said: SafeString) -> str:
    """A sentence of ours without its markup. Names in it cannot leave their isolation."""
    # Before elements become characters, so that all marks which are there came with a name.
    kept = mark_safe(without_bidi_controls(said))  # noqa: S308 - only characters were taken out
    return printable(plain_text(kept))


def title(said: SafeString) -> str:
    """The same for a sentence that stands alone on one line: with nothing around it, a name is
    not isolated."""
    text = " ".join(sentence(said).split())
    whole = text[1:-1]
    if text[:1] == FSI and text[-1:] == PDI and FSI not in whole:
        return whole
    return text


def label(said: SafeString) -> str:
    """The same without any mark of direction: what programs sort, compare and put into alarms."""
    return " ".join(without_bidi_controls(sentence(said)).split())
