"""The URLs that the service may call. Names are not resolved here (E6, J2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from profile_grpc.outbound.addresses import AddressPolicy, AddressRefused, is_loopback

_MAX_URL = 2048
_HIGHEST_PORT = 65535


class UrlRefused(ValueError):  # noqa: N818 - an outcome
    """The service must not call the URL. The message has the reason, but not the URL."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """What the operator allows the service to call."""

    addresses: AddressPolicy = field(default_factory=AddressPolicy)
    """The allowed addresses."""
    http_on_loopback: bool = False
    """Whether http is allowed to loopback addresses, for development."""
    ca_file: str | None = None
    """File with certificates (PEM) to trust in addition to the system's. None: only the system's."""

    def check_url(self, url: str) -> SplitResult:
        """Parses and checks a URL. A host name is resolved and checked later, with each connection.

        Raises:
            UrlRefused: it is not https, it has no host or an IP address that is not allowed, or it has a user, a
                password or a fragment.
        """
        parts = _split(url)
        if parts.username is not None or parts.password is not None:
            raise UrlRefused("a URL with a user or a password is not allowed")
        if parts.fragment or url.endswith("#"):
            raise UrlRefused("a URL with a fragment (#) is not allowed")
        host = parts.hostname or ""
        local = self.http_on_loopback and is_loopback(host)
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise UrlRefused("the URL must begin with https://")
        if not local:
            self._check_host(host)
        return parts

    def _check_host(self, host: str) -> None:
        address = "127.0.0.1" if host.lower().rstrip(".") == "localhost" else host
        try:
            ip_address(address)
        except ValueError:
            return  # a host name: its addresses are checked when it is resolved
        try:
            self.addresses.check(address)
        except AddressRefused as refused:
            raise UrlRefused(f"the address {address} is not allowed: {refused.why}") from None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UrlRefused("it is no URL") from None
    if len(url) > _MAX_URL or not url.isascii() or any(ord(char) <= ord(" ") or char == "\\" for char in url):
        raise UrlRefused(f"a URL has up to {_MAX_URL} characters of ASCII, without blanks and backslashes")
    if not parts.hostname or (port is not None and not 0 < port <= _HIGHEST_PORT):
        raise UrlRefused("the URL names no host, or a port that there is not")
    return parts
