"""What firebase-admin returns and raises. Needs the extra `appprofile[firebase]`.

sending = Sending(push_app_id="com.example.shop")
batch = messaging.send_each_for_multicast(messaging.MulticastMessage(tokens=tokens, …))
items = from_batch(sending, tokens, batch)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firebase_admin import messaging
from firebase_admin.exceptions import FirebaseError

from appprofile.feedback import Sending
from appprofile.v1.profile_pb2 import PUSH_PROVIDER_FCM
from appprofile.v1.profile_service_pb2 import PushFeedback

# The code of FCM for each class, used if the response itself is not available.
_CODES = {
    messaging.UnregisteredError: "UNREGISTERED",
    messaging.SenderIdMismatchError: "SENDER_ID_MISMATCH",
    messaging.QuotaExceededError: "QUOTA_EXCEEDED",
    messaging.ThirdPartyAuthError: "THIRD_PARTY_AUTH_ERROR",
}


def from_batch(sending: Sending, tokens: Sequence[str], batch: messaging.BatchResponse) -> list[PushFeedback]:
    """The failures of `send_each` or `send_each_for_multicast`; `tokens` in the order in which they were sent to.

    Raises:
        ValueError: the numbers of tokens and responses differ.
    """
    return [
        from_error(sending, token, response.exception)
        for token, response in zip(tokens, batch.responses, strict=True)
        if not response.success
    ]


def from_error(sending: Sending, token: str, error: FirebaseError) -> PushFeedback:
    """The failure of one send: the error that `messaging.send` raised, or that a `SendResponse` contains."""
    answer: Any = error.http_response  # of requests or httpx
    if answer is not None:
        item = sending.fcm(token, answer.status_code, answer.text)
        if item is not None:
            return item
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), error.code)
    return sending.report(PUSH_PROVIDER_FCM, token, error_code=code, error_message=str(error))
