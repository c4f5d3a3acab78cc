"""What an announcement needs before it can be made; every gap is named at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, may
from accounts.models import User
from core.arabic import isolate, without_bidi_controls
from core.bilingual import LANGUAGES, Bilingual
from maintenance.labels import Deadlines, Effect
from maintenance.models import Step, Window
from maintenance.placeholders import (
    PLACEHOLDERS,
    REQUIRED,
    UnknownPlaceholder,
    placeholders,
    typed_times,
)
from maintenance.queries import policy
from maintenance.refusals import (
    ChangedMeanwhile,
    Incomplete,
    NotAllowed,
    OutsidePolicy,
    OwnRequest,
    Problem,
    WrongState,
)
from maintenance.windows import Approver, Request, Verdict, approver_needed
from maintenance.wording import fault_sentence
from services.models import Channel, Service
from services.status.window import WindowEffect, worst_effect

# Service by its id, each with the ids of its channels; none means every channel.
Lines = Mapping[int, Collection[int]]

# What people read, and may be mended at any time before the window is closed.
WORDS = frozenset(
    {
        *(f"{name}_{lang}" for name in ("text", "still_works", "meanwhile") for lang in LANGUAGES),
        "deadlines",
        "deadlines_until",
        "payments",
    }
)
PRIVATE = frozenset({"reason", "justification", "ticket"})
# What was approved: whoever changes it must be one who could approve it.
WEIGHED = frozenset({"starts_at", "ends_at", "effect"})
DRAFTED = WORDS | PRIVATE | WEIGHED | {"kind"}

_MISSING_TEXT = {
    "ar": _("Write the public text in Arabic."),
    "en": _("Write the public text in English."),
}
_MISSING_OTHER = {
    "ar": _("This stands in English only. Write it in Arabic too."),
    "en": _("This stands in Arabic only. Write it in English too."),
}


def require(actor: User, act: Act, agency_id: int) -> None:
    """Raise NotAllowed unless the person may do `act` for the agency."""
    if not may(actor, act, agency_id):
        raise NotAllowed(Problem(None, _("You may not do this for this agency.")))


def require_state(window: Window, *states: str) -> None:
    """Raise WrongState unless the window stands in one of `states`."""
    if window.state not in states:
        sentence = gettext("This cannot be done now: the state of {ref} is “{state}”.").format(
            ref=isolate(window.ref), state=window.get_state_display()
        )
        raise WrongState(Problem(None, sentence))


def require_not_begun(window: Window, now: datetime) -> None:
    """Raise WrongState once the window has begun."""
    if now >= window.starts_at:
        raise WrongState(
            Problem(None, _("It has begun already. Extend it, or complete it when it is done."))
        )


def require_begun(window: Window, now: datetime) -> None:
    """Raise WrongState before the window has begun."""
    if now < window.starts_at:
        raise WrongState(
            Problem(None, _("It has not begun yet. Change its times, or cancel it instead."))
        )


def require_span(starts_at: datetime, ends_at: datetime) -> None:
    """Raise Incomplete for an end that does not lie after the start."""
    if ends_at <= starts_at:
        raise Incomplete(Problem("ends_at", _("The end must lie after the start.")))


def require_both(note: Bilingual) -> None:
    """Raise Incomplete for a public note in one language only."""
    problems = [
        Problem(f"note_{lang}", _MISSING_OTHER[lang])
        for lang in LANGUAGES
        if note and not getattr(note, lang).strip()
    ]
    if problems:
        raise Incomplete(*problems)


def require_lines(lines: Lines, actor: User) -> list[Service]:
    """The services of `lines`, once the person may ask for work on every one of them. 2 queries.

    Raises Incomplete (none, one that is gone, a channel of another service) and NotAllowed.
    """
    services = list(Service.objects.filter(pk__in=lines).select_related("agency"))
    if not services or len(services) != len(lines):
        raise Incomplete(Problem("services", _("Choose at least one service.")))
    for service in services:
        require(actor, Act.REQUEST_WINDOW, service.agency_id)
    chosen = [pk for channels in lines.values() for pk in channels]
    owners = dict(Channel.objects.filter(pk__in=chosen).values_list("pk", "service_id"))
    for service_id, channels in lines.items():
        if any(owners.get(pk) != service_id for pk in channels):
            raise Incomplete(
                Problem("services", _("A channel was chosen that its service does not have."))
            )
    return services


def require_complete(window: Window) -> None:
    """Raise Incomplete with everything that an announcement of `window` still lacks."""
    problems = [
        problem
        for lang in LANGUAGES
        for problem in _problems_of_text(f"text_{lang}", getattr(window, f"text_{lang}"), lang)
    ]
    for name in ("still_works", "meanwhile"):
        said: Bilingual = getattr(window, name)
        problems += [
            Problem(f"{name}_{lang}", _MISSING_OTHER[lang])
            for lang in LANGUAGES
            if said and not getattr(said, lang).strip()
        ]
    if window.effect == Effect.PARTLY and not window.still_works:
        problems.append(Problem("still_works_ar", _("Say what still works, in both languages.")))
    if window.deadlines == Deadlines.EXTENDED and window.deadlines_until is None:
        problems.append(
            Problem("deadlines_until", _("Write the day to which deadlines are extended."))
        )
    if problems:
        raise Incomplete(*problems)


def _problems_of_text(field: str, text: str, lang: str) -> list[Problem]:
    if not text.strip():
        return [Problem(field, _MISSING_TEXT[lang])]
    problems = []
    try:
        held = placeholders(text)
    except UnknownPlaceholder as error:
        sentence = gettext("“{name}” is no placeholder. There are: {known}.").format(
            name=isolate(error.name),
            known=" ".join(isolate(f"{{{name}}}") for name in PLACEHOLDERS),
        )
        return [Problem(field, sentence)]
    if typed := typed_times(text):
        sentence = gettext(
            "Times are typed into the text: {found}. Write {start} and {end} instead; they follow"
            " the fields when the window moves."
        ).format(
            found=pgettext("between the items of a list", ", ").join(map(isolate, typed)),
            start=isolate("{start}"),
            end=isolate("{end}"),
        )
        problems.append(Problem(field, sentence))
    elif not set(REQUIRED) <= set(held):
        sentence = gettext("Say from when to when: write {start} and {end} into the text.").format(
            start=isolate("{start}"), end=isolate("{end}")
        )
        problems.append(Problem(field, sentence))
    return problems


def require_policy(window: Window, said: Verdict) -> None:
    """Raise OutsidePolicy for what nothing justifies, or what nobody has justified yet."""
    numbers = policy()
    final = [fault for fault in said.faults if fault.is_final]
    if final:
        raise OutsidePolicy(
            said.faults, *(Problem(fault.field, fault_sentence(fault, numbers)) for fault in final)
        )
    if said.needs_justification and not window.justification.strip():
        raise OutsidePolicy(
            said.faults,
            Problem("justification", _("Write why it cannot be otherwise.")),
            *(Problem(fault.field, fault_sentence(fault, numbers)) for fault in said.faults),
        )


def require_seen(window: Window, seen: datetime | None) -> None:
    """Raise ChangedMeanwhile when the window is no longer what the person read."""
    if seen is not None and seen != window.changed_at:
        raise ChangedMeanwhile(
            Problem(None, _("Somebody has changed it meanwhile. Look at it again."))
        )


def requesters(window: Window) -> set[int]:
    """Whoever made the window, and whoever submitted it last."""
    submitted = window.steps.filter(kind=Step.Kind.SUBMITTED).order_by("-at", "-pk")
    last = submitted.values_list("actor_id", flat=True).first()
    return {window.requested_by_id} | ({last} if last is not None else set())


def require_approver(window: Window, request: Request, said: Verdict, actor: User) -> None:
    """Raise NotAllowed or OwnRequest unless `actor` is one who may approve what was weighed."""
    by_publisher = approver_needed(request, said) is Approver.PUBLISHER
    if not may(actor, Act.APPROVE_ANY_WINDOW, window.agency_id):
        if not by_publisher:
            raise NotAllowed(
                Problem(None, _("A supervisor of the authority has to approve this window."))
            )
        require(actor, Act.APPROVE_WINDOW, window.agency_id)
    if actor.pk in requesters(window):
        raise OwnRequest(
            Problem(None, _("You asked for this window yourself. Somebody else has to approve it."))
        )


def services_of(lines: Lines) -> list[Service]:
    """The services of `lines`."""
    return list(Service.objects.filter(pk__in=lines))


def tidy(window: Window) -> None:
    """Without marks by which a public text could pose as another."""
    for name in WORDS:
        value = getattr(window, name)
        if isinstance(value, str):
            setattr(window, name, without_bidi_controls(value))


def require_still_ahead(before: Window, window: Window, now: datetime) -> None:
    """Raise WrongState when what is weighed changes after the start, Incomplete for a past one."""
    require_not_begun(before, now)
    if window.starts_at < now:
        raise Incomplete(
            Problem("starts_at", _("The start has passed already. Choose a later one."))
        )


def is_milder(before: Window, after: Window) -> bool:
    """Whether the announced times hold all of the new ones, and the effect is no worse."""
    effects = WindowEffect(before.effect), WindowEffect(after.effect)
    return (
        before.starts_at <= after.starts_at
        and after.ends_at <= before.ends_at
        and worst_effect(effects) is effects[0]
    )
