"""A database keeps to the hash key that it was first opened with."""

import pytest

from profile_grpc.domain.hashing import Hasher
from profile_grpc.service.ports import StoreError
from profile_grpc.store import migrate, open_store


async def test_another_hash_key_is_refused(engine_url: str) -> None:
    """M3, R4: else every device would be counted again and a token could have two owners."""
    await migrate(engine_url)
    for _ in range(2):
        store = await open_store(engine_url, hasher=Hasher(b"a" * 32))
        await store.close()
    with pytest.raises(StoreError, match="PROFILE_GRPC_HASH_KEY is not the key"):
        await open_store(engine_url, hasher=Hasher(b"b" * 32))
