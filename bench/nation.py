"""A nation of many services, with a past: rows in seconds, by COPY and by INSERT … SELECT."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model

from accounts.models import Agency, Membership, Role, User
from bench import endpoints
from incidents.labels import Kind, Phase, Severity, TextState
from incidents.models import Incident, ListedService, Update
from maintenance.labels import Effect, State
from maintenance.models import Window, WindowService
from services.labels import ChannelKind
from services.models import (
    Category,
    Channel,
    Check,
    CheckState,
    Edge,
    Location,
    Service,
)
from services.status.health import CheckHealth
from services.status.observation import Reason

AGENCIES = 60
CATEGORIES = 14
# The first ones: nobody's edges point back, so there is no circle.
PLATFORMS = 20
# Of a service, on most days: nothing. This part of all checks is in trouble right now.
_TROUBLED_ONE_IN = 200

_ACTS = (
    ("تجديد", "Renewal of"),
    ("إصدار", "Issue of"),
    ("الاستعلام عن", "Enquiry about"),
    ("إلغاء", "Cancellation of"),
    ("نقل ملكية", "Transfer of"),
    ("دفع رسوم", "Payment of fees for"),
    ("الاعتراض على", "Objection to"),
    ("تعديل بيانات", "Change of data of"),
)
_THINGS = (
    ("جواز السفر", "the passport"),
    ("رخصة القيادة", "the driving licence"),
    ("السجل التجاري", "the commercial register"),
    ("شهادة الميلاد", "the birth certificate"),
    ("تأشيرة الزيارة", "the visit visa"),
    ("المخالفات المرورية", "traffic fines"),
    ("فاتورة الكهرباء", "the electricity bill"),
    ("عقد الإيجار", "the rental contract"),
    ("تصريح العمل", "the work permit"),
    ("البطاقة الصحية", "the health card"),
    ("القرض السكني", "the housing loan"),
    ("الإعفاء الجمركي", "the customs exemption"),
    ("رخصة البناء", "the building permit"),
)
_PLACES = (
    ("للأفراد", "for individuals"),
    ("للشركات", "for companies"),
    ("للمقيمين", "for residents"),
    ("لكبار السن", "for seniors"),
    ("للطلبة", "for students"),
    ("للمؤسسات الصغيرة", "for small enterprises"),
    ("للزوار", "for visitors"),
    ("للمواطنين في الخارج", "for citizens abroad"),
)


def _many(rows: list[Any]) -> list[Any]:
    kind: type[Model] = type(rows[0])
    return kind._default_manager.bulk_create(rows, batch_size=2_000)


def url_of(number: int, port: int) -> str:
    """The address of the check with this number."""
    return f"https://{endpoints.host(number)}:{port}/{number}"


def seed(
    services: int,
    *,
    now: datetime,
    first: int = 0,
    port: int = endpoints.PORT,
    interval_seconds: int = 60,
    timeout_seconds: int = 10,
) -> None:
    """Services number `first` to `services`: each with a web channel, one https check, three edges.

    Every fifth has a contact centre beside it, which nobody measures. The checks fall due evenly
    within their interval from `now` on, and were last seen a moment before it.
    """
    location, _made = Location.objects.get_or_create(
        code="main", defaults={"name_ar": "المقر الرئيسي", "name_en": "Main site"}
    )
    agencies = list(Agency.objects.order_by("pk")) or _many(
        [
            Agency(code=f"AG{n}", name_ar=f"الهيئة {n}", name_en=f"Authority {n}")
            for n in range(AGENCIES)
        ]
    )
    categories = list(Category.objects.order_by("pk")) or _many(
        [
            Category(slug=f"cat-{n}", name_ar=f"فئة {n}", name_en=f"Category {n}", position=n)
            for n in range(CATEGORIES)
        ]
    )
    made = _many([_service(n, agencies, categories) for n in range(first, services)])
    web = _many([Channel(service=row, kind=ChannelKind.WEB) for row in made])
    Channel.objects.bulk_create(
        Channel(service=row, kind=ChannelKind.CONTACT, phone="8000 0000", position=1)
        for row in made[::5]
    )
    step = timedelta(seconds=interval_seconds) / services
    checks = _many(
        [
            Check(
                channel=channel,
                kind="http",
                spec={"url": url_of(n, port), "text_present": "تسجيل الدخول"},
                host=endpoints.host(n),
                interval_seconds=interval_seconds,
                timeout_seconds=timeout_seconds,
                next_due_at=now + n * step,
            )
            for n, channel in enumerate(web, first)
        ]
    )
    _many([_state(n, check, location, now) for n, check in enumerate(checks, first)])
    kinds = (Edge.Kind.HARD, Edge.Kind.SOFT, Edge.Kind.ALTERNATIVE)
    platforms = list(Service.objects.order_by("position")[:PLATFORMS])
    edges = [
        Edge(upstream=platforms[(n + step) % PLATFORMS], dependant=row, kind=kind)
        for n, row in enumerate(made, first)
        if n >= PLATFORMS
        for step, kind in enumerate(kinds)
    ]
    if edges:
        _many(edges)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _service(number: int, agencies: list[Agency], categories: list[Category]) -> Service:
    act, rest = _ACTS[number % 8], number // 8
    thing, rest = _THINGS[rest % 13], rest // 13
    place, rest = _PLACES[rest % 8], rest // 8
    arabic = f"{act[0]} {thing[0]} {place[0]}"
    english = f"{act[1]} {thing[1]} {place[1]}"
    return Service(
        slug=f"service-{number:05d}",
        agency=agencies[number % len(agencies)],
        category=categories[number % len(categories)],
        name_ar=f"{arabic} {rest}" if rest else arabic,
        name_en=f"{english} {rest}" if rest else english,
        description_ar=f"خدمة إلكترونية تتيح {arabic} دون مراجعة المركز، رقمها {number}.",
        description_en=f"An online service: {english.lower()}, without a visit. Number {number}.",
        aliases_ar=f"خدمة {number}",
        tier=1 if number < PLATFORMS else 1 + number % 3,
        is_shared=number < PLATFORMS,
        audience=["citizen", "resident"],
        phone="8000 1234",
        position=number,
    )


def _state(number: int, check: Check, location: Location, now: datetime) -> CheckState:
    health = CheckHealth.OK
    if number >= PLATFORMS and number % _TROUBLED_ONE_IN == 0:
        health = CheckHealth.BAD
    seen_at = now - timedelta(seconds=1 + number % 50)
    return CheckState(
        check_ref=check,
        location=location,
        health=health,
        since=now - timedelta(days=1 + number % 30),
        reason=Reason.OK if health is CheckHealth.OK else Reason.SERVER_ERROR,
        last_due_at=seen_at,
        last_started_at=seen_at,
    )


_DAYS = """
INSERT INTO services_dailyfigure
    (service_id, day, up, partial, degraded, limited, planned, overrun, own, upstream, unknown)
SELECT s.id, d.day, 86400 - lost.s, 0, lost.s, 0, 0, 0, lost.s, 0, 0
FROM services_service s
CROSS JOIN (SELECT %(today)s::date - n AS day FROM generate_series(0, %(days)s - 1) AS n) AS d
CROSS JOIN LATERAL (SELECT CASE WHEN (s.id * 7 + extract(doy FROM d.day)::int) %% 23 = 0
                                THEN 600 ELSE 0 END AS s) AS lost
"""
# Two a month: an outage and its end.
_CHANGES = """
INSERT INTO services_statuschange
    (service_id, channel_id, check_id, location_id, from_health, to_health, at, confirmed_at,
     reason, is_demo)
SELECT ch.service_id, ch.id, c.id, l.id,
       CASE WHEN n %% 2 = 0 THEN 0 ELSE 2 END, CASE WHEN n %% 2 = 0 THEN 2 ELSE 0 END,
       t.at, t.at + interval '20 seconds', 0, false
FROM services_check c JOIN services_channel ch ON ch.id = c.channel_id
CROSS JOIN (SELECT min(id) AS id FROM services_location) AS l
CROSS JOIN generate_series(0, %(changes)s - 1) AS n
CROSS JOIN LATERAL (SELECT %(now)s - (n / 2 + 1) * interval '30 days'
                           + (c.id %% 40000) * interval '1 minute'
                           + (n %% 2) * interval '10 minutes' AS at) AS t
WHERE t.at < %(now)s
"""


def add_past(*, now: datetime, days: int = 365) -> None:
    """Daily figures of `days` days for every service, and two changes of state a month."""
    with connection.cursor() as cursor:
        # It is consistent by itself: 3.6 million look-ups of a service would only wait.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_DAYS, {"today": now.date(), "days": days})
        cursor.execute(_CHANGES, {"now": now, "changes": days // 15})
        cursor.execute(
            "INSERT INTO services_figuresmark (id, last_change_id, closed_day)"
            " VALUES (1, (SELECT COALESCE(max(id), 0) FROM services_statuschange), %s)"
            " ON CONFLICT (id) DO NOTHING",
            [now.date() - timedelta(days=1)],
        )
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET statement_timeout")
        cursor.execute("ANALYZE")


def add_notices(*, now: datetime, incidents: int = 500, open_ones: int = 50) -> None:
    """Incidents of the last months, the newest `open_ones` still open, and a window a day."""
    services = list(Service.objects.select_related("agency").order_by("position")[PLATFORMS:])
    person = operator()
    rows = _many(
        [
            _incident(n, services[n * 19 % len(services)], now, n < open_ones)
            for n in range(incidents)
        ]
    )
    _many(
        [
            ListedService(
                incident=row, service=services[n * 19 % len(services)], listed_at=row.opened_at
            )
            for n, row in enumerate(rows)
        ]
    )
    _many([_update(row) for row in rows])
    windows = _many(
        [_window(n, services[n * 7 % len(services)].agency, person, now) for n in range(40)]
    )
    _many(
        [
            WindowService(window=row, service=services[n * 7 % len(services)])
            for n, row in enumerate(windows)
        ]
    )


def operator() -> User:
    """Somebody who may see everything."""
    person, made = User.objects.get_or_create(
        username="bench-operator",
        defaults={"email": "operator@gov.example", "is_staff": True, "is_superuser": True},
    )
    if made:
        Membership.objects.create(user=person, role=Role.ADMINISTRATOR)
        Membership.objects.create(user=person, role=Role.OPERATOR)
    return person


def _incident(number: int, service: Service, now: datetime, is_open: bool) -> Incident:
    age = timedelta(minutes=5 + number * 2) if is_open else timedelta(hours=6 * number)
    started = now - age
    resolved = None if is_open else started + timedelta(minutes=90)
    return Incident(
        kind=Kind.INCIDENT,
        phase=Phase.INVESTIGATING if is_open else Phase.RESOLVED,
        severity=list(Severity)[number % 4],
        suggested_severity=list(Severity)[number % 4],
        agency=service.agency,
        title_ar=f"انقطاع في {service.name_ar}",
        title_en=f"Outage of {service.name_en}",
        started_at=started,
        confirmed_at=started,
        opened_at=started,
        first_notice_at=started,
        last_notice_at=started,
        acknowledged_at=started if number % 3 else None,
        restored_at=resolved,
        resolved_at=resolved,
        changed_at=resolved or started,
        next_update_by=now + timedelta(minutes=30) if is_open else None,
    )


def _update(row: Incident) -> Update:
    arabic = "الخدمة متوقفة حالياً، ونعمل على إعادتها. سننشر تحديثاً خلال نصف ساعة."
    english = "The service is down at the moment. The next update comes within half an hour."
    return Update(
        incident=row,
        state=TextState.PUBLISHED,
        phase=Phase.INVESTIGATING,
        text_ar=arabic,
        text_en=english,
        html_ar=f"<p>{arabic}</p>",
        html_en=f"<p>{english}</p>",
        plain_ar=arabic,
        plain_en=english,
        written_at=row.opened_at,
        published_at=row.opened_at,
    )


def _window(number: int, agency: Agency, person: User, now: datetime) -> Window:
    starts_at = now + timedelta(hours=8 * (number - 10))
    ends_at = starts_at + timedelta(hours=3)
    is_over = ends_at < now
    return Window(
        agency=agency,
        state=State.COMPLETED if is_over else State.APPROVED,
        effect=list(Effect)[number % 4],
        starts_at=starts_at,
        ends_at=ends_at,
        announced_end_at=ends_at,
        text_ar="أعمال صيانة مجدولة",
        text_en="Planned work",
        requested_by=person,
        approved_by=person,
        submitted_at=starts_at - timedelta(days=9),
        approved_at=starts_at - timedelta(days=8),
        completed_at=ends_at if is_over else None,
        changed_at=starts_at - timedelta(days=8),
    )
