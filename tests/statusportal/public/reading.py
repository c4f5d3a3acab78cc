"""Reading pages as a strict parser and as a reader do."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from django.http import HttpResponse
from django.test import Client


def get(client: Client, path: str, **headers: Any) -> HttpResponse:
    response = client.get(path, **headers)
    assert isinstance(response, HttpResponse)
    return response


def text_of(response: HttpResponse) -> str:
    """What a reader sees, with single spaces, without the page's scripts and hidden parts."""
    document = parse(response)
    body = next(document.iter("body"))
    hidden = [e for e in body.iter() if e.get("hidden") is not None or e.tag == "svg"]
    for element in hidden:
        tail = element.tail
        element.clear()
        element.tail = tail
    return " ".join("".join(body.itertext()).split())


def parse(response: HttpResponse) -> Element:
    """The page as a strict parser reads it."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    document = parser.parse(response.content.decode())
    assert isinstance(document, Element)
    return document


def links(response: HttpResponse) -> list[str]:
    return [a.get("href", "") for a in parse(response).iter("a")]


def states(response: HttpResponse) -> dict[str, str]:
    """Slug → the state beside its link, on pages with rows."""
    found = {}
    for row in parse(response).iter("li"):
        if "row" not in (row.get("class") or "").split():
            continue
        slug = next((_slug(a.get("href", "")) for a in row.iter("a")), None)
        state = next(
            (
                s.get("class", "").split()[-1]
                for s in row.iter("span")
                if "status " in s.get("class", "")
            ),
            None,
        )
        if slug and state:
            found[slug] = state.removeprefix("status--")
    return found


def _slug(address: str) -> str | None:
    found = re.search(r"/services/([\w-]+)/$", address)
    return found.group(1) if found else None


def section(client: Client, path: str, heading: str) -> str:
    """The text of the section below the heading with this id."""
    document = parse(get(client, path))
    found = next(e for e in document.iter("section") if e.get("aria-labelledby") == heading)
    return " ".join("".join(found.itertext()).split())


def rows(client: Client, path: str, heading: str) -> list[str | None]:
    """The references of the notices below the heading with this id, in their order."""
    document = parse(get(client, path))
    found = next(e for e in document.iter("section") if e.get("aria-labelledby") == heading)
    return [
        e.get("data-key") for e in found.iter("li") if "incident" in (e.get("class") or "").split()
    ]
