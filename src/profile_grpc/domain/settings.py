"""An app's settings: the policies that the rules read, their defaults and what they may be."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from profile_grpc.domain import device_attributes
from profile_grpc.domain.errors import FieldViolation, Reason, Refused
from profile_grpc.domain.jwt import JWT_OFF, MAX_LEEWAY, MAX_LIFETIME, JwtSettings
from profile_grpc.domain.profile import Channel, Platform
from profile_grpc.domain.push_endpoints import APNS_PROVIDERS, ApnsEnvironment, PushProvider, PushPurpose

ALL_CHANNELS = frozenset(Channel)
ZERO = timedelta(0)
MAX_INACTIVITY_PERIOD = timedelta(days=365)
MAX_GRANULARITY = timedelta(days=1)
SETTINGS_SPREAD = timedelta(minutes=1)
"""The time within which every process learns of a change and earlier commands are decided."""
MEMORY = "memory"
"""Marks an internal field, which is neither set nor shown."""
MAX_RETENTION = timedelta(days=3650)
MAX_TTL = timedelta(days=36500)
MAX_BRIDGE_NAMES = 8
MAX_BRIDGE_SEGMENT = 9
MAX_URL = 2048
MAX_WEB_CONFIG = 8192
_HTTPS_URL = re.compile(rf"https://[^\s\x00-\x1f\x7f-\x9f]{{1,{MAX_URL - len('https://')}}}\Z")
_SEGMENT = re.compile(r"/[1-9]\Z")


class AccountRemovalAction(enum.IntEnum):
    """What an account removal does (X3)."""

    UNREGISTER = 1
    DELETE = 2
    STRIP_TOKENS = 3


class InAppTransport(enum.IntEnum):
    """The protocol that carries in-app messages."""

    MQTT = 1
    WEB_SOCKET = 2


class MonitorKind(enum.IntEnum):
    """When a monitored device attribute is stored (U4)."""

    ONE_TIME = 1
    EVENT = 2
    INTERVAL = 3


@dataclass(frozen=True, slots=True)
class PushApp:
    """The use of the tokens of one push app id."""

    push_app_id: str
    provider: PushProvider
    platform: Platform = Platform.UNSPECIFIED
    purpose: PushPurpose = PushPurpose.DEFAULT
    apns_environment: ApnsEnvironment = ApnsEnvironment.UNSPECIFIED
    """The gateway of its tokens unless a call names one; UNSPECIFIED: PRODUCTION (R11)."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """How much may be deleted in a period before an operator must confirm: the larger of the two limits."""

    percent: float
    minimum: int

    def limit(self, stored: int) -> int:
        """The percentage of the stored ones."""
        return max(self.minimum, int(stored * self.percent / 100))


@dataclass(frozen=True, slots=True)
class ReaperBreaker(Breaker):
    """How many profiles the reaper may delete in 24 hours (P6)."""

    percent: float = 5.0
    minimum: int = 1000


@dataclass(frozen=True, slots=True)
class FeedbackBreaker(Breaker):
    """How many endpoints push feedback may remove in an hour (F8)."""

    percent: float = 10.0
    minimum: int = 1000


@dataclass(frozen=True, slots=True)
class InAppSettings:
    """The transports of in-app messages."""

    primary_transport: InAppTransport = InAppTransport.MQTT
    secondary_transport: InAppTransport = InAppTransport.WEB_SOCKET
    use_secured_port: bool = True
    payload_encryption: bool = False


@dataclass(frozen=True, slots=True)
class WebPushSettings:
    """What a website needs to subscribe browsers, besides the VAPID key (K5). Empty: not configured."""

    site_url: str = ""
    icon_url: str = ""
    firebase_web_config: str = ""
    """A JSON object, as Firebase shows it."""

    @property
    def sender_id(self) -> str:
        """FCM's sender id, or empty."""
        config = _json_object(self.firebase_web_config) or {}
        found = config.get("messagingSenderId")
        return found if isinstance(found, str) and _SENDER_ID.match(found) else ""


@dataclass(frozen=True, slots=True)
class DeviceAttributeMonitor:
    """A device attribute that the app monitors on one platform (U4). `interval` with INTERVAL only."""

    platform: Platform
    attribute: str
    kind: MonitorKind
    interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class BridgeParameters:
    """The names of the parameters in reports to the HTTP bridge, in the order in which they are tried (X2).

    A query or form field or JSON member ignoring case, a dotted path into nested JSON, or `/n`: the n-th path
    segment after the endpoint, from 1. The defaults are the names of the reporter's documentation.
    """

    username: tuple[str, ...] = ("username", "user", "/1")
    selector: tuple[str, ...] = ("selector", "/2")
    token_calls: tuple[str, ...] = ("token_calls", "pushTokenIncomingCall")
    appid_calls: tuple[str, ...] = ("appid_calls", "pushappid_incoming_call")
    token_msgs: tuple[str, ...] = ("token_msgs", "pushTokenOther", "pushToken", "token", "/3")
    appid_msgs: tuple[str, ...] = ("appid_msgs", "pushappid_other", "pushappid", "appid")
    device_id: tuple[str, ...] = ("installid", "installation_id", "device_id")
    secret: tuple[str, ...] = ("key",)


@dataclass(frozen=True, slots=True)
class KeptGranularity:
    """A heartbeat granularity that was in effect, and until when at the latest (H3)."""

    granularity: timedelta
    end_time: datetime


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The policies of every profile of an app."""

    push_app_ids: tuple[PushApp, ...] = ()
    inactivity_period: timedelta = timedelta(days=40)
    heartbeat_interval: timedelta = timedelta(days=15)
    heartbeat_granularity: timedelta = timedelta(hours=1)
    never_heartbeat_ttl: timedelta | None = None
    register_counts_as_heartbeat: bool = False
    channels: frozenset[Channel] = ALL_CHANNELS
    multi_user_per_device: bool = False
    single_device_per_user: bool = False
    unregistered_retention: timedelta = timedelta(days=30)
    reaper_breaker: ReaperBreaker = ReaperBreaker()
    feedback_breaker: FeedbackBreaker = FeedbackBreaker()
    account_removal_action: AccountRemovalAction = AccountRemovalAction.UNREGISTER
    server_side_inbox: bool = False
    require_known_customer: bool = False
    in_app: InAppSettings = InAppSettings()
    device_attribute_monitors: tuple[DeviceAttributeMonitor, ...] = ()
    bridge_parameters: BridgeParameters = BridgeParameters()
    jwt: JwtSettings = JWT_OFF
    web_push: WebPushSettings = WebPushSettings()
    kept_granularity: KeptGranularity | None = field(default=None, metadata={MEMORY: True})
    """Internal, maintained by `succeed`: heartbeats acknowledged under a larger granularity may have been stored that
    much earlier."""

    def apns_environment(self, provider: PushProvider, push_app_id: str) -> ApnsEnvironment:
        """The gateway of a token unless a call names one (R11)."""
        if provider not in APNS_PROVIDERS:
            return ApnsEnvironment.UNSPECIFIED
        for push_app in self.push_app_ids:
            if push_app.push_app_id == push_app_id:
                return push_app.apns_environment or ApnsEnvironment.PRODUCTION
        return ApnsEnvironment.PRODUCTION

    def monitor(self, platform: Platform, attribute: str) -> DeviceAttributeMonitor | None:
        """The app's monitor of the attribute on the platform, if it has one."""
        for monitor in self.device_attribute_monitors:
            if monitor.platform is platform and monitor.attribute == attribute:
                return monitor
        return None


@dataclass(frozen=True, slots=True)
class App:
    """One application of a tenant."""

    app_id: str
    tenant_id: str
    create_time: datetime
    update_time: datetime
    display_name: str = ""
    settings: AppSettings = AppSettings()
    deleting: bool = False
    """A deletion has started: calls no longer reach the app."""
    revision: int = 0

    @property
    def etag(self) -> str:
        return format(self.revision, "x")


def check(settings: AppSettings) -> None:
    """Refuses settings that contradict each other or exceed a limit (P1 and the settings' own limits).

    Raises:
        Refused: INVALID_SETTINGS, naming every field that is wrong.
    """
    violations = (
        *_period_violations(settings),
        *_limit_violations(settings),
        *_monitor_violations(settings),
        *_bridge_violations(settings.bridge_parameters),
        *_jwt_violations(settings.jwt),
        *_web_push_violations(settings.web_push),
    )
    if violations:
        described = "; ".join(f"{v.field}: {v.description}" for v in violations)
        message = f"The settings are not valid: {described}."
        raise Refused.for_fields(Reason.INVALID_SETTINGS, message, violations)


def succeed(before: AppSettings, after: AppSettings, now: datetime) -> AppSettings:
    """`after` as the successor of `before`: the reaper keeps the promises that were made under a larger granularity.

    One record is enough. It contains the largest granularity and the latest end. So it may spare some profiles for
    longer than was promised, but never for less (H3, P1).
    """
    kept = before.kept_granularity
    if kept is not None and now > kept.end_time + MAX_INACTIVITY_PERIOD:
        kept = None  # its promise has ended, whatever the period is
    if after.heartbeat_granularity < before.heartbeat_granularity:
        end_time = now + SETTINGS_SPREAD
        largest = max(before.heartbeat_granularity, kept.granularity if kept else ZERO)
        kept = KeptGranularity(largest, max(end_time, kept.end_time) if kept else end_time)
    return replace(after, kept_granularity=kept)


def _period_violations(settings: AppSettings) -> Iterator[FieldViolation]:
    if not ZERO < settings.inactivity_period <= MAX_INACTIVITY_PERIOD:
        yield _wrong("inactivity_period", "must be longer than 0 and at most 365 days")
    if settings.heartbeat_interval <= ZERO:
        yield _wrong("heartbeat_interval", "must be longer than 0")
    if settings.inactivity_period <= settings.heartbeat_interval:
        description = "must be longer than heartbeat_interval, or live devices expire between two heartbeats"
        yield _wrong("inactivity_period", description)
    if not ZERO <= settings.heartbeat_granularity <= MAX_GRANULARITY:
        yield _wrong("heartbeat_granularity", "must be 0 to 1 day")
    elif settings.heartbeat_granularity >= settings.heartbeat_interval:
        yield _wrong("heartbeat_granularity", "must be shorter than heartbeat_interval, or heartbeats are not stored")
    if settings.never_heartbeat_ttl is not None and not ZERO < settings.never_heartbeat_ttl <= MAX_TTL:
        yield _wrong("never_heartbeat_ttl", "must be longer than 0 and at most 36500 days, or absent")
    if not ZERO <= settings.unregistered_retention <= MAX_RETENTION:
        yield _wrong("unregistered_retention", "must be 0 to 3650 days")


def _limit_violations(settings: AppSettings) -> Iterator[FieldViolation]:
    if not settings.channels:
        yield _wrong("channels", "needs at least one channel")
    for name in ("reaper_breaker", "feedback_breaker"):
        breaker: Breaker = getattr(settings, name)
        if not 0 <= breaker.percent <= 100:  # noqa: PLR2004 - percent
            yield _wrong(f"{name}.percent", "must be 0 to 100")
        if breaker.minimum < 0:
            yield _wrong(f"{name}.minimum", "must be at least 0")
    if settings.in_app.primary_transport is settings.in_app.secondary_transport:
        yield _wrong("in_app.secondary_transport", "must differ from primary_transport")
    if len({p.push_app_id for p in settings.push_app_ids}) < len(settings.push_app_ids):
        yield _wrong("push_app_ids", "names a push_app_id twice")
    for push_app in settings.push_app_ids:
        if push_app.apns_environment and push_app.provider not in APNS_PROVIDERS:
            yield _wrong("push_app_ids", f"{push_app.push_app_id!r}: apns_environment is for APNS and APNS_VOIP only")


def _monitor_violations(settings: AppSettings) -> Iterator[FieldViolation]:
    name = "device_attribute_monitors"
    monitors = settings.device_attribute_monitors
    if len({(m.platform, m.attribute) for m in monitors}) < len(monitors):
        yield _wrong(name, "names an attribute of a platform twice")
    for monitor in monitors:
        if not device_attributes.known(monitor.platform, monitor.attribute):
            names = ", ".join(sorted(device_attributes.CATALOGUE.get(monitor.platform, ()))) or "none"
            yield _wrong(name, f"{monitor.platform.name} has no attribute {monitor.attribute!r}; it has: {names}")
        if (monitor.kind is MonitorKind.INTERVAL) != (monitor.interval is not None):
            yield _wrong(name, f"{monitor.attribute!r}: interval is required for INTERVAL and refused otherwise")
        elif monitor.interval is not None and monitor.interval <= ZERO:
            yield _wrong(name, f"{monitor.attribute!r}: interval must be longer than 0")


def _bridge_violations(parameters: BridgeParameters) -> Iterator[FieldViolation]:
    taken: dict[str, str] = {}
    for parameter in fields(parameters):
        names: tuple[str, ...] = getattr(parameters, parameter.name)
        if not 1 <= len(names) <= MAX_BRIDGE_NAMES:
            yield _wrong(f"bridge_parameters.{parameter.name}", f"must have 1 to {MAX_BRIDGE_NAMES} names")
        for name in names:
            if name.startswith("/") and not _SEGMENT.match(name):
                description = f"{name!r}: a path segment is written /1 to /{MAX_BRIDGE_SEGMENT}"
                yield _wrong(f"bridge_parameters.{parameter.name}", description)
            if names != parameter.default:  # a name that another parameter uses is removed from the defaults
                other = taken.setdefault(name.casefold(), parameter.name)
                if other != parameter.name:
                    yield _wrong(f"bridge_parameters.{parameter.name}", f"{name!r} is a name of {other} already")


def _jwt_violations(chosen: JwtSettings) -> Iterator[FieldViolation]:
    if not ZERO <= chosen.leeway <= MAX_LEEWAY:
        yield _wrong("jwt.leeway", "must be 0 to 60 seconds")
    if chosen.max_lifetime is not None and not ZERO < chosen.max_lifetime <= MAX_LIFETIME:
        yield _wrong("jwt.max_lifetime", "must be longer than 0 and at most 365 days, or absent")
    for name in ("user_claim", "app_claim", "customer_claim"):
        if not getattr(chosen, name):
            yield _wrong(f"jwt.{name}", "must not be empty")
    if chosen.user_claim == chosen.app_claim:
        yield _wrong("jwt.app_claim", "must differ from user_claim")
    if chosen.customer_claim == chosen.app_claim:
        yield _wrong("jwt.customer_claim", "must differ from app_claim")


def _web_push_violations(web_push: WebPushSettings) -> Iterator[FieldViolation]:
    for name in ("site_url", "icon_url"):
        url: str = getattr(web_push, name)
        if url and not _HTTPS_URL.match(url):
            yield _wrong(f"web_push.{name}", f"must be an https URL of up to {MAX_URL} characters")
    text = web_push.firebase_web_config
    if not text:
        return
    config = _json_object(text)
    if config is None or len(text.encode()) > MAX_WEB_CONFIG:
        description = f"must be a JSON object of up to {MAX_WEB_CONFIG} bytes, its names in double quotes"
        yield _wrong("web_push.firebase_web_config", description)
    elif _NOT_PUBLIC.search(json.dumps(config)):
        description = (
            "contains a private key or a server key, and every device gets it; upload that as a push credential"
        )
        yield _wrong("web_push.firebase_web_config", description)
    elif "messagingSenderId" in config and not web_push.sender_id:
        description = "has a messagingSenderId that is no text of digits; copy the object as Firebase shows it"
        yield _wrong("web_push.firebase_web_config", description)


_SENDER_ID = re.compile(r"[0-9]{1,32}\Z")
# In whatever part of an object: a service account, a key in PEM, a server key of FCM's legacy interface.
_NOT_PUBLIC = re.compile(r"service_account|private_?key|PRIVATE KEY|AAAA[\w-]{7}:[\w-]{100}", re.IGNORECASE)


def _json_object(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _wrong(name: str, description: str) -> FieldViolation:
    # The name in requests and validation rules: relative to the message that contains the app.
    return FieldViolation(f"app.settings.{name}", description)
