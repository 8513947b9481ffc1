"""Name resolution in a separate thread pool.

The event loop's default pool is small and shared. A tenant whose name server does not respond could block it for
everything else, including connections to the database.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from profile_grpc.outbound.addresses import Address, AddressPolicy

THREADS = 128
"""Maximum number of concurrent look-ups. One that hangs blocks a thread until the system's resolver times out."""

Lookup = Callable[[str], Sequence[str]]
"""Returns all addresses of a name as strings. It may block. Raises OSError if there are none."""


def system_lookup(name: str) -> Sequence[str]:
    """The addresses that the operating system's resolver returns."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedResolver(AbstractResolver):
    """Resolves a name and checks all of its addresses. If one is not allowed, the name is refused.

    The connection is made to a checked address, so a later change of the name's addresses has no effect on it. Results
    are not cached.
    """

    def __init__(self, policy: AddressPolicy, lookup: Lookup = system_lookup) -> None:
        self._policy = policy
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolver")
        self._waiting: dict[str, asyncio.Future[Sequence[str]]] = {}
        """Look-ups in progress, by name, so that each name uses at most one thread."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See AbstractResolver.

        Raises:
            AddressRefused: an address of the name is not allowed.
            OSError: the name has no address.
        """
        found = [self._policy.check(address) for address in await self._addresses(host)]
        return [_result(host, address, port) for address in found]

    @override
    async def close(self) -> None:
        """Shuts the pool down without waiting for look-ups."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str) -> Sequence[str]:
        found = self._waiting.get(host)
        if found is None:
            found = asyncio.get_running_loop().run_in_executor(self._threads, self._lookup, host)
            self._waiting[host] = found
            found.add_done_callback(lambda done: self._finished(host, done))
        # Shielded, because other callers may wait for the same look-up.
        return await asyncio.shield(found)

    def _finished(self, host: str, done: asyncio.Future[Sequence[str]]) -> None:
        self._waiting.pop(host, None)
        if not done.cancelled():
            done.exception()  # mark it as retrieved, in case no caller waits any more


def _result(host: str, address: Address, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=str(address),
        port=port,
        family=socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6,
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
