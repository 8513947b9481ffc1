"""The databases that the tests of the store, and all above it, run on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

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
def sqlite_database(folder: Path) -> Iterator[str]:
    """The URL of a database file that does not exist yet."""
    yield f"sqlite:///{folder / 'store.db'}"


@contextmanager
def postgres_database(server: Postgres) -> Iterator[str]:
    """The URL of an empty database, dropped afterwards."""
    url = server.create_database()
    try:
        yield url
    finally:
        server.drop_database(url)
