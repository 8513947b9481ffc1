"""One server for a SQLite file: two would decide on what the other has not yet written."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from profile_grpc import config as configuration
from profile_grpc.config import ConfigError


@contextmanager
def owned(url: str) -> Iterator[None]:
    """Makes this process the only server of an embedded database meanwhile; other databases take several.

    Makes the database's file where there is none. The lock is on a file beside it, as SQLite's own locks come and go
    with transactions. The kernel releases it with the process, however that ends; the file stays. Administration
    commands take no such lock: they go through SQLite's.

    Raises:
        ConfigError: another server has the file, or the lock cannot be made.
    """
    if not configuration.is_sqlite(url):
        yield
        return
    configuration.prepare_sqlite_file(url)
    path = configuration.sqlite_path(url).resolve()  # one lock, by whichever link the file is named
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
                f"another `profile-grpc serve` has {path}; end it, or name another file with --database-url"
                " (for several servers: postgresql://…)"
            ) from None
        yield
    finally:
        os.close(descriptor)
