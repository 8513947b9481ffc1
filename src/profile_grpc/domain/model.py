"""What a profile is: identities, enumerations and the frozen records that the rules read and write.

Instants are timezone-aware UTC `datetime`, durations are `timedelta`. Enumerations carry the contract's numbers.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zlib import crc32

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


class PushProvider(enum.IntEnum):
    """The service that delivers to a push token."""

    FCM = 1
    APNS = 2
    APNS_VOIP = 3
    WEB_PUSH = 4
    SAFARI = 5
    HMS = 6


class PushPurpose(enum.IntEnum):
    """What a push endpoint is for."""

    DEFAULT = 1
    INCOMING_CALL = 2


class PushEndpointState(enum.IntEnum):
    """Whether pushes go to an endpoint. SUPERSEDED is the profile's (R7), never stored on an endpoint."""

    DELIVERABLE = 1
    SUPERSEDED = 2
    INVALID = 3
    SUSPECT = 4


class ApnsEnvironment(enum.IntEnum):
    """The gateway of APNs that a token belongs to (R11). UNSPECIFIED: it is not a token of APNs."""

    UNSPECIFIED = 0
    PRODUCTION = 1
    SANDBOX = 2


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


class DeletionReason(enum.StrEnum):
    """Why a profile was deleted (D3); the `cause` of REREGISTER_REQUIRED (H2)."""

    INACTIVE = "INACTIVE"
    PUSH_UNREGISTERED = "PUSH_UNREGISTERED"
    DELETED = "DELETED"
    ACCOUNT_REMOVED = "ACCOUNT_REMOVED"
    UNREGISTERED = "UNREGISTERED"
    ERASED = "ERASED"


class EventType(enum.StrEnum):
    """What happened to a profile or a customer or, without a key, to an app."""

    PROFILE_CREATED = "PROFILE_CREATED"
    PROFILE_REACTIVATED = "PROFILE_REACTIVATED"
    PROFILE_UNREGISTERED = "PROFILE_UNREGISTERED"
    PROFILE_DELETED = "PROFILE_DELETED"
    USER_DEACTIVATED = "USER_DEACTIVATED"
    PUSH_SUPERSEDED = "PUSH_SUPERSEDED"
    PUSH_TOKEN_CHANGED = "PUSH_TOKEN_CHANGED"  # noqa: S105 - an event's name
    PUSH_TOKEN_MOVED = "PUSH_TOKEN_MOVED"  # noqa: S105 - an event's name
    PUSH_ENDPOINT_INVALIDATED = "PUSH_ENDPOINT_INVALIDATED"
    PUSH_ENDPOINT_SUSPECT = "PUSH_ENDPOINT_SUSPECT"
    PUSH_PERMISSION_CHANGED = "PUSH_PERMISSION_CHANGED"
    CUSTOMER_LINKED = "CUSTOMER_LINKED"
    CUSTOMER_UNLINKED = "CUSTOMER_UNLINKED"
    PUSH_CREDENTIAL_PROBLEM = "PUSH_CREDENTIAL_PROBLEM"
    REAPER_HELD = "REAPER_HELD"
    REAPER_RELEASED = "REAPER_RELEASED"
    FEEDBACK_HELD = "FEEDBACK_HELD"
    FEEDBACK_RELEASED = "FEEDBACK_RELEASED"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
    CUSTOMER_CREATED = "CUSTOMER_CREATED"
    CUSTOMER_UPDATED = "CUSTOMER_UPDATED"
    CUSTOMER_DELETED = "CUSTOMER_DELETED"
    ERASED = "ERASED"
    CREDENTIAL_EXPIRING = "CREDENTIAL_EXPIRING"


class DisplacementEffect(enum.IntEnum):
    """What a registration did to another profile (R8)."""

    REPLACED = 1
    DEACTIVATED = 2
    PUSH_SUPERSEDED = 3
    TOKEN_MOVED = 4


GUARDS = 1 << 18
"""How many guards an app has. Two processes rarely change so many devices at once that two of these share a guard."""


class GuardKey(NamedTuple):
    """A guard of an app or a tenant. `number`: 0 to GUARDS - 1, or a guard of a barrier (`domain.barriers`)."""

    app_id: str
    number: int


class DeviceKey(NamedTuple):
    """A device of an app."""

    app_id: str
    device_id: str

    @property
    def guard(self) -> GuardKey:
        """The guard of every decision about the users of the device (R5, R6)."""
        return _guard("device", *self)


class UserKey(NamedTuple):
    """A user of an app."""

    app_id: str
    user_id: str

    @property
    def guard(self) -> GuardKey:
        """The guard of every decision about the user's newest device (R7)."""
        return _guard("user", *self)


@lru_cache(4096)  # a registration names its guards when its rows are loaded and again when it is decided
def _guard(kind: str, app_id: str, identity: str) -> GuardKey:
    return GuardKey(app_id, crc32(f"{kind}\0{identity}".encode()) % GUARDS)


class ProfileKey(NamedTuple):
    """The identity of a profile: one user on one device in one app."""

    app_id: str
    user_id: str
    device_id: str

    @property
    def device(self) -> DeviceKey:
        return DeviceKey(self.app_id, self.device_id)

    @property
    def user(self) -> UserKey:
        return UserKey(self.app_id, self.user_id)


class CustomerKey(NamedTuple):
    """A customer of an app."""

    app_id: str
    customer_id: str


class CountKey(NamedTuple):
    """The key by which profiles are counted."""

    app_id: str
    status: ProfileStatus
    platform: Platform


class Token(NamedTuple):
    """A push token of an app, normalised, of any provider."""

    app_id: str
    token: str

    @property
    def guard(self) -> GuardKey:
        """The guard of every decision about the device that holds the token (R4)."""
        return _guard("token", *self)


class TokenElsewhere(NamedTuple):
    """A push token on any device except one."""

    app_id: str
    token: str
    device_id: str


class TokenOfUser(NamedTuple):
    """A push token in the profiles of one user."""

    app_id: str
    token: str
    user_id: str


class CallMethod(enum.IntEnum):
    """A method whose calls have an order (R13)."""

    REGISTER = 1
    UNREGISTER = 2
    UPDATE_PROFILE_DATA = 3
    REMOVE_ACCOUNT = 4


class OrderedCall(NamedTuple):
    """A call with its sequence number (R13)."""

    sequence: int
    method: CallMethod


class AccountReport(NamedTuple):
    """The content of an account-removal report about the account and its phone. A repeated report has the same content
    (R13).
    """

    app_id: str
    username: str
    account_selector: str
    tokens: tuple[tuple[str, str], ...]
    """As received, each with its push app id, sorted."""


class DeviceOrder(NamedTuple):
    """The highest call that was applied on a device, or that removed an account (R13)."""

    key: DeviceKey
    call: OrderedCall
    forget_time: datetime | None = None
    """When it is deleted, if no profile belongs to it whose deletion would delete it."""
    revision: int = 0


class ImportKey(NamedTuple):
    """An import into an app, under the name that its caller gave it."""

    app_id: str
    import_id: str


class ImportStart(NamedTuple):
    """When an import began (I1). One that goes on after an interruption has the same start (I2)."""

    key: ImportKey
    start_time: datetime
    revision: int = 0


class WebPushKeys(NamedTuple):
    """The keys of a Web Push subscription. Without them, a push cannot contain content (R10)."""

    p256dh: bytes
    """A point on P-256 in uncompressed form, 65 bytes."""
    auth: bytes
    """16 bytes."""
    vapid_key_id: str
    """The id of the app's VAPID key with which the browser subscribed."""


APNS_PROVIDERS = frozenset({PushProvider.APNS, PushProvider.APNS_VOIP})
"""The providers whose tokens belong to an `ApnsEnvironment` (R11)."""


class PushEndpoint(NamedTuple):
    """A push token and its purpose. A profile holds at most one of each (provider, purpose) (R3)."""

    provider: PushProvider
    token: str
    """Normalised token; empty once a provider declared it dead (F4)."""
    push_app_id: str
    purpose: PushPurpose
    confirm_time: datetime
    """The time of the last Register or UpdateProfileData that contained the token (R3)."""
    state: PushEndpointState = PushEndpointState.DELIVERABLE
    web_push: WebPushKeys | None = None
    apns_environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED

    @property
    def identity(self) -> tuple[PushProvider, str]:
        """Two endpoints with equal values contain the same token (R4)."""
        return (self.provider, self.token)


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


class MadRecord(NamedTuple):
    """The billing record of one (app, user, device) (M1, M2)."""

    count_time: datetime
    """When it was last counted."""
    number: int
    """How often it was counted; the next count takes the next number, so that no two can be made at once (M4)."""
    deletion_time: datetime | None = None
    """The deletion that opened the latest deletion window (M2)."""


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
    def held(self) -> list[tuple[PushProvider, str]]:
        """The identities of its endpoints with a token, in the order of the endpoints."""
        return [endpoint.identity for endpoint in self.push_endpoints if endpoint.token]

    @property
    def tokens(self) -> frozenset[Token]:
        """The push tokens that it holds."""
        app_id = self.key.app_id
        return frozenset([Token(app_id, endpoint.token) for endpoint in self.push_endpoints if endpoint.token])

    @property
    def live_endpoints(self) -> int:
        """The number of push tokens that it holds, counted for each provider (F8)."""
        return len(set(self.held))

    @property
    def customer(self) -> CustomerKey | None:
        """The customer that the profile is linked with."""
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


class Guard(NamedTuple):
    """A row whose revision is bumped by every decision about the profiles of a device or a user.

    It guards all devices and users that map to its number, and contains no data of them.
    """

    key: GuardKey
    revision: int


class FeedbackLosses(NamedTuple):
    """The endpoints that an app has recently lost to push feedback, and whether it may lose more (F8)."""

    app_id: str
    lost: tuple[tuple[int, int], ...] = ()
    """Endpoints by step: 5 minutes, numbered since 1970. Oldest first, no more than the last hour's."""
    held_time: datetime | None = None
    """Since when dead items are held; None: they are not."""
    go_until: datetime | None = None
    """Until when an operator's confirmation is valid."""
    stop_time: datetime | None = None
    """When an operator stopped feedback; None: nobody did."""
    revision: int = 0

    @property
    def key(self) -> str:
        return self.app_id


class Tombstone(NamedTuple):
    """What remains of a deleted profile for 90 days (D3). Found by the keyed hash of its key."""

    app_id: str
    profile_hash: str
    reason: DeletionReason
    delete_time: datetime
    mad_deletion_time: datetime
    """The deletion that opened the latest deletion window (M2); 1970, if none did."""
    version: int = 0
    """The profile's version after its deletion, with which a new registration goes on (E2). 0: it is no profile's, but
    that of an erased user as a whole (C8)."""

    @property
    def is_of_profile(self) -> bool:
        """Whether it is what remains of a profile."""
        return self.version > 0


class History(NamedTuple):
    """What is known of a profile that does not exist."""

    tombstone: Tombstone | None = None
    mad: MadRecord | None = None
    """The last count on the ledger."""


class LedgerEntry(NamedTuple):
    """One counted monthly active device (M1). Identifies nobody (M3)."""

    app_id: str
    profile_hash: str
    number: int
    count_time: datetime


class Event(NamedTuple):
    """A change that matters to others (E1). Never holds a token, an attribute's value, a key or a JWT."""

    type: EventType
    app_id: str
    time: datetime
    """When it was decided: no order (E3)."""
    user_id: str = ""
    device_id: str = ""
    reason: str = ""
    customer_id: str = ""
    """The customer that the profile is linked with; of CUSTOMER_UNLINKED, was linked with."""
    version: int = 0
    """The profile's or the customer's version that the change led to (E2); 0: of an app."""
    tenant_id: str = ""
    """Of an event of a customer: whose it is. Such an event has no app."""

    @property
    def owner(self) -> str:
        """The app or the tenant that it belongs to, which decides its shard."""
        return self.tenant_id or self.app_id
