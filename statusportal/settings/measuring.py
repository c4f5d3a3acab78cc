"""Workers, and how services are measured (rules 1 to 6)."""

from __future__ import annotations

import ipaddress
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured

from core import env
from statusportal.settings.base import DEMO, PUBLIC_URL, REDIS_URL, VAR_DIR
from statusportal.settings.reading import seconds


def _broker(url: str) -> str:
    """Celery spells a Redis socket in another way than redis-py and Django do."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    database = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={database}"


CELERY_BROKER_URL = _broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 120, "socket_timeout": 5}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000

CHECK_INTERVAL = seconds("CHECK_INTERVAL", 300, demo=15)
CHECK_INTERVAL_URGENT = seconds("CHECK_INTERVAL_URGENT", 60, demo=15)
CHECK_FAST_INTERVAL = seconds("CHECK_FAST_INTERVAL", 10, demo=5)
CHECK_TIMEOUT = seconds("CHECK_TIMEOUT", 10, demo=3)
FLAPPING_WINDOW = seconds("FLAPPING_WINDOW", 3600, demo=300)
FLAPPING_QUIET = seconds("FLAPPING_QUIET", 1800, demo=60)
# Rule 5: fast turns take at most this share of what the workers can do, and few at one host.
PROBE_CAPACITY_PER_MINUTE = env.number("PROBE_CAPACITY_PER_MINUTE", 10_000, at_least=60)
FAST_SHARE_PERCENT = env.number("FAST_SHARE_PERCENT", 10, at_least=1)
# The demo's hosts are all one: loopback.
FAST_PER_HOST = env.number("FAST_PER_HOST", 100 if DEMO else 5, at_least=1)
OBSERVATION_DAYS = env.number("OBSERVATION_DAYS", 7, at_least=1)
FIGURE_HOURS_DAYS = env.number("FIGURE_HOURS_DAYS", 90, at_least=1)
PROBE_SHARD_SIZE = env.number("PROBE_SHARD_SIZE", 200, at_least=1)
PROBE_CONCURRENCY = env.number("PROBE_CONCURRENCY", 200, at_least=1)
PROBE_PER_HOST = env.number("PROBE_PER_HOST", 150 if DEMO else 8, at_least=1)
PROBE_USER_AGENT = env.text("PROBE_USER_AGENT", f"StatusPortal-Probe/1.0 (+{PUBLIC_URL})")
PROBE_EXTRA_CA = env.text("PROBE_EXTRA_CA", str(VAR_DIR / "demo" / "ca.pem") if DEMO else "")
# The only private networks that probes may enter (core.net).
PROBE_ALLOWED_NETWORKS = env.words("PROBE_ALLOWED_NETWORKS", "127.0.0.0/8" if DEMO else "")
# Rule 6: where the portal calls its own door for heartbeats, and the private networks that this
# one call may enter. Apart from those of probes, which must not reach our own machines.
HEARTBEAT_SELF_URL = env.text(
    "HEARTBEAT_SELF_URL",
    f"http://127.0.0.1:{env.number('PORT', 8000, at_least=1)}" if DEMO else PUBLIC_URL,
).rstrip("/")
if urlsplit(HEARTBEAT_SELF_URL).scheme not in {"http", "https"}:
    raise ImproperlyConfigured("HEARTBEAT_SELF_URL must begin with http:// or https://.")
HEARTBEAT_SELF_NETWORKS = env.words("HEARTBEAT_SELF_NETWORKS", "127.0.0.0/8" if DEMO else "")
for _name, _networks in (
    ("PROBE_ALLOWED_NETWORKS", PROBE_ALLOWED_NETWORKS),
    ("HEARTBEAT_SELF_NETWORKS", HEARTBEAT_SELF_NETWORKS),
):
    for _network in _networks:
        try:
            ipaddress.ip_network(_network)
        except ValueError as error:
            raise ImproperlyConfigured(f"{_name}: {error}.") from None
