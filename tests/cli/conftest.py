"""Commands on a database of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.program import Commands, sqlite_url


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Commands set up logging for their process, which here is the tests'."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Commands:
    """Runs commands on a SQLite file that does not exist yet."""
    return Commands(capsys, monkeypatch, sqlite_url(tmp_path))


@pytest.fixture
def on_engine(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str) -> Commands:
    """Runs commands on a migrated database, of each engine in turn."""
    return Commands(capsys, monkeypatch, store_url)
