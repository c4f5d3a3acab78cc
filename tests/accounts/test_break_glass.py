"""Signing in here while there is single sign-on: for few, with a second factor, and heard of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import mails, operations
from accounts.models import GlassBroken, Role
from core.audit import AuditEntry
from core.outbox import Event
from tests.accounts.entering import FACTOR, HOME, LOGIN, acts, give_password, sign_in, somebody
from tests.admin_pages import page_text
from tests.factories import make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_attempts_yet", "quick_passwords", "single_sign_on"),
]


@pytest.fixture
def client() -> Client:
    return Client(headers={"Accept-Language": "en"})


def test_a_password_is_nothing_to_those_who_are_not_named(client: Client) -> None:
    somebody(username="omar")
    answer = client.post(LOGIN, {"login": "omar", "password": "correct-horse-battery-staple"})
    assert "The name or the password is not right." in page_text(answer)
    assert client.get(HOME).status_code == 302
    assert acts() == [("sign_in_refused", "portal")]
    assert AuditEntry.objects.get().after == {"step": "closed"}


def test_without_a_second_factor_the_glass_does_not_break(client: Client) -> None:
    person = somebody(username="sara", may_break_glass=True, has_factor=False)
    assert give_password(client, person)["Location"] == LOGIN
    assert "needs a second factor, and you have none" in page_text(client.get(LOGIN))
    # Nor is anything left with which a thief could enrol one.
    assert client.get("/accounts/2fa/app/add/")["Location"].startswith(LOGIN)
    assert client.get(HOME).status_code == 302
    assert acts() == [("sign_in_refused", "portal")]
    assert not GlassBroken.objects.exists()


def test_with_a_second_factor_it_opens_and_is_written_down_three_times(client: Client) -> None:
    person = somebody(username="sara", may_break_glass=True)
    assert give_password(client, person)["Location"] == FACTOR
    assert not GlassBroken.objects.exists()
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7"), person)["Location"] == HOME
    entry, event, row = AuditEntry.objects.get(), Event.objects.get(), GlassBroken.objects.get()
    assert (entry.act, entry.actor, entry.after) == (
        "break_glass",
        person,
        {"by": "password + totp"},
    )
    assert (event.kind, event.payload["name"]) == ("accounts.glass_broken", "sara")
    assert (row.user, row.address, row.told_at) == (person, "192.0.2.7", None)
    # The sign-in itself waited for no mail.
    assert mail.outbox == []


def test_two_supervisors_are_told_once_in_both_languages(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Bahrain"
    person = somebody(Role.SUPERVISOR, username="sara", may_break_glass=True)
    for name in ("huda", "omar"):
        make_user(Role.SUPERVISOR, username=name, email=f"{name}@gov.example")
    make_user(Role.SUPERVISOR, username="gone", is_active=False)
    make_user(Role.ADMINISTRATOR, username="noor")
    sign_in(Client(REMOTE_ADDR="192.0.2.7"), person)
    now = timezone.now()
    assert mails.tell_supervisors(now=now) == 1
    assert mails.tell_supervisors(now=now) == 0
    assert [one.to for one in mail.outbox] == [["huda@gov.example"], ["omar@gov.example"]]
    first = mail.outbox[0]
    assert first.subject.endswith(" · sara signed in past single sign-on")
    arabic, english = first.body.split("\n\n— — —\n\n")
    assert "from 192.0.2.7" in english
    assert any("؀" <= letter <= "ۿ" for letter in arabic)
    row = GlassBroken.objects.get()
    assert (row.told_at, row.told) == (now, ["huda", "omar"])
    assert len({one.extra_headers["Message-ID"] for one in mail.outbox}) == 2


def test_administrators_hear_of_it_where_supervisors_are_fewer_than_two() -> None:
    person = make_user(Role.OPERATOR)
    only, admin = make_user(Role.SUPERVISOR), make_user(Role.ADMINISTRATOR)
    make_user(Role.ADMINISTRATOR, email="")
    row = GlassBroken.objects.create(user=person, at=timezone.now())
    assert operations.to_be_told(row) == [only, admin]


def test_an_alarm_that_could_not_be_sent_is_sent_later() -> None:
    row = GlassBroken.objects.create(user=make_user(Role.OPERATOR), at=timezone.now())
    make_user(Role.SUPERVISOR)
    now = timezone.now()
    with (
        patch("accounts.mails.EmailMessage.send", side_effect=ConnectionRefusedError),
        pytest.raises(ConnectionRefusedError),
    ):
        mails.tell_supervisors(now=now)
    row.refresh_from_db()
    assert row.told_at is None
    assert mails.tell_supervisors(now=now + timedelta(seconds=15)) == 1
    assert len(mail.outbox) == 1


def test_without_single_sign_on_a_password_is_the_usual_way(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {}
    sign_in(Client(), somebody(username="omar"))
    assert acts() == [("sign_in", "omar")]
    assert not GlassBroken.objects.exists()
