"""The Atom feeds, read back by the library that programs use and by the rules of RFC 4287."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree

import html5lib
import msgspec
import pytest
import time_machine
from django.test import Client

from statusportal.public.store import store
from tests.statusportal.public import incidents
from tests.statusportal.public.answered import entries, feed
from tests.statusportal.public.everything import everything
from tests.statusportal.public.incidents import (
    DAY,
    LOGIN,
    MINUTE,
    over,
    with_incidents,
)
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import ALL_WELL, NOW, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
EVERYTHING = "feed.atom"
FEEDS = [EVERYTHING, "agencies/MOI/feed.atom", "services/fines/feed.atom"]
ATOM = "{http://www.w3.org/2005/Atom}"
_TAG = "tag:status.gov.example,2026:"


@pytest.fixture
def all_of_it() -> None:
    store.hold(everything())


# --- the format ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_keeps_the_rules_of_atom(client: Client, path: str, language: str) -> None:
    response = get(client, f"/{language}/{path}")
    whole = ElementTree.fromstring(response.content)

    assert feed(response).entries
    for element in [whole, *whole.findall(f"{ATOM}entry")]:
        # RFC 4287, 4.1.1 and 4.1.2: exactly one of each.
        for name in ("id", "title", "updated", "author"):
            assert len(element.findall(ATOM + name)) == 1, name
        for name in ("published", "updated"):
            for instant in element.findall(ATOM + name):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", instant.text or "")
        assert element.findtext(f"{ATOM}author/{ATOM}name")
        # No two alternates of one type and language (4.1.1).
        alternates = element.findall(f"{ATOM}link[@rel='alternate']")
        assert [link.get("type") for link in alternates] == ["text/html"]
        assert all(
            link.get("href", "").startswith("https://status.gov.example/")
            for link in element.findall(f"{ATOM}link")
        )
    ids = [entry.findtext(f"{ATOM}id") for entry in whole.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))
    (own,) = whole.findall(f"{ATOM}link[@rel='self']")
    assert own.get("href") == f"https://status.gov.example/{language}/{path}"


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("path", FEEDS)
def test_it_is_a_feed_that_anybody_may_keep(client: Client, path: str) -> None:
    response = get(client, f"/ar/{path}")

    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert response["Content-Language"] == "ar"
    assert response["Cache-Control"] == (
        "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert "Cookie" not in response.get("Vary", "")


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("path", FEEDS)
def test_who_has_it_already_is_told_only_that(client: Client, path: str) -> None:
    first = get(client, f"/en/{path}")
    again = get(client, f"/en/{path}", headers={"If-None-Match": first["ETag"]})
    other = get(client, f"/en/{path}", headers={"If-None-Match": 'W/"another"'})

    assert (again.status_code, again.content) == (304, b"")
    assert (other.status_code, other.content) == (200, first.content)


def test_its_tag_changes_with_the_notices_and_not_with_when_we_looked(client: Client) -> None:
    store.hold(with_incidents(LOGIN))
    first = get(client, f"/en/{EVERYTHING}")
    with time_machine.travel(NOW + MINUTE, tick=False):
        store.hold(with_incidents(LOGIN, seen_at=NOW + MINUTE))
        later = get(client, f"/en/{EVERYTHING}")

    assert later["ETag"] == first["ETag"]
    assert "13:00 on Sunday 22 November 2026" in feed(first).feed.subtitle
    assert "13:01 on Sunday 22 November 2026" in feed(later).feed.subtitle


# --- languages ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
def test_the_arabic_feed_is_arabic_down_to_its_author(client: Client) -> None:
    response = get(client, f"/ar/{EVERYTHING}")
    found = feed(response)
    english = "|".join(
        re.escape(name)
        for name in (
            "National",
            "Ministry",
            "Planned",
            "Announced",
            "Since",
            "Restored",
            "Passport",
        )
    )

    assert found.feed.language == "ar"
    assert found.feed.title == "حالة الخدمات الحكومية"
    assert found.feed.author == "الهيئة الوطنية للخدمات الرقمية"
    assert {entry.author for entry in found.entries} == {
        "الهيئة الوطنية للخدمات الرقمية",
        "وزارة الداخلية",
    }
    assert re.search(english, response.content.decode()) is None
    for entry in found.entries:
        assert entry.content[0].language == "ar"
        (whole,) = html5lib.parseFragment(entry.content[0].value, namespaceHTMLElements=False)
        assert (whole.get("lang"), whole.get("dir")) == ("ar", "rtl")


@pytest.mark.usefixtures("all_of_it")
def test_both_languages_have_the_same_notices_under_names_of_their_own(client: Client) -> None:
    arabic, english = entries(client, f"/ar/{EVERYTHING}"), entries(client, f"/en/{EVERYTHING}")

    assert list(arabic) == list(english)
    assert english["IN-LGN222"].id == _TAG + "en:in-lgn222"
    assert arabic["IN-LGN222"].id == _TAG + "ar:in-lgn222"
    assert arabic["IN-LGN222"].title == "قيد الإصلاح: مشكلة في الدخول الوطني الموحّد"
    assert english["IN-LGN222"].title == "Fixing: Problem with National login"


# --- which feed has what ------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize(
    ("path", "refs"),
    [
        (
            "services/login/feed.atom",
            {"IN-LGN222", "MW-AHEAD2"},
        ),
        (
            "services/passport/feed.atom",
            # Its own, and those of what it needs.
            {"IN-LGN222", "IN-ABS222", "IN-SLF222", "MW-RUN222", "MW-AHEAD2"},
        ),
        ("agencies/NDS/feed.atom", {"IN-LGN222", "IN-DNT222", "IN-MNT222", "MW-AHEAD2"}),
    ],
)
def test_a_feed_has_what_reaches_its_service_or_agency(
    client: Client, path: str, refs: set[str]
) -> None:
    assert set(entries(client, f"/en/{path}")) == refs


@pytest.mark.usefixtures("all_of_it")
def test_a_feed_is_called_by_what_it_is_about(client: Client) -> None:
    titles = [
        feed(get(client, path)).feed.title
        for path in ("/en/feed.atom", "/en/services/fines/feed.atom", "/ar/agencies/MOI/feed.atom")
    ]

    assert titles == [
        "Status of government services",
        "Notices: Traffic fines",
        "إشعارات: وزارة الداخلية",
    ]


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize(
    ("path", "archive"),
    [
        (EVERYTHING, "/en/incidents/?month=2026-10"),
        ("agencies/MOI/feed.atom", "/en/incidents/?month=2026-10&agency=MOI"),
        ("services/login/feed.atom", "/en/incidents/?month=2026-11"),
    ],
)
def test_what_is_older_stands_in_the_months(client: Client, path: str, archive: str) -> None:
    links = feed(get(client, f"/en/{path}")).feed.links
    (found,) = [link.href for link in links if link.rel == "archives"]

    assert found == "https://status.gov.example" + archive
    assert get(client, archive).status_code == 200


def test_what_is_not_over_goes_in_before_what_is(client: Client) -> None:
    past = [
        over(f"IN-{n:06}", "visa", started_at=NOW - DAY, ended_at=NOW - n * MINUTE)
        for n in range(1, 121)
    ]
    old = msgspec.structs.replace(
        incidents.OVERDUE, started_at=NOW - 9 * DAY, first_notice_at=NOW - 9 * DAY, updates=()
    )
    store.hold(with_incidents(old, *past))

    found = list(entries(client))
    assert len(found) == 100
    assert found[-1] == old.ref


def test_a_feed_without_entries_is_one(client: Client) -> None:
    store.hold(snapshot(ALL_WELL))

    assert feed(get(client, f"/en/{EVERYTHING}")).feed.updated == "2026-01-01T00:00:00Z"


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("path", ["services/none", "services/sms-gate", "agencies/SEC"])
def test_there_is_none_of_what_is_not_there(client: Client, path: str) -> None:
    assert get(client, f"/en/{path}/feed.atom").status_code == 404


@pytest.mark.parametrize("path", FEEDS)
def test_before_the_first_snapshot_it_says_to_come_again(client: Client, path: str) -> None:
    store.forget()
    response = get(client, f"/en/{path}")

    assert (response.status_code, response["Retry-After"]) == (503, "10")


@pytest.mark.usefixtures("all_of_it")
def test_a_feed_is_only_read(client: Client) -> None:
    assert client.post(f"/en/{EVERYTHING}").status_code == 405
    assert client.head(f"/en/{EVERYTHING}").status_code == 200


def test_a_page_names_its_feed(
    client: Client,
) -> None:
    store.hold(snapshot(ALL_WELL))

    for path in ("", "services/fines/", "agencies/MOI/"):
        page = get(client, f"/en/{path}").content.decode()
        assert 'type="application/atom+xml" title=' in page
        assert f'href="/en/{path}feed.atom"' in page


def test_a_day_of_silence_leaves_the_feed_as_it_was(client: Client) -> None:
    store.hold(everything())
    first = get(client, f"/en/{EVERYTHING}")
    with time_machine.travel(NOW + timedelta(seconds=30), tick=False):
        assert get(client, f"/en/{EVERYTHING}")["ETag"] == first["ETag"]
