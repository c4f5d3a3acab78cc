"""The details of one window in words: its effect, its steps, and what a calendar says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import unescape

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from maintenance import labels
from maintenance.windows import Stage
from services.status.window import WindowEffect
from statusportal.public import words
from statusportal.public.said import WindowSaid
from statusportal.public.window_lists import Happening, StepShown, WindowShown
from statusportal.public.window_words import ahead, names, sentences, when

# --- the page of one window ---------------------------------------------------------------------

_EFFECTS: Mapping[WindowEffect, Promise] = {
    WindowEffect.STOPPED: _("Cannot be used"),
    WindowEffect.PARTLY: _("Can be used only in part"),
    WindowEffect.SLOW: _("May be slower than usual"),
    WindowEffect.NONE: _("Nothing that you should notice"),
}


def effect(window: WindowSaid) -> str:
    """What the work does, in a list of facts."""
    return str(_EFFECTS[window.effect])


def deadlines(window: WindowSaid) -> SafeString | None:
    """What becomes of deadlines; None where the services have none."""
    match window.fact.deadlines:
        case labels.Deadlines.EXTENDED if window.fact.deadlines_until is not None:
            return format_html(
                gettext("Deadlines that fall into this time are extended to {day}."),
                day=words.day(window.fact.deadlines_until),
            )
        case labels.Deadlines.EXTENDED | labels.Deadlines.UNCHANGED as code:
            return format_html("{}", labels.Deadlines(code).label)
        case _:
            return None


def payments(window: WindowSaid) -> SafeString | None:
    """What becomes of payments under way; None where the services take none."""
    match window.fact.payments:
        case labels.Payments.SAFE | labels.Payments.DO_NOT_REPEAT as code:
            return format_html("{}", labels.Payments(code).label)
        case _:
            return None


_STEPS: Mapping[str, Promise] = {
    "approved": pgettext_lazy("step of planned work", "Announced"),
    "changed": pgettext_lazy("step of planned work", "Changed"),
    "extended": pgettext_lazy("step of planned work", "Extended"),
    "completed": pgettext_lazy("step of planned work", "Completed"),
    "cancelled": pgettext_lazy("step of planned work", "Cancelled"),
    "postponed": pgettext_lazy("step of planned work", "Postponed"),
    Happening.STARTED: pgettext_lazy("step of planned work", "Started"),
    Happening.RAN_OVER: pgettext_lazy("step of planned work", "Not finished at its announced end"),
}


def step(shown: StepShown) -> str:
    """What happened, in a word or two; the snapshot may come from a newer release."""
    return str(_STEPS.get(shown.kind, shown.kind))


def new_end(ends_at: datetime) -> SafeString:
    """To when the work was extended."""
    return format_html(gettext("New expected end: {end}"), end=words.moment(ends_at))


def step_times(shown: StepShown) -> SafeString | None:
    """The times that held after a step, where it set them."""
    match shown.kind:
        case "approved" | "changed":
            return when(shown.starts_at, shown.ends_at)
        case "extended":
            return new_end(shown.ends_at)
        case _:
            return None


# --- calendars, without markup ------------------------------------------------------------------

_ISOLATED = re.compile(r"<(/?)(?:bdi|time)\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")


def plain_text(said: SafeString) -> str:
    """A sentence without its markup; what was isolated by an element is so by characters."""
    text = _ISOLATED.sub(lambda tag: "\u2069" if tag[1] else "\u2068", said.replace("<br>", "\n"))
    return unescape(_TAG.sub("", text))


def summary(window: WindowSaid) -> str:
    """The title of a calendar entry."""
    sentence = {
        WindowEffect.STOPPED: _("Unavailable: {names}"),
        WindowEffect.PARTLY: _("Partly available: {names}"),
        WindowEffect.SLOW: _("May be slow: {names}"),
        WindowEffect.NONE: _("Work without interruption: {names}"),
    }[window.effect]
    return plain_text(format_html(str(sentence), names=names(window)))


def description(window: WindowShown) -> str:
    """What a calendar entry says: nothing that changes by the clock alone."""
    fact = window.said.fact
    if window.is_called_off:
        return " ".join(plain_text(line.words) for line in sentences(window))
    lines = [plain_text(ahead(window))]
    if fact.ends_at > fact.announced_end_at:
        lines.append(plain_text(new_end(fact.ends_at)))
    if not window.has_unspoken:
        lines += [
            text.in_language(words.language())
            for text in (fact.still_works, fact.meanwhile)
            if text
        ]
    lines += [
        plain_text(said)
        for said in (deadlines(window.said), payments(window.said))
        if said is not None
    ]
    return "\n\n".join(lines)


def standing(window: WindowShown) -> Sequence[SafeString]:
    """Where it stands, for what is read later: true until its next step, and nothing "works"."""
    fact = window.said.fact
    lines = [line.words for line in sentences(window) if not line.is_green]
    match window.stage:
        case Stage.IN_PROGRESS:
            return lines[0], when(fact.starts_at, fact.ends_at)
        case Stage.EXTENDED:
            return lines[0], new_end(fact.ends_at)
        case Stage.RUNNING_OVER:
            return lines[:1]
        case _:
            return lines
