"""The small nation of `snapshots` with incidents, announcements and clarifications."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from core import markup
from core.bilingual import Bilingual
from statusportal.public.shape import (
    EntryFact,
    IncidentFact,
    ListedFact,
    Snapshot,
    UpdateFact,
    VersionFact,
    version_of,
)
from tests.statusportal.public.snapshots import BAD, NOW, SINCE, Measured, snapshot

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def update(number: int, phase: str, at: datetime, ar: str, en: str, **fields: Any) -> UpdateFact:
    """A published text, with its markup as it is made when it is published."""
    return UpdateFact(
        id=number,
        phase=phase,
        at=at,
        html=Bilingual(markup.render(ar), markup.render(en)),
        text=Bilingual(markup.plain(ar), markup.plain(en)),
        **fields,
    )


def version(at: datetime, ar: str, en: str) -> VersionFact:
    return VersionFact(at, Bilingual(markup.render(ar), markup.render(en)))


def listed(slug: str, *channels: int, **fields: Any) -> ListedFact:
    return ListedFact(id=f"id-{slug}", channels=channels, **fields)


def incident(ref: str, *services: ListedFact | str, **fields: Any) -> IncidentFact:
    """An open incident on these services since SINCE, with the notice that it begins with."""
    started_at = fields.get("started_at", SINCE)
    known_at = started_at + MINUTE
    given: dict[str, Any] = {
        "kind": "incident",
        "phase": "investigating",
        "severity": "P2",
        "title": Bilingual("مشكلة في الدخول الوطني الموحّد", "Problem with National login"),
        "started_at": started_at,
        "opened_at": known_at,
        "first_notice_at": known_at,
        "changed_at": known_at,
        "agency": "NDS",
        "updates": (
            update(
                1,
                "investigating",
                known_at,
                "نعلم بوجود مشكلة ونتحقق منها الآن.",
                "We know about a problem and are looking into it.",
                is_automatic=True,
            ),
        ),
    } | fields
    return IncidentFact(
        ref=ref,
        services=tuple(one if isinstance(one, ListedFact) else listed(one) for one in services),
        **given,
    )


def over(ref: str, *services: ListedFact | str, ended_at: datetime, **fields: Any) -> IncidentFact:
    """One that was resolved when its services worked again."""
    return incident(
        ref,
        *services,
        **{"phase": "resolved", "restored_at": ended_at, "resolved_at": ended_at} | fields,
    )


def with_incidents(
    *incidents: IncidentFact,
    measured: Measured | None = None,
    seen_at: datetime = NOW,
    is_demo: bool = False,
    **truth: Any,
) -> Snapshot:
    """All as it is measured, seen at `seen_at`, and these notices published."""
    built = snapshot(measured, observed_at=seen_at, built_at=seen_at, is_demo=is_demo)
    replaced = msgspec.structs.replace(built.truth, incidents=incidents, **truth)
    return msgspec.structs.replace(built, truth=replaced, version=version_of(replaced))


# A shared login that has failed, told in several texts, one of them corrected.
LOGIN = incident(
    "IN-LGN222",
    "login",
    phase="fixing",
    severity="P1",
    acknowledged_at=SINCE + 4 * MINUTE,
    expected_return_at=NOW + 2 * HOUR,
    next_update_by=NOW + 25 * MINUTE,
    still_works=Bilingual("يبقى الدخول ببصمة التطبيق متاحًا.", "Login by the app still works."),
    meanwhile=Bilingual(
        "استخدم تطبيق الهوية للدخول.\n\nأو راجع أقرب مركز خدمة.",
        "Use the identity app to log in.\n\nOr go to the nearest service centre.",
    ),
    deadlines="extended",
    deadlines_until=(NOW + 9 * DAY).date(),
    payments="wait",
    updates=(
        update(
            1,
            "investigating",
            SINCE + MINUTE,
            "نعلم بوجود مشكلة في الدخول الوطني الموحّد ونتحقق منها الآن.",
            "We know about a problem with the national login and are looking into it.",
            is_automatic=True,
        ),
        update(
            2,
            "identified",
            SINCE + 40 * MINUTE,
            "تعطّل أحد خوادم الدخول، وننقل العمل إلى خادم آخر.",
            "A login server has failed. We are moving to another one.",
            corrected_at=SINCE + 50 * MINUTE,
            earlier=(
                version(
                    SINCE + 40 * MINUTE,
                    "تعطّلت شبكة الدخول.",
                    "The login's network has failed.",
                ),
            ),
        ),
        update(
            3,
            "fixing",
            SINCE + 60 * MINUTE,
            "نعمل الآن على:\n\n- تشغيل الخادم **البديل**\n- فحص الدخول منه",
            "We are now:\n\n- starting the **other** server\n- testing the login with it",
            expected_return_at=NOW + 2 * HOUR,
            next_update_by=NOW + 25 * MINUTE,
        ),
    ),
    entries=(
        EntryFact("opened", SINCE + MINUTE, ("id-login",)),
        EntryFact("worsened", SINCE + 20 * MINUTE, ("id-login",)),
        EntryFact("absorbed", SINCE + 30 * MINUTE, (), "IN-ABS222"),
    ),
)
ABSORBED = over(
    "IN-ABS222",
    "passport",
    ended_at=SINCE + 30 * MINUTE,
    started_at=SINCE + 5 * MINUTE,
    agency="MOI",
    title=Bilingual("مشكلة في تجديد جواز السفر", "Problem with Passport renewal"),
    absorbed_into="IN-LGN222",
    entries=(EntryFact("absorbed", SINCE + 30 * MINUTE, (), "IN-LGN222"),),
)
# Promised an update that did not come; of one channel only.
OVERDUE = incident(
    "IN-QVR222",
    listed("fines", 4),
    severity="P3",
    agency="MOI",
    title=Bilingual("بطء أو تقطّع في دفع المخالفات المرورية", "Slow or unsteady: Traffic fines"),
    next_update_by=NOW - 12 * MINUTE,
)
# On a platform that is not public: neither its title nor its text may be shown.
HIDDEN = incident(
    "IN-HDN222",
    "sms-gate",
    agency="SEC",
    title=Bilingual("مشكلة في بوابة الرسائل السرية", "Problem with Secret message gateway"),
    meanwhile=Bilingual("بوابة الرسائل السرية", "Secret message gateway"),
    updates=(
        update(
            1,
            "investigating",
            SINCE + MINUTE,
            "نعلم بوجود مشكلة في منصة حكومية مشتركة.",
            "We know about a problem with a shared government platform.",
        ),
        update(
            2,
            "identified",
            SINCE + 30 * MINUTE,
            "تعطّلت بوابة الرسائل السرية.",
            "The Secret message gateway has failed.",
        ),
    ),
)
ANNOUNCEMENT = incident(
    "IN-ANN222",
    kind="announcement",
    severity="P4",
    agency="",
    title=Bilingual("ساعات العمل في العيد", "Opening hours during the holiday"),
    updates=(
        update(
            1,
            "investigating",
            SINCE + MINUTE,
            "تعمل مراكز الخدمة من الساعة التاسعة صباحًا في أيام العيد.",
            "Service centres open at nine in the morning during the holiday.",
        ),
    ),
)
CLARIFICATION = incident(
    "IN-CLR222",
    "fines",
    kind="clarification",
    severity="P4",
    agency="MOI",
    title=Bilingual("المخالفات المرورية لم تُلغَ", "Traffic fines were not waived"),
    updates=(
        update(
            1,
            "investigating",
            SINCE + MINUTE,
            "ما يُتداول عن إلغاء المخالفات المرورية غير صحيح.",
            "Reports that traffic fines were waived are incorrect.",
        ),
    ),
)
# Over, with what was learned from it.
CLOSED = over(
    "IN-CLS222",
    "visa",
    "fines",
    started_at=NOW - 3 * DAY - 2 * HOUR,
    ended_at=NOW - 3 * DAY,
    agency="MOI",
    title=Bilingual("مشكلة في خدمتين", "Problem with 2 services"),
    cause_class="change",
    summary=Bilingual("تعطّل الدفع بعد تحديث للنظام.", "Paying failed after an update."),
    prevention=Bilingual("يُجرَّب كل تحديث على نسخة أولًا.", "Updates are tried on a copy first."),
    updates=(
        update(
            1,
            "investigating",
            NOW - 3 * DAY - 2 * HOUR,
            "نعلم بوجود مشكلة ونتحقق منها الآن.",
            "We know about a problem and are looking into it.",
        ),
        update(
            2,
            "monitoring",
            NOW - 3 * DAY - HOUR,
            "أُصلحت المشكلة ونراقبها.",
            "The problem is fixed; we are watching it.",
        ),
        update(3, "resolved", NOW - 3 * DAY, "عادت الخدمتان إلى العمل.", "Both work again."),
    ),
    entries=(
        EntryFact("opened", NOW - 3 * DAY - 2 * HOUR, ("id-visa",)),
        EntryFact("joined", NOW - 3 * DAY - HOUR * 3 / 2, ("id-fines",)),
        EntryFact("recovered", NOW - 3 * DAY - HOUR * 5 / 4, ("id-visa", "id-fines")),
        EntryFact("resolved", NOW - 3 * DAY),
    ),
)
BY_ITSELF = over(
    "IN-SLF222",
    "passport",
    started_at=NOW - 40 * DAY,
    ended_at=NOW - 40 * DAY + 9 * MINUTE,
    agency="MOI",
    title=Bilingual("مشكلة في تجديد جواز السفر", "Problem with Passport renewal"),
    resolved_itself=True,
    entries=(EntryFact("resolved", NOW - 40 * DAY + 9 * MINUTE),),
)
ALL = (LOGIN, ABSORBED, OVERDUE, HIDDEN, ANNOUNCEMENT, CLARIFICATION, CLOSED, BY_ITSELF)
TROUBLED: Measured = {
    "login": BAD,
    "sms-gate": BAD,
    "fines": BAD,
}
