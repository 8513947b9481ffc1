"""Server streams that resume by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Self

from typing_extensions import override

from appprofile import _resumption
from appprofile._errors import ApiError
from appprofile._resumption import Interrupted, RequestT, ResponseT, Resumption


class ResumingStream(Iterator[ResponseT], Generic[ResponseT]):
    """The messages of a server stream. After an interruption it goes on with the message after the last one it gave.

    Iterate over it in one thread. `cancel` may be called in any, and ends the iteration without an error; leaving a
    `with` statement calls it too.
    """

    def __init__(
        self,
        method: Callable[..., Any],
        request: RequestT,
        on_interruption: Interrupted | None = None,
    ) -> None:
        """Sends nothing yet.

        Args:
            method: the stub's method. Request and response have a `resume_token`.
            request: the first request. It is copied.
            on_interruption: called with the error of each interruption before the stream is opened again.
        """
        self._method = method
        self._resumption: Resumption[Any] = Resumption(request, on_interruption)
        self._call: Any = None
        self._ended = threading.Event()
        self._lock = threading.Lock()

    @override
    def __iter__(self) -> Self:
        return self

    @override
    def __next__(self) -> ResponseT:
        """The next message.

        Raises:
            StopIteration: the stream is complete, or was cancelled.
            ResumeTokenExpiredError: messages were missed.
            ApiError: another failure that does not pass.
        """
        while (call := self._open()) is not None:
            try:
                message: ResponseT = self._receive(call)
            except ApiError as error:
                self._call = None
                if not self._ended.is_set():
                    self._wait(error)
            except BaseException:
                self.cancel()
                raise
            else:
                self._resumption.received(message)
                return message
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Ends the stream."""
        with self._lock:
            self._ended.set()
            if self._call is not None:
                self._call.cancel()

    def _open(self) -> Any:
        """The call under way, or a new one; None: the stream has ended."""
        with self._lock:
            if self._ended.is_set():
                return None
            if self._call is None:
                # Waiting is done here: so it is known what is waited for.
                self._call = self._method(self._resumption.request, wait_for_ready=False)
            return self._call

    def _receive(self, call: Any) -> ResponseT:
        lost = threading.Event()

        def give_up() -> None:
            lost.set()
            call.cancel()

        timer = threading.Timer(_resumption.IDLE_S, give_up)
        timer.daemon = True
        timer.start()
        try:
            message: ResponseT = next(call)
        except ApiError:
            if lost.is_set():
                raise _resumption.nothing_came() from None
            raise
        finally:
            timer.cancel()
        return message

    def _wait(self, error: ApiError) -> None:
        try:
            pause = self._resumption.pause(error)
        except BaseException:
            self._ended.set()
            raise
        self._ended.wait(pause)
