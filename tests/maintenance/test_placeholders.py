"""Texts hold placeholders, and no times that were typed by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bilingual import LANGUAGES
from maintenance.placeholders import (
    PLACEHOLDERS,
    REQUIRED,
    UnknownPlaceholder,
    fill,
    placeholders,
    typed_times,
)
from maintenance.texts import DEFAULT, default_text
from services.status.window import WindowEffect

VALUES = dict.fromkeys(PLACEHOLDERS, "x")


def test_placeholders_are_filled_and_everything_else_stays():
    text = "من {start} إلى {end}، 100% {service}"
    assert fill(text, {"start": "A", "end": "B", "service": "C"}) == "من A إلى B، 100% C"


def test_values_are_shown_as_the_caller_wants_and_never_read_again():
    assert fill("{service}!", {"service": "{end} & co"}, shown=lambda v: f"<{v}>") == (
        "<{end} & co>!"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{begin}", "begin"),
        ("{ start }", " start "),
        ("{}", ""),
        ("{start", "{"),
        ("start}", "}"),
        ("{{start}}", "{"),
        ("{start!r}", "start!r"),
        ("{start.__class__}", "start.__class__"),
    ],
)
def test_a_brace_that_is_no_placeholder_is_refused_with_what_stands_in_it(text, name):
    for reading in (lambda: fill(text, VALUES), lambda: placeholders(text)):
        with pytest.raises(UnknownPlaceholder) as refused:
            reading()
        assert refused.value.name == name


def test_a_placeholder_without_a_value_is_refused():
    with pytest.raises(UnknownPlaceholder) as refused:
        fill("{end}", {"start": "A"})
    assert refused.value.name == "end"


@given(st.text(max_size=60))
def test_every_text_is_filled_or_refused_and_never_breaks(text):
    try:
        held = placeholders(text)
    except UnknownPlaceholder:
        return
    assert set(held) <= set(PLACEHOLDERS)
    assert "{" not in fill(text, VALUES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 01:00 to 5:30", ["01:00", "5:30"]),
        ("من ٠١:٠٠ إلى ۵:۳۰", ["٠١:٠٠", "۵:۳۰"]),
        ("at 5 am, 11pm and 6 p.m.", ["5 am", "11pm", "6 p.m."]),
        ("at 5 o'clock", ["5 o'clock"]),
        ("الساعة 5 فجرًا", ["الساعة 5"]),
        ("حتى 5 صباحًا أو ٤ م", ["5 صباحًا", "٤ م"]),
        ("on 27/11/2026 and 2026-11-27", ["27/11/2026", "2026-11-27"]),
        ("on 27 November, Nov 28th", ["27 November", "Nov 28th"]),
        ("يوم ٢٧ نوفمبر أو 3 كانون الأول", ["٢٧ نوفمبر", "3 كانون"]),
        ("في 9 ذو الحجة", ["9 ذو الحجة"]),
        ("next Friday at midnight", ["Friday", "midnight"]),
        ("يوم الجمعة عند منتصف الليل", ["الجمعة", "منتصف الليل"]),
        ("tomorrow or tonight", ["tomorrow", "tonight"]),
        ("غدًا أو الليلة", ["غدًا", "الليلة"]),
    ],
)
def test_times_that_were_typed_are_found_in_digits_of_either_script(text, found):
    assert typed_times(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "{service} will be unavailable from {start} to {end} ({zone}), for {duration}.",
        "Call 80008001 or 199099, or visit one of 12 centres.",
        "اتصل على 80008001 أو زر أحد المراكز الـ 12 على مدار اليوم.",
        "Version 2.5 of form 3/4 may march on.",
        "بنسبة 50% من 5 مراكز",
        "خدمات 5 جهات متأثرة",
        "The 24/7 line stays open.",
    ],
)
def test_other_numbers_are_left_alone(text):
    assert typed_times(text) == []


def test_what_stands_on_both_sides_of_a_placeholder_does_not_grow_together():
    assert typed_times("5{zone}am") == []


@pytest.mark.parametrize("effect", list(WindowEffect))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ready_texts_keep_the_rules_that_they_are_made_for(effect, language):
    text = getattr(DEFAULT[effect], language)
    assert set(REQUIRED) <= set(placeholders(text))
    assert placeholders(text)[0] == "service"
    assert typed_times(text) == []
    assert getattr(default_text(effect.value), language) == text
