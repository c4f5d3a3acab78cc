"""Notices and planned work as Atom: of everything, an agency, a service (RFC 4287).

Like the pages a function of the snapshot. What a feed has no room for stands in its archive, one
document for each month (RFC 5005, 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from http import HTTPStatus
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
    feed_months,
    incident_lists,
    incident_notice,
    plain,
    window_lists,
    window_notice,
    words,
)
from statusportal.public.answers import Answer, Answers, respond, tagged
from statusportal.public.feed_entries import Candidate, Entry
from statusportal.public.incident_lists import IncidentShown, Wanted
from statusportal.public.pages import nothing_yet, said_now
from statusportal.public.remembered import Remembered
from statusportal.public.said import Said
from statusportal.public.window_lists import WindowShown, asked_month

_TYPE = "application/atom+xml"
CONTENT_TYPE = f"{_TYPE}; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_HISTORY = "http://purl.org/syndication/history/1.0"
_RETRY_AFTER_S = 60
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
class Written:
    """An entry as XML."""

    updated_at: datetime
    xml: str


# In both languages, with room for what stands in the feed of one service alone.
_MOST_KEPT = 20 * LONGEST
_entries: Remembered[Written] = Remembered(_MOST_KEPT)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a feed is about: `page` and `feed` are the paths of its page and of its feed."""

    title: str
    page: str
    feed: str
    notices: Callable[[Iterable[IncidentShown]], Iterable[IncidentShown]]
    windows: Callable[[Iterable[WindowShown]], Iterable[WindowShown]]
    agency: str = ""


@dataclass(frozen=True, slots=True)
class _Feed:
    """What a feed has beside its entries.

    Its `path` names it for ever, in each of its documents (RFC 5005, 4). `links` are relation,
    path and type.
    """

    title: str
    path: str
    links: Sequence[tuple[str, str, str]]
    is_archive: bool = False


# --- views --------------------------------------------------------------------------------------


@require_safe
def everything(request: HttpRequest, month: str | None = None) -> HttpResponse:
    """`/{lang}/feed.atom`: every notice and every announced window."""
    return _answer(request, _everything, month)


@require_safe
def agency(request: HttpRequest, code: str, month: str | None = None) -> HttpResponse:
    """What one agency says, and what reaches a service of it."""
    return _answer(request, lambda said: _agency(said, code), month)


@require_safe
def service(request: HttpRequest, slug: str, month: str | None = None) -> HttpResponse:
    """What names one service, or something that it needs."""
    return _answer(request, lambda said: _service(said, slug), month)


def _everything(said: Said) -> _Subject:
    return _Subject(
        title=plain.name(settings.PORTAL_NAME),
        page=reverse("public:home"),
        feed=reverse("public:feed"),
        notices=list,
        windows=list,
    )


def _agency(said: Said, code: str) -> _Subject | None:
    group = said.agencies.get(code)
    if group is None:
        return None
    return _Subject(
        title=_titled(group.name),
        page=reverse("public:agency", args=[code]),
        feed=reverse("public:agency-feed", args=[code]),
        notices=lambda all_of_them: incident_lists.of_agency(all_of_them, code),
        windows=lambda all_of_them: window_lists.of_agency(all_of_them, code),
        agency=code,
    )


def _service(said: Said, slug: str) -> _Subject | None:
    found = said.services.get(slug)
    if found is None:
        return None
    known_as = found.fact.id
    return _Subject(
        title=_titled(found.name),
        page=reverse("public:service", args=[slug]),
        feed=reverse("public:service-feed", args=[slug]),
        notices=lambda all_of_them: [one for one in all_of_them if _reaches(one, known_as)],
        windows=lambda all_of_them: window_lists.of_service(all_of_them, known_as),
    )


def _reaches(notice: IncidentShown, service: str) -> bool:
    return any(one.fact.id == service for one in (*notice.services, *notice.derived))


def _titled(name: Bilingual) -> str:
    # Translators: the title of a feed; {name} is an agency or a service.
    return gettext("Notices: {name}").format(name=plain.name(name))


def _answer(
    request: HttpRequest, subject_of: Callable[[Said], _Subject | None], month: str | None
) -> HttpResponse:
    said = said_now()
    if said is None:
        return nothing_yet(request)
    subject = subject_of(said)
    first = asked_month(month) if month is not None else None
    # One address for each document.
    if subject is None or (month is not None and (first is None or f"{first:%Y-%m}" != month)):
        raise Http404

    def make() -> Answer:
        feed, entries = _archived(said, subject, first) if first else _current(said, subject)
        return tagged(document(feed, entries, said.as_of), undated=document(feed, entries, None))

    try:
        answer = _answers.of(said, (request.path,), make)
    except _Unreadable:
        response = HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = str(_RETRY_AFTER_S)
        response["Cache-Control"] = "no-store"
        return response
    response = respond(request, answer, CONTENT_TYPE)
    # Readers that are pages themselves may have it too.
    response["Access-Control-Allow-Origin"] = "*"
    return response


# --- documents ----------------------------------------------------------------------------------


class _Unreadable(Exception):
    """There may be such a month: 404 would be a lie."""


def _current(said: Said, subject: _Subject) -> tuple[_Feed, list[Written]]:
    """What is not over, then what changed last; the rest is in the archive."""
    notices, windows = incident_notice.standing(said), window_notice.standing(said)
    about = tuple(subject.notices(notices))
    kept, months = _kept(said, subject, notices, windows)
    links = [
        ("self", subject.feed, _TYPE),
        ("alternate", subject.page, "text/html"),
        ("archives", _archive_page(about, subject.agency), "text/html"),
    ]
    if months:
        links.append(("prev-archive", _archive_path(subject, months[-1]), _TYPE))
    return _Feed(subject.title, subject.feed, links), _written(kept)


def _kept(
    said: Said,
    subject: _Subject,
    notices: Sequence[IncidentShown],
    windows: Sequence[WindowShown],
) -> tuple[list[Candidate], list[date]]:
    """What stands in the feed itself, and the months that have a document in its archive.

    A month gets one when it is over: archives do not change. Only where the feed has no room for
    all of the present month it has one at once, so that nothing is lost.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    found = feed_entries.candidates(
        subject.notices(notices), subject.windows(windows), _address, said.agencies
    )
    kept = feed_entries.newest(found, LONGEST)
    present = feed_months.month_of(said.now, zone)
    refs = {one.ref for one in kept}
    missing = {feed_months.month_of(one.began_at, zone) for one in found if one.ref not in refs}
    known = feed_months.known(notices, windows, zone)
    return kept, sorted({one for one in known if one < present} | missing)


def _archived(said: Said, subject: _Subject, first: date) -> tuple[_Feed, list[Written]]:
    notices, windows = incident_notice.standing(said), window_notice.standing(said)
    _in_feed, months = _kept(said, subject, notices, windows)
    if first not in months:
        raise Http404
    zone = ZoneInfo(settings.TIME_ZONE)
    begun = feed_months.begun(said, first, notices, windows, zone)
    if begun is None:
        raise _Unreadable
    found = feed_entries.candidates(
        subject.notices(begun[0]), subject.windows(begun[1]), _address, said.agencies
    )
    at = months.index(first)
    links = [
        ("self", _archive_path(subject, first), _TYPE),
        ("alternate", subject.page, "text/html"),
        ("current", subject.feed, _TYPE),
    ]
    if at > 0:
        links.append(("prev-archive", _archive_path(subject, months[at - 1]), _TYPE))
    if at + 1 < len(months):
        links.append(("next-archive", _archive_path(subject, months[at + 1]), _TYPE))
    # Not kept: whoever reads the archive reads it once.
    newest = feed_entries.newest(found, len(found))
    entries = [_new_entry(one) for one in newest]
    return _Feed(subject.title, subject.feed, links, is_archive=True), entries


def _archive_path(subject: _Subject, first: date) -> str:
    return f"{subject.feed.removesuffix('.atom')}-{first:%Y-%m}.atom"


def _address(kind: str, name: str) -> str:
    return settings.PUBLIC_URL + reverse(_PAGES[kind], args=[name])


def _archive_page(notices: Sequence[IncidentShown], agency: str) -> str:
    """The page of the month in which the oldest notice here began; from there they go on."""
    zone = ZoneInfo(settings.TIME_ZONE)
    months = [incident_lists.month_of(one.fact, zone) for one in notices]
    query = Wanted(agency=agency).address(month=min(months, default=None))
    return reverse("public:incidents") + query


# --- Atom ---------------------------------------------------------------------------------------


def document(feed: _Feed, entries: Sequence[Written], as_of: datetime | None) -> bytes:
    """The feed as bytes of XML, with the line that says from when its knowledge is (rule 20)."""
    out = StringIO()
    xml = SimplerXMLGenerator(out, "utf-8")
    language = words.language()
    xml.startDocument()
    _open(xml, "feed", {"xmlns": _ATOM, "xmlns:fh": _HISTORY, "xml:lang": language})
    _element(xml, "id", _tag(feed.path))
    _element(xml, "title", feed.title)
    if as_of is not None:
        _element(xml, "subtitle", plain.sentence(words.as_of(as_of)))
    _element(xml, "updated", _instant(max((one.updated_at for one in entries), default=_NAMED_IN)))
    _author(xml, _authority())
    for relation, path, kind in feed.links:
        _link(xml, relation, path, kind)
    if feed.is_archive:
        xml.addQuickElement("fh:archive")
    out.writelines(one.xml for one in entries)
    xml.endElement("feed")
    xml.endDocument()
    return out.getvalue().encode()


def _written(candidates: Iterable[Candidate]) -> list[Written]:
    """The entries of `candidates`, each written once for as long as it says the same."""
    settled = (
        settings.PUBLIC_URL,
        settings.TIME_ZONE,
        settings.DIGITS,
        _authority(),
    )
    language = words.language()
    return [
        _entries.of((language, one.ref), (settled, one.made_of), partial(_new_entry, one))
        for one in candidates
    ]


def _new_entry(candidate: Candidate) -> Written:
    return Written(candidate.updated_at, _entry(candidate.write()))


def _entry(entry: Entry) -> str:
    out = StringIO()
    xml = SimplerXMLGenerator(out, "utf-8")
    language = words.language()
    _open(xml, "entry")
    # In another language it is another entry: who follows both wants both.
    _element(xml, "id", _tag(f"{language}:{entry.ref.lower()}"))
    _element(xml, "title", entry.title)
    _element(xml, "published", _instant(entry.published_at))
    _element(xml, "updated", _instant(entry.updated_at))
    _author(xml, entry.author or _authority())
    xml.addQuickElement(
        "link", attrs={"rel": "alternate", "href": entry.address, "type": "text/html"}
    )
    xml.addQuickElement("category", attrs={"term": entry.term, "label": entry.label})
    _element(xml, "content", entry.content, {"type": "html", "xml:lang": language})
    xml.endElement("entry")
    return out.getvalue()


def _authority() -> str:
    return plain.name(Bilingual(settings.AUTHORITY_NAME_AR, settings.AUTHORITY_NAME_EN))


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
