"""The chain in the database: written behind the entries, in order, none left out, none twice."""

import threading

import pytest
from django.db import connection, transaction

from core import chaining
from core.audit import AuditLink, record
from core.chain import Head, Kind
from core.chaining import chain, verify, whole_number
from tests.core.tampering import MINUTE, NOW, act, chained, faults, forge_entry, tampering
from tests.factories import make_agency, make_user


@pytest.fixture(autouse=True)
def _new_process(monkeypatch):
    """What a process remembers of its own chaining belongs to one test."""
    monkeypatch.setattr(chaining, "_linked_before", None)


# --- Linking --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_entries_are_linked_once_and_in_order_of_their_ids():
    first, second = act(), act()
    assert chain(now=NOW + MINUTE) == 2
    third = act()
    assert chain(now=NOW + 2 * MINUTE) == 1
    assert chain(now=NOW + 3 * MINUTE) == 0
    assert chained() == [first, second, third]
    assert list(AuditLink.objects.order_by("pk").values_list("pk", "linked_at")) == [
        (1, NOW + MINUTE),
        (2, NOW + MINUTE),
        (3, NOW + 2 * MINUTE),
    ]


@pytest.mark.django_db
def test_the_record_and_its_chain_agree():
    record(
        now=NOW,
        actor=make_user("administrator", username="noor"),
        act="change",
        subject=make_agency(name_ar="الداخلية"),
        address="2001:db8::7",
        agency_code="MOI",
        before={"phone": None, "position": 1, "weight": 0.1},
        after={"phone": "١٢٣", "position": 10**20, "weight": 1e-7, "days": ["sat", "🌙"]},
        reason="New\nswitchboard",
    )
    chain(now=NOW)
    found = verify()
    assert (found.entries, found.linked, found.waiting, found.faults) == (1, 1, 0, [])
    assert found.head == Head(1, AuditLink.objects.get().digest)


@pytest.mark.django_db
def test_what_waits_for_the_sweep_is_no_fault():
    act(NOW)
    chain(now=NOW)
    act(NOW + 2 * MINUTE)
    act(NOW + MINUTE)
    found = verify()
    assert (found.entries, found.linked, found.waiting, found.faults) == (3, 1, 2, [])
    assert found.waiting_since == NOW + MINUTE


@pytest.mark.django_db
def test_a_record_without_entries_has_no_head():
    assert chain(now=NOW) == 0
    assert verify() == chaining.Verified(0, 0, 0, None, None, [])


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_linking_costs_the_same_for_any_number(django_assert_num_queries, count):
    for _number in range(count):
        act()
    # Its savepoint (2), the lock, the head, two transaction numbers (3), what waits, the entries,
    # the links.
    with django_assert_num_queries(10):
        chain(now=NOW)


@pytest.mark.django_db
def test_what_was_linked_is_not_looked_through_again(django_assert_num_queries, monkeypatch):
    act()
    chain(now=NOW)
    # Within one test everything is one transaction, which never ends: as if it had.
    monkeypatch.setattr(chaining, "_linked_before", AuditLink.objects.get().xid)
    with django_assert_num_queries(8) as ran:
        chain(now=NOW)
    assert '"core_auditentry"."id" > ' in str(ran.captured_queries)
    late = act()
    assert chain(now=NOW) == 1
    assert chained()[-1] == late


@pytest.mark.django_db
def test_many_entries_are_linked_and_read_in_batches(monkeypatch):
    monkeypatch.setattr(chaining, "_BATCH", 2)
    ids = [act() for _number in range(5)]
    assert chain(now=NOW) == 5
    assert chained() == ids
    assert (verify().linked, verify().faults) == (5, [])


# --- Entries that commit out of order ---------------------------------------------------------


class Elsewhere:
    """Another process that has written an entry and has not committed yet."""

    def __init__(self) -> None:
        self.id = 0
        self._written, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        assert self._written.wait(10)
        return self

    def __exit__(self, *_error):
        self.commit()

    def commit(self) -> None:
        self._end.set()
        self._thread.join(10)

    def _run(self) -> None:
        try:
            with transaction.atomic():
                self.id = act()
                self._written.set()
                self._end.wait(10)
        finally:
            connection.close()


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_commits_late_is_linked_after_the_later_ones_and_never_skipped():
    with Elsewhere() as slow:
        quick = act()
        assert slow.id < quick
        assert chain(now=NOW) == 1
        # Sweeps go on, as long as it takes.
        another = act(NOW + MINUTE)
        assert chain(now=NOW + MINUTE) == 1
        assert chain(now=NOW + 2 * MINUTE) == 0
        slow.commit()
        # Committed and not yet linked: it waits, it was not inserted.
        found = verify()
        assert (found.waiting, found.faults) == (1, [])
        assert chain(now=NOW + 3 * MINUTE) == 1
    assert chained() == [quick, another, slow.id]
    found = verify()
    assert (found.linked, found.waiting, found.faults) == (3, 0, [])


@pytest.mark.django_db(transaction=True)
def test_a_process_that_has_just_started_links_the_late_one_as_well(monkeypatch):
    with Elsewhere() as slow:
        quick = act()
        chain(now=NOW)
        slow.commit()
        monkeypatch.setattr(chaining, "_linked_before", None)
        assert chain(now=NOW + MINUTE) == 1
    assert chained() == [quick, slow.id]


@pytest.mark.django_db(transaction=True)
def test_an_id_that_is_never_used_leaves_no_gap_in_the_chain():
    first = act()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        act()
        raise ZeroDivisionError
    third = act()
    assert third == first + 2
    chain(now=NOW)
    assert list(AuditLink.objects.order_by("pk").values_list("pk", "entry")) == [
        (1, first),
        (2, third),
    ]
    assert verify().faults == []


@pytest.mark.django_db(transaction=True)
def test_an_entry_inserted_under_an_unused_id_is_found_and_left_out_of_the_chain(monkeypatch):
    first = act()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        act()
        raise ZeroDivisionError
    third = act()
    chain(now=NOW)
    with connection.cursor() as cursor:
        # As the application may: no trigger refuses a new row.
        forge_entry(cursor, first + 1)
    inserted = [(Kind.INSERTED, first + 1)]
    assert faults() == inserted
    for remembered in (chaining._linked_before, None):
        monkeypatch.setattr(chaining, "_linked_before", remembered)
        assert chain(now=NOW + MINUTE) == 0
    fourth = act(NOW + MINUTE)
    assert chain(now=NOW + MINUTE) == 1
    assert chained() == [first, third, fourth]
    assert faults() == inserted


@pytest.mark.django_db(transaction=True)
def test_two_chainers_do_not_get_into_each_others_way():
    act()
    with transaction.atomic():
        assert chaining._ours()
        other = []

        def run():
            try:
                other.append(chain(now=NOW))
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(10)
        assert other == [0]
    assert chain(now=NOW) == 1


@pytest.mark.django_db
def test_after_a_move_to_a_younger_server_a_row_under_a_passed_id_is_still_found():
    first = act()
    chain(now=NOW)
    with tampering() as cursor:
        # Links that were made when the old server had counted far more transactions.
        cursor.execute("UPDATE core_auditlink SET xid = xid + 1000000000")
        forge_entry(cursor, first - 1)
    assert (Kind.INSERTED, first - 1) in faults()


@pytest.mark.parametrize(
    ("short", "near", "whole"),
    [
        (5, 7, 5),
        (5, 2**32 + 7, 2**32 + 5),
        (2**32 - 1, 2**32 + 7, 2**32 - 1),
        (3, 2**32 - 2, 2**32 + 3),
    ],
)
def test_a_row_keeps_the_end_of_its_transactions_number(short, near, whole):
    assert whole_number(short, near) == whole
