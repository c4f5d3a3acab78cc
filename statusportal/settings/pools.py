"""How many processes each pool of workers has on this machine (docs/capacity.md)."""

from __future__ import annotations

import os

from core import env
from statusportal.pools import control_processes, probe_processes
from statusportal.settings.measuring import (
    CHECK_TIMEOUT,
    PROBE_CAPACITY_PER_MINUTE,
    PROBE_SHARD_SIZE,
)

# Those that we may use, which in a container may be fewer than there are.
_cores = len(os.sched_getaffinity(0))

POOL_PROCESSES = {
    "probes": env.number(
        "PROBE_PROCESSES",
        probe_processes(
            checks_per_minute=PROBE_CAPACITY_PER_MINUTE,
            shard_size=PROBE_SHARD_SIZE,
            timeout=CHECK_TIMEOUT,
            cores=_cores,
        ),
        at_least=1,
    ),
    # With one alone what falls due would wait behind each snapshot.
    "control": env.number("CONTROL_PROCESSES", control_processes(cores=_cores), at_least=2),
    # They wait for other people's servers.
    "deliveries": env.number("DELIVERY_PROCESSES", 2, at_least=1),
}
