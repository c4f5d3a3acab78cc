"""What the endpoints answer, byte for byte, good and bad; made once, at start."""

from __future__ import annotations

import json
from html import escape
from http import HTTPStatus

from statusportal.demo import nation
from statusportal.demo.nation import Endpoint, Speech
from statusportal.demo.plan import greeting_begins

_PAGE = """<!doctype html>
<html lang="ar" dir="rtl">
<head>
<meta charset="{charset}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title_ar}</title>
</head>
<body>
<header><p>{agency_ar}</p></header>
<main>
<h1>{title_ar}</h1>
<p>{text_ar}</p>
{action_ar}
<section lang="en" dir="ltr">
<h2>{title_en}</h2>
<p>{text_en}</p>
{action_en}
</section>
</main>
<footer><p>بيانات تجريبية · <span lang="en">Demo data</span></p></footer>
</body>
</html>
"""
_BUTTON = '<p><a href="#begin">{}</a></p>'


def good(endpoint: Endpoint) -> bytes:
    """The whole answer of an endpoint that works; of one without HTTP, its greeting."""
    if endpoint.speech is Speech.GREETING:
        return f"{greeting_begins(endpoint)} ready\r\n".encode()
    if endpoint.speech is Speech.PLAIN:
        return response(HTTPStatus.NO_CONTENT, b"", "")
    if endpoint.speech is Speech.PAGE:
        return _page(endpoint, HTTPStatus.OK, service_is_there=True)
    return _state("up")


def wrong(endpoint: Endpoint) -> bytes:
    """An answer that looks well but is not the one expected."""
    if endpoint.speech is Speech.GREETING:
        return b"421 closing down\r\n"
    if endpoint.speech is Speech.PAGE:
        return _page(endpoint, HTTPStatus.OK, service_is_there=False)
    return _state("down")


def error(endpoint: Endpoint) -> bytes:
    """An answer that says that nothing works; without HTTP there is none."""
    if endpoint.speech is Speech.GREETING:
        return b""
    if endpoint.speech is Speech.PAGE:
        return _page(endpoint, HTTPStatus.SERVICE_UNAVAILABLE, service_is_there=False)
    body = json.dumps({"error": "unavailable"}).encode()
    return response(HTTPStatus.SERVICE_UNAVAILABLE, body, "application/json")


def response(status: HTTPStatus, body: bytes, content_type: str) -> bytes:
    """An HTTP/1.1 answer (RFC 9112) after which the connection is closed."""
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", "Connection: close"]
    if content_type:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _state(word: str) -> bytes:
    body = json.dumps({"status": word, "version": "1"}).encode()
    return response(HTTPStatus.OK, body, "application/json")


def _page(endpoint: Endpoint, status: HTTPStatus, *, service_is_there: bool) -> bytes:
    service = nation.service(endpoint.slug)
    if service is None:
        raise LookupError(endpoint.slug)
    if service_is_there:
        fields = {
            "title_ar": service.name.ar,
            "title_en": service.name.en,
            "text_ar": service.description.ar,
            "text_en": service.description.en,
        }
    else:
        # Nothing here may contain the name: its absence is what the check looks for.
        fields = {
            "title_ar": "تعذّر عرض الصفحة",
            "title_en": "This page cannot be shown",
            "text_ar": "حدث خطأ غير متوقع. حاول مرة أخرى بعد قليل.",
            "text_en": "Something went wrong. Try again in a while.",
        }
    fields = {name: escape(text) for name, text in fields.items()}
    html = _PAGE.format(
        **fields,
        charset=endpoint.charset,
        agency_ar=escape(service.agency.name.ar),
        action_ar=_BUTTON.format("ابدأ الخدمة") if service_is_there else "",
        action_en=_BUTTON.format("Begin") if service_is_there else "",
    )
    content_type = "text/html"
    if endpoint.charset == "utf-8":
        # The old systems name their charset in the page alone, as old systems do.
        content_type += "; charset=utf-8"
    return response(status, html.encode(endpoint.charset), content_type)
