"""Imports: records through the write queue, each answered on its own (I1, I2)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from profile_grpc.domain.commands import Command
from profile_grpc.domain.customer_changes import ImportCustomer
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.importing import BeginImport, ImportProfile
from profile_grpc.domain.model import ImportKey
from profile_grpc.domain.results import Imported, ImportOutcome
from profile_grpc.domain.settings import App, AppSettings
from profile_grpc.service.ports import Clock
from profile_grpc.service.profiles import KnownCustomers
from profile_grpc.service.write_queue import WriteQueue

ResultT = TypeVar("ResultT")

_ATTEMPTS = 5
"""How often a record is decided again while other calls change the same data."""
_PAUSE = 0.25
"""Seconds between two attempts while the queue is full."""
_OF_SERVICE = frozenset({Reason.DATABASE_UNAVAILABLE, Reason.DRAINING, Reason.QUEUE_FULL})
"""Refusals that are no fault of a record. The stream ends with them, and the import is resumed later."""
_OF_TENANT = AppSettings()


class Imports:
    """What an import does with the records of one message. A part that was interrupted may be repeated."""

    def __init__(self, queue: WriteQueue, clock: Clock, known_customers: KnownCustomers) -> None:
        self._queue = queue
        self._clock = clock
        self._known_customers = known_customers

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
            Refused: DATABASE_UNAVAILABLE, DRAINING: some may have been imported; repeat all of them.
        """
        known = await self._answered_before(app, records)
        return await self._carry_out(records, app.settings, known, dry_run=dry_run)

    async def customers(
        self, records: Sequence[ImportCustomer | Refused], *, dry_run: bool
    ) -> Sequence[Imported | Refused]:
        """Imports customers of one tenant; otherwise as `profiles`."""
        return await self._carry_out(records, _OF_TENANT, {}, dry_run=dry_run)

    async def _carry_out(
        self,
        records: Sequence[Command[ResultT] | Refused],
        settings: AppSettings,
        known: Mapping[int, ResultT | Refused],
        *,
        dry_run: bool,
    ) -> Sequence[ResultT | Refused]:
        answers = dict(known)
        waiting: list[tuple[int, Command[ResultT]]] = []
        for number, record in enumerate(records):
            if isinstance(record, Refused):
                answers[number] = record
            elif number not in known:
                waiting.append((number, record))
        for _ in range(_ATTEMPTS):
            decided = await self._decide([(record, settings) for _, record in waiting], dry_run=dry_run)
            for (number, _), answer in zip(waiting, decided, strict=True):
                if isinstance(answer, Refused) and answer.reason in _OF_SERVICE:
                    raise answer
                answers[number] = answer
            waiting = [(number, record) for number, record in waiting if _conflicted(answers[number])]
            if not waiting:
                break
        return [answers[number] for number in range(len(records))]

    async def _decide(
        self, commands: Sequence[tuple[Command[ResultT], AppSettings]], *, dry_run: bool
    ) -> Sequence[ResultT | Refused]:
        """Waits while the queue is full: the stream is not read meanwhile, so its caller waits, too."""
        if dry_run:
            return await self._queue.rehearse(commands)
        while True:
            try:
                return await self._queue.submit_all(commands, patient=True)
            except Refused as refused:
                if refused.reason is not Reason.QUEUE_FULL:
                    raise
                await asyncio.sleep(_PAUSE)

    async def _answered_before(
        self, app: App, records: Sequence[ImportProfile | Refused]
    ) -> Mapping[int, Imported | Refused]:
        """The answers that are known before the records are decided, by their places: of those that name a customer who
        must exist and does not (C5), or who was erased (C8). One read for all of them.
        """
        named = {
            place: customer_id
            for place, record in enumerate(records)
            if isinstance(record, ImportProfile)
            and isinstance(customer_id := record.patch.attributes.get("customer_id"), str)
        }
        refusals = await self._known_customers.refusals(app, {*named.values()})
        return {
            place: refusals[customer_id] or Imported(ImportOutcome.UNCHANGED)
            for place, customer_id in named.items()
            if customer_id in refusals
        }


def _conflicted(answer: object) -> bool:
    return isinstance(answer, Refused) and answer.reason is Reason.CONFLICT
