"""What is read of windows: each in a number of statements that does not grow with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Prefetch, Q, QuerySet

from maintenance.labels import Kind, State
from maintenance.models import CalendarPeriod, Step, Window, WindowService
from maintenance.windows import (
    Busy,
    Calendar,
    Facts,
    Period,
    PeriodKind,
    Policy,
    Relation,
    Request,
    Verdict,
    verdict,
)
from services.models import Channel, Edge, Service
from services.status import window as status
from services.status.window import WindowEffect


def policy() -> Policy:
    """The numbers of the deployment."""
    return Policy(
        zone=ZoneInfo(settings.TIME_ZONE),
        weekend=settings.WEEKEND,
        low_use=settings.MAINTENANCE_LOW_USE,
        ramadan_peak=settings.MAINTENANCE_RAMADAN_PEAK,
        lead_urgent=settings.MAINTENANCE_LEAD_URGENT,
        lead=settings.MAINTENANCE_LEAD,
        longest=settings.MAINTENANCE_LONGEST,
        notice_before=settings.MAINTENANCE_NOTICE,
        notice_after=settings.MAINTENANCE_AFTER,
        overdue_after=settings.MAINTENANCE_OVERDUE,
    )


def calendar() -> Calendar:
    """The announced holidays, freezes and Ramadans. 1 query."""
    return Calendar(
        tuple(
            Period(PeriodKind(row.kind), row.first_day, row.last_day, row.name)
            for row in CalendarPeriod.objects.order_by("first_day", "pk")
        )
    )


def facts_of(window: Window) -> Facts:
    """A row as `windows.stage` and `windows.due` take it."""
    return Facts(
        state=window.state,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        announced_end_at=window.announced_end_at,
        approved_at=window.approved_at,
        completed_at=window.completed_at,
    )


# --- what is public -----------------------------------------------------------------------------


def announced(now: datetime) -> QuerySet[Window]:
    """Every window that the public is told of at `now`, in order of its start. 4 queries.

    Those that are announced, and those completed, cancelled or postponed within the days that are
    kept; what was called off before anybody knew of it is none of these. What was called off stays
    as long beyond its own time, and beyond that of the window that took its place: people look for
    it then. Each comes with agency, `services` (with service and channels) and `public_steps`,
    oldest first.
    """
    since = now - timedelta(days=settings.MAINTENANCE_KEPT_DAYS)
    lately = Q(state=State.COMPLETED, completed_at__gte=since) | Q(
        Q(changed_at__gte=since) | Q(ends_at__gte=since) | Q(moved_to__ends_at__gte=since),
        state__in=(State.CANCELLED, State.POSTPONED),
    )
    return _told(Window.objects.filter(Q(state=State.APPROVED) | lately))


def archived(spans: Iterable[tuple[datetime, datetime]], before: datetime) -> QuerySet[Window]:
    """What the public was told of and was over before `before`, of those that start within one of
    the half-open `spans`; as `announced` gives them. 4 queries."""
    within = Q()
    for start, end in spans:
        within |= Q(starts_at__gte=start, starts_at__lt=end)
    over = (
        Q(state=State.COMPLETED, completed_at__lt=before)
        | Q(state=State.CANCELLED, cancelled_at__lt=before)
        | Q(state=State.POSTPONED, changed_at__lt=before)
    )
    return _told(Window.objects.filter(over, within)) if within else Window.objects.none()


# Every act moves `changed_at`, so the sum of a month is another one after any of them.
_ARCHIVED_MONTHS = """
SELECT to_char(starts_at AT TIME ZONE %(zone)s, 'YYYY-MM'), count(*),
       bit_xor(hashtextextended(ref, (extract(epoch FROM changed_at) * 1000000)::bigint))
FROM maintenance_window
WHERE approved_at IS NOT NULL
  AND (state = 'completed' AND completed_at < %(before)s
    OR state = 'cancelled' AND cancelled_at < %(before)s
    OR state = 'postponed' AND changed_at < %(before)s)
GROUP BY 1 ORDER BY 1
"""


def archived_months(before: datetime) -> list[tuple[str, int, int]]:
    """The months of the zone that `archived` fills: (month, windows, sum). 1 query.

    The sum is another number as soon as any of these windows is.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ARCHIVED_MONTHS, {"zone": settings.TIME_ZONE, "before": before})
        rows: list[tuple[str, int, int]] = cursor.fetchall()
        return rows


def _told(rows: QuerySet[Window]) -> QuerySet[Window]:
    """Those of `rows` that were announced, with all that the public is told."""
    return (
        rows.filter(approved_at__isnull=False)
        .select_related("agency", "moved_to")
        .prefetch_related(
            _services(),
            Prefetch(
                "steps",
                queryset=Step.objects.filter(is_public=True).order_by("at", "pk"),
                to_attr="public_steps",
            ),
        )
        .order_by("starts_at", "pk")
    )


def in_force(start: datetime, end: datetime) -> QuerySet[Window]:
    """The announced windows that may count within [start, end), for figures. 3 queries.

    An open one counts without end (rule 16); one that was called off never does.
    """
    return (
        Window.objects.filter(
            Q(state=State.APPROVED) | Q(state=State.COMPLETED, completed_at__gt=start),
            starts_at__lt=end,
        )
        .prefetch_related(_services())
        .order_by("starts_at", "pk")
    )


def by_service(start: datetime, end: datetime) -> dict[int, list[status.Window]]:
    """What `in_force` gives, by service, as the rules of status take it (rules 14 to 16)."""
    found: dict[int, list[status.Window]] = {}
    for row in in_force(start, end):
        for named in row.services.all():
            found.setdefault(named.service_id, []).append(
                status.Window(
                    effect=WindowEffect(row.effect),
                    starts_at=row.starts_at,
                    announced_end_at=row.announced_end_at or row.ends_at,
                    approved_at=row.approved_at,
                    completed_at=row.completed_at,
                    channels=frozenset(str(one.pk) for one in named.channels.all()) or None,
                )
            )
    return found


def _services() -> Prefetch[str]:
    return Prefetch(
        "services",
        queryset=WindowService.objects.select_related("service__agency")
        .prefetch_related(Prefetch("channels", queryset=Channel.objects.order_by("position", "pk")))
        .order_by("service__position", "service__slug"),
    )


# --- what the policy needs ----------------------------------------------------------------------


def busy(*, service_ids: Collection[int], now: datetime, but: int | None = None) -> list[Busy]:
    """Windows not over at `now`, asked for or announced, on these services, on what they need and
    on what needs them, in order of their start. `but` is the window that is weighed. 3 queries.

    Needing goes along hard edges however far, and one step along the others.
    """
    relations = _relations(service_ids)
    rows = (
        WindowService.objects.filter(
            service__in=relations,
            window__state__in=(State.SUBMITTED, State.APPROVED),
            window__ends_at__gt=now,
        )
        .exclude(window=but)
        .select_related("window", "service")
        .order_by("window__starts_at", "window__pk", "service__position", "service__slug")
    )
    found: dict[int, Busy] = {}
    for row in rows:
        relation = relations[row.service_id]
        known = found.get(row.window_id)
        # One window, one fault: the nearest relation is the one to say.
        if known is None or _NEAREST.index(relation) < _NEAREST.index(known.relation):
            window = row.window
            found[row.window_id] = Busy(
                window.ref, window.starts_at, window.ends_at, relation, row.service.name
            )
    return list(found.values())


_NEAREST = (Relation.SAME, Relation.UPSTREAM, Relation.DEPENDANT)


def _relations(service_ids: Collection[int]) -> dict[int, Relation]:
    edges = list(Edge.objects.values_list("upstream_id", "dependant_id", "kind"))
    downward = [(up, down, kind == Edge.Kind.HARD) for up, down, kind in edges]
    upward = [(down, up, is_hard) for up, down, is_hard in downward]
    named = set(service_ids)
    return (
        dict.fromkeys(_reached(named, downward), Relation.DEPENDANT)
        | dict.fromkeys(_reached(named, upward), Relation.UPSTREAM)
        | dict.fromkeys(named, Relation.SAME)
    )


def _reached(start: set[int], edges: Iterable[tuple[int, int, bool]]) -> set[int]:
    """What is reached from `start` along edges (from, to, is hard)."""
    following: dict[int, list[tuple[int, bool]]] = {}
    for source, target, is_hard in edges:
        following.setdefault(source, []).append((target, is_hard))
    found: set[int] = set()
    through, waiting = set(start), list(start)
    while waiting:
        for target, is_hard in following.get(waiting.pop(), ()):
            found.add(target)
            if is_hard and target not in through:
                through.add(target)
                waiting.append(target)
    return found - start


def request_of(window: Window, services: Iterable[Service]) -> Request:
    """What `window` asks for, as the policy weighs it."""
    return Request(
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        effect=WindowEffect(window.effect),
        is_urgent=any(service.tier == 1 or service.is_shared for service in services),
        is_emergency=window.kind == Kind.EMERGENCY,
    )


def weighed(
    window: Window, services: Collection[Service], now: datetime, *, but: int | None = None
) -> tuple[Request, Verdict]:
    """`window` with `services` as if it were announced at `now`. 4 queries.

    It does not clash with itself, nor with the window `but`, in whose place it comes.
    """
    request = request_of(window, services)
    others = busy(service_ids=[row.pk for row in services], now=now, but=but or window.pk)
    return request, verdict(request, policy(), calendar(), now, others)
