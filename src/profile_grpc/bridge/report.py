"""A report on its way: what is kept of a request, and the calls it leads to."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from appprofile.v1 import profile_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.http.parameters import Kind, Parameters
from profile_grpc.bridge.spool.records import Account
from profile_grpc.bridge.templates import DEFAULT, Fields

_HEX_TOKEN = re.compile(r"(?:[0-9A-Fa-f]{2}){32,}\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}\Z")
_APPLE = frozenset(
    {
        profile_pb2.PUSH_PROVIDER_APNS,
        profile_pb2.PUSH_PROVIDER_APNS_VOIP,
        profile_pb2.PUSH_PROVIDER_SAFARI,
    }
)
_MAX_TOKENS = 8
MICROSECONDS = 1_000_000
UNKNOWN_PUSH_APP = "UNKNOWN_PUSH_APP"


class PushAppUse(msgspec.Struct, array_like=True, frozen=True):
    """What tokens of a push app id are for; numbers of the contract's enumerations."""

    provider: int
    platform: int
    purpose: int


class Report(msgspec.Struct, array_like=True):
    """What is kept, sealed, of one request: `fields`, or all `parameters` while the app's names are not known."""

    kind: Kind
    app_id: str
    """Empty: to be found by the push app id."""
    fields: Fields | None
    parameters: Parameters | None = None


class Incomplete(Exception):  # noqa: N818 - an outcome
    """The report cannot be applied, whatever is done. The argument is the reason, a name in capitals."""


def remove_account(app_id: str, fields: Fields, report_time: int) -> pb.RemoveAccountRequest:
    """The call for a removal that arrived at `report_time`, in microseconds since 1970.

    Raises:
        Incomplete: MISSING_ACCOUNT, MISSING_TOKEN.
    """
    if not fields.username and not fields.selector:
        raise Incomplete("MISSING_ACCOUNT")
    request = pb.RemoveAccountRequest(app_id=app_id, username=fields.username, account_selector=fields.selector)
    for push_app_id, token in _tokens(fields):
        for spelling in _spellings(token):
            if len(request.tokens) < _MAX_TOKENS:
                request.tokens.add(push_app_id=push_app_id, token=spelling)
    if not request.tokens:
        raise Incomplete("MISSING_TOKEN")
    request.report_time.seconds, micros = divmod(report_time, MICROSECONDS)
    request.report_time.nanos = micros * 1000
    return request


def register(app_id: str, fields: Fields, push_apps: Mapping[str, PushAppUse]) -> pb.RegisterRequest:
    """The call for a push token report (X5): the device is the installation if it is given, else the selector.

    Raises:
        Incomplete: MISSING_ACCOUNT, MISSING_DEVICE, MISSING_TOKEN, UNKNOWN_PUSH_APP.
    """
    if not fields.username:
        raise Incomplete("MISSING_ACCOUNT")
    device_id = fields.device_id or fields.selector
    if not device_id:
        raise Incomplete("MISSING_DEVICE")
    request = pb.RegisterRequest()
    request.key.app_id, request.key.user_id, request.key.device_id = app_id, fields.username, device_id
    if fields.selector:
        request.account_selector = fields.selector
    known = 0
    held: set[tuple[int, int]] = set()
    for push_app_id, token in _tokens(fields):
        push_app = push_apps.get(push_app_id)
        if push_app is None:
            continue
        known += 1
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
    if not known:
        raise Incomplete(UNKNOWN_PUSH_APP if any(_tokens(fields)) else "MISSING_TOKEN")
    return request


def sendable(provider: int, token: str) -> str:
    """The token as its provider takes it: reports give tokens in base64 (D).

    Apple's are hexadecimal; the others' are the decoded text. What does not decode to one is the token itself.
    """
    if provider in _APPLE:
        if _HEX_TOKEN.match(token):
            return token
        octets = _decoded(token)
        return octets.hex() if octets else token
    octets = _decoded(token)
    if octets and octets.isascii() and (text := octets.decode()).isprintable():
        return text
    return token


def canonical(token: str) -> str:
    """One spelling for the alphabets and paddings of base64: the same token is known again."""
    return token.replace("-", "+").replace("_", "/").rstrip("=")


def account_of(report: Report, keyed_hash: Callable[[bytes], bytes]) -> Account:
    """What tells later which reports speak of the same account, and hides which that is."""
    fields = report.fields or (DEFAULT.fields(report.parameters) if report.parameters else Fields())

    def hashed(kind: bytes, value: str) -> bytes:
        return keyed_hash(b"\x00".join((kind, report.app_id.encode(), value.encode())))

    return Account(
        hashed(b"username", fields.username) if fields.username else None,
        hashed(b"selector", fields.selector) if fields.selector else None,
        tuple(hashed(b"token", canonical(token)) for _, token in _tokens(fields)),
    )


def _tokens(fields: Fields) -> Iterator[tuple[str, str]]:
    if fields.token_calls:
        yield fields.appid_calls, fields.token_calls
    if fields.token_msgs:
        yield fields.appid_msgs, fields.token_msgs


def _spellings(token: str) -> list[str]:
    """The token as received and as standard base64: alphabet or padding may have suffered on the way.

    A slash at its end may be the template's own.
    """
    found = [token]
    if token.endswith("/"):
        found.append(token.rstrip("/"))
    if _BASE64.match(token):
        standard = canonical(token)
        found.append(standard + "=" * (-len(standard) % 4))
    return list(dict.fromkeys(filter(None, found)))


def _decoded(token: str) -> bytes:
    if not _BASE64.match(token):
        return b""
    standard = canonical(token)
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
