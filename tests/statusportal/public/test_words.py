"""Dates, durations and counts in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.bilingual import Bilingual
from services.status.headline import Headline, HeadlineKind
from statusportal.public import words
from statusportal.public.shape import DayFact


@pytest.fixture(autouse=True)
def _in_bahrain(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Bahrain"
    settings.DIGITS = "latn"


def bare(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


MIDNIGHT = datetime(2025, 12, 4, 21, 0, 59, tzinfo=UTC)


def test_a_moment_has_weekday_gulf_month_and_year_and_never_says_midnight() -> None:
    with translation.override("ar"):
        assert words.moment(MIDNIGHT) == (
            '<time datetime="2025-12-05T00:00+03:00">الساعة 00:00 يوم الجمعة 5 ديسمبر 2025</time>'
        )
    with translation.override("en"):
        assert bare(words.moment(MIDNIGHT)) == "00:00 on Friday 5 December 2025"


@pytest.mark.parametrize(
    ("zone", "arabic", "english"),
    [
        ("Asia/Bahrain", "(بتوقيت البحرين)", "(Bahrain Time)"),
        ("Asia/Dubai", "(بتوقيت الإمارات العربية المتحدة)", "(United Arab Emirates Time)"),
        ("UTC", "(بالتوقيت العالمي المنسّق)", "(UTC)"),
    ],
)
def test_the_zone_is_named(settings: Any, zone: str, arabic: str, english: str) -> None:
    settings.TIME_ZONE = zone
    with translation.override("ar"):
        assert bare(words.as_of(MIDNIGHT)).endswith(arabic)
    with translation.override("en"):
        assert bare(words.as_of(MIDNIGHT)).endswith(english)


def test_the_deployment_chooses_its_digits_and_english_has_its_own(settings: Any) -> None:
    settings.DIGITS = "arab"
    with translation.override("ar"):
        assert "الساعة ٠٠:٠٠ يوم الجمعة ٥ ديسمبر ٢٠٢٥" in words.moment(MIDNIGHT)
        assert bare(words.day(date(2025, 12, 5))) == "الجمعة ٥ ديسمبر ٢٠٢٥"
        assert words.number(12_345) == "١٢٬٣٤٥"
        assert bare(words.per_cent(9987)) == "٩٩٫٨٧٪"
        assert words.services_counted(11) == "١١ خدمةً"
    with translation.override("en"):
        assert "00:00 on Friday 5 December 2025" in words.moment(MIDNIGHT)
        assert words.number(12_345) == "12,345"


@pytest.mark.parametrize(
    ("seconds", "english", "arabic"),
    [
        (0, "less than a minute", "أقل من دقيقة"),
        (59, "less than a minute", "أقل من دقيقة"),
        (60, "1 minute", "دقيقة واحدة"),
        (120, "2 minutes", "دقيقتين"),
        (3 * 60, "3 minutes", "3 دقائق"),
        (11 * 60, "11 minutes", "11 دقيقةً"),
        (3600, "1 hour", "ساعة واحدة"),
        (3600 + 300, "1 hour and 5 minutes", "ساعة واحدة و5 دقائق"),
        (7200 + 120, "2 hours and 2 minutes", "ساعتين ودقيقتين"),
        (86_400, "1 day", "يوم واحد"),
        (86_400 + 59 * 60, "1 day", "يوم واحد"),
        (3 * 86_400 + 7200, "3 days and 2 hours", "3 أيام وساعتين"),
    ],
)
def test_durations(seconds: int, english: str, arabic: str) -> None:
    with translation.override("en"):
        assert words.duration(seconds) == english
    with translation.override("ar"):
        assert words.duration(seconds) == arabic


@pytest.mark.parametrize(
    ("n", "arabic"),
    [
        (0, "لا توجد خدمات متأثرة"),
        (1, "خدمة واحدة متأثرة"),
        (2, "خدمتان متأثرتان"),
        (3, "3 خدمات متأثرة"),
        (10, "10 خدمات متأثرة"),
        (11, "11 خدمةً متأثرة"),
        (99, "99 خدمةً متأثرة"),
        (100, "100 خدمة متأثرة"),
        (102, "102 خدمة متأثرة"),
        (103, "103 خدمات متأثرة"),
    ],
)
def test_arabic_counts_in_six_forms(n: int, arabic: str) -> None:
    with translation.override("ar"):
        assert words.services_affected(n) == arabic


@pytest.mark.parametrize(
    ("said", "english"),
    [
        (Headline(HeadlineKind.NONE, total=5, operational=5), "All services are working."),
        (
            Headline(HeadlineKind.NONE, total=50, operational=49, unknown=1),
            "No problem is known.",
        ),
        (
            Headline(HeadlineKind.MAJOR, total=50, major_outage=3, degraded=1),
            "Major outage: four services have problems.",
        ),
        (
            Headline(HeadlineKind.PARTIAL, total=50, major_outage=1, degraded=1),
            "An important service is out; two services have problems.",
        ),
        (
            Headline(HeadlineKind.PROBLEMS, also_blind=True, total=9, degraded=1, unknown=3),
            "One service has problems. There is no recent information about three services.",
        ),
        (
            Headline(HeadlineKind.BLIND, total=9, unknown=9),
            "There is no recent information about nine services.",
        ),
        (
            Headline(HeadlineKind.PROBLEMS, total=900, degraded=11),
            "11 services have problems.",
        ),
        (Headline(HeadlineKind.BLIND), "We cannot check the services at the moment."),
        (
            Headline(HeadlineKind.MAINTENANCE, total=9, maintenance=2),
            "Planned maintenance is under way on two services.",
        ),
    ],
)
def test_the_headline_is_a_whole_sentence(said: Headline, english: str) -> None:
    with translation.override("en"):
        assert words.headline(said) == english
    with translation.override("ar"):
        assert words.headline(said).endswith(".")
        assert not re.search(r"[A-Za-z{}]", words.headline(said))


@pytest.mark.parametrize(
    ("n", "arabic"),
    [
        (1, "خدمة واحدة بها مشكلة."),
        (2, "خدمتان بهما مشكلات."),
        (3, "ثلاث خدمات بها مشكلات."),
        (8, "ثماني خدمات بها مشكلات."),
        (10, "عشر خدمات بها مشكلات."),
        (11, "11 خدمةً بها مشكلات."),
        (100, "100 خدمة بها مشكلات."),
    ],
)
def test_the_headline_counts_in_words_as_far_as_one_would_say_them(n: int, arabic: str) -> None:
    with translation.override("ar"):
        assert words.headline(Headline(HeadlineKind.PROBLEMS, total=999, degraded=n)) == arabic


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("جوازالسفر", "<bdi>تَجديد <mark>جَواز</mark> <mark>السفر</mark> &lt;b&gt;</bdi>"),
        ("jawaz", "<bdi>تَجديد <mark>جَواز</mark> السفر &lt;b&gt;</bdi>"),
        ("<b>", "<bdi>تَجديد جَواز السفر &lt;<mark>b</mark>&gt;</bdi>"),
        ("visa", "<bdi>تَجديد جَواز السفر &lt;b&gt;</bdi>"),
    ],
)
def test_what_was_searched_is_marked_in_the_name_as_it_is_written(query: str, marked: str) -> None:
    with translation.override("ar"):
        assert words.marked(Bilingual("تَجديد جَواز السفر <b>", ""), query) == marked
    with translation.override("en"):
        assert words.marked(Bilingual("تَجديد جَواز السفر <b>", ""), query) == marked.replace(
            "<bdi>", '<bdi lang="ar" dir="rtl">'
        )


@pytest.mark.parametrize(
    ("hundredths", "shown"), [(10_000, "100%"), (9999, "99.99%"), (9000, "90.00%"), (5, "0.05%")]
)
def test_a_share_never_promises_more_than_it_knows(hundredths: int, shown: str) -> None:
    with translation.override("en"):
        assert words.per_cent(hundredths) == f'<bdi dir="ltr">{shown}</bdi>'


def test_a_day_of_missing_information_alone_is_no_trouble() -> None:
    with translation.override("en"):
        assert words.trouble(DayFact(date(2026, 1, 1), 0, 0, 0, 0, 0, 86_400)) == []
        assert words.trouble(DayFact(date(2026, 1, 1), 0, 60, 120, 0, 180, 0)) == [
            "Out for 2 minutes.",
            "Out after the announced end of maintenance for 3 minutes.",
            "Slow or partly out for 1 minute.",
        ]


def test_a_name_that_exists_in_one_language_only_says_in_which() -> None:
    with translation.override("ar"):
        assert words.name(Bilingual("", "VAT <x>")) == (
            '<bdi lang="en" dir="ltr">VAT &lt;x&gt;</bdi>'
        )
        assert words.name(Bilingual("أ", "B")) == "<bdi>أ</bdi>"


@pytest.mark.parametrize("language", ["ar", "en"])
@given(st.integers(0, 400 * 86_400), st.integers(0, 20_000))
def test_no_number_leaves_a_hole_in_a_sentence(language: str, seconds: int, n: int) -> None:
    counted: list[Callable[[int], str]] = [
        words.services_counted,
        words.services_affected,
        words.services_found,
        words.services_unknown,
        words.more_services,
    ]
    with translation.override(language):
        for sentence in (words.duration(seconds), *(count(n) for count in counted)):
            assert sentence
            assert "{" not in sentence
