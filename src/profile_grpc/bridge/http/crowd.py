"""Requests that are taken without a task for each, and without what uvicorn makes for an ASGI application."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Container, Sequence
from typing import Any, Protocol

from profile_grpc.bridge.http.headers import raw


class Shortcut(Protocol):
    """The application, as it takes requests without a body."""

    @property
    def paths(self) -> Container[bytes]:
        """Those that it may take."""
        ...

    def take(self, crowd: Sequence[Exchange]) -> list[Exchange]:
        """Takes requests, which it replies to later, and returns at once those that it leaves to its ASGI side."""
        ...


class Connection(Protocol):
    """Where an exchange takes place."""

    sender: str
    loop: AbstractEventLoop

    def reply(self, exchange: Exchange, status: int, headers: bytes) -> None:
        """See Exchange.reply."""
        ...

    def leave(self, exchange: Exchange) -> None:
        """See Exchange.leave."""
        ...


class _Unheard:
    """Stands for the event by which uvicorn wakes an application that waits for a body."""

    def set(self) -> None:
        """Nobody waits."""


class Exchange:
    """A request without a body, until it is answered.

    It stands where uvicorn has its RequestResponseCycle, and has of that what the protocol looks at: to make one takes
    a tenth of the time.
    """

    __slots__ = (
        "connection",
        "disconnected",
        "headers",
        "keep_alive",
        "more_body",
        "path",
        "query",
        "response_complete",
        "scope",
    )
    message_event = _Unheard()

    def __init__(
        self,
        connection: Connection,
        path: bytes,
        query: bytes,
        headers: dict[bytes, bytes],
        scope: Any,  # noqa: ANN401 - uvicorn's, not yet complete
        keep_alive: bool,  # noqa: FBT001 - by place: this runs for every request
    ) -> None:
        self.connection = connection
        self.path = path
        self.query = query
        self.headers = headers
        self.scope = scope
        self.keep_alive = keep_alive
        self.more_body = True
        self.disconnected = self.response_complete = False

    def reply(self, status: int, headers: bytes) -> None:
        """Answers with an empty body, if the client is still there. The headers are beside those of every answer."""
        self.connection.reply(self, status, headers)

    def leave(self) -> None:
        """The application answers it by ASGI."""
        self.connection.leave(self)


class Crowd:
    """Requests that came at the same time: taken together, before anything else is done for one of them.

    One after the other, each between the reading of two sockets, takes half as long again: what the processor has
    learnt from the one is lost before the next.
    """

    def __init__(self, shortcut: Shortcut) -> None:
        self.paths = shortcut.paths
        self._take = shortcut.take
        self._waiting: list[Exchange] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self._common = b""

    def join(self, exchange: Exchange) -> None:
        """The request is taken when the sockets have been read."""
        self._waiting.append(exchange)
        if len(self._waiting) == 1:
            exchange.connection.loop.call_soon(self._run)

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        for left in self._take(waiting):
            left.leave()

    def common(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """What every answer carries. uvicorn makes these headers anew each second, as the date is among them."""
        if headers is not self._headers:
            self._headers = headers
            self._common = raw(headers)
        return self._common
