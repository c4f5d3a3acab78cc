"""A back-up becomes a portal again in the empty folder of another machine."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from core.audit import record
from statusportal.backup import Manifest
from statusportal.restore import read_manifest
from tests.end_to_end.portal import _OURS, PATIENCE_S, ROOT, open_folder
from tests.factories import make_agency, make_service
from tests.statusportal.ops.console import make_incident
from tests.statusportal.ops.nation import NOW, make_measured, play


def manage(folder: Path, *words: str) -> str:
    """A command as it is typed on the new machine, where no portal and no server runs."""
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**environment, "VAR_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def back_up(file: Path) -> Manifest:
    call_command("backup", str(file), stdout=io.StringIO())
    return read_manifest(file)


@pytest.fixture
def there() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


# Two starts of a real PostgreSQL: that is what it is about.
@pytest.mark.django_db(transaction=True)
def test_an_empty_folder_becomes_the_old_portal(there: Path, tmp_path: Path, settings: Any) -> None:
    here = settings.VAR_DIR = tmp_path
    service = make_service(slug="passport")
    play(make_measured(service), "ooobbbooo")
    make_incident(services=(service,))
    record(now=NOW, actor=None, act="change", subject=make_agency())
    was = back_up(here / "whole.tar")

    said = manage(there, "restore", str(here / "whole.tar")).splitlines()
    assert said[-1] == "every table has its rows, and the record of acts is whole"
    assert "services_statuschange: 3" in said

    # In a second start, with the secrets and the data that the first one left.
    manage(there, "backup", str(there / "again.tar"))
    again = read_manifest(there / "again.tar")
    assert again.tables == was.tables
    assert again.audit_head == was.audit_head
    assert again.migrations == was.migrations
