"""The JSON columns of a profile, which no statement inspects. The keys are short because there are millions of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from profile_grpc.domain.profile import Attributes, DeviceAttribute
from profile_grpc.domain.push_endpoints import (
    APNS_PROVIDERS,
    ApnsEnvironment,
    PushEndpoint,
    PushEndpointState,
    PushProvider,
    PushPurpose,
    WebPushKeys,
)
from profile_grpc.domain.reach import LIVE_STATES
from profile_grpc.store.times import EPOCH, MICROSECOND, instant, maybe_instant, maybe_micros, micros


class _Endpoint(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    provider: int = msgspec.field(name="p")
    token: str = msgspec.field(name="t")
    confirm_time: int = msgspec.field(name="c")
    push_app_id: str = msgspec.field(name="a", default="")
    purpose: int = msgspec.field(name="u", default=PushPurpose.DEFAULT.value)
    state: int = msgspec.field(name="s", default=PushEndpointState.DELIVERABLE.value)
    web_push: tuple[bytes, bytes, str] | None = msgspec.field(name="w", default=None)
    sandbox: bool = msgspec.field(name="b", default=False)


class _Token(msgspec.Struct, frozen=True, gc=False):
    """The part of an endpoint that identifies its token (R4)."""

    provider: int = msgspec.field(name="p")
    token: str = msgspec.field(name="t")


class _Attributes(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """`Attributes` without customer_id, which has a column. A device attribute is its value and its time."""

    rtm_id: str | None = None
    account_selector: str | None = None
    verified: bool | None = None
    guest: bool | None = None
    foreground: bool | None = None
    language: str | None = None
    time_zone: str | None = None
    os_version: str | None = None
    sdk_version: str | None = None
    device_model: str | None = None
    last_opened_time: int | None = None
    device_attributes: dict[str, tuple[str, int]] = msgspec.field(name="device", default_factory=dict)
    custom_attributes: dict[str, str] = msgspec.field(name="custom", default_factory=dict)


_encode = msgspec.json.Encoder().encode
_decode_endpoints = msgspec.json.Decoder(list[_Endpoint]).decode
_decode_tokens = msgspec.json.Decoder(list[_Token]).decode
_decode_attributes = msgspec.json.Decoder(_Attributes).decode
_PROVIDERS = {provider.value: provider for provider in PushProvider}
_PURPOSES = {purpose.value: purpose for purpose in PushPurpose}
_ENVIRONMENTS = {
    provider.value: ApnsEnvironment.PRODUCTION if provider in APNS_PROVIDERS else ApnsEnvironment.UNSPECIFIED
    for provider in PushProvider
}
"""Of an endpoint that was stored without one (R11)."""
_ENDPOINT_STATES = {state.value: state for state in PushEndpointState}
_LIVE = frozenset([state.value for state in LIVE_STATES])
_NO_ATTRIBUTES = _encode(_Attributes())


def endpoints_text(endpoints: Iterable[PushEndpoint]) -> str | None:
    """The column `push_endpoints`."""
    stored = [
        _Endpoint(
            int(e.provider),
            e.token,
            micros(e.confirm_time),
            e.push_app_id,
            int(e.purpose),
            int(e.state),
            e.web_push,
            e.apns_environment is ApnsEnvironment.SANDBOX,
        )
        for e in endpoints
    ]
    return _encode(stored).decode() if stored else None


def read_endpoints(text: str | None) -> tuple[PushEndpoint, ...]:
    """The endpoints of `push_endpoints`."""
    if text is None:
        return ()
    return tuple([_endpoint(e) for e in _decode_endpoints(text)])


def _endpoint(e: _Endpoint) -> PushEndpoint:
    # In the order of the fields: names take half as long again, and this runs for every recipient of a campaign.
    return PushEndpoint(
        _PROVIDERS[e.provider],
        e.token,
        e.push_app_id,
        _PURPOSES[e.purpose],
        EPOCH + e.confirm_time * MICROSECOND,
        _ENDPOINT_STATES[e.state],
        None if e.web_push is None else WebPushKeys(*e.web_push),
        ApnsEnvironment.SANDBOX if e.sandbox else _ENVIRONMENTS[e.provider],
    )


def read_live(text: str | None, purpose: int) -> tuple[PushEndpoint, ...]:
    """The endpoints of `push_endpoints` to which pushes of the purpose are sent (T1). `purpose`: its number."""
    if not text:
        return ()
    return tuple([_endpoint(e) for e in _decode_endpoints(text) if _is_live(e, purpose)])


def read_reached(text: str | None, purpose: int) -> tuple[tuple[PushProvider, str], ...]:
    """Provider and push app id of the same endpoints (T6)."""
    if not text:
        return ()
    return tuple([(_PROVIDERS[e.provider], e.push_app_id) for e in _decode_endpoints(text) if _is_live(e, purpose)])


def _is_live(e: _Endpoint, purpose: int) -> bool:
    # `purpose` is a plain number, because comparing with the member is slower.
    return e.purpose == purpose and e.token != "" and e.state in _LIVE


def read_tokens(text: str | None) -> set[tuple[str, int]]:
    """Token and provider of every token that `push_endpoints` holds."""
    return {(e.token, e.provider) for e in _decode_tokens(text) if e.token} if text else set()


def attributes_text(a: Attributes) -> str | None:
    """The column `attributes`, without unknown values."""
    stored = _Attributes(
        a.rtm_id,
        a.account_selector,
        a.verified,
        a.guest,
        a.foreground,
        a.language,
        a.time_zone,
        a.os_version,
        a.sdk_version,
        a.device_model,
        maybe_micros(a.last_opened_time),
        {name: (d.value, micros(d.store_time)) for name, d in a.device_attributes.items()},
        dict(a.custom_attributes),
    )
    encoded = _encode(stored)
    return None if encoded == _NO_ATTRIBUTES else encoded.decode()


def read_attributes(text: str | None, customer_id: str | None) -> Attributes:
    """The attributes of `attributes` and `customer_id`."""
    if text is None:
        return Attributes(customer_id) if customer_id is not None else _BARE
    s = _decode_attributes(text)
    return Attributes(
        customer_id,
        s.rtm_id,
        s.account_selector,
        s.verified,
        s.guest,
        s.foreground,
        s.language,
        s.time_zone,
        s.os_version,
        s.sdk_version,
        s.device_model,
        maybe_instant(s.last_opened_time),
        {name: DeviceAttribute(value, instant(time)) for name, (value, time) in s.device_attributes.items()},
        s.custom_attributes,
    )


_BARE = Attributes()
