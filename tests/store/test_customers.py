"""Customers on each engine: reads, guards against a schema that changes, and schemas in any sequence (C1-C7)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from profile_grpc.bootstrap.composition import Application
from profile_grpc.domain import customer_schema
from profile_grpc.domain.customer_changes import CustomerPatch
from profile_grpc.domain.customer_schema import AttributeType, CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import Content, CustomerId, Value
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.schema_changes import AdoptSchema, BeginChange
from profile_grpc.service.customer_ports import CustomerFilter
from profile_grpc.service.customer_schemas import CustomerSchemas
from profile_grpc.service.directory_ports import Tenant
from profile_grpc.service.observer import NullObserver
from profile_grpc.store import SqlStore, open_store
from profile_grpc.store import customers as store_customers
from tests.store.support import HASHER
from tests.support.domain import ManualClock

TENANT = "acme"
_NUMBERS = itertools.count()
T = AttributeType
VALUES: Mapping[AttributeType, list[Any]] = {
    T.STRING: ["", "gold", "iron", "zoë \U0001f600 '\"\\"],
    T.INT64: [-(1 << 63), -1, 0, (1 << 63) - 1],
    T.DOUBLE: [-1e300, -0.5, 3.0, 1e16],
    T.BOOL: [False, True],
    T.DATE: [date(1, 1, 1), date(1972, 2, 29), date(9999, 12, 31)],
    T.TIMESTAMP: [datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)],
}


@asynccontextmanager
async def running(store: SqlStore) -> AsyncIterator[Application]:
    application = Application.over(store, ManualClock(), HASHER, NullObserver())
    application.queue.start()
    try:
        yield application
    finally:
        await application.queue.close()


def attributes(*types: AttributeType) -> list[SchemaAttribute]:
    return [SchemaAttribute(type_.name.lower(), type_) for type_ in types]


def content(**values: Value) -> Content:
    return Content(attributes=values)


async def test_C1_every_value_is_read_as_it_was_written(store: SqlStore) -> None:
    async with running(store) as app:
        await app.customer_schemas.change(TENANT, attributes(*T))
        for number in range(4):
            values = {type_.name.lower(): some[number % len(some)] for type_, some in VALUES.items()}
            made = await app.customers.create(TENANT, f"c{number}", Content("n", "a@b.c", "+442079460000", values))
            found = await store.customers.get(CustomerId(TENANT, f"c{number}"))
            assert found == made
            assert [type(v) for v in made.content.attributes.values()] == [type(v) for v in values.values()]


async def _adopt(app: Application, wanted: list[SchemaAttribute]) -> CustomerSchema:
    before = await app.customer_schemas.get(TENANT)
    return await app.customers.submit(AdoptSchema(TENANT, tuple(wanted), before.version))


async def test_T3_customers_are_listed_by_a_filter(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fields of customers and their attributes, in pages, beside a look-up by e-mail; values that the schema hides
    do not count.
    """
    monkeypatch.setattr(store_customers, "PART_BYTES", 40)
    async with running(store) as app:
        await app.customer_schemas.change(TENANT, [SchemaAttribute("tier", T.INT64)])
        await app.customers.create(TENANT, "c9", content(tier=3))
        await _adopt(app, [SchemaAttribute("tier", T.STRING), SchemaAttribute("visits", T.INT64)])
        for number in range(9):
            mail = "odd@example.com" if number % 2 else None
            values: dict[str, Value] = {"tier": "gold" if number < 6 else "iron", "visits": number}
            await app.customers.create(TENANT, f"c{number}", Content(f"n{number}", mail, None, values))
        await app.customers.create("other", "c0", Content("n0"))

        async def listed(text: str, email: str | None = None) -> list[str]:
            wanted = CustomerFilter(TENANT, email, filter=await app.filters.of_customers(TENANT, text))
            found: list[str] = []
            token = ""
            while True:
                page, token = await app.customers.list(wanted, 2, token)
                found += [one.key.customer_id for one in page]
                if not token:
                    return found

        assert await listed("attributes.tier = gold AND attributes.visits >= 2") == ["c2", "c3", "c4", "c5"]
        assert await listed("attributes.tier = gold", "odd@example.com") == ["c1", "c3", "c5"]
        assert await listed("email:* AND name > n4 OR customer_id = c9") == ["c5", "c7"]
        assert await listed("NOT attributes.tier:*") == ["c9"]
        assert await listed("create_time > 2020-01-01 AND NOT attributes.visits < 100") == ["c9"]
        assert await listed("attributes.tier = lead") == []
        wanted = CustomerFilter(TENANT, filter=await app.filters.of_customers(TENANT, "email:*"))
        _, token = await app.customers.list(wanted, 1, "")
        with pytest.raises(Refused) as raised:
            await app.customers.list(CustomerFilter(TENANT), 1, token)
        assert raised.value.reason is Reason.INVALID_PAGE_TOKEN


async def test_C2_a_change_of_the_schema_reads_customers_in_parts(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customers may have half a MiB each: a change that checks them all must not hold many of them."""
    monkeypatch.setattr(store_customers, "PART_BYTES", 10_000)
    sizes: list[int] = []
    inner = store.customers.part

    async def measured(wanted: CustomerFilter, after: str) -> Any:
        found = await inner(wanted, after)
        sizes.append(sum(len(str(value)) for one in found for value in one.content.attributes.values()))
        return found

    monkeypatch.setattr(store.customers, "part", measured)
    async with running(store) as app:
        await app.customer_schemas.change(TENANT, [SchemaAttribute("text", T.STRING)])
        for number in range(20):
            await app.customers.create(TENANT, f"c{number}", content(text="x" * (4000 if number % 2 else 1)))
        changed = await app.customer_schemas.change(TENANT, [], dry_run=True)
        assert changed.affected == 20
        assert sum(sizes) == 10 * 4001
        assert max(sizes) <= 14_000
        assert (await app.customer_schemas.change(TENANT, [], drop_values=True)).affected == 20


# --- schemas in any sequence ---

PHASES = [phase for phase in Phase if phase is not Phase.shrink]  # which takes minutes on a database
KINDS = [T.STRING, T.INT64, T.BOOL, T.DATE]
FORMS: list[Callable[[str], SchemaAttribute]] = [
    *(lambda name, type_=type_: SchemaAttribute(name, type_) for type_ in KINDS),
    lambda name: SchemaAttribute(name, T.STRING, max_bytes=4),
    lambda name: SchemaAttribute(name, T.STRING, allowed_values=("gold",)),
]
ATTRIBUTE = st.tuples(st.sampled_from("abc"), st.sampled_from(FORMS)).map(lambda one: one[1](one[0]))
SCHEMA = st.lists(ATTRIBUTE, max_size=3, unique_by=lambda one: one.name)
STEP = st.tuples(SCHEMA, st.sampled_from(["change", "drop", "killed"]), st.integers(0, 1 << 16))


@settings(
    max_examples=20,
    deadline=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=1, max_size=6))
def test_C2_no_sequence_of_changes_makes_a_customer_unreadable(store_url: str, steps: list[Any]) -> None:
    """A change breaks as many customers as its dry run says. It is refused with that number unless it may drop values,
    and then exactly the values are gone that do not fit, also after a process that was killed in the middle.
    """
    asyncio.run(_changes(store_url, f"t{next(_NUMBERS)}", steps))


async def _changes(store_url: str, tenant: str, steps: list[Any]) -> None:
    store = await open_store(store_url, hasher=HASHER, pool_size=2)
    try:
        async with running(store) as app:
            expected: dict[str, dict[str, Value]] = {}
            for wanted, how, seed in steps:
                await _step(app, tenant, wanted, how, expected)
                schema = await app.customer_schemas.get(tenant)
                await _write(app, tenant, schema, random.Random(seed), expected)
                await _check(app, tenant, expected)
    finally:
        await store.close()


async def _step(
    app: Application, tenant: str, wanted: list[SchemaAttribute], how: str, expected: dict[str, dict[str, Value]]
) -> None:
    before = await app.customer_schemas.get(tenant)
    fits = {one.name: one for one in wanted}
    old = before.by_name

    def stays(name: str, value: Value) -> bool:
        return name in fits and fits[name].type is old[name].type and not fits[name].problem(value)

    left = {one: {n: v for n, v in values.items() if stays(n, v)} for one, values in expected.items()}
    broken = sum(left[one] != values for one, values in expected.items())
    dry = await app.customer_schemas.change(tenant, wanted, dry_run=True)
    assert dry.affected == broken
    assert (await app.customer_schemas.get(tenant)).version == before.version
    if how == "change" and broken:
        with pytest.raises(Refused) as refused:
            await app.customer_schemas.change(tenant, wanted)
        assert refused.value.reason is Reason.SCHEMA_CONFLICT
        assert refused.value.metadata["customers"] == str(broken)
        return
    if how == "killed":  # adopted, and no customer rewritten
        await _change_killed(app.customer_schemas, tenant, wanted, before.version)
    else:
        changed = await app.customer_schemas.change(tenant, wanted, drop_values=how == "drop")
        assert changed.affected >= broken
    expected.update(left)


async def _change_killed(schemas: CustomerSchemas, tenant: str, wanted: list[SchemaAttribute], version: int) -> None:
    """A change by a process that is killed when it has adopted the schema."""
    rewrite = schemas._rewrite

    async def killed(schema: CustomerSchema) -> int:
        if schema.version > version:
            raise asyncio.CancelledError
        return await rewrite(schema)

    with pytest.MonkeyPatch.context() as patched, contextlib.suppress(asyncio.CancelledError):
        patched.setattr(schemas, "_rewrite", killed)
        await schemas.change(tenant, wanted, drop_values=True)


async def _write(
    app: Application, tenant: str, schema: CustomerSchema, chance: random.Random, expected: dict[str, dict[str, Value]]
) -> None:
    """Writes a customer with values that fit, and tries one that does not."""
    fitting = {
        one.name: next(value for value in VALUES[one.type] if not one.problem(value))
        for one in schema.attributes
        if chance.random() < 0.7
    }
    customer_id = f"c{chance.randrange(3)}"
    await app.customers.update(tenant, customer_id, CustomerPatch(attributes=fitting), allow_missing=True)
    expected[customer_id] = expected.get(customer_id, {}) | fitting
    with pytest.raises(Refused) as refused:
        await app.customers.update(tenant, customer_id, CustomerPatch(attributes={"zzz": 1}))
    assert refused.value.reason is Reason.INVALID_ATTRIBUTE


async def _check(app: Application, tenant: str, expected: dict[str, dict[str, Value]]) -> None:
    found, _ = await app.customers.list(CustomerFilter(tenant), 0, "")
    assert {one.key.customer_id: dict(one.content.attributes) for one in found} == expected
    for customer_id, values in expected.items():
        assert (await app.customers.get(tenant, customer_id)).content.attributes == values


async def test_C2_a_value_that_an_interrupted_change_has_dropped_does_not_come_back(store: SqlStore) -> None:
    anything = SchemaAttribute("tier", T.STRING)
    gold = SchemaAttribute("tier", T.STRING, allowed_values=("gold",))
    async with running(store) as app:
        first = await app.customer_schemas.change(TENANT, [anything])
        await app.customers.create(TENANT, "c0", content(tier="silver"))
        await _change_killed(app.customer_schemas, TENANT, [gold], first.schema.version)
        assert (await app.customers.get(TENANT, "c0")).content.attributes == {}
        await app.customer_schemas.change(TENANT, [anything])
        assert (await app.customers.get(TENANT, "c0")).content.attributes == {}


# --- a schema that changes while customers are written ---


async def test_C2_no_customer_is_written_by_a_schema_that_has_changed(store: SqlStore, other: SqlStore) -> None:
    """Two processes: one writes customers without pause, one changes the schema. At the end every customer fits."""
    gold = SchemaAttribute("tier", T.STRING, allowed_values=("gold",))
    anything = SchemaAttribute("tier", T.STRING)
    async with running(store) as writer, running(other) as changer:
        await changer.customer_schemas.change(TENANT, [anything])
        writing = True

        async def write(number: int) -> None:
            at = 0
            while writing:
                patch = CustomerPatch(attributes={"tier": ("gold", "iron")[at % 2]})
                at += 1
                with contextlib.suppress(Refused):
                    await writer.customers.update(TENANT, f"c{number}-{at % 7}", patch, allow_missing=True)

        tasks = [asyncio.create_task(write(number)) for number in range(8)]
        adopted = 0
        for _ in range(15):
            await changer.customer_schemas.change(TENANT, [anything])
            with contextlib.suppress(Refused):
                await changer.customer_schemas.change(TENANT, [gold], drop_values=True)
                adopted += 1
                # From now on nobody writes anything else; what was written before is gone when the call returns.
                after = ""
                while page := await other.customers.list(CustomerFilter(TENANT), after, 100):
                    assert {one.content.attributes.get("tier", "gold") for one in page} == {"gold"}
                    after = page[-1].key.customer_id
        writing = False
        await asyncio.gather(*tasks)
        assert adopted


async def test_C2_a_change_that_is_being_checked_holds_back_what_would_not_fit_it(store: SqlStore) -> None:
    async with running(store) as app:
        await app.customer_schemas.change(TENANT, [SchemaAttribute("tier", T.STRING)])
        gold = SchemaAttribute("tier", T.STRING, allowed_values=("gold",))
        change = await app.customers.submit(BeginChange(TENANT, (gold,), 1))
        await app.customers.create(TENANT, "fits", content(tier="gold"))
        with pytest.raises(Refused) as refused:
            await app.customers.create(TENANT, "does not", content(tier="iron"))
        assert refused.value.reason is Reason.CONFLICT
        with pytest.raises(Refused) as refused:
            await app.customer_schemas.change(TENANT, [])
        assert refused.value.reason is Reason.CONFLICT
        clock: Any = app.clock
        clock.advance(customer_schema.CHANGE_LIMIT)  # its process was killed
        await app.customers.create(TENANT, "does not", content(tier="iron"))
        with pytest.raises(Refused) as refused:
            await app.customers.submit(AdoptSchema(TENANT, (gold,), 1, change.begin_time))
        assert refused.value.reason is Reason.CONFLICT
        with pytest.raises(Refused) as refused:
            await app.customer_schemas.change(TENANT, [gold])
        assert refused.value.reason is Reason.SCHEMA_CONFLICT


async def test_C7_remains_are_purged_after_their_retention(store: SqlStore) -> None:
    async with running(store) as app:
        await store.directory.add_tenant(Tenant(TENANT, app.clock.now()))
        await app.customers.create(TENANT, "a", Content())
        await app.customers.create(TENANT, "b", Content())
        await app.customers.merge(TENANT, "a", "b")
        clock: Any = app.clock
        clock.advance(timedelta(days=89))
        await app.reaper.run_pass(confirm=True)
        tombstone = app.customers.ref(TENANT, "a").tombstone
        assert await store.customers.tombstone(tombstone) is not None
        clock.advance(timedelta(days=1, microseconds=1))
        report = await app.reaper.run_pass(confirm=True)
        assert report.purged.tombstones == 1
        assert await store.customers.tombstone(tombstone) is None


async def test_C4_a_page_of_large_customers_is_read_in_parts(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers may have half a MiB each: a thousand of them would fill the memory of the server."""
    async with running(store) as app:
        names = [f"a{number}" for number in range(10)]
        await app.customer_schemas.change(TENANT, [SchemaAttribute(name, T.STRING) for name in names])
        for number in range(150):
            size = 4096 if number % 2 else 1
            await app.customers.create(TENANT, f"c{number:03}", content(**dict.fromkeys(names, "x" * size)))
        read: list[int] = []
        inner = store.customers.list

        async def counted(wanted: CustomerFilter, after: str, limit: int) -> Any:
            found = await inner(wanted, after, limit)
            read.append(len(found))
            return found

        monkeypatch.setattr(store.customers, "list", counted)
        found: list[str] = []
        token = ""
        while not found or token:
            page, token = await app.customers.list(CustomerFilter(TENANT), 1000, token)
            found += [one.key.customer_id for one in page]
        assert found == [f"c{number:03}" for number in range(150)]
        assert max(read) <= 101
