"""The closing report: what was learnt, with a public part and an internal one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import User
from core.bilingual import Bilingual
from incidents.checking import require, require_resolved, tidied
from incidents.labels import EntryKind
from incidents.models import ClosingReport
from incidents.refusals import Incomplete, Problem
from incidents.steps import Written, locked

REPORTED = frozenset(
    {
        "cause_class",
        "summary_ar",
        "summary_en",
        "prevention_ar",
        "prevention_en",
        "cause",
        "actions",
        "vendor",
    }
)


@transaction.atomic
def save_report(
    *,
    incident_id: int,
    fields: Mapping[str, str],
    actor: User,
    now: datetime,
    hand_in: bool = False,
    address: str | None = None,
) -> ClosingReport:
    """Keep the closing report; `hand_in` makes its public part public.

    Raises NotAllowed, WrongPhase, Incomplete; ValueError for a field that it does not have.
    """
    if strange := set(fields) - REPORTED:
        raise ValueError(f"Not part of the report: {', '.join(sorted(strange))}.")
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    require_resolved(incident)
    report = ClosingReport.objects.filter(incident=incident).first() or ClosingReport(
        incident=incident
    )
    for name, value in tidied(fields).items():
        setattr(report, name, value)
    report.saved_at = now
    if hand_in:
        _require_report(report)
        report.submitted_at = report.submitted_at or now
        report.submitted_by = report.submitted_by or actor
    written = Written(incident, actor=actor, now=now, address=address)
    report.save()
    written.also("report", None, dict(fields))
    if hand_in:
        written.save("report", EntryKind.REPORTED, is_public=True, event="incident.reported")
    else:
        written.save("report")
    return report


def _require_report(report: ClosingReport) -> None:
    problems = []
    if not report.cause_class:
        problems.append(Problem("cause_class", _("Choose the kind of cause.")))
    for name in ("summary", "prevention"):
        said: Bilingual = getattr(report, name)
        problems += [
            Problem(f"{name}_{lang}", _("Write it in both languages: it becomes public."))
            for lang in ("ar", "en")
            if not getattr(said, lang).strip()
        ]
    if problems:
        raise Incomplete(*problems)
