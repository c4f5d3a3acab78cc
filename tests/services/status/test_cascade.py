"""Rule 12: what the trouble of one service does to those that need it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.cascade import (
    Cause,
    Cycle,
    Edge,
    EdgeKind,
    Effective,
    ServiceInput,
    carried,
    cascade,
    effective,
    find_cycle,
    topological_order,
)
from services.status.health import Health, rank
from services.status.rollup import service_health

HARD, SOFT, ALTERNATIVE = EdgeKind.HARD, EdgeKind.SOFT, EdgeKind.ALTERNATIVE
OK = Health.OPERATIONAL
DEGRADED = Health.DEGRADED
MAINTENANCE = Health.MAINTENANCE
PARTIAL = Health.PARTIAL_OUTAGE
MAJOR = Health.MAJOR_OUTAGE
UNKNOWN = Health.UNKNOWN


def web(health: Health | None) -> ServiceInput:
    return ServiceInput({"web": health})


@pytest.mark.parametrize(
    ("kind", "upstream", "arrives", "note"),
    [
        (HARD, None, None, False),
        (HARD, OK, None, False),
        (HARD, UNKNOWN, None, False),
        (HARD, DEGRADED, DEGRADED, False),
        (HARD, MAINTENANCE, MAINTENANCE, False),
        (HARD, PARTIAL, PARTIAL, False),
        (HARD, MAJOR, MAJOR, False),
        (SOFT, None, None, False),
        (SOFT, OK, None, False),
        (SOFT, UNKNOWN, None, False),
        (SOFT, DEGRADED, None, True),
        (SOFT, MAINTENANCE, DEGRADED, False),
        (SOFT, PARTIAL, DEGRADED, False),
        (SOFT, MAJOR, DEGRADED, False),
        (ALTERNATIVE, UNKNOWN, None, False),
        (ALTERNATIVE, DEGRADED, None, True),
        (ALTERNATIVE, MAINTENANCE, DEGRADED, False),
        (ALTERNATIVE, MAJOR, DEGRADED, False),
    ],
)
def test_rule_12_what_an_edge_carries(
    kind: EdgeKind, upstream: Health | None, arrives: Health | None, note: bool
) -> None:
    assert carried(kind, upstream) == (arrives, note)


def test_rule_12_trouble_travels_down_a_chain_and_names_where_it_began() -> None:
    result = effective(
        {"visa": web(OK), "portal": web(OK), "login": web(MAJOR)},
        [Edge("login", "portal", HARD), Edge("portal", "visa", SOFT)],
    )

    assert result["login"] == Effective(MAJOR, {"web": MAJOR}, ())
    assert result["portal"] == Effective(
        MAJOR, {"web": MAJOR}, (Cause("login", "login", HARD, MAJOR, False),)
    )
    assert result["visa"] == Effective(
        DEGRADED, {"web": DEGRADED}, (Cause("portal", "login", SOFT, DEGRADED, False),)
    )


def test_rule_12_the_worst_path_counts_and_stands_first() -> None:
    result = effective(
        {"login": web(DEGRADED), "pay": web(MAJOR), "sms": web(PARTIAL), "visa": web(OK)},
        [Edge("login", "visa", SOFT), Edge("sms", "visa", HARD), Edge("pay", "visa", HARD)],
    )["visa"]

    assert result.health is MAJOR
    assert [(cause.upstream, cause.carried, cause.note) for cause in result.causes] == [
        ("pay", MAJOR, False),
        ("sms", PARTIAL, False),
        ("login", None, True),
    ]


def test_rule_12_an_edge_that_names_a_channel_reaches_only_that_one() -> None:
    result = effective(
        {"login": web(MAJOR), "visa": ServiceInput({"web": OK, "app": OK})},
        [Edge("login", "visa", HARD, channel="app")],
    )["visa"]

    assert result.health is PARTIAL
    assert result.channels == {"web": OK, "app": MAJOR}
    assert result.causes == (Cause("login", "login", HARD, MAJOR, False, "app"),)


def test_rule_12_its_own_worse_trouble_stays() -> None:
    result = effective({"login": web(DEGRADED), "visa": web(MAJOR)}, [Edge("login", "visa", HARD)])

    assert result["visa"].health is MAJOR


def test_rule_12_the_upstreams_own_upstream_is_the_root_though_it_measures_bad_as_well() -> None:
    result = effective(
        {"login": web(MAJOR), "portal": web(MAJOR), "visa": web(OK)},
        [Edge("login", "portal", HARD), Edge("portal", "visa", HARD)],
    )

    assert result["visa"].causes[0].root == "login"


def test_rule_12_a_service_that_is_worse_than_its_upstream_makes_it_is_its_own_root() -> None:
    result = effective(
        {"login": web(DEGRADED), "portal": web(MAJOR), "visa": web(OK)},
        [Edge("login", "portal", HARD), Edge("portal", "visa", HARD)],
    )

    assert result["visa"].causes[0].root == "portal"


def test_rule_12_maintenance_is_carried_and_unknown_is_not() -> None:
    result = effective(
        {"login": web(MAINTENANCE), "sms": web(UNKNOWN), "visa": web(OK), "mail": web(OK)},
        [Edge("login", "visa", HARD), Edge("sms", "mail", HARD)],
    )

    assert result["visa"].health is MAINTENANCE
    assert result["mail"] == Effective(OK, {"web": OK}, ())


def test_rule_12_known_trouble_upstream_is_worth_more_than_not_knowing() -> None:
    result = effective({"login": web(MAJOR), "visa": web(UNKNOWN)}, [Edge("login", "visa", SOFT)])

    assert result["visa"].health is DEGRADED


@pytest.mark.parametrize("channel", [None, "app", "no-such-channel"])
def test_rule_9_what_is_not_monitored_stays_so_and_keeps_a_note(channel: str | None) -> None:
    own = ServiceInput({"app": None})

    result = effective({"login": web(MAJOR), "visa": own}, [Edge("login", "visa", HARD, channel)])[
        "visa"
    ]

    assert result.health is None
    assert result.channels == {"app": None}
    assert result.causes == (Cause("login", "login", HARD, None, True, channel),)


def test_rule_12_a_channel_that_is_not_monitored_is_not_counted_beside_others() -> None:
    result = effective(
        {"login": web(MAJOR), "visa": ServiceInput({"web": OK, "desk": None})},
        [Edge("login", "visa", HARD)],
    )["visa"]

    assert result.health is MAJOR
    assert result.channels == {"web": MAJOR, "desk": None}


def test_rule_10_a_stopped_channel_counts_as_down_beside_one_that_an_upstream_took_down() -> None:
    own = ServiceInput({"web": OK, "app": MAINTENANCE}, stopped_by_window=frozenset({"app"}))

    result = cascade(own, [Cause("login", "login", HARD, MAJOR, False, "web")])

    assert result.health is MAJOR


def test_edges_of_services_that_are_gone_are_left_out() -> None:
    result = effective({"visa": web(OK)}, [Edge("gone", "visa", HARD), Edge("visa", "gone", HARD)])

    assert result == {"visa": Effective(OK, {"web": OK}, ())}


def test_it_does_not_change_what_it_was_given() -> None:
    own = {"web": OK}

    effective({"login": web(MAJOR), "visa": ServiceInput(own)}, [Edge("login", "visa", HARD)])

    assert own == {"web": OK}


def test_upstreams_come_first_in_the_order() -> None:
    order = topological_order(
        ["visa", "portal", "login", "mail"],
        [Edge("login", "portal", HARD), Edge("portal", "visa", SOFT), Edge("login", "visa", HARD)],
    )

    assert sorted(order) == ["login", "mail", "portal", "visa"]
    assert order.index("login") < order.index("portal") < order.index("visa")


def test_a_circle_has_no_order_and_is_named() -> None:
    edges = [Edge("a", "b", HARD), Edge("b", "c", SOFT), Edge("c", "a", HARD), Edge("c", "d", HARD)]

    with pytest.raises(Cycle) as caught:
        topological_order("abcd", edges)

    assert caught.value.path == ["a", "c", "b", "a"]
    assert str(caught.value) == "a -> c -> b -> a"


@pytest.mark.parametrize(
    ("edges", "circle"),
    [
        ([], None),
        ([("a", "b"), ("b", "c"), ("a", "c")], None),
        ([("a", "a")], ["a", "a"]),
        ([("a", "b"), ("b", "a")], ["a", "b", "a"]),
        ([("x", "y"), ("a", "b"), ("b", "a"), ("b", "z")], ["a", "b", "a"]),
    ],
)
def test_it_finds_a_circle_for_the_form_to_refuse(
    edges: list[tuple[str, str]], circle: list[str] | None
) -> None:
    assert find_cycle(Edge(upstream, needs, HARD) for upstream, needs in edges) == circle


def test_a_circle_that_slipped_through_does_not_stop_the_portal() -> None:
    services = {"a": web(OK), "b": web(MAJOR), "c": web(OK), "visa": web(OK)}
    edges = [
        Edge("a", "b", HARD),
        Edge("b", "a", HARD),
        Edge("b", "c", HARD),
        Edge("a", "a", HARD),
        Edge("c", "visa", HARD),
    ]

    result = effective(services, edges)

    assert {name: result[name].health for name in services} == {
        "a": OK,  # cut out: computed without the others of its circle
        "b": MAJOR,
        "c": MAJOR,
        "visa": MAJOR,
    }


healths = st.sampled_from([*Health, None])


@st.composite
def nations(draw: st.DrawFn) -> tuple[dict[str, ServiceInput], list[Edge]]:
    size = draw(st.integers(1, 7))
    services = {
        str(n): ServiceInput({"web": draw(healths), "app": draw(healths)}) for n in range(size)
    }
    pairs = [(str(up), str(down)) for down in range(size) for up in range(down)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=10)) if pairs else []
    channel = st.sampled_from([None, "web", "app", "gone"])
    return services, [
        Edge(up, down, draw(st.sampled_from(EdgeKind)), draw(channel)) for up, down in chosen
    ]


@given(nations())
def test_rule_12_the_order_of_services_and_edges_does_not_matter(
    nation: tuple[dict[str, ServiceInput], list[Edge]],
) -> None:
    services, edges = nation

    backwards = effective(dict(reversed(services.items())), list(reversed(edges)))

    forwards = effective(services, edges)
    assert {n: (e.health, e.channels) for n, e in backwards.items()} == {
        n: (e.health, e.channels) for n, e in forwards.items()
    }


@given(nations())
def test_rule_12_upstreams_never_make_anything_better_nor_count_the_uncounted(
    nation: tuple[dict[str, ServiceInput], list[Edge]],
) -> None:
    services, edges = nation

    for name, after in effective(services, edges).items():
        before = services[name].channels
        for channel, health in after.channels.items():
            own = before[channel]
            if own is None:
                assert health is None
            else:
                assert health is not None
                assert rank(health) >= rank(own)
        assert after.health is service_health(after.channels)


@given(nations())
def test_rule_12_a_nation_of_which_nothing_is_known_is_nowhere_operational(
    nation: tuple[dict[str, ServiceInput], list[Edge]],
) -> None:
    services, edges = nation
    silent = {name: ServiceInput({"web": UNKNOWN, "app": None}) for name in services}

    assert {result.health for result in effective(silent, edges).values()} == {UNKNOWN}


@pytest.mark.parametrize("login", [OK, MAJOR])
def test_ten_thousand_services_take_a_moment(login: Health) -> None:
    names = [f"s{n}" for n in range(10_000)]
    services = {name: ServiceInput({"web": OK, "app": OK, "desk": None}) for name in names}
    services["s0"] = ServiceInput({"web": login})
    edges = [
        Edge(names[n % max(number // 3, 1)], names[number], EdgeKind.HARD)
        for number in range(1, 10_000)
        for n in (0, number * 7, number * 13)
    ]

    began = time.process_time()
    result = effective(services, edges)
    took = time.process_time() - began

    assert {effect.health for effect in result.values()} == {login}
    # 0.15 s is the budget on a quiet machine with nothing wrong; this bound only catches a
    # change of order, on any machine.
    assert took < 3
