"""Who may watch the portal from outside (docs/metrics.md)."""

from __future__ import annotations

import ipaddress

from django.core.exceptions import ImproperlyConfigured

from core import env

# Empty: not asked for. Where both are empty, /metrics is there in the demo only.
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")
if METRICS_TOKEN and len(METRICS_TOKEN) < 32:
    raise ImproperlyConfigured("METRICS_TOKEN must have at least 32 characters, drawn at random.")
METRICS_NETWORKS = env.words("METRICS_NETWORKS")
for _network in METRICS_NETWORKS:
    try:
        ipaddress.ip_network(_network)
    except ValueError as _refused:
        raise ImproperlyConfigured(f"METRICS_NETWORKS: {_refused}.") from None

# Outside, and told every minute while all is well (statusportal.deadman). A secret, because
# whoever knows it can keep the alarm silent.
DEADMAN_URL = env.secret("DEADMAN_URL", "")
if DEADMAN_URL and not DEADMAN_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("DEADMAN_URL must begin with http:// or https://.")
DEADMAN_NETWORKS = env.words("DEADMAN_NETWORKS")
for _network in DEADMAN_NETWORKS:
    try:
        ipaddress.ip_network(_network)
    except ValueError as _refused:
        raise ImproperlyConfigured(f"DEADMAN_NETWORKS: {_refused}.") from None
