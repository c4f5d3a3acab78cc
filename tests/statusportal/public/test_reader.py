"""What is said at an instant: staleness, roll-up and cascade, from one snapshot (rule 20)."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from services.status.headline import HeadlineKind
from services.status.health import CheckHealth, Health
from statusportal.public import reader
from statusportal.public.shape import ChannelFact, CheckFact, Measure
from tests.statusportal.public.nation import BAD, FRESH_FOR, NOW, OK, SINCE, SLOW, Nation


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ((OK, OK), Health.OPERATIONAL),
        ((OK, BAD), Health.PARTIAL_OUTAGE),
        ((BAD, BAD), Health.MAJOR_OUTAGE),
        ((OK, SLOW), Health.DEGRADED),
        # Rule 9: a channel without checks is never counted.
        ((BAD, None), Health.MAJOR_OUTAGE),
        ((None, None), None),
        ((), None),
    ],
)
def test_rules_9_and_10_a_service_is_rolled_up_from_its_channels(
    channels: tuple[CheckHealth | None, ...], expected: Health | None
) -> None:
    said = Nation().service("a", *channels).read()

    assert said.services["a"].health is expected


def test_rule_20_what_was_not_seen_for_three_intervals_and_a_timeout_is_unknown() -> None:
    nation = Nation().service("a", OK).service("b", BAD)

    just = nation.read(NOW + timedelta(seconds=FRESH_FOR))
    late = nation.read(NOW + timedelta(seconds=FRESH_FOR + 5))

    assert [s.health for s in just.services.values()] == [
        Health.OPERATIONAL,
        Health.MAJOR_OUTAGE,
    ]
    assert [s.health for s in late.services.values()] == [Health.UNKNOWN, Health.UNKNOWN]
    assert late.headline.kind is HeadlineKind.BLIND
    # An unknown one says when it was seen last, not since when it failed.
    assert late.services["b"].since == NOW
    assert late.as_of == NOW


def test_rule_20_what_was_never_seen_is_unknown() -> None:
    said = Nation().service("a", OK, seen_at=None).read()

    assert said.services["a"].health is Health.UNKNOWN
    # Nothing was ever observed: the page is as old as its snapshot.
    assert said.as_of == NOW


def test_rule_12_a_hard_dependant_is_down_and_names_the_origin() -> None:
    said = (
        Nation()
        .service("login", BAD, shared=True)
        .service("signature", OK)
        .service("permit", OK, OK)
        .edge("login", "signature")
        .edge("signature", "permit")
        .read()
    )

    permit = said.services["permit"]
    assert permit.health is Health.MAJOR_OUTAGE
    assert [cause.slug for cause in permit.causes] == ["login"]
    assert permit.since == SINCE
    # Its own checks find nothing wrong, and the page does not say that they do.
    assert permit.reason is None
    assert [channel.measured for channel in permit.channels] == [Health.OPERATIONAL] * 2


def test_rule_12_a_soft_dependant_is_degraded_and_a_degraded_upstream_only_a_note() -> None:
    down = Nation().service("sms", BAD).service("a", OK).edge("sms", "a", "soft").read()
    slow = Nation().service("sms", SLOW).service("a", OK).edge("sms", "a", "soft").read()

    assert down.services["a"].health is Health.DEGRADED
    assert slow.services["a"].health is Health.OPERATIONAL
    (note,) = slow.services["a"].causes
    assert (note.slug, note.is_note) == ("sms", True)


def test_rule_12_an_upstream_that_is_not_public_is_never_named() -> None:
    said = (
        Nation()
        .service("data-centre", BAD, visibility="agencies")
        .service("carrier", BAD, visibility="hidden")
        .service("a", OK)
        .edge("data-centre", "a")
        .edge("carrier", "a")
        .read()
    )

    assert list(said.services) == ["a"]
    # Two hidden ones are one line: "a shared government platform".
    (cause,) = said.services["a"].causes
    assert (cause.slug, cause.name, cause.health) == (None, None, Health.MAJOR_OUTAGE)


def test_rule_12_an_unknown_upstream_carries_nothing() -> None:
    said = (
        Nation()
        .service("login", OK, seen_at=NOW - timedelta(hours=1))
        .service("a", OK)
        .edge("login", "a")
        .read()
    )

    assert said.services["a"].health is Health.OPERATIONAL
    assert said.services["a"].causes == ()


def test_rule_21_services_that_are_not_public_never_count_in_the_headline() -> None:
    said = Nation().service("a", OK).service("b", BAD, visibility="agencies", tier=1).read()

    assert (said.headline.kind, said.headline.total) == (HeadlineKind.NONE, 1)


def test_an_agency_shows_the_worst_of_its_public_services() -> None:
    said = Nation().service("a", OK).service("b", SLOW).service("c", None).read()

    agency = said.agencies["MOI"]
    assert (agency.health, agency.problems, len(agency.services)) == (Health.DEGRADED, 1, 3)


def test_instants_are_read_in_steps_of_five_seconds() -> None:
    assert reader.step(NOW + timedelta(seconds=9, microseconds=5)) == NOW + timedelta(seconds=5)
    assert reader.step(NOW) == NOW


def test_a_service_works_since_its_last_channel_recovered_and_fails_since_its_first_failed() -> (
    None
):
    nation = Nation().service("well", OK, OK).service("ill", BAD, BAD)
    for service in nation.services:
        first, second = service.channels
        later = SINCE + timedelta(minutes=3)
        measure = second.checks[0].measures[0]
        moved = ChannelFact(
            id=second.id,
            kind=second.kind,
            checks=(
                CheckFact(
                    second.checks[0].id,
                    True,
                    FRESH_FOR,
                    (Measure("main", measure.health, later, measure.reason),),
                ),
            ),
        )
        number = nation.services.index(service)
        nation.services[number] = msgspec.structs.replace(service, channels=(first, moved))

    said = nation.read()

    assert said.services["well"].since == SINCE + timedelta(minutes=3)
    assert said.services["ill"].since == SINCE
