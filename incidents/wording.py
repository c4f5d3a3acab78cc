"""Sentences about incidents in the active language: what a placeholder holds, what is wrong.

Plain text: values are isolated for either direction (core.arabic.isolate), nothing is marked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext, npgettext, override, pgettext
from django.utils.translation import gettext_lazy as _

from core.arabic import isolate
from core.bilingual import LANGUAGES, Bilingual, Language
from incidents.clocks import ClockKind
from incidents.parity import TextFault, TextProblem
from incidents.texts import PLACEHOLDERS
from maintenance.wording import in_page_digits, length, moment, zone_name

# Rule 12: an upstream that is not public has no name in anything public.
HIDDEN_NAME = Bilingual(ar="منصة حكومية مشتركة", en="a shared government platform")

CLOCK: Mapping[ClockKind, Promise] = {
    ClockKind.ACKNOWLEDGE: _("Acknowledge"),
    ClockKind.FIRST_NOTICE: _("First notice"),
    ClockKind.UPDATE: _("Next update"),
    ClockKind.REPORT: _("Closing report"),
}


@dataclass(frozen=True, slots=True)
class Filling:
    """What the placeholders of one text stand for.

    `services` are the public names of those listed, `affected` how many services the text is
    about in all. `shared` names the shared service where there is one.
    """

    services: Sequence[Bilingual]
    affected: int
    since: datetime
    at: datetime
    shared: Bilingual = Bilingual()
    next_update_by: datetime | None = None
    expected_return_at: datetime | None = None


def values(filling: Filling, language: Language) -> dict[str, str]:
    """Each placeholder of incidents.texts that has a value, in `language`."""
    with override(language):
        names = [name.in_language(language) for name in filling.services]
        found = {
            "service": pgettext("between the items of a list", ", ").join(names),
            "count": _count(filling.affected),
            "shared": (filling.shared or HIDDEN_NAME).in_language(language),
            "since": moment(filling.since),
            "time": moment(filling.at),
            "duration": length(filling.at - filling.since),
            "zone": zone_name(),
        }
        if filling.next_update_by is not None:
            found["next_update"] = moment(filling.next_update_by)
        if filling.expected_return_at is not None:
            found["expected"] = moment(filling.expected_return_at)
        return found


def both(filling: Filling) -> dict[Language, dict[str, str]]:
    """`values` in both languages, as incidents.texts.fill takes them."""
    return {language: values(filling, language) for language in LANGUAGES}


def _count(services: int) -> str:
    # Translators: in the genitive, after a preposition: «مشكلة في خدمتين».
    return npgettext("after a preposition", "{n} service", "{n} services", services).format(
        n=in_page_digits(f"{services:,}")
    )


# --- what is wrong with a text ------------------------------------------------------------------

_PROMISED = {
    "next_update": _("The text promises a next update: say by when."),
    "expected": _("The text names an expected return: say when."),
}


def problem_sentence(problem: TextProblem) -> str:
    """What is wrong with a text in one language, and the mend."""
    found = pgettext("between the items of a list", ", ").join(map(isolate, problem.found))
    is_arabic = problem.language == "ar"
    match problem.code:
        case TextFault.EMPTY:
            if is_arabic:
                return gettext("Write the text in Arabic too.")
            return gettext("Write the text in English too.")
        case TextFault.TOO_LONG:
            return gettext("It is too long: {found} characters. 5,000 are the most.").format(
                found=found
            )
        case TextFault.UNKNOWN_PLACEHOLDER:
            return gettext("“{name}” is no placeholder. There are: {known}.").format(
                name=found, known=" ".join(isolate(f"{{{name}}}") for name in PLACEHOLDERS)
            )
        case TextFault.PLACEHOLDERS_DIFFER:
            braced = " ".join(isolate(f"{{{name}}}") for name in problem.found)
            return gettext(
                "{found} stands in this language only. Both texts have to say the same."
            ).format(found=braced)
        case TextFault.NUMBERS_DIFFER:
            return gettext(
                "These numbers stand in this language only: {found}. Compare the two texts."
            ).format(found=found)
        case TextFault.LINKS_DIFFER:
            return gettext(
                "These links stand in this language only: {found}. Compare the two texts."
            ).format(found=found)
        case TextFault.TYPED_TIME:
            return gettext(
                "Times are typed into the text: {found}. Where a field holds that time, write"
                " its placeholder; then both texts follow it."
            ).format(found=found)
        case TextFault.WRONG_SCRIPT:
            if is_arabic:
                return gettext("This does not look like Arabic.")
            return gettext("This does not look like English.")


def missing_promise(placeholder: str) -> Promise:
    """The sentence for a text that uses a time for which its field is empty."""
    return _PROMISED[placeholder]
