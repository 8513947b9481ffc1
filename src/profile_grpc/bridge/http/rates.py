"""Rate limits: token buckets by address and by app."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

_IPV6_SITE = 64
_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Rate:
    """The sustained rate in requests a second, and the largest burst."""

    per_second: float
    burst: float


class RateLimiter:
    """A token bucket for each key. The most recently used buckets are kept; a dropped one was full again, or unused."""

    def __init__(self, rate: Rate, kept: int = _KEPT) -> None:
        self._each = 1 / rate.per_second
        # The longest time until a bucket is full at which a token may be taken. Slightly larger, because sums of times
        # are rounded.
        self._longest = (rate.burst - 1) / rate.per_second + self._each / 1000
        self._kept = kept
        self._full: OrderedDict[str, float] = OrderedDict()
        """The time at which each bucket is full again, which is its whole state. Seconds of a monotonic clock."""

    def take(self, key: str, now: float) -> bool:
        """Takes a token from the key's bucket at the time `now`, in seconds of a monotonic clock; False: the bucket is
        empty.
        """
        buckets = self._full
        full = buckets.get(key)
        if full is None:
            full = now
            if len(buckets) >= self._kept:
                buckets.popitem(last=False)
        else:
            buckets.move_to_end(key)
            full = max(full, now)
        if full - now > self._longest:
            return False
        buckets[key] = full + self._each
        return True

    def retry_after(self, key: str, now: float) -> int:
        """Whole seconds until the key may try again."""
        return max(1, round(self._full.get(key, now) - now - self._longest))


def site(address: str) -> str:
    """The address that counts as one sender: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, _IPV6_SITE), strict=False))
