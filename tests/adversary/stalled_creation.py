"""CreateApp in a process that stops itself, like a paused container or a machine short of memory.

`python -m tests.adversary.stalled_creation URL TENANT APP STEP` creates the app and stops (SIGSTOP) just before it
takes the step of that name for the first time; it says "stopping" before, and how it ended after.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from profile_grpc.domain.errors import Refused
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.apps import Apps
from profile_grpc.service.directory import Directory
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import open_store
from tests.store.support import HASHER
from tests.support.domain import ManualClock

STEPS = ("reservation", "reserve_app", "list", "change_app", "add_app")
"""What a creation asks of the store, of the directory or (`list`) of the profiles."""


def stop_before(owner: Any, step: str) -> None:
    taken = getattr(owner, step)

    async def stops(*arguments: object) -> object:
        setattr(owner, step, taken)
        say("stopping")
        os.kill(os.getpid(), signal.SIGSTOP)
        return await taken(*arguments)

    setattr(owner, step, stops)


async def create(url: str, tenant_id: str, app_id: str, step: str) -> str:
    """How the creation ended: "created", or the reason why not."""
    store = await open_store(url, hasher=HASHER)
    stop_before(store.profiles if step == "list" else store.directory, step)
    clock = ManualClock()
    queue = WriteQueue(store.profiles, clock, HASHER, observer=NullObserver())
    queue.start()
    apps = Apps(store.directory, store.profiles, queue, Directory(store.directory, HASHER), clock, HASHER)
    try:
        await apps.create(app_id, tenant_id, "slow", AppSettings())
    except Refused as refused:
        return refused.reason.value
    finally:
        await queue.close()
        await store.close()
    return "created"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _, url, tenant_id, app_id, step = sys.argv
    say(asyncio.run(create(url, tenant_id, app_id, step)))
