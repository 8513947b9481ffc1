"""The configuration of a process: typed settings with defaults, data locations, and the key of all keyed hashes."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import platformdirs

from profile_grpc.outbound.addresses import is_loopback

PROGRAM = "profile-grpc"
ENVIRONMENT_PREFIX = "PROFILE_GRPC_"
HASH_KEY_VARIABLE = f"{ENVIRONMENT_PREFIX}HASH_KEY"
HASH_KEY_BYTES = 32
SEAL_KEY_BYTES = 32
MAKE_HASH_KEY = 'python3 -c "import secrets; print(secrets.token_hex(32))"'
SEAL_KEYS_VARIABLE = f"{ENVIRONMENT_PREFIX}SEAL_KEYS"
MAKE_SEAL_KEY = f'{SEAL_KEYS_VARIABLE}="key1:$(openssl rand -hex 32)"'
_SQLITE_HEADER = b"SQLite format 3\x00"
_HASH_KEY = re.compile(r"[0-9A-Fa-f]{64}\Z")
_SEAL_KEY = re.compile(r"([A-Za-z0-9._-]{1,64}):([0-9A-Fa-f]{64})\Z")


class OperatorError(Exception):
    """The program cannot do what its operator asked. The message is one line that says why, and what to do."""


class ConfigError(OperatorError):
    """The settings are inconsistent, or one is missing. The message is one line that says what to do."""


class LogFormat(StrEnum):
    """The format of log lines."""

    AUTO = "auto"
    """`console` on a terminal, else `json`."""
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """The lowest severity that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LogConfig:
    """What is logged to stderr, and how."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.AUTO


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """PEM files of the listener. With `client_ca`, callers must present a certificate that it signed (mutual TLS)."""

    cert: str
    key: str
    client_ca: str | None = None


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """A database, the key of the keyed hashes in it, and the keys of its secrets."""

    url: str
    """May contain a password: show `display_url(url)` instead."""
    hash_key: bytes = field(repr=False)
    seal_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The ring that encrypts push credentials and the like (K2), by id; the first one seals. Empty: there is none."""


@dataclass(frozen=True, slots=True)
class MailConfig:
    """How e-mails are sent (K4)."""

    url: str | None = field(default=None, repr=False)
    """`smtp://` or `smtps://`; may contain a password. None: no e-mails are sent."""
    sender: str = "profile-grpc@localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundConfig:
    """Where calls may go, besides the public internet (E6, J2)."""

    networks: tuple[str, ...] = ()
    """Networks whose addresses are allowed, as `10.1.0.0/16`."""
    ca: str | None = None
    """A PEM file of certificates to trust besides those of the system."""
    http_on_loopback: bool = False
    """Whether this machine itself may be called, also with plain http: for development."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JwksConfig(OutboundConfig):
    """Which JWKS documents may be fetched (J2), and where they may be."""

    hosts: tuple[str, ...] = ()
    """Names of hosts, with a port where it is not 443. Empty: none."""


ONLY_PUBLIC = OutboundConfig()
"""For webhooks, if the operator allows nothing else."""
NO_JWKS = JwksConfig()
"""No JWKS document is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeConfig:
    """Everything that `serve` needs to know."""

    database: DatabaseConfig
    host: str = "127.0.0.1"
    port: int = 50051
    """0: a free one."""
    workers: int = 1
    dev: bool = False
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    """None: no metrics are served; 0: a free port."""
    tls: TlsConfig | None = None
    reflection: bool = True
    max_calls: int = 2000
    """Calls in flight per worker; beyond, they are refused."""
    call_timeout: timedelta = timedelta(seconds=30)
    max_streams: int = 1000
    """Open streams per worker; beyond, they are refused."""
    max_streams_per_key: int = 100
    """As `max_streams`, of one key."""
    max_stream_age: timedelta = timedelta(minutes=30)
    """Streams of about this age are ended, so that callers spread over the workers."""
    max_connection_age: timedelta = timedelta(minutes=10)
    """Connections of about this age are asked to reconnect, so that callers spread over the workers."""
    drain_notice: timedelta = timedelta(seconds=1)
    """How long new calls are answered UNAVAILABLE after SIGTERM, before the port is closed."""
    drain_grace: timedelta = timedelta(seconds=30)
    """How long calls in flight may continue after SIGTERM."""
    reaper_interval: timedelta = timedelta(seconds=300)
    bridge_host: str = "127.0.0.1"
    bridge_port: int | None = None
    """None: no HTTP bridge in this process; 0: a free port."""
    bridge_spool: str | None = None
    """The bridge's spool file; None: next to an embedded database, else in the data directory."""
    bridge_spool_limit: int | None = None
    """Bytes of reports that may wait; None: the default of a separate bridge process."""
    bridge_proxies: tuple[str, ...] = ()
    """Addresses or networks whose X-Forwarded-For is trusted."""
    bridge_keys: tuple[str, ...] = field(default=(), repr=False)
    """PROFILE keys with which the bridge reads the apps, one for each tenant."""
    webhooks: OutboundConfig = ONLY_PUBLIC
    jwks: JwksConfig = NO_JWKS
    mail: MailConfig = MailConfig()
    log: LogConfig = LogConfig()

    def __post_init__(self) -> None:
        if self.dev and not is_loopback(self.host):
            raise ConfigError(
                f"--dev accepts calls without a key, so it listens on loopback only, not on {self.host}; omit --host"
            )
        if self.dev and not is_loopback(self.bridge_host):
            raise ConfigError(
                "--dev accepts reports without a key, so its bridge listens on loopback only,"
                f" not on {self.bridge_host}; omit --bridge-host"
            )
        if self.workers > 1 and is_sqlite(self.database.url):
            raise ConfigError(
                f"--workers {self.workers} needs PostgreSQL, because only one process can serve a SQLite file;"
                " use --workers 1, or --database-url postgresql://…"
            )


def default_database_url() -> str:
    """A SQLite file in the user's data directory."""
    return f"sqlite:///{quote(str(_data_folder() / 'profiles.db'))}"


def is_sqlite(url: str) -> bool:
    """Whether the URL names an embedded database."""
    return url.partition("://")[0].partition("+")[0].lower() == "sqlite"


def sqlite_path(url: str) -> Path:
    """The file of a SQLite URL: what follows the third slash; with a fourth slash the path is absolute."""
    return Path(unquote(url.partition(":///")[2].partition("?")[0])).expanduser()


def display_url(url: str) -> str:
    """The URL without password and options, for display."""
    if is_sqlite(url):
        return url.partition("?")[0]
    parts = urlsplit(url)
    user, at, address = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{address}{parts.path}"


def prepare_sqlite_file(url: str) -> None:
    """Creates the file of an embedded database, readable by its owner only, if it does not exist yet.

    The user's data directory is created too (0700); any other folder must exist. SQLite gives its journals the
    permissions of the file.

    Raises:
        ConfigError: it cannot be created.
    """
    path = sqlite_path(url)
    try:
        if path.parent == _data_folder():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigError(f"cannot create the database file {path}: {why(error)}") from None


def configured_hash_key(environment: Mapping[str, str]) -> bytes | None:
    """The hash key of the environment, or None when there is none.

    Raises:
        ConfigError: it is not 64 hexadecimal digits. Its value is not shown.
    """
    text = environment.get(HASH_KEY_VARIABLE, "").strip()
    if not text:
        return None
    if not _HASH_KEY.match(text):
        raise ConfigError(f"{HASH_KEY_VARIABLE} must be 64 hexadecimal digits; make one with: {MAKE_HASH_KEY}")
    return bytes.fromhex(text)


def find_hash_key(url: str, environment: Mapping[str, str]) -> bytes:
    """The hash key for work on an existing database: the environment's, else the one that `serve --dev` keeps.

    Raises:
        ConfigError: there is none.
    """
    return configured_hash_key(environment) or read_dev_hash_key(url) or _missing_hash_key()


def serving_hash_key(url: str, environment: Mapping[str, str], *, dev: bool) -> bytes:
    """The hash key to serve with: the environment's; with --dev it may be missing, see `_dev_hash_key`.

    Raises:
        ConfigError: there is none.
    """
    return _dev_hash_key(url, environment) if dev else configured_hash_key(environment) or _missing_hash_key()


def seal_keys(url: str, environment: Mapping[str, str], hash_key: bytes, *, dev: bool = False) -> Mapping[str, bytes]:
    """The key ring (K2): the environment's; for a database of `serve --dev` else one derived from its hash key.

    Args:
        url: the database.
        environment: the process's.
        hash_key: the database's.
        dev: whether this process serves with --dev.

    Raises:
        ConfigError: it cannot be read, or is not a list of keys. No key is shown.
    """
    found = configured_seal_keys(environment)
    if not found and (dev or read_dev_hash_key(url) is not None):
        found = {"dev": hashlib.blake2b(key=hash_key, digest_size=SEAL_KEY_BYTES, person=b"dev-seal-key").digest()}
    return found


def configured_seal_keys(environment: Mapping[str, str]) -> Mapping[str, bytes]:
    """The key ring of the environment, in its order; empty if there is none. Raises as `seal_keys`."""
    keys: dict[str, bytes] = {}
    for number, pair in enumerate(re.split(r"[\s,]+", environment.get(SEAL_KEYS_VARIABLE, "").strip()), 1):
        if not pair:
            continue
        if not (match := _SEAL_KEY.match(pair)):
            raise ConfigError(
                f"entry {number} of {SEAL_KEYS_VARIABLE} is not `id:key` with an id of A-Z, a-z, 0-9, '.', '_', '-' and"
                f" a key of 64 hexadecimal digits; make a ring of one key with: {MAKE_SEAL_KEY}"
            )
        if match[1] in keys:
            raise ConfigError(f"{SEAL_KEYS_VARIABLE} has two keys with the id {match[1]!r}; give each an id of its own")
        keys[match[1]] = bytes.fromhex(match[2])
    return keys


def _dev_hash_key(url: str, environment: Mapping[str, str]) -> bytes:
    """The hash key for --dev: the environment's, else one that is created once and kept next to the database.

    Raises:
        ConfigError: the file cannot be created.
    """
    found = configured_hash_key(environment) or read_dev_hash_key(url)
    if found is None:
        if is_sqlite(url):
            _check_database_file(sqlite_path(url))
        keep_private(dev_file(url, "hash-key"), secrets.token_hex(HASH_KEY_BYTES) + "\n", replace=False)
        found = read_dev_hash_key(url)
    return found or _missing_hash_key()


def _check_database_file(path: Path) -> None:
    """Checks that the file can be a database, before a key is stored next to it."""
    try:
        fits = may_be_sqlite(path)
    except OSError as error:
        raise ConfigError(f"cannot read the database file {path}: {why(error)}") from None
    if not fits:
        raise ConfigError(f"{path} is not a SQLite database; choose another file with --database-url")


def may_be_sqlite(path: Path) -> bool:
    """Whether the file is a SQLite database, or can become one: it is empty, or does not exist.

    Do not call this in a process that has the database open: when a process closes any descriptor of a file, it loses
    all of its POSIX locks on that file, including SQLite's. Another process could then delete the WAL.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE_HEADER)) in {b"", _SQLITE_HEADER}
    except FileNotFoundError:
        return True


def read_dev_hash_key(url: str) -> bytes | None:
    """The hash key that `serve --dev` keeps for this database, or None."""
    path = dev_file(url, "hash-key")
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read the development hash key {path}: {why(error)}") from None
    if not _HASH_KEY.match(text):
        raise ConfigError(
            f"{path} does not contain 64 hexadecimal digits; restore it, or delete it together with its database"
        )
    return bytes.fromhex(text)


def dev_file(url: str, kind: str) -> Path:
    """A file that `serve --dev` keeps for this database: next to a SQLite file, else in the user's data directory."""
    if is_sqlite(url):
        path = sqlite_path(url)
        return path.with_name(f"{path.name}.{kind}")
    digest = hashlib.sha256(display_url(url).encode()).hexdigest()
    return _data_folder() / f"postgresql-{digest[:16]}.{kind}"


def keep_private(path: Path, text: str, *, replace: bool) -> None:
    """Writes a file that only its owner can read, atomically; keeps an existing one unless `replace`.

    Raises:
        ConfigError: it cannot be written.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        if path.parent == _data_folder():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(text)
            if replace:
                draft.replace(path)
            else:
                path.hardlink_to(draft)
        except FileExistsError:
            pass  # another process wrote it first: its content stays
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {why(error)}") from None


def _missing_hash_key() -> bytes:
    raise ConfigError(
        f"{HASH_KEY_VARIABLE} is not set; create a key once, keep it safe, and set it: "
        f'export {HASH_KEY_VARIABLE}="$({MAKE_HASH_KEY})" (to try things out, use `serve --dev`)'
    )


def _data_folder() -> Path:
    return platformdirs.user_data_path(PROGRAM, appauthor=False)


def why(error: OSError) -> str:
    """What the system says of the error, for the middle of a line."""
    return (error.strerror or str(error)).lower()
