"""The synchronous ProfileSession."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from appprofile._errors import ApiError
from appprofile._session_state import DEFAULT_JITTER, LONGEST_SLEEP_S, SessionState

if TYPE_CHECKING:
    from appprofile._client import Client
    from appprofile.v1.profile_pb2 import PushEndpoint
    from appprofile.v1.profile_service_pb2 import HeartbeatResponse, RegisterRequest, RegisterResponse


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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Sends nothing yet.

        Args:
            client: where to.
            registration: what to register, now and whenever the service asks for it again. Copied.
            jitter: heartbeats go out up to this share of the interval early, so that sessions drift apart.
            clock: seconds that never go back.
        """
        self._client = client
        self._state = SessionState(registration, jitter)
        self._clock = clock
        self._lock = threading.RLock()

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
            response = self._client.profiles.Register(self._state.registration)
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

    def rotate_token(self, endpoint: PushEndpoint) -> None:
        """Gives the service a new push token, in place of the one of the same provider and purpose.

        Raises:
            ApiError: as `heartbeat`. The session keeps the token for later registrations all the same.
        """
        with self._lock:
            self._state.keep(endpoint)
            if not self._state.registered:
                return
            try:
                self._client.profiles.UpdateProfileData(self._state.rotation_request(endpoint))
            except ApiError as error:
                if not self._state.failed(error):
                    raise
                self.register()

    def unregister(self) -> None:
        """Signs the user out of the device and ends the session. A profile that is gone already is no error."""
        with self._lock:
            self._client.profiles.Unregister(self._state.unregister_request())
            self._state.end()
