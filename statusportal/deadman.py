"""The dead man's switch: while all is well somebody outside hears of it, and silence alarms.

The ping goes out only when our own /freshz, asked over the network as anybody would, says that
the truth is fresh, and the sweep of incidents ended well lately. So it takes beat, the broker, a
control worker, the database, a web process and the snapshot to keep it going.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings

from core.net import BadAddress, NetError, Network, NetworkSettings, async_client
from statusportal import signs

logger = logging.getLogger(__name__)

SWEEP = "incidents.tasks.sweep"
# It comes every two seconds; one that hangs in the database is ended after thirty.
SWEPT_WITHIN = timedelta(seconds=60)
_TIMEOUT_S = 10.0


def ping(*, now: datetime) -> bool:
    """Tell the outside that all is well, if it is; whether that was done. Never raises.

    Goes to DEADMAN_URL, over public addresses or DEADMAN_NETWORKS; nothing where it is empty.
    """
    if not settings.DEADMAN_URL:
        return False
    try:
        why = _silence(now)
        if why:
            logger.error("The dead man's switch is not held: %s", why)
            return False
        status = asyncio.run(_get(settings.DEADMAN_URL, settings.DEADMAN_NETWORKS))
    except (NetError, BadAddress, TimeoutError, OSError, ValueError) as error:
        # Its address is a secret of its own, and in some errors.
        logger.error("The dead man's switch cannot be held: %s", type(error).__name__)
        return False
    if not 200 <= status < 300:
        logger.error("The dead man's switch answers %s", status)
        return False
    return True


def _silence(now: datetime) -> str:
    """Why nothing is to be told; empty when all is well."""
    found = signs.read(now=now)
    if found is None:
        return "Redis does not answer"
    swept = found.ended.get(SWEEP)
    if swept is None or now - swept.at > SWEPT_WITHIN:
        return "incidents are not swept"
    host = urlsplit(settings.PUBLIC_URL).netloc
    address = f"{settings.HEARTBEAT_SELF_URL}/freshz"
    status = asyncio.run(_get(address, settings.HEARTBEAT_SELF_NETWORKS, host=host))
    return "" if status == 200 else f"/freshz answers {status}"


async def _get(url: str, networks: list[str], *, host: str = "") -> int:
    is_own = bool(host)
    ca_file = (settings.PROBE_EXTRA_CA or None) if is_own and url.startswith("https:") else None
    network = Network.from_settings(
        NetworkSettings(
            allowed=tuple(networks),
            extra_ca_file=ca_file,
            user_agent=settings.PROBE_USER_AGENT,
        )
    )
    headers = {"Host": host} if host else {}
    async with asyncio.timeout(_TIMEOUT_S), async_client(network) as client:
        answer = await client.get(url, headers=headers)
    return answer.status_code
