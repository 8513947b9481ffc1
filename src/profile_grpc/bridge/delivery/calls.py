"""Converts reports into calls of the service."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from appprofile.v1 import profile_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.report import MICROSECONDS, Kind, PushAppUse, canonical, missing, tokens
from profile_grpc.bridge.templates import Fields
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.tokens import base64_bytes, is_no_token, normalise

_HEX_TOKEN = re.compile(r"(?:[0-9A-Fa-f]{2}){32,}\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}\Z")
_APPLE: Mapping[int, PushProvider] = {
    profile_pb2.PUSH_PROVIDER_APNS: PushProvider.APNS,
    profile_pb2.PUSH_PROVIDER_APNS_VOIP: PushProvider.APNS_VOIP,
    profile_pb2.PUSH_PROVIDER_SAFARI: PushProvider.SAFARI,
}
_MAX_TOKENS = 8
UNKNOWN_PUSH_APP = "UNKNOWN_PUSH_APP"
PLACEHOLDER_TOKEN = "PLACEHOLDER_TOKEN"  # noqa: S105 - a reason
DERIVED = "token-"
"""The prefix of a device id that is derived from the push token."""


class Incomplete(Exception):  # noqa: N818 - an outcome
    """The report cannot be applied with the known settings. The argument is the reason, a name in capitals."""


def remove_account(app_id: str, fields: Fields, report_time: int) -> pb.RemoveAccountRequest:
    """The call for a removal that arrived at `report_time`, in microseconds since 1970.

    Raises:
        Incomplete: MISSING_ACCOUNT, MISSING_TOKEN, PLACEHOLDER_TOKEN.
    """
    _check(Kind.REMOVAL, fields)
    request = pb.RemoveAccountRequest(app_id=app_id, username=fields.username, account_selector=fields.selector)
    for push_app_id, token in _real(fields):
        for spelling in _spellings(token):
            if len(request.tokens) < _MAX_TOKENS:
                request.tokens.add(push_app_id=push_app_id, token=spelling)
    request.report_time.seconds, micros = divmod(report_time, MICROSECONDS)
    request.report_time.nanos = micros * 1000
    return request


def register(
    app_id: str, fields: Fields, push_apps: Mapping[str, PushAppUse], keyed_hash: Callable[[bytes], bytes]
) -> pb.RegisterRequest:
    """The call for a push token report (X5).

    The device is the installation if it is given. Else it is derived from the token, so that several accounts of one
    phone share a device.

    Raises:
        Incomplete: MISSING_ACCOUNT, MISSING_TOKEN, PLACEHOLDER_TOKEN, UNKNOWN_PUSH_APP.
    """
    _check(Kind.TOKEN, fields)
    request = pb.RegisterRequest()
    request.key.app_id, request.key.user_id = app_id, fields.username
    if fields.selector:
        request.account_selector = fields.selector
    held: set[tuple[int, int]] = set()
    for push_app_id, token in _real(fields):
        push_app = push_apps.get(push_app_id)
        if push_app is None:
            continue
        request.platform = request.platform or profile_pb2.Platform.ValueType(push_app.platform)
        if (push_app.provider, push_app.purpose) in held:
            continue  # the same pair, reported under both names
        held.add((push_app.provider, push_app.purpose))
        request.push_endpoints.add(
            provider=profile_pb2.PushProvider.ValueType(push_app.provider),
            token=sendable(push_app.provider, token),
            push_app_id=push_app_id,
            purpose=profile_pb2.PushPurpose.ValueType(push_app.purpose),
        )
    if not request.push_endpoints:
        raise Incomplete(UNKNOWN_PUSH_APP)
    request.key.device_id = fields.device_id or _derived_device(request, keyed_hash)
    return request


def _real(fields: Fields) -> list[tuple[str, str]]:
    """The pairs whose token is not a placeholder such as `(null)`; apps report placeholders too.

    Raises:
        Incomplete: PLACEHOLDER_TOKEN: every token is a placeholder.
    """
    found = [
        (push_app_id, token)
        for push_app_id, token in tokens(fields)
        if not is_no_token(token) and not is_no_token(_decoded(token).decode("latin-1") or token)
    ]
    if not found:
        raise Incomplete(PLACEHOLDER_TOKEN)
    return found


def _check(kind: Kind, fields: Fields) -> None:
    lacking = missing(kind, fields)
    if lacking:
        raise Incomplete(lacking)


def _derived_device(request: pb.RegisterRequest, keyed_hash: Callable[[bytes], bytes]) -> str:
    """The device of a phone of which only the token is known: the same for each of its accounts (X5).

    Derived from the token for ordinary pushes if present, because the other one is not always reported.
    """
    endpoint = min(request.push_endpoints, key=lambda each: each.purpose == profile_pb2.PUSH_PURPOSE_INCOMING_CALL)
    content = b"\x00".join((b"device", request.key.app_id.encode(), endpoint.token.encode()))
    return f"{DERIVED}{keyed_hash(content).hex()}"


def sendable(provider: int, token: str) -> str:
    """The token in its provider's form: reports contain tokens in base64 (D).

    Tokens of Apple become hexadecimal; other tokens become the decoded text. A value that cannot be decoded is the
    token itself.
    """
    octets = _decoded(token)
    if provider in _APPLE:
        plain = octets.hex() if octets and not _HEX_TOKEN.match(token) else token
    else:
        plain = octets.decode() if octets and octets.isascii() and octets.decode().isprintable() else token
    try:
        return normalise(_APPLE.get(provider, PushProvider.FCM), plain)
    except Refused:
        raise Incomplete(PLACEHOLDER_TOKEN) from None


def _spellings(token: str) -> list[str]:
    """The token as received and as standard base64: its alphabet or padding may have been changed on the way.

    A slash at its end may be part of the template.
    """
    found = [token]
    if token.endswith("/"):
        found.append(token.rstrip("/"))
    if _BASE64.match(token):
        standard = canonical(token)
        found.append(standard + "=" * (-len(standard) % 4))
    return list(dict.fromkeys(filter(None, found)))


def _decoded(token: str) -> bytes:
    return base64_bytes(token) if _BASE64.match(token) else b""
