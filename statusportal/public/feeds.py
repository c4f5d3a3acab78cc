"""Notices and planned work as Atom: of everything, an agency, a service (RFC 4287).

Like the pages a function of the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from urllib.parse import urlsplit
from xml.sax.xmlreader import AttributesImpl
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from core.bilingual import Bilingual
from statusportal.public import (
    feed_entries,
    incident_lists,
    incident_notice,
    plain,
    window_lists,
    window_notice,
    words,
)
from statusportal.public.answers import Answer, Answers, respond, tagged
from statusportal.public.feed_entries import Entry
from statusportal.public.incident_lists import IncidentShown, Wanted
from statusportal.public.pages import nothing_yet, said_now
from statusportal.public.said import Said
from statusportal.public.window_lists import WindowShown

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
# More is for archives; what is not over yet goes in first.
LONGEST = 100
# Of names (RFC 4151), and of a feed without entries: it must have been updated some day.
_NAMED_IN = datetime(2026, 1, 1, tzinfo=UTC)
_PAGES = {
    "incident": "public:incident",
    "window": "public:window",
    "service": "public:service",
}
_answers = Answers()


@dataclass(frozen=True, slots=True)
class _Feed:
    """What a feed has beside its entries: its path names it for ever."""

    title: str
    path: str
    page: str
    archive: str


# --- views --------------------------------------------------------------------------------------


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """`/{lang}/feed.atom`: every notice and every announced window."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    return _answer(
        request,
        said,
        notices=incident_notice.standing(said),
        windows=window_notice.standing(said),
        title=plain.name(settings.PORTAL_NAME),
        page=reverse("public:home"),
    )


@require_safe
def agency(request: HttpRequest, code: str) -> HttpResponse:
    """What one agency says, and what reaches a service of it."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    group = said.agencies.get(code)
    if group is None:
        raise Http404
    return _answer(
        request,
        said,
        notices=incident_lists.of_agency(incident_notice.standing(said), code),
        windows=window_lists.of_agency(window_notice.standing(said), code),
        title=_titled(group.name),
        page=reverse("public:agency", args=[code]),
        agency=code,
    )


@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """What names one service, or something that it needs."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    found = said.services.get(slug)
    if found is None:
        raise Http404
    return _answer(
        request,
        said,
        notices=[one for one in incident_notice.standing(said) if _reaches(one, found.fact.id)],
        windows=window_lists.of_service(window_notice.standing(said), found.fact.id),
        title=_titled(found.name),
        page=reverse("public:service", args=[slug]),
    )


def _reaches(notice: IncidentShown, service: str) -> bool:
    return any(one.fact.id == service for one in (*notice.services, *notice.derived))


def _titled(name: Bilingual) -> str:
    # Translators: the title of a feed; {name} is an agency or a service.
    return gettext("Notices: {name}").format(name=plain.name(name))


def _answer(
    request: HttpRequest,
    said: Said,
    *,
    notices: Iterable[IncidentShown],
    windows: Iterable[WindowShown],
    title: str,
    page: str,
    agency: str = "",
) -> HttpResponse:
    def make() -> Answer:
        told, planned = tuple(notices), tuple(windows)
        entries = feed_entries.newest(told, planned, LONGEST, _address, said.agencies)
        feed = _Feed(title, request.path, page, _archive(told, agency))
        return tagged(document(feed, entries, said.as_of), undated=document(feed, entries, None))

    return respond(request, _answers.of(said, (request.path,), make), CONTENT_TYPE)


def _address(kind: str, name: str) -> str:
    return settings.PUBLIC_URL + reverse(_PAGES[kind], args=[name])


def _archive(notices: Sequence[IncidentShown], agency: str) -> str:
    """The page of the month in which the oldest notice here began; from there they go on."""
    zone = ZoneInfo(settings.TIME_ZONE)
    months = [incident_lists.month_of(one.fact, zone) for one in notices]
    query = Wanted(agency=agency).address(month=min(months, default=None))
    return reverse("public:incidents") + query


# --- Atom ---------------------------------------------------------------------------------------


def document(feed: _Feed, entries: Sequence[Entry], as_of: datetime | None) -> bytes:
    """The feed as bytes of XML, with the line that says from when its knowledge is (rule 20)."""
    out = StringIO()
    xml = SimplerXMLGenerator(out, "utf-8")
    language = words.language()
    authority = plain.name(Bilingual(settings.AUTHORITY_NAME_AR, settings.AUTHORITY_NAME_EN))
    xml.startDocument()
    _open(xml, "feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": language})
    _element(xml, "id", _tag(feed.path))
    _element(xml, "title", feed.title)
    if as_of is not None:
        _element(xml, "subtitle", plain.sentence(words.as_of(as_of)))
    _element(xml, "updated", _instant(max((one.updated_at for one in entries), default=_NAMED_IN)))
    _author(xml, authority)
    _link(xml, "self", feed.path, CONTENT_TYPE.partition(";")[0])
    _link(xml, "alternate", feed.page, "text/html")
    _link(xml, "archives", feed.archive, "text/html")
    for entry in entries:
        _open(xml, "entry")
        # In another language it is another entry: who follows both wants both.
        _element(xml, "id", _tag(f"{language}:{entry.ref.lower()}"))
        _element(xml, "title", entry.title)
        _element(xml, "published", _instant(entry.published_at))
        _element(xml, "updated", _instant(entry.updated_at))
        _author(xml, entry.author or authority)
        xml.addQuickElement(
            "link", attrs={"rel": "alternate", "href": entry.address, "type": "text/html"}
        )
        xml.addQuickElement("category", attrs={"term": entry.term, "label": entry.label})
        _element(xml, "content", entry.content, {"type": "html", "xml:lang": language})
        xml.endElement("entry")
    xml.endElement("feed")
    xml.endDocument()
    return out.getvalue().encode()


def _open(xml: SimplerXMLGenerator, name: str, attrs: dict[str, str] | None = None) -> None:
    xml.startElement(name, AttributesImpl(attrs or {}))


def _element(
    xml: SimplerXMLGenerator, name: str, text: str, attrs: dict[str, str] | None = None
) -> None:
    xml.addQuickElement(name, text, attrs or {})


def _author(xml: SimplerXMLGenerator, name: str) -> None:
    _open(xml, "author")
    _element(xml, "name", name)
    xml.endElement("author")


def _link(xml: SimplerXMLGenerator, rel: str, path: str, kind: str) -> None:
    attrs = {"rel": rel, "href": settings.PUBLIC_URL + path, "type": kind}
    xml.addQuickElement("link", attrs=attrs)


def _tag(name: str) -> str:
    """A name that nobody else gives, and that no move of a page changes (RFC 4151)."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"tag:{host},{_NAMED_IN:%Y}:{name.strip('/')}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
