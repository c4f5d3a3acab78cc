"""What holds of the sweep's decisions in every nation, however it came to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from incidents.outages import (
    ChannelNow,
    IncidentNow,
    ListedNow,
    Outage,
    ServiceNow,
    outages,
    picture,
    upstreams_of,
)
from incidents.triage import (
    Action,
    Join,
    Open,
    Recover,
    Relapse,
    Reopen,
    ResolveItself,
    Worsen,
)
from services.status.cascade import Edge
from services.status.explaining import Decision, decide
from services.status.health import Health
from services.status.window import Window
from tests.incidents.pure import (
    ALTERNATIVE,
    HARD,
    MAJOR,
    PARTIAL,
    SILENT,
    SOFT,
    UNWATCHED,
    UP,
    at,
    down,
    edge,
    incident,
    recovered,
    service,
    told,
    triage,
    window,
)

NAMES = ("a", "b", "c", "d", "e")
MOMENTS = st.sampled_from([-400.0, -20.0, -6.0, -5.0, -4.0, -1.0])

channels = st.one_of(
    st.builds(down, MOMENTS),
    st.builds(recovered, MOMENTS),
    st.sampled_from([UP, SILENT, UNWATCHED, ChannelNow(Health.UNKNOWN, held=MAJOR)]),
    st.builds(down, MOMENTS, declared=st.sampled_from([None, MAJOR]), incident_open=st.booleans()),
)
windows: st.SearchStrategy[tuple[Window, ...]] = st.lists(
    st.builds(
        window,
        st.sampled_from(["stopped", "partly", "slow", "none"]),
        starts=st.sampled_from([-410.0, -30.0, -5.0]),
        ends=st.sampled_from([-2.0, 0.0, 60.0]),
        completed=st.sampled_from([None, -1.0]),
    ),
    max_size=2,
).map(tuple)
services_of_one = st.builds(
    service,
    channels,
    agency=st.integers(1, 2),
    app=channels,
    windows=windows,
    bad_run_since=st.sampled_from([None, at(-0.1)]),
)


@st.composite
def nations(draw: st.DrawFn) -> tuple[dict[str, ServiceNow], list[Edge], list[IncidentNow]]:
    services = {name: draw(services_of_one) for name in NAMES}
    edges = [
        edge(upper, lower, draw(st.sampled_from([HARD, SOFT, ALTERNATIVE])), channel)
        for place, upper in enumerate(NAMES)
        for lower in NAMES[place + 1 :]
        for channel in draw(st.lists(st.sampled_from([None, "web"]), max_size=1))
    ]
    incidents: list[IncidentNow] = []
    free = list(NAMES)
    for pk in range(1, draw(st.integers(0, 3)) + 1):
        resolved = draw(st.sampled_from([None, -1.0, -10.0, -100.0]))
        names = draw(st.sets(st.sampled_from(free or list(NAMES)), max_size=2))
        if resolved is None:
            names &= set(free)
            free = [name for name in free if name not in names]
        incidents.append(
            incident(
                {
                    name: told(
                        draw(st.sampled_from([None, PARTIAL, MAJOR])),
                        draw(MOMENTS),
                        restored_at=draw(st.sampled_from([None, at(-1)])),
                    )
                    for name in sorted(names)
                },
                pk=pk,
                agency=draw(st.sampled_from([None, 1, 2])),
                opened=draw(st.sampled_from([-4.0, -60.0])),
                resolved=resolved,
                absorbed=resolved is not None and draw(st.booleans()),
                acknowledged=draw(st.booleans()),
                is_automatic=draw(st.booleans()),
            )
        )
    return services, edges, incidents


def names_of(act: Action) -> list[str]:
    """The services that an act brings into an open incident."""
    if isinstance(act, Open):
        return [one.service for one in act.outages]
    return [act.outage.service] if isinstance(act, (Join, Reopen)) else []


def done(incidents: list[IncidentNow], todo: list[Action]) -> list[IncidentNow]:
    """The incidents after the sweep has done `todo` at NOW, as its operations would."""
    rows = {one.id: one for one in incidents}

    def close(pk: int, *, absorbed: bool = False) -> None:
        one = rows[pk]
        if one.resolved_at is None and not one.acknowledged:
            rows[pk] = replace(one, resolved_at=at(0), absorbed=absorbed)

    def put(pk: int, name: str, listed: ListedNow) -> None:
        rows[pk] = replace(rows[pk], services={**rows[pk].services, name: listed})

    for act in todo:
        match act:
            case Open():
                pk = max(rows, default=0) + 1
                first = act.outages[0]
                started_at = min(one.started_at for one in act.outages)
                rows[pk] = IncidentNow(pk, first.agency, started_at, at(0), {})
                for one in act.outages:
                    put(pk, one.service, ListedNow(one.health, None, one.started_at))
            case Join(incident=pk) if rows[pk].resolved_at is None:
                put(pk, act.outage.service, _listed(act.outage))
            case Reopen(incident=pk) if rows[pk].resolved_at is not None:
                rows[pk] = replace(rows[pk], resolved_at=None, absorbed=False)
                put(pk, act.outage.service, _listed(act.outage))
            case Worsen(incident=pk):
                name = act.outage.service
                put(pk, name, replace(rows[pk].services[name], told=act.outage.health))
            case Recover(incident=pk):
                put(pk, act.service, replace(rows[pk].services[act.service], restored_at=act.at))
            case Relapse(incident=pk):
                name = act.outage.service
                put(pk, name, replace(rows[pk].services[name], restored_at=None))
            case ResolveItself(incident=pk):
                close(pk)
        for taken in getattr(act, "absorbs", ()):
            close(taken, absorbed=True)
    return list(rows.values())


def _listed(outage: Outage) -> ListedNow:
    return ListedNow(outage.health, None, outage.started_at)


@run_with(max_examples=40)
@given(nations(), st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_found_decides_nothing(
    nation: tuple[dict[str, ServiceNow], list[Edge], list[IncidentNow]], chance: Any
) -> None:
    services, edges, incidents = nation
    items, mixed_edges, mixed_incidents = list(services.items()), list(edges), list(incidents)
    for some in (items, mixed_edges, mixed_incidents):
        chance.shuffle(some)
    mixed = triage(dict(items), mixed_edges, mixed_incidents)
    assert mixed == triage(services, edges, incidents)


@run_with(max_examples=40)
@given(nations())
def test_every_outage_that_nothing_covers_or_explains_is_in_an_incident_once(
    nation: tuple[dict[str, ServiceNow], list[Edge], list[IncidentNow]],
) -> None:
    services, edges, incidents = nation
    todo = triage(services, edges, incidents)
    brought = [name for act in todo for name in names_of(act)]
    listed = {name for one in incidents if one.resolved_at is None for name in one.services}
    own = set()
    seen = picture(services, edges, at(0))
    for name, outage in outages(services, at(0)).items():
        decision = decide(
            outage.health,
            outage.confirmed_at,
            upstreams_of(outage, seen),
            interval=timedelta(seconds=60),
            confirmation=timedelta(seconds=50),
            now=at(0),
        )
        own |= {name} if decision is Decision.OPEN else set()
    assert sorted(brought) == sorted(own - listed)


@run_with(max_examples=40)
@given(nations())
def test_what_was_done_is_not_to_be_done_again(
    nation: tuple[dict[str, ServiceNow], list[Edge], list[IncidentNow]],
) -> None:
    services, edges, incidents = nation
    known = len(incidents)
    listed = {name for one in incidents if one.resolved_at is None for name in one.services}
    # Twice: who was to join one that ended itself has one of its own in the next turn.
    for _turn in range(2):
        incidents = done(incidents, triage(services, edges, incidents))
    assert triage(services, edges, incidents) == []
    opened_for = [name for one in incidents if one.id > known for name in one.services]
    assert len(opened_for) == len(set(opened_for))
    assert not listed & set(opened_for)
