"""A second, simple implementation of the rules. Random runs are compared with it.

Written from the rules' text alone. It shares the records of commands with the domain, and none of its functions. It is
slow and keeps everything.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from profile_grpc.domain.commands import AnyCommand, ProfilePatch
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.inactivity import PurgeUnregistered, ReapInactive
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.push_endpoints import PushProvider, PushPurpose
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, EraseApp, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.settings import AccountRemovalAction, AppSettings
from profile_grpc.domain.updating import UpdateProfileData

MONTH = timedelta(days=30)
CURRENT, OUTDATED = "current", "outdated"
"""In place of an etag: the one the profile had when the batch began, and one it never had."""
Answer: TypeAlias = tuple[object, ...]
DEAD = {"UNREGISTERED", "EXPIREDTOKEN"}
SUSPECT = {"SENDER_ID_MISMATCH", "BADDEVICETOKEN"}
ALIVE = {"OK", "SUCCESS"}
OTHERWISE = {
    "UNAVAILABLE": "TRANSIENT",
    "THIRD_PARTY_AUTH_ERROR": "CREDENTIAL_PROBLEM",
    "BADCERTIFICATE": "CREDENTIAL_PROBLEM",
}


@dataclass
class Endpoint:
    """A push token that a profile has, or had until it died."""

    provider: PushProvider
    purpose: PushPurpose
    push_app_id: str
    token: str
    confirmed: datetime
    state: str = "DELIVERABLE"


@dataclass
class Known:
    """What the model knows of a profile."""

    key: ProfileKey
    created: datetime
    registered: datetime
    channels: frozenset[Channel]
    active: bool = True
    current: bool = True
    superseded: bool = False
    endpoints: dict[tuple[PushProvider, PushPurpose], Endpoint] = field(default_factory=dict)
    customer: object = None
    selector: object = None
    heartbeat: datetime | None = None
    acknowledged: datetime | None = None
    """The last heartbeat that was answered, written or not."""
    unregistered: datetime | None = None
    why: str | None = None
    changed: bool = False
    """Written since the batch began."""

    def living(self) -> list[Endpoint]:
        return [e for e in self.endpoints.values() if e.token]


@dataclass
class Deletion:
    key: ProfileKey
    reason: str
    time: datetime


class Model:
    """Every profile of every app, and all that ever happened to them."""

    def __init__(self, settings: dict[str, AppSettings]) -> None:
        self.settings = settings
        self.profiles: dict[ProfileKey, Known] = {}
        self.deletions: list[Deletion] = []
        self.counts: dict[ProfileKey, list[datetime]] = {}
        self.windows: dict[ProfileKey, datetime] = {}
        """The first deletion since the last count, after which activity is not counted for a month (M2)."""

    def do(self, command: AnyCommand, now: datetime) -> Answer:
        """What the command answers, in plain words."""
        match command:
            case Register():
                return self.register(command, now)
            case Heartbeat():
                return self.heartbeat(command, now)
            case UpdateProfileData():
                return self.update(command, now)
            case Unregister():
                return self.unregister(command, now)
            case DeleteDeviceProfile():
                return self.delete(command, now)
            case ReportPushFeedback():
                return tuple(self.feedback(command.app_id, item, now) for item in command.feedback)
            case RemoveAccount():
                return self.remove_account(command, now)
            case ReapInactive():
                return self.reap(command, now)
            case PurgeUnregistered() | EraseApp():
                return self.purge(command, now)
            case _:
                raise NotImplementedError(command)

    def of_app(self, app_id: str) -> list[Known]:
        return [p for _, p in sorted(self.profiles.items()) if p.key.app_id == app_id]

    # --- R ---

    def register(self, command: Register, now: datetime) -> Answer:
        settings = self.settings[command.key.app_id]
        asked = command.patch.channels
        if asked is not None and not asked <= settings.channels:
            return ("refused", "CHANNEL_NOT_ENABLED")
        known = self.profiles.get(command.key)
        if known is None:
            me = Known(command.key, now, now, settings.channels)
            self.profiles[command.key] = me
        else:
            me = known
        me.active = me.current = True
        me.superseded = False
        me.registered = max(now, me.registered)
        me.unregistered = me.why = None
        if settings.register_counts_as_heartbeat or me.heartbeat is not None:
            me.heartbeat = now if me.heartbeat is None else max(me.heartbeat, now)
            me.acknowledged = me.heartbeat
        self.patch(me, command.patch, now)
        self.be_active(me.key, now)
        displaced = self.claim_tokens(me)
        for other in self.of_app(me.key.app_id):
            if other is me or not other.active:
                continue
            if other.key.device_id == me.key.device_id:
                if not settings.multi_user_per_device:
                    self.sign_out(other, "REPLACED", now)
                    displaced.append((other.key, "REPLACED"))
                elif other.current:
                    other.current, other.changed = False, True
                    displaced.append((other.key, "DEACTIVATED"))
            if other.key.user_id == me.key.user_id and settings.single_device_per_user and not other.superseded:
                other.superseded = other.changed = True
                displaced.append((other.key, "PUSH_SUPERSEDED"))
        users = [p for p in self.of_app(me.key.app_id) if p.key.device_id == me.key.device_id and p.active]
        return ("registered", known is None, sorted(displaced), len(users))

    def patch(self, me: Known, patch: ProfilePatch, now: datetime) -> None:
        me.changed = True
        if patch.channels is not None:
            me.channels = patch.channels or self.settings[me.key.app_id].channels
        me.customer = patch.attributes.get("customer_id", me.customer)
        me.selector = patch.attributes.get("account_selector", me.selector)
        confirmed = max([now, me.registered, *[e.confirmed for e in me.endpoints.values()]])
        carried = {e.purpose for e in patch.push_endpoints}
        if patch.replace_push_endpoints:
            carried = set(PushPurpose)
        me.endpoints = {slot: e for slot, e in me.endpoints.items() if e.purpose not in carried}
        for e in patch.push_endpoints:
            me.endpoints[e.provider, e.purpose] = Endpoint(e.provider, e.purpose, e.push_app_id, e.token, confirmed)

    def claim_tokens(self, me: Known) -> list[tuple[ProfileKey, str]]:
        mine = {(e.provider, e.token) for e in me.living()}
        displaced = []
        for other in self.of_app(me.key.app_id):
            if other.key.device_id == me.key.device_id:
                continue
            lost = [s for s, e in other.endpoints.items() if e.token and (e.provider, e.token) in mine]
            for slot in lost:
                taken = other.endpoints.pop(slot)
                for e in me.living():
                    if (e.provider, e.token) == (taken.provider, taken.token):
                        e.confirmed = max(e.confirmed, taken.confirmed)
            if lost:
                other.changed = True
                displaced.append((other.key, "TOKEN_MOVED"))
        return displaced

    def sign_out(self, profile: Known, why: str, now: datetime) -> None:
        profile.active = profile.current = False
        profile.endpoints = {}
        profile.unregistered, profile.why, profile.changed = now, why, True

    # --- M ---

    def be_active(self, key: ProfileKey, now: datetime) -> bool:
        """Counts the activity unless a window covers it; whether it was counted."""
        counted = self.counts.setdefault(key, [])
        if counted and now < counted[-1] + MONTH:
            return False
        if key in self.windows and now < self.windows[key] + MONTH:
            return False
        counted.append(now)
        self.windows.pop(key, None)
        return True

    # --- H, U ---

    def missing(self, key: ProfileKey) -> Answer | None:
        """The refusal of a sign of life for a profile that is not registered."""
        profile = self.profiles.get(key)
        if profile is None:
            reasons = [d.reason for d in self.deletions if d.key == key]
            return ("refused", "REREGISTER_REQUIRED", reasons[-1] if reasons else "UNKNOWN")
        return None if profile.active else ("refused", "PROFILE_UNREGISTERED")

    def heartbeat(self, command: Heartbeat, now: datetime) -> Answer:
        refusal = self.missing(command.key)
        if refusal:
            return refusal
        me = self.profiles[command.key]
        settings = self.settings[command.key.app_id]
        counted = self.be_active(command.key, now)
        young = me.heartbeat is not None and now - me.heartbeat < settings.heartbeat_granularity
        if counted or not young:
            me.heartbeat = max(me.heartbeat or now, now)
            me.changed = True
        assert me.heartbeat is not None
        me.acknowledged = max(me.acknowledged or now, now)
        return ("beat", me.heartbeat, me.heartbeat + settings.inactivity_period, settings.heartbeat_interval)

    def update(self, command: UpdateProfileData, now: datetime) -> Answer:
        refusal = self.missing(command.key)
        if refusal:
            return refusal
        me = self.profiles[command.key]
        if command.etag == OUTDATED or (command.etag == CURRENT and me.changed):
            return ("refused", "ETAG_MISMATCH")
        asked = command.patch.channels
        if asked is not None and not asked <= self.settings[me.key.app_id].channels:
            return ("refused", "CHANNEL_NOT_ENABLED")
        taken = [e for e in command.patch.push_endpoints if not self.is_newer_elsewhere(me, e.provider, e.token)]
        patch = command.patch._replace(push_endpoints=tuple(taken))
        if len(taken) < len(command.patch.push_endpoints):
            patch = patch._replace(replace_push_endpoints=patch.replace_push_endpoints and bool(taken))
        self.patch(me, patch, now)
        self.be_active(me.key, now)
        return ("updated", sorted(self.claim_tokens(me)))

    def is_newer_elsewhere(self, me: Known, provider: PushProvider, token: str) -> bool:
        """Whether another device holds the token that registered no earlier than this profile."""
        return any(
            other.registered >= me.registered
            for other in self.of_app(me.key.app_id)
            if other.key.device_id != me.key.device_id
            and any((e.provider, e.token) == (provider, token) for e in other.living())
        )

    # --- D, P ---

    def unregister(self, command: Unregister, now: datetime) -> Answer:
        me = self.profiles.get(command.key)
        if me is None and not command.allow_missing:
            return ("refused", "PROFILE_NOT_FOUND")
        if me is not None and me.active:
            self.sign_out(me, "CLIENT", now)
        return ("unregistered", me is not None)

    def remove(self, profile: Known, reason: str, now: datetime) -> None:
        key = profile.key
        del self.profiles[key]
        self.deletions.append(Deletion(key, reason, now))
        self.windows.setdefault(key, now)

    def delete(self, command: DeleteDeviceProfile, now: datetime) -> Answer:
        found = [
            p
            for p in self.of_app(command.app_id)
            if (not command.user_id or p.key.user_id == command.user_id)
            and (not command.customer_id or p.customer == command.customer_id)
            and (not command.device_id or p.key.device_id == command.device_id)
        ]
        if not found and not command.allow_missing:
            return ("refused", "PROFILE_NOT_FOUND")
        for profile in found:
            self.remove(profile, "DELETED", now)
        return ("deleted", [p.key for p in found])

    def reap(self, command: ReapInactive, now: datetime) -> Answer:
        settings = self.settings[command.app_id]
        deleted = []
        for seen in command.seen:
            profile = self.profiles.get(seen.key)
            if profile is None or not profile.active or profile.heartbeat != seen.last_heartbeat_time:
                continue
            if profile.heartbeat is not None:
                due = now > profile.heartbeat + settings.inactivity_period + settings.heartbeat_granularity
                assert not due or profile.acknowledged is not None
                if due and profile.acknowledged is not None:  # the promise of H3
                    assert now > profile.acknowledged + settings.inactivity_period
            else:
                ttl = settings.never_heartbeat_ttl
                due = ttl is not None and now > profile.registered + ttl
            if due:
                self.remove(profile, "INACTIVE", now)
                deleted.append(seen.key)
        return ("deleted", deleted)

    def purge(self, command: PurgeUnregistered | EraseApp, now: datetime) -> Answer:
        retention = self.settings[command.app_id].unregistered_retention
        deleted = []
        for key in command.keys:
            profile = self.profiles.get(key)
            if profile is None:
                continue
            if isinstance(command, EraseApp):
                self.remove(profile, "DELETED", now)
                deleted.append(key)
            elif profile.unregistered is not None and now > profile.unregistered + retention:
                self.remove(profile, "UNREGISTERED", now)
                deleted.append(key)
        return ("deleted", deleted)

    # --- F ---

    def feedback(self, app_id: str, item: PushFeedback, now: datetime) -> Answer:
        evidence = item.provider_time or item.sent_at
        if item.invalid or evidence is None or evidence > now + timedelta(minutes=5):
            return ("INVALID", [])
        if item.key is not None and item.key.app_id != app_id:
            return ("INVALID", [])
        code = item.error_code.upper()
        if code not in DEAD | SUSPECT | ALIVE:
            return (OTHERWISE.get(code, "UNRECOGNIZED"), [])
        concerned = [(p, e) for p in self.of_app(app_id) for e in p.living() if self.is_meant(p, e, item)]
        if not concerned:
            return ("UNKNOWN_TOKEN", [])
        hit = [(p, e) for p, e in concerned if all(evidence > c.confirmed for _, c in concerned if same_token(e, c))]
        if not hit:
            return ("STALE", [])
        affected = {p.key: [e for q, e in hit if q is p] for p, _ in hit}
        if code in SUSPECT:
            return (
                "ENDPOINT_SUSPECT",
                sorted(key for key, endpoints in affected.items() if self.suspect(key, endpoints)),
            )
        if code in ALIVE:
            return ("CONFIRMED", sorted(key for key, endpoints in affected.items() if self.confirm(key, endpoints)))
        gone = [key for key, endpoints in affected.items() if self.die(key, endpoints, now)]
        return ("PROFILE_DELETED" if gone else "ENDPOINT_INVALIDATED", sorted(affected))

    def is_meant(self, profile: Known, endpoint: Endpoint, item: PushFeedback) -> bool:
        if endpoint.provider is not item.provider or not fits(item.push_app_id, endpoint.push_app_id):
            return False
        if item.key is None:
            return endpoint.token == item.token
        named = self.profiles.get(item.key)
        return (
            named is not None
            and profile.key.device_id == named.key.device_id
            and any(
                e.token == endpoint.token and e.provider is item.provider and fits(item.push_app_id, e.push_app_id)
                for e in named.living()
            )
        )

    def suspect(self, key: ProfileKey, endpoints: list[Endpoint]) -> bool:
        if all(e.state == "SUSPECT" for e in endpoints):
            return False
        for endpoint in endpoints:
            endpoint.state = "SUSPECT"
        self.profiles[key].changed = True
        return True

    def confirm(self, key: ProfileKey, endpoints: list[Endpoint]) -> bool:
        if all(e.state != "SUSPECT" for e in endpoints):
            return False
        for endpoint in endpoints:
            endpoint.state = "DELIVERABLE"
        self.profiles[key].changed = True
        return True

    def die(self, key: ProfileKey, endpoints: list[Endpoint], now: datetime) -> bool:
        """The tokens are dead; whether the profile went with them."""
        profile = self.profiles[key]
        for endpoint in endpoints:
            endpoint.token, endpoint.state = "", "INVALID"
        profile.changed = True
        if profile.channels == {Channel.PUSH} and not profile.living():
            self.remove(profile, "PUSH_UNREGISTERED", now)
            return True
        return False

    # --- X3 ---

    def remove_account(self, command: RemoveAccount, now: datetime) -> Answer:
        matching = [
            p
            for p in self.of_app(command.app_id)
            if command.username in {"", p.key.user_id}
            and command.account_selector in {"", p.selector}
            and any(may_mean(reported, e) for reported in command.tokens for e in p.living())
        ]
        if not matching:
            return ("NO_MATCH", [])
        arrived = min(command.report_time or now, now)
        older = [p for p in matching if p.registered <= arrived]
        for profile in older:
            match command.action or self.settings[command.app_id].account_removal_action:
                case AccountRemovalAction.UNREGISTER:
                    self.sign_out(profile, "ACCOUNT_REMOVED", now)
                case AccountRemovalAction.DELETE:
                    self.remove(profile, "ACCOUNT_REMOVED", now)
                case AccountRemovalAction.STRIP_TOKENS:
                    profile.endpoints, profile.changed = {}, True
        return ("REMOVED" if older else "STALE", [p.key for p in older])


def same_token(one: Endpoint, other: Endpoint) -> bool:
    return (one.provider, one.token) == (other.provider, other.token)


def fits(said: str, label: str) -> bool:
    """Whether a push app id is the endpoint's, or one of the two is left out."""
    return not said or label in {"", said}


def may_mean(reported: ReportedToken, endpoint: Endpoint) -> bool:
    """Whether the token is reported as it is, in base64, or (hexadecimal) as the base64 of its bytes."""
    if reported.push_app_id and endpoint.push_app_id not in {"", reported.push_app_id}:
        return False
    names = {endpoint.token, base64.b64encode(endpoint.token.encode()).decode()}
    if endpoint.provider is PushProvider.APNS:
        names.add(base64.b64encode(bytes.fromhex(endpoint.token)).decode())
    return reported.token in names
