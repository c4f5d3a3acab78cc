"""Public texts: what is refused before it is published, who agrees, how it is corrected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import Role, User
from core.audit import AuditEntry
from core.bilingual import Bilingual
from core.outbox import Event
from incidents import operations, queries, texts, updates
from incidents.models import Draft, Entry, Incident, Update
from incidents.refusals import (
    ChangedMeanwhile,
    Doubtful,
    Incomplete,
    NotAllowed,
    OwnText,
    Refused,
    WrongPhase,
)
from incidents.texts import Template
from incidents.updates import NewText
from services.models import Service
from statusportal.public.shape import IncidentFact
from statusportal.public.snapshot import incident_fact
from tests.factories import make_agency, make_user
from tests.incidents.world import fails, make_watched, minutes, sweep, the_incident

pytestmark = pytest.mark.django_db

SAID = NewText(
    Bilingual("نعمل على الأمر.", "We are working on it."),
    phase="identified",
    next_update_by=minutes(60),
)


@pytest.fixture
def writer() -> User:
    return make_user(Role.OPERATOR)


@pytest.fixture
def incident() -> Incident:
    """A P3 that the sweep opened: what is written freely needs no second person."""
    fails(make_watched(slug="fines", name_en="Fines", name_ar="المخالفات"))
    sweep(minutes(1))
    Incident.objects.update(severity="P3", suggested_severity="P3")
    return the_incident()


def written(incident: Incident, writer: User, **changes: Any) -> Update:
    now = changes.pop("now", minutes(3))
    text = replace(SAID, **changes)
    return updates.write(incident_id=incident.pk, text=text, actor=writer, now=now)


def published(incident: Incident) -> IncidentFact:
    """What the snapshot says of it."""
    return incident_fact(queries.told(Incident.objects.filter(pk=incident.pk)).get())


def traces() -> list[Any]:
    """Everything that an act could have written."""
    rows = (Update, Entry, Event, AuditEntry)
    return [the_incident().changed_at, *(row.objects.count() for row in rows)]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "refused", "fields"),
    [
        ({"text": Bilingual("نعمل على الأمر.", "")}, Incomplete, {"text_en"}),
        ({"text": Bilingual("", "We are working on it.")}, Incomplete, {"text_ar"}),
        ({"text": Bilingual("—", " ")}, Incomplete, {"text_ar", "text_en"}),
        ({"next_update_by": None}, Incomplete, {"next_update_by"}),
        ({"next_update_by": minutes(3)}, Incomplete, {"next_update_by"}),
        ({"next_update_by": minutes(2)}, Incomplete, {"next_update_by"}),
        ({"expected_return_at": minutes(2)}, Incomplete, {"expected_return_at"}),
        (
            {"expected_return_at": minutes(2), "next_update_by": minutes(2)},
            Incomplete,
            {"expected_return_at", "next_update_by"},
        ),
        (
            {"text": Bilingual("تعود {whenever}.", "It is back {whenever}.")},
            Incomplete,
            {"text_ar", "text_en"},
        ),
        # A time is promised in the text for which no field is filled.
        (
            {"text": Bilingual("تعود {expected}.", "It is back {expected}.")},
            Incomplete,
            {"expected_return_at"},
        ),
        (
            {"text": Bilingual("نعمل على الأمر.", "Working on {service}.")},
            Incomplete,
            {"text_en"},
        ),
        ({"text": Bilingual("ا" * 5001, "We are working on it.")}, Incomplete, {"text_ar"}),
        ({"phase": "resolved"}, Incomplete, {"phase"}),
        ({"phase": "asleep"}, Incomplete, {"phase"}),
        # Suspicions: a person may confirm them.
        (
            {"text": Bilingual("تأثرت 3 مكاتب.", "4 offices are affected.")},
            Doubtful,
            {"text_ar", "text_en"},
        ),
        ({"text": Bilingual("نعمل على الأمر.", "نعمل على الأمر.")}, Doubtful, {"text_en"}),
    ],
)
def test_what_cannot_be_published_is_refused_by_field_and_nothing_is_written(
    incident: Incident,
    writer: User,
    changes: dict[str, Any],
    refused: type[Refused],
    fields: set[str],
) -> None:
    updates.save_draft(
        incident_id=incident.pk, fields={"text_en": "typed"}, actor=writer, now=minutes(2)
    )
    before = traces()

    with pytest.raises(refused) as caught:
        written(incident, writer, **changes)

    assert {problem.field for problem in caught.value.problems} == fields
    assert traces() == before
    # Nothing that was typed is lost.
    assert Draft.objects.get().fields == {"text_en": "typed"}


def test_a_suspicion_that_a_person_confirms_is_published(incident: Incident, writer: User) -> None:
    doubtful = replace(SAID, text=Bilingual("تأثرت 3 مكاتب.", "4 offices are affected."))
    update = updates.write(
        incident_id=incident.pk, text=doubtful, actor=writer, now=minutes(3), confirmed=True
    )
    assert update.state == "published"


def test_what_was_published_meanwhile_is_read_first(incident: Incident, writer: User) -> None:
    seen = incident.last_notice_at
    written(incident, make_user(Role.OPERATOR))
    with pytest.raises(ChangedMeanwhile):
        updates.write(incident_id=incident.pk, text=SAID, actor=writer, now=minutes(4), seen=seen)
    assert incident.updates.count() == 2


def test_a_resolved_one_hears_no_more_texts(incident: Incident, writer: User) -> None:
    operations.resolve(
        incident_id=incident.pk,
        text=NewText(texts.TEMPLATES[Template.RESTORED]),
        although="Seen by hand.",
        actor=writer,
        now=minutes(3),
    )
    with pytest.raises(WrongPhase):
        written(incident, writer, now=minutes(4))


@pytest.mark.parametrize(
    ("role", "of", "may"),
    [
        (Role.OPERATOR, None, True),
        (Role.SUPERVISOR, None, True),
        (Role.AGENCY_PUBLISHER, "this one", True),
        (Role.AGENCY_PUBLISHER, "another", False),
        (Role.AGENCY_STAFF, "this one", False),
        (Role.CONTACT_CENTRE, None, False),
        (Role.AUDITOR, None, False),
    ],
)
def test_operators_write_and_an_agencys_publishers_of_their_own(
    incident: Incident, role: Role, of: str | None, may: bool
) -> None:
    agencies = {None: None, "this one": incident.agency, "another": make_agency()}
    person = make_user(role, agencies[of])
    before = traces()
    if may:
        assert written(incident, person).state == "published"
    else:
        with pytest.raises(NotAllowed):
            written(incident, person)
        assert traces() == before


# --- what a text does -----------------------------------------------------------------------------


def test_a_text_moves_the_phase_and_the_promise_and_forgets_the_draft(
    incident: Incident, writer: User
) -> None:
    updates.save_draft(incident_id=incident.pk, fields={}, actor=writer, now=minutes(2))
    other = make_user(Role.OPERATOR)
    updates.save_draft(incident_id=incident.pk, fields={}, actor=other, now=minutes(2))

    update = written(incident, writer, expected_return_at=minutes(90))

    found = the_incident()
    assert (found.phase, found.expected_return_at) == ("identified", minutes(90))
    assert (found.next_update_by, found.last_notice_at) == (minutes(60), minutes(3))
    assert found.first_notice_at == minutes(1)
    assert [draft.author for draft in Draft.objects.all()] == [other]
    entry = AuditEntry.objects.get(act="publish")
    assert entry.after is not None
    assert entry.after["text"] == ["نعمل على الأمر.", "We are working on it."]
    told = Event.objects.get(kind="incident.notice")
    assert told.payload["update"] == update.pk


def test_placeholders_are_filled_in_each_language_and_isolated(
    incident: Incident, writer: User
) -> None:
    update = written(
        incident,
        writer,
        text=Bilingual(
            "نُصلح **{service}**، ونخبركم قبل {next_update} ({zone}).",
            "We are mending **{service}**; more by {next_update} ({zone}).",
        ),
    )
    assert "<strong><bdi>Fines</bdi></strong>" in update.html_en
    assert "<strong><bdi>المخالفات</bdi></strong>" in update.html_ar
    # 11:00 UTC is 14:00 in Bahrain.
    assert "14:00 on Sunday 22 November 2026" in update.plain_en
    assert "{" not in update.html_ar + update.html_en + update.plain_ar + update.plain_en


# --- the second person ----------------------------------------------------------------------------


@pytest.fixture
def severe(incident: Incident) -> Incident:
    Incident.objects.update(severity="P1")
    return the_incident()


def test_free_text_on_a_severe_one_waits_and_says_nothing_yet(
    severe: Incident, writer: User
) -> None:
    update = written(severe, writer)
    assert (update.state, update.published_at, update.html_en) == ("waiting", None, "")
    assert (the_incident().phase, the_incident().last_notice_at) == ("investigating", minutes(1))
    assert len(published(severe).updates) == 1
    assert not Event.objects.filter(kind="incident.notice").exists()


def test_an_approved_text_waits_for_nobody_word_for_word(severe: Incident, writer: User) -> None:
    template = texts.TEMPLATES[Template.IDENTIFIED]
    assert written(severe, writer, text=template).state == "published"
    changed = Bilingual(template.ar, template.en.replace("found", "perhaps found"))
    assert written(severe, writer, text=changed, now=minutes(4)).state == "waiting"


def test_another_person_publishes_it_as_of_then(severe: Incident, writer: User) -> None:
    update, reader = written(severe, writer), make_user(Role.OPERATOR)
    updates.approve(update_id=update.pk, actor=reader, now=minutes(7))
    update.refresh_from_db()
    assert (update.state, update.author, update.approved_by) == ("published", writer, reader)
    assert (update.written_at, update.published_at) == (minutes(3), minutes(7))
    assert the_incident().phase == "identified"
    assert Event.objects.filter(kind="incident.notice").count() == 1


@pytest.mark.parametrize(
    ("act", "refused", "fields"),
    [
        (lambda text, author: (text, author, minutes(4)), OwnText, {None}),
        (
            lambda text, author: (text, make_user(Role.AUDITOR), minutes(4)),
            NotAllowed,
            {None},
        ),
        # What it promised has passed while it waited.
        (
            lambda text, author: (text, make_user(Role.OPERATOR), minutes(60)),
            Incomplete,
            {"next_update_by"},
        ),
    ],
    ids=["one's own", "no right", "too late"],
)
def test_nobody_approves_what_they_wrote_or_what_is_no_longer_true(
    severe: Incident,
    writer: User,
    act: Callable[[Update, User], tuple[Update, User, Any]],
    refused: type[Refused],
    fields: set[str | None],
) -> None:
    update, person, now = act(written(severe, writer), writer)
    before = traces()
    with pytest.raises(refused) as caught:
        updates.approve(update_id=update.pk, actor=person, now=now)
    assert {problem.field for problem in caught.value.problems} == fields
    assert traces() == before


def test_a_text_is_returned_with_a_reason_and_approved_no_more(
    severe: Incident, writer: User
) -> None:
    update, reader = written(severe, writer), make_user(Role.SUPERVISOR)
    with pytest.raises(Incomplete) as caught:
        updates.return_(update_id=update.pk, reason=" ", actor=reader, now=minutes(4))
    assert [problem.field for problem in caught.value.problems] == ["reason"]

    updates.return_(update_id=update.pk, reason="Too vague.", actor=reader, now=minutes(4))

    assert Entry.objects.get(kind="returned").note == "Too vague."
    with pytest.raises(WrongPhase):
        updates.approve(update_id=update.pk, actor=reader, now=minutes(5))


# --- corrections ----------------------------------------------------------------------------------


def corrected(update: Update, text: str, person: User, minute: float) -> Update:
    return updates.correct(
        update_id=update.pk,
        text=Bilingual("تصحيح للنص.", text),
        actor=person,
        now=minutes(minute),
    )


def test_a_correction_shows_the_newest_version_and_keeps_the_earlier_ones_visible(
    severe: Incident, writer: User
) -> None:
    first = severe.updates.get()
    second = corrected(first, "It does not work.", writer, 4)
    # Of their own text too, and on a severe incident: what is wrong in public is mended at once.
    third = corrected(second, "It works on the phone.", writer, 6)

    (shown,) = published(severe).updates
    assert (shown.id, shown.at, shown.phase) == (first.pk, minutes(1), "investigating")
    assert shown.html.en == "<p>It works on the phone.</p>"
    assert shown.corrected_at == minutes(6)
    assert [(one.at, one.html.en) for one in shown.earlier] == [
        (minutes(1), first.html_en),
        (minutes(4), "<p>It does not work.</p>"),
    ]
    assert shown.next_update_by == first.next_update_by
    events = Event.objects.filter(kind="incident.corrected").order_by("pk")
    assert [event.payload["update"] for event in events] == [second.pk, third.pk]
    # A correction is no news: it keeps no promise.
    assert the_incident().last_notice_at == minutes(1)


def test_only_the_newest_version_of_what_is_published_can_be_corrected(
    severe: Incident, writer: User
) -> None:
    first = severe.updates.get()
    corrected(first, "It does not work.", writer, 4)
    with pytest.raises(ChangedMeanwhile):
        corrected(first, "It does work.", writer, 5)
    with pytest.raises(WrongPhase):
        corrected(written(severe, writer), "It does work.", writer, 5)
    with pytest.raises(Incomplete) as caught:
        corrected(first, "", writer, 5)
    assert [problem.field for problem in caught.value.problems] == ["text_en"]


def test_what_ended_is_corrected_too(incident: Incident, writer: User) -> None:
    operations.resolve(
        incident_id=incident.pk,
        text=NewText(texts.TEMPLATES[Template.RESTORED]),
        although="Seen by hand.",
        actor=writer,
        now=minutes(3),
    )
    last = incident.updates.get(phase="resolved")
    corrected(last, "It works again.", writer, 600)
    assert [one.text.en for one in published(incident).updates][-1] == "It works again."
    assert not the_incident().is_open


# --- nothing foreign gets into a page -------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</bdi><b>fines",
        "[fines](https://evil.example)",
        "fi\u202enes\u2066 {service}",
        "&amp; & <",
        "s" * 200,
    ],
)
def test_a_name_is_a_name_and_no_markup(name: str, writer: User) -> None:
    fails(make_watched(name_en=name, name_ar=name))
    sweep(minutes(1))

    (text,) = the_incident().updates.all()

    for html in (text.html_ar, text.html_en):
        assert "<script" not in html
        assert "<img" not in html
        assert "<a" not in html
        assert "<b>" not in html
        assert html.count("<bdi>") == html.count("</bdi>")
    title = the_incident().title_en
    assert len(title) <= 300
    assert not {"\u202e", "\u2066"} & set(title)
    assert Service.objects.get().name_en == name


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Before <script>alert(1)</script> after.", "<script"),
        ("[Press](javascript:alert(1)) here.", 'javascript:alert(1)"'),
        ("![see](https://evil.example/pixel.png) it.", "<img"),
    ],
)
def test_what_people_type_goes_through_one_allow_list(
    incident: Incident, writer: User, typed: str, expected: str
) -> None:
    text = replace(SAID, text=Bilingual("نعمل على الأمر.", typed))
    update = updates.write(
        incident_id=incident.pk, text=text, actor=writer, now=minutes(3), confirmed=True
    )
    assert expected not in update.html_en


def test_a_text_cannot_turn_the_rest_of_a_page_around(incident: Incident, writer: User) -> None:
    update = written(
        incident,
        writer,
        text=Bilingual("نعمل\u202e على الأمر.", "We are\u2067 working\u202e on it."),
    )
    assert (update.text_ar, update.text_en) == (SAID.text.ar, SAID.text.en)


def test_the_longest_text_is_published_whole(incident: Incident, writer: User) -> None:
    long = Bilingual("ا" * 5000, "a" * 5000)
    assert len(written(incident, writer, text=long).plain_en) == 5000
