"""One edition after the other: prepared, told on time, and within its memory.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import brotli
import pytest

from statusportal.public import reader
from statusportal.public.store import store
from statusportal.public.turns import Showing
from tests.statusportal.public.memory import Site
from tests.statusportal.public.snapshots import ALL_WELL, BAD, NOW, SLOW, history, many, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock", "well", "no_housekeeping")


def coming(*, at: Any = NOW, **changed: Any) -> Showing:
    """What another snapshot would show, without telling anybody of it."""
    found, before = store._found, store.showing
    store.hold(snapshot(ALL_WELL | changed), history())
    showing = store.showing_at(reader.step(at))
    store._found = found
    assert before is not None
    store._show(before)
    assert showing is not None
    return showing


def told(news: Showing) -> None:
    """The time of the news has come."""
    store._found = news.published
    store._show(news)


def test_the_pages_that_are_asked_for_are_ready_before_the_news_is_told() -> None:
    site = Site()
    old = site.get("/en/", accept_encoding="br")
    news = coming(login=BAD)

    site.cache.prepare(news, lambda: True)
    assert site.get("/en/", accept_encoding="br") == old
    assert site.django.asked == ["/en/", "/en/"]

    told(news)
    new = site.get("/en/", accept_encoding="br")
    assert b"National login" in brotli.decompress(new[2])
    # Nobody waited for it.
    assert site.django.asked == ["/en/", "/en/"]


def test_news_that_are_late_already_are_told_without_preparing_more() -> None:
    site = Site()
    site.get("/en/")
    site.django.asked.clear()

    site.cache.prepare(coming(login=BAD), lambda: False)
    assert site.django.asked == []


def test_the_rest_of_an_edition_whose_time_has_come_is_made_by_who_asks() -> None:
    site = Site()
    for path in ("/en/", "/en/", "/ar/"):
        site.get(path)
    news = coming(login=BAD)
    time_for = iter((True, False))

    site.cache.prepare(news, lambda: next(time_for))
    told(news)
    site.django.asked.clear()
    versions = {site.get(path)[1]["Snapshot-Version"] for path in ("/en/", "/ar/", "/ar/")}

    assert versions == {news.said.version}
    assert site.django.asked == ["/ar/"]


def test_what_is_asked_for_stays_ready_though_an_edition_was_too_short_to_ask_for_it() -> None:
    site = Site()
    for _ in range(4):
        site.get("/en/")

    made = []
    for number in range(5):
        site.django.asked.clear()
        news = coming(login=BAD if number % 2 else SLOW)
        site.cache.prepare(news, lambda: True)
        told(news)
        # Nobody asks for that page; somebody does for another.
        site.get("/ar/")
        made.append(site.django.asked.count("/en/"))

    # Four times, two, one: then it has faded.
    assert made == [1, 1, 1, 0, 0]


def test_editions_that_wait_share_half_of_the_memory(settings: Any) -> None:
    store.hold(snapshot(ALL_WELL, more=many(30)))
    settings.PAGE_CACHE_BYTES = 6 * 150_000
    site = Site()
    for n in range(30):
        site.get(f"/en/services/more-{n}/")
    site.get("/en/services/more-7/")
    shown = store.showing
    assert shown is not None
    news = replace(shown)

    site.cache.prepare(news, lambda: True)
    (waiting,) = site.cache._coming
    assert 100_000 < waiting.size <= 150_000
    # What is asked for most has its place there.
    assert waiting.most_asked()[0].question.path == "/en/services/more-7/"

    told(news)
    for n in range(30):
        site.get(f"/en/services/more-{n}/")
    assert 150_000 < waiting.size <= 450_000


def test_what_was_overtaken_by_news_while_it_waited_is_not_made() -> None:
    """Work for an edition that has gone would only make the next one late."""
    site = Site()
    site.get("/ar/")
    for _ in range(2):
        site.cache._rendering.acquire()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(site.get, "/en/")
        while not site.cache._flights:
            threading.Event().wait(0.01)
        news = coming(login=BAD)
        told(news)
        for _ in range(2):
            site.cache._rendering.release()

        assert answer.result()[1]["Snapshot-Version"] == news.said.version
    assert site.django.asked == ["/ar/", "/en/"]


def test_all_pages_change_together() -> None:
    """No reader goes from the news on one page to the past on another."""
    site = Site()
    site.get("/en/")
    site.get("/en/services/passport/")
    news = coming(login=BAD)
    site.cache.prepare(news, lambda: True)
    told(news)

    versions = {
        site.get(path)[1]["Snapshot-Version"]
        for path in ("/en/", "/en/services/passport/", "/ar/", "/api/v2/summary.json")
    }

    assert versions == {news.said.version}


# --- memory -------------------------------------------------------------------------------------


def test_memory_is_bounded_and_what_was_not_asked_for_longest_goes(settings: Any) -> None:
    store.hold(snapshot(ALL_WELL, more=many(30)))
    settings.PAGE_CACHE_BYTES = 2 * 150_000
    site = Site()

    for n in range(30):
        site.get(f"/en/services/more-{n}/", accept_encoding="br")
        site.get("/en/")
        edition = site.cache._edition
        assert edition is not None
        assert edition.size <= 150_000

    assert site.django.asked.count("/en/") == 1
    assert len(site.django.asked) == 31
    site.get("/en/services/more-0/")
    assert site.django.asked.count("/en/services/more-0/") == 2
    kept = edition.most_asked()
    assert edition.size == sum(
        len(page.body)
        + 2000
        + sum(len(one.body) for encoding, one in page.variants.items() if encoding)
        for page in kept
    )
