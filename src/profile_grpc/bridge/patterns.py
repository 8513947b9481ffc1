"""Queries as apps send them, again and again: read by one regular expression for each sequence of names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from profile_grpc.bridge.http.parameters import name_of

_KEPT = 4
"""Patterns that are tried, the newest first. An app has one template, or one for each of its platforms."""
_WORTH = 1000
"""How often a sequence of names must have come: making a pattern takes as long as reading some hundred queries."""
_COUNTED = 256
_MOST_NAMES = 32
"""Of a query that a pattern may be made of."""


class _Pattern(NamedTuple):
    """The queries that have certain names, each once, in a certain order."""

    match: Callable[[str], re.Match[str] | None]
    groups: tuple[int, ...]
    """Which group holds each value that is wanted."""


class Patterns:
    """The patterns of one template, made of what comes."""

    def __init__(self, wanted: Sequence[Sequence[str]]) -> None:
        """`wanted`: the names (in lower case) of each value, of which the first that is given counts."""
        self._wanted = {name: place for place, names in enumerate(wanted) for name in names}
        self._width = len(wanted)
        # Where two values share a name, or have to be chosen among several, the pattern would not tell what counts.
        self._distinct = len(self._wanted) == sum(len(names) for names in wanted)
        self._patterns: list[_Pattern] = []
        self._seen: dict[tuple[str, ...], int] = {}

    def read(self, query: str) -> tuple[str, ...] | None:
        """The values as they came, in the order of `wanted`, empty where not given; None: the query fits no pattern."""
        for match, groups in self._patterns:
            found = match(query)
            if found is not None:
                return found.group(*groups)
        return None

    def learn(self, query: str) -> None:
        """Counts a query that fitted none, and makes a pattern of those that are frequent."""
        names = tuple([pair.partition("=")[0] for pair in query.split("&")])
        seen = self._seen.get(names, 0) + 1
        if seen < _WORTH:
            if len(self._seen) >= _COUNTED:
                self._seen.clear()
            self._seen[names] = seen
            return
        self._seen.pop(names, None)
        pattern = self._made(names)
        if pattern is not None:
            self._patterns = [pattern, *self._patterns[: _KEPT - 1]]

    def _made(self, names: Sequence[str]) -> _Pattern | None:
        """None: a name is there twice, or two that mean the same; which one counts then depends on the values."""
        plain = [name_of(name) for name in names]
        places = [self._wanted[name] for name in plain if name in self._wanted]
        unique = len(set(plain)) == len(plain) and len(set(places)) == len(places)
        if not self._distinct or not unique or len(plain) > _MOST_NAMES:
            return None
        groups: Mapping[int, int] = {place: number for number, place in enumerate(places, 1)}
        pairs = (
            f"{re.escape(name)}={'([^&]*+)' if known in self._wanted else '[^&]*+'}"
            for name, known in zip(names, plain, strict=True)
        )
        nothing = len(places) + 1  # an empty group: of what the query does not give
        return _Pattern(
            re.compile("&".join(pairs) + r"()\Z").match,
            tuple(groups.get(place, nothing) for place in range(self._width)),
        )
