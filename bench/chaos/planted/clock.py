"""A clock that steps when a file says so, in this process and in those that it forks."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import time_machine

from bench.chaos.faults import CLOCK_FILE

_LOOK_EVERY_S = 0.25


def follow() -> None:
    """Look at the file from now on, also after a fork, which takes no thread along."""
    _start()
    os.register_at_fork(after_in_child=_start)


def _start() -> None:
    threading.Thread(target=_look, name="chaos clock", daemon=True).start()


def _look() -> None:
    file = Path(os.environ["VAR_DIR"]) / CLOCK_FILE
    stepped: time_machine.Traveller | None = None
    travel: time_machine.travel | None = None
    while True:
        try:
            step = float(file.read_text() or 0)
        except (OSError, ValueError):
            step = 0.0
        if step and stepped is None:
            travel = time_machine.travel(time.time() + step, tick=True)
            stepped = travel.start()
        elif not step and travel is not None:
            travel.stop()
            stepped = travel = None
        time.sleep(_LOOK_EVERY_S)
