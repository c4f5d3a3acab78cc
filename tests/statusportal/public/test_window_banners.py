"""Planned work on the other pages: banners, the days ahead, the verdict on a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import msgspec
import pytest
import time_machine
from django.test import Client

from core.bilingual import Bilingual
from statusportal.public.shape import WindowFact
from statusportal.public.store import store
from tests.statusportal.public.planned import (
    AHEAD,
    CANCELLED,
    DAY,
    HOUR,
    PAST,
    RUNNING,
    window,
    with_windows,
)
from tests.statusportal.public.reading import get, parse, text_of
from tests.statusportal.public.snapshots import BAD, NOW

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


def section(client: Client, path: str, heading: str) -> str:
    """The text of the section below the heading with this id."""
    document = parse(get(client, path))
    found = next(e for e in document.iter("section") if e.get("aria-labelledby") == heading)
    return " ".join("".join(found.itertext()).split())


def banner(client: Client, path: str) -> str:
    """What the banner of planned work says; empty where there is none."""
    document = parse(get(client, path))
    label = {"ar": "أعمال الصيانة المجدولة", "en": "Planned work"}[path[1:3]]
    found: Element | None = next(
        (e for e in document.iter("section") if e.get("aria-label") == label), None
    )
    return "" if found is None else " ".join("".join(found.itertext()).split())


START = NOW + 3 * DAY
LADDER = [
    (START - DAY - timedelta(seconds=5), ""),
    (START - DAY, "Passport renewal will be unavailable from 13:00 on Wednesday"),
    (START, "Passport renewal is unavailable now because of planned work."),
    (START + 2 * HOUR, "The work on Passport renewal has been running over since 15:00 on"),
    (START + 3 * HOUR, "The work on Passport renewal was completed at 16:00 on Wednesday"),
    (START + 5 * HOUR - timedelta(seconds=5), "The work on Passport renewal was completed at"),
    (START + 5 * HOUR, ""),
]


@pytest.mark.parametrize(("now", "sentence"), LADDER)
@pytest.mark.parametrize("path", ["/en/", "/en/services/passport/", "/en/agencies/MOI/"])
def test_banners_tell_it_from_a_day_before_until_two_hours_after(
    client: Client, now: datetime, sentence: str, path: str
) -> None:
    fact = window("MW-BAN222", "passport", starts_at=START, ends_at=START + 2 * HOUR)
    if now >= START + 3 * HOUR:
        fact = msgspec.structs.replace(fact, state="completed", completed_at=START + 3 * HOUR)
    store.hold(with_windows(fact, seen_at=now))
    with time_machine.travel(now, tick=False):
        said = banner(client, path)

    assert said.startswith(sentence)
    assert bool(said) == bool(sentence)


def test_with_no_worker_left_it_shows_when_it_begins(client: Client) -> None:
    """The snapshot is of the evening before; nothing was built or seen since."""
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    store.hold(with_windows(window("MW-FIVE22", "fines", starts_at=at, ends_at=at + HOUR)))

    with time_machine.travel(at - timedelta(seconds=5), tick=False):
        assert "will be unavailable" in banner(client, "/en/services/fines/")
    with time_machine.travel(at, tick=False):
        assert "is unavailable now" in banner(client, "/en/services/fines/")
        page = text_of(get(client, "/en/services/fines/"))
    assert (
        "You cannot use this service now: there is planned work until 06:00 on Monday"
        " 23 November 2026." in page
    )


def test_a_dependant_is_told_once_of_the_work_on_what_it_needs(client: Client) -> None:
    store.hold(with_windows(window("MW-LGN222", "login", starts_at=NOW - HOUR, ends_at=NOW + HOUR)))

    said = banner(client, "/en/services/passport/")
    assert said.count("National login is unavailable now because of planned work.") == 1
    assert "This service needs it and may be affected too." in said
    assert "This service needs it" not in banner(client, "/en/services/login/")
    assert banner(client, "/en/services/fines/") == ""
    # Reached through the passports.
    assert "National login is unavailable now" in banner(client, "/en/agencies/MOI/")


def test_work_without_effect_needs_no_banner(client: Client) -> None:
    store.hold(with_windows(msgspec.structs.replace(RUNNING, effect="none")))

    assert banner(client, "/en/") == ""
    assert "You should not notice it." in section(client, "/en/maintenance/", "running")


def test_home_shows_two_banners_and_counts_the_rest(client: Client) -> None:
    windows = [
        window(f"MW-{n}", slug, starts_at=NOW - HOUR, ends_at=NOW + HOUR)
        for n, slug in enumerate(("login", "passport", "visa", "fines", "court"))
    ]
    store.hold(with_windows(*windows))
    said = banner(client, "/en/")

    assert said.count("is unavailable now") == 2
    # It takes the passports with it: it reaches more than the others.
    assert said.startswith("National login")
    assert said.endswith("3 more planned interruptions")


def test_home_has_the_next_fourteen_days(client: Client) -> None:
    def starting(ref: str, at: datetime) -> WindowFact:
        return window(ref, "visa", starts_at=at, ends_at=at + HOUR)

    store.hold(
        with_windows(
            starting("MW-1", NOW + HOUR),
            starting("MW-13", NOW + 13 * DAY),
            starting("MW-14", NOW + 14 * DAY),
            CANCELLED,
            PAST,
        )
    )
    said = section(client, "/en/", "planned")
    assert "Sunday 22 November 2026" in said
    assert "Saturday 5 December 2026" in said
    assert "6 December" not in said
    assert "Court" not in said
    assert said.endswith("All planned work")

    store.hold(with_windows(PAST))
    assert "No planned work is announced for the next 14 days." in section(
        client, "/en/", "planned"
    )
    assert "لا أعمال صيانة معلنة في الأيام الأربعة عشر القادمة." in section(
        client, "/ar/", "planned"
    )


def test_home_stays_short_however_much_is_planned(client: Client) -> None:
    windows = [
        window(f"MW-{n}", "visa", starts_at=NOW + n * HOUR, ends_at=NOW + (n + 1) * HOUR)
        for n in range(1, 31)
    ]
    store.hold(with_windows(*windows))
    said = section(client, "/en/", "planned")

    assert said.count("Visit visa") == 8
    assert said.endswith("22 more planned interruptions")


def test_a_service_page_tells_what_is_ahead_and_what_to_do_while_it_runs(client: Client) -> None:
    fact = msgspec.structs.replace(
        RUNNING, meanwhile=Bilingual("جدّد في المركز.", "Renew at the centre.")
    )
    store.hold(with_windows(fact, AHEAD))
    page = text_of(get(client, "/en/services/passport/"))

    assert "Renew at the centre." in page
    # Ahead: the login, which it needs.
    assert "National login Ministry of Interior Friday 27 November 2026" in section(
        client, "/en/services/passport/", "planned"
    )
    assert "Renew at the centre." not in text_of(get(client, "/en/services/login/"))


def test_trouble_that_is_planned_upstream_is_called_planned(client: Client) -> None:
    store.hold(with_windows(window("MW-LGN222", "login", starts_at=NOW - HOUR, ends_at=NOW + HOUR)))

    for path in ("services/passport/", "services/?q=passport"):
        page = text_of(get(client, f"/en/{path}"))
        assert "Affected by planned work on National login." in page
        assert "Affected by a problem" not in page


def test_home_has_one_banner_for_planned_work_and_one_for_trouble(client: Client) -> None:
    store.hold(with_windows(RUNNING, measured={"fines": BAD}))
    document = parse(get(client, "/en/"))
    told = {
        e.get("aria-label"): " ".join("".join(e.itertext()).split())
        for e in document.iter("section")
        if (e.get("class") or "").startswith("banner")
    }

    assert set(told) == {"Important", "Planned work"}
    assert "Traffic fines" in told["Important"]
    assert "Passport renewal" in told["Planned work"]
    assert "Passport renewal" not in told["Important"]
