"""What every test can ask for: databases of each engine, and tools that may be missing."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.support import engines, limits, scheduling
from tests.support.postgres import Postgres, PrivatePostgres

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store-url",
        action="append",
        default=[],
        metavar="URL",
        help="database to test on, repeatable: sqlite://, postgresql:// (a private server) or"
        " postgresql://USER@HOST/DATABASE (a new database beside it for each test); default: the first two",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engines(*names): run on these engines only: sqlite, postgresql")
    limits.configure(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that needs a database, however indirectly, once on each engine."""
    if "engine" not in metafunc.fixturenames:
        return
    try:
        chosen = engines.parse(metafunc.config.getoption("--store-url"))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    for marker in metafunc.definition.iter_markers("engines"):
        chosen = [engine for engine in chosen if engine.name in marker.args]
    metafunc.parametrize("engine", chosen, ids=[engine.name for engine in chosen], scope="session")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """With `--dist loadscope` (scripts/test): see `scheduling`."""
    return scheduling.Scheduler(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    limits.raise_markers(items)
    if hasattr(config, "workerinput"):
        scheduling.longest_first(items)


@pytest.fixture(autouse=True)
def logs_as_imported() -> Iterator[None]:
    """What a test's program configures of the logs ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def private_postgres() -> Iterator[PrivatePostgres]:
    """The session's own PostgreSQL server. A test that stops a server starts a `PrivatePostgres` of its own."""
    with PrivatePostgres() as server:
        yield server


@pytest.fixture(scope="session")
def database_server(engine: engines.Engine, request: pytest.FixtureRequest) -> Postgres | None:
    """The PostgreSQL server that databases are made on, if the engine has one."""
    if engine.name != "postgresql":
        return None
    return request.getfixturevalue("private_postgres") if engine.private else Postgres(engine.url)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engines.Databases]:
    made = engines.Databases(tmp_path_factory.mktemp("template"))
    yield made
    made.close()


@pytest.fixture
def engine_url(database_server: Postgres | None, databases: engines.Databases, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, empty database, on each engine in turn."""
    with databases.empty(database_server, tmp_path) as url:
        yield url


@pytest.fixture
def store_url(
    engine: engines.Engine, database_server: Postgres | None, databases: engines.Databases, tmp_path: Path
) -> Iterator[str]:
    """The URL of a database with the schema and nothing in it, on each engine in turn."""
    with databases.migrated(engine, database_server, tmp_path) as url:
        yield url


@pytest.fixture
def require_tool() -> Callable[[str], str]:
    """`require_tool(name)` is the tool's path; without the tool the test is skipped.

    Where REQUIRE_TOOLS=1 (continuous integration), it fails instead: nothing is skipped unseen.
    """

    def require(name: str) -> str:
        path = shutil.which(name, path=os.pathsep.join([str(ROOT / ".tools" / "bin"), os.environ.get("PATH", "")]))
        if path is not None:
            return path
        reason = f"{name} not found; scripts/tools installs it where Go is at hand"
        if os.environ.get("REQUIRE_TOOLS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return require
