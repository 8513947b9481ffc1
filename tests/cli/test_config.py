"""Where data lives, and the secret behind the keyed hashes."""

import secrets
import stat
from pathlib import Path

import pytest

from profile_grpc import config
from profile_grpc.bootstrap.bridging import config_with_service
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.config import ConfigError, DatabaseConfig, ServeConfig

KEY = secrets.token_bytes(32)
ENVIRONMENT = {"PROFILE_GRPC_HASH_KEY": KEY.hex()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data directory, elsewhere."""
    home = tmp_path / "share"
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: home / "profile-grpc")
    return home


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://user:secret@host:5432/db?password=secret", "postgresql://user@host:5432/db"),
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgres://u:p%40ss@h1,h2:5433/db", "postgres://u@h1,h2:5433/db"),
        ("sqlite:////var/lib/profiles.db", "sqlite:////var/lib/profiles.db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert config.display_url(url) == shown


def test_a_hash_key_is_never_in_a_representation() -> None:
    settings = ServeConfig(database=DatabaseConfig("sqlite:///x.db", KEY))
    assert repr(KEY) not in repr(settings)
    assert KEY.hex() not in repr(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "::ffff:127.0.0.1"])
def test_dev_may_listen_on_loopback(host: str) -> None:
    assert ServeConfig(database=DatabaseConfig("sqlite:///x.db", KEY), dev=True, host=host).host == host


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.1", "example.com", "", "2002:7f00:1::1", "64:ff9b::7f00:1"],  # noqa: S104 - must be refused
)
def test_dev_may_listen_nowhere_else(host: str) -> None:
    """Development mode serves calls without a key, so only this machine may reach it."""
    with pytest.raises(ConfigError, match="loopback"):
        ServeConfig(database=DatabaseConfig("sqlite:///x.db", KEY), dev=True, host=host)


def test_a_bridge_in_the_services_process_takes_its_settings() -> None:
    """X1, X4: where to reach the service, how much may wait, whose word about senders counts."""
    database = DatabaseConfig("sqlite:////srv/x.db", KEY)
    settings = ServeConfig(
        database=database,
        host="0.0.0.0",  # noqa: S104 - to be replaced
        bridge_port=8080,
        bridge_spool_limit=5000,
        bridge_proxies=("10.0.0.0/8",),
    )
    beside = config_with_service(settings, 50051)
    assert beside.target == "127.0.0.1:50051"
    assert beside.spool == Path("/srv/x.db.bridge-spool")
    assert (beside.spool_limits.size, beside.proxies) == (5000, ("10.0.0.0/8",))
    assert config_with_service(ServeConfig(database=database, bridge_port=0), 1).spool_limits == SpoolLimits()


def test_the_default_spool_of_a_server_database_has_a_folder(data_home: Path) -> None:
    """X1: also in a home where nothing was kept before; it is the owner's alone."""
    settings = ServeConfig(database=DatabaseConfig("postgresql://db.example/profiles", KEY), bridge_port=0)
    spool = config_with_service(settings, 1).spool
    assert spool.parent == data_home / "profile-grpc"
    assert spool.parent.stat().st_mode & 0o777 == 0o700


def test_the_default_database_is_made_for_its_owner_only(data_home: Path) -> None:
    url = config.default_database_url()
    config.prepare_sqlite_file(url)
    path = config.sqlite_path(url)
    assert path == data_home / "profile-grpc" / "profiles.db"
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)


def test_an_existing_database_file_is_left_alone(tmp_path: Path) -> None:
    """Its owner chose its permissions."""
    path = tmp_path / "profiles.db"
    path.write_bytes(b"content")
    path.chmod(0o640)
    config.prepare_sqlite_file(f"sqlite:///{path}")
    assert (path.read_bytes(), mode(path)) == (b"content", 0o640)


def test_dev_makes_a_hash_key_once_and_keeps_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'profiles.db'}"
    made = config.serving_hash_key(url, {}, dev=True)
    assert len(made) == config.HASH_KEY_BYTES
    assert mode(tmp_path / "profiles.db.hash-key") == 0o600
    assert config.serving_hash_key(url, {}, dev=True) == made
    assert config.find_hash_key(url, {}) == made


def test_the_hash_key_of_the_environment_comes_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'profiles.db'}"
    config.serving_hash_key(url, {}, dev=True)
    assert config.serving_hash_key(url, ENVIRONMENT, dev=True) == KEY
    assert config.find_hash_key(url, ENVIRONMENT) == KEY


def test_outside_dev_the_kept_hash_key_does_not_serve(tmp_path: Path) -> None:
    """Production names its hash key; one that was made by the way could get lost unnoticed."""
    url = f"sqlite:///{tmp_path / 'profiles.db'}"
    config.serving_hash_key(url, {}, dev=True)
    with pytest.raises(ConfigError, match="is not set"):
        config.serving_hash_key(url, {}, dev=False)


def test_of_postgresql_the_hash_key_is_kept_in_the_data_directory(data_home: Path) -> None:
    """There is no database file to keep it beside; each database has its own."""
    one, other = "postgresql://u:p@host/one", "postgresql://u:p@host/other"
    made = config.serving_hash_key(one, {}, dev=True)
    assert config.serving_hash_key("postgresql://u:changed@host/one", {}, dev=True) == made
    assert config.serving_hash_key(other, {}, dev=True) != made
    assert mode(data_home / "profile-grpc") == 0o700
    assert {mode(path) for path in (data_home / "profile-grpc").iterdir()} == {0o600}


def test_a_damaged_hash_key_file_is_not_replaced(tmp_path: Path) -> None:
    """Everything hashed under the lost key would be orphaned without a word."""
    url = f"sqlite:///{tmp_path / 'profiles.db'}"
    kept = tmp_path / "profiles.db.hash-key"
    kept.write_text("half a ke")
    with pytest.raises(ConfigError, match="64 hexadecimal digits"):
        config.serving_hash_key(url, {}, dev=True)
    assert kept.read_text() == "half a ke"


def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    """Two processes that start together end up with one hash key."""
    path = tmp_path / "kept"
    config.keep_private(path, "first", replace=False)
    config.keep_private(path, "second", replace=False)
    assert path.read_text() == "first"
    config.keep_private(path, "third", replace=True)
    assert path.read_text() == "third"
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("kind", ["text", "folder"])
def test_no_key_file_is_written_next_to_a_file_that_is_no_database(tmp_path: Path, kind: str) -> None:
    """A wrong path leaves nothing behind."""
    path = tmp_path / "notes"
    path.mkdir() if kind == "folder" else path.write_text("no database at all")
    with pytest.raises(ConfigError):
        config.serving_hash_key(f"sqlite:///{path}", {}, dev=True)
    assert list(tmp_path.iterdir()) == [path]


PAIRS = f"2026:{'aB' * 32}", f"old.key_1:{'0' * 64}"


@pytest.mark.parametrize(
    "text", [",".join(PAIRS), " ".join(PAIRS), "\n".join(PAIRS) + "\n", f" {PAIRS[0]} , {PAIRS[1]},"]
)
def test_a_key_ring_keeps_its_order(text: str) -> None:
    """K2: the first key seals."""
    ring = config.configured_seal_keys({"PROFILE_GRPC_SEAL_KEYS": text})
    assert list(ring.items()) == [("2026", b"\xab" * 32), ("old.key_1", bytes(32))]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{'ab' * 32}", "entry 1 of PROFILE_GRPC_SEAL_KEYS"),
        (f"{PAIRS[0]} x:{'ab' * 31}", "entry 2 of PROFILE_GRPC_SEAL_KEYS"),
        (f"a/b:{'ab' * 32}", "openssl rand -hex 32"),
        (f"{PAIRS[0]} {PAIRS[0]}", "two keys with the id '2026'"),
    ],
)
def test_an_unusable_key_ring_is_an_error_without_the_keys(text: str, says: str) -> None:
    """K2."""
    with pytest.raises(ConfigError, match=says) as error:
        config.configured_seal_keys({"PROFILE_GRPC_SEAL_KEYS": text})
    assert "abab" not in str(error.value).lower()


def test_development_has_a_key_ring_of_its_own(tmp_path: Path) -> None:
    """K2: the same for `serve --dev` and for commands on its database; nothing else has one by itself."""
    url = f"sqlite:///{tmp_path / 'dev.db'}"
    assert not config.seal_keys(url, {}, KEY)
    served = config.seal_keys(url, {}, KEY, dev=True)
    assert list(served) == ["dev"]
    (tmp_path / "dev.db.hash-key").write_text(KEY.hex())
    assert config.seal_keys(url, {}, KEY) == served
    assert KEY not in served.values()
    assert list(config.seal_keys(url, {"PROFILE_GRPC_SEAL_KEYS": PAIRS[0]}, KEY, dev=True)) == ["2026"]


def test_a_key_ring_is_never_in_a_representation() -> None:
    """K2."""
    settings = ServeConfig(database=DatabaseConfig("sqlite:///x.db", b"", {"2026": KEY}))
    assert repr(KEY) not in repr(settings)
