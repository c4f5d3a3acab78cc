"""A national rush on a whole portal: many connections, statuses that flip, and then the fall.

    python -m bench.rush                     200 connections for a minute while statuses flip
    python -m bench.rush --fall              and PostgreSQL and Redis stopped for two minutes,
                                             the web processes killed one by one meanwhile
    python -m bench.rush --seconds 5 --connections 20

It starts a portal of its own in a temporary folder (`manage.py up`) and ends it. Exit code 1 where
anything was broken; docs/serving.md says what is held.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.crowd import Crowd, Ledger
from statusportal.demo import control, plan
from tests.end_to_end.portal import Portal
from tests.end_to_end.processes import descendants

# Services that are broken and mended in turn: a shared one takes others with it.
_FLIPPED = ("evisa", "util-bill", "pass-renew")
_FLIP_EVERY_S = 4.0
# Between two looks for servers that were started again although they are to be down.
_HOLD_DOWN_EVERY_S = 0.2
# After a web process was killed the next waits until its successor answers, at least so long:
# granian takes two deaths within 5.5 s for a program that cannot run.
_BETWEEN_KILLS_S = 8.0
# A process that answers has threads; one that still reads its modules has one or two.
_THREADS_OF_A_SERVER = 4
_CATCH_UP_S = 120.0


# --- processes ----------------------------------------------------------------------------------


def web_processes(portal: int) -> list[int]:
    """The processes that answer: children of the one that holds the port."""
    web = {pid for pid, _, words in descendants(portal) if "granian" in words}
    return [pid for pid, parent, words in descendants(portal) if pid in web and parent in web]


def servers(portal: int) -> list[int]:
    """PostgreSQL and Redis, with every process of theirs."""
    everything = list(descendants(portal))
    roots = {
        pid
        for pid, _, words in everything
        if "redis-server" in words or ("bin/postgres" in words and " -D" in words)
    }
    return [pid for pid, parent, _ in everything if pid in roots or parent in roots]


def cpu_s(pids: list[int]) -> float:
    """Seconds of processor time that these processes have used."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def tell(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes that may have gone meanwhile."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


# --- what happens meanwhile ---------------------------------------------------------------------


async def flip(folder: Path, ledger: Ledger, until: float) -> None:
    """Break and mend services, one after the other."""
    ready = plan.load(folder / "demo")
    turn = 0
    while time.monotonic() < until:
        slug, breaks = _FLIPPED[turn // 2 % len(_FLIPPED)], turn % 2 == 0
        order = {"act": "break", "how": "error", "channel": None, "times": None}
        order = order if breaks else {"act": "mend", "channel": None}
        await asyncio.to_thread(control.ask, ready, slug=slug, **order)
        ledger.injected.append(f"{slug} {'broken' if breaks else 'mended'}")
        turn += 1
        await asyncio.sleep(_FLIP_EVERY_S)
    for slug in _FLIPPED:
        await asyncio.to_thread(control.ask, ready, act="mend", slug=slug, channel=None)


async def hold_down(portal: int, ledger: Ledger, seconds: float) -> None:
    """PostgreSQL and Redis frozen for half of the time, then killed as often as they come back."""
    frozen = servers(portal)
    tell(frozen, signal.SIGSTOP)
    ledger.injected.append(f"PostgreSQL and Redis frozen ({len(frozen)} processes)")
    await asyncio.sleep(seconds / 2)
    ends_at, kills = time.monotonic() + seconds / 2, 0
    while time.monotonic() < ends_at:
        alive = await asyncio.to_thread(servers, portal)
        tell(alive, signal.SIGKILL)
        kills += len(alive)
        await asyncio.sleep(_HOLD_DOWN_EVERY_S)
    ledger.injected.append(f"PostgreSQL and Redis killed ({kills} processes)")


async def kill_web(portal: int, ledger: Ledger, until: float) -> None:
    """Kill the web processes one by one, each once its predecessor is replaced."""
    for _ in range(2):
        for pid in await asyncio.to_thread(web_processes, portal):
            await asyncio.sleep(_BETWEEN_KILLS_S)
            await asyncio.to_thread(_wait_until_all_answer, portal, until)
            if time.monotonic() > until:
                return
            ledger.killed_at.append(time.monotonic())
            tell([pid], signal.SIGKILL)
            ledger.injected.append(f"web process {pid} killed")


def _wait_until_all_answer(portal: int, until: float) -> None:
    while not _all_answer(portal) and time.monotonic() < until:
        time.sleep(0.5)


def _all_answer(portal: int) -> bool:
    web = web_processes(portal)
    try:
        threads = [len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in web]
    except OSError:
        return False
    return len(web) == 2 and min(threads) >= _THREADS_OF_A_SERVER


# --- a run --------------------------------------------------------------------------------------


@contextmanager
def running() -> Iterator[Portal]:
    """A portal of its own, the demo nation in it, stopped and thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="rush-") as folder:
        portal = Portal(Path(folder))
        try:
            portal.start()
            yield portal
        finally:
            portal.stop()


async def rush(portal: Portal, *, connections: int, seconds: float, pause_s: float) -> Ledger:
    """A crowd on home, service pages and search while statuses flip."""
    assert portal.process is not None
    ledger = Ledger()
    web = web_processes(portal.process.pid)
    began_at, used_s = time.monotonic(), cpu_s(web)
    until = began_at + seconds
    crowd = Crowd(portal.port, ledger, pause_s=pause_s)
    await asyncio.gather(
        crowd.run(connections, until), flip(portal.folder, ledger, until - _FLIP_EVERY_S)
    )
    ledger.web_cores = (cpu_s(web) - used_s) / (time.monotonic() - began_at)
    ledger.load = os.getloadavg()[0]
    return ledger


async def fall(portal: Portal, *, connections: int, seconds: float, pause_s: float) -> Ledger:
    """The same without PostgreSQL and Redis, the web processes killed one by one."""
    assert portal.process is not None
    pid, ledger = portal.process.pid, Ledger()
    crowd = Crowd(portal.port, ledger, pause_s=pause_s)
    down_until = time.monotonic() + seconds
    stop_at = down_until + _CATCH_UP_S

    async def after() -> None:
        await asyncio.sleep(seconds - 2)
        ledger.age_at_worst_s = await crowd.age_s()
        ledger.greens_at_worst = await crowd.greens()
        await asyncio.sleep(max(0.0, down_until - time.monotonic()))
        began_at = time.monotonic()
        while time.monotonic() < stop_at:
            if await crowd.age_s() < 15 and await crowd.greens() > 0:
                ledger.caught_up_after_s = time.monotonic() - began_at
                break
            await asyncio.sleep(0.5)

    await asyncio.gather(
        crowd.run(connections, stop_at),
        hold_down(pid, ledger, seconds),
        kill_web(pid, ledger, down_until),
        after(),
    )
    return ledger


def main() -> int:
    """Run what was asked for and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0.2, help="seconds, on average, of a reader")
    parser.add_argument("--fall", action="store_true")
    parser.add_argument("--fall-seconds", type=float, default=120)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found: dict[str, object] = {}
    broken = 0
    with running() as portal:
        parts = {"rush": rush, "fall": fall} if given.fall else {"rush": rush}
        for name, part in parts.items():
            seconds = given.seconds if part is rush else given.fall_seconds
            ledger = asyncio.run(
                part(portal, connections=given.connections, seconds=seconds, pause_s=given.pause)
            )
            wrong = ledger.wrong(fell=part is fall)
            broken += len(wrong)
            found[name] = ledger.figures() | {"wrong": wrong, "injected": ledger.injected}
            print(f"{name}: {json.dumps(ledger.figures())}")
            for sentence in wrong:
                print(f"  WRONG: {sentence}")
        if not broken:
            print("All held.")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
