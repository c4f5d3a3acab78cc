"""The days of each way to use a service: from stored rows to bars, words and shares."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import msgspec
import pytest
from django.test import Client, override_settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from statusportal.public import history, reader
from statusportal.public.bars import availability, channel_days
from statusportal.public.history import StoredChannel, StoredDay
from statusportal.public.remembered import Remembered
from statusportal.public.service_page import draw_past
from statusportal.public.shape import ChannelDays, DayFact, History, ServiceHistory
from statusportal.public.store import store
from tests.statusportal.public.reading import get, parse, text_of
from tests.statusportal.public.ways import API, APP, WEB, several_ways, their_days

pytestmark = pytest.mark.usefixtures("at_one_o_clock")

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
WHOLE = 86_400


# --- what travels -------------------------------------------------------------------------------


def assembled(*channels: StoredChannel) -> ServiceHistory:
    """A service that was well on each of its last three days, with `channels` beside it."""
    well = [StoredDay(TODAY - n * DAY, WHOLE, 0, 0, 0, 0, 0, 0) for n in (2, 1)]
    today = StoredDay(TODAY, 46_800, 0, 0, 0, 0, 0, 0)
    told = history.assemble(
        ["id-a"],
        {"id-a": [*well, today]},
        now=NOW,
        zone=ZoneInfo("Asia/Bahrain"),
        is_demo=False,
        channels={"id-a": channels},
    )
    return told.services[0]


def test_only_days_that_differ_travel() -> None:
    out = StoredDay(TODAY - DAY, WHOLE - 60, 0, 0, 0, 50, 10, 0)
    like_the_service = StoredDay(TODAY, 46_800, 0, 0, 0, 0, 0, 0)
    long_ago = StoredDay(TODAY - 90 * DAY, 0, 0, 0, 0, WHOLE, 0, 0)
    web = StoredChannel(1, TODAY - 400 * DAY, (long_ago, out, like_the_service))

    told = assembled(web, StoredChannel(2, TODAY - DAY))

    assert told.channels == (
        ChannelDays(1, (DayFact(TODAY - DAY, WHOLE - 60, 0, 60, 0, 0, 0),)),
        ChannelDays(2, since=TODAY - DAY),
    )
    assert msgspec.json.encode(told.channels[1]) == b'{"id":2,"since":"2026-11-21"}'


def test_a_service_without_channels_of_their_own_weighs_what_it_did() -> None:
    assert b"channels" not in msgspec.json.encode(assembled())


def test_ninety_days_of_a_channel_are_its_services_but_for_its_own() -> None:
    told = assembled(
        StoredChannel(1, TODAY - DAY, (StoredDay(TODAY, 46_740, 0, 0, 0, 60, 0, 0),)),
    )

    days = channel_days(told, told.channels[0])

    assert len(days) == 90
    # Nobody knew the channel then, whatever its service was.
    assert days[-3] == DayFact(TODAY - 2 * DAY, 0, 0, 0, 0, 0, WHOLE)
    assert days[-2] == DayFact(TODAY - DAY, WHOLE, 0, 0, 0, 0, 0)
    assert days[-1] == DayFact(TODAY, 46_740, 0, 60, 0, 0, 0)
    assert availability(*days) == 10_000 * (WHOLE + 46_740) // (WHOLE + 46_800)
    assert told.availability == 10_000


SPENT = st.integers(min_value=0, max_value=WHOLE)
FACTS = st.lists(st.tuples(*[SPENT] * 5), min_size=3, max_size=3)


@given(service=FACTS, own=FACTS, since=st.none() | st.integers(0, 3))
def test_a_channels_day_is_as_long_as_its_services(
    service: list[tuple[int, ...]], own: list[tuple[int, ...]], since: int | None
) -> None:
    """And before it was known it is never anything but unknown."""

    def fact(at: int, spent: tuple[int, ...]) -> DayFact:
        return DayFact(TODAY + at * DAY, spent[0], 0, *spent[1:])

    days = tuple(fact(at, spent) for at, spent in enumerate(service))
    first = None if since is None else TODAY + since * DAY
    channel = ChannelDays(1, since=first)

    told = channel_days(ServiceHistory("a", days), channel)

    assert [day.day for day in told] == [day.day for day in days]
    for day, of_service in zip(told, days, strict=True):
        if first is not None and day.day < first:
            whole = of_service.up + of_service.down + of_service.planned
            whole += of_service.overrun + of_service.unknown
            assert day == DayFact(day.day, 0, 0, 0, 0, 0, whole)
        else:
            assert day is of_service
    mine = tuple(fact(at, spent) for at, spent in enumerate(own))
    assert channel_days(ServiceHistory("a", days), ChannelDays(1, mine)) == mine


def test_the_share_of_several_days_is_rounded_down() -> None:
    days = [DayFact(TODAY, WHOLE, 0, 0, 0, 0, 0), DayFact(TODAY, WHOLE - 1, 0, 1, 0, 0, 0)]

    assert availability(*days) == 9_999
    assert availability(DayFact(TODAY, 0, 0, 0, WHOLE, 0, 5)) is None


# --- what is said -------------------------------------------------------------------------------


def folds(document: Element) -> list[Element]:
    return [e for e in document.iter("details") if "way" in (e.get("class") or "").split()]


def summary(fold: Element) -> str:
    return " ".join("".join(next(fold.iter("summary")).itertext()).split())


def bar_words(of: Element) -> list[str]:
    bars = [a for a in of.iter("a") if (a.get("class") or "").startswith("bar ")]
    return [" ".join("".join(bar.itertext()).split()) for bar in bars]


def test_each_way_has_its_share_its_bars_and_its_table(client: Client) -> None:
    store.hold(several_ways(), their_days())
    document = parse(get(client, "/en/services/registry/"))
    web, app, api = folds(document)

    assert [summary(fold) for fold in (web, app, api)] == [
        "Web site Available 100% of the time",
        "Mobile app Available 99.83% of the time",
        "Connection for systems Available 98.72% of the time",
    ]
    assert [len(bar_words(fold)) for fold in (web, app, api)] == [90, 90, 90]
    assert bar_words(web)[-1] == "Sunday 22 November 2026: No trouble."
    assert bar_words(app)[-2] == "Saturday 21 November 2026: Out for 2 hours."
    assert bar_words(api)[-6] == "Tuesday 17 November 2026: No information about this day."
    # The service itself comes first, with its own words.
    assert bar_words(document)[89] == "Sunday 22 November 2026: Out for 1 hour and 30 minutes."
    for fold in (web, app, api):
        rows = {row.get("id") for row in fold.iter("tr")}
        hrefs = [a.get("href") or "" for a in fold.iter("a")]
        assert {href[1:] for href in hrefs} <= rows
        # One stop for the keyboard in each.
        assert [a.get("tabindex") for a in fold.iter("a")].count("0") == 1
    ids = [e.get("id") for e in document.iter() if e.get("id")]
    assert len(ids) == len(set(ids))


def test_the_ways_are_told_in_arabic_as_the_service_by_each(client: Client) -> None:
    store.hold(several_ways(), their_days())
    response = get(client, "/ar/services/registry/")
    page = text_of(response)
    lists = [ol.get("aria-label") for ol in parse(response).iter("ol") if ol.get("aria-label")]

    assert "الخدمة عبر كل قناة على حدة الموقع الإلكتروني متاحة 100% من الوقت" in page
    assert lists[1] == "الخدمة عبر الموقع الإلكتروني يومًا بيوم، الأقدم أولًا"
    assert "الخدمة عبر تطبيق الهاتف في جميع الأيام، الأحدث أولًا" in page


def test_a_way_of_which_nothing_is_known_has_no_share(client: Client) -> None:
    ours = their_days().services[0]
    tomorrow = msgspec.structs.replace(ours.channels[2], since=TODAY + DAY)
    ours = msgspec.structs.replace(ours, channels=(*ours.channels[:2], tomorrow))
    store.hold(several_ways(), History((ours,)))

    fold = folds(parse(get(client, "/en/services/registry/")))[2]

    assert summary(fold) == "Connection for systems There is no data yet."


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param((), id="no days of their own"),
        pytest.param((WEB,), id="one way alone"),
        # The number is no channel of this service any more.
        pytest.param((WEB, 12345), id="one way and one that is gone"),
    ],
)
def test_a_service_with_one_told_way_shows_its_own_bars_only(
    client: Client, kept: tuple[int, ...]
) -> None:
    ours = their_days().services[0]
    channels = tuple(ChannelDays(number) for number in kept)
    store.hold(several_ways(), History((msgspec.structs.replace(ours, channels=channels),)))

    response = get(client, "/en/services/registry/")

    assert folds(parse(response)) == []
    assert "Each way to use it" not in text_of(response)
    assert len(bar_words(parse(response))) == 90


def test_a_way_without_checks_has_no_bars(client: Client) -> None:
    """Whatever is still stored of it: it would be ninety days of nothing known."""
    ours = their_days().services[0]
    with_counter = msgspec.structs.replace(ours, channels=(*ours.channels, ChannelDays(93)))
    store.hold(several_ways(), History((with_counter,)))

    named = [summary(fold) for fold in folds(parse(get(client, "/en/services/registry/")))]

    assert [name.split(" Available")[0] for name in named] == [
        "Web site",
        "Mobile app",
        "Connection for systems",
    ]


def test_a_way_costs_a_page_little(client: Client) -> None:
    store.hold(several_ways(), their_days())
    with_ways = len(gzip.compress(get(client, "/ar/services/registry/").content))
    ours = msgspec.structs.replace(their_days().services[0], channels=())
    store.hold(several_ways(), History((ours,)))
    without = len(gzip.compress(get(client, "/ar/services/registry/").content))

    assert (with_ways - without) / len((WEB, APP, API)) <= 3_000


# --- what is kept from one page to the next -----------------------------------------------------

PAST = their_days().services[0]
PASTS = (
    msgspec.structs.replace(PAST, days=(*PAST.days[:-1], DayFact(TODAY, 0, WHOLE, 0, 0, 0, 0))),
    msgspec.structs.replace(PAST, channels=PAST.channels[:2]),
    msgspec.structs.replace(PAST, availability=1),
    msgspec.structs.replace(PAST, id="another"),
)


# Each differs from the one before it in one thing.
ASKED = (
    *((past, 4, "en", "latn") for past in (PAST, *PASTS, PAST)),
    *((PAST, ways, "en", "latn") for ways in (3, 2, 1)),
    (PAST, 1, "ar", "latn"),
    (PAST, 1, "ar", "arab"),
    (PAST, 1, "ar", "latn"),
)


def test_what_was_drawn_before_is_what_would_be_drawn_anew() -> None:
    said = reader.read(several_ways(), NOW).services["registry"]

    def drawn() -> list[str]:
        found: list[str] = []
        for past, ways, language, digits in ASKED:
            # As it comes out of Redis: equal, and not the same.
            past = msgspec.json.decode(msgspec.json.encode(past), type=ServiceHistory)
            with override_settings(DIGITS=digits), translation.override(language):
                found.append(draw_past(past, said.channels[:ways]))
        return found

    kept = drawn()

    with patch.object(Remembered, "of", lambda _self, _name, _made_of, make: make()):
        assert drawn() == kept
    # Four pasts, one way alone, Arabic, other digits.
    assert len(set(kept)) == 7


def test_the_past_is_drawn_once_for_as_long_as_it_stays_the_same() -> None:
    """It is nine tenths of the work of a page, and the clock goes on every five seconds."""
    said = reader.read(several_ways(), NOW).services["registry"]

    with translation.override("ar"):
        first = draw_past(PAST, said.channels)
        again = msgspec.json.decode(msgspec.json.encode(PAST), type=ServiceHistory)
        assert draw_past(again, said.channels) is first
