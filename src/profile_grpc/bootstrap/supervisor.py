"""Supervises several worker processes on one port. This process serves no calls itself.

Workers are new processes, not forks: gRPC's threads do not survive a fork. Each gets its settings on its standard
input, which stays open: a worker whose input ends has lost its parent, so it drains and ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec
import structlog

from profile_grpc.config import ENVIRONMENT_PREFIX, OperatorError, ServeConfig

log = structlog.get_logger(__name__)

READY = b"ready\n"
"""What a worker writes to its standard output when it serves."""
SCHEMA_TOO_NEW = 3
"""The exit status of a worker that is too old for the schema: starting another one would not help."""
START_SECONDS = 60.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 60.0
"""A worker that ran for this long is not part of a series of failures."""
_BEYOND_GRACE = 15.0


class WorkerFailed(OperatorError):  # noqa: N818 - an outcome
    """A worker did not start, or none can continue. The reason is on stderr."""


class Supervisor:
    """N workers that share one address."""

    def __init__(self, config: ServeConfig, metrics_folder: str | None, ended: Callable[[int], None]) -> None:
        """`ended` is called with the process id of each worker that has ended."""
        self._settings = msgspec.json.encode(config) + b"\n"
        self._workers = config.workers
        self._grace = config.drain_grace.total_seconds() + _BEYOND_GRACE
        # Workers get their settings on standard input, so that no secret is in the environment of a process.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
        self._environment = inherited | ({"PROMETHEUS_MULTIPROC_DIR": metrics_folder} if metrics_folder else {})
        self._ended = ended
        self._running: set[asyncio.subprocess.Process] = set()
        self._pids: dict[int, int] = {}
        self._starting = self._workers

    async def run(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Runs the workers until `stop` is set and all of them have ended; calls `ready` when all serve.

        Raises:
            WorkerFailed: one did not start, or they are too old for the schema; the others have been stopped.
        """
        stopping = asyncio.create_task(stop.wait())
        keepers = [asyncio.create_task(self._keep(number, ready)) for number in range(1, self._workers + 1)]
        try:
            await asyncio.wait([stopping, *keepers], return_when=asyncio.FIRST_COMPLETED)
            for keeper in keepers:
                if keeper.done():
                    keeper.result()
        finally:
            for task in (stopping, *keepers):
                task.cancel()
            await asyncio.gather(stopping, *keepers, return_exceptions=True)
            await self._stop()

    def pids(self) -> Mapping[int, int]:
        """The process ids: of this one as 0, and of the workers that run as 1 to N. May be called from any thread."""
        return {0: os.getpid()} | self._pids

    async def _keep(self, number: int, ready: Callable[[], None]) -> None:
        """Starts a worker, and another whenever it ends, after a pause that grows with each failure."""
        loop = asyncio.get_running_loop()
        process = await self._start(number)
        self._starting -= 1
        if not self._starting:
            ready()
        pause = _FIRST_PAUSE
        while True:
            started = loop.time()
            await self._forget(number, process)
            if process.returncode == SCHEMA_TOO_NEW:
                raise WorkerFailed("this program is too old for the schema; install a newer version")
            if loop.time() - started > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            log.error("a worker has ended; starting another", pid=process.pid, status=process.returncode, pause=pause)
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                try:
                    process = await self._start(number)
                except WorkerFailed:
                    log.error("a worker did not start; trying again", pause=pause)  # noqa: TRY400 - the worker has logged why
                else:
                    break

    async def _start(self, number: int) -> asyncio.subprocess.Process:
        """Starts a worker and waits until it serves."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "profile_grpc.bootstrap.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # Ctrl-C reaches this process only, which then stops the workers
        )
        self._running.add(process)
        self._pids[number] = process.pid
        if process.stdin is None or process.stdout is None:
            raise AssertionError("asked for pipes")
        try:
            with suppress(ConnectionError):  # it has ended already
                process.stdin.write(self._settings)
                await process.stdin.drain()
            async with asyncio.timeout(START_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            line = b""
        if line != READY:
            with suppress(ProcessLookupError):
                process.kill()
            await self._forget(number, process)
            raise WorkerFailed("a worker did not start; see the log above")
        return process

    async def _forget(self, number: int, process: asyncio.subprocess.Process) -> None:
        """Waits until the worker has ended."""
        await process.wait()
        self._running.discard(process)
        self._pids.pop(number, None)
        self._ended(process.pid)

    async def _stop(self) -> None:
        """Asks every worker to drain, and waits; kills those that take much longer than the grace period."""
        for process in self._running:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._grace):
                await asyncio.gather(*(process.wait() for process in self._running))
        except TimeoutError:
            for process in self._running:
                if process.returncode is None:
                    log.error("a worker did not end in time; killing it", pid=process.pid)  # noqa: TRY400 - not an error of this process
                    process.kill()
            await asyncio.gather(*(process.wait() for process in self._running))
