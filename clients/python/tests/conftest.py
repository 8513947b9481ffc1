"""A scripted service, and how a test calls it: synchronously and with asyncio alike."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from clients.python.tests.service import ScriptedService, serving

import appprofile

Call = Callable[[Any], Any]


@pytest.fixture
def service() -> ScriptedService:
    # Registered as a service; methods that it lacks are answered UNIMPLEMENTED.
    return ScriptedService()  # type: ignore[abstract]


@pytest.fixture
def target(service: ScriptedService) -> Iterator[str]:
    with serving(service) as address:
        yield address


@pytest.fixture(params=["sync", "aio"])
def kind(request: pytest.FixtureRequest) -> Any:
    """The module whose `connect` and `ProfileSession` are under test."""
    return appprofile if request.param == "sync" else appprofile.aio


class Connector:
    """Makes clients of the kind under test and closes them."""

    def __init__(self, kind: Any, target: str) -> None:
        self._kind = kind
        self._target = target
        self._clients: list[Any] = []

    def __call__(self, **options: Any) -> Any:
        client = self._kind.connect(self._target, **{"plaintext": True, **options})
        self._clients.append(client)
        return client

    async def close(self) -> None:
        for client in self._clients:
            await answer(client.close())


@pytest.fixture
async def connect(kind: Any, target: str) -> AsyncIterator[Connector]:
    """`connect(**options)` makes a client, in plaintext unless told otherwise."""
    connector = Connector(kind, target)
    yield connector
    await connector.close()


async def answer(value: Any) -> Any:
    """The value, awaited where it is to be: so one test serves both kinds."""
    return await value if inspect.isawaitable(value) else value
