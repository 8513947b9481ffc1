"""The common state of the two kinds of ProfileSession: the registration, the time of the next heartbeat, and the
meaning of errors.

No I/O and no clock of its own; times are seconds of whatever monotonic clock the session has.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Sequence

import grpc
from google.protobuf.duration_pb2 import Duration

from appprofile._errors import ApiError
from appprofile.v1.profile_pb2 import PUSH_PURPOSE_DEFAULT, Profile, ProfileKey, PushEndpoint
from appprofile.v1.profile_service_pb2 import (
    HeartbeatRequest,
    RegisterRequest,
    UnregisterRequest,
    UpdateProfileDataRequest,
)

DEFAULT_JITTER = 0.1
TRY_AGAIN_S = 60.0
"""The pause before a heartbeat is sent again whose call failed after all retries."""
LONGEST_SLEEP_S = 3600.0
"""The longest pause: so that the end of a session, or a manual registration, is noticed within an hour."""
_SHORTEST_INTERVAL_S = 1.0
_PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
    }
)
_FINAL_CAUSES = frozenset({"ACCOUNT_REMOVED", "ERASED"})
_log = logging.getLogger("appprofile")


class SessionState:
    """The state of one registration."""

    def __init__(self, registration: RegisterRequest, jitter: float, sequence: int) -> None:
        if not 0 <= jitter < 1:
            raise ValueError("jitter is a share of the interval: from 0 to below 1")
        if sequence < 0:
            raise ValueError("sequence is the number of the last call: at least 0")
        self.sequence = sequence
        """The number of the last numbered call (R13)."""
        self.registration = RegisterRequest()
        self.registration.CopyFrom(registration)
        self.registered = False
        self.ended = False
        self._jitter = jitter
        self._due = -math.inf

    @property
    def key(self) -> ProfileKey:
        return self.registration.key

    def wait(self, now: float) -> float:
        """Seconds until something is due: 0 while not registered, infinite once the session has ended."""
        return math.inf if self.ended else max(0.0, self._due - now)

    def was_registered(self, interval: Duration, now: float) -> None:
        self.registered = True
        self.ended = False
        self.next_heartbeat_after(interval, now)

    def next_heartbeat_after(self, interval: Duration, now: float) -> None:
        """Up to `jitter` earlier than requested, so that sessions that began together spread out; never later."""
        seconds = max(interval.ToTimedelta().total_seconds(), _SHORTEST_INTERVAL_S)
        self._due = now + seconds * (1 - self._jitter * random.random())  # noqa: S311 - no secret

    def end(self) -> None:
        self.registered = False
        self.ended = True

    def is_behind(self, error: ApiError) -> bool:
        """Whether the service knows higher numbers of this device than the session; then the session continues after
        those.

        A session sends its calls one after the other, so the call did not arrive late: its number is too low, for
        example because it was not stored before the process restarted.
        """
        highest = error.metadata.get("highest", "")
        if error.reason != "OUT_OF_ORDER" or not highest.isdecimal():
            return False
        self.sequence = max(self.sequence, int(highest))
        return True

    def failed(self, error: ApiError) -> bool:
        """Whether to register again.

        Otherwise the error is raised to the caller, and a final error ends the session. Final errors: the profile was
        unregistered, or the account or the person's data was removed. Registering again would undo these decisions.
        """
        if error.reason == "REREGISTER_REQUIRED" and error.metadata.get("cause") not in _FINAL_CAUSES:
            self.registered = False
            return True
        if error.reason in {"REREGISTER_REQUIRED", "PROFILE_UNREGISTERED"}:
            self.end()
        return False

    def postpone(self, error: ApiError, now: float) -> bool:
        """Whether the error is temporary; then the next attempt is due a little later."""
        if error.code not in _PASSING:
            return False
        delay = error.retry_delay.total_seconds() if error.retry_delay else TRY_AGAIN_S
        self._due = now + delay * (1 + self._jitter * random.random())  # noqa: S311 - no secret
        _log.warning("profile session: %s %s; next try in %.0f s", error.code.name, error.reason, self._due - now)
        return True

    def rotate(self, endpoints: Sequence[PushEndpoint]) -> list[PushEndpoint]:
        """Keeps these endpoints for later registrations.

        Returns:
            The endpoints that replace the stored ones of their purposes (R3): these endpoints. If the session already
            has all of their providers for a purpose, also the endpoints of its other providers.
        """
        new = {(_purpose(each), each.provider) for each in endpoints}
        old = {(_purpose(each), each.provider) for each in self.registration.push_endpoints}
        purposes = {purpose for purpose, _ in new}
        moved = {purpose for purpose, _ in new - old}
        kept = [
            each
            for each in self.registration.push_endpoints
            if _purpose(each) not in moved and (_purpose(each), each.provider) not in new
        ]
        del self.registration.push_endpoints[:]
        self.registration.push_endpoints.extend([*kept, *endpoints])
        return [each for each in self.registration.push_endpoints if _purpose(each) in purposes]

    def register_request(self) -> RegisterRequest:
        request = RegisterRequest()
        request.CopyFrom(self.registration)
        request.sequence = self._next()
        return request

    def heartbeat_request(self) -> HeartbeatRequest:
        return HeartbeatRequest(key=self.key)

    def rotation_request(self, endpoints: Sequence[PushEndpoint]) -> UpdateProfileDataRequest:
        profile = Profile(key=self.key, push_endpoints=endpoints)
        return UpdateProfileDataRequest(profile=profile, sequence=self._next())

    def unregister_request(self) -> UnregisterRequest:
        return UnregisterRequest(key=self.key, allow_missing=True, sequence=self._next())

    def _next(self) -> int:
        self.sequence += 1
        return self.sequence


def _purpose(endpoint: PushEndpoint) -> int:
    return endpoint.purpose or PUSH_PURPOSE_DEFAULT
