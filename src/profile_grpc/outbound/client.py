"""HTTP client for URLs of tenants: checked addresses, no redirects, limits of time and size (E6, J2)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import aiohttp
from aiohttp.connector import AddrInfoType

from profile_grpc.outbound.addresses import AddressPolicy, AddressRefused, is_loopback
from profile_grpc.outbound.answers import Answer, Limits, RequestFailed
from profile_grpc.outbound.destinations import Destinations
from profile_grpc.outbound.resolver import CheckedResolver, Lookup, system_lookup

_KEEP_ALIVE = 15.0
"""Seconds until an idle connection is closed."""
_LOOPBACK = AddressPolicy.allowing(("127.0.0.0/8", "::1/128"))


class OutboundClient:
    """Sends requests to checked addresses. Requests run concurrently, without a limit."""

    def __init__(
        self, destinations: Destinations, limits: Limits, *, agent: str, lookup: Lookup = system_lookup
    ) -> None:
        """`agent`: value of the `user-agent` header. Must be called in a running event loop."""
        self._destinations = destinations
        self._limits = limits
        context = _trust(destinations.ca_file)
        self._checked = _session(destinations.addresses, context, agent, lookup)
        self._local = _session(_LOOPBACK, context, agent, lookup) if destinations.http_on_loopback else None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Sends a POST request. A redirect is not followed: it is the response.

        Raises:
            UrlRefused, AddressRefused: the URL, or an address of its host, is not allowed.
            RequestFailed: there was no response, or not in time.
        """
        return await self._request("POST", url, headers, body)

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Sends a GET request. Otherwise like `post`."""
        return await self._request("GET", url, headers, None)

    async def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        parts = self._destinations.check_url(url)
        session = self._local if self._local is not None and is_loopback(parts.hostname or "") else self._checked
        started = perf_counter()
        try:
            async with asyncio.timeout(self._limits.seconds):
                async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
                    read = await self._read(response)
                    return Answer(response.status, read, perf_counter() - started)
        except TimeoutError:
            raise RequestFailed(f"no answer within {self._limits.seconds:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            refused = _address_refused(error)
            if refused is not None:
                raise refused from None
            raise RequestFailed(_reason(error)) from None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """Reads the body up to the limit. If more follows, aiohttp closes the connection on release of the response."""
        limit = self._limits.answer_bytes
        body = bytearray()
        while len(body) < limit and (part := await response.content.read(limit - len(body))):
            body += part
        return bytes(body)

    async def close(self) -> None:
        for session in (self._checked, self._local):
            if session is not None:
                await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _trust(ca_file: str | None) -> ssl.SSLContext:
    """A context that trusts the system's certificates and those in the file."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(Path(ca_file))
    return context


def _session(policy: AddressPolicy, context: ssl.SSLContext, agent: str, lookup: Lookup) -> aiohttp.ClientSession:
    def checked_socket(address: AddrInfoType) -> socket.socket:
        """Checks the address immediately before the connection. This also covers an IP address in the URL."""
        family, kind, protocol, _, (host, *_) = address
        policy.check(str(host))
        return socket.socket(family, kind, protocol)

    connector = aiohttp.TCPConnector(
        resolver=CheckedResolver(policy, lookup),
        use_dns_cache=False,
        ssl=context,
        limit=0,
        keepalive_timeout=_KEEP_ALIVE,
        socket_factory=checked_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": agent, "accept-encoding": "identity"},
        auto_decompress=False,
        trust_env=False,  # a proxy would connect to addresses that were not checked
    )


def _address_refused(error: BaseException | None) -> AddressRefused | None:
    """The AddressRefused that caused an error of the HTTP client. None: another cause."""
    while error is not None:
        if isinstance(error, AddressRefused):
            return error
        error = getattr(error, "os_error", None) or error.__cause__
    return None


def _reason(error: Exception) -> str:
    """The kind of the failure. The error's own message is not used: it may have the URL or what the other side sent."""
    kinds: Mapping[type[Any], str] = {
        aiohttp.ClientConnectorCertificateError: "its certificate is not trusted, or not for this host",
        aiohttp.ClientSSLError: "TLS failed",
        aiohttp.ClientConnectorDNSError: "its name cannot be resolved",
        aiohttp.ClientConnectorError: "no connection",
        aiohttp.ServerDisconnectedError: "the connection was closed before an answer",
        aiohttp.ClientResponseError: "the answer is not valid HTTP",
        aiohttp.ClientPayloadError: "the answer broke off",
        aiohttp.InvalidURL: "the URL is not valid",
    }
    return next((text for kind, text in kinds.items() if isinstance(error, kind)), "the connection failed")
