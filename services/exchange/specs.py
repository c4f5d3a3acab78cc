"""What a check asks, as cells: each field of each kind's Spec is a column `spec.<field>`.

The kind's own `parse` has the last word, as in the admin and in the prober (docs/adr/0007).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from core.arabic import ascii_digits
from services.exchange.cells import NO, YES, Refused, flag, plain
from services.probes import KINDS, InvalidSpec

PREFIX = "spec."
# An empty cell means "not given"; this one means a text that is there and empty.
_EMPTY_TEXT = '""'
# What the other side says or is told, to the letter: spaces and marks of direction belong to it.
VERBATIM = frozenset({"body", "text_present", "text_absent", "json_value", "expect_banner"})

# Names that mean a secret wherever they stand; the form of a check has the same.
_SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "x-api-key", "api-key", "apikey", "x-auth-token"}
)

_ABOUT: dict[str, tuple[tuple[str, ...], str]] = {
    "url": (("عنوان الفحص",), "The address that is asked."),
    "method": (("الطريقة",), "GET, HEAD, POST …; GET where it is not said."),
    "headers": (
        ("الترويسات",),
        "Headers that are sent, one a line as “Name: value”. Secret headers are never in a file.",
    ),
    "body": (("محتوى الطلب",), "What is sent."),
    "accepted_codes": (("الرموز المقبولة",), "Codes that count as good, such as 200-299, 301."),
    "text_present": (("نص يجب أن يظهر",), "A text that the page must show."),
    "text_absent": (("نص يجب ألا يظهر",), "A text that the page must not show."),
    "json_pointer": (("موضع القيمة",), "The place of a JSON value, such as /status."),
    "json_value": (("القيمة المتوقعة",), "The value that is expected there."),
    "follow_redirects": (("تتبع التحويل",), "Whether redirects are followed: yes or no."),
    "slow_after_ms": ((), "A threshold of its own, in place of slow_after_ms."),
    "certificate_warning_days": (
        ("التنبيه قبل انتهاء الشهادة بأيام",),
        "Staff are warned when the certificate has fewer days left.",
    ),
    "host": (("المضيف",), "The host name or address that is asked."),
    "port": (("المنفذ",), "The port, 1 to 65535."),
    "expect_banner": (("الترحيب المتوقع",), "Part of what the server says first."),
    "server_name": ((), "The name that the certificate must carry, where it is not the host."),
    "domain": (("اسم النطاق",), "The name that is looked up."),
    "record_type": (("نوع السجل المطلوب",), "The type of record that is asked for; A by default."),
    "expected": (("الإجابات المتوقعة",), "The answers that are expected, one a line."),
    "match": ((), "How the answers relate to them: all, any or exact."),
    "resolvers": ((), "The numeric addresses of the name servers that are asked, one a line."),
    "expect_every_seconds": ((), "How often the system calls us."),
    "grace_seconds": ((), "How late a call may be."),
}


class Sort(StrEnum):
    """How the cell of a field is read."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    # Ranges of numbers, written as a text, in any digits.
    RANGES = "ranges"
    # Several texts, one a line.
    MANY = "many"
    # Names with values, one a line.
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class SpecColumn:
    """One column and the kinds that have the field."""

    column: str
    arabic: tuple[str, ...]
    meaning: str
    kinds: tuple[str, ...]


@cache
def sorts_of(kind: str) -> Mapping[str, Sort]:
    """The fields of a kind's Spec, in order, and how each is read; none for an unknown kind."""
    if kind not in KINDS:
        return {}
    spec = get_type_hints(KINDS[kind].parse)["return"]
    hints = get_type_hints(spec)
    return {each.name: _sort(hints[each.name]) for each in fields(spec)}


def _sort(hint: Any) -> Sort:
    if get_origin(hint) in (Union, UnionType):
        (hint,) = [each for each in get_args(hint) if each is not type(None)]
    if hint is bool:
        return Sort.FLAG
    if hint in (int, float):
        return Sort.NUMBER
    if get_origin(hint) is tuple:
        each = get_args(hint)[0]
        if each is str:
            return Sort.MANY
        return Sort.PAIRS if str in get_args(each) else Sort.RANGES
    return Sort.TEXT


@cache
def spec_columns() -> tuple[SpecColumn, ...]:
    """A column for each field of any kind; kinds that name a field alike share it."""
    names = dict.fromkeys(name for kind in KINDS for name in sorts_of(kind))
    return tuple(
        SpecColumn(
            column=PREFIX + name,
            arabic=_ABOUT.get(name, ((), ""))[0],
            meaning=_ABOUT.get(name, ((), "See probes.md."))[1],
            kinds=tuple(kind for kind in KINDS if name in sorts_of(kind)),
        )
        for name in names
    )


# --- Texts ----------------------------------------------------------------------------------


def read_field(kind: str, name: str, text: str) -> Any:
    """What a cell that is not empty says about one field of a spec. Raises Refused."""
    sort = sorts_of(kind)[name]
    if sort is Sort.FLAG:
        return flag(text)
    if sort is Sort.NUMBER:
        written = plain(text)
        try:
            return int(ascii_digits(written))
        except ValueError:
            raise Refused("not_a_number", value=written) from None
    if sort is Sort.RANGES:
        return ascii_digits(plain(text))
    if sort in (Sort.MANY, Sort.PAIRS):
        return _read_several(sort, plain(text, lines=True))
    if name in VERBATIM:
        return _verbatim(text)
    value = plain(text, lines=True)
    return "" if value == _EMPTY_TEXT else value


def _verbatim(text: str) -> str:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Refused("control_character", char="U+0000" if "\0" in text else "U+D800")
    return "" if text == _EMPTY_TEXT else text


def _read_several(sort: Sort, text: str) -> Any:
    if text[0] in "[{":
        try:
            return json.loads(text)
        except ValueError:
            raise Refused("bad_json") from None
    lines = [line for line in text.split("\n") if line]
    if sort is Sort.MANY:
        return lines
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip()
        if not colon or not name:
            raise Refused("bad_header", line=line)
        if name.casefold() in _SECRET_HEADERS:
            raise Refused("secret_header", name=name)
        headers[name] = value.strip()
    return headers


def write_field(value: Any) -> str:
    """The text that `read_field` reads back as `value`."""
    if value is None:
        return ""
    if value == "":
        return _EMPTY_TEXT
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, str):
        return value
    lines = _as_lines(value)
    # Whatever cannot be told by lines stays as it is stored.
    return json.dumps(value, ensure_ascii=False) if lines is None else lines


def _as_lines(value: Any) -> str | None:
    lines: list[Any] = []
    if isinstance(value, Mapping):
        lines = [
            f"{key}: {text}" if isinstance(text, str) and ":" not in key else None
            for key, text in value.items()
        ]
    elif isinstance(value, (list, tuple)):
        lines = list(value)
    plain_ones = [
        line
        for line in lines
        if isinstance(line, str) and line and line == line.strip() and line.isprintable()
    ]
    if not lines or len(plain_ones) != len(lines) or lines[0][0] in "[{":
        return None
    return "\n".join(lines)


# --- Whole specs ----------------------------------------------------------------------------


def parsed(kind: str, spec: Mapping[str, Any]) -> object:
    """What the prober makes of `spec`; None where it can make nothing of it."""
    try:
        return KINDS[kind].parse(spec)
    except (InvalidSpec, KeyError):
        return None


def refusal(kind: str, spec: Mapping[str, Any]) -> InvalidSpec | None:
    """Why the prober could not carry out `spec`, or None."""
    try:
        KINDS[kind].parse(spec)
    except InvalidSpec as why:
        return why
    return None


def in_short(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """`spec` without what changes nothing: fields of nobody, and empty ones that mean nothing.

    In the order of the kind's Spec; whoever compares two specs compares `parsed`.
    """
    kept = {name: spec[name] for name in sorts_of(kind) if spec.get(name) is not None}
    if isinstance(headers := kept.get("headers"), Mapping):
        # The prober trims them, too. No file carries a secret, wherever it was written.
        kept["headers"] = {
            name: text.strip() if isinstance(text, str) else text
            for name, text in headers.items()
            if name.casefold() not in _SECRET_HEADERS
        }
    whole = parsed(kind, kept)
    for name in [name for name, value in kept.items() if value in ("", [], {})]:
        without = {other: value for other, value in kept.items() if other != name}
        if whole is None or parsed(kind, without) == whole:
            kept = without
    return kept


def texts_of(spec: Mapping[str, Any], names: Iterable[str] | None = None) -> dict[str, str]:
    """The cells of a spec by column name."""
    return {PREFIX + name: write_field(spec[name]) for name in (names or spec) if name in spec}
