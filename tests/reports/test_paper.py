"""docs/agency-api.openapi.json and docs/agency-api.md against what the addresses really answer."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.db import OperationalError
from django.urls import get_resolver

from accounts import bearer
from accounts.models import Agency
from accounts.tokens import Scope, public_id_of
from core.problems import Kind
from reports import urls
from reports.models import Suspicion
from reports.views import suspicions
from services.models import Check
from tests.factories import make_agency, make_channel, make_check, make_location, make_service
from tests.maintenance.rows import make_announced
from tests.reports.systems import System, make_token
from tests.statusportal.ops.nation import NOW, make_measured, play

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAPER: dict[str, Any] = json.loads((DOCS / "agency-api.openapi.json").read_text("utf-8"))
WORDS = (DOCS / "agency-api.md").read_text("utf-8")
SUSPICION = {
    "service": "visa",
    "since": "2026-11-22T12:55:00+03:00",
    "text": {"en": "Payments fail."},
    "contact": "Duty engineer",
}
_PARAMETERS = {"check_id": "check", "ref": "ref", "slug": "slug"}


def routes() -> set[str]:
    """The addresses below /api/v1/ as the paper writes them, without those that are none."""
    found = set()
    for pattern in get_resolver(urls.__name__).url_patterns:
        if pattern.callback is bearer.nowhere or not str(pattern.pattern).endswith("/"):
            continue
        route = re.sub(
            r"<\w+:(\w+)>", lambda named: f"{{{_PARAMETERS[named[1]]}}}", str(pattern.pattern)
        )
        found.add(f"/api/v1/{route}")
    return found


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in PAPER["paths"].items()
        for method, operation in methods.items()
    ]


def holds(answer: Any, path: str, method: str) -> None:
    """Fails unless the paper foresees this answer: its code, its headers, its body."""
    responses = PAPER["paths"][path][method]["responses"]
    response = responses[str(answer.status_code)]
    while "$ref" in response:
        response = PAPER["components"]["responses"][response["$ref"].rpartition("/")[2]]
    missing = {name for name in response.get("headers", {}) if name not in answer}
    assert missing == set()
    content = response.get("content")
    if content is None:
        assert answer.content == b""
        return
    ((media_type, said),) = content.items()
    assert answer["Content-Type"] == media_type
    schema = {**said["schema"], "components": PAPER["components"]}
    jsonschema.Draft202012Validator(schema).validate(json.loads(answer.content))


def test_the_paper_lists_every_address_and_no_other() -> None:
    assert set(PAPER["paths"]) == routes()
    assert len(routes()) == 5


def test_every_reference_in_it_leads_somewhere() -> None:
    references = set(re.findall(r'"\$ref": "#/components/(\w+)/([\w-]+)"', json.dumps(PAPER)))
    named = {(kind, name) for kind, found in PAPER["components"].items() for name in found}
    assert references <= named
    assert named - references == {("securitySchemes", "token")}
    for schema in PAPER["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_words_list_the_same_addresses_and_scopes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(GET|POST) (\S+)` \|", WORDS, re.MULTILINE)
    said = [(path, method.lower(), [scope]) for scope, method, path in rows]
    assert sorted(said) == sorted(
        (path, method, operation["security"][0]["token"])
        for path, method, operation in operations()
    )
    assert {scope for scope, _method, _path in rows} == {scope.value for scope in Scope}


def test_the_words_list_every_kind_of_problem() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([\w-]+)` \|", WORDS, re.MULTILINE)
    kinds = [
        value
        for module in (bearer, suspicions)
        for value in vars(module).values()
        if isinstance(value, Kind)
    ]
    assert sorted((int(code), slug) for code, slug in rows) == sorted(
        (kind.status.value, kind.slug) for kind in kinds
    )


def test_the_token_in_the_words_is_one_so_that_scanners_can_be_tried_on_it() -> None:
    (token,) = re.findall(r"gsp_\w+", WORDS)
    assert public_id_of(token) == "5071hcm80x"


# --- what is really answered ----------------------------------------------------------------------


@pytest.fixture
def agency(db: None) -> Agency:
    return make_agency(code="MOI")


@pytest.fixture
def check(agency: Agency) -> Check:
    """A beaten check of a measured service with a window ahead."""
    make_location()
    service = make_service(slug="visa", agency=agency)
    play(make_measured(service), "oob")
    make_channel(service=service, kind="counter")
    make_announced(
        services=[service], starts_at=NOW + timedelta(hours=2), ends_at=NOW + timedelta(hours=3)
    )
    return make_check(
        channel=make_channel(service=service, kind="app"),
        kind="heartbeat",
        spec={"expect_every_seconds": 60},
    )


def asks(system: System, path: str, method: str, check: Check, ref: str) -> Any:
    address = path.format(check=check.pk, ref=ref, slug="visa")
    if method == "get":
        return system.get(address)
    if "suspicions" not in path:
        return system.post(address, {"status": "fail"})
    return system.post(address, SUSPICION, headers={"Idempotency-Key": "one"})


@pytest.fixture
def ref(agency: Agency, check: Check) -> str:
    """A suspicion that was told already."""
    answer = System(make_token(agency, now=NOW)[1], at=NOW).post(
        "/api/v1/suspicions/", SUSPICION, headers={"Idempotency-Key": "zero"}
    )
    assert answer.status_code == HTTPStatus.CREATED
    return Suspicion.objects.get().ref


@pytest.mark.parametrize(("path", "method"), [one[:2] for one in operations()])
def test_each_answer_is_as_the_paper_says(
    agency: Agency,
    check: Check,
    ref: str,
    path: str,
    method: str,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scope = PAPER["paths"][path][method]["security"][0]["token"][0]
    system = System(make_token(agency, now=NOW)[1], at=NOW)
    others = [one.value for one in Scope if one != scope]
    narrow = System(make_token(agency, now=NOW, scopes=others)[1], at=NOW)
    stranger = System(make_token(now=NOW)[1], at=NOW)
    answers = [
        asks(system, path, method, check, ref),
        asks(System("no", at=NOW), path, method, check, ref),
        asks(narrow, path, method, check, ref),
        asks(stranger, path, method, check, ref),
        system.call("PATCH", path.format(check=check.pk, ref=ref, slug="visa")),
    ]
    settings.AGENCY_API_RATES = dict.fromkeys(map(str, Scope), 1)
    answers.append(asks(system, path, method, check, ref))

    def away(*_args: Any, **_named: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(bearer, "recognise", away)
    answers.append(asks(system, path, method, check, ref))

    good = {"post": 204 if "heartbeats" in path else 201, "get": 200}[method]
    # A list of one's own is empty for a stranger, and not absent.
    others_see = 200 if path == "/api/v1/services/" else 404
    assert [answer.status_code for answer in answers] == [
        good, 401, 403, others_see, 405, 429, 503,
    ]  # fmt: skip
    for answer in answers:
        holds(answer, path, method)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"data": "{"}, 400),
        ({"data": " " * 20_000}, 413),
        ({"data": "{}", "content_type": "text/plain"}, 415),
        ({"data": '{"status": "fine", "service": 7}'}, 422),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/heartbeats/{check}/", "/api/v1/suspicions/"])
def test_each_body_that_is_refused_is_refused_as_the_paper_says(
    agency: Agency, check: Check, path: str, more: dict[str, Any], status: int
) -> None:
    system = System(make_token(agency, now=NOW)[1], at=NOW)
    answer = system.post(path.format(check=check.pk), headers={"Idempotency-Key": "one"}, **more)
    assert answer.status_code == status
    holds(answer, path, "post")


def test_a_check_of_another_kind_is_a_conflict_as_the_paper_says(
    agency: Agency, check: Check
) -> None:
    other = Check.objects.exclude(pk=check.pk).get()
    answer = System(make_token(agency, now=NOW)[1], at=NOW).post(f"/api/v1/heartbeats/{other.pk}/")
    assert answer.status_code == 409
    holds(answer, "/api/v1/heartbeats/{check}/", "post")


def test_the_suspicion_in_the_words_is_one(agency: Agency, check: Check) -> None:
    (body,) = re.findall(r"-d '(\{\"service\".*?\})' \\\n", WORDS, re.DOTALL)
    document = json.loads(body)
    jsonschema.validate(
        document,
        {**PAPER["components"]["schemas"]["NewSuspicion"], "components": PAPER["components"]},
    )
    answer = System(make_token(agency, now=NOW)[1], at=NOW).post(
        "/api/v1/suspicions/", document, headers={"Idempotency-Key": "one"}
    )
    assert answer.status_code == 201
