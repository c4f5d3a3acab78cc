"""What one shift tells the next: what is open, what happened, what is ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from core.bilingual import Bilingual
from incidents import queries
from incidents.labels import EntryKind, Kind, TextState
from incidents.models import Entry, Incident, Update
from maintenance.labels import State
from maintenance.models import Step
from statusportal.ops import console_words
from statusportal.ops.board import (
    Escalation,
    ReportRow,
    Row,
    Stands,
    WaitingRow,
    WindowRow,
    escalations,
    in_order,
    owed_reports,
    row_of,
    waiting_texts,
    windows,
)
from statusportal.ops.doors import Visitor
from statusportal.public import words

# One shift, and the one that begins.
SHIFT = timedelta(hours=12)
AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of what happened. `is_note`: somebody wrote it for their colleagues."""

    at: datetime
    subject: Bilingual
    ref: str
    words: object
    who: str
    body: str = ""
    is_public: bool = False
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Handover:
    """The state at `now`, the shift since `since`."""

    now: datetime
    since: datetime
    rows: tuple[Row, ...]
    notices: tuple[Row, ...]
    waiting: tuple[WaitingRow, ...]
    running: tuple[WindowRow, ...]
    ahead: tuple[WindowRow, ...]
    reports: tuple[ReportRow, ...]
    escalations: tuple[Escalation, ...]
    happened: tuple[Happened, ...]

    @property
    def notes(self) -> list[Happened]:
        return [one for one in self.happened if one.is_note]


def gather(visitor: Visitor, now: datetime) -> Handover:
    """What `visitor` hands over at `now`: 20 statements, one more for an agency."""
    since = now - SHIFT
    office = queries.office_hours()
    opened = list(queries.open_incidents(visitor.agencies))
    rows = [row_of(incident, office, visitor, now) for incident in opened]
    planned = windows(visitor.agencies, now, now, now + AHEAD)
    return Handover(
        now=now,
        since=since,
        rows=tuple(in_order(row for row in rows if row.incident.kind == Kind.INCIDENT)),
        notices=tuple(row for row in rows if row.incident.kind != Kind.INCIDENT),
        waiting=tuple(waiting_texts(opened, visitor)),
        running=tuple(row for row in planned if row.stands is not Stands.AHEAD),
        ahead=tuple(row for row in planned if row.stands is Stands.AHEAD),
        reports=tuple(owed_reports(visitor, office, now)),
        escalations=tuple(escalations(visitor, since)),
        happened=tuple(happened(visitor, since, now)),
    )


def happened(visitor: Visitor, since: datetime, now: datetime) -> list[Happened]:
    """Texts, log and steps of planned work within the shift, oldest first. 5 queries."""
    touched = _touched(visitor, since)
    names = {
        row.service.public_id: row.service.name
        for incident in touched.values()
        for row in incident.services.all()
    }
    found = []
    for entry in (
        Entry.objects.filter(incident__in=touched, at__gte=since, at__lte=now)
        .select_related("actor")
        .order_by("at", "pk")
    ):
        incident = touched[entry.incident_id]
        found.append(
            Happened(
                at=entry.at,
                subject=incident.title,
                ref=incident.ref,
                words=console_words.entry(entry.kind, entry.facts, names),
                who=str(entry.actor or ""),
                body=entry.note,
                is_public=entry.is_public,
                is_note=entry.kind == EntryKind.NOTE,
            )
        )
    for text in (
        Update.objects.filter(incident__in=touched, state=TextState.PUBLISHED)
        .filter(published_at__gte=since, published_at__lte=now)
        .select_related("author")
    ):
        incident = touched[text.incident_id]
        found.append(
            Happened(
                at=text.published_at or text.written_at,
                subject=incident.title,
                ref=incident.ref,
                words=text.get_phase_display(),
                who=str(text.author or ""),
                body=Bilingual(text.plain_ar, text.plain_en).in_language(words.language()),
                is_public=True,
            )
        )
    return sorted(found + _steps(visitor, since, now), key=lambda one: one.at)


def _touched(visitor: Visitor, since: datetime) -> dict[int, Incident]:
    """The incidents of which anything was written or done since then."""
    rows = queries.search(visitor.agencies).filter(
        Q(changed_at__gte=since) | Q(resolved_at=None) | Q(resolved_at__gte=since)
    )
    return {incident.pk: incident for incident in rows}


def _steps(visitor: Visitor, since: datetime, now: datetime) -> list[Happened]:
    rows = Step.objects.filter(at__gte=since, at__lte=now).select_related("window", "actor")
    if visitor.agencies is not None:
        rows = rows.filter(window__agency__in=visitor.agencies)
    return [
        Happened(
            at=step.at,
            subject=Bilingual(step.window.ref, step.window.ref),
            ref="",
            words=step.get_kind_display(),
            who=str(step.actor or ""),
            body=Bilingual(step.note_ar, step.note_en).in_language(words.language()),
            is_public=step.is_public and step.window.state != State.DRAFT,
        )
        for step in rows.order_by("at", "pk")
    ]
