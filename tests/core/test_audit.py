"""The record of people's acts only grows, whoever asks."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from core.audit import AppendOnlyError, AuditEntry, record
from tests.factories import make_agency, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def entry():
    return record(
        now=NOW,
        actor=make_user("administrator", username="noor"),
        act="change",
        subject=make_agency(code="MOI", name_ar="الداخلية", name_en="Interior"),
        address="2001:db8::7",
        agency_code="MOI",
        before={"phone": "1"},
        after={"phone": "2"},
        reason="New switchboard",
    )


def test_an_entry_keeps_who_what_when_from_where_and_why():
    written = AuditEntry.objects.get(pk=entry().pk)
    assert (written.at, written.actor_name, written.act) == (NOW, "noor", "change")
    assert (written.subject_kind, written.agency_code) == ("accounts.agency", "MOI")
    assert (written.before, written.after) == ({"phone": "1"}, {"phone": "2"})
    assert (written.address, written.reason) == ("2001:db8::7", "New switchboard")


def test_the_portal_itself_has_a_name_in_the_record():
    written = record(now=NOW, actor=None, act="change", subject=make_agency())
    assert written.actor_name == "portal"


def test_a_row_is_neither_saved_again_nor_deleted():
    written = entry()
    written.reason = "Something else"
    with pytest.raises(AppendOnlyError):
        written.save()
    with pytest.raises(AppendOnlyError):
        written.delete()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditentry SET reason = 'Something else'",
        "DELETE FROM core_auditentry",
        "TRUNCATE core_auditentry",
    ],
)
def test_the_database_refuses_it_too(statement):
    entry()
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEntry.objects.get().reason == "New switchboard"


def test_the_database_refuses_bulk_changes_of_the_orm():
    entry()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.update(reason="Something else")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_an_entry_falls_with_the_act_that_it_belongs_to():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        entry()
        raise ZeroDivisionError
    assert not AuditEntry.objects.exists()
