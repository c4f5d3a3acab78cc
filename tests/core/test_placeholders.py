"""Placeholders of any app: each brings the names that it knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.placeholders import (
    UnknownPlaceholder,
    blanked,
    fill,
    named,
    placeholders,
    typed_times,
    unknown,
)

KNOWN = ("service", "next_update")


def test_what_is_known_is_for_the_caller_to_say():
    assert placeholders("{service} {next_update} {service}", KNOWN) == [
        "service",
        "next_update",
        "service",
    ]
    with pytest.raises(UnknownPlaceholder) as refused:
        placeholders("{service}", ("start", "end"))
    assert refused.value.name == "service"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("{service} and {next_update}", []),
        ("{sevice} until {end}", ["sevice", "end"]),
        ("{service", ["{"]),
        ("{{service}}", ["{", "}"]),
        ("{a} and } and {b}", ["}", "a", "b"]),
        ("{}", [""]),
        (r"{next\_update}", [r"next\_update"]),
    ],
)
def test_every_brace_that_is_no_placeholder_is_named_at_once(text, found):
    assert unknown(text, KNOWN) == found


def test_names_are_read_without_being_judged():
    assert named("{service} {begin} {") == ["service", "begin"]


@given(st.text("{}ab ", max_size=30), st.text("{}x", max_size=5))
def test_filling_refuses_exactly_what_is_unknown(text, value):
    values = {"a": value, "b": ""}
    if unknown(text, values):
        with pytest.raises(UnknownPlaceholder):
            fill(text, values)
    else:
        assert fill(text, values) == text.replace("{b}", "").replace("{a}", value)


def test_blanks_are_as_long_as_what_stood_there():
    assert blanked("5{zone}am") == "5\0\0\0\0\0\0am"


def test_a_time_is_found_as_it_was_typed_beside_a_placeholder():
    assert typed_times("{service}: ٥:٣٠ يوم الجمعة") == ["٥:٣٠", "الجمعة"]
