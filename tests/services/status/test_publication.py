"""Rule 17: what is published of a channel, and which fact decided it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.cascade import Cause, EdgeKind, cascade
from services.status.health import Health, rank
from services.status.publication import (
    ChannelInput,
    Fact,
    Override,
    Published,
    Standing,
    WindowEffect,
    before_cascade,
    publish,
    publish_service,
    stands,
)

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

OK = Health.OPERATIONAL
DEGRADED = Health.DEGRADED
MAINTENANCE = Health.MAINTENANCE
PARTIAL = Health.PARTIAL_OUTAGE
MAJOR = Health.MAJOR_OUTAGE
UNKNOWN = Health.UNKNOWN

STOPPED = Standing(WindowEffect.STOPPED)
PARTLY = Standing(WindowEffect.PARTLY)
SLOW = Standing(WindowEffect.SLOW)
NONE = Standing(WindowEffect.NONE)
STOPPED_TOO_LONG = Standing(WindowEffect.STOPPED, covers=False)
NONE_TOO_LONG = Standing(WindowEffect.NONE, covers=False)


@pytest.mark.parametrize(
    ("channel", "health", "fact"),
    [
        # Alone.
        (ChannelInput(None), None, None),
        (ChannelInput(OK), OK, Fact.MEASURED),
        (ChannelInput(MAJOR), MAJOR, Fact.MEASURED),
        (ChannelInput(UNKNOWN), UNKNOWN, Fact.STALE),
        # A person's word.
        (ChannelInput(OK, declared=PARTIAL), PARTIAL, Fact.DECLARED),
        (ChannelInput(MAJOR, declared=DEGRADED), MAJOR, Fact.MEASURED),
        (ChannelInput(MAJOR, declared=MAJOR), MAJOR, Fact.DECLARED),
        (ChannelInput(None, declared=DEGRADED), DEGRADED, Fact.DECLARED),
        (ChannelInput(UNKNOWN, declared=OK), UNKNOWN, Fact.STALE),
        # Upstreams.
        (ChannelInput(OK, cascade=MAJOR), MAJOR, Fact.CASCADE),
        (ChannelInput(MAJOR, cascade=MAJOR), MAJOR, Fact.CASCADE),
        (ChannelInput(MAJOR, cascade=DEGRADED), MAJOR, Fact.MEASURED),
        (ChannelInput(MAJOR, declared=MAJOR, cascade=MAJOR), MAJOR, Fact.DECLARED),
        (ChannelInput(UNKNOWN, cascade=DEGRADED), DEGRADED, Fact.CASCADE),
        (ChannelInput(None, cascade=MAJOR), None, None),
        (ChannelInput(None, declared=DEGRADED, cascade=MAJOR), MAJOR, Fact.CASCADE),
        # Windows.
        (ChannelInput(OK, windows=(STOPPED,)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(MAJOR, windows=(STOPPED,)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(UNKNOWN, windows=(STOPPED,)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(None, windows=(STOPPED,)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(DEGRADED, windows=(PARTLY,)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(MAJOR, windows=(PARTLY,)), MAJOR, Fact.MEASURED),
        (ChannelInput(OK, windows=(SLOW,)), DEGRADED, Fact.WINDOW),
        (ChannelInput(MAJOR, windows=(SLOW,)), MAJOR, Fact.MEASURED),
        (ChannelInput(OK, windows=(NONE,)), OK, Fact.MEASURED),
        (ChannelInput(DEGRADED, windows=(NONE,)), DEGRADED, Fact.MEASURED),
        (ChannelInput(UNKNOWN, windows=(NONE,)), UNKNOWN, Fact.STALE),
        (ChannelInput(None, windows=(NONE,)), None, None),
        (ChannelInput(MAJOR, windows=(NONE, STOPPED)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(OK, cascade=MAJOR, windows=(STOPPED,)), MAJOR, Fact.CASCADE),
        (ChannelInput(OK, declared=MAJOR, windows=(STOPPED,)), MAJOR, Fact.DECLARED),
        # Windows that run over, or began in the middle of an outage.
        (ChannelInput(OK, windows=(STOPPED_TOO_LONG,)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(DEGRADED, windows=(STOPPED_TOO_LONG,)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(MAJOR, windows=(STOPPED_TOO_LONG,)), MAJOR, Fact.MEASURED),
        (ChannelInput(MAJOR, windows=(STOPPED_TOO_LONG, STOPPED)), MAINTENANCE, Fact.WINDOW),
        (ChannelInput(MAJOR, windows=(STOPPED_TOO_LONG, SLOW)), MAJOR, Fact.MEASURED),
        (ChannelInput(OK, windows=(NONE_TOO_LONG,)), OK, Fact.MEASURED),
        # Unknown is not recovery while an incident is open.
        (ChannelInput(UNKNOWN, incident_open=True, last_known=MAJOR), MAJOR, Fact.HELD),
        (ChannelInput(UNKNOWN, incident_open=True, last_known=OK), UNKNOWN, Fact.STALE),
        (ChannelInput(UNKNOWN, incident_open=True), UNKNOWN, Fact.STALE),
        (ChannelInput(UNKNOWN, incident_open=False, last_known=MAJOR), UNKNOWN, Fact.STALE),
        (ChannelInput(OK, incident_open=True, last_known=MAJOR), OK, Fact.MEASURED),
        # A person publishes better than measured; declared and upstreams stay.
        (ChannelInput(MAJOR, override=OK), OK, Fact.OVERRIDE),
        (ChannelInput(MAJOR, override=DEGRADED), DEGRADED, Fact.OVERRIDE),
        (ChannelInput(MAJOR, override=OK, cascade=DEGRADED), DEGRADED, Fact.CASCADE),
        (ChannelInput(MAJOR, override=OK, declared=MAJOR), MAJOR, Fact.DECLARED),
        (ChannelInput(None, override=OK), None, None),
    ],
)
def test_rule_17_the_worst_fact_is_published(
    channel: ChannelInput, health: Health | None, fact: Fact | None
) -> None:
    assert publish(channel) == Published(health, fact)


@pytest.mark.parametrize(
    ("health", "given_for", "hours", "when_given", "measured", "after", "holds"),
    [
        (OK, MAJOR, 2, "given", MAJOR, 0.0, True),
        (OK, MAJOR, 2, "given", MAJOR, 1.99, True),
        (OK, MAJOR, 2, "expired", MAJOR, 2.0, False),
        (OK, MAJOR, 9, "never longer than four hours", MAJOR, 3.99, True),
        (OK, MAJOR, 9, "never longer than four hours", MAJOR, 4.0, False),
        (OK, MAJOR, 2, "not given yet", MAJOR, -0.1, False),
        (OK, DEGRADED, 2, "worsened", MAJOR, 1.0, False),
        (OK, MAJOR, 2, "milder", DEGRADED, 1.0, True),
        (OK, MAJOR, 2, "recovered", OK, 1.0, False),
        (DEGRADED, MAJOR, 2, "now as good as it", DEGRADED, 1.0, False),
        (OK, MAJOR, 2, "silent", UNKNOWN, 1.0, False),
        (OK, UNKNOWN, 2, "silent from the beginning", UNKNOWN, 1.0, True),
        (OK, MAJOR, 2, "not monitored", None, 1.0, False),
        (MAJOR, DEGRADED, 2, "not better", DEGRADED, 1.0, False),
    ],
)
def test_rule_17_an_override_ends_early_when_measured_worsens(
    health: Health,
    given_for: Health,
    hours: float,
    when_given: str,
    measured: Health | None,
    after: float,
    holds: bool,
) -> None:
    override = Override(health, NOW, NOW + hours * HOUR, measured=given_for)

    assert stands(override, measured, NOW + after * HOUR) is holds, when_given


def test_rules_17_and_10_per_channel_then_rolled_up() -> None:
    service = publish_service(
        {
            "web": ChannelInput(MAJOR),
            "app": ChannelInput(OK, windows=(STOPPED,)),
            "desk": ChannelInput(None),
        }
    )

    assert service.health is MAJOR
    assert service.channels == {
        "web": Published(MAJOR, Fact.MEASURED),
        "app": Published(MAINTENANCE, Fact.WINDOW),
        "desk": Published(None, None),
    }


def test_rule_10_a_service_without_a_counted_channel_is_not_monitored() -> None:
    assert publish_service({"desk": ChannelInput(None, cascade=MAJOR)}).health is None


healths = st.sampled_from(Health)
maybe = st.none() | healths
channels = st.builds(
    ChannelInput,
    measured=maybe,
    declared=maybe,
    cascade=st.sampled_from([None, DEGRADED, MAINTENANCE, PARTIAL, MAJOR]),
    windows=st.lists(
        st.builds(Standing, st.sampled_from(WindowEffect), covers=st.booleans()), max_size=2
    ).map(tuple),
    incident_open=st.booleans(),
    last_known=maybe,
)


@given(channels)
def test_rule_17_adding_the_cascade_afterwards_gives_the_same(channel: ChannelInput) -> None:
    causes = (
        [Cause("login", "login", EdgeKind.HARD, channel.cascade, False)] if channel.cascade else []
    )

    later = cascade(before_cascade({"web": channel}), causes)

    published = publish_service({"web": channel})
    assert later.channels == {"web": published.channels["web"].health}
    assert later.health == published.health


@given(channels)
def test_rule_17_nothing_is_operational_unless_it_was_measured_or_declared_so(
    channel: ChannelInput,
) -> None:
    if publish(channel).health is OK:
        assert channel.measured is OK or (channel.measured is None and channel.declared is OK)


@given(channels)
def test_rule_17_what_people_and_upstreams_say_is_never_hidden(channel: ChannelInput) -> None:
    published = publish(channel).health

    if channel.declared is not None:
        assert published is not None
        assert rank(published) >= rank(channel.declared)
    if published is not None and channel.cascade is not None:
        assert rank(published) >= rank(channel.cascade)
