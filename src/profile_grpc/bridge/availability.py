"""Whether the service answers: while it does not, one call at a time tries, and the others wait."""

from __future__ import annotations

from profile_grpc.bridge.backoff import Backoff

DOWN = Backoff(0.25, 30.0)


class Availability:
    """Whether the service is available, by the last calls. Times are seconds of a monotonic clock."""

    def __init__(self, backoff: Backoff = DOWN) -> None:
        self._backoff = backoff
        self._failures = 0
        self._next = 0.0

    @property
    def available(self) -> bool:
        """Whether the last call was answered."""
        return self._failures == 0

    def allowed(self, now: float, in_flight: int, most: int) -> bool:
        """Whether another call may start in addition to those in flight."""
        if self.available:
            return in_flight < most
        return in_flight == 0 and now >= self._next

    def wait(self, now: float) -> float:
        """Seconds until the next try."""
        return max(0.0, self._next - now)

    def failed(self, now: float) -> None:
        """A call did not reach the service. Calls that were in flight together count as one failure."""
        if self.available or now >= self._next:
            self._failures += 1
            self._next = now + self._backoff.delay(self._failures)

    def answered(self) -> None:
        """A call was answered, whatever the answer."""
        self._failures = 0
