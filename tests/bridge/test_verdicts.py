"""How long the bridge trusts what the service said of a key (X1)."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from profile_grpc.bridge.keys import WRONG_FOR, Keys

NOW = 1_800_000_000_000_000
YEAR = 365 * 86_400 * 1_000_000


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (NOW, False),
        (NOW - WRONG_FOR + 1, False),
        (NOW - WRONG_FOR, None),
        (NOW + WRONG_FOR - 1, False),
        (NOW + YEAR, None),
    ],
)
def test_X1_a_key_is_asked_about_again_some_time_after_it_was_wrong(time: int, expected: bool | None) -> None:
    """Also where the clock was far ahead then: otherwise reports would be refused for a year."""
    spool = SimpleNamespace(verdicts=lambda: [(b"verifier", "shop", False, time)])
    keys = Keys(cast("Any", spool), cast("Any", None), cast("Any", None), timeout=1)
    assert keys.verdict(b"verifier", "shop", NOW) is expected
    assert keys.known_wrong(b"verifier", "shop")
