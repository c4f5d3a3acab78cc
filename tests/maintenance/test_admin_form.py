"""Asking for a window: the form, and the policy that is said while it is filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from accounts.models import Role
from maintenance.labels import State
from maintenance.models import Series, Window
from tests.admin_pages import browser, elements, errors, filled_in, page_text, text, tree
from tests.factories import make_agency, make_channel, make_edge, make_service, make_user
from tests.maintenance.asking import ADD, LIST, MONTH, NOW, POLICY, act, make_window, page, typed

pytestmark = pytest.mark.django_db

LEAD = "It has to be announced at least 72 hours before it starts: that was 52 hours ago."
HOURS = (
    "It lies outside the hours of low use: from 23:00 to 05:00 in the nights before and of weekend "
    "days and holidays."
)
SLOTS = [
    ("2026-11-27T02:30|2026-11-27T04:30", "Friday 27 November 2026, from 02:30 to 04:30"),
    ("2026-11-28T02:30|2026-11-28T04:30", "Saturday 28 November 2026, from 02:30 to 04:30"),
    ("2026-11-29T02:30|2026-11-29T04:30", "Sunday 29 November 2026, from 02:30 to 04:30"),
]


@pytest.fixture(autouse=True)
def _monday_at_three():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ours():
    return make_agency(code="OURS", name_en="Our ministry")


@pytest.fixture
def renewal(ours):
    service = make_service(slug="renewal", name_en="ID renewal", agency=ours, tier=1)
    make_channel(service=service, kind="web")
    make_channel(service=service, kind="app")
    return service


@pytest.fixture
def person(ours):
    return make_user(Role.AGENCY_STAFF, ours)


@pytest.fixture
def staff(person):
    return browser(person)


def asked(staff, *services, **fields):
    """The form as it is offered, filled in."""
    return filled_in(staff.get(ADD)) | typed(*services, **fields)


def said(response):
    """The faults that the panel names."""
    return [
        text(item)
        for listed in elements(response, "ul", **{"class": "policy__faults"})
        for item in listed
    ]


def offered_slots(response):
    return [
        (button.get("value"), text(button)) for button in elements(response, "button", name="_slot")
    ]


# --- the verdict, while typing and by the button --------------------------------------------


@pytest.mark.parametrize("way", ["while typing", "by the button"])
def test_tuesday_at_eleven_with_twenty_hours_lead_has_two_faults_and_three_slots(
    staff, renewal, way
):
    data = asked(staff, renewal)
    if way == "while typing":
        shown = staff.post(POLICY, data, headers={"HX-Request": "true"})
        assert not elements(shown, "form")
    else:
        shown = staff.post(ADD, data | {"_check": "Check"})
    assert said(shown) == [LEAD, HOURS]
    assert offered_slots(shown) == SLOTS
    assert "A supervisor of the authority has to approve it" in page_text(shown)
    assert not Window.objects.exists()


def test_a_slot_taken_without_scripts_fills_both_times_and_loses_nothing(staff, renewal):
    data = asked(staff, renewal, reason="New storage", ticket="CHG-7", text_en="Typed by hand.")
    shown = staff.post(ADD, data | {"_slot": SLOTS[1][0]})
    again = filled_in(shown)
    assert (again["starts_at"], again["ends_at"]) == ("2026-11-28T02:30", "2026-11-28T04:30")
    kept = {"reason": "New storage", "ticket": "CHG-7", "text_en": "Typed by hand."}
    assert {name: again[name] for name in kept} == kept
    assert again["services-0-service"] == str(renewal.pk)
    assert errors(shown) == []
    assert "Within the policy." in page_text(shown)
    assert not Window.objects.exists()


@pytest.mark.parametrize(
    ("tier", "approver"),
    [
        (1, "A supervisor of the authority has to approve it"),
        (2, "A publisher of the agency can approve it"),
    ],
)
def test_who_has_to_approve_follows_the_tier(staff, renewal, tier, approver):
    renewal.tier = tier
    renewal.save()
    data = asked(
        staff, renewal, starts_at="2026-11-27T02:30", ends_at="2026-11-27T04:30", _check="1"
    )
    shown = staff.post(ADD, data)
    assert said(shown) == []
    assert approver in page_text(shown)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"ends_at": "2026-11-24T10:00"},
            "The end must lie after the start.",
        ),
        (
            {"starts_at": "2026-11-23T14:00", "ends_at": "2026-11-23T16:00"},
            "The start has passed already. Choose a later one, or ask for emergency work.",
        ),
        (
            {"starts_at": "2026-11-20T01:00", "ends_at": "2026-11-20T03:00"},
            "The end has passed already. Choose a later one.",
        ),
    ],
)
def test_what_no_justification_mends_is_said_as_such(staff, renewal, fields, sentence):
    shown = staff.post(POLICY, asked(staff, renewal, **fields))
    assert sentence in said(shown)
    assert "It cannot be asked for like this." in page_text(shown)
    assert len(offered_slots(shown)) == 3


def test_a_clash_names_the_other_window(staff, renewal, person):
    other = make_window(renewal, state=State.SUBMITTED, by=person)
    shown = staff.post(
        POLICY,
        asked(staff, renewal, starts_at="2026-11-27T03:00", ends_at="2026-11-27T04:00"),
    )
    (fault,) = said(shown)
    assert other.ref in fault
    assert "on the same service" in fault


def test_a_window_does_not_clash_with_itself(staff, renewal, person):
    window = make_window(renewal, state=State.RETURNED, by=person)
    shown = staff.get(page(window))
    assert said(shown) == []
    assert "Within the policy." in page_text(shown)


def test_a_shared_service_hits_what_needs_it_each_once(ours, staff):
    login = make_service(name_en="National login", agency=ours, is_shared=True)
    passports = make_service(name_en="Passports", agency=make_agency(name_en="Interior"))
    visas = make_service(name_en="Visas", agency=passports.agency, position=1)
    archive = make_service(
        name_en="Archive", agency=make_agency(name_en="Records"), visibility="hidden"
    )
    make_edge(upstream=login, dependant=passports)
    make_edge(upstream=login, dependant=visas, kind="soft")
    make_edge(upstream=passports, dependant=visas)
    make_edge(upstream=passports, dependant=archive, kind="soft")
    shown = staff.post(POLICY, asked(staff, login))
    (hit,) = elements(shown, "details", **{"class": "policy__hit"})
    assert [text(item) for item in hit.iter("{http://www.w3.org/1999/xhtml}li")] == [
        "Our ministry National login: Under planned maintenance",
        "National login: Under planned maintenance",
        # By the worse of two paths: Passports carries more to it than the login itself does.
        "Interior Passports: Under planned maintenanceVisas: Under planned maintenance",
        "Passports: Under planned maintenance",
        "Visas: Under planned maintenance",
        "Records a service that is not public: Degraded",
        "a service that is not public: Degraded",
    ]
    (counts,) = elements(shown, "dl", **{"class": "policy__counts"})
    assert [text(dd) for dd in counts.iter("{http://www.w3.org/1999/xhtml}dd")] == ["4", "3", "3"]


def test_work_without_effect_reaches_nobody_else_and_needs_no_lead(ours, staff):
    login = make_service(name_en="National login", agency=ours, is_shared=True)
    make_edge(upstream=login)
    shown = staff.post(POLICY, asked(staff, login, effect="none"))
    assert said(shown) == []
    assert "National login: no effect" in page_text(shown)
    (counts,) = elements(shown, "dl", **{"class": "policy__counts"})
    assert [text(dd) for dd in counts.iter("{http://www.w3.org/1999/xhtml}dd")] == ["1", "0", "1"]


def test_the_number_of_queries_of_the_panel_does_not_grow(
    staff, ours, renewal, django_assert_num_queries
):
    data = asked(staff, renewal)
    staff.post(POLICY, data)
    with django_assert_num_queries(16):
        staff.post(POLICY, data)
    for _number in range(5):
        make_edge(upstream=renewal)
        make_service(agency=ours)
    with django_assert_num_queries(17):
        # One more: a step down the dependencies, for all of them at once.
        staff.post(POLICY, data)


# --- the texts --------------------------------------------------------------------------------


def test_texts_are_ready_in_both_languages_and_follow_the_effect_until_somebody_writes(
    staff, renewal
):
    first = filled_in(staff.get(ADD))
    assert first["text_en"] == "{service} will be unavailable from {start} to {end} ({zone})."
    assert first["text_ar"] == "خدمة {service} لن تكون متاحة من {start} إلى {end} ({zone})."
    slow = staff.post(ADD, asked(staff, renewal, effect="slow", text_en="By hand.", _check="1"))
    again = filled_in(slow)
    assert (
        again["text_ar"] == "قد تكون خدمة {service} أبطأ من المعتاد من {start} إلى {end} ({zone})."
    )
    assert again["text_en"] == "By hand."


def test_while_typing_a_ready_text_is_offered_only_in_place_of_a_ready_one(staff, renewal):
    shown = staff.post(POLICY, asked(staff, renewal, effect="slow", text_en="By hand."))
    offers = [e for e in tree(shown).iter() if e.get("data-text-for")]
    assert [offer.get("data-text-for") for offer in offers] == ["text_ar"]
    assert offers[0].get("data-instead-of") == (
        "خدمة {service} لن تكون متاحة من {start} إلى {end} ({zone})."
    )


# --- writing ----------------------------------------------------------------------------------


def test_a_draft_is_saved_with_its_faults_its_channels_and_its_agency(staff, renewal, person):
    data = asked(staff, renewal, **{"services-0-kinds": ["app"]})
    answer = staff.post(ADD, data | {"_save": "1"})
    window = Window.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == page(window)
    assert (window.state, window.requested_by, window.agency.code) == ("draft", person, "OURS")
    # 11:00 in Bahrain.
    assert window.starts_at == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    (line,) = window.services.all()
    assert line.service == renewal
    assert [channel.kind for channel in line.channels.all()] == ["app"]


def test_saving_can_go_on_to_the_page_of_submitting(staff, renewal):
    answer = staff.post(ADD, asked(staff, renewal, _submit="1"))
    assert answer["Location"].endswith(f"/{Window.objects.get().pk}/act/submit/")


@pytest.mark.parametrize(
    ("fields", "errors_"),
    [
        ({"ends_at": "2026-11-24T11:00"}, ["The end must lie after the start."]),
        ({"services-0-service": ""}, ["Choose at least one service."]),
        (
            {"services-0-kinds": ["kiosk"]},
            ["“ID renewal” does not have: Self-service kiosks. It has: Web site, Mobile app."],
        ),
        (
            {"deadlines": "extended"},
            ["Write the day to which deadlines are extended."],
        ),
        (
            {"repeats": "own", "own_rule": "FREQ=HOURLY"},
            ["The rule has a part with an impossible value: \u2068FREQ=HOURLY\u2069."],
        ),
        ({"repeats": "FREQ=WEEKLY"}, ["Write how many times."]),
    ],
)
def test_an_error_stands_in_a_sentence_and_what_was_typed_stays(staff, renewal, fields, errors_):
    data = asked(staff, renewal, **{"reason": "New storage", "_save": "1", **fields})
    shown = staff.post(ADD, data)
    assert errors(shown) == errors_
    assert filled_in(shown)["reason"] == "New storage"
    assert not Window.objects.exists()
    assert not Series.objects.exists()


def test_arabic_digits_and_a_space_are_times_as_well(staff, renewal):
    data = asked(staff, renewal, starts_at="٢٠٢٦-١١-٢٤ ١١:٠٠", ends_at="٢٠٢٦-١١-٢٤ ١٣:٠٠")
    assert staff.post(ADD, data | {"_save": "1"}).status_code == 302
    assert Window.objects.get().starts_at == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("chosen", "days"),
    [
        ({"repeats": "FREQ=WEEKLY", "times": "3"}, [(11, 27), (12, 4), (12, 11)]),
        # 27 November 2026 is the fourth Friday.
        ({"repeats": "monthly", "times": "3"}, [(11, 27), (12, 25), (1, 22)]),
        ({"repeats": "own", "own_rule": "FREQ=DAILY;INTERVAL=10;COUNT=2"}, [(11, 27), (12, 7)]),
    ],
)
def test_a_window_that_repeats_is_shown_by_its_days_and_becomes_as_many_drafts(
    staff, renewal, chosen, days
):
    data = asked(staff, renewal, starts_at="2026-11-27T02:30", ends_at="2026-11-27T04:30", **chosen)
    shown = staff.post(POLICY, data)
    (listed,) = elements(shown, "ol", **{"class": "policy__occurrences"})
    assert len(listed) == len(days)
    staff.post(ADD, data | {"_save": "1"})
    windows = Window.objects.order_by("starts_at")
    # 02:30 in Bahrain is 23:30 of the day before.
    assert [(w.starts_at.month, w.starts_at.day + 1) for w in windows] == days
    assert {window.series for window in windows} == {Series.objects.get()}


def test_another_service_is_one_press_away_without_scripts(staff, renewal, ours):
    other = make_service(agency=ours)
    shown = staff.post(ADD, asked(staff, renewal, _line="1"))
    data = filled_in(shown)
    assert data["services-TOTAL_FORMS"] == "2"
    data |= {"services-1-service": other.pk, "_save": "1"}
    assert staff.post(ADD, data).status_code == 302
    assert {line.service for line in Window.objects.get().services.all()} == {renewal, other}


def test_a_returned_window_says_why_and_can_be_changed(staff, renewal, person):
    window = make_window(renewal, state=State.RETURNED, by=person)
    window.steps.update(note_ar="اختر ليلة الجمعة", note_en="اختر ليلة الجمعة")
    shown = staff.get(page(window))
    assert "اختر ليلة الجمعة" in page_text(shown)
    answer = staff.post(page(window), filled_in(shown) | {"ticket": "CHG-9", "_save": "1"})
    assert answer.status_code == 302
    window.refresh_from_db()
    assert (window.ticket, window.state) == ("CHG-9", "returned")


def test_what_is_announced_is_changed_publicly_by_whoever_may_announce_it(renewal, ours, person):
    renewal.tier = 2
    renewal.save()
    window = make_window(renewal, state=State.APPROVED, by=person)
    assert not elements(browser(person).get(page(window)), "input", name="_save")
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    shown = publisher.get(page(window))
    data = filled_in(shown) | {
        "meanwhile_ar": "استخدم التطبيق",
        "meanwhile_en": "Use the app",
        "note_ar": "يعمل التطبيق",
        "note_en": "The app works",
        "_save": "1",
    }
    assert publisher.post(page(window), data).status_code == 302
    window.refresh_from_db()
    assert (window.meanwhile_en, window.sequence) == ("Use the app", 1)
    step = window.steps.get(kind="changed")
    assert (step.is_public, step.note_en) == (True, "The app works")


def test_what_was_approved_is_weighed_again_only_when_something_else_is_asked_for(
    renewal, ours, person
):
    renewal.tier = 2
    renewal.save()
    tomorrow: dict[str, Any] = {
        "starts_at": datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
        "ends_at": datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
    }
    window = make_window(renewal, state=State.APPROVED, by=person, **tomorrow)
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    shown = publisher.get(page(window))
    assert said(shown) == []
    assert "What is announced was weighed when it was approved." in page_text(shown)
    policy = f"/admin/maintenance/window/{window.pk}/policy/"
    data = filled_in(shown)
    assert said(publisher.post(policy, data | {"meanwhile_en": "Use the app"})) == []
    later = publisher.post(policy, data | {"ends_at": "2026-11-24T14:00"})
    assert len(said(later)) == 2


def test_once_the_work_has_begun_only_its_words_can_be_changed(renewal, ours, person):
    begun: dict[str, Any] = {
        "starts_at": datetime(2026, 11, 23, 11, 0, tzinfo=UTC),
        "ends_at": datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
    }
    window = make_window(renewal, state=State.APPROVED, by=person, **begun)
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    shown = publisher.get(page(window))
    for name in ("starts_at", "ends_at"):
        (field,) = elements(shown, "input", name=name)
        assert field.get("disabled") is not None
    assert not elements(shown, "select", name="services-0-service")
    data = filled_in(shown) | {
        "starts_at": "2026-11-30T01:00",
        "ends_at": "2026-11-30T03:00",
        "still_works_ar": "التطبيق",
        "still_works_en": "The app",
        "_save": "1",
    }
    assert publisher.post(page(window), data).status_code == 302
    window.refresh_from_db()
    assert (window.starts_at, window.still_works_en) == (begun["starts_at"], "The app")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(renewal, ours, person):
    renewal.tier = 2
    renewal.save()
    window = make_window(renewal, state=State.APPROVED, by=person)
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    data = filled_in(publisher.get(page(window)))
    Window.objects.update(changed_at=NOW, ticket="CHG-1")
    shown = publisher.post(page(window), data | {"ticket": "CHG-2", "_save": "1"})
    assert errors(shown) == ["Somebody has changed it meanwhile. Look at it again."]
    assert filled_in(shown)["ticket"] == "CHG-2"
    window.refresh_from_db()
    assert window.ticket == "CHG-1"


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr")])
def test_both_languages_stand_side_by_side_and_the_zone_beside_the_times(
    person, renewal, language, direction
):
    shown = browser(person, language).get(ADD)
    assert (tree(shown).get("lang"), tree(shown).get("dir")) == (language, direction)
    zone = {"ar": "توقيت البحرين", "en": "Bahrain Time"}[language]
    assert zone in page_text(shown)
    for name in ("text", "still_works", "meanwhile"):
        (arabic,) = elements(shown, "textarea", name=f"{name}_ar")
        (english,) = elements(shown, "textarea", name=f"{name}_en")
        assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")
        assert (english.get("lang"), english.get("dir")) == ("en", "ltr")


def test_no_page_carries_a_script_or_a_style_of_its_own(staff, renewal, person):
    window = make_window(renewal, by=person)
    addresses = [LIST, ADD, MONTH, page(window), act(window, "submit"), act(window, "duplicate")]
    for address in addresses:
        shown = staff.get(address)
        assert not elements(shown, "style")
        assert all(
            script.get("src") or script.get("type") == "application/json"
            for script in elements(shown, "script")
        )
        for element in tree(shown).iter():
            assert not {name for name in element.attrib if name == "style" or name[:2] == "on"}
