"""Asking for a window and announcing it: who may, what is missing, what breaks the policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.access import Act, may
from accounts.models import Role
from core.audit import AuditEntry
from core.outbox import Event
from maintenance import operations
from maintenance.models import Step, Window
from maintenance.refusals import (
    ChangedMeanwhile,
    Incomplete,
    NotAllowed,
    OutsidePolicy,
    OwnRequest,
    WrongState,
)
from tests.factories import make_agency, make_channel, make_service, make_user
from tests.maintenance.people import (
    ACTS,
    HOUR,
    fields_of,
    publisher,
    staff,
    submitted,
    supervisor,
    told,
)
from tests.maintenance.rows import ENDS, NOW, STARTS, at, make_announced, make_window

pytestmark = pytest.mark.django_db


# --- who may --------------------------------------------------------------------------------------

REQUEST, APPROVE, ANY, RUN = (
    Act.REQUEST_WINDOW,
    Act.APPROVE_WINDOW,
    Act.APPROVE_ANY_WINDOW,
    Act.RUN_WINDOW,
)
TABLE = {
    Role.AGENCY_STAFF: ({REQUEST, RUN}, set()),
    Role.AGENCY_PUBLISHER: ({REQUEST, APPROVE, RUN}, set()),
    Role.CONTACT_CENTRE: (set(), set()),
    Role.AUDITOR: (set(), set()),
    Role.OPERATOR: ({REQUEST, RUN},) * 2,
    Role.SUPERVISOR: ({REQUEST, APPROVE, ANY, RUN},) * 2,
    Role.ADMINISTRATOR: ({REQUEST, APPROVE, ANY, RUN},) * 2,
}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_with_windows_what_the_table_says(role):
    own, other = make_agency(), make_agency()
    person = make_user(role, own) if role.value.startswith("agency_") else make_user(role)
    acts = {REQUEST, APPROVE, ANY, RUN}
    allowed = [{act for act in acts if may(person, act, agency)} for agency in (own, other)]
    assert allowed == list(TABLE[role])


@pytest.mark.parametrize("act", list(ACTS))
@pytest.mark.parametrize("who", ["publisher of another agency", "contact centre"])
def test_nobody_touches_the_windows_of_another_agency(act, who):
    state, operation, more = ACTS[act]
    window = make_announced() if state == "approved" else make_window(state=state)
    person = (
        make_user(Role.CONTACT_CENTRE)
        if who == "contact centre"
        else make_user(Role.AGENCY_PUBLISHER)
    )
    with pytest.raises(NotAllowed):
        operation(window_id=window.pk, actor=person, now=NOW, **more)
    window.refresh_from_db()
    assert window.state == state
    assert not Step.objects.exists()
    assert told() == []


# --- drafts ---------------------------------------------------------------------------------------


def test_a_draft_is_saved_with_its_services_and_channels():
    service = make_service()
    web, app = make_channel(service=service), make_channel(service=service, kind="app")
    person = make_user(Role.AGENCY_STAFF, service.agency)
    window = Window(agency=service.agency, starts_at=STARTS, ends_at=ENDS, effect="slow")
    saved = operations.save(window=window, services={service.pk: [web.pk]}, actor=person, now=NOW)
    assert (saved.state, saved.requested_by) == ("draft", person)
    (line,) = saved.services.all()
    assert list(line.channels.all()) == [web]

    saved.reason = "New certificates"
    again = operations.save(
        window=saved, services={service.pk: [app.pk]}, actor=person, now=NOW + HOUR
    )
    assert again.reason == "New certificates"
    assert list(again.services.get().channels.all()) == [app]
    add, change = AuditEntry.objects.order_by("id")
    assert (add.act, change.act) == ("add", "change")
    assert change.before == {"reason": "", "services": {str(service.pk): [web.pk]}}
    assert change.after == {"reason": "New certificates", "services": {str(service.pk): [app.pk]}}


def test_saving_a_draft_as_it_is_writes_nothing():
    window = make_window()
    lines = dict.fromkeys(window.services.values_list("service_id", flat=True), ())
    operations.save(window=window, services=lines, actor=window.requested_by, now=NOW)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("state", ["submitted", "approved", "cancelled", "completed"])
def test_only_a_draft_is_saved_whatever_its_row_says_in_memory(state):
    window = make_window(state=state)
    lines = dict.fromkeys(window.services.values_list("service_id", flat=True), ())
    window.state = "draft"
    with pytest.raises(WrongState):
        operations.save(window=window, services=lines, actor=window.requested_by, now=NOW)


def test_a_window_names_services_of_ones_own_agency_and_their_own_channels():
    window = make_window()
    mine = window.services.get().service
    other = make_service()
    foreign = make_channel(service=other)

    def save(services):
        operations.save(window=window, services=services, actor=window.requested_by, now=NOW)

    with pytest.raises(NotAllowed):
        save({mine.pk: [], other.pk: []})
    unsound: list[dict[int, list[int]]] = [{}, {mine.pk: [foreign.pk]}, {10**9: []}]
    for services in unsound:
        with pytest.raises(Incomplete) as refused:
            save(services)
        assert fields_of(refused) == ["services"]


# --- asking ---------------------------------------------------------------------------------------


def test_a_sound_draft_is_submitted_and_nobody_outside_hears_of_it(
    django_capture_on_commit_callbacks,
):
    window = make_window()
    with django_capture_on_commit_callbacks() as nudges:
        operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    window.refresh_from_db()
    assert (window.state, window.submitted_at) == ("submitted", NOW)
    (step,) = window.steps.all()
    assert (step.kind, step.is_public, step.at) == ("submitted", False, NOW)
    assert told() == []
    assert nudges == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text_ar": ""}, ["text_ar"]),
        ({"text_ar": " ", "text_en": ""}, ["text_ar", "text_en"]),
        ({"text_en": "{service} is off from {start} to 05:00."}, ["text_en"]),
        ({"text_en": "{service} is off from {begin} to {end}."}, ["text_en"]),
        ({"text_en": "{service} is off for {duration}."}, ["text_en"]),
        ({"meanwhile_ar": "اتصل بنا."}, ["meanwhile_en"]),
        ({"still_works_en": "Enquiries"}, ["still_works_ar"]),
        ({"effect": "partly"}, ["still_works_ar"]),
        ({"deadlines": "extended"}, ["deadlines_until"]),
    ],
)
def test_everything_that_an_announcement_lacks_is_named_at_once(fields, expected):
    window = make_window(**fields)
    with pytest.raises(Incomplete) as refused:
        operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    assert fields_of(refused) == expected


def test_a_time_that_was_typed_is_quoted_in_the_sentence():
    window = make_window(text_en="{service} is off on Friday from {start} to 05:00.")
    with pytest.raises(Incomplete) as refused:
        operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    assert "\u2068Friday\u2069" in str(refused.value)
    assert "\u206805:00\u2069" in str(refused.value)


def test_outside_the_policy_a_justification_is_needed_and_is_enough():
    window = make_window(starts_at=at("23 08:00"), ends_at=at("23 09:00"))
    with pytest.raises(OutsidePolicy) as refused:
        operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    assert fields_of(refused) == ["justification", "starts_at", "starts_at"]
    assert [fault.code.value for fault in refused.value.faults] == [
        "short_lead",
        "outside_low_use",
    ]
    Window.objects.filter(pk=window.pk).update(justification="The certificate ends at noon.")
    operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    window.refresh_from_db()
    assert window.state == "submitted"


def test_no_justification_helps_a_window_whose_start_has_passed():
    past: dict[str, Any] = {
        "starts_at": NOW - HOUR,
        "ends_at": NOW + HOUR,
        "justification": "We forgot.",
    }
    window = make_window(**past)
    with pytest.raises(OutsidePolicy) as refused:
        operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    assert fields_of(refused) == ["starts_at"]
    # Emergency work may have begun: it covers nothing before its approval (rule 15).
    urgent = make_window(kind="emergency", **past)
    operations.submit(window_id=urgent.pk, actor=urgent.requested_by, now=NOW)
    approved = operations.approve(window_id=urgent.pk, actor=supervisor(), now=NOW)
    assert (approved.approved_at, approved.announced_end_at) == (NOW, NOW + HOUR)


def test_marks_that_order_text_by_hand_are_taken_out():
    window = make_window(text_en="\u202e{service}\u202c from {start} to {end}.")
    operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    window.refresh_from_db()
    assert window.text_en == "{service} from {start} to {end}."


def test_a_returned_window_says_why_and_may_be_submitted_again():
    window = submitted()
    operations.return_(window_id=window.pk, reason="Name the app too.", actor=supervisor(), now=NOW)
    window.refresh_from_db()
    assert window.state == "returned"
    assert window.steps.get().note_ar == "Name the app too."
    assert AuditEntry.objects.get().reason == "Name the app too."
    operations.submit(window_id=window.pk, actor=window.requested_by, now=NOW)
    assert told() == []


def test_a_window_is_returned_with_a_reason_and_taken_back_by_whoever_asked():
    window = submitted()
    with pytest.raises(Incomplete) as refused:
        operations.return_(window_id=window.pk, reason=" ", actor=supervisor(), now=NOW)
    assert fields_of(refused) == ["reason"]
    with pytest.raises(NotAllowed):
        operations.return_(window_id=window.pk, reason="x", actor=staff(window), now=NOW)
    operations.return_(window_id=window.pk, reason="A mistake.", actor=window.requested_by, now=NOW)


# --- announcing -----------------------------------------------------------------------------------


def test_an_approved_window_is_announced_with_the_end_that_holds():
    window = submitted()
    by = publisher(window)
    operations.approve(window_id=window.pk, actor=by, now=NOW, address="192.0.2.7")
    window.refresh_from_db()
    assert (window.state, window.approved_by, window.approved_at) == ("approved", by, NOW)
    assert (window.announced_end_at, window.sequence) == (ENDS, 0)
    (step,) = window.steps.all()
    assert (step.kind, step.is_public, step.starts_at, step.ends_at) == (
        "approved",
        True,
        STARTS,
        ENDS,
    )
    assert told() == [("window.announced", f"window.announced:{window.ref}:0")]
    payload = Event.objects.get().payload
    assert payload["services"] == [window.services.get().service.public_id]
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.address, entry.agency_code) == (
        "approve",
        "192.0.2.7",
        window.agency.code,
    )
    assert (entry.after or {})["state"] == "approved"


@pytest.mark.parametrize(
    ("service", "window", "by_publisher"),
    [
        ({"tier": 2}, {}, True),
        ({"tier": 3}, {}, True),
        ({"tier": 1}, {}, False),
        ({"is_shared": True}, {}, False),
        ({}, {"starts_at": at("27 12:00"), "ends_at": at("27 13:00")}, False),
        ({}, {"kind": "emergency"}, False),
    ],
)
def test_a_publisher_approves_tiers_2_and_3_within_the_policy_and_a_supervisor_the_rest(
    service, window, by_publisher
):
    asked = submitted(
        services=[make_service(**service)], justification="It cannot be otherwise.", **window
    )
    if by_publisher:
        operations.approve(window_id=asked.pk, actor=publisher(asked), now=NOW)
        return
    with pytest.raises(NotAllowed):
        operations.approve(window_id=asked.pk, actor=publisher(asked), now=NOW)
    operations.approve(window_id=asked.pk, actor=supervisor(), now=NOW)


@pytest.mark.parametrize("role", [Role.AGENCY_PUBLISHER, Role.SUPERVISOR])
def test_nobody_approves_what_they_asked_for_themselves(role):
    service = make_service()
    person = make_user(role, None if role == Role.SUPERVISOR else service.agency)
    mine = submitted(services=[service], requested_by=person)
    with pytest.raises(OwnRequest):
        operations.approve(window_id=mine.pk, actor=person, now=NOW)
    # Nor what a colleague drafted and they submitted.
    week = timedelta(days=7)
    drafted = make_window(services=[service], starts_at=STARTS + week, ends_at=ENDS + week)
    operations.submit(window_id=drafted.pk, actor=person, now=NOW)
    with pytest.raises(OwnRequest):
        operations.approve(window_id=drafted.pk, actor=person, now=NOW)


def test_the_policy_is_weighed_again_when_it_is_approved():
    window = submitted()
    late = STARTS - 40 * HOUR
    with pytest.raises(NotAllowed):
        operations.approve(window_id=window.pk, actor=publisher(window), now=late)
    with pytest.raises(OutsidePolicy):
        operations.approve(window_id=window.pk, actor=supervisor(), now=late)
    with pytest.raises(OutsidePolicy) as refused:
        operations.approve(window_id=window.pk, actor=supervisor(), now=STARTS + HOUR)
    assert [fault.code.value for fault in refused.value.faults] == ["starts_in_past"]


def test_nothing_is_approved_that_was_changed_after_it_was_read():
    window = submitted()
    with pytest.raises(ChangedMeanwhile):
        operations.approve(
            window_id=window.pk, actor=supervisor(), now=NOW, seen=window.changed_at - HOUR
        )
    operations.approve(window_id=window.pk, actor=supervisor(), now=NOW, seen=window.changed_at)


def test_a_clash_with_a_window_on_what_it_needs_goes_to_the_supervisor():
    upstream, dependant = make_service(is_shared=True), make_service()
    dependant.upstreams.create(upstream=upstream, dependant=dependant, kind="hard")
    make_announced(services=[upstream])
    window = submitted(services=[dependant])
    with pytest.raises(NotAllowed):
        operations.approve(window_id=window.pk, actor=publisher(window), now=NOW)
    with pytest.raises(OutsidePolicy) as refused:
        operations.approve(window_id=window.pk, actor=supervisor(), now=NOW)
    assert [fault.code.value for fault in refused.value.faults] == ["clash"]
