"""Which tests run in one process, and in which order processes take them (pytest-xdist)."""

import re
from collections import Counter
from typing import Protocol, TypeVar

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LONG = (
    "rust",
    "java",
    "tests/end_to_end/test_rolling_upgrade.py",
    "tests/end_to_end/test_races.py",
    "tests/bridge/test_end_to_end.py",
    "typescript",
    "go",
    "python",
    "tests/cli/test_reaping.py",
    "tests/cli/test_serve.py",
    "tests/cli/test_workers.py",
    "tests/deploy/test_package.py",
    "tests/adversary/test_stalled_creation.py",
)
"""Languages and files that take more than a minute, the longest first: one that begins late makes the others wait."""
_OF_A_CLIENT = re.compile(r"tests/clients/.*[_[](go|java|python|rust|typescript)(_example|])?$")
"""A test of one language's client, by its name. All of a language are a unit: the folder is built by one at a time.

The marker `xdist_group` has no effect: pytest 9 ignores the node ids that pytest-xdist 3.8 sets for it.
"""


class Collected(Protocol):
    """A test."""

    @property
    def nodeid(self) -> str: ...


T = TypeVar("T", bound=Collected)


def unit(nodeid: str) -> str:
    """What runs in one process, in the order of the file: the tests of a language's client, or of a file."""
    client = _OF_A_CLIENT.match(nodeid)
    return client[1] if client else nodeid.partition("::")[0]


def longest_first(items: list[T]) -> None:
    """Orders tests as processes are to take them: the long units, then the others by their number of tests."""
    ranks = {name: rank for rank, name in enumerate(LONG)}
    sizes = Counter(unit(item.nodeid) for item in items)
    items.sort(key=lambda item: (ranks.get(unit(item.nodeid), len(ranks)), -sizes[unit(item.nodeid)]))


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
    """Gives a process one unit after the other."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # they are in order

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
