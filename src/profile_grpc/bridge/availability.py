"""Whether the service answers: while it does not, one call at a time tries, and the others wait."""

from __future__ import annotations

import random
from dataclasses import dataclass

import structlog

_MAX_EXPONENT = 30
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that double from `first` to `longest` seconds; each is random between half of it and the whole."""

    first: float = 0.5
    longest: float = 60.0

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, from 1."""
        whole: float = min(self.longest, self.first * 2 ** min(failures - 1, _MAX_EXPONENT))
        return random.uniform(whole / 2, whole)  # noqa: S311 - no secret


DOWN = Backoff(0.25, 30.0)


class Availability:
    """Whether the service is available, according to the last calls. Times are seconds of a monotonic clock."""

    def __init__(self, backoff: Backoff = DOWN) -> None:
        self._backoff = backoff
        self._failures = 0
        self._next = 0.0
        self.last_error = ""
        """Why the last call was not answered: a gRPC status code and details. Empty: it was answered."""

    @property
    def available(self) -> bool:
        """Whether the last call was answered."""
        return self._failures == 0

    def allowed(self, now: float, in_flight: int, most: int) -> bool:
        """Whether another call may start in addition to those in flight."""
        if self.available:
            return in_flight < most
        return in_flight == 0 and now >= self._next

    def seconds_to_next(self, now: float) -> float:
        """Seconds until the next attempt."""
        return max(0.0, self._next - now)

    def failed(self, now: float, code: str, detail: str) -> None:
        """A call did not reach the service. Calls that were in flight together count as one failure.

        `code`, `detail`: as of CallFailed.
        """
        self.last_error = f"{code}: {detail}" if detail else code
        if self.available:
            log.warning("cannot reach the service; reports wait", code=code, detail=detail)
        if self.available or now >= self._next:
            self._failures += 1
            self._next = now + self._backoff.delay(self._failures)

    def answered(self) -> None:
        """A call was answered, whatever the answer."""
        if not self.available:
            log.info("the service answers again")
        self._failures = 0
        self.last_error = ""
