"""The log: one line for a request, the same id on all that it caused, and no secret in any."""

from __future__ import annotations

import json
import logging
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from celery import shared_task
from celery.app.trace import build_tracer
from celery.signals import before_task_publish
from django.conf import settings as loaded
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from statusportal import tracing
from statusportal.celery import app
from statusportal.logs import JsonFormatter, LineFormatter, discreet
from statusportal.tracing import HEADER, TracingMiddleware

GIVEN = "edge-7f3a9c0012"
SETTINGS = Path(loaded.BASE_DIR, "statusportal", "settings", "logs.py")


class Kept(logging.Handler):
    """Lines as production writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log() -> Iterator[Kept]:
    kept, root = Kept(), logging.getLogger()
    root.addHandler(kept)
    yield kept
    root.removeHandler(kept)


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    found = logging.LogRecord("portal", logging.INFO, "here.py", 1, message, arguments, None)
    found.__dict__.update(extra)
    return found


# --- requests -----------------------------------------------------------------------------------


def test_one_request_is_one_line_with_its_id(client: Client, log: Kept) -> None:
    response = client.get("/nothing/here", headers={HEADER: GIVEN})
    assert response.status_code == 404
    (line,) = log.told
    assert line.pop("at").endswith("+00:00")
    assert line.pop("duration_ms") >= 0
    assert line == {
        "level": "INFO",
        "logger": "statusportal.tracing",
        "message": "GET /nothing/here 404",
        "request_id": GIVEN,
        "method": "GET",
        "path": "/nothing/here",
        "status": 404,
    }


@pytest.mark.parametrize(
    ("given_id", "is_taken"),
    [
        (GIVEN, True),
        ("0f8fad5b-d9cd-469f-a165-70867728950e", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("short", False),
        ("", False),
        ("-leading-hyphen", False),
        ("two words here", False),
        ("<script>alert(1)</script>", False),
        ("a1b2c3d4e5\n", False),
        ("معرّف-الطلب-هنا", False),
    ],
)
def test_of_others_only_what_is_an_id_is_taken(given_id: str, is_taken: bool) -> None:
    own = tracing.request_id(given_id)
    assert (own == given_id) is is_taken
    assert is_taken or re.fullmatch(r"[0-9a-f]{32}", own)


@pytest.mark.parametrize(
    ("cache", "is_answered"),
    [("no-store, private", True), ("", True), ("public, max-age=15", False)],
)
def test_the_id_is_answered_back_but_on_what_others_may_keep(cache: str, is_answered: bool) -> None:
    def answer(_: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": cache} if cache else {})

    response = TracingMiddleware(answer)(RequestFactory().get("/", headers={HEADER: GIVEN}))
    assert response.get(HEADER) == (GIVEN if is_answered else None)


def test_a_line_break_in_a_path_forges_no_line(client: Client, log: Kept) -> None:
    client.get("/x%0A2026-01-01 INFO portal: all is well\u2028")
    (line,) = log.lines
    assert line.splitlines() == [line]
    assert json.loads(line)["path"].startswith("/x\\x0a2026")


def test_what_stood_behind_the_question_mark_and_who_asked_are_not_told(
    client: Client, log: Kept
) -> None:
    client.get(
        "/nothing/?token=only-i-know-this",
        headers={"Authorization": "Bearer gsp_only-i-know-this", "User-Agent": "Somebody/1.0"},
        REMOTE_ADDR="203.0.113.77",
    )
    (line,) = log.lines
    for personal in ("only-i-know-this", "203.0.113.77", "Somebody"):
        assert personal not in line


def test_an_error_keeps_its_trace_with_the_id_of_its_request(
    client: Client, log: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("x\nINFO all is well")

    client.raise_request_exception = False
    monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", fail)
    client.get("/robots.txt", headers={HEADER: GIVEN})
    error, line = log.told
    assert (error["level"], error["logger"]) == ("ERROR", "django.request")
    assert "RuntimeError: x" in error["trace"]
    assert [one["request_id"] for one in (error, line)] == [GIVEN, GIVEN]
    assert line["status"] == 500


def test_nothing_of_a_request_stays_behind(client: Client) -> None:
    client.get("/nothing/", headers={HEADER: GIVEN})
    assert structlog.contextvars.get_contextvars() == {}


# --- tasks --------------------------------------------------------------------------------------


@shared_task
def _said() -> None:
    logging.getLogger("services").warning("It was said.")


@shared_task
def _sends() -> None:
    _said.apply_async()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The headers of what is sent, which then goes nowhere."""
    headers_sent: list[dict[str, Any]] = []

    def keep(headers: dict[str, Any], **_: Any) -> None:
        headers_sent.append(headers)

    before_task_publish.connect(keep)
    monkeypatch.setattr("kombu.messaging.Producer._publish", lambda *_, **__: None)
    yield headers_sent
    before_task_publish.disconnect(keep)


def run(headers: dict[str, Any]) -> None:
    """Do a task as a worker does, from the headers that came with it."""
    task = app.tasks[headers["task"]]
    task.__trace__ = None
    tracer: Any = build_tracer(task.name, task, app=app)
    tracer(headers["id"], (), {}, request=dict(headers))


def test_a_task_that_was_sent_in_a_request_carries_its_id(
    sent: list[dict[str, Any]], log: Kept
) -> None:
    def view(_: HttpRequest) -> HttpResponse:
        _sends.apply_async()
        return HttpResponse()

    TracingMiddleware(view)(RequestFactory().get("/", headers={HEADER: GIVEN}))
    (first,) = sent
    run(first)
    second = sent[1]
    run(second)

    (line,) = [one for one in log.told if one["message"] == "It was said."]
    assert line["request_id"] == GIVEN
    assert line["task_id"] == second["id"]
    assert line["parent_task_id"] == first["id"]
    assert line["task"] == _said.name
    assert structlog.contextvars.get_contextvars() == {}, "the worker has forgotten the task"


def test_workers_and_beat_write_as_everybody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[object] = []
    monkeypatch.setattr(tracing, "dictConfig", chosen.append)
    app.log.setup_logging_subsystem(loglevel="CRITICAL", logfile=None)
    assert chosen == [loaded.LOGGING]


# --- what is in no line -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("POST /api/heartbeats/AbC-123_x/ 404", "POST /api/heartbeats/…/ 404"),
        ("POST /api/heartbeats/self/ 204", "POST /api/heartbeats/self/ 204"),
        ("GET /en/accounts/invitation/AbC123", "GET /en/accounts/invitation/…"),
        ("GET https://x.example/a?key=1&b=2 failed", "GET https://x.example/a?… failed"),
        ("redis://:pass-word@redis:6379/0 is gone", "redis://…@redis:6379/0 is gone"),
        ("sent Authorization: Bearer gsp_x.y-z", "sent Authorization: Bearer …"),
        ("Is it alive? a=b", "Is it alive? a=b"),
        ("الخدمة متوقفة", "الخدمة متوقفة"),
    ],
)
def test_secrets_are_taken_out_of_words(text: str, said: str) -> None:
    assert discreet(text) == said


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_whatever_is_logged_is_one_object_on_one_line(text: str) -> None:
    line = JsonFormatter().format(record("%s", text, path=text))
    assert line.splitlines() == [line]
    assert json.loads(line)["level"] == "INFO"
    line.encode()


def test_people_read_the_ids_behind_the_line() -> None:
    formatter = LineFormatter("{levelname} {name}: {message}", style="{")
    with structlog.contextvars.bound_contextvars(request_id=GIVEN, task_id="t1", other="hidden"):
        said = formatter.format(record("It failed at /x?token=abc"))
    assert said == f"INFO portal: It failed at /x?… [request_id={GIVEN} task_id=t1]"
    assert formatter.format(record("It is well")) == "INFO portal: It is well"


def _secret_routes(patterns: list[Any], before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from _secret_routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and re.search(
            r"<(?:\w+:)?(?:token|key|secret|uidb64)>", route
        ):
            yield route


def test_every_address_with_a_secret_in_it_is_known() -> None:
    with translation.override("en"):
        routes = sorted(set(_secret_routes(get_resolver().url_patterns)))
    assert "/api/heartbeats/<str:token>/" in routes
    told = {re.sub(r"<(?:\w+:)?\w+>", "only-i-know-this", route) for route in routes}
    assert {path for path in told if "only-i-know-this" in discreet(path)} == set()


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demo", "given", "formatter"),
    [(False, None, "json"), (True, None, "line"), (True, "json", "json"), (False, "line", "line")],
)
def test_a_deployment_writes_for_programs_and_the_demo_for_people(
    demo: bool, given: str | None, formatter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statusportal.settings.base.DEMO", demo)
    monkeypatch.delenv("LOG_FORMAT", raising=False)
    if given is not None:
        monkeypatch.setenv("LOG_FORMAT", given)
    found = runpy.run_path(str(SETTINGS))
    assert found["LOGGING"]["handlers"]["stderr"]["formatter"] == formatter


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LOG_FORMAT", "xml", "LOG_FORMAT must be json or line."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR."),
    ],
)
def test_what_cannot_be_written_stops_the_start(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=sentence):
        runpy.run_path(str(SETTINGS))
