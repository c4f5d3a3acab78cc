"""What one probe saw: the only thing that passes from the probes to the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from services.status.health import Outcome


class Reason(IntEnum):
    """Why an observation came out as it did; the numbers are stored and never reused."""

    OK = 0
    SLOW = 1
    UNSTABLE = 2  # of a check, never of one observation: rule 11

    NAME_NOT_FOUND = 10
    NAME_TIMEOUT = 11
    REFUSED = 12
    UNREACHABLE = 13
    CONNECT_TIMEOUT = 14
    NO_ANSWER = 15  # connected, but the answer was not complete in time
    CLOSED_EARLY = 16
    PROTOCOL_ERROR = 17

    TLS_EXPIRED = 20
    TLS_WRONG_NAME = 21
    TLS_UNTRUSTED = 22
    TLS_FAILED = 23

    SERVER_ERROR = 30  # HTTP 5xx
    UNEXPECTED_CODE = 31
    TEXT_MISSING = 32
    TEXT_FORBIDDEN = 33
    VALUE_MISMATCH = 34  # a JSON value is absent or another than expected
    NOT_JSON = 35
    BODY_TOO_LARGE = 36
    BAD_ENCODING = 37  # a body that does not decompress, or decompresses without end
    REDIRECT_LOOP = 38
    DNS_MISMATCH = 39  # the name's records are others than expected
    HEARTBEAT_MISSING = 40
    HEARTBEAT_FAILED = 41  # a beat arrived and said that its job went wrong

    # From here on: ours, not theirs (Outcome.PROBER_FAULT).
    BAD_TARGET = 90  # the check itself cannot be run: malformed URL, unknown kind
    ADDRESS_REFUSED = 91  # the address guard does not let us connect there
    PROBER_ERROR = 92  # no sockets, a bug, a deadline of our own
    PROBER_DOUBT = 93  # reference targets failed: rule 7
    RECEIVER_DOWN = 94  # nobody could have received a beat: rule 6
    AWAITING_BEAT = 95  # no beat yet, and our receiver is not up for long enough: rule 6


@dataclass(frozen=True, slots=True)
class Timings:
    """How long each phase took, in milliseconds; None where the phase was not reached."""

    dns_ms: int | None = None
    connect_ms: int | None = None
    tls_ms: int | None = None
    first_byte_ms: int | None = None
    total_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One answer, or the lack of one, of one check as seen from one location.

    `due_at` is the instant the schedule asked for and the key by which duplicates are dropped
    (rule 4); `started_at` is when the probe really began, and what downtime is counted from
    (rule 3). Both are aware datetimes in UTC.
    """

    check_id: int
    location_id: int
    due_at: datetime
    started_at: datetime
    outcome: Outcome
    reason: Reason
    timings: Timings = Timings()
    # Days until the certificate ends: for staff, never a public status (rule 6).
    certificate_days: int | None = None
    # A short technical note for staff, e.g. "HTTP 503" or "certificate ended 2026-01-02".
    detail: str = ""
