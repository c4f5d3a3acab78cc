"""Reading and filling in pages of the admin as a browser would."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from django.conf import settings
from django.test import Client

from accounts.models import User

_X = "{http://www.w3.org/1999/xhtml}"


def browser(person: User, language: str = "en") -> Client:
    """A browser in which `person` is signed in and has chosen `language`."""
    client = Client()
    client.force_login(person)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


def tree(response: Any) -> Element:
    """The page as a browser parses it; to be read only, for the next one gets the same."""
    return _parsed(response.content)


# A page is asked several things, one after the other; parsing is slow.
@lru_cache(maxsize=4)
def _parsed(content: bytes) -> Element:
    found: Element = html5lib.parse(content, transport_encoding="utf-8")
    return found


def elements(response: Any, tag: str, **attributes: str) -> list[Element]:
    """All elements named `tag` that have `attributes`."""
    return [
        element
        for element in tree(response).iter(f"{_X}{tag}")
        if all(element.get(name) == value for name, value in attributes.items())
    ]


def text(element: Element) -> str:
    """The text of an element with its white space collapsed."""
    return " ".join("".join(element.itertext()).split())


def page_text(response: Any) -> str:
    """The text of the whole page."""
    return text(tree(response))


def errors(response: Any) -> list[str]:
    """Every error that the page shows, in order."""
    lists = [
        element
        for element in tree(response).iter(f"{_X}ul")
        if "errorlist" in (element.get("class") or "").split()
    ]
    return [text(item) for each in lists for item in each.iter(f"{_X}li")]


def filled_in(response: Any) -> dict[str, Any]:
    """What the browser would send if the main form of the page were submitted as it is."""
    (form,) = [
        element
        for element in tree(response).iter(f"{_X}form")
        if (element.get("id") or "").endswith("_form")
    ]
    data: dict[str, Any] = {}
    for element in form.iter():
        name = element.get("name")
        if not name:
            continue
        if element.tag == f"{_X}textarea":
            data[name] = element.text or ""
        elif element.tag == f"{_X}select":
            options = list(element.iter(f"{_X}option"))
            chosen = [option for option in options if option.get("selected") is not None]
            data[name] = ((chosen or options[:1] or [Element("none")])[0]).get("value") or ""
        elif element.tag == f"{_X}input":
            kind = element.get("type")
            if kind in {"checkbox", "radio"}:
                if element.get("checked") is not None:
                    data.setdefault(name, []).append(element.get("value") or "on")
            elif kind not in {"submit", "button"}:
                data[name] = element.get("value") or ""
    return data


def option_texts(response: Any, name: str) -> list[str]:
    """What the select `name` offers."""
    (select,) = elements(response, "select", name=name)
    return [text(option) for option in select.iter(f"{_X}option")]
