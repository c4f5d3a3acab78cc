"""The pages of planned work, from a snapshot held in memory and the clock alone.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.bilingual import Bilingual
from maintenance.windows import Stage
from statusportal.public import reader, window_lists
from statusportal.public.shape import StepFact
from statusportal.public.store import store
from statusportal.public.window_notice import standing
from tests.statusportal.public.planned import (
    AHEAD,
    ALL,
    DAY,
    HIDDEN,
    HOUR,
    MOVED,
    OVER,
    RUNNING,
    window,
    with_windows,
)
from tests.statusportal.public.reading import dead_links, get, links, parse, text_of
from tests.statusportal.public.snapshots import NOW, UNSPOKEN, many

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
LANGUAGES = ["ar", "en"]
# What came of links that were followed, all upon one snapshot at one instant.
ANSWERED: dict[str, int] = {}
PAGES = [
    "maintenance/",
    "maintenance/?month=2026-11",
    *(f"maintenance/{fact.ref}/" for fact in ALL),
]


@pytest.fixture
def planned() -> None:
    """Windows in every stage that there is."""
    store.hold(with_windows(*ALL))


def section(client: Client, path: str, heading: str) -> str:
    """The text of the section below the heading with this id."""
    document = parse(get(client, path))
    found = next(e for e in document.iter("section") if e.get("aria-labelledby") == heading)
    return " ".join("".join(found.itertext()).split())


# --- every page ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole(client: Client, language: str, path: str) -> None:
    response = get(client, f"/{language}/{path}")
    document = parse(response)

    assert response.status_code == 200
    assert len(list(document.iter("h1"))) == 1
    assert not [e for e in document.iter() if e.get("style") or e.tag == "style"]
    ids = [e.get("id") for e in document.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert response["Cache-Control"] == (
        "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    )


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["", "services/fines/", "agencies/MOI/", *PAGES])
def test_every_link_leads_somewhere(client: Client, language: str, path: str) -> None:
    assert dead_links(client, f"/{language}/{path}", ANSWERED) == []


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["", "services/visa/", "agencies/MOI/", *PAGES])
def test_nothing_that_is_not_public_is_named(client: Client, language: str, path: str) -> None:
    page = get(client, f"/{language}/{path}").content.decode()

    for unspoken in UNSPOKEN:
        assert unspoken not in page


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("path", PAGES)
def test_both_languages_link_to_the_same(client: Client, path: str) -> None:
    arabic, english = get(client, f"/ar/{path}"), get(client, f"/en/{path}")

    ours = sorted(link for link in links(english) if link.startswith("/en/"))
    theirs = sorted(link for link in links(arabic) if link.startswith("/ar/"))
    assert [link.replace("/ar/", "/en/", 1) for link in theirs] == ours


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_no_page_speaks_of_midnight(client: Client, language: str, path: str) -> None:
    page = text_of(get(client, f"/{language}/{path}"))

    assert "midnight" not in page
    assert "منتصف الليل" not in page


# --- the list -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("planned")
def test_each_window_stands_in_one_list(client: Client) -> None:
    lists = {
        heading: section(client, "/en/maintenance/", heading)
        for heading in ("running", "ahead", "past")
    }

    assert "Passport renewal" in lists["running"]
    assert "Running over" in lists["running"]
    # What runs over is the most pressing.
    assert lists["running"].index("Traffic fines") < lists["running"].index("Passport renewal")
    assert "National login" in lists["ahead"]
    # Whoever waits for it looks for it there, until its time is past.
    assert "is cancelled. There will be no interruption for it." in lists["ahead"]
    assert "is moved to 13:00 on Friday 27 November 2026." in lists["ahead"]
    assert "A shared government platform" in lists["ahead"]
    assert "Visit visa" in lists["past"]
    assert "Completed" in lists["past"]


@pytest.mark.parametrize(("language", "none"), [("ar", "لا يوجد"), ("en", "None")])
@pytest.mark.parametrize("heading", ["running", "ahead", "past"])
def test_none_is_said(client: Client, language: str, none: str, heading: str) -> None:
    store.hold(with_windows())

    assert section(client, f"/{language}/maintenance/", heading).endswith(none)


@pytest.mark.usefixtures("planned")
def test_it_names_when_with_day_and_zone(client: Client) -> None:
    assert "Friday 27 November 2026, from 13:00 to 17:00 (Bahrain Time)" in section(
        client, "/en/maintenance/", "ahead"
    )
    assert "الجمعة 27 نوفمبر 2026، من الساعة 13:00 إلى الساعة 17:00 (بتوقيت البحرين)" in section(
        client, "/ar/maintenance/", "ahead"
    )


# --- a month ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("planned")
def test_a_month_has_each_window_on_its_days(client: Client) -> None:
    document = parse(get(client, "/en/maintenance/?month=2026-11"))
    days = {
        e.get("data-key"): " ".join("".join(e.itertext()).split())
        for e in document.iter("li")
        if "month__day" in (e.get("class") or "").split()
    }

    # Whole weeks from a Sunday, the day after the weekend.
    assert list(days)[:7] == [f"2026-11-0{day}" for day in range(1, 8)]
    assert len(days) == 35
    assert "13:00 to 17:00 National login" in days["2026-11-27"]
    assert "Court <hearing> & more Cancelled" in days["2026-11-24"]
    assert days["2026-11-28"] == "28Saturday 28 November 2026"


def test_a_window_across_midnight_and_months_stands_on_each_of_its_days(client: Client) -> None:
    at = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
    store.hold(with_windows(window("MW-LNG222", "visa", starts_at=at, ends_at=at + 2 * DAY)))
    shown: dict[str | None, str] = {}
    for month in ("2026-11", "2026-12"):
        document = parse(get(client, f"/en/maintenance/?month={month}"))
        shown |= {
            e.get("data-key"): " ".join("".join(e.itertext()).split()).partition("2026 ")[2]
            for e in document.iter("li")
            if "month__day" in (e.get("class") or "").split()
            and any(link.get("href") for link in e.iter("a"))
        }

    assert shown == {
        "2026-11-29": "from 23:00 Visit visa",
        "2026-11-30": "all day Visit visa",
        "2026-12-01": "until 23:00 Visit visa",
    }


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize(
    "month", ["2020-01", "2031-01", "2026-13", "2026-1", "x", "", "٢٠٢٦-١١", "9999-12"]
)
def test_a_month_that_is_none_or_empty_gives_the_present_one(client: Client, month: str) -> None:
    response = get(client, f"/en/maintenance/?month={month}")
    page = text_of(response)

    assert response.status_code == 200
    assert "Nothing is known of that month; this is the present one." in page
    assert "November 2026" in page
    assert 'content="noindex"' in response.content.decode()


def test_months_are_walked_only_as_far_as_there_is_something(client: Client) -> None:
    in_january = datetime(2027, 1, 5, 10, tzinfo=UTC)
    store.hold(
        with_windows(window("MW-JAN222", "visa", starts_at=in_january, ends_at=in_january + HOUR))
    )

    def neighbours(month: str) -> dict[str | None, str | None]:
        document = parse(get(client, f"/en/maintenance/?month={month}"))
        return {a.get("rel"): a.get("href") for a in document.iter("a") if a.get("rel")}

    november = neighbours("2026-11")
    assert november["next"] == "/en/maintenance/?month=2026-12"
    assert "prev" not in november
    assert neighbours("2026-12")["prev"] == "/en/maintenance/?month=2026-11"
    assert "next" not in neighbours("2027-01")


@given(
    starts=st.datetimes(datetime(2026, 10, 20), datetime(2026, 12, 10)),  # noqa: DTZ001
    minutes=st.integers(1, 6000),
)
def test_a_month_has_every_day_of_a_window_in_it_and_no_other(
    starts: datetime, minutes: int
) -> None:
    zone = ZoneInfo("Asia/Bahrain")
    at = starts.replace(tzinfo=UTC)
    ends_at = at + timedelta(minutes=minutes)
    fact = window("MW-1", "visa", starts_at=at, ends_at=ends_at)
    now = at - DAY
    shown = standing(reader.read(with_windows(fact, seen_at=now), now))
    days = window_lists.month(shown, date(2026, 11, 1), now, zone, {4, 5})

    first = at.astimezone(zone).date()
    last = (ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    expected = {first + n * DAY for n in range((last - first).days + 1)}
    assert {day.date for day in days if day.entries} == {
        day for day in expected if (day.year, day.month) == (2026, 11)
    }
    assert len(days) % 7 == 0


@pytest.mark.parametrize(
    ("weekend", "start"), [({4, 5}, 6), ({5, 6}, 0), ({4}, 5), ({3, 4}, 5), (set(), 6)]
)
def test_a_week_begins_after_the_weekend(weekend: set[int], start: int) -> None:
    assert window_lists.week_start(weekend) == start


# --- one window ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("planned")
def test_the_page_of_a_window_says_all_that_was_announced(client: Client) -> None:
    page = text_of(get(client, f"/en/maintenance/{AHEAD.ref}/"))

    assert "Planned work on National login" in page
    assert (
        "Parts of National login will be unavailable from 13:00 on Friday 27 November 2026 to"
        " 17:00 on Friday 27 November 2026 (Bahrain Time)." in page
    )
    assert "Can be used only in part" in page
    assert "Login by the app still works." in page
    assert "Use the app." in page
    assert "Deadlines that fall into this time are extended to Tuesday 1 December 2026." in page
    assert "Do not pay again: payments under way are settled afterwards" in page
    assert "4 hours" in page
    assert AHEAD.ref in page
    assert "1 service needs it and may be affected too" in page
    assert "Passport renewal" in page
    assert "Add to my calendar" in page


@pytest.mark.usefixtures("planned")
def test_the_page_of_a_moved_window_leads_to_the_new_one(client: Client) -> None:
    response = get(client, f"/en/maintenance/{MOVED.ref}/")

    assert "/en/maintenance/MW-AHEAD2/" in links(response)
    assert "Add to my calendar" not in text_of(response)


@pytest.mark.usefixtures("planned")
def test_a_window_on_what_is_not_public_keeps_its_secret_and_its_advice(client: Client) -> None:
    page = text_of(get(client, f"/en/maintenance/{HIDDEN.ref}/"))

    assert (
        "A shared government platform will be unavailable from 16:00 on Sunday 22 November 2026"
        in page
    )
    assert "Use the app." in page
    assert "What still works" not in page
    assert "Visit visa" in page


def test_what_the_agency_wrote_stays_readable_while_it_runs(client: Client) -> None:
    own = Bilingual("ننقل الخوادم من {start} إلى {end}.", "We move servers from {start} to {end}.")
    store.hold(with_windows(msgspec.structs.replace(RUNNING, text=own), OVER))

    page = text_of(get(client, f"/en/maintenance/{RUNNING.ref}/"))
    assert "is unavailable now because of planned work." in page
    assert "We move servers from 12:00 on Sunday 22 November 2026 to 15:00" in page
    # The text that one begins with says nothing more than the page itself.
    assert "will be unavailable" not in text_of(get(client, f"/en/maintenance/{OVER.ref}/"))


def test_urgent_work_is_called_so(client: Client) -> None:
    store.hold(with_windows(msgspec.structs.replace(RUNNING, kind="emergency")))
    page = text_of(get(client, f"/en/maintenance/{RUNNING.ref}/"))

    assert "It could not wait, so it was announced late." in page
    assert "because of urgent work" in page


def test_its_steps_are_told_newest_first_with_those_of_the_clock(client: Client) -> None:
    late = NOW - 2 * HOUR
    steps = (
        StepFact("approved", NOW - 5 * DAY, NOW - 4 * HOUR, NOW - 3 * HOUR),
        StepFact("changed", NOW - 4 * DAY, NOW - 4 * HOUR, NOW - 5 * HOUR / 2),
        StepFact(
            "extended", late, NOW - 4 * HOUR, NOW - HOUR, Bilingual("سبب", "A disk was slow.")
        ),
        StepFact("completed", NOW - HOUR / 2, NOW - 4 * HOUR, NOW - HOUR),
    )
    fact = window(
        "MW-STEPS2",
        "visa",
        starts_at=NOW - 4 * HOUR,
        ends_at=NOW - HOUR,
        announced_end_at=NOW - 5 * HOUR / 2,
        approved_at=NOW - 5 * DAY,
        state="completed",
        completed_at=NOW - HOUR / 2,
        steps=steps,
    )
    store.hold(with_windows(fact))
    document = parse(get(client, "/en/maintenance/MW-STEPS2/"))
    told = [
        " ".join("".join(e.itertext()).split())
        for e in document.iter("li")
        if e.get("class") == "timeline__entry"
    ]

    day = "on Sunday 22 November 2026"
    assert told[:5] == [
        f"Completed12:30 {day}",
        f"Not finished at its announced end12:00 {day}",
        f"Extended11:00 {day}New expected end: 12:00 {day}A disk was slow.",
        f"Not finished at its announced end10:30 {day}",
        f"Started09:00 {day}",
    ]
    assert [line.partition(" ")[0][:7] for line in told[5:]] == ["Changed", "Announc"]


@pytest.mark.usefixtures("planned")
def test_a_reference_is_found_as_it_is_typed_from_the_phone(client: Client) -> None:
    response = get(client, "/en/maintenance/mw-ahead2/")

    assert response.status_code == 302
    assert response["Location"] == "/en/maintenance/MW-AHEAD2/"
    assert get(client, "/en/maintenance/MW-NONE22/").status_code == 404


# --- stages -------------------------------------------------------------------------------------


def test_a_later_end_counts_as_extended_as_soon_as_it_is_promised() -> None:
    fact = msgspec.structs.replace(RUNNING, ends_at=NOW + 4 * HOUR)
    (shown,) = standing(reader.read(with_windows(fact), NOW))

    assert shown.stage is Stage.EXTENDED


def test_a_window_approved_after_its_start_begins_then() -> None:
    fact = window(
        "MW-LATE22",
        "visa",
        starts_at=NOW - HOUR,
        ends_at=NOW + HOUR,
        approved_at=NOW - HOUR / 2,
        kind="emergency",
    )
    (shown,) = standing(reader.read(with_windows(fact), NOW))
    started = next(step for step in window_lists.timeline(shown) if step.kind == "started")

    assert started.at == NOW - HOUR / 2


def test_a_large_nation_does_not_make_the_page_long(client: Client, settings: Any) -> None:
    built = with_windows(window("MW-BIG222", "login", starts_at=NOW - HOUR, ends_at=NOW + HOUR))
    more = many(400)
    edges = tuple(type(built.truth.edges[0])("id-login", service.id, "hard") for service in more)
    truth = msgspec.structs.replace(
        built.truth,
        services=(*built.truth.services, *more),
        edges=(*built.truth.edges, *edges),
    )
    store.hold(msgspec.structs.replace(built, truth=truth))
    page = text_of(get(client, "/en/maintenance/MW-BIG222/"))

    assert "401 services need it and may be affected too" in page
    assert page.count("Numbered service") + page.count("Passport renewal") == 300
    assert "and 101 more services" in page
