"""Reading the API and the feeds as programs do."""

from __future__ import annotations

import json
from typing import Any

import feedparser
import html5lib
from django.http import HttpResponse
from django.test import Client

from tests.statusportal.public.reading import get

# In every field that people type: marks of direction, controls, what XML refuses, and length.
HOSTILE = "\u202e<b>&\"'\x00\x1b\x85\u2028\ufffe]]>\u2066" + "ن" * 5000
HARMLESS = "<b>&\"' ]]>" + "ن" * 5000
UNREADABLE = frozenset("\u202e\x00\x1b\x85\u2028\ufffe\u2066")


def document(client: Client, path: str, query: str = "") -> dict[str, Any]:
    """A document of the API; `path` is below /api/v2/."""
    found: dict[str, Any] = json.loads(get(client, f"/api/v2/{path}{query}").content)
    return found


def services(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Slug → component, without the groups."""
    return {one["slug"]: one for one in found["components"] if not one["group"]}


def by_id(found: dict[str, Any], key: str = "incidents") -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in found[key]}


def feed(response: HttpResponse) -> Any:
    """The feed as feedparser sees it, which must have nothing to complain of."""
    headers = {"content-type": response["Content-Type"]}
    found = feedparser.parse(response.content, response_headers=headers)
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "atom10"
    return found


def entries(client: Client, path: str = "/en/feed.atom") -> dict[str, Any]:
    """Reference → entry."""
    return {entry.id.rpartition(":")[2].upper(): entry for entry in feed(get(client, path)).entries}


def content(entry: Any) -> str:
    """The words of an entry, as somebody reads them."""
    whole = html5lib.parseFragment(entry.content[0].value, namespaceHTMLElements=False)
    return " ".join(" ".join(whole.itertext()).split())
