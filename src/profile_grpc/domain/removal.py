"""Unregister, delete and account removal (D1-D3, X3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from profile_grpc.domain import call_order, ownership, presence, tokens
from profile_grpc.domain.commands import OfOne, OfProfile, OnlyOfProfiles
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.events import EventType
from profile_grpc.domain.keys import CustomerKey, ProfileKey, Token, TokenOfUser, UserKey
from profile_grpc.domain.kinds import HOLDERS, HOLDERS_OF_USER, OF_CUSTOMER, OF_USER, PROFILES
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.ordered_calls import AccountReport, CallMethod, OrderedCall
from profile_grpc.domain.profile import Profile, ProfileStatus, UnregisterReason
from profile_grpc.domain.results import AccountRemovalOutcome, AccountRemoved, Deleted, Unregistered
from profile_grpc.domain.settings import AccountRemovalAction, AppSettings
from profile_grpc.domain.slices import InOnePart
from profile_grpc.domain.state import State


@dataclass(frozen=True, slots=True)
class Unregister(OfProfile):
    """Sign the user out of the device (D1)."""

    key: ProfileKey
    allow_missing: bool = False
    sequence: int | None = None
    """The sequence number of the call (R13)."""

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        needs.add(PROFILES, self.key)
        if self.sequence is not None:
            needs.in_order.add(self.key.device)

    def decide(self, state: State, _settings: AppSettings) -> Unregistered:
        """Signs the user out of the device; repeating it changes nothing (D1).

        Raises:
            Refused: PROFILE_NOT_FOUND, unless the command allows it; OUT_OF_ORDER (R13).
        """
        profile = state.profile(self.key)
        if profile is None and not self.allow_missing:
            raise presence.profile_not_found(self.key.app_id)
        call = None if self.sequence is None else OrderedCall(self.sequence, CallMethod.UNREGISTER)
        if call_order.is_repeated(state, self.key, profile, call):
            return Unregistered(profile)
        call_order.record(state, self.key, call, without_profile=profile is None)
        if profile is not None and profile.status is ProfileStatus.ACTIVE:
            profile = ownership.unregister(state, profile, UnregisterReason.CLIENT, call)
        elif profile is not None and call is not None:
            profile = state.put(profile._replace(last_call=call))
        return Unregistered(profile)


@dataclass(frozen=True, slots=True)
class DeleteDeviceProfile(OfOne, InOnePart):
    """Delete profiles of a user or a customer, on one device or on all (D2). Exactly one of user and customer."""

    app_id: str
    user_id: str = ""
    customer_id: str = ""
    device_id: str = ""
    """Empty: every device."""
    allow_missing: bool = False

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        if self.customer_id:
            needs.add(OF_CUSTOMER, CustomerKey(self.app_id, self.customer_id))
        elif self.device_id:
            needs.add(PROFILES, ProfileKey(self.app_id, self.user_id, self.device_id))
        else:
            needs.add(OF_USER, UserKey(self.app_id, self.user_id))

    def decide(self, state: State, _settings: AppSettings) -> Deleted:
        """Deletes the profiles at once (D2), UNREGISTERED ones too.

        Raises:
            Refused: PROFILE_NOT_FOUND when there is none, unless the command allows it.
        """
        found = [p for p in _owned(state, self) if self.device_id in {"", p.key.device_id}]
        if not found and not self.allow_missing:
            raise presence.profile_not_found(self.app_id)
        for profile in found:
            state.delete(profile, DeletionReason.DELETED)
        return Deleted(tuple(p.key for p in found))

    def joined(self, results: Sequence[Deleted]) -> Deleted:
        return Deleted(tuple(dict.fromkeys(key for result in results for key in result.keys)))


def _owned(state: State, command: DeleteDeviceProfile) -> list[Profile]:
    if command.customer_id:
        return state.select(OF_CUSTOMER, CustomerKey(command.app_id, command.customer_id))
    if command.device_id:
        profile = state.profile(ProfileKey(command.app_id, command.user_id, command.device_id))
        return [profile] if profile else []
    return state.select(OF_USER, UserKey(command.app_id, command.user_id))


@dataclass(frozen=True, slots=True)
class EraseApp(OnlyOfProfiles):
    """Delete these profiles of an app that is being deleted (D4)."""

    app_id: str
    keys: tuple[ProfileKey, ...]
    revisions: tuple[int, ...] | None = None
    """The revisions that were read, in the same order. Profiles that have changed since are kept. None: any
    revision."""

    def decide(self, state: State, _settings: AppSettings) -> Deleted:
        """Deletes these profiles of an app that is being deleted, unless they have changed since they were read."""
        seen = dict(zip(self.keys, self.revisions, strict=True)) if self.revisions is not None else {}
        stored = [p for p in map(state.profile, self.keys) if p is not None]
        found = [p for p in stored if seen.get(p.key, p.revision) == p.revision]
        for profile in found:
            state.delete(profile, DeletionReason.DELETED)
        return Deleted(tuple(p.key for p in found))


class ReportedToken(NamedTuple):
    """A token as an account-removal report names it."""

    token: str
    push_app_id: str = ""
    """Empty: any."""


@dataclass(frozen=True, slots=True)
class RemoveAccount(OfOne, InOnePart):
    """Apply one account-removal report (X3). At least one of username and account_selector."""

    app_id: str
    tokens: tuple[ReportedToken, ...]
    username: str = ""
    account_selector: str = ""
    report_time: datetime | None = None
    action: AccountRemovalAction | None = None
    """None: the app's setting."""
    sequence: int | None = None
    """The sequence number of the call (R13)."""

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        if self.sequence is not None:
            needs.reports.add(self.report)
        for _, spelling in self.spellings():
            if self.username:
                needs.add(HOLDERS_OF_USER, TokenOfUser(self.app_id, spelling, self.username))
            else:
                needs.add(HOLDERS, Token(self.app_id, spelling))

    @property
    def report(self) -> AccountReport:
        """Its content, without its time and sequence number."""
        return AccountReport(self.app_id, self.username, self.account_selector, tuple(sorted(set(self.tokens))))

    def spellings(self) -> Iterator[tuple[ReportedToken, str]]:
        """The forms in which the tokens may be stored."""
        return ((reported, spelling) for reported in self.tokens for spelling in tokens.spellings(reported.token))

    def decide(self, state: State, settings: AppSettings) -> AccountRemoved:
        """Removes the account's profile that holds a reported token, unless it registered after the report (X3).

        A report time in the future counts as now: it must not affect a later registration.

        Raises:
            Refused: OUT_OF_ORDER (R13).
        """
        report_time = min(self.report_time or state.now, state.now)
        action = self.action or settings.account_removal_action
        call = None if self.sequence is None else OrderedCall(self.sequence, CallMethod.REMOVE_ACCOUNT)
        matching = [p for p in _holders(state, self) if _is_account(p, self)]
        current = [p for p in matching if p.register_time <= report_time]
        if not current:
            if call_order.is_repeated_report(state, self.report, call):
                return AccountRemoved((), AccountRemovalOutcome.REMOVED)
            return AccountRemoved((), AccountRemovalOutcome.STALE if matching else AccountRemovalOutcome.NO_MATCH)
        due = [p for p in current if self._is_due(state, p, call)]
        for profile in due:
            call_order.record(state, profile.key, call)
            _remove(state, profile._replace(last_call=call or profile.last_call), action)
        call_order.record_report(state, self.report, call)
        return AccountRemoved(tuple(p.key for p in current), AccountRemovalOutcome.REMOVED)

    def _is_due(self, state: State, profile: Profile, call: OrderedCall | None) -> bool:
        left = call_order.is_left(state, self.report, profile, call)
        return left or not call_order.is_repeated(state, profile.key, profile, call)

    def joined(self, results: Sequence[AccountRemoved]) -> AccountRemoved:
        removed = tuple(dict.fromkeys(key for result in results for key in result.removed))
        outcomes = {result.outcome for result in results}
        for telling in (AccountRemovalOutcome.REMOVED, AccountRemovalOutcome.STALE):
            if telling in outcomes:
                return AccountRemoved(removed, telling)
        return AccountRemoved((), AccountRemovalOutcome.NO_MATCH)


def _holders(state: State, command: RemoveAccount) -> list[Profile]:
    """The profiles that hold a reported token, in any of its spellings, of the reported push app id if one is given."""
    found: dict[ProfileKey, Profile] = {}
    for reported, spelling in command.spellings():
        for profile in state.select(HOLDERS, Token(command.app_id, spelling)):
            if _holds(profile, spelling, reported):
                found[profile.key] = profile
    return [found[key] for key in sorted(found)]


def _holds(profile: Profile, spelling: str, reported: ReportedToken) -> bool:
    return any(
        e.token == spelling and (not reported.push_app_id or e.push_app_id in {"", reported.push_app_id})
        for e in profile.push_endpoints
    )


def _is_account(profile: Profile, command: RemoveAccount) -> bool:
    """Whether every given value matches (X3)."""
    return command.username in {"", profile.key.user_id} and command.account_selector in {
        "",
        profile.attributes.account_selector,
    }


def _remove(state: State, profile: Profile, action: AccountRemovalAction) -> None:
    match action:
        case AccountRemovalAction.UNREGISTER:
            ownership.unregister(state, profile, UnregisterReason.ACCOUNT_REMOVED)
        case AccountRemovalAction.DELETE:
            state.delete(profile, DeletionReason.ACCOUNT_REMOVED)
        case AccountRemovalAction.STRIP_TOKENS:
            state.put(profile._replace(push_endpoints=(), update_time=state.now))
            state.add_event(EventType.PUSH_TOKEN_CHANGED, profile.key, "ACCOUNT_REMOVED")
