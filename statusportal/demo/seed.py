"""Writes the demo nation into an empty catalogue; what is there already is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from accounts.models import Agency, Role, User
from incidents.models import Incident
from services.catalogue import host_of, schedule_check
from services.heartbeats import make_token
from services.labels import Network
from services.models import (
    Category,
    Channel,
    Check,
    CheckState,
    Edge,
    Location,
    ReferenceTarget,
    Service,
    StatusChange,
)
from statusportal.demo import history, incidents, nation, people, windows
from statusportal.demo.nation import Endpoint
from statusportal.demo.plan import SLOW_AFTER_S, Plan, check_of, prepare, secrets_of, write_private

# Any number will do, as long as nothing else locks it.
_LOCK = 0x5EED_DE40
_LOCATION = "main"
# What staff read of the checks beside the essential one.
_PART_NAMES = {"": "", "payment": "Payment step", "batch": "Nightly transfer to the banks"}


@dataclass(frozen=True, slots=True)
class Seeded:
    """How many rows were written; all nought when the catalogue was not empty."""

    services: int = 0
    checks: int = 0
    changes: int = 0
    # Of a demo from before, to which something was added.
    added: int = 0


def seed(*, now: datetime, folder: Path, base_port: int) -> Seeded:
    """Fill an empty catalogue with the demo nation in one transaction, and `folder` with its files.

    With services in the catalogue it leaves every row as it is, for people may have edited it,
    and adds only what an older demo had not. Raises statusportal.demo.plan.PlanError where no
    ports are free.
    """
    plan = prepare(folder, base=base_port)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two seeds at once would both find the catalogue empty.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if Service.objects.exists():
            return Seeded(added=_complete(plan, now))
        agencies = _write_agencies()
        services = _write_services(agencies)
        _write_edges(services)
        checks = _write_checks(services, plan, now)
        changes = _write_history(checks, now)
        _write_references(plan)
        # Last, because a file cannot be rolled back.
        people.write(agencies, folder, now)
        requester, supervisor = _one_who_is(Role.OPERATOR), _one_who_is(Role.SUPERVISOR)
        # People who were there before may have lost their roles since.
        if requester is not None and supervisor is not None:
            windows.write(now=now, requester=requester, supervisor=supervisor)
        _write_incidents(now)
        for endpoint, check in checks:
            if not endpoint.listens:
                _write_token(endpoint, check, plan, now)
    return Seeded(services=len(services), checks=len(checks), changes=changes)


def _write_agencies() -> dict[str, Agency]:
    rows = Agency.objects.bulk_create(
        Agency(
            code=one.code,
            name_ar=one.name.ar,
            name_en=one.name.en,
            phone=one.phone,
            url=one.url,
            position=position,
        )
        for position, one in enumerate(nation.agencies(), 1)
    )
    return {row.code: row for row in rows}


def _write_services(agencies: dict[str, Agency]) -> dict[str, Service]:
    categories = {
        row.slug: row
        for row in Category.objects.bulk_create(
            Category(slug=one.slug, name_ar=one.name.ar, name_en=one.name.en, position=position)
            for position, one in enumerate(nation.categories(), 1)
        )
    }
    rows = Service.objects.bulk_create(
        Service(
            slug=one.slug,
            agency=agencies[one.agency.code],
            category=categories[one.category] if one.category else None,
            name_ar=one.name.ar,
            name_en=one.name.en,
            description_ar=one.description.ar,
            description_en=one.description.en,
            aliases_ar="\n".join(one.aliases_ar),
            aliases_en="\n".join(one.aliases_en),
            tier=one.tier,
            is_shared=one.is_shared,
            audience=[str(audience) for audience in one.audience],
            phone=one.agency.phone,
            hours_ar=one.agency.service_hours.ar,
            hours_en=one.agency.service_hours.en,
            meanwhile_ar=one.meanwhile.ar,
            meanwhile_en=one.meanwhile.en,
            visibility=one.visibility,
            position=one.position,
        )
        for one in nation.services()
    )
    return {row.slug: row for row in rows}


def _write_edges(services: dict[str, Service]) -> None:
    Edge.objects.bulk_create(
        Edge(
            upstream=services[need.upstream],
            dependant=services[one.slug],
            kind=str(need.kind),
            alternative_ar=need.alternative.ar,
            alternative_en=need.alternative.en,
        )
        for one in nation.services()
        for need in one.needs
    )


def _write_checks(
    services: dict[str, Service], plan: Plan, now: datetime
) -> list[tuple[Endpoint, Check]]:
    channels = {
        (row.service.slug, row.kind): row
        for row in Channel.objects.bulk_create(
            Channel(
                service=services[one.slug],
                kind=channel.kind,
                url=channel.url,
                phone=channel.phone,
                hours_ar=channel.hours.ar,
                hours_en=channel.hours.en,
                position=position,
            )
            for one in nation.services()
            for position, channel in enumerate(one.channels, 1)
        )
    }
    endpoints = nation.endpoints()
    checks = [
        _check(endpoint, channels[endpoint.slug, endpoint.channel], plan) for endpoint in endpoints
    ]
    for number, check in enumerate(checks):
        # Spread over the interval, so that the first round is as even as all later ones.
        check.next_due_at = now + check.interval() * number / len(checks)
    Check.objects.bulk_create(checks)
    CheckState.objects.bulk_create(
        CheckState(check_ref=check, location=location)
        for check in checks
        for location in Location.objects.filter(is_enabled=True)
    )
    return list(zip(endpoints, checks, strict=True))


def _check(endpoint: Endpoint, channel: Channel, plan: Plan) -> Check:
    kind, spec = check_of(endpoint, plan.port(endpoint))
    check = Check(
        channel=channel,
        name=_PART_NAMES[endpoint.part],
        kind=kind,
        spec=spec,
        is_essential=endpoint.is_essential,
        slow_after_ms=int(SLOW_AFTER_S * 1000),
        network=endpoint.network,
        host=host_of(spec),
    )
    check.secrets = secrets_of(endpoint, plan)
    return check


def _write_references(plan: Plan) -> int:
    """What shows that each network is whole, where it is missing; how many were."""
    location = Location.objects.get(code=_LOCATION)
    made = 0
    for endpoint in nation.references():
        kind, spec = check_of(endpoint, plan.port(endpoint))
        _row, is_new = ReferenceTarget.objects.get_or_create(
            location=location,
            network=endpoint.network,
            name=endpoint.slug,
            defaults={"kind": kind, "spec": spec},
        )
        made += is_new
    return made


def _write_token(endpoint: Endpoint, check: Check, plan: Plan, now: datetime) -> None:
    _row, token = make_token(check=check, now=now)
    write_private(plan.token_file(endpoint), token)


def _write_incidents(now: datetime) -> int:
    """The demo's incidents, where there are none yet and somebody who could have run them."""
    operator, supervisor = _one_who_is(Role.OPERATOR), _one_who_is(Role.SUPERVISOR)
    if operator is None or supervisor is None or Incident.objects.filter(is_demo=True).exists():
        return 0
    there = set(Service.objects.values_list("slug", flat=True))
    if any(one.slug not in there for one in nation.services()):
        # Somebody made another catalogue of it: the stories would tell of what is gone.
        return 0
    return incidents.write(now=now, operator=operator, supervisor=supervisor)


def _complete(plan: Plan, now: datetime) -> int:
    """Add what came to the demo after this one was seeded; how many rows."""
    is_older = not ReferenceTarget.objects.exists()
    added = _write_references(plan) + _write_incidents(now) + people.complete(plan.folder, now)
    if is_older:
        inside = {
            endpoint.slug
            for endpoint in nation.endpoints()
            if endpoint.network is Network.GOVERNMENT
        }
        checks = Check.objects.filter(channel__service__slug__in=inside)
        checks.update(network=Network.GOVERNMENT)
    for endpoint in nation.endpoints():
        # A token was made once: whoever removed its check meant it.
        if endpoint.listens or plan.token_file(endpoint).exists():
            continue
        channel = Channel.objects.filter(service__slug=endpoint.slug, kind=endpoint.channel).first()
        if channel is not None:
            check = _check(endpoint, channel, plan)
            check.save()
            schedule_check(check=check, now=now)
            _write_token(endpoint, check, plan, now)
            added += 1
    return added


def _write_history(checks: list[tuple[Endpoint, Check]], now: datetime) -> int:
    location = Location.objects.get(code=_LOCATION)
    chains = history.generate(
        [endpoint for endpoint, _check in checks], now=now, zone=ZoneInfo(settings.TIME_ZONE)
    )
    rows = StatusChange.objects.bulk_create(
        (
            StatusChange(
                service=check.channel.service,
                channel=check.channel,
                check_ref=check,
                location=location,
                from_health=change.from_health.value,
                to_health=change.to_health.value,
                at=change.at,
                confirmed_at=change.confirmed_at,
                reason=None if change.reason is None else change.reason.value,
                is_demo=True,
            )
            for endpoint, check in checks
            for change in chains[endpoint.key]
        ),
        batch_size=1000,
    )
    return len(rows)


def _one_who_is(role: Role) -> User | None:
    return User.objects.filter(memberships__role=role).order_by("pk").first()
