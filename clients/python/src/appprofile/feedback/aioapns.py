"""What aioapns returns. Needs the extra `appprofile[apns]`.

sending = Sending(push_app_id="com.example.shop")
result = await apns.send_notification(NotificationRequest(device_token=token, …))
item = from_result(sending, token, result)
"""

from __future__ import annotations

from aioapns.common import NotificationResult

from appprofile.feedback import Sending
from appprofile.v1.profile_pb2 import PUSH_PROVIDER_APNS, PushProvider
from appprofile.v1.profile_service_pb2 import PushFeedback


def from_result(
    sending: Sending, token: str, result: NotificationResult, *, provider: PushProvider.ValueType = PUSH_PROVIDER_APNS
) -> PushFeedback | None:
    """The result of one send.

    None if the message was accepted. `provider` is APNS, APNS_VOIP or SAFARI: the one with which the token was
    registered.
    """
    return sending.apns(
        token,
        int(result.status),
        {"reason": result.description, "timestamp": result.timestamp},
        apns_id=result.notification_id,
        provider=provider,
    )
