"""Shared reads: which callers wait, and which results they get. Also the reads of the store that are shared."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from profile_grpc.domain.profile import Attributes, ProfileStatus
from profile_grpc.service.group_commit import Gathering
from profile_grpc.service.ports import DataRefused, ProfileFilter, StoreUnavailable
from profile_grpc.store import SqlStore, sharing
from profile_grpc.store.sharing import SharedReads
from profile_grpc.telemetry import tracing
from tests.store.support import key, profile, put
from tests.support.spans import RecordedSpan


class Source:
    """Finds the length of a text; each batch of texts waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[Sequence[str]] = []
        self.held = asyncio.Event()
        self.arrived = asyncio.Condition()
        self.error: Callable[[Sequence[str]], Exception | None] = lambda _: None

    async def read(self, texts: Sequence[str]) -> Sequence[int]:
        async with self.arrived:
            self.batches.append(list(texts))
            self.arrived.notify_all()
        await self.held.wait()
        error = self.error(texts)
        if error is not None:
            raise error
        return [len(text) for text in texts]

    async def started(self, batches: int) -> None:
        """Waits for the n-th batch."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.batches) >= batches)


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    source = Source()
    yield source
    source.held.set()


@pytest.fixture
def reads(source: Source) -> SharedReads[str, int]:
    return SharedReads(source.read, batch=4)


Asked = tuple[asyncio.Task[int], list[asyncio.Task[int]]]


async def ask(reads: SharedReads[str, int], source: Source, *texts: str) -> Asked:
    """One read under way, and others that came meanwhile."""
    first = asyncio.create_task(reads.fetch("first"))
    await source.started(1)
    others = [asyncio.create_task(reads.fetch(text)) for text in texts]
    await asyncio.sleep(0)
    return first, others


async def test_callers_that_arrive_during_a_read_share_the_next(reads: SharedReads[str, int], source: Source) -> None:
    first, others = await ask(reads, source, "a", "bb", "a")
    assert source.batches == [["first"]], "while it is under way, nothing else is"
    source.held.set()
    assert await asyncio.gather(first, *others) == [5, 1, 2, 1]
    assert source.batches == [["first"], ["a", "bb", "a"]]


async def test_a_single_caller_is_read_at_once(reads: SharedReads[str, int], source: Source) -> None:
    reads._gathering = Gathering(3600.0)
    source.held.set()
    for text in ("a", "bb", "ccc"):
        assert await reads.fetch(text) == len(text)
    assert source.batches == [["a"], ["bb"], ["ccc"]]


async def test_callers_that_come_back_share_again(reads: SharedReads[str, int], source: Source) -> None:
    reads._gathering = Gathering(3600.0)

    async def again(text: str) -> int:
        await reads.fetch(text)
        for _ in range(int(text)):  # they come back one by one
            await asyncio.sleep(0)
        return await reads.fetch(text)

    first = asyncio.create_task(reads.fetch("first"))
    await source.started(1)
    others = [asyncio.create_task(again(text)) for text in ("3", "9", "27")]
    await asyncio.sleep(0)
    source.held.set()
    await asyncio.gather(first, *others)
    assert source.batches == [["first"], ["3", "9", "27"], ["3", "9", "27"]]


async def test_a_batch_has_its_limit(reads: SharedReads[str, int], source: Source) -> None:
    first, others = await ask(reads, source, *"abcdef")
    source.held.set()
    assert await asyncio.gather(first, *others) == [5, 1, 1, 1, 1, 1, 1]
    assert source.batches == [["first"], [*"abcd"], [*"ef"]]


async def test_an_error_reaches_only_whose_it_is(reads: SharedReads[str, int], source: Source) -> None:
    source.error = lambda texts: DataRefused("no text") if "bad" in texts else None
    first, others = await ask(reads, source, "a", "bad", "cc")
    source.held.set()
    found = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(one) for one in found] == [int, int, DataRefused, int]


async def test_without_a_database_nobody_is_told_one_by_one(reads: SharedReads[str, int], source: Source) -> None:
    source.error = lambda texts: StoreUnavailable("gone") if len(texts) > 1 else None
    first, others = await ask(reads, source, "a", "bb", "cc")
    source.held.set()
    found = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(one) for one in found] == [int, StoreUnavailable, StoreUnavailable, StoreUnavailable]
    assert len(source.batches) == 2
    assert await reads.fetch("later") == 5


async def test_a_caller_cancelled_before_its_turn_is_not_read(reads: SharedReads[str, int], source: Source) -> None:
    first, others = await ask(reads, source, "a", "bb")
    others[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await others[0]
    assert not first.done(), "it did not wait for what is under way"
    source.held.set()
    assert [await first, await others[1]] == [5, 2]
    assert source.batches == [["first"], ["bb"]]


async def test_a_caller_cancelled_during_a_read_does_not_cancel_the_others(
    reads: SharedReads[str, int], source: Source
) -> None:
    first, others = await ask(reads, source, "a")
    for _ in range(3):
        first.cancel()
        await asyncio.sleep(0)
    assert not first.done(), "its connection is in use until the read is over"
    source.held.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await others[0] == 1


async def test_a_slow_batch_keeps_nobody_waiting(
    reads: SharedReads[str, int], source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_SLOW", 0.001)
    first, others = await ask(reads, source, "a")
    await source.started(2)
    later = asyncio.create_task(reads.fetch("bb"))
    await source.started(3)
    source.held.set()
    assert await asyncio.gather(first, *others, later) == [5, 1, 2]


async def test_reads_at_the_same_time_get_their_own_profiles(store: SqlStore) -> None:
    users = [f"user {n}" for n in range(40)]
    await put(store, *(profile(key(user)) for user in users if user != "user 7"))
    found = await asyncio.gather(*(store.profiles.get(key(user)) for user in (*users, *users)))
    there = [one.key.user_id if one else None for one in found]
    assert there == [None if user == "user 7" else user for user in (*users, *users)]

    wanted = [ProfileFilter("shop", user_id=user) for user in users]
    pages = await asyncio.gather(*(store.profiles.list(one, None, 5) for one in (*wanted, ProfileFilter("shop"))))
    assert [[p.key.user_id for p in page] for page in pages[:-1]] == [[u] if u != "user 7" else [] for u in users]
    assert len(pages[-1]) == 5


async def test_pages_at_the_same_time_are_those_that_each_caller_would_get_alone(
    store: SqlStore, emitted: list[str]
) -> None:
    """By the bytes of their keys, whatever the order of the rows of a join."""
    users, devices = ("a", "B", "\u00e9", "\U0001f600", ""), ("x", "Y", "\uffee")
    linked = Attributes(customer_id="c")
    await put(store, *(profile(key(f"u{user}", device), attributes=linked) for user in users for device in devices))
    everywhere = [ProfileFilter("shop"), ProfileFilter("shop", customer_id="c"), ProfileFilter("shop2", "ua")]
    wanted = [
        *everywhere,
        *(ProfileFilter("shop", user_id=f"u{user}") for user in users),
        *(ProfileFilter("shop", device_id=device) for device in devices),
        *(ProfileFilter("shop", f"u{user}", status=ProfileStatus.ACTIVE) for user in users),
    ]
    asked = [(one, after, 2) for after in (None, key("uB", "Y"), key("ua", "x")) for one in wanted] * 2
    alone = [await store.profiles.list(*one) for one in asked]
    assert [len(page) for page in alone[:8]] == [2, 2, 0, 2, 2, 2, 2, 2]
    emitted.clear()
    assert await asyncio.gather(*(store.profiles.list(*one) for one in asked)) == alone
    if store._database.engine.has_lateral:
        assert len(emitted) < len(asked) / 2, "each batch reads like pages with one statement"


async def test_a_key_with_invalid_text_is_refused_alone(store: SqlStore) -> None:
    await put(store, profile(key()))
    keys = [key(), key("nobody"), key("a\x00b"), key()]
    found = await asyncio.gather(*(store.profiles.get(one) for one in keys), return_exceptions=True)
    assert isinstance(found[2], DataRefused)
    assert found[0] == found[3]
    assert found[0] is not None
    assert found[1] is None

    wanted = [ProfileFilter("shop", one.user_id) for one in keys]
    pages = await asyncio.gather(*(store.profiles.list(one, None, 5) for one in wanted), return_exceptions=True)
    assert isinstance(pages[2], DataRefused) or pages[2] == [], "SQLite compares with it, and finds nothing"
    assert [pages[0], pages[1], pages[3]] == [[found[0]], [], [found[0]]]


async def test_reads_of_a_closed_store_are_refused(store: SqlStore) -> None:
    await store.close()
    found = await asyncio.gather(
        *(store.profiles.get(key(f"user {n}")) for n in range(3)),
        store.profiles.list(ProfileFilter("shop"), None, 5),
        return_exceptions=True,
    )
    assert {type(one) for one in found} == {StoreUnavailable}


async def test_a_later_read_is_no_part_of_the_trace_that_began_the_task(
    reads: SharedReads[str, int], source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    read = reads._read

    async def watched(texts: Sequence[str]) -> Sequence[int]:
        seen.append(tracing.current() is not None)
        return await read(texts)

    monkeypatch.setattr(reads, "_read", watched)

    async def traced() -> int:
        with tracing.inside(RecordedSpan()):
            return await reads.fetch("first")

    first = asyncio.create_task(traced())
    await source.started(1)
    later = asyncio.create_task(reads.fetch("later"))
    await asyncio.sleep(0)
    source.held.set()
    assert (await first, await later) == (5, 5)
    assert seen == [True, False]
