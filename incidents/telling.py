"""What the clock alone makes happen to incidents: told once each, whoever is there or not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from core import outbox
from core.outbox import Event
from incidents import clocks, queries, updates
from incidents.labels import EntryKind, Kind, TextState
from incidents.models import Incident, ListedService, Override, Update
from incidents.steps import Written, about, locked
from services import nation
from services.models import Service
from services.status import publication
from services.status.health import Health, rank
from services.status.rollup import service_health

# Whoever has not handed in a report by then has been told often enough.
_REPORTS_WITHIN = timedelta(days=60)


def tell(*, now: datetime) -> int:
    """Warn of clocks, alarm of those that ran out, let notices reach subscribers; how many were
    new. Kinds: incident.due_soon to the operators, incident.overdue to the escalation list,
    incident.notice to subscribers (rule 19)."""
    return _clocks(now) + _notices(now)


def _clocks(now: datetime) -> int:
    rows = list(
        Incident.objects.filter(is_demo=False)
        .filter(
            Q(resolved_at=None)
            # Also where nobody has begun the report; one that was taken in owes none.
            | Q(kind=Kind.INCIDENT, absorbed_into=None, report__submitted_at=None)
        )
        .select_related("agency", "report")
    )
    if not rows:
        return 0
    policy, office = queries.clock_policy(), queries.office_hours()
    due = {}
    for row in rows:
        report = getattr(row, "report", None)
        submitted_at = report.submitted_at if report else None
        facts = queries.clock_facts(row, report_submitted_at=submitted_at)
        for item in clocks.due(facts, policy, office, now):
            due[f"{item.kind.value}:{row.ref}:{item.occasion}"] = (row, item)
    # Asked first: a conflict would use up an id at every turn, for as long as the clock is late.
    told = set(Event.objects.filter(key__in=due).values_list("key", flat=True))
    for key, (row, item) in due.items():
        if key not in told:
            payload = about(row) | {"clock": item.clock.value, "due_at": item.at}
            outbox.append(kind=item.kind.value, key=key, at=item.at, payload=payload)
    return len(due) - len(told)


def _notices(now: datetime) -> int:
    """Automatic notices that nobody acknowledged reach subscribers after five minutes."""
    since = now - settings.INCIDENT_SUBSCRIBERS_AFTER
    newest = (
        Update.objects.filter(
            state=TextState.PUBLISHED,
            author=None,
            published_at__lte=since,
            published_at=F("incident__last_notice_at"),
            incident__resolved_at=None,
        )
        .select_related("incident__agency")
        .order_by("pk")
    )
    waiting = {f"incident.notice:{one.incident.ref}:{one.pk}": one for one in newest}
    told = set(Event.objects.filter(key__in=waiting).values_list("key", flat=True))
    for key, one in waiting.items():
        if key not in told:
            updates.announce(one.incident, one, now=now)
    return len(waiting) - len(told)


# --- what is remembered of services ---------------------------------------------------------------


def remember(*, now: datetime) -> int:
    """Keep what was last measured of listed services, and end overrides that hold no more
    (rule 17); how many rows changed. 2 queries while nothing is open."""
    listed = list(
        ListedService.objects.filter(
            incident__resolved_at=None, incident__kind=Kind.INCIDENT
        ).select_related("service")
    )
    if not listed:
        return 0
    measured = nation.measured({row.service_id for row in listed}, now=now)
    changed = []
    for row in listed:
        service = measured.services.get(row.service_id)
        held = _held(row, service) if service else row.held
        if held != row.held:
            row.held = held
            changed.append(row)
    ListedService.objects.bulk_update(changed, ["held"])
    return len(changed) + _end_overrides(measured, now)


def _held(row: ListedService, service: nation.ServiceNow) -> dict[str, list[str | None]]:
    held: dict[str, list[str | None]] = dict(row.held)
    for channel in service.channels.values():
        key = str(channel.id)
        if channel.health in {None, Health.UNKNOWN}:
            continue
        assert channel.health is not None
        if rank(channel.health) <= rank(Health.OPERATIONAL):
            held.pop(key, None)
            continue
        known = held.get(key)
        since = channel.since.isoformat() if channel.since else None
        # Seen a moment later is no news, and would be a write at every turn.
        if known is None or known[:2] != [channel.health.value, since]:
            seen_at = channel.seen_at.isoformat() if channel.seen_at else since
            held[key] = [channel.health.value, since, seen_at]
    return held


def _end_overrides(measured: nation.Nation, now: datetime) -> int:
    ended = 0
    standing = Override.objects.filter(ended_at=None).select_related("listed__service")
    for given in standing:
        service = measured.services.get(given.listed.service_id)
        health = service_health(nation.own_health(service)) if service else None
        word = publication.Override(
            Health(given.health), given.given_at, given.expires_at, Health(given.measured)
        )
        if not publication.stands(word, health, now):
            ended += _end(given, now)
    return ended


@transaction.atomic
def _end(given: Override, now: datetime) -> bool:
    incident = locked(given.listed.incident_id)
    if not Override.objects.filter(pk=given.pk, ended_at=None).update(ended_at=now):
        return False
    Written(incident, actor=None, now=now).save(
        "override",
        EntryKind.OVERRIDE_OVER,
        facts={"services": _ids([given.listed.service])},
        event="incident.changed",
        payload={"service": given.listed.service.public_id},
    )
    return True


def _ids(rows: Iterable[Service]) -> list[str]:
    return [row.public_id for row in rows]
