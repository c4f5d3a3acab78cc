"""What people say of a service reaches its page by rule 17: declared, held, overridden, derived."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from core.bilingual import Bilingual
from services.status.headline import HeadlineKind
from services.status.health import CheckHealth, Health
from services.status.observation import Reason
from services.status.publication import Fact
from statusportal.public import reader
from statusportal.public.said import Said
from statusportal.public.shape import (
    IncidentFact,
    ListedFact,
    OverrideFact,
    Snapshot,
    version_of,
)
from tests.statusportal.public.snapshots import BAD, NOW, SINCE, SLOW, snapshot

BEGAN = NOW - timedelta(minutes=40)


def incident(*services: ListedFact, **fields: Any) -> IncidentFact:
    defaults: dict[str, Any] = {
        "ref": "IN-234567",
        "kind": "incident",
        "phase": "investigating",
        "severity": "P2",
        "title": Bilingual("مشكلة", "A problem"),
        "started_at": BEGAN,
        "opened_at": BEGAN,
        "first_notice_at": BEGAN,
        "changed_at": BEGAN,
        "services": services,
    }
    return IncidentFact(**defaults | fields)


def listing(slug: str, **fields: Any) -> ListedFact:
    return ListedFact(id=f"id-{slug}", **fields)


def read(
    *incidents: IncidentFact,
    measured: dict[str, Any] | None = None,
    at: datetime = NOW,
    seen_at: datetime = NOW,
) -> Said:
    base = snapshot(measured, observed_at=seen_at)
    truth = msgspec.structs.replace(base.truth, incidents=incidents)
    return reader.read(Snapshot(truth, base.built_at, base.observed, version_of(truth)), at)


def test_what_is_declared_counts_when_it_is_worse_than_measured() -> None:
    said = read(incident(listing("fines", declared="degraded")))
    service = said.services["fines"]
    assert service.health is Health.DEGRADED
    assert service.since == BEGAN
    assert service.channels[0].fact_shown is Fact.DECLARED
    assert [one.ref for one in service.incidents] == ["IN-234567"]

    worse = read(incident(listing("fines", declared="degraded")), measured={"fines": BAD})
    assert worse.services["fines"].health is Health.MAJOR_OUTAGE


def test_of_two_incidents_the_worse_word_counts_and_a_closed_one_says_nothing() -> None:
    mild = incident(listing("fines", declared="degraded"))
    bad = incident(listing("fines", declared="major_outage"), ref="IN-345678", severity="P1")
    assert read(mild, bad).services["fines"].health is Health.MAJOR_OUTAGE
    over = incident(listing("fines", declared="major_outage"), phase="resolved", resolved_at=NOW)
    assert read(over).services["fines"].health is Health.OPERATIONAL


def test_a_word_about_another_channel_changes_nothing() -> None:
    said = read(incident(listing("fines", declared="major_outage", channels=(99,))))
    assert said.services["fines"].health is Health.OPERATIONAL


def test_announcements_and_clarifications_say_nothing_of_a_status() -> None:
    said = read(incident(listing("fines", declared="major_outage"), kind="announcement"))
    assert said.services["fines"].health is Health.OPERATIONAL
    assert said.headline.kind is HeadlineKind.NONE


@pytest.mark.parametrize("is_open", [True, False])
def test_silence_under_an_open_incident_is_no_recovery(is_open: bool) -> None:
    fields: dict[str, Any] = {} if is_open else {"phase": "resolved", "resolved_at": NOW}
    said = read(
        incident(listing("login"), **fields),
        measured={"login": BAD},
        at=NOW + timedelta(hours=1),
    )
    expected = Health.MAJOR_OUTAGE if is_open else Health.UNKNOWN
    assert said.services["login"].health is expected
    assert said.services["login"].since == (SINCE if is_open else NOW)
    # Also for dependants.
    assert said.services["passport"].health is expected


def test_what_a_gap_wiped_out_is_remembered_by_the_incident() -> None:
    since = NOW - timedelta(minutes=30)
    said = read(
        incident(listing("fines", held={4: ("major_outage", since, NOW)})),
        measured={"fines": (CheckHealth.UNKNOWN, Reason.PROBER_ERROR)},
    )
    service = said.services["fines"]
    assert service.channels[0].fact.id == 4
    assert service.health is Health.MAJOR_OUTAGE
    assert service.since == since
    assert service.channels[0].fact_shown is Fact.HELD


def given(**fields: Any) -> OverrideFact:
    defaults: dict[str, Any] = {
        "health": "operational",
        "measured": "degraded",
        "given_at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(hours=1),
    }
    return OverrideFact(**defaults | fields)


@pytest.mark.parametrize(
    ("measured", "at", "health", "lost"),
    [
        (SLOW, NOW, Health.OPERATIONAL, False),
        # Never later than its expiry.
        (SLOW, NOW + timedelta(hours=1), Health.DEGRADED, False),
        # It got worse: the word ends, and the page says so.
        (BAD, NOW, Health.MAJOR_OUTAGE, True),
    ],
)
def test_an_override_holds_until_it_expires_or_measured_worsens(
    measured: Any, at: datetime, health: Health, lost: bool
) -> None:
    said = read(
        incident(listing("fines", override=given())),
        measured={"fines": measured},
        at=at,
        seen_at=at,
    )
    assert said.services["fines"].health is health
    assert said.services["fines"].channels[0].override_lost is lost


def test_dependants_are_derived_while_it_is_open_and_named_nowhere_else() -> None:
    said = read(incident(listing("login")), measured={"login": BAD})
    (told,) = said.incidents
    assert [one.slug for one in told.services] == ["login"]
    assert [one.slug for one in told.derived] == ["passport"]
    assert [one.ref for one in said.services["passport"].incidents] == ["IN-234567"]
    assert said.services["fines"].incidents == ()

    well = read(incident(listing("login")))
    assert well.incidents[0].derived == ()


def test_an_incident_of_what_is_not_public_is_told_only_where_it_is_felt() -> None:
    assert read(incident(listing("secret"))).incidents == ()
    felt = read(incident(listing("sms-gate")), measured={"sms-gate": BAD})
    assert [one.slug for one in felt.incidents[0].derived] == ["visa"]
    assert felt.incidents[0].services == ()
    assert felt.incidents[0].has_unspoken


def test_an_update_that_did_not_come_is_overdue_from_the_promised_instant() -> None:
    due = NOW + timedelta(minutes=10)
    promised = incident(listing("fines"), next_update_by=due)
    assert read(promised, at=due - timedelta(seconds=1)).incidents[0].overdue_since is None
    assert read(promised, at=due).incidents[0].overdue_since == due


def test_open_ones_stand_first_the_worst_before_the_others() -> None:
    said = read(
        incident(listing("fines"), ref="IN-OLD222", resolved_at=NOW, phase="resolved"),
        incident(listing("fines"), ref="IN-MILD22", severity="P3"),
        incident(listing("fines"), ref="IN-NEWS22", kind="announcement", severity="P1"),
        incident(listing("visa"), ref="IN-BAD222", severity="P1"),
    )
    assert [one.ref for one in said.incidents] == [
        "IN-BAD222",
        "IN-MILD22",
        "IN-NEWS22",
        "IN-OLD222",
    ]
