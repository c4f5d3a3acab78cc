"""HTTP and HTTPS: fetch as a citizen would, and judge the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jsonpointer import JsonPointer, JsonPointerException

from core.net import (
    BadAddress,
    Cookies,
    Network,
    Request,
    Response,
    Trace,
    Url,
    parse_url,
    raw_body,
    send,
)
from services.probes.attempt import Finding, attempt
from services.probes.body import BadEncoding, Body, read_body
from services.probes.charset import contains, decode
from services.probes.target import InvalidSpec, Target
from services.status.observation import Observation, Reason

MAX_BODY_BYTES = 1024 * 1024
MAX_REDIRECTS = 5

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_DEFAULT_CODES = "200-299"
_REDIRECT_CODES = frozenset({301, 302, 303, 307, 308})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PRINTABLE = re.compile(r"[\x20-\x7e\t]*")
_CODES = re.compile(r"([1-5][0-9]{2})(?:\s*-\s*([1-5][0-9]{2}))?")
# Ours to set: they belong to the connection, to the URL, or say honestly who we are.
_RESERVED_HEADERS = frozenset(
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    ]
)


@dataclass(frozen=True, slots=True)
class Spec:
    """What to ask and what to expect. Every field but `url` has a default.

    `accepted_codes` are inclusive ranges. `json_pointer` (RFC 6901) must exist in the answer,
    and equal `json_value` where that is given: by its text, or by its JSON form ("true", "3").
    `certificate_warning_days` is for staff and changes no observation (rule 6).
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    accepted_codes: tuple[tuple[int, int], ...] = ((200, 299),)
    text_present: str = ""
    text_absent: str = ""
    json_pointer: str | None = None
    json_value: str | None = None
    follow_redirects: bool = True
    slow_after_ms: int | None = None
    certificate_warning_days: int | None = None

    @property
    def reads_body(self) -> bool:
        """Whether a condition depends on the body."""
        return bool(self.text_present or self.text_absent or self.json_pointer is not None)


def parse(spec: Mapping[str, Any]) -> Spec:
    """Raises InvalidSpec with the field at fault."""
    url = _text(spec, "url")
    try:
        parse_url(url)
    except BadAddress as error:
        raise InvalidSpec("url", f"This URL cannot be used: {error}.") from None
    method = (_text(spec, "method") or "GET").upper()
    if method not in _METHODS:
        raise InvalidSpec("method", f"The method is one of {', '.join(_METHODS)}.")
    body = _text(spec, "body")
    text_present = _text(spec, "text_present").strip()
    text_absent = _text(spec, "text_absent").strip()
    pointer = spec.get("json_pointer")
    if pointer is not None:
        try:
            JsonPointer(_text(spec, "json_pointer"))
        except JsonPointerException:
            raise InvalidSpec(
                "json_pointer", 'A JSON pointer begins with "/", for example /status.'
            ) from None
    # Forms send empty texts for fields left empty; "" as a pointer means the whole document,
    # which says something only beside a value.
    json_value = _text(spec, "json_value") or None
    if pointer == "" and json_value is None:
        pointer = None
    if json_value is not None and pointer is None:
        raise InvalidSpec("json_pointer", "A JSON value needs the pointer to it.")
    parsed = Spec(
        url=url.strip(),
        method=method,
        headers=_headers(spec.get("headers") or {}, "headers"),
        body=body,
        accepted_codes=_accepted_codes(_text(spec, "accepted_codes") or _DEFAULT_CODES),
        text_present=text_present,
        text_absent=text_absent,
        json_pointer=pointer,
        json_value=json_value,
        follow_redirects=_flag(spec, "follow_redirects", default=True),
        slow_after_ms=_count(spec, "slow_after_ms"),
        certificate_warning_days=_count(spec, "certificate_warning_days"),
    )
    if method == "HEAD" and parsed.reads_body:
        raise InvalidSpec("method", "An answer to HEAD has no body to look into.")
    return parsed


def parse_secret_headers(secrets: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The secret `headers` of a target, under the same rules as the plain ones.

    Raises InvalidSpec for the field `secret_headers`, never with a value in its message; also for
    a key that it does not know, as a secret that is not sent looks like a fault of the service.
    """
    if not secrets.keys() <= {"headers"}:
        raise InvalidSpec("secret_headers", "The secrets of a check are its headers only.")
    return _headers(secrets.get("headers") or {}, "secret_headers")


async def probe(target: Target, network: Network) -> Observation:
    """Ask and judge. Never raises."""

    async def look(trace: Trace) -> Finding:
        spec = parse(target.spec)
        secret_headers = parse_secret_headers(target.secrets)
        response = await _fetch(spec, secret_headers, network, trace)
        if isinstance(response, Finding):
            return response
        try:
            return await _judge(spec, response)
        finally:
            await response.aclose()

    return await attempt(target, look)


async def _fetch(
    spec: Spec,
    secret_headers: Iterable[tuple[str, str]],
    network: Network,
    trace: Trace,
) -> Response | Finding:
    """The last answer, its body unread, or what went wrong on the way there."""
    start = url = parse_url(spec.url)
    method, content = spec.method, spec.body.encode()
    cookies = Cookies()
    seen: set[tuple[str, str, str]] = set()
    while True:
        headers = {
            "User-Agent": network.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            # A fresh connection for every probe, so the server need not keep this one.
            "Connection": "close",
        }
        for name, value in spec.headers:
            _set(headers, name, value)
        if _same_origin(url, start):
            # Nobody whom the first server names is told its secrets.
            for name, value in secret_headers:
                _set(headers, name, value)
        request = Request(method, url, headers=headers, content=content or None)
        if seen:
            cookies.set_cookie_header(request)
        # A page may set a cookie and send the browser to itself: only the same again is a loop.
        errand = (method, str(url), request.headers.get("cookie", ""))
        if errand in seen or len(seen) > MAX_REDIRECTS:
            return Finding(Reason.REDIRECT_LOOP, f"{len(seen)} redirects, again at {url.host}")
        seen.add(errand)
        response = await send(network, request, trace=trace)
        location = response.headers.get("location")
        if not (spec.follow_redirects and location and response.status_code in _REDIRECT_CODES):
            return response
        await response.aclose()
        cookies.extract_cookies(response)
        try:
            url = parse_url(location, base=url)
        except BadAddress as error:
            return Finding(Reason.PROTOCOL_ERROR, f"redirect that leads nowhere: {error}")
        if response.status_code in (301, 302, 303) and method not in ("GET", "HEAD"):
            # RFC 9110, 15.4: what browsers do.
            method, content = "GET", b""


def _set(headers: dict[str, str], name: str, value: str) -> None:
    for known in headers:
        if known.lower() == name.lower():
            headers[known] = value
            return
    headers[name] = value


def _same_origin(one: Url, other: Url) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


async def _judge(spec: Spec, response: Response) -> Finding:
    code = response.status_code
    accepted = any(low <= code <= high for low, high in spec.accepted_codes)
    if not accepted:
        reason = Reason.SERVER_ERROR if code >= 500 else Reason.UNEXPECTED_CODE
        return Finding(reason, f"HTTP {code}")
    try:
        body = await read_body(
            raw_body(response),
            content_encoding=response.headers.get("content-encoding", ""),
            cap=MAX_BODY_BYTES,
        )
    except BadEncoding as error:
        return Finding(Reason.BAD_ENCODING, str(error))
    found = _judge_body(spec, body, response.headers.get("content-type", ""))
    if found is not None:
        return found
    slow_after_s = spec.slow_after_ms / 1000 if spec.slow_after_ms is not None else None
    return Finding(Reason.OK, f"HTTP {code}", slow_after_s)


def _judge_body(spec: Spec, body: Body, content_type: str) -> Finding | None:
    if not spec.reads_body:
        return None
    page = decode(body.data, content_type)
    if spec.text_absent and contains(page, spec.text_absent):
        return Finding(Reason.TEXT_FORBIDDEN, "the text that must not be there is there")
    present = not spec.text_present or contains(page, spec.text_present)
    # What was found is found, however much would follow; what was not may be in the rest.
    if not body.complete and (not present or spec.text_absent or spec.json_pointer is not None):
        return Finding(Reason.BODY_TOO_LARGE, f"more than {MAX_BODY_BYTES} bytes")
    if not present:
        return Finding(Reason.TEXT_MISSING, "the expected text is not there")
    if spec.json_pointer is not None:
        return _judge_json(spec.json_pointer, spec.json_value, page)
    return None


_NOTHING = object()


def _judge_json(pointer: str, expected: str | None, page: str) -> Finding | None:
    try:
        document = json.loads(page)
    except (ValueError, RecursionError):
        return Finding(Reason.NOT_JSON, "the answer is not JSON")
    try:
        value = JsonPointer(pointer).resolve(document, _NOTHING)
    except JsonPointerException:
        value = _NOTHING
    if value is _NOTHING:
        return Finding(Reason.VALUE_MISMATCH, f"nothing at {pointer}")
    if expected is not None and not _equals(value, expected):
        return Finding(Reason.VALUE_MISMATCH, f"another value at {pointer}")
    return None


def _equals(value: object, expected: str) -> bool:
    if isinstance(value, str) and value == expected:
        return True
    try:
        wanted = json.loads(expected)
    except (ValueError, RecursionError):
        return False
    # In Python True equals 1, in JSON it does not.
    return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)


def _text(spec: Mapping[str, Any], field: str) -> str:
    value = spec.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidSpec(field, "This must be a text.")
    return value


def _flag(spec: Mapping[str, Any], field: str, *, default: bool) -> bool:
    value = spec.get(field, default)
    if not isinstance(value, bool):
        raise InvalidSpec(field, "This must be yes or no.")
    return value


def _count(spec: Mapping[str, Any], field: str) -> int | None:
    value = spec.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InvalidSpec(field, "This must be a whole number above zero.")
    return value


def _headers(
    headers: object, field: Literal["headers", "secret_headers"]
) -> tuple[tuple[str, str], ...]:
    if not isinstance(headers, Mapping):
        raise InvalidSpec(field, "Headers are pairs of a name and a value.")
    for name, value in headers.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise InvalidSpec(field, "A header's name has letters, digits and hyphens only.")
        if name.lower() in _RESERVED_HEADERS:
            raise InvalidSpec(field, f"The header {name} is set by the portal itself.")
        if not isinstance(value, str) or not _PRINTABLE.fullmatch(value):
            raise InvalidSpec(field, f"The value of {name} must be printable ASCII in one line.")
    return tuple((name, value.strip()) for name, value in headers.items())


def _accepted_codes(text: str) -> tuple[tuple[int, int], ...]:
    ranges = []
    for part in text.split(","):
        match = _CODES.fullmatch(part.strip())
        if match is None:
            raise InvalidSpec("accepted_codes", "Write codes like this: 200-299, 301.")
        low, high = int(match[1]), int(match[2] or match[1])
        if low > high:
            raise InvalidSpec("accepted_codes", f"{low} is larger than {high}.")
        ranges.append((low, high))
    return tuple(ranges)
