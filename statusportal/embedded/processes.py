"""What the operating system knows about our processes, and the promises it keeps about them.

Linux only, by `prctl(2)` and `/proc`. Elsewhere every function answers "nothing known", and the
supervisor is left with process groups.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

# Loaded once, here: between fork and exec nothing may be imported or allocated lazily.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent dies.

    So a grandchild that left its process group, as PostgreSQL's and Celery's do, can still be
    found and ended.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    """Return a function for `preexec_fn`: the child gets `stop_signal` when this process dies.

    It must run after a change of user, which clears the promise; `subprocess` does that.
    """
    parent = os.getpid()

    def arm() -> None:
        if not hear_of_death_of(parent, stop_signal):
            os._exit(1)

    return arm


def hear_of_death_of(parent: int, stop_signal: signal.Signals) -> bool:
    """Ask the kernel for `stop_signal` when our parent dies; False when it is dead already."""
    if _libc is None:
        return True
    _libc.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
    # It may have died before the promise was made; no signal would ever come then.
    return os.getppid() == parent


def children() -> list[int]:
    """Pids whose parent is this process, adopted orphans included, zombies left out."""
    me = os.getpid()
    return [pid for pid, parent, state in _process_table() if parent == me and state != "Z"]


def working_in(folder: Path) -> list[int]:
    """Pids whose working directory is `folder`.

    PostgreSQL and Redis move into their data folder, so this finds every process of a server that
    an earlier run left behind, whatever its pid file says.
    """
    target = os.path.realpath(folder)
    found = []
    for pid, _parent, state in _process_table():
        if state == "Z":
            continue
        try:
            if os.readlink(f"/proc/{pid}/cwd") == target:
                found.append(pid)
        except OSError:
            continue
    return found


def end_all_working_in(folder: Path, *, politely: signal.Signals, grace_s: float) -> int:
    """End every process that works in `folder`; return how many there were.

    `politely` first, SIGKILL for what is left after `grace_s` seconds.
    """

    # Never ourselves: somebody may have started the portal from inside that folder.
    def others() -> list[int]:
        return [pid for pid in working_in(folder) if pid != os.getpid()]

    found = others()
    if not found:
        return 0
    for pid in found:
        signal_quietly(pid, politely)
        signal_quietly(pid, signal.SIGCONT)
    if not wait_until(lambda: not others(), timeout_s=grace_s):
        for pid in others():
            signal_quietly(pid, signal.SIGKILL)
        wait_until(lambda: not others(), timeout_s=5)
    return len(found)


def end_every_child(*, keep: frozenset[int] = frozenset(), timeout_s: float = 5) -> int:
    """SIGKILL and reap every child of this process but those in `keep`; return how many."""
    ended: set[int] = set()
    deadline = time.monotonic() + timeout_s
    # A loop, because each one that dies may hand its own children to us.
    while strays := [pid for pid in children() if pid not in keep]:
        for pid in strays:
            ended.add(pid)
            signal_quietly(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
        reap(keep=keep)
    reap(keep=keep)
    return len(ended)


def reap(*, keep: frozenset[int] = frozenset()) -> None:
    """Collect dead children that no `Popen` waits for (those in `keep` have one)."""
    me = os.getpid()
    for pid, parent, state in list(_process_table()):
        if parent == me and state == "Z" and pid not in keep:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def signal_quietly(pid: int, which: signal.Signals) -> None:
    """Send a signal to one process; one that is gone already is no error."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, which)


def signal_group_quietly(pid: int, which: signal.Signals) -> None:
    """Send a signal to a whole process group; one that is gone already is no error."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, which)


def wait_until(happened: Callable[[], bool], *, timeout_s: float, every_s: float = 0.05) -> bool:
    """Ask until `happened()` or until `timeout_s` passed; return whether it did."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_s)
    return True


def name_of(pid: int) -> str:
    """The short command name of a process, or an empty string."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _process_table() -> Iterator[tuple[int, int, str]]:
    """(pid, parent pid, state letter) of every process that can be seen."""
    try:
        entries = os.listdir("/proc")
    except OSError:
        return
    for entry in entries:
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:
                # The command stands in brackets and may itself hold brackets and spaces.
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:
            continue
        yield int(entry), int(fields[1]), fields[0].decode()
