"""The address guard: which addresses the portal may connect to (docs/design.md, "Doors")."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from core.net.errors import AddressRefused

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# Spelt out although `is_global` knows most of them: the standard library's answer changed within
# one minor version (192.0.0.0/24), and multicast counts as global there.
_REFUSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

# Of IPv6 only global unicast is let through at all; these lie inside it.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo (2001::/32) among them
        "2001:db8::/32",
        "3fff::/20",
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")

# A wide entry of the allow-list (a ministry's 100.64.0.0/10, fd00::/8) is not meant to open the
# hypervisor's door, so these need an entry of their own.
_METADATA: frozenset[IPAddress] = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
    )
)


class Guard:
    """Refuses addresses that are not on the public internet, unless a network is allowed.

    `allowed` are the networks that the deployment names, e.g. the government's own network.
    An address that carries an IPv4 address inside (mapped, 6to4, NAT64, Teredo) is judged by
    both. Metadata addresses are let through only by an entry for that single address.
    """

    def __init__(self, allowed: Iterable[str | IPNetwork] = ()) -> None:
        """Take networks or their texts; ValueError for a text that is not a network."""
        self._allowed: tuple[IPNetwork, ...] = tuple(
            ip_network(entry) if isinstance(entry, str) else entry for entry in allowed
        )

    def check(self, address: str) -> None:
        """Return quietly when `address`, a numeric address, may be connected to.

        Raises AddressRefused otherwise, also for anything that is no numeric address.
        """
        try:
            # The zone of fe80::1%eth0 says through which card, not whether.
            outer = ip_address(address.partition("%")[0])
        except ValueError:
            raise AddressRefused(f"{address!r} is not a numeric address") from None
        if isinstance(outer, IPv6Address) and outer.ipv4_mapped is not None:
            # Only a way of writing: the kernel makes an IPv4 connection of it.
            outer = outer.ipv4_mapped
        inner = _embedded(outer)
        ways = [outer] if inner is None else [outer, inner]
        if any(way in _METADATA for way in ways):
            allowed = any(self._names_alone(way) for way in ways)
        elif any(way in network for way in ways for network in self._allowed):
            allowed = True
        elif isinstance(outer, IPv4Address):
            allowed = not _is_refused_v4(outer)
        else:
            allowed = not _is_refused_v6(outer, inner)
        if not allowed:
            raise AddressRefused(f"{address} is not a public address")

    def _names_alone(self, address: IPAddress) -> bool:
        return any(network.num_addresses == 1 and address in network for network in self._allowed)


def _embedded(address: IPAddress) -> IPv4Address | None:
    """The IPv4 address that the traffic would end at, where `address` carries one."""
    if isinstance(address, IPv4Address):
        return None
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _IPV4_COMPATIBLE and int(address) > 1:
        return IPv4Address(int(address))
    return None


def _is_refused_v4(address: IPv4Address) -> bool:
    return not address.is_global or any(address in network for network in _REFUSED_V4)


def _is_refused_v6(address: IPv6Address, inner: IPv4Address | None) -> bool:
    if inner is not None and _is_refused_v4(inner):
        return True
    # Networks with DNS64 reach the IPv4 internet through this prefix, which is outside 2000::/3.
    if address in _NAT64:
        return False
    return address not in _GLOBAL_V6 or any(address in network for network in _REFUSED_V6)
