"""The limits of requests from one caller (X1)."""

import pytest

from profile_grpc.bridge.http.rates import Rate, RateLimiter


@pytest.mark.parametrize("burst", [1, 3, 50])
@pytest.mark.parametrize("start", [0.0, 12345.678, 9_876_543.21])
@pytest.mark.parametrize("rate", [0.1, 3, 1000])
def test_a_burst_is_granted_whole_and_comes_back(rate: float, start: float, burst: int) -> None:
    limiter = RateLimiter(Rate(rate, burst))
    assert [limiter.take("a", start) for _ in range(burst + 2)] == [True] * burst + [False] * 2
    assert limiter.retry_after("a", start) == max(1, round(1 / rate))
    assert limiter.take("b", start)
    assert [limiter.take("a", start + 1.01 / rate) for _ in range(2)] == [True, False]
    rested = start + 10 * burst / rate
    assert [limiter.take("a", rested) for _ in range(burst + 1)] == [True] * burst + [False]


def test_those_used_least_lately_are_forgotten() -> None:
    limiter = RateLimiter(Rate(0.01, 1), kept=2)
    assert all(limiter.take(key, 5.0) for key in "ab")
    assert not limiter.take("a", 5.0)
    assert limiter.take("c", 5.0)
    assert not limiter.take("a", 5.0)
    assert limiter.take("b", 5.0)
