"""What people say of a listed service: declared, overridden, stated (rule 17)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from core.bilingual import Bilingual
from core.outbox import Event
from incidents import impact, operations, queries, sweeping, telling, updates
from incidents.models import Declaration, Entry, Incident, ListedService, Override
from incidents.refusals import Incomplete, NotAllowed, Refused, WrongPhase
from incidents.updates import NewText
from services.models import Channel, CheckState, Service
from services.status.health import CheckHealth
from statusportal.public.shape import ListedFact
from statusportal.public.snapshot import incident_fact
from tests.factories import make_channel, make_service, make_user
from tests.incidents.world import (
    fails,
    log,
    make_watched,
    minutes,
    put,
    seen,
    sweep,
    the_incident,
    works,
)

pytestmark = pytest.mark.django_db

OVER = NewText(Bilingual("عادت الخدمة إلى العمل.", "The service works again."))
HOUR = timedelta(hours=1)


@pytest.fixture
def operator() -> User:
    return make_user(Role.OPERATOR)


@pytest.fixture
def service() -> Service:
    """One that is partly down, in an incident that the sweep opened."""
    service = make_watched(kinds=("web", "app"))
    fails(service)
    sweep(minutes(1))
    return service


def overridden(service: Service, operator: User, **changes: Any) -> Override:
    said: dict[str, Any] = {
        "health": "operational",
        "reason": "The agency tested it by hand.",
        "expires_at": minutes(2) + HOUR,
        "now": minutes(2),
    } | changes
    return impact.override(
        incident_id=the_incident().pk, service_id=service.pk, actor=operator, **said
    )


TWO = minutes(2)


def declared(service: Service, operator: User, health: str, now: datetime = TWO) -> None:
    impact.declare(
        incident_id=the_incident().pk,
        service_id=service.pk,
        health=health,
        actor=operator,
        now=now,
    )


def told() -> ListedFact:
    """What the snapshot says of the only listed service."""
    (fact,) = incident_fact(queries.told(Incident.objects.all()).get()).services
    return fact


# --- declared -------------------------------------------------------------------------------------


def test_what_is_declared_stands_until_another_word_or_none(
    service: Service, operator: User
) -> None:
    declared(service, operator, "major_outage")
    assert told().declared == "major_outage"
    declared(service, operator, "major_outage", minutes(3))
    declared(service, operator, "degraded", minutes(4))
    assert told().declared == "degraded"
    declared(service, operator, "", minutes(5))
    assert told().declared == ""

    rows = Declaration.objects.order_by("pk").values_list("health", "declared_at", "ended_at")
    assert list(rows) == [
        ("major_outage", minutes(2), minutes(4)),
        ("degraded", minutes(4), minutes(5)),
    ]
    facts = Entry.objects.filter(kind="impact").order_by("pk").values_list("facts", flat=True)
    assert [(one["from"], one["to"]) for one in facts] == [
        ("", "major_outage"),
        ("major_outage", "degraded"),
        ("degraded", ""),
    ]


def test_what_is_declared_ends_with_its_incident(service: Service, operator: User) -> None:
    declared(service, operator, "degraded")
    operations.acknowledge(incident_id=the_incident().pk, actor=operator, now=minutes(2))
    works(service, minutes(4))
    Incident.objects.update(severity="P3")
    seen(minutes(5))
    operations.resolve(incident_id=the_incident().pk, text=OVER, actor=operator, now=minutes(5))
    assert Declaration.objects.get().ended_at == minutes(5)
    assert told().declared == ""
    with pytest.raises(WrongPhase):
        declared(service, operator, "degraded", minutes(6))


def test_what_people_declare_keeps_it_from_ending_itself(service: Service, operator: User) -> None:
    declared(service, operator, "degraded")
    works(service, minutes(4))
    assert sweep(minutes(5)) == 0
    assert the_incident().is_open
    declared(service, operator, "", minutes(6))
    sweep(minutes(7))
    assert not the_incident().is_open


@pytest.mark.parametrize(
    ("health", "field"),
    [("maintenance", "health"), ("unknown", "health"), ("great", "health")],
)
def test_only_the_words_for_it_can_be_declared(
    service: Service, operator: User, health: str, field: str
) -> None:
    with pytest.raises(Incomplete) as caught:
        declared(service, operator, health)
    assert [problem.field for problem in caught.value.problems] == [field]
    assert not Declaration.objects.exists()


def test_only_what_it_lists_can_be_declared(service: Service, operator: User) -> None:
    with pytest.raises(Incomplete) as caught:
        declared(make_service(), operator, "degraded")
    assert [problem.field for problem in caught.value.problems] == ["services"]


# --- overridden -----------------------------------------------------------------------------------


def test_an_override_says_who_why_and_until_when(service: Service, operator: User) -> None:
    given = overridden(service, operator)
    assert (given.given_by, given.measured) == (operator, "partial_outage")
    fact = told().override
    assert fact is not None
    assert (fact.health, fact.measured) == ("operational", "partial_outage")
    assert (fact.given_at, fact.expires_at) == (minutes(2), minutes(2) + HOUR)
    entry = Entry.objects.get(kind="overridden")
    assert (entry.note, entry.is_public) == ("The agency tested it by hand.", False)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reason": " "}, {"reason"}),
        ({"expires_at": minutes(2) + 4 * HOUR}, set()),
        ({"expires_at": minutes(2) + 4 * HOUR + timedelta(seconds=1)}, {"expires_at"}),
        ({"expires_at": minutes(2)}, {"expires_at"}),
        ({"expires_at": minutes(1)}, {"expires_at"}),
        # Better than measured, or it is none.
        ({"health": "degraded"}, set()),
        ({"health": "major_outage"}, {"health"}),
        ({"health": "partial_outage"}, {"health"}),
        ({"health": ""}, {"health"}),
        (
            {"health": "", "reason": "", "expires_at": minutes(0)},
            {"health", "reason", "expires_at"},
        ),
    ],
)
def test_an_override_is_better_than_measured_has_a_reason_and_ends_in_four_hours(
    service: Service, operator: User, changes: dict[str, Any], fields: set[str]
) -> None:
    if not fields:
        assert overridden(service, operator, **changes).ended_at is None
        return
    with pytest.raises(Incomplete) as caught:
        overridden(service, operator, **changes)
    assert {problem.field for problem in caught.value.problems} == fields
    assert not Override.objects.exists()


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        (Role.OPERATOR, None),
        (Role.SUPERVISOR, None),
        (Role.AGENCY_PUBLISHER, NotAllowed),
        (Role.AUDITOR, NotAllowed),
    ],
)
def test_nobody_overrides_what_is_measured_of_their_own_agency(
    service: Service, role: Role, refused: type[Refused] | None
) -> None:
    person = make_user(role, service.agency if role is Role.AGENCY_PUBLISHER else None)
    if refused is None:
        overridden(service, person)
    else:
        with pytest.raises(refused):
            overridden(service, person)


def test_there_is_nothing_to_override_where_nothing_is_wrong_or_nobody_sees_it(
    service: Service, operator: User
) -> None:
    # Nothing was seen for an hour.
    with pytest.raises(Incomplete) as caught:
        overridden(service, operator, now=minutes(60), expires_at=minutes(90))
    assert None in {problem.field for problem in caught.value.problems}
    works(service, minutes(61))
    seen(minutes(62))
    with pytest.raises(Incomplete):
        overridden(service, operator, now=minutes(62), expires_at=minutes(90))


@pytest.mark.parametrize(
    ("minute", "what", "ends"),
    [
        (61, "nothing", False),
        (62, "nothing", True),
        (10, "worsens", True),
        # Silence: nobody vouched for what nobody sees.
        (10, "silence", True),
        (10, "recovers", True),
        (10, "taken back", True),
        (10, "nothing", False),
    ],
)
def test_an_override_ends_at_its_time_or_when_it_holds_no_more(
    service: Service, operator: User, minute: float, what: str, ends: bool
) -> None:
    given = overridden(service, operator)
    if what == "worsens":
        fails(service, minutes(8), kind="app")
    if what == "recovers":
        works(service, minutes(8))
    if what == "taken back":
        impact.take_back_override(
            incident_id=the_incident().pk,
            service_id=service.pk,
            actor=operator,
            now=minutes(minute),
        )
    if what != "silence":
        seen(minutes(minute))

    telling.remember(now=minutes(minute))
    telling.remember(now=minutes(minute + 0.1))

    given.refresh_from_db()
    assert given.ended_at == (minutes(minute) if ends else None)
    assert log(the_incident()).count("override_over") == int(ends)
    assert (told().override is None) is ends


def test_an_override_silences_nothing(service: Service, operator: User) -> None:
    overridden(service, operator)
    fails(service, minutes(8), kind="app")
    assert sweep(minutes(9)) == 1
    assert Event.objects.filter(kind="incident.worsened").count() == 1
    # It opens again what is resolved in spite of the measuring, override or not.
    Incident.objects.update(severity="P3")
    overridden(service, operator, now=minutes(9), expires_at=minutes(30))
    operations.resolve(
        incident_id=the_incident().pk,
        text=OVER,
        although="Seen by hand.",
        actor=operator,
        now=minutes(10),
    )
    assert Override.objects.filter(ended_at=None).count() == 0
    sweep(minutes(11))
    assert the_incident().is_open


def test_a_second_override_takes_the_place_of_the_first(service: Service, operator: User) -> None:
    overridden(service, operator)
    overridden(service, operator, health="degraded", now=minutes(3))
    rows = Override.objects.order_by("pk").values_list("health", "ended_at")
    assert list(rows) == [("operational", minutes(3)), ("degraded", None)]


# --- what is remembered ---------------------------------------------------------------------------


def test_what_was_last_seen_of_each_channel_is_held_through_silence(service: Service) -> None:
    web, app = Channel.objects.order_by("kind").reverse()
    seen(minutes(2))
    telling.remember(now=minutes(2))
    seen_at = minutes(2) - timedelta(seconds=1)
    assert told().held == {web.pk: ("major_outage", minutes(0), seen_at)}

    # Silence changes nothing, and recovery forgets it.
    assert telling.remember(now=minutes(60)) == 0
    assert set(told().held) == {web.pk}
    works(service, minutes(61))
    put(service, CheckHealth.SLOW, since=minutes(61), kind="app")
    seen(minutes(62))
    telling.remember(now=minutes(62))
    assert {pk: health for pk, (health, _since, _seen) in told().held.items()} == {
        app.pk: "degraded"
    }


def test_remembering_costs_the_same_for_one_and_for_three(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        telling.remember(now=minutes(0))
    for more in (1, 2):
        for _number in range(more):
            fails(make_watched())
        sweep(minutes(1))
        telling.remember(now=minutes(1))
        # Listed services, seven of the nation, standing overrides.
        with django_assert_num_queries(9):
            telling.remember(now=minutes(1))
    assert ListedService.objects.count() == 3


# --- what it lists, and what stands beside its texts ----------------------------------------------


def test_people_of_an_agency_leave_what_it_lists_of_others_as_it_is(
    service: Service, operator: User
) -> None:
    own, others = make_service(agency=service.agency), make_service()
    incident = the_incident()
    impact.list_services(
        incident_id=incident.pk,
        services={service.pk: [], others.pk: []},
        actor=operator,
        now=minutes(2),
    )
    impact.list_services(
        incident_id=incident.pk,
        services={own.pk: []},
        actor=make_user(Role.AGENCY_PUBLISHER, service.agency),
        now=minutes(3),
    )

    assert {row.service for row in incident.services.all()} == {own, others}


def test_services_are_listed_and_dropped_by_hand_and_known_rows_stay(
    service: Service, operator: User
) -> None:
    other = make_channel().service
    channel = Channel.objects.get(service=other)
    before = ListedService.objects.get()
    lists: dict[str, Any] = {
        "incident_id": the_incident().pk,
        "services": {service.pk: [], other.pk: [channel.pk]},
        "actor": operator,
    }
    impact.list_services(**lists, now=minutes(2))
    impact.list_services(**lists, now=minutes(3))

    assert log(the_incident()) == ["opened", "listed"]
    kept = ListedService.objects.get(service=service)
    assert (kept.pk, kept.outage_started_at) == (before.pk, minutes(0))
    assert list(ListedService.objects.get(service=other).channels.all()) == [channel]

    strange = make_channel(service=service, kind="phone")
    wrongs: list[dict[int, list[int]]] = [{}, {0: []}, {other.pk: [strange.pk]}]
    for wrong in wrongs:
        with pytest.raises(Incomplete) as caught:
            impact.list_services(**lists | {"services": wrong}, now=minutes(4))
        assert [problem.field for problem in caught.value.problems] == ["services"]


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"title_en": " "}, {"title_en"}),
        ({"still_works_ar": "الهاتف"}, {"still_works_en"}),
        ({"meanwhile_en": "Go there."}, {"meanwhile_ar"}),
        ({"deadlines": "extended"}, {"deadlines_until"}),
    ],
)
def test_a_fact_stands_in_both_languages_or_not_at_all(
    service: Service, operator: User, fields: dict[str, Any], missing: set[str]
) -> None:
    before = the_incident().changed_at
    with pytest.raises(Incomplete) as caught:
        impact.state(incident_id=the_incident().pk, fields=fields, actor=operator, now=minutes(2))
    assert {problem.field for problem in caught.value.problems} == missing
    assert the_incident().changed_at == before


def test_only_facts_can_be_stated(service: Service, operator: User) -> None:
    with pytest.raises(ValueError, match="severity"):
        impact.state(
            incident_id=the_incident().pk,
            fields={"severity": "P4"},
            actor=operator,
            now=minutes(2),
        )


# --- declared by hand, before anything is measured ------------------------------------------------


def test_one_opened_by_hand_declares_what_it_lists_from_when_it_began(operator: User) -> None:
    service = make_watched()
    incident = operations.open_(
        kind="incident",
        services={service.pk: []},
        agency_id=service.agency_id,
        title=Bilingual("مشكلة", "Problem"),
        text=NewText(Bilingual("نعلم بالمشكلة.", "We know about it."), next_update_by=minutes(60)),
        declared="degraded",
        started_at=minutes(-10),
        actor=operator,
        now=minutes(1),
    )
    row = Declaration.objects.get()
    assert (row.declared_at, row.declared_by) == (minutes(-10), operator)
    assert told().declared == "degraded"
    assert (incident.acknowledged_by, incident.started_at) == (operator, minutes(-10))

    # The sweep lets it be: nothing was measured, and a person has it.
    CheckState.objects.update(last_started_at=minutes(2))
    assert sweeping.sweep(now=minutes(2)) == 0
    assert the_incident().is_open
    assert updates.was_announced(incident)
