"""The sentences, whole, in both languages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import translation

from core.bilingual import Bilingual, Language
from maintenance.recurrence import InvalidRule, RuleFault
from maintenance.texts import default_text
from maintenance.windows import Busy, Fault, FaultCode, Period, PeriodKind, Policy, Relation
from maintenance.wording import fault_sentence, length, public_text, rule_sentence
from tests.maintenance.rows import ENDS, STARTS, ZONE

NAME = Bilingual("تجديد جواز السفر", "Passport renewal")
HOUR = timedelta(hours=1)


def plain(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "ar",
            (
                "خدمة تجديد جواز السفر لن تكون متاحة من الساعة 00:30 يوم الجمعة 27 نوفمبر 2026"
                " إلى الساعة 04:30 يوم الجمعة 27 نوفمبر 2026 (توقيت البحرين)."
            ),
        ),
        (
            "en",
            (
                "Passport renewal will be unavailable from 00:30 on Friday 27 November 2026"
                " to 04:30 on Friday 27 November 2026 (Bahrain Time)."
            ),
        ),
    ],
)
def test_an_announcement_reads_as_people_say_it(language, expected):
    said = public_text(
        default_text("stopped"), services=[NAME], starts_at=STARTS, ends_at=ENDS, language=language
    )
    assert plain(said) == expected
    # The name keeps its own direction in either language.
    assert f"\u2068{NAME.in_language(language)}\u2069" in said


def test_a_text_never_says_its_times_in_the_language_of_whoever_looks():
    with translation.override("ar"):
        said = public_text(
            Bilingual("{duration}", "{duration}"),
            services=[NAME, NAME],
            starts_at=STARTS,
            ends_at=ENDS,
            language="en",
        )
    assert plain(said) == "4 hours"


def test_several_services_are_listed_with_the_comma_of_the_language():
    commas: dict[Language, str] = {"ar": "، ", "en": ", "}
    for language, comma in commas.items():
        said = public_text(
            Bilingual("{service}", "{service}"),
            services=[NAME, NAME],
            starts_at=STARTS,
            ends_at=ENDS,
            language=language,
        )
        assert plain(said) == comma.join([NAME.in_language(language)] * 2)


@pytest.mark.parametrize(
    ("duration", "en", "ar"),
    [
        (timedelta(0), "0 minutes", "0 دقيقة"),
        (timedelta(seconds=1), "1 minute", "دقيقة واحدة"),
        (timedelta(minutes=90), "1 hour and 30 minutes", "ساعة واحدة و30 دقيقةً"),
        (timedelta(hours=2), "2 hours", "ساعتين"),
        (timedelta(hours=72), "72 hours", "72 ساعةً"),
    ],
)
def test_lengths_are_said_in_hours_and_minutes(duration, en, ar):
    with translation.override("en"):
        assert length(duration) == en
    with translation.override("ar"):
        assert length(duration) == ar


PERIOD = Period(
    PeriodKind.FREEZE,
    date(2026, 11, 27),
    date(2026, 11, 28),
    Bilingual("نتائج الثانوية العامة", "Secondary-school results"),
)
SENTENCES = [
    (Fault(FaultCode.ENDS_BEFORE_START), "The end must lie after the start."),
    (Fault(FaultCode.ENDS_IN_PAST), "The end has passed already. Choose a later one."),
    (
        Fault(FaultCode.STARTS_IN_PAST),
        "The start has passed already. Choose a later one, or ask for emergency work.",
    ),
    (
        Fault(FaultCode.SHORT_LEAD, allowed=72 * HOUR, by=52 * HOUR),
        "It has to be announced at least 72 hours before it starts: that was 52 hours ago.",
    ),
    (
        Fault(FaultCode.OUTSIDE_LOW_USE),
        (
            "It lies outside the hours of low use: from 23:00 to 05:00 in the nights before and of"
            " weekend days and holidays."
        ),
    ),
    (
        Fault(FaultCode.FREEZE, period=PERIOD),
        "It falls into a time without planned work: Secondary-school results.",
    ),
    (
        Fault(FaultCode.TOO_LONG, allowed=24 * HOUR, by=HOUR),
        "It lasts longer than 24 hours. Divide the work.",
    ),
    *(
        (
            Fault(FaultCode.CLASH, busy=Busy("MW-7K3P92", STARTS, ENDS, relation, NAME)),
            (
                f"It overlaps with MW-7K3P92, on {which}: Passport renewal, from 00:30 on Friday"
                " 27 November 2026 to 04:30 on Friday 27 November 2026."
            ),
        )
        for relation, which in (
            (Relation.SAME, "the same service"),
            (Relation.UPSTREAM, "a service that is needed here"),
            (Relation.DEPENDANT, "a service that depends on this one"),
        )
    ),
]


@pytest.mark.parametrize(("fault", "sentence"), SENTENCES, ids=range(len(SENTENCES)))
def test_each_fault_has_a_sentence_that_says_what_would_be_right(fault, sentence):
    with translation.override("en"):
        assert plain(fault_sentence(fault, Policy(ZONE))) == sentence
    with translation.override("ar"):
        arabic = fault_sentence(fault, Policy(ZONE))
    assert arabic != sentence
    assert "{" not in arabic


def test_no_fault_is_left_without_a_sentence():
    assert {fault.code for fault, _sentence in SENTENCES} == set(FaultCode)


@pytest.mark.parametrize("fault", list(RuleFault))
def test_each_fault_of_a_rule_has_a_sentence_in_both_languages(fault):
    said = set()
    for language in ("en", "ar"):
        with translation.override(language):
            sentence = rule_sentence(InvalidRule(fault, "60"))
        assert "{" not in sentence
        said.add(sentence)
    assert len(said) == 2
