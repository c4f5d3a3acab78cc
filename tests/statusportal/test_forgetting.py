"""What is known of people goes when it has had its time; what they did stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import models

from accounts.models import Invitation, Membership, User
from core.audit import AuditEntry, record
from reports.models import Suspicion
from statusportal import forgetting
from statusportal.celery import app
from statusportal.forgetting import Forgotten, StillHere, forget_old, forget_person
from tests.factories import make_agency, make_service, make_user

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PAPER = Path(__file__).resolve().parents[2] / "docs" / "personal-data.md"


# --- what has had its time --------------------------------------------------------------------


def make_invitation(digest: str, *, expires_at: datetime, ended_at: datetime | None) -> None:
    Invitation.objects.create(
        user=make_user(),
        digest=digest,
        created_at=expires_at - 3 * DAY,
        expires_at=expires_at,
        ended_at=ended_at,
    )


def make_suspicion(key: str, settled_at: datetime | None) -> None:
    agency = make_agency()
    token = apps.get_model("accounts.ApiToken").objects.create(
        public_id=key,
        name="a system",
        agency=agency,
        scopes=["suspect"],
        created_at=NOW,
        created_by=make_user(),
        expires_at=NOW + DAY,
    )
    Suspicion.objects.create(
        service=make_service(agency=agency),
        agency=agency,
        began_at=NOW,
        contact=f"Noor, 1700000{key}",
        told_at=NOW,
        token=token,
        idempotency_key=key,
        settled="set_aside" if settled_at else "waiting",
        settled_at=settled_at,
    )


@pytest.mark.django_db
def test_sessions_invitations_and_contacts_go_after_their_time_and_not_before() -> None:
    for key, expires_at in (("over", NOW - timedelta(seconds=1)), ("open", NOW)):
        Session.objects.create(session_key=key, session_data="", expire_date=expires_at)
    make_invitation("used long ago", expires_at=NOW, ended_at=NOW - 31 * DAY)
    make_invitation("expired long ago", expires_at=NOW - 31 * DAY, ended_at=None)
    make_invitation("used lately", expires_at=NOW, ended_at=NOW - 29 * DAY)
    make_invitation("open", expires_at=NOW + DAY, ended_at=None)
    make_suspicion("1", NOW - 366 * DAY)
    make_suspicion("2", NOW - 364 * DAY)
    make_suspicion("3", None)

    assert forget_old(now=NOW) == Forgotten(sessions=1, invitations=2, contacts=1)
    assert forget_old(now=NOW) == Forgotten(sessions=0, invitations=0, contacts=0)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]
    left = Invitation.objects.order_by("digest").values_list("digest", flat=True)
    assert list(left) == ["open", "used lately"]
    contacts = Suspicion.objects.order_by("idempotency_key").values_list("contact", flat=True)
    assert list(contacts) == ["", "Noor, 17000002", "Noor, 17000003"]


def test_it_is_done_every_hour() -> None:
    (entry,) = [
        one
        for one in app.conf.beat_schedule.values()
        if one["task"] == "statusportal.tasks.forget_old"
    ]
    assert entry["schedule"] == 3600.0


# --- somebody who has left --------------------------------------------------------------------


@pytest.mark.django_db
def test_who_has_left_becomes_nameless_and_their_acts_stay() -> None:
    person = make_user(
        "operator", username="noor", first_name="Noor", last_name="Ahmed", is_active=False
    )
    written = record(now=NOW, actor=person, act="change", subject=make_agency())
    assert Authenticator.objects.filter(user=person).exists()
    epoch = person.session_epoch

    forget_person(person=person, actor=None, now=NOW, reason="Asked for by letter 7")

    left = User.objects.get(pk=person.pk)
    assert left.username == f"left-{person.pk}"
    assert (left.first_name, left.last_name, left.email, left.last_login) == ("", "", "", None)
    assert not left.has_usable_password()
    assert not Authenticator.objects.filter(user=person).exists()
    assert left.session_epoch > epoch
    assert Membership.objects.get(user=person).role == "operator"
    # The record is never changed: it names people as they were called.
    assert AuditEntry.objects.get(pk=written.pk).actor_name == "Noor Ahmed"
    last = AuditEntry.objects.latest("pk")
    assert (last.act, last.subject_name) == ("forget", f"left-{person.pk}")
    assert (last.reason, last.before, last.after) == ("Asked for by letter 7", None, None)


@pytest.mark.django_db
def test_nobody_who_works_here_is_forgotten() -> None:
    person = make_user(username="noor", first_name="Noor")
    with pytest.raises(StillHere):
        forget_person(person=person, actor=None, now=NOW, reason="A slip")
    with pytest.raises(CommandError, match="noor is still active: deactivate them first"):
        call_command("forget_person", "noor", reason="A slip")
    with pytest.raises(CommandError, match="There is nobody called nour"):
        call_command("forget_person", "nour", reason="A slip")
    assert User.objects.get(username="noor").first_name == "Noor"


@pytest.mark.django_db
def test_the_command_says_what_became_of_them() -> None:
    person = make_user(username="noor", is_active=False)
    out = StringIO()
    call_command("forget_person", "noor", reason="Left in May", stdout=out)
    assert out.getvalue() == f"noor is forgotten; their acts stay as those of {person.pk}.\n"
    assert AuditEntry.objects.get(act="forget").actor_name == "portal"


# --- the paper --------------------------------------------------------------------------------

# Of these names a column tells something of a person, or lets them in.
PERSONAL = {
    "username", "first_name", "last_name", "email", "contact", "address", "actor_name", "uid",
    "extra_data", "session_data", "last_login", "told",
}  # fmt: skip


def is_personal(model: type[models.Model]) -> bool:
    return any(
        column.name in PERSONAL
        or isinstance(column, models.EmailField | models.GenericIPAddressField)
        or (isinstance(column, models.ForeignKey) and column.related_model is User)
        for column in model._meta.concrete_fields
    )


def told_of() -> set[str]:
    """The models that the paper names in the first cells of its tables."""
    found: set[str] = set()
    for line in PAPER.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            found |= {word.strip("`,") for word in line.split("|")[1].split()}
    return found


def test_the_paper_names_every_model_that_tells_something_of_a_person() -> None:
    personal = {model._meta.label for model in apps.get_models() if is_personal(model)}
    assert {"accounts.User", "core.AuditEntry", "sessions.Session"} <= personal
    assert told_of() == personal


def test_the_paper_promises_the_days_that_are_set(settings: Any) -> None:
    text = PAPER.read_text(encoding="utf-8")
    assert f"{settings.INVITATION_KEPT_DAYS} days (`INVITATION_KEPT_DAYS`)" in text
    assert f"{settings.CONTACT_KEPT_DAYS} days (`CONTACT_KEPT_DAYS`)" in text
    assert forgetting.__doc__ is not None
    assert "docs/personal-data.md" in forgetting.__doc__
