"""A small nation by hand: every kind of service that a page has to tell apart.

login     shared, tier 1, public      sms-gate   shared, not public
passport  needs login, hard           visa       needs sms-gate, soft
fines     nothing but itself          court      not monitored
secret    hidden                      internal   for agencies only
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec

from core.bilingual import Bilingual
from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal.public.shape import (
    AgencyFact,
    CategoryFact,
    ChannelFact,
    CheckFact,
    DayFact,
    EdgeFact,
    History,
    Measure,
    ServiceFact,
    ServiceHistory,
    Snapshot,
    Truth,
    version_of,
)

# A Sunday; 13:00 in Bahrain.
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1, minutes=30)
FRESH_FOR = 200.0

PUBLIC_SLUGS = {"login", "passport", "visa", "fines", "court"}
UNSPOKEN = (
    "بوابة الرسائل السرية",
    "Secret message gateway",
    "sms-gate",
    "الخدمة المخفية",
    "Hidden service",
    "خدمة داخلية للجهات",
    "Internal service",
    "internal-only",
    "جهة بلا خدمات عامة",
    "Agency without public services",
)

AGENCIES = (
    AgencyFact("MOI", Bilingual("وزارة الداخلية", "Ministry of Interior"), "+973 1700 0001"),
    AgencyFact(
        "NDS",
        Bilingual("الهيئة الوطنية للخدمات الرقمية", "National Digital Services Authority"),
        url="https://nds.gov.example/",
    ),
    AgencyFact("SEC", Bilingual("جهة بلا خدمات عامة", "Agency without public services")),
)
CATEGORIES = (
    CategoryFact("travel", Bilingual("السفر والإقامة", "Travel")),
    CategoryFact("traffic", Bilingual("المرور والمركبات", "Traffic")),
)

# What each service's own check says; None is a service without checks.
Measured = dict[str, tuple[CheckHealth, Reason] | None]
ALL_WELL: Measured = dict.fromkeys(
    ("login", "sms-gate", "passport", "visa", "fines", "secret", "internal-only"),
    (CheckHealth.OK, Reason.OK),
)
BAD = (CheckHealth.BAD, Reason.SERVER_ERROR)
SLOW = (CheckHealth.SLOW, Reason.SLOW)

_SERVICES: tuple[tuple[str, str, str, str, str, dict[str, object]], ...] = (
    (
        "login",
        "الدخول الوطني الموحّد",
        "National login",
        "NDS",
        "public",
        {"shared": True, "tier": 1, "aliases_ar": ("نفاذ",), "aliases_en": ("Nafath",)},
    ),
    (
        "passport",
        "تجديد جواز السفر",
        "Passport renewal",
        "MOI",
        "public",
        {
            "tier": 1,
            "category": "travel",
            "audience": ("citizen",),
            "phone": "8000 7777",
            "hours": Bilingual("على مدار الساعة", "At all hours"),
            "description": Bilingual("تجديد جواز السفر لمدة خمس سنوات.", "A passport for 5 years."),
            "meanwhile": Bilingual("راجع أقرب مركز خدمة.", "Go to the nearest service centre."),
        },
    ),
    ("visa", "تأشيرة زيارة إلكترونية", "Visit visa", "MOI", "public", {"category": "travel"}),
    ("fines", "دفع المخالفات المرورية", "Traffic fines", "MOI", "public", {"category": "traffic"}),
    ("court", "جلسات المحاكم <عن بُعد>", "Court <hearing> & more", "MOI", "public", {}),
    ("sms-gate", "بوابة الرسائل السرية", "Secret message gateway", "SEC", "agencies", {}),
    ("secret", "الخدمة المخفية", "Hidden service", "SEC", "hidden", {}),
    ("internal-only", "خدمة داخلية للجهات", "Internal service", "SEC", "agencies", {}),
)
EDGES = (
    EdgeFact("id-login", "id-passport", "hard"),
    EdgeFact("id-sms-gate", "id-visa", "soft"),
)


def snapshot(
    measured: Measured | None = None,
    *,
    observed_at: datetime = NOW,
    built_at: datetime = NOW,
    is_demo: bool = False,
    more: tuple[ServiceFact, ...] = (),
) -> Snapshot:
    """The small nation where `measured` differs from all being well, seen at `observed_at`."""
    known = ALL_WELL | (measured or {})
    services = []
    observed: dict[int, tuple[datetime | None, ...]] = {}
    for number, (slug, ar, en, agency, visibility, extra) in enumerate(_SERVICES, start=1):
        checks: tuple[CheckFact, ...] = ()
        found = known.get(slug)
        if found is not None:
            health, reason = found
            measure = Measure("main", health, SINCE, reason)
            checks = (CheckFact(number, True, FRESH_FOR, (measure,)),)
            observed[number] = (observed_at,)
        channel = ChannelFact(
            number, "web", url=f"https://services.gov.example/{slug}", checks=checks
        )
        services.append(
            ServiceFact(
                id=f"id-{slug}",
                slug=slug,
                name=Bilingual(ar, en),
                agency=agency,
                visibility=visibility,
                channels=(channel,),
                **({"tier": 3} | extra),  # type: ignore[arg-type]
            )
        )
    truth = Truth(
        agencies=AGENCIES,
        categories=CATEGORIES,
        services=(*services, *more),
        edges=EDGES,
        locations=("main",),
        is_demo=is_demo,
    )
    return Snapshot(truth=truth, built_at=built_at, observed=observed, version=version_of(truth))


def many(count: int) -> tuple[ServiceFact, ...]:
    """`count` more public services, without checks, named by their number."""
    return tuple(
        ServiceFact(
            id=f"id-more-{n}",
            slug=f"more-{n}",
            name=Bilingual(f"خدمة رقم {n:04}", f"Numbered service {n:04}"),
            agency="MOI",
            tier=3,
            visibility="public",
        )
        for n in range(count)
    )


def nation_behind_login(count: int) -> Snapshot:
    """The small nation with `count` more services that a fallen login takes down with it."""
    base = snapshot({"login": BAD}, more=_checked(count))
    edges = tuple(EdgeFact("id-login", f"id-more-{n}", "hard") for n in range(count))
    truth = msgspec.structs.replace(base.truth, edges=base.truth.edges + edges)
    observed = base.observed | {1000 + n: (NOW,) for n in range(count)}
    return Snapshot(truth=truth, built_at=NOW, observed=observed, version=version_of(truth))


def _checked(count: int) -> tuple[ServiceFact, ...]:
    measure = (Measure("main", CheckHealth.OK, SINCE, Reason.OK),)
    return tuple(
        msgspec.structs.replace(
            service,
            channels=(
                ChannelFact(
                    1000 + n, "web", checks=(CheckFact(1000 + n, True, FRESH_FOR, measure),)
                ),
            ),
        )
        for n, service in enumerate(many(count))
    )


def many_agencies(count: int, *, troubled: int) -> Snapshot:
    """`count` agencies with a service each; all from number `troubled` on are out."""
    agencies = tuple(
        AgencyFact(f"A{n:02}", Bilingual(f"جهة {n:02}", f"Agency {n:02}")) for n in range(count)
    )
    services = []
    for n, service in enumerate(_checked(count)):
        health, reason = BAD if n >= troubled else (CheckHealth.OK, Reason.OK)
        channel = service.channels[0]
        check = msgspec.structs.replace(
            channel.checks[0], measures=(Measure("main", health, SINCE, reason),)
        )
        services.append(
            msgspec.structs.replace(
                service,
                agency=f"A{n:02}",
                channels=(msgspec.structs.replace(channel, checks=(check,)),),
            )
        )
    truth = Truth(agencies=agencies, services=tuple(services), locations=("main",))
    observed: dict[int, tuple[datetime | None, ...]] = {1000 + n: (NOW,) for n in range(count)}
    return Snapshot(truth=truth, built_at=NOW, observed=observed, version=version_of(truth))


def history(*, is_demo: bool = False) -> History:
    """90 days of the passport service, with trouble on the last and on the third-last."""
    first = date(2026, 8, 25)
    good = [DayFact(first + timedelta(days=n), 86_400, 0, 0, 0, 0, 0) for n in range(90)]
    good[-1] = DayFact(good[-1].day, 81_000, 0, 5_400, 0, 0, 0)
    good[-3] = DayFact(good[-3].day, 79_200, 600, 0, 3_600, 0, 3_600)
    return History(
        services=(ServiceHistory("id-passport", tuple(good), availability=9_993),),
        is_demo=is_demo,
    )
