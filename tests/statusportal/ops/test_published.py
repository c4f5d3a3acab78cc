"""What is published of one service and by which fact, from a snapshot alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.bilingual import Bilingual
from services.status.cascade import EdgeKind
from services.status.health import CheckHealth, Health
from services.status.observation import Reason
from statusportal.ops.published import (
    Ground,
    PublishedService,
    PublishedUpstream,
    narrowed,
    published,
)
from statusportal.public import reader
from statusportal.public.shape import (
    AgencyFact,
    ChannelFact,
    CheckFact,
    EdgeFact,
    Measure,
    ServiceFact,
    Snapshot,
    Truth,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)
OK, BAD, SLOW, UNKNOWN = CheckHealth.OK, CheckHealth.BAD, CheckHealth.SLOW, CheckHealth.UNKNOWN
# A check's state at the only location, and how many seconds ago it was seen (None: never).
Seen = tuple[CheckHealth, int | None]
WELL: Seen = (OK, 10)
OUT: Seen = (BAD, 10)


def nation(
    services: dict[str, list[Seen | None]],
    edges: list[EdgeFact] | None = None,
    *,
    hidden: frozenset[str] = frozenset(),
    unstable: frozenset[str] = frozenset(),
) -> Snapshot:
    """Services by slug, each channel with one check, or None for a channel without."""
    facts = []
    observed: dict[int, tuple[datetime | None, ...]] = {}
    number = 0
    for slug, channels in services.items():
        built: list[ChannelFact] = []
        for seen in channels:
            number += 1
            checks: tuple[CheckFact, ...] = ()
            if seen is not None:
                health, age = seen
                measure = Measure(
                    "main",
                    int(health),
                    SINCE,
                    int(Reason.SERVER_ERROR) if health is BAD else int(Reason.OK),
                    unstable_until=NOW + timedelta(minutes=1) if slug in unstable else None,
                )
                checks = (CheckFact(number, True, 190.0, (measure,)),)
                observed[number] = (None if age is None else NOW - timedelta(seconds=age),)
            built.append(ChannelFact(number, ("web", "app")[len(built) % 2], checks=checks))
        facts.append(
            ServiceFact(
                id=slug,
                slug=slug,
                name=Bilingual(f"خدمة {slug}", f"Service {slug}"),
                agency="MOI",
                tier=2,
                visibility="hidden" if slug in hidden else "public",
                channels=tuple(built),
            )
        )
    truth = Truth(
        agencies=(AgencyFact("MOI", Bilingual("الداخلية", "Interior")),),
        services=tuple(facts),
        edges=tuple(edges or ()),
        locations=("main",),
    )
    return Snapshot(truth=truth, built_at=NOW, observed=observed, version="1")


def of(snapshot: Snapshot, slug: str) -> PublishedService:
    found = published(snapshot, slug, NOW)
    assert found is not None
    return found


HARD_LOGIN = [EdgeFact("login", "pass", "hard")]


@pytest.mark.parametrize(
    ("own", "login", "health", "grounds"),
    [
        ([WELL], WELL, Health.OPERATIONAL, [Ground.MEASURED]),
        ([OUT], WELL, Health.MAJOR_OUTAGE, [Ground.MEASURED]),
        ([(SLOW, 10)], WELL, Health.DEGRADED, [Ground.MEASURED]),
        # One channel down: only what makes it partial is named.
        ([OUT, WELL], WELL, Health.PARTIAL_OUTAGE, [Ground.MEASURED]),
        ([OUT, (OK, 300)], WELL, Health.PARTIAL_OUTAGE, [Ground.MEASURED]),
        # Of equally bad facts the one that explains most is named.
        ([WELL], OUT, Health.MAJOR_OUTAGE, [Ground.CASCADE]),
        ([OUT], OUT, Health.MAJOR_OUTAGE, [Ground.CASCADE]),
        ([OUT], (SLOW, 10), Health.MAJOR_OUTAGE, [Ground.MEASURED]),
        ([(OK, 300)], OUT, Health.MAJOR_OUTAGE, [Ground.CASCADE]),
        # Silence: seen too long ago, never, or lately but with nothing confirmed.
        ([(OK, 190)], WELL, Health.OPERATIONAL, [Ground.MEASURED]),
        ([(OK, 191)], WELL, Health.UNKNOWN, [Ground.STALE]),
        ([(BAD, 191)], WELL, Health.UNKNOWN, [Ground.STALE]),
        ([(UNKNOWN, None)], WELL, Health.UNKNOWN, [Ground.STALE]),
        ([(UNKNOWN, 10)], WELL, Health.UNKNOWN, [Ground.UNDECIDED]),
        # The upstream's silence carries nothing.
        ([WELL], (BAD, 191), Health.OPERATIONAL, [Ground.MEASURED]),
        ([None], OUT, None, [Ground.NOT_MONITORED]),
        ([], WELL, None, [Ground.NOT_MONITORED]),
    ],
)
def test_it_names_the_fact_that_decided(
    own: list[Seen | None], login: Seen, health: Health | None, grounds: list[Ground]
) -> None:
    said = of(nation({"login": [login], "pass": own}, HARD_LOGIN), "pass")

    assert said.health is health
    assert list(said.grounds) == grounds


def test_rule_11_an_unstable_check_is_named_as_the_ground() -> None:
    said = of(nation({"pass": [WELL]}, unstable=frozenset({"pass"})), "pass")

    assert (said.health, said.grounds) == (Health.DEGRADED, (Ground.UNSTABLE,))


def test_a_channel_says_what_our_own_checks_alone_would_say() -> None:
    edges = [EdgeFact("login", "pass", "hard", channel=3)]
    said = of(nation({"login": [OUT], "pass": [WELL, WELL]}, edges), "pass")

    assert said.health is Health.PARTIAL_OUTAGE
    assert [(c.health, c.measured, c.ground) for c in said.channels] == [
        (Health.OPERATIONAL, Health.OPERATIONAL, Ground.MEASURED),
        (Health.MAJOR_OUTAGE, Health.OPERATIONAL, Ground.CASCADE),
    ]
    assert said.upstreams[0].channel == "app"


@pytest.mark.parametrize(
    ("kind", "login", "carried", "is_note"),
    [
        ("hard", OUT, Health.MAJOR_OUTAGE, False),
        ("soft", OUT, Health.DEGRADED, False),
        ("alternative", OUT, Health.DEGRADED, False),
        ("soft", (SLOW, 10), None, True),
        ("hard", WELL, None, False),
        ("hard", (BAD, 191), None, False),
    ],
)
def test_rule_12_it_says_what_each_dependency_carries(
    kind: str, login: Seen, carried: Health | None, is_note: bool
) -> None:
    edges = [EdgeFact("login", "pass", kind, alternative=Bilingual("بالهاتف", "By phone"))]
    (upstream,) = of(nation({"login": [login], "pass": [WELL]}, edges), "pass").upstreams

    assert (upstream.kind, upstream.carried, upstream.is_note) == (EdgeKind(kind), carried, is_note)
    assert upstream.alternative == Bilingual("بالهاتف", "By phone")


def test_rule_12_staff_see_the_whole_chain_by_name_worst_first_and_each_branch_once() -> None:
    services: dict[str, list[Seen | None]] = {
        "pass": [WELL],
        "pay": [WELL],
        "login": [WELL],
        "network": [OUT],
    }
    edges = [
        EdgeFact("pay", "pass", "soft"),
        EdgeFact("login", "pass", "hard"),
        EdgeFact("network", "login", "hard"),
        EdgeFact("login", "pay", "hard"),
    ]
    said = of(nation(services, edges, hidden=frozenset({"network", "login"})), "pass")

    def chain(upstreams: tuple[PublishedUpstream, ...]) -> list[object]:
        return [(up.slug, up.visibility, up.is_repeated, chain(up.upstreams)) for up in upstreams]

    assert said.health is Health.MAJOR_OUTAGE
    assert chain(said.upstreams) == [
        ("pay", "public", False, [("login", "hidden", True, [])]),
        ("login", "hidden", False, [("network", "hidden", False, [])]),
    ]


def test_a_circle_that_slipped_through_ends() -> None:
    edges = [EdgeFact("one", "two", "hard"), EdgeFact("two", "one", "hard")]
    said = of(nation({"one": [OUT], "two": [WELL]}, edges), "two")

    assert [up.slug for up in said.upstreams] == ["one"]
    assert said.health is Health.MAJOR_OUTAGE


def test_a_service_that_the_snapshot_lacks_is_not_published() -> None:
    assert published(nation({"pass": [WELL]}), "gone", NOW) is None


@st.composite
def nations(draw: st.DrawFn) -> Snapshot:
    slugs = [f"s{number}" for number in range(draw(st.integers(1, 6)))]
    seen = st.none() | st.tuples(
        st.sampled_from(CheckHealth), st.sampled_from([None, 5, 190, 191, 4000])
    )
    services = {slug: draw(st.lists(seen, max_size=2)) for slug in slugs}
    edges = [
        EdgeFact(slugs[upstream], slugs[dependant], draw(st.sampled_from(EdgeKind)).value)
        for dependant in range(len(slugs))
        for upstream in range(dependant)
        if draw(st.booleans())
    ]
    return nation(
        services,
        edges,
        hidden=frozenset(draw(st.sets(st.sampled_from(slugs)))),
        unstable=frozenset(draw(st.sets(st.sampled_from(slugs)))),
    )


@given(nations())
def test_staff_are_told_what_the_public_page_says_and_nothing_else(snapshot: Snapshot) -> None:
    everything = reader.read(snapshot, NOW)

    for slug, public in everything.services.items():
        staff = of(snapshot, slug)
        assert (staff.health, staff.since, staff.reason) == (
            public.health,
            public.since,
            public.reason,
        )
        assert [c.health for c in staff.channels] == [c.health for c in public.channels]
        # Every word of the page has a ground, and silence is never called a measurement.
        assert staff.grounds
        if staff.health is Health.UNKNOWN:
            assert set(staff.grounds) <= {Ground.STALE, Ground.UNDECIDED}


@given(nations())
def test_a_service_alone_with_its_upstreams_reads_as_in_the_whole_nation(
    snapshot: Snapshot,
) -> None:
    open_nation = replace(
        snapshot,
        truth=replace(
            snapshot.truth,
            services=tuple(
                replace(service, visibility="public") for service in snapshot.truth.services
            ),
        ),
    )
    whole = reader.read(open_nation, NOW).services

    for slug, said in whole.items():
        alone = reader.read(narrowed(snapshot, slug), NOW).services[slug]
        assert (alone.health, alone.since, alone.causes) == (said.health, said.since, said.causes)
