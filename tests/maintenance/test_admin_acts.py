"""What people do with a window: who is offered what, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from accounts.models import AUTHORITY_ROLES, Role
from core.audit import AuditEntry
from core.outbox import Event
from maintenance.models import Window
from tests.admin_pages import browser, elements, errors, filled_in, page_text, text
from tests.factories import make_agency, make_service, make_user
from tests.maintenance.asking import ADD, NOW, act, make_window, page, typed

pytestmark = pytest.mark.django_db

BEGUN: dict[str, Any] = {
    "starts_at": datetime(2026, 11, 23, 11, 0, tzinfo=UTC),
    "ends_at": datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
}
TUESDAY: dict[str, Any] = {
    "starts_at": datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
    "ends_at": datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
}


@pytest.fixture(autouse=True)
def _monday_at_three():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ours():
    return make_agency(code="OURS", name_en="Our ministry")


@pytest.fixture
def renewal(ours):
    return make_service(slug="renewal", name_en="ID renewal", name_ar="تجديد الهوية", agency=ours)


@pytest.fixture
def requester(ours):
    return make_user(Role.AGENCY_STAFF, ours)


def buttons(response):
    """The names of the acts that the page of a window offers."""
    return [
        (link.get("href") or "").rstrip("/").rpartition("/")[2]
        for listed in elements(response, "ul", **{"class": "window-acts"})
        for link in listed.iter("{http://www.w3.org/1999/xhtml}a")
    ]


def colleague(role, agency):
    """Somebody of the agency, or of the authority where that is where such people work."""
    return make_user(role, None if role in AUTHORITY_ROLES else agency)


# --- who is offered what ------------------------------------------------------------------------

REQUESTER = "requester"
# (state, more of the window, who looks) → the buttons, in order.
OFFERED = [
    ("draft", {}, REQUESTER, ["submit", "cancel", "duplicate"]),
    ("draft", {}, Role.AGENCY_PUBLISHER, ["submit", "cancel", "duplicate"]),
    ("draft", {}, Role.AUDITOR, []),
    ("draft", {}, Role.CONTACT_CENTRE, []),
    ("returned", {}, REQUESTER, ["submit", "cancel", "duplicate"]),
    # Nobody approves their own request; they may take it back.
    ("submitted", {}, REQUESTER, ["return", "cancel", "duplicate"]),
    ("submitted", {}, Role.AGENCY_STAFF, ["cancel", "duplicate"]),
    ("submitted", {}, Role.AGENCY_PUBLISHER, ["approve", "return", "cancel", "duplicate"]),
    ("submitted", {}, Role.SUPERVISOR, ["approve", "return", "cancel", "duplicate"]),
    ("submitted", {}, Role.OPERATOR, ["cancel", "duplicate"]),
    # Outside the policy the agency's publisher does not decide.
    ("submitted", TUESDAY, Role.AGENCY_PUBLISHER, ["return", "cancel", "duplicate"]),
    ("submitted", TUESDAY, Role.SUPERVISOR, ["approve", "return", "cancel", "duplicate"]),
    ("approved", {}, REQUESTER, ["postpone", "cancel", "duplicate"]),
    ("approved", {}, Role.AUDITOR, []),
    ("approved", BEGUN, REQUESTER, ["extend", "complete", "duplicate"]),
    ("approved", BEGUN, Role.OPERATOR, ["extend", "complete", "duplicate"]),
    ("approved", BEGUN, Role.CONTACT_CENTRE, []),
    ("completed", BEGUN, Role.AGENCY_PUBLISHER, ["duplicate"]),
    ("cancelled", {}, Role.AGENCY_PUBLISHER, ["duplicate"]),
    ("postponed", {}, Role.SUPERVISOR, ["duplicate"]),
]


@pytest.mark.parametrize(("state", "fields", "who", "expected"), OFFERED)
def test_a_button_stands_where_the_state_the_clock_and_the_role_allow_it(
    renewal, requester, ours, state, fields, who, expected
):
    window = make_window(renewal, state=state, by=requester, **fields)
    person = requester if who is REQUESTER else colleague(who, ours)
    assert buttons(browser(person).get(page(window))) == expected


@pytest.mark.parametrize(("state", "fields", "who", "expected"), OFFERED)
def test_what_has_no_button_is_not_done_by_its_address_either(
    renewal, requester, ours, state, fields, who, expected
):
    window = make_window(renewal, state=state, by=requester, **fields)
    client = browser(requester if who is REQUESTER else colleague(who, ours))
    said = {
        "reason": "No.",
        "starts_at": "2026-12-04T02:30",
        "ends_at": "2026-12-04T04:30",
        "justification": "",
    }
    every = ("submit", "approve", "return", "extend", "complete", "postpone", "cancel", "duplicate")
    for name in every:
        if name in expected:
            assert client.get(act(window, name)).status_code == 200
            continue
        assert client.post(act(window, name), said).status_code in {302, 403}
    window.refresh_from_db()
    assert window.state == state
    assert (Window.objects.count(), AuditEntry.objects.count(), Event.objects.count()) == (1, 0, 0)


def test_another_agencys_window_does_not_exist(renewal, requester):
    window = make_window(renewal, state="submitted", by=requester)
    stranger = browser(make_user(Role.AGENCY_PUBLISHER))
    assert stranger.get(page(window)).status_code == 404
    for name in ("approve", "return", "cancel", "duplicate"):
        assert stranger.get(act(window, name)).status_code == 404
        assert stranger.post(act(window, name), {"reason": "No."}).status_code == 404
    policy = f"/admin/maintenance/window/{window.pk}/policy/"
    assert stranger.post(policy, {}).status_code == 404
    window.refresh_from_db()
    assert window.state == "submitted"


# --- the whole request --------------------------------------------------------------------------


def test_outside_the_policy_it_takes_a_justification_and_a_supervisor_who_did_not_ask(
    ours, renewal, requester
):
    renewal.tier = 1
    renewal.save()
    staff = browser(requester)
    staff.post(ADD, filled_in(staff.get(ADD)) | typed(renewal, _submit="1"))
    window = Window.objects.get()
    refused = staff.post(act(window, "submit"), {})
    assert "Write why it cannot be otherwise." in " ".join(errors(refused))
    window.refresh_from_db()
    assert window.state == "draft"

    data = filled_in(staff.get(page(window))) | {"justification": "The disk is failing."}
    staff.post(page(window), data | {"_submit": "1"})
    preview = staff.get(act(window, "submit"))
    halves = elements(preview, "section", **{"class": "window-preview__half"})
    assert [(half.get("lang"), half.get("dir")) for half in halves] == [
        ("ar", "rtl"),
        ("en", "ltr"),
    ]
    assert "تجديد الهوية" in text(halves[0])
    assert "11:00 on Tuesday 24 November 2026" in text(halves[1])
    assert staff.post(act(window, "submit"), {}).status_code == 302
    window.refresh_from_db()
    assert window.state == "submitted"

    assert staff.get(act(window, "approve")).status_code == 403
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    assert publisher.post(act(window, "approve"), {}).status_code == 403
    person = make_user(Role.SUPERVISOR)
    supervisor = browser(person)
    read = filled_in(supervisor.get(act(window, "approve")))
    answer = supervisor.post(act(window, "approve"), read)
    assert answer.status_code == 302
    window.refresh_from_db()
    assert (window.state, window.approved_by) == ("approved", person)
    assert window.announced_end_at == window.ends_at
    assert [step.kind for step in window.steps.order_by("pk")] == ["submitted", "approved"]


def test_what_was_changed_after_it_was_read_is_not_approved(renewal, requester, ours):
    window = make_window(renewal, state="submitted", by=requester)
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    read = filled_in(publisher.get(act(window, "approve")))
    Window.objects.update(changed_at=NOW)
    shown = publisher.post(act(window, "approve"), read)
    assert errors(shown) == ["Somebody has changed it meanwhile. Look at it again."]
    window.refresh_from_db()
    assert window.state == "submitted"


def test_it_is_returned_with_a_reason_only(renewal, requester):
    window = make_window(renewal, state="submitted", by=requester)
    supervisor = browser(make_user(Role.SUPERVISOR))
    assert errors(supervisor.post(act(window, "return"), {"reason": " "})) == [
        "This field is required."
    ]
    assert supervisor.post(act(window, "return"), {"reason": "Too late."}).status_code == 302
    assert "Returned: Too late." in page_text(browser(requester).get(page(window)))


def test_it_is_extended_to_a_later_end_and_says_so_to_everybody(renewal, requester):
    window = make_window(renewal, state="approved", by=requester, **BEGUN)
    staff = browser(requester)
    said = {"ends_at": "2026-11-23T16:00", "note_ar": "أُصلح القرص", "note_en": "Disk is mended"}
    earlier = staff.post(act(window, "extend"), said)
    assert errors(earlier) == ["Promise an end that is later than the last one, and ahead of now."]
    assert filled_in(earlier)["note_ar"] == "أُصلح القرص"
    assert (
        staff.post(act(window, "extend"), said | {"ends_at": "2026-11-23T19:00"}).status_code == 302
    )
    window.refresh_from_db()
    assert window.ends_at == datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
    # What was announced before the start stays so: the rest is never planned (rule 16).
    assert window.announced_end_at == BEGUN["ends_at"]
    assert Event.objects.get().kind == "window.extended"


def test_a_note_in_one_language_only_is_sent_back_with_what_was_typed(renewal, requester):
    window = make_window(renewal, state="approved", by=requester, **BEGUN)
    shown = browser(requester).post(act(window, "complete"), {"note_ar": "انتهت الأعمال"})
    assert errors(shown) == ["A note is public in both languages: write this one too."]
    assert filled_in(shown)["note_ar"] == "انتهت الأعمال"
    window.refresh_from_db()
    assert window.state == "approved"


def test_it_is_completed_and_cannot_be_completed_twice(renewal, requester):
    window = make_window(renewal, state="approved", by=requester, **BEGUN)
    staff = browser(requester)
    assert staff.post(act(window, "complete"), {}).status_code == 302
    window.refresh_from_db()
    assert (window.state, window.completed_at) == ("completed", NOW)
    again = staff.post(act(window, "complete"), {}, follow=True)
    assert "This cannot be done to it any more. Look at what became of it." in page_text(again)
    assert Event.objects.count() == 1


def test_it_is_postponed_to_other_times_by_whoever_may_announce_them(renewal, requester, ours):
    window = make_window(renewal, state="approved", by=requester)
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    half = publisher.post(act(window, "postpone"), {"starts_at": "2026-12-04T02:30"})
    assert errors(half) == ["Write both the new start and the new end, or neither."]
    times = {"starts_at": "2026-12-04T02:30", "ends_at": "2026-12-04T04:30"}
    answer = publisher.post(act(window, "postpone"), times)
    window.refresh_from_db()
    moved = Window.objects.exclude(pk=window.pk).get()
    assert (window.state, window.moved_to) == ("postponed", moved)
    assert answer["Location"] == page(moved)
    assert moved.state == "approved"


def test_it_is_postponed_to_a_day_that_is_not_known_yet(renewal, requester):
    window = make_window(renewal, state="approved", by=requester)
    assert browser(requester).post(act(window, "postpone"), {}).status_code == 302
    window.refresh_from_db()
    assert (window.state, window.moved_to) == ("postponed", None)


def test_a_draft_and_what_is_announced_can_be_cancelled(renewal, requester):
    staff = browser(requester)
    draft = make_window(renewal, by=requester)
    announced = make_window(renewal, state="approved", by=requester)
    for window in (draft, announced):
        assert staff.post(act(window, "cancel"), {}).status_code == 302
    assert set(Window.objects.values_list("state", flat=True)) == {"cancelled"}
    # Nobody had heard of the draft.
    assert [event.kind for event in Event.objects.all()] == ["window.cancelled"]


def test_a_copy_is_a_draft_of_ones_own_at_other_times(renewal, requester, ours):
    window = make_window(renewal, state="completed", by=requester, ticket="CHG-1", **BEGUN)
    other = make_user(Role.AGENCY_STAFF, ours)
    times = {"starts_at": "2026-12-04T02:30", "ends_at": "2026-12-04T04:30"}
    answer = browser(other).post(act(window, "duplicate"), times)
    copy = Window.objects.exclude(pk=window.pk).get()
    assert answer["Location"] == page(copy)
    assert (copy.state, copy.requested_by, copy.ticket) == ("draft", other, "CHG-1")
    assert copy.ref != window.ref
    assert [line.service for line in copy.services.all()] == [renewal]


def test_a_series_is_submitted_and_approved_as_a_whole_or_one_by_one(renewal, requester, ours):
    staff = browser(requester)
    times = {"starts_at": "2026-11-27T02:30", "ends_at": "2026-11-27T04:30"}
    repeats = {"repeats": "FREQ=WEEKLY", "times": "3"}
    staff.post(ADD, filled_in(staff.get(ADD)) | typed(renewal, **times, **repeats, _save="1"))
    first, second, third = Window.objects.order_by("starts_at")
    assert staff.post(act(third, "cancel"), {}).status_code == 302
    assert staff.post(act(first, "submit"), {"whole": "on"}).status_code == 302
    assert states(first, second, third) == ["submitted", "submitted", "cancelled"]
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, ours))
    assert publisher.post(act(second, "approve"), {}).status_code == 302
    assert states(first, second, third) == ["submitted", "approved", "cancelled"]


def states(*windows):
    for window in windows:
        window.refresh_from_db()
    return [window.state for window in windows]


def test_every_step_stands_on_the_page_with_who_and_when(renewal, requester):
    requester.first_name = "Noor"
    requester.save()
    window = make_window(renewal, state="approved", by=requester, **BEGUN)
    staff = browser(requester)
    staff.post(act(window, "complete"), {"note_ar": "انتهت", "note_en": "It is done"})
    (listed,) = elements(staff.get(page(window)), "ol", **{"class": "window-steps"})
    announced, completed = (text(step) for step in listed)
    assert announced.startswith("Announced 15:00 on Wednesday 18 November 2026 Noor · Public")
    assert completed.startswith("Completed 15:00 on Monday 23 November 2026 Noor · Public")
    assert "انتهت" in completed
    assert "It is done" in completed


def test_the_record_says_what_was_done_in_words(renewal, requester):
    window = make_window(renewal, state="approved", by=requester, **BEGUN)
    staff = browser(requester)
    staff.post(act(window, "complete"), {})
    shown = page_text(staff.get(f"/admin/maintenance/window/{window.pk}/history/"))
    assert "Completed" in shown
