"""Filters as SQL (T3): the same answer as the predicate, and bound values, on every engine."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profile_grpc.domain import customer_schema
from profile_grpc.domain.changes import Write
from profile_grpc.domain.customer_schema import CustomerSchema
from profile_grpc.domain.customers import Customer
from profile_grpc.domain.filtering.fields import PROFILE_FIELDS
from profile_grpc.domain.filtering.judging import matches
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Attributes, Profile
from profile_grpc.service.filter_parsing import profile_filter
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.store import SqlStore, filtering, open_store
from profile_grpc.store import customers as store_customers
from profile_grpc.store.engine import DriverConnection, Engine, Found, Prepared, Row
from tests.store.support import HASHER, changes, key, profile, put
from tests.support import filters


@pytest.fixture
def sent(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of every statement."""
    engine: Engine = store._database.engine
    fetch, texts = engine.fetch, []

    async def recorded(
        connection: DriverConnection, statement: Prepared, rows: Sequence[Row], values: dict[str, object]
    ) -> Sequence[Found]:
        texts.append(statement.sql)
        return await fetch(connection, statement, rows, values)

    monkeypatch.setattr(engine, "fetch", recorded)
    return texts


def test_every_field_of_the_language_has_an_sql_form() -> None:
    assert set(PROFILE_FIELDS) == filtering.FIELDS


async def found(
    store: SqlStore, text: str, app: str = "shop", schema: CustomerSchema | None = None
) -> list[ProfileKey]:
    wanted = ProfileFilter(app, filter=profile_filter(text, schema) if schema else profile_filter(text))
    return [one.key for one in await store.profiles.list(wanted, None, 1000)]


def test_sql_and_the_predicate_agree(store_url: str) -> None:
    """T3: any valid filter, on any profiles."""
    apps = itertools.count()

    async def check(store: SqlStore, made: list[Profile], texts: list[str]) -> None:
        app = f"app{next(apps)}"
        stored = [one._replace(key=one.key._replace(app_id=app)) for one in made]
        await put(store, *stored)
        for text in texts:
            parsed = profile_filter(text)
            assert parsed is not None
            expected = sorted(one.key for one in stored if matches(parsed.expression, one))
            assert await found(store, text, app) == expected, text

    with asyncio.Runner() as runner:
        store = runner.run(open_store(store_url, hasher=HASHER, pool_size=1))

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(filters.profiles(), st.lists(filters.filters(), min_size=1, max_size=6))
        def agree(made: list[Profile], texts: list[str]) -> None:
            runner.run(check(store, made, texts))

        agree()
        runner.run(store.close())


def test_T3_customers_in_filters_agree_with_the_predicate(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any filter, on any profiles and customers. The customers of a page are read in parts."""
    monkeypatch.setattr(store_customers, "PART_BYTES", 60)
    numbers = itertools.count()

    async def check(store: SqlStore, made: list[Profile], known: list[Customer], texts: list[str]) -> None:
        number = next(numbers)
        app, schema = f"app{number}", filters.schema(f"tenant{number}")
        stored = [one._replace(key=one.key._replace(app_id=app)) for one in made]
        people = [one._replace(key=one.key._replace(tenant_id=schema.tenant_id)) for one in known]
        await put(store, *stored)
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(customers=[Write(one, None) for one in people]))
        shown = {one.key.customer_id: customer_schema.shown(schema, one) for one in people}
        for text in texts:
            parsed = profile_filter(text, schema)
            assert parsed is not None
            expected = sorted(
                one.key
                for one in stored
                if matches(parsed.expression, one, shown.get(one.attributes.customer_id or ""))
            )
            assert await found(store, text, app, schema) == expected, text

    with asyncio.Runner() as runner:
        store = runner.run(open_store(store_url, hasher=HASHER, pool_size=1))
        texts = filters.filters(st.one_of(filters.of_customers(), filters.of_customers(), filters.comparisons()))

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(filters.profiles(), filters.customers(), st.lists(texts, min_size=1, max_size=6))
        def agree(made: list[Profile], known: list[Customer], texts: list[str]) -> None:
            runner.run(check(store, made, known, texts))

        agree()
        runner.run(store.close())


async def test_values_and_names_are_bound(store: SqlStore, sent: list[str]) -> None:
    """T3: a value is never text of a statement."""
    secret = "Secret'Value"
    for text in (
        f'language = "{secret}" OR language:"{secret}"',
        f'time_zone = "{secret}"',
        f'sdk_version = "{secret}"',
        f'device_model != "{secret}"',
        f'push_app_id:"{secret}"',
        f'custom_attributes."{secret}" = "{secret}"',
        f'device_attributes."{secret}" > 12345.5',
        "last_opened_time > 2011-11-11",
    ):
        await found(store, text)
    texts = "\n".join(sent).lower()
    assert "secret" not in texts
    assert "12345" not in texts
    assert "13209696" not in texts  # the day in seconds


async def test_filters_of_one_shape_share_a_statement(store: SqlStore, sent: list[str]) -> None:
    for language in ("en", "de", "fr"):
        await found(store, f'NOT (language = "{language}" AND custom_attributes.{language} < 3)')
    assert len(sent) == 3
    assert len(set(sent)) == 1


async def test_a_character_that_postgresql_refuses_hides_no_other_profile(store: SqlStore) -> None:
    """A NUL in one attribute of one profile must not fail every filter on attributes."""
    broken = Attributes(custom_attributes={"note": "a\x00b", "tier": "gold"})
    plain = Attributes(custom_attributes={"tier": "gold"}, guest=True)
    await put(store, profile(key("a"), attributes=broken), profile(key("b"), attributes=plain))
    assert await found(store, "custom_attributes.tier = gold") == [key("a"), key("b")]
    assert await found(store, "custom_attributes.note:*") == [key("a")]
    assert await found(store, "guest = true") == [key("b")]


async def test_an_update_changes_what_filters_find(store: SqlStore) -> None:
    """The columns of filters follow the attributes, whichever columns the change writes."""
    first = profile(key(), attributes=Attributes(language="en", sdk_version="2.9", time_zone="Europe/Berlin"))
    await put(store, first)
    versions = first._replace(attributes=first.attributes._replace(sdk_version="2.10"), revision=first.revision + 1000)
    languages = versions._replace(
        attributes=versions.attributes._replace(language="de", time_zone=None), revision=first.revision + 2000
    )
    for before, after in ((first, versions), (versions, languages)):
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(profiles=[Write(after, before.revision, before)]))
        attributes = after.attributes
        assert await found(store, f'language = "{attributes.language}"') == [key()]
        assert await found(store, f'sdk_version = "{attributes.sdk_version}"') == [key()]
        assert await found(store, "time_zone:*") == ([key()] if attributes.time_zone else [])
