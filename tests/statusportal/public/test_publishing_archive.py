"""What is over for longer than the live days: from rows to the archive that readers hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import redis
from django.conf import settings as real_settings
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role
from core.bilingual import Bilingual
from incidents import reporting, updates
from incidents.models import Incident
from maintenance.models import Window
from statusportal.public import publishing, shelf, snapshot
from statusportal.public.shape import Archive, ArchivedMonth, IncidentFact
from statusportal.public.store import Store, connect
from tests.factories import make_service, make_user
from tests.incidents.admin_rows import make_incident, make_text
from tests.maintenance.rows import make_announced

pytestmark = pytest.mark.django_db

ZONE = ZoneInfo("Asia/Bahrain")
# Midnight has passed: the archive of the day is due.
NOW = datetime(2026, 11, 22, 13, 0, tzinfo=ZONE)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[redis.Redis]:
    settings.LAST_GOOD_FILE = tmp_path / "snapshot.json"
    settings.TIME_ZONE = "Asia/Bahrain"
    client = connect(real_settings.REDIS_URL)
    client.flushdb()
    monkeypatch.setattr(publishing, "_connection", None)
    yield client
    client.flushdb()
    client.close()


def completed(ref: str, starts_at: datetime, **fields: Any) -> Window:
    """A window of one hour that was announced two days before, and completed at its end."""
    ends_at = starts_at + HOUR
    return make_announced(
        ref=ref,
        starts_at=starts_at,
        ends_at=ends_at,
        approved_at=starts_at - 2 * DAY,
        **{"state": "completed", "completed_at": ends_at, "changed_at": ends_at} | fields,
    )


def resolved(ref: str, started_at: datetime, **fields: Any) -> Incident:
    """An incident of one hour, of which the public was told when it began and when it ended."""
    ended_at = started_at + HOUR
    times: dict[str, Any] = {
        "started_at": started_at,
        "confirmed_at": started_at,
        "opened_at": started_at,
        "first_notice_at": started_at,
        "phase": "resolved",
        "resolved_at": ended_at,
        "changed_at": ended_at,
    }
    row = make_incident(fields.pop("service", None) or make_service(), ref=ref, **times | fields)
    make_text(row, started_at, "نعلم بوجود مشكلة.", "We know.", phase="investigating")
    make_text(row, ended_at, "عادت الخدمة.", "It works again.", phase="resolved")
    return row


def published(now: datetime) -> Store:
    """A reader that looked when this was published."""
    assert publishing.publish_snapshot(now=now) is True
    reading = Store()
    assert reading.look() is True
    reading.keep_archive(connect(real_settings.REDIS_URL))
    return reading


def months(reading: Store) -> tuple[ArchivedMonth, ...]:
    current = reading.current()
    assert current is not None
    return current.snapshot.truth.archive


def live(reading: Store) -> list[str]:
    current = reading.current()
    assert current is not None
    return [one.ref for one in current.snapshot.truth.windows]


def archived(reading: Store, month: str) -> list[str]:
    found = reading.shelf.read(month)
    if found is None:
        return []
    return [one.ref for one in found.incidents] + [one.ref for one in found.windows]


def only_incident(reading: Store, month: str) -> IncidentFact:
    found = reading.shelf.read(month)
    assert found is not None
    (fact,) = found.incidents
    return fact


def test_a_window_rolls_out_of_the_live_days_and_is_never_in_neither() -> None:
    completed("MW-QLD222", datetime(2026, 10, 24, 1, 0, tzinfo=ZONE))
    stood = []

    for days in range(4):
        reading = published(NOW - DAY + days * DAY)
        stood.append((live(reading), archived(reading, "2026-10")))

    assert stood == [
        (["MW-QLD222"], []),
        # On the last day both have it; pages name it once.
        (["MW-QLD222"], ["MW-QLD222"]),
        ([], ["MW-QLD222"]),
        ([], ["MW-QLD222"]),
    ]


def test_a_month_is_one_of_the_deployments_zone() -> None:
    # Still August in UTC.
    completed("MW-NGHT22", datetime(2026, 9, 1, 1, 30, tzinfo=ZONE))
    completed("MW-EVNG22", datetime(2026, 8, 31, 23, 30, tzinfo=ZONE))

    reading = published(NOW)

    assert [(one.month, one.incidents, one.windows) for one in months(reading)] == [
        ("2026-08", 0, 1),
        ("2026-09", 0, 1),
    ]
    assert archived(reading, "2026-08") == ["MW-EVNG22"]
    assert archived(reading, "2026-09") == ["MW-NGHT22"]


def test_an_incident_rolls_out_of_its_own_live_days(settings: Any) -> None:
    settings.INCIDENT_KEPT_DAYS = 90
    resolved("IN-QLD222", datetime(2026, 8, 25, 1, 0, tzinfo=ZONE))
    stood = []

    for days in range(4):
        reading = published(NOW - DAY + days * DAY)
        current = reading.current()
        assert current is not None
        incidents = [one.ref for one in current.snapshot.truth.incidents]
        stood.append((incidents, archived(reading, "2026-08")))

    assert stood == [
        (["IN-QLD222"], []),
        (["IN-QLD222"], ["IN-QLD222"]),
        ([], ["IN-QLD222"]),
        ([], ["IN-QLD222"]),
    ]


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        ({}, True),
        ({"kind": "clarification"}, True),
        # Nobody was ever told of it.
        ({"first_notice_at": None}, False),
        # It began then and is not over: it is live, however old.
        ({"phase": "fixing", "resolved_at": None}, False),
    ],
)
def test_only_incidents_that_the_public_was_told_of_and_that_are_over(
    fields: dict[str, Any], stands: bool
) -> None:
    incident = resolved("IN-QLD222", NOW - 120 * DAY)
    Incident.objects.filter(pk=incident.pk).update(**fields)

    assert archived(published(NOW), "2026-07") == (["IN-QLD222"] if stands else [])


def test_a_corrected_text_and_a_closing_report_reach_the_archive() -> None:
    incident = resolved("IN-QLD222", NOW - 120 * DAY)
    operator = make_user(Role.SUPERVISOR)
    first = published(NOW)
    newest = incident.updates.get(phase="resolved")

    updates.correct(
        update_id=newest.pk,
        text=Bilingual("عادت الخدمة إلى العمل.", "The service works again."),
        actor=operator,
        now=NOW + SECOND,
        confirmed=True,
    )
    corrected = published(NOW + 5 * SECOND)

    fact = only_incident(corrected, "2026-07")
    assert fact.updates[-1].text.en == "The service works again."
    assert fact.updates[-1].corrected_at == NOW + SECOND
    assert [version.html.en for version in fact.updates[-1].earlier] == ["<p>It works again.</p>"]

    reporting.save_report(
        incident_id=incident.pk,
        fields={
            "cause_class": "change",
            "summary_ar": "تغيير لم ينجح.",
            "summary_en": "A change went wrong.",
            "prevention_ar": "نراجع كل تغيير.",
            "prevention_en": "We review each change.",
            "vendor": "Never public",
        },
        actor=operator,
        now=NOW + 6 * SECOND,
        hand_in=True,
    )
    closed = published(NOW + 10 * SECOND)

    fact = only_incident(closed, "2026-07")
    assert fact.summary.en == "A change went wrong."
    assert "Never public" not in str(fact)
    assert len({months(one)[0].version for one in (first, corrected, closed)}) == 3


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        ({}, True),
        ({"state": "cancelled", "completed_at": None, "cancelled_at": NOW - 90 * DAY}, True),
        ({"state": "postponed", "completed_at": None}, True),
        # Nobody was ever told of it.
        ({"approved_at": None, "state": "cancelled", "cancelled_at": NOW - 90 * DAY}, False),
        # Nobody closed it: it still runs over, and is live.
        ({"state": "approved", "completed_at": None}, False),
        ({"state": "returned", "completed_at": None}, False),
    ],
)
def test_only_what_the_public_was_told_of_and_is_over(fields: dict[str, Any], stands: bool) -> None:
    started_at = NOW - 90 * DAY
    window = completed("MW-QLD222", started_at)
    Window.objects.filter(pk=window.pk).update(**fields)

    assert archived(published(NOW), "2026-08") == (["MW-QLD222"] if stands else [])


def test_its_facts_are_those_that_the_snapshot_had() -> None:
    window = completed("MW-QLD222", NOW - 20 * DAY, services=[make_service(slug="passport")])
    before = published(NOW).current()
    assert before is not None
    (fact,) = before.snapshot.truth.windows
    assert fact.services[0].id == window.services.get().service.public_id

    reading = published(NOW + 30 * DAY)

    found = reading.shelf.read("2026-11")
    assert found is not None
    assert found.windows == (fact,)


def test_a_correction_is_another_version_and_another_file(tmp_path: Path) -> None:
    window = completed("MW-QLD222", NOW - 90 * DAY)
    completed("MW-QTHR22", NOW - 150 * DAY)
    first = published(NOW)

    Window.objects.filter(pk=window.pk).update(text_en="Corrected.", changed_at=NOW + SECOND)
    second = published(NOW + 5 * SECOND)

    assert [one.month for one in months(second)] == ["2026-06", "2026-08"]
    # Of the two months only this one.
    assert months(second)[0] == months(first)[0]
    assert months(second)[1].version != months(first)[1].version
    found = second.shelf.read("2026-08")
    assert found is not None
    assert found.windows[0].text.en == "Corrected."
    assert sorted(path.name for path in (tmp_path / "archive").iterdir()) == [
        f"{one.month}.{one.version}.json" for one in months(second)
    ]


def test_what_was_reopened_leaves_its_archive() -> None:
    window = completed("MW-QLD222", NOW - 90 * DAY)
    completed("MW-STY222", NOW - 90 * DAY)
    assert archived(published(NOW), "2026-08") == ["MW-QLD222", "MW-STY222"]

    Window.objects.filter(pk=window.pk).update(state="approved", completed_at=None)
    reading = published(NOW + 5 * SECOND)

    assert live(reading) == ["MW-QLD222"]
    assert archived(reading, "2026-08") == ["MW-STY222"]


def test_nothing_is_written_again_when_nothing_changed(client: redis.Redis) -> None:
    completed("MW-QLD222", NOW - 90 * DAY)
    published(NOW)
    (kept,) = client.keys("portal:archive:2026-*")
    # Whoever wrote the month again would put its true content back.
    client.hset(kept, "body", b"as the test left it")

    for seconds in (1, 5, 6, 3600):
        publishing.publish_snapshot(now=NOW + seconds * SECOND)

    assert client.hget(kept, "body") == b"as the test left it"


def test_old_notices_are_counted_every_five_seconds(client: redis.Redis) -> None:
    completed("MW-QLD222", NOW - 90 * DAY)
    counted = []
    for seconds in (0, 1, 4, 5, 6):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            publishing.publish_snapshot(now=NOW + seconds * SECOND)
        counted.append(sum("bit_xor" in query["sql"] for query in asked))

    assert counted == [2, 0, 0, 2, 0]


def test_a_clock_that_was_set_back_does_not_stop_the_counting() -> None:
    published(NOW)
    completed("MW-QLD222", NOW - 90 * DAY)

    assert [one.month for one in months(published(NOW - HOUR))] == ["2026-08"]


@pytest.mark.parametrize("number", [1, 3])
def test_statements_grow_neither_with_months_nor_with_what_stands_in_them(
    number: int, django_assert_num_queries: Any
) -> None:
    service = make_service()
    for month in range(number):
        for night in range(number):
            started_at = NOW - (120 + 31 * month + night) * DAY
            completed(f"MW-Q{month}{night}222", started_at, services=[service])
            resolved(f"IN-Q{month}{night}222", started_at, service=service)

    with django_assert_num_queries(2):
        found = publishing._count(NOW)
    spans = {one.month: publishing._span(one.month) for one in found}
    with django_assert_num_queries(11):
        archives = snapshot.archives(spans, incidents_before=NOW, windows_before=NOW)

    assert [len(one.windows) for one in archives] == [number] * number
    assert [len(one.incidents) for one in archives] == [number] * number


def test_a_redis_that_came_back_empty_is_filled_a_few_months_with_each_snapshot(
    client: redis.Redis,
) -> None:
    for month in range(1, 9):
        completed(f"MW-Q{month}2222", datetime(2026, month, 3, 1, 0, tzinfo=ZONE))
    for seconds in range(3):
        publishing.publish_snapshot(now=NOW + seconds * SECOND)
    before = shelf.versions(client)
    assert sorted(before) == [f"2026-0{month}" for month in range(1, 9)]
    client.flushdb()

    publishing.publish_snapshot(now=NOW + 10 * SECOND)
    # The snapshot lists them all at once: whoever has the files goes on reading them.
    reading = Store()
    reading.look()
    assert [one.month for one in months(reading)] == sorted(before)
    assert sorted(shelf.versions(client)) == ["2026-06", "2026-07", "2026-08"]
    publishing.publish_snapshot(now=NOW + 11 * SECOND)
    publishing.publish_snapshot(now=NOW + 12 * SECOND)

    assert shelf.versions(client) == before


def test_facts_with_new_fields_are_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    completed("MW-QLD222", NOW - 90 * DAY)
    first = months(published(NOW))
    assert publishing._shape_of_archives() == msgspec.json.encode(msgspec.json.schema(Archive))

    monkeypatch.setattr(publishing, "_shape_of_archives", lambda: b"{}")

    assert months(published(NOW + 5 * SECOND)) != first


def test_news_does_not_wait_for_old_months_and_does_not_fail_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    completed("MW-QLD222", NOW - 90 * DAY)

    def broken(*_: Any, **__: Any) -> list[Archive]:
        raise ValueError("a row that cannot be read")

    monkeypatch.setattr(snapshot, "archives", broken)
    with pytest.raises(ValueError, match="cannot be read"):
        publishing.publish_snapshot(now=NOW)

    reading = Store()
    assert reading.look() is True


def test_a_count_that_this_release_cannot_read_is_counted_again(client: redis.Redis) -> None:
    completed("MW-QLD222", NOW - 90 * DAY)
    client.set("portal:archive:months", b'{"at": 1}')

    assert [one.month for one in months(published(NOW))] == ["2026-08"]


# --- days and months, in every zone -------------------------------------------------------------

ZONES = st.sampled_from(["Asia/Bahrain", "Europe/Berlin", "America/Santiago", "Pacific/Apia"])
INSTANTS = st.datetimes(datetime(2010, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(zone=ZONES, now=INSTANTS, kept=st.integers(30, 400))
def test_whatever_leaves_the_live_days_was_archived_for_a_day_and_not_for_three(
    zone: str, now: datetime, kept: int
) -> None:
    with override_settings(TIME_ZONE=zone):
        before = publishing._over_before(now, kept)

    leaves_before = now - kept * DAY
    assert leaves_before + 0.9 * DAY < before < leaves_before + 3.1 * DAY


@given(zone=ZONES, at=INSTANTS)
def test_every_instant_is_in_one_month(zone: str, at: datetime) -> None:
    day = at.astimezone(ZoneInfo(zone)).date().replace(day=1)
    around = [(day - DAY).replace(day=1), day, (day + 31 * DAY).replace(day=1)]
    with override_settings(TIME_ZONE=zone):
        spans = [publishing._span(f"{first:%Y-%m}") for first in around]

    assert [start <= at < end for start, end in spans] == [False, True, False]
