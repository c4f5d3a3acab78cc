"""What staff see of the public banner before they submit, in both languages side by side."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from accounts.models import Agency, Role, User
from services.models import Service
from tests.admin_pages import browser, elements, text
from tests.factories import make_agency, make_channel, make_service, make_user
from tests.maintenance.asking import NOW, act, make_window

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday_at_three():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ours() -> Agency:
    return make_agency(code="OURS", name_en="Our ministry")


@pytest.fixture
def renewal(ours: Agency) -> Service:
    service = make_service(
        slug="renewal", name_en="ID renewal", name_ar="تجديد الهوية", agency=ours
    )
    make_channel(service=service, kind="web")
    make_channel(service=service, kind="app")
    return service


@pytest.fixture
def person(ours: Agency) -> User:
    return make_user(Role.AGENCY_STAFF, ours)


def halves(person: User, window: Any, language: str = "en") -> list[list[str]]:
    """The paragraphs of each half, Arabic first, without its heading."""
    shown = browser(person, language).get(act(window, "submit"))
    found = elements(shown, "section", **{"class": "window-preview__half"})
    assert [half.get("dir") for half in found] == ["rtl", "ltr"]
    return [
        [text(each) for each in half.iter("{http://www.w3.org/1999/xhtml}p")][1:] for half in found
    ]


@pytest.mark.parametrize("language", ["ar", "en"])
def test_each_half_is_in_its_own_language_whoever_looks(
    person: User, renewal: Service, language: str
) -> None:
    window = make_window(
        renewal,
        by=person,
        text_ar="خدمة {service} متوقفة من {start} إلى {end}.",
        text_en="{service} stops from {start} to {end} ({zone}, {duration}).",
        meanwhile_ar="استخدم التطبيق.",
        meanwhile_en="Use the app.",
        deadlines="extended",
        deadlines_until=date(2026, 12, 3),
        payments="safe",
    )
    assert halves(person, window, language) == [
        [
            (
                "خدمة تجديد الهوية متوقفة من الساعة 02:30 يوم الجمعة 27 نوفمبر 2026 إلى"
                " الساعة 04:30 يوم الجمعة 27 نوفمبر 2026."
            ),
            "استخدم التطبيق.",
            "تُمدّد المواعيد النهائية التي تقع في هذه المدة إلى الخميس 3 ديسمبر 2026.",
            "المدفوعات الجارية محفوظة",
        ],
        [
            (
                "ID renewal stops from 02:30 on Friday 27 November 2026 to 04:30 on Friday 27"
                " November 2026 (Bahrain Time, 2 hours)."
            ),
            "Use the app.",
            "Deadlines that fall into this time are extended to Thursday 3 December 2026.",
            "Payments under way are safe",
        ],
    ]


def test_channels_are_named_as_citizens_read_them(person: User, renewal: Service) -> None:
    window = make_window(renewal, by=person)
    window.services.get().channels.add(renewal.channels.get(kind="app"))
    _arabic, english = halves(person, window)
    assert english[0].startswith("ID renewal (Mobile app) stops from 02:30 on Friday")


def test_what_is_not_public_is_not_named_to_those_who_preview_either(
    person: User, renewal: Service, ours: Agency
) -> None:
    secret = make_service(name_en="Secret gateway", agency=ours, visibility="hidden")
    window = make_window(renewal, secret, by=person, meanwhile_en="Use the Secret gateway.")
    _arabic, english = halves(person, window)
    # In our own words: the text of the agency might name it.
    assert english == [
        (
            "ID renewal will be unavailable from 02:30 on Friday 27 November 2026 to 04:30 on"
            " Friday 27 November 2026 (Bahrain Time)."
        )
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"text_en": " "},
            "There is no text yet in this language. Both are needed before it can be announced.",
        ),
        (
            {"text_en": "{service} stops at {noon}."},
            "“noon” is no place that can be filled in.",
        ),
    ],
)
def test_what_is_missing_is_said_in_the_language_of_whoever_looks(
    person: User, renewal: Service, fields: dict[str, Any], said: str
) -> None:
    arabic, english = halves(person, make_window(renewal, by=person, **fields))
    assert english == [said]
    assert len(arabic) == 1


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_takes_the_same_queries_for_one_service_and_for_three(
    person: User, renewal: Service, ours: Agency, number: int, django_assert_num_queries: Any
) -> None:
    services = [make_service(agency=ours) for _number in range(number)]
    for service in services:
        make_channel(service=service)
    window = make_window(*services, by=person)
    client = browser(person)
    address = act(window, "submit")
    client.get(address)
    with django_assert_num_queries(14):
        client.get(address)


def test_a_window_that_has_begun_meanwhile_is_still_previewed(
    person: User, renewal: Service
) -> None:
    window = make_window(
        renewal,
        by=person,
        kind="emergency",
        starts_at=datetime(2026, 11, 23, 11, 0, tzinfo=UTC),
        ends_at=datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
    )
    _arabic, english = halves(person, window)
    assert english[0].startswith("ID renewal stops from 14:00 on Monday 23 November 2026")
