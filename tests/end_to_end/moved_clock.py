"""`profile-grpc` with a clock that a file moves: `python moved_clock.py FILE ARGUMENTS`. The file has the days ahead.

Passes of reminders follow one another five times a second, so that a test does not wait for them.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.cli import main
from profile_grpc.service.push_credentials.reminders import Reminders


def now(self: SystemClock) -> datetime:
    return datetime.now(UTC) + timedelta(days=float(Path(sys.argv[1]).read_text()))


def microseconds(self: SystemClock) -> int:
    return int(now(self).timestamp() * 1e6)


if __name__ == "__main__":
    SystemClock.now = now  # type: ignore[method-assign]
    SystemClock.microseconds = microseconds  # type: ignore[method-assign]
    Reminders.run.__defaults__ = (timedelta(seconds=0.2),)
    sys.exit(main(sys.argv[2:]))
