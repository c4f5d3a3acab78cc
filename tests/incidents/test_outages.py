"""What is an outage, what covers it, what explains it: the tables of rules 13 to 16."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.outages import (
    ChannelNow,
    Outage,
    ServiceNow,
    outages,
    picture,
    upstreams_of,
)
from services.status.cascade import Edge
from services.status.explaining import Decision, decide
from services.status.health import Health
from tests.incidents.pure import (
    ALTERNATIVE,
    HARD,
    MAJOR,
    NOW,
    PARTIAL,
    SILENT,
    SOFT,
    UNWATCHED,
    UP,
    at,
    down,
    edge,
    recovered,
    service,
    window,
)


def outage(one: ServiceNow, minutes: float = 0) -> Outage | None:
    return outages({"one": one}, at(minutes)).get("one")


# --- covered by a window --------------------------------------------------------------------------

WEB, APP = frozenset({"web"}), frozenset({"app"})


@pytest.mark.parametrize(
    ("windows", "since", "minutes", "covered"),
    [
        ([], -5, 0, False),
        ([window("stopped")], -5, 0, True),
        ([window("partly")], -5, 0, False),
        ([window("slow")], -5, 0, False),
        ([window("none")], -5, 0, False),
        # Half-open: from its start up to, not including, its end.
        ([window(starts=-5)], -5, 0, True),
        ([window(starts=-4.99)], -5, 0, False),
        ([window(ends=60)], -5, 59.99, True),
        ([window(ends=60)], -5, 60, False),
        ([window(starts=0.01)], -5, 0, False),
        # Under way at its start, or before anybody approved it.
        ([window(starts=-4)], -5, 0, False),
        ([window(approved_at=at(-4))], -5, 0, False),
        ([window(approved_at=at(-6))], -5, 0, True),
        ([window(approved_at=None)], -5, 0, False),
        # Running over, and completed before or while it fails.
        ([window(ends=-1)], -5, 0, False),
        ([window(completed=-1)], -5, 0, False),
        ([window(completed=-10)], -5, 0, False),
        # Only on its own channels.
        ([window(channels=WEB)], -5, 0, True),
        ([window(channels=APP)], -5, 0, False),
        # The worst effect of those that overlap; a later one takes over nothing.
        ([window("slow"), window("stopped")], -5, 0, True),
        ([window(ends=-1), window(starts=-1)], -5, 0, False),
        ([window(ends=-1), window(starts=-6)], -5, 0, True),
    ],
)
def test_a_stopped_window_alone_covers_what_begins_under_it(
    windows: list[Any], since: float, minutes: float, covered: bool
) -> None:
    one = service(down(since), windows=tuple(windows))
    assert (outage(one, minutes) is None) is covered


@pytest.mark.parametrize(
    ("windows", "cover_ended"),
    [
        ([], None),
        # It outlived the announced end, or a completion before that.
        ([window(ends=-1)], -1),
        ([window(ends=60, completed=-2)], -2),
        ([window(ends=-3, completed=-1)], -3),
        # The window never covered it: another effect, over before, too late, another channel.
        ([window("partly", ends=-1)], None),
        ([window(ends=-6)], None),
        ([window(starts=-4, ends=-1)], None),
        ([window(ends=-1, channels=APP)], None),
        ([window(ends=-1, approved_at=None)], None),
        ([window(ends=-3), window(ends=-1), window(ends=-2)], -1),
    ],
)
def test_an_outage_that_outlives_its_window_says_when_that_ended(
    windows: list[Any], cover_ended: float | None
) -> None:
    found = outage(service(down(-5), windows=tuple(windows)))
    assert found is not None
    assert found.cover_ended_at == (None if cover_ended is None else at(cover_ended))
    assert (found.started_at, found.confirmed_at) == (at(-5), at(-5) + timedelta(seconds=20))


# --- which outage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("web", "app", "windows", "expected"),
    [
        (UP, UP, [], None),
        (SILENT, SILENT, [], None),
        (ChannelNow(Health.DEGRADED), UP, [], None),
        (UNWATCHED, UNWATCHED, [], None),
        (down(), down(), [], (MAJOR, {"web", "app"})),
        (down(), UP, [], (PARTIAL, {"web"})),
        (down(), SILENT, [], (PARTIAL, {"web"})),
        (down(), UNWATCHED, [], (MAJOR, {"web"})),
        # Who is locked out by announced work has no other way (rule 10).
        (down(), UP, [window(channels=APP)], (MAJOR, {"web"})),
        (down(), down(), [window(channels=APP)], (MAJOR, {"web"})),
        (down(), UP, [window("partly", channels=APP)], (PARTIAL, {"web"})),
        (down(), down(), [window()], None),
    ],
)
def test_an_outage_is_of_the_channels_that_are_down_and_not_covered(
    web: ChannelNow,
    app: ChannelNow,
    windows: list[Any],
    expected: tuple[Health, set[str]] | None,
) -> None:
    found = outage(service(web, app=app, windows=tuple(windows)))
    assert (found and (found.health, set(found.channels))) == expected


def test_it_began_with_the_first_channel_that_is_down_uncovered() -> None:
    both = service(down(-9), app=down(-5))
    found = outage(both)
    assert found is not None
    assert found.started_at == at(-9)

    covered = service(down(-9), app=down(-5), windows=(window(channels=WEB),))
    found = outage(covered)
    assert found is not None
    assert found.started_at == at(-5)


# --- explained by an upstream ---------------------------------------------------------------------


def judged(
    services: dict[str, ServiceNow], edges: list[Edge], name: str = "one", minutes: float = 0
) -> str:
    """What rule 13 says of the outage of `name`."""
    now = at(minutes)
    found = outages(services, now)[name]
    one = services[name]
    return decide(
        found.health,
        found.confirmed_at,
        upstreams_of(found, picture(services, edges, now)),
        interval=one.interval,
        confirmation=one.confirmation,
        now=now,
    )


OPEN, WAIT, EXPLAINED = Decision.OPEN, Decision.WAIT, Decision.EXPLAINED


@pytest.mark.parametrize(
    ("login", "kind", "expected"),
    [
        (service(down()), HARD, EXPLAINED),
        # Degraded is all that these carry.
        (service(down()), SOFT, OPEN),
        (service(down()), ALTERNATIVE, OPEN),
        (service(UP), HARD, OPEN),
        (service(ChannelNow(Health.DEGRADED)), HARD, OPEN),
        # Partly down it explains no more than that.
        (service(down(), app=UP), HARD, OPEN),
        # A window that stops it explains whatever is measured; the others do not.
        (service(UP, windows=(window("stopped"),)), HARD, EXPLAINED),
        (service(UP, windows=(window("stopped"),)), SOFT, OPEN),
        (service(UP, windows=(window("partly"),)), HARD, OPEN),
        (service(UP, windows=(window("slow"),)), HARD, OPEN),
        (service(UP, windows=(window("none"),)), HARD, OPEN),
        # Its overrun is still its effect.
        (service(UP, windows=(window("stopped", ends=-1),)), HARD, EXPLAINED),
        # Silence explains nothing, unless its open incident remembers what was seen last.
        (service(SILENT), HARD, OPEN),
        (service(ChannelNow(Health.UNKNOWN, held=MAJOR)), HARD, OPEN),
        (
            service(ChannelNow(Health.UNKNOWN, held=MAJOR, incident_open=True)),
            HARD,
            EXPLAINED,
        ),
        # What people declare of it counts as what is measured of it.
        (service(ChannelNow(Health.OPERATIONAL, declared=MAJOR)), HARD, EXPLAINED),
    ],
)
def test_an_upstream_explains_what_is_no_worse_than_it_carries(
    login: ServiceNow, kind: Any, expected: Decision
) -> None:
    services = {"login": login, "one": service(down())}
    assert judged(services, [edge("login", "one", kind)]) is expected


@pytest.mark.parametrize(
    ("one", "channel", "expected"),
    [
        (service(down(), app=UP), "web", EXPLAINED),
        (service(UP, app=down()), "web", OPEN),
        # It hits the web alone, so the other has a cause of its own.
        (service(down(), app=down()), "web", OPEN),
        (service(down(), app=down()), None, EXPLAINED),
        (service(down(), app=UNWATCHED), "web", EXPLAINED),
    ],
)
def test_an_edge_that_names_a_channel_explains_that_channel_alone(
    one: ServiceNow, channel: str | None, expected: Decision
) -> None:
    services = {"login": service(down()), "one": one}
    assert judged(services, [edge("login", "one", channel=channel)]) is expected


CHAIN = [edge("login", "gate"), edge("gate", "one")]


@pytest.mark.parametrize(
    ("gate", "kinds", "expected"),
    [
        # What is between them may be well by itself, or not looked at.
        (service(UP), (HARD, HARD), EXPLAINED),
        (service(down()), (HARD, HARD), EXPLAINED),
        (service(UP), (SOFT, HARD), OPEN),
        (service(UP), (HARD, SOFT), OPEN),
    ],
)
def test_a_chain_explains_as_far_as_it_carries(
    gate: ServiceNow, kinds: tuple[Any, Any], expected: Decision
) -> None:
    services = {"login": service(down()), "gate": gate, "one": service(down())}
    edges = [edge("login", "gate", kinds[0]), edge("gate", "one", kinds[1])]
    assert judged(services, edges) is expected


# One interval (60 s) and one confirmation time (50 s) of the dependant's own.
@pytest.mark.parametrize(
    ("minutes", "expected"), [(0, EXPLAINED), (1.83, EXPLAINED), (1.84, OPEN), (30, OPEN)]
)
@pytest.mark.parametrize(
    "login",
    [
        service(recovered(0)),
        # Its incident is not closed yet: that changes nothing.
        service(recovered(0, incident_open=True)),
        service(UP, windows=(window(completed=0),)),
    ],
    ids=["recovered", "recovered, incident open", "window completed"],
)
def test_the_grace_runs_from_when_the_upstream_was_good_again(
    login: ServiceNow, minutes: float, expected: Decision
) -> None:
    services = {"login": login, "one": service(down())}
    assert judged(services, [edge("login", "one")], minutes=minutes) is expected
    # As far down the chain as it carried.
    through = {**services, "gate": service(UP)}
    assert judged(through, CHAIN, minutes=minutes) is expected


def test_a_circle_that_two_edits_made_at_once_stops_nobody() -> None:
    services = {"one": service(down()), "two": service(recovered(-30))}
    circle = [edge("one", "two"), edge("two", "one")]
    assert judged(services, circle) is OPEN


@pytest.mark.parametrize(
    ("minutes", "kind", "expected"),
    # Confirmed at -0.5; it waits one confirmation time, 50 s, and not a moment longer.
    [(0, HARD, WAIT), (0.33, HARD, WAIT), (0.34, HARD, OPEN), (0, SOFT, OPEN)],
)
def test_it_waits_for_an_upstream_that_may_be_about_to_fail(
    minutes: float, kind: Any, expected: Decision
) -> None:
    services = {
        "login": service(UP, bad_run_since=at(-0.2)),
        "one": service(down(-1, confirmed_at=at(-0.5))),
    }
    assert judged(services, [edge("login", "one", kind)], minutes=minutes) is expected


def test_edges_to_what_was_not_gathered_are_left_out() -> None:
    one = {"one": service(down())}
    assert picture(one, [edge("login", "one")], NOW).incoming == {}
    assert judged(one, [edge("login", "one")]) is OPEN
