"""What was said of a notice or a window, text by text, as Statuspage v2 has its updates. Pure.

Newest first. The newest one always has the status of the whole: where people or the clock ended
something without a text, a sentence of ours says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from incidents.labels import EntryKind, Phase
from maintenance.windows import Stage
from statusportal.public import incident_words, plain, window_details, window_words, words
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.shape import UpdateFact
from statusportal.public.window_lists import CALLED_OFF, Happening, StepShown, WindowShown, timeline

# What v2 has no word for is told in the nearest one that promises no more.
_PHASES: Mapping[str, str] = {
    Phase.INVESTIGATING: "investigating",
    Phase.IDENTIFIED: "identified",
    Phase.FIXING: "identified",
    Phase.MONITORING: "monitoring",
    Phase.RESOLVED: "resolved",
}
_STAGES: Mapping[Stage, str] = {
    Stage.ANNOUNCED: "scheduled",
    Stage.UPCOMING: "scheduled",
    Stage.IN_PROGRESS: "in_progress",
    Stage.EXTENDED: "in_progress",
    Stage.RUNNING_OVER: "in_progress",
    Stage.COMPLETED_RECENTLY: "completed",
    Stage.OVER: "completed",
    Stage.CANCELLED: "completed",
    Stage.POSTPONED: "completed",
}
_CLOSING = frozenset({"completed", "cancelled", "postponed"})
_ANNOUNCING = frozenset({"approved", "changed"})


@dataclass(frozen=True, slots=True)
class Told:
    """One update. `at` is when it was said first, `changed_at` when it was corrected last."""

    id: str
    status: str
    body: str
    at: datetime
    changed_at: datetime


# --- incidents ----------------------------------------------------------------------------------


def status_of_incident(notice: IncidentShown) -> str:
    """investigating, identified, monitoring, resolved, or postmortem once its report is public."""
    if notice.is_open:
        # The snapshot may come from a newer release, which knows other phases.
        return _PHASES.get(notice.fact.phase, "investigating")
    return "postmortem" if _report(notice) else "resolved"


def of_incident(notice: IncidentShown) -> list[Told]:
    """The texts of an incident, newest first. One that names what is not public gives its phase
    alone (rule 12)."""
    fact = notice.fact
    told = [
        Told(
            id=f"{fact.ref}-{update.id}",
            status=_PHASES.get(update.phase, "investigating"),
            body=_body_of(update, notice),
            at=update.at,
            changed_at=update.corrected_at or update.at,
        )
        for update in fact.updates
    ]
    if fact.resolved_at is not None:
        if not told or told[-1].status != "resolved":
            body = plain.sentence(incident_words.sentence(notice))
            at = fact.resolved_at
            told.append(Told(f"{fact.ref}-resolved", "resolved", body, at, at))
        if report := _report(notice):
            at = _reported_at(notice)
            told.append(Told(f"{fact.ref}-report", "postmortem", report, at, at))
    return told[::-1]


def _body_of(update: UpdateFact, notice: IncidentShown) -> str:
    # Published texts lost their marks of direction; those that they have isolate addresses.
    said = plain.printable(notice.spoken(update.text).in_language(words.language())).strip()
    return said or incident_words.phase(update.phase)


def monitoring_at(notice: IncidentShown) -> datetime | None:
    """Since when people watch, or watched, that it stays mended; None where they do not."""
    since: datetime | None = None
    for update in notice.fact.updates:
        if update.phase == Phase.MONITORING:
            since = since or update.at
        elif update.phase != Phase.RESOLVED:
            since = None
    return since


def _report(notice: IncidentShown) -> str:
    """What was learned from it, as far as it is public; nothing while it is open."""
    if notice.is_open:
        return ""
    texts = (notice.fact.summary, notice.fact.prevention)
    spoken = (plain.text(notice.spoken(text)) for text in texts)
    return "\n\n".join(text for text in spoken if text)


def _reported_at(notice: IncidentShown) -> datetime:
    reported = [one.at for one in notice.fact.entries if one.kind == EntryKind.REPORTED]
    return max(reported, default=notice.fact.changed_at)


# --- planned work -------------------------------------------------------------------------------


def status_of_window(window: WindowShown) -> str:
    """scheduled, in_progress (running over too) or completed (called off too)."""
    return _STAGES[window.stage]


def of_window(window: WindowShown) -> list[Told]:
    """The public steps of a window and what the clock did between them, newest first."""
    fact = window.said.fact
    steps = timeline(window)
    if not any(step.kind not in set(Happening) for step in steps):
        steps.append(StepShown("approved", fact.approved_at, fact.starts_at, fact.ends_at))
    told = list(_steps(window, steps))
    if status_of_window(window) == "completed" and told[0].status != "completed":
        at = fact.completed_at or fact.cancelled_at or fact.changed_at
        body = _of_called_off(window) if window.is_called_off else _word("completed", window)
        told.insert(0, Told(f"{fact.ref}-closed", "completed", body, at, at))
    return told


def _steps(window: WindowShown, steps: list[StepShown]) -> Iterator[Told]:
    fact = window.said.fact
    begun_at = max(fact.starts_at, fact.approved_at)
    for step in steps:
        if step.kind in _CLOSING:
            status = "completed"
        elif step.kind == Happening.STARTED or step.at > begun_at:
            status = "in_progress"
        else:
            status = "scheduled"
        yield Told(
            id=f"{fact.ref}-{step.kind}-{step.at:%Y%m%d%H%M%S}",
            status=status,
            body=_body(window, step),
            at=step.at,
            changed_at=step.at,
        )


def _body(window: WindowShown, step: StepShown) -> str:
    fact = window.said.fact
    holds = (step.starts_at, step.ends_at) == (fact.starts_at, fact.ends_at)
    lines = []
    if step.kind in _CLOSING and window.stage in CALLED_OFF:
        lines.append(_of_called_off(window))
    elif step.kind in _ANNOUNCING and holds and not window.is_called_off:
        lines.append(_announcement(window))
    else:
        lines.append(window_details.step(step))
        times = window_details.step_times(step)
        if times is not None:
            lines.append(plain.sentence(times))
    # Beside a name that is not public a note may hold it too (rule 12).
    if step.note and not window.has_unspoken:
        lines.append(plain.text(step.note))
    return "\n".join(lines)


def _announcement(window: WindowShown) -> str:
    """What will not work from when to when, what does, and what to do meanwhile."""
    fact = window.said.fact
    lines = [plain.sentence(window_words.ahead(window))]
    if not window.has_unspoken:
        lines += [plain.text(text) for text in (fact.still_works, fact.meanwhile) if text]
    facts = (window_details.deadlines(window.said), window_details.payments(window.said))
    lines += [plain.sentence(said) for said in facts if said is not None]
    return "\n\n".join(lines)


def _of_called_off(window: WindowShown) -> str:
    return " ".join(plain.sentence(line.words) for line in window_words.sentences(window))


def _word(kind: str, window: WindowShown) -> str:
    fact = window.said.fact
    return window_details.step(StepShown(kind, fact.starts_at, fact.starts_at, fact.ends_at))
