"""Incidents and planned work in the Statuspage v2 documents."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.test import Client

from statusportal.public.store import store
from tests.statusportal.public import incidents
from tests.statusportal.public.answered import HARMLESS, HOSTILE, UNREADABLE, by_id, document
from tests.statusportal.public.everything import everything
from tests.statusportal.public.incidents import HOUR, incident, over, with_incidents
from tests.statusportal.public.planned import window, with_windows
from tests.statusportal.public.snapshots import NOW

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.fixture
def all_of_it() -> None:
    store.hold(everything())


# --- incidents ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        ("investigating", "investigating"),
        ("identified", "identified"),
        ("fixing", "identified"),
        ("monitoring", "monitoring"),
        ("of a newer release", "investigating"),
    ],
)
def test_a_phase_becomes_a_status(client: Client, phase: str, status: str) -> None:
    store.hold(with_incidents(incident("IN-A22222", "visa", phase=phase)))

    assert by_id(document(client, "summary.json"))["IN-A22222"]["status"] == status


@pytest.mark.parametrize(
    ("severity", "impact"), [("P1", "critical"), ("P2", "major"), ("P3", "minor"), ("P4", "none")]
)
def test_a_severity_becomes_an_impact(client: Client, severity: str, impact: str) -> None:
    store.hold(with_incidents(incident("IN-A22222", "visa", severity=severity)))

    assert by_id(document(client, "summary.json"))["IN-A22222"]["impact"] == impact


@pytest.mark.usefixtures("all_of_it")
def test_an_incident_has_its_texts_newest_first(client: Client) -> None:
    login = by_id(document(client, "incidents.json"))["IN-LGN222"]
    newest, middle, oldest = login["incident_updates"]

    assert login["shortlink"] == "https://status.gov.example/en/incidents/IN-LGN222/"
    assert [one["status"] for one in (newest, middle, oldest)] == [
        "identified",
        "identified",
        "investigating",
    ]
    assert newest["body"] == (
        "We are now:\n\n- starting the other server\n- testing the login with it"
    )
    # Corrected: the same text, changed later.
    assert (middle["created_at"], middle["updated_at"]) == (
        "2026-11-22T09:10:00.000Z",
        "2026-11-22T09:20:00.000Z",
    )
    assert [one["code"] for one in newest["affected_components"]] == ["id-login"]
    changes = [
        (one["old_status"], one["new_status"])
        for update in (newest, oldest)
        for one in update["affected_components"]
    ]
    assert changes == [("major_outage", "major_outage"), ("operational", "major_outage")]


@pytest.mark.usefixtures("all_of_it")
def test_notices_that_are_no_incidents_are_not_there(client: Client) -> None:
    assert {"IN-ANN222", "IN-CLR222"}.isdisjoint(by_id(document(client, "incidents.json")))


@pytest.mark.usefixtures("all_of_it")
def test_only_open_incidents_are_unresolved(client: Client) -> None:
    unresolved = set(by_id(document(client, "incidents/unresolved.json")))

    assert unresolved == {
        "IN-LGN222",
        "IN-QVR222",
        "IN-HDN222",
        "IN-DNT222",
        "IN-MNT222",
    }
    assert set(by_id(document(client, "summary.json"))) == unresolved


@pytest.mark.usefixtures("all_of_it")
def test_the_newest_incident_comes_first(client: Client) -> None:
    started = [one["started_at"] for one in document(client, "incidents.json")["incidents"]]

    assert started == sorted(started, reverse=True)


@pytest.mark.usefixtures("all_of_it")
def test_watching_counts_from_its_last_beginning(client: Client) -> None:
    found = by_id(document(client, "incidents.json"))

    assert found["IN-MNT222"]["monitoring_at"] == "2026-11-22T09:00:00.000Z"
    assert found["IN-LGN222"]["monitoring_at"] is None


@pytest.mark.usefixtures("all_of_it")
def test_what_ended_without_a_text_says_how(client: Client) -> None:
    itself = by_id(document(client, "incidents.json"))["IN-SLF222"]
    newest = itself["incident_updates"][0]

    assert (newest["status"], newest["created_at"]) == ("resolved", itself["resolved_at"])
    assert newest["body"] == (
        "This problem ended by itself after 9 minutes, as our automatic checks show."
    )
    assert newest["affected_components"] is None


@pytest.mark.usefixtures("all_of_it")
def test_a_public_report_is_the_newest_update(client: Client) -> None:
    closed = by_id(document(client, "incidents.json"))["IN-CLS222"]
    report, resolved, *_ = closed["incident_updates"]

    assert closed["status"] == report["status"] == "postmortem"
    assert report["body"] == "Paying failed after an update.\n\nUpdates are tried on a copy first."
    assert report["created_at"] == "2026-11-21T10:00:00.000Z"
    assert (resolved["status"], resolved["body"]) == ("resolved", "Both work again.")
    assert closed["resolved_at"] == "2026-11-19T10:00:00.000Z"


@pytest.mark.usefixtures("all_of_it")
def test_a_text_that_names_what_is_not_public_gives_its_phase(client: Client) -> None:
    hidden = by_id(document(client, "incidents.json"))["IN-HDN222"]

    assert hidden["name"] == "Problem with a shared government platform"
    assert [one["body"] for one in hidden["incident_updates"]] == [
        "Identified",
        "We know about a problem with a shared government platform.",
    ]
    # Who needs it may be named.
    assert [one["id"] for one in hidden["components"]] == ["id-visa"]


@pytest.mark.usefixtures("all_of_it")
def test_an_agencys_page_has_what_concerns_its_services(client: Client) -> None:
    found = by_id(document(client, "incidents/unresolved.json", "?agency=NDS"))
    reached = by_id(document(client, "incidents/unresolved.json", "?agency=MOI"))

    assert set(found) >= {"IN-LGN222"}
    assert "IN-QVR222" not in found
    # The login is another agency's; what it takes along here is not.
    assert [one["id"] for one in reached["IN-LGN222"]["components"]] == ["id-passport"]


def test_the_fifty_newest_incidents_are_given(client: Client) -> None:
    many_of_them = [
        over(
            f"IN-{number:06}",
            "visa",
            started_at=NOW - number * HOUR,
            ended_at=NOW - number * HOUR + HOUR / 2,
        )
        for number in range(1, 61)
    ]
    store.hold(with_incidents(*many_of_them))

    found = document(client, "incidents.json")["incidents"]
    assert [one["id"] for one in found] == [f"IN-{number:06}" for number in range(1, 51)]


# --- planned work -------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_of_it")
def test_windows_stand_by_their_state(client: Client) -> None:
    def refs(path: str) -> list[str]:
        return [one["id"] for one in document(client, path)["scheduled_maintenances"]]

    assert refs("scheduled-maintenances/upcoming.json") == ["MW-HDDN22", "MW-AHEAD2"]
    # Running over is still in progress (rule 16).
    assert refs("scheduled-maintenances/active.json") == ["MW-QVER22", "MW-XTND22", "MW-RUN222"]
    assert refs("summary.json") == [
        "MW-QVER22",
        "MW-XTND22",
        "MW-RUN222",
        "MW-HDDN22",
        "MW-AHEAD2",
    ]
    assert refs("scheduled-maintenances.json") == [
        "MW-AHEAD2",
        "MW-CANC22",
        "MW-MQVED2",
        "MW-HDDN22",
        "MW-RUN222",
        "MW-XTND22",
        "MW-QVER22",
        "MW-CMPL22",
        "MW-PAST22",
    ]


def maintenance(client: Client, ref: str) -> dict[str, Any]:
    found = document(client, "scheduled-maintenances.json")
    return by_id(found, "scheduled_maintenances")[ref]


@pytest.mark.usefixtures("all_of_it")
def test_a_window_ahead_tells_its_announcement_and_its_times(client: Client) -> None:
    ahead = maintenance(client, "MW-AHEAD2")

    assert ahead["name"] == "Planned work on National login"
    assert (ahead["scheduled_for"], ahead["scheduled_until"]) == (
        "2026-11-27T10:00:00.000Z",
        "2026-11-27T14:00:00.000Z",
    )
    (announced,) = ahead["incident_updates"]
    assert announced["status"] == "scheduled"
    assert announced["body"].startswith("Parts of \u2068National login\u2069 will be unavailable")
    assert "Use the app." in announced["body"]
    assert ahead["shortlink"] == "https://status.gov.example/en/maintenance/MW-AHEAD2/"


@pytest.mark.usefixtures("all_of_it")
def test_the_clock_begins_a_window_and_an_agency_extends_it(client: Client) -> None:
    extended = maintenance(client, "MW-XTND22")

    assert [(one["status"], one["body"].split("\n")) for one in extended["incident_updates"]] == [
        (
            "in_progress",
            [
                "Extended",
                "New expected end: \u206814:00 on Sunday 22 November 2026\u2069",
                "More time is needed.",
            ],
        ),
        ("in_progress", ["Started"]),
        (
            "scheduled",
            [
                "Announced",
                (
                    "\u2068Sunday 22 November 2026\u2069, from \u206811:00\u2069 to"
                    " \u206812:00\u2069 (Bahrain Time)"
                ),
            ],
        ),
    ]
    assert extended["started_at"] == "2026-11-22T08:00:00.000Z"


@pytest.mark.usefixtures("all_of_it")
@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("MW-CANC22", "is cancelled. There will be no interruption for it."),
        ("MW-MQVED2", "is moved to"),
    ],
)
def test_what_is_called_off_is_completed_and_says_so(client: Client, ref: str, words: str) -> None:
    found = maintenance(client, ref)

    assert found["status"] == found["incident_updates"][0]["status"] == "completed"
    assert words in found["incident_updates"][0]["body"]
    assert found["resolved_at"] == found["incident_updates"][0]["created_at"]


@pytest.mark.usefixtures("all_of_it")
def test_the_newest_update_has_the_status_of_the_whole(client: Client) -> None:
    windows = document(client, "scheduled-maintenances.json")["scheduled_maintenances"]

    assert [
        one["id"] for one in windows if one["incident_updates"][0]["status"] != one["status"]
    ] == []


@pytest.mark.usefixtures("all_of_it")
def test_updates_are_told_newest_first(client: Client) -> None:
    found = document(client, "incidents.json")["incidents"]
    found += document(client, "scheduled-maintenances.json")["scheduled_maintenances"]

    for one in found:
        told = [update["created_at"] for update in one["incident_updates"]]
        assert told == sorted(told, reverse=True), one["id"]
        assert len({update["id"] for update in one["incident_updates"]}) == len(told)


def test_a_window_without_any_step_has_an_update_all_the_same(client: Client) -> None:
    store.hold(
        with_windows(
            window("MW-BARE22", "fines", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, steps=())
        )
    )

    (told,) = maintenance(client, "MW-BARE22")["incident_updates"]
    assert told["status"] == "scheduled"


def test_hostile_texts_come_out_whole_and_harmless(client: Client) -> None:
    told = msgspec.structs.replace(
        incidents.LOGIN.updates[0],
        text=msgspec.structs.replace(incidents.LOGIN.updates[0].text, en=HOSTILE),
    )
    titled = msgspec.structs.replace(
        incidents.LOGIN,
        title=msgspec.structs.replace(incidents.LOGIN.title, en=HOSTILE),
        updates=(told,),
    )
    store.hold(with_incidents(titled))

    found = by_id(document(client, "summary.json"))["IN-LGN222"]
    assert found["name"] == HARMLESS
    assert not set(found["incident_updates"][0]["body"]) & (UNREADABLE - set("\u202e\u2066"))
