from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.budget import Budget, Wish, granted


@pytest.mark.parametrize(
    ("wishes", "others", "others_at", "expected"),
    [
        # Enough for all.
        ([Wish(1, "a", False), Wish(2, "b", False)], 0, {}, {1, 2}),
        # Three in all, one of them elsewhere: the smaller ids.
        ([Wish(i, f"h{i}", False) for i in (3, 1, 2)], 1, {"x": 1}, {1, 2}),
        # Whoever has a turn keeps it, although a smaller id is new.
        ([Wish(1, "a", False), Wish(9, "b", True), Wish(8, "c", True)], 1, {"x": 1}, {8, 9}),
        # Two at one host.
        ([Wish(i, "a", False) for i in (1, 2, 3)], 0, {}, {1, 2}),
        ([Wish(1, "a", False)], 2, {"a": 2}, set()),
        # Nothing goes out to nobody: only the total binds.
        ([Wish(i, "", False) for i in (1, 2, 3)], 0, {}, {1, 2, 3}),
    ],
)
def test_rule_5_fast_turns_are_shared_within_the_budget(
    wishes: list[Wish], others: int, others_at: dict[str, int], expected: set[int]
) -> None:
    budget = Budget(total=3, per_host=2)

    assert granted(wishes, budget, others=others, others_at=others_at) == expected


@given(
    hosts=st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30),
    having=st.sets(st.integers(0, 29)),
    others_at=st.dictionaries(st.sampled_from(["a", "b", "x"]), st.integers(0, 5)),
    total=st.integers(1, 20),
    per_host=st.integers(1, 6),
)
def test_rule_5_the_budget_is_never_exceeded_by_what_it_grants(
    hosts: list[str],
    having: set[int],
    others_at: dict[str, int],
    total: int,
    per_host: int,
) -> None:
    wishes = [Wish(number, host, number in having) for number, host in enumerate(hosts)]
    others = sum(others_at.values())

    fast = granted(wishes, Budget(total, per_host), others=others, others_at=others_at)

    assert not fast or len(fast) + others <= total
    taken = Counter(wish.host for wish in wishes if wish.check_id in fast)
    for host, count in taken.items():
        assert not host or count + others_at.get(host, 0) <= per_host
