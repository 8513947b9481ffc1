"""Who can be reached (T1-T6), on every engine."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profile_grpc.domain.changes import Write
from profile_grpc.domain.commands import AnyCommand, NewEndpoint, ProfilePatch
from profile_grpc.domain.customers import Content, Customer, CustomerId, Value
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.filtering.judging import matches
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import (
    Attributes,
    Channel,
    Profile,
    ProfileStatus,
    PushPermission,
    UnregisterReason,
    UserState,
)
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState, PushProvider, PushPurpose
from profile_grpc.domain.reach import Audience, Customers, Everyone, ReachReason, Target, Users, Verdict
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, Unregister
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service import page_reading
from profile_grpc.service import recipients as recipients_
from profile_grpc.service.filter_parsing import profile_filter
from profile_grpc.service.ports import ProfileFilter
from profile_grpc.service.recipients import Message, Person, Recipients
from profile_grpc.store import SqlStore, open_store
from profile_grpc.store import recipients as store_recipients
from tests.store.support import DAY, HASHER, NOW, Writer, changes, key, profile, put
from tests.support import filters
from tests.support.domain import ManualClock

USERS, DEVICES, CUSTOMERS = ("u", "v", "w"), ("d", "e", "f"), ("c1", "c2")


def app(app_id: str = "shop", **given: Any) -> App:
    return App(app_id, "acme", NOW, NOW, settings=AppSettings(**given))


async def resolved(recipients: Recipients, of: App, audience: Audience, token: str = "") -> list[Message]:
    return [message async for message in recipients.resolve(of, audience, token)]


def keys(messages: Sequence[Message]) -> list[ProfileKey]:
    return [recipient.key for message in messages for recipient in message.recipients]


def unreachable(messages: Sequence[Message]) -> list[str]:
    return [one for message in messages for one in message.unreachable]


# --- an independent judgement, from the text of T1 ---


def expired(one: Profile, of: AppSettings, now: datetime) -> bool:
    if one.last_heartbeat_time is not None:
        return now > one.last_heartbeat_time + of.inactivity_period
    return of.never_heartbeat_ttl is not None and now > one.register_time + of.never_heartbeat_ttl


def endpoints_of(one: Profile, purpose: PushPurpose) -> list[PushEndpoint]:
    states = {PushEndpointState.DELIVERABLE, PushEndpointState.SUSPECT}
    return [e for e in one.push_endpoints if e.purpose == purpose and one.endpoint_state(e) in states]


def is_reached(one: Profile, audience: Audience, of: AppSettings, now: datetime) -> bool:
    if one.status is not ProfileStatus.ACTIVE or expired(one, of, now) or audience.channel not in one.channels:
        return False
    if isinstance(audience.target, Users) and one.key.user_id not in audience.target.ids:
        return False
    if isinstance(audience.target, Customers) and one.attributes.customer_id not in audience.target.ids:
        return False
    customer = KNOWN.get(one.attributes.customer_id or "")
    if audience.filter is not None and not matches(audience.filter.expression, one, customer):
        return False
    if audience.channel is not Channel.PUSH:
        return one.user_state is UserState.ACTIVE
    return one.push_permission is not PushPermission.DENIED and bool(endpoints_of(one, audience.purpose))


# --- random histories ---

tokens = st.sampled_from([(PushProvider.FCM, "T"), (PushProvider.FCM, "U"), (PushProvider.HMS, "H")])
endpoints = st.builds(
    lambda token, purpose: NewEndpoint(token[0], token[1], "com.shop", purpose), tokens, st.sampled_from(PushPurpose)
)
patches = st.builds(
    lambda **given: ProfilePatch(**given),  # noqa: PLW0108 - it hides the signature
    channels=st.sampled_from([None, frozenset({Channel.PUSH}), frozenset({Channel.IN_APP, Channel.PUSH})]),
    push_endpoints=st.lists(endpoints, max_size=2, unique_by=lambda e: (e.provider, e.purpose)).map(tuple),
    push_permission=st.sampled_from([None, None, PushPermission.DENIED, PushPermission.GRANTED]),
    attributes=st.fixed_dictionaries(
        {},
        optional={
            "customer_id": st.sampled_from([*CUSTOMERS, None]),
            "language": st.sampled_from(["en", "en-US", "de"]),
            "sdk_version": st.sampled_from(["2.9", "2.10"]),
        },
    ),
)
profile_keys = st.builds(lambda user, device: (user, device), st.sampled_from(USERS), st.sampled_from(DEVICES))
STEPS = st.sampled_from([timedelta(0), DAY / 24, DAY, 20 * DAY, 41 * DAY])
COMMANDS = st.sampled_from(["register", "register", "register", "beat", "update", "unregister", "delete", "feedback"])
histories = st.lists(st.tuples(COMMANDS, profile_keys, patches, tokens, STEPS), min_size=3, max_size=25)
CODES = {
    (PushProvider.FCM, "T"): "UNREGISTERED",
    (PushProvider.FCM, "U"): "SENDER_ID_MISMATCH",
    (PushProvider.HMS, "H"): "80300007",
}
app_settings = st.fixed_dictionaries(
    {
        "multi_user_per_device": st.booleans(),
        "single_device_per_user": st.booleans(),
        "never_heartbeat_ttl": st.sampled_from([None, 30 * DAY]),
    }
)


def command(
    kind: str, of: ProfileKey, patch: ProfilePatch, token: tuple[PushProvider, str], now: datetime
) -> AnyCommand:
    match kind:
        case "register":
            return Register(of, patch)
        case "beat":
            return Heartbeat(of)
        case "update":
            return UpdateProfileData(of, patch, "")
        case "unregister":
            return Unregister(of, allow_missing=True)
        case "delete":
            return DeleteDeviceProfile(of.app_id, user_id=of.user_id, device_id=of.device_id, allow_missing=True)
        case _:
            return ReportPushFeedback(of.app_id, (PushFeedback(*token, error_code=CODES[token], sent_at=now),))


FILTERS = st.sampled_from(
    [
        "",
        'language:"en"',
        "sdk_version < 2.10 OR platform:*",
        "NOT customer_id = c1",
        "customer.string = gold",
        'NOT customer.string = gold AND (language:"en" OR customer.int64 > 1)',
    ]
)
SCHEMA = filters.schema()
_VALUES: Mapping[str, Mapping[str, Value]] = {"c1": {"string": "gold"}, "c2": {"string": "iron", "int64": 2}}
KNOWN = {
    name: Customer(CustomerId("acme", name), NOW, NOW, Content(attributes=values), 2)
    for name, values in _VALUES.items()
}
TARGETS: st.SearchStrategy[Target] = st.one_of(
    st.just(Everyone()),
    st.sets(st.sampled_from([*USERS, "nobody"]), min_size=1).map(lambda ids: Users(tuple(sorted(ids)))),
    st.sets(st.sampled_from([*CUSTOMERS, "nobody"]), min_size=1).map(lambda ids: Customers(tuple(sorted(ids)))),
)
audiences = st.tuples(st.sampled_from(Channel), TARGETS, FILTERS, st.sampled_from(PushPurpose))


async def put_customers(store: SqlStore) -> None:
    async with store.profiles.write() as transaction:
        await transaction.apply(changes(customers=[Write(one, None) for one in KNOWN.values()]))


async def check(store: SqlStore, of: App, writer: Writer, asked: list[tuple[Any, ...]]) -> None:
    """Every audience, against the judgement of each stored profile; and again from every resume token."""
    recipients = Recipients(store.recipients, store.profiles, ManualClock(writer.now), HASHER)
    stored = await store.profiles.list(ProfileFilter(of.app_id), None, 1000)
    for channel, target, text, purpose in asked:
        audience = Audience(of.app_id, channel, target, profile_filter(text, SCHEMA), purpose)
        expected = [one for one in stored if is_reached(one, audience, of.settings, writer.now)]
        messages = await resolved(recipients, of, audience)
        assert keys(messages) == [one.key for one in expected]
        for recipient, one in zip(itertools.chain(*(m.recipients for m in messages)), expected, strict=True):
            live = endpoints_of(one, purpose) if channel is Channel.PUSH else []
            assert list(recipient.endpoints) == live
            assert recipient[2:] == (one.platform, one.user_state, *_shown(one.attributes))
        reached = {one.key.user_id if isinstance(target, Users) else one.attributes.customer_id for one in expected}
        wanted = [] if isinstance(target, Everyone) else [one for one in target.ids if one not in reached]
        assert unreachable(messages) == wanted
        for number, message in enumerate(messages):
            rest = await resolved(recipients, of, audience, message.resume_token)
            assert keys(rest) == keys(messages[number + 1 :])
            assert unreachable(rest) == unreachable(messages[number + 1 :])
        tally = await recipients.count(of, audience)
        assert tally.recipients == len(expected)
        assert tally.by_platform == Counter(one.platform for one in expected)
        if channel is Channel.PUSH:
            providers = [{e.provider for e in endpoints_of(one, purpose)} for one in expected]
            assert tally.by_provider == Counter(itertools.chain(*providers))
            assert tally.endpoints == sum(len(endpoints_of(one, purpose)) for one in expected)
    for one in stored:
        await explain(recipients, of, one, writer.now)


def _shown(attributes: Attributes) -> tuple[str | None, ...]:
    return attributes.customer_id, attributes.language, attributes.time_zone


async def explain(recipients: Recipients, of: App, one: Profile, now: datetime) -> None:
    """T5: REACHABLE exactly where the profile is a recipient."""
    person = Person(one.key.user_id, "", one.key.device_id)
    for channel in Channel:
        [verdict], more = await recipients.explain(of, person, channel, PushPurpose.DEFAULT)
        audience = Audience(of.app_id, channel, Everyone())
        assert (not verdict.reasons) is is_reached(one, audience, of.settings, now)
        assert not more


def test_T1_a_resolution_is_the_judgement_of_every_profile(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """T1, T2, T4-T6, P9: on random histories; nobody twice; the same from every resume token."""
    monkeypatch.setattr(recipients_, "FIRST_PAGE", 1)
    monkeypatch.setattr(recipients_, "PAGE", 3)
    monkeypatch.setattr(store_recipients, "COUNTED", 4)
    monkeypatch.setattr(store_recipients, "_IDS", 2)
    monkeypatch.setattr(store_recipients, "_KEYS", 2)
    monkeypatch.setattr(recipients_, "MESSAGE", 1)
    apps = itertools.count()

    async def run(store: SqlStore, history: list[Any], given_settings: dict[str, Any], asked: list[Any]) -> None:
        of = app(f"app{next(apps)}", **given_settings)
        writer = Writer(store, of.settings)
        for kind, (user, device), patch, token, step in history:
            writer.now += step
            with suppress(Refused):
                await writer.commit(command(kind, ProfileKey(of.app_id, user, device), patch, token, writer.now))
        await check(store, of, writer, asked)

    with asyncio.Runner() as runner:
        store = runner.run(open_store(store_url, hasher=HASHER, pool_size=2))
        runner.run(put_customers(store))

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(histories, app_settings, st.lists(audiences, min_size=1, max_size=4))
        def judge(history: list[Any], given_settings: dict[str, Any], asked: list[Any]) -> None:
            runner.run(run(store, history, given_settings, asked))

        judge()
        runner.run(store.close())


# --- single cases ---


@pytest.fixture
def recipients(store: SqlStore) -> Recipients:
    return Recipients(store.recipients, store.profiles, ManualClock(NOW), HASHER)


def push(state: PushEndpointState = PushEndpointState.DELIVERABLE, token: str = "t", **given: Any) -> PushEndpoint:  # noqa: S107 - a test token
    return PushEndpoint(PushProvider.FCM, token, "com.shop", PushPurpose.DEFAULT, NOW, state, **given)


EVERYONE = Audience("shop", Channel.PUSH, Everyone())


async def test_T1_each_condition_alone_excludes_a_profile(store: SqlStore, recipients: Recipients) -> None:
    excluded: dict[str, dict[str, Any]] = {
        "unregistered": {"status": ProfileStatus.UNREGISTERED},
        "channel off": {"channels": frozenset({Channel.IN_APP})},
        "permission denied": {"push_permission": PushPermission.DENIED},
        "no endpoint": {"push_endpoints": ()},
        "endpoint invalid": {"push_endpoints": (push(PushEndpointState.INVALID, ""),)},
        "other purpose": {"push_endpoints": (push()._replace(purpose=PushPurpose.INCOMING_CALL),)},
        "superseded": {"push_superseded": True},
        "expired": {"last_heartbeat_time": NOW - AppSettings().inactivity_period - DAY},
    }
    reachable = {"push_endpoints": (push(),), "user_state": UserState.INACTIVE}
    await put(store, profile(key(), **reachable))
    await put(store, *(profile(key(why), **{**reachable, **given}) for why, given in excluded.items()))
    assert keys(await resolved(recipients, app(), EVERYONE)) == [key()]
    assert (await recipients.count(app(), EVERYONE)).recipients == 1


async def test_T1_a_suspect_endpoint_is_answered_and_marked(store: SqlStore, recipients: Recipients) -> None:
    await put(store, profile(key(), push_endpoints=(push(PushEndpointState.SUSPECT),)))
    [message] = await resolved(recipients, app(), EVERYONE)
    assert message.recipients[0].endpoints[0].state is PushEndpointState.SUSPECT


async def test_P9_an_expired_profile_is_no_recipient_before_the_reaper_came(
    store: SqlStore, recipients: Recipients
) -> None:
    period = AppSettings().inactivity_period
    await put(
        store,
        profile(key("a"), push_endpoints=(push(),), last_heartbeat_time=NOW - period),
        profile(key("b"), push_endpoints=(push(),), last_heartbeat_time=NOW - period - timedelta(microseconds=1)),
    )
    assert keys(await resolved(recipients, app(), EVERYONE)) == [key("a")]


async def test_stamps_ahead_do_not_hide_a_profile(store: SqlStore, recipients: Recipients) -> None:
    """A heartbeat that a wrong clock wrote is taken as now: the profile has not expired."""
    await put(store, profile(key(), push_endpoints=(push(),), last_heartbeat_time=NOW + 365 * DAY))
    assert keys(await resolved(recipients, app(), EVERYONE)) == [key()]


async def test_T4_many_profiles_come_in_messages_of_500(store: SqlStore, recipients: Recipients) -> None:
    number = 1234
    await put(store, *(profile(key(f"{n:05}"), push_endpoints=(push(token=f"t{n}"),)) for n in range(number)))
    messages = await resolved(recipients, app(), EVERYONE)
    assert [len(message.recipients) for message in messages] == [500, 500, 234]
    assert keys(messages) == [key(f"{n:05}") for n in range(number)]
    wanted = Users(tuple(f"{n:05}" for n in range(0, 3000, 2)))
    messages = await resolved(recipients, app(), Audience("shop", Channel.PUSH, wanted))
    assert max(len(message.recipients) + len(message.unreachable) for message in messages) <= 500
    assert len(keys(messages)) == number // 2
    assert len(unreachable(messages)) == 1500 - number // 2


async def test_the_first_resolution_of_a_process_compiles_nothing(
    store: SqlStore, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, *(profile(key(f"{n:05}"), push_endpoints=(push(token=f"t{n}"),)) for n in range(501)))
    await recipients.warm_up()

    def refuse(*_: object) -> None:
        raise AssertionError("a statement is compiled")

    monkeypatch.setattr(store._database.engine, "prepare", refuse)
    assert len(keys(await resolved(recipients, app(), EVERYONE))) == 501


async def test_T4_a_search_without_findings_says_how_far_it_is(
    store: SqlStore, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients_, "FIRST_PAGE", 5)
    monkeypatch.setattr(recipients_, "PAGE", 5)
    dead = (push(PushEndpointState.INVALID, ""),)
    await put(store, *(profile(key(f"{n:05}"), push_endpoints=dead) for n in range(150)))
    [message] = await resolved(recipients, app(), EVERYONE)
    assert not message.recipients
    assert await resolved(recipients, app(), EVERYONE, message.resume_token) == []


async def test_T4_a_token_of_another_request_is_refused(store: SqlStore, recipients: Recipients) -> None:
    await put(store, profile(key(), push_endpoints=(push(),)))
    [message] = await resolved(recipients, app(), EVERYONE)
    for audience in (
        Audience("shop", Channel.IN_APP, Everyone()),
        Audience("shop", Channel.PUSH, Users(("ann",))),
        Audience("shop", Channel.PUSH, Everyone(), profile_filter("guest = true")),
        Audience("shop", Channel.PUSH, Everyone(), purpose=PushPurpose.INCOMING_CALL),
    ):
        with pytest.raises(Refused) as raised:
            await resolved(recipients, app(), audience, message.resume_token)
        assert raised.value.reason is Reason.INVALID_RESUME_TOKEN
    for token in ("x", "é", message.resume_token[:-1]):
        with pytest.raises(Refused):
            await resolved(recipients, app(), EVERYONE, token)


async def test_T5_every_reason(store: SqlStore, recipients: Recipients) -> None:
    gone, later = key("gone"), NOW - DAY
    await put(
        store,
        profile(
            key("a"),
            status=ProfileStatus.UNREGISTERED,
            unregister_time=later,
            unregister_reason=UnregisterReason.REPLACED,
            channels=frozenset({Channel.IN_APP}),
            push_permission=PushPermission.DENIED,
        ),
        profile(
            key("b"),
            last_heartbeat_time=NOW - 50 * DAY,
            push_endpoints=(push(PushEndpointState.INVALID, ""),),
            push_superseded=True,
        ),
        profile(key("c"), user_state=UserState.INACTIVE, push_endpoints=(push(),)),
        profile(gone),
    )
    await Writer(store).commit(DeleteDeviceProfile("shop", user_id="gone", device_id="phone"))

    async def verdict(user: str, channel: Channel = Channel.PUSH, device: str = "") -> Verdict:
        [found], _ = await recipients.explain(app(), Person(user, "", device), channel, PushPurpose.DEFAULT)
        return found

    reason = ReachReason
    assert await verdict("a") == Verdict(
        *key("a"),
        (reason.UNREGISTERED, reason.CHANNEL_OFF, reason.PERMISSION_DENIED, reason.NO_ENDPOINT),
        "REPLACED",
        later,
    )
    assert await verdict("b") == Verdict(
        *key("b"),
        (reason.EXPIRED, reason.ENDPOINT_INVALID, reason.SUPERSEDED),
        "",
        NOW - 50 * DAY + AppSettings().inactivity_period,
    )
    assert await verdict("c") == Verdict(*key("c"))
    assert await verdict("c", Channel.IN_APP) == Verdict(*key("c"), (reason.USER_INACTIVE,))
    assert await verdict("gone", device="phone") == Verdict(*gone, (reason.GONE,), "DELETED", NOW)
    assert (await verdict("gone", device="tablet")).reasons == (reason.UNKNOWN,)
    assert await verdict("nobody") == Verdict("shop", "nobody", "", (reason.UNKNOWN,))


async def test_T5_verdicts_are_limited(
    store: SqlStore, recipients: Recipients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients_, "MAX_VERDICTS", 7)
    monkeypatch.setattr(page_reading, "_READ_FIRST", 3)
    await put(store, *(profile(key("guest", f"{n}")) for n in range(8)))
    person = Person("guest", "", "")
    verdicts, more = await recipients.explain(app(), person, Channel.PUSH, PushPurpose.DEFAULT)
    assert ([one.device_id for one in verdicts], more) == ([f"{n}" for n in range(7)], True)


@pytest.mark.parametrize("first_page", [500, 4], ids=["one window", "more than a window"])
async def test_T2_callers_that_ask_for_few_users_at_once_share_statements(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, first_page: int
) -> None:
    """Each gets its own users, by its own channel, purpose and filter, as if it were alone; at their own moments."""
    monkeypatch.setattr(recipients_, "FIRST_PAGE", first_page)
    period = AppSettings().inactivity_period
    await put(
        store,
        *(profile(key(f"u{n}", device), push_endpoints=(push(),)) for n in range(10) for device in ("a", "b")),
        profile(key("u0", "expired"), push_endpoints=(push(),), last_heartbeat_time=NOW - period - DAY),
        profile(key("u1", "guest"), attributes=Attributes(guest=True)),
        profile(key("u1", "foreign", "other"), push_endpoints=(push(),)),
    )
    asked = [
        Audience("shop", channel, Users(users), profile_filter(text), purpose)
        for users in (("u0",), ("u1",), ("u0", "u1", "u9", "unknown"), tuple(f"u{n}" for n in range(8)))
        for channel in (Channel.PUSH, Channel.IN_APP)
        for text in ("", "guest = true", "guest = false")
        for purpose in PushPurpose
    ]
    clock = ManualClock(NOW)
    recipients = Recipients(store.recipients, store.profiles, clock, HASHER)
    alone = [await resolved(recipients, app(), one) for one in asked]
    statements = 0
    inner = store._database.engine.fetch

    async def counted(*given: Any) -> Any:
        nonlocal statements
        statements += 1
        return await inner(*given)

    monkeypatch.setattr(store._database.engine, "fetch", counted)
    together = await asyncio.gather(*(resolved(recipients, app(), one) for one in asked))
    assert together == alone
    assert [keys(one) for one in together[:2]] == [[key("u0", "a"), key("u0", "b")], []]
    if first_page == 500:
        assert statements < len(asked) / 2


async def test_T4_pages_go_on_within_the_devices_of_a_user(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The devices of a user are not read again for every page: only a few statements take users to look up."""
    monkeypatch.setattr(recipients_, "FIRST_PAGE", 4)
    monkeypatch.setattr(recipients_, "PAGE", 4)
    devices = [key("guest", f"{n:02}") for n in range(40)]
    stored = [key("a"), *devices, key("z", "a"), key("z", "b")]
    await put(store, *(profile(one, push_endpoints=(push(),)) for one in stored))
    recipients = Recipients(store.recipients, store.profiles, ManualClock(NOW), HASHER)
    looked_up: list[list[str]] = []
    inner = store._database.engine.fetch

    async def noted(connection: Any, statement: Any, rows: Sequence[Any], values: Any) -> Any:
        looked_up.append([user for (user,) in rows])
        assert len(looked_up) < 500
        return await inner(connection, statement, rows, values)

    monkeypatch.setattr(store._database.engine, "fetch", noted)
    some = Audience("shop", Channel.PUSH, Users(tuple(sorted({"a", "guest", "z", *(f"u{n}" for n in range(20))}))))
    messages = await resolved(recipients, app(), some)
    assert keys(messages) == stored
    assert [users for users in looked_up if "guest" in users] == [list(some.target.ids)]  # type: ignore[union-attr]
    looked_up.clear()
    assert keys(await resolved(recipients, app(), Audience("shop", Channel.PUSH, Users(("guest",))))) == devices
    assert not any(looked_up)
    for message in messages:
        rest = await resolved(recipients, app(), some, message.resume_token)
        assert keys(rest) == stored[stored.index(message.recipients[-1].key) + 1 :] if message.recipients else True


async def test_T4_profiles_of_customers_are_not_sorted_again_for_every_page(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customers are looked up for the first page, and then for the keys of several pages at once."""
    for module, name, number in (
        (recipients_, "FIRST_PAGE", 4),
        (recipients_, "PAGE", 4),
        (store_recipients, "_KEYS", 30),
    ):
        monkeypatch.setattr(module, name, number)
    monkeypatch.setattr(store_recipients, "COUNTED", 4)
    linked = [key(f"u{n % 10}", f"{n:02}") for n in range(77)]
    of = {one: f"c{n % 7}" for n, one in enumerate(linked)}
    others = [key("u3", "free"), key("u4", "foreign")]
    await put(
        store,
        *(
            profile(one, push_endpoints=(push(),), attributes=Attributes(customer_id=of.get(one)))
            for one in [*linked, *others]
        ),
    )
    recipients = Recipients(store.recipients, store.profiles, ManualClock(NOW), HASHER)
    looked_up: list[Sequence[Any]] = []
    inner = store._database.engine.fetch

    async def noted(connection: Any, statement: Any, rows: Sequence[Any], values: Any) -> Any:
        looked_up.append(rows)
        return await inner(connection, statement, rows, values)

    monkeypatch.setattr(store._database.engine, "fetch", noted)
    some = Audience("shop", Channel.PUSH, Customers(("c0", "c1", "c2", "c3", "c4", "c5", "c6", "nobody")))
    messages = await resolved(recipients, app(), some)
    assert keys(messages) == sorted(linked)
    assert unreachable(messages) == ["nobody"]
    assert [("nobody",) in rows for rows in looked_up].count(True) == 1 + 3  # 4 of the first page, and 30, 30, 13
    looked_up.clear()
    assert (await recipients.count(app(), some)).recipients == len(linked)
    assert [("nobody",) in rows for rows in looked_up].count(True) == 1 + 3
    for message in messages[:-1]:
        rest = await resolved(recipients, app(), some, message.resume_token)
        assert keys(rest) == sorted(linked)[sorted(linked).index(message.recipients[-1].key) + 1 :]


async def test_T4_a_profile_is_judged_by_the_customer_that_it_has_when_it_is_read(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its key was read before."""
    monkeypatch.setattr(recipients_, "FIRST_PAGE", 1)
    monkeypatch.setattr(recipients_, "PAGE", 1)
    of_one = Attributes(customer_id="c")
    stored = [profile(key("ann", f"{n}"), push_endpoints=(push(),), attributes=of_one) for n in range(6)]
    await put(store, *stored)
    recipients = Recipients(store.recipients, store.profiles, ManualClock(NOW), HASHER)
    found = recipients.resolve(app(), Audience("shop", Channel.PUSH, Customers(("c",))), "")
    met = [(await anext(found)).recipients[0].key.device_id for _ in range(2)]
    moved = [one._replace(attributes=Attributes(customer_id="other"), revision=9) for one in stored[4:]]
    async with store.profiles.write() as transaction:
        await transaction.apply(
            changes(
                profiles=[Write(one, before.revision, before) for one, before in zip(moved, stored[4:], strict=True)]
            )
        )
    assert met + [one.key.device_id async for message in found for one in message.recipients] == ["0", "1", "2", "3"]


async def test_T6_counts_by_provider_and_push_app_id(store: SqlStore, recipients: Recipients) -> None:
    both = (push(token="a"), push(token="b")._replace(provider=PushProvider.HMS, push_app_id="com.huawei"))
    await put(
        store, profile(key("a"), push_endpoints=both), profile(key("b"), push_endpoints=(push(),)), profile(key("c"))
    )
    tally = await recipients.count(app(), EVERYONE)
    assert (tally.recipients, tally.endpoints) == (2, 3)
    assert tally.by_provider == {PushProvider.FCM: 2, PushProvider.HMS: 1}
    assert tally.by_push_app_id == {"com.shop": 2, "com.huawei": 1}
    assert (await recipients.count(app(), Audience("shop", Channel.IN_APP, Everyone()))).recipients == 3
