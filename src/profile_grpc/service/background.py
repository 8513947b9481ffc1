"""Work that a process repeats until it ends, of which one process of several does it at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from profile_grpc.domain.errors import Refused
from profile_grpc.service.lease import LeaseLost
from profile_grpc.service.ports import Conflict, StoreError

log = structlog.get_logger(__name__)


async def repeat(work: Callable[[], Awaitable[object]], pause: float, what: str) -> None:
    """Does the work again and again, with a pause of so many seconds after each time, until cancelled.

    `work` acquires a lease itself. Nothing is said when another process has it, or took it over. Everything else that
    fails is logged as a failure of `what`, and tried again after the pause.
    """
    while True:
        try:
            await work()
        except (LeaseLost, Conflict):
            pass
        except (StoreError, Refused) as error:
            log.warning("failed, and is tried again", what=what, error=str(error))
        except Exception:
            log.exception("failed, and is tried again", what=what)
        await asyncio.sleep(pause)
