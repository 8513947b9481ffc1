"""CredentialService, and what SDKs get of it, over the wire (K)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from google.protobuf.message import Message

from appprofile.v1 import app_service_pb2 as app_pb
from appprofile.v1 import credential_service_pb2 as pb
from appprofile.v1 import profile_pb2
from profile_grpc.domain.settings import WebPushSettings
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.service.vault import Vault, row_of
from tests.support import push_files as files
from tests.support.domain import T0
from tests.transport.grpc.support import APP, FOREIGN_APP, SEAL_KEYS, Served, refused

SITE = pb.VapidSite(subject="mailto:ops@example.com")


def certificate(days: float = 355, number: int = 0) -> pb.ApnsCertificate:
    key = files.rsa_key(number)
    cert = files.certificate(key, begin=T0 - timedelta(days=1), end=T0 + timedelta(days=days))
    return pb.ApnsCertificate(file=files.p12(key, cert), password=files.PASSWORD)


def service_account() -> pb.FcmServiceAccount:
    return pb.FcmServiceAccount(json=files.service_account())


def every_kind() -> dict[str, Message]:
    key = files.rsa_key()
    safari = files.p12(key, files.certificate(key, files.WEBSITE_ID, begin=T0, end=T0 + timedelta(days=300)))
    return {
        "fcm_service_account": service_account(),
        "apns_token_key": pb.ApnsTokenKey(
            p8=files.pem(files.ec_key()), key_id="ABC123DEFG", team_id="TEAM123456", topic=files.BUNDLE_ID
        ),
        "apns_certificate": certificate(),
        "safari_certificate": pb.SafariCertificate(
            file=safari, password=files.PASSWORD, site_name="Shop", site_url="https://shop.example.com"
        ),
        "vapid_key": pb.VapidKey(private_key=files.base64url_key(files.ec_key()), site=SITE),
        "hms_app": pb.HmsApp(hms_id="100", secret="hms-secret-0123456789"),
    }


async def upload(served: Served, name: str = "ios", **given: object) -> pb.Credential:
    request = pb.UploadCredentialRequest(app_id=APP, display_name=name, **given)  # type: ignore[arg-type]
    answer = await served.credentials.UploadCredential(request, metadata=served.admin)
    return answer.credential


async def listed(served: Served) -> list[pb.Credential]:
    answer = await served.credentials.ListCredentials(pb.ListCredentialsRequest(app_id=APP), metadata=served.admin)
    return list(answer.credentials)


async def test_K1_every_kind_is_stored_and_shown_without_its_private_part(served: Served) -> None:
    """K3. And what is stored opens with the ring, for a sender."""
    for number, (kind, material) in enumerate(every_kind().items(), 1):
        stored = await upload(
            served, kind, platforms=[profile_pb2.PLATFORM_IOS], push_app_ids=["com.example.shop"], **{kind: material}
        )
        assert (stored.kind, stored.version, stored.state) == (number, 1, pb.CREDENTIAL_STATE_CURRENT)
        assert (stored.app_id, list(stored.platforms), list(stored.push_app_ids)) == (APP, [2], ["com.example.shop"])
        assert stored.fingerprint
        got = await served.credentials.GetCredential(
            pb.GetCredentialRequest(app_id=APP, credential_id=stored.credential_id), metadata=served.admin
        )
        assert got.credential == stored
    assert {one.display_name for one in await listed(served)} == set(every_kind())
    vault = Vault(SEAL_KEYS)
    for one in await served.backend.store.credentials.of_app(APP):
        private = vault.open(one.sealed, row_of("push_credential", APP, one.credential_id))
        assert {"private_key", "app_secret"} & set(json.loads(private))


async def test_K1_versions_of_a_name(served: Served) -> None:
    first = await upload(served, apns_certificate=certificate(20))
    second = await upload(served, apns_certificate=certificate(10, number=1))
    third = await upload(served, apns_token_key=every_kind()["apns_token_key"])
    other = await upload(served, "vapid", vapid_key=every_kind()["vapid_key"])
    assert [one.version for one in (first, second, third, other)] == [1, 2, 3, 1]
    states = [(one.display_name, one.version, pb.CredentialState.Name(one.state)[17:]) for one in await listed(served)]
    assert states == [
        ("ios", 3, "CURRENT"),
        ("ios", 2, "SUPERSEDED"),
        ("ios", 1, "SUPERSEDED"),
        ("vapid", 1, "CURRENT"),
    ]
    served.backend.clock.advance(timedelta(days=11))
    assert [one.state for one in await listed(served)][:3] == [1, 3, 2]


async def test_K1_an_upload_may_be_repeated(served: Served) -> None:
    """What the newest version holds already is not another version."""
    account = service_account()
    first = await upload(served, "fcm", fcm_service_account=account)
    assert await upload(served, "fcm", fcm_service_account=account) == first
    changed = await upload(served, "fcm", fcm_service_account=account, platforms=[profile_pb2.PLATFORM_ANDROID])
    assert changed.version == 2
    assert len(await listed(served)) == 2


async def test_K1_a_name_is_for_one_provider(served: Served) -> None:
    await upload(served, apns_certificate=certificate())
    told = await refused(upload(served, fcm_service_account=service_account()))
    assert (told.code.name, told.reason, told.metadata) == (
        "FAILED_PRECONDITION",
        "PUSH_CREDENTIAL_NAME_TAKEN",
        {"app_id": APP, "kind": "APNS_CERTIFICATE"},
    )


async def test_K3_what_cannot_be_used_is_refused(served: Served) -> None:
    wrong = certificate()
    wrong.password = "a guess"
    told = await refused(upload(served, apns_certificate=wrong))
    assert (told.code.name, told.reason, told.metadata, list(told.fields)) == (
        "INVALID_ARGUMENT",
        "PUSH_CREDENTIAL_INVALID",
        {"fields": "apns_certificate.password", "problem": "WRONG_PASSWORD"},
        ["apns_certificate.password"],
    )
    assert "a guess" not in told.text
    expired = await refused(upload(served, apns_certificate=certificate(0)))
    assert expired.metadata["problem"] == "EXPIRED"
    legacy = await refused(upload(served, fcm_service_account=pb.FcmServiceAccount(json=files.LEGACY_KEYS[0])))
    assert (legacy.code.name, legacy.reason) == ("INVALID_ARGUMENT", "LEGACY_CREDENTIAL")
    assert "June 2024" in legacy.message
    assert not await listed(served)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": ""},
        {"fcm_service_account": pb.FcmServiceAccount()},
        {"fcm_service_account": pb.FcmServiceAccount(json=b"x" * 65_537)},
        {"apns_token_key": pb.ApnsTokenKey(p8=b"x", key_id="short", team_id="TEAM123456", topic="a")},
        {"vapid_key": pb.VapidKey(private_key=b"x")},
        {"vapid_key": pb.VapidKey(private_key=b"x", site=pb.VapidSite(subject="ops@example.com"))},
        {"hms_app": pb.HmsApp(hms_id="x", secret="s")},
    ],
)
async def test_K1_the_shape_of_an_upload(served: Served, given: dict[str, object]) -> None:
    told = await refused(upload(served, **given))  # type: ignore[arg-type]
    assert (told.code.name, told.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


async def test_K1_an_app_has_up_to_100(served: Served) -> None:
    await upload(served, "hms", hms_app=pb.HmsApp(hms_id="0", secret="s"))
    [stored] = await served.backend.store.credentials.of_app(APP)
    for version in range(2, 101):
        await served.backend.store.credentials.add(replace(stored, credential_id=f"c{version}", version=version))
    told = await refused(upload(served, "hms", hms_app=pb.HmsApp(hms_id="100", secret="s")))
    assert (told.code.name, told.reason, told.metadata) == (
        "FAILED_PRECONDITION",
        "TOO_MANY_PUSH_CREDENTIALS",
        {"app_id": APP, "limit": "100"},
    )


async def test_K1_a_credential_is_deleted(served: Served) -> None:
    stored = await upload(served, hms_app=every_kind()["hms_app"])
    request = pb.DeleteCredentialRequest(app_id=APP, credential_id=stored.credential_id)
    await served.credentials.DeleteCredential(request, metadata=served.admin)
    for call in (
        served.credentials.DeleteCredential(request, metadata=served.admin),
        served.credentials.GetCredential(
            pb.GetCredentialRequest(app_id=APP, credential_id=stored.credential_id), metadata=served.admin
        ),
    ):
        told = await refused(call)
        assert (told.code.name, told.reason) == ("NOT_FOUND", "PUSH_CREDENTIAL_NOT_FOUND")
    request.allow_missing = True
    await served.credentials.DeleteCredential(request, metadata=served.admin)


async def test_K1_a_credential_of_another_app_is_not_found(served: Served) -> None:
    stored = await upload(served, hms_app=every_kind()["hms_app"])
    request = pb.GetCredentialRequest(app_id=FOREIGN_APP, credential_id=stored.credential_id)
    told = await refused(served.credentials.GetCredential(request, metadata=served.foreign))
    assert told.reason == "PUSH_CREDENTIAL_NOT_FOUND"


async def test_K2_without_a_ring_uploads_are_refused_and_the_rest_works(served: Served) -> None:
    stored = await upload(served, hms_app=every_kind()["hms_app"])
    served.backend.services.vault.keys = {}
    create = pb.CreateVapidKeyRequest(app_id=APP, display_name="web", site=SITE)
    for call in (
        upload(served, "fcm", fcm_service_account=service_account()),
        served.credentials.CreateVapidKey(create, metadata=served.admin),
    ):
        told = await refused(call)
        assert (told.code.name, told.reason) == ("FAILED_PRECONDITION", "SEALING_NOT_CONFIGURED")
        assert "PROFILE_GRPC_SEAL_KEYS" in told.message
    assert await listed(served) == [stored]
    request = pb.DeleteCredentialRequest(app_id=APP, credential_id=stored.credential_id)
    await served.credentials.DeleteCredential(request, metadata=served.admin)


async def config(served: Served, etag: str = "") -> app_pb.GetSdkConfigResponse:
    request = app_pb.GetSdkConfigRequest(app_id=APP, etag=etag)
    return await served.apps.GetSdkConfig(request, metadata=served.key(KeyKind.CLIENT))


async def test_K5_the_sdk_gets_the_public_parts(served: Served) -> None:
    firebase = '{"apiKey": "AIza", "messagingSenderId": "123456789"}'
    web_push = WebPushSettings("https://shop.example.com", "https://shop.example.com/i.png", firebase)
    await served.backend.set(web_push=web_push)
    create = pb.CreateVapidKeyRequest(app_id=APP, display_name="web", site=SITE)
    made = (await served.credentials.CreateVapidKey(create, metadata=served.admin)).credential
    assert (made.kind, made.subject) == (pb.CREDENTIAL_KIND_VAPID_KEY, "mailto:ops@example.com")
    got = (await config(served)).web_push
    assert got == app_pb.WebPushConfig(
        site_url="https://shop.example.com",
        icon_url="https://shop.example.com/i.png",
        vapid_public_key=made.public_key,
        vapid_key_id=made.credential_id,
        firebase_web_config=firebase,
        sender_id="123456789",
    )
    site = pb.VapidSite(subject="https://ops.example.com", site_url="https://m.example.com")
    create = pb.CreateVapidKeyRequest(app_id=APP, display_name="web", site=site)
    newer = (await served.credentials.CreateVapidKey(create, metadata=served.admin)).credential
    got = (await config(served)).web_push
    assert (newer.version, got.vapid_key_id, got.site_url) == (2, newer.credential_id, "https://m.example.com")
    assert got.icon_url == "https://shop.example.com/i.png"


async def test_K5_an_sdk_that_polls_is_answered_cheaply(served: Served) -> None:
    first = await config(served)
    assert first.etag
    assert not first.not_modified
    again = await config(served, first.etag)
    assert again == app_pb.GetSdkConfigResponse(etag=first.etag, not_modified=True)
    await served.backend.set(server_side_inbox=True)
    changed = await config(served, first.etag)
    assert changed.server_side_inbox
    assert changed.etag != first.etag
    create = pb.CreateVapidKeyRequest(app_id=APP, display_name="web", site=SITE)
    await served.credentials.CreateVapidKey(create, metadata=served.admin)
    assert (await config(served, changed.etag)).web_push.vapid_public_key


async def test_K5_another_process_has_a_new_key_within_seconds(served: Served) -> None:
    """The key is remembered for 5 seconds."""
    before = await config(served)
    row = await upload(served, "web", vapid_key=every_kind()["vapid_key"])
    [stored] = await served.backend.store.credentials.of_app(APP)
    await served.credentials.DeleteCredential(
        pb.DeleteCredentialRequest(app_id=APP, credential_id=row.credential_id), metadata=served.admin
    )
    assert (await config(served, before.etag)).not_modified
    await served.backend.store.credentials.add(stored)  # by another process
    assert (await config(served, before.etag)).not_modified
    served.backend.clock.advance(timedelta(seconds=5))
    assert (await config(served, before.etag)).web_push.vapid_key_id == row.credential_id
