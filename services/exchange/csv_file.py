"""A catalogue as one CSV file, as spreadsheets write and read it in Arabic and English.

RFC 4180 with what Excel adds: a byte order mark, semicolons or tabs, and fewer cells at the end
of a row. Cells that a spreadsheet would take for formulas are written as texts (CWE-1236).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from core.spreadsheet import as_typed, harmless
from services.exchange.columns import COLUMNS, cells_of, column_named, in_order
from services.exchange.faults import Fault
from services.exchange.records import Document, Present, Row
from services.exchange.specs import PREFIX, VERBATIM

SEPARATORS = {"semicolon": ";", "comma": ",", "tab": "\t"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_VERBATIM = frozenset(PREFIX + name for name in VERBATIM)


# --- Reading --------------------------------------------------------------------------------


def read(content: bytes) -> Document:
    """The rows of a CSV file, or what is wrong with it as a file. Never raises."""
    if content.startswith(_WORKBOOKS):
        return Document(faults=[Fault("workbook")])
    text = _decoded(content)
    if text is None:
        return Document(faults=[Fault("unknown_encoding")])
    separator, skipped = _separator(text)
    lines = _records(text, separator, skipped)
    faults: list[Fault] = []
    try:
        header_line, header = next(lines, (1, []))
        if not any(cell.strip() for cell in header):
            return Document(faults=[Fault("empty_file")])
        names = _names(header_line, header, faults)
        if "record" not in names:
            faults.append(Fault("no_record_column", header_line))
            return Document(faults=faults)
        rows = list(_rows(lines, header, names, faults))
    except _Unreadable as why:
        return Document(faults=[*faults, why.fault])
    if not rows and not faults:
        return Document(faults=[Fault("empty_file")])
    return Document(rows, faults)


class _Unreadable(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def _decoded(content: bytes) -> str | None:
    marks = [pair for pair in _MARKS if content.startswith(pair[0])]
    mark, encoding = marks[0] if marks else (b"", "utf-8")
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        return None
    # UTF-16 without its mark is read as UTF-8 full of these.
    return None if "\0" in text[:1000] else text


def _separator(text: str) -> tuple[str, int]:
    """The separator, and how many lines stand before the names of the columns.

    The one that finds most known names in the first line; no guess from the rows, which may hold
    any of them in their texts.
    """
    lines = text.splitlines()
    first = next((line for line in lines[:100] if line.strip()), "")
    if len(first) == 5 and first[:4].casefold() == "sep=":
        return first[4], 1 + lines.index(first)
    found = {
        separator: sum(column_named(name.strip('"')) is not None for name in first.split(separator))
        for separator in SEPARATORS.values()
    }
    return max(found, key=lambda separator: found[separator]), 0


def _records(text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of each record that is not empty."""
    stream = io.StringIO(text, newline="")
    for _unused in range(skipped):
        stream.readline()
    reader = csv.reader(stream, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader, None)
        except csv.Error as error:
            code = "cell_too_large" if "limit" in str(error) else "broken_quotes"
            raise _Unreadable(Fault(code, line)) from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _names(line: int, header: list[str], faults: list[Fault]) -> list[str | None]:
    """The name of the column of each cell; None for cells that are in no column."""
    while not header[-1].strip():
        # Excel writes separators for columns that were used once.
        header.pop()
    names: list[str | None] = []
    for text in header:
        name = column_named(text)
        if name is None and text.strip():
            faults.append(Fault("unknown_column", line, params={"value": text.strip()}))
        elif name is not None and name in names:
            faults.append(Fault("column_twice", line, name, params={"value": text.strip()}))
            name = None
        names.append(name)
    return names


def _rows(
    lines: Iterator[tuple[int, list[str]]],
    header: list[str],
    names: list[str | None],
    faults: list[Fault],
) -> Iterator[Row]:
    unnamed = {number for number, text in enumerate(header) if not text.strip()}
    for line, cells in lines:
        if any(cell.strip() for cell in cells[len(names) :]):
            counts = {"count": len(cells), "expected": len(names)}
            faults.append(Fault("too_many_cells", line, params=counts))
            continue
        # Excel leaves out separators at the end of rows whose last cells are empty.
        padded = [*cells, *[""] * (len(names) - len(cells))]
        for number in sorted(number for number in unnamed if padded[number].strip()):
            faults.append(Fault("unnamed_column", line, params={"number": number + 1}))
            # Once is enough.
            unnamed.discard(number)
        yield Row(
            line,
            {
                name: as_typed(text if name in _VERBATIM else text.strip())
                for name, text in zip(names, padded, strict=False)
                if name is not None
            },
        )


# --- Writing --------------------------------------------------------------------------------


def write(present: Present, *, separator: str = ";") -> bytes:
    """The whole catalogue, the same bytes for the same catalogue; secrets are not in it."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator, lineterminator="\r\n")
    names = [column.name for column in COLUMNS]
    writer.writerow(names)
    for key in in_order(present):
        cells = cells_of(key, present.rows[key])
        writer.writerow([harmless(cells.get(name, "")) for name in names])
    return codecs.BOM_UTF8 + stream.getvalue().encode()
