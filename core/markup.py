"""Markdown of public texts, to HTML and to plain sentences. Rendered once, when published.

One allow-list holds for every text: paragraphs and line breaks, strong and em, lists, quotations,
and links that say where they go. Whatever else was typed is shown as it was typed, so nothing
vanishes: raw HTML, code, tables, entities, links with another scheme. Of a picture its description
stays, of a heading a strong line; a line of dashes only parts paragraphs.

Placeholders (core.placeholders) come through both functions untouched and stand in text only. Fill
them afterwards: a value is a name, not Markdown, and its isolation marks would be stripped here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from html import escape
from itertools import takewhile
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.common import normalize_url
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.token import Token

from core.arabic import ascii_digits, isolate, without_bidi_controls

SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
TAGS: Final = frozenset({"p", "br", "strong", "em", "ul", "ol", "li", "a", "blockquote"})
REL: Final = "nofollow noopener noreferrer"

# Normalised addresses. No user before a host: "https://portal.example@elsewhere.example" deceives.
_ADDRESS = re.compile(
    r"https?://[^\s/?#@\\%]+(?:[/?#]\S*)?"
    r"|mailto:[^\s@?]+@[^\s@?]+(?:\?\S*)?"
    r"|tel:\+?[0-9][0-9().-]*",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
# A list takes two levels and its paragraph one; below the parser's own limit of 20, which drops
# what lies deeper.
_DEEPEST = 16


# The parser obeys the list already. This is the second lock, by other hands.
_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    # Without its number a list that begins at 27 would begin at 1.
    attributes={"a": {"href"}, "ol": {"start"}},
    tag_attribute_values={"a": {"dir": {"auto"}}},
    attribute_filter=lambda _tag, name, value: (
        value if name != "start" or re.fullmatch("[0-9]{1,9}", value) else None
    ),
    url_schemes=set(SCHEMES),
    url_relative="deny",
    link_rel=REL,
)


class _Parser(MarkdownIt):
    """CommonMark without what the allow-list does not know."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "linkify": False, "breaks": True})
        # "27 November" over a line of dashes is no heading, and an entity could smuggle in a brace
        # or a mark that was stripped.
        self.disable(["code", "fence", "lheading", "reference", "backticks", "entity"])
        # `alt`: what each may interrupt, as in CommonMark.
        interrupts = ["paragraph", "blockquote"]
        self.block.ruler.at("blockquote", _shallow_quote, {"alt": [*interrupts, "list"]})
        self.block.ruler.at("list", _shallow_list, {"alt": interrupts})

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """An address as machines want it, a phone number in ASCII digits."""
        scheme, _, rest = url.partition(":")
        if scheme.lower() == "tel":
            return "tel:" + ascii_digits(rest).replace(" ", "-")
        if scheme.lower() in SCHEMES:
            url = f"{scheme.lower()}:{rest}"
        return normalize_url.normalizeLink(url)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """As typed: decoding would bring back what was stripped."""
        return link

    def validateLink(self, url: str) -> bool:  # noqa: N802
        """Whether a normalised address may be linked; others stay text."""
        if not _ADDRESS.fullmatch(url):
            return False
        # A host that is none would lose its address there, and leave a link to nowhere.
        return " href=" in _cleaner.clean(f'<a href="{escape(url)}">x</a>')


def _shallow_quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return state.level < _DEEPEST and blockquote(state, start, end, silent)


def _shallow_list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return state.level < _DEEPEST and list_block(state, start, end, silent)


_parser = _Parser()
_renderer = RendererHTML()


def render(text: str) -> str:
    """`text`, Markdown, as HTML of the allow-list, for an element with `lang` and `dir`.

    A link is `dir="auto"`: it keeps the direction of its own words, and as an element with a
    direction it is isolated from the sentence around it. A line break that was typed stays one.
    """
    tokens = _tokens(text)
    return _cleaner.clean(_renderer.render(tokens, _parser.options, {})).strip()


def plain(text: str, *, with_addresses: bool = True) -> str:
    """`text`, Markdown, as plain text without markup: for feeds, calendars and mails.

    Paragraphs stand apart by an empty line, items of lists have "- " or their number. A link is
    its words and, in brackets and isolated (UAX #9), its address.
    """
    lines: list[str] = []
    # One entry for each open list: the number of its next item, or None for bullets.
    lists: list[int | None] = []
    mark = ""
    was_in_list = False
    for token in _tokens(text):
        match token.type:
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 0) if "start" in token.attrs else 1)
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                number = lists[-1]
                mark = "  " * (len(lists) - 1) + ("- " if number is None else f"{number}. ")
                if number is not None:
                    lists[-1] = number + 1
            case "inline":
                words = "".join(_words(token.children or [], with_addresses))
                if lines and not (lists and was_in_list):
                    lines.append("")
                lines.append((mark + words.replace("\n", "\n" + " " * len(mark))).rstrip())
                mark, was_in_list = "", bool(lists)
    return "\n".join(lines).strip()


def links(text: str) -> list[str]:
    """The addresses that `text`, Markdown, links to, in their order."""
    return [
        str(child.attrs["href"])
        for token in _tokens(text)
        for child in token.children or []
        if child.type == "link_open"
    ]


def _tokens(text: str) -> list[Token]:
    shown: list[Token] = []
    for token in _parser.parse(_printable(text)):
        match token.type:
            case "hr":
                continue
            case "heading_open" | "heading_close":
                token.tag = "p"
            case "inline":
                token.children = list(_inline(token.children or []))
                if shown and shown[-1].type == "heading_open" and token.children:
                    token.children.insert(0, Token("strong_open", "strong", 1))
                    token.children.append(Token("strong_close", "strong", -1))
        shown.append(token)
    return shown


def _inline(tokens: Sequence[Token]) -> Iterator[Token]:
    address = ""
    for at, token in enumerate(tokens):
        match token.type:
            case "image":
                said = _renderer.renderInlineAsText(token.children, _parser.options, {})
                yield Token("text", "", 0, content=said)
            case "link_open":
                # CommonMark allows "[words]()"; a title shows to mice alone.
                address = str(token.attrs["href"])
                if address:
                    token.attrs = {"href": address, "dir": "auto"}
                    yield token
                inside = list(takewhile(lambda one: one.type != "link_close", tokens[at + 1 :]))
                if not _renderer.renderInlineAsText(inside, _parser.options, {}).strip():
                    # Nobody finds a link without words.
                    yield Token("text", "", 0, content=_bare(address))
            case "link_close" if not address:
                continue
            case _:
                yield token


def _words(tokens: Sequence[Token], with_addresses: bool) -> Iterator[str]:
    address, inside = "", ""
    for token in tokens:
        match token.type:
            case "link_open":
                address, inside = str(token.attrs["href"]), ""
            case "link_close":
                yield _link(inside, address, with_addresses)
                address = ""
            case "text" | "softbreak" | "hardbreak":
                words = token.content if token.type == "text" else "\n"
                if address:
                    inside += words
                else:
                    yield words


def _link(inside: str, address: str, with_addresses: bool) -> str:
    if address.startswith("tel:") and _digits(inside) == _digits(address):
        return isolate(inside) if with_addresses else inside
    if _parser.normalizeLink(inside) in {address, address.partition(":")[2]}:
        return isolate(_bare(address)) if with_addresses else ""
    return f"{inside} ({isolate(_bare(address))})" if with_addresses else inside


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", ascii_digits(text))


def _bare(address: str) -> str:
    """An address as people read it: a mailbox or a number without its scheme."""
    scheme, _, rest = address.partition(":")
    return rest.partition("?")[0] if scheme in {"mailto", "tel"} else address


def _printable(text: str) -> str:
    """`text` without control characters, marks of direction and halves of characters."""
    lines = without_bidi_controls(_BREAKS.sub("\n", text))
    return "".join(
        char for char in lines if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}
    )
