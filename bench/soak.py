"""10,000 checks a minute for some minutes: `python -m bench.soak --minutes 5`.

Real beat, real workers, real TLS endpoints on loopback. Prints a ledger, minute by minute: what
was due, what was observed, what expired. Every turn must be one of the two.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta

from bench import endpoints
from bench.ground import ground


def main() -> int:
    """0 where every minute adds up and lateness holds."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--minutes", type=int, default=5)
    reading.add_argument("--checks", type=int, default=10_000)
    chosen = reading.parse_args()
    with ground() as var:
        # Both need Django, which the ground has made ready.
        from bench import live, nation  # noqa: PLC0415

        nation.seed(chosen.checks, now=datetime.now(UTC))
        with endpoints.answering(var), live.running(var) as portal:
            # The ledger counts whole minutes of the clock.
            begins_at = (datetime.now(UTC) + timedelta(seconds=68)).replace(second=0, microsecond=0)
            live.spread(begins_at=begins_at)
            print(f"{chosen.checks:,} checks, from {begins_at:%H:%M} UTC on", flush=True)
            lived = live.live(portal, begins_at=begins_at, seconds=60.0 * chosen.minutes)
    print(f"{'minute':<18}{'due':>8}{'observed':>10}{'expired':>9}")
    for one in lived.minutes:
        sign = "" if one.adds_up else "   does not add up"
        print(f"{one.minute:<18}{one.due:>8}{one.observed:>10}{one.expired:>9}{sign}")
    print(f"lateness: half within {lived.lateness_p50_s:.2f} s, 99 % {lived.lateness_p99_s:.2f} s")
    print(
        f"CPU, all in: {lived.cores:.2f} cores, {lived.cpu_s / max(1, lived.observed) * 1000:.2f}"
        " ms a check"
    )
    print(f"load of the machine: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores")
    whole = len(lived.minutes) == chosen.minutes and not live.lost(lived.minutes)
    return 0 if whole and lived.lateness_p99_s <= 2.0 else 1


if __name__ == "__main__":
    sys.exit(main())
