"""What the database holds of one service, as the plain values that its story is told from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from core.bilingual import of
from services import queries
from services.models import Check, CheckState, Service, StatusChange
from services.status.flapping import FlapPolicy, unpack_flapping
from services.status.health import CheckHealth
from services.status.machine import Change, Policy, State, unpack_run
from services.status.observation import Reason
from statusportal.ops.published import PublishedService, published
from statusportal.ops.why import CheckStory, Measured, Place, tell
from statusportal.public import reader, snapshot
from statusportal.public.shape import Snapshot
from statusportal.public.store import store

# How many observations of each check and location are shown.
SHOWN = 20
# A snapshot is published every second: one this old has been left behind.
_BEHIND_AFTER = timedelta(seconds=10)
# A probe may begin a moment before it is due, and the run is sought by what was due.
_EARLY = timedelta(seconds=2)
_NEVER_SEEN = (int(CheckHealth.UNKNOWN), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A service with what is published of it, and its checks' stories by channel.

    `shown` is what the public site has at `now`, None where it has nothing; `stored` is what the
    database would say, only where that is another thing. `may_be_behind` is whether the two were
    compared at all because the snapshot is old, or lacks what the checks say.
    """

    service: Service
    shown: PublishedService | None
    stored: PublishedService | None
    checks: Mapping[int, tuple[CheckStory, ...]]
    flapping: FlapPolicy

    @property
    def believed(self) -> PublishedService | None:
        """What the rest of the page explains: the newest of the two."""
        return self.stored or self.shown


def gather(service: Service, now: datetime) -> Evidence:
    """The evidence of `service`, loaded by `services.queries.service_as_measured`, at `now`.

    Five statements however many checks it has, and those of a snapshot where the published one
    is old, absent, or says another thing of a check than its row.
    """
    flapping = FlapPolicy(window=settings.FLAPPING_WINDOW, quiet=settings.FLAPPING_QUIET)
    checks = {
        channel_id: tuple(tell(check, flapping, now) for check in measured)
        for channel_id, measured in _measured(service, now).items()
    }
    held = store.current()
    instant = reader.step(now)
    shown = None if held is None else published(held.snapshot, service.slug, instant)
    stored = None
    if shown is None or held is None or _is_behind(held.snapshot, checks, now):
        stored = published(snapshot.build(now=now), service.slug, now)
        if stored is not None and shown is not None and stored.says_the_same(shown):
            stored = None
    return Evidence(service, shown, stored, checks, flapping)


def _is_behind(held: Snapshot, checks: Mapping[int, tuple[CheckStory, ...]], now: datetime) -> bool:
    if now - held.built_at > _BEHIND_AFTER:
        return True
    known = {
        (check.id, measure.location): (measure.health, measure.since)
        for service in held.truth.services
        for channel in service.channels
        if channel.id in checks
        for check in channel.checks
        for measure in check.measures
    }
    return any(
        known.get((story.check.id, told.place.code), _NEVER_SEEN)
        != (int(told.place.state.health), told.place.state.since)
        for stories in checks.values()
        for story in stories
        if story.check.is_enabled
        for told in story.places
    )


def _measured(service: Service, now: datetime) -> dict[int, list[Measured]]:
    """The checks of each channel with their places; channels without checks are there, empty."""
    locations = queries.locations_in_use()
    doubts = queries.doubted_since()
    rows = [check for channel in service.channels.all() for check in channel.checks.all()]
    changes = queries.last_changes([row.pk for row in rows])
    everywhere = [(row.pk, location.pk, now + _EARLY) for row in rows for location in locations]
    recent = queries.observations_of(everywhere, SHOWN)
    around = queries.observations_of(
        [
            (check_id, location_id, change.confirmed_at + _EARLY)
            for (check_id, location_id), change in changes.items()
        ],
        SHOWN,
    )

    found: dict[int, list[Measured]] = {}
    for channel in service.channels.all():
        # Known already; without it each check would fetch its channel and service again.
        channel.service = service
        measured = found.setdefault(channel.pk, [])
        for row in channel.checks.all():
            row.channel = channel
            states = {state.location_id: state for state in row.states.all()}
            places = []
            for location in locations:
                key = (row.pk, location.pk)
                state = states.get(location.pk)
                places.append(
                    Place(
                        code=location.code,
                        name=of(location, "name"),
                        state=_state(state),
                        flapping=unpack_flapping(state.flapping if state else {}),
                        change=_change(changes.get(key)),
                        recent=recent.get(key, ()),
                        around=around.get(key, ()),
                        doubted_since=doubts.get((location.pk, row.network)),
                        certificate_days=state.certificate_days if state else None,
                    )
                )
            measured.append(_check(row, tuple(places)))
    return found


def _check(row: Check, places: tuple[Place, ...]) -> Measured:
    return Measured(
        id=row.pk,
        name=row.name,
        kind=row.kind,
        is_essential=row.is_essential,
        is_enabled=row.is_enabled,
        network=row.network,
        policy=Policy(
            interval=row.interval(),
            timeout=row.timeout(),
            fast_interval=settings.CHECK_FAST_INTERVAL,
        ),
        slow_after_ms=row.slow_after_ms,
        is_fast=row.is_fast,
        next_due_at=row.next_due_at,
        places=places,
    )


def _state(row: CheckState | None) -> State:
    if row is None:
        return State()
    return State(
        health=CheckHealth(row.health),
        since=row.since,
        reason=None if row.reason is None else Reason(row.reason),
        last_due_at=row.last_due_at,
        last_started_at=row.last_started_at,
        run=unpack_run(row.run),
    )


def _change(row: StatusChange | None) -> Change | None:
    if row is None:
        return None
    return Change(
        from_health=CheckHealth(row.from_health),
        to_health=CheckHealth(row.to_health),
        at=row.at,
        confirmed_at=row.confirmed_at,
        reason=None if row.reason is None else Reason(row.reason),
    )
