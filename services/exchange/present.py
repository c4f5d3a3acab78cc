"""The catalogue as plain values: what is exported, and what an import is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from accounts.models import Agency
from services.exchange.cells import Cell, Refused, Text
from services.exchange.columns import columns_of
from services.exchange.records import Key, Present, Record, Value, Values
from services.exchange.specs import in_short
from services.models import Category, Channel, Check, Edge, Service

MODELS: Mapping[Record, type[models.Model]] = {
    Record.AGENCY: Agency,
    Record.CATEGORY: Category,
    Record.SERVICE: Service,
    Record.CHANNEL: Channel,
    Record.CHECK: Check,
    Record.EDGE: Edge,
}
# Where a column is not simply the attribute of the same name.
_PATHS: Mapping[Record, Mapping[str, str]] = {
    Record.AGENCY: {},
    Record.CATEGORY: {},
    Record.SERVICE: {"agency": "agency__code", "category": "category__slug"},
    Record.CHANNEL: {"service": "service__slug", "channel": "kind"},
    Record.CHECK: {"service": "channel__service__slug", "channel": "channel__kind"},
    Record.EDGE: {
        "upstream": "upstream__slug",
        "dependant": "dependant__slug",
        "channel": "channel__kind",
    },
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The catalogue and the id of each of its rows by its key."""

    present: Present
    ids: Mapping[Key, int]


def load() -> Loaded:
    """Read the whole catalogue, in one statement for each kind of row."""
    rows: dict[Key, Values] = {}
    ids: dict[Key, int] = {}
    for record in Record:
        for pk, values in _rows(record):
            key = _key(record, values, rows)
            if record is Record.CHECK:
                values["name"] = key[3]
            rows[key] = values
            ids[key] = pk
    return Loaded(Present(rows), ids)


def _rows(record: Record) -> Iterator[tuple[int, dict[str, Value]]]:
    cells = columns_of(record)
    paths = {name: _PATHS[record].get(name, name) for name in cells}
    extra = ("spec",) if record is Record.CHECK else ()
    # By id, so that checks of one name are always told apart in the same way.
    query = MODELS[record]._default_manager.order_by("pk")
    for pk, *found in query.values_list("pk", *paths.values(), *extra).iterator(chunk_size=5000):
        values: dict[str, Value] = {
            name: _as_read(cell, value)
            for (name, cell), value in zip(cells.items(), found, strict=False)
        }
        if record is Record.CHECK:
            spec = found[-1]
            values["spec"] = in_short(str(values["kind"]), spec if isinstance(spec, dict) else {})
        yield pk, values


def _as_read(cell: Cell, value: Any) -> Value:
    """`value` as a file would give it back: forms store line ends that no cell keeps."""
    if value is None or value == "" or value == []:
        return cell.default
    try:
        if isinstance(value, list):
            return cell.parse(cell.format(tuple(value)))
        return cell.parse(value) if isinstance(cell, Text) else value
    except Refused:
        # Stored before it was refused: told as it is.
        return tuple(value) if isinstance(value, list) else value


def _key(record: Record, values: Mapping[str, Value], rows: Mapping[Key, Values]) -> Key:
    if record is Record.AGENCY:
        return record.value, str(values["code"])
    if record in (Record.CATEGORY, Record.SERVICE):
        return record.value, str(values["slug"])
    if record is Record.EDGE:
        return (
            record.value,
            *(str(values[name] or "") for name in ("upstream", "dependant", "channel")),
        )
    place = (record.value, str(values["service"]), str(values["channel"]))
    if record is Record.CHANNEL:
        return place
    name = str(values["name"])
    key, number = (*place, name), 1
    while key in rows:
        # The admin does not ask for names that differ; a file has to.
        number += 1
        key = (*place, f"{name} ({number})".strip())
    return key
