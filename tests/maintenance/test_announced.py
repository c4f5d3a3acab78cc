"""What is done to announced windows, act by act, and what each leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Role
from core.audit import AuditEntry
from core.bilingual import Bilingual
from core.outbox import Event
from maintenance import operations
from maintenance.models import Window
from maintenance.refusals import (
    BadRule,
    Incomplete,
    NotAllowed,
    OutsidePolicy,
    OwnRequest,
    WrongState,
)
from tests.factories import make_channel, make_service, make_user
from tests.maintenance.people import (
    ACTS,
    HOUR,
    NOTE,
    fields_of,
    publisher,
    staff,
    supervisor,
    told,
)
from tests.maintenance.rows import ENDS, NOW, STARTS, at, make_announced, make_window

pytestmark = pytest.mark.django_db


# --- changing -------------------------------------------------------------------------------------


def test_before_its_start_times_may_change_and_the_announced_end_follows():
    window = make_announced()
    later = ENDS + timedelta(minutes=30)
    operations.change(
        window_id=window.pk,
        fields={"ends_at": later},
        actor=publisher(window),
        now=NOW,
        note=NOTE,
    )
    window.refresh_from_db()
    assert (window.ends_at, window.announced_end_at, window.sequence) == (later, later, 1)
    (step,) = window.steps.all()
    assert (step.kind, step.is_public, step.ends_at, step.note_en) == (
        "changed",
        True,
        later,
        "The work is late.",
    )
    assert told() == [("window.changed", f"window.changed:{window.ref}:1")]


def test_what_makes_a_window_milder_needs_no_new_lead_time():
    window = make_announced(effect="partly", still_works_ar="الاستعلام", still_works_en="Enquiries")
    mild = {"starts_at": STARTS + HOUR, "ends_at": ENDS - HOUR, "effect": "slow"}
    operations.change(
        window_id=window.pk, fields=mild, actor=publisher(window), now=STARTS - 2 * HOUR
    )
    for harder in ({"ends_at": ENDS}, {"effect": "stopped"}):
        with pytest.raises(NotAllowed):
            operations.change(
                window_id=window.pk, fields=harder, actor=publisher(window), now=STARTS - HOUR
            )


def test_whoever_asked_does_not_make_it_harder_alone():
    service = make_service()
    person = make_user(Role.AGENCY_PUBLISHER, service.agency)
    window = make_announced(services=[service], requested_by=person)
    longer = {"ends_at": ENDS + timedelta(minutes=30)}
    with pytest.raises(OwnRequest):
        operations.change(window_id=window.pk, fields=longer, actor=person, now=NOW)
    operations.change(window_id=window.pk, fields={"payments": "safe"}, actor=person, now=NOW)


def test_while_it_runs_only_words_may_change():
    window = make_announced()
    by = publisher(window)
    running = STARTS + HOUR
    for fields in ({"starts_at": STARTS + HOUR}, {"ends_at": ENDS + HOUR}, {"effect": "slow"}):
        with pytest.raises(WrongState):
            operations.change(window_id=window.pk, fields=fields, actor=by, now=running)
    with pytest.raises(WrongState):
        other = make_service(agency=window.agency)
        operations.change(
            window_id=window.pk, fields={}, services={other.pk: []}, actor=by, now=running
        )
    words = {"meanwhile_ar": "اتصل بنا.", "meanwhile_en": "Call us."}
    operations.change(window_id=window.pk, fields=words, actor=by, now=running)
    window.refresh_from_db()
    assert (window.meanwhile_en, window.sequence, window.announced_end_at) == ("Call us.", 1, ENDS)


def test_services_may_be_added_before_the_start():
    window = make_announced()
    first = window.services.get().service
    second = make_service(agency=window.agency)
    operations.change(
        window_id=window.pk,
        fields={},
        services={first.pk: [], second.pk: []},
        actor=publisher(window),
        now=NOW,
    )
    assert set(window.services.values_list("service_id", flat=True)) == {first.pk, second.pk}
    assert Event.objects.get().payload["services"] == [first.public_id, second.public_id]


def test_a_change_of_nothing_and_of_what_is_never_public_tell_nobody():
    window = make_announced()
    by = publisher(window)
    operations.change(window_id=window.pk, fields={"effect": "stopped"}, actor=by, now=NOW)
    assert not AuditEntry.objects.exists()
    operations.change(window_id=window.pk, fields={"ticket": "CHG-7"}, actor=by, now=NOW)
    window.refresh_from_db()
    assert (window.ticket, window.sequence) == ("CHG-7", 0)
    assert AuditEntry.objects.get().after == {"ticket": "CHG-7"}
    assert (told(), list(window.steps.all())) == ([], [])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text_ar": ""}, ["text_ar"]),
        ({"ends_at": STARTS}, ["ends_at"]),
        ({"starts_at": NOW - HOUR}, ["starts_at"]),
    ],
)
def test_a_change_leaves_a_sound_announcement(fields, expected):
    window = make_announced()
    with pytest.raises(Incomplete) as refused:
        operations.change(window_id=window.pk, fields=fields, actor=supervisor(), now=NOW)
    assert fields_of(refused) == expected


def test_a_column_that_is_decided_elsewhere_is_never_changed():
    window = make_announced()
    for name in ("state", "approved_at", "announced_end_at", "kind", "agency"):
        with pytest.raises(ValueError, match=name):
            operations.change(window_id=window.pk, fields={name: 1}, actor=supervisor(), now=NOW)


# --- running --------------------------------------------------------------------------------------


def test_an_extension_is_public_and_none_of_it_is_planned():
    window = make_announced()
    operations.extend(
        window_id=window.pk,
        ends_at=at("27 06:00"),
        actor=staff(window),
        now=at("27 04:45"),
        note=NOTE,
    )
    window.refresh_from_db()
    assert (window.ends_at, window.announced_end_at) == (at("27 06:00"), ENDS)
    assert told() == [("window.extended", f"window.extended:{window.ref}:1")]
    assert window.steps.get().note_ar == "تأخرت الأعمال."


@pytest.mark.parametrize(
    ("ends", "now"),
    [
        ("27 04:00", "27 02:00"),  # earlier than promised
        ("27 04:30", "27 02:00"),  # the same
        ("27 06:00", "27 06:00"),  # past
    ],
)
def test_an_extension_promises_an_end_that_is_later_and_ahead(ends, now):
    window = make_announced()
    with pytest.raises(Incomplete) as refused:
        operations.extend(window_id=window.pk, ends_at=at(ends), actor=staff(window), now=at(now))
    assert fields_of(refused) == ["ends_at"]


@pytest.mark.parametrize("now", ["27 00:30", "27 02:00", "27 04:30", "28 12:00"])
def test_it_is_completed_early_in_time_or_late(now):
    window = make_announced()
    operations.complete(window_id=window.pk, actor=staff(window), now=at(now))
    window.refresh_from_db()
    assert (window.state, window.completed_at, window.ends_at) == ("completed", at(now), ENDS)
    assert told() == [("window.completed", f"window.completed:{window.ref}:1")]


def test_before_its_start_it_is_neither_extended_nor_completed():
    window = make_announced()
    early = STARTS - timedelta(minutes=1)
    with pytest.raises(WrongState):
        operations.complete(window_id=window.pk, actor=staff(window), now=early)
    with pytest.raises(WrongState):
        operations.extend(window_id=window.pk, ends_at=ENDS + HOUR, actor=staff(window), now=early)


def test_a_note_stands_in_both_languages_or_in_none():
    window = make_announced()
    with pytest.raises(Incomplete) as refused:
        operations.complete(
            window_id=window.pk, actor=staff(window), now=STARTS, note=Bilingual("تم.", "")
        )
    assert fields_of(refused) == ["note_en"]


# --- calling off ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "returned", "submitted"])
def test_what_nobody_outside_knew_of_is_called_off_in_silence(state):
    window = make_window(state=state)
    operations.cancel(window_id=window.pk, actor=window.requested_by, now=NOW)
    window.refresh_from_db()
    assert (window.state, window.cancelled_at) == ("cancelled", NOW)
    assert told() == []
    assert not window.steps.get().is_public


def test_an_announced_window_is_called_off_publicly_until_it_begins():
    window = make_announced()
    with pytest.raises(WrongState):
        operations.cancel(window_id=window.pk, actor=staff(window), now=STARTS)
    operations.cancel(window_id=window.pk, actor=staff(window), now=STARTS - HOUR, note=NOTE)
    window.refresh_from_db()
    assert (window.state, window.sequence) == ("cancelled", 1)
    assert window.steps.get().is_public
    assert told() == [("window.cancelled", f"window.cancelled:{window.ref}:1")]


def test_a_postponed_window_is_followed_by_one_that_is_announced_at_once():
    window = make_announced()
    channel = make_channel(service=window.services.get().service)
    window.services.get().channels.add(channel)
    new = operations.postpone(
        window_id=window.pk,
        starts_at=STARTS + timedelta(days=1),
        ends_at=ENDS + timedelta(days=1),
        actor=publisher(window),
        now=NOW,
        note=NOTE,
    )
    window.refresh_from_db()
    assert (window.state, window.moved_to) == ("postponed", new)
    assert (new.state, new.approved_at, new.announced_end_at) == (
        "approved",
        NOW,
        ENDS + timedelta(days=1),
    )
    assert new.ref != window.ref
    assert (new.sequence, new.text_en, new.moved_to) == (0, window.text_en, None)
    assert list(new.services.get().channels.all()) == [channel]
    # One event for both: nobody is told twice.
    assert told() == [("window.postponed", f"window.postponed:{window.ref}:1")]
    assert Event.objects.get().payload["moved_to"] == new.ref


def test_a_window_may_be_postponed_to_a_day_that_nobody_knows_yet():
    window = make_announced()
    same = operations.postpone(window_id=window.pk, actor=staff(window), now=NOW)
    assert (same.pk, same.state, same.moved_to) == (window.pk, "postponed", None)


def test_postponing_keeps_the_policy_and_the_four_eyes():
    window = make_announced()
    noon = {"starts_at": at("28 12:00"), "ends_at": at("28 13:00")}

    def postpone(actor, **times):
        operations.postpone(window_id=window.pk, actor=actor, now=NOW, **times)

    with pytest.raises(NotAllowed):
        postpone(publisher(window), **noon)
    with pytest.raises(NotAllowed):
        postpone(staff(window), starts_at=at("28 01:00"), ends_at=at("28 02:00"))
    with pytest.raises(OutsidePolicy):
        postpone(supervisor(), **noon)
    with pytest.raises(Incomplete):
        postpone(supervisor(), starts_at=at("28 01:00"))
    assert Window.objects.count() == 1


# --- again ----------------------------------------------------------------------------------------


def test_a_duplicate_is_a_draft_of_ones_own_with_everything_but_the_times():
    window = make_announced(justification="Once only.", ticket="CHG-7", sequence=4)
    person = staff(window)
    draft = operations.duplicate(
        window_id=window.pk,
        starts_at=STARTS + timedelta(days=7),
        ends_at=ENDS + timedelta(days=7),
        actor=person,
        now=NOW,
    )
    draft.refresh_from_db()
    assert (draft.state, draft.requested_by, draft.sequence) == ("draft", person, 0)
    assert (draft.approved_at, draft.announced_end_at, draft.justification) == (None, None, "")
    assert (draft.ticket, draft.text_ar) == ("CHG-7", window.text_ar)
    assert draft.services.get().service == window.services.get().service


def test_a_series_is_made_of_drafts_that_live_on_their_own():
    window = make_window()
    made = operations.make_series(
        window_id=window.pk, rule="FREQ=WEEKLY;COUNT=3", actor=window.requested_by, now=NOW
    )
    assert [each.starts_at for each in made] == [
        STARTS + timedelta(days=7 * week) for week in range(3)
    ]
    assert {each.series for each in made} == {made[0].series}
    assert made[0].series.rule == "FREQ=WEEKLY;COUNT=3"
    assert len({each.ref for each in made}) == 3

    operations.cancel(window_id=made[1].pk, actor=window.requested_by, now=NOW)
    operations.submit_series(window_id=window.pk, actor=window.requested_by, now=NOW)
    operations.approve_series(window_id=window.pk, actor=publisher(window), now=NOW)
    states = Window.objects.order_by("starts_at").values_list("state", flat=True)
    assert list(states) == ["approved", "cancelled", "approved"]


def test_a_series_is_submitted_as_a_whole_or_not_at_all():
    window = make_window()
    made = operations.make_series(
        window_id=window.pk, rule="FREQ=WEEKLY;COUNT=3", actor=window.requested_by, now=NOW
    )
    Window.objects.filter(pk=made[2].pk).update(text_en="")
    with pytest.raises(Incomplete) as refused:
        operations.submit_series(window_id=window.pk, actor=window.requested_by, now=NOW)
    assert made[2].ref in str(refused.value)
    assert set(Window.objects.values_list("state", flat=True)) == {"draft"}


def test_a_window_repeats_once_and_by_a_sound_rule():
    window = make_window()
    with pytest.raises(BadRule) as refused:
        operations.make_series(
            window_id=window.pk, rule="FREQ=HOURLY", actor=window.requested_by, now=NOW
        )
    assert fields_of(refused) == ["rule"]
    rule = "FREQ=WEEKLY;COUNT=2"
    operations.make_series(window_id=window.pk, rule=rule, actor=window.requested_by, now=NOW)
    with pytest.raises(WrongState):
        operations.make_series(window_id=window.pk, rule=rule, actor=window.requested_by, now=NOW)
    alone = make_window()
    with pytest.raises(WrongState):
        operations.submit_series(window_id=alone.pk, actor=alone.requested_by, now=NOW)


# --- states ---------------------------------------------------------------------------------------

OPEN: dict[tuple[str, str], set[str]] = {
    ("draft", "ahead"): {"submit", "cancel", "make_series"},
    ("returned", "ahead"): {"submit", "cancel", "make_series"},
    ("submitted", "ahead"): {"return", "approve", "cancel"},
    ("approved", "ahead"): {"change", "cancel", "postpone"},
    ("approved", "running"): {"change", "extend", "complete"},
    ("completed", "running"): set(),
    ("cancelled", "ahead"): set(),
    ("postponed", "ahead"): set(),
}


@pytest.mark.parametrize("act", [act for act in ACTS if act != "duplicate"])
@pytest.mark.parametrize(("state", "when"), list(OPEN))
def test_each_state_leaves_open_the_acts_of_the_table_and_no_other(state, when, act):
    now = NOW if when == "ahead" else STARTS + HOUR
    window = make_announced() if state == "approved" else make_window(state=state)
    _state, operation, more = ACTS[act]
    if act in OPEN[state, when]:
        operation(window_id=window.pk, actor=supervisor(), now=now, **more)
    else:
        with pytest.raises(WrongState):
            operation(window_id=window.pk, actor=supervisor(), now=now, **more)
