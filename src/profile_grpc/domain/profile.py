"""What a profile is. The rules read and write these frozen records.

Instants are timezone-aware UTC `datetime`, durations are `timedelta`. Enumerations carry the contract's numbers.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.keys import CustomerKey, ProfileKey, Token
from profile_grpc.domain.ordered_calls import OrderedCall
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState, PushProvider

EMPTY: Mapping[str, str] = MappingProxyType({})


class Platform(enum.IntEnum):
    """Where the app runs."""

    UNSPECIFIED = 0
    ANDROID = 1
    IOS = 2
    WEB = 3


class ProfileStatus(enum.IntEnum):
    """Whether the profile can be reached at all. A deleted profile has no row, only a tombstone."""

    ACTIVE = 1
    UNREGISTERED = 2


class UserState(enum.IntEnum):
    """The state of the user on a shared device (R5)."""

    ACTIVE = 1
    INACTIVE = 2


class Channel(enum.IntEnum):
    """A messaging channel."""

    PUSH = 1
    IN_APP = 2
    LIVE_CHAT = 3


class PushPermission(enum.IntEnum):
    """Whether the user lets the app show notifications (R12). UNSPECIFIED: not reported, treated as granted."""

    UNSPECIFIED = 0
    GRANTED = 1
    PROVISIONAL = 2
    DENIED = 3


class UnregisterReason(enum.StrEnum):
    """Why a profile is UNREGISTERED."""

    CLIENT = "CLIENT"
    REPLACED = "REPLACED"
    ACCOUNT_REMOVED = "ACCOUNT_REMOVED"


class CountKey(NamedTuple):
    """The key by which profiles are counted."""

    app_id: str
    status: ProfileStatus
    platform: Platform


class DeviceAttribute(NamedTuple):
    """The stored value of a monitored device attribute (U4)."""

    value: str
    store_time: datetime


class Attributes(NamedTuple):
    """The attributes of user and device that the app reports (U2). None: not known."""

    customer_id: str | None = None
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
    last_opened_time: datetime | None = None
    device_attributes: Mapping[str, DeviceAttribute] = MappingProxyType({})
    custom_attributes: Mapping[str, str] = EMPTY


PLAIN_ATTRIBUTES = Attributes._fields[: Attributes._fields.index("last_opened_time")]
"""The texts and flags of `Attributes`, which the contract's profile has under the same names."""


class Liveness(NamedTuple):
    """The part of a profile that a heartbeat reads and writes."""

    key: ProfileKey
    status: ProfileStatus
    last_heartbeat_time: datetime | None
    mad: MadRecord
    revision: int


class Profile(NamedTuple):
    """One registration of one user on one device in one app."""

    key: ProfileKey
    create_time: datetime
    register_time: datetime
    update_time: datetime
    mad: MadRecord
    channels: frozenset[Channel]
    status: ProfileStatus = ProfileStatus.ACTIVE
    user_state: UserState = UserState.ACTIVE
    platform: Platform = Platform.UNSPECIFIED
    push_endpoints: tuple[PushEndpoint, ...] = ()
    push_permission: PushPermission = PushPermission.UNSPECIFIED
    push_superseded: bool = False
    """Whether a newer device of the user receives the pushes, until this one registers again (R7)."""
    attributes: Attributes = Attributes()
    last_heartbeat_time: datetime | None = None
    unregister_time: datetime | None = None
    unregister_reason: UnregisterReason | None = None
    last_call: OrderedCall | None = None
    """The highest call with a sequence that was applied to the profile (R13)."""
    revision: int = 0
    """Version of the stored row; 0 before it is stored."""
    version: int = 0
    """How many of its changes left an event (E2)."""

    @property
    def signed_in(self) -> bool:
        return self.status is ProfileStatus.ACTIVE

    @property
    def current(self) -> bool:
        """Whether it belongs to the device's ACTIVE user (R5)."""
        return self.signed_in and self.user_state is UserState.ACTIVE

    @property
    def receiving(self) -> bool:
        """Whether it may be the user's only device that receives push (R7)."""
        return self.signed_in and not self.push_superseded

    @property
    def held(self) -> list[tuple[PushProvider, str]]:
        """The identities of its endpoints with a token, in the order of the endpoints."""
        return [endpoint.identity for endpoint in self.push_endpoints if endpoint.token]

    @property
    def tokens(self) -> frozenset[Token]:
        app_id = self.key.app_id
        return frozenset([Token(app_id, endpoint.token) for endpoint in self.push_endpoints if endpoint.token])

    @property
    def live_endpoints(self) -> int:
        """The number of push tokens that it holds, counted for each provider (F8)."""
        return len(set(self.held))

    @property
    def customer(self) -> CustomerKey | None:
        customer_id = self.attributes.customer_id
        return None if customer_id is None else CustomerKey(self.key.app_id, customer_id)

    @property
    def etag(self) -> str:
        return format(self.revision, "x")

    @property
    def liveness(self) -> Liveness:
        return Liveness(self.key, self.status, self.last_heartbeat_time, self.mad, self.revision)

    def endpoint_state(self, endpoint: PushEndpoint) -> PushEndpointState:
        """The state the contract shows: a superseded profile's live endpoints are SUPERSEDED (R7)."""
        if self.push_superseded and endpoint.state is not PushEndpointState.INVALID:
            return PushEndpointState.SUPERSEDED
        return endpoint.state
