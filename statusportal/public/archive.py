"""What is over for longer than the live days, as pages ask for it.

Years of notices would make the snapshot heavy: it lists their months only, and each month stands
in a file of its own (statusportal.public.shelf). Whatever the snapshot itself holds is left out
here, so that the two together name everything once.
"""

from __future__ import annotations

from msgspec.structs import replace

from statusportal.public.shape import Archive, ArchivedMonth, IncidentFact, Truth, WindowFact
from statusportal.public.store import store

_Notice = IncidentFact | WindowFact


def months() -> tuple[ArchivedMonth, ...]:
    """The months that have an archive, oldest first."""
    return _truth().archive


def month(month: str) -> Archive | None:
    """What is archived of a month such as "2026-08"; None where it cannot be read now.

    A month without an archive has an empty one.
    """
    truth = _truth()
    if all(one.month != month for one in truth.archive):
        return Archive(month)
    found = store.shelf.read(month)
    if found is None:
        return None
    live = _live(truth)
    return replace(
        found,
        incidents=tuple(one for one in found.incidents if one.ref not in live),
        windows=tuple(one for one in found.windows if one.ref not in live),
    )


def find(ref: str) -> _Notice | None:
    """The archived notice with this reference, in capitals; None where there is none.

    Before a page answers that there is none, it asks `is_out_of_reach`.
    """
    stands_in = store.shelf.month_of(ref)
    found = month(stands_in) if stands_in is not None else None
    if found is None:
        return None
    notices: tuple[_Notice, ...] = (*found.incidents, *found.windows)
    return next((one for one in notices if one.ref == ref), None)


def is_out_of_reach(ref: str) -> bool:
    """Whether this reference may stand in a month that cannot be read now.

    "There is no such notice" would then be a lie, which search engines remember.
    """
    truth = _truth()
    if ref in _live(truth):
        return False
    if store.shelf.month_of(ref) is not None:
        return find(ref) is None
    return not all(store.shelf.has(one.month) for one in truth.archive)


def _truth() -> Truth:
    published = store.current()
    return published.snapshot.truth if published else Truth()


def _live(truth: Truth) -> frozenset[str]:
    notices: tuple[_Notice, ...] = (*truth.incidents, *truth.windows)
    return frozenset(one.ref for one in notices)
