"""What nothing public may name, and texts that would (rule 12): pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from core.arabic import fold
from core.bilingual import Bilingual
from services.labels import Visibility
from statusportal.public.shape import ServiceFact, Truth


def hidden(listed: Collection[str], truth: Truth) -> tuple[ServiceFact, ...]:
    """The services among `listed`, by public id, that are not public."""
    return tuple(
        fact
        for fact in truth.services
        if fact.id in listed and fact.visibility != Visibility.PUBLIC
    )


def may_say(text: Bilingual, unspoken: Iterable[ServiceFact]) -> bool:
    """Whether `text` names none of `unspoken`, in either language, however it is spelt."""
    said = [fold(text.ar), fold(text.en)]
    names = (fold(name) for fact in unspoken for name in (fact.name.ar, fact.name.en, fact.slug))
    return not any(name and name in part for name in names for part in said)
