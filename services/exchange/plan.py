"""What an import would do: pure, from the rows of a file and the catalogue as it is.

A plan with a fault is never carried out, not even in part: everything that is wrong is said at
once, and nothing changes. Rows that a file does not mention stay; nothing is ever deleted.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from services.exchange.cells import Cell, Refused
from services.exchange.columns import KEYS, RECORD_WORDS, columns_of, record_named
from services.exchange.faults import Fault
from services.exchange.records import Document, Key, Present, Record, Row, Value, Values
from services.exchange.specs import (
    PREFIX,
    in_short,
    parsed,
    read_field,
    refusal,
    sorts_of,
    texts_of,
)
from services.status.cascade import Edge, EdgeKind, find_cycle

# Each search takes time proportional to all edges, and nobody reads more circles than these.
_MOST_CIRCLES = 50


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the catalogue that is made or changed.

    `values` are those of a new row, or what becomes of a changed one; `before` what these were,
    None for a new row. The spec of a check stands in both as a whole.
    """

    line: int
    key: Key
    values: Values
    before: Values | None = None

    @property
    def record(self) -> Record:
        return Record(self.key[0])

    def differences(self) -> list[tuple[str, str, str]]:
        """(column, text before, text after) of everything that changes, spec fields each."""
        cells = columns_of(self.record)
        before = self.before or {}
        found = [
            (
                name,
                cells[name].format(before[name]) if name in before else "",
                cells[name].format(value),
            )
            for name, value in self.values.items()
            if name in cells
        ]
        was, becomes = (_spec_texts(values) for values in (before, self.values))
        found += [(name, was.get(name, ""), becomes.get(name, "")) for name in {**was, **becomes}]
        return [each for each in found if each[1] != each[2]]


def _spec_texts(values: Values) -> dict[str, str]:
    spec = values.get("spec")
    return texts_of(spec) if isinstance(spec, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would make, change and leave, in the order of the file; and what is wrong."""

    creates: Sequence[Item] = ()
    changes: Sequence[Item] = ()
    unchanged: int = 0
    faults: Sequence[Fault] = ()

    @property
    def is_empty(self) -> bool:
        """Whether carrying it out would change nothing."""
        return not self.creates and not self.changes

    def counts(self) -> dict[Record, tuple[int, int]]:
        """(made, changed) of each record that has any, in the order of records."""
        made = Counter(item.record for item in self.creates)
        changed = Counter(item.record for item in self.changes)
        return {
            record: (made[record], changed[record])
            for record in Record
            if made[record] or changed[record]
        }

    def digest(self) -> str:
        """The same for plans that do the same: what was shown is what will be done."""
        lines = [
            repr((item.key, sorted(item.differences()), item.before is None))
            for item in (*self.creates, *self.changes)
        ]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


@dataclass(slots=True)
class _Draft:
    """A row on its way into the plan. `values` has the cells that could be read."""

    line: int
    path: str
    record: Record
    values: dict[str, Value]
    spec_cells: Mapping[str, str]
    key: Key | None = None
    # Columns that said already what is wrong with them.
    wrong: set[str] = field(default_factory=set)


class _Faults:
    def __init__(self, faults: Iterable[Fault]) -> None:
        self.all = list(faults)

    def add(self, code: str, where: Row | _Draft, column: str = "", **params: Any) -> None:
        self.all.append(Fault(code, where.line, column, where.path, params))


def make_plan(document: Document, present: Present) -> Plan:
    """What importing `document` into `present` would do. Importing it again does nothing more.

    A column that the file lacks leaves values as they are; an empty cell clears what may be empty
    and leaves what always has a value. Faults are listed by line, all of them.
    """
    faults = _Faults(document.faults)
    drafts = [draft for row in document.rows if (draft := _draft(row, faults)) is not None]
    _find_keys(drafts, faults)
    known = set(present.rows) | {draft.key for draft in drafts if draft.key is not None}
    owners = {
        str(values["public_id"]): key[1]
        for key, values in present.rows.items()
        if key[0] == Record.SERVICE
    }
    _check_public_ids(drafts, present, owners, faults)
    creates, changes, unchanged = [], [], 0
    for draft in drafts:
        _check_references(draft, known, faults)
        if draft.key is None:
            _check_required(draft, False, faults)
            continue
        was = present.rows.get(draft.key)
        _check_required(draft, was is None, faults)
        values = _values(draft, was, faults)
        if was is None:
            creates.append(Item(draft.line, draft.key, values))
        elif differing := [name for name in values if values[name] != was.get(name)]:
            after = {name: values[name] for name in differing}
            before = {name: was.get(name) for name in differing}
            changes.append(Item(draft.line, draft.key, after, before))
        else:
            unchanged += 1
    _check_circles(drafts, present, faults)
    if faults.all:
        ordered = sorted(faults.all, key=lambda fault: fault.line)
        return Plan(faults=tuple(ordered))
    return Plan(tuple(creates), tuple(changes), unchanged)


# --- Reading rows ---------------------------------------------------------------------------


def _draft(row: Row, faults: _Faults) -> _Draft | None:
    word = row.cells.get("record", "")
    if not word.strip():
        faults.add("missing", row, "record")
        return None
    record = record_named(word)
    if record is None:
        faults.add(
            "unknown_record",
            row,
            "record",
            value=word,
            allowed=tuple(known.value for known in RECORD_WORDS),
        )
        return None
    cells = columns_of(record)
    draft = _Draft(row.line, row.path, record, {}, {})
    spec_cells: dict[str, str] = {}
    for name, text in row.cells.items():
        if name == "record":
            continue
        if record is Record.CHECK and name.startswith(PREFIX):
            spec_cells[name] = text
        elif name in cells:
            _read(draft, name, cells[name], text, faults)
        elif text.strip():
            draft.wrong.add(name)
            faults.add("foreign_cell", row, name, record=record.value)
    draft.spec_cells = spec_cells
    return draft


def _read(draft: _Draft, name: str, cell: Cell, text: str, faults: _Faults) -> None:
    try:
        value = cell.parse(text) if text.strip() else None
    except Refused as refused:
        draft.wrong.add(name)
        faults.add(refused.code, draft, name, **refused.params)
        return
    # Nothing but marks that cannot be seen is nothing, too.
    if value is None or value == "":
        if cell.keeps:
            return
        value = cell.default
    draft.values[name] = value


# --- Keys and what they point to ------------------------------------------------------------


def _find_keys(drafts: Iterable[_Draft], faults: _Faults) -> None:
    first: dict[Key, int] = {}
    for draft in drafts:
        cells = columns_of(draft.record)
        names = KEYS[draft.record]
        parts = [draft.values.get(name, cells[name].default) for name in names]
        lacking = [
            name
            for name, part in zip(names, parts, strict=True)
            if not part and not cells[name].keyed and name not in draft.wrong
        ]
        for name in lacking:
            draft.wrong.add(name)
            faults.add("missing", draft, name)
        if any(name in draft.wrong for name in names):
            continue
        key = (draft.record.value, *(str(part) for part in parts))
        if key in first:
            faults.add("twice", draft, names[0], first=first[key])
            continue
        first[key] = draft.line
        draft.key = key


def _check_public_ids(
    drafts: Iterable[_Draft], present: Present, owners: Mapping[str, str], faults: _Faults
) -> None:
    first: dict[str, int] = {}
    for draft in drafts:
        given = draft.values.get("public_id")
        if not isinstance(given, str) or draft.record is not Record.SERVICE or draft.key is None:
            continue
        slug = draft.key[1]
        own = present.rows.get(draft.key, {}).get("public_id")
        if given in owners and owners[given] != slug:
            faults.add("public_id_taken", draft, "public_id", owner=owners[given])
        elif own is not None and own != given:
            faults.add("public_id_changed", draft, "public_id", owner=own)
        elif given in first:
            faults.add("public_id_twice", draft, "public_id", first=first[given])
        first.setdefault(given, draft.line)


def _check_references(draft: _Draft, known: set[Key], faults: _Faults) -> None:
    for name, record in _POINTERS.get(draft.record, {}).items():
        value = draft.values.get(name)
        if value and (record.value, value) not in known:
            draft.wrong.add(name)
            faults.add(f"unknown_{record.value}", draft, name, value=value)
    service = draft.values.get("dependant" if draft.record is Record.EDGE else "service")
    channel = draft.values.get("channel")
    if draft.record is Record.EDGE:
        if service and service == draft.values.get("upstream"):
            faults.add("edge_to_itself", draft, "upstream")
        unknown = "channel_of_another"
    elif draft.record is Record.CHECK:
        unknown = "unknown_channel"
    else:
        return
    if not service or not channel or {"dependant", "service"} & draft.wrong:
        return
    if (Record.CHANNEL.value, service, channel) not in known:
        faults.add(unknown, draft, "channel", service=service, value=channel)


_POINTERS: Mapping[Record, Mapping[str, Record]] = {
    Record.SERVICE: {"agency": Record.AGENCY, "category": Record.CATEGORY},
    Record.CHANNEL: {"service": Record.SERVICE},
    Record.CHECK: {"service": Record.SERVICE},
    Record.EDGE: {"upstream": Record.SERVICE, "dependant": Record.SERVICE},
}


# --- Values ---------------------------------------------------------------------------------


def _check_required(draft: _Draft, is_new: bool, faults: _Faults) -> None:
    for name, cell in columns_of(draft.record).items():
        if not cell.required or name in draft.wrong or draft.values.get(name):
            continue
        # What is there already may be left unsaid, but not emptied.
        if is_new or name in draft.values:
            faults.add("missing", draft, name)


def _values(draft: _Draft, was: Values | None, faults: _Faults) -> dict[str, Value]:
    """The values of a new row, whole; of one that is there, what the file says of it."""
    values = dict(draft.values)
    if was is None:
        defaults = {name: cell.default for name, cell in columns_of(draft.record).items()}
        values = {name: values.get(name, default) for name, default in defaults.items()}
    if draft.record is Record.CHECK and "kind" not in draft.wrong:
        spec = _spec(draft, values, was, faults)
        if spec is not None:
            values["spec"] = spec
    return values


def _spec(
    draft: _Draft, values: Values, was: Values | None, faults: _Faults
) -> Mapping[str, Any] | None:
    """The spec as the file has it; None where it stays as it is, or cannot be read."""
    kind = str(values.get("kind") or (was or {}).get("kind"))
    stored = (was or {}).get("spec")
    same_kind = was is not None and was.get("kind") == kind
    spec: dict[str, Any] = dict(stored) if same_kind and isinstance(stored, Mapping) else {}
    if was is not None and not same_kind:
        # Its secrets and its history are those of the kind that it was made with.
        faults.add("kind_changed", draft, "kind", kind=was.get("kind"))
        return None
    if same_kind and not draft.spec_cells:
        return None
    sorts = sorts_of(kind)
    sound = True
    for column, text in draft.spec_cells.items():
        name = column.removeprefix(PREFIX)
        if not text.strip():
            spec.pop(name, None)
        elif name not in sorts:
            faults.add("foreign_spec", draft, column, kind=kind)
            sound = False
        else:
            try:
                spec[name] = read_field(kind, name, text)
            except Refused as refused:
                faults.add(refused.code, draft, column, **refused.params)
                sound = False
    if not sound:
        return None
    if (why := refusal(kind, spec)) is not None:
        faults.add("bad_spec", draft, PREFIX + why.field, spec_field=why.field)
        return None
    # What means the same stays as it is stored.
    if same_kind and isinstance(stored, Mapping) and parsed(kind, spec) == parsed(kind, stored):
        return None
    return in_short(kind, spec)


# --- Circles --------------------------------------------------------------------------------


def _check_circles(drafts: Iterable[_Draft], present: Present, faults: _Faults) -> None:
    """Rule 12's edges run in no circle, those of the file together with those that are there."""
    there = {(key[2], key[1]) for key in present.rows if key[0] == Record.EDGE}
    ours: dict[tuple[str, str], _Draft] = {}
    for draft in drafts:
        if draft.key is None or {"upstream", "dependant"} & draft.wrong:
            continue
        if draft.record is Record.EDGE:
            step = (draft.key[2], draft.key[1])
            if step not in there and step[0] != step[1]:
                ours.setdefault(step, draft)
    for _unused in range(_MOST_CIRCLES):
        if not ours:
            return
        circle = find_cycle(
            Edge(upstream, dependant, EdgeKind.HARD)
            for dependant, upstream in sorted(there | set(ours))
        )
        if circle is None:
            return
        steps = list(pairwise(circle))
        new = [step for step in steps if step in ours]
        if not new:
            # It was there before this file, which may not be judged by it.
            there.discard(steps[0])
            continue
        # Told by the row that closes it; without that row the others are looked at again.
        closing = max(new, key=lambda step: ours[step].line)
        faults.add("circle", ours.pop(closing), "upstream", path=_told(circle, closing))


def _told(circle: list[str], closing: tuple[str, str]) -> str:
    """The circle from the dependant of the closing step on; arrows would turn round in Arabic."""
    start = circle.index(closing[0])
    names = [*circle[start:-1], *circle[:start], closing[0]]
    return " > ".join(names)
