"""Imports: records through the write queue, each answered on its own (I1, I2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from profile_grpc.domain.commands import Command
from profile_grpc.domain.customer_changes import ImportCustomer
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.import_start import ImportKey
from profile_grpc.domain.importing import BeginImport, ImportProfile, ReadBarrier
from profile_grpc.domain.results import Imported, ImportOutcome
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service.customers import Customers
from profile_grpc.service.ports import Clock
from profile_grpc.service.write_queue import WriteQueue

ResultT = TypeVar("ResultT")
CommandT = TypeVar("CommandT", ImportProfile, ImportCustomer)

_ATTEMPTS = 5
"""How often a record is decided again while other calls change the same data."""
_CONFLICT_PAUSE = 0.05
"""Seconds before the second attempt. Each further pause is twice as long, so that frequent erasures, too, leave time
for an attempt (docs/adr/0103)."""
_PAUSE = 0.25
"""Seconds between two attempts while the queue is full."""
_OF_SERVICE = frozenset({Reason.DATABASE_UNAVAILABLE, Reason.DRAINING, Reason.QUEUE_FULL})
"""Refusals that are no fault of a record. The stream ends with them, and the import is resumed later."""
_OF_TENANT = AppSettings()


@dataclass(frozen=True, slots=True)
class _Prepared(Generic[CommandT]):
    """Records, by their numbers in a message."""

    commands: Mapping[int, CommandT]
    """Those that are to be decided."""
    answers: Mapping[int, Imported | Refused]
    """Of those that need no decision."""


class Imports:
    """What an import does with the records of one message. A part that was interrupted may be repeated."""

    def __init__(self, queue: WriteQueue, clock: Clock, customers: Customers) -> None:
        self._queue = queue
        self._clock = clock
        self._customers = customers

    async def begin(self, app: App, import_id: str, *, dry_run: bool) -> datetime:
        """When the import of this name began: now, if it is new or has no name.

        Raises:
            Refused: as `WriteQueue.submit`.
        """
        if not import_id or dry_run:
            return self._clock.now()
        return await self._queue.submit(BeginImport(ImportKey(app.app_id, import_id)), app.settings)

    async def profiles(
        self, app: App, records: Sequence[ImportProfile | Refused], *, dry_run: bool
    ) -> Sequence[Imported | Refused]:
        """Imports profiles of the app; the results are in order. A refused record stays refused.

        Raises:
            Refused: some may have been imported; repeat all of them. DATABASE_UNAVAILABLE, DRAINING. CONFLICT,
                DATA_REFUSED, INTERNAL: of the barrier, not of a record.
        """
        prepare = partial(self._with_customers_read, app, dry_run=dry_run)
        return await self._carry_out(records, app.settings, prepare, dry_run=dry_run)

    async def customers(
        self, records: Sequence[ImportCustomer | Refused], *, dry_run: bool
    ) -> Sequence[Imported | Refused]:
        """Imports customers of one tenant; otherwise as `profiles`."""

        async def prepare(waiting: Mapping[int, ImportCustomer]) -> _Prepared[ImportCustomer]:
            return _Prepared(waiting, {})

        return await self._carry_out(records, _OF_TENANT, prepare, dry_run=dry_run)

    async def _carry_out(
        self,
        records: Sequence[CommandT | Refused],
        settings: AppSettings,
        prepare: Callable[[Mapping[int, CommandT]], Awaitable[_Prepared[CommandT]]],
        *,
        dry_run: bool,
    ) -> Sequence[Imported | Refused]:
        """`prepare`: done before the waiting records, by their numbers, are decided, and before they are again."""
        answers: dict[int, Imported | Refused] = {
            number: record for number, record in enumerate(records) if isinstance(record, Refused)
        }
        waiting = {number: record for number, record in enumerate(records) if not isinstance(record, Refused)}
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_CONFLICT_PAUSE * 2 ** (attempt - 1))
            prepared = await prepare(waiting)
            answers.update(prepared.answers)
            commands = prepared.commands
            decided = await self._decide([(command, settings) for command in commands.values()], dry_run=dry_run)
            for number, answer in zip(commands, decided, strict=True):
                if isinstance(answer, Refused) and answer.reason in _OF_SERVICE:
                    raise answer
                answers[number] = answer
            waiting = {number: waiting[number] for number in commands if _conflicted(answers[number])}
            if not waiting:
                break
        return [answers[number] for number in range(len(records))]

    async def _decide(
        self, commands: Sequence[tuple[Command[ResultT], AppSettings]], *, dry_run: bool
    ) -> Sequence[ResultT | Refused]:
        if dry_run:
            return await self._queue.rehearse(commands)
        return await _when_there_is_room(lambda: self._queue.submit_all(commands, patient=True))

    async def _with_customers_read(
        self, app: App, waiting: Mapping[int, ImportProfile], *, dry_run: bool
    ) -> _Prepared[ImportProfile]:
        """Answers the records that name a customer who must exist and does not (C5), or who was erased (C8). One read
        for all of them.

        An erasure that comes later makes the others conflict (docs/adr/0103).
        """
        named = {
            number: customer_id
            for number, record in waiting.items()
            if isinstance(customer_id := record.patch.attributes.get("customer_id"), str)
        }
        if not named:
            return _Prepared(waiting, {})
        barrier = None
        if not dry_run:
            read = ReadBarrier(app.app_id, waiting[next(iter(named))].start)
            barrier = await _when_there_is_room(lambda: self._queue.submit(read, app.settings))
        refused = await self._customers.refusals(app, {*named.values()})
        answers = {
            number: refused[customer_id] or Imported(ImportOutcome.UNCHANGED)
            for number, customer_id in named.items()
            if customer_id in refused
        }
        commands = {
            number: replace(record, barrier=barrier) if number in named else record
            for number, record in waiting.items()
            if number not in answers
        }
        return _Prepared(commands, answers)


async def _when_there_is_room(submit: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Waits while the queue is full: the stream is not read meanwhile, so its caller waits, too."""
    while True:
        try:
            return await submit()
        except Refused as refused:
            if refused.reason is not Reason.QUEUE_FULL:
                raise
            await asyncio.sleep(_PAUSE)


def _conflicted(answer: object) -> bool:
    return isinstance(answer, Refused) and answer.reason is Reason.CONFLICT
