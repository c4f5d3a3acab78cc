"""What people wrote about the demo nation's incidents, in the file of `data/`, read once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any

from core.bilingual import Bilingual
from incidents.labels import CauseClass
from services.status.observation import Reason

_FILE = Path(__file__).parent / "data" / "incidents.json"
_NOTHING: dict[str, str] = {"ar": "", "en": ""}
# Stands for every service whose app failed that night.
EVERY_APP = "*app"


@dataclass(frozen=True, slots=True)
class Told:
    """One text for the public: so many minutes after the beginning."""

    after: int
    phase: str
    text: Bilingual


@dataclass(frozen=True, slots=True)
class Learnt:
    """A closing report: what happened and what is done against it; the rest is never public."""

    cause_class: str
    summary: Bilingual
    prevention: Bilingual
    cause: str
    actions: str
    vendor: str


@dataclass(frozen=True, slots=True)
class Story:
    """One incident, announcement or clarification of so many days ago.

    `by_hand` is how many minutes after its beginning a person opened it; None: the sweep did.
    `at` and `minutes` tell of what no check saw; without them the generated changes do.
    `may_be_late`: its texts came later than the clocks ask, and that is its point.
    """

    kind: str
    slugs: tuple[str, ...]
    agency: str
    days_ago: int
    severity: str
    reason: str
    by_hand: int | None
    at: time | None
    minutes: int
    may_be_late: bool
    declared: str
    title: Bilingual
    still_works: Bilingual
    meanwhile: Bilingual
    deadlines: str
    deadlines_days: int
    payments: str
    note: str
    texts: tuple[Told, ...]
    end: Bilingual
    learnt: Learnt | None


_CAUSE_OF: Mapping[Reason | None, CauseClass] = {
    Reason.SERVER_ERROR: CauseClass.SOFTWARE,
    Reason.TEXT_MISSING: CauseClass.CHANGE,
    Reason.CONNECT_TIMEOUT: CauseClass.THIRD_PARTY,
}
_LEARNT: Mapping[CauseClass, tuple[Bilingual, Bilingual]] = {
    CauseClass.SOFTWARE: (
        Bilingual("توقف العمل بسبب خلل في البرنامج.", "It stopped because of a software fault."),
        Bilingual(
            "أُصلح الخلل، ويُختبر كل تحديث قبل تركيبه.",
            "The fault was corrected, and each update is tested before it is put in place.",
        ),
    ),
    CauseClass.CHANGE: (
        Bilingual("توقف العمل بعد تحديث.", "It stopped after an update."),
        Bilingual(
            "تُعاد النسخة السابقة آليًا عند أول خلل.",
            "At the first fault the version before comes back by itself.",
        ),
    ),
    CauseClass.THIRD_PARTY: (
        Bilingual("توقف العمل بسبب انقطاع خط اتصال.", "It stopped because a line was cut."),
        Bilingual("يُستخدم خط بديل عند الانقطاع.", "A second line takes over when one is cut."),
    ),
    CauseClass.INFRASTRUCTURE: (
        Bilingual("توقف العمل بسبب عطل في الأجهزة.", "It stopped because equipment failed."),
        Bilingual("استُبدلت الأجهزة المعطلة.", "The equipment that failed was replaced."),
    ),
}


def learnt_of(reason: Reason | None) -> Learnt:
    """The closing report of an outage of which nothing else is told."""
    cause = _CAUSE_OF.get(reason, CauseClass.INFRASTRUCTURE)
    summary, prevention = _LEARNT[cause]
    return Learnt(cause, summary, prevention, "See the ticket.", "Done.", "")


@cache
def stories() -> tuple[Story, ...]:
    """All of them, as they stand in the file."""
    return tuple(_story(row) for row in json.loads(_FILE.read_text(encoding="utf-8")))


def _text(row: dict[str, Any], name: str) -> Bilingual:
    pair = row.get(name, _NOTHING)
    return Bilingual(pair["ar"], pair["en"])


def _story(row: dict[str, Any]) -> Story:
    return Story(
        kind=row.get("kind", "incident"),
        slugs=tuple(row["slugs"]),
        agency=row["agency"],
        days_ago=row["days_ago"],
        severity=row["severity"],
        reason=row.get("reason", ""),
        by_hand=row.get("by_hand"),
        at=time.fromisoformat(row["at"]) if "at" in row else None,
        minutes=row.get("minutes", 0),
        may_be_late=row.get("may_be_late", False),
        declared=row.get("declared", ""),
        title=_text(row, "title"),
        still_works=_text(row, "still_works"),
        meanwhile=_text(row, "meanwhile"),
        deadlines=row.get("deadlines", "none"),
        deadlines_days=row.get("deadlines_days", 0),
        payments=row.get("payments", "none"),
        note=row.get("note", ""),
        texts=tuple(
            Told(text["after"], text["phase"], Bilingual(text["ar"], text["en"]))
            for text in row["texts"]
        ),
        end=_text(row, "end"),
        learnt=_learnt(row) if "cause" in row else None,
    )


def _learnt(row: dict[str, Any]) -> Learnt:
    inside = row["internal"]
    return Learnt(
        cause_class=row["cause"],
        summary=_text(row, "summary"),
        prevention=_text(row, "prevention"),
        cause=inside["cause"],
        actions=inside["actions"],
        vendor=inside["vendor"],
    )
