"""Work that a process repeats until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from profile_grpc.domain.errors import Refused
from profile_grpc.service.lease import LeaseLost
from profile_grpc.service.ports import Conflict, StoreError

log = structlog.get_logger(__name__)


async def repeat(
    work: Callable[[], Awaitable[object]], pause: float, what: str, wake: asyncio.Event | None = None
) -> None:
    """Repeats the work with a pause of this many seconds, until cancelled.

    If the work is for one process of several, `work` acquires a lease itself. Nothing is logged when another process
    has it, or took it over. Any other failure is logged as one of `what`, and the work is tried again after the pause.
    The event `wake` ends the pause early; it is cleared before the work begins.
    """
    while True:
        if wake is not None:
            wake.clear()
        try:
            await work()
        except (LeaseLost, Conflict):
            pass
        except (StoreError, Refused) as error:
            log.warning("background work failed, retrying", what=what, error=str(error))
        except Exception:
            log.exception("background work failed, retrying", what=what)
        if wake is None:
            await asyncio.sleep(pause)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await wake.wait()
