"""Text that means harm, in every field that people fill in: it stays text wherever it comes out.

Feeds, the API, badges and embeds have their own (tests/statusportal/public), the log has
tests/core/test_logs.py, spreadsheets have tests/core/test_spreadsheet.py.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import html5lib
import icalendar
import pytest
import time_machine
from django.apps import apps
from django.core import mail
from django.db import connection, models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.test import Client, RequestFactory
from django.views.decorators.csrf import csrf_exempt

from accounts import mails
from accounts.models import GlassBroken, Invitation, Role, User
from core.audit import record
from services.models import Service
from statusportal.typed import TypedMiddleware, plain
from tests.admin_pages import browser, filled_in
from tests.factories import make_agency, make_service, make_user
from tests.site.doors_world import NOW, THEIRS, make_world
from tests.statusportal.ops.nation import publish

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# The first letters fit into short columns as well.
HOSTILE = (
    '="><script>pwned()</script><img src=x onerror=pwned()>'
    "'`{{ 7|add:7 }}{% load x %}${7*7}\r\nX-Injected: 1\r\n\r\n\x1b[2J\u200b\ufeff" + BIDI
)
LONG = "ن" * 5000
OURS = ("accounts", "services", "maintenance", "incidents", "reports")
# What is no free text: chosen, computed, or held to a pattern by its own validator.
SHAPED = (models.SlugField, models.EmailField, models.URLField, models.UUIDField)
COMPUTED = {
    "password", "username", "ref", "code", "digest", "hint", "html_ar", "html_en", "kind", "state",
    "phase", "queue", "network", "rule", "host", "measured", "told_health", "idempotency_key",
}  # fmt: skip


def free_texts(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The columns of a model that hold what somebody typed."""
    return [
        column
        for column in model._meta.concrete_fields
        if isinstance(column, models.CharField | models.TextField)
        and not isinstance(column, SHAPED)
        and not column.choices
        and not column.primary_key
        and not column.unique
        and column.name not in COMPUTED
    ]


def poison() -> set[str]:
    """Write HOSTILE into every free text of every row; returns the columns by name."""
    done = set()
    with connection.cursor() as cursor:
        # As if migrated from a system that took everything: past forms and past triggers.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        for model in (m for app in OURS for m in apps.get_app_config(app).get_models()):
            if not model._meta.managed or not (columns := free_texts(model)):
                continue
            changes = {c.column: HOSTILE[: c.max_length or len(HOSTILE)] for c in columns}
            assignments = ", ".join(f'"{name}" = %s' for name in changes)
            table = model._meta.db_table
            cursor.execute(f'UPDATE "{table}" SET {assignments}', list(changes.values()))  # noqa: S608
            done |= {f"{model._meta.label_lower}.{name}" for name in changes}
        cursor.execute("SET session_replication_role = DEFAULT")
    return done


def parse(page: bytes) -> Any:
    return html5lib.parse(page, transport_encoding="utf-8", namespaceHTMLElements=False)


def alive(document: Any) -> list[str]:
    """What of HOSTILE a browser would have obeyed."""
    found = []
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        found += [f"{element.tag} {name}" for name in element.attrib if name.startswith("on")]
        said = "".join(element.itertext()) if element.tag in {"script", "style"} else ""
        if element.get("type") == "application/ld+json":
            # Data, unless something in it has ended the element.
            json.loads(said)
        elif "pwned" in said:
            found.append(f"<{element.tag}>")
        if element.tag == "img" and element.get("src") == "x":
            found.append("<img>")
        for name in ("href", "src", "action"):
            if element.get(name, "").strip().lower().startswith("javascript:"):
                found.append(f"{element.tag} {name}")
    return found


def loose(document: Any) -> list[str]:
    """Text with marks of direction that could disturb what stands around it.

    Elements with a direction of their own isolate what is in them (HTML, 15.3.5), and so does a
    line that holds nothing else: a mark that came in past forms and files ends with its name.
    """
    parents = {child: element for element in document.iter() for child in element}
    found = []
    for element in document.find("body").iter():
        for holder, text in ((element, element.text), (parents.get(element), element.tail)):
            if not {*BIDI} - {"\u2068", "\u2069"} & {*(text or "")}:
                continue
            above = holder
            while above is not None and above.tag != "body" and not _isolates(above):
                above = parents.get(above)
            if above is None or above.tag == "body":
                found.append(f"<{holder.tag}> {text.strip()[:30]}")
    return found


def _isolates(element: Any) -> bool:
    begins = (HOSTILE[:9], "\x1b[2J")
    alone = element.tag in {"option", "p"} and (element.text or "").startswith(begins)
    return element.tag == "bdi" or element.get("dir") is not None or alone


def test_it_finds_what_a_browser_would_obey() -> None:
    def of(page: str) -> list[str]:
        return alive(parse(page.encode()))

    assert of(f"<p>{HOSTILE}</p>") == ["<script>", "img onerror", "<img>"]
    assert of(f'<a href="x" title="{HOSTILE}">a</a>')[0] == "<script>"
    assert of('<a href=" JavaScript:pwned()">a</a>') == ["a href"]
    assert of("<p>&lt;script&gt;pwned()&lt;/script&gt;</p>") == []


def test_it_finds_what_would_turn_the_text_around_it() -> None:
    def of(page: str) -> list[str]:
        return loose(parse(page.encode()))

    assert of("<p>Affected: \u202ename, since ten</p>") == ["<p> Affected: \u202ename, since ten"]
    assert of("<p>Affected: <bdi>\u202ename</bdi>, since ten</p>") == []
    assert of('<p dir="auto">\u202ename</p>') == []
    assert of("<p>\u2068name\u2069</p>") == []


# --- what goes in -----------------------------------------------------------------------------


def typed(body: str) -> QueryDict:
    return plain(QueryDict(body))


@pytest.mark.parametrize("mark", BIDI)
def test_marks_of_direction_are_taken_out_of_every_form(mark: str) -> None:
    given = QueryDict(mutable=True)
    given.setlist("name_ar", [f"جواز{mark}", mark])
    given["password1"] = f"a{mark}b"
    cleaned = plain(given)
    assert cleaned.getlist("name_ar") == ["جواز", ""]
    # What is compared and never shown is what was typed.
    assert cleaned["password1"] == f"a{mark}b"


def test_nothing_else_is_taken_out() -> None:
    text = "line\r\nline\ttab \u200c\u200d 'quotes' <b> = NUL\x00"
    given = QueryDict(mutable=True)
    given["text"] = text
    assert plain(given)["text"] == text
    assert list(plain(QueryDict("a=1&a=2&b=")).lists()) == [("a", ["1", "2"]), ("b", [""])]


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@pytest.mark.parametrize(
    ("method", "content_type", "for_programs", "is_cleaned"),
    [
        ("post", "application/x-www-form-urlencoded", False, True),
        # Doors for programs read the bytes themselves, and once only.
        ("post", "application/x-www-form-urlencoded", True, False),
        ("put", "application/x-www-form-urlencoded", False, False),
    ],
)
def test_forms_are_cleaned_before_any_view_sees_them(
    method: str, content_type: str, for_programs: bool, is_cleaned: bool
) -> None:
    make = getattr(RequestFactory(), method)
    request = make("/", data="name=%E2%80%AEevil", content_type=content_type)
    TypedMiddleware(lambda request: HttpResponse()).process_view(
        request, csrf_exempt(view) if for_programs else view, (), {}
    )
    assert hasattr(request, "_post") is is_cleaned
    if is_cleaned:
        assert request.POST["name"] == "evil"


def test_files_come_through_as_they_are() -> None:
    file = io.BytesIO("\u202ename;1\r\n".encode())
    file.name = "catalogue.csv"
    request = RequestFactory().post("/", {"file": file, "name": "\u202ex"})
    TypedMiddleware(lambda request: HttpResponse()).process_view(request, view, (), {})
    assert request.POST["name"] == "x"
    assert request.FILES["file"].read() == "\u202ename;1\r\n".encode()


# In UTF-8: NUL, a surrogate that is alone, bytes that are no letter, more than any column holds.
BYTES = {
    "nul": b"a%00b",
    "a lone surrogate": b"a%ED%A0%80b",
    "no letters": b"a%FF%C0%AFb",
    "5,000 characters": b"%D9%86" * 5000,
    "a header": b"a%0D%0AX-Injected: 1%0D%0A%0D%0Ab",
    "an escape": b"a%1B%5B2Jb",
}


@pytest.mark.django_db
@pytest.mark.parametrize("bytes_", BYTES.values(), ids=BYTES)
def test_a_form_takes_it_or_says_what_is_wrong(bytes_: bytes) -> None:
    agency = make_agency(code="MOI")
    service = make_service(slug="visa", agency=agency)
    client = browser(make_user(Role.ADMINISTRATOR))
    for path in (f"/admin/accounts/agency/{agency.pk}/change/",
                 f"/admin/services/service/{service.pk}/change/"):  # fmt: skip
        fields = filled_in(client.get(path))
        free = [name for name in fields if name.endswith(("_ar", "_en", "phone", "why"))]
        assert len(free) > 2
        body = b"&".join(
            name.encode() + b"=" + (bytes_ if name in free else _quoted(value))
            for name, value in fields.items()
        )
        response = client.generic(
            "POST", path, body, content_type="application/x-www-form-urlencoded"
        )
        assert response.status_code in {200, 302}
        assert not response.has_header("X-Injected")
        if b"%00" in bytes_:
            assert response.status_code == 200
            assert b"Null characters are not allowed." in response.content


def _quoted(value: Any) -> bytes:
    query = QueryDict(mutable=True)
    query["v"] = value
    return query.urlencode().partition("=")[2].encode()


@pytest.mark.django_db
def test_what_is_saved_has_no_marks_of_direction() -> None:
    service = make_service(slug="visa")
    client = browser(make_user(Role.ADMINISTRATOR))
    path = f"/admin/services/service/{service.pk}/change/"
    fields = filled_in(client.get(path))
    fields |= {"name_en": f"Vi{BIDI}sa", "description_ar": f"{BIDI}وصف", "why": f"be{BIDI}cause"}
    assert client.post(path, fields).status_code == 302
    saved = Service.objects.get(pk=service.pk)
    assert (saved.name_en, saved.description_ar) == ("Visa", "وصف")


ADDRESSES = [
    "/", "/ar/", "/en/services/", "/ar/incidents/", "/en/maintenance/", "/en/use/",
    "/en/feed.atom", "/ar/calendar.ics", "/api/v2/summary.json", "/embed/x.json", "/badge/x.svg",
    "/ops/", "/ops/incidents/", "/ops/incidents/new/", "/ops/handover/",
    "/ops/incidents/new/services/", "/admin/services/service/", "/admin/services/check/",
    "/admin/maintenance/window/", "/admin/incidents/incident/", "/admin/core/auditentry/",
    "/admin/accounts/user/", "/admin/maintenance/window/month/",
    "/ar/services/{}/", "/ops/incidents/{}/", "/admin/services/service/{}/change/", "/admin/{}/",
]  # fmt: skip
ASKED = [
    "q", "agency", "service", "status", "category", "page", "month", "day", "from", "until",
    "person", "act", "e", "o", "p", "lang", "next", "ref", "kind", "phase", "state", "severity",
    "actor__id__exact", "at__gte", "service__agency__id__exact",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["short", "long"])
def test_no_address_breaks_by_what_stands_in_it(length: str) -> None:
    publish()
    client = browser(make_user(Role.ADMINISTRATOR))
    client.raise_request_exception = False
    # All of them at once: none of the parts hides another.
    parts = [value for name, value in BYTES.items() if name != "5,000 characters"]
    text = b"".join(parts).decode() if length == "short" else "%D9%86" * 200
    query = "&".join(f"{name}={text}" for name in ASKED)
    broken = {}
    for address in ADDRESSES:
        response = client.get(f"{address.format(text)}?{query}")
        if response.status_code >= 500 or response.has_header("X-Injected"):
            broken[address] = response.status_code
    assert broken == {}


# --- what comes out ---------------------------------------------------------------------------


@pytest.fixture
def poisoned(db: None) -> Iterator[dict[str, Any]]:
    """Everything that agencies can have, each of its texts hostile, and published."""
    with time_machine.travel(NOW, tick=False):
        world = make_world()
        columns = poison()
        assert len(columns) > 55
        record(
            now=NOW, actor=make_user(first_name=HOSTILE[:150]), act="change",
            subject=make_agency(code="X1", name_en=HOSTILE[:120]), reason=HOSTILE,
            before={"name_en": HOSTILE}, after={"name_en": HOSTILE * 2},
        )  # fmt: skip
        publish()
        yield world.named[THEIRS]


STAFF = [
    "/ops/", "/ops/incidents/", "/ops/incidents/new/",
    "/ops/handover/", "/ops/incidents/{ref}/", "/ops/incidents/{closed_ref}/",
    "/ops/services/{slug}/why/", "/admin/", "/admin/services/service/",
    "/admin/services/service/{service}/change/", "/admin/services/service/{service}/history/",
    "/admin/services/service/{service}/delete/", "/admin/services/check/",
    "/admin/services/check/{check}/change/", "/admin/services/category/",
    "/admin/services/channel/", "/admin/services/channel/{channel}/change/",
    "/admin/accounts/agency/{agency}/change/", "/admin/accounts/user/{person}/change/",
    "/admin/maintenance/window/", "/admin/maintenance/window/{window}/change/",
    "/admin/maintenance/window/{submitted}/change/",
    "/admin/maintenance/window/{running}/change/", "/admin/maintenance/window/month/",
    "/admin/maintenance/calendarperiod/", "/admin/incidents/incident/",
    "/admin/incidents/incident/{incident}/change/",
    "/admin/incidents/incident/{closed_incident}/change/", "/admin/core/auditentry/?q=script",
    "/admin/core/auditentry/{entry}/change/", "/admin/core/event/", "/admin/accounts/apitoken/",
    "/admin/reports/suspicion/", "/admin/reports/suspicion/{suspicion}/change/",
    '/admin/services/service/?q="><script>pwned()</script>',
]  # fmt: skip
PUBLIC = [
    "/", "/services/", "/services/?q=script", "/services/{slug}/", "/agencies/{code}/",
    "/incidents/", "/incidents/{ref}/", "/maintenance/",
    "/use/?q={slug}", '/services/?q="><script>pwned()</script>',
]  # fmt: skip


def test_no_page_obeys_it(poisoned: dict[str, Any]) -> None:
    administrator = browser(make_user(Role.ADMINISTRATOR))
    supervisor = browser(make_user(Role.SUPERVISOR))
    anybody = Client()
    pages = [(supervisor if row.startswith("/ops/") else administrator, row) for row in STAFF]
    pages += [(anybody, f"/ar{row}") for row in PUBLIC]
    found, seen = {}, 0
    for client, row in pages:
        path = row.format_map(poisoned)
        page = client.get(path)
        assert page.status_code == 200, path
        document = parse(page.content)
        found[path] = alive(document) + (loose(document) if client is anybody else [])
        seen += b"&lt;script&gt;pwned()" in page.content
    assert {path: what for path, what in found.items() if what} == {}
    # Not by leaving it out: nearly every page had it to show.
    assert seen > 0.8 * len(found)


def test_no_calendar_has_a_line_more_by_it(poisoned: dict[str, Any]) -> None:
    for path in ("/ar/calendar.ics", f"/en/services/{poisoned['slug']}/calendar.ics"):
        content = Client().get(path).content
        lines = content.replace(b"\r\n ", b"").split(b"\r\n")
        assert [line for line in lines if line.startswith(b"X-Injected")] == []
        assert b"\n" not in b"".join(lines)
        calendar = icalendar.Calendar.from_ical(content)
        events = list(calendar.walk("VEVENT"))
        assert events
        assert any("<script>" in str(one.get("SUMMARY")) for one in events)


def test_no_spreadsheet_computes_it(poisoned: dict[str, Any]) -> None:
    administrator, auditor = (
        browser(make_user(Role.ADMINISTRATOR)),
        browser(make_user(Role.AUDITOR)),
    )
    catalogue = administrator.get("/admin/services/service/export/csv/")
    for response in (catalogue, auditor.post("/admin/core/auditentry/export/")):
        assert response["Content-Type"].startswith("text/csv")
        body = b"".join(response) if response.streaming else response.content
        text = body.decode("utf-8-sig")
        cells = [cell for row in csv.reader(io.StringIO(text), delimiter=";") for cell in row]
        assert any("script" in cell for cell in cells)
        assert [cell for cell in cells if cell[:1] in {*"=+-@\t\r"}] == []


@pytest.mark.django_db
def test_no_mail_has_a_header_more_by_it() -> None:
    for _ in range(2):
        make_user(Role.SUPERVISOR)
    person = make_user(first_name=HOSTILE[:150], last_name=HOSTILE[-30:])
    GlassBroken.objects.create(user=person, at=NOW, address="192.0.2.7")
    assert mails.tell_supervisors(now=NOW) == 1
    mails.send_invitation(invitation_id=_invitation(person), link="https://status.example/x")

    assert len(mail.outbox) == 3
    for message in mail.outbox:
        sent = message_from_bytes(message.message().as_bytes())
        assert sorted({*sent.keys()} - {"MIME-Version", "Content-Type"}) == [
            "Content-Transfer-Encoding", "Date", "From", "Message-ID", "Subject", "To",
        ]  # fmt: skip
        assert "\n" not in message.subject
        assert not {*BIDI} & {*message.subject}


def _invitation(person: User) -> int:
    row = Invitation.objects.create(
        user=person, digest="d", created_at=NOW, expires_at=NOW + timedelta(days=3)
    )
    return row.pk
