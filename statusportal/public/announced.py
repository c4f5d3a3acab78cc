"""Announced windows as the reader needs them: by service for the rules, in order for the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from maintenance.labels import State
from services.labels import Visibility
from services.status.window import Phase, Window, WindowEffect, phase
from statusportal.public.said import WindowSaid
from statusportal.public.shape import AgencyFact, EdgeFact, ServiceFact, Truth, WindowFact

_POSTPONED = str(State.POSTPONED)


def is_called_off(fact: WindowFact) -> bool:
    """Cancelled, moved to another time, or put off to a day that is not known yet."""
    return fact.cancelled_at is not None or bool(fact.moved_to) or fact.state == _POSTPONED


def by_service(facts: Iterable[WindowFact]) -> dict[str, list[Window]]:
    """The windows of each service as the rules of status take them; called off ones left out."""
    found: dict[str, list[Window]] = {}
    for fact in facts:
        if is_called_off(fact):
            continue
        for named in fact.services:
            found.setdefault(named.id, []).append(
                Window(
                    effect=WindowEffect(fact.effect),
                    starts_at=fact.starts_at,
                    announced_end_at=fact.announced_end_at,
                    approved_at=fact.approved_at,
                    completed_at=fact.completed_at,
                    channels=frozenset(map(str, named.channels)) if named.channels else None,
                )
            )
    return found


def announced(
    truth: Truth,
    facts: Mapping[str, ServiceFact],
    agencies: Mapping[str, AgencyFact],
    now: datetime,
) -> tuple[WindowSaid, ...]:
    """Every announced window that touches a public service, in order of its start."""
    return at(named(truth, facts, agencies), now)


def named(
    truth: Truth, facts: Mapping[str, ServiceFact], agencies: Mapping[str, AgencyFact]
) -> tuple[WindowSaid, ...]:
    """Every announced window that touches a public service, in order of its start, as long before
    it as can be: where it stands is `at`'s to say."""
    if not truth.windows:
        return ()
    dependants: dict[str, list[EdgeFact]] = {}
    for edge in truth.edges:
        dependants.setdefault(edge.upstream, []).append(edge)
    order = {name: place for place, name in enumerate(facts)}
    said = []
    for fact in truth.windows:
        services = [facts[one.id] for one in fact.services if one.id in facts]
        reached = _reached({one.id for one in services}, dependants)
        derived = tuple(
            facts[name]
            for name in sorted(reached & order.keys(), key=order.__getitem__)
            if facts[name].visibility == Visibility.PUBLIC
        )
        public = tuple(one for one in services if one.visibility == Visibility.PUBLIC)
        if not public and not derived:
            continue
        said.append(
            WindowSaid(
                fact=fact,
                agency=agencies[fact.agency],
                services=public,
                derived=derived,
                phase=Phase.AHEAD,
                is_called_off=is_called_off(fact),
            )
        )
    return tuple(sorted(said, key=lambda one: (one.fact.starts_at, one.fact.ref)))


def at(windows: Iterable[WindowSaid], now: datetime) -> tuple[WindowSaid, ...]:
    """`windows`, as `named` gives them, where they stand at `now`."""
    return tuple(
        said if (stands := _phase(said.fact, now)) is said.phase else replace(said, phase=stands)
        for said in windows
    )


def _phase(fact: WindowFact, now: datetime) -> Phase:
    window = Window(
        effect=WindowEffect(fact.effect),
        starts_at=fact.starts_at,
        # An extension moves the end that is announced now, not what was planned.
        announced_end_at=fact.ends_at,
        approved_at=fact.approved_at,
        completed_at=fact.completed_at,
    )
    return phase(window, now)


def _reached(named: set[str], dependants: Mapping[str, list[EdgeFact]]) -> set[str]:
    """What needs one of `named`, near or far, without these themselves."""
    reached, generation = set(named), set(named)
    while generation:
        generation = {
            edge.dependant for name in generation for edge in dependants.get(name, ())
        } - reached
        reached |= generation
    return reached - named
