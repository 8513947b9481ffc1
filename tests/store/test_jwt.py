"""Keys of JWT authorization and the numbers of checked calls as stored, on every engine (J2, J7)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from profile_grpc.domain.jwt import JwtOutcome
from profile_grpc.service.jwt.store import CountKey, JwksUrl, JwtKeyKind, StoredJwtKey
from profile_grpc.service.ports import Conflict
from profile_grpc.store import SqlStore
from tests.store.support import NOW

PEM = StoredJwtKey("shop", "key1", JwtKeyKind.PUBLIC_KEY, "k", "-----BEGIN…", NOW)
URL = StoredJwtKey("shop", "key2", JwtKeyKind.JWKS_URL, "", "https://idp.example/jwks", NOW, place=1)
SECOND = timedelta(seconds=1)


async def test_J2_a_key_is_read_as_it_was_stored(store: SqlStore) -> None:
    full = replace(
        URL,
        jwt_key_id="key3",
        place=2,
        document="{}",
        fetch_time=NOW,
        attempt_time=NOW + SECOND,
        failing_since_time=NOW - SECOND,
        failure="HTTP 503",
        create_time=NOW + SECOND,
    )
    for key in (PEM, URL, full):
        await store.jwt.add(key)
    assert await store.jwt.of_app("shop") == [PEM, URL, full]
    assert await store.jwt.urls() == [
        JwksUrl("shop", "key2", URL.material),
        JwksUrl("shop", "key3", URL.material, NOW, NOW + SECOND, NOW - SECOND),
    ]
    assert await store.jwt.fetch_times("shop") == {"key1": None, "key2": None, "key3": NOW}
    assert await store.jwt.of_app("other") == []


@pytest.mark.parametrize(
    "taken", [replace(PEM, jwt_key_id="n"), replace(PEM, jwt_key_id="n", kid="n"), replace(PEM, place=9, kid="n")]
)
async def test_J2_id_kid_and_place_are_taken_once(store: SqlStore, taken: StoredJwtKey) -> None:
    await store.jwt.add(PEM)
    with pytest.raises(Conflict):
        await store.jwt.add(taken)
    await store.jwt.add(replace(taken, app_id="another"))
    await store.jwt.add(URL)
    await store.jwt.add(replace(URL, jwt_key_id="u", place=2))  # sets have no kid


async def test_J8_every_process_learns_of_a_key_that_is_added_or_removed(store: SqlStore) -> None:
    versions = [await store.directory.version()]

    async def changed() -> bool:
        versions.append(await store.directory.version())
        return versions[-1] > versions[-2]

    await store.jwt.add(PEM)
    assert await changed()
    await store.jwt.add(URL)
    assert await changed()
    [url] = await store.jwt.urls()
    await store.jwt.fetched(url, "{}", NOW)
    assert not await changed()  # of documents each process learns by the times of their fetches
    await store.jwt.failed(url, "HTTP 503", NOW)
    assert not await changed()
    assert await store.jwt.remove("shop", "key1")
    assert await changed()
    assert not await store.jwt.remove("shop", "key1")


async def test_J2_a_document_is_stored_with_the_time_of_its_fetch(store: SqlStore) -> None:
    await store.jwt.add(URL)
    [url] = await store.jwt.urls()
    for seconds, document, is_new in ((0, "{}", True), (1, "{}", False), (2, "[]", True)):
        fetched = NOW + seconds * SECOND
        assert await store.jwt.fetched(url, document, fetched) is is_new
        [key] = await store.jwt.of_app("shop")
        assert (key.document, key.fetch_time) == (document, fetched)
        assert await store.jwt.fetch_times("shop") == {"key2": fetched}
    await store.jwt.remove("shop", "key2")
    assert not await store.jwt.fetched(url, "{}", NOW)


async def test_J2_one_process_of_many_fetches(store: SqlStore, other: SqlStore) -> None:
    await store.jwt.add(URL)
    for round_ in range(3):
        [key] = await store.jwt.urls()
        now = NOW + round_ * SECOND
        claims = [one.jwt.claim(key, now) for one in (store, other) for _ in range(4)]
        assert sum(await asyncio.gather(*claims)) == 1
    [key] = await store.jwt.urls()
    await store.jwt.remove("shop", "key2")
    assert not await store.jwt.claim(key, NOW)


async def test_J2_a_failure_keeps_the_document_and_since_when(store: SqlStore) -> None:
    await store.jwt.add(URL)
    [url] = await store.jwt.urls()
    await store.jwt.fetched(url, "{}", NOW)
    for seconds in (1, 2):
        [url] = await store.jwt.urls()
        await store.jwt.failed(url, "HTTP 503", NOW + seconds * SECOND)
    [key] = await store.jwt.of_app("shop")
    assert (key.document, key.fetch_time, key.failure) == ("{}", NOW, "HTTP 503")
    assert key.failing_since_time == NOW + SECOND
    await store.jwt.fetched(url, "{}", NOW + 3 * SECOND)
    [key] = await store.jwt.of_app("shop")
    assert (key.fetch_time, key.failing_since_time, key.failure) == (NOW + 3 * SECOND, None, "")


async def test_J7_numbers_are_added_and_purged(store: SqlStore, other: SqlStore) -> None:
    day = NOW.date()
    first = CountKey("shop", day, JwtOutcome.VALID, "4.2")
    old = first._replace(day=day - timedelta(days=30))
    await asyncio.gather(*(one.jwt.add_counts({first: 1, old: 2}) for one in (store, other) for _ in range(5)))
    await store.jwt.add_counts({first._replace(app_id="other"): 7, first._replace(sdk_version=""): 1})
    assert await store.jwt.counts("shop", day - timedelta(days=30)) == {
        first: 10,
        old: 20,
        first._replace(sdk_version=""): 1,
    }
    assert set(await store.jwt.versions("shop", day)) == {"4.2", ""}
    await store.jwt.purge_counts(day)
    assert await store.jwt.counts("shop", day - timedelta(days=30)) == {first: 10, first._replace(sdk_version=""): 1}
