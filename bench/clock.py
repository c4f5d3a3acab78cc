"""How long something takes: the best of a few, because everything else only makes it slower."""

from __future__ import annotations

import time
from collections.abc import Callable


def best_s(work: Callable[[], object], *, times: int = 3) -> float:
    """Seconds of wall time that `work` takes at its best."""
    return min(_took(work) for _turn in range(times))


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
