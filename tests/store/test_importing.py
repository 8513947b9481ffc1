"""Imports and exports on each engine (I1-I3)."""

import random
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import grpc
import pytest

from appprofile.v1 import customer_pb2, transfer_pb2
from appprofile.v1 import customer_service_pb2 as cs
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.settings import AppSettings
from profile_grpc.store import SqlStore
from tests.support.domain import ManualClock
from tests.transport.grpc.support import APP, TENANT, Backend, Served

COPY = "copy"
SET_ASIDE = ("last_heartbeat_time", "expire_time", "update_time")
"""The times that an import sets aside, with those at which tokens were confirmed (docs/import-export.md)."""
USERS, DEVICES, TOKENS = [f"u{n}" for n in range(5)], [f"d{n}" for n in range(4)], [f"token-{n}" for n in range(8)]
KINDS = [
    pytest.param(
        {"multi_user_per_device": multi, "single_device_per_user": single}, id=f"multi={multi},single={single}"
    )
    for multi in (False, True)
    for single in (False, True)
]


@pytest.fixture
async def served(store: SqlStore) -> AsyncIterator[Served]:
    """A server over a store on each engine, with a second app to import into."""
    backend = Backend(store, ManualClock())
    await backend.start()
    await backend.apps.create(COPY, TENANT, "", AppSettings())
    served = await backend.serve()
    yield served
    await served.close()
    await backend.queue.close()


async def exported(served: Served, app_id: str = APP, filter_: str = "") -> list[pb.Profile]:
    request = ps.ExportProfilesRequest(app_id=app_id, filter=filter_)
    answers = served.profiles.ExportProfiles(request, metadata=served.admin)
    return [profile async for answer in answers for profile in answer.profiles]


async def imported(
    served: Served, profiles: Sequence[pb.Profile], app_id: str = COPY, part: int = 7, **given: Any
) -> list[ps.ImportProfilesResponse]:
    """Imports them in messages of a few records each."""
    requests = []
    for first in range(0, len(profiles), part):
        request = ps.ImportProfilesRequest(app_id=app_id, **given)
        for profile in profiles[first : first + part]:
            record = request.records.add(profile=profile)
            record.profile.key.app_id = ""
        requests.append(request)
    return [answer async for answer in served.profiles.ImportProfiles(iter(requests), metadata=served.admin)]


def kept(profiles: Sequence[pb.Profile]) -> list[bytes]:
    """What an import keeps of them, as bytes."""
    found = []
    for profile in profiles:
        one = pb.Profile()
        one.CopyFrom(profile)
        one.key.app_id = ""
        for name in SET_ASIDE:
            one.ClearField(name)  # type: ignore[arg-type]
        for endpoint in one.push_endpoints:
            endpoint.ClearField("confirm_time")
        found.append(one.SerializeToString(deterministic=True))
    return found


async def set_apps(served: Served, **settings: Any) -> None:
    for app_id in (APP, COPY):
        await served.backend.apps.change(app_id, lambda app: ("", replace(app.settings, **settings)))


async def live(served: Served, numbers: random.Random, calls: int) -> None:
    """A random history of the app."""

    def key() -> pb.ProfileKey:
        return pb.ProfileKey(app_id=APP, user_id=numbers.choice(USERS), device_id=numbers.choice(DEVICES))

    def endpoints() -> list[pb.PushEndpoint]:
        purposes = [p for p in (pb.PUSH_PURPOSE_DEFAULT, pb.PUSH_PURPOSE_INCOMING_CALL) if numbers.random() < 0.6]
        return [
            pb.PushEndpoint(
                provider=numbers.choice([pb.PUSH_PROVIDER_FCM, pb.PUSH_PROVIDER_HMS]),
                token=numbers.choice(TOKENS),
                push_app_id="com.shop",
                purpose=purpose,
            )
            for purpose in purposes
        ]

    async def register() -> None:
        request = ps.RegisterRequest(key=key(), push_endpoints=endpoints(), platform=numbers.choice([0, 1, 2]))  # type: ignore[arg-type]
        if numbers.random() < 0.5:
            request.language = numbers.choice(["de", "en-GB", ""])
            request.customer_id = numbers.choice(["c1", "c2", ""])
            request.custom_attributes["team"] = numbers.choice(["red", "ü"])
            request.push_permission = numbers.choice([pb.PUSH_PERMISSION_GRANTED, pb.PUSH_PERMISSION_DENIED])
        await served.profiles.Register(request, metadata=served.admin)

    async def feedback() -> None:
        item = ps.PushFeedback(
            provider=pb.PUSH_PROVIDER_FCM,
            token=numbers.choice(TOKENS),
            error_code=numbers.choice(["UNREGISTERED", "SENDER_ID_MISMATCH"]),
        )
        item.sent_at.FromDatetime(served.backend.clock.now())
        await served.profiles.ReportPushFeedback(
            ps.ReportPushFeedbackRequest(app_id=APP, feedback=[item]), metadata=served.admin
        )

    async def update() -> None:
        profile = pb.Profile(key=key(), push_endpoints=endpoints(), guest=numbers.random() < 0.5)
        with suppress(grpc.aio.AioRpcError):  # it may not exist
            await served.profiles.UpdateProfileData(ps.UpdateProfileDataRequest(profile=profile), metadata=served.admin)

    async def leave() -> None:
        await served.profiles.Unregister(ps.UnregisterRequest(key=key(), allow_missing=True), metadata=served.admin)

    async def delete() -> None:
        gone = key()
        request = ps.DeleteDeviceProfileRequest(
            app_id=APP, user_id=gone.user_id, device_id=gone.device_id, allow_missing=True
        )
        await served.profiles.DeleteDeviceProfile(request, metadata=served.admin)

    for _ in range(calls):
        served.backend.clock.advance(timedelta(seconds=numbers.randint(1, 100)))
        await numbers.choices([register, feedback, update, leave, delete], [10, 3, 3, 1, 1])[0]()


@pytest.mark.parametrize("settings", KINDS)
@pytest.mark.parametrize("seed", range(3))
async def test_I3_an_export_that_is_imported_and_exported_again_has_the_same_bytes(
    served: Served, settings: dict[str, bool], seed: int
) -> None:
    """Whatever the app's history, in whatever order the records come, and also if they come twice."""
    numbers = random.Random(seed)
    await set_apps(served, **settings)
    await live(served, numbers, 60)
    before = await exported(served)
    assert before
    served.backend.clock.advance(timedelta(days=1))
    shuffled = numbers.sample(before, len(before))
    answers = await imported(served, shuffled, import_id="i1")
    assert sum(answer.created for answer in answers) == len(before)
    assert [list(answer.refused) for answer in answers] == [[] for _ in answers]
    assert kept(await exported(served, COPY)) == kept(before)
    again = await imported(served, numbers.sample(before, len(before)), import_id="i1")
    assert sum(answer.unchanged for answer in again) == len(before)
    assert kept(await exported(served, COPY)) == kept(before)


# --- who wins (I1) ---

DAY = timedelta(days=1)


def fcm(token: str, **given: Any) -> pb.PushEndpoint:
    return pb.PushEndpoint(provider=pb.PUSH_PROVIDER_FCM, token=token, **given)


async def taken(served: Served, *records: transfer_pb2.ProfileRecord, **given: Any) -> ps.ImportProfilesResponse:
    """Imports the records into the app, in one message."""
    request = ps.ImportProfilesRequest(app_id=APP, records=records, **given)
    [answer] = [one async for one in served.profiles.ImportProfiles(iter([request]), metadata=served.admin)]
    return answer


def record(
    served: Served, user: str, device: str, *tokens: str, ago: timedelta | None = DAY, **given: Any
) -> transfer_pb2.ProfileRecord:
    """A registration so long ago; None: nobody knows when."""
    endpoints = [fcm(token) for token in tokens]
    profile = pb.Profile(key=pb.ProfileKey(user_id=user, device_id=device), push_endpoints=endpoints, **given)
    made = transfer_pb2.ProfileRecord(profile=profile)
    if ago is not None:
        made.register_time.FromDatetime(served.backend.clock.now() - ago)
    return made


async def register(served: Served, user: str, device: str, *tokens: str, **given: Any) -> None:
    key = pb.ProfileKey(app_id=APP, user_id=user, device_id=device)
    request = ps.RegisterRequest(key=key, push_endpoints=[fcm(token) for token in tokens], **given)
    await served.profiles.Register(request, metadata=served.admin)


async def get(served: Served, user: str, device: str) -> pb.Profile:
    key = pb.ProfileKey(app_id=APP, user_id=user, device_id=device)
    return (await served.profiles.GetProfile(ps.GetProfileRequest(key=key), metadata=served.admin)).profile


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "against it"])
async def test_I1_the_later_registration_has_the_token(served: Served, order: Sequence[int]) -> None:
    """R4, whatever the order of the records."""
    given = [record(served, "ann", "old", "t", ago=2 * DAY), record(served, "bob", "new", "t", ago=DAY)]
    await taken(served, *[given[n] for n in order])
    assert list((await get(served, "ann", "old")).push_endpoints) == []
    assert [e.token for e in (await get(served, "bob", "new")).push_endpoints] == ["t"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "against it"])
async def test_I1_the_later_registration_has_the_device(served: Served, order: Sequence[int]) -> None:
    """R6: the earlier user is signed out, without endpoints."""
    given = [record(served, "ann", "phone", "t", ago=2 * DAY), record(served, "bob", "phone", "t", ago=DAY)]
    await taken(served, *[given[n] for n in order])
    ann, bob = await get(served, "ann", "phone"), await get(served, "bob", "phone")
    assert (ann.status, bob.status) == (pb.PROFILE_STATUS_UNREGISTERED, pb.PROFILE_STATUS_ACTIVE)
    assert [len(one.push_endpoints) for one in (ann, bob)] == [0, 1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "against it"])
async def test_I1_the_later_registration_of_a_user_receives_push(served: Served, order: Sequence[int]) -> None:
    """R7."""
    await set_apps(served, single_device_per_user=True)
    given = [record(served, "ann", "old", "t1", ago=2 * DAY), record(served, "ann", "new", "t2", ago=DAY)]
    await taken(served, *[given[n] for n in order])
    states = [(await get(served, "ann", device)).push_endpoints[0].state for device in ("old", "new")]
    assert states == [pb.PUSH_ENDPOINT_STATE_SUPERSEDED, pb.PUSH_ENDPOINT_STATE_DELIVERABLE]


async def test_I1_a_phone_that_registered_here_since_keeps_what_it_has(served: Served) -> None:
    """The import fills what the registration left as it was, once (R1)."""
    await register(served, "ann", "phone", "live", language="de")
    given = record(served, "ann", "phone", "old", language="en", time_zone="Europe/Berlin")
    await taken(served, given)
    found = await get(served, "ann", "phone")
    assert (found.language, found.time_zone) == ("de", "Europe/Berlin")
    assert [e.token for e in found.push_endpoints] == ["live"]
    assert found.create_time == given.register_time
    await served.profiles.UpdateProfileData(
        ps.UpdateProfileDataRequest(profile=pb.Profile(key=found.key, time_zone="")), metadata=served.admin
    )
    assert (await taken(served, given)).unchanged == 1
    assert not (await get(served, "ann", "phone")).HasField("time_zone")


async def test_I1_a_registration_elsewhere_after_that_here_wins(served: Served) -> None:
    await register(served, "ann", "phone", "here")
    served.backend.clock.advance(2 * DAY)
    assert (await taken(served, record(served, "ann", "phone", "there"))).updated == 1
    assert [e.token for e in (await get(served, "ann", "phone")).push_endpoints] == ["there"]


async def test_I1_a_record_without_a_time_takes_nothing_from_a_profile_that_was_active_here(served: Served) -> None:
    await register(served, "ann", "phone", "live")
    served.backend.clock.advance(DAY)
    answer = await taken(
        served, record(served, "ann", "phone", "x", ago=None), record(served, "bob", "pad", "live", ago=None)
    )
    assert (answer.unchanged, answer.created) == (1, 1)
    assert [(one.record, one.value.path) for one in answer.ignored] == [(2, "profile.push_endpoints[0]")]
    assert [e.token for e in (await get(served, "ann", "phone")).push_endpoints] == ["live"]
    # Of two imports the later one wins.
    served.backend.clock.advance(DAY)
    assert (await taken(served, record(served, "bob", "pad", "y", ago=None))).updated == 1


async def test_I1_a_token_that_the_app_confirmed_here_stays(served: Served) -> None:
    """An update leaves the time of registration as it is; a delta of the old system must not take its token away."""
    await taken(served, record(served, "ann", "phone", "old", ago=3 * DAY))
    key = pb.ProfileKey(app_id=APP, user_id="ann", device_id="phone")
    profile = pb.Profile(key=key, push_endpoints=[fcm("live")])
    await served.profiles.UpdateProfileData(ps.UpdateProfileDataRequest(profile=profile), metadata=served.admin)
    served.backend.clock.advance(DAY)
    await taken(served, record(served, "ann", "phone", "delta", ago=2 * DAY))
    assert [e.token for e in (await get(served, "ann", "phone")).push_endpoints] == ["live"]


# --- what an import does not do ---


async def test_I1_no_device_is_counted_and_no_heartbeat_is_sent(served: Served) -> None:
    """P2: the profile is exempt. Its first activity is counted, once (M1)."""
    await taken(served, record(served, "ann", "phone", "t"))
    found = await get(served, "ann", "phone")
    assert not found.HasField("last_heartbeat_time")
    assert not found.HasField("expire_time")
    day = served.backend.clock.now().date()
    usage = served.backend.services.usage
    assert (await usage.report(APP, day, day)).distinct == 0
    for _ in range(2):
        await served.profiles.Heartbeat(ps.HeartbeatRequest(key=found.key), metadata=served.admin)
    assert (await usage.report(APP, day, day)).distinct == 1


async def test_I1_feedback_from_before_the_import_is_stale(served: Served) -> None:
    """Also after the import was resumed: it has the start of its first part (I2)."""
    start = served.backend.clock.now()
    await taken(served, record(served, "ann", "phone", "t1"), import_id="i")
    served.backend.clock.advance(timedelta(hours=1))
    await taken(served, record(served, "bob", "pad", "t2"), import_id="i")
    for device, token in (("phone", "t1"), ("pad", "t2")):
        found = await get(served, "ann" if device == "phone" else "bob", device)
        assert found.push_endpoints[0].confirm_time.ToDatetime(tzinfo=UTC) == start
        for late, outcome in ((0, "STALE"), (1, "ENDPOINT_INVALIDATED")):
            item = ps.PushFeedback(provider=pb.PUSH_PROVIDER_FCM, token=token, error_code="UNREGISTERED")
            item.sent_at.FromDatetime(start + timedelta(seconds=late))
            request = ps.ReportPushFeedbackRequest(app_id=APP, feedback=[item])
            [result] = (await served.profiles.ReportPushFeedback(request, metadata=served.admin)).results
            assert ps.PushFeedbackOutcome.Name(result.outcome).endswith(outcome)


async def test_I1_a_profile_that_the_reaper_would_delete_at_once_is_refused(served: Served) -> None:
    """P2: never_heartbeat_ttl runs from the registration time."""
    await set_apps(served, never_heartbeat_ttl=timedelta(days=30))
    answer = await taken(served, record(served, "ann", "a", ago=31 * DAY), record(served, "bob", "b", ago=29 * DAY))
    assert [(one.record, one.reason) for one in answer.refused] == [(1, "RECORD_EXPIRED")]
    assert answer.created == 1


async def test_I1_one_faulty_record_refuses_itself_alone(served: Served) -> None:
    await set_apps(served, require_known_customer=True)
    answer = await taken(
        served,
        record(served, "ann", "phone", "null"),
        record(served, "bob", "pad", customer_id="nobody"),
        transfer_pb2.ProfileRecord(),
        record(served, "cy", "watch"),
        first_record=11,
    )
    refused = [(one.record, one.reason) for one in answer.refused]
    assert refused == [(11, "PLACEHOLDER_TOKEN"), (12, "CUSTOMER_NOT_FOUND"), (13, "INVALID_REQUEST")]
    assert (answer.acknowledged, answer.created) == (14, 1)
    assert [one.key.user_id for one in await exported(served)] == ["cy"]


async def test_I2_a_dry_run_writes_nothing(served: Served) -> None:
    given = [record(served, "ann", "phone", "t"), record(served, "bob", "phone", "null")]
    answer = await taken(served, *given, dry_run=True, import_id="i")
    assert (answer.created, len(answer.refused)) == (1, 1)
    assert await exported(served) == []
    served.backend.clock.advance(DAY)
    await taken(served, given[0], import_id="i")
    [found] = await exported(served)
    assert found.push_endpoints[0].confirm_time.ToDatetime(tzinfo=UTC) == served.backend.clock.now()


async def test_I2_what_was_deleted_since_the_import_began_stays_deleted(served: Served) -> None:
    """A repeated part brings nothing back, nor does another import, but a later registration does. Nothing brings an
    erased person back (C8).
    """
    given = [record(served, "ann", "phone"), record(served, "bob", "pad")]
    await taken(served, *given, import_id="i")
    served.backend.clock.advance(timedelta(seconds=1))
    gone = ps.DeleteDeviceProfileRequest(app_id=APP, user_id="bob", all_devices=True)
    await served.profiles.DeleteDeviceProfile(gone, metadata=served.admin)
    await served.profiles.EraseUser(ps.EraseUserRequest(app_id=APP, user_id="ann"), metadata=served.admin)
    assert (await taken(served, *given, import_id="i")).unchanged == 2
    assert await exported(served) == []
    served.backend.clock.advance(timedelta(seconds=1))
    assert (await taken(served, *given, import_id="another")).unchanged == 2
    again = [record(served, user, device, ago=timedelta(0)) for user, device in (("ann", "phone"), ("bob", "pad"))]
    assert (await taken(served, *again, import_id="later")).created == 1
    assert [one.key.user_id for one in await exported(served)] == ["bob"]


# --- streams ---


async def test_I2_a_caller_may_wait_for_each_answer(served: Served) -> None:
    call = served.profiles.ImportProfiles(metadata=served.admin)
    for n in range(1, 4):
        await call.write(ps.ImportProfilesRequest(app_id=APP, records=[record(served, f"u{n}", f"d{n}")]))
        answer = await call.read()
        assert isinstance(answer, ps.ImportProfilesResponse)
        assert (answer.acknowledged, answer.created) == (n, 1)
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF


async def test_I2_another_app_in_a_later_message_ends_the_stream_after_what_was_accepted(served: Served) -> None:
    requests = [
        ps.ImportProfilesRequest(app_id=APP, records=[record(served, "ann", "phone")]),
        ps.ImportProfilesRequest(app_id=COPY, records=[record(served, "bob", "pad")]),
    ]
    answers = aiter(served.profiles.ImportProfiles(iter(requests), metadata=served.admin))
    assert (await anext(answers)).created == 1
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await anext(answers)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert await exported(served, COPY) == []


async def test_I3_an_export_goes_on_after_each_message(served: Served) -> None:
    records = [record(served, f"u{n:04}", f"d{n}", language="de" if n % 2 else "en") for n in range(1100)]
    await taken(served, *records[:600])
    await taken(served, *records[600:])
    for text, wanted in (("", 1100), ('language = "de"', 550)):
        request = ps.ExportProfilesRequest(app_id=APP, filter=text)
        whole = [one async for one in served.profiles.ExportProfiles(request, metadata=served.admin)]
        users = [profile.key.user_id for one in whole for profile in one.profiles]
        assert len(users) == wanted
        assert users == sorted(set(users))
        assert max(len(one.profiles) for one in whole) <= 500
        request.resume_token = whole[0].resume_token
        rest = [one async for one in served.profiles.ExportProfiles(request, metadata=served.admin)]
        assert [p.key.user_id for one in rest for p in one.profiles] == users[len(whole[0].profiles) :]
        request.app_id = COPY
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await anext(aiter(served.profiles.ExportProfiles(request, metadata=served.admin)))
        assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_I1_customers_are_imported(served: Served) -> None:
    """Values that a record lacks are kept; the earlier creation time counts; erased people do not come back."""
    call = served.customers.ImportCustomers

    async def put(**given: Any) -> cs.ImportCustomersResponse:
        one = transfer_pb2.CustomerRecord(customer=customer_pb2.Customer(**given))
        one.create_time.FromDatetime(served.backend.clock.now() - DAY)
        [answer] = [a async for a in call(iter([cs.ImportCustomersRequest(records=[one])]), metadata=served.admin)]
        return answer

    assert (await put(customer_id="c1", name="Ann")).created == 1
    assert (await put(customer_id="c1", email="ann@example.com")).updated == 1
    assert (await put(customer_id="c1", email="ann@example.com")).unchanged == 1
    assert [one.reason for one in (await put(customer_id="c2", email="nobody")).refused] == ["INVALID_REQUEST"]
    assert [one.reason for one in (await put(customer_id="")).refused] == ["INVALID_REQUEST"]
    answers = served.customers.ExportCustomers(cs.ExportCustomersRequest(), metadata=served.admin)
    [found] = [one async for answer in answers for one in answer.customers]
    assert (found.name, found.email) == ("Ann", "ann@example.com")
    assert found.create_time.ToDatetime(tzinfo=UTC) == served.backend.clock.now() - DAY
    await served.customers.EraseCustomer(cs.EraseCustomerRequest(customer_id="c1"), metadata=served.admin)
    assert (await put(customer_id="c1", name="Ann")).unchanged == 1
    answers = served.customers.ExportCustomers(cs.ExportCustomersRequest(), metadata=served.admin)
    assert [one async for answer in answers for one in answer.customers] == []


async def put_customer(served: Served, customer_id: str, created: timedelta | None) -> cs.ImportCustomersResponse:
    """Imports a customer who was created in the source at this time from now."""
    one = transfer_pb2.CustomerRecord(customer=customer_pb2.Customer(customer_id=customer_id))
    if created is not None:
        one.create_time.FromDatetime(served.backend.clock.now() + created)
    requests = iter([cs.ImportCustomersRequest(records=[one])])
    [answer] = [one async for one in served.customers.ImportCustomers(requests, metadata=served.admin)]
    return answer


async def test_I1_a_customer_who_was_deleted_here_stays_deleted(served: Served) -> None:
    """Like profiles (docs/adr/0098): a creation in the source after the deletion creates the customer."""
    await put_customer(served, "c1", -DAY)
    await served.customers.DeleteCustomer(cs.DeleteCustomerRequest(customer_id="c1"), metadata=served.admin)
    served.backend.clock.advance(DAY)
    assert (await put_customer(served, "c1", -2 * DAY)).unchanged == 1
    assert (await put_customer(served, "c1", None)).unchanged == 1
    assert (await put_customer(served, "c1", -DAY / 2)).created == 1


def named(user: str, customer_id: str = "") -> pb.Profile:
    """A record of a phone that was never here, linked with a customer."""
    return pb.Profile(key=pb.ProfileKey(user_id=user, device_id=f"phone of {user}"), customer_id=customer_id)


async def test_C8_no_record_of_an_erased_user_is_imported_on_a_device_that_was_never_here(served: Served) -> None:
    await imported(served, [named("ann")], APP)
    await served.profiles.EraseUser(ps.EraseUserRequest(app_id=APP, user_id="ann"), metadata=served.admin)
    later = named("ann")
    later.key.device_id = "another phone"
    later.register_time.FromDatetime(served.backend.clock.now())
    [answer] = await imported(served, [later, named("bob")], APP)
    assert (answer.created, answer.unchanged) == (1, 1)
    assert [one.key.user_id for one in await exported(served)] == ["bob"]


async def test_C8_no_record_that_names_an_erased_customer_is_imported(served: Served) -> None:
    await imported(served, [named("ann", "c1")], APP)
    await put_customer(served, "c1", None)
    await served.customers.EraseCustomer(cs.EraseCustomerRequest(customer_id="c1"), metadata=served.admin)
    again = named("ann", "c1")
    again.key.device_id = "another phone"
    for app_id in (APP, COPY):  # of the same tenant
        [answer] = await imported(served, [again, named("bob", "c2")], app_id)
        assert (answer.created, answer.unchanged) == (1, 1)
    await served.customers.CreateCustomer(
        cs.CreateCustomerRequest(customer=customer_pb2.Customer(customer_id="c1")), metadata=served.admin
    )
    [answer] = await imported(served, [again], COPY)
    assert answer.created == 1


@pytest.mark.parametrize("deleted", [False, True], ids=["never stored", "deleted before"])
async def test_C8_no_record_that_names_an_erased_customer_who_was_not_stored_is_imported(
    served: Served, deleted: bool
) -> None:
    """C5: profiles may name a customer that is not stored."""
    if deleted:
        await put_customer(served, "c1", None)
        await served.customers.DeleteCustomer(cs.DeleteCustomerRequest(customer_id="c1"), metadata=served.admin)
    await imported(served, [named("ann", "c1")], APP)
    await served.customers.EraseCustomer(cs.EraseCustomerRequest(customer_id="c1"), metadata=served.admin)
    again = named("ann", "c1")
    again.key.device_id = "another phone"
    [answer] = await imported(served, [again], APP)
    assert (answer.created, answer.unchanged) == (0, 1)
    assert (await put_customer(served, "c1", timedelta())).unchanged == 1
    assert await exported(served) == []
    await served.customers.CreateCustomer(
        cs.CreateCustomerRequest(customer=customer_pb2.Customer(customer_id="c1")), metadata=served.admin
    )
    [answer] = await imported(served, [again], COPY)
    assert answer.created == 1


async def test_C5_records_that_name_unknown_customers_are_refused_by_one_read(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C7: also those that name merged ones, as they are refused otherwise."""
    await set_apps(served, require_known_customer=True)
    for customer_id in ("c1", "c2", "c3"):
        await put_customer(served, customer_id, None)
    merge = cs.MergeCustomersRequest(source_customer_id="c2", target_customer_id="c3")
    await served.customers.MergeCustomers(merge, metadata=served.admin)
    reads: list[int] = []
    store = served.backend.store.customers
    existing = store.existing

    async def counted(tenant_id: str, customer_ids: Collection[str]) -> Collection[str]:
        reads.append(len(customer_ids))
        return await existing(tenant_id, customer_ids)

    monkeypatch.setattr(store, "existing", counted)
    records = [named(f"u{number}", ["c1", "c2", "unknown", ""][number % 4]) for number in range(40)]
    [answer] = await imported(served, records, COPY, part=100)
    assert answer.created == 20
    assert {(one.record % 4, one.reason) for one in answer.refused} == {
        (2, "CUSTOMER_MERGED"),
        (3, "CUSTOMER_NOT_FOUND"),
    }
    assert reads == [3]


def a_record(numbers: random.Random, user: str, device: str) -> pb.Profile:
    """A record of a phone whose users share its token; some registered at the same time, some without a time."""
    record = pb.Profile(key=pb.ProfileKey(user_id=user, device_id=device))
    record.push_endpoints.add(provider=pb.PUSH_PROVIDER_FCM, token=f"token-{device}", push_app_id="com.shop")
    record.status = numbers.choice([pb.PROFILE_STATUS_ACTIVE, pb.PROFILE_STATUS_ACTIVE, pb.PROFILE_STATUS_UNREGISTERED])
    if numbers.random() < 0.8:
        record.register_time.FromSeconds(1_700_000_000 + numbers.randint(0, 3))
    return record


@pytest.mark.parametrize("multi", [False, True])
async def test_I1_the_order_and_repetition_of_records_do_not_matter(served: Served, multi: bool) -> None:
    """Also with records in parts that are carried out at the same time."""
    numbers = random.Random(8)
    await set_apps(served, multi_user_per_device=multi)
    records = [a_record(numbers, user, device) for user in USERS for device in DEVICES]
    await imported(served, records, APP, part=3, import_id="i1")
    expected = kept(await exported(served))
    for attempt in range(4):
        shuffled = numbers.sample(records, len(records))
        await imported(served, shuffled if attempt else records[::-1], part=3, import_id="i1")
        assert kept(await exported(served, COPY)) == expected
