"""Reading pages as a strict parser and as a reader do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Comment, Element

import html5lib
from django.http import HttpResponse
from django.test import Client


def get(client: Client, path: str, **headers: Any) -> HttpResponse:
    response = client.get(path, **headers)
    assert isinstance(response, HttpResponse)
    return response


def text_of(response: HttpResponse) -> str:
    """What a reader sees, with single spaces, without the page's scripts and hidden parts."""
    return " ".join("".join(_shown(next(parse(response).iter("body")))).split())


def _shown(element: Element) -> Iterator[str]:
    # A comment's tag is the function that makes comments.
    if element.tag in {"svg", Comment} or element.get("hidden") is not None:
        return
    yield element.text or ""
    for child in element:
        yield from _shown(child)
        yield child.tail or ""


def parse(response: HttpResponse) -> Element:
    """The page as a strict parser reads it; to be read only, for others may get the same."""
    return _parsed(response.content)


# A page is asked several things, and the same page by several tests; parsing is slow.
@lru_cache(maxsize=16)
def _parsed(content: bytes) -> Element:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    document = parser.parse(content.decode())
    assert isinstance(document, Element)
    return document


def links(response: HttpResponse) -> list[str]:
    return [a.get("href", "") for a in parse(response).iter("a")]


def dead_links(client: Client, path: str, answered: dict[str, int]) -> list[str]:
    """The links of the page that lead nowhere.

    `answered` keeps the status of what was asked before: the pages of one snapshot at one instant
    share most of their links, and each is a function of the two.
    """
    response = get(client, path)
    ids = {f"#{e.get('id')}" for e in parse(response).iter() if e.get("id")}
    dead = []
    for link in links(response):
        if link.startswith("/") and link not in answered:
            answered[link] = get(client, link).status_code
        leads = link in ids or answered.get(link) == 200 or link.startswith(("tel:", "https://"))
        if not leads:
            dead.append(link)
    return dead


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
