"""One window from its announcement to its completion, from rows to pages and to the day's figures.

The rows are those that people and probes leave; the clock is moved; the pages are what citizens
read at each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as real_settings
from django.test import Client

from accounts.models import Role
from maintenance import operations
from maintenance.models import Window
from maintenance.texts import default_text
from services.models import Check, CheckState, DailyFigure, Service, StatusChange
from services.past import FIGURES
from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal import figures
from statusportal.public import publishing, snapshot
from statusportal.public.store import connect, store
from tests.factories import (
    make_agency,
    make_channel,
    make_check,
    make_edge,
    make_location,
    make_service,
    make_user,
)
from tests.maintenance.rows import NOW, at, make_announced, make_window
from tests.statusportal.public.reading import get, parse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_one_o_clock")]

OK, BAD = CheckHealth.OK, CheckHealth.BAD
DAY = timedelta(days=1)

# What the probes find, from each instant on: out with the work and past its announced end; good
# while nobody has closed it; out again after a later end was promised; and once more when all is
# over.
MEASURED = [
    (NOW - 10 * DAY, OK),
    (at("27 00:31"), BAD),
    (at("27 05:00"), OK),
    (at("27 05:30"), BAD),
    (at("27 05:45"), OK),
    (at("27 07:00"), BAD),
    (at("27 07:10"), OK),
]


def measured(service: Service, changes: list[tuple[datetime, CheckHealth]]) -> Check:
    """One channel with one check for the service, with every change of it stored."""
    check = make_check(channel=make_channel(service=service), interval_seconds=60)
    CheckState.objects.create(check_ref=check, location=make_location(), health=changes[-1][1])
    before = CheckHealth.UNKNOWN
    for since, health in changes:
        StatusChange.objects.create(
            service=service,
            channel=check.channel,
            check_ref=check,
            location=make_location(),
            from_health=before,
            to_health=health,
            at=since,
            confirmed_at=since,
        )
        before = health
    return check


@pytest.fixture
def check() -> Check:
    """The check of a service that is measured as MEASURED says."""
    service = make_service(
        slug="passport",
        name_ar="تجديد جواز السفر",
        name_en="Passport renewal",
        agency=make_agency(code="MOI", name_ar="وزارة الداخلية", name_en="Ministry of Interior"),
    )
    return measured(service, MEASURED)


@pytest.fixture
def window(check: Check) -> Window:
    text = default_text("stopped")
    return make_window(services=[check.channel.service], text_ar=text.ar, text_en=text.en)


def seen(now: datetime) -> None:
    """Let every check be as its changes up to `now` left it, seen a few seconds ago."""
    for state in CheckState.objects.all():
        last = StatusChange.objects.filter(check_ref=state.check_ref_id, at__lte=now).latest("at")
        state.health, state.since = last.to_health, last.at
        state.reason = Reason.OK if last.to_health == OK else Reason.SERVER_ERROR
        state.last_started_at = now - timedelta(seconds=5)
        state.save()


def published(now: datetime) -> None:
    seen(now)
    store.hold(snapshot.build(now=now))


def told(client: Client, window: Window, language: str) -> str:
    """The sentences at the head of the window's page."""
    document = parse(get(client, f"/{language}/maintenance/{window.ref}/"))
    (found,) = [e for e in document.iter("p") if e.get("class") == "verdict__words"]
    return " ".join("".join(found.itertext()).split())


def banner(client: Client, language: str) -> str:
    """The sentences of the banner on the home page, without its link."""
    document = parse(get(client, f"/{language}/"))
    found = [e for e in document.iter("li") if e.get("class") == "planned__one"]
    spans = [span for item in found for p in item.iter("p") for span in p.findall("span")]
    return " ".join(" ".join("".join(span.itertext()).split()) for span in spans)


def shown(client: Client, language: str, slug: str = "passport") -> str:
    """How the service is shown on its page."""
    document = parse(get(client, f"/{language}/services/{slug}/"))
    classes = [(e.get("class") or "").split() for e in document.iter("div")]
    (look,) = [name for names in classes if "verdict" in names for name in names[1:]]
    return look.removeprefix("status--")


# When → what happened just then, how the service is shown, the sentences in Arabic and in English.
LADDER: list[tuple[str, str, str, str, str]] = [
    (
        "23 09:00",
        "announced",
        "operational",
        (
            "خدمة تجديد جواز السفر لن تكون متاحة من الساعة 00:30 يوم الجمعة 27 نوفمبر 2026 إلى"
            " الساعة 04:30 يوم الجمعة 27 نوفمبر 2026 (توقيت البحرين)."
        ),
        (
            "Passport renewal will be unavailable from 00:30 on Friday 27 November 2026 to"
            " 04:30 on Friday 27 November 2026 (Bahrain Time)."
        ),
    ),
    (
        "27 00:30",
        "started",
        "maintenance",
        (
            "خدمة تجديد جواز السفر غير متاحة الآن بسبب أعمال صيانة مجدولة. يُتوقع أن تنتهي"
            " الأعمال بعد 4 ساعات، أي الساعة 04:30 يوم الجمعة 27 نوفمبر 2026."
        ),
        (
            "Passport renewal is unavailable now because of planned work. The work should end"
            " in 4 hours, at 04:30 on Friday 27 November 2026."
        ),
    ),
    (
        "27 04:30",
        "running over, and out",
        "outage",
        (
            "الأعمال على خدمة تجديد جواز السفر متأخرة عن موعدها منذ الساعة 04:30 يوم الجمعة 27"
            " نوفمبر 2026. لم تعلن الجهة بعد موعد انتهائها."
        ),
        (
            "The work on Passport renewal has been running over since 04:30 on Friday 27"
            " November 2026. The agency has not said yet when it will end."
        ),
    ),
    (
        "27 05:15",
        "running over, and good",
        "maintenance",
        (
            "الأعمال على خدمة تجديد جواز السفر متأخرة عن موعدها منذ الساعة 04:30 يوم الجمعة 27"
            " نوفمبر 2026. تستجيب الخدمة لفحوصنا، ولم تؤكد الجهة انتهاء الأعمال بعد."
        ),
        (
            "The work on Passport renewal has been running over since 04:30 on Friday 27"
            " November 2026. The service answers our checks; the agency has not confirmed that"
            " the work is done."
        ),
    ),
    (
        "27 05:20",
        "extended",
        "maintenance",
        (
            "خدمة تجديد جواز السفر غير متاحة الآن بسبب أعمال صيانة مجدولة. تستغرق الأعمال وقتًا"
            " أطول من المعلن. الموعد الجديد المتوقع لانتهائها الساعة 06:30 يوم الجمعة 27 نوفمبر"
            " 2026، أي بعد ساعة واحدة و10 دقائق."
        ),
        (
            "Passport renewal is unavailable now because of planned work. The work is taking"
            " longer than announced. New expected end: 06:30 on Friday 27 November 2026, in 1"
            " hour and 10 minutes."
        ),
    ),
    (
        "27 06:00",
        "completed",
        "operational",
        (
            "اكتملت الساعة 06:00 يوم الجمعة 27 نوفمبر 2026 الأعمال على خدمة تجديد جواز السفر."
            " وكان ذلك متأخرًا عن الموعد المعلن بمقدار ساعة واحدة و30 دقيقةً. يمكنك استخدام"
            " الخدمة من جديد."
        ),
        (
            "The work on Passport renewal was completed at 06:00 on Friday 27 November 2026."
            " That was 1 hour and 30 minutes later than announced. You can use the service"
            " again."
        ),
    ),
    (
        "27 12:00",
        "long over",
        "operational",
        (
            "اكتملت الساعة 06:00 يوم الجمعة 27 نوفمبر 2026 الأعمال على خدمة تجديد جواز السفر."
            " وكان ذلك متأخرًا عن الموعد المعلن بمقدار ساعة واحدة و30 دقيقةً."
        ),
        (
            "The work on Passport renewal was completed at 06:00 on Friday 27 November 2026."
            " That was 1 hour and 30 minutes later than announced."
        ),
    ),
]
# From a day before its start until two hours after its completion.
ON_HOME = ("started", "running over, and out", "running over, and good", "extended", "completed")


def test_at_each_step_of_its_life_both_languages_say_so_and_each_second_is_counted_once(
    client: Client, window: Window
) -> None:
    operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    publisher = make_user(Role.AGENCY_PUBLISHER, window.agency)
    operations.approve(window_id=window.pk, actor=publisher, now=NOW)
    for when, step, health, arabic, english in LADDER:
        now = at(when)
        if step == "extended":
            operations.extend(window_id=window.pk, ends_at=at("27 06:30"), actor=publisher, now=now)
        elif step == "completed":
            operations.complete(window_id=window.pk, actor=publisher, now=now)
        with time_machine.travel(now, tick=False):
            published(now)
            said = {language: told(client, window, language) for language in ("ar", "en")}
            assert said == {"ar": arabic, "en": english}, step
            on_home = {language: banner(client, language) for language in ("ar", "en")}
            assert on_home == (said if step in ON_HOME else {"ar": "", "en": ""}), step
            assert {shown(client, language) for language in ("ar", "en")} == {health}, step

    seen(at("28 02:00"))
    figures.refresh(now=at("28 02:00"))
    row = DailyFigure.objects.get(service=window.services.get().service, day=date(2026, 11, 27))
    spent = {name: getattr(row, name) for name in FIGURES if getattr(row, name)}
    assert spent == {
        # From 00:30 to 04:30, as it was announced before its start.
        "planned": 14_400,
        # Out from 04:30 to 05:00, and 05:30 to 05:45 within an end that was promised too late.
        "overrun": 2_700,
        # From 07:00 to 07:10, an hour after its completion.
        "own": 600,
        # All the rest, also while it ran over and answered.
        "up": 68_700,
    }
    assert sum(spent.values()) == 86_400


# --- without any worker ---------------------------------------------------------------------------


@pytest.fixture
def one_snapshot(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis of our own, and a file of our own."""
    settings.LAST_GOOD_FILE = tmp_path / "snapshot.json"
    monkeypatch.setattr(publishing, "_connection", None)
    client = connect(real_settings.REDIS_URL)
    client.flushdb()
    yield
    client.flushdb()
    client.close()


@pytest.mark.usefixtures("one_snapshot")
@pytest.mark.parametrize("last_at", ["28 04:59", "27 23:00"], ids=["just stopped", "for hours"])
def test_with_all_workers_stopped_a_window_that_begins_at_five_shows_at_five(
    client: Client, check: Check, last_at: str, django_assert_num_queries: Any
) -> None:
    window = make_announced(
        services=[check.channel.service], starts_at=at("28 05:00"), ends_at=at("28 07:00")
    )
    seen(at(last_at))
    # The one thing that any worker did; from here on only pages are asked for.
    assert publishing.publish_snapshot(now=at(last_at))
    assert store.look()
    second = timedelta(seconds=1)
    with django_assert_num_queries(0):
        with time_machine.travel(at("28 05:00") - second, tick=False):
            before = {language: told(client, window, language) for language in ("ar", "en")}
            assert shown(client, "en") != "maintenance"
        with time_machine.travel(at("28 05:00"), tick=False):
            begun = {language: told(client, window, language) for language in ("ar", "en")}
            assert banner(client, "en") == begun["en"]
            assert shown(client, "en") == "maintenance"
    assert before["en"].startswith("Passport renewal will be unavailable from 05:00 on Saturday")
    assert begun == {
        "ar": "خدمة تجديد جواز السفر غير متاحة الآن بسبب أعمال صيانة مجدولة. يُتوقع أن تنتهي"
        " الأعمال بعد ساعتين، أي الساعة 07:00 يوم السبت 28 نوفمبر 2026.",
        "en": "Passport renewal is unavailable now because of planned work. The work should end in"
        " 2 hours, at 07:00 on Saturday 28 November 2026.",
    }


# --- on what others need --------------------------------------------------------------------------


def test_work_on_the_login_hits_what_needs_it_once_each_and_leaves_the_broken_one_broken(
    client: Client, check: Check
) -> None:
    login = make_service(slug="login", name_en="National login", is_shared=True)
    visa = make_service(slug="visa", name_en="Visit visa")
    broken = make_service(slug="broken", name_en="Broken")
    for service, health in ((login, OK), (visa, OK), (broken, BAD)):
        measured(service, [(NOW - 10 * DAY, health)])
    for dependant in (check.channel.service, visa, broken):
        make_edge(upstream=login, dependant=dependant)
    # Reached by two ways, and told once.
    make_edge(upstream=visa, dependant=check.channel.service)
    window = make_announced(services=[login], starts_at=at("26 01:00"), ends_at=at("26 03:00"))
    slugs = ("login", "passport", "visa", "broken")

    def looks() -> list[str]:
        return [shown(client, "en", slug) for slug in slugs]

    with time_machine.travel(at("26 02:00"), tick=False):
        published(at("26 02:00"))
        assert looks() == ["maintenance", "maintenance", "maintenance", "outage"]
        page = parse(get(client, f"/en/maintenance/{window.ref}/"))
        linked = [a.get("href") for a in page.iter("a")]
        assert [linked.count(f"/en/services/{slug}/") for slug in slugs] == [1, 1, 1, 1]
    operations.complete(window_id=window.pk, actor=make_user(Role.OPERATOR), now=at("26 02:30"))
    with time_machine.travel(at("26 02:30"), tick=False):
        published(at("26 02:30"))
        assert looks() == ["operational", "operational", "operational", "outage"]

    seen(at("27 00:20"))
    figures.refresh(now=at("27 00:20"))
    rows = DailyFigure.objects.filter(day=date(2026, 11, 26)).exclude(service=broken)
    # An hour and a half, once, whichever way it came.
    assert set(rows.values_list("service__slug", "up", "planned", "own", "upstream")) == {
        ("login", 81_000, 5_400, 0, 0),
        ("passport", 81_000, 5_400, 0, 0),
        ("visa", 81_000, 5_400, 0, 0),
    }
