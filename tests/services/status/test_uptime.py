"""Rule 22: how long a service was up, down and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.cascade import EdgeKind
from services.status.health import Health
from services.status.timeline import Interval, merged
from services.status.uptime import (
    Booking,
    Carried,
    ChannelHistory,
    Figures,
    Span,
    carried_by,
    effective_timeline,
    figures,
    worst_health,
)
from services.status.window import Window, WindowEffect

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
STOPPED, PARTLY, SLOW, NONE = (
    WindowEffect.STOPPED,
    WindowEffect.PARTLY,
    WindowEffect.SLOW,
    WindowEffect.NONE,
)
HEALTH: dict[str, Health | None] = {
    "o": Health.OPERATIONAL,
    "d": Health.DEGRADED,
    "m": Health.MAINTENANCE,
    "p": Health.PARTIAL_OUTAGE,
    "M": Health.MAJOR_OUTAGE,
    "?": Health.UNKNOWN,
    "-": None,
}
BOOKING = {
    "?": Booking.UNKNOWN,
    "u": Booking.UP,
    "l": Booking.LIMITED,
    "d": Booking.DEGRADED,
    "p": Booking.PARTIAL,
    "P": Booking.PLANNED,
    "v": Booking.OVERRUN,
    "o": Booking.OWN,
    "U": Booking.UPSTREAM,
}
LETTER = {health: letter for letter, health in HEALTH.items()}
BOOKING_LETTER = {booking: letter for letter, booking in BOOKING.items()}


def at(hour: float) -> datetime:
    return START + hour * HOUR


def measured(line: str) -> list[Interval[Health | None]]:
    """A channel's timeline from one letter an hour; a space is an hour nothing is written of."""
    return merged(
        Interval(at(n), at(n + 1), HEALTH[letter]) for n, letter in enumerate(line) if letter != " "
    )


def stays(line: str) -> list[tuple[float, Health]]:
    return [(n, h) for n, letter in enumerate(line) if (h := HEALTH.get(letter)) is not None]


def declared(line: str) -> list[Interval[Health]]:
    """Declared healths from one letter an hour; a space is nothing declared."""
    return [Interval(at(n), at(n + 1), health) for n, health in stays(line)]


def spans(health: str, booking: str) -> list[Span]:
    return [
        Span(at(n), at(n + 1), HEALTH[h], BOOKING[b])
        for n, (h, b) in enumerate(zip(health, booking, strict=True))
    ]


def carried(kind: EdgeKind, health: str, booking: str) -> list[Carried]:
    return carried_by(kind, spans(health, booking))


def window(
    starts: float,
    ends: float,
    effect: WindowEffect = STOPPED,
    *,
    completed: float | None = None,
    approved: float = -48,
    channels: frozenset[str] | None = None,
) -> Window:
    completed_at = None if completed is None else at(completed)
    return Window(effect, at(starts), at(ends), at(approved), completed_at, channels)


def written(timeline: Sequence[Span], hours: int) -> tuple[str, str]:
    """(health, booking) of each hour, for comparing at a glance."""
    by_hour = [next(s for s in timeline if s.start <= at(n) < s.end) for n in range(hours)]
    return (
        "".join(LETTER[span.health] for span in by_hour),
        "".join(BOOKING_LETTER[span.booking] for span in by_hour),
    )


def of_one_channel(
    history: ChannelHistory, *windows: Window, hours: int | None = None
) -> tuple[str, str]:
    length = hours or max(round((i.end - START) / HOUR) for i in history.measured)
    return written(
        effective_timeline({"web": history}, windows, start=START, end=at(length)), length
    )


@pytest.mark.parametrize(
    ("line", "health", "booking"),
    [
        ("ooMMo", "ooMMo", "uuoou"),
        ("odpo", "odpo", "udpu"),
        ("o??M", "o??M", "u??o"),
        ("o M", "o?M", "u?o"),  # nothing written is unknown
        ("---", "---", "???"),
        ("-oo", "-oo", "?uu"),
    ],
)
def test_rule_22_measured_alone(line: str, health: str, booking: str) -> None:
    assert of_one_channel(ChannelHistory(measured(line))) == (health, booking)


@pytest.mark.parametrize(
    ("line", "said", "health", "booking"),
    [
        ("oooo", " M  ", "oMoo", "uouu"),
        ("oooo", " dp ", "odpo", "udpu"),
        ("oMMo", " d  ", "oMMo", "uoou"),
        ("o???", " d  ", "od??", "ud??"),  # a person's word is knowledge
        ("o???", " o  ", "o???", "u???"),  # but not against our own silence
        ("----", " M  ", "-M--", "?o??"),
    ],
)
def test_rule_22_declared(line: str, said: str, health: str, booking: str) -> None:
    history = ChannelHistory(measured(line), declared(said))

    assert of_one_channel(history) == (health, booking)


@pytest.mark.parametrize(
    ("line", "planned", "health", "booking"),
    [
        # Planned from start to completion, whatever is measured.
        ("ooooo", window(1, 3, completed=3), "ommoo", "uPPuu"),
        ("oMMoo", window(1, 3, completed=3), "ommoo", "uPPuu"),
        ("o??oo", window(1, 3, completed=3), "ommoo", "uPPuu"),
        ("ooooo", window(1, 4, completed=2), "omooo", "uPuuu"),
        ("ooooo", window(1, 2, completed=0.5), "ooooo", "uuuuu"),
        # After the announced end bad time is overrun and good time is up, though not shown so.
        ("oMMMoo", window(1, 2, completed=5), "omMMmo", "uPvvuu"),
        ("oMMM?o", window(1, 2), "omMMmm", "uPvv?u"),
        # Bad after completion is its own.
        ("oMMMo", window(1, 2, completed=2), "omMMo", "uPoou"),
        # Bad that outlives the overrun, too.
        ("oMMMMo", window(1, 2, completed=3), "omMMMo", "uPvoou"),
        # An outage under way at the start is not covered until it ends; then the window is.
        ("MMMooo", window(1, 5, completed=5), "MMMmmo", "oooPPu"),
        ("MMMMMo", window(1, 3, completed=6), "MMMMMm", "ooooou"),
        ("MMMoMo", window(1, 5, completed=5), "MMMmmo", "oooPPu"),
        # A lesser trouble cancels nothing.
        ("dddd", window(1, 3, completed=3), "dmmd", "dPPd"),
        # An unknown hour ends the outage, so what follows is planned.
        ("M?MMo", window(1, 4, completed=4), "Mmmmo", "oPPPu"),
        # No window covers time before its approval.
        ("oMMMo", window(1, 4, completed=4, approved=2), "oMMMo", "uooou"),
        ("ooooo", window(1, 4, completed=4, approved=2), "oommo", "uuPPu"),
        # Partly and slow are part of up; worse than they allow is not theirs.
        ("oooo", window(1, 3, PARTLY, completed=3), "ommo", "ullu"),
        ("oddo", window(1, 3, PARTLY, completed=3), "ommo", "ullu"),
        ("oMMo", window(1, 3, PARTLY, completed=3), "oMMo", "uoou"),
        ("oooo", window(1, 3, SLOW, completed=3), "oddo", "ullu"),
        ("o??o", window(1, 3, SLOW, completed=3), "oddo", "u??u"),
        # Running over, they count by what is measured.
        ("oood", window(1, 2, PARTLY), "ommm", "ulud"),
        # Effect none changes nothing.
        ("oMdo", window(0, 4, NONE), "oMdo", "uodu"),
        # A channel that is not monitored is known by what was announced of it.
        ("----", window(1, 2, completed=3), "-mm-", "?P??"),
    ],
)
def test_rules_14_to_16_windows(line: str, planned: Window, health: str, booking: str) -> None:
    assert of_one_channel(ChannelHistory(measured(line)), planned) == (health, booking)


def test_rule_14_of_two_windows_at_once_the_worse_counts() -> None:
    history = ChannelHistory(measured("oMMo"))

    timeline = of_one_channel(history, window(0, 4, PARTLY, completed=4), window(1, 3, completed=3))

    assert timeline == ("mmmm", "lPPl")


@pytest.mark.parametrize(
    ("kind", "upstream", "line", "health", "booking"),
    [
        (EdgeKind.HARD, ("oMMo", "uoou"), "oooo", "oMMo", "uUUu"),
        # Bad on its own and by its upstream at once counts as upstream; before and after as own.
        (EdgeKind.HARD, ("oMMo", "uoou"), "MMMM", "MMMM", "oUUo"),
        (EdgeKind.HARD, ("oMMo", "uUUu"), "oooo", "oMMo", "uUUu"),
        (EdgeKind.HARD, ("oppo", "uppu"), "oooo", "oppo", "uppu"),
        (EdgeKind.HARD, ("oddo", "uddu"), "oooo", "oddo", "uddu"),
        (EdgeKind.HARD, ("o??o", "u??u"), "oooo", "oooo", "uuuu"),
        # What is planned upstream is planned here, also where it measures bad.
        (EdgeKind.HARD, ("omMo", "uPvu"), "oooo", "omMo", "uPvu"),
        (EdgeKind.HARD, ("ommo", "uPPu"), "oMMo", "oMMo", "uPPu"),
        (EdgeKind.HARD, ("ommo", "ullu"), "oooo", "ommo", "ullu"),
        # An upstream that runs over and answers takes no time away.
        (EdgeKind.HARD, ("ommo", "uPuu"), "oooo", "ommo", "uPuu"),
        (EdgeKind.SOFT, ("oMpo", "uopu"), "oooo", "oddo", "uddu"),
        (EdgeKind.SOFT, ("oMMo", "uoou"), "oMoo", "oMdo", "uodu"),
        (EdgeKind.SOFT, ("oddo", "uddu"), "oooo", "oooo", "uuuu"),
        (EdgeKind.ALTERNATIVE, ("omMo", "uPvu"), "oooo", "oddo", "uldu"),
        # An upstream's trouble does not make unseen time up.
        (EdgeKind.SOFT, ("oMMo", "uoou"), "????", "?dd?", "????"),
        (EdgeKind.HARD, ("oMMo", "uoou"), "----", "----", "????"),
    ],
)
def test_rules_12_and_22_what_upstreams_carry(
    kind: EdgeKind, upstream: tuple[str, str], line: str, health: str, booking: str
) -> None:
    history = ChannelHistory(measured(line), carried=carried(kind, *upstream))

    assert of_one_channel(history) == (health, booking)


def test_rule_22_of_two_upstreams_the_unplanned_outage_counts_before_the_planned_one() -> None:
    planned, failed = carried(EdgeKind.HARD, "mmo", "PPu"), carried(EdgeKind.HARD, "oMM", "uoo")

    timeline = of_one_channel(ChannelHistory(measured("ooo"), carried=[*planned, *failed]))

    assert timeline == ("mMM", "PUU")


def test_rule_16_its_own_stop_stays_planned_while_its_upstream_fails() -> None:
    history = ChannelHistory(measured("ooo"), carried=carried(EdgeKind.HARD, "oMo", "uou"))

    assert of_one_channel(history, window(0, 3, completed=3)) == ("mMm", "PPP")


@pytest.mark.parametrize(
    ("web", "app", "windows", "health", "booking"),
    [
        ("oMMo", "ooMo", (), "opMo", "upou"),
        ("oM?o", "o??o", (), "op?o", "up?u"),
        ("oo", "o?", (), "oo", "uu"),
        ("oMo", "---", (), "oMo", "uou"),
        # One stopped channel is part of up; with the other one down the service is down.
        ("oooo", "oooo", (window(1, 3, completed=3, channels=frozenset({"app"})),), "ommo", "ullu"),
        ("ooMo", "oooo", (window(1, 3, completed=3, channels=frozenset({"app"})),), "omMo", "ulou"),
        # With the other one unseen nobody knows that the service was down.
        ("oooo", "o??o", (window(1, 3, completed=3, channels=frozenset({"web"})),), "ommo", "ullu"),
        # All stopped is planned.
        ("oooo", "oMMo", (window(1, 3, completed=3),), "ommo", "uPPu"),
    ],
)
def test_rules_10_and_22_a_service_is_down_when_all_its_channels_are(
    web: str, app: str, windows: tuple[Window, ...], health: str, booking: str
) -> None:
    channels = {"web": ChannelHistory(measured(web)), "app": ChannelHistory(measured(app))}

    timeline = effective_timeline(channels, windows, start=START, end=at(len(web)))

    assert written(timeline, len(web)) == (health, booking)


def test_rule_22_a_service_without_channels_has_no_data() -> None:
    assert effective_timeline({}, start=START, end=at(2)) == [
        Span(START, at(2), None, Booking.UNKNOWN)
    ]


def test_rule_22_figures_of_a_day() -> None:
    timeline = spans("ooodpmmmMMM???ooooooMMoo", "uuudplPPvoU???uuuuuuoouu")

    assert figures(timeline, START, at(24)) == Figures(
        up=14 * HOUR,
        partial=1 * HOUR,
        degraded=1 * HOUR,
        limited=1 * HOUR,
        planned=2 * HOUR,
        overrun=1 * HOUR,
        own=3 * HOUR,
        upstream=1 * HOUR,
        unknown=3 * HOUR,
    )


def test_rule_22_figures_cut_spans_at_the_edges_of_the_period() -> None:
    timeline = [Span(at(-5), at(1), Health.MAJOR_OUTAGE, Booking.OWN)]

    assert figures(timeline, START, at(3)) == Figures(own=HOUR, unknown=2 * HOUR)


def test_rule_22_a_day_that_has_not_begun_has_no_figures() -> None:
    timeline = [Span(START, at(9), Health.MAJOR_OUTAGE, Booking.OWN)]

    assert figures(timeline, at(5), at(3)) == Figures()


def test_rule_22_unknown_leaves_the_denominator() -> None:
    result = Figures(up=3 * HOUR, own=1 * HOUR, unknown=20 * HOUR)

    assert result.availability == Decimal(75)


def test_rule_22_planned_is_apart_and_overrun_counts_as_unplanned() -> None:
    result = Figures(up=6 * HOUR, planned=4 * HOUR, overrun=1 * HOUR, upstream=1 * HOUR)

    assert result.unplanned == 1 * HOUR
    assert result.availability == Decimal(75)
    assert result.availability_with_planned == Decimal(50)


@pytest.mark.parametrize(
    ("up", "down", "expected"),
    [
        (timedelta(days=90), timedelta(0), "100"),
        (timedelta(days=90), timedelta(microseconds=1), "99.99"),
        (timedelta(days=2), timedelta(days=1), "66.66"),
        (timedelta(0), timedelta(days=1), "0"),
        (timedelta(microseconds=1), timedelta(days=90), "0"),
    ],
)
def test_rule_22_percentages_round_down(up: timedelta, down: timedelta, expected: str) -> None:
    assert Figures(up=up, own=down).availability == Decimal(expected)


@pytest.mark.parametrize("result", [Figures(), Figures(unknown=24 * HOUR)])
def test_rule_22_no_known_time_is_no_data(result: Figures) -> None:
    assert result.availability is None
    assert result.availability_with_planned is None


def test_rule_22_a_day_that_was_planned_throughout_has_no_availability_outside_it() -> None:
    result = Figures(planned=24 * HOUR)

    assert result.availability is None
    assert result.availability_with_planned == 0


def test_rule_22_months_are_sums_of_days() -> None:
    timeline = spans("oMoooM", "uouuuU")

    first, second = figures(timeline, START, at(3)), figures(timeline, at(3), at(6))

    assert first + second == figures(timeline, START, at(6))


@pytest.mark.parametrize(
    ("since", "until", "worst"),
    [
        (0, 6, Health.MAJOR_OUTAGE),
        (0, 1, Health.OPERATIONAL),
        (2, 4, Health.DEGRADED),
        (4, 5, None),
        (6, 9, None),
    ],
)
def test_the_colour_of_a_bar_is_the_worst_health_in_it(
    since: float, until: float, worst: Health | None
) -> None:
    assert worst_health(spans("oMdo-o", "uodu?u"), at(since), at(until)) is worst


lines = st.text(alphabet="odM?- ", max_size=12)
bounds = st.integers(-2, 14)
windows = st.builds(
    Window,
    st.sampled_from(WindowEffect),
    starts_at=bounds.map(at),
    announced_end_at=bounds.map(at),
    approved_at=st.none() | bounds.map(at),
    completed_at=st.none() | bounds.map(at),
    channels=st.sampled_from([None, frozenset({"web"}), frozenset({"app"})]),
)
histories = st.builds(
    ChannelHistory,
    lines.map(measured),
    st.text(alphabet="dpM ", max_size=12).map(declared),
    st.lists(
        st.tuples(st.sampled_from(EdgeKind), st.text(alphabet="uldpPvoU?", max_size=12)).map(
            lambda pair: carried(
                pair[0],
                "".join(
                    dict(zip("uldpPvoU?", "omdpmMMM?", strict=True))[letter] for letter in pair[1]
                ),
                pair[1],
            )
        ),
        max_size=2,
    ).map(lambda upstreams: [item for upstream in upstreams for item in upstream]),
)


@given(st.fixed_dictionaries({"web": histories, "app": histories}), st.lists(windows, max_size=3))
def test_rule_22_every_instant_is_counted_exactly_once(
    channels: dict[str, ChannelHistory], planned: list[Window]
) -> None:
    timeline = effective_timeline(channels, planned, start=START, end=at(12))

    assert (timeline[0].start, timeline[-1].end) == (START, at(12))
    assert all(one.end == two.start for one, two in pairwise(timeline))
    result = figures(timeline, START, at(12))
    assert result.whole == 12 * HOUR
    assert result.partial + result.degraded + result.limited <= result.up
    assert (
        result.planned + result.unplanned + result.overrun + result.up + result.unknown == 12 * HOUR
    )


@given(st.fixed_dictionaries({"web": histories, "app": histories}), st.lists(windows, max_size=3))
def test_rule_22_down_without_a_plan_is_never_shown_as_anything_better_than_maintenance(
    channels: dict[str, ChannelHistory], planned: list[Window]
) -> None:
    for span in effective_timeline(channels, planned, start=START, end=at(12)):
        if span.booking in (Booking.OWN, Booking.UPSTREAM):
            assert span.health in (Health.MAJOR_OUTAGE, Health.MAINTENANCE)
        if span.health is Health.UNKNOWN or span.health is None:
            assert span.booking is Booking.UNKNOWN


@given(
    st.sets(st.integers(0, 11)),
    st.lists(windows, max_size=3),
    st.text(alphabet="ldpPvoU", max_size=12),
)
def test_rule_22_missing_observations_are_never_counted_as_up(
    seen_hours: set[int], planned: list[Window], upstream: str
) -> None:
    line = "".join("M" if hour in seen_hours else "?" for hour in range(12))
    health = "".join(dict(zip("ldpPvoU", "mdpmMMM", strict=True))[letter] for letter in upstream)
    history = ChannelHistory(measured(line), carried=carried(EdgeKind.SOFT, health, upstream))

    timeline = effective_timeline({"web": history}, planned, start=START, end=at(12))

    assert figures(timeline, START, at(12)).up == timedelta(0)
