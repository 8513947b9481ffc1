"""Tenants, apps, keys and profiles from the command line, on every engine."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli import seeds
from tests.cli.program import Commands

KEY = re.compile(r"apk_[a-z0-9]{12}_[A-Za-z0-9_-]{43}\n\Z")


@pytest.fixture
def shop(on_engine: Commands) -> Commands:
    """A database with the app `shop` of the tenant `acme`."""
    on_engine.succeed("tenant", "create", "acme")
    on_engine.succeed("app", "create", "shop", "--tenant", "acme")
    return on_engine


def in_json(commands: Commands, *arguments: str) -> Any:
    return json.loads(commands.succeed(*arguments, "--json"))


def test_migrate_can_be_repeated(on_engine: Commands) -> None:
    first, again = in_json(on_engine, "migrate"), in_json(on_engine, "migrate")
    assert first == again
    assert first["revision"]


def test_tenants_are_created_once_and_listed(on_engine: Commands) -> None:
    assert "no tenants yet" in on_engine("tenant", "list").err
    on_engine.succeed("tenant", "create", "acme")
    outcome = on_engine("tenant", "create", "acme")
    assert outcome.status == 1
    assert "the tenant 'acme' already exists" in outcome.error_line
    assert [tenant["tenant_id"] for tenant in in_json(on_engine, "tenant", "list")["tenants"]] == ["acme"]


def test_an_app_keeps_what_was_set(shop: Commands) -> None:
    shop.succeed(
        "app", "set", "shop", "--set", "inactivity_period=60d", "--set", "channels=PUSH", "--display-name", "Shop"
    )
    shop.succeed("app", "set", "shop", "--set", "in_app.use_secured_port=false")
    shown = in_json(shop, "app", "show", "shop")
    assert shown["display_name"] == "Shop"
    assert shown["settings"]["inactivity_period"] == "5184000s"
    assert shown["settings"]["channels"] == ["PUSH"]
    assert shown["settings"]["in_app"]["use_secured_port"] is False
    assert re.search(r"inactivity_period +60d", shop.succeed("app", "show", "shop"))


def test_settings_that_contradict_each_other_are_refused_with_nothing_written(shop: Commands) -> None:
    """P1: the inactivity period is longer than the heartbeat interval."""
    outcome = shop("app", "set", "shop", "--set", "inactivity_period=10d", "--set", "channels=PUSH")
    assert outcome.status == 2
    assert "inactivity_period" in outcome.error_line
    assert len(in_json(shop, "app", "show", "shop")["settings"]["channels"]) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("app show nowhere", "no app 'nowhere'"),
        ("app set nowhere --set channels=PUSH", "no app 'nowhere'"),
        ("app delete nowhere", "no app 'nowhere'"),
        ("app create shop --tenant acme", "'shop' is taken"),
        ("app create other --tenant nobody", "no tenant 'nobody'"),
        ("app list --tenant nobody", "no tenant 'nobody'"),
        ("key create --tenant nobody --kind admin", "no tenant 'nobody'"),
        ("key create --tenant acme --kind client --app nowhere", "no app 'nowhere'"),
        ("key create --tenant zeta --kind client --app shop", "tenant 'zeta' has no app 'shop'"),
        ("key list --tenant nobody", "no tenant 'nobody'"),
        ("key revoke nokey", "no key 'nokey'"),
        ("reap --app nowhere", "no app 'nowhere'"),
        ("reap --app nowhere --dry-run", "no app 'nowhere'"),
        ("mad nowhere", "no app 'nowhere'"),
        ("profile get shop u d", "no such profile"),
        ("profile list nowhere", "no app 'nowhere'"),
        ("profile delete shop --user u --device d", "no such profile"),
    ],
)
def test_a_missing_object_is_an_error_of_one_line_with_status_1(arguments: str, says: str, shop: Commands) -> None:
    """Status 2 is kept for wrong usage."""
    shop.succeed("tenant", "create", "zeta")
    outcome = shop(*arguments.split())
    assert outcome.status == 1
    assert says in outcome.error_line


def test_a_key_is_printed_alone_and_once(shop: Commands) -> None:
    """Scripts can take stdout as the key; no later command shows its secret."""
    outcome = shop("key", "create", "--tenant", "acme", "--kind", "client", "--app", "shop")
    assert outcome.status == 0
    assert KEY.match(outcome.out)
    secret = outcome.out.strip().split("_", 2)[2]
    assert secret not in outcome.err
    listed = shop.succeed("key", "list") + shop.succeed("key", "list", "--json")
    assert secret not in listed


def test_a_key_has_a_label_and_an_end(shop: Commands) -> None:
    create = ("key", "create", "--tenant", "acme", "--kind", "admin")
    made = in_json(shop, *create, "--label", "Ann's laptop", "--expires", "2099-12-31")
    assert (made["label"], made["expire_time"], made["last_used_day"]) == (
        "Ann's laptop",
        "2100-01-01T00:00:00Z",
        None,
    )
    assert in_json(shop, *create)["expire_time"] is None
    assert in_json(shop, *create, "--expires", "90d")["expire_time"] > made["create_time"]
    assert "Ann's laptop" in shop.succeed("key", "list")
    for wrong, says in (("soon", "2027-01-31"), ("2000-01-01", "expire_time must be in the future")):
        outcome = shop(*create, "--expires", wrong)
        assert (outcome.status, says in outcome.error_line) == (2, True)
    assert shop(*create, "--label", "x" * 129).status == 2


def test_keys_are_listed_by_tenant_and_app_and_revoked(shop: Commands) -> None:
    shop.succeed("tenant", "create", "zeta")
    created = [
        in_json(shop, "key", "create", "--tenant", "acme", "--kind", "admin"),
        in_json(shop, "key", "create", "--tenant", "acme", "--kind", "bridge", "--app", "shop"),
        in_json(shop, "key", "create", "--tenant", "zeta", "--kind", "profile"),
    ]
    admin, bridge, profile = (key["key_id"] for key in created)
    assert created[1]["app_id"] == "shop"
    assert created[0]["secret"].startswith(f"apk_{admin}_")

    def ids(*arguments: str) -> set[str]:
        return {key["key_id"] for key in in_json(shop, "key", "list", *arguments)["keys"]}

    assert ids() == {admin, bridge, profile}
    assert ids("--tenant", "acme") == {admin, bridge}
    assert ids("--app", "shop") == {bridge}
    assert in_json(shop, "key", "revoke", profile)["revoke_time"] is not None
    assert ids("--tenant", "zeta") == {profile}


def test_a_profile_is_shown_without_its_token_unless_asked(shop: Commands) -> None:
    """Push tokens are secrets, also in lists and in JSON."""
    seeds.register(shop.url, "shop", ["d1"], seeds.ago(1))
    for command in (["get", "shop", "u-d1", "d1"], ["list", "shop"]):
        for form in ([], ["--json"]):
            outcome = shop("profile", *command, *form)
            assert outcome.status == 0
            assert "FCM" in outcome.out
            assert seeds.TOKEN not in outcome.out + outcome.err
            assert seeds.TOKEN in shop.succeed("profile", *command, *form, "--show-tokens")


def test_profiles_are_listed_by_filter_and_limit(shop: Commands) -> None:
    seeds.register(shop.url, "shop", ["d1", "d2", "d3"], seeds.ago(1))

    def devices(*arguments: str) -> list[str]:
        return [p["key"]["device_id"] for p in in_json(shop, "profile", "list", "shop", *arguments)["profiles"]]

    assert devices() == ["d1", "d2", "d3"]
    assert devices("--user", "u-d2") == ["d2"]
    assert devices("--device", "d3", "--platform", "android", "--status", "active") == ["d3"]
    assert devices("--platform", "IOS") == []
    limited = in_json(shop, "profile", "list", "shop", "--limit", "2")
    assert len(limited["profiles"]) == 2
    assert limited["more"] is True
    assert in_json(shop, "profile", "list", "shop", "--limit", "3")["more"] is False


def test_a_profile_is_deleted_through_the_write_path(shop: Commands) -> None:
    """D2: gone at once; D3: the tombstone tells a heartbeat why."""
    seeds.register(shop.url, "shop", ["d1", "d2"], seeds.ago(1))
    deleted = in_json(shop, "profile", "delete", "shop", "--user", "u-d1", "--device", "d1")
    assert deleted == {"deleted": [{"app_id": "shop", "user_id": "u-d1", "device_id": "d1"}]}
    assert shop("profile", "get", "shop", "u-d1", "d1").status == 1
    again = shop("profile", "delete", "shop", "--user", "u-d1", "--all-devices", "--allow-missing")
    assert again.status == 0


def test_an_app_with_profiles_goes_by_force_only(shop: Commands) -> None:
    """D4."""
    seeds.register(shop.url, "shop", ["d1"], seeds.ago(1))
    outcome = shop("app", "delete", "shop")
    assert outcome.status == 1
    assert "still has profiles" in outcome.error_line
    shop.succeed("app", "delete", "shop", "--force")
    assert in_json(shop, "app", "list") == {"apps": []}


def test_mad_counts_each_device_once(shop: Commands) -> None:
    """M4."""
    at = seeds.ago(3)
    seeds.register(shop.url, "shop", ["d1", "d2"], at)
    day = at.date().isoformat()
    report = in_json(shop, "mad", "shop")
    assert len(report["days"]) == 30
    assert {"date": day, "counted": 2} in report["days"]
    assert (report["distinct"], report["rolling_30_days"]) == (2, 2)
    assert in_json(shop, "mad", "shop", "--from", day, "--to", day)["days"] == [{"date": day, "counted": 2}]
    backwards = shop("mad", "shop", "--from", "2026-02-01", "--to", "2026-01-01")
    assert backwards.status == 2
    assert "end on or after its start" in backwards.error_line
    shop.succeed("app", "delete", "shop", "--force")
    assert in_json(shop, "mad", "shop") == report  # D4
    unknown = shop("mad", "shopp")
    assert unknown.status == 1
    assert "There is no app 'shopp'" in unknown.error_line


def test_a_newer_schema_is_refused_by_every_command(commands: Commands, tmp_path: Path) -> None:
    """An old program must not write what a newer one understands otherwise."""
    commands.succeed("migrate")
    with closing(sqlite3.connect(tmp_path / "profiles.db")) as connection, connection:
        connection.execute("UPDATE schema_revision SET version_num = '9999', oldest_program = '9999'")
    for command in (["migrate"], ["tenant", "list"], ["reap"], ["app", "create", "shop", "--tenant", "acme"]):
        outcome = commands(*command)
        assert outcome.status == 1
        assert "9999 is newer than this program can use" in outcome.error_line
