"""Problems as documents for programs (RFC 9457), in the language of whoever asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.utils.functional import Promise

Sentence = str | Promise


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the end of its `type`, its code, and its title, which never varies."""

    slug: str
    status: HTTPStatus
    title: Promise

    @property
    def uri(self) -> str:
        """The `type`: a name to compare, not an address to fetch (RFC 4151)."""
        return f"tag:{urlsplit(settings.PUBLIC_URL).hostname},2026:problem:{self.slug}"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with what was sent: where, what, and how to mend it.

    `field` is a name, or names joined by dots: "text.ar"; empty for the document itself.
    """

    field: str
    detail: Sentence
    mend: Sentence


class Problem(Exception):
    """Why a program does not get what it asked for."""

    def __init__(
        self,
        kind: Kind,
        detail: Sentence,
        *errors: FieldProblem,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind.slug)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def document(self) -> dict[str, object]:
        """The members of the document, its sentences in the active language."""
        found: dict[str, object] = {
            "type": self.kind.uri,
            "title": str(self.kind.title),
            "status": self.kind.status.value,
            "detail": str(self.detail),
        }
        if self.errors:
            found["errors"] = [
                {"field": one.field, "detail": str(one.detail), "mend": str(one.mend)}
                for one in self.errors
            ]
        return found

    def response(self) -> HttpResponse:
        """The answer, to be made while the language of whoever asks is active."""
        return HttpResponse(
            json.dumps(self.document(), ensure_ascii=False),
            status=self.kind.status,
            content_type="application/problem+json",
            headers=self.headers,
        )
