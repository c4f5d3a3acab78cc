"""`manage.py verify_audit`: the record is as it was written, or what is wrong is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import tasks
from core import chaining
from core.audit import AuditEntry, AuditLink, record
from statusportal.celery import app
from tests.factories import make_agency

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaining, "_linked_before", None)


def act(now: datetime = NOW) -> int:
    return record(now=now, actor=None, act="change", subject=make_agency()).pk


def verify_audit(*arguments: str) -> tuple[list[str], int]:
    """The lines it prints and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except SystemExit as exit_:
        code = int(str(exit_.code))
    return out.getvalue().splitlines(), code


def tamper(sql: str, entry_id: int) -> None:
    """As somebody who has taken the triggers away."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, [entry_id])
        cursor.execute("SET session_replication_role = DEFAULT")


@pytest.mark.django_db
def test_an_empty_record_is_whole() -> None:
    assert verify_audit() == (
        ["0 entries, 0 linked", "nothing was changed, removed or inserted"],
        0,
    )


@pytest.mark.django_db
def test_a_whole_record_gives_its_head_to_be_written_down() -> None:
    act()
    chaining.chain(now=NOW)
    act(NOW + MINUTE)
    digest = AuditLink.objects.get().digest
    assert verify_audit() == (
        [
            "2 entries, 1 linked, 1 waiting for the sweep since 2026-11-22T09:01:00Z",
            f"head 1:{digest}",
            "nothing was changed, removed or inserted",
        ],
        0,
    )
    chaining.chain(now=NOW + MINUTE)
    assert verify_audit("--head", f"1:{digest}")[1] == 0


@pytest.mark.django_db
def test_each_fault_is_a_line_and_the_exit_code_says_so() -> None:
    first, second, third = act(), act(), act()
    chaining.chain(now=NOW)
    tamper("UPDATE core_auditentry SET reason = 'Another' WHERE id = %s", first)
    tamper("DELETE FROM core_auditentry WHERE id = %s", second)
    digest = AuditLink.objects.get(entry=third).digest
    assert verify_audit("--head", "3:" + "ab" * 32, "--head", "9:" + "cd" * 32) == (
        [
            f"changed: entry {first} or its link has been changed (link 1)",
            f"missing: entry {second} is missing (link 2)",
            "other head: link 3 is not the one written down",
            "other head: link 9, written down as the last, is not there",
            "2 entries, 2 linked",
            f"head 3:{digest}",
            "4 faults",
        ],
        1,
    )


@pytest.mark.django_db
def test_what_is_no_head_is_refused_with_a_sentence() -> None:
    with pytest.raises(CommandError, match="A head is POSITION:DIGEST"):
        verify_audit("--head", "12")


@pytest.mark.django_db
def test_it_reads_and_changes_nothing() -> None:
    act()
    verify_audit()
    assert (AuditEntry.objects.count(), AuditLink.objects.count()) == (1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_it_asks_the_same_number_of_questions_for_any_record(
    django_assert_num_queries, count: int
) -> None:
    for _number in range(count):
        act()
    chaining.chain(now=NOW)
    # The links, their entries, no more links, what is in none, a transaction number.
    with django_assert_num_queries(5):
        assert verify_audit()[1] == 0


@pytest.mark.django_db
def test_the_sweep_links_what_people_did() -> None:
    act()
    with time_machine.travel(NOW + MINUTE, tick=False):
        tasks.chain_audit()
    assert AuditLink.objects.get().linked_at == NOW + MINUTE


def test_the_sweep_comes_every_ten_seconds() -> None:
    (entry,) = [
        entry
        for entry in app.conf.beat_schedule.values()
        if entry["task"] == tasks.chain_audit.name
    ]
    assert (entry["schedule"], entry["options"]) == (10.0, {"expires": 8})
