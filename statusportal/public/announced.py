"""Announced windows as the reader needs them: by service for the rules, in order for the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from maintenance.labels import State
from services.labels import Visibility
from services.status.window import Window, WindowEffect, phase
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
    if not truth.windows:
        return ()
    dependants: dict[str, list[EdgeFact]] = {}
    for edge in truth.edges:
        dependants.setdefault(edge.upstream, []).append(edge)
    said = []
    for fact in truth.windows:
        named = [facts[one.id] for one in fact.services if one.id in facts]
        derived = _derived({one.id for one in named}, dependants, facts)
        public = tuple(one for one in named if one.visibility == Visibility.PUBLIC)
        if not public and not derived:
            continue
        window = Window(
            effect=WindowEffect(fact.effect),
            starts_at=fact.starts_at,
            announced_end_at=fact.announced_end_at,
            approved_at=fact.approved_at,
            completed_at=fact.completed_at,
        )
        said.append(
            WindowSaid(
                fact=fact,
                agency=agencies[fact.agency],
                services=public,
                derived=derived,
                # An extension moves the end that is announced now, not what was planned.
                phase=phase(replace(window, announced_end_at=fact.ends_at), now),
                is_called_off=is_called_off(fact),
            )
        )
    return tuple(sorted(said, key=lambda one: (one.fact.starts_at, one.fact.ref)))


def _derived(
    named: set[str], dependants: Mapping[str, list[EdgeFact]], facts: Mapping[str, ServiceFact]
) -> tuple[ServiceFact, ...]:
    """The public services that need one of `named`, near or far, in catalogue order."""
    reached, generation = set(named), set(named)
    while generation:
        generation = {
            edge.dependant for name in generation for edge in dependants.get(name, ())
        } - reached
        reached |= generation
    return tuple(
        fact
        for name, fact in facts.items()
        if name in reached - named and fact.visibility == Visibility.PUBLIC
    )
