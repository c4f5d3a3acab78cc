"""Windows of which only the archive knows, as their pages show them: permalinks last for ever."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from msgspec.structs import replace as replace_facts

from statusportal.public import announced, archive, window_lists
from statusportal.public.said import Said, WindowSaid
from statusportal.public.shape import WindowFact
from statusportal.public.store import store
from statusportal.public.window_lists import WindowShown
from statusportal.public.window_notice import standing


def find(said: Said, ref: str) -> WindowShown | None:
    """The archived window with this reference, in capitals, as it stands at the instant of `said`.

    None where there is none that touches what is public today (rule 12), and where it cannot be
    read: `archive.is_out_of_reach` says which.
    """
    fact = archive.find(ref)
    if not isinstance(fact, WindowFact):
        return None
    # The page of a window that was moved names the one that took its place.
    later = archive.find(fact.moved_to) if fact.moved_to else None
    facts = (fact, later) if isinstance(later, WindowFact) else (fact,)
    windows = (*_said(facts, said), *said.windows)
    shown = standing(replace(said, windows=windows))
    return next((one for one in shown if one.ref == ref), None)


def months() -> list[date]:
    """The first days of the months that have archived windows, oldest first."""
    days = (window_lists.asked_month(one.month) for one in archive.months() if one.windows)
    return [day for day in days if day is not None]


def around(said: Said, first: date) -> tuple[tuple[WindowShown, ...], bool]:
    """The archived windows that reach into the month from `first` on, in order of their start,
    and whether that is all of them: a month may not be readable now."""
    # What began in the last night of the month before ends in this one.
    asked = [archive.month(f"{day:%Y-%m}") for day in (window_lists.before(first), first)]
    facts = [fact for month in asked if month is not None for fact in month.windows]
    shown = standing(replace(said, windows=_said(facts, said)))
    return shown, all(month is not None for month in asked)


def _said(facts: Collection[WindowFact], said: Said) -> tuple[WindowSaid, ...]:
    published = store.current()
    if published is None:
        return ()
    truth = published.snapshot.truth
    told = announced.announced(
        replace_facts(truth, windows=tuple(facts)),
        {service.id: service for service in truth.services},
        {agency.code: agency for agency in truth.agencies},
        said.now,
    )
    # The snapshot may be a newer one than `said`: name nothing that only one of them knows.
    return tuple(
        replace(
            one,
            services=tuple(fact for fact in one.services if fact.slug in said.services),
            derived=tuple(fact for fact in one.derived if fact.slug in said.services),
        )
        for one in told
    )
