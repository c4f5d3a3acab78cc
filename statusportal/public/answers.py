"""What programs are answered: made once for what the reader says at one instant, then from memory.

A program that has an answer already hears that nothing changed. The tag leaves out the "as of",
which moves each second though nothing else does: what a tag stands for is still true now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from statusportal.public import words
from statusportal.public.pages import CACHE_CONTROL
from statusportal.public.said import Said

# Whoever asks for every service's feed at once must not fill the memory.
_MOST_KEPT = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes, and a tag that changes with all of them but the "as of"."""

    body: bytes
    etag: str


def tagged(body: bytes, *, undated: bytes) -> Answer:
    """An answer by its bytes, and by the same bytes without their "as of"."""
    # Weak (RFC 9110, 8.8.1): two answers with one tag say the same, in other bytes.
    return Answer(body, f'W/"{hashlib.sha256(undated).hexdigest()[:32]}"')


class Answers:
    """The answers of this process to what the reader says now; with the next instant they go."""

    def __init__(self) -> None:
        self._kept: tuple[Said | None, dict[tuple[str, ...], Answer]] = (None, {})

    def of(self, said: Said, key: tuple[str, ...], make: Callable[[], Answer]) -> Answer:
        """The answer that belongs to `key`, in the language that is active."""
        about, answers = self._kept
        if about is not said:
            answers = {}
            self._kept = (said, answers)
        whole_key = (words.language(), *key)
        found = answers.get(whole_key)
        if found is None:
            found = make()
            if len(answers) < _MOST_KEPT:
                answers[whole_key] = found
        return found


def respond(request: HttpRequest, answer: Answer, content_type: str) -> HttpResponse:
    """The answer, or 304 to who has it; kept by caches as long as pages are."""
    response = HttpResponse(answer.body, content_type=content_type)
    response["Cache-Control"] = CACHE_CONTROL
    response["Content-Language"] = words.language()
    response["ETag"] = answer.etag
    return cast(
        HttpResponse, get_conditional_response(request, etag=answer.etag, response=response)
    )
