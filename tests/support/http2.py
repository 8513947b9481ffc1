"""An HTTP/2 client that can do what no gRPC library does, for tests of limits and for attacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from tests.support.limits import wait_s

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""The beginning of a connection: the preface and empty settings."""
_MOST = 2**16
_HEADER = 9
"""The size of a frame's header."""
E_ = TypeVar("E_", bound=Event)


def framed(message: bytes) -> bytes:
    """The message in gRPC's framing."""
    return b"\0" + len(message).to_bytes(4) + message


class Http2:
    """One connection. `events` contains everything that the server has sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.events: list[Event] = []
        self.closed = False
        """Whether the server has closed the connection."""
        self._heard = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, host: str, port: int, settings: dict[SettingCodes, int] | None = None) -> Self:
        """Connects and sends the preface, with these settings."""
        self = cls(*await asyncio.open_connection(host, port))
        if settings:
            self.connection.local_settings = Settings(client=True, initial_values=settings)
        self.connection.initiate_connection()
        await self.flush()
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection without a message."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.transport.abort()

    async def begin(self, path: str, metadata: Iterable[tuple[str, str]] = (), *, end: bool = False) -> int:
        """Opens a stream; returns its number."""
        stream = self.connection.get_next_available_stream_id()
        headers = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")]
        headers += [("content-type", "application/grpc"), ("te", "trailers"), *metadata]
        self.connection.send_headers(stream, headers, end_stream=end)
        await self.flush()
        return stream

    async def send(self, stream: int, body: bytes, *, end: bool = False) -> None:
        """Sends a body as far as the server's windows let it; ends quietly where the server does not want it."""
        left = memoryview(body)
        with suppress(ProtocolError):  # the stream or the connection is closed
            while left:
                room = min(self.connection.local_flow_control_window(stream), self.connection.max_outbound_frame_size)
                if not room:
                    await self.heard(lambda: self.connection.local_flow_control_window(stream) > 0 or self.closed)
                    if self.closed:
                        return
                    continue
                part, left = left[:room], left[room:]
                self.connection.send_data(stream, bytes(part), end_stream=end and not left)
                await self.flush()

    async def ping(self) -> None:
        self.connection.ping(b"12345678")
        await self.flush()

    async def reset(self, stream: int) -> None:
        self.connection.reset_stream(stream)
        await self.flush()

    async def flush(self) -> None:
        """Sends what is to be sent; a server that has gone is found out by reading."""
        with suppress(OSError):
            self._writer.write(self.connection.data_to_send())
            await self._writer.drain()

    def of(self, kind: type[E_]) -> list[E_]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def status(self, stream: int) -> str | None:
        """The gRPC status of the stream, once there is one."""
        for event in self.events:
            if getattr(event, "stream_id", None) == stream:
                for name, value in getattr(event, "headers", None) or ():
                    if name == "grpc-status":
                        return str(value)
        return None

    def ended(self, stream: int) -> bool:
        """Whether nothing more comes on the stream."""
        over = (event for event in self.events if isinstance(event, StreamEnded | StreamReset))
        return self.closed or any(event.stream_id == stream for event in over)

    async def heard(self, condition: Callable[[], bool], seconds: float | None = None) -> None:
        """Waits until the condition holds after something that the server said or did, or for so many seconds.

        Raises:
            TimeoutError: it did not come to hold.
        """
        async with asyncio.timeout(wait_s() if seconds is None else seconds), self._heard:
            await self._heard.wait_for(condition)

    async def _read(self) -> None:
        data, left = b"?", b""
        while data:
            try:
                data = await self._reader.read(_MOST)
            except OSError:
                data = b""
            async with self._heard:
                self.closed = not data
                left = self._receive(left + data)
                self._heard.notify_all()
            await self.flush()

    def _receive(self, data: bytes) -> bytes:
        """Takes in whole frames, each on its own: after a GOAWAY, the library takes nothing of what comes with it."""
        while len(data) >= _HEADER and len(data) >= (end := _HEADER + int.from_bytes(data[:3])):
            with suppress(ProtocolError):
                events = self.connection.receive_data(data[:end])
                self.events += [event for event in events if not isinstance(event, WindowUpdated)]
                self._acknowledge(events)
            data = data[end:]
        return data

    def _acknowledge(self, events: Iterable[Event]) -> None:
        """Gives back the connection's window; that of a stream is left to the test."""
        for event in events:
            if isinstance(event, DataReceived) and event.flow_controlled_length:
                self.connection.increment_flow_control_window(event.flow_controlled_length)
