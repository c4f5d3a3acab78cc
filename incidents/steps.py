"""Writing one act on an incident: the row, its line in the log, the audit entry, the Event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from core import audit, outbox
from core.failpoints import failpoint
from core.nudge import nudge
from incidents.checking import Lines
from incidents.labels import EntryKind
from incidents.models import Entry, Incident, ListedService

# What moves with every act, and says nothing.
_UNSAID = frozenset({"changed_at"})


def locked(incident_id: int) -> Incident:
    """The incident under its lock, which is held until the transaction ends."""
    return (
        Incident.objects.select_for_update(of=("self",))
        .select_related("agency")
        .get(pk=incident_id)
    )


def lines_of(incident: Incident) -> dict[int, set[int]]:
    """The services of an incident with their channels, by id. 2 queries."""
    rows = incident.services.prefetch_related("channels").order_by("pk")
    return {row.service_id: {channel.pk for channel in row.channels.all()} for row in rows}


def write_lines(incident: Incident, lines: Lines, *, now: datetime) -> None:
    """Let `incident` list exactly the services and channels of `lines`; known rows stay."""
    known = {row.service_id: row for row in incident.services.all()}
    incident.services.exclude(service__in=lines).delete()
    for service_id, channels in lines.items():
        row = known.get(service_id) or ListedService.objects.create(
            incident=incident, service_id=service_id, listed_at=now
        )
        row.channels.set(channels)


def plain_lines(lines: Lines) -> dict[str, list[int]]:
    """`lines` as the record of changes keeps them."""
    return {str(service_id): sorted(channels) for service_id, channels in lines.items()}


class Written:
    """One act of one person, or of the portal, on one incident: begin it before it is touched."""

    def __init__(
        self,
        incident: Incident,
        *,
        actor: User | None,
        now: datetime,
        address: str | None = None,
    ) -> None:
        self._incident = incident
        self._actor = actor
        self._now = now
        self._address = address
        # Nothing, for an incident that is made by this act.
        self._before = {} if incident._state.adding else _values(incident)
        self._extra: tuple[dict[str, Any], dict[str, Any]] = ({}, {})

    def changed(self) -> set[str]:
        """The columns that differ from what they were."""
        now = _values(self._incident)
        return {name for name in now if self._before.get(name) != now[name]}

    def also(self, name: str, before: Any, after: Any) -> None:
        """Note something that changed beside the row: services, a declaration, a text."""
        self._extra[0][name], self._extra[1][name] = before, after

    def save(
        self,
        act: str,
        kind: EntryKind | None = None,
        *,
        is_public: bool = False,
        facts: Mapping[str, Any] | None = None,
        note: str = "",
        event: str | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the row and everything that has to stand beside it.

        `event` names an Event "incident.…"; its key holds the instant, and the "service" of
        `payload` where there is one, so that one act is one.
        """
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError("An act is written in one transaction.")
        incident = self._incident
        changed = sorted(self.changed())
        incident.changed_at = self._now
        failpoint("act: before the row")
        incident.save()
        failpoint("act: after the row")
        if kind is not None:
            Entry.objects.create(
                incident=incident,
                kind=kind,
                at=self._now,
                actor=self._actor,
                is_public=is_public,
                facts=dict(facts or {}),
                note=note,
            )
            failpoint("act: after the line")
        values = _values(incident)
        before = {name: self._before.get(name) for name in changed} | self._extra[0]
        after = {name: values[name] for name in changed} | self._extra[1]
        # What the portal does by itself is told by the log: the audit is of people.
        if self._actor is not None:
            audit.record(
                now=self._now,
                actor=self._actor,
                act=act,
                subject=incident,
                address=self._address,
                agency_code=incident.agency.code if incident.agency else "",
                before=before if self._before else None,
                after=after,
                reason=note,
            )
        if event is not None:
            tell(incident, event, now=self._now, more=payload)
        nudge("status changed")


def tell(
    incident: Incident, event: str, *, now: datetime, more: Mapping[str, Any] | None = None
) -> None:
    """Append an Event of `incident`, once for the instant of the act."""
    # One sweep may see several services of an incident join, worsen or recover at one instant.
    subject = f":{more['service']}" if more and "service" in more else ""
    outbox.append(
        kind=event,
        key=f"{event}:{incident.ref}:{now.isoformat()}{subject}",
        at=now,
        payload=about(incident) | dict(more or {}),
    )


def about(incident: Incident) -> dict[str, Any]:
    """What an Event says of an incident: its facts at that instant, services by public ids."""
    services = incident.services.order_by("service__position", "service__slug")
    return {
        "ref": incident.ref,
        "kind": incident.kind,
        "severity": incident.severity,
        "phase": incident.phase,
        "agency": incident.agency.code if incident.agency else "",
        "services": list(services.values_list("service__public_id", flat=True)),
        "title_ar": incident.title_ar,
        "title_en": incident.title_en,
        "started_at": incident.started_at,
        "resolved_at": incident.resolved_at,
    }


def _values(incident: Incident) -> dict[str, Any]:
    return {
        column.attname: getattr(incident, column.attname)
        for column in Incident._meta.concrete_fields
        if column.name not in _UNSAID
    }
