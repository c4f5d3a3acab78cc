"""docs/operations.md: whoever is woken finds the alarm in the table, and what to do."""

from __future__ import annotations

import re
from pathlib import Path

from incidents.clocks import DueKind
from statusportal.ops import health, machines
from tests.site.test_house import rows

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "services", "maintenance", "incidents", "reports", "notifications")
# Readings without a limit.
TOLD = {health.Kind.EVENTS, health.Kind.AUDIT_HEAD, health.Kind.DATABASE_SIZE}
# Events by which somebody is alarmed; a new kind has to be put here or below.
ALARMS = {
    *DueKind,
    "accounts.glass_broken",
    "prober.doubt.began",
    "suspicion.told",
    "window.overdue",
    "window.running_over",
}
# Events that are news: subscribers and feeds hear of them, and nobody is woken.
NEWS = {
    "incident.absorbed",
    "incident.acknowledged",
    "incident.changed",
    "incident.corrected",
    "incident.notice",
    "incident.opened",
    "incident.recovered",
    "incident.reopened",
    "incident.reported",
    "incident.resolved",
    "incident.worsened",
    "prober.doubt.ended",
    "window.announced",
    "window.cancelled",
    "window.changed",
    "window.completed",
    "window.due_soon",
    "window.extended",
    "window.postponed",
    "window.started",
}
_KIND = re.compile(r'"((?:incident|window|prober|suspicion|accounts)(?:\.[a-z_]+)+)"')


def table() -> dict[str, list[str]]:
    """Alarm → the other cells of its row."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    body = text.partition("## What each alarm means")[2]
    found = {}
    for line in body.splitlines():
        if not line.startswith("| `"):
            continue
        first, *others = [cell.strip() for cell in line.strip("|").split("|")]
        found.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), others))
    return found


def events_in_code() -> set[str]:
    """Kinds of events, as the code spells them; not acts of `access`, tasks or addresses."""
    found = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" in path.parts or path.name in {"access.py", "urls.py"}:
                continue
            found |= set(_KIND.findall(path.read_text(encoding="utf-8")))
    return {kind for kind in found if kind.split(".")[1] not in {"sso", "tasks", "urls", "glass"}}


def test_every_event_alarms_somebody_or_is_news() -> None:
    assert events_in_code() == {str(kind) for kind in ALARMS} | NEWS


def test_every_alarm_that_the_code_raises_stands_in_the_table_and_no_other() -> None:
    raised = {"deadman", "freshz"}
    raised |= {str(kind) for kind in ALARMS}
    raised |= {fault.value for fault in machines.Fault}
    raised |= {kind.value for kind in set(health.Kind) - TOLD}
    metrics = {row[0].strip("`"): row[3] for row in rows("docs/metrics.md") if len(row) > 3}
    raised |= {
        name
        for name, alarm in metrics.items()
        if name.startswith("portal_") and not alarm.startswith("no alarm")
    }
    assert set(table()) == raised


def test_each_says_what_it_means_where_to_look_what_to_do_and_whom_to_wake() -> None:
    for alarm, cells in table().items():
        assert len(cells) == 4, alarm
        assert all(cells), alarm
