"""The API as programs ask it: languages, pages of agencies, tags, other sites, problems."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from django.test import Client

from statusportal.public import api_shape
from statusportal.public.api_shape import DOCUMENTS
from statusportal.public.store import store
from tests.statusportal.public.everything import everything
from tests.statusportal.public.incidents import LOGIN, update, with_incidents
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import NOW, SLOW, nation_behind_login, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
SUMMARY = "/api/v2/summary.json"


@pytest.fixture
def all_of_it() -> None:
    store.hold(everything())


def problem(client: Client, path: str, **headers: Any) -> dict[str, Any]:
    response = get(client, path, **headers)
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert response["Access-Control-Allow-Origin"] == "*"
    told: dict[str, Any] = json.loads(response.content)
    assert told["status"] == response.status_code
    return told


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_is_json_that_anybody_may_keep_and_any_site_may_read(
    client: Client, path: str
) -> None:
    response = get(client, f"/api/v2/{path}", headers={"Origin": "https://other.example"})

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == (
        "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert response.cookies == {}
    assert "Cookie" not in response.get("Vary", "")


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", "en"),
        # Programs that were written for English must not find Arabic in an Arabic browser.
        ("", "ar", "en"),
        ("?lang=ar", "en", "ar"),
        ("?lang=en", "ar", "en"),
        ("?_=1732269600", "", "en"),
    ],
)
def test_the_language_is_asked_for_in_the_address_alone(
    client: Client, query: str, accepted: str, language: str
) -> None:
    response = get(client, SUMMARY + query, headers={"Accept-Language": accepted})
    names = {"ar": "حالة الخدمات الحكومية", "en": "Status of government services"}

    assert response["Content-Language"] == language
    assert json.loads(response.content)["page"]["name"] == names[language]


# --- asking again -------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("path", DOCUMENTS)
def test_who_has_it_already_is_told_only_that(client: Client, path: str) -> None:
    first = get(client, f"/api/v2/{path}")
    again = get(client, f"/api/v2/{path}", headers={"If-None-Match": first["ETag"]})
    other = get(client, f"/api/v2/{path}", headers={"If-None-Match": 'W/"another"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["Access-Control-Allow-Origin"] == "*"
    assert (other.status_code, other.content) == (200, first.content)


def test_the_tag_changes_with_what_is_said_and_not_with_when_it_was_seen(client: Client) -> None:
    store.hold(snapshot())
    first = get(client, SUMMARY)
    with time_machine.travel(NOW + timedelta(seconds=30), tick=False):
        store.hold(snapshot(observed_at=NOW + timedelta(seconds=30)))
        seen_again = get(client, SUMMARY)
        store.hold(snapshot({"fines": SLOW}, observed_at=NOW + timedelta(seconds=30)))
        slower = get(client, SUMMARY)

    assert seen_again["ETag"] == first["ETag"]
    assert json.loads(seen_again.content)["page"]["updated_at"] == "2026-11-22T10:00:30.000Z"
    assert slower["ETag"] != first["ETag"]


@pytest.mark.parametrize("silence", [timedelta(minutes=5), timedelta(hours=3)])
def test_the_tag_changes_when_nobody_looks_any_more(client: Client, silence: timedelta) -> None:
    store.hold(snapshot())
    first = get(client, SUMMARY)

    with time_machine.travel(NOW + silence, tick=False):
        later = get(client, SUMMARY, headers={"If-None-Match": first["ETag"]})
    assert later.status_code == 200


@pytest.mark.usefixtures("all_of_it")
def test_each_language_and_each_agency_has_a_tag_of_its_own(client: Client) -> None:
    queries = ["", "?lang=ar", "?agency=MOI", "?agency=NDS", "?agency=NDS&lang=ar"]

    assert len({get(client, "/api/v2/status.json" + query)["ETag"] for query in queries}) == 5


def test_what_was_published_is_there_at_once(client: Client) -> None:
    store.hold(with_incidents(LOGIN))
    get(client, SUMMARY)
    news = update(9, "monitoring", NOW, "عاد الدخول.", "The login is back.")
    store.hold(with_incidents(msgspec.structs.replace(LOGIN, updates=(*LOGIN.updates, news))))

    (incident,) = json.loads(get(client, SUMMARY).content)["incidents"]
    assert incident["incident_updates"][0]["body"] == "The login is back."


def test_a_document_is_made_once_for_all_who_ask_in_one_instant(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    make = api_shape.document

    def counted(path: str, source: api_shape.Source) -> tuple[bytes, bytes]:
        made.append(path)
        return make(path, source)

    monkeypatch.setattr(api_shape, "document", counted)
    store.hold(nation_behind_login(500))
    bodies = {get(client, SUMMARY).content for _ in range(5)}

    assert len(bodies) == 1
    assert made == ["summary.json"]
    document = json.loads(bodies.pop())
    assert len(document["components"]) == 2 + 4 + 500
    agency = get(client, SUMMARY + "?agency=NDS").content
    assert [one["slug"] for one in json.loads(agency)["components"]] == ["NDS", "login"]


# --- other ways to ask --------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
def test_a_browser_may_ask_before_it_sends_a_tag(client: Client) -> None:
    response = client.options(
        SUMMARY,
        headers={
            "Origin": "https://other.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match",
        },
    )

    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert response["Access-Control-Allow-Headers"] == "If-None-Match"


@pytest.mark.usefixtures("all_of_it")
def test_head_has_the_headers_alone(client: Client) -> None:
    response = client.head(SUMMARY)

    assert (response.status_code, response.content) == (200, b"")
    assert response["ETag"] == get(client, SUMMARY)["ETag"]


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_document_is_only_read(method: str) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)(SUMMARY)

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert response["Content-Type"] == "application/problem+json"


# --- problems -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
# Nobody learns from the answer that there is an agency without public services.
@pytest.mark.parametrize("code", ["NONE", "SEC", "moi", "<script>"])
def test_an_unknown_agency_is_a_problem_that_says_how_to_mend_it(client: Client, code: str) -> None:
    assert problem(client, f"{SUMMARY}?agency={code}") == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no agency with this code.",
        "mend": "The codes stand in “slug” of the groups in components.json.",
        "field": "agency",
    }
    assert problem(client, f"{SUMMARY}?agency={code}&lang=ar")["detail"] == (
        "لا توجد جهة بهذا الرمز."
    )


@pytest.mark.usefixtures("all_of_it")
def test_an_unknown_language_is_a_problem_in_the_readers_language(client: Client) -> None:
    told = problem(client, f"{SUMMARY}?lang=fr", headers={"Accept-Language": "fr, en;q=0.5"})
    arabic = problem(client, f"{SUMMARY}?lang=fr", headers={"Accept-Language": "ar"})

    assert (told["status"], told["field"]) == (400, "lang")
    assert told["mend"] == "Ask with lang=ar or lang=en, or without lang for English."
    assert arabic["detail"] == "هذه اللغة غير متاحة هنا."


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize("path", ["nothing.json", "summary", "incidents", "incidents/none.json"])
def test_an_unknown_document_is_a_problem_that_names_the_others(client: Client, path: str) -> None:
    told = problem(client, f"/api/v2/{path}")

    assert told["status"] == 404
    assert "scheduled-maintenances/upcoming.json" in told["mend"]


def test_before_the_first_snapshot_it_says_to_come_again(client: Client) -> None:
    store.forget()

    assert problem(client, SUMMARY)["status"] == 503
    assert get(client, SUMMARY)["Retry-After"] == "10"
