"""Work that the cancellation of a caller must not interrupt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(work: Awaitable[T]) -> T:
    """Awaits `work` until it is done, even if the caller is cancelled; the cancellation is raised afterwards.

    The outcome of an interrupted commit is unknown, and an interrupted statement makes its connection unusable.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # retrieved, because the caller gets the cancellation instead
        raise cancelled
    return task.result()
