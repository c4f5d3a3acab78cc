"""What the sweep has to do: a table for each decision."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.outages import (
    ChannelNow,
    IncidentNow,
    ListedNow,
    ServiceNow,
    outages,
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
from services.status.health import Health
from tests.incidents.pure import (
    ALTERNATIVE,
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


def opened(todo: list[Action]) -> list[set[str]]:
    """The services of each incident that is to be opened."""
    return [{one.service for one in act.outages} for act in todo if isinstance(act, Open)]


# --- opening and grouping -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("began", "expected"),
    [
        ({"a": -5, "b": -5}, [{"a", "b"}]),
        ({"a": -5, "b": -3}, [{"a", "b"}]),
        ({"a": -5, "b": -2.99}, [{"a"}, {"b"}]),
        # Within two minutes of the first, not of each other.
        ({"a": -5, "b": -3.5, "c": -2}, [{"a", "b"}, {"c"}]),
    ],
)
def test_what_fails_within_two_minutes_in_one_agency_is_one_incident(
    began: dict[str, float], expected: list[set[str]]
) -> None:
    assert opened(triage({name: service(down(since)) for name, since in began.items()})) == expected


def test_two_agencies_have_two_incidents() -> None:
    todo = triage({"a": service(down()), "b": service(down(), agency=2)})
    assert opened(todo) == [{"a"}, {"b"}]


@pytest.mark.parametrize(
    ("more", "joins"),
    [
        ({}, True),
        ({"acknowledged": True}, True),
        ({"agency": 2}, False),
        # What a person opened by hand is about what they chose.
        ({"is_automatic": False}, False),
        ({"started_at": at(-7)}, True),
        ({"started_at": at(-7.01)}, False),
        ({"started_at": at(-2.99)}, False),
        ({"resolved": -1}, False),
    ],
)
def test_what_fails_within_two_minutes_of_an_open_one_joins_it(
    more: dict[str, Any], joins: bool
) -> None:
    services = {"a": service(down(-5)), "b": service(down(-5))}
    one = incident({"a": told()} if "resolved" not in more else {"c": told()}, **more)
    todo = triage(services, incidents=[one])
    assert [act.outage.service for act in todo if isinstance(act, Join)] == (["b"] if joins else [])
    assert len(opened(todo)) == (0 if joins else 1)


def test_what_an_open_incident_lists_is_never_opened_again() -> None:
    assert triage({"a": service(down())}, incidents=[incident({"a": told()})]) == []


# --- taking in ------------------------------------------------------------------------------------

NEEDS = [edge("login", "one")]


def taken_in(one: IncidentNow, edges: list[Edge], **services: ServiceNow) -> tuple[int, ...]:
    """What the incident of a login that fails now absorbs."""
    nation = {"login": service(down(-1), agency=9), "one": service(down()), **services}
    (act,) = [act for act in triage(nation, edges, [one]) if isinstance(act, Open)]
    assert {outage.service for outage in act.outages} == {"login"}
    return act.absorbs


@pytest.mark.parametrize(
    ("more", "edges", "expected"),
    [
        ({}, NEEDS, (1,)),
        ({"opened": 0}, NEEDS, (1,)),
        # Five minutes back and no further.
        ({"opened": -5}, NEEDS, (1,)),
        ({"opened": -5.01}, NEEDS, ()),
        # Once a person has it, it stays theirs.
        ({"acknowledged": True}, NEEDS, ()),
        ({"is_automatic": False}, NEEDS, ()),
        ({}, [edge("login", "one", SOFT)], ()),
        ({}, [edge("login", "one", ALTERNATIVE)], ()),
        ({}, [], ()),
        ({}, [edge("login", "gate"), edge("gate", "one")], (1,)),
    ],
)
def test_an_upstream_takes_in_what_its_hard_dependants_have_just_opened(
    more: dict[str, Any], edges: list[Edge], expected: tuple[int, ...]
) -> None:
    assert taken_in(incident({"one": told()}, **more), edges, gate=service(UP)) == expected


def test_those_that_are_taken_in_come_in_one_order_for_every_sweep() -> None:
    nation = {
        "login": service(down(-1), agency=9),
        "one": service(down()),
        "two": service(down(), agency=2),
    }
    edges = [edge("login", "one"), edge("login", "two")]
    theirs = [incident({"two": told()}, pk=2, agency=2), incident({"one": told()}, pk=1)]
    (act,) = triage(nation, edges, theirs)
    assert isinstance(act, Open)
    assert act.absorbs == (1, 2)


def test_one_that_lists_something_else_too_is_not_taken_in() -> None:
    both = incident({"one": told(), "other": told()})
    assert taken_in(both, NEEDS, other=service(down())) == ()


def test_what_fails_worse_than_its_upstream_is_not_taken_in_only_to_come_back() -> None:
    nation = {"login": service(down(-1), app=UP, agency=9), "one": service(down())}
    (act,) = triage(nation, NEEDS, [incident({"one": told()})])
    assert isinstance(act, Open)
    assert (act.outages[0].service, act.absorbs) == ("login", ())


def test_an_upstream_that_joins_or_comes_back_takes_in_as_well() -> None:
    nation = {
        "login": service(down(-1), agency=9),
        "gate": service(down(-1), agency=9),
        "one": service(down()),
    }
    dependant = incident({"one": told()})
    joins = incident({"gate": told(since=-1)}, pk=2, agency=9)
    assert triage(nation, NEEDS, [dependant, joins]) == [
        Join(2, outages(nation, at(0))["login"], (1,))
    ]
    comes_back = incident({"login": told(since=-9)}, pk=2, agency=9, opened=-9, resolved=-3)
    (act,) = triage({**nation, "gate": service(UP)}, NEEDS, [dependant, comes_back])
    assert act == Reopen(2, outages(nation, at(0))["login"], (1,))


# --- reopening ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "resolved", "more", "reopens"),
    [
        # A hasty "resolved": it never stopped failing.
        (-30, -1, {}, True),
        # A new outage within fifteen minutes of the end, and one after them.
        (-5, -19.99, {}, True),
        (-5, -20, {}, False),
        # Another service of that agency had failed.
        (-5, -10, {"services": {"other": told()}}, False),
        # What its upstream took in is not its own to reopen.
        (-5, -10, {"absorbed": True}, False),
    ],
)
def test_an_end_that_an_outage_disproves_is_taken_back(
    since: float, resolved: float, more: dict[str, Any], reopens: bool
) -> None:
    listed = more.pop("services", {"a": told(since=-60)})
    ended = incident(listed, opened=-60, resolved=resolved, **more)
    (act,) = triage({"a": service(down(since))}, incidents=[ended])
    assert isinstance(act, Reopen if reopens else Open)


def test_of_two_ended_ones_the_last_is_reopened() -> None:
    older = incident({"a": told()}, pk=7, opened=-60, resolved=-12)
    newer = incident({"a": told()}, pk=3, opened=-60, resolved=-10)
    (act,) = triage({"a": service(down())}, incidents=[older, newer])
    assert isinstance(act, Reopen)
    assert act.incident == 3


@pytest.mark.parametrize(("completed", "kind"), [(-1, Open), (-12, Reopen)])
def test_what_a_window_covered_since_is_an_outage_of_its_own(completed: float, kind: type) -> None:
    ended = incident({"a": told(since=-60)}, opened=-60, resolved=-10)
    covered = service(down(-14), windows=(window(starts=-20, completed=completed),))
    (act,) = triage({"a": covered}, incidents=[ended])
    assert isinstance(act, kind)


# --- the end of what covered it names the outage --------------------------------------------------


@pytest.mark.parametrize(
    ("login", "incidents", "cover_ended"),
    [
        (service(UP), [], None),
        (service(recovered(-3)), [], -3),
        # It was good again before this outage began: that covered nothing.
        (service(recovered(-6)), [], None),
        (service(UP, windows=(window(completed=-3),)), [], -3),
        # Taken in so long ago that nobody remembers when the upstream was good again.
        (service(UP), [incident({"one": told()}, resolved=-4, absorbed=True)], -4),
        (service(UP), [incident({"one": told(since=-9)}, resolved=-4, absorbed=True)], None),
    ],
)
def test_an_outage_that_outlives_its_upstream_says_when_that_was_good_again(
    login: ServiceNow, incidents: list[IncidentNow], cover_ended: float | None
) -> None:
    (act,) = triage({"login": login, "one": service(down())}, NEEDS, incidents)
    assert isinstance(act, Open)
    assert act.outages[0].cover_ended_at == (None if cover_ended is None else at(cover_ended))


# --- what becomes of an open one ------------------------------------------------------------------


def about(one: IncidentNow, **services: ServiceNow) -> list[str]:
    return [type(act).__name__ for act in triage(services, incidents=[one])]


@pytest.mark.parametrize(
    ("was", "web", "app", "expected"),
    [
        (PARTIAL, down(), UP, []),
        (PARTIAL, down(), down(), ["Worsen"]),
        (MAJOR, down(), UP, []),
        # A person listed it before our checks saw anything.
        (None, down(), UP, ["Worsen"]),
        (None, UP, UP, []),
    ],
)
def test_it_worsens_beyond_the_worst_that_was_told(
    was: Health | None, web: ChannelNow, app: ChannelNow, expected: list[str]
) -> None:
    assert about(incident({"a": told(was)}), a=service(web, app=app)) == expected


@pytest.mark.parametrize(
    ("web", "app", "expected"),
    [
        (recovered(-2), UP, at(-2)),
        (recovered(-2), recovered(-1), at(-1)),
        (recovered(-2, measured=Health.DEGRADED), UP, at(-2)),
        (recovered(-2), UNWATCHED, at(-2)),
        (down(), recovered(-1), None),
        # Silence is not recovery, on any channel.
        (SILENT, UP, None),
        (recovered(-2), SILENT, None),
        (UNWATCHED, UNWATCHED, None),
        # People say that it is not over.
        (recovered(-2, declared=MAJOR), UP, None),
        (recovered(-2, declared=Health.DEGRADED), UP, None),
        (recovered(-2, declared=Health.OPERATIONAL), UP, at(-2)),
        # What was down is not looked at any more: since now, not since the rest works.
        (UNWATCHED, recovered(-90), at(0)),
        (UNWATCHED, UP, at(0)),
    ],
)
def test_it_recovers_when_every_channel_is_seen_to_work(
    web: ChannelNow, app: ChannelNow, expected: Any
) -> None:
    taken_up = incident({"a": told()}, acknowledged=True)
    todo = triage({"a": service(web, app=app)}, incidents=[taken_up])
    assert todo == ([] if expected is None else [Recover(1, "a", expected)])


@pytest.mark.parametrize(
    ("more", "services", "expected"),
    [
        ({}, {"a": recovered(-2)}, [Recover(1, "a", at(-2)), ResolveItself(1, at(-2))]),
        ({"acknowledged": True}, {"a": recovered(-2)}, [Recover(1, "a", at(-2))]),
        ({"is_automatic": False}, {"a": recovered(-2)}, [Recover(1, "a", at(-2))]),
        # All of them, and since the last of them.
        ({}, {"a": recovered(-2), "b": down()}, [Recover(1, "a", at(-2))]),
        ({}, {"a": recovered(-2), "b": SILENT}, [Recover(1, "a", at(-2))]),
        (
            {},
            {"a": recovered(-1), "b": recovered(-3)},
            [Recover(1, "a", at(-1)), Recover(1, "b", at(-3)), ResolveItself(1, at(-1))],
        ),
    ],
)
def test_what_nobody_took_up_resolves_itself_when_all_its_services_recovered(
    more: dict[str, Any], services: dict[str, ChannelNow], expected: list[Action]
) -> None:
    one = incident({name: told() for name in services}, **more)
    nation = {name: service(channel) for name, channel in services.items()}
    assert triage(nation, incidents=[one]) == expected


def test_what_a_person_listed_beside_it_holds_nothing_up() -> None:
    one = incident({"a": told(restored_at=at(-1)), "b": ListedNow()})
    assert triage({"a": service(UP), "b": service(UP)}, incidents=[one]) == [
        ResolveItself(1, at(-1))
    ]
    assert triage({"b": service(UP)}, incidents=[incident({"b": ListedNow()})]) == []


def test_what_had_recovered_and_fails_again_relapses() -> None:
    one = incident({"a": told(PARTIAL, restored_at=at(-2))})
    found = service(down(-1))
    outage = outages({"a": found}, at(0))["a"]
    assert triage({"a": found}, incidents=[one]) == [Worsen(1, outage), Relapse(1, outage)]


def test_a_service_that_is_gone_from_the_catalogue_recovers_by_nobody() -> None:
    assert triage({}, incidents=[incident({"a": told()})]) == []
