"""The portal's own processes at full load: beat, workers, real TLS endpoints, real time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import msgspec
from django.db import connection

from bench import counting, endpoints
from bench.table import Row
from services import partitions
from services.models import Check
from statusportal.embedded import portal
from statusportal.embedded.child import Child, launch

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Portal:
    """Processes that run, by their names."""

    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def cpu_s(self, *names: str) -> float:
        """Seconds of CPU that these processes and all their children have used so far."""
        parents = _parents()
        roots = {self.running[name].pid for name in names}
        return sum(_cpu_s(pid) for pid in parents if _belongs(pid, roots, parents))

    def largest_mb(self, *names: str) -> float:
        """The most memory that one process among these and their children holds (PSS or RSS)."""
        parents = _parents()
        roots = {self.running[name].pid for name in names}
        return max(_memory_mb(pid) for pid in parents if _belongs(pid, roots, parents))


def _parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                found[int(entry.name)] = int(_stat(int(entry.name))[1])
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before it may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _belongs(pid: int, roots: set[int], parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid in roots:
            return True
        pid = parents[pid]
    return False


def _cpu_s(pid: int) -> float:
    with suppress(OSError, IndexError, ValueError):
        user, system, of_children_user, of_children_system = map(int, _stat(pid)[11:15])
        return (user + system + of_children_user + of_children_system) / _TICKS
    return 0.0


def _memory_mb(pid: int) -> float:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return 0.0


def processes(var: Path) -> list[Child]:
    """Beat and the workers of probes and control; nobody is told anything here."""
    env = dict(os.environ)
    (var / "beat").mkdir(exist_ok=True)
    workers = [portal.worker(env, "probes"), portal.worker(env, "control")]
    return [*map(_counting, workers), portal.beat(env, var)]


def _counting(child: Child) -> Child:
    return Child(
        name=child.name,
        argv=(*child.argv, "-I", "bench.counting"),
        env=child.env,
        cwd=child.cwd,
        grace_s=child.grace_s,
        stop_order=child.stop_order,
    )


@contextmanager
def running(var: Path) -> Iterator[Portal]:
    """The processes while the block runs."""
    live = Portal()
    try:
        for child in processes(var):
            with (var / "log" / f"{child.name}.log").open("wb") as output:
                live.running[child.name] = launch(child, output)
        yield live
    finally:
        # Beat first: nobody asks for more.
        for process in reversed(live.running.values()):
            process.terminate()
        for process in live.running.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of due instants: every turn was observed, or it expired."""

    minute: str
    due: int
    observed: int
    expired: int

    @property
    def adds_up(self) -> bool:
        return self.due == self.observed + self.expired


@dataclass(frozen=True, slots=True)
class Lived:
    """What a while of full load came to."""

    seconds: float
    minutes: Sequence[Minute]
    lateness_p50_s: float
    lateness_p99_s: float
    observed: int
    cpu_s: float
    delay_p95_s: float
    worker_mb: float

    @property
    def cores(self) -> float:
        """CPU of measuring, database clients included, in cores."""
        return self.cpu_s / self.seconds


def spread(*, begins_at: datetime, interval_seconds: int = 60) -> int:
    """Let all checks fall due evenly within one interval from `begins_at`; how many there are."""
    partitions.keep(now=begins_at, kept_days=7)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE services_check c SET is_fast = false, interval_seconds = %(interval)s,"
            " next_due_at = %(at)s + make_interval(secs => %(interval)s * n.place / n.count)"
            " FROM (SELECT id, row_number() OVER (ORDER BY id)::float AS place,"
            "              count(*) OVER () AS count FROM services_check WHERE is_enabled) AS n"
            " WHERE c.id = n.id",
            {"interval": interval_seconds, "at": begins_at},
        )
    return Check.objects.filter(is_enabled=True).count()


def live(portal_: Portal, *, begins_at: datetime, seconds: float) -> Lived:
    """Watch the portal from `begins_at` on, and wait until its last turns are written."""
    _sleep_until(begins_at)
    cpu_before, began = _measuring_cpu_s(portal_), time.monotonic()
    delays: list[float] = []
    worker_mb = 0.0
    while time.monotonic() - began < seconds:
        delays += _snapshot_age_s()
        worker_mb = max(worker_mb, portal_.largest_mb("probes", "control"))
        time.sleep(0.5)
    took = time.monotonic() - began
    cpu_s = _measuring_cpu_s(portal_) - cpu_before
    ends_at = begins_at + timedelta(seconds=seconds)
    _wait_until_written(ends_at)
    p50, p99, observed = _lateness(begins_at, ends_at)
    return Lived(
        seconds=took,
        minutes=_minutes(begins_at, ends_at),
        lateness_p50_s=p50,
        lateness_p99_s=p99,
        observed=observed,
        cpu_s=cpu_s,
        delay_p95_s=quantiles(delays, n=20)[-1] if len(delays) > 1 else float("inf"),
        worker_mb=worker_mb,
    )


def _measuring_cpu_s(portal_: Portal) -> float:
    """CPU of measuring so far: schedule, probes, verdicts, rows. Publishing has rows of its own."""
    return portal_.cpu_s("probes", "beat") + counting.cpu_s("services.tasks.dispatch_due")


def _sleep_until(instant: datetime) -> None:
    time.sleep(max(0.0, (instant - datetime.now(UTC)).total_seconds()))


class _Built(msgspec.Struct):
    built_at: datetime


def _snapshot_age_s() -> list[float]:
    body = counting.client().get("portal:now")
    if not isinstance(body, bytes):
        return []
    return [(datetime.now(UTC) - msgspec.json.decode(body, type=_Built).built_at).total_seconds()]


_ROWS = """
SELECT to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI'), count(*)
FROM services_observation WHERE due_at >= %s AND due_at < %s GROUP BY 1
"""


def _minutes(begins_at: datetime, ends_at: datetime) -> list[Minute]:
    """Whole minutes of due instants within the time."""
    first = begins_at.replace(second=0, microsecond=0)
    if first < begins_at:
        first += timedelta(minutes=1)
    due, expired = counting.counted(counting.DUE), counting.counted(counting.EXPIRED)
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [begins_at, ends_at])
        observed = dict(cursor.fetchall())
    found = []
    while first + timedelta(minutes=1) <= ends_at:
        key = first.isoformat()[:16]
        found.append(Minute(key, due.get(key, 0), observed.get(key, 0), expired.get(key, 0)))
        first += timedelta(minutes=1)
    return found


def _wait_until_written(ends_at: datetime) -> None:
    """Until what was due before `ends_at` has had its time: a shard at most, and its writing."""
    until = time.monotonic() + 40
    last = -1
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM services_observation WHERE due_at < %s", [ends_at])
            (now_there,) = cursor.fetchone()
        if now_there == last and datetime.now(UTC) > ends_at + timedelta(seconds=14):
            return
        last = now_there
        time.sleep(2)


def _lateness(begins_at: datetime, ends_at: datetime) -> tuple[float, float, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late),"
            "       percentile_cont(0.99) WITHIN GROUP (ORDER BY late), count(*)"
            " FROM (SELECT extract(epoch FROM started_at - due_at)::float AS late"
            "       FROM services_observation WHERE due_at >= %s AND due_at < %s) AS seen",
            [begins_at, ends_at],
        )
        p50, p99, count = cursor.fetchone()
    return p50 or 0.0, float("inf") if p99 is None else p99, count


def measure(var: Path, *, seconds: float = 60.0) -> Iterator[Row]:
    """All answering, and then none: CPU, lateness, the delay of the snapshot, memory."""
    with endpoints.answering(var) as silent, running(var) as live_portal:
        begins_at = _soon()
        checks = spread(begins_at=begins_at)
        well = live(live_portal, begins_at=begins_at, seconds=seconds)
        yield Row(
            f"{checks:,} checks a minute, all in",
            0.8,
            well.cores,
            "cores",
            note=f"schedule, probes, verdicts, rows, roll-up; {well.observed} observations in"
            f" {well.seconds:.0f} s",
        )
        yield Row("lateness p99", 2.0, well.lateness_p99_s, "s")
        yield Row("delay of the snapshot p95", 5.0, well.delay_p95_s, "s")
        silent.touch()
        begins_at = _soon()
        spread(begins_at=begins_at)
        ill = live(live_portal, begins_at=begins_at, seconds=seconds)
        yield Row("lateness p99, every target timing out", 5.0, ill.lateness_p99_s, "s")
        yield Row(
            "delay of the snapshot p95 meanwhile",
            max(2.0, 1.5 * well.delay_p95_s),
            ill.delay_p95_s,
            "s",
            note=f"beside {well.delay_p95_s:.2f} s when all is well",
        )
        yield Row("memory of a worker process", 250.0, max(well.worker_mb, ill.worker_mb), "MB")


def _soon() -> datetime:
    """Late enough for the schedule to be written and for everybody to be up."""
    return datetime.now(UTC) + timedelta(seconds=8)


def lost(minutes: Sequence[Minute]) -> list[Minute]:
    """The minutes that do not add up."""
    return [one for one in minutes if not one.adds_up]


if __name__ == "__main__":
    sys.exit("Run bench.soak, or make bench.")
