"""The demo nation's planned work: past, running over, ahead, called off, and a returned draft.

Every step goes through the operations, at the instant at which it would have been taken, so the
rows are what people could have made themselves.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.models import User
from core.bilingual import Bilingual
from maintenance import operations
from maintenance.labels import Deadlines, Effect, Kind, Payments
from maintenance.models import Window
from maintenance.texts import default_text
from services.models import Service

_FRIDAY = 4
_TUESDAY = 1


def write(*, now: datetime, requester: User, supervisor: User) -> int:
    """The five windows of the demo; returns how many. Call once, in the seed's transaction."""
    work = _Work(now, requester, supervisor)
    work.past()
    work.running_over()
    work.ahead()
    work.cancelled()
    work.returned()
    return Window.objects.count()


def at_night(now: datetime, weekday: int, clock: time, *, weeks: int = 0) -> datetime:
    """`clock` on the next `weekday` after today, `weeks` later (or, below 0, earlier)."""
    zone = ZoneInfo(settings.TIME_ZONE)
    local = now.astimezone(zone)
    days = (weekday - local.weekday()) % 7 or 7
    day = local.date() + timedelta(days=days + 7 * weeks)
    return datetime.combine(day, clock, zone)


class _Work:
    def __init__(self, now: datetime, requester: User, supervisor: User) -> None:
        self.now = now
        self.requester = requester
        self.supervisor = supervisor

    def _draft(
        self,
        slug: str,
        *,
        effect: Effect,
        starts_at: datetime,
        hours: float,
        asked_at: datetime,
        still_works: Bilingual = Bilingual(),
        meanwhile: Bilingual = Bilingual(),
        payments: Payments = Payments.NOT_CONCERNED,
        kind: Kind = Kind.PLANNED,
        justification: str = "",
        ticket: str = "",
    ) -> Window:
        service = Service.objects.get(slug=slug)
        text = default_text(effect)
        window = Window(
            agency=service.agency,
            kind=kind,
            effect=effect,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=hours),
            text_ar=text.ar,
            text_en=text.en,
            still_works_ar=still_works.ar,
            still_works_en=still_works.en,
            meanwhile_ar=meanwhile.ar,
            meanwhile_en=meanwhile.en,
            deadlines=Deadlines.UNCHANGED,
            payments=payments,
            reason="Demo",
            justification=justification,
            ticket=ticket,
            is_demo=True,
            requested_by=self.requester,
            changed_at=asked_at,
        )
        return operations.save(
            window=window, services={service.pk: []}, actor=self.requester, now=asked_at
        )

    def _announced(self, window: Window, at: datetime) -> Window:
        operations.submit(window_id=window.pk, actor=self.requester, now=at)
        return operations.approve(
            window_id=window.pk, actor=self.supervisor, now=at + timedelta(hours=1)
        )

    def past(self) -> None:
        starts_at = at_night(self.now, _FRIDAY, time(0, 30), weeks=-3)
        window = self._draft(
            "wp-issue",
            effect=Effect.STOPPED,
            starts_at=starts_at,
            hours=4,
            asked_at=starts_at - timedelta(days=8),
            meanwhile=Bilingual(
                "قدّم طلبك بعد انتهاء الأعمال، ولن يتأثر تصريح ساري المفعول.",
                "Apply after the work; a valid permit is not affected.",
            ),
        )
        self._announced(window, starts_at - timedelta(days=7))
        operations.complete(
            window_id=window.pk,
            actor=self.supervisor,
            now=starts_at + timedelta(hours=3, minutes=40),
        )

    def running_over(self) -> None:
        """ID card back-office work whose end has passed, and nobody has confirmed it."""
        ends_at = self.now - timedelta(hours=1, minutes=30)
        starts_at = ends_at - timedelta(hours=4)
        window = self._draft(
            "id-replace",
            effect=Effect.PARTLY,
            starts_at=starts_at,
            hours=4,
            asked_at=starts_at - timedelta(days=6),
            justification="The supplier's team is only here on this day.",
            still_works=Bilingual(
                "يمكنك تقديم الطلب ودفع رسومه، وتتأخر طباعة البطاقة.",
                "You can apply and pay; printing the card is delayed.",
            ),
        )
        self._announced(window, starts_at - timedelta(days=5))

    def ahead(self) -> None:
        """The payment gateway, Friday night; its dependants are derived."""
        starts_at = at_night(self.now, _FRIDAY, time(0, 30), weeks=1)
        window = self._draft(
            "pay",
            effect=Effect.PARTLY,
            starts_at=starts_at,
            hours=4,
            asked_at=self.now - timedelta(days=1),
            still_works=Bilingual(
                "تعمل الخدمات كلها ما عدا خطوة الدفع.",
                "All services work but for the step of paying.",
            ),
            meanwhile=Bilingual(
                "أكمل طلبك الآن وادفع بعد انتهاء الأعمال.",
                "Fill in your application now and pay after the work.",
            ),
            payments=Payments.DO_NOT_REPEAT,
            ticket="CHG-2041",
        )
        self._announced(window, self.now - timedelta(hours=20))

    def cancelled(self) -> None:
        starts_at = at_night(self.now, _FRIDAY, time(1, 0), weeks=2)
        window = self._draft(
            "hous-app",
            effect=Effect.STOPPED,
            starts_at=starts_at,
            hours=3,
            asked_at=self.now - timedelta(days=2),
        )
        self._announced(window, self.now - timedelta(days=1, hours=12))
        operations.cancel(
            window_id=window.pk,
            actor=self.supervisor,
            now=self.now - timedelta(hours=3),
            note=Bilingual(
                "أُجري العمل دون حاجة إلى إيقاف الخدمة.",
                "The work was done without stopping the service.",
            ),
        )

    def returned(self) -> None:
        """Tuesday at eleven with twelve hours' notice: sent back."""
        starts_at = at_night(self.now, _TUESDAY, time(11, 0), weeks=-1)
        window = self._draft(
            "cr-issue",
            effect=Effect.STOPPED,
            starts_at=starts_at,
            hours=2,
            asked_at=starts_at - timedelta(hours=13),
            justification="The vendor asked for it.",
        )
        asked_at = starts_at - timedelta(hours=12)
        operations.submit(window_id=window.pk, actor=self.requester, now=asked_at)
        operations.return_(
            window_id=window.pk,
            reason="Choose a night; a slot is free on Friday.",
            actor=self.supervisor,
            now=asked_at + timedelta(minutes=20),
        )
