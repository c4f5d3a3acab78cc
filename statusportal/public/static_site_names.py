"""How the public site's addresses become files that any server of files can serve. Pure.

A server of files does not see what stands behind a question mark, so each choice gets a folder or
a file of its own: `/en/services/?page=2` is `/en/services/~page-2/`. No name of ours has a tilde.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from statusportal.public.wsgi_cache_key import normalised, parameters_of

# What is served as it lies, without a page around it. Its parameters are versions.
_FILES = ("/static/", "/brand.css", "/brand/")
# In a copy of files they would lead nowhere.
_STAYS_THERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)
_STYLE_ADDRESS = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")
# The address of a page's picture for those who show a link to it: a whole one, as they want it.
_PICTURE = "og:image"
_LISTED = re.compile(r"<loc>([^<]+)</loc>")
# The attributes of our pages in which addresses stand.
_ADDRESSED = frozenset({"href", "src", "hx-get"})


def file_of(path: str, query: str) -> str:
    """The file, below the site's folder, for an address of ours; `query` normalised."""
    return _address_of(path, query).removeprefix("/") + ("index.html" if path.endswith("/") else "")


def _address_of(path: str, query: str) -> str:
    pairs = "".join(f"~{name}-{_safe(value)}" for name, value in parse_qsl(query) if value)
    if not pairs:
        return path
    if path.endswith("/"):
        return f"{path}{pairs}/"
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}{pairs}{dot}{suffix}"


def _safe(value: str) -> str:
    """A value in letters that need no quoting anywhere."""
    return re.sub(
        r"[^A-Za-z0-9_-]", lambda found: "".join(f".{one:02x}" for one in found[0].encode()), value
    )


def resolved(link: str, base: str) -> tuple[str, str] | None:
    """(path, normalised query) of a link on the page `base` that is published too, else None.

    Forms and staff's pages are not: they need the site itself.
    """
    if _STAYS_THERE.match(link):
        return None
    parts = urlsplit(urljoin(base, link))
    if parts.path.startswith(_FILES):
        return parts.path, ""
    known = parameters_of(parts.path)
    query = normalised(parts.query, known) if known is not None else None
    return None if query is None else (parts.path, query)


def in_style(css: str, base: str) -> Iterator[tuple[str, str]]:
    """The files that a style sheet at `base` names."""
    for link in _STYLE_ADDRESS.findall(css):
        found = resolved(link, base)
        if found is not None:
            yield found


def in_sitemap(xml: str, *, live: str) -> Iterator[tuple[str, str]]:
    """The pages, or the further sitemaps, that a sitemap of the site at `live` names."""
    for address in _LISTED.findall(xml):
        found = resolved(unescape(address).removeprefix(live), "/")
        if found is not None:
            yield found


class _Rewriting(HTMLParser):
    """Gives a page out as it came in, but for its links and forms."""

    def __init__(self, base: str, live: str, policy: str, instead: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._base, self._live, self._policy, self._instead = base, live, policy, instead
        self._form_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            self._form_depth += 1
            self._say(self._instead(dict(attrs).get("action") or self._base), in_form=True)
            return
        text = self.get_starttag_text() or ""
        for name, value in attrs:
            # An empty `hx-get` asks for the page itself, which is right of a file too.
            if name in _ADDRESSED and value:
                text = self._moved(text, name, value)
        given = dict(attrs)
        if given.get("property") == _PICTURE:
            # Behind the question mark stands which version it was, which chats look at.
            picture = (given.get("content") or "").removeprefix(self._live)
            self.links.append((urlsplit(picture).path, ""))
        self._say(text)
        if tag == "head" and self._policy:
            # A server of files sends no such header.
            content = escape(self._policy)
            self._say(f'\n  <meta http-equiv="Content-Security-Policy" content="{content}">')

    handle_startendtag = handle_starttag

    def _moved(self, text: str, name: str, value: str) -> str:
        if _STAYS_THERE.match(value):
            return text
        found = resolved(value, self._base)
        if found is None:
            return _replaced(text, name, self._live + urljoin(self._base, value))
        if not self._form_depth:
            self.links.append(found)
        path, query = found
        if path.startswith(_FILES):
            return text
        fragment = urlsplit(value).fragment
        return _replaced(text, name, _address_of(path, query) + (f"#{fragment}" * bool(fragment)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form_depth -= 1
            return
        self._say(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._say(data)

    def handle_entityref(self, name: str) -> None:
        self._say(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._say(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self._say(f"<!{decl}>")

    def handle_comment(self, data: str) -> None:
        self._say(f"<!--{data}-->")

    def _say(self, text: str, *, in_form: bool = False) -> None:
        if in_form or not self._form_depth:
            self.out.append(text)


def _replaced(tag: str, name: str, value: str) -> str:
    quoted = escape(value)
    return re.sub(
        rf'(\s{re.escape(name)}=)("[^"]*"|\'[^\']*\')',
        lambda found: f'{found[1]}"{quoted}"',
        tag,
        count=1,
        flags=re.IGNORECASE,
    )


def rewritten(
    page: str, base: str, *, live: str, policy: str, instead: Callable[[str], str]
) -> tuple[str, list[tuple[str, str]]]:
    """The page at the address `base` for a server of files, and what it links to.

    Links to what is not published lead to the site itself at `live`. In place of a form stands
    what `instead` gives for the form's address. `policy` is the page's Content-Security-Policy.
    """
    parser = _Rewriting(base, live, policy, instead)
    parser.feed(page)
    parser.close()
    return "".join(parser.out), parser.links


def policy_in_a_page(header: str) -> str:
    """A Content-Security-Policy as a `meta` element may have it, the same in each process."""
    directives = sorted(part.strip() for part in header.split(";"))
    return "; ".join(part for part in directives if part and not part.startswith("frame-ancestors"))
