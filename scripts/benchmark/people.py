"""Recipients and erasures through a server on PostgreSQL: rates, the time to the first message, memory, plans.

The server has a core of its own. The database and the caller share the others, so the rate by the server's CPU is what
compares, and the rate by time is a lower bound.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg
import grpc

from appprofile.v1 import customer_service_pb2, profile_pb2, profile_service_pb2, recipient_pb2
from appprofile.v1.customer_service_pb2_grpc import CustomerServiceStub
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from profile_grpc.domain.filtering.of_customers import parts_of
from profile_grpc.domain.hashing import Hasher
from profile_grpc.service.filter_parsing import profile_filter
from profile_grpc.store import filtering, open_store
from profile_grpc.store.recipients import Among
from scripts.benchmark import databases, processes
from scripts.benchmark.databases import dsn
from scripts.benchmark.processes import Cores, Server, Service
from scripts.benchmark.workloads import APP, key_of, registration

if TYPE_CHECKING:
    from appprofile.v1.customer_service_pb2_grpc import CustomerServiceAsyncStub
    from appprofile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_PUSH = profile_pb2.CHANNEL_PUSH
_IDS = 10_000
_DEVICES = 20_000
"""Of the one user that has very many."""
_LINKED = 50
"""Profiles of the customer that is erased, and of the user that is."""
_OF_PERSON = 1000
"""Events that name each of them."""
_FILTER = 'language = "de"'
_MANY, _ERASED_USER, _ERASED_CUSTOMER = "many-devices", "erased-user", "erased-customer"

_COPY = """INSERT INTO profile SELECT (jsonb_populate_record(p, jsonb_build_object(
    'user_id', $1::text, 'device_id', 'device-' || lpad(n::text, 8, '0')))).*
    FROM (SELECT p FROM profile p LIMIT 1) AS pattern, generate_series(1, $2::int) AS n"""
_QUARTER = """UPDATE profile SET language = 'de', attributes = replace(attributes, '"language":"en"', '"language":"de"')
    WHERE user_id < '4'"""
"""The ids are hexadecimal digits."""
_LOG = """INSERT INTO event_log
    (position, app_id, event_id, position_time, time, type, user_id, device_id, customer_id, reason, version)
    SELECT n, $1::text, 'event-' || n, $2::bigint, $2::bigint, 'PROFILE_UPDATED',
    CASE WHEN n % $3::int = 0 THEN $4::text ELSE md5(n::text) END,
    CASE WHEN n % $3::int = 0 THEN 'device-00000001' ELSE md5((-n)::text) END,
    CASE WHEN n % $3::int = 1 THEN $5::text ELSE '' END, '', 1
    FROM generate_series(1, $6::int) AS n"""


def main() -> None:
    """Measures, and prints one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=100_000, help="of the log, besides those of a person")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    cores = Cores.split(1)
    cores.keep_off()
    with databases.database("postgresql", None) as url:
        service = processes.prepared(Service(url, processes.hash_key(), "", cores))
        service.load(0, asked.profiles)
        asyncio.run(_begin_log(service))
        asyncio.run(_add_people(url, asked.events))
        asyncio.run(_print_plans(service))
        with service.run() as server:
            asyncio.run(Measurement(server, service.key, asked.profiles).run(asked.rounds))


async def _begin_log(service: Service) -> None:
    """Creates the row that says how far positions are given."""
    store = await open_store(service.database_url, hasher=Hasher(service.hash_key), pool_size=1)
    try:
        await store.events.take_over("0" * 15 + "1")
    finally:
        await store.close()


async def _add_people(url: str, events: int) -> None:
    """A user with very many devices, and a log of events, some of them of the persons that are erased."""
    connection = await asyncpg.connect(dsn(url), command_timeout=3600)
    try:
        await connection.execute(_COPY, _MANY, _DEVICES)
        await connection.execute(_QUARTER)
        each = max(events // _OF_PERSON, 2)
        now = time.time_ns() // 1000
        await connection.execute(_LOG, APP, now, each, _ERASED_USER, _ERASED_CUSTOMER, events)
        await connection.execute("UPDATE event_head SET allocated = $1, published = $1", events)
        for table in ("profile", "event_log"):
            await connection.execute(f"VACUUM (ANALYZE) {table}")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _print_plans(service: Service) -> None:
    """How each statement of a page finds its rows: the plan that is kept for all values, executed once."""
    store = await open_store(service.database_url, hasher=Hasher(service.hash_key), pool_size=1)
    try:
        for title, among, text, is_first in (
            ("everyone", Among.EVERYONE, "", False),
            (_FILTER, Among.EVERYONE, _FILTER, False),
            ("users", Among.USERS, "", True),
            ("devices of one user", Among.USER, "", False),
        ):
            wanted = profile_filter(text)
            parts = parts_of(wanted) if wanted else filtering.NO_FILTER
            query = store.recipients._query(among, parts, 2000, push=True, is_first=is_first)  # noqa: SLF001 - to explain it
            statement = store._database.engine.prepare(query)  # noqa: SLF001
            key = key_of(0)
            values: dict[str, object] = {
                "app_id": APP,
                "user_id": _MANY,
                "heard": 0,
                "registered": 0,
                "channel": 2,
                "after_user_id": _MANY if among is Among.USER else "8",
                "after_device_id": "device-00010000",
                **filtering.bound(parts, store._database.engine),  # noqa: SLF001
            }
            await _explain(service.database_url, title, statement.sql, [values.get(n, key[1]) for n in statement.names])
    finally:
        await store.close()


async def _explain(url: str, title: str, sql: str, arguments: Sequence[object]) -> None:
    connection = await asyncpg.connect(dsn(url))
    try:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        found = await connection.fetch(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", *arguments)
    finally:
        await connection.close()
    lines = [line.strip() for (line,) in found]
    told = [line for line in lines if " on profile" in line or line.startswith(("Index Cond", "Sort M", "Execution"))]
    print(f"plan of {title}:", *told, sep="\n    ")


@dataclass
class Used:
    """What the server used meanwhile."""

    cpu: float = 0.0
    """Seconds."""
    seconds: float = 0.0
    first: float = 0.0
    """Seconds until the first message of the first stream."""
    items: int = 0
    most_mb: float = 0.0
    """Resident memory at most."""
    began: float = field(default_factory=time.monotonic)

    def count(self, items: int) -> None:
        """Notes a message."""
        self.first = self.first or time.monotonic() - self.began
        self.items += items


class Measurement:
    """Calls of one server."""

    def __init__(self, server: Server, key: str, profiles: int) -> None:
        self._server = server
        self._metadata = (("x-api-key", key),)
        self._profiles = profiles

    async def run(self, rounds: int) -> None:
        """Everything, in turn; the erasures last."""
        options = [("grpc.max_receive_message_length", -1)]
        async with grpc.aio.insecure_channel(self._server.target, options) as channel:
            stub = ProfileServiceStub(channel)
            ids = sorted({key_of(n).user_id for n in range(0, self._profiles, max(self._profiles // _IDS, 1))})[:_IDS]
            everyone = recipient_pb2.ResolveRecipientsRequest(app_id=APP, channel=_PUSH, everyone=True)
            filtered = recipient_pb2.ResolveRecipientsRequest(app_id=APP, channel=_PUSH, everyone=True, filter=_FILTER)
            of_ids, many, singles = _of_users(ids), _of_users([_MANY]), [_of_users([one]) for one in ids]
            print(f"memory before: {self._server.rss_mb():.0f} MB")
            for _ in range(rounds):
                await self._measure("everyone", lambda used: self._resolve(stub, used, everyone))
                await self._measure(_FILTER, lambda used: self._resolve(stub, used, filtered))
                await self._measure(f"{len(ids)} user ids", lambda used: self._resolve(stub, used, of_ids))
                await self._measure("devices of one user", lambda used: self._resolve(stub, used, many))
                for number in (1, 32):
                    await self._measure(
                        f"single users, {number} at a time",
                        lambda used, number=number: self._singles(stub, used, singles, number),  # type: ignore[misc]
                    )
            await self._measure("count of everyone", lambda used: self._count(stub, used))
            await self._register(stub)
            await self._erase(stub, CustomerServiceStub(channel))
            print(f"memory after: {self._server.rss_mb():.0f} MB")

    async def _measure(self, title: str, work: Callable[[Used], Awaitable[None]]) -> Used:
        used, cpu = Used(), self._server.cpu_seconds()
        with self._watched(used):
            await work(used)
        used.seconds, used.cpu = time.monotonic() - used.began, self._server.cpu_seconds() - cpu
        print(
            f"{title}: {used.items:,} in {used.seconds:.2f} s, {used.items / used.seconds:,.0f}/s;"
            f" {used.cpu:.2f} s of CPU, {used.items / max(used.cpu, 0.01):,.0f}/s;"
            f" first after {used.first * 1000:.0f} ms; at most {used.most_mb:.0f} MB",
            flush=True,
        )
        return used

    @contextmanager
    def _watched(self, used: Used) -> Iterator[None]:
        """Looks at the server's memory meanwhile."""
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.1):
                used.most_mb = max(used.most_mb, self._server.rss_mb())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    async def _resolve(
        self, stub: ProfileServiceAsyncStub, used: Used, request: recipient_pb2.ResolveRecipientsRequest
    ) -> None:
        async for message in stub.ResolveRecipients(request, metadata=self._metadata):
            used.count(len(message.recipients))

    async def _singles(
        self,
        stub: ProfileServiceAsyncStub,
        used: Used,
        requests: Sequence[recipient_pb2.ResolveRecipientsRequest],
        at_once: int,
    ) -> None:
        left = iter(requests[: 200 * at_once])

        async def call() -> None:
            for request in left:
                await self._resolve(stub, used, request)

        await asyncio.gather(*(call() for _ in range(at_once)))

    async def _count(self, stub: ProfileServiceAsyncStub, used: Used) -> None:
        request = recipient_pb2.CountRecipientsRequest(app_id=APP, channel=_PUSH, everyone=True)
        used.count((await stub.CountRecipients(request, metadata=self._metadata)).recipients)

    async def _register(self, stub: ProfileServiceAsyncStub) -> None:
        """The profiles of the persons that are erased."""
        for number in range(_LINKED):
            for user, customer in ((_ERASED_USER, ""), ("linked-user", _ERASED_CUSTOMER)):
                request = registration(self._profiles + number + (_LINKED if customer else 0))
                request.key.user_id, request.customer_id = user, customer
                await stub.Register(request, metadata=self._metadata)

    async def _erase(self, stub: ProfileServiceAsyncStub, customers: CustomerServiceAsyncStub) -> None:
        async def user(used: Used) -> None:
            request = profile_service_pb2.EraseUserRequest(app_id=APP, user_id=_ERASED_USER)
            print(await stub.EraseUser(request, metadata=self._metadata, timeout=600))
            used.count(1)

        async def customer(used: Used) -> None:
            request = customer_service_pb2.EraseCustomerRequest(customer_id=_ERASED_CUSTOMER)
            print(await customers.EraseCustomer(request, metadata=self._metadata, timeout=600))
            used.count(1)

        await self._measure("EraseUser", user)
        await self._measure("EraseCustomer", customer)


def _of_users(ids: Sequence[str]) -> recipient_pb2.ResolveRecipientsRequest:
    users = recipient_pb2.UserIds(user_ids=ids)
    return recipient_pb2.ResolveRecipientsRequest(app_id=APP, channel=_PUSH, user_ids=users)


if __name__ == "__main__":
    main()
