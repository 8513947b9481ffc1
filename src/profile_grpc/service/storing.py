"""Attempts of use cases that store rows beside other writers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from profile_grpc.service import refusals
from profile_grpc.service.ports import Conflict

ResultT = TypeVar("ResultT")

_ATTEMPTS = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
"""The longest first pause, and the longest of any, in seconds."""


async def retry_on_conflict(work: Callable[[], Awaitable[ResultT]], growth: int = 1) -> ResultT:
    """The result of the work, which is done again while other writers are first (Conflict).

    `growth`: how many times as long each pause may be as the one before.

    Raises:
        Refused: CONFLICT: others keep being first.
    """
    longest = _FIRST_PAUSE
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
            longest = min(longest * growth, _LONGEST_PAUSE)
        with suppress(Conflict):
            return await work()
    raise refusals.of(Conflict())
