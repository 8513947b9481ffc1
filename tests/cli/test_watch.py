"""`watch`: events as JSON Lines, from a server's database (E4)."""

import asyncio
import json
from typing import Any

from profile_grpc.domain.hashing import Hasher
from profile_grpc.store import open_store
from tests.cli import seeds
from tests.cli.program import HASH_KEY, Commands


def give_positions(url: str) -> None:
    """What a running server's sequencer does."""

    async def run() -> None:
        store = await open_store(url, hasher=Hasher(bytes.fromhex(HASH_KEY)))
        head = await store.events.take_over("ab" * 8)
        await store.events.assign(head, seeds.ago(0))
        await store.close()

    asyncio.run(run())


def watched(commands: Commands, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in commands.succeed("watch", "shop", "--once", *options).splitlines()]


def test_events_are_lines_that_can_be_resumed_after(on_engine: Commands) -> None:
    """E4: each line has the token with which the next watch goes on after it."""
    on_engine.succeed("tenant", "create", "acme")
    on_engine.succeed("app", "create", "shop", "--tenant", "acme")
    assert watched(on_engine, "--from-oldest") == []
    seeds.register(on_engine.url, "shop", ["a", "b", "c"], seeds.ago(1))
    give_positions(on_engine.url)
    found = watched(on_engine, "--from-oldest")
    assert [(one["type"], one["version"], one["position"]) for one in found] == [
        ("PROFILE_CREATED", 1, position) for position in (1, 2, 3)
    ]
    assert found[0].keys() >= {"event_id", "app_id", "user_id", "device_id", "customer_id", "reason", "time"}
    assert watched(on_engine, "--resume-token", found[0]["resume_token"]) == found[1:]
    assert watched(on_engine, "--resume-token", found[2]["resume_token"]) == []
    assert watched(on_engine) == []
    assert watched(on_engine, "--from-oldest", "--type", "PROFILE_DELETED") == []
    on_engine.succeed("app", "delete", "shop", "--force", "--yes")
    assert len(watched(on_engine, "--from-oldest")) == 3, "also of an app that is deleted"


def test_what_cannot_be_watched_is_an_error(commands: Commands) -> None:
    commands.succeed("migrate")
    assert "no app" in commands("watch", "shop").error_line
    commands.succeed("tenant", "create", "acme")
    commands.succeed("app", "create", "shop", "--tenant", "acme")
    assert "resume token" in commands("watch", "shop", "--resume-token", "x").error_line
    both = commands("watch", "shop", "--from-oldest", "--resume-token", "x")
    assert both.status == 2
    assert commands("watch", "shop", "--type", "NOTHING").status == 2
