"""The entries of the feeds: what they tell, how they move on, and what they never name."""

from __future__ import annotations

import re

import msgspec
import pytest
import time_machine
from django.test import Client

from core.bilingual import Bilingual
from statusportal.public.shape import EntryFact
from statusportal.public.store import store
from tests.statusportal.public import incidents, planned
from tests.statusportal.public.answered import HARMLESS, HOSTILE, UNREADABLE, content, entries, feed
from tests.statusportal.public.everything import EXTENDED, everything
from tests.statusportal.public.incidents import (
    HOUR,
    LOGIN,
    MINUTE,
    update,
    version,
    with_incidents,
)
from tests.statusportal.public.planned import with_windows
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import NOW, UNSPOKEN

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
EVERYTHING = "feed.atom"
FEEDS = [EVERYTHING, "agencies/MOI/feed.atom", "services/fines/feed.atom"]
_TAG = "tag:status.gov.example,2026:"


@pytest.fixture
def all_of_it() -> None:
    store.hold(everything())


# --- entries ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
def test_every_kind_of_notice_has_one_entry(client: Client) -> None:
    terms = {ref: entry.tags[0].term for ref, entry in entries(client).items()}

    assert {ref: term for ref, term in terms.items() if term != "incident"} == {
        "IN-ANN222": "announcement",
        "IN-CLR222": "clarification",
        "MW-RUN222": "maintenance",
        "MW-QVER22": "maintenance",
        "MW-AHEAD2": "maintenance",
        "MW-PAST22": "maintenance",
        "MW-CANC22": "maintenance",
        "MW-MQVED2": "maintenance",
        "MW-HDDN22": "maintenance",
        "MW-XTND22": "maintenance",
        "MW-CMPL22": "maintenance",
    }
    assert {ref for ref, term in terms.items() if term == "incident"} == {
        "IN-LGN222",
        "IN-ABS222",
        "IN-QVR222",
        "IN-HDN222",
        "IN-CLS222",
        "IN-SLF222",
        "IN-DNT222",
        "IN-MNT222",
        "IN-RSV222",
    }


@pytest.mark.usefixtures("all_of_it")
def test_the_entry_that_changed_last_comes_first(client: Client) -> None:
    found = feed(get(client, f"/en/{EVERYTHING}"))
    updated = [entry.updated for entry in found.entries]

    assert updated == sorted(updated, reverse=True)
    assert found.feed.updated == updated[0]


@pytest.mark.usefixtures("all_of_it")
def test_an_incident_tells_all_that_was_said(client: Client) -> None:
    entry = entries(client)["IN-LGN222"]
    said = content(entry)

    assert entry.link == "https://status.gov.example/en/incidents/IN-LGN222/"
    assert entry.author == "National Digital Services Authority"
    for part in (
        "This problem is being fixed.",
        "It should work again by",
        "Next update by",
        "Login by the app still works.",
        "Use the identity app to log in.",
        "no late fine applies",
        "do not pay again",
        "starting the other server",
        "Corrected at",
        "We know about a problem with the national login",
    ):
        assert part in said
    # What was wrong is not sent out again.
    assert "network has failed" not in said
    assert said.index("starting the other server") < said.index("A login server has failed")
    links = re.findall(r'href="([^"]+)"', entry.content[0].value)
    assert links == ["https://status.gov.example/en/services/login/"]


@pytest.mark.usefixtures("all_of_it")
def test_the_ways_that_are_meant_stand_beside_the_service(client: Client) -> None:
    built = everything()
    (fines,) = [one for one in built.truth.services if one.slug == "fines"]
    both = msgspec.structs.replace(
        fines, channels=(*fines.channels, msgspec.structs.replace(fines.channels[0], id=77))
    )
    truth = msgspec.structs.replace(
        built.truth,
        services=tuple(both if one is fines else one for one in built.truth.services),
    )
    store.hold(msgspec.structs.replace(built, truth=truth, version="another"))

    assert "Traffic fines\u2069 (Web site)" in content(entries(client)["IN-QVR222"])


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize(
    ("ref", "title", "words"),
    [
        ("IN-RSV222", "Restored: Problem with Traffic fines", "over. It lasted 1 hour."),
        ("IN-SLF222", "Restored: Problem with Passport renewal", "by itself after 9 minutes"),
        (
            "IN-ABS222",
            "Joined to another notice: Problem with Passport renewal",
            "This notice was joined to \u2068IN-LGN222\u2069.",
        ),
        ("IN-CLR222", "Clarification: Traffic fines were not waived", "waived are incorrect"),
        ("MW-PAST22", "Completed: Planned work on \u2068Visit visa\u2069", "1 hour later than"),
        (
            "MW-CANC22",
            "Cancelled: Planned work on \u2068Court <hearing> & more\u2069",
            "is cancelled",
        ),
        ("MW-MQVED2", "Postponed: Planned work on \u2068Traffic fines\u2069", "is moved to"),
        ("MW-QVER22", "Running over: Planned work on \u2068Traffic fines\u2069", "over since"),
        ("MW-RUN222", "Under way: Planned work on \u2068Passport renewal\u2069", "unavailable now"),
        ("MW-XTND22", "Extended: Planned work on \u2068Traffic fines\u2069", "More time is"),
    ],
)
def test_an_entry_says_where_it_stands(client: Client, ref: str, title: str, words: str) -> None:
    entry = entries(client)[ref]

    assert entry.title == title
    assert words in content(entry)


def test_a_title_that_says_already_what_it_is_stays_as_it_is(client: Client) -> None:
    title = Bilingual("توضيح بشأن المخالفات", "Clarification of traffic fines")
    store.hold(with_incidents(msgspec.structs.replace(incidents.CLARIFICATION, title=title)))

    assert entries(client)["IN-CLR222"].title == "Clarification of traffic fines"
    assert entries(client, "/ar/feed.atom")["IN-CLR222"].title == "توضيح بشأن المخالفات"


def test_an_entry_keeps_its_id_from_first_notice_to_report(client: Client) -> None:
    first = msgspec.structs.replace(
        LOGIN, phase="investigating", updates=LOGIN.updates[:1], entries=LOGIN.entries[:1]
    )
    ended_at = NOW - 10 * MINUTE
    closing = update(4, "resolved", ended_at, "عاد الدخول.", "The login is back.")
    resolved = msgspec.structs.replace(
        LOGIN,
        phase="resolved",
        restored_at=ended_at,
        resolved_at=ended_at,
        updates=(*LOGIN.updates, closing),
    )
    corrected = msgspec.structs.replace(
        resolved,
        updates=(
            *LOGIN.updates,
            msgspec.structs.replace(
                closing,
                corrected_at=NOW - 5 * MINUTE,
                earlier=(version(ended_at, "عاد.", "Back."),),
            ),
        ),
    )
    reported = msgspec.structs.replace(
        corrected,
        summary=Bilingual("تعطّل خادم.", "A server had failed."),
        entries=(*LOGIN.entries, EntryFact("reported", NOW - MINUTE)),
    )
    seen = []
    for fact in (first, LOGIN, resolved, corrected, reported):
        store.hold(with_incidents(fact))
        (entry,) = entries(client).values()
        seen.append((entry.id, entry.published, entry.updated, entry.title))

    name, published = _TAG + "en:in-lgn222", "2026-11-22T08:31:00Z"
    assert seen == [
        (name, published, "2026-11-22T08:31:00Z", "Investigating: Problem with National login"),
        (name, published, "2026-11-22T09:30:00Z", "Fixing: Problem with National login"),
        (name, published, "2026-11-22T09:50:00Z", "Restored: Problem with National login"),
        (name, published, "2026-11-22T09:55:00Z", "Restored: Problem with National login"),
        (name, published, "2026-11-22T09:59:00Z", "Restored: Problem with National login"),
    ]


def test_a_window_moves_by_the_clock_alone(client: Client) -> None:
    built = with_windows(planned.AHEAD)
    starts_at, ends_at = planned.AHEAD.starts_at, planned.AHEAD.ends_at
    store.hold(built)
    seen = []
    for now in (NOW, starts_at - HOUR, starts_at, ends_at - MINUTE, ends_at, ends_at + HOUR):
        with time_machine.travel(now, tick=False):
            entry = entries(client)["MW-AHEAD2"]
            seen.append((entry.title.partition(":")[0], entry.updated, content(entry)))

    assert [(title, updated) for title, updated, _said in seen] == [
        ("Announced", "2026-11-22T10:00:00Z"),
        ("Announced", "2026-11-22T10:00:00Z"),
        ("Under way", "2026-11-27T10:00:00Z"),
        ("Under way", "2026-11-27T10:00:00Z"),
        ("Running over", "2026-11-27T14:00:00Z"),
        ("Running over", "2026-11-27T14:00:00Z"),
    ]
    # Whoever saw one update of it saw all of its words.
    assert seen[0][2] == seen[1][2]
    assert seen[2][2] == seen[3][2]
    assert seen[4][2] == seen[5][2]


# --- what is not public, and what is hostile ----------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("path", [*FEEDS, "services/visa/feed.atom"])
def test_nothing_that_is_not_public_is_named(client: Client, language: str, path: str) -> None:
    body = get(client, f"/{language}/{path}").content.decode()

    assert [name for name in UNSPOKEN if name in body] == []


def test_an_agency_without_a_public_service_signs_nothing(client: Client) -> None:
    store.hold(with_windows(msgspec.structs.replace(planned.HIDDEN, agency="SEC"), planned.RUNNING))

    found = entries(client)
    assert found["MW-HDDN22"].author == "National Digital Services Authority"
    assert found["MW-RUN222"].author == "Ministry of Interior"


@pytest.mark.parametrize("language", ["ar", "en"])
def test_hostile_words_come_out_whole_and_harmless(client: Client, language: str) -> None:
    both = Bilingual(HOSTILE, HOSTILE)
    notice = msgspec.structs.replace(
        LOGIN,
        title=both,
        meanwhile=both,
        still_works=both,
        updates=(update(1, "investigating", NOW - HOUR, HOSTILE, HOSTILE),),
    )
    work = msgspec.structs.replace(EXTENDED, text=both, meanwhile=both)
    built = with_incidents(notice, windows=(work,))
    truth = msgspec.structs.replace(
        built.truth,
        services=tuple(
            msgspec.structs.replace(one, name=both) if one.slug in {"login", "fines"} else one
            for one in built.truth.services
        ),
        agencies=tuple(msgspec.structs.replace(one, name=both) for one in built.truth.agencies),
    )
    store.hold(msgspec.structs.replace(built, truth=truth, version="hostile"))

    found = entries(client, f"/{language}/{EVERYTHING}")
    assert found["IN-LGN222"].author == HARMLESS
    assert found["IN-LGN222"].title.endswith(HARMLESS)
    for entry in found.values():
        said = content(entry)
        assert not set(said) & UNREADABLE
        assert said.count("\u2068") == said.count("\u2069")
        assert "<b>&\"'" in said
        assert "<b>" not in entry.content[0].value
    for path in ("agencies/MOI/feed.atom", "services/login/feed.atom"):
        assert HARMLESS in feed(get(client, f"/{language}/{path}")).feed.title
