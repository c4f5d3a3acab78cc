"""Tokens in the database and in the admin: shown once, kept as a hash, revoked, recorded."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts import tokens
from accounts.models import AUTHORITY_ROLES, Agency, ApiToken, Role, User
from accounts.token_operations import issue, recognise, revoke
from accounts.tokens import Standing
from core.audit import AuditEntry
from tests.admin_pages import browser, elements, errors, filled_in, page_text, text
from tests.factories import make_agency, make_user
from tests.reports.systems import NOW, make_token

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
LIST = "/admin/accounts/apitoken/"
ADD = f"{LIST}add/"


@pytest.fixture
def agency() -> Agency:
    return make_agency(code="MOI", name_en="Interior")


def page(token: ApiToken, name: str = "change") -> str:
    return f"{LIST}{token.pk}/{name}/"


def person(role: Role, agency: Agency) -> User:
    """Somebody with `role`, for `agency` where it is a role of agencies."""
    return make_user(role, None if role in AUTHORITY_ROLES else agency)


def get(client: Client, path: str, *, at: datetime = NOW) -> Any:
    with time_machine.travel(at, tick=False):
        return client.get(path)


def post(client: Client, path: str, data: dict[str, Any], *, at: datetime = NOW) -> Any:
    with time_machine.travel(at, tick=False):
        return client.post(path, data)


# --- made -----------------------------------------------------------------------------------------


def test_nothing_that_is_stored_holds_the_token(agency: Agency) -> None:
    _row, token = make_token(agency)
    secret = token.rpartition("_")[2]

    with connection.cursor() as cursor:
        for table in ("accounts_apitoken", "core_auditentry", "core_event"):
            cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 - names of ours
            rows = [row for (row,) in cursor.fetchall()]
            assert not any(secret in row for row in rows)
            assert not any(secret[:20] in row for row in rows)


def test_making_one_stands_in_the_record_with_what_it_may_do(agency: Agency) -> None:
    row, _token = make_token(agency, scopes=("read", "heartbeat"), name="Gate \u202eway")

    entry = AuditEntry.objects.get()
    assert (entry.act, entry.agency_code, entry.subject_name) == (
        "make token",
        "MOI",
        f"gsp_{row.public_id}",
    )
    assert entry.actor == row.created_by
    assert entry.after == {
        "public_id": f"gsp_{row.public_id}",
        "name": "Gate way",
        "scopes": "heartbeat read",
        "expires_at": "2027-02-20T09:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " \u200f "}, "name"),
        ({"scopes": ()}, "scopes"),
        ({"scopes": ("read", "publish")}, "scopes"),
        ({"expires_at": NOW}, "expires_at"),
        ({"expires_at": NOW + 366 * DAY + timedelta(seconds=1)}, "expires_at"),
    ],
)
def test_what_no_token_is_made_of(agency: Agency, wrong: dict[str, Any], field: str) -> None:
    sound: dict[str, Any] = {"name": "Batch", "scopes": ("read",), "expires_at": NOW + DAY}
    actor = make_user(Role.ADMINISTRATOR)

    with pytest.raises(ValidationError) as refused:
        issue(agency=agency, actor=actor, now=NOW, **(sound | wrong))

    assert list(refused.value.message_dict) == [field]
    assert not ApiToken.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_database_itself_refuses_a_token_for_longer_or_for_nothing(agency: Agency) -> None:
    row, _token = make_token(agency)
    impossible: list[dict[str, Any]] = [{"expires_at": NOW + 367 * DAY}, {"scopes": []}]
    for wrong in impossible:
        with pytest.raises(IntegrityError), transaction.atomic():
            ApiToken.objects.filter(pk=row.pk).update(**wrong)


MAKERS = {
    Role.AGENCY_STAFF: False,
    Role.AGENCY_PUBLISHER: True,
    Role.CONTACT_CENTRE: False,
    Role.OPERATOR: False,
    Role.SUPERVISOR: False,
    Role.ADMINISTRATOR: True,
    Role.AUDITOR: False,
}


@pytest.mark.parametrize(("role", "may"), MAKERS.items())
def test_who_lets_a_system_in_and_shuts_it_out(agency: Agency, role: Role, may: bool) -> None:
    actor = person(role, agency)
    said: dict[str, Any] = {"name": "Batch", "scopes": ("read",), "expires_at": NOW + DAY}
    row, _token = make_token(agency)
    if may:
        assert issue(agency=agency, actor=actor, now=NOW, **said)[0].created_by == actor
        assert revoke(token_id=row.pk, actor=actor, now=NOW) is True
    else:
        with pytest.raises(PermissionDenied):
            issue(agency=agency, actor=actor, now=NOW, **said)
        with pytest.raises(PermissionDenied):
            revoke(token_id=row.pk, actor=actor, now=NOW)


def test_a_publisher_makes_none_for_another_agency(agency: Agency) -> None:
    actor = make_user(Role.AGENCY_PUBLISHER, agency)
    with pytest.raises(PermissionDenied):
        issue(
            agency=make_agency(),
            name="Batch",
            scopes=("read",),
            expires_at=NOW + DAY,
            actor=actor,
            now=NOW,
        )


# --- recognised -----------------------------------------------------------------------------------


def test_a_token_is_recognised_until_it_ends(agency: Agency) -> None:
    row, token = make_token(agency, lives=DAY)
    for at, standing in (
        (NOW, Standing.VALID),
        (NOW + DAY - timedelta(seconds=1), Standing.VALID),
        (NOW + DAY, Standing.EXPIRED),
    ):
        found = recognise(token, now=at)
        assert found is not None
        assert (found.token, found.standing) == (row, standing)


def test_of_two_tokens_the_name_of_one_and_the_secret_of_the_other_open_nothing(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, _), (_other, text) = make_token(agency), make_token(agency)
    monkeypatch.setattr(tokens, "public_id_of", lambda _text: one.public_id)

    assert recognise(text, now=NOW) is None


def test_its_use_is_written_down_once_a_minute(
    agency: Agency, django_assert_num_queries: Any
) -> None:
    row, token = make_token(agency)
    written = []
    for second, statements in ((0, 2), (1, 1), (59, 1), (60, 2), (61, 1)):
        with django_assert_num_queries(statements):
            recognise(token, now=NOW + timedelta(seconds=second))
        row.refresh_from_db()
        assert row.last_used_at is not None
        written.append((row.last_used_at - NOW).total_seconds())

    assert written == [0, 0, 0, 60, 60]


def test_revoking_is_for_ever_and_done_once(agency: Agency) -> None:
    row, token = make_token(agency)
    actor = make_user(Role.ADMINISTRATOR)

    assert revoke(token_id=row.pk, actor=actor, now=NOW, reason="It leaked.") is True
    assert revoke(token_id=row.pk, actor=actor, now=NOW + DAY) is False

    found = recognise(token, now=NOW)
    assert found is not None
    assert found.standing is Standing.REVOKED
    row.refresh_from_db()
    assert (row.revoked_at, row.revoked_by, row.last_used_at) == (NOW, actor, None)
    entry = AuditEntry.objects.get(act="revoke token")
    assert (entry.actor, entry.reason) == (actor, "It leaked.")


# --- in the admin ---------------------------------------------------------------------------------


def test_a_token_is_asked_for_made_and_shown_once(agency: Agency) -> None:
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, agency))
    asked = get(publisher, ADD)
    assert "shown once, on the next page" in page_text(asked)
    # Of the only agency, and for three months unless somebody says more.
    data = filled_in(asked)
    assert (data["agency"], data["last_day"]) == (str(agency.pk), "2027-02-20")

    answer = post(
        publisher,
        ADD,
        data | {"name": "Nightly batch", "scopes": ["heartbeat", "read"], "why": "New system"},
    )

    token, header = (text(line) for line in elements(answer, "pre"))
    assert re.fullmatch(r"gsp_[0-9a-z]{10}_[0-9A-Za-z]{49}", token)
    assert header == f"Authorization: Bearer {token}"
    assert "no-store" in answer["Cache-Control"]
    row = ApiToken.objects.get()
    assert (row.name, row.scopes) == ("Nightly batch", ["heartbeat", "read"])
    # To the end of the day in Bahrain.
    assert row.expires_at.isoformat() == "2027-02-20T21:00:00+00:00"
    assert AuditEntry.objects.get().reason == "New system"
    # Nowhere else, and never again.
    for path in (LIST, page(row), page(row, "history"), page(row, "revoke"), ADD):
        shown = publisher.get(path)
        assert shown.status_code == 200
        assert token[15:] not in shown.content.decode()


def test_the_longest_day_that_may_be_chosen_is_accepted_and_the_next_is_not(
    agency: Agency,
) -> None:
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, agency))
    asked = get(publisher, ADD)
    (day,) = elements(asked, "input", name="last_day")
    assert (day.get("min"), day.get("max")) == ("2026-11-22", "2027-11-22")
    data = filled_in(asked) | {"name": "Batch", "scopes": ["read"]}

    refused = post(publisher, ADD, data | {"last_day": "2027-11-23"})
    assert errors(refused) == ["A token lives for 366 days at most. Choose an earlier day."]
    assert not ApiToken.objects.exists()

    assert elements(post(publisher, ADD, data | {"last_day": "2027-11-22"}), "pre")


def test_people_see_the_tokens_of_their_own_agency_alone(agency: Agency) -> None:
    own, _ = make_token(agency, name="Ours")
    other, _ = make_token(name="Theirs")
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, agency))

    listed = page_text(publisher.get(LIST))
    assert "Ours" in listed
    assert "Theirs" not in listed
    assert publisher.get(page(own)).status_code == 200
    for name in ("change", "history", "revoke", "delete"):
        assert publisher.get(page(other, name)).status_code == 404
    assert publisher.post(page(other, "revoke"), {"why": ""}).status_code == 404
    other.refresh_from_db()
    assert other.revoked_at is None


def test_the_choice_of_agencies_is_the_persons_own(agency: Agency) -> None:
    other = make_agency()
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, agency))
    data = filled_in(publisher.get(ADD)) | {"name": "Batch", "scopes": ["read"]}

    answer = publisher.post(ADD, data | {"agency": str(other.pk)})

    assert answer.status_code == 200
    assert not ApiToken.objects.exists()


SEES = {
    Role.AGENCY_STAFF: 403,
    Role.AGENCY_PUBLISHER: 200,
    Role.CONTACT_CENTRE: 403,
    Role.OPERATOR: 403,
    Role.SUPERVISOR: 200,
    Role.ADMINISTRATOR: 200,
    Role.AUDITOR: 200,
}


@pytest.mark.parametrize(("role", "status"), SEES.items())
def test_who_sees_which_systems_may_call(agency: Agency, role: Role, status: int) -> None:
    row, _token = make_token(agency)
    client = browser(person(role, agency))

    assert client.get(LIST).status_code == status
    assert client.get(ADD).status_code == (200 if MAKERS[role] else 403)
    revoking = 404 if status == 403 else 200 if MAKERS[role] else 403
    assert client.get(page(row, "revoke")).status_code == revoking


def test_a_token_is_revoked_after_a_question_with_a_reason(agency: Agency) -> None:
    row, token = make_token(agency)
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, agency))
    (link,) = elements(get(publisher, page(row)), "a", href=page(row, "revoke"))
    asked = get(publisher, link.get("href") or "")
    assert "of Interior is turned away from then on" in page_text(asked)
    assert "It was never used." in page_text(asked)

    answer = post(publisher, page(row, "revoke"), filled_in(asked) | {"why": "It leaked."})

    assert answer.status_code == 302
    found = recognise(token, now=NOW)
    assert found is not None
    assert found.standing is Standing.REVOKED
    shown = get(publisher, page(row))
    assert "Revoked" in page_text(shown)
    assert not elements(shown, "a", href=page(row, "revoke"))


def test_the_list_tells_the_valid_ones_from_the_others(agency: Agency) -> None:
    make_token(agency, name="Runs")
    make_token(agency, name="Ending", lives=30 * DAY)
    make_token(agency, name="Ended", now=NOW - 2 * DAY, lives=DAY)
    revoked, _ = make_token(agency, name="Leaked")
    actor = make_user(Role.ADMINISTRATOR)
    revoke(token_id=revoked.pk, actor=actor, now=NOW)
    client = browser(actor)

    found = {}
    for stands in ("valid", "soon", "expired", "revoked"):
        (table,) = elements(get(client, f"{LIST}?stands={stands}"), "table", id="result_list")
        found[stands] = [
            name for name in ("Runs", "Ending", "Ended", "Leaked") if name in text(table)
        ]

    assert found == {
        "valid": ["Runs", "Ending"],
        "soon": ["Ending"],
        "expired": ["Ended"],
        "revoked": ["Leaked"],
    }


def test_a_token_is_neither_changed_nor_deleted(agency: Agency) -> None:
    row, _token = make_token(agency)
    client = browser(make_user(Role.ADMINISTRATOR))

    assert client.post(page(row), {"name": "Another"}).status_code == 403
    assert client.post(page(row, "delete"), {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.name == "Nightly batch"


def test_the_pages_speak_arabic(agency: Agency) -> None:
    row, _token = make_token(agency)
    client = browser(make_user(Role.AGENCY_PUBLISHER, agency), "ar")
    for path, sentence in (
        (ADD, "يُعرض الرمز مرة واحدة"),
        (page(row), "إرسال النبضات"),
        (page(row, "revoke"), "لا يمكن التراجع"),
    ):
        assert sentence in page_text(client.get(path))
