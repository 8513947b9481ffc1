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
        rate, buckets = self._rate, self._buckets
        bucket = buckets.get(key)
        if bucket is None:
            left = rate.burst
            if len(buckets) >= self._kept:
                buckets.popitem(last=False)
        else:
            left = min(rate.burst, bucket[0] + (now - bucket[1]) * rate.per_second)
            buckets.move_to_end(key)
        allowed = left >= 1
        buckets[key] = (left - 1 if allowed else left, now)
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
