"""What the benchmark writes into the tables is what registering the same devices would have written."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from appprofile.v1 import profile_pb2
from profile_grpc.domain.commands import NewEndpoint, ProfilePatch
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.registration import Register
from profile_grpc.store import SqlStore
from profile_grpc.store.tables import metadata
from scripts.benchmark import rows
from scripts.benchmark.workloads import PUSH_APP, key_of, registration, token
from tests.store.conftest import Opener
from tests.store.support import HASHER, Writer, contents

COUNT = 30
# The events of a registration do not last, and a heartbeat changes `update_time` of no profile.
TABLES = ("profile", "token_holder", "mad_ledger", "profile_count")
RANDOM = ("revision", "shard")


async def stored(store: SqlStore) -> dict[str, list[str]]:
    """The rows of `TABLES`, without what is random."""
    found = await contents(store)
    columns = {name: metadata.tables[name].c.keys() for name in TABLES}
    return {
        name: sorted(
            repr({c: v for c, v in zip(columns[name], row, strict=True) if c not in RANDOM}) for row in found[name]
        )
        for name in TABLES
    }


@pytest.mark.parametrize("bulk", [COUNT, 10 * COUNT], ids=["bulk", "beside others"])
async def test_loaded_rows_are_those_of_registrations(
    store: SqlStore, store_url: str, open_another: Opener, bulk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BULK", bulk)
    day = datetime(2026, 11, 24, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override,explicit-override]
            return day + timedelta(hours=13)

    monkeypatch.setattr(rows, "datetime", Clock)
    await store.close()
    await asyncio.to_thread(rows.load, store_url, HASHER, 0, COUNT)
    loaded = await stored(await open_another())
    store = await open_another()
    # The same by the rules, on the same database: everything is deleted first, and forgotten.
    async with store._database.transaction() as session:
        for name in TABLES:
            await session.execute(store._database.prepare(metadata.tables[name].delete()))
    writer = Writer(store, now=day + timedelta(hours=13) - rows.REGISTERED)
    await writer.commit(*(register(n) for n in range(COUNT)))
    writer.now = day + timedelta(hours=12)
    await writer.commit(*(Heartbeat(key_of(n)) for n in range(COUNT)))
    assert loaded == await stored(store)


def register(number: int) -> Register:
    """The request that the benchmark sends, as a command."""
    asked = registration(number)
    [endpoint] = asked.push_endpoints
    assert (endpoint.provider, endpoint.token) == (profile_pb2.PUSH_PROVIDER_FCM, token(number))
    attributes = ("language", "time_zone", "os_version", "sdk_version", "device_model")
    return Register(
        key_of(number),
        ProfilePatch(
            platform=Platform(asked.platform),
            push_endpoints=(NewEndpoint(PushProvider.FCM, endpoint.token, PUSH_APP),),
            attributes={name: getattr(asked, name) for name in attributes},
        ),
    )
