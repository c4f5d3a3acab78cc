"""The pages of incidents, from a snapshot held in memory and the clock alone.

These tests have no `django_db` mark on purpose: the first query of a page would fail them.
"""

from __future__ import annotations

import gzip
from datetime import timedelta

import msgspec
import pytest
import time_machine
from django.test import Client

from core.bilingual import Bilingual
from statusportal.public.shape import EntryFact, version_of
from statusportal.public.store import store
from tests.statusportal.public.incidents import (
    ALL,
    CLARIFICATION,
    HOUR,
    LOGIN,
    MINUTE,
    OVERDUE,
    incident,
    over,
    update,
    with_incidents,
)
from tests.statusportal.public.reading import dead_links, get, links, parse, rows, section, text_of
from tests.statusportal.public.snapshots import BAD, NOW, UNSPOKEN, nation_behind_login

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
LANGUAGES = ["ar", "en"]
# What came of links that were followed, all upon one snapshot at one instant.
ANSWERED: dict[str, int] = {}
PAGES = [
    "incidents/",
    "incidents/?month=2026-10",
    "incidents/?agency=MOI&kind=incident",
    *(f"incidents/{fact.ref}/" for fact in ALL),
]
OTHERS = ["", "services/fines/", "services/passport/", "services/visa/", "agencies/MOI/"]


# --- every page ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
def test_every_page_is_whole(client: Client, language: str, path: str) -> None:
    response = get(client, f"/{language}/{path}")
    document = parse(response)

    assert response.status_code == 200
    assert len(list(document.iter("h1"))) == 1
    assert not [e for e in document.iter() if e.get("style") or e.tag == "style"]
    ids = [e.get("id") for e in document.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert response["Cache-Control"] == (
        "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    )


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", [*OTHERS, *PAGES])
def test_every_link_leads_somewhere(client: Client, language: str, path: str) -> None:
    assert dead_links(client, f"/{language}/{path}", ANSWERED) == []


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", [*OTHERS, *PAGES])
def test_nothing_that_is_not_public_is_named(client: Client, language: str, path: str) -> None:
    page = get(client, f"/{language}/{path}").content.decode()

    for unspoken in UNSPOKEN:
        assert unspoken not in page


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("path", [*OTHERS, *PAGES])
def test_both_languages_are_the_same_page(client: Client, path: str) -> None:
    arabic, english = get(client, f"/ar/{path}"), get(client, f"/en/{path}")

    ours = sorted(link for link in links(english) if link.startswith("/en/"))
    theirs = sorted(link for link in links(arabic) if link.startswith("/ar/"))
    assert [link.replace("/ar/", "/en/", 1) for link in theirs] == ours
    assert [e.get("id") for e in parse(arabic).iter() if e.get("id")] == [
        e.get("id") for e in parse(english).iter() if e.get("id")
    ]
    assert [e.get("data-key") for e in parse(arabic).iter("li")] == [
        e.get("data-key") for e in parse(english).iter("li")
    ]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("path", PAGES)
def test_a_page_gives_only_what_may_change_to_those_who_have_the_rest(
    client: Client, path: str
) -> None:
    renewed = get(client, f"/en/{path}", headers={"HX-Request": "true"}).content.decode()

    assert renewed.lstrip().startswith('<div id="banners" data-region>')
    assert '<main id="main"' in renewed
    assert "<head>" not in renewed


# --- one incident -------------------------------------------------------------------------------


@pytest.mark.usefixtures("told")
def test_the_page_of_an_incident_says_all_that_one_needs(client: Client) -> None:
    page = text_of(get(client, "/en/incidents/IN-LGN222/"))

    for sentence in (
        "Problem with National login",
        "This problem is being fixed.",
        "Newest update: 12:30 on Sunday 22 November 2026",
        "It should work again by 15:00 on Sunday 22 November 2026 (in 2 hours).",
        "Next update by 13:25 on Sunday 22 November 2026 (in 25 minutes).",
        "What to do meanwhile Use the identity app to log in.Or go to the nearest service centre.",
        "What still works Login by the app still works.",
        "You do not need to report each service.",
        "Since 11:30 on Sunday 22 November 2026 1 hour and 30 minutes ago",
        "The deadline is extended to Tuesday 1 December 2026; no late fine applies because of this",
        "If you were charged but got no receipt, do not pay again: your payment will be settled",
        "National Digital Services Authority",
        "Reference IN-LGN222",
        "1 service that needs it is affected too",
    ):
        assert sentence in page, sentence


@pytest.mark.usefixtures("told")
def test_the_page_of_an_incident_says_it_in_arabic(client: Client) -> None:
    page = text_of(get(client, "/ar/incidents/IN-LGN222/"))

    for sentence in (
        "مشكلة في الدخول الوطني الموحّد",
        "يجري الآن إصلاح هذه المشكلة.",
        "يُتوقع أن يعود العمل قبل الساعة 15:00 يوم الأحد 22 نوفمبر 2026 (بعد ساعتين).",
        "التحديث القادم قبل الساعة 13:25 يوم الأحد 22 نوفمبر 2026 (بعد 25 دقيقةً).",
        "مُدّد الموعد النهائي إلى الثلاثاء 1 ديسمبر 2026، ولن تُحتسب غرامة تأخير بسبب هذا التوقف.",
        "إذا خُصم المبلغ ولم يصلك إيصال فلا تدفع مرة أخرى؛ ستُسوّى عملية الدفع لاحقًا.",
        "لا حاجة إلى تقديم بلاغ عن كل خدمة.",
        "خدمة واحدة تحتاج إليها متأثرة أيضًا",
    ):
        assert sentence in page, sentence


@pytest.mark.usefixtures("told")
def test_its_course_is_told_newest_first_with_what_happened_beside_the_texts(
    client: Client,
) -> None:
    document = parse(get(client, "/en/incidents/IN-LGN222/"))
    lines = [
        " ".join("".join(e.itertext()).split())
        for e in document.iter("li")
        if "timeline__entry" in (e.get("class") or "").split()
    ]

    day = "on Sunday 22 November 2026"
    corrected = f"Corrected at 12:20 {day} What stood here before 12:10 {day}"
    before = "The login's network has failed."
    now = "We are now: starting the other server testing the login with it"
    server = "A login server has failed. We are moving to another one."
    first = "We know about a problem with the national login and are looking into it."
    assert lines == [
        f"Fixing 12:30 {day} 30 minutes ago {now}",
        f"Identified 12:10 {day} 50 minutes ago {server} {corrected}{before}",
        f"Notice IN-ABS222 was joined to this one. 12:00 {day} 1 hour ago",
        f"The problem with National login became worse. 11:50 {day} 1 hour and 10 minutes ago",
        # Not "the problem was confirmed" as well: the text of that minute says it.
        f"Investigating 11:31 {day} 1 hour and 29 minutes ago Automatic notice {first}",
    ]


@pytest.mark.usefixtures("told")
def test_people_s_words_keep_their_markup_and_bring_none_of_their_own(client: Client) -> None:
    page = get(client, "/en/incidents/IN-LGN222/").content.decode()
    assert "<strong>other</strong>" in page

    raw = update(1, "investigating", NOW, "<script>x</script>", "<script>x</script> <b>y</b>")
    store.hold(
        with_incidents(
            incident("IN-RAW222", "fines", updates=(raw,), meanwhile=Bilingual("<i>", "<i>"))
        )
    )
    page = get(client, "/en/incidents/IN-RAW222/").content.decode()
    assert "<script>x" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;x&lt;/script&gt; &lt;b&gt;y&lt;/b&gt;" in page


@pytest.mark.usefixtures("told")
def test_an_update_that_did_not_come_is_said(client: Client) -> None:
    sentence = "An update has been overdue since 12:48 on Sunday 22 November 2026 (12 minutes ago)."

    for path in ("incidents/IN-QVR222/", "incidents/", "services/fines/", "", "agencies/MOI/"):
        assert sentence in text_of(get(client, f"/en/{path}")), path


def test_with_no_worker_left_an_update_becomes_overdue(client: Client) -> None:
    """The snapshot is of one o'clock; nothing was built or seen since."""
    store.hold(with_incidents(LOGIN, measured={"login": BAD}))
    due_at = NOW + 25 * MINUTE

    with time_machine.travel(due_at - timedelta(seconds=5), tick=False):
        assert "Next update by 13:25" in text_of(get(client, "/en/incidents/IN-LGN222/"))
    with time_machine.travel(due_at, tick=False):
        page = text_of(get(client, "/en/incidents/IN-LGN222/"))
        assert "An update has been overdue since 13:25" in page
        assert "Next update by" not in page
    with time_machine.travel(NOW + 3 * HOUR, tick=False):
        assert (
            "It was expected to work again by 15:00 on Sunday 22 November 2026 (1 hour ago);"
            " nobody has confirmed that yet." in text_of(get(client, "/en/incidents/IN-LGN222/"))
        )


@pytest.mark.usefixtures("told")
def test_what_is_over_says_how_long_it_lasted_and_what_was_learned(client: Client) -> None:
    page = text_of(get(client, "/en/incidents/IN-CLS222/"))

    assert "This problem is over. It lasted 2 hours." in page
    assert "Thursday 19 November 2026, from 11:00 to 13:00 (2 hours)" in page
    assert "Cause: A change that went wrong" in page
    assert "Paying failed after an update." in page
    assert "Updates are tried on a copy first." in page
    assert "The problem spread to Traffic fines. 11:30" in page
    assert "Our checks find Visit visa and Traffic fines working again." in page
    assert "What to do meanwhile" not in page
    # Three days later it would be no news.
    assert "You can use the services again." not in page


@pytest.mark.usefixtures("told")
def test_one_that_ended_by_itself_says_so(client: Client) -> None:
    assert "This problem ended by itself after 9 minutes, as our automatic checks show." in text_of(
        get(client, "/en/incidents/IN-SLF222/")
    )
    assert "انتهت هذه المشكلة من تلقاء نفسها بعد 9 دقائق، كما تُظهر فحوصنا الآلية." in text_of(
        get(client, "/ar/incidents/IN-SLF222/")
    )


def test_what_is_just_over_says_whether_one_can_use_it_again(client: Client) -> None:
    fact = over("IN-NEW222", "fines", ended_at=NOW - HOUR / 2)
    store.hold(with_incidents(fact))
    assert "You can use the service again." in text_of(get(client, "/en/incidents/IN-NEW222/"))

    store.hold(with_incidents(fact, measured={"fines": BAD}))
    assert "You can use" not in text_of(get(client, "/en/incidents/IN-NEW222/"))


@pytest.mark.usefixtures("told")
def test_one_that_was_joined_to_another_leads_there(client: Client) -> None:
    response = get(client, "/en/incidents/IN-ABS222/")

    assert "This problem is part of a larger one, which has a notice of its own." in text_of(
        response
    )
    assert "This notice was joined to IN-LGN222." in text_of(response)
    assert "/en/incidents/IN-LGN222/" in links(response)
    assert "/en/incidents/IN-ABS222/" in links(get(client, "/en/incidents/IN-LGN222/"))


@pytest.mark.usefixtures("told")
def test_one_on_what_is_not_public_keeps_its_secret(client: Client) -> None:
    page = text_of(get(client, "/en/incidents/IN-HDN222/"))

    assert "Problem with a shared government platform" in page
    assert "We know about a problem with a shared government platform." in page
    assert "This text is about a platform that is not public." in page
    # The newest text that may be read is the first one.
    assert "Newest update: 11:31" in page
    assert "Visit visa" in page


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("ref", "kind", "text"),
    [
        ("IN-ANN222", "Announcement", "Service centres open at nine in the morning"),
        ("IN-CLR222", "Clarification", "Reports that traffic fines were waived are incorrect."),
    ],
)
def test_a_notice_that_is_no_incident_has_a_simple_page(
    client: Client, ref: str, kind: str, text: str
) -> None:
    page = text_of(get(client, f"/en/incidents/{ref}/"))

    assert kind in page
    assert text in page
    assert "Published at 11:31 on Sunday 22 November 2026." in page
    for words in ("Affected", "What is affected", "Since", "Investigating", "What happened"):
        assert words not in page


def test_a_clarification_is_called_so_in_arabic(client: Client) -> None:
    store.hold(with_incidents(CLARIFICATION))

    for path in ("", "incidents/", "incidents/IN-CLR222/", "services/fines/", "agencies/MOI/"):
        assert "توضيح" in text_of(get(client, f"/ar/{path}")), path


def test_a_reference_is_found_as_it_is_typed_from_the_phone(client: Client) -> None:
    store.hold(with_incidents(LOGIN))
    response = get(client, "/en/incidents/in-lgn222/")

    assert response.status_code == 302
    assert response["Location"] == "/en/incidents/IN-LGN222/"
    assert get(client, "/en/incidents/IN-NONE22/").status_code == 404


def test_only_the_ways_that_it_is_about_are_named(client: Client) -> None:
    built = with_incidents(OVERDUE, measured={"fines": BAD})
    services = tuple(
        msgspec.structs.replace(
            one,
            channels=(
                *one.channels,
                msgspec.structs.replace(one.channels[0], id=40, kind="app", checks=()),
            ),
        )
        if one.slug == "fines"
        else one
        for one in built.truth.services
    )
    truth = msgspec.structs.replace(built.truth, services=services)
    store.hold(msgspec.structs.replace(built, truth=truth))

    page = text_of(get(client, "/en/incidents/IN-QVR222/"))
    assert "Affected Traffic fines (Web site)" in page
    assert "Mobile app" not in section(client, "/en/incidents/IN-QVR222/", "affected")


def test_a_happening_of_a_newer_release_is_left_out(client: Client) -> None:
    unheard = EntryFact("unheard_of", NOW - MINUTE)
    store.hold(with_incidents(msgspec.structs.replace(LOGIN, entries=(unheard,))))
    response = get(client, "/en/incidents/IN-LGN222/")

    assert response.status_code == 200
    assert "timeline__entry--minor" not in response.content.decode()


def test_behind_a_shared_service_stand_its_dependants_by_agency_and_the_page_stays_light(
    client: Client,
) -> None:
    base = nation_behind_login(400)
    truth = msgspec.structs.replace(base.truth, incidents=(LOGIN,))
    store.hold(msgspec.structs.replace(base, truth=truth, version=version_of(truth)))
    response = get(client, "/en/incidents/IN-LGN222/")
    page = text_of(response)

    assert "401 services that need it are affected too" in page
    assert page.count("Numbered service") == 299
    assert "and 101 more services" in page
    assert len(gzip.compress(response.content)) < 20_000
    assert len(gzip.compress(get(client, "/en/").content)) < 20_000


def test_long_months_are_cut_and_say_so(client: Client) -> None:
    many = [
        over(f"IN-{n:06}", "fines", started_at=NOW - HOUR - n * MINUTE, ended_at=NOW - HOUR)
        for n in range(203)
    ]
    store.hold(with_incidents(*many))
    said = section(client, "/en/incidents/", "month")

    assert len(rows(client, "/en/incidents/", "month")) == 200
    assert said.endswith("3 more notices")


def test_nothing_published_is_no_incident_page_either(client: Client) -> None:
    store.forget()

    for path in ("incidents/", "incidents/IN-LGN222/"):
        assert get(client, f"/en/{path}").status_code == 503
