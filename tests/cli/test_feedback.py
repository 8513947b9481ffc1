"""`feedback`: what an operator sees of the breaker of push feedback, and says to it, on every engine (F8)."""

import json
from typing import Any

import pytest

from tests.cli import seeds
from tests.cli.program import Commands
from tests.cli.test_reaping import checks


@pytest.fixture
def shop(on_engine: Commands) -> Commands:
    """An app that may lose one endpoint an hour, with three devices."""
    on_engine.succeed("tenant", "create", "acme")
    limit = ("--set", "feedback_breaker.minimum=1", "--set", "feedback_breaker.percent=0")
    on_engine.succeed("app", "create", "shop", "--tenant", "acme", *limit)
    seeds.register(on_engine.url, "shop", ["a", "b", "c"], seeds.ago(1))
    return on_engine


def breaker(commands: Commands, verb: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(commands.succeed("feedback", verb, "shop", "--json"))
    return shown


def report(commands: Commands, *devices: str) -> list[str]:
    return seeds.feedback(commands.url, "shop", devices, minimum=1)


def test_show_prints_the_numbers_and_whether_the_breaker_holds(shop: Commands) -> None:
    """F8."""
    assert breaker(shop, "show") == {
        "app_id": "shop",
        "held": False,
        "held_time": None,
        "go_until": None,
        "stop_time": None,
        "lost_in_the_last_hour": 0,
        "limit": 1,
        "endpoints": 3,
    }
    assert report(shop, "a", "b") == ["ENDPOINT_INVALIDATED", "HELD"]
    shown = breaker(shop, "show")
    assert (shown["held"], shown["lost_in_the_last_hour"], shown["endpoints"]) == (True, 1, 2)
    assert "holds since" in shop.succeed("feedback", "show", "shop")
    mend, found = checks(shop)
    assert "feedback breaker" in mend
    assert "profile-grpc feedback go shop" in found["feedback breaker"]["mend"]


def test_go_lets_dead_items_act_and_stop_holds_them(shop: Commands) -> None:
    """F8."""
    report(shop, "a", "b")
    assert breaker(shop, "go")["go_until"] is not None
    assert report(shop, "b") == ["ENDPOINT_INVALIDATED"]
    assert "feedback breaker" not in checks(shop)[0]
    stopped = breaker(shop, "stop")
    assert (stopped["held"], stopped["go_until"]) == (True, None)
    assert report(shop, "c") == ["HELD"]
    assert "stopped by an operator" in shop.succeed("feedback", "show", "shop")
    shop.succeed("feedback", "go", "shop")
    assert report(shop, "c") == ["ENDPOINT_INVALIDATED"]


@pytest.mark.parametrize("verb", ["show", "go", "stop"])
def test_a_missing_app_is_an_error_of_one_line(shop: Commands, verb: str) -> None:
    outcome = shop("feedback", verb, "none")
    assert outcome.status == 1
    assert "none" in outcome.err
