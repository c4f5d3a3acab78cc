"""Which requests may be answered from memory, by which key, and in which bytes. Pure.

Whatever is not understood here is left to Django. What is understood is asked of Django in one
form for everybody, so that no header and no stray parameter of one reader can come into the
answer of another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

Encoding = Literal["br", "gzip", ""]
Headers = list[tuple[str, str]]

# Longer ones are nobody's search.
_LONGEST_QUERY = 2000
_MOST_PARAMETERS = 40
# Below this the head of an answer is longer than what is saved.
_SHORTEST_COMPRESSED = 500

_LANGUAGE = "/(?:ar|en)/"
_NAME = "[-a-zA-Z0-9_]+/"
_CATALOGUE = ("q", "agency", "category", "status", "audience", "channel", "page")
# Addresses as in the URL configuration, with the parameters that their pages know. Forms, staff's
# pages and the machines' own (/healthz) are left out on purpose.
_KNOWN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/", ()),
    (_LANGUAGE, ()),
    (f"{_LANGUAGE}services/", _CATALOGUE),
    (f"{_LANGUAGE}incidents/", ("month", "agency", "kind")),
    (f"{_LANGUAGE}maintenance/", ("month",)),
    (f"{_LANGUAGE}use/", ("q",)),
    (f"{_LANGUAGE}(?:services|agencies|incidents|maintenance)/{_NAME}", ()),
    (rf"{_LANGUAGE}(?:(?:services|agencies)/{_NAME})?calendar\.ics", ()),
    (rf"{_LANGUAGE}(?:(?:services|agencies)/{_NAME})?feed(?:-\d{{4}}-\d\d)?\.atom", ()),
    (rf"{_LANGUAGE}maintenance/{_NAME}calendar\.ics", ()),
    (r"/api/v2/[-a-z]+(?:/[-a-z]+)?\.json", ("lang", "agency")),
    (r"/embed/banner\.js", ()),
    (r"/embed/[-a-zA-Z0-9_]+\.(?:json|html)", ("lang",)),
    (r"/badge/[-a-zA-Z0-9_]+\.svg", ("lang", "kind")),
    (r"/robots\.txt|/\.well-known/security\.txt|/sitemap(?:-[0-9]+)?\.xml", ()),
)
_ADDRESS = re.compile("|".join(f"({pattern})" for pattern, _names in _KNOWN))


def parameters_of(path: str) -> tuple[str, ...] | None:
    """The parameters that a public page knows; None where `path` is none that is known here."""
    found = _ADDRESS.fullmatch(path)
    return None if found is None or found.lastindex is None else _KNOWN[found.lastindex - 1][1]


# Of these, other values are mistakes, which Django answers: each would be a page of its own here.
_VALUES: Mapping[str, frozenset[str]] = {
    "lang": frozenset({"ar", "en"}),
    "kind": frozenset({"status", "uptime", "incident", "announcement", "clarification"}),
}
# Forms send every field: these say nothing when they are empty. An empty `lang` is a mistake, and
# an empty `month` is a month that does not exist.
_NOTHING_WHEN_EMPTY = frozenset({*_CATALOGUE, "kind"})
_COMPRESSED = ("text/", "application/json", "application/atom+xml", "image/svg+xml")
_SPOILERS = frozenset({"set-cookie"})
# By which a request may be told from another here; an answer that varies by more is not kept.
_DIMENSIONS = frozenset({"accept-encoding", "accept-language", "hx-request"})


@dataclass(frozen=True, slots=True)
class Question:
    """What one answer is the answer to, but for its encoding; `query` is normalised.

    `language` is what Accept-Language comes to, and counts at `/` only.
    """

    host: str
    is_secure: bool
    path: str
    query: str
    is_fragment: bool
    language: str = ""


def question(
    environ: Mapping[str, Any],
    *,
    host: Callable[[str], str | None],
    is_secure: bool,
    language: Callable[[str], str],
    session_cookie: str,
) -> Question | None:
    """What a WSGI request asks for, or None where Django must answer it.

    `host` gives the allow-listed name in a Host header, `language` reads an Accept-Language.
    """
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or environ.get("SCRIPT_NAME"):
        return None
    if has_cookie(environ.get("HTTP_COOKIE", ""), session_cookie):
        return None
    path = environ.get("PATH_INFO", "")
    known = parameters_of(path)
    if known is None:
        return None
    name = host(environ.get("HTTP_HOST", ""))
    if name is None:
        return None
    query = normalised(environ.get("QUERY_STRING", ""), known)
    if query is None:
        return None
    return Question(
        host=name,
        is_secure=is_secure,
        path=path,
        query=query,
        # As statusportal.public.pages understands it.
        is_fragment=environ.get("HTTP_HX_REQUEST") == "true",
        language=language(environ.get("HTTP_ACCEPT_LANGUAGE", "")) if path == "/" else "",
    )


def has_cookie(header: str, name: str) -> bool:
    """Whether a Cookie header carries a cookie of this name, be it empty."""
    return name in header and any(
        part.partition("=")[0].strip() == name for part in header.split(";")
    )


def normalised(query: str, known: Iterable[str]) -> str | None:
    """The query string with the known parameters only, each once, in one order.

    None where it cannot be read, or asks for what there is not.
    """
    if not query:
        return ""
    if len(query) > _LONGEST_QUERY or not query.isascii():
        return None
    try:
        # The last of several counts, as in Django's QueryDict.
        given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
    except ValueError:
        return None
    pairs = [
        (name, given[name])
        for name in known
        if name in given and (given[name] or name not in _NOTHING_WHEN_EMPTY)
    ]
    if any(value not in _VALUES[name] for name, value in pairs if name in _VALUES):
        return None
    return urlencode(pairs)


# --- encodings ----------------------------------------------------------------------------------


def negotiated(header: str) -> Encoding:
    """The encoding for an Accept-Encoding header (RFC 9110, 12.5.3): the one that is liked most;
    of two liked alike brotli, then gzip. Identity where it is liked more, or nothing else is."""
    if not header:
        return ""
    weights = dict(_weighted(part) for part in header.lower().split(","))
    anything = weights.get("*", 0.0)
    brotli, zipped = weights.get("br", anything), weights.get("gzip", anything)
    # Not named it is acceptable, and liked less than anything that is named.
    plain = weights.get("identity", 0.0)
    if max(brotli, zipped) <= 0 or plain > max(brotli, zipped):
        return ""
    return "br" if brotli >= zipped else "gzip"


def _weighted(part: str) -> tuple[str, float]:
    name, _semicolon, parameter = part.partition(";")
    quality, _equals, value = parameter.partition("=")
    if quality.strip() != "q":
        return name.strip(), 1.0
    try:
        weight = float(value)
    except ValueError:
        return name.strip(), 0.0
    return name.strip(), weight if 0 <= weight <= 1 else 0.0


def is_compressed(content_type: str, length: int) -> bool:
    """Whether an answer of this type and length in bytes is worth compressing."""
    return length >= _SHORTEST_COMPRESSED and content_type.startswith(_COMPRESSED)


# --- answers ------------------------------------------------------------------------------------


def may_be_kept(status: int, headers: Headers, path: str) -> bool:
    """Whether an answer of Django's is the same for everybody who asks the same.

    Pages say so themselves (`Cache-Control: public`); errors are never kept.
    """
    if status != 200 and not (status == 302 and path == "/"):
        return False
    if any(name.lower() in _SPOILERS for name, _value in headers):
        return False
    if not dimensions(headers) <= _DIMENSIONS:
        return False
    directives = (value for name, value in headers if name.lower() == "cache-control")
    return any("public" in _listed(value) for value in directives)


def dimensions(headers: Headers) -> frozenset[str]:
    """By which request headers an answer differs, in small letters."""
    return frozenset(
        field
        for name, value in headers
        if name.lower() == "vary"
        for field in _listed(value.lower())
    )


def vary(headers: Headers, path: str) -> str:
    """What the answer really differs by: everybody's `Accept-Language` is asked as none, but at
    `/`. A cache in front of us that believed otherwise would keep a copy for each."""
    fields = ["Accept-Encoding"]
    if "hx-request" in dimensions(headers):
        fields.append("HX-Request")
    if path == "/":
        fields.append("Accept-Language")
    return ", ".join(fields)


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",")]


def is_not_modified(if_none_match: str, etag: str) -> bool:
    """Whether who asks has this very answer already; weak comparison (RFC 9110, 13.1.2)."""
    if if_none_match.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(tag.removeprefix("W/") == opaque for tag in _listed(if_none_match))


def etag_of(own: str, digest: str, encoding: Encoding) -> str:
    """The tag of one encoding of an answer: made of the view's `own` tag where it has one, else
    of a `digest` of the key and the bytes. Strong where the view's is (RFC 9110, 8.8.3)."""
    prefix, opaque = "", digest
    if own:
        prefix = "W/" if own.startswith("W/") else ""
        opaque = own.removeprefix("W/").strip('"')
    return f'{prefix}"{opaque}-{encoding}"' if encoding else f'{prefix}"{opaque}"'
