"""The two incidents that the demo nation has when it is founded.

Every step goes through the operations, at the instant at which it would have been taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.models import User
from core.bilingual import Bilingual
from incidents import impact, operations, updates
from incidents.labels import Declared, Kind, Phase
from incidents.models import Incident
from incidents.sweeping import promise
from incidents.texts import TEMPLATES, Template
from incidents.updates import NewText
from services.labels import ChannelKind
from services.models import Channel, Service

# What is declared of them, as the public reads it where our checks see nothing wrong.
DECLARED = {"sms": "degraded", "exam-res": "degraded"}

_MINUTE = timedelta(minutes=1)


def write(*, now: datetime, operator: User, supervisor: User) -> None:
    """Both incidents as of `now`, in whole minutes. Call once, in the seed's transaction."""
    work = _Work(now.replace(second=0, microsecond=0), operator, supervisor)
    work.late_codes()
    work.slow_results()
    opened = Incident.objects.filter(opened_by=operator, resolved_at=None)
    opened.filter(services__service__slug__in=DECLARED).update(is_demo=True)


class _Work:
    def __init__(self, now: datetime, operator: User, supervisor: User) -> None:
        self.now = now
        self.operator = operator
        self.supervisor = supervisor

    def _ago(self, minutes: int) -> datetime:
        return self.now - minutes * _MINUTE

    def late_codes(self) -> None:
        """Sign-in codes arrive late: the login's other way is approving in the app (rule 12)."""
        gateway = Service.objects.get(slug="sms")
        incident = self._open(
            gateway,
            Bilingual("تأخر رسائل رمز الدخول", "Sign-in codes arrive late"),
            Template.SLOW,
            began=52,
            opened=46,
            promised=16,
        )
        impact.state(
            incident_id=incident.pk,
            fields={
                "still_works_ar": "الموافقة على الدخول من التطبيق، وكل ما لا يحتاج إلى رمز.",
                "still_works_en": "Approving the sign-in in the app, and all that needs no code.",
                "meanwhile_ar": (
                    "وافق على الدخول من التطبيق. لا تطلب الرمز مرات متتالية؛"
                    " فالرمز الأخير وحده صالح."
                ),
                "meanwhile_en": (
                    "Approve the sign-in in the app. Do not ask for the code again and again;"
                    " only the last one is valid."
                ),
            },
            actor=self.operator,
            now=self._ago(44),
        )
        operations.note(
            incident_id=incident.pk,
            text="Queue of the second carrier: 40,000 messages. They look into it.",
            actor=self.operator,
            now=self._ago(37),
        )
        self._write(
            incident,
            Phase.IDENTIFIED,
            Bilingual(
                "تتراكم رسائل رمز الدخول في أحد مسارات الإرسال، وقد تصل بعد دقائق من طلبها."
                " يمكنك الموافقة على الدخول من التطبيق.",
                "Text messages with sign-in codes are piling up on one of the routes and may"
                " arrive some minutes late. You can approve the sign-in in the app.",
            ),
            ago=28,
        )
        self._write(
            incident,
            Phase.FIXING,
            Bilingual(
                "ننقل الرسائل إلى مسار آخر، ويقل التأخر شيئًا فشيئًا. الموافقة من التطبيق تعمل"
                " كالمعتاد.",
                "We are moving the messages to another route, and the delay is becoming shorter."
                " Approving in the app works as usual.",
            ),
            ago=5,
        )

    def slow_results(self) -> None:
        """So many people at once that the app is slow; the web site has no trouble."""
        results = Service.objects.get(slug="exam-res")
        app = Channel.objects.filter(service=results, kind=ChannelKind.APP)
        incident = self._open(
            results,
            Bilingual(
                "إقبال كبير على نتائج الثانوية العامة في التطبيق",
                "High demand for secondary-school results in the app",
            ),
            Template.SURGE,
            began=190,
            opened=172,
            promised=60,
            channels=app.values_list("pk", flat=True),
        )
        impact.state(
            incident_id=incident.pk,
            fields={
                "still_works_ar": "الموقع يعمل كالمعتاد، وفيه النتائج نفسها.",
                "still_works_en": "The web site works as usual and has the same results.",
                "meanwhile_ar": "استخدم الموقع، أو حاول في التطبيق في وقت لاحق.",
                "meanwhile_en": "Use the web site, or try the app again later.",
            },
            actor=self.operator,
            now=self._ago(170),
        )
        self._write(
            incident,
            Phase.FIXING,
            Bilingual(
                "نضيف قدرة جديدة للتطبيق. النتائج نفسها متاحة في الموقع دون انتظار.",
                "We are adding capacity for the app. The same results are on the web site,"
                " without waiting.",
            ),
            ago=95,
        )

    def _open(
        self,
        service: Service,
        title: Bilingual,
        template: Template,
        *,
        began: int,
        opened: int,
        promised: int,
        channels: Iterable[int] = (),
    ) -> Incident:
        at = self._ago(opened)
        text = TEMPLATES[template]
        return operations.open_(
            kind=Kind.INCIDENT,
            services={service.pk: list(channels)},
            agency_id=service.agency_id,
            title=title,
            declared=Declared.DEGRADED,
            started_at=self._ago(began),
            text=NewText(text, next_update_by=_as_said(self._ago(promised))),
            actor=self.operator,
            now=at,
        )

    def _write(self, incident: Incident, phase: Phase, text: Bilingual, *, ago: int) -> None:
        """Written by one person; read by another two minutes later, where it has to be."""
        at = self._ago(ago)
        incident.refresh_from_db()
        update = updates.write(
            incident_id=incident.pk,
            text=NewText(text, phase=phase, next_update_by=promise(incident, at)),
            actor=self.operator,
            now=at,
        )
        if update.published_at is None:
            updates.approve(update_id=update.pk, actor=self.supervisor, now=at + 2 * _MINUTE)


def _as_said(at: datetime) -> datetime:
    """People promise whole five minutes."""
    return at - (at.minute % 5) * _MINUTE
