"""Lines of the log: one for each record, whatever was in its words."""

from __future__ import annotations

import logging
import re

from core.arabic import without_bidi_controls

# What ends a line for some reader of logs, moves a terminal's cursor, or is no text at all.
_UNSAFE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# A trace is told line by line; with this before each, none of them can pose as a record.
_CONTINUED = "    | "


def one_line(text: str) -> str:
    """`text` without line ends, control characters and marks of direction: each shown as escaped.

    Whoever types "name\\n2026-01-01 INFO all is well" into a field writes one line, not two.
    """
    return _UNSAFE.sub(_escaped, without_bidi_controls(text))


def _escaped(found: re.Match[str]) -> str:
    number = ord(found.group())
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


class LineFormatter(logging.Formatter):
    """Django's `{` style formatter whose messages are one line, and whose traces are set in."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return one_line(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802 - the library's name
        return _set_in(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the library's name
        return _set_in(super().formatStack(stack_info))


def _set_in(trace: str) -> str:
    # splitlines knows every line end that a terminal does, and some more.
    return "\n".join(_CONTINUED + one_line(line) for line in trace.splitlines())
