"""Building the snapshot: the one place where stored facts become the public truth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from accounts.models import Agency
from core.bilingual import Bilingual, of
from maintenance.models import Step, Window
from maintenance.queries import announced
from services import queries
from services.models import Channel, Check, Service
from services.status.machine import GAP_INTERVALS
from statusportal.public.shape import (
    AgencyFact,
    CategoryFact,
    ChannelFact,
    CheckFact,
    EdgeFact,
    Measure,
    ServiceFact,
    Snapshot,
    StepFact,
    Truth,
    WindowedService,
    WindowFact,
    version_of,
)


def build(*, now: datetime) -> Snapshot:
    """The snapshot as the database has it at `now`.

    14 SQL statements at most, however many services and windows.
    """
    locations = queries.locations()
    services = list(queries.catalogue())
    truth = Truth(
        agencies=tuple(
            AgencyFact(code=row.code, name=row.name, phone=row.phone, url=row.url)
            for row in Agency.objects.all()
        ),
        categories=tuple(
            CategoryFact(slug=row.slug, name=row.name) for row in queries.categories()
        ),
        services=tuple(_service(row, now) for row in services),
        edges=tuple(
            EdgeFact(
                upstream=row.upstream.public_id,
                dependant=row.dependant.public_id,
                kind=row.kind,
                channel=row.channel_id,
                alternative=of(row, "alternative"),
            )
            for row in queries.edges()
        ),
        windows=tuple(_window(row) for row in announced(now)),
        locations=tuple(locations),
        doubts=tuple(queries.open_doubts()),
        is_demo=settings.DEMO,
    )
    return Snapshot(
        truth=truth,
        built_at=now,
        observed=_observed(services, locations),
        version=version_of(truth),
    )


def _service(row: Service, now: datetime) -> ServiceFact:
    return ServiceFact(
        id=row.public_id,
        slug=row.slug,
        name=row.name,
        agency=row.agency.code,
        category=row.category.slug if row.category else "",
        tier=row.tier,
        visibility=row.visibility,
        description=row.description,
        aliases_ar=_lines(row.aliases_ar),
        aliases_en=_lines(row.aliases_en),
        shared=row.is_shared,
        beta=row.is_beta,
        audience=tuple(row.audience),
        phone=row.phone,
        hours=row.hours,
        meanwhile=row.meanwhile,
        channels=tuple(_channel(channel, row, now) for channel in row.channels.all()),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _channel(row: Channel, service: Service, now: datetime) -> ChannelFact:
    # Known already; without it every check would fetch its channel and service again.
    row.service = service
    return ChannelFact(
        id=row.pk,
        kind=row.kind,
        url=row.url,
        phone=row.phone,
        hours=row.hours,
        checks=tuple(_check(check, row, now) for check in row.checks.all()),
    )


def _check(row: Check, channel: Channel, now: datetime) -> CheckFact:
    row.channel = channel
    fresh_for = GAP_INTERVALS * row.interval() + row.timeout()
    return CheckFact(
        id=row.pk,
        essential=row.is_essential,
        fresh_for=fresh_for.total_seconds(),
        measures=tuple(
            Measure(
                location=state.location.code,
                health=state.health,
                since=state.since,
                reason=state.reason,
                # Only while it counts: an instant long gone would still move the version.
                unstable_until=state.unstable_until
                if state.unstable_until is not None and state.unstable_until > now
                else None,
            )
            for state in row.states.all()
            if state.location.is_enabled
        ),
    )


def _observed(
    services: Sequence[Service], locations: Sequence[str]
) -> dict[int, tuple[datetime | None, ...]]:
    """When each check was last seen from each location: freshness travels beside the truth."""
    observed = {}
    for service in services:
        for channel in service.channels.all():
            for check in channel.checks.all():
                seen = {state.location.code: state.last_started_at for state in check.states.all()}
                observed[check.pk] = tuple(seen.get(location) for location in locations)
    return observed


def _window(row: Window) -> WindowFact:
    # Fetched beside the rows, by `announced` alone.
    public_steps: list[Step] = getattr(row, "public_steps")  # noqa: B009
    # `announced` gives only what somebody approved, with its public steps.
    assert row.approved_at is not None
    return WindowFact(
        ref=row.ref,
        agency=row.agency.code,
        effect=row.effect,
        kind=row.kind,
        state=row.state,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        announced_end_at=row.announced_end_at or row.ends_at,
        approved_at=row.approved_at,
        changed_at=row.changed_at,
        sequence=row.sequence,
        completed_at=row.completed_at,
        cancelled_at=row.cancelled_at,
        moved_to=row.moved_to.ref if row.moved_to else "",
        text=row.text,
        still_works=row.still_works,
        meanwhile=row.meanwhile,
        deadlines=row.deadlines,
        deadlines_until=row.deadlines_until,
        payments=row.payments,
        services=tuple(
            WindowedService(
                named.service.public_id, tuple(channel.pk for channel in named.channels.all())
            )
            for named in row.services.all()
        ),
        steps=tuple(
            StepFact(
                kind=step.kind,
                at=step.at,
                starts_at=step.starts_at,
                ends_at=step.ends_at,
                note=Bilingual(step.note_ar, step.note_en),
            )
            for step in public_steps
        ),
    )
