"""What an incident does, as people state it: services listed, declared, overridden; other facts.

As incidents.operations: one transaction each, and all raise subclasses of
incidents.refusals.Refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, may
from accounts.models import User
from incidents.checking import (
    STATED,
    Lines,
    require,
    require_lines,
    require_open,
    require_stated,
    tidied,
)
from incidents.failing import failing
from incidents.labels import Declared, EntryKind, Kind
from incidents.models import Declaration, Incident, ListedService, Override
from incidents.refusals import Incomplete, Problem
from incidents.steps import Written, lines_of, locked, plain_lines, write_lines
from services.status.health import Health, rank
from services.status.publication import LONGEST_OVERRIDE


@transaction.atomic
def list_services(
    *, incident_id: int, services: Lines, actor: User, now: datetime, address: str | None = None
) -> Incident:
    """Let the incident list exactly these services and channels.

    What it lists of agencies for which the person may do nothing stays as it is. Raises
    NotAllowed, WrongPhase, Incomplete.
    """
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    require_open(incident)
    rows = require_lines(services, actor, may_be_empty=incident.kind != Kind.INCIDENT)
    before = lines_of(incident)
    rows += [
        row.service
        for row in incident.services.select_related("service").order_by("pk")
        if not may(actor, Act.RUN_INCIDENTS, row.service.agency_id)
    ]
    lines = {row.pk: set(services.get(row.pk, before.get(row.pk, ()))) for row in rows}
    if lines == before:
        return incident
    written = Written(incident, actor=actor, now=now, address=address)
    write_lines(incident, lines, now=now)
    written.also("services", plain_lines(before), plain_lines(lines))
    written.save(
        "change",
        EntryKind.LISTED,
        is_public=incident.first_notice_at is not None,
        facts={"services": [row.public_id for row in rows]},
        event="incident.changed",
    )
    return incident


@transaction.atomic
def declare(
    *,
    incident_id: int,
    service_id: int,
    health: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> ListedService:
    """Declare what a listed service is; an empty `health` takes the word back (rule 17).

    Measured and declared, the worse one is published. Raises NotAllowed, WrongPhase, Incomplete.
    """
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    require_open(incident)
    if health and health not in Declared.values:
        raise Incomplete(Problem("health", _("Choose one of the states.")))
    row = _listed(incident, service_id)
    standing = row.declarations.filter(ended_at=None).first()
    before = standing.health if standing else ""
    if health == before:
        return row
    written = Written(incident, actor=actor, now=now, address=address)
    row.declarations.filter(ended_at=None).update(ended_at=now)
    if health:
        Declaration.objects.create(listed=row, health=health, declared_at=now, declared_by=actor)
    written.also("declared", before, health)
    written.save(
        "declare",
        EntryKind.IMPACT,
        facts={"services": [row.service.public_id], "from": before, "to": health},
        event="incident.changed",
    )
    return row


@transaction.atomic
def override(
    *,
    incident_id: int,
    service_id: int,
    health: str,
    reason: str,
    expires_at: datetime,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Override:
    """Publish a listed service better than it is measured, for at most four hours (rule 17).

    Raises NotAllowed, WrongPhase, Incomplete (no reason, no or too late an expiry, not better
    than measured).
    """
    incident = locked(incident_id)
    require(actor, Act.OVERRIDE, incident.agency_id)
    require_open(incident)
    row = _listed(incident, service_id)
    measured = failing([service_id], now=now).get(service_id)
    problems = []
    if not reason.strip():
        problems.append(Problem("reason", _("Say why. It stands in the record.")))
    if not now < expires_at <= now + LONGEST_OVERRIDE:
        problems.append(Problem("expires_at", _("Choose an end within the next four hours.")))
    if health not in Declared.values or (
        measured is not None and rank(Health(health)) >= rank(measured)
    ):
        problems.append(
            Problem("health", _("Choose a state that is better than the measured one."))
        )
    if measured is None or measured in {Health.OPERATIONAL, Health.UNKNOWN}:
        problems.append(
            Problem(None, _("Our checks see nothing wrong with it: there is nothing to override."))
        )
    if problems:
        raise Incomplete(*problems)
    assert measured is not None
    written = Written(incident, actor=actor, now=now, address=address)
    row.overrides.filter(ended_at=None).update(ended_at=now)
    given = Override.objects.create(
        listed=row,
        health=health,
        measured=measured.value,
        reason=reason.strip(),
        given_at=now,
        given_by=actor,
        expires_at=expires_at,
    )
    written.also("override", None, [health, expires_at.isoformat()])
    written.save(
        "override",
        EntryKind.OVERRIDDEN,
        facts={
            "services": [row.service.public_id],
            "from": measured.value,
            "to": health,
            "until": expires_at,
        },
        note=reason.strip(),
        event="incident.changed",
    )
    return given


@transaction.atomic
def take_back_override(
    *, incident_id: int, service_id: int, actor: User, now: datetime, address: str | None = None
) -> None:
    """End an override before its time. Raises NotAllowed."""
    incident = locked(incident_id)
    require(actor, Act.OVERRIDE, incident.agency_id)
    row = _listed(incident, service_id)
    if row.overrides.filter(ended_at=None).update(ended_at=now):
        written = Written(incident, actor=actor, now=now, address=address)
        written.save(
            "override",
            EntryKind.OVERRIDE_OVER,
            facts={"services": [row.service.public_id]},
            event="incident.changed",
        )


@transaction.atomic
def state(
    *,
    incident_id: int,
    fields: Mapping[str, Any],
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Incident:
    """State what stands beside the texts: title, what still works, deadlines, payments.

    Raises NotAllowed, Incomplete; ValueError for a column that is none of these.
    """
    if strange := set(fields) - STATED:
        raise ValueError(f"Not to be stated: {', '.join(sorted(strange))}.")
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    written = Written(incident, actor=actor, now=now, address=address)
    for name, value in tidied(fields).items():
        setattr(incident, name, value)
    require_stated(incident)
    if changed := written.changed():
        written.save(
            "change", EntryKind.STATED, facts={"fields": sorted(changed)}, event="incident.changed"
        )
    return incident


def _listed(incident: Incident, service_id: int) -> ListedService:
    row = incident.services.select_related("service").filter(service=service_id).first()
    if row is None:
        raise Incomplete(Problem("services", _("The incident does not list this service.")))
    return row
