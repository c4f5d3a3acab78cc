"""The threat model names a test for each of its lines, and each of these tests exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAPER = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def lines() -> list[list[str]]:
    """The cells of each line that names a threat."""
    found, of_threats = [], False
    for line in PAPER.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else []
        if not cells:
            of_threats = False
        elif cells[0] == "threat":
            of_threats = True
        elif of_threats and set("".join(cells)) - set("-"):
            found.append(cells)
    return found


def test_each_threat_says_what_holds_and_which_test_shows_it() -> None:
    assert len(lines()) > 45
    wrong = [
        cells[0]
        for cells in lines()
        if len(cells) != 3 or not cells[1] or not NODE.search(cells[2])
    ]
    assert wrong == []
    # Nothing but nodes in the last cell: a slip of the pen would be skipped otherwise.
    assert [cells[2] for cells in lines() if NODE.sub("", cells[2]).strip()] == []


@pytest.mark.parametrize("path", sorted({path for path, _ in NODE.findall(PAPER)}))
def test_each_test_that_is_named_exists(path: str) -> None:
    named = {name for file, name in NODE.findall(PAPER) if file == path}
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert named - there == set()
