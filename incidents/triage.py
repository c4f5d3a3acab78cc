"""What the sweep has to do, from what is measured, announced and open: pure (rules 13, 18, 19).

Level-triggered: it looks at what is, never at what changed, so nothing that was missed stays so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from incidents.outages import (
    IncidentNow,
    Outage,
    ServiceNow,
    outages,
    picture,
    upstreams_of,
)
from services.status.cascade import Edge, EdgeKind
from services.status.explaining import Decision, OpenIncident, Upstream, absorbed, decide
from services.status.health import Health, rank

# --- what there is to do ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """One new incident for outages of one agency; it absorbs incidents of its dependants."""

    outages: tuple[Outage, ...]
    absorbs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """The outage belongs to an incident that its agency has open since the same minutes; it
    absorbs as one that opens does."""

    incident: int
    outage: Outage
    absorbs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reopen:
    """The outage outlived the end of its incident, or came right after it (rule 19); it absorbs
    as one that opens does."""

    incident: int
    outage: Outage
    absorbs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Worsen:
    """A listed service is worse than was told (rule 18)."""

    incident: int
    outage: Outage


@dataclass(frozen=True, slots=True)
class Recover:
    """A listed service is measured good since `at`."""

    incident: int
    service: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Relapse:
    """A listed service that had recovered is down again."""

    incident: int
    outage: Outage


@dataclass(frozen=True, slots=True)
class ResolveItself:
    """Nobody took it up and all its services recovered: it ends, and says so (rule 19)."""

    incident: int
    at: datetime


Action = Open | Join | Reopen | Worsen | Recover | Relapse | ResolveItself


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of rules 18 and 19."""

    reopen_within: timedelta = timedelta(minutes=15)
    group_within: timedelta = timedelta(minutes=2)


# --- the decision -------------------------------------------------------------------------------


def actions(
    services: Mapping[str, ServiceNow],
    edges: Sequence[Edge],
    incidents: Collection[IncidentNow],
    *,
    now: datetime,
    policy: Policy,
) -> list[Action]:
    """Everything that the sweep has to do at `now` (rules 13, 18 and 19); nothing, done again.

    `incidents` are the open ones and those that were resolved lately enough to matter.
    """
    found = outages(services, now)
    current = [one for one in incidents if one.resolved_at is None]
    listed = {name for one in current for name in one.services}
    todo: list[Action] = []
    for incident in sorted(current, key=lambda one: one.id):
        todo += _about(incident, services, found, now)

    nation = picture(services, edges, now)
    causes = {name: upstreams_of(outage, nation) for name, outage in found.items()}
    judged = {
        name: decide(
            outage.health,
            outage.confirmed_at,
            causes[name],
            interval=services[name].interval,
            confirmation=services[name].confirmation,
            now=now,
        )
        for name, outage in found.items()
    }
    # Taken in, these would only come back as incidents of their own.
    unexplained = {name for name in found if judged[name] is not Decision.EXPLAINED}
    takes_in = _Absorbing(current, edges, unexplained, now)
    fresh: list[Outage] = []
    for name in sorted(found, key=lambda one: (found[one].started_at, one)):
        if name in listed or judged[name] is not Decision.OPEN:
            continue
        outage = _with_cover(found[name], causes[name], incidents)
        reopened = _to_reopen(outage, incidents, policy)
        if reopened is not None:
            todo.append(Reopen(reopened, outage, takes_in({name})))
            continue
        fresh.append(outage)
    todo += _grouped(fresh, current, takes_in, policy)
    return todo


def _about(
    incident: IncidentNow,
    services: Mapping[str, ServiceNow],
    found: Mapping[str, Outage],
    now: datetime,
) -> list[Action]:
    todo: list[Action] = []
    restored: list[datetime | None] = []
    for name, listed in sorted(incident.services.items()):
        outage = found.get(name)
        if outage is not None:
            restored.append(None)
            if listed.told is None or rank(outage.health) > rank(listed.told):
                todo.append(Worsen(incident.id, outage))
            if listed.restored_at is not None:
                todo.append(Relapse(incident.id, outage))
        elif listed.told is None:
            # A person listed it and our checks never saw it fail: nothing to wait for.
            continue
        elif listed.restored_at is not None:
            restored.append(listed.restored_at)
        elif name in services and (at := _recovered(services[name], now)) is not None:
            if at <= (listed.outage_started_at or incident.started_at):
                # What was down is not looked at any more; the others always worked.
                at = now
            restored.append(at)
            todo.append(Recover(incident.id, name, at))
        else:
            restored.append(None)
    at = max((one for one in restored if one is not None), default=None)
    if (
        incident.is_automatic
        and not incident.acknowledged
        and at is not None
        and None not in restored
    ):
        todo.append(ResolveItself(incident.id, at))
    return todo


def _recovered(service: ServiceNow, now: datetime) -> datetime | None:
    """Since when all its channels are measured and none is down; silence is not recovery."""
    measured = [one.measured for one in service.channels.values() if one.measured is not None]
    if not measured or any(
        one in {Health.UNKNOWN, Health.MAJOR_OUTAGE, Health.PARTIAL_OUTAGE} for one in measured
    ):
        return None
    if any(
        one.declared is not None and rank(one.declared) > rank(Health.OPERATIONAL)
        for one in service.channels.values()
    ):
        return None
    instants = [one.recovered_at for one in service.channels.values() if one.recovered_at]
    return min(max(instants, default=now), now)


def _with_cover(
    outage: Outage,
    upstreams: Iterable[Upstream],
    incidents: Iterable[IncidentNow],
) -> Outage:
    """`outage` with the end of what covered it last: a window, or an upstream (rule 18)."""
    ends = [outage.cover_ended_at] if outage.cover_ended_at else []
    ends += [
        one.good_since
        for one in upstreams
        if one.good_since is not None and one.good_since > outage.started_at
    ]
    if not ends:
        # Taken in by its upstream's incident, long enough ago that nobody remembers its end.
        ends = [
            one.resolved_at
            for one in incidents
            if one.absorbed
            and one.resolved_at is not None
            and (listed := one.services.get(outage.service)) is not None
            and listed.outage_started_at == outage.started_at
        ]
    if not ends:
        return outage
    return replace(outage, cover_ended_at=max(ends))


def _to_reopen(outage: Outage, incidents: Iterable[IncidentNow], policy: Policy) -> int | None:
    """The incident whose end this outage disproves (rule 19)."""
    ended = [
        one
        for one in incidents
        if one.resolved_at is not None and not one.absorbed and outage.service in one.services
    ]
    last = max(ended, key=lambda one: (one.resolved_at or one.opened_at, one.id), default=None)
    if last is None or last.resolved_at is None:
        return None
    if outage.cover_ended_at is not None and outage.cover_ended_at > last.resolved_at:
        return None
    return last.id if outage.started_at < last.resolved_at + policy.reopen_within else None


def _grouped(
    fresh: Iterable[Outage],
    current: Collection[IncidentNow],
    takes_in: _Absorbing,
    policy: Policy,
) -> list[Action]:
    """One incident for what fails in one agency within two minutes."""
    todo: list[Action] = []
    groups: dict[int, list[list[Outage]]] = {}
    for outage in fresh:
        joined = next(
            (
                one
                for one in sorted(current, key=lambda one: one.id)
                if one.is_automatic
                and one.agency == outage.agency
                and abs(outage.started_at - one.started_at) <= policy.group_within
            ),
            None,
        )
        if joined is not None:
            taken = takes_in({outage.service}, but=joined.id)
            todo.append(Join(joined.id, outage, taken))
            continue
        of_agency = groups.setdefault(outage.agency, [])
        if of_agency and outage.started_at - of_agency[-1][0].started_at <= policy.group_within:
            of_agency[-1].append(outage)
        else:
            of_agency.append([outage])
    for of_agency in groups.values():
        for group in of_agency:
            names = {outage.service for outage in group}
            todo.append(Open(tuple(group), absorbs=takes_in(names)))
    return todo


@dataclass(frozen=True, slots=True)
class _Absorbing:
    """Which open incidents that of an upstream takes in (rule 13)."""

    current: Collection[IncidentNow]
    edges: Sequence[Edge]
    unexplained: Collection[str]
    now: datetime

    def __call__(self, opened: Collection[str], *, but: int | None = None) -> tuple[int, ...]:
        """The incidents, `but` one, of which all services need one of `opened` and fail for it."""
        below = _hard_dependants(opened, self.edges).difference(self.unexplained)
        return tuple(
            int(ref)
            for ref in absorbed(
                self.now,
                [
                    OpenIncident(
                        ref=str(one.id),
                        opened_at=one.opened_at,
                        acknowledged=one.acknowledged or not one.is_automatic,
                        hard_dependant=bool(one.services) and set(one.services) <= below,
                    )
                    for one in sorted(self.current, key=lambda one: one.id)
                    if one.id != but
                ],
            )
        )


def _hard_dependants(names: Collection[str], edges: Iterable[Edge]) -> set[str]:
    following: dict[str, list[str]] = {}
    for edge in edges:
        if edge.kind is EdgeKind.HARD:
            following.setdefault(edge.upstream, []).append(edge.dependant)
    found, waiting = set(), list(names)
    while waiting:
        for dependant in following.get(waiting.pop(), ()):
            if dependant not in found:
                found.add(dependant)
                waiting.append(dependant)
    return found
