"""What the service can be asked to change: one frozen record for each command, already of the right shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias

from profile_grpc.domain.model import (
    EMPTY,
    ApnsEnvironment,
    Channel,
    Platform,
    ProfileKey,
    PushPermission,
    PushProvider,
    PushPurpose,
    WebPushKeys,
)
from profile_grpc.domain.settings import AccountRemovalAction

AttributeValue: TypeAlias = str | bool | datetime | None


class NewEndpoint(NamedTuple):
    """A push endpoint as a caller gives it; the token is normalised."""

    provider: PushProvider
    token: str
    push_app_id: str = ""
    purpose: PushPurpose = PushPurpose.DEFAULT
    web_push: WebPushKeys | None = None
    """None: those that are stored with the same token, if any (R10)."""
    apns_environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED
    """UNSPECIFIED: as the app's settings say (R11)."""


class ProfilePatch(NamedTuple):
    """What a caller says of a profile. None, or a name that is not in a mapping, leaves what is stored (R1, U1)."""

    platform: Platform | None = None
    channels: frozenset[Channel] | None = None
    """Empty: the app's channels."""
    push_endpoints: tuple[NewEndpoint, ...] = ()
    replace_push_endpoints: bool = False
    """Whether the endpoints replace all that are stored; else those of the same purposes (R3)."""
    push_permission: PushPermission | None = None
    attributes: Mapping[str, AttributeValue] = EMPTY
    """By the field's name in `Attributes`; None removes. The two attribute maps are not in here."""
    device_attributes: Mapping[str, str] = EMPTY
    remove_device_attributes: frozenset[str] = frozenset()
    custom_attributes: Mapping[str, str] = EMPTY
    remove_custom_attributes: frozenset[str] = frozenset()
    replace_custom_attributes: bool = False

    @property
    def touches_tokens(self) -> bool:
        """Whether the profile may hold other tokens afterwards."""
        return bool(self.push_endpoints) or self.replace_push_endpoints


class Register(NamedTuple):
    """Create the profile or register it again (R1-R9)."""

    key: ProfileKey
    patch: ProfilePatch = ProfilePatch()


class Heartbeat(NamedTuple):
    """The installation is alive (H1-H4)."""

    key: ProfileKey


class UpdateProfileData(NamedTuple):
    """Patch the profile (U1-U5)."""

    key: ProfileKey
    patch: ProfilePatch
    etag: str = ""


class Unregister(NamedTuple):
    """Sign the user out of the device (D1)."""

    key: ProfileKey
    allow_missing: bool = False


class DeleteDeviceProfile(NamedTuple):
    """Delete profiles of a user or a customer, on one device or on all (D2). Exactly one of user and customer."""

    app_id: str
    user_id: str = ""
    customer_id: str = ""
    device_id: str = ""
    """Empty: every device."""
    allow_missing: bool = False


class PushFeedback(NamedTuple):
    """One answer of a push provider (F1). Exactly one of token and key; the token is normalised.

    `invalid` says what is wrong with an item that broke a rule of shape; the other fields then mean nothing.
    """

    provider: PushProvider = PushProvider.FCM
    token: str = ""
    key: ProfileKey | None = None
    push_app_id: str = ""
    """Empty: any."""
    error_code: str = ""
    http_status: int = 0
    error_message: str = ""
    provider_time: datetime | None = None
    sent_at: datetime | None = None
    invalid: str = ""

    @property
    def evidence_time(self) -> datetime | None:
        """The provider's time, else when the send began (F2)."""
        return self.provider_time or self.sent_at


class ReportPushFeedback(NamedTuple):
    """Remove what providers prove dead, item by item (F1-F6)."""

    app_id: str
    feedback: tuple[PushFeedback, ...]


class ReportedToken(NamedTuple):
    """A token as an account-removal report names it."""

    token: str
    push_app_id: str = ""
    """Empty: any."""


class RemoveAccount(NamedTuple):
    """Apply one account-removal report (X3). At least one of username and account_selector."""

    app_id: str
    tokens: tuple[ReportedToken, ...]
    username: str = ""
    account_selector: str = ""
    report_time: datetime | None = None
    action: AccountRemovalAction | None = None
    """None: the app's setting."""


class SeenProfile(NamedTuple):
    """A profile that a scan found due, with the heartbeat it saw (P4)."""

    key: ProfileKey
    last_heartbeat_time: datetime | None


class ReapInactive(NamedTuple):
    """Delete the profiles that are still inactive (P1-P4)."""

    app_id: str
    seen: tuple[SeenProfile, ...]


class PurgeUnregistered(NamedTuple):
    """Delete the UNREGISTERED profiles whose retention is over (P8)."""

    app_id: str
    keys: tuple[ProfileKey, ...]


class EraseApp(NamedTuple):
    """Delete these profiles of an app that is being deleted."""

    app_id: str
    keys: tuple[ProfileKey, ...]


Command: TypeAlias = (
    Register
    | Heartbeat
    | UpdateProfileData
    | Unregister
    | DeleteDeviceProfile
    | ReportPushFeedback
    | RemoveAccount
    | ReapInactive
    | PurgeUnregistered
    | EraseApp
)
