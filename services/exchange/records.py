"""What a catalogue file holds, whatever its format: rows of cells, and what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.exchange.faults import Fault


class Record(StrEnum):
    """What one row is about; in the order in which rows are written."""

    AGENCY = "agency"
    CATEGORY = "category"
    SERVICE = "service"
    CHANNEL = "channel"
    CHECK = "check"
    EDGE = "edge"


# (record, natural key …): ("service", "pass-renew"), ("channel", "pass-renew", "web").
Key = tuple[str, ...]
# A text, a number, yes or no, several words, or nothing; of a check also its spec.
Value = str | int | bool | tuple[str, ...] | Mapping[str, Any] | None
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read: texts by column name. A column that is absent is not in `cells`.

    `line` is the line of the file, from 1, on which it begins. `path` tells rows of one line
    apart where a format nests them: "availableChannel[0].check[1].".
    """

    line: int
    cells: Mapping[str, str]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its rows, and what could not even be read."""

    rows: Sequence[Row] = ()
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """The catalogue as it is: the values of each row by its natural key, the key's among them."""

    rows: Mapping[Key, Values]
