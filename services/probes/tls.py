"""TLS: does a certificate that browsers trust stand here, in the right name, and for how long?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.net import BadAddress, Network, Trace, ascii_host
from services.probes.attempt import Finding, attempt
from services.probes.target import InvalidSpec, Target
from services.status.observation import Observation


@dataclass(frozen=True, slots=True)
class Spec:
    """Where to connect, and the name that the certificate must be for: the host's if empty.

    `certificate_warning_days` is for staff and changes no observation (rule 6).
    """

    host: str
    port: int = 443
    server_name: str = ""
    certificate_warning_days: int | None = None


def parse(spec: Mapping[str, Any]) -> Spec:
    """Raises InvalidSpec with the field at fault."""
    host = _host(spec, "host")
    port = spec.get("port")
    if port is None:
        port = 443
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65_536:
        raise InvalidSpec("port", "A port is a number from 1 to 65535.")
    days = spec.get("certificate_warning_days")
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or days <= 0):
        raise InvalidSpec("certificate_warning_days", "This must be a whole number above zero.")
    return Spec(
        host=host,
        port=port,
        server_name=_host(spec, "server_name") if spec.get("server_name") else "",
        certificate_warning_days=days,
    )


async def probe(target: Target, network: Network) -> Observation:
    """Make the handshake, which verifies chain, dates and name; ask for nothing. Never raises."""

    async def look(trace: Trace) -> Finding:
        spec = parse(target.spec)
        connection = await network.open(
            spec.host,
            spec.port,
            secure=True,
            server_name=spec.server_name or None,
            trace=trace,
        )
        try:
            version = connection.get_extra_info("ssl_object").version()
        finally:
            connection.close()
        return Finding(detail=f"{version}, {trace.certificate_days} days left")

    return await attempt(target, look)


def _host(spec: Mapping[str, Any], field: str) -> str:
    value = spec.get(field)
    if not isinstance(value, str):
        raise InvalidSpec(field, "A host name or address is needed.")
    try:
        return ascii_host(value)
    except BadAddress:
        raise InvalidSpec(field, "This is not a host name or address.") from None
