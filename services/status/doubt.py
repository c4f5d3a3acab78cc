"""Is it them, or is it us? The question that comes before every verdict (rule 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from services.status.health import Outcome
from services.status.observation import Observation, Reason


@dataclass(frozen=True, slots=True)
class Reference:
    """One answer of a reference target, probed before or after a shard on its own network."""

    network: str
    outcome: Outcome


def doubted_networks(before: Iterable[Reference], after: Iterable[Reference]) -> frozenset[str]:
    """The networks whose reference targets failed before or after the shard (rule 7).

    Failed means more than half of them, in one of the two rounds: a network that broke in the
    middle of a shard shows only afterwards. A network without reference targets is never in
    doubt, for nothing can be said of it.
    """
    return _failing(before) | _failing(after)


def _failing(references: Iterable[Reference]) -> frozenset[str]:
    asked: dict[str, int] = {}
    failed: dict[str, int] = {}
    for reference in references:
        asked[reference.network] = asked.get(reference.network, 0) + 1
        if reference.outcome in (Outcome.BAD, Outcome.PROBER_FAULT):
            failed[reference.network] = failed.get(reference.network, 0) + 1
    return frozenset(network for network, count in failed.items() if 2 * count > asked[network])


def with_doubt(
    observations: Iterable[Observation],
    network_of: Mapping[int, str],
    doubted: AbstractSet[str],
) -> Sequence[Observation]:
    """`observations` of one shard, with the bad ones of doubted networks made ours (rule 7).

    `network_of` gives the network of each check by its id. What came out well stays: it got
    through. The timings stay too, for the operators who look for the cause.
    """
    return [
        replace(observation, outcome=Outcome.PROBER_FAULT, reason=Reason.PROBER_DOUBT)
        if observation.outcome is Outcome.BAD and network_of.get(observation.check_id) in doubted
        else observation
        for observation in observations
    ]
