"""Imports and exports on each engine (I1-I3)."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest

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
        before = await served.backend.apps.get(app_id)
        await served.backend.apps.update(before, "", replace(before.settings, **settings))


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
