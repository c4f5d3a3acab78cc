"""Readers of one language learn what readers of the other one learn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bilingual import Bilingual
from incidents.parity import BLOCKING, TextFault, TextProblem, problems

KNOWN = ("service", "since", "next_update")
AR, EN = "الخدمة متوقفة", "The service is down"


def found(ar: str, en: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (problem.language, problem.code.value, problem.found)
        for problem in problems(Bilingual(ar, en), known=KNOWN)
    ]


@pytest.mark.parametrize(
    ("ar", "en"),
    [
        (AR, EN),
        ("{service} متوقفة منذ {since}", "Since {since}, {service} has been down"),
        # Said twice in one language, once in the other.
        ("{service} متوقفة، و{service} مهمة", "{service} is down, and it matters"),
        ("**{service}**\n\n- {since}", "*{service}* {since}"),
        ("{service}", "{service}"),
    ],
)
def test_two_texts_that_say_the_same_have_no_problem(ar: str, en: str) -> None:
    assert found(ar, en) == []


@pytest.mark.parametrize(
    ("ar", "en", "wrong"),
    [
        ("", EN, [("ar", "empty", ())]),
        (AR, "", [("en", "empty", ())]),
        ("", "", [("ar", "empty", ()), ("en", "empty", ())]),
        (AR, " \n\t", [("en", "empty", ())]),
        # A sign in a field that must be filled, an invisible one, markup around nothing.
        (AR, "-", [("en", "empty", ())]),
        (AR, "…", [("en", "empty", ())]),
        (AR, "\u200f\u2068", [("en", "empty", ())]),
        (AR, "****\n\n> ", [("en", "empty", ())]),
        # Nothing is compared with what is not there.
        ("{service} 5 [x](https://a.example)", "", [("en", "empty", ())]),
    ],
)
def test_a_language_without_words_is_empty(
    ar: str, en: str, wrong: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert [one for one in found(ar, en) if one[1] != "wrong_script"] == wrong


@pytest.mark.parametrize(
    ("ar", "en", "wrong"),
    [
        (AR, EN + " {end} {end} {}", [("en", "unknown_placeholder", ("end", ""))]),
        (AR + " {", EN, [("ar", "unknown_placeholder", ("{",))]),
        (
            AR + " {خدمة}",
            EN + " {Service}",
            [("ar", "unknown_placeholder", ("خدمة",)), ("en", "unknown_placeholder", ("Service",))],
        ),
        (AR + " {since}", EN, [("ar", "placeholders_differ", ("since",))]),
        (
            AR + " {since}",
            EN + " {service} {next_update}",
            [
                ("ar", "placeholders_differ", ("since",)),
                ("en", "placeholders_differ", ("service", "next_update")),
            ],
        ),
    ],
)
def test_placeholders_are_known_and_stand_in_both(
    ar: str, en: str, wrong: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert found(ar, en) == wrong


@pytest.mark.parametrize(
    ("ar", "en"),
    [
        ("نعمل على 12 خدمة", "We work on 12 services"),
        ("نعمل على ١٢ خدمة", "We work on 12 services"),
        ("نعمل على ۱۲ خدمة", "We work on 12 services"),
        ("وصل ١٬٢٠٠ بلاغ", "1,200 reports came"),
        ("وصل 1200 بلاغ", "1,200 reports came"),
        ("وصل ١٬٢٠٠٬٠٠٠ بلاغ", "1,200,000 reports came"),
        ("بنسبة ٢٫٥٪", "by 2.5%"),
        ("من 5 جهات إلى 7", "7 agencies, up from 5"),
        ("اتصل على 80008001", "Call 80008001"),
        ("[80008001](tel:80008001)", "[80008001](tel:80008001)"),
        # Placeholders are no numbers, and the addresses are compared as addresses.
        ("{since} [هنا](https://a.example/ar/1)", "{since} [here](https://a.example/en/1)"),
        # One and two of a thing are words in Arabic.
        ("خلال يومين", "Within 2 days"),
        ("خدمة واحدة وقناتان", "1 service and 2 channels"),
        ("1. ادخل\n2. ادفع\n3. اطبع", "1. enter\n2. pay\n3. print"),
    ],
)
def test_numbers_that_are_the_same_in_other_digits_do_not_differ(ar: str, en: str) -> None:
    assert found(ar, en) == []


@pytest.mark.parametrize(
    ("ar", "en", "in_ar", "in_en"),
    [
        ("خلال 3 ساعات", "Within 5 hours", ("3",), ("5",)),
        ("خلال ٣ ساعات", "Within a few hours", ("3",), ()),
        ("خلال أيام", "Within 3 days", (), ("3",)),
        ("3 خدمات في 3 جهات", "3 services of some agencies", ("3",), ()),
        ("2.5", "25 a", ("2.5",), ("25",)),
        ("رقم 007", "No. 7", ("007",), ("7",)),
        # Two in words is tolerated only where Arabic has no number of its own.
        ("خلال 3 أيام", "Within 2 days", ("3",), ("2",)),
        ("خلال 2 يوم", "Within some days", ("2",), ()),
    ],
)
def test_numbers_that_stand_in_one_language_only_are_named(
    ar: str, en: str, in_ar: tuple[str, ...], in_en: tuple[str, ...]
) -> None:
    wrong = [("ar", "numbers_differ", in_ar)] if in_ar else []
    wrong += [("en", "numbers_differ", in_en)] if in_en else []
    assert [one for one in found(ar, en) if one[1] == "numbers_differ"] == wrong


def test_times_differ_only_when_they_are_other_times() -> None:
    assert [one[1] for one in found("حتى 05:00", "until 5:00")] == ["typed_time", "typed_time"]
    assert found("حتى 05:30", "until 5:00") == [
        ("ar", "typed_time", ("05:30",)),
        ("en", "typed_time", ("5:00",)),
        ("ar", "numbers_differ", ("5:30",)),
        ("en", "numbers_differ", ("5:00",)),
    ]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("Back on Friday at 5:00, on Friday", ("Friday", "5:00")),
        ("Back at {since}", ()),
        ("See https://a.example/2026/11/27/5:00", ()),
        ("See [here](https://a.example/2026/11/27)", ()),
    ],
)
def test_times_typed_by_hand_are_named_once(text: str, times: tuple[str, ...]) -> None:
    typed = [one[2] for one in found(AR, text) if one[1] == "typed_time"]
    assert typed == ([times] if times else [])


@pytest.mark.parametrize(
    ("ar", "en", "wrong"),
    [
        (
            "[هنا](https://a.example)",
            "here",
            [("ar", "links_differ", ("https://a.example",))],
        ),
        (
            "[هنا](https://a.example/x)",
            "[here](https://a.example/y)",
            [
                ("ar", "links_differ", ("https://a.example/x",)),
                ("en", "links_differ", ("https://a.example/y",)),
            ],
        ),
        (
            "هنا: https://a.example/x.",
            "here <https://b.example>",
            [
                ("ar", "links_differ", ("https://a.example/x",)),
                ("en", "links_differ", ("https://b.example",)),
            ],
        ),
        ("[اتصل](tel:8000)", "call", [("ar", "links_differ", ("tel:8000",))]),
        # The same page in two languages, a link and the same address as words.
        ("[هنا](https://a.example/ar/x?lang=ar)", "[here](https://a.example/en/x?lang=en)", []),
        ("(https://a.example/ar)،", "[here](https://a.example/en)", []),
    ],
)
def test_links_lead_to_the_same_page(
    ar: str, en: str, wrong: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert found(ar, en) == wrong


@pytest.mark.parametrize(
    ("ar", "en", "wrong"),
    [
        (EN, AR, ["ar", "en"]),
        (EN, EN, ["ar"]),
        (AR, AR, ["en"]),
        ("استخدم تطبيق MyGov أو Nafath", "Use the app «نفاذ» or MyGov", []),
        # Words of the other script may stand in a text; they may not be most of it.
        ("خدمة Passport renewal", "Passport renewal", ["ar"]),
        ("راسلنا: help.desk@portal.gov.example", "Write to help.desk@portal.gov.example", []),
        ("ادخل: https://portal.gov.example/x", "Go: https://portal.gov.example/x", []),
        ("{service}: 5", "{service}: 5", []),
    ],
)
def test_a_text_is_written_in_the_letters_of_its_field(ar: str, en: str, wrong: list[str]) -> None:
    assert [one[0] for one in found(ar, en) if one[1] == "wrong_script"] == wrong


def test_a_text_that_is_too_long_says_how_long_it_is() -> None:
    assert found("ن" * 5000, "a" * 5000) == []
    assert found("ن" * 5001, "a") == [("ar", "too_long", ("5001",))]
    assert [
        (problem.language, problem.found)
        for problem in problems(Bilingual("عنوان", "a title"), known=KNOWN, longest=5)
    ] == [("en", ("7",))]


def test_what_blocks_stands_before_what_a_person_may_confirm() -> None:
    wrong = problems(Bilingual("hello 5 {since}", "ok {end}"), known=KNOWN)
    assert [(problem.code, problem.blocks) for problem in wrong] == [
        (TextFault.UNKNOWN_PLACEHOLDER, True),
        (TextFault.PLACEHOLDERS_DIFFER, True),
        (TextFault.WRONG_SCRIPT, False),
        (TextFault.NUMBERS_DIFFER, False),
    ]


@pytest.mark.parametrize(
    ("code", "blocks"),
    [
        (TextFault.EMPTY, True),
        (TextFault.TOO_LONG, True),
        (TextFault.UNKNOWN_PLACEHOLDER, True),
        (TextFault.PLACEHOLDERS_DIFFER, True),
        (TextFault.NUMBERS_DIFFER, False),
        (TextFault.LINKS_DIFFER, False),
        (TextFault.TYPED_TIME, False),
        (TextFault.WRONG_SCRIPT, False),
    ],
)
def test_only_what_cannot_be_published_blocks(code: TextFault, blocks: bool) -> None:
    assert TextProblem("ar", code).blocks is blocks
    assert (code in BLOCKING) is blocks


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_typed_gets_an_answer_for_each_field(ar: str, en: str) -> None:
    swapped = {"ar": "en", "en": "ar"}
    one = problems(Bilingual(ar, en), known=KNOWN)
    other = problems(Bilingual(en, ar), known=KNOWN)
    blocking = {(problem.language, problem.code) for problem in one if problem.blocks}
    assert blocking == {
        (swapped[problem.language], problem.code) for problem in other if problem.blocks
    }


@given(st.text(max_size=60))
def test_a_text_never_differs_from_itself(text: str) -> None:
    codes = {problem.code for problem in problems(Bilingual(text, text), known=KNOWN)}
    differing = {
        TextFault.PLACEHOLDERS_DIFFER,
        TextFault.NUMBERS_DIFFER,
        TextFault.LINKS_DIFFER,
    }
    assert codes & differing == set()
