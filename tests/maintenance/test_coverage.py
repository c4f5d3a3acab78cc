"""What windows cover is counted once, however they overlap (rules 14 to 16 and 22)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.status.health import Health
from services.status.timeline import Interval
from services.status.uptime import ChannelHistory, effective_timeline, figures
from services.status.window import Window, WindowEffect
from tests.maintenance.rows import NOW, at

DAY = timedelta(days=1)
END = NOW + 3 * DAY
moments = st.integers(-600, 3 * 24 * 60 + 600).map(lambda minutes: NOW + timedelta(minutes=minutes))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    starts_at = draw(moments)
    announced_end_at = starts_at + timedelta(minutes=draw(st.integers(1, 900)))
    approved_at = draw(st.one_of(st.none(), moments))
    completed_at = draw(st.one_of(st.none(), moments.filter(lambda at: at >= starts_at)))
    if completed_at is not None and approved_at is not None:
        completed_at = max(completed_at, approved_at)
    effect = draw(st.sampled_from(list(WindowEffect)))
    return Window(effect, starts_at, announced_end_at, approved_at, completed_at)


@st.composite
def measured(draw: st.DrawFn) -> list[Interval[Health | None]]:
    """A timeline without gaps, of any healths."""
    cuts = sorted(draw(st.sets(st.integers(1, 3 * 24 * 60 - 1), max_size=8)))
    points = [NOW, *(NOW + timedelta(minutes=cut) for cut in cuts), END]
    return [
        Interval(start, end, draw(st.sampled_from([*Health, None])))
        for start, end in pairwise(points)
    ]


def union_of_planned(found: list[Window]) -> timedelta:
    """Minutes that any stopped window plans, each counted once, by another way than the rules'."""
    minutes: set[int] = set()
    for window in found:
        if window.effect is WindowEffect.STOPPED and window.in_force_at is not None:
            since = max(window.in_force_at, NOW) - NOW
            until = min(window.planned_until, END) - NOW
            minutes |= set(
                range(int(since.total_seconds()) // 60, int(until.total_seconds()) // 60)
            )
    return timedelta(minutes=len(minutes))


@settings(deadline=None)
@given(found=st.lists(windows(), max_size=5), timeline=measured())
def test_the_parts_of_a_period_are_the_whole_of_it_and_nothing_is_planned_twice(found, timeline):
    history = {"web": ChannelHistory(measured=timeline)}
    spent = figures(effective_timeline(history, found, start=NOW, end=END), NOW, END)
    assert spent.whole == END - NOW
    assert spent.planned <= union_of_planned(found)


@settings(deadline=None)
@given(found=st.lists(windows(), min_size=1, max_size=4))
def test_a_window_that_is_given_twice_counts_once(found):
    up: list[Interval[Health | None]] = [Interval(NOW, END, Health.OPERATIONAL)]
    history = {"web": ChannelHistory(measured=up)}
    once = figures(effective_timeline(history, found, start=NOW, end=END), NOW, END)
    twice = figures(effective_timeline(history, found * 2, start=NOW, end=END), NOW, END)
    assert once == twice
    assert once.planned == union_of_planned(found)


@settings(deadline=None)
@given(found=st.lists(windows(), max_size=4))
def test_without_an_approval_nothing_is_covered(found):
    asked = [Window(w.effect, w.starts_at, w.announced_end_at, None) for w in found]
    down: list[Interval[Health | None]] = [Interval(NOW, END, Health.MAJOR_OUTAGE)]
    history = {"web": ChannelHistory(measured=down)}
    spent = figures(effective_timeline(history, asked, start=NOW, end=END), NOW, END)
    assert spent.own == END - NOW


def test_a_window_across_midnight_and_the_end_of_a_month_counts_in_each_day_what_lies_in_it():
    # From 23:00 on Monday 30 November to 03:30 on Tuesday 1 December.
    night = Window(WindowEffect.STOPPED, at("30 23:00"), at("2026-12-01 03:30"), NOW)
    start, end = at("30 00:00"), at("2026-12-02 00:00")
    up: list[Interval[Health | None]] = [Interval(start, end, Health.OPERATIONAL)]
    spans = effective_timeline({"web": ChannelHistory(measured=up)}, [night], start=start, end=end)
    midnight = at("2026-12-01 00:00")
    hours = [
        figures(spans, since, until).planned / timedelta(hours=1)
        for since, until in ((start, midnight), (midnight, end))
    ]
    # It stays planned up to its announced end, and runs over after it: good time is up.
    assert hours == [1.0, 3.5]
