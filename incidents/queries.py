"""What is read of incidents: each in a number of statements that does not grow with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import (
    Case,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    When,
    prefetch_related_objects,
)

from incidents import clocks, lifecycle
from incidents.clocks import Clock, ClockFacts
from incidents.labels import Kind, TextState
from incidents.models import (
    Declaration,
    Draft,
    Entry,
    Incident,
    ListedService,
    Override,
    Update,
)
from incidents.office import OfficeHours
from incidents.severity import Severity
from maintenance.models import CalendarPeriod
from maintenance.policy import PeriodKind
from services.models import Channel, Edge, Service

# --- clocks -------------------------------------------------------------------------------------


def office_hours() -> OfficeHours:
    """When clocks of office time run: the deployment's hours and the announced days. 1 query."""
    days: dict[str, list[tuple[object, object]]] = {}
    for kind, first, last in CalendarPeriod.objects.order_by("first_day", "pk").values_list(
        "kind", "first_day", "last_day"
    ):
        days.setdefault(kind, []).append((first, last))
    return OfficeHours(
        zone=ZoneInfo(settings.TIME_ZONE),
        weekend=frozenset(settings.WEEKEND),
        hours=settings.INCIDENT_OFFICE_HOURS,
        ramadan_hours=settings.INCIDENT_RAMADAN_HOURS,
        holidays=tuple(days.get(PeriodKind.HOLIDAY, ())),  # type: ignore[arg-type]
        ramadan=tuple(days.get(PeriodKind.RAMADAN, ())),  # type: ignore[arg-type]
    )


def clock_policy() -> clocks.Policy:
    """The numbers of the deployment (docs/clocks.md)."""
    early, early_for = settings.INCIDENT_UPDATE_EARLY
    return clocks.Policy(
        acknowledge=settings.INCIDENT_ACKNOWLEDGE,
        first_notice=settings.INCIDENT_FIRST_NOTICE,
        update=settings.INCIDENT_UPDATE,
        report=settings.INCIDENT_REPORT,
        early_update=early,
        early_for=early_for,
    )


def clock_facts(incident: Incident, *, report_submitted_at: datetime | None = None) -> ClockFacts:
    """A row as the clocks take it."""
    return ClockFacts(
        severity=Severity[incident.severity],
        opened_at=incident.opened_at,
        is_incident=incident.kind == Kind.INCIDENT,
        confirmed_at=incident.confirmed_at,
        reopened_at=incident.reopened_at,
        acknowledged_at=incident.acknowledged_at,
        first_notice_at=incident.first_notice_at,
        last_notice_at=incident.last_notice_at,
        promised_next_at=incident.next_update_by,
        resolved_at=incident.resolved_at,
        report_submitted_at=report_submitted_at,
    )


def clocks_of(incident: Incident, office: OfficeHours) -> list[Clock]:
    """The clocks of `incident`, with its closing report where that was loaded beside it."""
    submitted_at: datetime | None = None
    if incident.resolved_at is not None:
        report = getattr(incident, "report", None)
        submitted_at = report.submitted_at if report is not None else None
    facts = clock_facts(incident, report_submitted_at=submitted_at)
    return clocks.clocks(facts, clock_policy(), office)


def times(incident: Incident) -> lifecycle.Times:
    """How long each thing took so far."""
    return lifecycle.times(
        started_at=incident.started_at,
        confirmed_at=incident.confirmed_at,
        opened_at=incident.opened_at,
        acknowledged_at=incident.acknowledged_at,
        first_notice_at=incident.first_notice_at,
        restored_at=incident.restored_at,
        resolved_at=incident.resolved_at,
    )


# --- lists --------------------------------------------------------------------------------------


def _scoped(agencies: set[int] | None) -> QuerySet[Incident]:
    """The incidents of these agencies, and those that list one of their services; None: all."""
    rows = Incident.objects.select_related(
        "agency", "acknowledged_by", "opened_by", "resolved_by", "absorbed_into", "report"
    )
    if agencies is None:
        return rows
    lists = ListedService.objects.filter(incident=OuterRef("pk"), service__agency__in=agencies)
    return rows.filter(Q(agency__in=agencies) | Exists(lists))


def _services() -> Prefetch[str]:
    """Listed services in catalogue order, with channels, declarations and overrides that hold."""
    return Prefetch(
        "services",
        queryset=ListedService.objects.select_related("service__agency")
        .prefetch_related(
            Prefetch("channels", queryset=Channel.objects.order_by("position", "pk")),
            Prefetch(
                "declarations",
                queryset=Declaration.objects.filter(ended_at=None),
                to_attr="declared_now",
            ),
            Prefetch(
                "overrides",
                queryset=Override.objects.filter(ended_at=None).select_related("given_by"),
                to_attr="overridden_now",
            ),
        )
        .order_by("service__position", "service__slug"),
    )


def _newest_text() -> Prefetch[str]:
    """The newest public text of each, as `newest_text` (a list of one or none)."""
    newest = Update.objects.filter(state=TextState.PUBLISHED).order_by(
        "incident_id", "-published_at", "-pk"
    )
    return Prefetch("updates", queryset=newest.distinct("incident_id"), to_attr="newest_text")


def _waiting_texts() -> Prefetch[str]:
    """Texts that wait for a second person, as `waiting_texts`."""
    return Prefetch(
        "updates",
        queryset=Update.objects.filter(state=TextState.WAITING)
        .select_related("author")
        .order_by("written_at", "pk"),
        to_attr="waiting_texts",
    )


def open_incidents(agencies: set[int] | None) -> QuerySet[Incident]:
    """What is open, unacknowledged first, then by severity and age. 7 queries.

    Announcements and clarifications stand last.
    """
    return (
        _scoped(agencies)
        .filter(resolved_at=None)
        .prefetch_related(_services(), _newest_text(), _waiting_texts())
        .order_by(
            Case(When(kind=Kind.INCIDENT, then=0), default=1),
            Case(When(acknowledged_at=None, then=0), default=1),
            "severity",
            "opened_at",
            "pk",
        )
    )


def search(
    agencies: set[int] | None,
    *,
    q: str = "",
    kind: str = "",
    phase: str = "",
    severity: str = "",
    agency: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Incident]:
    """All incidents that fit, newest first; page it. `agency` is a code, `q` any part of a
    reference, a title or the name of a listed service."""
    rows = _scoped(agencies).prefetch_related(_services(), _newest_text())
    for name, value in (("kind", kind), ("phase", phase), ("severity", severity)):
        if value:
            rows = rows.filter(**{name: value})
    if agency:
        rows = rows.filter(agency__code=agency)
    if since is not None:
        rows = rows.filter(started_at__gte=since)
    if until is not None:
        rows = rows.filter(started_at__lt=until)
    if q := q.strip():
        named = ListedService.objects.filter(incident=OuterRef("pk")).filter(
            Q(service__name_ar__icontains=q)
            | Q(service__name_en__icontains=q)
            | Q(service__slug__icontains=q)
        )
        rows = rows.filter(
            Q(ref__icontains=q)
            | Q(title_ar__icontains=q)
            | Q(title_en__icontains=q)
            | Exists(named)
        )
    return rows.order_by("-started_at", "-pk")


def alone(ref: str, agencies: set[int] | None) -> Incident | None:
    """One incident without what hangs on it, enough to decide who may do what; None where it is
    not there for these agencies. 1 query."""
    return _scoped(agencies).filter(ref=ref).first()


def filled(incident: Incident) -> Incident:
    """The same row with all that was written and done, as `texts` and `log`. 8 queries."""
    prefetch_related_objects(
        [incident],
        _services(),
        _newest_text(),
        _waiting_texts(),
        Prefetch(
            "updates",
            queryset=Update.objects.select_related("author", "approved_by", "corrects").order_by(
                "written_at", "pk"
            ),
            to_attr="texts",
        ),
        Prefetch(
            "entries",
            queryset=Entry.objects.select_related("actor").order_by("at", "pk"),
            to_attr="log",
        ),
    )
    return incident


def whole(ref: str, agencies: set[int] | None) -> Incident | None:
    """One incident with all that was written and done, as `texts` and `log`; None where it is
    not there for these agencies. 9 queries."""
    incident = alone(ref, agencies)
    return None if incident is None else filled(incident)


def draft_of(incident_id: int, author_id: int) -> Draft | None:
    """What this person was writing for this incident."""
    return Draft.objects.filter(incident=incident_id, author=author_id).first()


def owing_reports(agencies: set[int] | None) -> QuerySet[Incident]:
    """Resolved incidents whose closing report nobody has handed in, oldest first."""
    return (
        _scoped(agencies)
        .filter(
            kind=Kind.INCIDENT,
            resolved_at__isnull=False,
            absorbed_into=None,
            report__submitted_at=None,
        )
        .order_by("resolved_at", "pk")
    )


# --- what depends on it -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """What an incident on some services reaches: those named, then those that need them."""

    named: tuple[Service, ...]
    dependants: tuple[Service, ...]
    agencies: int
    channels: int


def reach(
    service_ids: Collection[int], channel_ids: Collection[int] = (), *, is_mild: bool = False
) -> Reach:
    """What is hit along hard edges however far, and one step along the others. 3 queries.

    `channel_ids` narrows the named services to these channels; none means all of them. What is
    merely slow (`is_mild`) hits along hard edges alone: to the others it is a note (rule 12).
    """
    following: dict[int, list[tuple[int, bool]]] = {}
    for upstream, dependant, kind in Edge.objects.values_list(
        "upstream_id", "dependant_id", "kind"
    ):
        is_hard = kind == Edge.Kind.HARD
        if is_hard or not is_mild:
            following.setdefault(upstream, []).append((dependant, is_hard))
    hit, through, waiting = set(service_ids), set(service_ids), list(service_ids)
    while waiting:
        for dependant, is_hard in following.get(waiting.pop(), ()):
            hit.add(dependant)
            if is_hard and dependant not in through:
                through.add(dependant)
                waiting.append(dependant)
    rows = list(
        Service.objects.filter(pk__in=hit)
        .select_related("agency")
        .prefetch_related("channels")
        .order_by("position", "slug")
    )
    wanted = set(channel_ids)
    channels = 0
    for row in rows:
        own = {channel.pk for channel in row.channels.all()}
        channels += len(own & wanted) if row.pk in service_ids and own & wanted else len(own)
    return Reach(
        named=tuple(row for row in rows if row.pk in service_ids),
        dependants=tuple(row for row in rows if row.pk not in service_ids),
        agencies=len({row.agency_id for row in rows}),
        channels=channels,
    )


def earlier(
    service_ids: Collection[int],
    cause_class: str,
    before: datetime,
    *,
    but: int = 0,
    agencies: set[int] | None = None,
) -> QuerySet[Incident]:
    """Incidents of the same cause on one of these services lately: a recurrence. Newest first.

    Of those that people of `agencies` see; None: all.
    """
    since = before - timedelta(days=settings.INCIDENT_RECURRENCE_DAYS)
    return (
        _scoped(agencies)
        .filter(
            kind=Kind.INCIDENT,
            report__cause_class=cause_class,
            started_at__gte=since,
            started_at__lt=before,
            services__service__in=service_ids,
        )
        .exclude(pk=but)
        .distinct()
        .order_by("-started_at", "-pk")
    )


# --- what the public is told --------------------------------------------------------------------


def published(now: datetime) -> QuerySet[Incident]:
    """What the live pages tell: open ones, and those resolved within the days that are kept.

    Oldest first. Each comes with agency, report, `services`, `public_texts` and `public_log`,
    oldest first. 7 queries.
    """
    since = now - timedelta(days=settings.INCIDENT_KEPT_DAYS)
    return told(Incident.objects.filter(Q(resolved_at=None) | Q(resolved_at__gte=since)))


def told(rows: QuerySet[Incident]) -> QuerySet[Incident]:
    """Those of `rows` of which the public knows, with all that it was told."""
    return (
        rows.filter(first_notice_at__isnull=False)
        .select_related("agency", "absorbed_into", "report")
        .prefetch_related(
            _services(),
            Prefetch(
                "updates",
                queryset=Update.objects.filter(state=TextState.PUBLISHED).order_by(
                    "published_at", "pk"
                ),
                to_attr="public_texts",
            ),
            Prefetch(
                "entries",
                queryset=Entry.objects.filter(is_public=True).order_by("at", "pk"),
                to_attr="public_log",
            ),
        )
        .order_by("started_at", "pk")
    )


def archived(spans: Iterable[tuple[datetime, datetime]], before: datetime) -> QuerySet[Incident]:
    """What was resolved before `before`, of those that began within one of the half-open `spans`;
    as `published` gives them. 7 queries."""
    within = Q()
    for start, end in spans:
        within |= Q(started_at__gte=start, started_at__lt=end)
    if not within:
        return Incident.objects.none()
    return told(Incident.objects.filter(within, resolved_at__lt=before))


# Every act moves `changed_at`, so the sum of a month is another one after any of them.
_ARCHIVED_MONTHS = """
SELECT to_char(started_at AT TIME ZONE %(zone)s, 'YYYY-MM'), count(*),
       bit_xor(hashtextextended(ref, (extract(epoch FROM changed_at) * 1000000)::bigint))
FROM incidents_incident
WHERE first_notice_at IS NOT NULL AND resolved_at < %(before)s
GROUP BY 1 ORDER BY 1
"""


def archived_months(before: datetime) -> list[tuple[str, int, int]]:
    """The months of the zone that `archived` fills: (month, incidents, sum). 1 query.

    The sum is another number as soon as any of these incidents is.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ARCHIVED_MONTHS, {"zone": settings.TIME_ZONE, "before": before})
        rows: list[tuple[str, int, int]] = cursor.fetchall()
        return rows


def declared_between(
    start: datetime, end: datetime
) -> Iterable[tuple[int, tuple[int, ...], str, datetime, datetime | None]]:
    """What people declared within [start, end): (service, channels, health, since, until). 2
    queries. No channels means all of them."""
    rows = (
        Declaration.objects.filter(declared_at__lt=end)
        .filter(Q(ended_at=None) | Q(ended_at__gt=start))
        .exclude(listed__incident__kind__in=(Kind.ANNOUNCEMENT, Kind.CLARIFICATION))
        .select_related("listed")
        .prefetch_related("listed__channels")
        .order_by("declared_at", "pk")
    )
    for row in rows:
        yield (
            row.listed.service_id,
            tuple(channel.pk for channel in row.listed.channels.all()),
            row.health,
            row.declared_at,
            row.ended_at,
        )


def declared_since(since: datetime) -> Iterable[tuple[int, tuple[int, ...], datetime]]:
    """What people said, or took back, after `since`: (service, channels, from when it counts).

    What was said counts from when it was declared to begin, which may lie before it was said.
    """
    rows = (
        Declaration.objects.filter(Q(said_at__gt=since) | Q(ended_at__gt=since))
        .select_related("listed")
        .prefetch_related("listed__channels")
    )
    for row in rows:
        is_old = row.said_at <= since and row.ended_at is not None
        yield (
            row.listed.service_id,
            tuple(channel.pk for channel in row.listed.channels.all()),
            row.ended_at if is_old and row.ended_at else row.declared_at,
        )
