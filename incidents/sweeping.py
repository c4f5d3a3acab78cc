"""The level-triggered sweep: incidents open, reopen, worsen and end by what is (rules 13, 17-19).

It looks at everything that is wrong and at everything that is open, and does what is missing.
Each act is one transaction of its own that looks again under its lock, and the unique row of an
outage settles who was first; so it may run twice at once, and die anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from core.bilingual import Bilingual
from core.failpoints import failpoint
from incidents import clocks, queries, texts, triage, updates
from incidents.gathering import Gathered, gather
from incidents.labels import EntryKind, Kind, Phase
from incidents.models import Incident, ListedService
from incidents.operations import open_again, suggest_for
from incidents.outages import Outage
from incidents.steps import Written, locked
from incidents.texts import Template
from incidents.updates import NewText
from services.models import Service
from services.status.health import Health, rank

# Promised times are whole fives of minutes: "by 14:35" is easier said than "by 14:32".
_ROUND = timedelta(minutes=5)
# Where a severity has no cadence a first notice promises this much.
_LONGEST_SILENCE = timedelta(days=1)


def sweep(*, now: datetime) -> int:
    """Do whatever is missing at `now`; how many acts that were. Done again it is 0."""
    gathered = gather(now=now)
    policy = triage.Policy(settings.INCIDENT_REOPEN_WITHIN, settings.INCIDENT_GROUP_WITHIN)
    todo = triage.actions(
        gathered.services, gathered.edges, gathered.incidents, now=now, policy=policy
    )
    done = 0
    for action in todo:
        failpoint("sweep: before an act")
        done += _do(action, gathered, now)
        failpoint("sweep: after an act")
    return done


def _do(action: triage.Action, gathered: Gathered, now: datetime) -> bool:
    match action:
        case triage.Open():
            return _open(action, gathered, now)
        case triage.Join():
            return _join(action, gathered, now)
        case triage.Reopen():
            return _reopen(action, now)
        case triage.Worsen():
            return _worsen(action.incident, action.outage, gathered, now)
        case triage.Recover():
            return _recover(action.incident, int(action.service), action.at, now)
        case triage.Relapse():
            return _relapse(action.incident, action.outage, now)
        case triage.ResolveItself():
            return _resolve_itself(action.incident, action.at, now)


# --- opening ------------------------------------------------------------------------------------


def _open(action: triage.Open, gathered: Gathered, now: datetime) -> bool:
    try:
        with transaction.atomic():
            _opened(action, gathered, now)
    except IntegrityError:
        # Somebody was first. Should the incident of this very outage be over, it is not.
        return sum(_claim_again(outage, gathered, now) for outage in action.outages) > 0
    return True


def _opened(action: triage.Open, gathered: Gathered, now: datetime) -> None:
    outages = action.outages
    rows = {row.pk: row for row in gathered.rows(int(one.service) for one in outages)}
    health = max((one.health for one in outages), key=lambda one: one is Health.MAJOR_OUTAGE)
    template, title = _first_words(rows.values(), health, gathered)
    severity = suggest_for(
        rows.values(), health, channels_down=sum(len(one.channels) for one in outages)
    )
    incident = Incident(
        kind=Kind.INCIDENT,
        phase=Phase.INVESTIGATING,
        severity=severity,
        suggested_severity=severity,
        agency_id=outages[0].agency,
        started_at=min(one.started_at for one in outages),
        # Nobody could have told of it while it was covered.
        confirmed_at=max(_told_from(one) for one in outages),
        opened_at=now,
        changed_at=now,
        title_ar=title.ar,
        title_en=title.en,
    )
    written = Written(incident, actor=None, now=now)
    failpoint("open: before the incident")
    incident.save()
    failpoint("open: after the incident")
    for outage in outages:
        _list(incident, outage, now)
        failpoint("open: after a service")
    if settings.INCIDENT_HOLDING_NOTICES:
        failpoint("open: before the notice")
        updates.add(incident, _holding(incident, template, now), author=None, now=now)
        failpoint("open: after the notice")
    public = [row.public_id for row in rows.values()]
    written.save(
        "open",
        EntryKind.OPENED,
        is_public=True,
        facts={"services": public},
        event="incident.opened",
    )
    failpoint("open: after the event")
    _absorb_all(action.absorbs, incident, now)


def _told_from(outage: Outage) -> datetime:
    """Since when there was something to tell: not before its cover ended."""
    return max(outage.confirmed_at, outage.cover_ended_at or outage.confirmed_at)


def _list(incident: Incident, outage: Outage, now: datetime) -> None:
    ListedService.objects.create(
        incident=incident,
        service_id=int(outage.service),
        listed_at=now,
        outage_started_at=outage.started_at,
        cover_ended_at=outage.cover_ended_at,
        told_health=outage.health.value,
    )


def _first_words(
    rows: Collection[Service], health: Health, gathered: Gathered
) -> tuple[Template, Bilingual]:
    """The template of the first notice, and the title with its services named."""
    is_shared = any(row.is_shared for row in rows)
    affected = len(rows)
    if is_shared:
        affected = len(queries.reach([row.pk for row in rows]).dependants)
    template = texts.which(
        services=affected,
        is_shared=is_shared,
        health=health,
        has_working_channel=health is Health.PARTIAL_OUTAGE,
    )
    filled = updates.filling_of(rows, is_shared=is_shared, affected=affected, at=gathered.now)
    return template, updates.titled(template, filled)


def _holding(incident: Incident, template: Template, now: datetime) -> NewText:
    return NewText(
        texts.TEMPLATES[template],
        phase=Phase.INVESTIGATING,
        next_update_by=promise(incident, now),
    )


def promise(incident: Incident, now: datetime) -> datetime:
    """By when an automatic notice promises the next one: its cadence, in whole five minutes."""
    facts = replace(queries.clock_facts(incident), last_notice_at=now, promised_next_at=None)
    due_at = clocks.next_update_by(facts, queries.clock_policy(), queries.office_hours())
    due_at = due_at or now + _LONGEST_SILENCE
    rest = timedelta(
        minutes=due_at.minute % 5, seconds=due_at.second, microseconds=due_at.microsecond
    )
    # Never later than the clock: an early promise is kept more easily than a broken one mended.
    return due_at - rest if due_at - rest > now else due_at


def _absorb_all(ids: Iterable[int], into: Incident, now: datetime) -> None:
    for pk in ids:
        failpoint("absorb: before the incident")
        _absorb(pk, into, now)
        failpoint("absorb: after the event")


def _absorb(pk: int, into: Incident, now: datetime) -> None:
    """Let the upstream's incident take this one in, unless somebody took it up (rule 13)."""
    incident = locked(pk)
    if not incident.is_open or incident.acknowledged_at is not None:
        return
    written = Written(incident, actor=None, now=now)
    updates.close(incident, by=None, now=now)
    incident.absorbed_into = into
    written.save(
        "absorb",
        EntryKind.ABSORBED,
        is_public=True,
        facts={"ref": into.ref},
        event="incident.absorbed",
        payload={"into": into.ref},
    )


def _claim_again(outage: Outage, gathered: Gathered, now: datetime) -> bool:
    """Reopen the incident that has the row of this outage, where it is over (rule 19)."""
    row = (
        ListedService.objects.filter(
            service=int(outage.service),
            outage_started_at=outage.started_at,
            cover_ended_at=outage.cover_ended_at,
            incident__resolved_at__isnull=False,
        )
        .select_related("incident")
        .first()
    )
    if row is None:
        return False
    if row.incident.absorbed_into_id is None:
        return _reopen(triage.Reopen(row.incident_id, outage), now)
    # An upstream's incident took it in, so long ago that nobody remembers when that upstream was
    # good again, or the two have been parted since: the taking in names the rest of the outage.
    taken_at = row.incident.resolved_at
    if outage.cover_ended_at is not None and (
        taken_at is None or taken_at <= outage.cover_ended_at
    ):
        return False
    return _open(triage.Open((replace(outage, cover_ended_at=taken_at),)), gathered, now)


@transaction.atomic
def _join(action: triage.Join, gathered: Gathered, now: datetime) -> bool:
    incident, outage = locked(action.incident), action.outage
    service_id = int(outage.service)
    if not incident.is_open or incident.services.filter(service=service_id).exists():
        return False
    written = Written(incident, actor=None, now=now)
    failpoint("join: before the service")
    try:
        with transaction.atomic():
            _list(incident, outage, now)
    except IntegrityError:
        return False
    failpoint("join: after the service")
    incident.restored_at = None
    if incident.acknowledged_at is None:
        _judge_again(incident, gathered)
    service = Service.objects.get(pk=service_id)
    written.save(
        "join",
        EntryKind.JOINED,
        is_public=True,
        facts={"services": [service.public_id]},
        event="incident.changed",
        payload={"service": service.public_id},
    )
    failpoint("join: after the event")
    _absorb_all(action.absorbs, incident, now)
    return True


def _judge_again(incident: Incident, gathered: Gathered) -> Template:
    """Severity and title follow what it lists, until somebody has it; the notice that would fit."""
    listed = list(incident.services.select_related("service__agency"))
    rows = [row.service for row in listed]
    healths = [Health(row.told_health) for row in listed if row.told_health]
    health = max(healths, key=lambda one: one is Health.MAJOR_OUTAGE)
    template, title = _first_words(rows, health, gathered)
    incident.title_ar, incident.title_en = title.ar, title.en
    suggested = suggest_for(rows, health, channels_down=len(rows))
    if incident.severity == incident.suggested_severity:
        # Never milder while nobody has looked at it.
        incident.severity = min(incident.severity, suggested)
    incident.suggested_severity = suggested
    return template


# --- what becomes of an open one ----------------------------------------------------------------


@transaction.atomic
def _reopen(action: triage.Reopen, now: datetime) -> bool:
    incident, outage = locked(action.incident), action.outage
    if incident.is_open:
        return False
    written = Written(incident, actor=None, now=now)
    open_again(incident, now=now)
    failpoint("reopen: before the service")
    incident.services.filter(service=int(outage.service)).update(
        restored_at=None, told_health=outage.health.value
    )
    failpoint("reopen: after the service")
    if settings.INCIDENT_HOLDING_NOTICES:
        said = NewText(
            texts.TEMPLATES[Template.REOPENED],
            phase=Phase.INVESTIGATING,
            next_update_by=promise(incident, now),
        )
        update = updates.add(incident, said, author=None, now=now)
        failpoint("reopen: after the notice")
        if incident.acknowledged_at is not None:
            updates.announce(incident, update, now=now)
    written.save(
        "reopen",
        EntryKind.REOPENED,
        is_public=True,
        facts={"services": _public_ids([outage])},
        event="incident.reopened",
    )
    failpoint("reopen: after the event")
    _absorb_all(action.absorbs, incident, now)
    return True


@transaction.atomic
def _worsen(pk: int, outage: Outage, gathered: Gathered, now: datetime) -> bool:
    incident, row = _held(pk, outage.service)
    if row is None or (row.told_health and rank(Health(row.told_health)) >= rank(outage.health)):
        return False
    written = Written(incident, actor=None, now=now)
    before = row.told_health
    row.told_health = outage.health.value
    failpoint("worsen: before the service")
    row.save(update_fields=["told_health"])
    failpoint("worsen: after the service")
    if before and incident.opened_by_id is None and incident.acknowledged_at is None:
        template = _judge_again(incident, gathered)
        if settings.INCIDENT_HOLDING_NOTICES:
            # What the first notice said is less than what is true by now.
            updates.add(incident, _holding(incident, template, now), author=None, now=now)
            failpoint("worsen: after the notice")
    written.save(
        "worsen",
        EntryKind.WORSENED,
        is_public=True,
        facts={
            "services": _public_ids([outage]),
            "from": before,
            "to": outage.health.value,
        },
        event="incident.worsened",
        payload={"service": row.service.public_id},
    )
    failpoint("worsen: after the event")
    return True


@transaction.atomic
def _recover(pk: int, service_id: int, at: datetime, now: datetime) -> bool:
    incident, row = _held(pk, str(service_id))
    if row is None or row.restored_at is not None:
        return False
    written = Written(incident, actor=None, now=now)
    row.restored_at = at
    failpoint("recover: before the service")
    row.save(update_fields=["restored_at"])
    failpoint("recover: after the service")
    if not incident.services.exclude(told_health="").filter(restored_at=None).exists():
        incident.restored_at = at
    written.save(
        "recover",
        EntryKind.RECOVERED,
        is_public=True,
        facts={"services": [row.service.public_id], "since": at},
        event="incident.recovered",
        payload={"service": row.service.public_id},
    )
    failpoint("recover: after the event")
    return True


@transaction.atomic
def _relapse(pk: int, outage: Outage, now: datetime) -> bool:
    incident, row = _held(pk, outage.service)
    if row is None or row.restored_at is None:
        return False
    written = Written(incident, actor=None, now=now)
    row.restored_at = None
    failpoint("relapse: before the service")
    row.save(update_fields=["restored_at"])
    failpoint("relapse: after the service")
    incident.restored_at = None
    written.save(
        "relapse",
        EntryKind.RELAPSED,
        is_public=True,
        facts={"services": _public_ids([outage])},
        event="incident.worsened",
        payload={"service": row.service.public_id},
    )
    failpoint("relapse: after the event")
    return True


@transaction.atomic
def _resolve_itself(pk: int, at: datetime, now: datetime) -> bool:
    incident = locked(pk)
    if not incident.is_open or incident.acknowledged_at is not None:
        return False
    written = Written(incident, actor=None, now=now)
    incident.restored_at = at
    was_told = incident.first_notice_at is not None
    failpoint("resolve: before the notice")
    if was_told:
        said = NewText(texts.TEMPLATES[Template.RESOLVED_ITSELF], phase=Phase.RESOLVED)
        update = updates.add(incident, said, author=None, now=now)
        failpoint("resolve: after the notice")
        if updates.was_announced(incident):
            updates.announce(incident, update, now=now)
    updates.close(incident, by=None, now=now)
    written.save(
        "resolve",
        EntryKind.RESOLVED,
        is_public=was_told,
        facts={"itself": True},
        event="incident.resolved",
    )
    failpoint("resolve: after the event")
    return True


def _held(pk: int, service: str) -> tuple[Incident, ListedService | None]:
    """The incident under its lock with one of the services it lists; None where that is over."""
    incident = locked(pk)
    row = incident.services.select_related("service").filter(service=int(service)).first()
    return incident, row if incident.is_open else None


def _public_ids(outages: Iterable[Outage]) -> list[str]:
    ids = [int(outage.service) for outage in outages]
    return list(
        Service.objects.filter(pk__in=ids).order_by("slug").values_list("public_id", flat=True)
    )
