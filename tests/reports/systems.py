"""An agency's system as it calls the portal: a token in a header, JSON, no cookies."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from django.test import Client

from accounts.models import Agency, ApiToken, Role
from accounts.token_operations import issue
from tests.factories import make_agency, make_user

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EVERYTHING = ("heartbeat", "suspect", "read")


def make_token(
    agency: Agency | None = None,
    *,
    scopes: Collection[str] = EVERYTHING,
    now: datetime = NOW,
    lives: timedelta = timedelta(days=90),
    name: str = "Nightly batch",
) -> tuple[ApiToken, str]:
    """A token made at `now` by a publisher of its agency, for everything unless said otherwise."""
    agency = agency or make_agency()
    return issue(
        agency=agency,
        name=name,
        scopes=scopes,
        expires_at=now + lives,
        actor=make_user(Role.AGENCY_PUBLISHER, agency),
        now=now,
    )


class System:
    """A program of an agency; every call is at `at`."""

    def __init__(self, text: str, *, at: datetime = NOW, language: str = "en") -> None:
        self.text = text
        self.at = at
        self.language = language
        self._client = Client(enforce_csrf_checks=True)

    def call(self, method: str, path: str, **more: Any) -> Any:
        headers = {
            "Authorization": f"Bearer {self.text}",
            "Accept-Language": self.language,
            **more.pop("headers", {}),
        }
        with time_machine.travel(self.at, tick=False):
            return self._client.generic(
                method, path, headers={k: v for k, v in headers.items() if v}, **more
            )

    def get(self, path: str, **more: Any) -> Any:
        return self.call("GET", path, **more)

    def post(self, path: str, document: Any = None, **more: Any) -> Any:
        body = "" if document is None else json.dumps(document)
        more = {"data": body, "content_type": "application/json"} | more
        return self.call("POST", path, **more)


def problem(answer: Any) -> dict[str, Any]:
    """The document of a problem, once its type and code are those of one (RFC 9457)."""
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.content)
    assert document["status"] == answer.status_code
    assert set(document) - {"errors"} == {"type", "title", "status", "detail"}
    return document
