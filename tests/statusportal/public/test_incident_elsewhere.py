"""Incidents on other pages: the banner, what is wrong now, a service, an agency, the verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from django.test import Client
from django.utils import translation

from core.bilingual import Bilingual
from incidents.labels import Kind, Phase
from services.status.health import CheckHealth, Health
from services.status.observation import Reason
from statusportal.public import incident_verdict, reader
from statusportal.public.incident_words import relative
from statusportal.public.shape import IncidentFact, ListedFact, OverrideFact
from statusportal.public.store import store
from statusportal.public.troubles import by_incident, troubles
from tests.statusportal.public.incidents import (
    ALL,
    ANNOUNCEMENT,
    BY_ITSELF,
    CLARIFICATION,
    CLOSED,
    DAY,
    HIDDEN,
    HOUR,
    LOGIN,
    MINUTE,
    OVERDUE,
    TROUBLED,
    incident,
    listed,
    over,
    update,
    with_incidents,
)
from tests.statusportal.public.planned import RUNNING
from tests.statusportal.public.reading import get, links, parse, section, text_of
from tests.statusportal.public.snapshots import ALL_WELL, BAD, NOW, SINCE, SLOW, Measured

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


def banners(client: Client, path: str) -> dict[str | None, str]:
    """The banners of a page by their name."""
    return {
        e.get("aria-label"): " ".join("".join(e.itertext()).split())
        for e in parse(get(client, path)).iter("section")
        if (e.get("class") or "").startswith("banner")
    }


# --- home ---------------------------------------------------------------------------------------


def test_the_banner_uses_the_incident_s_own_words_and_leads_to_it(client: Client) -> None:
    store.hold(with_incidents(LOGIN, measured={"login": BAD}))

    assert banners(client, "/en/") == {
        "Important": "Problem with National login Fixing 1 service is affected"
        " It should work again by 15:00 on Sunday 22 November 2026 (in 2 hours)."
        " Next update by 13:25 on Sunday 22 November 2026 (in 25 minutes)."
    }
    assert links(get(client, "/en/")).count("/en/incidents/IN-LGN222/") == 2


def test_announcements_stand_in_the_same_banner_answers_to_rumours_first(client: Client) -> None:
    store.hold(with_incidents(*ALL, measured=TROUBLED))
    told = banners(client, "/en/")
    assert list(told) == ["Important"]
    assert told["Important"].endswith(
        "Clarification Traffic fines were not waived Announcement Opening hours during the holiday"
    )

    store.hold(with_incidents(ANNOUNCEMENT))
    assert banners(client, "/ar/") == {"مهم": "إعلان ساعات العمل في العيد"}
    assert "All services are working." in text_of(get(client, "/en/"))


def test_more_announcements_than_two_are_counted(client: Client) -> None:
    several = [msgspec.structs.replace(ANNOUNCEMENT, ref=f"IN-ANN22{n}") for n in range(4)]
    store.hold(with_incidents(*several))

    assert banners(client, "/en/")["Important"].endswith("2 more notices")


def test_what_is_over_stands_in_no_banner(client: Client) -> None:
    ended = msgspec.structs.replace(ANNOUNCEMENT, phase="resolved", resolved_at=NOW - HOUR)
    store.hold(with_incidents(ended, CLOSED, BY_ITSELF))

    assert banners(client, "/en/") == {}


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("Next update by 13:25 on Sunday 22 November 2026 (Bahrain Time).", 1),
        ("Next update by \u206813:25 on Sunday 22 November 2026\u2069.", 1),
        # Of another time: both are told.
        ("Next update by 14:25 on Sunday 22 November 2026 (Bahrain Time).", 2),
    ],
)
def test_a_time_that_the_text_names_is_not_told_twice_beside_it(
    client: Client, text: str, times: int
) -> None:
    said = (update(1, "investigating", SINCE, "نص", text),)
    fact = incident("IN-1", "login", updates=said, next_update_by=NOW + 25 * MINUTE)
    store.hold(with_incidents(fact, measured={"login": BAD}))

    assert section(client, "/en/", "wrong").count("Next update by") == times
    assert section(client, "/en/incidents/", "current").count("Next update by") == times
    # In Arabic the text names none.
    assert section(client, "/ar/", "wrong").count("التحديث القادم قبل الساعة 13:25") == 1


def test_several_services_of_one_incident_are_one_story(client: Client) -> None:
    both = incident(
        "IN-BTH222", "visa", "fines", title=Bilingual("مشكلة في خدمتين", "Problem with 2 services")
    )
    store.hold(with_incidents(both, measured={"visa": BAD, "fines": BAD}))
    said = section(client, "/en/", "wrong")

    assert said.count("Problem with 2 services") == 1
    assert "Affected: Visit visa and Traffic fines" in said
    # The page without the incident tells them apart.
    store.hold(with_incidents(measured={"visa": BAD, "fines": BAD}))
    assert section(client, "/en/", "wrong").count("Since 11:30") == 2


def test_one_story_is_as_bad_as_its_worst_service_and_reaches_what_each_reaches() -> None:
    both = incident("IN-BTH222", "login", "fines")
    said = reader.read(with_incidents(both, measured={"login": SLOW, "fines": BAD}), NOW)
    (story,) = by_incident(troubles(said))

    assert story.health is Health.MAJOR_OUTAGE
    assert {service.slug for service in story.origins} == {"login", "fines"}
    assert [service.slug for service in story.affected] == ["passport"]
    assert len(troubles(said)) == 2


def test_a_dependant_with_an_incident_of_its_own_is_told_by_itself_too() -> None:
    own = incident("IN-PSP222", "passport", agency="MOI")
    said = reader.read(with_incidents(LOGIN, own, measured={"login": BAD, "passport": BAD}), NOW)
    told = {
        trouble.service.slug: (trouble.incident and trouble.incident.ref, len(trouble.affected))
        for trouble in troubles(said)
        if trouble.service
    }

    assert told == {"login": ("IN-LGN222", 1), "passport": ("IN-PSP222", 0)}


def test_a_trouble_without_an_incident_is_told_as_before(client: Client) -> None:
    store.hold(with_incidents(measured={"fines": BAD}))

    assert banners(client, "/en/") == {"Important": "Traffic fines Outage"}


def test_an_open_incident_whose_services_work_again_is_still_told(client: Client) -> None:
    watched = msgspec.structs.replace(LOGIN, phase="monitoring", expected_return_at=None)
    store.hold(with_incidents(watched))

    assert banners(client, "/en/")["Important"] == "Problem with National login Monitoring"
    said = section(client, "/en/", "wrong")
    assert "Next update by 13:25" in said
    assert said.endswith("Monitoring")


def test_an_incident_on_what_is_not_public_is_told_by_what_it_reaches(client: Client) -> None:
    store.hold(with_incidents(HIDDEN, measured={"sms-gate": BAD}))
    said = section(client, "/en/", "wrong")

    assert said.startswith(
        "What is wrong now Problem with a shared government platform Investigating We know about"
    )
    assert "Visit visa" in said


def test_trouble_and_planned_work_keep_their_own_banners(client: Client) -> None:
    built = with_incidents(LOGIN, measured={"login": BAD}, windows=(RUNNING,))
    store.hold(built)

    assert list(banners(client, "/en/")) == ["Important", "Planned work"]


# --- a service ----------------------------------------------------------------------------------


def test_a_service_has_the_incident_that_lists_it_with_its_newest_words(client: Client) -> None:
    store.hold(with_incidents(OVERDUE, CLARIFICATION, measured={"fines": BAD}))
    said = section(client, "/en/services/fines/", "notices")

    assert "Investigating Slow or unsteady: Traffic fines We know about a problem" in said
    assert "Clarification Traffic fines were not waived" in said
    assert "/en/incidents/IN-QVR222/" in links(get(client, "/en/services/fines/"))


def test_a_dependant_is_led_to_the_incident_of_what_it_needs(client: Client) -> None:
    store.hold(with_incidents(LOGIN, measured={"login": BAD}))
    page = text_of(get(client, "/en/services/passport/"))

    assert "This service is affected by: Problem with National login" in page
    assert "It should work again by 15:00" in page
    assert "Use the identity app to log in." in page
    assert "هذه الخدمة متأثرة بسبب: مشكلة في الدخول الوطني الموحّد" in text_of(
        get(client, "/ar/services/passport/")
    )
    assert 'id="notices"' not in get(client, "/en/services/fines/").content.decode()


def test_a_service_keeps_its_notices_for_ninety_days(client: Client) -> None:
    older = over("IN-QLD222", "passport", started_at=NOW - 91 * DAY, ended_at=NOW - 90 * DAY - HOUR)
    store.hold(with_incidents(BY_ITSELF, older))

    assert "/en/incidents/IN-SLF222/" in links(get(client, "/en/services/passport/"))
    assert "/en/incidents/IN-QLD222/" not in links(get(client, "/en/services/passport/"))
    assert 'id="past-notices"' not in get(client, "/en/services/fines/").content.decode()


def test_an_agency_has_its_notices_and_those_that_reach_it(client: Client) -> None:
    store.hold(with_incidents(*ALL, measured=TROUBLED))
    now, before = (
        section(client, "/en/agencies/MOI/", heading) for heading in ("notices", "past-notices")
    )

    assert "Problem with National login" in now
    assert "Traffic fines were not waived" in now
    assert "Opening hours" not in now
    assert "Problem with 2 services" in before
    assert "/en/incidents/?agency=MOI" in links(get(client, "/en/agencies/MOI/"))
    assert 'id="past-notices"' not in get(client, "/en/agencies/NDS/").content.decode()


# --- the verdict (rule 17) ----------------------------------------------------------------------

DOWN: Measured = {"fines": BAD}


def on_fines(**given: object) -> IncidentFact:
    fields = {"declared": "", "override": None} | given
    return incident("IN-FNS222", ListedFact("id-fines", **fields))  # type: ignore[arg-type]


def override(health: str = "operational", measured: str = "major_outage") -> OverrideFact:
    return OverrideFact(health, measured, NOW - HOUR, NOW + HOUR)


@pytest.mark.parametrize(
    ("fact", "measured", "english", "arabic"),
    [
        (
            on_fines(declared="major_outage"),
            ALL_WELL,
            (
                "The agency says that you cannot use this service now. Our own checks find nothing"
                " wrong at present."
            ),
            "أفادت الجهة بأنه لا يمكنك استخدام هذه الخدمة الآن. لا تُظهر فحوصنا أي خلل حاليًا.",
        ),
        (
            on_fines(declared="degraded"),
            ALL_WELL,
            (
                "The agency says that this service is slow or unsteady. You can use it now. Our own"
                " checks find nothing wrong at present."
            ),
            "أفادت الجهة بأن هذه الخدمة بطيئة أو متقطّعة. يمكنك استخدامها الآن.",
        ),
        (
            on_fines(declared="major_outage"),
            {"fines": SLOW},
            "Our own checks find trouble too.",
            "تُظهر فحوصنا خللًا أيضًا.",
        ),
        (
            on_fines(override=override()),
            DOWN,
            (
                "The agency says that you can use this service now. Our own checks still find"
                " trouble. The agency's word counts until 14:00 on Sunday 22 November 2026 at the"
                " latest."
            ),
            (
                "أفادت الجهة بأنه يمكنك استخدام هذه الخدمة الآن. ما زالت فحوصنا تُظهر خللًا. تُعتمد"
                " إفادة الجهة حتى الساعة 14:00 يوم الأحد 22 نوفمبر 2026 على أبعد تقدير."
            ),
        ),
        (
            on_fines(override=override("degraded")),
            DOWN,
            (
                "The agency says that you can use this service now, but that it may be slow or"
                " unsteady. Our own checks still find trouble."
            ),
            "وقد تكون بطيئة أو متقطّعة.",
        ),
        (
            on_fines(override=override("operational", "degraded")),
            DOWN,
            (
                "You cannot use this service now. It has been out since 11:30 on Sunday"
                " 22 November 2026. The agency had said that it works better than our checks found."
                " It has become worse since, so this page goes by our checks again."
            ),
            "كانت الجهة قد أفادت بأن الخدمة أفضل مما تُظهره فحوصنا، ثم ساءت حالتها بعد ذلك",
        ),
        (
            on_fines(),
            DOWN,
            (
                "You cannot use this service now. It has been out since 11:30 on Sunday"
                " 22 November 2026."
            ),
            "لا يمكنك استخدام هذه الخدمة الآن",
        ),
    ],
)
def test_the_verdict_says_whose_word_it_is(
    client: Client, fact: IncidentFact, measured: Measured, english: str, arabic: str
) -> None:
    store.hold(with_incidents(fact, measured=measured))

    assert english in text_of(get(client, "/en/services/fines/"))
    assert arabic in text_of(get(client, "/ar/services/fines/"))


def test_what_fell_silent_while_an_incident_is_open_says_when_it_was_seen_last(
    client: Client,
) -> None:
    """Rule 17: silence is not recovery."""
    store.hold(with_incidents(on_fines(), measured=DOWN))

    with time_machine.travel(NOW + HOUR, tick=False):
        page = text_of(get(client, "/en/services/fines/"))
    assert (
        "We last saw it fail at 13:00 on Sunday 22 November 2026; we have not been able to look"
        " since." in page
    )
    assert "You cannot use this service now." in page


def test_what_was_measured_before_a_check_was_changed_keeps_its_time(client: Client) -> None:
    held = {4: ("major_outage", SINCE, NOW - 20 * MINUTE)}
    measured: Measured = {"fines": (CheckHealth.UNKNOWN, Reason.PROBER_DOUBT)}
    built = with_incidents(on_fines(held=held), measured=measured)
    store.hold(
        msgspec.structs.replace(built, observed={k: v for k, v in built.observed.items() if k != 4})
    )

    assert "We last saw it fail at 12:40" in text_of(get(client, "/en/services/fines/"))


def test_an_upstream_s_trouble_is_not_called_the_agency_s_word(client: Client) -> None:
    declared = incident("IN-PSP222", listed("passport", declared="degraded"))
    store.hold(with_incidents(declared, measured={"login": BAD}))
    said = reader.read(with_incidents(declared, measured={"login": BAD}), NOW)

    assert incident_verdict.verdict(said.services["passport"]) is None
    assert "You cannot use this service now." in text_of(get(client, "/en/services/passport/"))


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "english", "arabic"),
    [
        (NOW, "less than a minute ago", "قبل أقل من دقيقة"),
        (NOW - 2 * HOUR, "2 hours ago", "قبل ساعتين"),
        (NOW - 23 * HOUR, "23 hours ago", "قبل 23 ساعةً"),
        (NOW - 47 * HOUR, "1 day ago", "قبل يوم واحد"),
        (NOW - 12 * DAY, "12 days ago", "قبل 12 يومًا"),
        (NOW + 30 * MINUTE, "in 30 minutes", "بعد 30 دقيقةً"),
        (NOW + timedelta(days=2), "in 2 days", "بعد يومين"),
    ],
)
def test_how_far_away_an_instant_is(at: object, english: str, arabic: str) -> None:
    for language, expected in (("en", english), ("ar", arabic)):
        with translation.override(language):
            assert relative(at, NOW) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "english", "arabic"),
    [
        (
            {"deadlines": "unchanged"},
            "Deadlines stay as they are.",
            "تبقى المواعيد النهائية كما هي.",
        ),
        (
            {"deadlines": "review"},
            "The agency is deciding about deadlines that fall into this interruption.",
            "تدرس الجهة المواعيد النهائية التي تقع خلال هذا التوقف",
        ),
        (
            {"deadlines": "extended"},
            "Deadlines that fall into this interruption are extended. The new day will stand here.",
            "وسيُنشر هنا الموعد الجديد.",
        ),
        (
            {"payments": "safe"},
            "Payments that were under way are safe. You need not do anything.",
            "عمليات الدفع التي كانت جارية محفوظة، ولا يلزمك أي إجراء.",
        ),
    ],
)
def test_deadlines_and_payments_are_whole_sentences(
    client: Client, fields: dict[str, str], english: str, arabic: str
) -> None:
    store.hold(with_incidents(msgspec.structs.replace(OVERDUE, **fields)))

    assert english in section(client, "/en/incidents/IN-QVR222/", "facts")
    assert arabic in section(client, "/ar/incidents/IN-QVR222/", "facts")


@pytest.mark.parametrize("name", ["deadlines", "payments"])
@pytest.mark.parametrize("code", ["", "none", "of_a_newer_release"])
def test_what_is_not_concerned_is_not_spoken_of(client: Client, name: str, code: str) -> None:
    store.hold(with_incidents(msgspec.structs.replace(OVERDUE, **{name: code})))

    assert name.capitalize() not in section(client, "/en/incidents/IN-QVR222/", "facts")


def test_a_length_counts_the_minute_that_has_begun(client: Client) -> None:
    ended_at = SINCE + 4 * MINUTE + timedelta(seconds=20)
    store.hold(with_incidents(over("IN-1", "fines", ended_at=ended_at)))

    assert "It lasted 5 minutes." in text_of(get(client, "/en/incidents/IN-1/"))
    assert "(5 minutes)" in section(client, "/en/incidents/IN-1/", "facts")


# --- the component page -------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_component_page_shows_every_kind_and_state(
    client: Client, settings: Any, language: str
) -> None:
    settings.DEMO = True
    store.hold(with_incidents())
    document = parse(get(client, f"/{language}/_components/"))
    part = next(e for e in document.iter("section") if e.get("aria-labelledby") == "incidents")
    said = " ".join("".join(part.itertext()).split())
    looks = {
        (e.get("class") or "").rpartition("--")[2]
        for e in part.iter("div")
        if "verdict" in (e.get("class") or "").split()
    }

    assert {"outage", "partial", "degraded", "unknown", "done", *Kind.values[1:]} <= looks
    with translation.override(language):
        for word in (*Phase, *Kind):
            if word is not Kind.INCIDENT:
                assert str(word.label) in said, word
    lines = [e for e in part.iter("li") if "timeline__entry" in (e.get("class") or "").split()]
    # Four texts, and everything that the public is told of beside them.
    assert len(lines) == 4 + 12
    assert len({"".join(line.itertext()).split("\n")[1] for line in lines}) == 16
