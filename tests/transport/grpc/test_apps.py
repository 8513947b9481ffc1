"""AppService and UsageService over the wire."""

from collections.abc import Awaitable
from datetime import UTC, datetime

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.date_pb2 import Date

from appprofile.v1 import access_pb2, app_pb2, usage_service_pb2
from appprofile.v1 import app_service_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.service import apps
from profile_grpc.service.directory_ports import KeyKind
from tests.support.domain import days
from tests.transport.grpc.support import APP, FOREIGN_APP, FOREIGN_TENANT, TENANT, Served, key, refused


async def create(served: Served, app_id: str = "second", tenant_id: str = "") -> app_pb2.App:
    request = pb.CreateAppRequest(app=app_pb2.App(app_id=app_id, tenant_id=tenant_id, display_name="Second"))
    return (await served.apps.CreateApp(request, metadata=served.admin)).app


async def test_an_app_is_created_with_every_default(served: Served) -> None:
    created = await create(served)
    assert (created.app_id, created.tenant_id, created.display_name) == ("second", TENANT, "Second")
    assert created.settings.inactivity_period.ToTimedelta() == days(40)
    read = await served.apps.GetApp(pb.GetAppRequest(app_id="second"), metadata=served.key(KeyKind.PROFILE))
    assert read.app == created


@pytest.mark.parametrize("taken", [APP, FOREIGN_APP])
async def test_an_app_id_is_taken_once_over_all_tenants(served: Served, taken: str) -> None:
    told = await refused(create(served, taken))
    assert (told.code.name, told.reason, told.metadata) == ("ALREADY_EXISTS", "APP_ALREADY_EXISTS", {"app_id": taken})


async def test_no_app_is_created_listed_or_changed_for_another_tenant(served: Served) -> None:
    calls: list[Awaitable[object]] = [
        create(served, tenant_id=FOREIGN_TENANT),
        served.apps.ListApps(pb.ListAppsRequest(tenant_id=FOREIGN_TENANT), metadata=served.admin),
        served.apps.UpdateApp(
            pb.UpdateAppRequest(app=app_pb2.App(app_id=APP, tenant_id=FOREIGN_TENANT)), metadata=served.admin
        ),
    ]
    for call in calls:
        told = await refused(call)
        assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "TENANT_NOT_ALLOWED")


async def test_P3_a_changed_setting_is_in_force_at_once(served: Served) -> None:
    await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=served.client)
    beat = ps.HeartbeatRequest(key=key())
    await served.profiles.Heartbeat(beat, metadata=served.client)
    changed = app_pb2.App(app_id=APP, settings=app_pb2.AppSettings(inactivity_period=Duration(seconds=20 * 86400)))
    updated = await served.apps.UpdateApp(pb.UpdateAppRequest(app=changed), metadata=served.admin)
    assert updated.app.settings.heartbeat_interval.ToTimedelta() == days(15)
    answer = await served.profiles.Heartbeat(beat, metadata=served.client)
    assert answer.expire_time.ToDatetime() - answer.last_heartbeat_time.ToDatetime() == days(20)


async def test_settings_that_contradict_each_other_change_nothing(served: Served) -> None:
    changed = app_pb2.App(app_id=APP, settings=app_pb2.AppSettings(inactivity_period=Duration(seconds=86400)))
    told = await refused(served.apps.UpdateApp(pb.UpdateAppRequest(app=changed), metadata=served.admin))
    assert (told.code.name, told.reason) == ("INVALID_ARGUMENT", "INVALID_SETTINGS")
    assert list(told.fields) == ["app.settings.inactivity_period"]
    read = await served.apps.GetApp(pb.GetAppRequest(app_id=APP), metadata=served.admin)
    assert read.app.settings.inactivity_period.ToTimedelta() == days(40)


async def test_P2_a_time_beyond_the_calendar_is_refused(served: Served) -> None:
    """Else every answer that tells when a profile expires would fail."""
    for_ever = app_pb2.AppSettings(never_heartbeat_ttl=Duration(seconds=9_000 * 365 * 86400))
    changed = app_pb2.App(app_id=APP, settings=for_ever)
    told = await refused(served.apps.UpdateApp(pb.UpdateAppRequest(app=changed), metadata=served.admin))
    assert (told.reason, list(told.fields)) == ("INVALID_SETTINGS", ["app.settings.never_heartbeat_ttl"])


async def test_an_unknown_setting_is_refused(served: Served) -> None:
    request = pb.UpdateAppRequest(app=app_pb2.App(app_id=APP), update_mask=FieldMask(paths=["settings.inactivity"]))
    told = await refused(served.apps.UpdateApp(request, metadata=served.admin))
    assert (told.reason, list(told.fields)) == ("UNKNOWN_FIELD", ["settings.inactivity"])


async def test_another_etag_of_an_app_is_aborted(served: Served) -> None:
    changed = app_pb2.App(app_id=APP, display_name="Shop", etag="0")
    told = await refused(served.apps.UpdateApp(pb.UpdateAppRequest(app=changed), metadata=served.admin))
    assert (told.code.name, told.reason) == ("ABORTED", "ETAG_MISMATCH")


async def test_the_tenants_apps_are_listed_in_pages(served: Served) -> None:
    await create(served)
    first = await served.apps.ListApps(pb.ListAppsRequest(page_size=1), metadata=served.admin)
    token = first.next_page_token
    second = await served.apps.ListApps(pb.ListAppsRequest(page_size=1, page_token=token), metadata=served.admin)
    assert [app.app_id for app in (*first.apps, *second.apps)] == ["second", APP]
    assert not second.next_page_token


async def test_an_app_with_profiles_is_deleted_by_force_only(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "STALENESS", 0.0)
    await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=served.client)
    told = await refused(served.apps.DeleteApp(pb.DeleteAppRequest(app_id=APP), metadata=served.admin))
    assert (told.code.name, told.reason) == ("FAILED_PRECONDITION", "APP_NOT_EMPTY")
    await served.apps.DeleteApp(pb.DeleteAppRequest(app_id=APP, force=True), metadata=served.admin)
    told = await refused(served.apps.GetApp(pb.GetAppRequest(app_id=APP), metadata=served.admin))
    assert (told.code.name, told.reason) == ("NOT_FOUND", "APP_NOT_FOUND")
    told = await refused(served.profiles.Heartbeat(ps.HeartbeatRequest(key=key()), metadata=served.client))
    assert (told.code.name, told.reason) == ("UNAUTHENTICATED", "CREDENTIAL_INVALID")


async def test_a_deletion_that_was_interrupted_is_completed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reaches the app any more, but its tenant may delete it again; another tenant still may not."""
    monkeypatch.setattr(apps, "STALENESS", 0.0)
    remove = served.backend.store.directory.remove_app

    async def interrupted(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(served.backend.store.directory, "remove_app", interrupted)
    request = pb.DeleteAppRequest(app_id=APP, force=True)
    assert (await refused(served.apps.DeleteApp(request, metadata=served.admin))).reason == "INTERNAL"
    monkeypatch.setattr(served.backend.store.directory, "remove_app", remove)
    told = await refused(served.profiles.Heartbeat(ps.HeartbeatRequest(key=key()), metadata=served.client))
    assert told.reason == "APP_NOT_ALLOWED"
    told = await refused(served.apps.DeleteApp(request, metadata=served.foreign))
    assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "APP_NOT_ALLOWED")
    await served.apps.DeleteApp(request, metadata=served.admin)
    told = await refused(served.apps.DeleteApp(request, metadata=served.admin))
    assert told.reason == "APP_NOT_FOUND"


async def test_a_key_works_until_it_is_revoked(served: Served) -> None:
    created = await served.apps.CreateKey(
        pb.CreateKeyRequest(kind=access_pb2.KEY_KIND_CLIENT, app_id=APP), metadata=served.admin
    )
    metadata = (("x-api-key", created.secret),)
    request = pb.GetSdkConfigRequest(app_id=APP)
    assert (await served.apps.GetSdkConfig(request, metadata=metadata)).app_id == APP
    listed = await served.apps.ListKeys(pb.ListKeysRequest(app_id=APP), metadata=served.admin)
    assert created.key in listed.keys
    assert created.secret not in str(listed)
    ended = await served.apps.RevokeKey(pb.RevokeKeyRequest(key_id=created.key.key_id), metadata=served.admin)
    assert ended.key.HasField("revoke_time")
    told = await refused(served.apps.GetSdkConfig(request, metadata=metadata))
    assert (told.code.name, told.reason) == ("UNAUTHENTICATED", "CREDENTIAL_INVALID")


async def test_a_key_has_a_label_and_an_end(served: Served) -> None:
    request = pb.CreateKeyRequest(kind=access_pb2.KEY_KIND_PROFILE, label="gateway")
    request.expire_time.FromDatetime(datetime(2100, 1, 1, tzinfo=UTC))
    created = await served.apps.CreateKey(request, metadata=served.admin)
    assert (created.key.label, created.key.expire_time) == ("gateway", request.expire_time)
    assert not created.key.HasField("last_used_day")
    listed = await served.apps.ListKeys(pb.ListKeysRequest(), metadata=served.admin)
    assert created.key in listed.keys
    request.expire_time.FromDatetime(datetime(2000, 1, 1, tzinfo=UTC))
    told = await refused(served.apps.CreateKey(request, metadata=served.admin))
    assert set(told.fields) == {"expire_time"}


async def test_a_key_of_another_tenant_cannot_be_revoked(served: Served) -> None:
    created = await served.apps.CreateKey(pb.CreateKeyRequest(kind=access_pb2.KEY_KIND_PROFILE), metadata=served.admin)
    told = await refused(served.apps.RevokeKey(pb.RevokeKeyRequest(key_id=created.key.key_id), metadata=served.foreign))
    assert (told.code.name, told.reason) == ("NOT_FOUND", "KEY_NOT_FOUND")


@pytest.mark.parametrize(("kind", "app_id"), [("CLIENT", ""), ("BRIDGE", ""), ("ADMIN", APP), ("PROFILE", APP)])
async def test_a_key_names_an_app_where_it_is_of_one(served: Served, kind: str, app_id: str) -> None:
    request = pb.CreateKeyRequest(kind=access_pb2.KeyKind.Value(f"KEY_KIND_{kind}"), app_id=app_id)
    told = await refused(served.apps.CreateKey(request, metadata=served.admin))
    assert told.reason == "INVALID_REQUEST"
    assert "app_id is required for BRIDGE and CLIENT keys" in told.message


async def test_no_key_is_made_for_or_listed_of_a_foreign_app(served: Served) -> None:
    made = pb.CreateKeyRequest(kind=access_pb2.KEY_KIND_CLIENT, app_id=FOREIGN_APP)
    assert (await refused(served.apps.CreateKey(made, metadata=served.admin))).reason == "APP_NOT_ALLOWED"
    listed = pb.ListKeysRequest(app_id=FOREIGN_APP)
    assert (await refused(served.apps.ListKeys(listed, metadata=served.admin))).reason == "APP_NOT_ALLOWED"


def usage(first: Date, last: Date) -> usage_service_pb2.GetMadUsageRequest:
    return usage_service_pb2.GetMadUsageRequest(app_id=APP, start_date=first, end_date=last)


async def test_M4_usage_is_told_for_every_day(served: Served) -> None:
    await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=served.client)
    request = usage(Date(year=2025, month=12, day=31), Date(year=2026, month=1, day=2))
    answer = await served.usage.GetMadUsage(request, metadata=served.key(KeyKind.PROFILE))
    assert [(day.date.day, day.counted) for day in answer.days] == [(31, 0), (1, 1), (2, 0)]
    assert (answer.distinct, answer.rolling_30_days) == (1, 1)


async def test_D4_the_usage_of_a_deleted_app_is_for_its_tenant_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "STALENESS", 0.0)
    await served.profiles.Register(ps.RegisterRequest(key=key()), metadata=served.client)
    await served.apps.DeleteApp(pb.DeleteAppRequest(app_id=APP, force=True), metadata=served.admin)
    request = usage(Date(year=2026, month=1, day=1), Date(year=2026, month=1, day=2))
    for kind in (KeyKind.ADMIN, KeyKind.PROFILE):
        answer = await served.usage.GetMadUsage(request, metadata=served.key(kind))
        assert [day.counted for day in answer.days] == [1, 0]
        assert (answer.distinct, answer.rolling_30_days) == (1, 1)
    told = await refused(served.usage.GetMadUsage(request, metadata=served.foreign))
    assert (told.reason, told.metadata) == ("APP_NOT_FOUND", {"app_id": APP})
    told = await refused(served.usage.GetMadUsage(request, metadata=served.client))
    assert told.code.name in {"UNAUTHENTICATED", "PERMISSION_DENIED"}
    for closed in (
        served.apps.GetApp(pb.GetAppRequest(app_id=APP), metadata=served.admin),
        served.apps.DeleteApp(pb.DeleteAppRequest(app_id=APP), metadata=served.admin),
        served.profiles.ListProfiles(ps.ListProfilesRequest(app_id=APP), metadata=served.admin),
    ):
        assert (await refused(closed)).reason == "APP_NOT_FOUND"


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (Date(year=2026, month=2), Date(year=2026, month=3, day=1), "start_date"),
        (Date(year=2026, month=2, day=1), Date(year=2026, month=2, day=30), "end_date"),
        (Date(year=2026, month=2, day=2), Date(year=2026, month=2, day=1), "end_date"),
        (Date(year=2026, month=2, day=2), Date(year=2027, month=12, day=1), "end_date"),
        (Date(year=9999, month=12, day=1), Date(year=9999, month=1, day=1), "end_date"),
    ],
)
async def test_a_range_that_is_none_is_refused(served: Served, first: Date, last: Date, field: str) -> None:
    told = await refused(served.usage.GetMadUsage(usage(first, last), metadata=served.admin))
    assert (told.code.name, told.reason, list(told.fields)) == ("INVALID_ARGUMENT", "INVALID_REQUEST", [field])


async def test_the_end_of_the_calendar_is_no_fault(served: Served) -> None:
    day = Date(year=9999, month=12, day=31)
    answer = await served.usage.GetMadUsage(usage(day, day), metadata=served.admin)
    assert len(answer.days) == 1
