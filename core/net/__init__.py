"""The only door to the network: what leaves the portal is resolved, checked and pinned here.

`Network` opens connections for every kind of probe and, through `async_client`, for anything
else that speaks HTTP. An address is checked after the name was resolved and the connection goes
to that very address, so a name that changes its answer in between gains nothing; every redirect
passes the same way. Nothing in this package reads Django's settings.
"""

from __future__ import annotations

from core.net.connect import (
    Connection,
    HostLimits,
    Network,
    NetworkSettings,
    ssl_context,
)
from core.net.errors import (
    AddressRefused,
    BadAddress,
    CertificateExpired,
    CertificateUntrusted,
    CertificateWrongName,
    ClosedEarly,
    ConnectionRefused,
    ConnectTimeout,
    NameNotFound,
    NameTimeout,
    NetError,
    NoAnswer,
    NoSocket,
    ProtocolError,
    ResolverBusy,
    TlsFailed,
    Unreachable,
)
from core.net.guard import Guard
from core.net.http import (
    Cookies,
    Request,
    Response,
    Url,
    async_client,
    parse_url,
    raw_body,
    send,
)
from core.net.names import Resolve, ThreadResolver, ascii_host
from core.net.trace import Phase, Trace

__all__ = [
    "AddressRefused",
    "BadAddress",
    "CertificateExpired",
    "CertificateUntrusted",
    "CertificateWrongName",
    "ClosedEarly",
    "ConnectTimeout",
    "Connection",
    "ConnectionRefused",
    "Cookies",
    "Guard",
    "HostLimits",
    "NameNotFound",
    "NameTimeout",
    "NetError",
    "Network",
    "NetworkSettings",
    "NoAnswer",
    "NoSocket",
    "Phase",
    "ProtocolError",
    "Request",
    "Resolve",
    "ResolverBusy",
    "Response",
    "ThreadResolver",
    "TlsFailed",
    "Trace",
    "Unreachable",
    "Url",
    "ascii_host",
    "async_client",
    "parse_url",
    "raw_body",
    "send",
    "ssl_context",
]
