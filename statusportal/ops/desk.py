"""One incident as its desk shows it: public and internal together, from what was loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.safestring import SafeString, mark_safe

from core.bilingual import Bilingual
from incidents import clocks, queries
from incidents import severity as severities
from incidents.failing import failing
from incidents.labels import CauseClass, Deadlines, EntryKind, Kind, Payments, Phase, TextState
from incidents.models import Entry, Incident, ListedService, Override, Update
from incidents.office import OfficeHours
from incidents.refusals import Doubtful, Problem, Refused
from incidents.severity import Impact, Reach
from incidents.texts import TEMPLATES, Template, restored, which
from incidents.updates import NewText, Shown, check, preview
from services.status.health import Health, worst
from statusportal.ops import console_words
from statusportal.ops.board import Row, row_of
from statusportal.ops.doors import Visitor
from statusportal.public import words


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline: a text, or something that happened. `is_public`: citizens see it.

    `replaced` is set on a text that was corrected since, `text` where it may be corrected now.
    """

    at: datetime
    is_public: bool
    words: SafeString | str
    who: str
    body: Bilingual = Bilingual()
    note: str = ""
    text: Update | None = None
    approved_by: str = ""
    is_correction: bool = False
    is_replaced: bool = False

    @property
    def html(self) -> SafeString:
        """The body in the language of the page; made HTML by core.markup when it was published."""
        return mark_safe(self.body.in_language(words.language()))  # noqa: S308

    @property
    def html_lang(self) -> str:
        return self.body.language_shown(words.language())


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The severity that impact and reach suggest now, and why."""

    severity: str
    impact: Impact
    reach: Reach
    is_tier_one: bool
    has_deadline_or_payment: bool

    @property
    def why(self) -> list[str]:
        return console_words.why_severity(
            self.impact,
            self.reach,
            is_tier_one=self.is_tier_one,
            has_deadline_or_payment=self.has_deadline_or_payment,
        )


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A listed service with what is measured, declared and overridden of it."""

    listed: ListedService
    measured: Health | None
    declared: str
    override: Override | None

    @property
    def declared_word(self) -> str:
        return console_words.state_word(self.declared) if self.declared else ""

    @property
    def override_word(self) -> str:
        return console_words.state_word(self.override.health) if self.override else ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything of one incident at `now`."""

    row: Row
    timeline: tuple[Line, ...]
    services: tuple[ServiceRow, ...]
    suggestion: Suggestion
    reach: queries.Reach
    times: list[tuple[str, str]]
    earlier: tuple[Incident, ...]
    now: datetime

    @property
    def incident(self) -> Incident:
        return self.row.incident

    @property
    def waiting(self) -> list[Update]:
        return [text for text in self.incident.texts if text.state == TextState.WAITING]  # type: ignore[attr-defined]

    @property
    def reach_words(self) -> str:
        found = self.reach
        return console_words.reach(
            len(found.named) + len(found.dependants), found.agencies, found.channels
        )

    @property
    def health(self) -> Health:
        """The worst of what is measured and declared; never better than that."""
        return worst_of(self.services)

    @property
    def is_shared(self) -> bool:
        return any(row.listed.service.is_shared for row in self.services)

    @property
    def affected(self) -> int:
        """How many services its texts are about: of a shared one those that need it."""
        return len(self.reach.dependants) if self.is_shared else len(self.services)

    @property
    def is_failing(self) -> bool:
        """Whether our checks see any of its services down, so that resolving takes a reason."""
        return any(
            row.measured in {Health.MAJOR_OUTAGE, Health.PARTIAL_OUTAGE} for row in self.services
        )


def lay_out(incident: Incident, office: OfficeHours, visitor: Visitor, now: datetime) -> Desk:
    """The desk of `incident`, loaded by `incidents.queries.whole`; what it reads does not grow."""
    listed = list(incident.services.all())
    ids = [row.service_id for row in listed]
    measured = failing(ids, now=now) if ids else {}
    rows = tuple(_service(one, measured.get(one.service_id)) for one in listed)
    report = getattr(incident, "report", None)
    cause = report.cause_class if report is not None else ""
    return Desk(
        row=row_of(incident, office, visitor, now),
        timeline=tuple(timeline(incident)),
        services=rows,
        suggestion=suggested(incident, rows),
        reach=queries.reach(
            ids,
            [channel.pk for one in listed for channel in one.channels.all()],
            is_mild=worst_of(rows) is Health.DEGRADED,
        ),
        times=console_words.times(queries.times(incident)),
        earlier=tuple(
            queries.earlier(
                ids, cause, incident.started_at, but=incident.pk, agencies=visitor.agencies
            )
            if cause
            else ()
        ),
        now=now,
    )


def _service(listed: ListedService, measured: Health | None) -> ServiceRow:
    declared = getattr(listed, "declared_now", ())
    overridden = getattr(listed, "overridden_now", ())
    return ServiceRow(
        listed,
        measured,
        declared[0].health if declared else "",
        overridden[0] if overridden else None,
    )


def suggested(incident: Incident, rows: Iterable[ServiceRow]) -> Suggestion:
    """What impact and reach speak for now (docs/clocks.md): the worse of measured and declared."""
    rows = list(rows)
    health = worst_of(rows)
    services = [row.listed.service for row in rows]
    down = sum(_is_down(row) for row in rows)
    impact = severities.impact_of(
        health, has_alternative=bool(services) and all(bool(one.meanwhile) for one in services)
    )
    reach = severities.reach_of(
        len(services),
        len({one.agency_id for one in services}),
        any(one.is_shared for one in services),
        down,
    )
    is_tier_one = any(one.tier == 1 for one in services)
    has_more = incident.deadlines in {Deadlines.UNDER_REVIEW, Deadlines.EXTENDED} or (
        incident.payments == Payments.DO_NOT_REPEAT
    )
    return Suggestion(
        severity=severities.suggest(
            impact, reach, tier_one=is_tier_one, deadline_or_payment=has_more
        ).name,
        impact=impact,
        reach=reach,
        is_tier_one=is_tier_one,
        has_deadline_or_payment=has_more,
    )


def worst_of(rows: Iterable[ServiceRow]) -> Health:
    """The worse of measured and declared, over all of them."""
    rows = list(rows)
    healths = [row.measured for row in rows if row.measured is not None]
    healths += [Health(row.declared) for row in rows if row.declared]
    return worst(healths) or Health.OPERATIONAL


def _is_down(row: ServiceRow) -> bool:
    return Health.MAJOR_OUTAGE in {row.measured, row.declared and Health(row.declared)} or (
        row.measured is Health.PARTIAL_OUTAGE
    )


# --- the timeline -------------------------------------------------------------------------------


def timeline(incident: Incident) -> list[Line]:
    """Texts and log in one line of time, newest first; texts that wait stand apart."""
    names = {row.service.public_id: row.service.name for row in incident.services.all()}
    texts: list[Update] = incident.texts  # type: ignore[attr-defined]
    log: list[Entry] = incident.log  # type: ignore[attr-defined]
    replaced = {text.corrects_id for text in texts if text.state == TextState.PUBLISHED}
    lines = [_of_text(text, text.pk in replaced) for text in texts if text.published_at]
    lines += [_of_returned(text) for text in texts if text.state == TextState.RETURNED]
    lines += [_of_entry(entry, names) for entry in log]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _of_text(text: Update, is_replaced: bool) -> Line:
    assert text.published_at is not None
    return Line(
        at=text.published_at,
        is_public=True,
        words=text.get_phase_display(),
        who=str(text.author or ""),
        body=text.html,
        text=None if is_replaced else text,
        approved_by=str(text.approved_by or ""),
        is_correction=text.corrects_id is not None,
        is_replaced=is_replaced,
    )


def _of_returned(text: Update) -> Line:
    return Line(
        at=text.written_at,
        is_public=False,
        words=text.get_state_display(),
        who=str(text.author or ""),
        note=text.text.in_language(words.language()),
    )


def _of_entry(entry: Entry, names: Mapping[str, Bilingual]) -> Line:
    return Line(
        at=entry.at,
        is_public=entry.is_public,
        words=console_words.entry(entry.kind, entry.facts, names),
        who=str(entry.actor or ""),
        note=entry.note,
    )


# --- before a text is published -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Looked:
    """A text as it would be read, and what is wrong with it or looks wrong."""

    shown: Shown | None
    problems: tuple[Problem, ...]
    is_doubt_only: bool = False

    @property
    def ar(self) -> SafeString:
        """HTML of the allow-list, made by core.markup."""
        return mark_safe(self.shown.html.ar if self.shown else "")  # noqa: S308

    @property
    def en(self) -> SafeString:
        return mark_safe(self.shown.html.en if self.shown else "")  # noqa: S308


def looked_at(incident: Incident, said: NewText, now: datetime) -> Looked:
    """`said` as citizens would read it, with every gap and suspicion; nothing is written."""
    shown: Shown | None = None
    problems: tuple[Problem, ...] = ()
    is_doubt_only = False
    try:
        check(incident, said, confirmed=False, now=now)
    except Refused as refused:
        problems = refused.problems
        is_doubt_only = isinstance(refused, Doubtful)
    # What cannot be shown was said above.
    with suppress(Refused):
        shown = preview(incident, said, now=now)
    return Looked(shown, problems, is_doubt_only)


def proposed_next_update(incident: Incident, office: OfficeHours, now: datetime) -> datetime | None:
    """By when the next update is due if one were published now, to the minute."""
    facts = replace(queries.clock_facts(incident), last_notice_at=now, promised_next_at=None)
    at = clocks.next_update_by(facts, queries.clock_policy(), office)
    return None if at is None else at.replace(second=0, microsecond=0)


def first_notice(desk: Desk) -> dict[str, str]:
    """The approved text that says no more than is known, ready before anybody has to write."""
    if not counts_as_incident(desk.incident) or not desk.services:
        return {}
    return {"phase": Phase.INVESTIGATING.value} | _approved(
        which(
            services=desk.affected,
            is_shared=desk.is_shared,
            health=desk.health,
            has_working_channel=False,
        )
    )


def last_notice(desk: Desk) -> dict[str, str]:
    """The approved text for the end."""
    if not counts_as_incident(desk.incident) or not desk.services:
        return {}
    return _approved(restored(services=desk.affected, is_shared=desk.is_shared))


def _approved(template: Template) -> dict[str, str]:
    text = TEMPLATES[template]
    return {"template": template.value, "text_ar": text.ar, "text_en": text.en}


# --- the closing report -------------------------------------------------------------------------


def report_draft(incident: Incident) -> dict[str, str]:
    """What a closing report can begin with: what the public was told last, and the notes."""
    texts = [text for text in incident.texts if text.published_at]  # type: ignore[attr-defined]
    log: list[Entry] = incident.log  # type: ignore[attr-defined]
    last = texts[-1] if texts else None
    notes = [entry.note for entry in log if entry.kind == EntryKind.NOTE]
    cause = ""
    if any(entry.kind == EntryKind.ABSORBED for entry in log):
        cause = CauseClass.UPSTREAM.value
    elif any(text.template == Template.SURGE for text in texts):
        cause = CauseClass.DEMAND.value
    return {
        "cause_class": cause,
        "summary_ar": _joined(incident.title_ar, last.plain_ar if last else ""),
        "summary_en": _joined(incident.title_en, last.plain_en if last else ""),
        "actions": "\n".join(notes),
    }


def _joined(title: str, text: str) -> str:
    return f"{title}. {text}".strip() if text else title


def counts_as_incident(incident: Incident) -> bool:
    """Announcements and clarifications have neither severity nor report (rule 18)."""
    return incident.kind == Kind.INCIDENT
