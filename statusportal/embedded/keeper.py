"""The promise that nothing is left behind, kept by two processes that watch each other.

The keeper is the process that the person started. It runs the portal in a child and outlives it:
as the adopter of orphans it inherits whatever that child leaves behind, however it dies, and ends
it. Should the keeper itself be killed, the child hears SIGTERM and stops everything in order.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType

from .processes import (
    adopt_orphans,
    children,
    die_with_parent,
    end_every_child,
    hear_of_death_of,
    name_of,
    reap,
    signal_quietly,
    wait_until,
)
from .supervisor import STOP_SIGNALS

SELF_STOP_S = 5.0


def keep(run: Callable[[], int]) -> int:
    """Run `run` in a child process and return its exit code; nothing of it is left afterwards."""
    adopt_orphans()
    _follow_make()
    sys.stdout.flush()
    sys.stderr.flush()
    arm = die_with_parent(signal.SIGTERM)
    # A Ctrl-C between the fork and the handlers would kill one of the two alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    pid = os.fork()
    if pid == 0:
        os._exit(_run_inside(run, arm))

    def pass_on(number: int, frame: FrameType | None) -> None:
        signal_quietly(pid, signal.Signals(number))

    for which in STOP_SIGNALS:
        signal.signal(which, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        # Killed without a chance to stop its children, which have heard of it from the kernel.
        wait_until(_is_alone, timeout_s=SELF_STOP_S)
    end_every_child()
    return code if code >= 0 else 128 - code


def _run_inside(run: Callable[[], int], arm: Callable[[], None]) -> int:
    # Its own session: the terminal's Ctrl-C reaches it once, through the keeper.
    os.setsid()
    arm()
    for which in STOP_SIGNALS:
        signal.signal(which, signal.SIG_DFL)
    code = 1
    try:
        # Before the supervisor's own handlers are in place nothing has been started, and dying
        # of the signal is the right answer.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        code = run()
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                continue
    return code


def _is_alone() -> bool:
    reap()
    return not children()


def _follow_make() -> None:
    """Stop when `make` is killed: the person who killed it meant the portal."""
    parent = os.getppid()
    if name_of(parent) in {"make", "gmake"} and not hear_of_death_of(parent, signal.SIGTERM):
        raise SystemExit(1)
