"""CSV as spreadsheets read it in Arabic and English, a line at a time. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

# What makes a spreadsheet compute, the full-width forms included (CWE-1236).
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_GUARD = "'"


def harmless(text: str) -> str:
    """`text` so that no spreadsheet computes it; one apostrophe less is the text again."""
    return _GUARD + text if text[:1] in _FORMULA or _is_guarded(text) else text


def as_typed(text: str) -> str:
    """`text` without the mark by which it was made harmless."""
    return text[1:] if _is_guarded(text) else text


def _is_guarded(text: str) -> bool:
    return text[:1] == _GUARD and text[1:2] in {*_FORMULA, _GUARD}


def lines(names: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """A CSV file (RFC 4180, semicolons, byte order mark) in pieces of one line each."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    stream.write("\ufeff")
    writer.writerow(names)
    yield stream.getvalue().encode()
    for row in rows:
        stream.seek(0)
        stream.truncate()
        writer.writerow([harmless(cell) for cell in row])
        # What no encoding can hold came from outside; the rest of the file is still wanted.
        yield stream.getvalue().encode(errors="replace")
