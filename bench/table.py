"""The table of the bench: what was measured beside what it has to be, and what that means."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

# A loop that always does the same work may take this much longer than at its best in the run.
TOO_NOISY = 0.30
_LOOPS = 300_000
_SAMPLES = 3


class Verdict(StrEnum):
    """What becomes of a row. Only `HELD` is a pass."""

    HELD = "held"
    MISSED = "MISSED"
    # The machine did other things meanwhile: nobody can say.
    NOISY = "noisy"
    # What it needs is not on this machine; the note says what.
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Row:
    """One promise. `measured` None is what could not be measured here.

    `at_least` turns the target round: more is better. `relative` rows compare two things of the
    same run, so that a slow machine slows both. `exact` ones are counted, and no machine is too
    busy to count.
    """

    what: str
    target: float
    measured: float | None
    unit: str = ""
    at_least: bool = False
    relative: bool = False
    exact: bool = False
    note: str = ""
    # How much slower than at its best the machine was beside it; see `Calibration`.
    noise: float = 0.0

    @property
    def ratio(self) -> float | None:
        """Measured over target; 1 or less holds, for `at_least` 1 or more."""
        if self.measured is None or not self.target:
            return None
        return self.measured / self.target

    @property
    def verdict(self) -> Verdict:
        """On a busy machine a time that is too long says nothing; one that is short enough would
        only be shorter on a quiet one.

        Of a comparison either side may have met the slower machine, so what was measured may be
        wrong by as much: it holds where it would with that against it.
        """
        if self.measured is None:
            return Verdict.ABSENT
        holds = self._holds(self.measured)
        if not math.isfinite(self.measured) or self.noise <= TOO_NOISY or self.exact:
            return Verdict.HELD if holds else Verdict.MISSED
        against = 1 + self.noise if self.relative else 1.0
        worst = self.measured / against if self.at_least else self.measured * against
        return Verdict.HELD if self._holds(worst) else Verdict.NOISY

    def _holds(self, measured: float) -> bool:
        return measured >= self.target if self.at_least else measured <= self.target

    def as_json(self) -> dict[str, object]:
        """For the file beside the table."""
        return {
            "what": self.what,
            "target": self.target,
            # Not a number where measuring itself failed, which JSON cannot say.
            "measured": self.measured
            if self.measured is None or math.isfinite(self.measured)
            else None,
            "unit": self.unit,
            "at_least": self.at_least,
            "relative": self.relative,
            "ratio": self.ratio,
            "noise": round(self.noise, 3),
            "verdict": self.verdict.value,
            "note": self.note,
        }


def failed(what: str, error: Exception) -> Row:
    """A part that could not even be measured: missed, with what it said."""
    return Row(what, 0.0, math.nan, note=f"failed: {error!r}"[:300])


def fixed_work() -> float:
    """Seconds that one and the same loop takes now; the machine's pulse."""
    began = time.perf_counter()
    total = 0
    for number in range(_LOOPS):
        total += number & 7
    assert total
    return time.perf_counter() - began


class Calibration:
    """How quick the machine is beside each row, against its best within this run.

    A virtual machine's neighbours, a turbo that ends, another program: all of them slow the same
    loop, and none of them may turn into a verdict about the portal.
    """

    def __init__(self) -> None:
        self.pulses: list[float] = []

    def feel(self) -> float:
        """The pulse now: the middle of a few."""
        pulse = median(fixed_work() for _sample in range(_SAMPLES))
        self.pulses.append(pulse)
        return pulse

    def noise(self, *pulses: float) -> float:
        """How much slower the slowest of `pulses` was than the best of the run: 0.2 is 20 %."""
        return max(pulses) / min(self.pulses) - 1


def passed(rows: Iterable[Row]) -> bool:
    """Whether every row that could be measured holds; noise is not a pass."""
    return all(row.verdict in {Verdict.HELD, Verdict.ABSENT} for row in rows)


_HEAD = ("what", "target", "measured", "ratio", "verdict")


def lines(rows: Sequence[Row]) -> list[str]:
    """The table for a terminal, one line a row, with the notes below."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    drawn = []
    for number, line in enumerate(cells):
        texts = [
            text.ljust(width) if column in {0, 4} else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        drawn.append("  ".join(texts).rstrip())
        if number == 0:
            drawn.append("  ".join("-" * width for width in widths))
    notes = [f"  {row.what}: {row.note}" for row in rows if row.note]
    return [*drawn, *(["", *notes] if notes else [])]


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    sign = "≥" if row.at_least else "≤"
    noisy = f" (machine {row.noise:.0%} slower)" if row.verdict is Verdict.NOISY else ""
    return (
        row.what,
        f"{sign} {_number(row.target)} {row.unit}".rstrip(),
        "–" if row.measured is None else f"{_number(row.measured)} {row.unit}".rstrip(),
        "–" if row.ratio is None else f"{row.ratio:.2f}",
        f"{row.verdict}{noisy}",
    )


def _number(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) >= 10:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
