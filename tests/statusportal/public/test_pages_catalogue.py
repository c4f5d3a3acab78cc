"""The catalogue and the pages of one service and one agency.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

import pytest
from django.test import Client

from services.status.health import CheckHealth
from statusportal.public.store import store
from tests.statusportal.public.reading import get, links, parse, states, text_of
from tests.statusportal.public.snapshots import (
    ALL_WELL,
    BAD,
    PUBLIC_SLUGS,
    history,
    many,
    snapshot,
)

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
LANGUAGES = ["ar", "en"]


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_every_public_service_with_its_state(
    client: Client, language: str
) -> None:
    assert states(get(client, f"/{language}/services/")) == {
        "login": "outage",
        "passport": "outage",
        "visa": "degraded",
        "fines": "degraded",
        "court": "unmonitored",
    }


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("q=تَجديد جوازالسفر", ["passport"]),
        ("q=نفاذ", ["login"]),
        ("q=pasport", ["passport"]),
        ("agency=NDS", ["login"]),
        ("category=travel", ["passport", "visa"]),
        ("status=problem", ["login", "passport", "fines", "visa"]),
        ("status=major_outage", ["login", "passport"]),
        ("status=degraded", ["fines", "visa"]),
        ("status=not_monitored", ["court"]),
        ("status=operational", []),
        ("category=travel&status=degraded", ["visa"]),
        ("q=visa&agency=NDS", []),
    ],
)
def test_the_catalogue_is_searched_and_filtered(
    client: Client, query: str, slugs: list[str]
) -> None:
    assert sorted(states(get(client, f"/en/services/?{query}"))) == sorted(slugs)


@pytest.mark.usefixtures("well")
def test_the_catalogue_is_in_the_order_of_its_readers_alphabet(client: Client) -> None:
    assert list(states(get(client, "/en/services/"))) == [
        "court", "login", "passport", "fines", "visa",
    ]  # fmt: skip
    assert list(states(get(client, "/ar/services/"))) == [
        "visa", "passport", "court", "login", "fines",
    ]  # fmt: skip


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("agency=NOPE", "There is no such agency here"),
        ("agency=SEC", "There is no such agency here"),
        ("category=nope", "There is no such category"),
        ("status=on-fire", "There is no such state"),
        ("page=0", "There is no such page"),
        ("page=-1", "There is no such page"),
        ("page=x", "There is no such page"),
        ("page=²", "There is no such page"),
        ("page=9999999999999999999999", "There is no such page"),
        ("page=2", "There are not so many pages"),
        ("page=٢", "There are not so many pages"),
    ],
)
def test_what_the_catalogue_does_not_know_it_says(client: Client, query: str, said: str) -> None:
    response = get(client, f"/en/services/?{query}")

    assert response.status_code == 200
    assert said in text_of(response)
    assert set(states(response)) == PUBLIC_SLUGS


@pytest.mark.usefixtures("well")
def test_nothing_found_keeps_what_was_typed(client: Client) -> None:
    response = get(client, "/ar/services/?q=<b>لا شيء</b>&status=degraded")
    typed = next(e for e in parse(response).iter("input") if e.get("name") == "q")
    chosen = [e.get("value") for e in parse(response).iter("option") if e.get("selected") == ""]

    assert "لم يُعثر على أي خدمة" in text_of(response)
    assert typed.get("value") == "<b>لا شيء</b>"
    assert "degraded" in chosen


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    "typed", ["%00", "%E2%80%AEabc", "a" * 5000, "%ED%A0%80", "%0a%0d", "'\"<>"]
)
def test_whatever_is_typed_the_catalogue_answers(client: Client, typed: str) -> None:
    response = get(client, f"/ar/services/?q={typed}")

    assert response.status_code == 200
    parse(response)
    assert "\u202e" not in response.content.decode()


def test_a_long_catalogue_is_paged_by_fifty(client: Client) -> None:
    store.hold(snapshot(ALL_WELL, more=many(100)))
    first = get(client, "/en/services/?agency=MOI")
    last = get(client, "/en/services/?agency=MOI&page=3")

    assert "104 services found" in text_of(first)
    assert "Page 1 of 3" in text_of(first)
    assert len(states(first)) == 50
    assert "/en/services/?agency=MOI&page=2" in links(first)
    assert len(states(last)) == 4
    assert "/en/services/?agency=MOI&page=2" in links(last)
    assert "/en/services/?agency=MOI&page=4" not in links(last)


@pytest.mark.usefixtures("troubled")
def test_a_service_says_whether_why_and_what_to_do(client: Client) -> None:
    response = get(client, "/en/services/passport/")
    page = text_of(response)

    assert (
        "You cannot use this service now. It has been out since 11:30 on Sunday 22 November 2026."
        in page
    )
    assert "Affected by a problem with National login." in page
    assert "/en/services/login/" in links(response)
    assert "What to do meanwhile Go to the nearest service centre." in page
    assert "We last checked it at 13:00 on Sunday 22 November 2026." in page
    assert "tel:80007777" in links(response)
    assert "https://services.gov.example/passport" in links(response)


@pytest.mark.usefixtures("troubled")
def test_the_origin_says_its_reason_in_plain_words(client: Client) -> None:
    assert "It answers with an error." in text_of(get(client, "/en/services/login/"))
    assert "ترد الخدمة برسالة خطأ." in text_of(get(client, "/ar/services/login/"))


@pytest.mark.usefixtures("troubled")
def test_a_cause_that_is_not_public_has_no_name(client: Client) -> None:
    assert "Affected by a problem with a shared government platform." in text_of(
        get(client, "/en/services/visa/")
    )
    assert "متأثرة بسبب مشكلة في منصة حكومية مشتركة." in text_of(get(client, "/ar/services/visa/"))


@pytest.mark.usefixtures("well")
def test_a_working_service_folds_its_advice(client: Client) -> None:
    response = get(client, "/ar/services/passport/")
    page = text_of(response)
    folds = [" ".join("".join(e.itertext()).split()) for e in parse(response).iter("details")]

    assert "يمكنك استخدام هذه الخدمة الآن، وهي تعمل دون انقطاع منذ" in page
    assert "ما العمل إذا توقفت الخدمة؟ راجع أقرب مركز خدمة." in folds


@pytest.mark.usefixtures("well")
def test_a_service_without_checks_is_never_called_operational(client: Client) -> None:
    response = get(client, "/en/services/court/")

    assert "We do not monitor this service." in text_of(response)
    assert "Not monitored" in text_of(response)
    assert "Operational" not in text_of(response)
    assert "Court &lt;hearing&gt; &amp; more" in response.content.decode()


def test_a_service_that_nobody_could_see_says_so(client: Client) -> None:
    store.hold(snapshot({"fines": (CheckHealth.UNKNOWN, BAD[1])}))

    assert "We cannot say whether you can use this service now." in text_of(
        get(client, "/en/services/fines/")
    )


def test_ninety_days_are_told_with_their_definition(client: Client) -> None:
    store.hold(snapshot(ALL_WELL), history(is_demo=True))
    english = text_of(get(client, "/en/services/passport/"))
    arabic = text_of(get(client, "/ar/services/passport/"))

    assert "Availability Demo data Available 99.93% of the time in the last 90 days." in english
    assert "Availability is the share of the time" in english
    assert "Sunday 22 November 2026 Out for 1 hour and 30 minutes." in english
    assert (
        "Friday 20 November 2026 Slow or partly out for 10 minutes."
        " Planned maintenance for 1 hour. No information for 1 hour." in english
    )
    assert english.index("Sunday 22 November 2026 Out") < english.index("Friday 20 November 2026")
    assert "Saturday 21 November 2026" not in english
    assert "كانت متاحة 99.93% من الوقت خلال آخر 90 يومًا." in arabic
    assert "توقفت لمدة ساعة واحدة و30 دقيقةً." in arabic


@pytest.mark.usefixtures("troubled")
def test_an_agency_shows_its_own_services_troubled_first(client: Client) -> None:
    response = get(client, "/en/agencies/MOI/")

    assert "3 services have problems" in text_of(response)
    assert list(states(response)) == ["passport", "visa", "fines", "court"]
    assert "tel:+97317000001" in links(response)
