"""The door for heartbeats: who may knock, what a beat leaves behind, and whether the door is open.

Rule 6: silence counts only while our receiver was up. So the portal calls its own door, and the
door writes down since when it has been answering.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import ApiToken
from core import audit
from core.net import BadAddress, NetError, Network, NetworkSettings, async_client
from services.models import Check, HeartbeatToken
from services.probes.heartbeat import RECEIVER_FRESH

logger = logging.getLogger(__name__)

DOOR = "/api/heartbeats/"
# No token is that short.
OWN_PATH = f"{DOOR}self/"
DOOR_HEADER = "X-Portal-Door"

_TOKEN_BYTES = 32
_HINT_LENGTH = 6
# A job that knocks in a loop must not write in a loop.
_WRITE_EVERY = timedelta(seconds=1)
_PASS_LIVES = timedelta(seconds=60)
_SEALED_FOR = "services.heartbeats.own-door"
_KNOCK_TIMEOUT_S = 5.0

# --- Tokens -----------------------------------------------------------------------------------


@transaction.atomic
def make_token(*, check: Check, now: datetime) -> tuple[HeartbeatToken, str]:
    """A new token for `check`: its row, and the token itself, which is kept nowhere.

    Older tokens stay valid until they are revoked, so that a system can change over in peace.
    Raises ValueError for a check of another kind.
    """
    if check.kind != "heartbeat":
        raise ValueError(f"Check {check.pk} expects no heartbeats.")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row = HeartbeatToken.objects.create(
        check_ref=check, digest=digest_of(token), hint=token[-_HINT_LENGTH:], created_at=now
    )
    return row, token


@transaction.atomic
def revoke_token(*, token: HeartbeatToken, now: datetime) -> bool:
    """Shut the door for `token`, for ever; False where it was shut already."""
    rows = HeartbeatToken.objects.filter(pk=token.pk, revoked_at=None)
    return rows.update(revoked_at=now) > 0


def digest_of(token: str) -> str:
    """What is stored of a token. Its 256 random bits need neither salt nor a slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


# --- What a knock leaves behind ---------------------------------------------------------------

# One statement, whether the token is known or not. A beat is written once a second for each
# token, but one that says something else than the last is never swallowed: of "ok, failed" in one
# second the failure would otherwise be lost until tomorrow's job. An instant that lies far ahead
# was written by a clock that was wrong, and gives way.
_RECEIVE = """
WITH known AS (
    SELECT id, check_id FROM services_heartbeattoken
    WHERE digest = %(digest)s AND revoked_at IS NULL
), used AS (
    UPDATE services_heartbeattoken t SET last_used_at = %(now)s
    FROM known LEFT JOIN services_heartbeat h ON h.check_id = known.check_id
    WHERE t.id = known.id
      AND (t.last_used_at IS NULL
           OR t.last_used_at <= %(a_second_ago)s
           OR t.last_used_at > %(far_ahead)s
           OR h.has_failed IS DISTINCT FROM %(has_failed)s)
    RETURNING t.check_id
), written AS (
    INSERT INTO services_heartbeat AS h (check_id, last_beat_at, has_failed)
    SELECT check_id, %(now)s, %(has_failed)s FROM used
    ON CONFLICT (check_id) DO UPDATE
    SET last_beat_at = excluded.last_beat_at, has_failed = excluded.has_failed
    WHERE h.last_beat_at <= excluded.last_beat_at
       OR h.last_beat_at > %(far_ahead)s
)
SELECT count(*) FROM known
"""

_SIGN_IN = """
INSERT INTO services_heartbeatreceiver AS r (id, up_since, seen_at) VALUES (1, %(now)s, %(now)s)
ON CONFLICT (id) DO UPDATE
SET up_since = CASE WHEN r.seen_at BETWEEN %(missed)s AND %(far_ahead)s
                    THEN r.up_since ELSE %(now)s END,
    seen_at = %(now)s
"""


def receive(*, token: str, has_failed: bool, now: datetime) -> bool:
    """Write down that the system with `token` called at `now`; False for a token not valid.

    `has_failed`: it says that its job went wrong. Raises django.db.OperationalError or
    InterfaceError where nothing can be written down.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _RECEIVE,
            {
                "digest": digest_of(token),
                "now": now,
                "has_failed": has_failed,
                "a_second_ago": now - _WRITE_EVERY,
                "far_ahead": now + RECEIVER_FRESH,
            },
        )
        (known,) = cursor.fetchone()
    return bool(known)


# As above, without a token of the check's own: accounts.bearer has seen to who calls.
_BEAT = """
INSERT INTO services_heartbeat AS h (check_id, last_beat_at, has_failed)
VALUES (%(check)s, %(now)s, %(has_failed)s)
ON CONFLICT (check_id) DO UPDATE
SET last_beat_at = excluded.last_beat_at, has_failed = excluded.has_failed
WHERE h.last_beat_at > %(far_ahead)s
   OR (h.last_beat_at <= excluded.last_beat_at
       AND (h.last_beat_at <= %(a_second_ago)s OR h.has_failed <> excluded.has_failed))
"""


class ExpectsNone(Exception):
    """The check is of a kind that no heartbeat belongs to."""


@transaction.atomic
def beat(
    *, check_id: int, has_failed: bool, by: ApiToken, now: datetime, address: str | None = None
) -> None:
    """Write down that a system of the token's agency called for its check at `now`. 3 queries.

    The record gets an entry when it is another token that calls than before, or it says something
    else: a beat that only repeats the last one is an observation, and stands among those. Raises
    Check.DoesNotExist, also for another agency's, ExpectsNone, and like `receive`.
    """
    check = Check.objects.select_related("channel__service__agency").get(
        pk=check_id, channel__service__agency=by.agency_id
    )
    if check.kind != "heartbeat":
        raise ExpectsNone
    with connection.cursor() as cursor:
        cursor.execute(
            _BEAT,
            {
                "check": check_id,
                "now": now,
                "has_failed": has_failed,
                "a_second_ago": now - _WRITE_EVERY,
                "far_ahead": now + RECEIVER_FRESH,
            },
        )
    said = {"token": str(by), "status": "fail" if has_failed else "ok"}
    last = audit.last_of(subject=check, act="heartbeat")
    if last is None or last.after != said:
        audit.record(
            now=now,
            actor=by,
            act="heartbeat",
            subject=check,
            address=address,
            agency_code=by.agency.code,
            before=last.after if last else None,
            after=said,
        )


def sign_in(*, now: datetime) -> None:
    """Our own call came through at `now`: the door is open, and has been since the last break.

    A break is 45 seconds without such a call (rule 6). Raises like `receive`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _SIGN_IN,
            {"now": now, "missed": now - RECEIVER_FRESH, "far_ahead": now + RECEIVER_FRESH},
        )


# --- Calling our own door ---------------------------------------------------------------------


def own_pass(now: datetime) -> str:
    """What the portal shows at its own door: an instant, sealed with a key from SECRET_KEY."""
    stamp = str(int(now.timestamp()))
    return f"{stamp}:{_sealed(stamp)}"


def is_own_pass(text: str, now: datetime) -> bool:
    """Whether `text` is a pass of ours that is at most a minute old."""
    stamp, _colon, seal = text.partition(":")
    # The seal first: what bears it was written by us, and is a number.
    if not constant_time_compare(seal, _sealed(stamp)):
        return False
    return abs(now.timestamp() - int(stamp)) <= _PASS_LIVES.total_seconds()


def _sealed(stamp: str) -> str:
    return salted_hmac(_SEALED_FOR, stamp, algorithm="sha256").hexdigest()


def call_own_door(*, now: datetime) -> bool:
    """Knock at our own door as an agency's system does; whether it opened. Never raises.

    Nothing is written here: what the door did not write itself did not go through it.
    """
    try:
        status = asyncio.run(knock(OWN_PATH, headers={DOOR_HEADER: own_pass(now)}))
    except (NetError, BadAddress, TimeoutError, OSError, ValueError) as error:
        logger.warning("Our own door for heartbeats cannot be reached: %r", error)
        return False
    if status != 204:
        logger.warning("Our own door for heartbeats answers %s", status)
    return status == 204


async def knock(path: str, *, headers: Mapping[str, str] | None = None) -> int:
    """POST to `path` of this portal; the code of the answer.

    Goes to HEARTBEAT_SELF_URL under the public name, which is the only one that is answered.
    Raises core.net.NetError, BadAddress, TimeoutError, and OSError or ValueError for settings
    that cannot be used.
    """
    url = settings.HEARTBEAT_SELF_URL
    network = Network.from_settings(
        NetworkSettings(
            allowed=tuple(settings.HEARTBEAT_SELF_NETWORKS),
            extra_ca_file=(settings.PROBE_EXTRA_CA or None) if url.startswith("https:") else None,
            user_agent=settings.PROBE_USER_AGENT,
        )
    )
    named = {"Host": urlsplit(settings.PUBLIC_URL).netloc, **(headers or {})}
    async with asyncio.timeout(_KNOCK_TIMEOUT_S), async_client(network) as client:
        answer = await client.post(url + path, headers=named)
    return answer.status_code
