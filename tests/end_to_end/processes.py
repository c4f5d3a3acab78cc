"""The processes of a portal, by descent: PostgreSQL writes its titles over its environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def descendants(of: int) -> Iterator[tuple[int, int, str]]:
    """(pid, its parent, command line) of everything that a process has started and that lives."""
    found: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name in brackets may hold anything; what follows it is plain.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(entry.name)] = int(fields[1]), words
    wanted: set[int] = set()
    generation = {of}
    while generation:
        generation = {pid for pid, (parent, _) in found.items() if parent in generation}
        wanted |= generation
    for pid in sorted(wanted):
        yield pid, *found[pid]
