"""In front of Django: public pages from memory, by a look into a dictionary (docs/serving.md).

All pages that a process shows belong to one *edition*: they were made from one snapshot at one
instant. The next edition is begun, with the pages that are asked for most, before anybody is told
of it. So nobody waits for those, and nobody sees the past again after the present.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import brotli
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from statusportal.public import reader
from statusportal.public.pages import preferred_language
from statusportal.public.store import Store, store
from statusportal.public.turns import Showing
from statusportal.public.wsgi_cache_key import (
    Encoding,
    Headers,
    Question,
    etag_of,
    is_compressed,
    is_not_modified,
    may_be_kept,
    negotiated,
    question,
    vary,
)

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

# An ever higher quality costs ever more: these compress a page in a millisecond or two.
_BROTLI_QUALITY, _GZIP_LEVEL = 5, 6
# Python runs one thread at a time: more at once would all be late, and the thread that follows the
# snapshot with them.
_RENDERED_AT_ONCE = 2
# Editions that wait for their time with pages in them: some news, and a step that is near.
_MOST_COMING = 3
# While it waits for its turn a request may see several editions go by.
_MOST_EDITIONS_TRIED = 3
# Different headers that ask for the same page; with the edition they are forgotten.
_MOST_SPELLINGS = 8192
# What an answer takes beside its bytes.
_OVERHEAD_BYTES = 2000
# What a 304 says anew of what the reader has; the rest stands with it (RFC 9110, 15.4.5).
_OF_A_304 = frozenset(
    {
        "access-control-allow-origin",
        "cache-control",
        "etag",
        "snapshot-built-at",
        "snapshot-version",
        "vary",
    }
)
# Path, method, and what else of one visitor's request chooses the answer, as it stands there.
_Spelling = tuple[str | None, ...]
# An answer for this time only: status, headers, body.
_Once = tuple[str, Headers, bytes]


@dataclass(frozen=True, slots=True)
class Variant:
    """One page in one encoding, ready to be sent."""

    status: str
    headers: Headers
    body: bytes
    etag: str
    not_modified: Headers


@dataclass(slots=True)
class Kept:
    """One page as Django made it, with the encodings that were asked for."""

    question: Question
    status: str
    headers: Headers
    body: bytes
    variants: dict[Encoding, Variant] = field(default_factory=dict)
    asked: int = 0


class Edition:
    """The pages of one snapshot at one instant; the longest unasked go when they are too large."""

    def __init__(self, showing: Showing, *, most_bytes: int) -> None:
        self.showing = showing
        self.by_spelling: dict[_Spelling, tuple[Kept, Variant]] = {}
        self.size = 0
        self._pages: OrderedDict[Question, Kept] = OrderedDict()
        self.most_bytes = most_bytes
        self._lock = threading.Lock()

    def find(self, asked: Question) -> Kept | None:
        with self._lock:
            found = self._pages.get(asked)
            if found is not None:
                self._pages.move_to_end(asked)
            return found

    def keep(self, page: Kept) -> None:
        """Take in a page; what has to go for it goes."""
        with self._lock:
            self._pages[page.question] = page
            self.size += len(page.body) + _OVERHEAD_BYTES
            self._shrink()

    def vary(self, page: Kept, encoding: Encoding) -> Variant:
        """The page in this encoding, made when it is first asked for."""
        found = page.variants.get(encoding)
        if found is not None:
            return found
        made = variant(page, encoding, self.showing)
        with self._lock:
            found = page.variants.setdefault(encoding, made)
            if found is made and page.question in self._pages:
                self.size += _own_bytes(page, made)
                self._shrink()
        return found

    def spell(self, spelling: _Spelling, page: Kept, found: Variant) -> None:
        """Remember in which headers the page was asked for: next time it is one look."""
        with self._lock:
            # Not for pages that have just gone: what is remembered here stays in memory.
            if len(self.by_spelling) < _MOST_SPELLINGS and page.question in self._pages:
                self.by_spelling[spelling] = (page, found)

    def most_asked(self) -> list[Kept]:
        """Its pages, the most asked first."""
        with self._lock:
            pages = list(self._pages.values())
        return sorted(pages, key=lambda page: page.asked, reverse=True)

    def _shrink(self) -> None:
        while self.size > self.most_bytes and len(self._pages) > 1:
            _asked, page = self._pages.popitem(last=False)
            self.size -= _bytes_of(page)
            # Who is asked for all the time is asked for again at once, and moves to the end then.
            self.by_spelling = {}


def _bytes_of(page: Kept) -> int:
    encoded = sum(_own_bytes(page, one) for one in page.variants.values())
    return len(page.body) + _OVERHEAD_BYTES + encoded


def _own_bytes(page: Kept, made: Variant) -> int:
    return 0 if made.body is page.body else len(made.body)


class PageCache:
    """A WSGI application that answers public pages from memory and leaves the rest to `django`."""

    def __init__(self, django: Application, store: Store) -> None:
        self._django = django
        self._store = store
        self._edition: Edition | None = None
        # Editions whose time has not come.
        self._coming: list[Edition] = []
        self._lock = threading.Lock()
        # (edition, question) that somebody renders at this moment.
        self._flights: dict[tuple[int, Question], threading.Lock] = {}
        self._rendering = threading.BoundedSemaphore(_RENDERED_AT_ONCE)
        self._encodings: dict[str, Encoding] = {}
        self._session_cookie = settings.SESSION_COOKIE_NAME
        self._most_bytes = settings.PAGE_CACHE_BYTES // 2
        header = settings.SECURE_PROXY_SSL_HEADER
        self._proxy_header, self._proxy_value = header or ("", "")
        self._scheme = self._proxy_header or "wsgi.url_scheme"

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        # Whoever else wants Python waits meanwhile: what is saved here is saved several times over.
        edition, store = self._edition, self._store
        if (
            edition is not None
            and edition.showing is store.showing
            and time.time() < store.stands_until
            and ("HTTP_COOKIE" not in environ or self._session_cookie not in environ["HTTP_COOKIE"])
        ):
            found = edition.by_spelling.get(self._spelling(environ))
            if found is not None:
                page, ready = found
                page.asked += 1
                return _send(environ, start_response, ready)
        return self._answer(environ, start_response)

    def prepare(self, coming: Showing, go_on: Callable[[], bool]) -> None:
        """Make the pages of what will be shown next, the most asked first, while we may go on.

        Its time may come before we are done: then requests make the rest of the same edition.
        """
        # Those that wait have half of the memory together, until they are shown.
        edition = Edition(coming, most_bytes=self._most_bytes // _MOST_COMING)
        with self._lock:
            self._coming = [*self._coming[1 - _MOST_COMING :], edition]
        for old in self._edition.most_asked() if self._edition is not None else ():
            # One more than there is room for would drive out the first, which is asked for most.
            is_full = edition.size + _bytes_of(old) > edition.most_bytes
            if is_full or not old.asked or not go_on():
                break
            page = self._page(old.question, edition, must=True)
            if isinstance(page, Kept):
                # What was asked for before is asked for again; what is not asked for fades.
                page.asked += old.asked // 2
                for encoding in old.variants:
                    edition.vary(page, encoding)

    # --- what is not found at once ------------------------------------------------------------

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        asked = question(
            environ,
            host=_allowed,
            is_secure=self._is_secure(environ),
            language=preferred_language,
            session_cookie=self._session_cookie,
        )
        found = self._newest(asked) if asked is not None else None
        if found is None:
            return self._django(environ, start_response)
        edition, page = found
        if not isinstance(page, Kept):
            status, headers, body = page
            start_response(status, headers)
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
        page.asked += 1
        ready = edition.vary(page, self._encoding(environ))
        edition.spell(self._spelling(environ), page, ready)
        return _send(environ, start_response, ready)

    def _newest(self, asked: Question) -> tuple[Edition, Kept | _Once] | None:
        """The page of the edition that is shown now; None before anything was published."""
        for attempt in range(_MOST_EDITIONS_TRIED):
            showing = self._store.showing_at(reader.step(timezone.now()))
            if showing is None:
                return None
            edition = self._edition_of(showing)
            page = self._page(asked, edition, must=attempt == _MOST_EDITIONS_TRIED - 1)
            if page is not None:
                return edition, page
        raise AssertionError("the last edition is made whatever comes")

    def _edition_of(self, showing: Showing) -> Edition:
        edition = self._edition
        if edition is not None and edition.showing is showing:
            return edition
        with self._lock:
            edition = self._edition
            if edition is None or edition.showing is not showing:
                ready = [one for one in self._coming if one.showing is showing]
                self._coming = [one for one in self._coming if one.showing is not showing]
                edition = ready[0] if ready else Edition(showing, most_bytes=self._most_bytes)
                edition.most_bytes = self._most_bytes
                self._edition = edition
        return edition

    def _page(self, asked: Question, edition: Edition, *, must: bool) -> Kept | _Once | None:
        """The page of this edition; made by one request however many ask, for all of them.

        None where the edition has gone while we waited for our turn, unless it `must` be made.
        """
        found = edition.find(asked)
        if found is not None:
            return found
        flight = (id(edition), asked)
        with self._flights.setdefault(flight, threading.Lock()):
            found = edition.find(asked)
            if found is not None:
                return found
            try:
                with self._rendering:
                    if edition.showing is not self._store.showing and not must:
                        return None
                    page = self._render(asked, edition)
                if isinstance(page, Kept):
                    edition.keep(page)
            finally:
                # Who waits holds the lock itself; who comes later finds the page.
                self._flights.pop(flight, None)
        return page

    def _render(self, asked: Question, edition: Edition) -> Kept | _Once:
        """What Django answers to it: a page to keep, or an answer for this time only."""
        with self._store.pinned(edition.showing):
            status, headers, body = ask(self._django, asked)
        if not may_be_kept(int(status[:3]), headers, asked.path):
            return status, headers, body
        return Kept(asked, status, headers, body)

    # --- headers ------------------------------------------------------------------------------

    def _spelling(self, environ: dict[str, Any]) -> _Spelling:
        get = environ.get
        path = get("PATH_INFO", "")
        return (
            path,
            environ["REQUEST_METHOD"],
            get("HTTP_HOST"),
            get("QUERY_STRING"),
            get("HTTP_ACCEPT_ENCODING"),
            get("HTTP_HX_REQUEST"),
            get(self._scheme),
            get("HTTP_ACCEPT_LANGUAGE") if path == "/" else None,
        )

    def _is_secure(self, environ: dict[str, Any]) -> bool:
        # As django.http.HttpRequest.scheme has it.
        if self._proxy_header and self._proxy_header in environ:
            value = str(environ[self._proxy_header]).split(",", 1)[0].strip()
            return value == self._proxy_value
        return environ.get("wsgi.url_scheme") == "https"

    def _encoding(self, environ: dict[str, Any]) -> Encoding:
        header = environ.get("HTTP_ACCEPT_ENCODING", "")
        found = self._encodings.get(header)
        if found is None:
            found = negotiated(header)
            if len(self._encodings) < _MOST_SPELLINGS:
                self._encodings[header] = found
        return found


def ask(
    django: Application, asked: Question, *, if_none_match: str = ""
) -> tuple[str, Headers, bytes]:
    """Ask Django as a visitor without a single header of its own: (status, headers, body).

    Or with the tag of what we have of it, which is answered with 304 where it still holds.
    """
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": asked.path,
        "QUERY_STRING": asked.query,
        "SERVER_NAME": asked.host,
        "SERVER_PORT": "443" if asked.is_secure else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": asked.host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if asked.is_secure else "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        environ[name] = value if asked.is_secure else "http"
    if asked.is_fragment:
        environ["HTTP_HX_REQUEST"] = "true"
    if asked.language:
        environ["HTTP_ACCEPT_LANGUAGE"] = asked.language
    if if_none_match:
        environ["HTTP_IF_NONE_MATCH"] = if_none_match
    answered: list[Any] = []

    def start_response(status: str, headers: Headers, *_: object) -> None:
        answered[:] = [status, headers]

    chunks = django(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return answered[0], answered[1], body


def variant(page: Kept, encoding: Encoding, showing: Showing) -> Variant:
    """The page in one encoding, with the headers that belong to it."""
    content_type = next((v for n, v in page.headers if n.lower() == "content-type"), "")
    if not is_compressed(content_type, len(page.body)):
        encoding = ""
    body = _encoded(page.body, encoding)
    own = next((v for n, v in page.headers if n.lower() == "etag"), "")
    etag = etag_of(own, _digest(page), encoding)
    replaced = {"etag", "vary", "content-length", "content-encoding"}
    headers = [(n, v) for n, v in page.headers if n.lower() not in replaced]
    headers += [
        ("ETag", etag),
        ("Vary", vary(page.headers, page.question.path)),
        ("Content-Length", str(len(body))),
        # How old our knowledge is, for people who look for a fault with curl.
        ("Snapshot-Built-At", _stamp(showing.published.snapshot.built_at)),
        ("Snapshot-Version", showing.said.version),
    ]
    if encoding:
        headers.append(("Content-Encoding", encoding))
    not_modified = [(n, v) for n, v in headers if n.lower() in _OF_A_304]
    return Variant(page.status, headers, body, etag, not_modified)


def _send(
    environ: dict[str, Any], start_response: StartResponse, ready: Variant
) -> Iterable[bytes]:
    has = environ.get("HTTP_IF_NONE_MATCH")
    # Lists are copied: some servers write their own headers into them.
    if has is not None and is_not_modified(has, ready.etag) and ready.status[:3] == "200":
        start_response("304 Not Modified", ready.not_modified[:])
        return [b""]
    start_response(ready.status, ready.headers[:])
    return [b""] if environ["REQUEST_METHOD"] == "HEAD" else [ready.body]


def _encoded(body: bytes, encoding: Encoding) -> bytes:
    match encoding:
        case "br":
            return cast(bytes, brotli.compress(body, quality=_BROTLI_QUALITY))
        case "gzip":
            # Without the time: the same bytes in every process.
            return gzip.compress(body, _GZIP_LEVEL, mtime=0)
        case _:
            return body


def _digest(page: Kept) -> str:
    """Of the key, the bytes, and the headers, which a 304 leaves as they stand.

    The instant is not in it: who has these bytes has the newest page, however often it was made
    anew; and after an upgrade the same instant may look different.
    """
    asked = page.question
    key = (asked.path, asked.query, asked.is_fragment, asked.language, page.status, page.headers)
    return hashlib.blake2b(repr(key).encode() + page.body, digest_size=16).hexdigest()


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _allowed(header: str) -> str | None:
    domain, _port = split_domain_port(header)
    # Without the port, which nothing of a page depends on.
    return domain if domain and validate_host(domain, settings.ALLOWED_HOSTS) else None


def serve(django: Application) -> PageCache:
    """`django` with the pages in front of it, and the thread that follows the snapshot.

    Called in the process that answers: a thread would not survive the server's fork.
    """
    pages = PageCache(django, store)
    store.start(timezone.now, pages.prepare)
    return pages
