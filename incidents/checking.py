"""What an act on an incident needs before it can be done; every gap is named at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, may
from accounts.models import User
from core.arabic import isolate, without_bidi_controls
from core.bilingual import LANGUAGES, Bilingual
from core.placeholders import named
from incidents import parity, texts
from incidents.labels import Deadlines, Kind, Phase
from incidents.lifecycle import may_follow
from incidents.models import Incident
from incidents.refusals import (
    ChangedMeanwhile,
    Doubtful,
    Incomplete,
    NotAllowed,
    Problem,
    WrongPhase,
)
from incidents.wording import missing_promise, problem_sentence
from services.models import Channel, Service

# Service by its id, each with the ids of its channels; none means every channel.
Lines = Mapping[int, Collection[int]]

# What people read beside the texts, and may be mended at any time.
STATED = frozenset(
    {
        *(f"{name}_{lang}" for name in ("title", "still_works", "meanwhile") for lang in LANGUAGES),
        "deadlines",
        "deadlines_until",
        "payments",
    }
)
_MISSING_OTHER = {
    "ar": _("This stands in English only. Write it in Arabic too."),
    "en": _("This stands in Arabic only. Write it in English too."),
}
_MISSING_TITLE = {
    "ar": _("Write the title in Arabic."),
    "en": _("Write the title in English."),
}


def require(actor: User, act: Act, agency_id: int | None) -> None:
    """Raise NotAllowed unless the person may do `act` for the agency (None: the authority)."""
    if not may(actor, act, agency_id):
        raise NotAllowed(Problem(None, _("You may not do this for this agency.")))


def require_open(incident: Incident) -> None:
    """Raise WrongPhase once the incident is resolved."""
    if not incident.is_open:
        raise WrongPhase(
            Problem(
                None,
                gettext("{ref} is resolved already. Reopen it first.").format(
                    ref=isolate(incident.ref)
                ),
            )
        )


def require_resolved(incident: Incident) -> None:
    """Raise WrongPhase while the incident is open."""
    if incident.is_open:
        raise WrongPhase(
            Problem(None, gettext("{ref} is still open.").format(ref=isolate(incident.ref)))
        )


def require_seen(incident: Incident, seen: datetime | None) -> None:
    """Raise ChangedMeanwhile when the newest public text is another than the person read."""
    if seen is not None and incident.last_notice_at is not None and incident.last_notice_at > seen:
        raise ChangedMeanwhile(
            Problem(
                None, _("Somebody has published a text meanwhile. Read it, then publish yours.")
            )
        )


def require_phase(incident: Incident, phase: str) -> None:
    """Raise Incomplete for a phase that no text can announce now."""
    if phase not in Phase.values or not may_follow(incident.phase, phase):
        raise Incomplete(Problem("phase", _("Choose the phase that the text announces.")))


def require_text(
    text: Bilingual,
    *,
    promises: Mapping[str, datetime | None],
    confirmed: bool,
    fields: str = "text",
) -> None:
    """Raise Incomplete for what cannot be published, Doubtful for what looks wrong.

    `promises` holds the times that fields give to placeholders, by placeholder; a text may only
    use one whose field is filled. With `confirmed` suspicions are passed over.
    """
    found = parity.problems(text, known=texts.PLACEHOLDERS)
    problems = [
        Problem(f"{fields}_{one.language}", problem_sentence(one)) for one in found if one.blocks
    ]
    for lang in LANGUAGES:
        used = set(named(getattr(text, lang)))
        problems += [
            Problem(_FIELD_OF[name], missing_promise(name))
            for name, at in promises.items()
            if name in used and at is None and not any(p.field == _FIELD_OF[name] for p in problems)
        ]
    if problems:
        raise Incomplete(*problems)
    doubts = [Problem(f"{fields}_{one.language}", problem_sentence(one)) for one in found]
    if doubts and not confirmed:
        raise Doubtful(*doubts)


_FIELD_OF = {"next_update": "next_update_by", "expected": "expected_return_at"}


def require_promise(
    incident_kind: str,
    *,
    expected_return_at: datetime | None,
    next_update_by: datetime | None,
    now: datetime,
) -> None:
    """Raise Incomplete unless a text says when people hear or can come back; both lie ahead."""
    problems = []
    if incident_kind == Kind.INCIDENT and expected_return_at is None and next_update_by is None:
        problems.append(
            Problem(
                "next_update_by",
                _("Say by when the next update comes, or when the service is expected back."),
            )
        )
    for field, at in (
        ("expected_return_at", expected_return_at),
        ("next_update_by", next_update_by),
    ):
        if at is not None and at <= now:
            problems.append(Problem(field, _("This lies in the past. Choose a later time.")))
    if problems:
        raise Incomplete(*problems)


def require_lines(lines: Lines, actor: User, *, may_be_empty: bool) -> list[Service]:
    """The services of `lines`, once the person may run incidents on every one. 2 queries.

    Raises Incomplete (none, one that is gone, a channel of another service) and NotAllowed.
    """
    services = list(Service.objects.filter(pk__in=lines).select_related("agency"))
    if (not services and not may_be_empty) or len(services) != len(lines):
        raise Incomplete(Problem("services", _("Choose at least one service.")))
    for service in services:
        require(actor, Act.RUN_INCIDENTS, service.agency_id)
    chosen = [pk for channels in lines.values() for pk in channels]
    owners = dict(Channel.objects.filter(pk__in=chosen).values_list("pk", "service_id"))
    for service_id, channels in lines.items():
        if any(owners.get(pk) != service_id for pk in channels):
            raise Incomplete(
                Problem("services", _("A channel was chosen that its service does not have."))
            )
    return services


def require_stated(incident: Incident) -> None:
    """Raise Incomplete for facts that stand in one language only, or lack their day."""
    problems = [
        Problem(f"title_{lang}", _MISSING_TITLE[lang])
        for lang in LANGUAGES
        if not getattr(incident, f"title_{lang}").strip()
    ]
    for name in ("still_works", "meanwhile"):
        said: Bilingual = getattr(incident, name)
        problems += [
            Problem(f"{name}_{lang}", _MISSING_OTHER[lang])
            for lang in LANGUAGES
            if said and not getattr(said, lang).strip()
        ]
    if incident.deadlines == Deadlines.EXTENDED and incident.deadlines_until is None:
        problems.append(
            Problem("deadlines_until", _("Write the day to which deadlines are extended."))
        )
    if problems:
        raise Incomplete(*problems)


def require_reason(reason: str, field: str = "reason") -> None:
    """Raise Incomplete for an act that has to say why and does not."""
    if not reason.strip():
        raise Incomplete(Problem(field, _("Say why. It stands in the record.")))


def tidied(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` without marks by which a public text could pose as another."""
    return {
        name: without_bidi_controls(value) if isinstance(value, str) else value
        for name, value in fields.items()
    }
