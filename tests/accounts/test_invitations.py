"""Invitations instead of passwords that others know; and how people leave."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from celery import current_app
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import mails, operations
from accounts.models import Invitation, Role, User
from core.audit import AuditEntry
from tests.accounts.entering import FACTORS, HOME, LOGIN, acts, give_password
from tests.admin_pages import elements, page_text
from tests.factories import make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_attempts_yet", "quick_passwords"),
]
PEOPLE = "/admin/accounts/user/"
CHOSEN = "a-sentence-only-i-think-of"
OVER = "This link no longer works"


@pytest.fixture
def admin() -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(make_user(Role.ADMINISTRATOR, username="noor"))
    return client


@pytest.fixture
def invited() -> User:
    return make_user(Role.OPERATOR, username="omar", email="omar@gov.example")


def invite(person: User) -> str:
    return operations.invite(person=person, actor=None, now=timezone.now())


def follow(token: str) -> tuple[Client, Any]:
    """Open the link: the token leaves the address before a page is shown."""
    client = Client(headers={"Accept-Language": "en"})
    answer = client.get(f"/accounts/invitation/{token}/")
    assert answer["Location"] == "/accounts/invitation/"
    return client, client.get(answer["Location"])


def choose(client: Client, password: str = CHOSEN, again: str | None = None) -> Any:
    return client.post(
        "/accounts/invitation/", {"password1": password, "password2": again or password}
    )


def test_whoever_is_invited_chooses_a_password_and_is_led_to_their_second_factor(
    invited: User,
) -> None:
    client, page = follow(invite(invited))
    assert "You sign in as omar." in page_text(page)
    answer = choose(client)
    assert answer["Location"] == FACTORS
    # Their old factor went with their old password, and nothing opens without a new one.
    assert not Authenticator.objects.exists()
    assert client.get(HOME)["Location"] == FACTORS
    assert client.get("/accounts/2fa/app/add/").status_code == 200
    invited.refresh_from_db()
    assert invited.check_password(CHOSEN)
    assert [act for act, _who in acts()] == [
        "invite",
        "factor_remove",
        "accept_invitation",
        "sign_in",
    ]


def test_a_link_works_once(invited: User) -> None:
    token = invite(invited)
    choose(follow(token)[0])
    client, page = follow(token)
    assert (page.status_code, OVER in page_text(page)) == (410, True)
    assert choose(client, "another-sentence-of-mine").status_code == 410
    invited.refresh_from_db()
    assert invited.check_password(CHOSEN)


def test_a_link_lasts_three_days(invited: User) -> None:
    token, began = invite(invited), timezone.now()
    with time_machine.travel(began + timedelta(hours=71, minutes=59)):
        assert follow(token)[1].status_code == 200
    with time_machine.travel(began + timedelta(hours=72, minutes=1)):
        assert follow(token)[1].status_code == 410


def test_a_newer_link_ends_the_older_one(invited: User) -> None:
    older, newer = invite(invited), invite(invited)
    assert follow(older)[1].status_code == 410
    assert follow(newer)[1].status_code == 200


def test_a_link_is_kept_as_a_digest_alone(invited: User) -> None:
    token = invite(invited)
    row = Invitation.objects.values().get()
    assert len(row["digest"]) == 64
    assert token not in str(row)
    assert token not in str(list(AuditEntry.objects.values()))


def test_a_link_of_somebody_who_was_shut_out_is_over(invited: User) -> None:
    token = invite(invited)
    operations.deactivate(person=invited, actor=None, now=timezone.now())
    assert follow(token)[1].status_code == 410
    with pytest.raises(operations.InvitationOver):
        operations.invite(person=User.objects.get(), actor=None, now=timezone.now())


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", None, "This password is too short."),
        ("123456789012", None, "This password is entirely numeric."),
        (CHOSEN, "something-else-entirely", "The two are not the same."),
    ],
)
def test_a_weak_password_is_refused_and_the_link_goes_on_working(
    invited: User, password: str, again: str | None, said: str
) -> None:
    client, _page = follow(invite(invited))
    assert said in page_text(choose(client, password, again))
    assert choose(client)["Location"] == FACTORS


@pytest.mark.usefixtures("single_sign_on")
def test_with_single_sign_on_only_those_who_may_break_glass_get_a_password(invited: User) -> None:
    client, page = follow(invite(invited))
    assert not elements(page, "input", type="password")
    assert client.post("/accounts/invitation/")["Location"] == LOGIN
    invited.refresh_from_db()
    assert not invited.has_usable_password()


@pytest.mark.usefixtures("single_sign_on")
def test_whoever_may_break_glass_enrols_their_factor_by_invitation_alone(invited: User) -> None:
    User.objects.update(may_break_glass=True)
    client, _page = follow(invite(invited))
    assert choose(client)["Location"] == FACTORS
    assert client.get("/accounts/2fa/app/add/").status_code == 200
    # The password that they chose is not enough for it.
    assert give_password(Client(), invited, CHOSEN)["Location"] == LOGIN
    assert [act for act, _who in acts()][-2:] == ["break_glass", "sign_in_refused"]


def test_a_link_that_is_over_signs_nobody_out(admin: Client) -> None:
    admin.get("/accounts/invitation/whatever/")
    assert admin.get(HOME).status_code == 200


# --- the admin ----------------------------------------------------------------------------------


def test_adding_somebody_invites_them_and_shows_the_link_once(admin: Client) -> None:
    page = admin.get(f"{PEOPLE}add/")
    assert not elements(page, "input", type="password")
    data = {"username": "sara", "first_name": "Sara", "email": "sara@gov.example"}
    data |= {f"memberships-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    answer = admin.post(f"{PEOPLE}add/", data, follow=True)
    person = User.objects.get(username="sara")
    assert (person.is_staff, person.has_usable_password()) == (True, False)
    (token,) = re.findall(r"/accounts/invitation/([\w-]{43})/", page_text(answer))
    assert choose(follow(token)[0])["Location"] == FACTORS
    assert not re.search(r"/accounts/invitation/", page_text(admin.get(PEOPLE)))


def test_where_there_is_mail_the_link_goes_to_the_person_alone(
    admin: Client, invited: User, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_HOST = "mail.gov.example"
    chosen = {"action": "invite", "_selected_action": [invited.pk]}
    with (
        patch("accounts.mails.current_app.send_task") as send_task,
        django_capture_on_commit_callbacks(execute=True),
    ):
        answer = admin.post(PEOPLE, chosen, follow=True)
    text = page_text(answer)
    assert "An invitation is on its way to omar, at omar@gov.example." in text
    assert "/accounts/invitation/" not in text
    ((name,), task) = send_task.call_args
    assert task["kwargs"]["link"] not in task["kwargsrepr"]
    current_app.tasks[name](**task["kwargs"])
    (message,) = mail.outbox
    assert message.to == ["omar@gov.example"]
    assert message.body.count(task["kwargs"]["link"]) == 2


def test_an_invitation_that_ended_is_not_sent(invited: User) -> None:
    invite(invited)
    row = Invitation.objects.get()
    invite(invited)
    mails.send_invitation(invitation_id=row.pk, link="https://portal.example/x")
    assert mail.outbox == []


def test_shutting_out_keeps_the_row_and_the_history(admin: Client, invited: User) -> None:
    noor = User.objects.get(username="noor")
    chosen = {"action": "deactivate", "_selected_action": [invited.pk, noor.pk]}
    answer = admin.post(PEOPLE, chosen, follow=True)
    assert "You cannot shut yourself out." in page_text(answer)
    invited.refresh_from_db()
    noor.refresh_from_db()
    assert (invited.is_active, noor.is_active) == (False, True)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.actor, entry.subject_id) == ("deactivate", noor, str(invited.pk))


def test_nobody_sets_the_password_of_somebody_else(admin: Client, invited: User) -> None:
    assert admin.get(f"{PEOPLE}{invited.pk}/password/", follow=True).status_code == 404
    assert not elements(admin.get(f"{PEOPLE}{invited.pk}/change/"), "input", type="password")


def test_the_secrets_of_factors_are_on_no_page_of_the_admin(admin: Client) -> None:
    for address in ("mfa/authenticator", "account/emailaddress", "socialaccount/socialaccount"):
        assert admin.get(f"/admin/{address}/").status_code == 404


# --- the command line ---------------------------------------------------------------------------


def test_the_first_person_is_invited_on_the_command_line(
    invited: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("invite", "omar", "--break-glass")
    (token,) = re.findall(r"/accounts/invitation/([\w-]{43})/", capsys.readouterr().out)
    client, _page = follow(token)
    assert choose(client)["Location"] == FACTORS
    invited.refresh_from_db()
    assert invited.may_break_glass
    assert give_password(Client(), invited, CHOSEN)["Location"] == HOME
