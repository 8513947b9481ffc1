"""What pywebpush raises. Needs the extra `appprofile[web-push]`.

sending = Sending(push_app_id="https://example.com")
try:
    webpush(subscription, data, …)
except WebPushException as error:
    item = from_error(sending, token, error)
"""

from __future__ import annotations

from typing import Any

from pywebpush import WebPushException

from appprofile.feedback import Sending
from appprofile.v1.profile_service_pb2 import PushFeedback


def from_error(sending: Sending, token: str, error: WebPushException) -> PushFeedback | None:
    """The failure of one send.

    `token` is the registered token of the subscription. None if no push service responded, because then nothing is
    known about the token.
    """
    answer: Any = error.response  # of requests or aiohttp
    if answer is None:
        return None
    status = answer.status_code if hasattr(answer, "status_code") else answer.status
    body = getattr(answer, "text", None)  # aiohttp's is a coroutine: left out
    return sending.web_push(token, status, body if isinstance(body, str) else error.message)
