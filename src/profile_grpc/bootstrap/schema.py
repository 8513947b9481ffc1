"""Waits for the schema: for a server that an orchestrator may start before the migration has run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from profile_grpc.bootstrap.process import stop_on_signals
from profile_grpc.config import OperatorError
from profile_grpc.service.ports import StoreUnavailable
from profile_grpc.store import SchemaError, SchemaTooNew, check_schema

PAUSE = 2.0
"""Seconds between two checks of the schema."""


class Stopped(OperatorError):  # noqa: N818 - an outcome
    """SIGTERM or SIGINT came first."""


async def wait_for_schema(url: str, say: Callable[[str], None], pause: float = PAUSE) -> str:
    """Waits until this program can use the schema, and returns the schema's revision. Changes nothing.

    `say` is called with the reason for the wait, whenever it changes.

    Raises:
        SchemaTooNew: the schema needs a newer program, so waiting is useless.
        StoreError: the database can be reached, but not be read.
        Stopped: a signal ended the wait.
    """
    stop = stop_on_signals()
    last = ""
    while True:
        try:
            return await check_schema(url)
        except SchemaTooNew:
            raise
        except (SchemaError, StoreUnavailable) as error:
            reason = str(error)
        if reason != last:
            say(f"waiting: {reason}")
            last = reason
        try:
            async with asyncio.timeout(pause):
                await stop.wait()
        except TimeoutError:
            continue
        raise Stopped("stopped before the schema could be used")
