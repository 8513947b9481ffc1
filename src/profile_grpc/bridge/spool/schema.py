"""The spool's file: its tables, its locks, and who may open it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from profile_grpc import sealing
from profile_grpc.bridge.spool import damage
from profile_grpc.config import OperatorError, may_be_sqlite

VERSION = 2
BUSY_SECONDS = 10

_DEVICE = """
-- The device on which an account was last registered, where it is known by its push token only: by keyed hash.
CREATE TABLE device (
  account BLOB PRIMARY KEY, device_id TEXT NOT NULL, sealed BLOB NOT NULL, time INTEGER NOT NULL
);
CREATE INDEX device_time ON device (time);
"""
_TABLES = (
    _DEVICE
    + """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);

-- A start of a process: what its sealing key is derived from.
CREATE TABLE epoch (id INTEGER PRIMARY KEY, salt BLOB NOT NULL);

-- A key that reports carried, kept only while reports need it to be delivered.
CREATE TABLE credential (verifier BLOB PRIMARY KEY, sealed BLOB NOT NULL);

-- What the service said of a key in an app.
CREATE TABLE verdict (
  verifier BLOB NOT NULL, app_id TEXT NOT NULL, valid INTEGER NOT NULL, time INTEGER NOT NULL,
  PRIMARY KEY (verifier, app_id)
);

-- Reports that wait, in the order of their arrival. Of token reports, keyed hashes tell which a removal overtakes.
CREATE TABLE report (
  id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, app_id TEXT NOT NULL, arrived INTEGER NOT NULL, trace BLOB NOT NULL,
  proven INTEGER NOT NULL, credential BLOB, username BLOB, selector BLOB, tokens BLOB, sealed BLOB NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX report_username ON report (username) WHERE username IS NOT NULL;
CREATE INDEX report_selector ON report (selector) WHERE selector IS NOT NULL;

-- Reports that could not be applied.
CREATE TABLE dead (
  id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, app_id TEXT NOT NULL, arrived INTEGER NOT NULL, trace BLOB NOT NULL,
  proven INTEGER NOT NULL, credential BLOB, username BLOB, selector BLOB, tokens BLOB, sealed BLOB NOT NULL,
  attempts INTEGER NOT NULL, reason TEXT NOT NULL, died INTEGER NOT NULL, replay INTEGER NOT NULL DEFAULT 0,
  detail TEXT NOT NULL DEFAULT '', push_app_ids TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX dead_replay ON dead (id) WHERE replay;
CREATE INDEX dead_username ON dead (username) WHERE username IS NOT NULL;
CREATE INDEX dead_selector ON dead (selector) WHERE selector IS NOT NULL;
"""
)
_UPGRADES = {
    1: _DEVICE
    + """
ALTER TABLE dead ADD COLUMN detail TEXT NOT NULL DEFAULT '';
ALTER TABLE dead ADD COLUMN push_app_ids TEXT NOT NULL DEFAULT '[]';
""",
}
"""The migrations from each version of the spool to the next."""
CARRIED = "kind, app_id, arrived, trace, proven, credential, username, selector, tokens, sealed"
"""The columns that are kept when a report becomes a dead letter, and when the dead letter is replayed."""
NUMBERS_FROM = "numbers from"
"""The value in `meta` that is below the numbers of all its reports."""
KEY_CHECK = "key check"
"""The value in `meta` that identifies the hash key under which a spool is encrypted."""
LAST_ERROR = "last error"
"""The value in `meta` with the reason why the service could not be reached, as text. Empty: it answers."""


class SpoolError(OperatorError):
    """The spool cannot be opened. The message is one line that says what to do."""


class SpoolDamaged(SpoolError):  # noqa: N818 - an outcome
    """The spool's file is damaged."""


def open_or_replace(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """As `connect`, but a damaged spool is set aside and a new one is created.

    Also returns the path of the damaged one.

    Raises:
        SpoolError: it cannot be opened, is not a spool, or is newer than this program.
    """
    try:
        return connect(path), None
    except SpoolDamaged:
        try:
            aside = damage.set_aside(path)
        except OSError as error:
            raise SpoolError(f"the spool {path} is damaged, and cannot be set aside: {_why(error)}") from None
    database = connect(path)
    with writing(path):
        database.execute("INSERT INTO meta VALUES (?, ?)", (NUMBERS_FROM, damage.first_number(path)))
    return database, aside


def connect(path: Path) -> sqlite3.Connection:
    """Opens the spool's file.

    Creates it, readable by its owner only, and its tables if they do not exist.

    Raises:
        SpoolError: it cannot be opened, is not a spool, or is newer than this program.
        SpoolDamaged: not all of it can be read.
    """
    try:
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise SpoolError(f"cannot open the spool {path}: {_why(error)}") from None
    try:
        with writing(path):
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA secure_delete = FAST")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            changes = _TABLES if version == 0 else "".join(_UPGRADES[old] for old in range(version, VERSION))
            if changes:
                database.executescript(f"BEGIN IMMEDIATE; {changes} PRAGMA user_version = {VERSION}; COMMIT;")
            sound = database.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except (OSError, sqlite3.Error) as error:
        database.close()
        if damage.is_damage(error):
            raise _damaged(path) from None
        raise SpoolError(f"cannot use {path} as a spool: {_why(error)}") from None
    if version > VERSION:
        database.close()
        raise SpoolError(f"the spool {path} was written by a newer profile-grpc (version {version}); use that version")
    if not sound:
        database.close()
        raise _damaged(path)
    return database


@contextlib.contextmanager
def opened_beside(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens a spool for an operator's change, while a bridge may use it.

    Raises:
        SpoolError: the file is not a spool, has another version, or cannot be used.
    """
    if not path.is_file():
        raise SpoolError(f"there is no spool {path}; give the bridge's file with --spool")
    check_database(path)
    try:
        # With the lock: without a bridge, closing the last connection writes too.
        with (
            writing(path),
            contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as database,
        ):
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version != VERSION:
                raise SpoolError(f"{path} is not a spool of this version of profile-grpc; start its bridge once")
            database.execute("PRAGMA wal_autocheckpoint = 0")  # no checkpoint here, because a bridge may be writing
            database.execute("PRAGMA synchronous = FULL")
            yield database
    except sqlite3.Error as error:
        raise SpoolError(f"cannot use the spool {path}: {error}") from None


def _damaged(path: Path) -> SpoolDamaged:
    return SpoolDamaged(f"the spool {path} is damaged; a bridge that starts sets it aside and begins a new one")


def new_epoch(database: sqlite3.Connection, path: Path, hash_key: bytes) -> int:
    """Records a start of a process that encrypts, and returns its epoch. The caller holds the write lock.

    Raises:
        SpoolError: the spool was encrypted with another hash key.
    """
    check = sealing.key_check(hash_key)
    database.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", (KEY_CHECK, check))
    stored = database.execute("SELECT value FROM meta WHERE name = ?", (KEY_CHECK,)).fetchone()[0]
    if not sealing.same(stored, check):
        raise SpoolError(
            f"the spool {path} was encrypted with another PROFILE_GRPC_HASH_KEY; set that one, or move the file away"
        )
    cursor = database.execute("INSERT INTO epoch (salt) VALUES (?)", (sealing.new_salt(),))
    return int(cursor.lastrowid or 0)


def write_lock(path: Path) -> BinaryIO:
    """The file whose lock every writer of the spool holds while it writes.

    Before SQLite 3.51.3, two connections that write and checkpoint a WAL at the same time can corrupt it; SQLite's own
    locks do not prevent this. This lock does.
    """
    return path.with_name(f"{path.name}.write").open("ab")


def check_database(path: Path) -> None:
    """Checks the file before other files are created next to it.

    Do not call it for an open file: see `may_be_sqlite`.

    Raises:
        SpoolError: it exists and is not a SQLite database.
    """
    try:
        fits = may_be_sqlite(path)
    except OSError as error:
        raise SpoolError(f"cannot use {path} as a spool: {_why(error)}") from None
    if not fits and owner_file(path).exists():
        raise _damaged(path)
    if not fits:
        raise SpoolError(f"cannot use {path} as a spool: it is another kind of file")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Holds the spool's write lock."""
    with write_lock(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def owner_file(path: Path) -> Path:
    """The file whose lock the bridge that delivers a spool's reports holds."""
    return path.with_name(f"{path.name}.owner")


class Ownership:
    """The lock for delivering a spool's reports. One process holds it at a time; otherwise each report would be
    delivered twice.
    """

    def __init__(self, path: Path) -> None:
        """Raises SpoolError when another process owns the spool."""
        with contextlib.suppress(SpoolDamaged):
            check_database(path)
        try:
            self._file = owner_file(path).open("ab")
        except OSError as error:
            raise SpoolError(f"cannot lock the spool {path}: {_why(error)}") from None
        if not self._locked():
            self._file.close()
            raise SpoolError(f"the spool {path} is in use by another bridge; give each bridge a spool")

    def _locked(self) -> bool:
        """Retries for a moment, because `doctor` holds the lock briefly while it checks for an owner."""
        for pause in (0.05, 0.1, 0):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(pause)
            else:
                return True
        return False

    def release(self) -> None:
        self._file.close()


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
