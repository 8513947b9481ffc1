"""`reap` and what `doctor` says of the reaper, on every engine."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.cli import seeds
from tests.cli.program import Commands


@pytest.fixture
def shop(on_engine: Commands) -> Commands:
    """An app with one profile that is alive and three that are long inactive."""
    on_engine.succeed("tenant", "create", "acme")
    on_engine.succeed("app", "create", "shop", "--tenant", "acme")
    seeds.register(on_engine.url, "shop", ["old1", "old2", "old3"], seeds.ago(100))
    seeds.register(on_engine.url, "shop", ["new"], seeds.ago(1))
    return on_engine


def devices(commands: Commands) -> list[str]:
    listed = json.loads(commands.succeed("profile", "list", "shop", "--json"))
    return [profile["key"]["device_id"] for profile in listed["profiles"]]


def checks(commands: Commands) -> tuple[set[str], dict[str, Any]]:
    """What must be fixed, and every finding."""
    outcome = commands("doctor", "--json")
    found = {check["check"]: check for check in json.loads(outcome.out)["checks"]}
    mend = {name for name, check in found.items() if check["verdict"] == "mend"}
    assert outcome.status == bool(mend)
    return mend - {"fsync"}, found  # which the tests' PostgreSQL leaves off, for speed


def test_a_dry_run_prints_what_is_due_and_changes_nothing(shop: Commands) -> None:
    """P7."""
    whole = json.loads(shop.succeed("reap", "--dry-run", "--json"))
    assert whole["clock_held"] is False
    apps = whole["apps"]
    assert [(app["app_id"], app["due"], app["held"]) for app in apps] == [("shop", 3, False)]
    assert sum(apps[0]["expiring"].values()) == 4
    assert "due now" in shop.succeed("reap", "--dry-run", "--app", "shop")
    assert len(devices(shop)) == 4


def test_a_pass_deletes_what_is_due(shop: Commands) -> None:
    """P1."""
    report = json.loads(shop.succeed("reap", "--json"))
    assert report["reaped"] == {"shop": 3}
    assert report["held"] == []
    assert devices(shop) == ["new"]
    assert "no inactive profile was deleted" in shop("reap").err


def test_where_the_breaker_holds_the_status_is_1_until_an_operator_says_go(shop: Commands) -> None:
    """P6."""
    shop.succeed("app", "set", "shop", "--set", "reaper_breaker.minimum=2", "--set", "reaper_breaker.percent=0")
    outcome = shop("reap", "--json")
    assert outcome.status == 1
    assert json.loads(outcome.out)["held"] == [{"app_id": "shop", "due_at_least": 3, "limit": 2}]
    assert "profile-grpc reap --app shop --confirm" in outcome.err
    assert len(devices(shop)) == 4

    mend, found = checks(shop)
    assert mend == {"breaker"}
    assert "--confirm" in found["breaker"]["mend"]

    shop.succeed("reap", "--app", "shop", "--confirm")
    assert devices(shop) == ["new"]
    assert checks(shop)[0] == set()


def assert_dry_run_holds(commands: Commands) -> None:
    """P7: a dry run tells that the clock would hold."""
    assert json.loads(commands.succeed("reap", "--dry-run", "--json"))["clock_held"] is True
    assert "the clock is more than 7 days ahead" in commands("reap", "--dry-run").err


def test_a_clock_that_jumped_holds_everywhere_until_an_operator_says_go(on_engine: Commands) -> None:
    """P6: the newest sign of life is too long ago to believe the clock."""
    on_engine.succeed("tenant", "create", "acme")
    on_engine.succeed("app", "create", "shop", "--tenant", "acme")
    seeds.register(on_engine.url, "shop", ["old"], seeds.ago(100))
    assert_dry_run_holds(on_engine)  # before the hold is stored
    outcome = on_engine("reap", "--json")
    assert_dry_run_holds(on_engine)  # and after
    assert outcome.status == 1
    assert json.loads(outcome.out)["clock_held"] is True
    assert "the clock is more than 7 days ahead" in outcome.err
    assert checks(on_engine)[0] == {"reaper"}
    on_engine.succeed("reap", "--confirm")
    assert devices(on_engine) == []
    mend, found = checks(on_engine)
    assert (mend, found["reaper"]["verdict"]) == (set(), "ok")


def test_reap_waits_for_the_lease(shop: Commands) -> None:
    """P5: one process works at a time."""
    seeds.take_lease(shop.url, timedelta(seconds=1))
    shop.succeed("reap")
    assert devices(shop) == ["new"]


def test_reap_that_waited_in_vain_says_so(shop: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """P5."""
    monkeypatch.setattr("profile_grpc.cli.reaping.LEASE_PATIENCE", 0.0)
    seeds.take_lease(shop.url, timedelta(minutes=1))
    outcome = shop("reap")
    assert outcome.status == 1
    assert "another process is still reaping" in outcome.error_line
    assert checks(shop)[1]["lease"]["detail"].startswith("held: a process is reaping")
