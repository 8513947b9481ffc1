"""The addresses that the service may connect to on behalf of a tenant (E6, J2).

A tenant configures a URL, and the service connects to it from the operator's network. So only addresses of the public
internet are allowed, and networks that the operator has listed. The table is our own, because the meaning of
"private" in the module `ipaddress` has changed between versions of Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# From the IANA special-purpose address registries: networks that are not globally reachable, and a few that are
# globally reachable but have a special use.
_REFUSED_IPV4 = {
    IPv4Network("0.0.0.0/8"): "unspecified",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "private",  # shared by providers; some clouds have their metadata service here
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("168.63.129.16/32"): "cloud metadata",  # a public address that Azure uses for a service of the host
    IPv4Network("169.254.0.0/16"): "link-local",  # most clouds have their metadata service here
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "reserved",
    IPv4Network("192.0.2.0/24"): "reserved",
    IPv4Network("192.88.99.0/24"): "reserved",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("198.18.0.0/15"): "private",
    IPv4Network("198.51.100.0/24"): "reserved",
    IPv4Network("203.0.113.0/24"): "reserved",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
}
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = {
    IPv6Network("2001::/23"): "reserved",  # includes Teredo, which embeds an IPv4 address
    IPv6Network("2001:db8::/32"): "reserved",
    IPv6Network("3fff::/20"): "reserved",
    IPv6Network("::1/128"): "loopback",
    IPv6Network("::/128"): "unspecified",
    IPv6Network("fc00::/7"): "private",  # some clouds have their metadata service here
    IPv6Network("fe80::/10"): "link-local",
    IPv6Network("ff00::/8"): "multicast",
}
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
_LOW_32 = (1 << 32) - 1


class AddressRefused(OSError):  # noqa: N818 - an outcome
    """The service must not connect to the address.

    The message has the reason and not the address: tenants read it, and it may be an address of the operator's network.
    """

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"an address of the host is not allowed: {why}")
        self.address = address
        self.why = why


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The networks that the operator allows in addition to the public internet."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def allowing(cls, networks: Iterable[str]) -> AddressPolicy:
        """A policy that also allows these networks, in the form `10.1.0.0/16`.

        Raises:
            ValueError: one of the strings is not a network.
        """
        return cls(tuple(ip_network(network) for network in networks))

    def check(self, text: str) -> Address:
        """Parses and checks an address.

        Raises:
            AddressRefused: it is not allowed, or it is not an address.
        """
        try:
            address = ip_address(text)
        except ValueError:
            raise AddressRefused(text, "it is no address") from None
        meant = meant_by(address)
        why = None if self._is_allowed(meant) else _refusal(meant)
        if why is not None:
            raise AddressRefused(text, why)
        return address

    def _is_allowed(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.allowed)


def meant_by(address: Address) -> Address:
    """The address that packets reach: of a mapped, NAT64 or 6to4 address the embedded IPv4 one, otherwise itself."""
    if isinstance(address, IPv6Address):
        number = int(address)
        if address in _MAPPED or address in _NAT64:
            return IPv4Address(number & _LOW_32)
        if address in _6TO4:
            return IPv4Address(number >> 80 & _LOW_32)
    return address


def is_loopback(text: str) -> bool:
    """Whether the text is a loopback address or the name `localhost`: what is sent there stays on this machine.

    That is not so for NAT64 and 6to4 addresses with an embedded loopback address: a router decides about them.
    """
    if text.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _refusal(address: Address) -> str | None:
    """Why the address is not allowed. None: it is allowed."""
    if isinstance(address, IPv4Address):
        return next((f"it is {kind}" for network, kind in _REFUSED_IPV4.items() if address in network), None)
    for network, kind in _REFUSED_IPV6.items():
        if address in network:
            return f"it is {kind}"
    return None if address in _GLOBAL_IPV6 else "it is reserved"
