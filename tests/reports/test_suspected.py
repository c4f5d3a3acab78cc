"""A suspicion as a system writes it: what is one, and how each fault is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.bilingual import Bilingual
from reports import suspected
from reports.suspected import Told, Unsound, read

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "service": "visa",
    "since": "2026-11-22T11:55:00+03:00",
    "text": {"ar": "الدفع متوقف.", "en": "Payments fail."},
    "contact": "Duty engineer, 1700 0000",
}


def wrong(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    with override("en"):
        with pytest.raises(Unsound) as unsound:
            read(document, now=NOW)
        return [(one.field, str(one.detail), str(one.mend)) for one in unsound.value.problems]


def test_a_whole_one_is_read() -> None:
    assert read(SOUND, now=NOW) == Told(
        slug="visa",
        began_at=NOW - timedelta(minutes=5),
        text=Bilingual("الدفع متوقف.", "Payments fail."),
        contact="Duty engineer, 1700 0000",
    )


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_one_language_is_enough(lang: str) -> None:
    told = read(SOUND | {"text": {lang: " Down. "}}, now=NOW)
    assert getattr(told.text, lang) == "Down."


def test_what_could_deceive_a_reader_is_taken_out() -> None:
    told = read(SOUND | {"text": {"en": "a\u202eb\0c"}, "contact": "Ali\n\u2066 17\0 "}, now=NOW)
    assert (told.text.en, told.contact) == ("abc", "Ali 17")


NO_INSTANT = (
    "since",
    "It is no instant with its offset from UTC.",
    "Write it like 2026-11-22T09:30:00+03:00 (RFC 3339).",
)


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (
            {"service": ""},
            [
                (
                    "service",
                    "It is missing or empty.",
                    "Write the slug of the service, as GET /api/v1/services/ names it.",
                )
            ],
        ),
        ({"service": "x" * 81}, [("service", "It is longer than 80 characters.", "Shorten it.")]),
        (
            {"contact": " \u200f "},
            [
                (
                    "contact",
                    "It is missing or empty.",
                    "Write the name and the number of somebody who can be asked.",
                )
            ],
        ),
        ({"contact": "x" * 201}, [("contact", "It is longer than 200 characters.", "Shorten it.")]),
        ({"since": None}, [NO_INSTANT]),
        ({"since": 1_795_338_000}, [NO_INSTANT]),
        ({"since": "yesterday"}, [NO_INSTANT]),
        ({"since": "2026-11-22"}, [NO_INSTANT]),
        ({"since": "2026-13-41T00:00:00Z"}, [NO_INSTANT]),
        # Nobody could tell which nine o'clock is meant.
        ({"since": "2026-11-22T09:00:00"}, [NO_INSTANT]),
        ({"since": "0001-01-01T00:00:00+14:00"}, [NO_INSTANT]),
        (
            {"since": "2026-11-22T09:05:01Z"},
            [("since", "It lies in the future.", "Look at the clock and offset.")],
        ),
        (
            {"since": "2026-10-23T08:59:59Z"},
            [("since", "It lies more than 30 days back.", "Call the operators instead.")],
        ),
        (
            {"text": "Payments fail."},
            [
                (
                    "text",
                    "It is no object with texts by language.",
                    'Write {"ar": "…", "en": "…"}; one of the two is enough.',
                )
            ],
        ),
        (
            {"text": {"fr": "Panne."}},
            [
                (
                    "text",
                    "It is no object with texts by language.",
                    'Write {"ar": "…", "en": "…"}; one of the two is enough.',
                )
            ],
        ),
        (
            {"text": {"ar": " ", "en": ""}},
            [("text", "It says nothing.", "Say in Arabic or in English what does not work.")],
        ),
        (
            {"text": {"ar": 7, "en": "x" * 2001}},
            [
                ("text.ar", "It is no text.", "Write a text, or leave it out."),
                ("text.en", "It is longer than 2000 characters.", "Shorten it."),
            ],
        ),
        (
            {"publish": True},
            [("publish", "There is no such field here.", "Leave it out.")],
        ),
    ],
)
def test_each_fault_names_its_field_and_how_to_mend_it(
    change: dict[str, Any], problems: list[tuple[str, str, str]]
) -> None:
    assert wrong(SOUND | change) == problems


def test_every_fault_is_named_at_once() -> None:
    assert [field for field, _detail, _mend in wrong({"sevice": "visa"})] == [
        "sevice",
        "service",
        "contact",
        "since",
        "text",
    ]


@pytest.mark.parametrize(
    ("since", "began_at"),
    [
        ("2026-10-23T09:00:00Z", NOW - timedelta(days=30)),
        ("2026-11-22T09:00:00Z", NOW),
        # A clock that is a little fast did not see the future.
        ("2026-11-22T09:05:00Z", NOW),
    ],
)
def test_the_ends_of_what_can_be_told(since: str, began_at: datetime) -> None:
    assert read(SOUND | {"since": since}, now=NOW).began_at == began_at


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@hypothesis_settings(max_examples=40)
@given(st.dictionaries(st.sampled_from([*SOUND, "other"]), _JSON))
def test_any_json_is_a_suspicion_or_has_its_faults_named(change: dict[str, Any]) -> None:
    faulty: set[str] = set()
    try:
        told = read(SOUND | change, now=NOW)
    except Unsound as unsound:
        faulty = {problem.field.partition(".")[0] for problem in unsound.problems}
    else:
        assert told.slug
        assert told.text
        assert told.contact
        assert told.began_at <= NOW
    assert faulty <= change.keys()


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ("8e03978e", "8e03978e"),
        ("x" * 128, "x" * 128),
        ("", None),
        ('""', None),
        ("x" * 129, None),
        ("two words", None),
        ("مفتاح", None),
        ("a\x00b", None),
    ],
)
def test_what_a_key_can_be(header: str, key: str | None) -> None:
    assert suspected.key_of(header) == key


def test_the_order_of_fields_makes_no_other_document() -> None:
    turned = dict(reversed(list(SOUND.items())))
    assert suspected.fingerprint(turned) == suspected.fingerprint(SOUND)
    assert suspected.fingerprint(SOUND | {"contact": "x"}) != suspected.fingerprint(SOUND)
