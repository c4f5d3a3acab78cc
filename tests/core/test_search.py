"""Search: any spelling, the best first."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.search import Document, Index, differ_by_one, matches

DOCUMENTS = (
    Document("pass", ("تجديد جواز السفر", "Passport renewal"), ("الجواز",), ("وزارة الداخلية",)),
    Document("idn", ("الدخول الوطني الموحّد", "National login"), ("نفاذ", "Nafath")),
    Document("lic", ("تجديد رخصة القيادة", "Driving licence renewal"), ("الليسن",)),
    Document("visa", ("تأشيرة زيارة", "Visit visa"), (), (), ("لحاملي جواز السفر", "A passport.")),
    Document("equiv", ("معادلة الشهادات", "Certificate equivalency"), ("passport of learning",)),
)
INDEX = Index(DOCUMENTS)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # As written.
        ("تجديد جواز السفر", ("pass",)),
        ("Passport renewal", ("pass",)),
        # Spelling, tashkeel, article, order, beginnings of words.
        ("تَجديد جواز", ("pass",)),
        ("الرخصه", ("lic",)),
        ("السفر الجواز تجديد", ("pass",)),
        ("passport renew", ("pass",)),
        ("LICEN", ("lic",)),
        # A missing space, and one too many.
        ("تجديد جوازالسفر", ("pass",)),
        ("pass port renewal", ("pass",)),
        # A letter of grammar, words of politeness.
        ("لتجديد رخصة القيادة", ("lic",)),
        ("خدمة تجديد رخصة", ("lic",)),
        # Aliases in both scripts.
        ("نفاذ", ("idn",)),
        ("nafath", ("idn",)),
        # One letter wrong, missing, too many, swapped.
        ("lisence", ("lic",)),
        ("licnce", ("lic",)),
        ("رخصصة", ("lic",)),
        ("nafaht", ("idn",)),
        # In the letters of the other language, in the ways in which people spell it.
        ("jawaz", ("pass",)),
        ("jawaz al safar", ("pass",)),
        ("tajdeed jawaz alsafar", ("pass",)),
        ("rukhsah", ("lic",)),
        ("tasheera", ("visa",)),
        ("باسبورت", ("pass", "equiv")),
        ("لوجن", ("idn",)),
        # The agency's name and the service's.
        ("جواز الداخلية", ("pass",)),
        # Name before alias before description.
        ("passport", ("pass", "equiv", "visa")),
        ("pasport", ("pass", "equiv", "visa")),
        # The whole alias before a part of a name.
        ("الجواز", ("pass", "visa")),
        # Nothing at all.
        ("", ()),
        ("؟!", ()),
        ("qqqq", ()),
        ("12", ()),
    ],
)
def test_it_finds_the_right_service_first(query: str, found: tuple[str, ...]) -> None:
    hits = INDEX.search(query)

    assert hits.keys == found
    assert hits.complete


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        ("تجديد جَواز السفر", "جواز", ["جَواز"]),
        ("تجديد جَواز السفر", "جوازالسفر", ["جَواز", "السفر"]),
        ("تجديد جَواز السفر", "jawaz", ["جَواز"]),
        ("تجديد جَواز السفر", "بالجواز", ["جَواز"]),
        ("Passport renewal", "pass port", ["Passport"]),
        ("Passport renewal", "pasport rene", ["Passport", "renewal"]),
        ("Passport renewal", "renewal of the passport", ["Passport", "renewal"]),
        ("Café service", "cafe", ["Café"]),
        ("Passport renewal", "visa", []),
        ("Passport renewal", "", []),
        ("", "visa", []),
    ],
)
def test_it_finds_the_words_again_as_they_are_written(
    text: str, query: str, words: list[str]
) -> None:
    assert [text[start:end] for start, end in matches(text, query)] == words


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_it_marks_are_parts_of_the_text_in_order(text: str, query: str) -> None:
    ends = [0]
    for start, end in matches(text, query):
        assert ends[-1] <= start < end <= len(text)
        ends.append(end)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.key)
def test_what_its_own_name_finds_is_marked_in_it(document: Document) -> None:
    for name in document.names:
        assert INDEX.search(name).keys[0] == document.key
        assert matches(name, name)


def test_it_says_when_no_service_has_all_the_words() -> None:
    hits = INDEX.search("تجديد رخصة سلاح")

    assert hits.keys == ("lic",)
    assert not hits.complete


def test_it_does_not_guess_from_one_word_in_three() -> None:
    assert INDEX.search("تجديد صداقة قديمة").keys == ()


def test_a_spelling_as_typed_leaves_no_room_for_guesses() -> None:
    index = Index([Document("a", ("تجديد",)), Document("b", ("تحديد",))])

    assert index.search("تجديد").keys == ("a",)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("abcd", "abcd", True),
        ("abcd", "abxd", True),
        ("abcd", "abd", True),
        ("abd", "abcd", True),
        ("abcd", "acbd", True),
        ("abcd", "abcde", True),
        ("abcd", "axyd", False),
        ("abcd", "dbca", False),
        ("abcd", "ab", False),
        ("", "a", True),
    ],
)
def test_one_letter_of_difference(one: str, other: str, alike: bool) -> None:
    assert differ_by_one(one, other) is alike


@given(st.text(max_size=300))
def test_whatever_is_typed_it_answers_with_keys_it_knows_once_each(query: str) -> None:
    keys = INDEX.search(query).keys

    assert len(keys) == len(set(keys))
    assert set(keys) <= {document.key for document in DOCUMENTS}


@given(st.sampled_from(DOCUMENTS), st.data())
def test_a_name_with_one_letter_lost_is_still_found(
    document: Document, data: st.DataObject
) -> None:
    word = data.draw(st.sampled_from([w for w in document.names[1].split() if len(w) > 4]))
    at = data.draw(st.integers(0, len(word) - 1))

    assert document.key in INDEX.search(word[:at] + word[at + 1 :]).keys


def test_ten_thousand_services_are_searched_quickly() -> None:
    firsts = ["تجديد", "إصدار", "استعلام", "تسجيل", "renewal", "issue", "enquiry", "permit"]
    index = Index(
        Document(
            f"s{n}", (f"{firsts[n % 8]} خدمة{n} رقم{n % 700}", f"Numbered {firsts[-n % 8]} {n}")
        )
        for n in range(10_000)
    )
    queries = ["تجديد", "تجديدخدمة77", "numberd renewl", "رقم5", "zzzz", "renewal 4001"]

    def took(query: str) -> float:
        started = perf_counter()
        index.search(query)
        return perf_counter() - started

    # The best of three: what else the machine does is not measured. The bound is far above the
    # 10 ms that are wanted, so that it fails for a search that walks through everything only.
    assert max(min(took(query) for _ in range(3)) for query in queries) < 0.1
