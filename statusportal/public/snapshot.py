"""Building the snapshot: the one place where stored facts become the public truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.models import Agency
from core.bilingual import Bilingual
from incidents import queries as incident_queries
from incidents.models import Declaration, Entry, Incident, ListedService, Override, Update
from incidents.queries import published
from maintenance import queries as window_queries
from maintenance.models import Step, Window
from maintenance.queries import announced
from services import queries
from services.queries import CatalogueRows
from services.status.rollup import fresh_for
from statusportal.public.shape import (
    AgencyFact,
    Archive,
    ArchivedMonth,
    CategoryFact,
    ChannelFact,
    CheckFact,
    EdgeFact,
    EntryFact,
    IncidentFact,
    ListedFact,
    Measure,
    OverrideFact,
    ServiceFact,
    Snapshot,
    StepFact,
    Truth,
    UpdateFact,
    VersionFact,
    WindowedService,
    WindowFact,
    version_of,
)


def build(*, now: datetime, archive: tuple[ArchivedMonth, ...] = ()) -> Snapshot:
    """The snapshot as the database has it at `now`; `archive` lists the months told apart.

    21 SQL statements at most, however many services, windows and incidents.
    """
    locations = queries.locations()
    rows = queries.catalogue_rows()
    truth = Truth(
        agencies=tuple(
            AgencyFact(code=row.code, name=row.name, phone=row.phone, url=row.url)
            for row in Agency.objects.all()
        ),
        categories=tuple(
            CategoryFact(slug=row.slug, name=row.name) for row in queries.categories()
        ),
        services=tuple(_service(row, rows, now) for row in rows.services),
        edges=tuple(
            EdgeFact(upstream, dependant, kind, channel, _text(arabic, english))
            for upstream, dependant, kind, channel, arabic, english in queries.edges()
        ),
        windows=tuple(_window(row) for row in announced(now)),
        incidents=tuple(incident_fact(row) for row in published(now)),
        archive=archive,
        locations=tuple(locations),
        doubts=tuple(queries.open_doubts()),
        is_demo=settings.DEMO,
    )
    return Snapshot(
        truth=truth,
        built_at=now,
        observed=_observed(truth.services, rows, locations),
        version=version_of(truth),
    )


def archives(
    spans: Mapping[str, tuple[datetime, datetime]],
    *,
    incidents_before: datetime,
    windows_before: datetime,
) -> list[Archive]:
    """What was over before these instants, for each of the months in `spans`.

    11 SQL statements at most, however many months and however much stands in them.
    """
    incidents = [
        incident_fact(row) for row in incident_queries.archived(spans.values(), incidents_before)
    ]
    windows = [_window(row) for row in window_queries.archived(spans.values(), windows_before)]
    return [
        Archive(
            month,
            incidents=tuple(one for one in incidents if start <= one.started_at < end),
            windows=tuple(one for one in windows if start <= one.starts_at < end),
        )
        for month, (start, end) in spans.items()
    ]


def _service(row: tuple[Any, ...], rows: CatalogueRows, now: datetime) -> ServiceFact:
    (
        pk,
        public_id,
        slug,
        name_ar,
        name_en,
        agency,
        category,
        tier,
        visibility,
        description_ar,
        description_en,
        aliases_ar,
        aliases_en,
        is_shared,
        is_beta,
        audience,
        phone,
        hours_ar,
        hours_en,
        meanwhile_ar,
        meanwhile_en,
        created_at,
    ) = row
    is_urgent = tier == 1 or is_shared
    return ServiceFact(
        id=public_id,
        slug=slug,
        name=Bilingual(name_ar, name_en),
        agency=agency,
        category=category or "",
        tier=tier,
        visibility=visibility,
        description=_text(description_ar, description_en),
        aliases_ar=_lines(aliases_ar),
        aliases_en=_lines(aliases_en),
        shared=is_shared,
        beta=is_beta,
        audience=tuple(audience),
        phone=phone,
        hours=_text(hours_ar, hours_en),
        meanwhile=_text(meanwhile_ar, meanwhile_en),
        channels=tuple(
            _channel(channel, rows, is_urgent, now) for channel in rows.channels.get(pk, ())
        ),
        created_at=created_at,
    )


_NO_TEXT = Bilingual()


def _text(arabic: str, english: str) -> Bilingual:
    # One for all the texts that nobody wrote.
    return Bilingual(arabic, english) if arabic or english else _NO_TEXT


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip()) if text else ()


def _channel(
    row: tuple[Any, ...], rows: CatalogueRows, is_urgent: bool, now: datetime
) -> ChannelFact:
    pk, kind, url, phone, hours_ar, hours_en = row
    return ChannelFact(
        id=pk,
        kind=kind,
        url=url,
        phone=phone,
        hours=_text(hours_ar, hours_en),
        checks=tuple(_check(check, rows, is_urgent, now) for check in rows.checks.get(pk, ())),
    )


def _check(row: tuple[Any, ...], rows: CatalogueRows, is_urgent: bool, now: datetime) -> CheckFact:
    pk, is_essential, interval_seconds, timeout_seconds = row
    return CheckFact(
        id=pk,
        essential=is_essential,
        fresh_for=_fresh_for_s(interval_seconds, timeout_seconds, is_urgent),
        measures=tuple(
            Measure(
                location=location,
                health=health,
                since=since,
                reason=reason,
                # Only while it counts: an instant long gone would still move the version.
                unstable_until=unstable_until
                if unstable_until is not None and unstable_until > now
                else None,
            )
            for location, health, since, reason, unstable_until, _seen in rows.states.get(pk, ())
        ),
    )


def _fresh_for_s(interval_s: int | None, timeout_s: int | None, is_urgent: bool) -> float:
    """As Check.interval() and Check.timeout() have it, in seconds (rule 20)."""
    usual = settings.CHECK_INTERVAL_URGENT if is_urgent else settings.CHECK_INTERVAL
    return fresh_for(
        timedelta(seconds=interval_s) if interval_s else usual,
        timedelta(seconds=timeout_s) if timeout_s else settings.CHECK_TIMEOUT,
    ).total_seconds()


def _observed(
    services: Iterable[ServiceFact], rows: CatalogueRows, locations: Sequence[str]
) -> dict[int, tuple[datetime | None, ...]]:
    """When each check was last seen from each location: freshness travels beside the truth."""
    observed = {}
    for service in services:
        for channel in service.channels:
            for check in channel.checks:
                seen = {state[0]: state[-1] for state in rows.states.get(check.id, ())}
                observed[check.id] = tuple(seen.get(location) for location in locations)
    return observed


def incident_fact(row: Incident) -> IncidentFact:
    """What the public is told of an incident; the row comes from incidents.queries.told."""
    public_texts: list[Update] = getattr(row, "public_texts")  # noqa: B009
    public_log: list[Entry] = getattr(row, "public_log")  # noqa: B009
    # `told` gives only those of which the public knows.
    assert row.first_notice_at is not None
    report = getattr(row, "report", None)
    is_handed_in = report is not None and report.submitted_at is not None
    return IncidentFact(
        ref=row.ref,
        kind=row.kind,
        phase=row.phase,
        severity=row.severity,
        title=row.title,
        started_at=row.started_at,
        opened_at=row.opened_at,
        first_notice_at=row.first_notice_at,
        changed_at=row.changed_at,
        agency=row.agency.code if row.agency else "",
        acknowledged_at=row.acknowledged_at,
        expected_return_at=row.expected_return_at,
        next_update_by=row.next_update_by,
        restored_at=row.restored_at,
        resolved_at=row.resolved_at,
        resolved_itself=row.resolved_at is not None
        and row.resolved_by_id is None
        and row.absorbed_into_id is None,
        absorbed_into=row.absorbed_into.ref if row.absorbed_into else "",
        still_works=row.still_works,
        meanwhile=row.meanwhile,
        deadlines=row.deadlines,
        deadlines_until=row.deadlines_until,
        payments=row.payments,
        services=tuple(_listed(listed) for listed in row.services.all()),
        updates=tuple(_updates(public_texts)),
        entries=tuple(
            EntryFact(
                kind=entry.kind,
                at=entry.at,
                services=tuple(entry.facts.get("services", ())),
                ref=entry.facts.get("ref", ""),
            )
            for entry in public_log
        ),
        cause_class=report.cause_class if report is not None and is_handed_in else "",
        summary=report.summary if report is not None and is_handed_in else Bilingual(),
        prevention=report.prevention if report is not None and is_handed_in else Bilingual(),
    )


def _listed(row: ListedService) -> ListedFact:
    declared: list[Declaration] = getattr(row, "declared_now")  # noqa: B009
    overridden: list[Override] = getattr(row, "overridden_now")  # noqa: B009
    return ListedFact(
        id=row.service.public_id,
        channels=tuple(channel.pk for channel in row.channels.all()),
        declared=declared[0].health if declared else "",
        override=OverrideFact(
            health=overridden[0].health,
            measured=overridden[0].measured,
            given_at=overridden[0].given_at,
            expires_at=overridden[0].expires_at,
        )
        if overridden
        else None,
        held={
            int(channel): (
                health,
                datetime.fromisoformat(since) if since else None,
                datetime.fromisoformat(seen_at) if seen_at else None,
            )
            for channel, (health, since, seen_at) in row.held.items()
        },
        restored_at=row.restored_at,
    )


def _updates(texts: Sequence[Update]) -> Iterator[UpdateFact]:
    """The public texts in their newest versions, in order of their first ones."""
    newest = {text.corrects_id: text for text in texts if text.corrects_id is not None}
    for first in texts:
        if first.corrects_id is not None:
            continue
        versions = [first]
        while versions[-1].pk in newest:
            versions.append(newest[versions[-1].pk])
        shown = versions[-1]
        # Only what was published stands in `texts`.
        assert first.published_at is not None
        yield UpdateFact(
            id=first.pk,
            phase=first.phase,
            at=first.published_at,
            html=shown.html,
            text=shown.plain,
            expected_return_at=first.expected_return_at,
            next_update_by=first.next_update_by,
            corrected_at=shown.published_at if len(versions) > 1 else None,
            earlier=tuple(
                VersionFact(version.published_at or first.published_at, version.html)
                for version in versions[:-1]
            ),
            is_automatic=first.author_id is None,
        )


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
