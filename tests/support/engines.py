"""The databases that the tests of the store, and all above it, run on."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from profile_grpc.store import migrate
from profile_grpc.store.tables import metadata
from tests.support.postgres import Postgres

DEFAULT_URLS = ("sqlite://", "postgresql://")
_NAMES = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}


@dataclass(frozen=True)
class Engine:
    """A value of `--store-url`.

    `sqlite://` is a new file for each test, `postgresql://` (without a host) a new database for each test on a private
    server, `postgresql://USER@HOST/DATABASE` a new database for each test beside the one named.
    """

    name: str
    url: str

    @property
    def private(self) -> bool:
        """Whether the tests start the server themselves."""
        return self.name == "postgresql" and not urlsplit(self.url).netloc


def parse(urls: Sequence[str]) -> list[Engine]:
    """The engines to run on, in the order given; ValueError for a URL of another kind."""
    engines = []
    for url in urls or DEFAULT_URLS:
        name = _NAMES.get(urlsplit(url).scheme.partition("+")[0])
        if name is None:
            message = f"--store-url takes sqlite:// or postgresql://…, not {url}"
            raise ValueError(message)
        engines.append(Engine(name, url))
    return engines


@contextmanager
def postgres_database(server: Postgres, template: str = "template1") -> Iterator[str]:
    """The URL of a database like the template, dropped afterwards."""
    url = server.create_database(template)
    try:
        yield url
    finally:
        server.drop_database(url)


class Databases:
    """The databases of a test session: empty ones, and copies of one that was migrated, which is cheaper.

    `server` is the PostgreSQL server to make them on, None on SQLite.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[Engine, tuple[Postgres | None, str]] = {}

    @contextmanager
    def empty(self, server: Postgres | None, folder: Path) -> Iterator[str]:
        """The URL of a database without tables; on SQLite, of a file that does not exist yet."""
        if server is None:
            yield f"sqlite:///{folder / 'store.db'}"
            return
        with postgres_database(server) as url:
            yield url

    @contextmanager
    def migrated(self, engine: Engine, server: Postgres | None, folder: Path) -> Iterator[str]:
        """The URL of a database with the schema and nothing in it."""
        template = self.template(engine, server)
        path = urlsplit(template).path
        if server is None:
            yield f"sqlite:///{shutil.copy(path, folder / 'store.db')}"
            return
        if server.is_citus:  # of which nothing can be copied, and which takes seconds to set up
            yield template
            server.empty(template, [table.name for table in metadata.sorted_tables])
            return
        with postgres_database(server, template=path[1:]) as url:
            yield url

    def template(self, engine: Engine, server: Postgres | None) -> str:
        """The URL of the database that is copied. Nobody may stay connected to it."""
        if engine not in self._templates:
            url = server.create_database() if server else f"sqlite:///{self._folder / 'template.db'}"
            self._templates[engine] = server, url
            asyncio.run(migrate(url))
        return self._templates[engine][1]

    def close(self) -> None:
        """Drops what lies on a server that outlives the session."""
        for engine, (server, url) in self._templates.items():
            if server is not None and not engine.private:
                server.drop_database(url)
