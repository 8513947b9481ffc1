"""When the reaper must stop and wait for an operator: the circuit breaker and the clock (P6)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from profile_grpc.domain import inactivity
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.profile import ProfileStatus
from profile_grpc.domain.settings import App
from profile_grpc.service.observer import Observer
from profile_grpc.service.ports import Store
from profile_grpc.service.reaper_ports import DueBefore, ReaperRecord

log = structlog.get_logger(__name__)

_LARGEST = 2**63 - 1
"""The largest integer of the databases."""


@dataclass(frozen=True, slots=True)
class HeldApp:
    """An app in which the breaker held (P6)."""

    app_id: str
    due: int
    """How many were due; counting stops once they are too many."""
    limit: int
    reaped: int
    """Deletions for inactivity of the last 24 hours, which count towards the limit."""


class Holds:
    """Determines whether a pass must stop, and reports it in the log, an event and the metrics."""

    def __init__(self, store: Store, observer: Observer) -> None:
        self._store = store
        self._reaper = store.reaper
        self._observer = observer
        self._held: set[str] = set()
        """The apps that were reported to the observer as held."""
        self._stored: set[str] = set()
        """The apps whose last event says that the breaker holds."""

    async def clock_holds(self, now: datetime, *, confirm: bool) -> bool:
        """Whether the clock is too far ahead to trust; stored, so that only an operator's confirmation ends it (P6).

        Called first in each pass.
        """
        self._stored = set(await self._reaper.held_apps())
        held = not confirm and await self._is_clock_ahead(now)
        self._observer.clock_hold(held=held)
        if confirm and (await self._reaper.record()).held_since is not None:
            await self._store.events.add(Event(EventType.REAPER_RELEASED, "", now, reason="CLOCK_JUMPED"))
        return held

    async def clock_would_hold(self, now: datetime) -> bool:
        """Whether a pass without confirmation would find the clock too far ahead; changes nothing (P6, P7)."""
        record = await self._reaper.record()
        return record.held_since is not None or inactivity.clock_jumped(now, await self._reference(record))

    async def _reference(self, record: ReaperRecord) -> datetime | None:
        """What the clock is compared with."""
        return record.last_pass_time or await self._reaper.newest_sign_of_life()

    async def _is_clock_ahead(self, now: datetime) -> bool:
        record = await self._reaper.record()
        if record.held_since is not None:
            return True
        reference = await self._reference(record)
        if not inactivity.clock_jumped(now, reference):
            return False
        await self._reaper.save_record(replace(record, held_since=now))
        await self._store.events.add(Event(EventType.REAPER_HELD, "", now, reason="CLOCK_JUMPED"))
        log.error(
            "the clock is more than 7 days ahead of the last sign of life; the reaper holds until `reap --confirm`",
            now=now.isoformat(),
            reference=reference.isoformat() if reference else None,
        )
        return True

    def is_held(self, app_id: str) -> bool:
        """Whether the breaker held at the last pass, which another process may have made."""
        return app_id in self._stored

    async def breaker_holds(self, app: App, before: DueBefore, now: datetime, *, confirm: bool) -> HeldApp | None:
        """Whether the deletions would exceed the limit for 24 hours (P6)."""
        held = None if confirm else await self.over_limit(app, before, now)
        self._observer.breaker(app.app_id, held=held is not None)
        await self._add_event(app.app_id, now, held=held is not None)
        if held is not None:
            log.error(
                "too many profiles are inactive; the reaper holds in this app until `reap --confirm`",
                app_id=app.app_id,
                due_at_least=held.due,
                limit=held.limit,
                reaped_in_24_hours=held.reaped,
            )
        return held

    async def _add_event(self, app_id: str, now: datetime, *, held: bool) -> None:
        """Adds an event when the breaker begins or ceases to hold (E1).

        The event comes first: if the pass fails in between, the next one repeats it.
        """
        if held == (app_id in self._stored):
            return
        type_ = EventType.REAPER_HELD if held else EventType.REAPER_RELEASED
        await self._store.events.add(Event(type_, app_id, now, reason="BREAKER"))
        if held:
            await self._reaper.hold(app_id, now)
            self._stored.add(app_id)
        else:
            await self._reaper.release(app_id)
            self._stored.discard(app_id)

    async def forget_gone(self, known: AbstractSet[str]) -> None:
        """Forgets the holds of apps that are gone: nobody can confirm them."""
        for app_id in self._stored - known:
            await self._reaper.release(app_id)

    async def over_limit(self, app: App, before: DueBefore, now: datetime) -> HeldApp | None:
        """The same without reporting it; stops counting at the limit."""
        reaped = await self.reaped(app, now)
        limit = await self.limit(app)
        due = await self._reaper.count_due(before, min(max(limit - reaped, 0) + 1, _LARGEST))
        if not inactivity.breaker_trips(due=due, reaped=reaped, limit=limit):
            return None
        return HeldApp(app.app_id, due, limit, reaped)

    async def reaped(self, app: App, now: datetime) -> int:
        """Deletions for inactivity of the last 24 hours."""
        return await self._reaper.reaped_since(app.app_id, now - inactivity.BREAKER_WINDOW)

    async def limit(self, app: App) -> int:
        """How many profiles may be deleted for inactivity in 24 hours."""
        counts = await self._store.profiles.app_counts(app.app_id)
        active = sum(n for key, n in counts.items() if key.status is ProfileStatus.ACTIVE)
        return app.settings.reaper_breaker.limit(active)

    def forget_all_but(self, held: set[str]) -> None:
        """Reports to the observer that no other app is held: a deleted app cannot be confirmed."""
        for app_id in self._held - held:
            self._observer.breaker(app_id, held=False)
        self._held = held
