"""How many processes each pool of workers needs: the arithmetic of docs/capacity.md. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import ceil

# Pools apart, so that a storm in one never delays another. Each serves the queue of its name.
POOLS = ("probes", "control", "deliveries")

# A check takes some 4 ms of a core, all in.
_CHECKS_A_SECOND_AND_CORE = 250
# A shard lasts as long as its slowest target, and its references and rows come on top.
_BESIDE_THE_TIMEOUT = timedelta(seconds=1)
# For checks that want a closer look (rule 5), and for a worker that starts again.
_IN_RESERVE = 1.4


def probe_processes(
    *, checks_per_minute: int, shard_size: int, timeout: timedelta, cores: int
) -> int:
    """How many are busy at once where nothing answers, at one vantage point in one network.

    Each holds a shard until its last target has timed out. A shard begins each second, be it small;
    where there is more to do several do, as many as `cores` can carry.
    """
    due = checks_per_minute / 60 / shard_size
    carried = cores * _CHECKS_A_SECOND_AND_CORE / shard_size
    begun_a_second = max(1.0, min(due, carried))
    lasts_s = (timeout + _BESIDE_THE_TIMEOUT).total_seconds()
    return ceil(begun_a_second * lasts_s * _IN_RESERVE)


def control_processes(*, cores: int) -> int:
    """One may read the past and one build the snapshot while others dispatch and sweep."""
    return min(max(3, cores), 4)


def pool_of(queues: Iterable[str] | None) -> str:
    """The pool of a worker by its queues: `probes.CODE` is that of a vantage point."""
    first = next((queue.partition(".")[0] for queue in queues or ()), "control")
    return first if first in POOLS else "control"
