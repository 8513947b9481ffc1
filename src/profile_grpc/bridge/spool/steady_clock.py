"""Whether the clock can be trusted: a jump of the clock must not age dead letters."""

from __future__ import annotations

from collections.abc import Callable

from profile_grpc.bridge.report import MICROSECONDS

DEAD_RETENTION = 30 * 86_400 * MICROSECONDS
"""How long dead letters are kept."""
_UNEVEN = 3600 * MICROSECONDS
_STEADY_AFTER = 86_400 * MICROSECONDS


class SteadyClock:
    """Compares the clock with one that never jumps. Times are microseconds, of the clock since 1970."""

    def __init__(self, moment: Callable[[], int], noted: bytes | None) -> None:
        """`moment` returns the time of the other clock; `noted`: what an earlier process last saw of this one."""
        self._moment = moment
        self._noted = noted
        self._last: tuple[int, int] | None = None
        """What the clock and the other one showed when they were last compared."""
        self._steady_from = 0
        """When the clock can be trusted again, by the other one."""

    def steady(self, now: int) -> bool:
        """Whether the clock has run evenly for a day, as far as can be told. To be asked about once a minute."""
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
