"""`profile-grpc credential`, `app config` and `tenant contacts` (K)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.program import Commands
from tests.support import push_files as files


@pytest.fixture
def shop(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> Commands:
    monkeypatch.setenv("PROFILE_GRPC_SEAL_KEYS", f"k1:{'a1' * 32}")
    commands.succeed("migrate")
    commands.succeed("tenant", "create", "acme")
    commands.succeed("app", "create", "shop", "--tenant", "acme")
    return commands


def test_K1_a_certificate_is_uploaded_shown_and_deleted(shop: Commands, tmp_path: Path) -> None:
    key, now = files.rsa_key(), datetime.now(UTC)
    file, password = tmp_path / "push.p12", tmp_path / "password"
    file.write_bytes(files.p12(key, files.certificate(key, begin=now, end=now + timedelta(days=9))))
    password.write_text(f"{files.PASSWORD}\n")
    given = ("credential", "upload", "shop", str(file), "--kind", "apns-certificate", "--name", "ios")
    refused = shop(*given)
    assert refused.status == 1
    assert "WRONG_PASSWORD" in refused.err
    stored = json.loads(shop.succeed(*given, "--password-file", str(password), "--platform", "ios", "--json"))
    assert (stored["kind"], stored["state"], stored["topic"]) == ("APNS_CERTIFICATE", "CURRENT", files.BUNDLE_ID)
    assert (stored["platforms"], stored["environment"], stored["version"]) == (["IOS"], "PRODUCTION", 1)
    [listed] = json.loads(shop.succeed("credential", "list", "shop", "--json"))["credentials"]
    shown = json.loads(shop.succeed("credential", "show", "shop", stored["credential_id"], "--json"))
    assert listed == shown == stored
    assert files.BUNDLE_ID in shop.succeed("credential", "show", "shop", stored["credential_id"])
    assert "ios" in shop.succeed("credential", "list", "shop")
    shop.succeed("credential", "delete", "shop", stored["credential_id"], "--yes")
    assert json.loads(shop.succeed("credential", "list", "shop", "--json")) == {"credentials": []}


@pytest.mark.parametrize("kind", ["fcm-server-key", "fcm-service-account"])
def test_K1_a_legacy_key_is_refused_with_what_to_do(shop: Commands, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "key.txt"
    file.write_bytes(files.LEGACY_KEYS[0])
    outcome = shop("credential", "upload", "shop", str(file), "--kind", kind, "--name", "android")
    assert outcome.status == 1
    assert "service account" in outcome.err
    assert files.LEGACY_KEYS[0].decode() not in outcome.err


def test_K2_without_a_ring_it_says_what_to_do(shop: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROFILE_GRPC_SEAL_KEYS")
    outcome = shop("credential", "create-vapid", "shop", "--name", "web", "--subject", "mailto:a@example.com")
    assert (outcome.status, outcome.out) == (1, "")
    assert "PROFILE_GRPC_SEAL_KEYS" in outcome.err


def test_K5_the_configuration_of_an_sdk_is_a_file(shop: Commands, tmp_path: Path) -> None:
    public_key = shop.succeed(
        "credential", "create-vapid", "shop", "--name", "web", "--subject", "mailto:a@example.com"
    ).strip()
    shop.succeed(
        "app",
        "set",
        "shop",
        "--set",
        "push_app_ids=com.example.shop:FCM:ANDROID,com.example.ios:APNS:IOS,any:FCM",
        "--set",
        'web_push.firebase_web_config={"apiKey": "AIza", "messagingSenderId": "123"}',
    )
    found = {}
    for platform in ("ios", "android", "web"):
        file = tmp_path / f"{platform}.json"
        shop.succeed("app", "config", "shop", "--platform", platform, "-o", str(file))
        found[platform] = json.loads(file.read_text())
    assert [one["push_app_id"] for one in found["ios"]["push_app_ids"]] == ["com.example.ios", "any"]
    assert [one["push_app_id"] for one in found["android"]["push_app_ids"]] == ["com.example.shop", "any"]
    assert found["web"]["web_push"]["vapid_public_key"] == public_key
    assert found["android"]["web_push"] == {"sender_id": "123"}
    assert found["ios"]["heartbeat_interval"] == "1296000s"
    printed = json.loads(shop.succeed("app", "config", "shop", "--platform", "web"))
    assert printed == found["web"]


@pytest.mark.parametrize(
    "text",
    [
        "{apiKey: 1}",
        "[]",
        '{"type": "service_account", "private_key": "-----BEGIN"}',
        '{"apiKey": "AIza", "admin": [{"private_key": "-----BEGIN"}]}',
        '{"apiKey": "AIza", "key": "-----BEGIN EC PRIVATE KEY-----"}',
        '{"apiKey": "AIza", "serverKey": "AAAAeHAq3uc:APA91b' + "F" * 134 + '"}',
        '{"apiKey": "AIza", "messagingSenderId": null}',
        '{"apiKey": "AIza", "messagingSenderId": "\\ud800"}',
        '{"a": "' + "x" * 8192 + '"}',
    ],
)
def test_K5_what_is_no_web_config_is_refused(shop: Commands, text: str) -> None:
    outcome = shop("app", "set", "shop", "--set", f"web_push.firebase_web_config={text}")
    assert outcome.status == 2
    assert "web_push.firebase_web_config" in outcome.err


def test_K4_the_contacts_of_a_tenant(shop: Commands) -> None:
    assert "no contacts yet" in shop("tenant", "contacts", "acme", "list").err
    shop.succeed("tenant", "contacts", "acme", "add", "ops@example.com")
    shop.succeed("tenant", "contacts", "acme", "add", "ops@example.com")
    found = json.loads(shop.succeed("tenant", "contacts", "acme", "list", "--json"))
    assert found == {"contacts": ["ops@example.com"]}
    for wrong in ("ops", "a@b@c", "a b@example.com", "a@example.com, b@example.com", ""):
        assert shop("tenant", "contacts", "acme", "add", wrong).status == 2
    assert shop("tenant", "contacts", "globex", "add", "a@example.com").status == 1
    shop.succeed("tenant", "contacts", "acme", "remove", "ops@example.com")
    assert shop("tenant", "contacts", "acme", "remove", "ops@example.com").status == 1
