"""Somebody else's programs for Statuspage pages, unchanged, read the portal over the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import whadup

from statusportal.public.store import store
from tests.statusportal.public.everything import everything
from tests.statusportal.public.snapshots import ALL_WELL, snapshot

pytestmark = [
    pytest.mark.usefixtures("at_one_o_clock"),
    # The server that answers over the network runs beside a database.
    pytest.mark.django_db(transaction=True),
]


def metrics(address: str, folder: Path) -> list[str]:
    """What statuspage-prometheus-exporter says of this page, line by line."""
    page = {"name": "Portal", "type": "status_page", "url": address}
    (folder / "services.json").write_text(json.dumps({"portal": page}), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "statuspage_prometheus_exporter.status_monitoring"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "RUN_MODE": "once",
            "METRICS_TEXTFILE_PATH": str(folder / "found.prom"),
            "NO_PROXY": "*",
        },
        check=True,
        capture_output=True,
        timeout=60,
    )
    return (folder / "found.prom").read_text(encoding="utf-8").splitlines()


def of(lines: list[str], metric: str) -> list[str]:
    return [line for line in lines if line.startswith(f"{metric}{{")]


def test_an_exporter_finds_what_is_wrong(live_server: Any, tmp_path: Path) -> None:
    store.hold(everything())
    found = metrics(f"{live_server.url}/api/v2/summary.json", tmp_path)

    assert of(found, "statuspage_probe_check") == [
        'statuspage_probe_check{service_name="Portal"} 1.0'
    ]
    assert of(found, "statuspage_service_status") == [
        'statuspage_service_status{service_name="Portal"} 0.0'
    ]
    incidents = "\n".join(of(found, "statuspage_incident_info"))
    for ref in ("IN-LGN222", "IN-QVR222", "IN-HDN222", "IN-DNT222", "IN-MNT222"):
        assert ref in incidents
    windows = "\n".join(of(found, "statuspage_maintenance_info"))
    assert 'maintenance_name="Planned work on Passport renewal"' in windows
    assert len(of(found, "statuspage_component_status")) == 7


def test_an_exporter_finds_that_all_is_well(live_server: Any, tmp_path: Path) -> None:
    store.hold(snapshot(ALL_WELL))
    found = metrics(f"{live_server.url}/api/v2/summary.json?agency=MOI", tmp_path)

    assert of(found, "statuspage_service_status") == [
        'statuspage_service_status{service_name="Portal"} 1.0'
    ]
    assert [line[-4:] for line in of(found, "statuspage_component_status")] == [" 1.0"] * 4


def test_a_client_library_reads_every_document(
    live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Made for the page of one company; where that page is stands in a constant.
    monkeypatch.setattr(whadup, "API_BASE_URL", f"{live_server.url}/api/")
    monkeypatch.setenv("NO_PROXY", "*")
    store.hold(everything())
    page = whadup.GithubStatus()
    summary = page.summary()

    assert summary["status"] == page.status()["status"]
    assert summary["status"]["indicator"] == "critical"
    assert summary["components"] == page.components()["components"]
    assert {one["status"] for one in summary["components"]} == {
        "degraded_performance",
        "major_outage",
    }
    incidents = {one["id"]: one["status"] for one in page.Incidents()["incidents"]}
    unresolved = {one["id"] for one in page.Incidents.unresolved()["incidents"]}
    assert unresolved == {one["id"] for one in summary["incidents"]}
    assert {incidents[one] for one in unresolved} == {"investigating", "identified", "monitoring"}
    windows = {one["id"] for one in page.Maintenances()["scheduled_maintenances"]}
    active = page.Maintenances.active()["scheduled_maintenances"]
    upcoming = page.Maintenances.upcoming()["scheduled_maintenances"]
    assert {one["status"] for one in active} == {"in_progress"}
    assert {one["status"] for one in upcoming} == {"scheduled"}
    assert {one["id"] for one in (*active, *upcoming)} < windows
    # Parameters of its own are handed on.
    assert page.summary(lang="ar")["page"]["name"] == "حالة الخدمات الحكومية"
