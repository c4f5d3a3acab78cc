"""The pages of one service and of one agency.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from core.bilingual import Bilingual
from services.status.health import CheckHealth
from statusportal.public import chain, reader
from statusportal.public.shape import (
    ChannelFact,
    CheckFact,
    DayFact,
    EdgeFact,
    History,
    Measure,
    ServiceFact,
    ServiceHistory,
)
from statusportal.public.store import store
from tests.statusportal.public.reading import get, links, parse, states, text_of
from tests.statusportal.public.snapshots import (
    ALL_WELL,
    BAD,
    FRESH_FOR,
    NOW,
    history,
    snapshot,
)

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


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
    assert "All figures are rounded down." in english
    assert "Sunday 22 November 2026 Out for 1 hour and 30 minutes." in english
    assert (
        "Friday 20 November 2026 Slow or partly out for 10 minutes."
        " Planned maintenance for 1 hour. No information for 1 hour." in english
    )
    assert english.index("Sunday 22 November 2026 Out") < english.index("Friday 20 November 2026 S")
    assert "كانت متاحة 99.93% من الوقت خلال آخر 90 يومًا." in arabic
    assert "توقفت لمدة ساعة واحدة و30 دقيقةً." in arabic


def test_each_of_ninety_days_is_a_bar_with_words_and_a_row_of_the_table(client: Client) -> None:
    store.hold(snapshot(ALL_WELL), history())
    document = parse(get(client, "/en/services/passport/"))
    bars = [a for a in document.iter("a") if (a.get("class") or "").startswith("bar ")]
    words = [" ".join("".join(bar.itertext()).split()) for bar in bars]
    rows = {row.get("id") for row in document.iter("tr")}

    assert len(bars) == 90
    assert words[0] == "Tuesday 25 August 2026: No trouble."
    assert words[-1] == "Sunday 22 November 2026: Out for 1 hour and 30 minutes."
    assert bars[-1].get("class") == "bar bar--down bar--q2"
    assert bars[-3].get("class") == "bar bar--degraded bar--q1"
    assert {(bar.get("href") or "")[1:] for bar in bars} <= rows
    # One stop for the keyboard, on today.
    assert [bar.get("tabindex") for bar in bars] == ["-1"] * 89 + ["0"]


def test_how_the_time_was_spent_adds_up(client: Client) -> None:
    store.hold(snapshot(ALL_WELL), history())
    page = text_of(get(client, "/en/services/passport/"))

    assert (
        "How the time was spent Working for 89 days and 20 hours Out for 1 hour and 30 minutes"
        " Slow or partly out for 10 minutes Planned maintenance for 1 hour"
        " No information for 1 hour" in page
    )
    assert "No trouble on 88 days Out on 1 day Slow or partly out on 1 day" in page


def test_a_service_of_which_nothing_is_known_has_no_figure(client: Client) -> None:
    day = DayFact(date(2026, 11, 22), 0, 0, 0, 0, 0, 40_000)
    store.hold(snapshot(ALL_WELL), History((ServiceHistory("id-passport", (day,)),)))
    page = text_of(get(client, "/en/services/passport/"))

    assert "There is no data yet." in page
    assert "Sunday 22 November 2026: No information about this day." in page
    assert "There was no day with trouble." not in page


@pytest.mark.usefixtures("troubled")
def test_an_agency_shows_its_own_services_troubled_first(client: Client) -> None:
    response = get(client, "/en/agencies/MOI/")

    assert "3 services have problems" in text_of(response)
    assert list(states(response)) == ["passport", "visa", "fines", "court"]
    assert "tel:+97317000001" in links(response)


@pytest.mark.usefixtures("troubled")
def test_an_agency_counts_its_services_by_state(client: Client) -> None:
    page = text_of(get(client, "/en/agencies/MOI/"))

    assert "Outage 1 service" in page
    assert "Degraded 2 services" in page
    assert "Not monitored 1 service" in page
    assert page.index("Outage 1 service") < page.index("Degraded 2") < page.index("Not monitored 1")


@pytest.mark.usefixtures("troubled")
def test_while_it_is_down_the_page_says_whom_to_call(client: Client) -> None:
    page = text_of(get(client, "/en/services/passport/"))

    assert page.index("Ask by phone: 8000 7777") < page.index("Ways to use it")


@pytest.mark.usefixtures("well")
def test_while_it_works_nobody_is_sent_to_the_phone(client: Client) -> None:
    assert "Ask by phone" not in text_of(get(client, "/en/services/passport/"))


@pytest.mark.usefixtures("troubled")
def test_a_shared_service_that_is_down_lists_what_it_takes_with_it(client: Client) -> None:
    response = get(client, "/en/services/login/")

    assert "1 service is affected Passport renewal Outage" in text_of(response)
    assert "/en/services/passport/" in links(response)


@pytest.mark.usefixtures("troubled")
def test_what_an_upstream_did_has_no_time_of_our_own_checks(client: Client) -> None:
    """Our checks of the passport's web site have found it well for all that time."""
    document = parse(get(client, "/en/services/passport/"))
    row = next(e for e in document.iter("li") if e.get("class") == "row")

    assert "Since" not in "".join(row.itertext())


def _two_ways(web: CheckHealth, app: CheckHealth) -> ServiceFact:
    reason = BAD[1]
    return ServiceFact(
        id="id-two",
        slug="two",
        name=Bilingual("خدمة بقناتين", "Service with two ways"),
        agency="MOI",
        tier=3,
        visibility="public",
        channels=tuple(
            ChannelFact(90 + at, kind, checks=(CheckFact(90 + at, True, FRESH_FOR, (measure,)),))
            for at, kind, measure in (
                (0, "web", Measure("main", web, NOW - timedelta(hours=1), reason)),
                (1, "app", Measure("main", app, NOW - timedelta(hours=1), reason)),
            )
        ),
    )


def test_when_a_part_is_down_the_page_says_what_still_works(client: Client) -> None:
    built = snapshot(ALL_WELL, more=(_two_ways(CheckHealth.BAD, CheckHealth.OK),))
    built.observed.update({90: (NOW,), 91: (NOW,)})
    store.hold(built)

    assert "Still working: Mobile app." in text_of(get(client, "/en/services/two/"))
    assert "ما زالت تعمل: تطبيق الهاتف." in text_of(get(client, "/ar/services/two/"))


def test_the_way_of_a_problem_is_told_from_the_nearest_on(client: Client) -> None:
    built = snapshot({"login": BAD})
    said = reader.read(built, NOW)
    edges = (
        EdgeFact("id-login", "id-passport", "hard"),
        EdgeFact("id-passport", "id-visa", "hard"),
    )

    way = chain.between(said, edges, said.services["visa"], "login")

    assert [service.slug for service in way] == ["passport"]
    assert chain.between(said, edges, said.services["passport"], "login") == ()
    assert chain.between(said, edges, said.services["visa"], None) == ()
    assert chain.between(said, edges, said.services["fines"], "login") == ()


def test_a_circle_of_needs_ends_the_search_for_the_way() -> None:
    said = reader.read(snapshot({"login": BAD}), NOW)
    edges = (
        EdgeFact("id-passport", "id-passport", "hard"),
        EdgeFact("id-passport", "id-login", "hard"),
        EdgeFact("id-login", "id-passport", "hard"),
    )

    assert chain.between(said, edges, said.services["passport"], "login") == ()
    assert chain.between(said, edges, said.services["passport"], "visa") == ()


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize(
    ("on", "arabic", "english"),
    [
        (True, "12 جمادى الآخرة 1448هـ", "12 Jumada al-Akhirah 1448 AH"),
        (False, None, None),
    ],
)
def test_the_second_date_stands_beside_as_of_where_it_is_wanted(
    client: Client,
    settings: pytest.FixtureRequest,
    on: bool,
    arabic: str | None,
    english: str | None,
) -> None:
    settings.HIJRI = on  # type: ignore[attr-defined]
    pages = text_of(get(client, "/ar/")), text_of(get(client, "/en/"))

    assert ("هـ" in pages[0]) is on
    assert (" AH" in pages[1]) is on
    if arabic and english:
        assert arabic in pages[0]
        assert english in pages[1]
