"""Why an act on a window is refused: typed, with sentences that name the field and the mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from maintenance.windows import Fault


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `field` is a column of Window, or "services", or "rule"; None: the act itself.
    """

    field: str | None
    sentence: str | Promise


class Refused(Exception):
    """An act that is not done; nothing was written. `problems` is never empty."""

    def __init__(self, *problems: Problem) -> None:
        self.problems: tuple[Problem, ...] = problems
        super().__init__(*problems)

    def __str__(self) -> str:
        return " ".join(str(problem.sentence) for problem in self.problems)


class NotAllowed(Refused):
    """The person may not do this, for this agency or at all."""


class OwnRequest(NotAllowed):
    """Nobody approves what they asked for themselves."""


class WrongState(Refused):
    """The window is past, or before, the state in which this can be done."""


class ChangedMeanwhile(Refused):
    """Somebody changed the window after the person had looked at it."""


class Incomplete(Refused):
    """Something that every announcement needs is missing or cannot be said; one problem each."""


class OutsidePolicy(Refused):
    """The request breaks the policy: its faults, where nothing but other times can mend them, or
    where the justification is missing."""

    def __init__(self, faults: Sequence[Fault], *problems: Problem) -> None:
        super().__init__(*problems)
        self.faults = tuple(faults)


class BadRule(Refused):
    """The rule of a series gives no sound list of windows."""
