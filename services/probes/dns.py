"""DNS: do the name servers say of a name what they should?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from core.net import BadAddress, Network, Trace, ascii_host
from core.net.dns import RECORD_TYPES, ask, canonical
from services.probes.attempt import Finding, attempt
from services.probes.target import InvalidSpec, Target
from services.status.observation import Observation, Reason

MATCHES = ("all", "any", "exact")

_MAX_EXPECTED = 50
_MAX_RESOLVERS = 4


@dataclass(frozen=True, slots=True)
class Spec:
    """What to ask for, what to expect, and whom to ask.

    Without `expected` any record of the type will do. `match` says how the answers relate to
    it, in any order: "all" expected ones are there, "any" of them is, or "exact": they and no
    other. `resolvers` are numeric addresses, asked in their order, the machine's own where none
    is given; `port` is theirs.
    """

    domain: str
    record_type: str = "A"
    expected: tuple[str, ...] = ()
    match: str = "all"
    resolvers: tuple[str, ...] = ()
    port: int = 53


def parse(spec: Mapping[str, Any]) -> Spec:
    """Raises InvalidSpec with the field at fault."""
    record_type = spec.get("record_type") or "A"
    if not isinstance(record_type, str) or record_type.upper() not in RECORD_TYPES:
        raise InvalidSpec("record_type", f"The type is one of {', '.join(RECORD_TYPES)}.")
    record_type = record_type.upper()
    match = spec.get("match") or "all"
    if match not in MATCHES:
        raise InvalidSpec("match", f"This is one of {', '.join(MATCHES)}.")
    resolvers = tuple(_resolver(address) for address in _texts(spec, "resolvers", _MAX_RESOLVERS))
    port = spec.get("port")
    if port is None:
        port = 53
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65_536:
        raise InvalidSpec("port", "A port is a number from 1 to 65535.")
    if port != 53 and not resolvers:
        raise InvalidSpec("port", "Another port needs the addresses of the name servers.")
    return Spec(
        domain=_domain(spec.get("domain")),
        record_type=record_type,
        expected=tuple(
            _expected(record_type, text) for text in _texts(spec, "expected", _MAX_EXPECTED)
        ),
        match=match,
        resolvers=resolvers,
        port=port,
    )


async def probe(target: Target, network: Network) -> Observation:
    """Ask, and compare with what is expected. Never raises."""

    async def look(trace: Trace) -> Finding:
        spec = parse(target.spec)
        answer = await ask(
            network,
            spec.domain,
            spec.record_type,
            resolvers=spec.resolvers,
            port=spec.port,
            trace=trace,
        )
        detail = f"{spec.record_type}: {', '.join(answer.records)} (from {answer.resolver})"
        right = as_expected(answer.records, spec.expected, spec.match)
        return Finding(Reason.OK if right else Reason.DNS_MISMATCH, detail)

    return await attempt(target, look)


def as_expected(records: Sequence[str], expected: Sequence[str], match: str) -> bool:
    """Whether `records` are right; both as `canonical` writes them, in any order."""
    found, wanted = set(records), set(expected)
    if not wanted:
        return bool(found)
    if match == "any":
        return bool(found & wanted)
    return found == wanted if match == "exact" else found >= wanted


def _domain(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidSpec("domain", "A name is needed, such as services.gov.example.")
    try:
        # Label by label: beside an Arabic name, _dmarc alone would be no international name.
        labels = value.strip().rstrip(".").split(".")
        domain = ascii_host(".".join(ascii_host(label) for label in labels))
    except BadAddress:
        raise InvalidSpec("domain", "This is not a name.") from None
    try:
        ip_address(domain)
    except ValueError:
        return domain
    raise InvalidSpec("domain", "This is an address; a name is needed.")


def _resolver(text: str) -> str:
    try:
        address = ip_address(text.strip())
    except ValueError:
        address = None
    # A zone (fe80::1%eth0) means something on one machine only.
    if address is None or "%" in text:
        raise InvalidSpec("resolvers", "Name servers are numeric addresses, such as 192.0.2.53.")
    return str(address)


def _expected(record_type: str, text: str) -> str:
    try:
        return canonical(record_type, text)
    except ValueError:
        raise InvalidSpec("expected", f"This is no {record_type} record: {text[:80]}.") from None


def _texts(spec: Mapping[str, Any], field: str, limit: int) -> tuple[str, ...]:
    value = spec.get(field) or ()
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise InvalidSpec(field, "This must be a list of texts.")
    if len(value) > limit:
        raise InvalidSpec(field, f"These are more than {limit}.")
    return tuple(value)
