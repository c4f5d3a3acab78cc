"""The rules of truth (docs/truth.md) taken together: from single observations to what is said.

Each rule alone has its table under tests/services/status, and every combination of facts has
its cell there. Here the rules run as one: machine, flapping, roll-up, cascade, snapshot, reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bilingual import Bilingual
from services import recording
from services.models import Service
from services.status.cascade import EdgeKind
from services.status.flapping import Flapping, FlapPolicy, observe, unstable_until
from services.status.headline import HeadlineKind
from services.status.health import CheckHealth, Health, Outcome
from services.status.machine import (
    Change,
    Policy,
    State,
    accepts,
    advance,
    wants_fast,
)
from services.status.observation import Observation, Reason
from services.status.rollup import fresh_until
from services.status.timeline import channel_timeline, check_timeline, location_timeline
from services.status.uptime import ChannelHistory, carried_by, effective_timeline, figures
from services.status.window import Window, WindowEffect
from statusportal.public import reader, snapshot
from statusportal.public.said import Said
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
from tests.factories import make_channel, make_check, make_edge, make_location, make_service

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
POLICY = Policy(interval=MINUTE, timeout=10 * SECOND, fast_interval=10 * SECOND)
FLAPPING = FlapPolicy()

OUTCOMES = {
    "o": (Outcome.OK, Reason.OK),
    "s": (Outcome.SLOW, Reason.SLOW),
    "b": (Outcome.BAD, Reason.SERVER_ERROR),
    "f": (Outcome.PROBER_FAULT, Reason.PROBER_DOUBT),
}


def seen(letter: str, at: datetime, *, check_id: int = 1) -> Observation:
    return Observation(check_id, 1, at, at, *OUTCOMES[letter])


@dataclass
class Eye:
    """One check at one location, recorded as services.recording does, but for the rows."""

    policy: Policy = POLICY
    state: State = field(default_factory=State)
    flapping: Flapping = field(default_factory=Flapping)
    changes: list[Change] = field(default_factory=list)

    def see(self, observation: Observation) -> bool:
        """Take in an observation; whether it was accepted (rule 4)."""
        if not accepts(self.state, observation.due_at):
            return False
        self.state, changes = advance(self.state, observation, self.policy)
        self.changes += changes
        self.flapping = observe(
            self.flapping, observation.outcome, observation.started_at, FLAPPING
        )
        return True

    def measure(self) -> Measure:
        return Measure(
            "main",
            int(self.state.health),
            self.state.since,
            None if self.state.reason is None else int(self.state.reason),
            unstable_until(self.flapping, FLAPPING),
        )


def said(eyes: dict[str, Eye], now: datetime, edges: Sequence[EdgeFact] = ()) -> Said:
    """What the public site says at `now` of services with one channel and one check each."""
    services = tuple(
        service(
            slug,
            (
                CheckFact(
                    number,
                    True,
                    (3 * eye.policy.interval + eye.policy.timeout).total_seconds(),
                    (eye.measure(),),
                ),
            ),
            number,
        )
        for number, (slug, eye) in enumerate(eyes.items(), start=1)
    )
    observed: dict[int, tuple[datetime | None, ...]] = {
        n: (eye.state.last_started_at,) for n, eye in enumerate(eyes.values(), start=1)
    }
    truth = Truth(agencies=AGENCIES, services=services, edges=tuple(edges), locations=("main",))
    return reader.read(Snapshot(truth, now, observed), now)


AGENCIES = (AgencyFact("MOI", Bilingual("الداخلية", "Interior")),)


def service(slug: str, checks: tuple[CheckFact, ...], channel: int) -> ServiceFact:
    return ServiceFact(
        id=slug,
        slug=slug,
        name=Bilingual(f"خدمة {slug}", f"Service {slug}"),
        agency="MOI",
        tier=2,
        visibility="public",
        channels=(ChannelFact(channel, "web", checks=checks),),
    )


# --- any order, any number of times ---------------------------------------------------------------


@given(st.text(alphabet="osbf", min_size=1, max_size=40), st.data())
def test_rule_4_any_order_and_duplication_reads_as_the_accepted_ones_in_their_order(
    letters: str, data: st.DataObject
) -> None:
    observations = [seen(letter, START + n * MINUTE) for n, letter in enumerate(letters)]
    delivered = data.draw(st.lists(st.sampled_from(observations), max_size=80))

    jumbled = Eye()
    accepted = [observation for observation in delivered if jumbled.see(observation)]

    assert accepted == sorted(set(accepted), key=lambda observation: observation.due_at)
    in_order = Eye()
    for observation in accepted:
        in_order.see(observation)
    assert (jumbled.state, jumbled.flapping) == (in_order.state, in_order.flapping)
    now = START + len(letters) * MINUTE
    assert said({"pass": jumbled}, now) == said({"pass": in_order}, now)


# --- never plain green ----------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from("sb"), min_size=30, max_size=30),
    st.booleans(),
    st.integers(10, 120),
    st.integers(0, 60),
)
def test_rules_2_and_11_an_hour_of_alternating_answers_is_never_plain_green(
    troubles: list[str], good_first: bool, every_s: int, later_s: int
) -> None:
    step = every_s * SECOND
    eye = Eye(Policy(interval=step, timeout=10 * SECOND, fast_interval=10 * SECOND))
    answers = max(int(HOUR / step), 9)
    for number in range(3):
        eye.see(seen("o", START + (number - 3) * step))
    assert said({"pass": eye}, START).services["pass"].health is Health.OPERATIONAL

    for number in range(answers):
        at = START + number * step
        is_good = (number % 2 == 0) is good_first
        eye.see(seen("o" if is_good else troubles[number % 30], at))
        # The seventh change is the one that is too many.
        if number >= 7:
            told = said({"pass": eye}, at + min(later_s * SECOND, step)).services["pass"]
            assert told.health is Health.DEGRADED
            assert told.reason is Reason.UNSTABLE
    assert [change.to_health for change in eye.changes] == [CheckHealth.OK]


# --- silence --------------------------------------------------------------------------------------

ages = st.sampled_from([None, 0, 60, 190, 191, 600])


@st.composite
def nations(draw: st.DrawFn) -> Snapshot:
    """Services with up to two channels of up to three checks, seen from up to three places."""
    places = ("main", "south", "east")[: draw(st.integers(1, 3))]
    services, observed, number = [], {}, 0
    slugs = [f"s{n}" for n in range(draw(st.integers(1, 4)))]
    for slug in slugs:
        channels = []
        for kind in ("web", "app")[: draw(st.integers(0, 2))]:
            checks = []
            for _unused in range(draw(st.integers(0, 3))):
                number += 1
                measures = tuple(
                    Measure(
                        place,
                        int(draw(st.sampled_from(CheckHealth))),
                        START - HOUR,
                        unstable_until=draw(st.sampled_from([None, START + MINUTE])),
                    )
                    for place in places
                    if draw(st.booleans())
                )
                checks.append(CheckFact(number, draw(st.booleans()), 190.0, measures))
                observed[number] = tuple(
                    None if age is None else START - age * SECOND
                    for age in draw(st.lists(ages, min_size=len(places), max_size=len(places)))
                )
            number += 1
            channels.append(ChannelFact(number, kind, checks=tuple(checks)))
        services.append(
            ServiceFact(
                id=slug,
                slug=slug,
                name=Bilingual("خدمة", "Service"),
                agency="MOI",
                tier=draw(st.integers(1, 3)),
                visibility=draw(st.sampled_from(["public", "public", "hidden"])),
                channels=tuple(channels),
            )
        )
    edges = tuple(
        EdgeFact(slugs[upstream], slugs[dependant], draw(st.sampled_from(EdgeKind)).value)
        for dependant in range(len(slugs))
        for upstream in range(dependant)
        if draw(st.booleans())
    )
    doubts = draw(st.sampled_from([(), (("main", "internet"),)]))
    truth = Truth(
        agencies=AGENCIES,
        services=tuple(services),
        edges=edges,
        locations=places,
        doubts=doubts,
    )
    return Snapshot(truth, START, observed)


def fresh_and_ok(snapshot_: Snapshot, check: CheckFact, now: datetime) -> int:
    """At how many places the check was confirmed ok and lately seen."""
    places = dict(zip(snapshot_.truth.locations, snapshot_.observed[check.id], strict=True))
    return sum(
        measure.health == CheckHealth.OK
        and (at := places[measure.location]) is not None
        and (now - at).total_seconds() <= check.fresh_for
        for measure in check.measures
    )


@given(nations(), st.integers(0, 900))
def test_rules_8_9_and_20_only_fresh_good_answers_make_a_channel_operational(
    nation: Snapshot, later_s: int
) -> None:
    now = START + later_s * SECOND

    for told in reader.read(nation, now).services.values():
        for channel in told.channels:
            if channel.health is Health.OPERATIONAL:
                essential = [check for check in channel.fact.checks if check.essential]
                good = [fresh_and_ok(nation, check, now) for check in essential]
                assert all(good) if essential else channel.fact.checks
        if told.health is Health.OPERATIONAL:
            assert Health.OPERATIONAL in {channel.health for channel in told.channels}
            assert {channel.health for channel in told.channels} <= {
                None,
                Health.UNKNOWN,
                Health.OPERATIONAL,
            }


@given(nations(), st.integers(191, 100_000))
def test_rule_20_when_nobody_looks_any_more_nothing_is_operational_headline_included(
    nation: Snapshot, later_s: int
) -> None:
    told = reader.read(nation, START + later_s * SECOND)

    assert {one.health for one in told.services.values()} <= {None, Health.UNKNOWN}
    assert told.headline.kind is HeadlineKind.BLIND


# --- every instant once ---------------------------------------------------------------------------

minutes = st.integers(-5, 45).map(lambda n: START + n * MINUTE)
windows = st.builds(
    Window,
    st.sampled_from(WindowEffect),
    starts_at=minutes,
    announced_end_at=minutes,
    approved_at=st.none() | minutes,
    completed_at=st.none() | minutes,
)
answers = st.text(alphabet="osbf ", max_size=40)


@given(answers, answers, answers, st.lists(windows, max_size=2), st.sampled_from(EdgeKind))
def test_rules_3_and_22_planned_unplanned_overrun_up_and_unknown_are_the_whole_period(
    own: str, other: str, upstream: str, planned: list[Window], kind: EdgeKind
) -> None:
    end = START + 40 * MINUTE

    def channel(*checks: str) -> Sequence[object]:
        timelines = []
        for letters in checks:
            eye = Eye()
            for number, letter in enumerate(letters):
                if letter != " ":
                    eye.see(seen(letter, START + number * MINUTE))
            last = eye.state.last_started_at
            silent = last is None or end > fresh_until(last, POLICY.interval, POLICY.timeout)
            located = location_timeline(
                eye.changes, start=START, end=end, seen_until=last if silent else None
            )
            timelines.append((check_timeline([located], start=START, end=end, configured=1), True))
        return channel_timeline(timelines, start=START, end=end)

    above = effective_timeline(
        {"web": ChannelHistory(channel(upstream))},  # type: ignore[arg-type]
        start=START,
        end=end,
    )
    history = ChannelHistory(channel(own, other), carried=carried_by(kind, above))  # type: ignore[arg-type]
    sums = figures(effective_timeline({"web": history}, planned, start=START, end=end), START, end)

    assert sums.planned + sums.unplanned + sums.overrun + sums.up + sums.unknown == 40 * MINUTE
    assert min(sums.planned, sums.unplanned, sums.overrun, sums.up, sums.unknown) >= timedelta(0)


# --- who breaks first -----------------------------------------------------------------------------

NEEDS_LOGIN = [
    EdgeFact("login", "pass", EdgeKind.HARD.value),
    EdgeFact("login", "fines", EdgeKind.SOFT.value),
]


def watched(
    broken: Callable[[str, datetime], bool], phases: dict[str, int], until: datetime
) -> dict[str, Eye]:
    """Checks that are asked as the schedule does it, each from its own second of the minute."""
    eyes = {slug: Eye() for slug in phases}
    due = {slug: START + phase * SECOND for slug, phase in phases.items()}
    while min(due.values()) <= until:
        slug = min(due, key=lambda name: due[name])
        at, eye = due[slug], eyes[slug]
        eye.see(seen("b" if broken(slug, at) else "o", at))
        fast = wants_fast(eye.state, eye.policy, at)
        due[slug] = at + (eye.policy.fast_interval if fast else eye.policy.interval)
    return eyes


def gist(told: Said) -> dict[str, object]:
    """What is published in the end; when it began may differ by the second between them."""
    return {
        slug: (
            one.health,
            one.reason,
            [(cause.slug, cause.health, cause.is_note) for cause in one.causes],
            [(channel.health, channel.measured) for channel in one.channels],
        )
        for slug, one in told.services.items()
    }


@given(
    st.fixed_dictionaries({slug: st.integers(0, 59) for slug in ("login", "pass", "fines")}),
    st.integers(0, 120),
)
def test_rule_12_whichever_of_login_and_its_dependants_breaks_first_the_end_is_the_same(
    phases: dict[str, int], at_s: int
) -> None:
    breaks_at = START + 5 * MINUTE + at_s * SECOND
    mended_at = breaks_at + 10 * MINUTE

    def order(login_s: int, others_s: int) -> Callable[[str, datetime], bool]:
        def broken(slug: str, at: datetime) -> bool:
            late = (login_s if slug == "login" else others_s) * SECOND
            # `fines` only offers less without the login, and answers all the while.
            return slug != "fines" and breaks_at + late <= at < mended_at + late

        return broken

    ends = []
    for late in (order(0, 1), order(1, 0)):
        during = said(
            watched(late, phases, breaks_at + 9 * MINUTE), breaks_at + 9 * MINUTE, NEEDS_LOGIN
        )
        after = said(
            watched(late, phases, mended_at + 5 * MINUTE), mended_at + 5 * MINUTE, NEEDS_LOGIN
        )
        ends.append((gist(during), gist(after)))

    assert ends[0] == ends[1]
    during_, after_ = ends[0]
    out, well = Health.MAJOR_OUTAGE, Health.OPERATIONAL
    assert during_ == {
        "login": (out, Reason.SERVER_ERROR, [], [(out, out)]),
        "pass": (out, Reason.SERVER_ERROR, [("login", out, False)], [(out, out)]),
        "fines": (Health.DEGRADED, None, [("login", out, False)], [(Health.DEGRADED, well)]),
    }
    assert {slug: told[0] for slug, told in after_.items()} == dict.fromkeys(phases, well)  # type: ignore[index]


@pytest.mark.django_db
@pytest.mark.parametrize("first", ["login", "pass"])
def test_rule_12_through_rows_too_the_one_that_breaks_first_makes_no_difference(
    first: str,
) -> None:
    location = make_location()
    login, passport = make_service(slug="login", is_shared=True), make_service(slug="pass")
    make_edge(upstream=login, dependant=passport)
    checks = {
        slug: make_check(
            channel=make_channel(service=Service.objects.get(slug=slug)),
            interval_seconds=60,
            timeout_seconds=10,
        )
        for slug in ("login", "pass")
    }
    later = "pass" if first == "login" else "login"
    for turn, letter in enumerate("oobbb"):
        for slug in (first, later):
            # Each its own shard, the later one a second behind.
            at = START + turn * MINUTE + (SECOND if slug == later else timedelta(0))
            outcome, reason = OUTCOMES[letter]
            recording.record(
                observations=[
                    Observation(checks[slug].pk, location.pk, at, at, outcome, reason),
                ]
            )

    now = START + 5 * MINUTE
    told = reader.read(snapshot.build(now=now), now)

    out = Health.MAJOR_OUTAGE
    assert gist(told) == {
        "login": (out, Reason.SERVER_ERROR, [], [(out, out)]),
        "pass": (out, Reason.SERVER_ERROR, [("login", out, False)], [(out, out)]),
    }
