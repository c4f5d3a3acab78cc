"""The approved texts of incidents: both languages say the same, and no more than is known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.arabic import isolate
from core.bilingual import LANGUAGES, Bilingual, Language
from core.markup import plain
from core.placeholders import UnknownPlaceholder, named
from incidents.parity import problems
from incidents.texts import (
    HOLDING,
    PLACEHOLDERS,
    TEMPLATES,
    TITLES,
    Template,
    approved,
    fill,
    restored,
    which,
)
from services.status.health import Health

EVERY = [*TEMPLATES.items(), *TITLES.items()]

HELD: dict[Language, dict[str, str]] = {
    "ar": {
        "service": "تجديد جواز السفر",
        "count": "خدمتين",
        "shared": "الهوية الرقمية الوطنية",
        "since": "الساعة 14:05 يوم الجمعة 27 نوفمبر 2026",
        "time": "الساعة 14:50 يوم الجمعة 27 نوفمبر 2026",
        "expected": "الساعة 15:30 يوم الجمعة 27 نوفمبر 2026",
        "next_update": "الساعة 15:05 يوم الجمعة 27 نوفمبر 2026",
        "duration": "45 دقيقةً",
        "zone": "توقيت البحرين",
    },
    "en": {
        "service": "Passport renewal",
        "count": "2 services",
        "shared": "National digital identity",
        "since": "14:05 on Friday 27 November 2026",
        "time": "14:50 on Friday 27 November 2026",
        "expected": "15:30 on Friday 27 November 2026",
        "next_update": "15:05 on Friday 27 November 2026",
        "duration": "45 minutes",
        "zone": "Bahrain Time",
    },
}


@pytest.mark.parametrize(("template", "text"), EVERY)
def test_every_text_may_be_published_as_it_stands(template: Template, text: Bilingual) -> None:
    assert problems(text, known=PLACEHOLDERS) == []


def test_every_template_has_a_text_and_each_first_notice_a_title() -> None:
    assert set(TEMPLATES) == set(Template)
    assert set(TITLES) == HOLDING | {Template.CLARIFICATION}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", sorted(HOLDING))
def test_a_first_notice_promises_the_next_one_and_says_since_when(
    template: Template, language: Language
) -> None:
    assert {"since", "next_update"} <= set(named(getattr(TEMPLATES[template], language)))


ENDED = {
    Template.RESTORED,
    Template.RESTORED_MANY,
    Template.RESTORED_SHARED,
    Template.RESOLVED_ITSELF,
}


@pytest.mark.parametrize("template", sorted(set(Template) - {Template.CLARIFICATION}))
def test_a_text_says_when_news_or_the_service_is_expected_or_how_long_it_lasted(
    template: Template,
) -> None:
    said = set(named(TEMPLATES[template].ar))
    if template in ENDED:
        assert {"time", "duration"} <= said
    else:
        assert len(said & {"next_update", "expected"}) == 1


TIMES = {"since", "time", "expected", "next_update"}


@pytest.mark.parametrize(("template", "text"), EVERY)
def test_a_text_with_a_time_says_its_zone_once(template: Template, text: Bilingual) -> None:
    for words in (text.ar, text.en):
        assert words.count("({zone})") == (1 if TIMES & set(named(words)) else 0)


@pytest.mark.parametrize(("template", "text"), EVERY)
def test_a_text_is_plain_words_with_whole_sentences(template: Template, text: Bilingual) -> None:
    for words in (text.ar, text.en):
        assert plain(words) == words
        assert re.search(r"  |\s[،؛.,]|\.\w|،\S", words) is None
        assert words.endswith(".") is (text in TEMPLATES.values())


# Who is affected -> which words are true of it.
CHOICES = [
    # services, is_shared, health, has_working_channel
    ((1, False, Health.MAJOR_OUTAGE, False), Template.HOLDING),
    ((1, False, Health.MAJOR_OUTAGE, True), Template.HOLDING),
    ((1, False, Health.PARTIAL_OUTAGE, True), Template.PARTIAL),
    # One channel is down and nothing is known of the others: no promise that they work.
    ((1, False, Health.PARTIAL_OUTAGE, False), Template.HOLDING),
    ((1, False, Health.DEGRADED, False), Template.SLOW),
    ((1, False, Health.DEGRADED, True), Template.SLOW),
    ((1, False, Health.UNKNOWN, True), Template.HOLDING),
    ((1, False, Health.MAINTENANCE, True), Template.HOLDING),
    ((2, False, Health.MAJOR_OUTAGE, False), Template.HOLDING_MANY),
    ((2, False, Health.PARTIAL_OUTAGE, True), Template.HOLDING_MANY),
    ((2, False, Health.DEGRADED, True), Template.SLOW_MANY),
    ((33, True, Health.MAJOR_OUTAGE, False), Template.HOLDING_SHARED),
    ((1, True, Health.DEGRADED, True), Template.HOLDING_SHARED),
    # Nothing depends on it, so it is a service like others.
    ((0, True, Health.MAJOR_OUTAGE, False), Template.HOLDING),
    ((0, True, Health.DEGRADED, False), Template.SLOW),
]


@pytest.mark.parametrize(("facts", "template"), CHOICES)
def test_the_first_notice_says_no_more_than_is_known(
    facts: tuple[int, bool, Health, bool], template: Template
) -> None:
    services, is_shared, health, has_working_channel = facts
    chosen = which(
        services=services,
        is_shared=is_shared,
        health=health,
        has_working_channel=has_working_channel,
    )
    assert chosen is template
    assert chosen in HOLDING


@pytest.mark.parametrize(
    ("services", "is_shared", "template"),
    [
        (1, False, Template.RESTORED),
        (2, False, Template.RESTORED_MANY),
        (1, True, Template.RESTORED_SHARED),
        (33, True, Template.RESTORED_SHARED),
        (0, True, Template.RESTORED),
    ],
)
def test_the_end_is_told_in_the_words_of_the_beginning(
    services: int, is_shared: bool, template: Template
) -> None:
    assert restored(services=services, is_shared=is_shared) is template


def test_a_first_notice_reads_as_people_say_it() -> None:
    said = fill(TEMPLATES[Template.HOLDING], HELD)
    assert said.en == (
        "There has been a problem with Passport renewal since 14:05 on Friday 27 November 2026."
        " You may not be able to use it. We know about it and are looking into it. Next update by"
        " 15:05 on Friday 27 November 2026 (Bahrain Time)."
    )
    assert said.ar == (
        "نعلم بوجود مشكلة في خدمة تجديد جواز السفر منذ الساعة 14:05 يوم الجمعة 27 نوفمبر 2026،"
        " وقد لا تتمكن من استخدامها. نتحقق من المشكلة الآن، والتحديث القادم قبل الساعة 15:05 يوم"
        " الجمعة 27 نوفمبر 2026 (توقيت البحرين)."
    )


def test_the_problem_of_a_shared_service_spares_people_a_report_for_each() -> None:
    said = fill(TEMPLATES[Template.HOLDING_SHARED], HELD)
    assert said.en == (
        "There has been a problem with National digital identity since 14:05 on Friday 27 November"
        " 2026, and it affects 2 services. You do not need to report each service. We know about"
        " it and are looking into it. Next update by 15:05 on Friday 27 November 2026 (Bahrain"
        " Time)."
    )
    assert said.ar == (
        "نعلم بوجود مشكلة في الهوية الرقمية الوطنية منذ الساعة 14:05 يوم الجمعة 27 نوفمبر 2026،"
        " وهي تؤثر في خدمتين. لا حاجة إلى تقديم بلاغ عن كل خدمة. نتحقق من المشكلة الآن، والتحديث"
        " القادم قبل الساعة 15:05 يوم الجمعة 27 نوفمبر 2026 (توقيت البحرين)."
    )


def test_the_return_of_a_service_says_how_long_it_was_away() -> None:
    said = fill(TEMPLATES[Template.RESTORED], HELD)
    assert said.en == (
        "Passport renewal has been working as usual again since 14:50 on Friday 27 November 2026"
        " (Bahrain Time). We apologise for the problem, which lasted 45 minutes."
    )
    assert said.ar == (
        "عادت خدمة تجديد جواز السفر إلى العمل كالمعتاد عند الساعة 14:50 يوم الجمعة 27 نوفمبر 2026"
        " (توقيت البحرين). نعتذر عن المشكلة التي استمرت 45 دقيقةً."
    )


def test_values_are_isolated_as_the_place_of_the_text_wants_it() -> None:
    said = fill(TITLES[Template.HOLDING], HELD, shown=isolate)
    assert said == Bilingual(
        ar="مشكلة في \u2068تجديد جواز السفر\u2069", en="Problem with \u2068Passport renewal\u2069"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_value_that_is_missing_in_one_language_refuses_the_text(language: Language) -> None:
    short = {**HELD, language: {**HELD[language]}}
    del short[language]["next_update"]
    with pytest.raises(UnknownPlaceholder) as refused:
        fill(TEMPLATES[Template.FIXING], short)
    assert refused.value.name == "next_update"


@pytest.mark.parametrize("template", list(Template))
def test_a_template_is_known_again_however_its_lines_were_broken(template: Template) -> None:
    text = TEMPLATES[template]
    assert approved(text) is template
    assert approved(Bilingual(text.ar.replace(" ", "\r\n") + "\n", f" {text.en}")) is template


@pytest.mark.parametrize(
    "changed",
    [
        Bilingual(TEMPLATES[Template.HOLDING].ar, TEMPLATES[Template.FIXING].en),
        Bilingual(TEMPLATES[Template.HOLDING].ar, TEMPLATES[Template.HOLDING].en + " Sorry."),
        Bilingual(TEMPLATES[Template.HOLDING].ar.replace("الآن", ""), ""),
        Bilingual(),
    ],
)
def test_what_was_changed_in_either_language_is_free_text(changed: Bilingual) -> None:
    assert approved(changed) is None


def test_the_paper_holds_every_text_as_it_is_said() -> None:
    paper = (Path(__file__).parents[2] / "docs" / "words.md").read_text(encoding="utf-8")
    for template, text in TEMPLATES.items():
        assert re.search(
            rf"^\| `{template}` \| .+ \| {re.escape(text.en)} \| {re.escape(text.ar)} \|$",
            paper,
            re.MULTILINE,
        )
    for template, title in TITLES.items():
        assert f"| `{template}` | {title.en} | {title.ar} |" in paper
    assert {name for name in PLACEHOLDERS if f"`{{{name}}}`" not in paper} == set()
