"""Running a shard: many targets in one event loop, none at the cost of another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.net import Network, NetworkSettings
from services.probes import KINDS, Kind
from services.probes.attempt import not_probed
from services.probes.target import Target
from services.status.observation import Observation, Reason

logger = logging.getLogger(__name__)

# A probe that waited for its place at a crowded host may take its timeout once more, see
# core.net.Trace; whoever is not back by then is a bug of ours.
_DEADLINE_TIMES = 2
_DEADLINE_MARGIN_S = 0.5


async def probe_all(
    targets: Sequence[Target],
    *,
    network: Network,
    concurrency: int = 200,
    kinds: Mapping[str, Kind] = KINDS,
) -> list[Observation]:
    """One observation for each of `targets`, in their order; at most `concurrency` at once.

    Raises nothing but the cancellation of the whole.
    """
    places = asyncio.Semaphore(concurrency)

    async def probe_one(target: Target) -> Observation:
        async with places:
            return await _probe_within_deadline(target, network, kinds)

    results = await asyncio.gather(
        *(probe_one(target) for target in targets), return_exceptions=True
    )
    observations = []
    for target, result in zip(targets, results, strict=True):
        if isinstance(result, Observation):
            observations.append(result)
        elif isinstance(result, asyncio.CancelledError):
            # A cancelled future inside a probe; were the shard cancelled, gather had raised.
            observations.append(not_probed(target, Reason.PROBER_ERROR, "cancelled from within"))
        else:
            raise result
    return observations


async def _probe_within_deadline(
    target: Target, network: Network, kinds: Mapping[str, Kind]
) -> Observation:
    kind = kinds.get(target.kind)
    if kind is None:
        return not_probed(target, Reason.BAD_TARGET, f"no such kind: {target.kind}")
    try:
        async with asyncio.timeout(target.timeout_s * _DEADLINE_TIMES + _DEADLINE_MARGIN_S):
            return await kind.probe(target, network)
    except TimeoutError:
        logger.error("probe of check %s overran its own deadline", target.check_id)
        return not_probed(target, Reason.PROBER_ERROR, "overran its own deadline")
    except Exception as error:
        logger.exception("probe of check %s failed by itself", target.check_id)
        return not_probed(target, Reason.PROBER_ERROR, type(error).__name__)


@dataclass(frozen=True, slots=True)
class ShardSeen:
    """What a shard saw, and its reference targets before and after it (rule 7)."""

    observations: list[Observation]
    before: list[Observation]
    after: list[Observation]


def run_shard(
    targets: Sequence[Target],
    *,
    network_settings: NetworkSettings,
    references: Sequence[Target] = (),
    concurrency: int = 200,
) -> ShardSeen:
    """Probe references, targets and references again, in an event loop of its own.

    Raises nothing: settings that cannot be used make every observation a prober's fault, so that
    the portal says "unknown" rather than something about the services.
    """
    try:
        network = Network.from_settings(network_settings)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        logger.exception("the network settings cannot be used")
        why = f"network settings: {error}"
        faults = [not_probed(target, Reason.PROBER_ERROR, why) for target in targets]
        return ShardSeen(faults, [], [])

    async def shard() -> ShardSeen:
        return ShardSeen(
            before=await probe_all(references, network=network, concurrency=concurrency),
            observations=await probe_all(targets, network=network, concurrency=concurrency),
            after=await probe_all(references, network=network, concurrency=concurrency),
        )

    return asyncio.run(shard())
