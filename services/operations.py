"""What the schedule writes: claims of what falls due, and doubts of our own eyes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from core import outbox
from core.nudge import nudge

# Claim no more than a worker pool can hope to do before the next tick.
_CLAIM_AT_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One check falling due at one instant."""

    check_id: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Shard:
    """What one task probes: turns of one location and one network (rule 7 judges them together)."""

    location: str
    network: str
    turns: tuple[Turn, ...]
    # After this the same checks are due again, and the task is worthless.
    expires_seconds: float


_CLAIM = """
WITH due AS (
    SELECT c.id, c.next_due_at AS due_at, c.network,
           COALESCE(c.interval_seconds,
                    CASE WHEN s.tier = 1 OR s.is_shared THEN %(urgent)s ELSE %(usual)s END)
           AS seconds
    FROM services_check c
    JOIN services_channel ch ON ch.id = c.channel_id
    JOIN services_service s ON s.id = ch.service_id
    WHERE c.is_enabled AND c.next_due_at <= %(until)s
    ORDER BY c.next_due_at
    LIMIT %(most)s
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE services_check c
-- From due instant to due instant, so that checks stay spread; missed turns are not made up.
SET next_due_at = due.due_at + make_interval(secs => due.seconds * (1 + GREATEST(0,
        floor(extract(epoch FROM %(now)s - due.due_at) / due.seconds))))
FROM due
WHERE c.id = due.id
RETURNING c.id, CASE WHEN due.due_at < %(now)s - make_interval(secs => due.seconds)
                     THEN %(now)s ELSE due.due_at END, due.network, due.seconds
"""


def dispatch_due(*, now: datetime) -> list[Shard]:
    """Claim the checks that fall due within the next second and cut them into shards.

    Rows that another dispatcher holds are skipped, and a claim moves the due instant on in the
    same statement: two beats, or one that ticks twice, share the work and double none of it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "now": now,
                "until": now + timedelta(seconds=1),
                "most": _CLAIM_AT_MOST,
                "urgent": settings.CHECK_INTERVAL_URGENT.total_seconds(),
                "usual": settings.CHECK_INTERVAL.total_seconds(),
            },
        )
        claimed = cursor.fetchall()
        if not claimed:
            return []
        cursor.execute("SELECT code FROM services_location WHERE is_enabled ORDER BY id")
        locations = [code for (code,) in cursor.fetchall()]

    by_network: dict[str, list[tuple[Turn, float]]] = defaultdict(list)
    for check_id, due_at, network, seconds in claimed:
        by_network[network].append((Turn(check_id, due_at), float(seconds)))
    size = settings.PROBE_SHARD_SIZE
    return [
        Shard(
            location=location,
            network=network,
            turns=tuple(turn for turn, _seconds in part),
            expires_seconds=min(seconds for _turn, seconds in part),
        )
        for location in locations
        for network, turns in sorted(by_network.items())
        for part in (turns[start : start + size] for start in range(0, len(turns), size))
    ]


def note_doubt(*, location: str, network: str, in_doubt: bool, now: datetime) -> bool:
    """Remember whether this location trusts what it sees of this network (rule 7).

    A doubt that begins or ends is a row, and an event for the operators, once: however many
    shards find out at the same moment, and however long it lasts. Returns whether it turned.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if in_doubt:
            cursor.execute(_BEGIN_DOUBT, [network, now, location])
        else:
            cursor.execute(_END_DOUBT, [now, network, location])
        row = cursor.fetchone()
        if row is None:
            return False
        began_at: datetime = row[0]
        outbox.append(
            kind="prober.doubt.began" if in_doubt else "prober.doubt.ended",
            key=f"prober.doubt:{location}:{network}:{began_at.isoformat()}:{in_doubt}",
            at=now,
            payload={"location": location, "network": network, "began_at": began_at},
        )
        nudge("status changed")
    return True


_BEGIN_DOUBT = """
INSERT INTO services_proberdoubt (location_id, network, began_at)
SELECT id, %s, %s FROM services_location WHERE code = %s
ON CONFLICT (location_id, network) WHERE ended_at IS NULL DO NOTHING
RETURNING began_at
"""
_END_DOUBT = """
UPDATE services_proberdoubt SET ended_at = %s
WHERE ended_at IS NULL AND network = %s
  AND location_id = (SELECT id FROM services_location WHERE code = %s)
RETURNING began_at
"""
