"""Streams of imports (I1, I2): what one message of a stream cannot do to the stream or to the process."""

from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any

import grpc
import pytest

from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.settings import App
from profile_grpc.transport.grpc.imports import ProfileImport
from profile_grpc.transport.grpc.records import LocalRecords
from tests.support.domain import T0
from tests.transport.grpc.support import APP, Backend, Served, refused


def part(*users: str, **given: Any) -> ps.ImportProfilesRequest:
    """A message with a record for each user, all on one phone."""
    request = ps.ImportProfilesRequest(app_id=APP, **given)
    for user in users:
        request.records.add(profile=pb.Profile(key=pb.ProfileKey(user_id=user, device_id="phone")))
    return request


async def status(served: Served, user: str) -> int:
    key = pb.ProfileKey(app_id=APP, user_id=user, device_id="phone")
    found = await served.profiles.GetProfile(ps.GetProfileRequest(key=key), metadata=served.admin)
    return int(found.profile.status)


async def test_I1_each_message_follows_the_settings_that_are_in_force(served: Served) -> None:
    """R5, R6: a stream lives for half an hour, and its app may get several users on a device meanwhile."""
    call: Any = served.profiles.ImportProfiles(metadata=served.admin)
    await call.write(part("ann"))
    await call.read()
    await served.backend.set(multi_user_per_device=True)
    await call.write(part("bob"))
    await call.read()
    await call.done_writing()
    assert [await status(served, user) for user in ("ann", "bob")] == [pb.PROFILE_STATUS_ACTIVE] * 2


async def test_I2_a_record_without_a_number_ends_the_stream_before_it_is_stored(served: Served) -> None:
    call: Any = served.profiles.ImportProfiles(metadata=served.admin)
    await call.write(part("ann"))
    await call.write(part("bob", "eve", first_record=2**63 - 2))
    assert (await call.read()).acknowledged == 1
    error = await refused(call.read())
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    listed = await served.profiles.ListProfiles(ps.ListProfilesRequest(app_id=APP), metadata=served.admin)
    assert [one.key.user_id for one in listed.profiles] == ["ann"]


async def test_I1_what_a_refusal_says_is_short(served: Served) -> None:
    """A thousand refusals have place in one message."""
    request = part("ann")
    for number in range(60):
        request.records[0].profile.device_attributes[f"attribute_{number:040}"] = "1"
    [answer] = [one async for one in served.profiles.ImportProfiles(iter([request]), metadata=served.admin)]
    [found] = answer.refused
    assert found.reason == "INVALID_ATTRIBUTE"
    assert 0 < len(found.description.encode()) <= 400


async def test_I2_records_of_one_message_see_each_other_in_a_dry_run(served: Served) -> None:
    """A dry run answers what the import would, for as many records as fit into a message."""
    request = part(*[f"user{number}" for number in range(120)], "user0", dry_run=True)
    for number, record in enumerate(request.records):
        record.profile.key.device_id = f"phone{number % 120}"
    [answer] = [one async for one in served.profiles.ImportProfiles(iter([request]), metadata=served.admin)]
    assert (answer.created, answer.unchanged) == (120, 1)


async def test_D4_a_command_ends_when_the_app_is_deleted_that_it_imports_into(backend: Backend) -> None:
    """It works on the database for hours, and nobody checks its calls."""
    services: Any = backend.services
    app = await backend.apps.get(APP)

    async def requests() -> AsyncIterator[ps.ImportProfilesRequest]:
        yield part("ann")
        closed = replace(app, deleting=True, revision=app.revision + 1)
        await backend.store.directory.change_app(closed, app.revision)
        yield part("bob")

    answers = LocalRecords(services, app, app.tenant_id).import_profiles(requests())
    with pytest.raises(Refused) as raised:
        _ = [answer async for answer in answers]
    assert raised.value.reason is Reason.APP_NOT_FOUND


class Begun:
    """Imports that only begin."""

    async def begin(self, *_: object, **__: object) -> datetime:
        return T0


async def test_I2_a_stream_keeps_the_starts_of_a_few_imports_only() -> None:
    imports: Any = Begun()

    async def app() -> App:
        return App(APP, "tenant", T0, T0)

    one = ProfileImport(imports, app)
    parts: list[Coroutine[Any, Any, Any]] = [one.begin(part(import_id=f"i{number}")) for number in range(50)]
    for each in parts:
        each.close()
    assert len(one._starts) <= 16
