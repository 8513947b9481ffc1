"""The attempts of an import: a record that conflicts is decided again after a pause (I1, C8)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from profile_grpc.domain.commands import ProfilePatch
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.importing import ImportProfile
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.results import Imported, ImportOutcome
from profile_grpc.domain.settings import App
from profile_grpc.service.importing import Imports
from profile_grpc.service.write_queue import WriteQueue
from tests.support.domain import ManualClock


class Conflicting:
    """A queue whose first answers are conflicts."""

    def __init__(self, conflicts: int) -> None:
        self.conflicts = conflicts

    async def submit_all(self, commands: Sequence[Any], **_: Any) -> Sequence[Imported | Refused]:
        self.conflicts -= 1
        conflict = Refused(Reason.CONFLICT, "Try again.")
        return [conflict if self.conflicts >= 0 else Imported(ImportOutcome.CREATED) for _ in commands]


async def attempts(conflicts: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Imported | Refused, list[float]]:
    """The answer of a record, and the pauses before it."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    clock = ManualClock()
    app = App("shop", "acme", clock.now(), clock.now())
    imports = Imports(cast("WriteQueue", Conflicting(conflicts)), clock, cast("Any", None))
    one = ImportProfile(ProfileKey("shop", "ann", "phone"), ProfilePatch(), clock.now())
    [answer] = await imports.profiles(app, [one], dry_run=False)
    return answer, pauses


async def test_I1_a_record_that_does_not_conflict_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await attempts(0, monkeypatch) == (Imported(ImportOutcome.CREATED), [])


async def test_I1_each_pause_before_another_attempt_is_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes the same data again and again leaves time for one of the attempts."""
    answer, pauses = await attempts(4, monkeypatch)
    assert answer == Imported(ImportOutcome.CREATED)
    assert pauses == [0.05, 0.1, 0.2, 0.4]


async def test_I1_a_record_that_keeps_conflicting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, _ = await attempts(5, monkeypatch)
    assert isinstance(answer, Refused)
    assert answer.reason is Reason.CONFLICT
