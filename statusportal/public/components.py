"""The component page: everything that pages are made of, in every state, on one page.

For review and for comparing pictures, in the demo only. Its services are invented, and the texts
of parts that public pages do not show yet are samples, not translations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.bilingual import Bilingual
from services.labels import ChannelKind
from services.status.headline import Headline, HeadlineKind
from services.status.health import Health
from services.status.observation import Reason
from statusportal.public import incident_samples, reader, words
from statusportal.public.cards import headline_health
from statusportal.public.pages import page, said_now
from statusportal.public.said import Cause, ChannelSaid, GroupSaid, ServiceSaid
from statusportal.public.service_page import CauseSaid, draw_past
from statusportal.public.shape import (
    AgencyFact,
    ChannelFact,
    DayFact,
    ServiceFact,
    ServiceHistory,
    Snapshot,
    Truth,
)

# The page never changes by the clock: pictures of it can be compared.
_NOW = incident_samples.NOW
_SINCE = _NOW - timedelta(hours=1, minutes=30)
_TODAY = date(2026, 11, 22)

STATES: tuple[Health | None, ...] = (*Health, None)
_REASON = {
    Health.MAJOR_OUTAGE: Reason.REFUSED,
    Health.PARTIAL_OUTAGE: Reason.SERVER_ERROR,
    Health.DEGRADED: Reason.SLOW,
}
_AGENCY = AgencyFact(
    "DEMO", Bilingual("وزارة نموذجية", "Sample Ministry"), "+973 1700 0000", "https://gov.example/"
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice about planned work, as public pages may show it.

    `facts` are (label, value) of its summary list, `links` (words, what the link is for).
    """

    state: str
    tag: Bilingual
    title: Bilingual
    body: Bilingual
    facts: tuple[tuple[Bilingual, Bilingual], ...] = ()
    links: tuple[Bilingual, ...] = ()


_B = Bilingual
_FROM, _UNTIL = _B("من", "From"), _B("حتى", "Until")
_AFFECTED, _MEANWHILE = _B("المتأثر", "Affected"), _B("ما العمل في هذه الأثناء؟", "Meanwhile")
_NEXT = _B("التحديث القادم قبل", "Next update by")
_CALENDAR = _B("أضف إلى التقويم", "Add to calendar")

NOTICES = (
    Notice(
        "maintenance",
        _B("معلنة", "Announced"),
        _B("ترقية بوابة الدفع الحكومي", "Upgrade of the payment gateway"),
        _B(
            "لن يتاح الدفع في أثناء الأعمال. يمكنك تعبئة الطلب وحفظه والدفع لاحقًا.",
            "Paying will not be possible. You can fill in the form, keep it and pay later.",
        ),
        (
            (
                _FROM,
                _B("الساعة 00:30 يوم الجمعة 27 نوفمبر 2026", "00:30 on Friday 27 November 2026"),
            ),
            (
                _UNTIL,
                _B("الساعة 04:30 يوم الجمعة 27 نوفمبر 2026", "04:30 on Friday 27 November 2026"),
            ),
            (_AFFECTED, _B("خطوة الدفع في 22 خدمةً", "The payment step of 22 services")),
        ),
        (_CALENDAR,),
    ),
    Notice(
        "maintenance",
        _B("جارية الآن", "Under way"),
        _B("صيانة تجديد بطاقة الهوية", "Maintenance of ID card renewal"),
        _B("الخدمة متوقفة إلى أن تنتهي الأعمال.", "The service is stopped until the work is done."),
        ((_UNTIL, _B("الساعة 15:00 اليوم", "15:00 today")),),
    ),
    Notice(
        "partial",
        _B("متأخرة عن الموعد", "Running over"),
        _B("صيانة تجديد بطاقة الهوية", "Maintenance of ID card renewal"),
        _B(
            "تستغرق الأعمال وقتًا أطول من المعلن. الموعد الجديد المتوقع الساعة 16:00.",
            "The work is taking longer than announced. New expected time: 16:00.",
        ),
    ),
    Notice(
        "unmonitored",
        _B("ملغاة", "Cancelled"),
        _B("صيانة الاستعلام عن الطلب الإسكاني", "Maintenance of the housing enquiry"),
        _B(
            "أُلغيت الأعمال التي كانت مقررة يوم الثلاثاء، والخدمة متاحة.",
            "The work planned for Tuesday is cancelled; the service stays available.",
        ),
    ),
)

# (days from today, what is planned on that day)
_PLANNED = {
    5: _B("ترقية بوابة الدفع الحكومي، 00:30–04:30", "Payment gateway upgrade, 00:30–04:30"),
    9: _B("صيانة التسجيل المدرسي، 22:00–23:30", "School registration maintenance, 22:00–23:30"),
}


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """/{lang}/_components/: in the demo only; elsewhere there is nothing at this address."""
    if not settings.DEMO:
        raise Http404
    context = {
        "states": STATES,
        "headlines": [(headline_health(h.kind), words.headline(h)) for h in _headlines()],
        "banners": [s for s in STATES if s not in {None, Health.OPERATIONAL}],
        "services": [service(state) for state in STATES],
        "groups": [_group(state) for state in STATES],
        "verdicts": [_verdict(state) for state in STATES],
        "channels": [(_channel(state), ChannelKind.WEB.label) for state in STATES],
        "past": draw_past(past()),
        "notices": NOTICES,
        **_incidents(),
        "ahead": [(_TODAY + timedelta(days=n), _PLANNED.get(n)) for n in range(14)],
    }
    return page(request, "public/components.html", said_now(), context, is_indexed=False)


def _incidents() -> dict[str, Any]:
    """What the incidents' part needs: every kind, every state, every happening."""
    samples = {health: service(health) for health in Health}
    course, lines = incident_samples.course(samples[Health.OPERATIONAL])
    return {
        "incidents": incident_samples.notices(samples),
        "course": course,
        "lines": lines,
        "spoken_for": incident_samples.spoken_for(samples[Health.MAJOR_OUTAGE]),
        # Verdicts speak of their own clock, so that pictures can be compared.
        "still": reader.read(Snapshot(truth=Truth(), built_at=_NOW, observed={}), _NOW),
    }


def service(health: Health | None) -> ServiceSaid:
    """An invented service in this state."""
    has_problem = health not in {None, Health.OPERATIONAL}
    return ServiceSaid(
        fact=ServiceFact(
            id=f"sample-{health}",
            slug=f"sample-{health or 'not-monitored'}".replace("_", "-"),
            name=Bilingual("خدمة نموذجية", "Sample service"),
            agency=_AGENCY.code,
            tier=1,
            visibility="public",
            phone="8000 0000",
            meanwhile=Bilingual("راجع أقرب مركز خدمة.", "Go to the nearest service centre."),
        ),
        agency=_AGENCY,
        category=None,
        health=health,
        since=_SINCE if health is not None else None,
        reason=_REASON.get(health) if health is not None else None,
        causes=(Cause(None, None, Health.MAJOR_OUTAGE, is_note=False),)
        if health is Health.PARTIAL_OUTAGE
        else (),
        channels=(_channel(health),) if has_problem else (),
    )


def _channel(health: Health | None) -> ChannelSaid:
    return ChannelSaid(
        fact=ChannelFact(
            id=1,
            kind=ChannelKind.WEB,
            url="https://services.gov.example/",
            phone="" if health is not None else "8000 0000",
            hours=Bilingual("على مدار الساعة", "At all hours"),
        ),
        health=health,
        measured=health,
        since=_SINCE if health is not None else None,
    )


def _verdict(health: Health | None) -> dict[str, Any]:
    said = service(health)
    return {
        "service": said,
        "is_operational": health is Health.OPERATIONAL,
        "causes": [CauseSaid(cause, ()) for cause in said.causes],
        "working": [ChannelKind.APP.label] if health is Health.PARTIAL_OUTAGE else [],
        "observed_at": None if health is None else _NOW,
    }


def _group(health: Health | None) -> GroupSaid:
    return GroupSaid(
        code=_AGENCY.code,
        name=_AGENCY.name,
        services=(service(health), service(health or None)),
        health=health,
        problems=0,
        agency=_AGENCY,
    )


def _headlines() -> list[Headline]:
    kinds = HeadlineKind
    return [
        Headline(kinds.MAJOR, total=470, major_outage=30, degraded=3, operational=437),
        Headline(kinds.MAJOR, also_blind=True, total=470, major_outage=30, unknown=60),
        Headline(kinds.PARTIAL, total=470, partial_outage=1, operational=469),
        Headline(kinds.PROBLEMS, total=470, degraded=2, operational=468),
        Headline(kinds.BLIND, total=470, unknown=60, operational=410),
        Headline(kinds.MAINTENANCE, total=470, maintenance=3, operational=467),
        Headline(kinds.NONE, total=470, unknown=1, operational=469),
        Headline(kinds.NONE, total=470, operational=470),
    ]


def past() -> ServiceHistory:
    """Ninety days with every kind of day, each filled to each quarter once."""
    days = {n: DayFact(_TODAY - timedelta(days=89 - n), 86_400, 0, 0, 0, 0, 0) for n in range(90)}
    buckets = ("degraded", "down", "planned", "overrun", "unknown")
    for row, bucket in enumerate(buckets):
        for step, seconds in enumerate((600, 7_200, 20_000, 80_000)):
            at = 4 + row * 17 + step * 2
            spent = {name: seconds if name == bucket else 0 for name in buckets}
            up = 86_400 - (0 if bucket == "degraded" else seconds)
            days[at] = DayFact(days[at].day, up, **spent)
    return ServiceHistory("sample", tuple(days.values()), availability=9_876)
