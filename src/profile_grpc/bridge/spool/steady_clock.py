"""Whether the clock can be trusted: a jump of the clock must not age dead letters."""

from __future__ import annotations

from collections.abc import Callable

from profile_grpc.bridge.report import MICROSECONDS

DEAD_RETENTION = 30 * 86_400 * MICROSECONDS
"""How long dead letters are kept."""
_UNEVEN = 3600 * MICROSECONDS
_STEADY_AFTER = 86_400 * MICROSECONDS


class SteadyClock:
    """Compares the clock with a monotonic one. Times are in microseconds; those of the clock are since 1970."""

    def __init__(self, moment: Callable[[], int], noted: bytes | None) -> None:
        """`moment` returns the time of the monotonic clock. `noted`: the time of the clock that an earlier process
        stored last.
        """
        self._moment = moment
        self._noted = noted
        self._last: tuple[int, int] | None = None
        """The times of both clocks when they were last compared."""
        self._steady_from = 0
        """When the clock can be trusted again, by the monotonic clock."""

    def steady(self, now: int) -> bool:
        """Whether the clock has not jumped for a day, as far as is known. Call it about once a minute."""
        moment = self._moment()
        if self._last is None:
            jumped = self._noted is not None and not -_UNEVEN <= now - int(self._noted) <= DEAD_RETENTION
        else:
            wall, other = self._last
            jumped = abs((now - wall) - (moment - other)) > _UNEVEN
        if jumped:
            self._steady_from = moment + _STEADY_AFTER
        self._last = (now, moment)
        return moment >= self._steady_from
