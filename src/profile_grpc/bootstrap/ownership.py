"""One server per SQLite file: two would decide on rows that the other has not written yet."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from profile_grpc import config as configuration
from profile_grpc.config import ConfigError


@contextmanager
def owned(url: str) -> Iterator[None]:
    """Locks an embedded database for this server within the context; other databases allow several servers.

    Creates the database file if there is none. The lock is on a separate file, because SQLite's own locks last for a
    transaction only. The kernel releases it when the process ends, in whatever way; the file stays. Administration
    commands do not take this lock: SQLite's locks are enough for them.

    Raises:
        ConfigError: another server uses the file, or the lock cannot be created.
    """
    if not configuration.is_sqlite(url):
        yield
        return
    configuration.prepare_sqlite_file(url)
    path = configuration.sqlite_path(url).resolve()  # the same lock through every symbolic link
    lock = path.with_name(f"{path.name}.serve-lock")
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot open the lock {lock}: {(error.strerror or str(error)).lower()}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"another `profile-grpc serve` uses {path}; stop it, or choose another file with --database-url"
                " (for several servers: postgresql://…)"
            ) from None
        yield
    finally:
        os.close(descriptor)
