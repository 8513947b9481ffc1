"""`webhook set`: which filters it changes (E6)."""

import json
from typing import Any

import pytest

from tests.cli.program import Commands


def test_the_filters_of_a_webhook_are_set_and_removed(commands: Commands) -> None:
    """An app with the id `all` is an app like any other."""
    commands.succeed("migrate")
    commands.succeed("tenant", "create", "acme")
    for app_id in ("all", "shop"):
        commands.succeed("app", "create", app_id, "--tenant", "acme")
    address = ("https://example.com/hook", "--tenant", "acme")
    made = json.loads(commands.succeed("webhook", "create", *address, "--app", "shop", "--json"))

    def changed(*options: str) -> Any:
        found = json.loads(commands.succeed("webhook", "set", made["webhook_id"], *options, "--json"))
        return found["app_ids"], found["types"]

    assert changed("--app", "all", "--type", "erased") == (["all"], ["ERASED"])
    assert changed("--all-apps") == ([], ["ERASED"])
    assert changed("--app", "shop", "--all-types") == (["shop"], [])


@pytest.mark.parametrize("options", [("--app", "shop", "--all-apps"), ("--type", "ERASED", "--all-types")])
def test_a_filter_is_not_both_set_and_removed(commands: Commands, options: tuple[str, ...]) -> None:
    commands.succeed("migrate")
    assert "give either" in commands("webhook", "set", "w1", *options).err
