"""The list of incidents, by month and out of the archive, from a snapshot in memory alone.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from core.bilingual import Bilingual
from statusportal.public import archive
from statusportal.public.shape import Archive, ArchivedMonth
from statusportal.public.store import store
from tests.statusportal.public.incidents import (
    BY_ITSELF,
    DAY,
    LOGIN,
    TROUBLED,
    over,
    with_incidents,
)
from tests.statusportal.public.reading import get, links, rows, section, text_of
from tests.statusportal.public.snapshots import NOW

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
LANGUAGES = ["ar", "en"]


# --- the list -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("told")
def test_open_ones_come_first_then_the_month_with_the_newest_first(client: Client) -> None:
    assert rows(client, "/en/incidents/", "current") == [
        "IN-LGN222",
        "IN-HDN222",
        "IN-QVR222",
        "IN-ANN222",
        "IN-CLR222",
    ]
    assert rows(client, "/en/incidents/", "month") == ["IN-ABS222", "IN-CLS222"]
    assert section(client, "/en/incidents/", "month").startswith("November 2026 October 2026")
    assert rows(client, "/en/incidents/?month=2026-10", "month") == ["IN-SLF222"]


@pytest.mark.usefixtures("told")
def test_a_month_that_was_asked_for_has_all_that_began_in_it(client: Client) -> None:
    page = get(client, "/en/incidents/?month=2026-11")

    assert 'aria-labelledby="current"' not in page.content.decode()
    assert rows(client, "/en/incidents/?month=2026-11", "month") == [
        "IN-ABS222",
        "IN-QVR222",
        "IN-LGN222",
        "IN-HDN222",
        "IN-CLR222",
        "IN-ANN222",
        "IN-CLS222",
    ]
    assert "Incidents and announcements in November 2026" in page.content.decode()


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("query", "current", "month"),
    [
        ("?agency=NDS", ["IN-LGN222"], []),
        ("?agency=MOI", ["IN-LGN222", "IN-HDN222", "IN-QVR222", "IN-CLR222"], 2),
        ("?kind=clarification", ["IN-CLR222"], []),
        ("?agency=MOI&kind=announcement", [], []),
    ],
)
def test_the_list_is_narrowed_by_its_address(
    client: Client, query: str, current: list[str], month: list[str] | int
) -> None:
    assert rows(client, f"/en/incidents/{query}", "current") == current
    found = rows(client, f"/en/incidents/{query}", "month")
    assert (len(found) if isinstance(month, int) else found) == month
    page = get(client, f"/en/incidents/{query}").content.decode()
    assert 'content="noindex"' in page
    assert f'href="/ar/incidents/{query.replace("&", "&amp;")}"' in page


@pytest.mark.usefixtures("told")
def test_going_to_another_month_keeps_what_was_chosen(client: Client) -> None:
    addresses = links(get(client, "/en/incidents/?agency=MOI&kind=incident"))

    assert "/en/incidents/?month=2026-10&agency=MOI&kind=incident" in addresses
    assert "/en/incidents/?agency=MOI" in links(
        get(client, "/en/incidents/?month=2026-10&agency=MOI")
    )


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?agency=NONE", "There is no such agency here; notices of all agencies are shown."),
        ("?agency=SEC", "There is no such agency here; notices of all agencies are shown."),
        ("?kind=rumour", "There is no such kind of notice; all kinds are shown."),
        ("?month=2020-01", "Nothing is known of that month; this is the present one."),
        ("?month=2027-01", "Nothing is known of that month; this is the present one."),
        ("?month=x", "Nothing is known of that month; this is the present one."),
        ("?month=٢٠٢٦-١٠", "Nothing is known of that month; this is the present one."),
    ],
)
def test_what_is_asked_in_vain_is_said(client: Client, query: str, sentence: str) -> None:
    response = get(client, f"/en/incidents/{query}")

    assert response.status_code == 200
    assert sentence in text_of(response)
    assert len(rows(client, f"/en/incidents/{query}", "month")) == 2


def test_a_month_without_trouble_is_good_news(client: Client) -> None:
    store.hold(with_incidents(BY_ITSELF))

    assert "Good news: so far there was no incident in this month." in section(
        client, "/en/incidents/", "month"
    )
    assert "خبر سارّ: لم يقع أي عطل في هذا الشهر حتى الآن." in section(
        client, "/ar/incidents/", "month"
    )
    assert "No incident is open now, and there is no announcement." in section(
        client, "/en/incidents/", "current"
    )
    store.hold(
        with_incidents(
            over("IN-AUG222", "visa", started_at=NOW - 100 * DAY, ended_at=NOW - 99 * DAY)
        )
    )
    assert "Good news: there was no incident in this month." in section(
        client, "/en/incidents/?month=2026-10", "month"
    )


def test_a_month_in_which_only_open_ones_began_claims_no_good_news(client: Client) -> None:
    store.hold(with_incidents(LOGIN, measured=TROUBLED))
    said = section(client, "/en/incidents/", "month")

    assert "Good news" not in said
    assert "Nothing else has happened in this month." in said


# --- the archive --------------------------------------------------------------------------------

OLD = over(
    "IN-QLD222",
    "passport",
    started_at=datetime(2025, 11, 3, 6, tzinfo=UTC),
    ended_at=datetime(2025, 11, 3, 8, tzinfo=UTC),
    agency="MOI",
    title=Bilingual("مشكلة قديمة", "An old problem"),
)
SECRET = over(
    "IN-SCR222",
    "secret",
    started_at=datetime(2025, 11, 4, 6, tzinfo=UTC),
    ended_at=datetime(2025, 11, 4, 8, tzinfo=UTC),
)


@pytest.fixture
def archived(monkeypatch: pytest.MonkeyPatch) -> None:
    months = (ArchivedMonth("2025-11", "v", 2),)
    store.hold(with_incidents(LOGIN, BY_ITSELF, measured=TROUBLED, archive=months))
    kept = {one.ref: one for one in (OLD, SECRET)}
    monkeypatch.setattr(archive, "month", lambda month: Archive(month, (OLD, SECRET)))
    monkeypatch.setattr(archive, "find", kept.get)
    monkeypatch.setattr(archive, "is_out_of_reach", lambda _ref: False)


@pytest.mark.usefixtures("archived")
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_old_notice_has_its_page_and_stands_in_its_month_for_ever(
    client: Client, language: str
) -> None:
    assert rows(client, f"/{language}/incidents/?month=2025-11", "month") == ["IN-QLD222"]
    assert get(client, f"/{language}/incidents/IN-QLD222/").status_code == 200
    assert get(client, f"/{language}/incidents/in-qld222/").status_code == 302
    # What is not public today has no page.
    assert get(client, f"/{language}/incidents/IN-SCR222/").status_code == 404


def test_an_archive_that_cannot_be_read_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = (ArchivedMonth("2025-11", "v", 2),)
    store.hold(with_incidents(LOGIN, measured=TROUBLED, archive=months))
    monkeypatch.setattr(archive, "month", lambda _month: None)
    monkeypatch.setattr(archive, "find", lambda _ref: None)
    monkeypatch.setattr(archive, "is_out_of_reach", lambda _ref: True)

    said = section(client, "/en/incidents/?month=2025-11", "month")
    assert "The older notices of this month cannot be read right now." in said
    assert "Good news" not in said
    response = get(client, "/en/incidents/IN-QLD222/")
    assert response.status_code == 503
    assert response["Cache-Control"] == "no-store"
    assert response["Retry-After"] == "60"
    assert "This notice cannot be read right now" in text_of(response)
