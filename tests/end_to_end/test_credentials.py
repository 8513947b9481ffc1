"""No private part of a credential is found anywhere, and reminders come once from real processes (K2, K4)."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from appprofile.v1 import app_service_pb2, app_service_pb2_grpc
from appprofile.v1 import credential_service_pb2 as pb
from appprofile.v1.credential_service_pb2_grpc import CredentialServiceStub
from profile_grpc.config import sqlite_path
from tests.cli.program import Server, environment, run_here
from tests.end_to_end.conftest import APP, Deployment
from tests.support import push_files as files
from tests.support.limits import wait_s

pytestmark = pytest.mark.slow

RING_KEY = "c0ffee" * 10 + "beef"
HMS_SECRET = "hms-secret-0123456789"
SITE = pb.VapidSite(subject="mailto:ops@example.com")


def _uploads() -> dict[str, dict[str, object]]:
    """One of every kind, and some that are refused."""
    key, now = files.rsa_key(), datetime.now(UTC)
    cert = files.certificate(key, begin=now - timedelta(days=1), end=now + timedelta(days=5))
    website = files.certificate(key, files.WEBSITE_ID, begin=now, end=now + timedelta(days=300))
    p12 = files.p12(key, cert)
    return {
        "fcm": {"fcm_service_account": pb.FcmServiceAccount(json=files.service_account())},
        "token": {
            "apns_token_key": pb.ApnsTokenKey(
                p8=files.pem(files.ec_key()), key_id="ABC123DEFG", team_id="TEAM123456", topic=files.BUNDLE_ID
            )
        },
        "ios": {"apns_certificate": pb.ApnsCertificate(file=p12, password=files.PASSWORD)},
        "safari": {
            "safari_certificate": pb.SafariCertificate(
                file=files.p12(key, website), password=files.PASSWORD, site_name="Shop", site_url="https://example.com"
            )
        },
        "web": {"vapid_key": pb.VapidKey(private_key=files.base64url_key(files.ec_key(1)), site=SITE)},
        "hms": {"hms_app": pb.HmsApp(hms_id="100", secret=HMS_SECRET)},
        "wrong password": {"apns_certificate": pb.ApnsCertificate(file=p12, password="another-secret-password")},
        "wrong key": {
            "apns_token_key": pb.ApnsTokenKey(
                p8=files.pem(files.rsa_key()), key_id="ABC123DEFG", team_id="TEAM123456", topic="a"
            )
        },
        "wrong account": {"fcm_service_account": pb.FcmServiceAccount(json=files.service_account(project_id=""))},
        "legacy": {"fcm_service_account": pb.FcmServiceAccount(json=files.LEGACY_KEYS[0])},
    }


def _secrets() -> set[bytes]:
    """What nobody may find: lines of keys in PEM, raw keys, passwords, and the key of the ring."""
    lines = {
        line
        for key in (files.rsa_key(), files.ec_key(), files.ec_key(1))
        for line in files.pem(key).splitlines()
        if len(line) > 40 and not line.startswith(b"-----")
    }
    raw = {key.private_numbers().private_value.to_bytes(32, "big") for key in (files.ec_key(), files.ec_key(1))}
    texts = {HMS_SECRET, files.PASSWORD, "another-secret-password", RING_KEY}
    return {
        *lines,
        *raw,
        *(text.encode() for text in texts),
        files.base64url_key(files.ec_key(1)),
        files.LEGACY_KEYS[0],
        bytes.fromhex(RING_KEY),
        b"PRIVATE KEY",
    }


def _command_lines() -> bytes:
    """Every process's."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:  # it has ended
            continue
    return b"\n".join(found)


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=wait_s()) as answer:  # noqa: S310 - our own server
        content: bytes = answer.read()
    return content


@pytest.mark.engines("sqlite")
async def test_K2_no_private_part_is_found_anywhere(deployment: Deployment) -> None:
    """In the database's file, logs, metrics, errors, answers, settings and the list of processes."""
    changes = {"PROFILE_GRPC_DATABASE_URL": deployment.url, "PROFILE_GRPC_SEAL_KEYS": f"k1:{RING_KEY}"}
    seen: list[bytes] = []
    admin = (("x-api-key", deployment.keys["admin"]),)
    with Server(["--port", "0", "--log-level", "debug", "--metrics-port", "0"], changes) as server:
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub, apps = CredentialServiceStub(channel), app_service_pb2_grpc.AppServiceStub(channel)
            stored, refused = 0, set()
            for name, material in _uploads().items():
                request = pb.UploadCredentialRequest(app_id=APP, display_name=name, **material)  # type: ignore[arg-type]
                call = asyncio.ensure_future(stub.UploadCredential(request, metadata=admin))
                while not call.done():
                    seen.append(await asyncio.to_thread(_command_lines))
                await asyncio.wait([call])
                error = call.exception()
                stored += error is None
                if isinstance(error, grpc.aio.AioRpcError):
                    refused.add(error.code())
                    seen.append(f"{error} {error.trailing_metadata()}".encode())
                else:
                    seen.append(str(call.result()).encode())
            assert refused == {grpc.StatusCode.INVALID_ARGUMENT}
            assert stored == 6
            listed = await stub.ListCredentials(pb.ListCredentialsRequest(app_id=APP), metadata=admin)
            assert len(listed.credentials) == 6
            config = await apps.GetSdkConfig(app_service_pb2.GetSdkConfigRequest(app_id=APP), metadata=admin)
            app = await apps.GetApp(app_service_pb2.GetAppRequest(app_id=APP), metadata=admin)
            seen += [str(one).encode() for one in (listed, config, app)]
        seen.append(await asyncio.to_thread(_read, server.metrics_url))
        outcome = run_here(["credential", "list", APP, "--json"], changes)
        seen += [outcome.out.encode(), run_here(["doctor"], changes).out.encode()]
        assert server.terminate() == 0
        seen += [server.log.encode(), "\n".join(server.said).encode()]
    path = sqlite_path(deployment.url)
    seen += [file.read_bytes() for file in path.parent.glob(f"{path.name}*")]
    whole = b"\n".join(seen)
    assert b"push_credential" in whole
    assert b"CredentialService/UploadCredential" in whole
    assert b"push_credentials.checking" in whole, "the processes were not seen at all"
    assert [secret[:12] for secret in _secrets() if secret in whole] == []
    assert json.loads(outcome.out)["credentials"]
    assert re.search(rb"ring:k1:", whole)


def test_the_search_would_find_them() -> None:
    """What is searched for is in the uploads."""
    whole = b"".join(
        bytes(part) if isinstance(part, bytes) else str(part).encode()
        for material in _uploads().values()
        for message in material.values()
        for _, part in message.ListFields()  # type: ignore[attr-defined]
    ).replace(b"\\n", b"\n")
    found = [secret for secret in _secrets() if secret in whole]
    assert len(found) > 10
    assert environment()["PROFILE_GRPC_HASH_KEY"]
