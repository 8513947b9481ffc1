"""Names to addresses, in threads of their own.

The event loop's own threads are few and shared: a tenant whose name server does not answer would keep them from
everybody else, the database's connections among them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from profile_grpc.outbound.addresses import AddressPolicy, family

THREADS = 128
"""Names that are looked up at a time. One that hangs takes a thread until the system's resolver gives up."""

Lookup = Callable[[str], Sequence[str]]
"""Every address of a name, as text. It may block, and raises OSError where there is none."""


def system_lookup(name: str) -> Sequence[str]:
    """The addresses as the operating system knows them."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedResolver(AbstractResolver):
    """Resolves a name and checks all of its addresses: with one that is refused, the name is.

    The connection goes to an address that was checked. So a name that resolves to something else a moment later does no
    harm, and nothing is remembered between two connections.
    """

    def __init__(self, policy: AddressPolicy, lookup: Lookup = system_lookup) -> None:
        self._policy = policy
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolver")
        self._waiting: dict[str, asyncio.Future[Sequence[str]]] = {}
        """Look-ups under way, by name: a name that hangs never takes a second thread."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See AbstractResolver.

        Raises:
            AddressRefused: an address of the name is not allowed.
            OSError: there is none.
        """
        found = [self._policy.check(address) for address in await self._addresses(host)]
        return [_result(host, str(address), port) for address in found]

    @override
    async def close(self) -> None:
        """Waits for no look-up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str) -> Sequence[str]:
        found = self._waiting.get(host)
        if found is None:
            found = asyncio.get_running_loop().run_in_executor(self._threads, self._lookup, host)
            self._waiting[host] = found
            found.add_done_callback(lambda done: self._finished(host, done))
        # Shielded: others may wait for the same name.
        return await asyncio.shield(found)

    def _finished(self, host: str, done: asyncio.Future[Sequence[str]]) -> None:
        self._waiting.pop(host, None)
        if not done.cancelled():
            done.exception()  # seen, also where nobody waits any more


def _result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family(ip_address(address)),
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
