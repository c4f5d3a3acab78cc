"""All incidents: searched, filtered, paged, in a number of statements that never grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import Agency
from core.arabic import ascii_digits
from core.bilingual import Bilingual
from incidents import queries
from incidents.labels import Kind, Phase, Severity
from incidents.models import Incident
from statusportal.ops.board import Row, row_of
from statusportal.ops.doors import Visitor, show, staff_page

PAGE = 50
# Not a phase of its own: every one but the last.
OPEN = "open"
_LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; whatever makes no sense is as if it had not been asked."""

    q: str = ""
    kind: str = ""
    phase: str = ""
    severity: str = ""
    agency: str = ""
    since: date | None = None
    until: date | None = None
    page: int = 1

    def query(self, page: int) -> str:
        """The query of the same list at another page."""
        named = {
            "q": self.q,
            "kind": self.kind,
            "phase": self.phase,
            "severity": self.severity,
            "agency": self.agency,
            "since": self.since or "",
            "until": self.until or "",
            "page": page if page > 1 else "",
        }
        return urlencode({name: value for name, value in named.items() if value})


def wanted(request: HttpRequest) -> Wanted:
    """What the address asks for."""
    asked = request.GET

    def one_of(name: str, known: list[str]) -> str:
        value = asked.get(name, "")
        return value if value in known else ""

    page = ascii_digits(asked.get("page", ""))
    return Wanted(
        q=asked.get("q", "").strip()[:_LONGEST_QUERY],
        kind=one_of("kind", Kind.values),
        phase=one_of("phase", [OPEN, *Phase.values]),
        severity=one_of("severity", Severity.values),
        agency=asked.get("agency", "")[:12],
        since=_day(asked.get("since", "")),
        until=_day(asked.get("until", "")),
        page=max(1, int(page)) if page.isdigit() and len(page) < 7 else 1,
    )


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(ascii_digits(typed))
    except ValueError:
        return None


def found(visitor: Visitor, asked: Wanted) -> QuerySet[Incident]:
    """The incidents that fit, newest first. Days are those of the deployment, both included."""
    rows = queries.search(
        visitor.agencies,
        q=asked.q,
        kind=asked.kind,
        phase="" if asked.phase == OPEN else asked.phase,
        severity=asked.severity,
        agency=asked.agency,
        since=_midnight(asked.since) if asked.since else None,
        until=_midnight(asked.until + timedelta(days=1)) if asked.until else None,
    )
    return rows.filter(resolved_at=None) if asked.phase == OPEN else rows


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.TIME_ZONE))


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the list."""

    rows: tuple[Row, ...]
    count: int
    before: str
    after: str


@require_safe
@staff_page
def incidents(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The list of all incidents that the visitor may see."""
    now = timezone.now()
    asked = wanted(request)
    rows = found(visitor, asked)
    count = rows.count()
    last = max(1, -(-count // PAGE))
    page = min(asked.page, last)
    office = queries.office_hours()
    agencies = Agency.objects.order_by("position", "code")
    if visitor.agencies is not None:
        agencies = agencies.filter(pk__in=visitor.agencies)
    context = {
        "asked": asked,
        "found": Found(
            rows=tuple(
                row_of(one, office, visitor, now) for one in rows[(page - 1) * PAGE : page * PAGE]
            ),
            count=count,
            before=asked.query(page - 1) if page > 1 else "",
            after=asked.query(page + 1) if page < last else "",
        ),
        "has_before": page > 1,
        "has_after": page < last,
        "page": page,
        "last": last,
        "agencies": [(one.code, Bilingual(one.name_ar, one.name_en)) for one in agencies],
        "kinds": Kind.choices,
        "phases": [(OPEN, str(_EVERY_OPEN)), *Phase.choices],
        "severities": Severity.choices,
    }
    return show(request, visitor, "ops/incidents.html", context, now=now)


_EVERY_OPEN: Promise = pgettext_lazy("phase of an incident", "Every open one")
