"""A reader that remembers says exactly what one says that reads for the first time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bilingual import Bilingual
from services.status.health import CheckHealth, Health
from services.status.observation import Reason
from statusportal.public import reader
from statusportal.public.shape import (
    AgencyFact,
    CategoryFact,
    ChannelFact,
    CheckFact,
    EdgeFact,
    IncidentFact,
    ListedFact,
    Measure,
    OverrideFact,
    ServiceFact,
    Snapshot,
    Truth,
    WindowedService,
    WindowFact,
)
from tests.statusportal.public.nation import BAD, FRESH_FOR, NOW, OK, SINCE, Nation

SERVICES = 4
LOCATIONS = ("main", "north")

# Seconds from NOW, close enough to each other that what is fresh, begins and ends meets.
near = st.integers(-90, 240)


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


@st.composite
def services(draw: st.DrawFn) -> ServiceFact:
    """A service with one or two channels; each has no check, or one seen from two places."""
    number = draw(st.integers(0, SERVICES - 1))
    channels = []
    for place in range(draw(st.integers(1, 2))):
        pk = 10 * number + place
        measures = tuple(
            Measure(
                location,
                draw(st.sampled_from(list(CheckHealth))),
                at(draw(near)),
                Reason.SERVER_ERROR,
                draw(st.one_of(st.none(), near.map(at))),
            )
            for location in LOCATIONS
        )
        check = CheckFact(pk, draw(st.booleans()), FRESH_FOR, measures)
        checks = (check,) if draw(st.integers(0, 5)) else ()
        channels.append(ChannelFact(pk, "web" if place == 0 else "app", checks=checks))
    return ServiceFact(
        id=f"id-{number}",
        slug=f"slug-{number}",
        name=Bilingual(f"خدمة {number}", f"Service {number}"),
        agency="MOI",
        tier=draw(st.integers(1, 3)),
        visibility=draw(st.sampled_from(("public", "public", "public", "hidden"))),
        category=draw(st.sampled_from(("", "travel"))),
        channels=tuple(channels),
    )


windows = st.builds(
    lambda number, effect, starts, length, approved, completed: WindowFact(
        ref=f"MW-{number}{starts}",
        agency="MOI",
        effect=effect,
        kind="planned",
        state="approved",
        starts_at=at(starts),
        ends_at=at(starts + length + 20),
        announced_end_at=at(starts + length),
        approved_at=at(approved),
        changed_at=NOW,
        completed_at=None if completed is None else at(completed),
        services=(WindowedService(f"id-{number}"),),
    ),
    st.integers(0, SERVICES - 1),
    st.sampled_from(("stopped", "partly", "slow", "none")),
    near,
    st.integers(5, 90),
    near,
    st.one_of(st.none(), near),
)

overrides = st.builds(
    lambda health, measured, given_at, length: OverrideFact(
        health, measured, at(given_at), at(given_at + length)
    ),
    st.sampled_from(("operational", "degraded")),
    st.sampled_from(("degraded", "major_outage", "unknown")),
    near,
    st.integers(5, 120),
)

incidents = st.builds(
    lambda number, declared, override, started, resolved, promised: IncidentFact(
        ref=f"IN-{number}{started}",
        kind="incident",
        phase="investigating",
        severity="P2",
        title=Bilingual("انقطاع", "Outage"),
        started_at=at(started),
        opened_at=at(started),
        first_notice_at=at(started),
        changed_at=at(started),
        next_update_by=at(promised),
        resolved_at=None if resolved is None else at(resolved),
        services=(
            ListedFact(
                f"id-{number}",
                declared=declared,
                override=override,
                held={10 * number: (Health.DEGRADED.value, at(started), at(started))},
            ),
        ),
    ),
    st.integers(0, SERVICES - 1),
    st.sampled_from(("", "degraded", "major_outage")),
    st.one_of(st.none(), overrides),
    near,
    st.one_of(st.none(), st.none(), near),
    near,
)

edges = st.builds(
    lambda upstream, dependant, kind: EdgeFact(f"id-{upstream}", f"id-{dependant}", kind),
    st.integers(0, SERVICES - 1),
    st.integers(0, SERVICES - 1),
    st.sampled_from(("hard", "soft", "alternative")),
).filter(lambda edge: edge.upstream != edge.dependant)

truths = st.builds(
    lambda services, edges, windows, incidents, locations, doubts: Truth(
        agencies=(AgencyFact("MOI", Bilingual("الداخلية", "Interior")),),
        categories=(CategoryFact("travel", Bilingual("السفر", "Travel")),),
        services=tuple(sorted(services, key=lambda one: one.id)),
        edges=tuple(edges),
        windows=tuple(windows),
        incidents=tuple(incidents),
        locations=locations,
        doubts=doubts,
    ),
    st.lists(services(), min_size=1, max_size=SERVICES, unique_by=lambda one: one.id),
    # Circles too: two edits at once can close one.
    st.lists(edges, max_size=5),
    st.lists(windows, max_size=2),
    st.lists(incidents, max_size=2),
    st.sampled_from((LOCATIONS, LOCATIONS, ("main",))),
    st.sampled_from(((), (("main", "internet"),))),
)

# What is new at a step: who was seen when, and where the clock stands then.
sightings = st.dictionaries(
    st.sampled_from([10 * number + place for number in range(SERVICES) for place in range(2)]),
    st.tuples(*[st.one_of(st.none(), near.map(at))] * 2),
    max_size=4,
)
news = st.sampled_from(("the same", "the same", "the same anew", "another"))
steps = st.lists(st.tuples(sightings, near, news, truths), min_size=2, max_size=5)


def travelled(truth: Truth) -> Truth:
    """The same facts as other objects, as they come out of Redis."""
    return msgspec.json.decode(msgspec.json.encode(truth), type=Truth)


@settings(max_examples=60, deadline=None)
@given(truths, steps, st.booleans())
def test_at_every_step_of_the_clock_and_after_every_change(
    first: Truth, ladder: list[tuple[Any, int, str, Truth]], onwards: bool
) -> None:
    remembering = reader.Reader()
    truth, observed = first, dict[int, Any]()
    if onwards:
        # Most of a portal's life: the clock goes on and nothing changes but who was seen.
        ladder = sorted(ladder, key=lambda one: one[1])
    for sighted, seconds, news_is, other in ladder:
        if news_is == "another" and not onwards:
            truth = other
        elif news_is != "the same":
            truth = travelled(truth)
        observed = observed | sighted
        snapshot = Snapshot(truth, NOW, observed, "v")

        assert remembering.read(snapshot, at(seconds)) == reader.read(snapshot, at(seconds))


# Nobody says anything of these but our own checks, each from one place.
quiet_services = st.builds(
    lambda number, health, since, quiet_at: ServiceFact(
        id=f"id-{number}",
        slug=f"slug-{number}",
        name=Bilingual(f"خدمة {number}", f"Service {number}"),
        agency="MOI",
        tier=2,
        visibility="public",
        channels=(
            ChannelFact(
                10 * number,
                "web",
                checks=(
                    CheckFact(
                        10 * number,
                        True,
                        FRESH_FOR,
                        (Measure("main", health, at(since), Reason.REFUSED, quiet_at),),
                    ),
                ),
            ),
        ),
    ),
    st.integers(0, SERVICES - 1),
    st.sampled_from((CheckHealth.OK, CheckHealth.BAD)),
    st.integers(-90, -1),
    st.one_of(st.none(), near.map(at)),
)
quiet_steps = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from([10 * number for number in range(SERVICES)]),
            st.tuples(near.map(at)),
            max_size=2,
        ),
        near,
    ),
    min_size=3,
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(quiet_services, min_size=2, max_size=SERVICES, unique_by=lambda one: one.id),
    st.lists(edges, max_size=3),
    quiet_steps,
)
def test_while_the_clock_goes_on_and_checks_are_seen(
    facts: list[ServiceFact], needs: list[EdgeFact], ladder: list[tuple[Any, int]]
) -> None:
    remembering = reader.Reader()
    truth = Truth(
        agencies=(AgencyFact("MOI", Bilingual("الداخلية", "Interior")),),
        services=tuple(sorted(facts, key=lambda one: one.id)),
        edges=tuple(needs),
        locations=("main",),
    )
    observed: dict[int, tuple[datetime | None, ...]] = {10 * n: (NOW,) for n in range(SERVICES)}
    for sighted, seconds in sorted(ladder, key=lambda one: one[1]):
        observed = observed | sighted
        snapshot = Snapshot(truth, NOW, observed, "v")

        assert remembering.read(snapshot, at(seconds)) == reader.read(snapshot, at(seconds))


def test_what_nobody_touched_is_the_very_same() -> None:
    nation = Nation().service("a", OK).service("b", BAD)
    remembering = reader.Reader()
    truth, seen = nation.truth(), nation.observed
    before = remembering.read(Snapshot(truth, NOW, seen, "v"), NOW)
    later = NOW + timedelta(seconds=5)

    after = remembering.read(Snapshot(travelled(truth), later, seen | {11: (later,)}, "v"), later)

    assert after.services["a"] is before.services["a"]
    assert after.services["b"].channels[0].observed_at == later
    assert after.now == datetime(2026, 11, 1, 10, 0, 5, tzinfo=UTC)


def test_of_a_step_with_nothing_new_all_is_the_very_same() -> None:
    nation = Nation().service("a", OK).service("b", BAD).service("c", OK).edge("b", "c")
    nation.window("a", "slow", starts=-timedelta(hours=1), ends=timedelta(hours=1))
    remembering = reader.Reader()
    snapshot = Snapshot(nation.truth(), NOW, nation.observed, "v")
    before = remembering.read(snapshot, NOW)

    after = remembering.read(snapshot, NOW + reader.STEP)

    assert (after.now, before.now) == (NOW + reader.STEP, NOW)
    assert after.services is before.services
    assert after.agencies is before.agencies


def test_who_is_down_because_of_an_upstream_is_so_since_the_upstream_is() -> None:
    nation = Nation().service("login", BAD).service("permit", OK).edge("login", "permit")
    login, permit = nation.services
    (channel,) = login.channels
    (check,) = channel.checks
    later = SINCE + timedelta(minutes=5)
    (measure,) = check.measures
    other = msgspec.structs.replace(
        check, id=99, measures=(msgspec.structs.replace(measure, since=later),)
    )
    channel = msgspec.structs.replace(channel, checks=(check, other))
    nation.services = [msgspec.structs.replace(login, channels=(channel,)), permit]
    # The check that found it first falls silent first.
    silent_at = NOW + timedelta(seconds=FRESH_FOR)
    nation.observed[99] = (silent_at,)
    remembering = reader.Reader()
    snapshot = Snapshot(nation.truth(), NOW, nation.observed | {11: (silent_at,)}, "v")

    before = remembering.read(snapshot, NOW).services
    after = remembering.read(snapshot, silent_at + reader.STEP).services

    assert (before["login"].since, before["permit"].since) == (SINCE, SINCE)
    assert (after["login"].since, after["permit"].since) == (later, later)
    assert before["permit"].health is after["permit"].health is Health.MAJOR_OUTAGE


def test_what_is_not_seen_any_more_is_not_known() -> None:
    nation = Nation().service("a", OK)
    remembering = reader.Reader()
    truth = nation.truth()
    remembering.read(Snapshot(truth, NOW, nation.observed, "v"), NOW)

    after = remembering.read(Snapshot(truth, NOW, {}, "v"), NOW)

    assert after.services["a"].health is Health.UNKNOWN
