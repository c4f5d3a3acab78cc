"""The chain by itself: what a digest covers, and what examining a broken chain tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit import AuditEntry
from core.chain import (
    COLUMNS,
    NOTHING,
    Head,
    Kind,
    canonical,
    digest_of,
    examine,
    examine_unlinked,
    head_from,
    linked,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLACE: dict[str, Any] = {"position": 1, "linked_at": NOW, "xid": 900, "previous": NOTHING}


def facts(number=1, **changed):
    """An entry as its columns, written `number` minutes after nine."""
    return {
        "id": number,
        "at": NOW + number * MINUTE,
        "actor_id": 7,
        "actor_name": "Noor",
        "address": "2001:db8::7",
        "act": "change",
        "subject_kind": "accounts.agency",
        "subject_id": "3",
        "subject_name": "الداخلية",
        "agency_code": "MOI",
        "before": {"phone": "1"},
        "after": {"phone": "2"},
        "reason": "",
    } | changed


def chain_of(*entries):
    """Each entry with its link; a sweep every minute found one."""
    made, newest = [], None
    for entry in entries:
        newest = linked(after=newest, entry=entry, linked_at=entry["at"], xid=900 + entry["id"])
        made.append((newest, entry))
    return made


def kinds(chain, written_down=()):
    return [(fault.kind, fault.entry_id) for fault in examine(chain, written_down)]


def said(chain, written_down=()):
    return [fault.said for fault in examine(chain, written_down)]


# --- Digests --------------------------------------------------------------------------------


def test_a_digest_is_what_anybody_can_compute_from_the_rows():
    # Taken with sha256sum of a text written by hand: where it changes, every chain breaks.
    entry = facts(before=None)
    text = canonical({"entry": entry, "position": 1}).decode()
    assert text == (
        '{"entry":{"act":"change","actor_id":7,"actor_name":"Noor","address":"2001:db8::7",'
        '"after":{"phone":"2"},"agency_code":"MOI","at":"2026-11-22T09:01:00.000000+00:00",'
        '"before":null,"id":1,"reason":"","subject_id":"3","subject_kind":"accounts.agency",'
        '"subject_name":"الداخلية"},"position":1}'
    )
    made = digest_of(entry=entry, **PLACE)
    assert made == "819857bb1272195ac909fe7f16ba9a35b93e2dac56b1e1c56bda4976ea3aba21"


def test_every_column_of_an_entry_is_in_its_digest():
    assert set(COLUMNS) == {column.attname for column in AuditEntry._meta.concrete_fields}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_change_of_any_column_is_another_digest(name):
    other = NOW if name == "at" else 8
    assert digest_of(entry=facts(), **PLACE) != digest_of(entry=facts(**{name: other}), **PLACE)


@pytest.mark.parametrize(
    "change",
    [{"position": 2}, {"linked_at": NOW + MINUTE}, {"xid": 901}, {"previous": "f" * 64}],
)
def test_a_change_of_the_place_is_another_digest(change):
    assert digest_of(entry=facts(), **PLACE) != digest_of(entry=facts(), **PLACE | change)


def test_an_instant_is_the_same_in_every_zone_and_keys_in_every_order():
    gulf = timezone(timedelta(hours=3))
    assert canonical({"a": NOW.astimezone(gulf), "b": 1}) == canonical({"b": 1, "a": NOW})


def test_what_json_lacks_has_no_digest():
    with pytest.raises(TypeError):
        canonical({"a": object()})
    with pytest.raises(ValueError):
        canonical({"a": float("nan")})


# --- Links ----------------------------------------------------------------------------------


def test_each_link_stands_behind_the_one_before_it():
    (first, _), (second, _) = chain_of(facts(4), facts(9))
    assert (first.position, first.entry_id, first.previous) == (1, 4, NOTHING)
    assert (second.position, second.entry_id, second.previous) == (2, 9, first.digest)


def test_a_clock_that_was_set_back_moves_no_link_back():
    first = linked(after=None, entry=facts(1), linked_at=NOW, xid=900)
    second = linked(after=first, entry=facts(2), linked_at=NOW - MINUTE, xid=901)
    assert second.linked_at == NOW


def test_a_head_is_read_as_it_was_printed():
    head = Head(12, "ab" * 32)
    assert str(head) == "12:" + "ab" * 32
    assert head_from(str(head)) == head
    assert head_from("12:" + "AB" * 32) == head


@pytest.mark.parametrize("text", ["", "12", "12:", "x:" + "ab" * 32, "0:" + "ab" * 32, "12:abcd"])
def test_what_is_no_head_is_refused(text):
    with pytest.raises(ValueError):
        head_from(text)


# --- Examining ------------------------------------------------------------------------------


def test_a_whole_chain_has_no_fault():
    assert kinds(chain_of(*map(facts, range(1, 6)))) == []
    assert kinds([]) == []


def test_a_changed_entry_is_named():
    chain = chain_of(*map(facts, range(1, 4)))
    chain[1] = (chain[1][0], facts(2, after={"phone": "3"}))
    assert said(chain) == ["entry 2 or its link has been changed (link 2)"]


def test_a_changed_entry_with_a_new_digest_is_betrayed_by_the_next_link():
    chain = chain_of(*map(facts, range(1, 4)))
    changed = facts(2, after={"phone": "3"})
    link = linked(after=chain[0][0], entry=changed, linked_at=changed["at"], xid=902)
    chain[1] = (link, changed)
    assert said(chain) == ["link 3 does not follow from the one before it: one was rewritten"]


def test_a_missing_entry_is_named():
    chain = chain_of(*map(facts, range(1, 4)))
    chain[1] = (chain[1][0], None)
    assert said(chain) == ["entry 2 is missing (link 2)"]


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        (slice(0, 1), "link 1 is missing, before entry 2"),
        (slice(1, 2), "link 2 is missing, after entry 1 and before entry 3"),
        (slice(1, 3), "links 2 to 3 are missing, after entry 1 and before entry 4"),
    ],
)
def test_missing_links_are_named_by_their_neighbours(gone, sentence):
    chain = chain_of(*map(facts, range(1, 6)))
    del chain[gone]
    assert said(chain) == [sentence]


def test_entries_that_changed_places_are_both_named():
    chain = chain_of(*map(facts, range(1, 5)))
    (second, a), (third, b) = chain[1], chain[2]
    chain[1], chain[2] = (second, b | {"id": 2}), (third, a | {"id": 3})
    assert kinds(chain) == [(Kind.CHANGED, 2), (Kind.CHANGED, 3)]


def test_links_that_changed_places_are_named():
    chain = chain_of(*map(facts, range(1, 5)))
    second, third = chain[1][0], chain[2][0]
    chain[1] = (replace(third, position=2), chain[2][1])
    chain[2] = (replace(second, position=3), chain[1][1])
    assert {Kind.CHANGED, Kind.BROKEN} == {kind for kind, _entry in kinds(chain)}


def test_a_forged_link_at_the_end_is_named():
    chain = chain_of(*map(facts, range(1, 4)))
    forged = replace(chain[2][0], position=4, entry_id=4, previous=chain[2][0].digest)
    assert said([*chain, (forged, facts(4))]) == ["entry 4 or its link has been changed (link 4)"]


def test_a_forged_link_that_is_right_is_betrayed_by_the_time_that_its_entry_gives():
    days = [facts(number, at=NOW + timedelta(days=number)) for number in range(1, 4)]
    chain = chain_of(*days)
    entry = facts(4, at=NOW + timedelta(days=1))
    link = linked(after=chain[2][0], entry=entry, linked_at=NOW + timedelta(days=4), xid=950)
    assert said([*chain, (link, entry)]) == [
        (
            "entry 4 was inserted, or lost its link: it says 2026-11-23T09:00:00Z, and was in no"
            " link at 2026-11-25T09:00:00Z"
        )
    ]


def test_a_link_that_claims_to_be_older_than_the_one_before_it_is_named():
    chain = chain_of(*map(facts, range(1, 4)))
    second = chain[1][0]
    early = {"linked_at": NOW - MINUTE, "xid": 902, "previous": second.previous}
    made = digest_of(position=2, entry=facts(2), **early)
    chain[1] = (replace(second, linked_at=NOW - MINUTE, digest=made), facts(2))
    assert "link 2 says that it is older than the one before it" in said(chain)


@pytest.mark.parametrize(
    ("at", "is_inserted"),
    [
        (NOW + timedelta(days=3), False),
        # An act that took an hour.
        (NOW + timedelta(days=2, hours=23), False),
        (NOW + timedelta(days=2, hours=22, minutes=59), True),
    ],
)
def test_an_entry_may_be_linked_an_hour_late_and_no_later(at, is_inserted):
    day = NOW + timedelta(days=3)
    first = linked(after=None, entry=facts(1), linked_at=day, xid=900)
    late = facts(2, at=at)
    second = linked(after=first, entry=late, linked_at=day + MINUTE, xid=901)
    assert bool(kinds([(first, facts(1)), (second, late)])) is is_inserted


def test_what_waited_while_no_sweep_ran_is_no_forgery():
    first = linked(after=None, entry=facts(1), linked_at=NOW, xid=900)
    weeks = NOW + timedelta(days=30)
    chain = [(first, facts(1))]
    for number in range(2, 5):
        entry = facts(number, at=NOW + timedelta(days=number))
        link = linked(after=chain[-1][0], entry=entry, linked_at=weeks, xid=901)
        chain.append((link, entry))
    assert kinds(chain) == []


# --- Heads that were written down ------------------------------------------------------------


def test_an_end_that_was_cut_off_is_shown_by_the_head_that_was_written_down():
    chain = chain_of(*map(facts, range(1, 5)))
    head = Head(4, chain[3][0].digest)
    assert said(chain[:3]) == []
    assert said(chain[:3], [head]) == ["link 4, written down as the last, is not there"]


def test_a_chain_that_was_rewritten_whole_is_shown_by_the_head_that_was_written_down():
    head = Head(3, chain_of(*map(facts, range(1, 4)))[2][0].digest)
    forged = chain_of(facts(1), facts(2, reason="Another one"), facts(3), facts(4))
    assert said(forged) == []
    assert said(forged, [head]) == ["link 3 is not the one written down"]


def test_every_head_that_was_written_down_still_stands_in_a_whole_chain():
    chain = chain_of(*map(facts, range(1, 5)))
    assert kinds(chain, [Head(link.position, link.digest) for link, _entry in chain]) == []


@st.composite
def tampered(draw):
    """A chain of up to six entries, and the same with one thing changed before its end."""
    chain = chain_of(*map(facts, range(1, draw(st.integers(2, 6)) + 1)))
    other = list(chain)
    place = draw(st.integers(0, len(chain) - 2))
    link, entry = other[place]
    match draw(st.sampled_from(["entry", "no entry", "no link", "link", "swap"])):
        case "entry":
            name = draw(st.sampled_from(COLUMNS))
            value = NOW - MINUTE if name == "at" else draw(st.integers(100))
            other[place] = (link, entry | {name: value})
        case "no entry":
            other[place] = (link, None)
        case "no link":
            del other[place]
        case "link":
            name = draw(st.sampled_from(["previous", "digest"]))
            other[place] = (replace(link, **{name: draw(st.just("e" * 64))}), entry)
        case "swap":
            other[place], other[place + 1] = other[place + 1], other[place]
    return chain, other


@given(tampered())
def test_one_change_anywhere_before_the_end_is_found_without_a_head(chains):
    whole, other = chains
    assert kinds(whole) == []
    assert kinds(other) != []


# --- Entries in no link -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("xid", "passed_by", "at", "is_inserted"),
    [
        # Nothing later is linked: it waits.
        (950, None, NOW, False),
        # Its transaction was under way when a later one was linked.
        (899, 900, NOW, False),
        # It was written when a later one had been linked.
        (900, 900, NOW, True),
        (950, 900, NOW, True),
        # It says that it is older than a sweep that did not find it.
        (950, None, NOW - timedelta(minutes=61), True),
    ],
)
def test_an_entry_in_no_link_waits_or_was_inserted(xid, passed_by, at, is_inserted):
    fault = examine_unlinked(entry_id=5, at=at, xid=xid, passed_by=passed_by, swept_at=NOW)
    assert (fault is not None) is is_inserted
