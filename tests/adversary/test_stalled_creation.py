"""D4: a creation that loses a race deletes nothing. Real processes, one of which is stopped."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service.apps import Apps
from profile_grpc.service.directory import Directory
from profile_grpc.service.directory_ports import Reservation
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.write_queue import WriteQueue
from profile_grpc.store import SqlStore, open_store
from tests.adversary.stalled_creation import STEPS
from tests.store.support import HASHER, NOW, Writer, key, register
from tests.support.domain import ManualClock

APP, TENANT, RIVAL = "shop", "acme", "globex"
ANN, BOB = key("ann", "phone", APP), key("bob", "tablet", APP)


class Quick:
    """The process that is not stopped: it creates the app and registers a device."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        clock = ManualClock()
        self.queue = WriteQueue(store.profiles, clock, HASHER, observer=NullObserver())
        self.queue.start()
        directory = Directory(store.directory, HASHER)
        self.apps = Apps(store.directory, store.profiles, self.queue, directory, clock, HASHER)

    async def register(self, profile: ProfileKey = ANN) -> None:
        await Writer(self.store, AppSettings(), NOW).commit(register(profile))


@pytest.fixture
async def quick(store_url: str) -> AsyncIterator[Quick]:
    quick = Quick(await open_store(store_url, hasher=HASHER))
    yield quick
    await quick.queue.close()
    await quick.store.close()


@pytest.fixture
async def stalled(store_url: str) -> AsyncIterator[Callable[[str], Awaitable[Process | None]]]:
    """`stalled(step)`: a process that is stopped before that step, or None if it does not reach the step."""
    started: list[Process] = []

    async def start(step: str) -> Process | None:
        program = [sys.executable, "-m", "tests.adversary.stalled_creation", store_url, TENANT, APP, step]
        process = await asyncio.create_subprocess_exec(*program, stdout=PIPE)
        started.append(process)
        assert process.stdout
        said = await process.stdout.readline()
        if said != b"stopping\n":
            return None
        _, status = await asyncio.to_thread(os.waitpid, process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def outcome(process: Process) -> str:
    process.send_signal(signal.SIGCONT)
    assert process.stdout
    return (await process.stdout.read()).decode().strip()


@pytest.mark.parametrize("step", STEPS)
async def test_D4_a_creation_that_resumes_late_deletes_nothing(
    quick: Quick, stalled: Callable[[str], Awaitable[Process | None]], step: str
) -> None:
    await quick.store.directory.add_app(App(APP, TENANT, NOW, NOW, revision=1))
    await quick.store.directory.remove_app(Reservation(APP, TENANT, NOW, 2), seen=1)
    await quick.register(BOB)  # by a call that outlasted the deletion
    slow = await stalled(step)
    if slow is None:
        assert step == "add_app"  # which is for ids that nobody had
        return
    await quick.apps.create(APP, TENANT, "quick", AppSettings())
    await quick.register()
    assert await outcome(slow) == "APP_ALREADY_EXISTS"
    assert await quick.store.profiles.get(ANN)
    assert not await quick.store.profiles.get(BOB)
    assert (await quick.apps.get(APP)).display_name == "quick"


@pytest.mark.parametrize("tenant", [TENANT, RIVAL])
async def test_D4_a_creation_of_a_new_id_that_resumes_late_deletes_nothing(
    quick: Quick, stalled: Callable[[str], Awaitable[Process | None]], tenant: str
) -> None:
    slow = await stalled("add_app")
    assert slow
    await quick.apps.create(APP, tenant, "quick", AppSettings())
    await quick.register()
    assert await outcome(slow) == "APP_ALREADY_EXISTS"
    assert await quick.store.profiles.get(ANN)
    assert (await quick.apps.get(APP)).tenant_id == tenant


async def test_D4_a_stopped_creation_lets_no_other_tenant_in(
    quick: Quick, stalled: Callable[[str], Awaitable[Process | None]]
) -> None:
    await quick.apps.create(APP, TENANT, "", AppSettings())
    app = await quick.apps.get(APP)
    await quick.store.directory.remove_app(Reservation(APP, TENANT, NOW, 2), seen=app.revision)
    slow = await stalled("change_app")
    assert slow
    with pytest.raises(Refused) as caught:
        await quick.apps.create(APP, RIVAL, "", AppSettings())
    assert caught.value.reason is Reason.APP_ALREADY_EXISTS
    assert await outcome(slow) == "created"
