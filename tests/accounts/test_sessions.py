"""When sessions end: by age, by idleness, and everywhere at once."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from accounts import operations, sessions
from accounts.models import Membership, Role, User
from tests.accounts.entering import FACTORS, HOME, LOGIN, acts, sign_in, somebody
from tests.factories import PASSWORD, make_agency, make_user

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIMITS = sessions.Limits(length=timedelta(hours=12), idle=timedelta(minutes=30))
ROOM = Path(settings.BASE_DIR) / "statusportal" / "settings" / "signing_in.py"
NEW = "a-longer-horse-battery-staple"


@pytest.mark.parametrize(
    ("began", "seen", "why"),
    [
        (timedelta(0), timedelta(0), None),
        (timedelta(minutes=29, seconds=59), timedelta(minutes=29, seconds=59), None),
        (timedelta(minutes=30), timedelta(minutes=30), "idle"),
        (timedelta(hours=11, minutes=59), timedelta(minutes=1), None),
        (timedelta(hours=12), timedelta(seconds=1), "age"),
        # The clock was set back: neither can be told, and nobody is thrown out.
        (timedelta(hours=-2), timedelta(hours=-2), None),
    ],
)
def test_a_session_is_over_by_age_or_by_idleness(
    began: timedelta, seen: timedelta, why: str | None
) -> None:
    session = {
        sessions.SIGNED_IN_AT: int((NOW - began).timestamp()),
        sessions.SEEN_AT: int((NOW - seen).timestamp()),
    }
    assert sessions.why_over(session, LIMITS, NOW) == why


@pytest.mark.parametrize("held", [{}, {"signed_in_at": "x", "seen_at": 1}, {"seen_at": 1}])
def test_a_session_that_does_not_say_when_it_began_is_over(held: dict[str, object]) -> None:
    assert sessions.why_over(held, LIMITS, NOW) == "age"


def test_it_is_written_once_a_minute_at_most() -> None:
    session: dict[str, object] = {}
    sessions.begin(session, NOW)
    sessions.touch(session, NOW + timedelta(seconds=59))
    assert session["seen_at"] == int(NOW.timestamp())
    sessions.touch(session, NOW + timedelta(seconds=60))
    assert session["seen_at"] == int(NOW.timestamp()) + 60
    assert session["signed_in_at"] == int(NOW.timestamp())


# --- over the pages -----------------------------------------------------------------------------

pages = pytest.mark.usefixtures("db", "no_attempts_yet", "quick_passwords")


@pages
def test_half_an_hour_without_an_act_ends_the_session_and_a_page_that_renews_itself_is_none() -> (
    None
):
    person, client = make_user(Role.OPERATOR, username="omar"), Client()
    with time_machine.travel(NOW, tick=False) as clock:
        client.force_login(person)
        clock.shift(timedelta(minutes=29))
        assert client.get(HOME).status_code == 200
        clock.shift(timedelta(minutes=29))
        assert client.get("/ops/", headers={"HX-Request": "true"}).status_code == 200
        clock.shift(timedelta(minutes=1))
        part = client.get("/ops/", headers={"HX-Request": "true"})
        assert part["HX-Redirect"] == "/accounts/login/?next=/ops/"
    assert acts() == [("sign_out", "omar")]


@pages
def test_twelve_hours_end_the_busiest_session() -> None:
    person, client = make_user(Role.OPERATOR), Client()
    with time_machine.travel(NOW, tick=False) as clock:
        client.force_login(person)
        for _number in range(35):
            clock.shift(timedelta(minutes=20))
            assert client.get(FACTORS).status_code == 200
        clock.shift(timedelta(minutes=20))
        assert client.get(HOME)["Location"] == f"{LOGIN}?next={HOME}"


def change_password(person: User, client: Client) -> None:
    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
    )
    person.refresh_from_db()
    assert person.check_password(NEW)


def gain_a_role(person: User, client: Client) -> None:
    Membership.objects.create(user=person, role=Role.AGENCY_STAFF, agency=make_agency())


def lose_a_role(person: User, client: Client) -> None:
    person.memberships.all().delete()


def change_a_role(person: User, client: Client) -> None:
    membership = person.memberships.get()
    membership.role = Role.AUDITOR
    membership.save()


def be_shut_out(person: User, client: Client) -> None:
    operations.deactivate(person=person, actor=None, now=NOW)
    # Also when they come back.
    User.objects.filter(pk=person.pk).update(is_active=True)


def accept_an_invitation(person: User, client: Client) -> None:
    token = operations.invite(person=person, actor=None, now=NOW)
    operations.accept(token=token, password=NEW, now=NOW)


@pages
@pytest.mark.parametrize(
    "happens",
    [
        change_password,
        gain_a_role,
        lose_a_role,
        change_a_role,
        be_shut_out,
        accept_an_invitation,
    ],
)
def test_every_session_ends_everywhere(happens: Callable[[User, Client], None]) -> None:
    person = somebody()
    here, there = Client(), Client()
    sign_in(here, person)
    there.force_login(User.objects.get(pk=person.pk))
    assert [one.get(HOME).status_code for one in (here, there)] == [200, 200]
    happens(person, here)
    for one in (here, there):
        answer = one.get(HOME)
        assert (answer.status_code, answer["Location"]) == (302, f"{LOGIN}?next={HOME}")


@pages
def test_a_changed_factor_ends_every_session_but_the_one_that_changed_it() -> None:
    person = somebody()
    here, there = Client(), Client()
    sign_in(here, person)
    there.force_login(User.objects.get(pk=person.pk))
    here.post("/accounts/2fa/recovery-codes/new/")
    assert here.get(HOME).status_code == 200
    assert there.get(HOME)["Location"] == f"{LOGIN}?next={HOME}"


@pytest.mark.django_db
def test_saving_somebody_who_was_read_a_while_ago_revives_no_session() -> None:
    person = make_user(Role.OPERATOR)
    stale = User.objects.get(pk=person.pk)
    sessions.end_everywhere(person)
    stale.first_name = "Sara"
    stale.save()
    person.refresh_from_db()
    assert (person.first_name, person.session_epoch) == ("Sara", 1)


@pytest.mark.parametrize(
    ("address", "session", "csrf"),
    [
        ("https://status.gov.example", "__Host-session", "__Host-csrf"),
        ("http://localhost:8000", None, None),
    ],
)
def test_cookies_of_a_deployment_are_bound_to_its_host_by_their_names(
    monkeypatch: pytest.MonkeyPatch, address: str, session: str | None, csrf: str | None
) -> None:
    monkeypatch.setattr("statusportal.settings.base.PUBLIC_URL", address)
    found = runpy.run_path(str(ROOM))
    assert (found.get("SESSION_COOKIE_NAME"), found.get("CSRF_COOKIE_NAME")) == (session, csrf)
    assert found["SESSION_COOKIE_AGE"] == 12 * 3600
