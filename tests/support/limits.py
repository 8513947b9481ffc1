"""How long a test waits for what must come.

A limit ends a test that hangs. It must never end one on a busy machine, where tests have been seen to take ten times as
long: so waits have minutes. `--timeout SECONDS` raises all of them, in proportion to its default.
"""

import pytest

_DEFAULT_S = 600.0
"""`timeout` in pyproject.toml."""
_WAIT_S = 300.0
_factor = 1.0


def wait_s(seconds: float = _WAIT_S) -> float:
    """The seconds of one wait; what builds packages or images needs more than others."""
    return seconds * _factor


def configure(config: pytest.Config) -> None:
    """Takes over the option `--timeout`. Limits are raised, never lowered."""
    global _factor  # noqa: PLW0603 - one for each run of tests, as the option
    given = config.getoption("timeout", None)
    _factor = max(1.0, float(given) / _DEFAULT_S) if given is not None else 1.0


def raise_markers(items: list[pytest.Item]) -> None:
    """Raises the limits of the tests that have one of their own, which the option does not change."""
    for item in items:
        marker = item.get_closest_marker("timeout")
        if marker is not None and _factor > 1:
            item.add_marker(pytest.mark.timeout(wait_s(float(marker.args[0]))), append=False)
