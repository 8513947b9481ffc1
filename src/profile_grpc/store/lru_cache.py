"""A memory of what was used most recently."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class LruCache(Generic[KeyT, ValueT]):
    """Keeps a limited number of values, and drops the one that was not used for longest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: dict[KeyT, ValueT] = {}
        """The least recently used first."""

    def get(self, key: KeyT, make: Callable[[], ValueT]) -> ValueT:
        """The value of the key, made if it is not kept."""
        value = self._kept.pop(key) if key in self._kept else make()
        self._kept[key] = value
        if len(self._kept) > self._limit:
            del self._kept[next(iter(self._kept))]
        return value
