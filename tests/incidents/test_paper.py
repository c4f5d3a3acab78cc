"""docs/incidents.md says what is so: every row names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_that_the_table_names_exists_and_every_row_names_one() -> None:
    paper = (ROOT / "docs" / "incidents.md").read_text(encoding="utf-8")
    table = paper.split("## What happens when")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    there = {
        name
        for path in (ROOT / "tests" / "incidents").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert not set(named) - there, row
