"""docs/errors.md: every reason that the service sends has a row with its status and its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from profile_grpc.transport.grpc.status import CODES

PAGE = Path(__file__).parents[2] / "docs/errors.md"
_ROW = re.compile(r"^\| `([A-Z_]+)` \| ([A-Z_]+) \| [^|]+\|$", re.MULTILINE)


def faults() -> Iterator[str]:
    """What the page lacks, has wrong, or has besides."""
    sent = {(reason.value, code.name) for reason, code in CODES.items()}
    rows = _ROW.findall(PAGE.read_text())
    yield from (
        f"docs/errors.md needs a row for {reason}, {code}, and its remedy" for reason, code in sorted(sent - {*rows})
    )
    yield from (
        f"docs/errors.md: the service never sends {reason} as {code}" for reason, code in sorted({*rows} - sent)
    )
