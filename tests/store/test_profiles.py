"""Profiles: every field comes back as it was stored; lists and counts are exact."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.changes import Changes, Write
from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.kinds import BEATS, PROFILES
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.ordered_calls import CallMethod, OrderedCall
from profile_grpc.domain.profile import (
    Attributes,
    Channel,
    CountKey,
    DeviceAttribute,
    Platform,
    Profile,
    ProfileStatus,
    PushPermission,
    UnregisterReason,
    UserState,
)
from profile_grpc.domain.push_endpoints import (
    ApnsEnvironment,
    PushEndpoint,
    PushEndpointState,
    PushProvider,
    PushPurpose,
)
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.ports import Conflict, DataRefused, ProfileFilter, Store
from profile_grpc.store import SqlStore
from profile_grpc.store.engine import DriverConnection
from profile_grpc.store.rows import profile_values
from tests.store.support import DAY, NOW, Writer, changes, contents, key, profile, put, register

examples = itertools.count()
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
times = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
APNS = {PushProvider.APNS, PushProvider.APNS_VOIP}


def with_environment(endpoint: PushEndpoint, *, sandbox: bool) -> PushEndpoint:
    """Tokens of APNs have an environment, no others (R11)."""
    environment = ApnsEnvironment.SANDBOX if sandbox else ApnsEnvironment.PRODUCTION
    known = environment if endpoint.provider in APNS else ApnsEnvironment.UNSPECIFIED
    return endpoint._replace(apns_environment=known)


any_endpoint = st.builds(
    PushEndpoint,
    provider=st.sampled_from(PushProvider),
    token=any_text,
    push_app_id=any_text,
    purpose=st.sampled_from(PushPurpose),
    confirm_time=times,
    state=st.sampled_from(PushEndpointState),
)
endpoints = st.builds(with_environment, any_endpoint, sandbox=st.booleans())
maybe_text = st.none() | any_text
shown_text = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
attributes = st.builds(
    Attributes,
    customer_id=st.none() | ids,
    rtm_id=maybe_text,
    account_selector=maybe_text,
    verified=st.none() | st.booleans(),
    guest=st.none() | st.booleans(),
    foreground=st.none() | st.booleans(),
    language=shown_text,
    time_zone=shown_text,
    os_version=shown_text,
    sdk_version=shown_text,
    device_model=maybe_text,
    last_opened_time=st.none() | times,
    device_attributes=st.dictionaries(any_text, st.builds(DeviceAttribute, any_text, times), max_size=3),
    custom_attributes=st.dictionaries(any_text, any_text, max_size=3),
)
profiles = st.builds(
    Profile,
    key=st.builds(ProfileKey, st.just("shop"), ids, ids),
    create_time=times,
    register_time=times,
    update_time=times,
    mad=st.builds(MadRecord, times, st.integers(1, 1000), st.none() | times),
    channels=st.frozensets(st.sampled_from(Channel)),
    status=st.sampled_from(ProfileStatus),
    user_state=st.sampled_from(UserState),
    platform=st.sampled_from(Platform),
    push_endpoints=st.lists(endpoints, max_size=3).map(tuple),
    push_superseded=st.booleans(),
    attributes=attributes,
    last_heartbeat_time=st.none() | times,
    unregister_time=st.none() | times,
    unregister_reason=st.none() | st.sampled_from(UnregisterReason),
    push_permission=st.sampled_from(PushPermission),
    last_call=st.none() | st.builds(OrderedCall, st.integers(0, 2**63 - 1), st.sampled_from(CallMethod)),
    revision=st.integers(0, 2**63 - 1),
    version=st.integers(0, 2**63 - 1),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=st.lists(profiles, min_size=1, max_size=3, unique_by=lambda p: p.key))
async def test_every_field_comes_back(store: SqlStore, stored: list[Profile]) -> None:
    app = f"example {next(examples)}"  # the database stays the same from one example to the next
    stored = [p._replace(key=p.key._replace(app_id=app)) for p in stored]
    await put(store, *stored)
    writer = Writer(store)
    whole = await writer.load(Needs({PROFILES: {p.key for p in stored}}))
    assert {p.key: p for p in whole.of(PROFILES)} == {p.key: p for p in stored}
    beats = await writer.load(Needs({BEATS: {p.key for p in stored}}))
    assert {b.key: b for b in beats.of(BEATS)} == {p.key: p.liveness for p in stored}
    assert [await store.profiles.get(p.key) for p in stored] == stored


async def test_an_unknown_profile_is_none(store: SqlStore) -> None:
    assert await store.profiles.get(key()) is None


async def test_the_store_is_the_port(store: SqlStore) -> None:
    port: Store = store
    await port.ping()


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"], ids=["NUL", "half a character"])
async def test_invalid_text_is_refused_without_repeating_it(store: SqlStore, text: str) -> None:
    before = await store.profiles.counts()
    for broken in (
        profile(key(user=text)),
        profile(key(), attributes=Attributes(customer_id=text)),
        profile(key(), attributes=Attributes(language=text)) if "\x00" not in text else profile(key(device=text)),
    ):
        with pytest.raises(DataRefused) as refused:
            await put(store, profile(key("neighbour")), broken)
        assert text not in str(refused.value)
        assert refused.value.__cause__ is None
        assert refused.value.__suppress_context__
    assert await store.profiles.get(key("neighbour")) is None
    assert await store.profiles.counts() == before
    with pytest.raises(DataRefused):
        await store.profiles.get(key(user=text))


async def test_lists_are_ordered_by_the_bytes_of_the_ids(store: SqlStore) -> None:
    users = ["Z", "a", "b", "é", "z", "中", "\U0001f600", "B", "a b", "aa"]
    await put(store, *(profile(key(user, device)) for user in users for device in ("2", "10")))
    found = await store.profiles.list(ProfileFilter("shop"), None, 100)
    expected = sorted((p.key for p in found), key=lambda k: (k.user_id.encode(), k.device_id.encode()))
    assert [p.key for p in found] == expected
    assert len(found) == 2 * len(users)


async def test_pages_continue_after_a_key(store: SqlStore) -> None:
    await put(store, *(profile(key(f"user {i // 2}", f"device {i % 2}")) for i in range(7)))
    await put(store, profile(key(app="other")))
    whole = [p.key for p in await store.profiles.list(ProfileFilter("shop"), None, 100)]
    pages = []
    after = None
    while page := await store.profiles.list(ProfileFilter("shop"), after, 2):
        pages.append([p.key for p in page])
        after = page[-1].key
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert [k for page in pages for k in page] == whole


async def test_lists_filter_by_each_field_and_by_all(store: SqlStore) -> None:
    stored = [
        profile(
            key(user, device, app),
            status=status,
            platform=platform,
            attributes=Attributes(customer_id=customer),
        )
        for app in ("shop", "news")
        for user in ("ann", "bob")
        for device in ("phone", "web")
        for status, platform, customer in [
            (ProfileStatus.ACTIVE if user == "ann" else ProfileStatus.UNREGISTERED, Platform.IOS, "c1"),
        ]
    ]
    stored.append(profile(key("eve", "phone"), platform=Platform.WEB))
    await put(store, *stored)

    async def found(**wanted: object) -> Counter[ProfileKey]:
        listed = await store.profiles.list(ProfileFilter("shop", **wanted), None, 100)  # type: ignore[arg-type]
        return Counter(p.key for p in listed)

    def expected(keep: object) -> Counter[ProfileKey]:
        assert callable(keep)
        return Counter(p.key for p in stored if p.key.app_id == "shop" and keep(p))

    assert await found(user_id="ann") == expected(lambda p: p.key.user_id == "ann")
    assert await found(device_id="phone") == expected(lambda p: p.key.device_id == "phone")
    assert await found(customer_id="c1") == expected(lambda p: p.attributes.customer_id == "c1")
    assert await found(status=ProfileStatus.UNREGISTERED) == expected(lambda p: p.status == ProfileStatus.UNREGISTERED)
    assert await found(platform=Platform.WEB) == expected(lambda p: p.platform == Platform.WEB)
    everything = {"user_id": "ann", "device_id": "web", "customer_id": "c1"}
    active = {"status": ProfileStatus.ACTIVE, "platform": Platform.IOS}
    assert await found(**everything, **active) == Counter([key("ann", "web")])
    assert await found(user_id="nobody") == Counter()


async def test_counts_are_exact_through_creation_change_and_deletion(store: SqlStore, other: SqlStore) -> None:
    writer, second = Writer(store), Writer(other)
    ios, unknown = Platform.IOS, Platform.UNSPECIFIED

    async def counts() -> dict[tuple[str, ProfileStatus, Platform], int]:
        return {(k.app_id, k.status, k.platform): n for k, n in (await store.profiles.counts()).items()}

    assert await counts() == {}
    await writer.commit(*(Register(key(f"u{i}", f"d{i}"), ProfilePatch(platform=ios)) for i in range(5)))
    await second.commit(register(key("u9", "d9")), register(key("u", "d", "news")))
    expected = {
        ("shop", ProfileStatus.ACTIVE, ios): 5,
        ("shop", ProfileStatus.ACTIVE, unknown): 1,
        ("news", ProfileStatus.ACTIVE, unknown): 1,
    }
    assert await counts() == expected
    await second.commit(Unregister(key("u0", "d0")), DeleteDeviceProfile("shop", user_id="u1", device_id="d1"))
    expected |= {("shop", ProfileStatus.ACTIVE, ios): 3, ("shop", ProfileStatus.UNREGISTERED, ios): 1}
    assert await counts() == expected
    of_app = {k: n for k, n in expected.items() if k[0] == "shop"}
    assert dict(await other.profiles.app_counts("shop")) == of_app
    await writer.commit(*(DeleteDeviceProfile("shop", user_id=f"u{i}", allow_missing=True) for i in range(10)))
    assert await store.profiles.app_counts("shop") == {}, "a count that is back at nothing is not reported"


async def test_counts_of_many_transactions_add_up(store: SqlStore) -> None:
    count = CountKey("shop", ProfileStatus.ACTIVE, Platform.WEB)
    for number in range(50):
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(counts={count: number}))
    assert await store.profiles.counts() == {count: sum(range(50))}
    assert len((await contents(store))["profile_count"]) > 1, "spread, so that they do not wait for each other"


async def test_a_changed_profile_replaces_every_field(store: SqlStore, writer: Writer) -> None:
    [first] = [profile(key(), attributes=Attributes("c", language="de"), last_heartbeat_time=NOW, revision=7)]
    await put(store, first)
    await writer.commit(Unregister(key()))
    stored = await store.profiles.get(key())
    assert stored is not None
    assert stored.status is ProfileStatus.UNREGISTERED
    assert stored.unregister_time == NOW
    assert stored._replace(revision=7).attributes == first.attributes


@pytest.mark.parametrize("later", [NOW + timedelta(hours=1), NOW + DAY], ids=["same day", "new day"])
async def test_a_heartbeat_alone_is_a_transaction_of_its_own(
    store: SqlStore, other: SqlStore, later: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Durable when it was applied, or refused as any other write that another one forestalled."""
    stored = profile(key(), last_heartbeat_time=NOW)
    await put(store, stored)
    sent: list[str] = []
    engine = store._database.engine
    control = engine.control

    async def note(connection: DriverConnection, command: str) -> None:
        sent.append(command)
        await control(connection, command)

    monkeypatch.setattr(engine, "control", note)
    before = stored.liveness
    beat = Write(before._replace(last_heartbeat_time=later, revision=before.revision + 1), before.revision, before)
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(beats=[beat]))
        found = await other.profiles.get(key())
    assert found == stored._replace(last_heartbeat_time=later, revision=before.revision + 1)
    with pytest.raises(Conflict, match="no longer"):
        async with store.profiles.write() as transaction:
            await transaction.apply(changes(beats=[beat]))
    assert sent == []
    assert await other.profiles.get(key()) == found


@pytest.mark.engines("postgresql")
@pytest.mark.usefixtures("one_server")
async def test_heartbeats_alone_are_a_transaction_of_their_own(
    store: SqlStore, other: SqlStore, emitted: list[str]
) -> None:
    """All of them are written or, if another writer changed one of the profiles, none (0107)."""
    old = [profile(key(f"user {n}"), last_heartbeat_time=NOW) for n in range(3)]
    await put(store, *old)

    def beats(*seen: int) -> Changes:
        new = [p.liveness._replace(last_heartbeat_time=NOW + DAY, revision=p.revision + 1000) for p in old]
        return changes(beats=[Write(row, revision) for row, revision in zip(new, seen, strict=True)])

    async def commit(written: Changes) -> None:
        async with store.profiles.write() as transaction:
            await transaction.apply(written)

    first, second, third = (p.revision for p in old)
    before = await contents(other)
    emitted.clear()
    with pytest.raises(Conflict):
        await commit(beats(first, second - 1, third))
    assert [sql for sql in emitted if not sql.startswith("UPDATE ")] == []
    assert await contents(other) == before
    emitted.clear()
    await commit(beats(first, second, third))
    assert [sql for sql in emitted if not sql.startswith("UPDATE ")] == [], "neither BEGIN nor COMMIT"
    stored = [await other.profiles.get(p.key) for p in old]
    assert [p.last_heartbeat_time for p in stored if p is not None] == 3 * [NOW + DAY]


async def test_H1_a_heartbeat_changes_nothing_else(store: SqlStore) -> None:
    first = profile(key(), attributes=Attributes("c", language="de"), push_superseded=True)
    await put(store, first)
    later = NOW + 3 * DAY + timedelta(microseconds=1)
    writer = Writer(store, AppSettings(), later)
    await writer.commit(Heartbeat(key()))
    stored = await store.profiles.get(key())
    assert stored is not None
    assert stored == first._replace(last_heartbeat_time=later, revision=stored.revision)
    assert stored.revision != first.revision


@pytest.mark.parametrize("linked", ["the same", "another"])
async def test_D1_a_sign_out_writes_what_has_changed_and_keeps_the_rest(store: SqlStore, linked: str) -> None:
    """Also if it writes few columns, because the indexed attributes are the same."""
    kept = Attributes(customer_id="c1", language="de", time_zone="Europe/Berlin", sdk_version="2.9", os_version="15")
    before = profile(key(), attributes=kept, last_heartbeat_time=NOW)
    await put(store, before)
    after = before._replace(
        register_time=NOW + DAY,
        update_time=NOW + 2 * DAY,
        status=ProfileStatus.UNREGISTERED,
        user_state=UserState.INACTIVE,
        push_superseded=True,
        platform=Platform.IOS,
        channels=frozenset({Channel.PUSH}),
        push_permission=PushPermission.DENIED,
        attributes=kept if linked == "the same" else kept._replace(customer_id="c2", language="en", time_zone=None),
        last_heartbeat_time=NOW + DAY,
        unregister_time=NOW + 2 * DAY,
        unregister_reason=UnregisterReason.CLIENT,
        last_call=OrderedCall(7, CallMethod.UNREGISTER),
        mad=MadRecord(NOW + DAY, 2, NOW),
        revision=before.revision + 1000,
        version=5,
    )
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(profiles=[Write(after, before.revision, before)]))
    [row] = (await contents(store))["profile"]
    assert row == profile_values(after)
