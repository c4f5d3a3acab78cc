"""Why an act on an incident is refused: typed, with sentences that name the field and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `field` is that of the form, None: the act itself."""

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


class OwnText(NotAllowed):
    """Nobody approves what they wrote themselves."""


class WrongPhase(Refused):
    """The incident is past, or before, the phase in which this can be done."""


class AlreadyAcknowledged(Refused):
    """Somebody was quicker: `by` did it at `at`. Nothing to mend."""

    def __init__(self, problem: Problem, *, by: str, at: datetime) -> None:
        super().__init__(problem)
        self.by = by
        self.at = at


class StillFailing(Refused):
    """Our checks still see it fail: resolving it all the same takes a sentence why."""


class ChangedMeanwhile(Refused):
    """Somebody changed it after the person had looked at it."""


class Incomplete(Refused):
    """Something is missing or cannot be said; one problem each."""


class Doubtful(Refused):
    """Nothing but suspicions: the person may confirm, and it is done."""
