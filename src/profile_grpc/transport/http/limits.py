"""How much one caller may send: token buckets, by address and by app."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

_IPV6_SITE = 64
_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, and so many at once."""

    per_second: float
    burst: float


class RateLimiter:
    """A token bucket for each key. The most recently used are kept; one forgotten was full again, or its owner idle."""

    def __init__(self, rate: Rate, kept: int = _KEPT) -> None:
        self._rate = rate
        self._kept = kept
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What is left, and when that was; seconds of a monotonic clock."""

    def take(self, key: str, now: float) -> bool:
        """Takes one from the key's bucket at the time `now`, in seconds of a monotonic clock; False: it is empty."""
        rate = self._rate
        left, at = self._buckets.get(key) or (rate.burst, now)
        left = min(rate.burst, left + (now - at) * rate.per_second)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._kept:
            self._buckets.popitem(last=False)
        return allowed

    def wait(self, key: str) -> int:
        """Whole seconds until the key may try again."""
        left, _ = self._buckets.get(key, (1.0, 0.0))
        return max(1, round((1 - left) / self._rate.per_second))


def site(address: str) -> str:
    """What counts as one sender: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, _IPV6_SITE), strict=False))
