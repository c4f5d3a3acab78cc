"""Arabic as people type it, and as it must be shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.arabic import ascii_digits, fold, in_digits, isolate, skeletons, sort_key, stem


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("إصدار", "اصدار"),
        ("أسرة", "اسره"),
        ("آخر", "اخر"),
        ("ٱلهوية", "الهويه"),
        ("مستشفى", "مستشفي"),
        ("رؤية", "رويه"),
        ("مسائل", "مسايل"),
        ("سماء", "سما"),
        ("تَجْدِيدٌ", "تجديد"),
        ("تجــديد", "تجديد"),
        ("کتاب فارسی", "كتاب فارسي"),
        ("مادة ١٢ و۳", "ماده 12 و3"),
        ("  Café–NAÏVE ", "cafe naive"),
        ("ﻻ", "لا"),
        ("جواز\u200fالسفر", "جوازالسفر"),
        ("«نفاذ»، <b>", "نفاذ b"),
        ("", ""),
    ],
)
def test_it_folds_spellings_that_readers_do_not_tell_apart(typed: str, meant: str) -> None:
    assert fold(typed) == meant


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("السفر", "سفر"),
        ("والسفر", "سفر"),
        ("بالسفر", "سفر"),
        ("للسفر", "سفر"),
        ("الم", "الم"),
        ("الطب", "طب"),
        ("والده", "والده"),
        ("سفر", "سفر"),
        ("passport", "passport"),
    ],
)
def test_it_takes_off_the_article_where_a_word_remains(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="ابتثجحخدذرزسشصضطظعغفقكلمنهويأإآةىئؤ"))
def test_composed_and_decomposed_spellings_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


def test_the_alphabet_ignores_the_article_and_the_hamza() -> None:
    names = ["الطب", "إصدار", "بدل", "أسرة", "التعليم"]

    assert sorted(names, key=sort_key) == ["أسرة", "إصدار", "بدل", "التعليم", "الطب"]


def test_digits_go_both_ways() -> None:
    assert ascii_digits("٠١٢٣٤٥٦٧٨٩ ۰۱۲۳۴۵۶۷۸۹ 7") == "0123456789 0123456789 7"
    assert in_digits("12,345.60%", "arab") == "١٢٬٣٤٥٫٦٠٪"
    assert in_digits("12,345.60%", "latn") == "12,345.60%"


def test_an_isolated_text_cannot_turn_what_stands_around_it() -> None:
    assert isolate("\u202eabc\u202c\u2067") == "\u2068abc\u2069"


@pytest.mark.parametrize(
    ("arabic", "latin", "alike"),
    [
        ("جواز", "jawaz", True),
        ("جواز", "jawaaz", True),
        ("رخصة", "rukhsa", True),
        ("رخصة", "rokhsah", True),
        ("هوية", "hawiyya", True),
        ("إقامة", "igama", True),
        ("تجديد", "tajdeed", True),
        ("السفر", "alsafar", True),
        ("نفاذ", "nafath", True),
        ("حجز", "7ajz", True),
        ("تعديل", "ta3deel", True),
        ("باسبورت", "passport", True),
        ("فيزا", "visa", True),
        ("إجازة", "jawaz", False),
        ("سفر", "jawaz", False),
        ("مرور", "amr", False),
    ],
)
def test_words_that_sound_alike_in_both_scripts_share_a_skeleton(
    arabic: str, latin: str, alike: bool
) -> None:
    assert bool(skeletons(stem(fold(arabic))) & skeletons(fold(latin))) is alike


@pytest.mark.parametrize("word", ["", "123", "a", "او", "日本"])
def test_of_too_little_there_is_no_skeleton(word: str) -> None:
    assert skeletons(word) == frozenset()


@given(st.text(max_size=80))
def test_a_word_has_few_skeletons(word: str) -> None:
    for folded in fold(word).split():
        assert len(skeletons(folded)) <= 200
