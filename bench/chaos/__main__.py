"""Break the portal for some minutes and see what holds.

    python -m bench.chaos                      five minutes, every kind of fault
    python -m bench.chaos --minutes 1          the short form
    python -m bench.chaos --seed 7             the same run once more
    python -m bench.chaos --only web --only "disk full"
    python -m bench.chaos --self-test          guards taken away on purpose: it must notice

It starts a portal of its own in a temporary folder (`manage.py up`) and ends it. It prints a
ledger and writes it as JSON; exit code 1 where anything did not hold. docs/chaos.md says more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench import crowd
from bench.chaos import holds, plan
from bench.chaos.faults import FAULTS, STEP_S, NotHere, Target
from bench.chaos.watch import Seen, Watch
from statusportal.demo import control
from statusportal.demo import plan as demo
from tests.end_to_end.portal import Portal
from tests.end_to_end.processes import descendants

INTERVAL_S, FAST_S, TIMEOUT_S = 8.0, 3.0, 3.0
# Rule 20: what was not observed for three intervals and one timeout is unknown; then the step of
# the page, a look at the next version, and the age of our own question.
HONEST_AFTER_S = 3 * INTERVAL_S + TIMEOUT_S + 5.0 + 3.0
RECOVERY_S = 180.0
READERS = 12


@dataclass
class Ledger:
    """What a run did and what came of it."""

    seed: int
    seconds: float
    injected: list[str] = field(default_factory=list)
    not_here: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    # What was checked → the violations.
    checked: dict[str, list[str]] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        return not any(self.checked.values())

    def print(self) -> None:
        """The table that people read."""
        print(f"\nChaos for {self.seconds:.0f} s, seed {self.seed}\n")
        for title, lines in (
            ("Injected", self.injected),
            ("Not possible here", self.not_here),
            ("Really broken meanwhile", self.broken),
        ):
            print(f"{title}: {len(lines)}", *(f"  {line}" for line in lines), sep="\n")
        print("Counted:", ", ".join(f"{name} {count}" for name, count in self.counts.items()))
        print("Checked:")
        for what, violations in self.checked.items():
            print(f"  {'held  ' if not violations else 'FAILED'}  {what}")
            for line in violations[:10]:
                print(f"            {line}")
        print("\nAll held." if self.held else "\nNot everything held.", flush=True)


# --- a run ----------------------------------------------------------------------------------------


def run(
    folder: Path,
    *,
    seed: int,
    seconds: float,
    faults: Sequence[str],
    planted: str | None = None,
) -> Ledger:
    """One portal, hit for so many seconds and then looked at."""
    ledger = Ledger(seed, seconds)
    settings = {"DJANGO_SETTINGS_MODULE": "bench.chaos.settings"}
    portal = Portal(folder, **settings, **({"CHAOS_PLANT": planted} if planted else {}))
    target = Target(portal, random.Random(seed))
    try:
        _say("starting a portal")
        portal.start()
        baseline = _settled(portal)
        if planted == "unique row":
            _drop_the_unique_row(target)
        drawn = plan.draw(seed, seconds=seconds, faults=faults)
        readers = crowd.Ledger(killed_at=target.web_killed_at)
        with Watch(target) as seen:
            broken = _meanwhile(target, drawn, readers, ledger, seconds)
            ledger.checked["recovered without a hand"] = _recovery(portal, baseline)
        _look(target, ledger, seen, readers, broken)
        left = _stop(portal)
        ledger.checked["stopped cleanly and left nothing behind"] = left
    finally:
        portal.stop()
    return ledger


def _say(what: str) -> None:
    print(f"… {what}", flush=True)


def _settled(portal: Portal) -> dict[str, str]:
    """The states of all services once nothing is unknown any more."""
    until = time.monotonic() + RECOVERY_S
    while time.monotonic() < until:
        states = portal.states()
        if states and "unknown" not in states.values():
            time.sleep(2 * INTERVAL_S)
            if portal.states() == states:
                return states
        time.sleep(1)
    raise SystemExit(f"The portal did not settle: {portal.states()}")


def _drop_the_unique_row(target: Target) -> None:
    with psycopg.connect(target.settings()["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("DROP INDEX one_incident_for_one_outage")


def _meanwhile(
    target: Target, drawn: plan.Plan, readers: crowd.Ledger, ledger: Ledger, seconds: float
) -> list[holds.Broken]:
    """Break, hit and ask side by side until the time is over, and mend everything."""
    began = time.monotonic()
    broken: list[holds.Broken] = []
    asking = crowd.Crowd(target.portal.port, readers, pause_s=0.3, services=plan.SLUGS)
    threads = [
        threading.Thread(target=_break, args=(target, one, began, broken, ledger), daemon=True)
        for one in drawn.breakages
    ]
    threads.append(
        threading.Thread(
            target=lambda: asyncio.run(asking.run(READERS, began + seconds)), daemon=True
        )
    )
    for thread in threads:
        thread.start()
    for injection in drawn.injections:
        time.sleep(max(0.0, began + injection.at_s - time.monotonic()))
        at = time.monotonic() - began
        if at > seconds:
            break
        try:
            said = FAULTS[injection.fault](target)
            ledger.injected.append(f"{at:6.1f} s  {said}")
        except (NotHere, OSError, psycopg.Error) as reason:
            ledger.not_here.append(f"{at:6.1f} s  {injection.fault}: {reason}")
    for thread in threads:
        thread.join(timeout=seconds + 60)
    return broken


def _break(
    target: Target,
    one: plan.Breakage,
    began: float,
    broken: list[holds.Broken],
    ledger: Ledger,
) -> None:
    ready = demo.load(target.portal.folder / "demo")
    order = {"slug": one.slug, "channel": None}
    time.sleep(max(0.0, began + one.from_s - time.monotonic()))
    control.ask(ready, act="break", how=one.how, times=None, **order)
    from_s = time.monotonic()
    time.sleep(max(0.0, began + one.to_s - time.monotonic()))
    to_s = time.monotonic()
    control.ask(ready, act="mend", **order)
    broken.append(holds.Broken(one.slug, from_s, to_s))
    ledger.broken.append(
        f"{from_s - began:6.1f} s to {to_s - began:6.1f} s  {one.slug} ({one.how})"
    )


def _recovery(portal: Portal, baseline: dict[str, str]) -> list[str]:
    """All is mended: does every service find its way back by itself?"""
    _say("waiting for the portal to find its way back")
    until = time.monotonic() + RECOVERY_S
    while (states := portal.states()) != baseline:
        if time.monotonic() > until:
            return [
                f"{slug} is {states.get(slug)} and was {was} before"
                for slug, was in baseline.items()
                if states.get(slug) != was
            ] or ["the portal does not answer"]
        time.sleep(1)
    return []


# --- what held ------------------------------------------------------------------------------------

_CHANGES = """
SELECT id, service_id, channel_id, check_id, at, confirmed_at, from_health, to_health
FROM services_statuschange WHERE NOT is_demo
"""
_LISTED = """
SELECT i.id, l.service_id, l.outage_started_at, i.opened_at, i.resolved_at,
       i.absorbed_into_id IS NOT NULL
FROM incidents_listedservice l JOIN incidents_incident i ON i.id = l.incident_id
WHERE NOT i.is_demo AND l.outage_started_at IS NOT NULL
"""
_TWICE = """
SELECT check_id, due_at, count(*) FROM services_observation
GROUP BY check_id, location_id, due_at HAVING count(*) > 1
"""


def _look(
    target: Target,
    ledger: Ledger,
    seen: Seen,
    readers: crowd.Ledger,
    broken: list[holds.Broken],
) -> None:
    _say("looking at what is left")
    with psycopg.connect(target.settings()["DATABASE_URL"], autocommit=True) as connection:

        def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
            return connection.execute(query, values or None).fetchall()

        changes = {row[0]: row[1:] for row in rows(_CHANGES)}
        events = {row[0]: row[1:] for row in rows("SELECT id, kind, payload::text FROM core_event")}
        listed = [holds.Listed(*row) for row in rows(_LISTED)]
        twice = rows(_TWICE)
        judged = rows("SELECT id FROM services_service WHERE slug = ANY(%s)", list(plan.SLUGS))
        refs = [ref for (ref,) in rows("SELECT ref FROM incidents_incident WHERE NOT is_demo")]
        opened = [
            ref
            for (ref,) in rows(
                "SELECT payload->>'ref' FROM core_event WHERE kind = 'incident.opened'"
            )
        ]
        (observations,) = rows("SELECT count(*) FROM services_observation")[0]
    happened = holds.outages(changes.values())
    ledger.counts = {
        "observations": observations,
        "changes": len(changes),
        "outages": len(happened),
        "incidents": len(refs),
        "events": len(events),
        "answers to readers": readers.answers,
        "lost with a killed web process": readers.in_flight,
        "looks at the database": seen.looks,
        "of them in vain": seen.looks_in_vain,
        "looks at the pages": len(seen.greens),
    }
    ledger.checked |= {
        "no committed change lost or altered": holds.nothing_lost(seen.changes, changes),
        "no event lost or altered": holds.nothing_lost(seen.events, events),
        "one incident for each outage": holds.one_incident_an_outage(
            happened, listed, frozenset(pk for (pk,) in judged)
        ),
        "each incident told once": holds.each_told_once(refs, opened),
        "never green what was not": holds.never_green(
            seen.greens,
            broken,
            honest_after_s=HONEST_AFTER_S,
            stepped=target.stepped_at,
            step_s=STEP_S,
        ),
        "no observation twice": [f"check {row[0]} at {row[1]}: {row[2]} times" for row in twice],
        "pages answered throughout": [*readers.errors[:10], *readers.mixed[:5]]
        or ([] if readers.answers else ["nobody was answered"]),
        "no reader taken back in time": list(readers.back[:10]),
    }
    for what, command in (
        ("stored states are what the observations give", ("replay",)),
        ("the figures are what the changes give", ("recompute",)),
        ("the record of acts is whole", ("verify_audit",)),
    ):
        ledger.checked[what] = _command(target.portal, *command)
    if not (broken and happened):
        ledger.checked["something was broken and noticed"] = ["nothing was: this run shows nothing"]


def _command(portal: Portal, *words: str) -> list[str]:
    try:
        portal.command(*words)
    except AssertionError as failed:
        return str(failed).splitlines()[:10]
    return []


def _stop(portal: Portal) -> list[str]:
    assert portal.process is not None
    below = [pid for pid, _parent, _words in descendants(portal.process.pid)]
    code = portal.stop()
    wrong = [f"it ended with {code}"] if code else []
    return wrong + [
        f"process {pid} is still there" for pid in below if Path(f"/proc/{pid}").exists()
    ]


# --- the command ----------------------------------------------------------------------------------


def self_test(seed: int) -> bool:
    """With a guard taken away it must report just that."""
    expected = {
        "unique row": ("one incident for each outage", "each incident told once"),
        "row lock": ("no observation twice", "stored states are what the observations give"),
    }
    noticed = True
    for planted, whats in expected.items():
        _say(f"without the {planted}")
        with tempfile.TemporaryDirectory(prefix="chaos") as folder:
            ledger = run(Path(folder), seed=seed, seconds=70.0, faults=(), planted=planted)
        found = [line for what in whats for line in ledger.checked.get(what, [])]
        verdict = f"reported: {found[0]}" if found else "NOT noticed"
        print(f"Without the {planted}: {verdict}", flush=True)
        noticed = noticed and bool(found)
    return noticed


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 where everything held (or, in the self-test, where it was noticed)."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", action="append", choices=list(FAULTS), default=None)
    parser.add_argument("--json", type=Path, default=Path("var/bench/chaos.json"))
    parser.add_argument("--self-test", action="store_true")
    asked = parser.parse_args(argv)
    seed = asked.seed if asked.seed is not None else secrets.randbelow(10_000)
    if asked.self_test:
        return 0 if self_test(seed) else 1
    with tempfile.TemporaryDirectory(prefix="chaos") as folder:
        ledger = run(
            Path(folder),
            seed=seed,
            seconds=asked.minutes * 60,
            faults=asked.only or list(FAULTS),
        )
    ledger.print()
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(asdict(ledger), indent=1, ensure_ascii=False))
    return 0 if ledger.held else 1


if __name__ == "__main__":
    sys.exit(main())
