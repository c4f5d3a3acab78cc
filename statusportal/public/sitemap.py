"""`/sitemap.xml`: every public page in both languages, for search engines (sitemaps.org, 0.9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from io import StringIO
from typing import NamedTuple
from xml.sax.saxutils import escape
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from core.bilingual import LANGUAGES
from statusportal.public.answers import Answer, respond, tagged
from statusportal.public.pages import nothing_yet, said_now
from statusportal.public.remembered import Remembered
from statusportal.public.said import Said, ServiceSaid

# Not application/xml: everything that is text is compressed on its way.
CONTENT_TYPE = "text/xml; charset=utf-8"
# Addresses in one file, each language counted: the protocol's own limit. A page's addresses stay
# together.
MOST = 50_000
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML = "http://www.w3.org/1999/xhtml"
# In doubt people are answered in Arabic.
_DEFAULT = "ar"
# Who reads it comes once a day: until then the same addresses may have changed once more.
_EVERY = timedelta(minutes=5)
# The files by their number; None is the whole, or the index.
_files: Remembered[Answer] = Remembered(16)
# Each check of any service changes the version, and hardly any page. Slug → what was said, with its
# page; path → its addresses as XML.
_pages: dict[str, tuple[ServiceSaid, Page]] = {}
_written: Remembered[bytes] = Remembered(MOST)


class Page(NamedTuple):
    """A page by its path in each language; `changed_at` is the last change that we know of."""

    paths: dict[str, str]
    changed_at: datetime | None


@require_safe
def sitemap(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The sitemap, or the index of its files where there are more than MOST addresses.

    `/sitemap-1.xml` is the first of the files; 404 beyond the last, and where one holds all.
    """
    said = said_now()
    if said is None:
        return nothing_yet(request)
    per_file = MOST // len(LANGUAGES)
    files = -(-_count(said) // per_file)
    if number is not None and (files == 1 or not 1 <= number <= files):
        raise Http404

    def make() -> Answer:
        if files > 1 and number is None:
            body = index(files)
        else:
            first = ((number or 1) - 1) * per_file
            body = document(list(pages(said))[first : first + per_file])
        return tagged(body, undated=body)

    response = respond(request, _files.of(number, _standing(said, per_file), make), CONTENT_TYPE)
    # It has both.
    del response["Content-Language"]
    return response


def _standing(said: Said, per_file: int) -> tuple[object, ...]:
    """What a file stands for: the same addresses, and their changes as of a few minutes ago."""
    return (
        said.now.timestamp() // _EVERY.total_seconds(),
        (settings.PUBLIC_URL, per_file),
        *(tuple(named) for named in (said.agencies, said.services)),
        *([one.fact.ref for one in told] for told in (said.incidents, said.windows)),
    )


def pages(said: Said) -> Iterator[Page]:
    """Every page that a search engine may show, in a steady order."""
    services = _of_services(said)
    listed = [page.changed_at for _said, page in services.values() if page.changed_at is not None]
    notices = [one.fact.changed_at for one in said.incidents]
    windows = [one.fact.changed_at for one in said.windows]
    yield _page("home", changed_at=max((*listed, *notices, *windows), default=None))
    yield _page("services", changed_at=max(listed, default=None))
    yield _page("incidents", changed_at=max(notices, default=None))
    yield _page("maintenance", changed_at=max(windows, default=None))
    yield _page("use")
    for code, group in said.agencies.items():
        changed = [at for one in group.services if (at := services[one.fact.slug][1].changed_at)]
        yield _page("agency", code, changed_at=max(changed, default=None))
    yield from (page for _said, page in services.values())
    for notice in said.incidents:
        yield _page("incident", notice.ref, changed_at=notice.fact.changed_at)
    for window in said.windows:
        yield _page("window", window.fact.ref, changed_at=window.fact.changed_at)


def _of_services(said: Said) -> dict[str, tuple[ServiceSaid, Page]]:
    """Every service with its page; the very same of what is said as it was before."""
    global _pages
    before = _pages
    _pages = {
        slug: known
        if (known := before.get(slug)) is not None and known[0] is one
        else (one, _page("service", slug, changed_at=changed_at(one)))
        for slug, one in said.services.items()
    }
    return _pages


def changed_at(service: ServiceSaid) -> datetime | None:
    """When its page said something new for the last time: a state, a notice, a window."""
    newest = service.since
    for at in (
        service.fact.created_at,
        *[one.fact.changed_at for one in service.incidents],
        *[one.fact.changed_at for one in service.windows],
    ):
        if at is not None and (newest is None or at > newest):
            newest = at
    return newest


def _count(said: Said) -> int:
    return 5 + sum(map(len, (said.agencies, said.services, said.incidents, said.windows)))


def _page(name: str, *args: str, changed_at: datetime | None = None) -> Page:
    # What Django finds out for each name is the same for all but the name itself.
    _, _language, rest = _pattern(name, len(args)).format(*args).split("/", 2)
    return Page({language: f"/{language}/{rest}" for language in LANGUAGES}, changed_at)


@cache
def _pattern(name: str, args: int) -> str:
    """The path of a kind of page, with a place for each name."""
    return reverse(f"public:{name}", args=["NAME"] * args).replace("NAME", "{}")


# --- XML ----------------------------------------------------------------------------------------


def document(listed: Iterable[Page]) -> bytes:
    """A file of the sitemap: each address with its twin and with the one for all others.

    Written as text: what builds elements takes seconds for ten thousand services. Paths are of
    slugs and references, which need no escaping; the site's own address gets it.
    """
    site = escape(settings.PUBLIC_URL)
    parts = [
        b'<?xml version="1.0" encoding="utf-8"?>\n',
        f'<urlset xmlns="{_NAMESPACE}" xmlns:xhtml="{_XHTML}">\n'.encode(),
    ]
    parts += [
        _written.of(page.paths[_DEFAULT], (page, site), partial(_addresses, page, site))
        for page in listed
    ]
    parts.append(b"</urlset>")
    return b"".join(parts)


def _addresses(page: Page, site: str) -> bytes:
    twins = [*page.paths.items(), ("x-default", page.paths[_DEFAULT])]
    rest = "".join(
        f'<xhtml:link rel="alternate" hreflang="{language}" href="{site}{path}"/>'
        for language, path in twins
    )
    if page.changed_at is not None:
        rest = f"<lastmod>{_instant(page.changed_at)}</lastmod>{rest}"
    whole = (f"<url><loc>{site}{path}</loc>{rest}</url>\n" for path in page.paths.values())
    return "".join(whole).encode()


def index(files: int) -> bytes:
    """The index of so many files."""
    out = StringIO()
    xml = SimplerXMLGenerator(out, "utf-8")
    xml.startDocument()
    xml.startElement("sitemapindex", AttributesImpl({"xmlns": _NAMESPACE}))
    for number in range(1, files + 1):
        xml.startElement("sitemap", AttributesImpl({}))
        xml.addQuickElement(
            "loc", settings.PUBLIC_URL + reverse("sitemap-file", kwargs={"number": number})
        )
        xml.endElement("sitemap")
    xml.endElement("sitemapindex")
    xml.endDocument()
    return out.getvalue().encode()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
