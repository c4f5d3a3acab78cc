"""The life of an incident: opened by hand, acknowledged, judged, resolved, reopened.

Each function takes the incident's lock, decides, and writes in one transaction: the row, a line
in its log, an audit entry, and an Event where others have to hear of it. All raise subclasses of
incidents.refusals.Refused, and then nothing was written; DoesNotExist where there is no such row.
Its public texts are incidents.updates'.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import User
from core.arabic import isolate
from core.bilingual import Bilingual
from incidents import severity as severities
from incidents import updates
from incidents.checking import (
    Lines,
    require,
    require_lines,
    require_open,
    require_phase,
    require_reason,
    require_resolved,
    require_stated,
    tidied,
)
from incidents.failing import failing
from incidents.labels import EntryKind, Kind, Phase, Severity
from incidents.models import Declaration, Incident
from incidents.refusals import (
    AlreadyAcknowledged,
    Incomplete,
    Problem,
    StillFailing,
)
from incidents.steps import Written, locked, plain_lines, write_lines
from incidents.updates import NewText
from maintenance.wording import moment
from services.models import Service
from services.status.health import Health


@transaction.atomic
def open_(
    *,
    kind: str,
    services: Lines,
    agency_id: int | None,
    title: Bilingual,
    text: NewText,
    actor: User,
    now: datetime,
    severity: str = "",
    severity_reason: str = "",
    declared: str = "",
    started_at: datetime | None = None,
    confirmed: bool = False,
    address: str | None = None,
) -> Incident:
    """Open an incident, an announcement or a clarification by hand; whoever opens it has it.

    `declared` is said of every listed service. An empty `severity` takes the suggested one,
    another one needs its reason. Raises NotAllowed, Incomplete, Doubtful.
    """
    require(actor, Act.RUN_INCIDENTS, agency_id)
    rows = require_lines(services, actor, may_be_empty=kind != Kind.INCIDENT)
    suggested = suggest(rows, declared, services)
    if severity and severity != suggested:
        require_reason(severity_reason, "severity_reason")
    if started_at is not None and started_at > now:
        raise Incomplete(Problem("started_at", _("It cannot have begun later than now.")))
    incident = Incident(
        kind=kind,
        phase=Phase.INVESTIGATING,
        severity=severity or suggested,
        suggested_severity=suggested,
        severity_reason=severity_reason.strip(),
        agency_id=agency_id,
        started_at=started_at or now,
        confirmed_at=now,
        opened_at=now,
        opened_by=actor,
        acknowledged_at=now,
        acknowledged_by=actor,
        changed_at=now,
        **tidied({"title_ar": title.ar, "title_en": title.en}),
    )
    require_stated(incident)
    written = Written(incident, actor=actor, now=now, address=address)
    incident.save()
    write_lines(incident, services, now=now)
    if declared:
        for row in incident.services.all():
            Declaration.objects.create(
                listed=row, health=declared, declared_at=incident.started_at, declared_by=actor
            )
    require_phase(incident, text.phase)
    said = updates.check(incident, text, confirmed=confirmed, now=now)
    update = updates.add(incident, said, author=actor, now=now)
    written.also("services", None, plain_lines(services))
    written.save(
        "open",
        EntryKind.OPENED,
        facts={"services": [row.public_id for row in rows]},
        event="incident.opened",
    )
    if update.published_at is not None:
        updates.announce(incident, update, now=now)
    return incident


def suggest(rows: Collection[Service], declared: str, lines: Lines) -> str:
    """The severity for services of which people declare `declared`, empty for nothing."""
    health = Health(declared) if declared else Health.OPERATIONAL
    is_down = health is Health.MAJOR_OUTAGE
    down = sum(max(1, len(lines.get(row.pk, ()))) for row in rows) if is_down else 0
    return suggest_for(rows, health, channels_down=down)


def suggest_for(rows: Collection[Service], health: Health, *, channels_down: int) -> str:
    """The severity that impact and reach suggest for these services (docs/clocks.md)."""
    return severities.suggest(
        severities.impact_of(
            health, has_alternative=bool(rows) and all(bool(row.meanwhile) for row in rows)
        ),
        severities.reach_of(
            len(rows),
            len({row.agency_id for row in rows}),
            any(row.is_shared for row in rows),
            channels_down,
        ),
        tier_one=any(row.tier == 1 for row in rows),
    ).name


@transaction.atomic
def acknowledge(
    *, incident_id: int, actor: User, now: datetime, address: str | None = None
) -> Incident:
    """Say "I have it". Of two at once the first one has it, by the row's lock.

    Subscribers hear of it from here on (rule 19). Raises NotAllowed, WrongPhase,
    AlreadyAcknowledged.
    """
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    if incident.acknowledged_at is not None:
        by = str(incident.acknowledged_by or "")
        if incident.acknowledged_by_id == actor.pk:
            sentence = gettext("You have acknowledged it already.")
        else:
            sentence = gettext("{name} was quicker and acknowledged it at {time}.").format(
                name=isolate(by), time=moment(incident.acknowledged_at)
            )
        raise AlreadyAcknowledged(Problem(None, sentence), by=by, at=incident.acknowledged_at)
    require_open(incident)
    written = Written(incident, actor=actor, now=now, address=address)
    incident.acknowledged_at = now
    incident.acknowledged_by = actor
    written.save("acknowledge", EntryKind.ACKNOWLEDGED, event="incident.acknowledged")
    newest = incident.updates.filter(published_at__isnull=False).order_by("-published_at").first()
    if newest is not None:
        updates.announce(incident, newest, now=now)
    return incident


@transaction.atomic
def change_severity(
    *,
    incident_id: int,
    severity: str,
    reason: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Incident:
    """Judge it otherwise than suggested, or otherwise than before, with a reason.

    Raises NotAllowed, WrongPhase, Incomplete.
    """
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    require_open(incident)
    if severity not in Severity.values:
        raise Incomplete(Problem("severity", _("Choose one of the severities.")))
    require_reason(reason, "severity_reason")
    if severity == incident.severity:
        return incident
    written = Written(incident, actor=actor, now=now, address=address)
    facts = {"from": incident.severity, "to": severity}
    incident.severity = severity
    incident.severity_reason = reason.strip()
    written.save(
        "severity", EntryKind.SEVERITY, facts=facts, note=reason.strip(), event="incident.changed"
    )
    return incident


@transaction.atomic
def note(
    *, incident_id: int, text: str, actor: User, now: datetime, address: str | None = None
) -> None:
    """Write an internal line; it never becomes public. Raises NotAllowed, Incomplete."""
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    if not text.strip():
        raise Incomplete(Problem("text", _("Write the note.")))
    written = Written(incident, actor=actor, now=now, address=address)
    written.save("note", EntryKind.NOTE, note=text.strip())


@transaction.atomic
def resolve(
    *,
    incident_id: int,
    text: NewText,
    actor: User,
    now: datetime,
    although: str = "",
    confirmed: bool = False,
    address: str | None = None,
) -> Incident:
    """Say that it is over, with a text in both languages; where that waits for a second person,
    the incident stays open until it is approved.

    While our checks still see it fail that takes `although`, a sentence why; the sweep opens it
    again as long as they do (rule 19). Raises NotAllowed, WrongPhase, StillFailing, Incomplete,
    Doubtful.
    """
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    require_open(incident)
    said = updates.check(incident, updates.closing(text), confirmed=confirmed, now=now)
    found = failing([row.service_id for row in incident.services.all()], now=now)
    still = [pk for pk, health in found.items() if health in _DOWN]
    if still and not although.strip():
        names = ", ".join(
            isolate(str(row)) for row in Service.objects.filter(pk__in=still).order_by("slug")[:5]
        )
        raise StillFailing(
            Problem(
                "although",
                gettext(
                    "Our checks still see it fail: {names}. Say why it is over all the same, or"
                    " wait."
                ).format(names=names),
            )
        )
    written = Written(incident, actor=actor, now=now, address=address)
    incident.restored_at = incident.restored_at or (None if still else now)
    update = updates.add(incident, said, author=actor, now=now)
    if update.published_at is None:
        written.save("write", EntryKind.NOTE if although.strip() else None, note=although.strip())
        return incident
    updates.end(incident, update, written, by=actor, now=now, note=although.strip())
    return incident


_DOWN = frozenset({Health.MAJOR_OUTAGE, Health.PARTIAL_OUTAGE})


@transaction.atomic
def reopen(
    *,
    incident_id: int,
    reason: str,
    actor: User,
    now: datetime,
    text: NewText | None = None,
    confirmed: bool = False,
    address: str | None = None,
) -> Incident:
    """Open a resolved incident again, with or without a public text.

    Raises NotAllowed, WrongPhase, Incomplete, Doubtful.
    """
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    require_resolved(incident)
    require_reason(reason)
    written = Written(incident, actor=actor, now=now, address=address)
    open_again(incident, now=now)
    if text is not None:
        said = updates.check(incident, text, confirmed=confirmed, now=now)
        update = updates.add(incident, said, author=actor, now=now)
        if update.published_at is not None:
            updates.announce(incident, update, now=now)
    written.save(
        "reopen",
        EntryKind.REOPENED,
        is_public=True,
        note=reason.strip(),
        event="incident.reopened",
    )
    return incident


def open_again(incident: Incident, *, now: datetime) -> None:
    """Make a resolved row an open one; its timeline goes on."""
    incident.phase = Phase.INVESTIGATING
    incident.reopened_at = now
    incident.resolved_at = None
    incident.resolved_by = None
    incident.restored_at = None
    incident.absorbed_into = None
