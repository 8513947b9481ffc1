"""The synchronous ProfileSession."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from appprofile._errors import ApiError
from appprofile._session_state import DEFAULT_JITTER, LONGEST_SLEEP_S, SessionState

if TYPE_CHECKING:
    from appprofile._client import Client
    from appprofile.v1.profile_pb2 import PushEndpoint
    from appprofile.v1.profile_service_pb2 import HeartbeatResponse, RegisterRequest, RegisterResponse

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")


class ProfileSession:
    """Keeps one profile alive on behalf of a device, as a device SDK does. For gateways; may be shared by threads.

    session = ProfileSession(client, RegisterRequest(key=key, platform=PLATFORM_ANDROID))
    session.register()
    session.run(stop)  # or call tick() from a scheduler of your own
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
            client: where to.
            registration: what to register, now and whenever the service asks for it again. Copied.
            jitter: heartbeats go out up to this share of the interval early, so that sessions drift apart.
            sequence: the number of the installation's last call, where an earlier session kept it (`sequence`).
            clock: seconds that never go back.
        """
        self._client = client
        self._state = SessionState(registration, jitter, sequence)
        self._clock = clock
        self._lock = threading.RLock()

    @property
    def sequence(self) -> int:
        """The number of the last call, to be kept for the session that follows this one.

        Each registration, token and sign-out carries the next number: one that the network delivers late undoes nothing
        that came after it.
        """
        return self._state.sequence

    @property
    def registered(self) -> bool:
        """Whether the service is known to hold the profile."""
        return self._state.registered

    def register(self) -> RegisterResponse:
        """Registers, also after the session has ended. The first heartbeat is due after the answered interval.

        Raises:
            ApiError: refused, or the service could not be reached.
        """
        with self._lock:
            response = self._in_order(self._client.profiles.Register, self._state.register_request)
            self._state.was_registered(response.heartbeat_interval, self._clock())
            return response

    def heartbeat(self) -> HeartbeatResponse:
        """Says now that the device is alive; registers again where the service asks for it.

        Raises:
            ApiError: PROFILE_UNREGISTERED, or a cause that forbids registering again: the session has ended.
        """
        with self._lock:
            try:
                response = self._client.profiles.Heartbeat(self._state.heartbeat_request())
            except ApiError as error:
                if not self._state.failed(error):
                    raise
                self.register()
                response = self._client.profiles.Heartbeat(self._state.heartbeat_request())
            self._state.next_heartbeat_after(response.next_heartbeat_after, self._clock())
            return response

    def tick(self) -> float:
        """Does what is due: registers, or sends the heartbeat. Passing failures are logged and tried again later.

        Returns:
            Seconds until there is something to do again; infinite once the session has ended.

        Raises:
            ApiError: a failure that waiting does not mend.
        """
        with self._lock:
            if self._state.wait(self._clock()) <= 0:
                try:
                    if self._state.registered:
                        self.heartbeat()
                    else:
                        self.register()
                except ApiError as error:
                    if not self._state.postpone(error, self._clock()):
                        raise
            return self._state.wait(self._clock())

    def run(self, stop: threading.Event) -> None:
        """Ticks until `stop` is set or the session has ended. Raises as `tick`."""
        while (wait := self.tick()) < math.inf and not stop.wait(min(wait, LONGEST_SLEEP_S)):
            pass

    def rotate_token(self, *endpoints: PushEndpoint) -> None:
        """Gives the service new push tokens (R3).

        A token takes the place of the session's token of the same provider and purpose; those of other providers stay.
        A provider that the session does not have for that purpose takes the place of all: the app has moved to it. An
        app that adds a second provider gives the tokens of both.

        Raises:
            ApiError: as `heartbeat`. The session keeps the tokens for later registrations all the same.
        """
        with self._lock:
            current = self._state.rotate(endpoints)
            if not self._state.registered:
                return
            try:
                self._in_order(self._client.profiles.UpdateProfileData, lambda: self._state.rotation_request(current))
            except ApiError as error:
                if not self._state.failed(error):
                    raise
                self.register()

    def unregister(self) -> None:
        """Signs the user out of the device and ends the session. A profile that is gone already is no error."""
        with self._lock:
            self._in_order(self._client.profiles.Unregister, self._state.unregister_request)
            self._state.end()

    def _in_order(self, method: Callable[[RequestT], ResponseT], request: Callable[[], RequestT]) -> ResponseT:
        """Calls with the next number; once more with a higher one where the session's numbers had fallen behind."""
        try:
            return method(request())
        except ApiError as error:
            if not self._state.is_behind(error):
                raise
            return method(request())
