"""What other sites show of one service, as their scripts, servers and people get it."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import html5lib
import msgspec
import pytest
import time_machine
from django.test import Client

from core.bilingual import Bilingual
from statusportal.public.shape import Snapshot, version_of
from statusportal.public.store import store
from tests.statusportal.public import incidents, planned
from tests.statusportal.public.answered import HARMLESS, HOSTILE, UNREADABLE
from tests.statusportal.public.incidents import (
    ANNOUNCEMENT,
    CLARIFICATION,
    LOGIN,
    MINUTE,
    OVERDUE,
    over,
    with_incidents,
)
from tests.statusportal.public.planned import AHEAD, OVER, RUNNING, window, with_windows
from tests.statusportal.public.reading import get, links, text_of
from tests.statusportal.public.snapshots import ALL_WELL, BAD, NOW, SINCE, UNSPOKEN, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
HOUR = timedelta(hours=1)
UPCOMING = window("MW-SN2222", "fines", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
SITE = "https://status.gov.example"


def asked(client: Client, slug: str, language: str = "en") -> dict[str, Any]:
    response = get(client, f"/embed/{slug}.json?lang={language}")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def told(client: Client, slug: str) -> list[tuple[str, str, str]]:
    """(kind, phase, reference) of what is said of a service, in its order."""
    return [(one["kind"], one["phase"], one["ref"]) for one in asked(client, slug)["notices"]]


def troubled(*more: Any) -> Snapshot:
    return with_incidents(LOGIN, OVERDUE, *more, measured=incidents.TROUBLED)


# --- JSON ---------------------------------------------------------------------------------------


def test_it_says_everything_of_an_incident(client: Client) -> None:
    store.hold(troubled())

    assert asked(client, "login") == {
        "service": {
            "id": "id-login",
            "slug": "login",
            "name": "National login",
            "state": "major_outage",
            "label": "Outage",
        },
        "notices": [
            {
                "kind": "incident",
                "phase": "fixing",
                "label": "Fixing",
                "ref": "IN-LGN222",
                "title": "Problem with National login",
                "text": (
                    "We are now:\n\n- starting the other server\n- testing the login with it\n"
                    "It should work again by \u206815:00 on Sunday 22 November 2026\u2069.\n"
                    "Next update by \u206813:25 on Sunday 22 November 2026\u2069."
                ),
                "from": "2026-11-22T08:30:00Z",
                "until": "2026-11-22T12:00:00Z",
                "next_update_by": "2026-11-22T10:25:00Z",
                "url": f"{SITE}/en/incidents/IN-LGN222/",
            }
        ],
        "words": {
            "region": "Notices about National login",
            "more": "More about this",
            "close": "Close this notice",
        },
        "as_of": "2026-11-22T10:00:00Z",
        "stale_after": 200,
    }


def test_what_a_service_needs_is_said_in_the_words_of_its_page(client: Client) -> None:
    store.hold(troubled())
    (found,) = asked(client, "passport")["notices"]

    assert found["ref"] == "IN-LGN222"
    assert found["title"].replace("\u2068", "").replace("\u2069", "") == (
        "This service is affected by: Problem with National login"
    )
    assert found["text"].startswith("This problem is being fixed.\nIt should work again by ")


def test_a_promise_that_was_not_kept_is_said(client: Client) -> None:
    store.hold(troubled())
    (found,) = asked(client, "fines")["notices"]

    assert found["text"].endswith(
        "An update has been overdue since \u206812:48 on Sunday 22 November 2026\u2069."
    )


@pytest.mark.parametrize(
    ("at", "slug", "expected"),
    [
        (NOW, "passport", [("maintenance", "in_progress", RUNNING.ref)]),
        (NOW, "fines", [("maintenance", "running_over", OVER.ref)]),
        (NOW, "login", []),
        (RUNNING.starts_at - 25 * HOUR, "passport", []),
        (RUNNING.starts_at - 23 * HOUR, "passport", [("maintenance", "upcoming", RUNNING.ref)]),
        (AHEAD.starts_at - HOUR, "login", [("maintenance", "upcoming", AHEAD.ref)]),
        # It needs the login.
        (AHEAD.starts_at - HOUR, "visa", []),
    ],
)
def test_planned_work_is_said_by_the_rules_of_the_banner_of_the_page(
    client: Client, at: Any, slug: str, expected: list[tuple[str, str, str]]
) -> None:
    with time_machine.travel(at, tick=False):
        store.hold(with_windows(RUNNING, OVER, AHEAD, seen_at=at))

        assert told(client, slug) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0, [("maintenance", "completed_recently", "MW-DNE222")]),
        (119, [("maintenance", "completed_recently", "MW-DNE222")]),
        (120, []),
    ],
)
def test_after_planned_work_it_says_so_for_two_hours_and_never_that_all_is_well(
    client: Client, minutes: int, expected: list[tuple[str, str, str]]
) -> None:
    done_at = NOW - minutes * MINUTE
    done = window(
        "MW-DNE222",
        "fines",
        starts_at=done_at - HOUR,
        ends_at=done_at + HOUR,
        state="completed",
        completed_at=done_at,
    )
    store.hold(with_windows(done))

    assert told(client, "fines") == expected
    for one in asked(client, "fines")["notices"]:
        assert "was completed at" in one["text"]
        assert "You can use the service again" not in one["text"]


@pytest.mark.parametrize(
    ("minutes", "measured", "is_told"),
    [(5, None, True), (119, None, True), (120, None, False), (5, {"fines": BAD}, False)],
)
def test_after_an_incident_it_says_so_for_two_hours_where_it_is_true(
    client: Client, minutes: int, measured: Any, is_told: bool
) -> None:
    ended = over("IN-END222", "fines", ended_at=NOW - minutes * MINUTE, updates=())
    store.hold(with_incidents(ended, measured=measured))

    expected = [("incident", "resolved", "IN-END222")] if is_told else []
    assert told(client, "fines") == expected


def test_what_is_wrong_comes_before_planned_work_and_that_before_what_is_only_told(
    client: Client,
) -> None:
    built = troubled(CLARIFICATION, ANNOUNCEMENT)
    truth = msgspec.structs.replace(built.truth, windows=(UPCOMING,))
    store.hold(msgspec.structs.replace(built, truth=truth, version=version_of(truth)))

    assert told(client, "fines") == [
        ("incident", "investigating", OVERDUE.ref),
        ("maintenance", "upcoming", UPCOMING.ref),
        ("clarification", "", CLARIFICATION.ref),
    ]


def test_the_text_stands_still_while_nothing_changes(client: Client) -> None:
    store.hold(with_windows(RUNNING, UPCOMING))
    before = [asked(client, slug)["notices"] for slug in ("passport", "fines")]
    with time_machine.travel(NOW + 3 * MINUTE, tick=False):
        store.hold(with_windows(RUNNING, UPCOMING, seen_at=NOW + 3 * MINUTE))

        assert [asked(client, slug)["notices"] for slug in ("passport", "fines")] == before


@pytest.mark.parametrize(
    ("measured", "seconds", "state"),
    [
        (ALL_WELL, 0, "operational"),
        (ALL_WELL, 195, "operational"),
        (ALL_WELL, 205, "unknown"),
        ({"fines": BAD}, 205, "unknown"),
    ],
)
def test_silence_is_never_green(client: Client, measured: Any, seconds: int, state: str) -> None:
    store.hold(snapshot(measured))
    with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
        assert asked(client, "fines")["service"]["state"] == state


def test_what_nobody_checks_has_a_word_of_its_own(client: Client) -> None:
    store.hold(snapshot())

    assert asked(client, "court", "ar")["service"] == {
        "id": "id-court",
        "slug": "court",
        "name": "جلسات المحاكم <عن بُعد>",
        "state": "not_monitored",
        "label": "غير مراقبة",
    }


@pytest.mark.parametrize("slug", ["sms-gate", "secret", "internal-only", "nothing"])
@pytest.mark.parametrize("path", ["/embed/{}.json", "/embed/{}.html", "/badge/{}.svg"])
def test_what_is_not_public_is_not_there(client: Client, path: str, slug: str) -> None:
    store.hold(troubled(incidents.HIDDEN))
    found = get(client, path.format(slug))
    unknown = get(client, path.format("nothing"))

    assert found.status_code == unknown.status_code == 404
    assert found.content == unknown.content
    assert found["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("path", ["/embed/{}.json", "/embed/{}.html", "/badge/{}.svg"])
def test_nothing_names_what_is_not_public(client: Client, path: str, language: str) -> None:
    built = troubled(incidents.HIDDEN)
    truth = msgspec.structs.replace(
        built.truth, windows=(msgspec.structs.replace(planned.HIDDEN, starts_at=NOW),)
    )
    store.hold(msgspec.structs.replace(built, truth=truth, version=version_of(truth)))

    body = get(client, f"{path.format('visa')}?lang={language}").content.decode()
    assert [name for name in UNSPOKEN if name in body] == []


def test_hostile_names_and_texts_stay_what_they_are(client: Client) -> None:
    text = Bilingual(HOSTILE, HOSTILE)
    notice = incidents.incident(
        "IN-HST222",
        "login",
        title=text,
        updates=(incidents.update(1, "investigating", SINCE, HOSTILE, HOSTILE),),
    )
    built = with_incidents(notice, measured={"login": BAD})
    services = tuple(msgspec.structs.replace(one, name=text) for one in built.truth.services)
    truth = msgspec.structs.replace(built.truth, services=services)
    store.hold(msgspec.structs.replace(built, truth=truth, version=version_of(truth)))

    found = asked(client, "login")
    (one,) = found["notices"]
    assert found["service"]["name"] == HARMLESS
    assert one["title"] == HARMLESS
    assert not UNREADABLE & set(found["service"]["name"] + one["title"])
    page = get(client, "/embed/login.html?lang=en").content.decode()
    parsed = html5lib.HTMLParser(strict=True).parseFragment(page)
    assert [e.tag.rpartition("}")[2] for e in parsed.iter() if str(e.tag)[-1:] == "b"] == []
    assert not (UNREADABLE - {"\u2066"}) & set(page)


def test_any_site_may_read_it_and_keep_it_for_a_moment(client: Client) -> None:
    store.hold(troubled())
    response = get(client, "/embed/login.json?lang=ar", headers={"Origin": "https://moi.example"})

    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Expose-Headers"] == "ETag, Retry-After, Date"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Cache-Control"] == "public, max-age=15, stale-if-error=86400"
    assert response["Content-Language"] == "ar"
    assert response.cookies == {}
    again = get(client, "/embed/login.json?lang=ar", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304
    assert again["Cache-Control"] == "public, max-age=15, stale-if-error=86400"


def test_the_tag_moves_with_the_words_and_not_with_the_as_of(client: Client) -> None:
    def tag() -> str:
        return str(get(client, "/embed/login.json?lang=en")["ETag"])

    store.hold(troubled())
    before = tag()
    with time_machine.travel(NOW + MINUTE, tick=False):
        seen_at = NOW + MINUTE
        store.hold(with_incidents(LOGIN, OVERDUE, measured=incidents.TROUBLED, seen_at=seen_at))
        assert asked(client, "login")["as_of"] == "2026-11-22T10:01:00Z"
        assert tag() == before
        changed = msgspec.structs.replace(LOGIN, phase="monitoring")
        store.hold(with_incidents(changed, measured=incidents.TROUBLED, seen_at=seen_at))
        assert tag() != before


@pytest.mark.parametrize(
    ("path", "method", "status", "field"),
    [
        ("/embed/login.json?lang=fr", "get", 400, "lang"),
        ("/embed/nothing.json", "get", 404, None),
        ("/embed/login.json", "post", 405, None),
    ],
)
def test_problems_are_documents(
    client: Client, path: str, method: str, status: int, field: str | None
) -> None:
    store.hold(troubled())
    response = getattr(Client(enforce_csrf_checks=True), method)(path)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert json.loads(response.content).get("field") == field


@pytest.mark.parametrize("path", ["/embed/login.json", "/embed/login.html", "/badge/login.svg"])
def test_before_anything_was_published_it_says_when_to_come_again(
    client: Client, path: str
) -> None:
    store.forget()
    response = get(client, path)

    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    assert response["Cache-Control"] == "no-store"


# --- the script ---------------------------------------------------------------------------------


def test_the_script_is_small_and_has_nothing_that_a_strict_policy_refuses(client: Client) -> None:
    response = get(client, "/embed/banner.js")
    source = response.content.decode()

    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Cache-Control"] == "public, max-age=300, stale-if-error=86400"
    assert response.cookies == {}
    assert len(gzip.compress(response.content)) <= 5 * 1024
    for refused in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write",
                    "document.cookie", "localStorage", ".style", "console."):  # fmt: skip
        assert refused not in source, refused
    again = get(client, "/embed/banner.js", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_the_script_comes_also_where_nothing_was_ever_published(client: Client) -> None:
    store.forget()

    assert get(client, "/embed/banner.js").status_code == 200


# --- HTML ---------------------------------------------------------------------------------------


def test_the_fragment_has_the_same_words_and_nothing_around_them(client: Client) -> None:
    store.hold(troubled())
    response = get(client, "/embed/login.html?lang=en")
    page = response.content.decode()
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    section = parser.parseFragment(page.replace("<br>", " "))[0]

    assert section.tag == "section"
    assert (section.get("lang"), section.get("dir")) == ("en", "ltr")
    assert section.get("aria-label") == "Notices about National login"
    assert section.get("data-as-of") == "2026-11-22T10:00:00+00:00"
    assert section.get("data-stale-after") == "200"
    said = " ".join("".join(section.itertext()).split())
    for one in asked(client, "login")["notices"]:
        assert one["title"] in said
        assert " ".join(one["text"].split()) in said
        assert f'href="{one["url"]}"' in page
    assert said.endswith("As of 13:00 on Sunday 22 November 2026 (Bahrain Time)")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "public, max-age=15, stale-if-error=86400"


@pytest.mark.parametrize("query", ["", "?lang=ar", "?lang=fr"])
def test_the_fragment_is_arabic_when_in_doubt(client: Client, query: str) -> None:
    store.hold(troubled())
    response = get(client, f"/embed/login.html{query}", headers={"Accept-Language": "en"})

    assert response["Content-Language"] == "ar"
    assert '<section class="status-notices" lang="ar" dir="rtl"' in response.content.decode()


def test_the_fragment_is_empty_where_there_is_nothing_to_say(client: Client) -> None:
    store.hold(troubled())
    response = get(client, "/embed/visa.html?lang=ar")

    assert (response.status_code, response.content) == (200, b"")


# --- how to use it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("", "login"),
        ("?q=fines", "fines"),
        ("?q=passport renewal", "passport"),
        ("?q=xyzzy", "login"),
    ],
)
def test_the_page_has_what_to_copy_for_a_service(client: Client, query: str, slug: str) -> None:
    store.hold(troubled())
    response = get(client, f"/en/use/{query}")
    said = text_of(response)

    assert (
        f'<script async src="{SITE}/embed/banner.js" data-service="{slug}" data-lang="en"></script>'
    ) in said
    assert f"script-src {SITE}; connect-src {SITE}" in said
    assert f"{SITE}/embed/{slug}.html?lang=en" in said
    assert f'<img src="{SITE}/badge/{slug}.svg?lang=en&amp;kind=uptime"' in said
    assert f"/en/services/{slug}/" in links(response)
    assert ("No service was found by these words" in said) == (query == "?q=xyzzy")


def test_a_name_in_what_is_copied_is_escaped(client: Client) -> None:
    store.hold(snapshot())

    assert 'alt="Court &lt;hearing&gt; &amp; more"' in text_of(get(client, "/en/use/?q=court"))


def test_the_page_stands_where_no_service_is_public(client: Client) -> None:
    built = snapshot()
    truth = msgspec.structs.replace(built.truth, services=(), edges=())
    store.hold(msgspec.structs.replace(built, truth=truth, version=version_of(truth)))

    assert "Use it in your site" in text_of(get(client, "/en/use/"))
