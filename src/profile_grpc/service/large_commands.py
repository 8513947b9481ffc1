"""Executes commands about very many profiles separately from the batches (R14)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace

from profile_grpc.domain.commands import AnyCommand, needs_of
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Profile
from profile_grpc.domain.results import Displacement, Registered
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.slices import InOnePart, PrecededBySlices, Slice, Sliceable
from profile_grpc.service.ports import ProfileStore, TooManyRows

SLICE = 10
"""The number of profiles in a slice. A single call may have to wait for a slice. With 50, the p99 of another app's
heartbeats was five times as long; with 10, less than twice."""
_TRIES = 3
"""How often a command is preceded by slices again, because other calls keep adding profiles."""

Submit = Callable[[AnyCommand, AppSettings], Awaitable[object]]
"""Executes a command in a batch; its result, or a Refused or TooManyRows."""


class LargeCommands:
    """Divides large commands into slices, each of which takes its turn in the queue like other bulk."""

    def __init__(self, store: ProfileStore, submit: Submit, whole: Submit) -> None:
        """`whole` executes a command in a transaction of its own, however many rows it reads."""
        self._store = store
        self._submit = submit
        self._whole = whole

    async def execute(self, command: AnyCommand, settings: AppSettings) -> object:
        """The command's result, or its refusal. In the latter case a part may have been executed; repeating the command
        is safe.
        """
        if isinstance(command, PrecededBySlices):
            return await self._cleared(command, settings)
        if not isinstance(command, Sliceable):
            return await self._whole(command, settings)
        parts = command.parts()
        if len(parts) == 1:
            return await self._sliced(command, settings)
        results = []
        for part in parts:
            result = await self._submit(part, settings)
            if isinstance(result, TooManyRows):
                result = await self._sliced(part, settings)
            if isinstance(result, Refused):
                return result
            results.append(result)
        return command.joined(results)

    async def _sliced(self, command: Sliceable, settings: AppSettings) -> object:
        keys = await self._store.keys(needs_of([(command, settings)]))
        seen = [] if isinstance(command, InOnePart) else await self._witnesses(command, keys)
        command, witnesses = command.resolved(seen), [profile.key for profile in seen]
        results = []
        for chunk in _chunks(keys):
            result = await self._submit(Slice(command, tuple(dict.fromkeys((*chunk, *witnesses)))), settings)
            if isinstance(result, Refused):
                if result.reason is Reason.PROFILE_NOT_FOUND:  # another call has deleted them in the meantime
                    continue
                return result
            results.append(result)
        return command.joined(results)

    async def _witnesses(self, command: Sliceable, keys: Sequence[ProfileKey]) -> Sequence[Profile]:
        """Those that every slice must see."""
        seen: list[Profile] = []
        for chunk in _chunks(keys):
            found = await asyncio.gather(*map(self._store.get, chunk))
            candidates = [*seen, *(profile for profile in found if profile is not None)]
            chosen = set(command.witnesses(candidates))
            seen = [profile for profile in candidates if profile.key in chosen]
        return seen

    async def _cleared(self, command: PrecededBySlices, settings: AppSettings) -> object:
        displaced: tuple[Displacement, ...] = ()
        for _ in range(_TRIES):
            for chunk in _chunks(await self._store.keys(needs_of([(command, settings)]))):
                cleared = await self._submit(command.clear(chunk), settings)
                if not isinstance(cleared, tuple):
                    return cleared
                displaced += cleared
            result = await self._submit(command, settings)
            if isinstance(result, Registered):
                return replace(result, displaced=displaced + result.displaced)
            if not isinstance(result, TooManyRows):
                return result
        return await self._whole(command, settings)


def _chunks(keys: Sequence[ProfileKey]) -> Iterator[Sequence[ProfileKey]]:
    return (keys[at : at + SLICE] for at in range(0, len(keys), SLICE))
