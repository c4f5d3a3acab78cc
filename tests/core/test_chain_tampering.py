"""What is refused to whoever wants to rewrite the record, and found where it was done."""

import re
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from core import chaining
from core.audit import AppendOnlyError, AuditLink
from core.chain import Kind
from core.chaining import chain, verify
from tests.core.tampering import (
    DAY,
    MINUTE,
    NOW,
    act,
    as_if_committed,
    chained,
    faults,
    forge_entry,
    forge_link,
    tampering,
)


@pytest.fixture(autouse=True)
def _new_process(monkeypatch):
    """What a process remembers of its own chaining belongs to one test."""
    monkeypatch.setattr(chaining, "_linked_before", None)


# --- Refused ----------------------------------------------------------------------------------

REFUSED = [
    "UPDATE core_auditentry SET reason = 'Something else'",
    "UPDATE core_auditentry SET reason = reason WHERE false",
    "DELETE FROM core_auditentry",
    "TRUNCATE core_auditentry CASCADE",
    "TRUNCATE accounts_user CASCADE",
    "UPDATE core_auditlink SET digest = ''",
    "DELETE FROM core_auditlink",
    "TRUNCATE core_auditlink",
    "INSERT INTO core_auditlink TABLE core_auditlink ON CONFLICT (position) DO UPDATE SET xid = 0",
]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_refuses_to_change_entries_and_links(statement):
    act()
    chain(now=NOW)
    with (
        pytest.raises(DatabaseError, match="the record only grows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        as_if_committed(cursor)
        cursor.execute(statement)
    assert (verify().linked, verify().faults) == (1, [])


@pytest.mark.django_db
def test_a_link_is_neither_saved_again_nor_deleted():
    act()
    chain(now=NOW)
    link = AuditLink.objects.get()
    with pytest.raises(AppendOnlyError):
        link.save()
    with pytest.raises(AppendOnlyError):
        link.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditLink(pk=1, entry=link.entry, linked_at=NOW, xid=1, previous="", digest="").save()


def _as_the_paper_says():
    """The statements of docs/audit.md that give the tables another owner than the portal."""
    paper = Path(__file__).resolve().parents[2] / "docs" / "audit.md"
    (block,) = re.findall(r"```sql\n(.+?)```", paper.read_text(encoding="utf-8"), re.DOTALL)
    # In the tests' own PostgreSQL a superuser is called so.
    return re.sub(r"\bstatusportal\b", "portal", block)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        *REFUSED,
        "ALTER TABLE core_auditentry DISABLE TRIGGER ALL",
        "DROP TRIGGER core_auditlink_append_only ON core_auditlink",
        "DROP TABLE core_auditlink",
        "SET session_replication_role = replica",
        "DROP FUNCTION core_refuse_change() CASCADE",
    ],
)
def test_whoever_does_not_own_the_tables_cannot_take_the_triggers_away(statement):
    act()
    chain(now=NOW)
    with connection.cursor() as cursor:
        as_if_committed(cursor)
        cursor.execute(
            "CREATE ROLE portal;"
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO portal;"
            "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO portal"
        )
        cursor.execute(_as_the_paper_says())
        cursor.execute("SET LOCAL ROLE portal")
        refusal = "permission denied|must be (able to|owner)|owner of"
        with pytest.raises(DatabaseError, match=refusal), transaction.atomic():
            cursor.execute(statement)
        # What the portal does all day is not refused.
        act(NOW + MINUTE)
        assert chain(now=NOW + MINUTE) == 1
        cursor.execute("RESET ROLE")
    assert (verify().linked, verify().faults) == (2, [])


# --- Found ------------------------------------------------------------------------------------

# What somebody with the triggers out of the way does to entries and links; `a` to `e` are the ids
# of five linked entries, and what is found of it.
TAMPERED = {
    "a changed value": (
        ['UPDATE core_auditentry SET after = \'{{"phone": "9"}}\' WHERE id = {c}'],
        ["changed {c}"],
    ),
    "a changed name": (
        ["UPDATE core_auditentry SET actor_name = 'Somebody else' WHERE id = {e}"],
        ["changed {e}"],
    ),
    "another time": (
        ["UPDATE core_auditentry SET at = at + interval '1 microsecond' WHERE id = {a}"],
        ["changed {a}"],
    ),
    "a deleted entry": (["DELETE FROM core_auditentry WHERE id = {c}"], ["missing {c}"]),
    "a deleted entry with its link": (
        [
            "DELETE FROM core_auditentry WHERE id = {c}",
            "DELETE FROM core_auditlink WHERE entry_id = {c}",
        ],
        ["links missing"],
    ),
    "a deleted link": (
        ["DELETE FROM core_auditlink WHERE entry_id = {c}"],
        ["links missing", "inserted {c}"],
    ),
    "everything before an entry": (
        [
            "DELETE FROM core_auditentry WHERE id < {d}",
            "DELETE FROM core_auditlink WHERE entry_id < {d}",
        ],
        ["links missing"],
    ),
    "two entries swapped": (
        [
            "UPDATE core_auditentry SET id = -1 WHERE id = {b}",
            "UPDATE core_auditentry SET id = {b} WHERE id = {c}",
            "UPDATE core_auditentry SET id = {c} WHERE id = -1",
        ],
        ["changed {b}", "changed {c}"],
    ),
    "two links swapped": (
        [
            "UPDATE core_auditlink SET entry_id = -1 WHERE entry_id = {b}",
            "UPDATE core_auditlink SET entry_id = {b} WHERE entry_id = {c}",
            "UPDATE core_auditlink SET entry_id = {c} WHERE entry_id = -1",
        ],
        ["changed {c}", "changed {b}"],
    ),
    "a link at another time": (
        ["UPDATE core_auditlink SET linked_at = linked_at - interval '1 day' WHERE entry_id = {a}"],
        ["changed {a}"],
    ),
    "a new digest that nothing follows from": (
        ["UPDATE core_auditlink SET digest = repeat('e', 64) WHERE entry_id = {b}"],
        ["changed {b}", "broken {c}"],
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_found(name):
    statements, expected = TAMPERED[name]
    # All of one sweep, in which times tell nothing.
    ids = [act(NOW + number * MINUTE, after={"phone": str(number)}) for number in range(5)]
    chain(now=NOW + 5 * MINUTE)
    assert verify().faults == []
    names = dict(zip("abcde", ids, strict=True))
    with tampering() as cursor:
        for statement in statements:
            cursor.execute(statement.format(**names))
    found = [str(kind) if entry_id is None else f"{kind} {entry_id}" for kind, entry_id in faults()]
    assert found == [line.format(**names) for line in expected]


@pytest.mark.django_db
def test_forged_rows_are_found_wherever_they_stand():
    ids = [act(NOW + number * MINUTE) for number in range(3)]
    chain(now=NOW + 3 * MINUTE)
    before, behind = ids[0] - 1, ids[2] + 1
    with tampering() as cursor:
        # As if the chain began there, and at its end.
        forge_entry(cursor, before)
        forge_link(cursor, 0, before)
        forge_entry(cursor, behind)
        forge_link(cursor, 4, behind)
        forge_entry(cursor, -7)
    assert verify().linked == 5
    assert faults() == [
        (Kind.LINKS_MISSING, None),
        (Kind.CHANGED, before),
        (Kind.BROKEN, ids[0]),
        (Kind.CHANGED, behind),
        (Kind.INSERTED, -7),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("is_linked", [False, True])
def test_a_new_entry_that_says_that_it_is_old_is_found_before_and_after_the_sweep(is_linked):
    for number in range(3):
        act(NOW + number * DAY)
        chain(now=NOW + number * DAY)
    forged = act(NOW + DAY)
    if is_linked:
        assert chain(now=NOW + 2 * DAY + MINUTE) == 1
    assert faults() == [(Kind.INSERTED, forged)]


@pytest.mark.django_db
@pytest.mark.parametrize("is_recomputed", [False, True])
def test_only_a_head_that_was_written_down_betrays_who_cuts_the_end_off(is_recomputed):
    for number in range(4):
        act(NOW + number * MINUTE)
        chain(now=NOW + number * MINUTE)
    head = verify().head
    with tampering() as cursor:
        last = chained()[-1]
        cursor.execute("DELETE FROM core_auditlink WHERE entry_id = %s", [last])
        cursor.execute("DELETE FROM core_auditentry WHERE id = %s", [last])
    if is_recomputed:
        act(NOW + 5 * MINUTE)
        chain(now=NOW + 5 * MINUTE)
    assert faults() == []
    assert faults(written_down=[head]) == [(Kind.OTHER_HEAD, None)]
