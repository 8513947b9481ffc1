"""When an import into an app began (I1)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class ImportKey(NamedTuple):
    """An import into an app, under the name that its caller gave it."""

    app_id: str
    import_id: str


class ImportStart(NamedTuple):
    """When an import began (I1). One that goes on after an interruption has the same start (I2)."""

    key: ImportKey
    start_time: datetime
    revision: int = 0
