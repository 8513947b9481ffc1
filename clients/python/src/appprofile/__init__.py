"""Client of the appprofile.v1 API: generated stubs in `appprofile.v1`, and what makes them safe to use.

    client = appprofile.connect("profiles.example.com:443", key=key)
    client.profiles.Heartbeat(HeartbeatRequest(key=profile_key))

`appprofile.aio.connect` gives the same for asyncio.
"""

from appprofile import aio
from appprofile._client import Client, connect
from appprofile._errors import ApiError, FieldViolation, ResumeTokenExpiredError
from appprofile._options import DEFAULT_DEADLINE_S
from appprofile._session import ProfileSession
from appprofile._streams import ResumingStream

__all__ = [
    "DEFAULT_DEADLINE_S",
    "ApiError",
    "Client",
    "FieldViolation",
    "ProfileSession",
    "ResumeTokenExpiredError",
    "ResumingStream",
    "aio",
    "connect",
]
