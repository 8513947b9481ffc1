"""The ProfileSession for asyncio: as the synchronous one, line by line, with `await`."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from appprofile._errors import ApiError
from appprofile._session_state import DEFAULT_JITTER, LONGEST_SLEEP_S, SessionState

if TYPE_CHECKING:
    from appprofile.aio import Client
    from appprofile.v1.profile_pb2 import PushEndpoint
    from appprofile.v1.profile_service_pb2 import HeartbeatResponse, RegisterRequest, RegisterResponse

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")


class ProfileSession:
    """Keeps one profile alive on behalf of a device, as a device SDK does. For gateways; may be shared by tasks.

    session = ProfileSession(client, RegisterRequest(key=key, platform=PLATFORM_ANDROID))
    await session.register()
    await session.run()  # or call tick() from a scheduler of your own
    """

    def __init__(
        self,
        client: Client,
        registration: RegisterRequest,
        *,
        jitter: float = DEFAULT_JITTER,
        sequence: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Sends nothing yet.

        Args:
            client: the client for the calls.
            registration: the registration to send, now and whenever the service requires it again. It is copied.
            jitter: heartbeats are sent up to this share of the interval early, so that sessions spread out.
            sequence: the number of the installation's last call, if an earlier session stored it (`sequence`).
            clock: returns seconds of a monotonic clock.
        """
        self._client = client
        self._state = SessionState(registration, jitter, sequence)
        self._clock = clock
        self._lock = asyncio.Lock()

    @property
    def sequence(self) -> int:
        """The number of the last call.

        Store it for the next session. Each registration, token and sign-out has the next number, so that a call that
        arrives late does not undo a later one.
        """
        return self._state.sequence

    @property
    def registered(self) -> bool:
        """Whether the service is known to hold the profile."""
        return self._state.registered

    async def register(self) -> RegisterResponse:
        """Registers, also after the session has ended. The first heartbeat is due after the interval in the response.

        Raises:
            ApiError: refused, or the service could not be reached.
        """
        async with self._lock:
            return await self._register()

    async def heartbeat(self) -> HeartbeatResponse:
        """Sends a heartbeat now; registers again if the service requires it.

        Raises:
            ApiError: PROFILE_UNREGISTERED, or a cause that forbids registering again: the session has ended.
        """
        async with self._lock:
            return await self._heartbeat()

    async def tick(self) -> float:
        """Registers or sends the heartbeat, if due.

        Temporary failures are logged and retried later.

        Returns:
            Seconds until the next action; infinite after the session has ended.

        Raises:
            ApiError: a failure that is not temporary.
        """
        async with self._lock:
            if self._state.wait(self._clock()) <= 0:
                try:
                    await (self._heartbeat() if self._state.registered else self._register())
                except ApiError as error:
                    if not self._state.postpone(error, self._clock()):
                        raise
            return self._state.wait(self._clock())

    async def run(self) -> None:
        """Ticks until the session has ended or the task is cancelled. Raises as `tick`."""
        while (wait := await self.tick()) < math.inf:  # noqa: ASYNC110 - time itself is awaited
            await asyncio.sleep(min(wait, LONGEST_SLEEP_S))

    async def rotate_token(self, *endpoints: PushEndpoint) -> None:
        """Gives the service new push tokens (R3).

        A token replaces the session's token of the same provider and purpose; those of other providers are kept. A
        token of a provider that is new for that purpose replaces all of them, because the app has changed its provider.
        An app that adds a second provider passes the tokens of both.

        Raises:
            ApiError: as `heartbeat`. The session still keeps the tokens for later registrations.
        """
        async with self._lock:
            current = self._state.rotate(endpoints)
            if not self._state.registered:
                return
            try:
                await self._in_order(
                    self._client.profiles.UpdateProfileData, lambda: self._state.rotation_request(current)
                )
            except ApiError as error:
                if not self._state.failed(error):
                    raise
                await self._register()

    async def unregister(self) -> None:
        """Signs the user out of the device and ends the session. It is not an error if the profile does not exist any
        more.
        """
        async with self._lock:
            await self._in_order(self._client.profiles.Unregister, self._state.unregister_request)
            self._state.end()

    async def _register(self) -> RegisterResponse:
        response = await self._in_order(self._client.profiles.Register, self._state.register_request)
        self._state.was_registered(response.heartbeat_interval, self._clock())
        return response

    async def _heartbeat(self) -> HeartbeatResponse:
        try:
            response = await self._client.profiles.Heartbeat(self._state.heartbeat_request())
        except ApiError as error:
            if not self._state.failed(error):
                raise
            await self._register()
            response = await self._client.profiles.Heartbeat(self._state.heartbeat_request())
        self._state.next_heartbeat_after(response.next_heartbeat_after, self._clock())
        return response

    async def _in_order(
        self, method: Callable[[RequestT], Awaitable[ResponseT]], request: Callable[[], RequestT]
    ) -> ResponseT:
        """Calls with the next number. If the session's numbers are too low, it calls once more with a higher one."""
        try:
            return await method(request())
        except ApiError as error:
            if not self._state.is_behind(error):
                raise
            return await method(request())
