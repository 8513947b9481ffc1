"""Work beside calls: repeated until the process ends, ended early by an event, or several pieces at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import structlog

from profile_grpc.domain.errors import Refused
from profile_grpc.service.lease import LeaseLost
from profile_grpc.service.ports import Conflict, StoreError

ItemT = TypeVar("ItemT")

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
            await wait_until(wake, pause)


async def wait_until(event: asyncio.Event, seconds: float) -> None:
    """Waits until the event is set, but no longer than that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def for_each(work: Callable[[ItemT], Awaitable[None]], items: Iterable[ItemT], at_once: int) -> None:
    """Does the work for each item, for some at a time. If it fails for one, raises that after all are done."""
    free = asyncio.Semaphore(at_once)

    async def one(item: ItemT) -> None:
        async with free:
            await work(item)

    for result in await asyncio.gather(*map(one, items), return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
