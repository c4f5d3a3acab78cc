"""The archive of the feeds (RFC 5005, section 4): whoever follows it has everything."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from statusportal.public.store import store
from tests.statusportal.public.answered import entries, feed
from tests.statusportal.public.everything import everything
from tests.statusportal.public.incidents import DAY, MINUTE, over, with_incidents
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import NOW
from tests.statusportal.public.test_archive import FIRST, NOVEMBER, OLD, WORK, with_months, write

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
SITE = "https://status.gov.example"
ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
FEEDS = ["feed.atom", "agencies/MOI/feed.atom", "services/passport/feed.atom"]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.LAST_GOOD_FILE = tmp_path / "last-good" / "snapshot.json"


def links(client: Client, path: str) -> dict[str, str]:
    """Relation → path."""
    root = ElementTree.fromstring(get(client, path).content)
    return {
        link.get("rel", ""): link.get("href", "").removeprefix(SITE)
        for link in root.findall(f"{ATOM}link")
    }


def walk(client: Client, path: str) -> list[str]:
    """The feed and each document of its archive, from the newest to the oldest."""
    found = [path]
    while following := links(client, found[-1]).get("prev-archive"):
        assert following not in found
        found.append(following)
    return found


@pytest.mark.parametrize("path", FEEDS)
def test_from_the_feed_one_comes_to_every_month_and_back(client: Client, path: str) -> None:
    store.hold(everything())
    found = walk(client, f"/en/{path}")

    assert len(found) > 1
    for newer, older in pairwise(found[1:]):
        assert links(client, older)["next-archive"] == newer
    assert "next-archive" not in links(client, found[1])
    assert {links(client, one)["current"] for one in found[1:]} == {f"/en/{path}"}


def test_a_month_of_the_archive_is_a_feed_of_the_same_name_that_says_what_it_is(
    client: Client,
) -> None:
    store.hold(everything())
    for language in ("ar", "en"):
        current = ElementTree.fromstring(get(client, f"/{language}/feed.atom").content)
        path = f"/{language}/feed-2026-10.atom"
        response = get(client, path)
        root = ElementTree.fromstring(response.content)

        assert current.find(f"{HISTORY}archive") is None
        assert root.find(f"{HISTORY}archive") is not None
        assert root.findtext(f"{ATOM}id") == current.findtext(f"{ATOM}id")
        assert links(client, path)["self"] == path
        assert feed(response).feed.language == language
        assert feed(response).entries


def test_an_entry_has_the_same_name_in_the_archive(client: Client) -> None:
    store.hold(everything())
    old, new = entries(client, "/en/feed-2026-10.atom"), entries(client)

    assert set(old) & set(new)
    assert {ref: old[ref].id for ref in set(old) & set(new)} == {
        ref: new[ref].id for ref in set(old) & set(new)
    }


def test_what_a_feed_has_no_room_for_stands_in_its_archive_also_of_this_month(
    client: Client,
) -> None:
    ended = [
        over(f"IN-{n:06}", "visa", started_at=NOW - DAY, ended_at=NOW - n * MINUTE)
        for n in range(1, 121)
    ]
    store.hold(with_incidents(*ended))

    assert walk(client, "/en/feed.atom") == ["/en/feed.atom", "/en/feed-2026-11.atom"]
    assert len(entries(client)) == 100
    assert len(entries(client, "/en/feed-2026-11.atom")) == 120


def test_a_month_that_is_not_over_has_no_document_while_there_is_room(client: Client) -> None:
    store.hold(
        with_incidents(over("IN-NEW222", "visa", started_at=NOW - DAY, ended_at=NOW - MINUTE))
    )

    assert walk(client, "/en/feed.atom") == ["/en/feed.atom"]
    assert get(client, "/en/feed-2026-11.atom").status_code == 404


@pytest.mark.parametrize(
    ("path", "refs"),
    [
        ("/en/feed-2025-11.atom", {OLD.ref, WORK.ref}),
        ("/ar/services/passport/feed-2025-11.atom", {OLD.ref, WORK.ref}),
        ("/en/agencies/MOI/feed-2025-11.atom", {OLD.ref, WORK.ref}),
        ("/en/services/fines/feed-2025-11.atom", set()),
    ],
)
def test_what_left_the_snapshot_is_read_from_the_files_of_its_month(
    path: str, refs: set[str], client: Client
) -> None:
    write(NOVEMBER, FIRST)
    store.hold(with_months(FIRST))

    assert set(entries(client, path)) == refs
    assert walk(client, path.replace("-2025-11", "")) == [path.replace("-2025-11", ""), path]


def test_a_month_that_cannot_be_read_now_is_not_said_to_be_none(client: Client) -> None:
    store.hold(with_months(FIRST))
    response = get(client, "/en/feed-2025-11.atom")

    assert (response.status_code, response["Retry-After"]) == (503, "60")


@pytest.mark.parametrize("month", ["2020-01", "2026-13", "2026-1", "november", "2026-12"])
def test_of_other_months_there_is_none(month: str, client: Client) -> None:
    store.hold(everything())

    assert get(client, f"/en/feed-{month}.atom").status_code == 404
