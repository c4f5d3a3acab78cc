"""One process of the portal, as the supervisor sees it."""

import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .folders import Account
from .processes import die_with_parent

SHORTEST_DELAY_S = 0.5
LONGEST_DELAY_S = 10.0
HEALTHY_LIFE_S = 30.0


@dataclass(frozen=True)
class Child:
    """What to start, how to see that it is ready, and how to stop it.

    Lower `stop_order` stops first; those of one order stop together. `before_start` runs before
    every start, also before a restart. `account` is given only when we are root and it must not.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    ready: Callable[[], bool] | None = None
    before_start: Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0
    stop_order: int = 0
    account: Account | None = None


def restart_delay(last_delay_s: float, lived_s: float) -> float:
    """Seconds to wait before a dead child is started again.

    Doubles from 0.5 s to 10 s with each death, and begins anew after a life of 30 s.
    """
    if last_delay_s == 0 or lived_s >= HEALTHY_LIFE_S:
        return SHORTEST_DELAY_S
    return min(last_delay_s * 2, LONGEST_DELAY_S)


def launch(child: Child, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, its output going to `output`.

    It gets its stop signal when we die, however we die.
    """
    account = child.account
    return subprocess.Popen(
        list(child.argv),
        env=dict(child.env) if child.env is not None else None,
        cwd=child.cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        # Safe here: it only calls a C function that was looked up before the fork.
        preexec_fn=die_with_parent(child.stop_signal),  # noqa: PLW1509
    )
