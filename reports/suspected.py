"""A suspicion as an agency's system writes it: read, checked, and every fault named at once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.arabic import without_bidi_controls
from core.bilingual import LANGUAGES, Bilingual
from core.problems import FieldProblem

MOST_TEXT = 2000
MOST_CONTACT = 200
# What began earlier is no news, and is told in another way.
OLDEST = timedelta(days=30)
# Clocks of two houses differ.
AHEAD = timedelta(minutes=5)
_FIELDS = frozenset({"service", "since", "text", "contact"})
# Visible ASCII; quoted, as the draft writes it, or bare, as most programs send it.
_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,128})"?')


@dataclass(frozen=True, slots=True)
class Told:
    """What a system says: which service by its slug, since when, in which words, whom to ask."""

    slug: str
    began_at: datetime
    text: Bilingual
    contact: str


class Unsound(Exception):
    """A document that is no suspicion; `problems` is never empty."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__(*(problem.field for problem in problems))
        self.problems = tuple(problems)


def read(document: Mapping[str, Any], *, now: datetime) -> Told:
    """The suspicion in `document`. Raises Unsound with one problem for each field at fault."""
    wrong = [
        FieldProblem(_plain(name), _("There is no such field here."), _("Leave it out."))
        for name in sorted(document.keys() - _FIELDS)
    ]
    slug = _line(document, "service", 80, wrong)
    contact = _line(document, "contact", MOST_CONTACT, wrong)
    began_at = _instant(document.get("since"), now, wrong)
    text = _text(document.get("text"), wrong)
    if wrong or began_at is None:
        raise Unsound(wrong)
    return Told(slug=slug, began_at=began_at, text=text, contact=contact)


def fingerprint(document: Mapping[str, Any]) -> str:
    """The SHA-256 of what was sent, whatever the order of its fields."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def key_of(header: str) -> str | None:
    """The key in a header Idempotency-Key; None where it is missing or cannot be one."""
    found = _KEY.fullmatch(header.strip())
    return found[1] if found else None


def _line(document: Mapping[str, Any], name: str, most: int, wrong: list[FieldProblem]) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not (text := " ".join(_plain(value).split())):
        wrong.append(FieldProblem(name, _("It is missing or empty."), _MENDS[name]))
        return ""
    if len(text) > most:
        wrong.append(FieldProblem(name, _too_long(most), _("Shorten it.")))
    return text


_MENDS = {
    "service": _("Write the slug of the service, as GET /api/v1/services/ names it."),
    "contact": _("Write the name and the number of somebody who can be asked."),
}


def _instant(value: object, now: datetime, wrong: list[FieldProblem]) -> datetime | None:
    try:
        at = parse_datetime(value) if isinstance(value, str) else None
        # Of the years 1 and 9999 not every zone knows.
        at = at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        at = None
    if at is None:
        wrong.append(
            FieldProblem(
                "since",
                _("It is no instant with its offset from UTC."),
                _("Write it like 2026-11-22T09:30:00+03:00 (RFC 3339)."),
            )
        )
    elif at > now + AHEAD:
        wrong.append(
            FieldProblem("since", _("It lies in the future."), _("Look at the clock and offset."))
        )
    elif at < now - OLDEST:
        wrong.append(
            FieldProblem(
                "since", _("It lies more than 30 days back."), _("Call the operators instead.")
            )
        )
    # A clock that is a little fast did not see the future.
    return min(at, now) if at is not None else None


def _text(value: object, wrong: list[FieldProblem]) -> Bilingual:
    if not isinstance(value, Mapping) or not value.keys() <= set(LANGUAGES):
        wrong.append(
            FieldProblem(
                "text",
                _("It is no object with texts by language."),
                _('Write {"ar": "…", "en": "…"}; one of the two is enough.'),
            )
        )
        return Bilingual()
    said = {}
    for lang, text in sorted(value.items()):
        if not isinstance(text, str):
            wrong.append(
                FieldProblem(
                    f"text.{lang}", _("It is no text."), _("Write a text, or leave it out.")
                )
            )
        elif len(plain := _plain(text).strip()) > MOST_TEXT:
            wrong.append(FieldProblem(f"text.{lang}", _too_long(MOST_TEXT), _("Shorten it.")))
        else:
            said[lang] = plain
    if not any(problem.field.startswith("text") for problem in wrong) and not any(said.values()):
        wrong.append(
            FieldProblem(
                "text",
                _("It says nothing."),
                _("Say in Arabic or in English what does not work."),
            )
        )
    return Bilingual(said.get("ar", ""), said.get("en", ""))


def _too_long(most: int) -> str:
    return gettext("It is longer than {most} characters.").format(most=most)


def _plain(text: str) -> str:
    # PostgreSQL keeps no zero character, and marks of direction only deceive the reader.
    return without_bidi_controls(text).replace("\0", "")
