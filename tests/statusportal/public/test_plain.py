"""The words of pages without their markup: harmless, and otherwise as they were."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from django.utils import translation
from django.utils.html import format_html
from hypothesis import given
from hypothesis import strategies as st

from core.bilingual import Bilingual
from statusportal.public import plain, words


def test_a_name_stands_on_one_line_in_the_language_that_is_active() -> None:
    name = Bilingual("  جواز\n\u202eالسفر ", "Passport\x00\trenewal\u2067")

    with translation.override("en"):
        assert plain.name(name) == "Passport renewal"
        assert plain.name(Bilingual("جواز السفر")) == "جواز السفر"
    with translation.override("ar"):
        assert plain.name(name) == "جواز السفر"


@pytest.mark.parametrize(
    ("name", "sentence", "label"),
    [
        ("Passports", "Work on \u2068Passports\u2069 & more.", "Work on Passports & more."),
        # It cannot end its own isolation, nor turn what follows.
        (
            "Pass\u2069\u202eports",
            "Work on \u2068Passports\u2069 & more.",
            "Work on Passports & more.",
        ),
        ("<i>&lt;", "Work on \u2068<i>&lt;\u2069 & more.", "Work on <i>&lt; & more."),
    ],
)
def test_a_name_in_a_sentence_stays_in_its_isolation(name: str, sentence: str, label: str) -> None:
    with translation.override("en"):
        said = format_html("Work on {} &amp; more.", words.name(Bilingual("", name)))

    assert plain.sentence(said) == plain.title(said) == sentence
    assert plain.label(said) == label


def test_a_name_that_stands_alone_needs_no_isolation() -> None:
    assert plain.title(format_html("<bdi>{}</bdi>", "Passports")) == "Passports"
    two = format_html("<bdi>{}</bdi>, <bdi>{}</bdi>", "Passports", "Visas")
    assert plain.title(two) == "\u2068Passports\u2069, \u2068Visas\u2069"


def test_the_lines_of_a_text_stay() -> None:
    typed = Bilingual("", " one\r\n\r\ntwo\u2028three\u202e\x07 ")

    assert plain.text(typed) == "one\n\ntwo\nthree"
    assert plain.text(Bilingual()) == ""


@given(st.text())
def test_whatever_is_typed_can_be_read_by_parsers_of_xml(text: str) -> None:
    printable = plain.printable(text)
    element = ElementTree.Element("title")
    element.text = printable

    parsed = ElementTree.fromstring(ElementTree.tostring(element))
    assert (parsed.text or "") == printable
    assert plain.printable(printable) == printable


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co", "Cf", "Zl", "Zp"])))
def test_nothing_is_taken_out_of_what_can_be_read(text: str) -> None:
    assert plain.printable(text) == text
