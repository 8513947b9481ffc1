"""`profile-grpc recipients` and `explain`."""

import json

import pytest

from tests.cli import seeds
from tests.cli.program import Commands


@pytest.fixture
def shop(commands: Commands) -> Commands:
    commands.succeed("migrate")
    commands.succeed("tenant", "create", "acme")
    commands.succeed("app", "create", "shop", "--tenant", "acme")
    seeds.register(commands.url, "shop", ["d0", "d1"], seeds.ago(1))
    return commands


def test_everyone_must_be_said(shop: Commands) -> None:
    """T2."""
    for command in ("count", "list"):
        outcome = shop("recipients", command, "shop")
        assert outcome.status == 2
        assert "--everyone" in outcome.err


def test_recipients_are_counted_and_listed(shop: Commands) -> None:
    """T1, T6."""
    counted = json.loads(shop.succeed("recipients", "count", "shop", "--everyone", "--channel", "IN_APP", "--json"))
    assert counted["recipients"] == 2
    listed = shop.succeed("recipients", "list", "shop", "--everyone", "--channel", "IN_APP", "--json").splitlines()
    assert [json.loads(one)["device_id"] for one in listed] == ["d0", "d1"]
    shown = shop.succeed("recipients", "list", "shop", "--user", "u-d0", "--user", "nobody")
    assert seeds.TOKEN not in shown
    assert "d0" in shown
    assert f"{seeds.TOKEN}-d0" in shop.succeed("recipients", "list", "shop", "--everyone", "--show-tokens", "--json")
    assert "FCM" in shop.succeed("recipients", "count", "shop", "--everyone")


def test_an_invalid_filter_is_an_error_of_one_line(shop: Commands) -> None:
    """T3."""
    outcome = shop("recipients", "count", "shop", "--everyone", "--filter", "colour = red")
    assert outcome.status == 1
    assert "column 1" in outcome.error_line


def test_explain_says_why(shop: Commands) -> None:
    """T5."""
    found = json.loads(shop.succeed("explain", "shop", "nobody", "--json"))
    assert found["verdicts"][0]["reasons"] == ["UNKNOWN"]
    assert "UNKNOWN" in shop.succeed("explain", "shop", "nobody")
    assert shop("explain", "shop").status == 2
