"""The faults, each by pids that lie below our own `up`. Each returns what it did as a sentence."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis

from bench.rush import tell, web_processes
from statusportal.embedded import state
from tests.end_to_end.portal import Portal
from tests.end_to_end.processes import descendants

# Granian takes two deaths within 5.5 s for a program that cannot run.
BETWEEN_WEB_KILLS_S = 12.0
FROZEN_S = 4.0
FULL_S = 4.0
HELD_S = 4.0
STEP_S = 20.0
STEPPED_S = 8.0
# What a file may grow to while the disk is "full": the log of PostgreSQL is larger, and so are the
# parts of the last-good file, which web processes write.
FULL_AT_BYTES, FULL_AT_BYTES_OF_WEB = 1_000_000, 10_000
CLOCK_FILE = "chaos-clock"


class NotHere(Exception):
    """The fault cannot be had on this machine; the message says why."""


@dataclass
class Target:
    """The portal that is hit, and the chance that chooses among its processes."""

    portal: Portal
    chance: random.Random
    web_killed_at: list[float] = field(default_factory=list)
    stepped_at: list[float] = field(default_factory=list)

    def below(self) -> list[tuple[int, int, str]]:
        """(pid, its parent, command line) of every process of the portal."""
        assert self.portal.process is not None
        return list(descendants(self.portal.process.pid))

    def settings(self) -> dict[str, str]:
        """How to reach this portal's database and Redis."""
        found = {"VAR_DIR": str(self.portal.folder)}
        if not state.load_portal_env(found):
            raise NotHere("the portal is just being started")
        return found


def _kill(pid: int) -> None:
    tell([pid], signal.SIGKILL)


def _workers(target: Target, queue: str) -> tuple[list[int], list[int]]:
    """The parents of a pool, and their children."""
    found = [one for one in target.below() if "celery" in one[2] and f"-Q {queue} " in one[2]]
    pids = {pid for pid, _parent, _words in found}
    parents = [pid for pid, parent, _words in found if parent not in pids]
    return parents, [pid for pid, parent, _words in found if parent in pids]


def _one(target: Target, pids: list[int], what: str) -> int:
    if not pids:
        raise NotHere(f"no {what} is alive at this moment")
    return target.chance.choice(sorted(pids))


def _postmaster(target: Target) -> int:
    pids = [pid for pid, _, words in target.below() if "bin/postgres" in words and " -D" in words]
    return _one(target, pids, "PostgreSQL")


def _postgres(target: Target) -> list[int]:
    root = _postmaster(target)
    return [root, *(pid for pid, parent, _words in target.below() if parent == root)]


# --- death ----------------------------------------------------------------------------------------


def worker_child(target: Target) -> str:
    """kill -9 of a process that was doing a task, or waits for one."""
    queue = target.chance.choice(("probes", "control", "deliveries"))
    pid = _one(target, _workers(target, queue)[1], f"child of the {queue} worker")
    _kill(pid)
    return f"killed a child of the {queue} worker ({pid})"


def worker(target: Target) -> str:
    """kill -9 of a whole pool: its children find themselves without a parent."""
    queue = target.chance.choice(("probes", "control"))
    parents, children = _workers(target, queue)
    pid = _one(target, parents, f"{queue} worker")
    tell([pid, *children], signal.SIGKILL)
    return f"killed the {queue} worker and its children ({pid})"


def beat(target: Target) -> str:
    """kill -9 of the clock."""
    pids = [pid for pid, _, words in target.below() if "celery" in words and " beat " in words]
    pid = _one(target, pids, "beat")
    _kill(pid)
    return f"killed beat ({pid})"


def web(target: Target) -> str:
    """kill -9 of one of the processes that answer."""
    assert target.portal.process is not None
    if target.web_killed_at:
        time.sleep(max(0.0, target.web_killed_at[-1] + BETWEEN_WEB_KILLS_S - time.monotonic()))
    pid = _one(target, web_processes(target.portal.process.pid), "web process")
    target.web_killed_at.append(time.monotonic())
    _kill(pid)
    return f"killed a web process ({pid})"


def redis_server(target: Target) -> str:
    """kill -9 of Redis, with the queues and the snapshot in it."""
    pid = _one(target, [p for p, _, words in target.below() if "redis-server" in words], "Redis")
    _kill(pid)
    return f"killed Redis ({pid})"


def postgres_backend(target: Target) -> str:
    """kill -9 of one of its sessions: PostgreSQL then throws everybody out and recovers."""
    root = _postmaster(target)
    pids = [pid for pid, parent, words in target.below() if parent == root and "[local]" in words]
    pid = _one(target, pids, "session of PostgreSQL")
    _kill(pid)
    return f"killed a session of PostgreSQL ({pid})"


def postgres(target: Target) -> str:
    """kill -9 of PostgreSQL itself."""
    pid = _postmaster(target)
    _kill(pid)
    return f"killed PostgreSQL ({pid})"


# --- sickness -------------------------------------------------------------------------------------


def postgres_restarted(target: Target) -> str:
    """Stopped as an administrator stops it; the supervisor starts it again."""
    pid = _postmaster(target)
    tell([pid], signal.SIGINT)
    return f"stopped PostgreSQL ({pid})"


def postgres_frozen(target: Target) -> str:
    """Neither answers nor refuses, for some seconds: a slow database, or a cut line to it."""
    with _frozen(_postgres(target)) as count:
        time.sleep(FROZEN_S)
    return f"froze PostgreSQL for {FROZEN_S:g} s ({count} processes)"


def connections(target: Target) -> str:
    """All connections of the database taken by somebody else."""
    address = target.settings()["DATABASE_URL"]
    held: list[psycopg.Connection] = []
    try:
        while len(held) < 500:
            held.append(psycopg.connect(address, connect_timeout=3))
    except psycopg.OperationalError:
        time.sleep(HELD_S)
    finally:
        for one in held:
            one.close()
    return f"took the {len(held)} connections that the database had left, for {HELD_S:g} s"


def disk_full(target: Target) -> str:
    """No large file may be written: PostgreSQL's log of changes least of all.

    By RLIMIT_FSIZE of its processes and of those that keep the last-good file: a full disk for
    them alone, which needs no file system of its own.
    """
    assert target.portal.process is not None
    limits = dict.fromkeys(_postgres(target), FULL_AT_BYTES)
    limits |= dict.fromkeys(web_processes(target.portal.process.pid), FULL_AT_BYTES_OF_WEB)
    hit = [pid for pid, most in limits.items() if _may_write(pid, most)]
    if not hit:
        raise NotHere("limits of other processes may not be changed here")
    time.sleep(FULL_S)
    # Those that were started meanwhile have inherited it.
    for pid, _parent, _words in target.below():
        _may_write(pid, "unlimited")
    return f"let the disk be full for {FULL_S:g} s ({len(hit)} processes)"


def _may_write(pid: int, most: int | str) -> bool:
    """Limit what a process may write, as its own user: root in a container may not limit others."""
    words = ["prlimit", f"--pid={pid}", f"--fsize={most}:"]
    try:
        of = Path(f"/proc/{pid}").stat()
        as_whom: dict[str, Any] = {}
        if of.st_uid != os.geteuid():
            as_whom = {"user": of.st_uid, "group": of.st_gid, "extra_groups": ()}
        said = subprocess.run(words, capture_output=True, check=False, **as_whom)
    except (FileNotFoundError, PermissionError):
        return False
    return said.returncode == 0


def redis_flushed(target: Target) -> str:
    """Redis forgets everything: queues, snapshot, locks."""
    redis.Redis.from_url(target.settings()["REDIS_URL"], socket_timeout=5).flushall()
    return "flushed Redis"


def targets_cut(target: Target) -> str:
    """The line between workers and targets: every connection is taken and none is answered."""
    pids = [pid for pid, _, words in target.below() if "demo endpoints" in words]
    with _frozen([_one(target, pids, "endpoints of the demo")]):
        time.sleep(FROZEN_S)
    return f"cut the network between workers and targets for {FROZEN_S:g} s"


def worker_cut(target: Target) -> str:
    """The line between a worker and its database: it wakes up with time gone by.

    The database is reached by a Unix socket, which no network namespace cuts: the worker is
    frozen instead, in whatever transaction it has open.
    """
    queue = target.chance.choice(("probes", "control"))
    parents, children = _workers(target, queue)
    with _frozen([*parents, *children]) as count:
        time.sleep(FROZEN_S)
    return f"cut the {queue} worker off for {FROZEN_S:g} s ({count} processes)"


def clock(target: Target) -> str:
    """The clock of beat and workers jumps, forwards or back, and returns (planted/clock.py)."""
    step = target.chance.choice((STEP_S, -STEP_S))
    file = target.portal.folder / CLOCK_FILE
    target.stepped_at.append(time.monotonic())
    file.write_text(str(step))
    time.sleep(STEPPED_S)
    file.unlink()
    target.stepped_at.append(time.monotonic())
    return f"stepped the clock of beat and workers by {step:+g} s for {STEPPED_S:g} s"


def beat_frozen(target: Target) -> str:
    """The clock stands still, and then owes everything at once."""
    pids = [pid for pid, _, words in target.below() if "celery" in words and " beat " in words]
    with _frozen([_one(target, pids, "beat")]):
        time.sleep(FROZEN_S)
    return f"froze beat for {FROZEN_S:g} s"


@contextlib.contextmanager
def _frozen(pids: list[int]) -> Iterator[int]:
    tell(pids, signal.SIGSTOP)
    try:
        yield len(pids)
    finally:
        tell(pids, signal.SIGCONT)


FAULTS: dict[str, Callable[[Target], str]] = {
    "worker child": worker_child,
    "worker": worker,
    "beat": beat,
    "web": web,
    "redis": redis_server,
    "postgres session": postgres_backend,
    "postgres": postgres,
    "postgres restarted": postgres_restarted,
    "postgres frozen": postgres_frozen,
    "connections": connections,
    "disk full": disk_full,
    "redis flushed": redis_flushed,
    "targets cut": targets_cut,
    "worker cut": worker_cut,
    "clock": clock,
    "beat frozen": beat_frozen,
}
