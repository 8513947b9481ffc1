"""The number of examples of random tests: few by default, more with `pytest tests/unit --hypothesis-profile long`."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from structlog.testing import capture_logs

settings.register_profile(
    "long", max_examples=2000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged, in place of an elaborate picture of each fault on the screen."""
    with capture_logs() as entries:
        yield entries
