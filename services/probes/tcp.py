"""TCP: does something accept connections here, and does it greet as expected?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.net import BadAddress, Network, NoAnswer, Trace, ascii_host
from services.probes.attempt import Finding, attempt
from services.probes.target import InvalidSpec, Target
from services.status.observation import Observation, Reason

_BANNER_BYTES = 4096
# A greeting may come line by line; this long after a piece nothing more is to be expected.
_MORE_LINES_S = 1.0


@dataclass(frozen=True, slots=True)
class Spec:
    """Host and port, and a text that the server sends on its own, where one is expected."""

    host: str
    port: int
    expect_banner: str | None = None


def parse(spec: Mapping[str, Any]) -> Spec:
    """Raises InvalidSpec with the field at fault."""
    host = spec.get("host")
    if not isinstance(host, str):
        raise InvalidSpec("host", "A host name or address is needed.")
    try:
        host = ascii_host(host)
    except BadAddress:
        raise InvalidSpec("host", "This is not a host name or address.") from None
    port = spec.get("port")
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65_536:
        raise InvalidSpec("port", "A port is a number from 1 to 65535.")
    banner = spec.get("expect_banner") or None
    if banner is not None and (
        not isinstance(banner, str) or len(banner.encode()) > _BANNER_BYTES // 4
    ):
        raise InvalidSpec("expect_banner", "The expected text is at most 1024 bytes.")
    return Spec(host=host, port=port, expect_banner=banner)


async def probe(target: Target, network: Network) -> Observation:
    """Connect, and wait for the banner where one is expected. Never raises."""

    async def look(trace: Trace) -> Finding:
        spec = parse(target.spec)
        connection = await network.open(spec.host, spec.port, trace=trace)
        try:
            if spec.expect_banner is None:
                return Finding()
            banner = bytearray()
            expected = spec.expect_banner.encode()
            while len(banner) < _BANNER_BYTES:
                try:
                    arrived = await connection.read(
                        _BANNER_BYTES, timeout=_MORE_LINES_S if banner else None
                    )
                except NoAnswer:
                    break
                if not arrived:
                    reason = Reason.TEXT_MISSING if banner else Reason.CLOSED_EARLY
                    return Finding(reason, _shown(banner))
                banner += arrived
                if expected in banner:
                    return Finding()
            return Finding(Reason.TEXT_MISSING, _shown(banner))
        finally:
            connection.close()

    return await attempt(target, look)


def _shown(banner: bytearray) -> str:
    if not banner:
        return "closed without a greeting"
    return "greeting: " + ascii(bytes(banner[:80]).decode("utf-8", "replace"))
