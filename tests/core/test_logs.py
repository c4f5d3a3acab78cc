"""A line of the log is one line, whatever people and servers put into it."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.logs import LineFormatter, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Not Found: /ar/", "Not Found: /ar/"),
        ("الخدمة متوقفة", "الخدمة متوقفة"),
        ("tab\tstays", "tab\tstays"),
        ("a\nb", "a\\x0ab"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("nul\x00", "nul\\x00"),
        ("del\x7f next line\x85", "del\\x7f next line\\x85"),
        ("\u2028 \u2029", "\\u2028 \\u2029"),
        ("lone \ud800", "lone \\ud800"),
        ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
    ],
)
def test_it_escapes_what_would_end_the_line_or_move_the_cursor(text: str, line: str) -> None:
    assert one_line(text) == line


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_whatever_is_logged_is_one_line_of_plain_text(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    line.encode()
    assert one_line(line) == line


def test_a_name_with_a_line_end_forges_no_record() -> None:
    record = logging.LogRecord(
        "portal", logging.WARNING, "here.py", 1, "Nobody named %s",
        ("x\n2026-01-01 00:00:00,000 INFO portal: all is well",), None,
    )  # fmt: skip
    said = LineFormatter("{levelname} {name}: {message}", style="{").format(record)
    assert said.count("\n") == 0
    assert said.startswith("WARNING portal: Nobody named x\\x0a2026-01-01")


def test_an_error_with_a_line_end_forges_none_either() -> None:
    try:
        raise ValueError("x\nINFO portal: all is well\r\x1b[1A")
    except ValueError as error:
        record = logging.LogRecord(
            "portal", logging.ERROR, "here.py", 1, "It failed", (),
            (ValueError, error, error.__traceback__),
        )  # fmt: skip
    said = LineFormatter("{levelname} {name}: {message}", style="{").format(record)
    first, *trace = said.split("\n")
    assert first == "ERROR portal: It failed"
    assert len(trace) > 2
    assert [line for line in trace if not line.startswith("    | ")] == []
    assert "\r" not in said
    assert "\x1b" not in said
