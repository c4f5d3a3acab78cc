"""`make bench`: every number that the portal promises, measured on this machine.

`python -m bench --only probing,live` takes some of it, `--services 2000` a smaller nation. Exit
status 0: every promise holds; 1: one is missed, or the machine was too busy to say.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from bench import table
from bench.ground import ground
from bench.table import Calibration, Row

_FEW = 500
_PARTS = ("probing", "storing", "publishing", "pages", "serving", "live", "machines")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to measure."""

    services: int
    parts: frozenset[str]
    days: int
    seconds: float


def main() -> int:
    """Measure, print one table, and leave it as JSON."""
    chosen = _chosen()
    began = time.monotonic()
    pulse = Calibration()
    rows: list[Row] = []
    with ground() as var:
        for row in _rows(chosen, var, pulse):
            rows.append(row)
            print(f"  {row.what} …", file=sys.stderr, flush=True)
    # The best pulse is known only now.
    rows = [replace(row, noise=pulse.noise(row.noise)) for row in rows]
    print("\n".join(table.lines(rows)))
    took = time.monotonic() - began
    kept = _keep(rows, took)
    print(f"\n{took / 60:.1f} minutes on {os.cpu_count()} cores; {kept}")
    return 0 if table.passed(rows) else 1


def _chosen() -> Chosen:
    reading = argparse.ArgumentParser(prog="bench", description=__doc__)
    reading.add_argument("--services", type=int, default=10_000)
    reading.add_argument("--days", type=int, default=365, help="of past figures")
    reading.add_argument("--seconds", type=float, default=60.0, help="of each live part")
    reading.add_argument("--only", default=",".join(_PARTS), help="of " + ", ".join(_PARTS))
    given = reading.parse_args()
    parts = frozenset(given.only.split(","))
    if not parts <= set(_PARTS):
        reading.error(f"--only takes {', '.join(_PARTS)}")
    return Chosen(given.services, parts, given.days, given.seconds)


def _rows(chosen: Chosen, var: Path, pulse: Calibration) -> Iterator[Row]:
    """Every row, `noise` being for now the slower of the pulses before and after it."""
    for name, measured in _steps(chosen, var):
        before = pulse.feel()
        try:
            for row in measured():
                after = pulse.feel()
                yield replace(row, noise=max(before, after))
                before = after
        except Exception as error:
            # The other promises are to be measured all the same; this one is missed.
            traceback.print_exc()
            yield replace(table.failed(name, error), noise=before)


def _steps(chosen: Chosen, var: Path) -> Iterator[tuple[str, Callable[[], Iterable[Row]]]]:
    """What there is to measure, each with the nation that it needs made before it."""
    parts, now = chosen.parts, datetime.now(UTC)
    if "probing" in parts:
        yield "probing", lambda: _part("probing").measure(var)
    if parts == {"probing"}:
        return
    nation, publishing = _part("nation"), _part("publishing")
    few = min(_FEW, chosen.services)
    nation.seed(few, now=now)
    nation.add_notices(now=now, incidents=20, open_ones=5)
    statements = publishing.statements(now=now)
    if "publishing" in parts:
        yield "a small snapshot", lambda: publishing.few(now=now)
    if chosen.services > few:
        nation.seed(chosen.services, first=few, now=now)
    nation.add_past(now=now, days=chosen.days)
    nation.add_notices(now=now)
    if "publishing" in parts:
        yield "publishing", lambda: publishing.many(now=now, statements_before=statements)
    else:
        publishing.publish()
    later: dict[str, Callable[[], Iterable[Row]]] = {
        "pages": lambda: chain(_part("pages").public(), _part("pages").staff()),
        "machines": _of_machines,
        "serving": lambda: _part("serving").measure(var),
        "storing": lambda: _part("storing").measure(now=now),
        "live": lambda: _part("live").measure(var, seconds=chosen.seconds),
    }
    yield from ((name, measured) for name, measured in later.items() if name in parts)


def _part(name: str) -> Any:
    # Its modules need Django, which the ground has made ready by now.
    return import_module(f"bench.{name}")


def _of_machines() -> Iterable[Row]:
    """What programs are answered, where that part is there."""
    if find_spec("bench.machines") is None:
        return ()
    rows: Iterable[Row] = _part("machines").measure()
    return rows


def _keep(rows: list[Row], took_s: float) -> Path:
    folder = Path(__file__).resolve().parents[1] / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC)
    file = folder / f"{at:%Y%m%d-%H%M%S}.json"
    content = {
        "at": at.isoformat(),
        "minutes": round(took_s / 60, 1),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "passed": table.passed(rows),
        "rows": [row.as_json() for row in rows],
    }
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
