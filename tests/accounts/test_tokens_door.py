"""The door for agencies' systems: who is let in, how a refusal reads, how often it opens."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.db import OperationalError
from django.test import Client

from accounts import bearer, token_rates
from accounts.models import Agency, ApiToken, Role
from accounts.token_operations import revoke
from core.steady_cache import SteadyRedisCache
from services.models import Check
from tests.admin_pages import browser
from tests.factories import make_agency, make_channel, make_check, make_service, make_user
from tests.reports.systems import NOW, System, make_token, problem

pytestmark = pytest.mark.django_db

SERVICES = "/api/v1/services/"
SUSPICIONS = "/api/v1/suspicions/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def agency() -> Agency:
    return make_agency(code="MOI")


@pytest.fixture
def check(agency: Agency) -> Check:
    service = make_service(slug="visa", agency=agency)
    return make_check(
        kind="heartbeat",
        spec={"expect_every_seconds": 60},
        channel=make_channel(service=service),
    )


def beats(check: Check) -> str:
    return f"/api/v1/heartbeats/{check.pk}/"


SUSPICION = {
    "service": "visa",
    "since": "2026-11-22T11:55:00+03:00",
    "text": {"en": "Payments fail."},
    "contact": "Duty engineer, 1700 0000",
}


def asks(system: System, what: str, check: Check) -> Any:
    match what:
        case "heartbeat":
            return system.post(beats(check))
        case "suspect":
            return system.post(SUSPICIONS, SUSPICION, headers={"Idempotency-Key": "one"})
        case "follow":
            return system.get(f"{SUSPICIONS}SU-ABCDEF/")
        case "services":
            return system.get(SERVICES)
        case _:
            return system.get(f"{SERVICES}visa/")


# --- scopes ---------------------------------------------------------------------------------------

# scope of the token → what each address answers; 404: let in, and there is no such suspicion.
TABLE = {
    "heartbeat": {"heartbeat": 204, "suspect": 403, "follow": 403, "services": 403, "service": 403},
    "suspect": {"heartbeat": 403, "suspect": 201, "follow": 404, "services": 403, "service": 403},
    "read": {"heartbeat": 403, "suspect": 403, "follow": 403, "services": 200, "service": 200},
}


@pytest.mark.parametrize(("scope", "answers"), TABLE.items())
def test_a_token_opens_what_its_scope_says_and_nothing_else(
    agency: Agency, check: Check, scope: str, answers: dict[str, int]
) -> None:
    system = System(make_token(agency, scopes=(scope,))[1])

    assert {what: asks(system, what, check).status_code for what in answers} == answers


def test_a_token_of_the_wrong_scope_is_told_which_one_it_takes(
    agency: Agency, check: Check
) -> None:
    answer = System(make_token(agency, scopes=("heartbeat", "read"))[1]).post(SUSPICIONS, SUSPICION)

    assert answer["WWW-Authenticate"] == (
        'Bearer realm="agency API", error="insufficient_scope", scope="suspect"'
    )
    assert problem(answer) == {
        "type": "tag:localhost,2026:problem:out-of-scope",
        "title": "The token is not for this",
        "status": 403,
        "detail": "This takes a token with the scope “suspect”.",
    }


# --- no token -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Basic {}",
        "Token {}",
        "{}",
        "Bearer",
        "Bearer {}x",
        "Bearer gsp_",
        "Bearer {} {}",
        "bearer_{}",
    ],
)
def test_whatever_is_no_token_is_turned_away(agency: Agency, header: str) -> None:
    system = System(make_token(agency)[1])
    answer = system.get(SERVICES, headers={"Authorization": header.replace("{}", system.text)})

    assert problem(answer)["status"] == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="agency API", error="invalid_token"'


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_as_people_like(agency: Agency, scheme: str) -> None:
    system = System(make_token(agency)[1])
    answer = system.get(SERVICES, headers={"Authorization": f"{scheme}  {system.text}"})
    assert answer.status_code == 200


def test_whoever_shows_nothing_is_told_where_a_token_goes() -> None:
    answer = Client().get(SERVICES)

    assert answer["WWW-Authenticate"] == 'Bearer realm="agency API"'
    assert problem(answer)["detail"] == (
        "Send the token in the header Authorization: Bearer …, and nowhere else."
    )


@pytest.mark.parametrize("name", ["token", "access_token", "authorization"])
@time_machine.travel(NOW, tick=False)
def test_a_token_in_an_address_or_a_form_opens_nothing(agency: Agency, name: str) -> None:
    text = make_token(agency)[1]
    assert Client().get(f"{SERVICES}?{name}={text}").status_code == 401
    assert Client().post(SUSPICIONS, {name: text}).status_code == 401


@time_machine.travel(NOW, tick=False)
def test_people_who_are_signed_in_are_nobody_here_and_no_cookie_is_set(agency: Agency) -> None:
    client = browser(make_user(Role.ADMINISTRATOR))
    assert client.get(SERVICES).status_code == 401

    answer = client.get(SERVICES, headers={"Authorization": f"Bearer {make_token(agency)[1]}"})

    assert answer.status_code == 200
    assert not answer.cookies
    assert "Cookie" not in answer["Vary"]


def test_a_token_that_ended_says_how_to_whoever_shows_the_whole_of_it(agency: Agency) -> None:
    expired = System(make_token(agency, lives=MINUTE)[1], at=NOW + MINUTE)
    assert problem(expired.get(SERVICES))["detail"] == (
        "This token has expired. People of the agency can make another one."
    )
    row, text = make_token(agency)
    revoke(token_id=row.pk, actor=make_user(Role.ADMINISTRATOR), now=NOW)
    answer = System(text).get(SERVICES)
    assert answer.status_code == 401
    assert problem(answer)["detail"] == (
        "This token was revoked. People of the agency can make another one."
    )
    # Without its secret nobody learns that it ever was one.
    guessed = System(text[:16] + "0" * 49).get(SERVICES)
    assert "There is no such token." in problem(guessed)["detail"]


def test_a_token_ends_at_once_for_calls_that_come_after(agency: Agency) -> None:
    row, text = make_token(agency)
    system = System(text)
    assert system.get(SERVICES).status_code == 200
    revoke(token_id=row.pk, actor=make_user(Role.ADMINISTRATOR), now=NOW)
    assert system.get(SERVICES).status_code == 401


# --- what is sent ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "status", "kind"),
    [
        (
            {"data": "status=fail", "content_type": "application/x-www-form-urlencoded"},
            415,
            "not-json",
        ),
        ({"data": "{}", "content_type": "text/plain"}, 415, "not-json"),
        ({"data": "{"}, 400, "malformed"),
        ({"data": b'"\xff"'}, 400, "malformed"),
        ({"data": '{"status": NaN}'}, 400, "malformed"),
        ({"data": '{"status": "\\ud800"}'}, 400, "malformed"),
        ({"data": "[" * 10_000}, 400, "malformed"),
        ({"data": " " * 16_385}, 413, "too-large"),
        ({"data": " " * 16_382 + "{}"}, 204, ""),
        ({"data": '["ok"]'}, 422, "invalid"),
        ({"data": "null"}, 422, "invalid"),
        ({"data": ""}, 204, ""),
        ({"data": "", "content_type": "text/plain"}, 204, ""),
        ({"data": '{"status": "ok"}', "content_type": "application/json; charset=utf-8"}, 204, ""),
    ],
)
def test_a_body_is_json_or_is_refused(
    agency: Agency, check: Check, more: dict[str, Any], status: int, kind: str
) -> None:
    answer = System(make_token(agency)[1]).post(beats(check), **more)

    assert answer.status_code == status
    if kind:
        assert problem(answer)["type"] == f"tag:localhost,2026:problem:{kind}"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", SUSPICIONS, "POST"),
        ("DELETE", SERVICES, "GET, HEAD"),
        ("POST", SERVICES, "GET, HEAD"),
        ("PUT", f"{SERVICES}visa/", "GET, HEAD"),
        ("OPTIONS", SUSPICIONS, "POST"),
        ("GET", "/api/v1/heartbeats/1/", "POST"),
    ],
)
def test_other_methods_are_told_the_right_one(
    agency: Agency, method: str, path: str, allow: str
) -> None:
    answer = System(make_token(agency)[1]).call(method, path)
    assert problem(answer)["status"] == 405
    assert answer["Allow"] == allow


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/incidents/", "/api/v1/heartbeats/x/"])
def test_an_address_that_is_none_answers_as_a_program_reads(path: str) -> None:
    answer = Client().get(path)
    assert problem(answer)["type"] == "tag:localhost,2026:problem:absent"


def test_the_last_slash_may_be_forgotten(agency: Agency, check: Check) -> None:
    system = System(make_token(agency)[1])
    assert system.post(beats(check).rstrip("/")).status_code == 204
    assert system.get(SERVICES.rstrip("/")).status_code == 200


def test_nothing_is_kept_on_the_way_and_no_other_site_may_read(agency: Agency) -> None:
    system = System(make_token(agency)[1])
    for answer in (system.get(SERVICES), System("no").get(SERVICES), Client().get("/api/v1/x")):
        assert answer["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize(
    ("asked", "language", "title"),
    [
        ("ar", "ar", "لا يوجد رمز صالح"),
        ("ar-BH,en;q=0.5", "ar", "لا يوجد رمز صالح"),
        ("fr,en-GB;q=0.8,ar;q=0.1", "en", "No valid token"),
        ("fr", "en", "No valid token"),
        ("", "en", "No valid token"),
    ],
)
def test_a_problem_is_told_in_the_language_of_the_question(
    asked: str, language: str, title: str
) -> None:
    answer = System("no", language=asked).get(SERVICES)

    assert answer["Content-Language"] == language
    assert problem(answer)["title"] == title


def test_the_language_that_a_person_chose_in_a_browser_does_not_count() -> None:
    client = Client()
    client.cookies["django_language"] = "ar"
    assert client.get(SERVICES)["Content-Language"] == "en"


def test_when_nothing_can_be_read_programs_are_asked_to_come_again(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any, **_named: Any) -> None:
        raise OperationalError("server closed the connection")

    system = System(make_token(agency)[1])
    monkeypatch.setattr(bearer, "recognise", away)

    answer = system.get(SERVICES)

    assert problem(answer)["status"] == 503
    assert answer["Retry-After"] == "5"
    assert "server closed" not in answer.content.decode()


def test_no_log_holds_a_token(
    agency: Agency, check: Check, caplog: pytest.LogCaptureFixture
) -> None:
    system = System(make_token(agency)[1])
    with caplog.at_level(logging.DEBUG):
        for what in ("heartbeat", "suspect", "services", "service"):
            asks(system, what, check)
        system.get(f"{SERVICES}?token=1", headers={"Authorization": f"Token {system.text}"})
        system.post(beats(check), data="{")
    assert re.search(r"POST /api/v1/heartbeats/\d+/ 400", caplog.text)
    assert system.text[15:40] not in caplog.text


# --- how often ------------------------------------------------------------------------------------


@pytest.fixture
def _two_a_minute(settings: Any) -> None:
    settings.AGENCY_API_RATES = {"heartbeat": 2, "suspect": 2, "read": 2}


@pytest.mark.usefixtures("_two_a_minute")
def test_whoever_calls_too_often_is_asked_to_wait_and_let_in_again(agency: Agency) -> None:
    system = System(make_token(agency)[1], at=NOW + timedelta(seconds=45))
    told = []
    for _call in range(3):
        answer = system.get(SERVICES)
        told.append((answer.status_code, answer["RateLimit"]))
    assert told == [
        (200, '"read";r=1;t=15'),
        (200, '"read";r=0;t=15'),
        (429, '"read";r=0;t=15'),
    ]
    assert answer["RateLimit-Policy"] == '"read";q=2;w=60'
    assert answer["Retry-After"] == "15"
    assert problem(answer)["detail"] == (
        "This token has called too often. Wait as long as Retry-After says."
    )

    system.at += timedelta(seconds=15)
    assert system.get(SERVICES).status_code == 200


@pytest.mark.usefixtures("_two_a_minute")
def test_calls_are_counted_for_each_token_and_each_scope(agency: Agency, check: Check) -> None:
    one, other = System(make_token(agency)[1]), System(make_token(agency)[1])
    for _call in range(3):
        last = one.get(SERVICES)
    assert last.status_code == 429
    # Whoever reads too much does not silence its own heartbeats, nor anybody else.
    assert one.post(beats(check)).status_code == 204
    assert other.get(SERVICES).status_code == 200


@pytest.mark.usefixtures("_two_a_minute")
def test_refused_calls_count_too_and_say_so(agency: Agency) -> None:
    system = System(make_token(agency, scopes=("heartbeat",))[1])
    assert [system.get(SERVICES).status_code for _call in range(3)] == [403, 403, 429]


def test_all_web_processes_count_together(agency: Agency) -> None:
    row, text = make_token(agency)
    System(text).get(SERVICES)
    minute = int(NOW.timestamp()) // 60

    another_process = caches.create_connection("rates")

    assert another_process.get(f"token-rate:read:{row.public_id}:{minute}") == 1


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port at which somebody listens, and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield listening.getsockname()[1]


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "silent"])
def test_without_redis_heartbeats_still_come_through(
    agency: Agency, check: Check, monkeypatch: pytest.MonkeyPatch, silent_port: int, gone: bool
) -> None:
    monkeypatch.setattr(SteadyRedisCache, "_away_until", 0.0)
    # Nobody listens at the first port of all.
    away = f"redis://127.0.0.1:{1 if gone else silent_port}/0"
    cache = SteadyRedisCache(away, {"OPTIONS": caches.settings["rates"]["OPTIONS"]})
    monkeypatch.setattr(token_rates, "caches", {"rates": cache})
    system = System(make_token(agency)[1])

    began = time.monotonic()
    answers = [system.post(beats(check)) for _call in range(3)]

    assert [(answer.status_code, answer["RateLimit"]) for answer in answers] == [
        (204, '"heartbeat";r=599;t=60'),
        (204, '"heartbeat";r=598;t=60'),
        (204, '"heartbeat";r=597;t=60'),
    ]
    # Only the first one waits for what does not answer.
    assert time.monotonic() - began < 5


def test_the_door_costs_one_statement(agency: Agency, django_assert_num_queries: Any) -> None:
    row, text = make_token(agency)
    ApiToken.objects.filter(pk=row.pk).update(last_used_at=NOW)
    system = System(text)
    with django_assert_num_queries(1):
        answer = system.post("/api/v1/suspicions/", [], headers={"Idempotency-Key": "one"})
    assert json.loads(answer.content)["errors"] == [
        {"field": "", "detail": "It is no JSON object.", "mend": "Send an object, in braces."}
    ]
