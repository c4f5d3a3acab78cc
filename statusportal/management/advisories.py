"""Known weaknesses of what we depend on: what pip-audit said, and what follows from it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Ignored:
    """An advisory that does not concern us, why, and until when that was thought through."""

    id: str
    package: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether `make check` may go on, and the lines that it says."""

    is_good: bool
    lines: tuple[str, ...]


def read_ignored(text: str) -> list[Ignored]:
    """The list in TOML; raises ValueError for an entry that lacks one of its four parts."""
    found = []
    for entry in tomllib.loads(text).get("ignored", []):
        one = Ignored(**entry) if set(entry) == set(Ignored.__slots__) else None
        if one is None or not one.reason.strip() or type(one.until) is not date:
            raise ValueError(f"An ignored advisory needs id, package, reason and until: {entry}")
        found.append(one)
    return found


def judge(report: Mapping[str, Any] | None, ignored: Sequence[Ignored], today: date) -> Verdict:
    """What to make of pip-audit's `report` (JSON); None where nobody could be asked.

    Not being able to ask is no finding: a closed network must be able to check its code.
    """
    asked = [one for one in (report or {}).get("dependencies", []) if "skip_reason" not in one]
    if not asked:
        return Verdict(
            True, ("Advisories could not be asked for: the dependencies are unaudited.",)
        )
    excused = {(one.package.lower(), one.id) for one in ignored if today <= one.until}
    found: list[str] = []
    passed: list[str] = []
    for package in asked:
        for advisory in package.get("vulns", []):
            names = {advisory["id"], *advisory.get("aliases", [])}
            told = (
                f"{package['name']} {package['version']}: {advisory['id']},"
                f" mended in {', '.join(advisory.get('fix_versions', [])) or 'no version yet'}"
            )
            is_excused = any((package["name"].lower(), name) in excused for name in names)
            (passed if is_excused else found).append(told)
    left_out = len((report or {})["dependencies"]) - len(asked)
    summary = f"{len(asked)} dependencies audited, {len(found)} known to be weak"
    if passed:
        summary += f", {len(passed)} ignored"
    if left_out:
        summary += f", {left_out} not known to the index"
    return Verdict(not found, (*found, f"{summary}."))
