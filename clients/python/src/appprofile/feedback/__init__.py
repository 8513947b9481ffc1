"""Turns what push providers answer into PushFeedback.

    sending = Sending(push_app_id="com.example.shop")  # takes the time: make it before you send
    response = http.post(url, json=message)
    item = sending.fcm(token, response.status_code, response.text)  # None: the provider took the message
    client.profiles.ReportPushFeedback(ReportPushFeedbackRequest(app_id="shop", feedback=[item]))

HMS answers for a whole request: `sending.hms(tokens, status, body)` makes an item of each token that was refused.

What libraries return is taken by `appprofile.feedback.firebase`, `.aioapns` and `.pywebpush`. Report every failure: the
service tells the dead token from the passing fault, and late feedback never harms a newer registration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from appprofile.v1.profile_pb2 import (
    PUSH_PROVIDER_APNS,
    PUSH_PROVIDER_FCM,
    PUSH_PROVIDER_HMS,
    PUSH_PROVIDER_WEB_PUSH,
    PushProvider,
)
from appprofile.v1.profile_service_pb2 import PushFeedback

__all__ = ["Sending"]

Body = str | bytes | Mapping[str, Any] | None
"""A response body: as received, or parsed."""

_SUCCESSES = range(200, 300)
_STATUSES = range(100, 600)
_CODE_BYTES = 256
_MESSAGE_BYTES = 4096
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HMS_SUCCESS, _HMS_PARTIAL, _HMS_DEAD = "80000000", "80100000", "80300007"
_FCM_ERROR_TYPE = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


@dataclass(frozen=True)
class Sending:
    """One send, to one token or many. Create it when the send begins: the service compares this time with the
    confirmation of the token (F2).
    """

    push_app_id: str = ""
    """The bundle id, topic, package or site. Empty: any."""
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if self.sent_at.tzinfo is None:
            raise ValueError("sent_at must have a time zone")

    def fcm(self, token: str, status: int, body: Body, *, message_id: str = "") -> PushFeedback | None:
        """The response of FCM's HTTP v1 API to `messages:send`. None if the message was accepted."""
        if status in _SUCCESSES:
            return None
        error = _object(_object(body).get("error"))
        return self.report(
            PUSH_PROVIDER_FCM,
            token,
            error_code=_fcm_code(error),
            http_status=status,
            error_message=_text(error.get("message")) or _text(body),
            message_id=message_id,
        )

    def apns(
        self,
        token: str,
        status: int,
        body: Body,
        *,
        apns_id: str = "",
        provider: PushProvider.ValueType = PUSH_PROVIDER_APNS,
    ) -> PushFeedback | None:
        """The response of APNs over HTTP/2.

        None if the message was accepted. `provider` is APNS, APNS_VOIP or SAFARI: the one with which the token was
        registered.
        """
        if status in _SUCCESSES:
            return None
        answer = _object(body)
        return self.report(
            provider,
            token,
            error_code=_text(answer.get("reason")),
            http_status=status,
            error_message="" if answer else _text(body),
            message_id=apns_id,
            provider_milliseconds=answer.get("timestamp"),
        )

    def web_push(self, token: str, status: int, body: Body = None, *, message_id: str = "") -> PushFeedback | None:
        """The response of a push service (RFC 8030).

        None if the message was accepted. `token` is the registered token of the subscription.
        """
        if status in _SUCCESSES:
            return None
        return self.report(
            PUSH_PROVIDER_WEB_PUSH, token, http_status=status, error_message=_text(body), message_id=message_id
        )

    def hms(self, tokens: Sequence[str], status: int, body: Body) -> list[PushFeedback]:
        """The response of HMS Push Kit to `messages:send` concerns all `tokens` of the request: one item for each (F7).

        Tokens for which the message was accepted have no item. 80100000 names the refused tokens, and HarmonyOS also
        the reasons. Any other code applies to every token.
        """
        answer = _object(body)
        code, message = _text(answer.get("code")), _text(answer.get("msg"))
        if code == _HMS_SUCCESS or (not code and status in _SUCCESSES):
            return []
        named = _hms_refused(message) if code in {_HMS_PARTIAL, _HMS_DEAD} else {}
        if code == _HMS_DEAD and not named:
            named = dict.fromkeys(tokens, _HMS_DEAD)
        if code in {_HMS_PARTIAL, _HMS_DEAD}:
            codes = {token: named[token] for token in tokens if token in named}
        else:
            codes = dict.fromkeys(tokens, code)
        # The message of a split response contains other tokens, so it is not passed on.
        told = "" if named else message or _text(body)
        return [
            self.report(PUSH_PROVIDER_HMS, token, error_code=code, http_status=status, error_message=told)
            for token, code in codes.items()
        ]

    def taken(self, provider: PushProvider.ValueType, token: str, *, message_id: str = "") -> PushFeedback:
        """The provider accepted the message. Report this for a SUSPECT endpoint, to clear the state (F6)."""
        return self.report(provider, token, error_code="OK", message_id=message_id)

    def report(
        self,
        provider: PushProvider.ValueType,
        token: str,
        *,
        error_code: str = "",
        http_status: int = 0,
        error_message: str = "",
        message_id: str = "",
        provider_milliseconds: object = None,
    ) -> PushFeedback:
        """A failed send, with the provider's texts, cut to the limits of the contract.

        Args:
            provider: the provider that responded.
            token: the token of the message.
            error_code: as received.
            http_status: 0: not known.
            error_message: as received.
            message_id: not interpreted.
            provider_milliseconds: the provider's own time of the evidence, in milliseconds since 1970 (APNs 410). Other
                values are ignored.
        """
        return PushFeedback(
            provider=provider,
            token=token,
            push_app_id=self.push_app_id,
            error_code=_cut(_CONTROLS.sub("", error_code), _CODE_BYTES),
            http_status=http_status if http_status in _STATUSES else 0,
            error_message=_cut(error_message, _MESSAGE_BYTES),
            provider_time=_milliseconds(provider_milliseconds),
            sent_at=_timestamp(self.sent_at),
            message_id=_cut(_CONTROLS.sub("", message_id), _CODE_BYTES),
        )


def _fcm_code(error: Mapping[str, Any]) -> str:
    """FCM's own code if the response has one, otherwise the canonical one."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, Mapping) and detail.get("@type") == _FCM_ERROR_TYPE:
            return _text(detail.get("errorCode"))
    return _text(error.get("status"))


def _hms_refused(message: str) -> dict[str, str]:
    """The refused tokens that the message names, each with its code."""
    said = _object(message)
    listed = said.get("illegal_tokens")
    causes = said.get("illegalTokens")  # HarmonyOS: by cause
    by_cause = causes if isinstance(causes, Mapping) else {_HMS_DEAD: causes if isinstance(causes, list) else listed}
    return {
        token: str(cause)
        for cause, tokens in by_cause.items()
        for token in (tokens if isinstance(tokens, list) else ())
        if isinstance(token, str)
    }


def _object(body: object) -> Mapping[str, Any]:
    """The body as a JSON object; empty if it is not one, for example a proxy's page."""
    if isinstance(body, str | bytes):
        try:
            body = json.loads(body)
        except ValueError:
            return {}
    return body if isinstance(body, Mapping) else {}


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _cut(text: str, size: int) -> str:
    """The text, or as much of it as fits into `size` bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def _milliseconds(value: object) -> Timestamp | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    time = Timestamp()
    try:
        time.FromMilliseconds(value)
    except ValueError:
        return None
    return time


def _timestamp(value: datetime) -> Timestamp:
    time = Timestamp()
    time.FromDatetime(value)
    return time
