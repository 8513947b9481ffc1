"""Files that others replace while the bridge runs, such as renewed certificates."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class WatchedFiles:
    """Detects when files were changed or replaced."""

    def __init__(self, paths: Iterable[Path | None]) -> None:
        self._paths = [path for path in paths if path is not None]
        self._seen = self._state()

    def changed(self) -> bool:
        """Whether the files have changed since the last call. While one is missing, they count as unchanged."""
        state = self._state()
        if None in state or state == self._seen:
            return False
        self._seen = state
        return True

    def _state(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
