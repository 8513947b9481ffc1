"""Verifies requests of webhooks, and reads their events.

    verifier = Verifier(secret)  # what CreateWebhook answered; during a rotation: Verifier(new, old)
    for event in verifier.events(body, headers):  # the body as it came, not parsed and written again
        ...

Answer with a status 2xx once the events are stored; with any other one, or none in 10 seconds, the request is repeated.
A request may come twice: tell it by `webhook-id`, and an event by its `event_id`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from google.protobuf import json_format

from appprofile.v1.event_pb2 import Event

__all__ = ["NotVerified", "Verifier"]

TOLERANCE = timedelta(minutes=5)
"""How far a request's time may be from now: what was recorded cannot be sent again later."""
_PREFIX = "whsec_"
_VERSION = "v1,"
_TYPE_PREFIX = "appprofile.v1."


class NotVerified(Exception):  # noqa: N818 - an outcome
    """The request is not from the service, or was changed, or is too old. Answer 401, and use nothing of it."""


class Verifier:
    """Knows a webhook's secret, or two while it is rotated. Follows the Standard Webhooks specification."""

    def __init__(self, *secrets: str, tolerance: timedelta = TOLERANCE) -> None:
        """Takes secrets as the service answered them: `whsec_` and base64.

        Raises:
            ValueError: there is none, or one is no secret.
        """
        if not secrets:
            raise ValueError("give at least one secret")
        self._keys = [_key(secret) for secret in secrets]
        self._tolerance = tolerance

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime | None = None) -> str:
        """The request's `webhook-id`, if a secret has signed the body. Names of headers in any case.

        Raises:
            NotVerified.
        """
        given = {name.lower(): value for name, value in headers.items()}
        try:
            identity, timestamp = given["webhook-id"], given["webhook-timestamp"]
            signatures = given["webhook-signature"].split(" ")
            time = datetime.fromtimestamp(int(timestamp), UTC)
        except KeyError as missing:
            raise NotVerified(f"the header {missing} is missing") from None
        except (ValueError, OverflowError, OSError):
            raise NotVerified("webhook-timestamp is not a time") from None
        signed = f"{identity}.{timestamp}.".encode() + body
        expected = [hmac.new(key, signed, hashlib.sha256).digest() for key in self._keys]
        found = [_decoded(one.removeprefix(_VERSION)) for one in signatures if one.startswith(_VERSION)]
        if not any(hmac.compare_digest(one, other) for one in found for other in expected):
            raise NotVerified("no signature fits")
        if abs((now or datetime.now(UTC)) - time) > self._tolerance:
            raise NotVerified("the request is too old, or from the future")
        return identity

    def events(self, body: bytes, headers: Mapping[str, str], now: datetime | None = None) -> Sequence[Event]:
        """The events of a verified request, in order. None: it is a test.

        Types of events that this client does not know are EVENT_TYPE_UNSPECIFIED.

        Raises:
            NotVerified.
        """
        self.verify(body, headers, now)
        return [
            json_format.ParseDict(one["data"], Event(), ignore_unknown_fields=True)
            for one in json.loads(body)
            if one["type"].startswith(_TYPE_PREFIX)
        ]


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:  # base64's own error is one
        key = b""
    if not key:
        raise ValueError("a secret is whsec_ and base64")
    return key


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except ValueError:
        return b""
