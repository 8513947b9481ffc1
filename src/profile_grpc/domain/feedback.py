"""Push feedback (F1-F8): the effect of a provider's response on the profiles that hold the token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from profile_grpc.domain import feedback_breaker
from profile_grpc.domain.deletion_records import DeletionReason
from profile_grpc.domain.events import EventType
from profile_grpc.domain.feedback_breaker import FeedbackBreaker
from profile_grpc.domain.feedback_codes import Verdict, judge
from profile_grpc.domain.keys import ProfileKey, Token
from profile_grpc.domain.kinds import HOLDERS, NAMED
from profile_grpc.domain.needs import Needs
from profile_grpc.domain.profile import Channel, Profile
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState, PushProvider
from profile_grpc.domain.results import FeedbackResult, PushFeedbackOutcome
from profile_grpc.domain.settings import AppSettings
from profile_grpc.domain.state import State

Holder: TypeAlias = tuple[Profile, list[PushEndpoint]]
"""A profile, and its endpoints that an item concerns."""
MAX_CLOCK_SKEW = timedelta(minutes=5)
_WITHOUT_TOKEN = {
    Verdict.TRANSIENT: PushFeedbackOutcome.TRANSIENT,
    Verdict.CREDENTIAL_PROBLEM: PushFeedbackOutcome.CREDENTIAL_PROBLEM,
    Verdict.UNRECOGNIZED: PushFeedbackOutcome.UNRECOGNIZED,
}


class PushFeedback(NamedTuple):
    """One response of a push provider (F1).

    Exactly one of token and key is set; the token is normalised. `invalid` says why an item is not valid; the other
    fields are then meaningless.
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
    tokens: tuple[str, ...] = ()
    """The tokens of the key's profile, if they were looked up before. Otherwise the tokens that it holds now are
    used."""

    @property
    def evidence_time(self) -> datetime | None:
        """The provider's time, or the time at which the send began (F2)."""
        return self.provider_time or self.sent_at


@dataclass(frozen=True, slots=True)
class ReportPushFeedback:
    """Remove endpoints that providers prove dead, item by item (F1-F6)."""

    app_id: str
    feedback: tuple[PushFeedback, ...]

    @property
    def size(self) -> int:
        return len(self.feedback)

    def needs(self, needs: Needs, _settings: AppSettings) -> None:
        feedback_breaker.needs(needs, self.app_id)
        for item in self.feedback:
            if item.invalid:
                continue
            if item.key is not None:
                if item.key.app_id == self.app_id:
                    needs.add(NAMED, item.key)
            else:
                needs.add(HOLDERS, Token(self.app_id, item.token))

    def decide(self, state: State, settings: AppSettings) -> tuple[FeedbackResult, ...]:
        """Decides each item separately; an item that is not valid does not affect the others (F1)."""
        breaker = FeedbackBreaker(state, self.app_id, settings)
        results = tuple([_decide(state, self.app_id, item, breaker) for item in self.feedback])
        breaker.save()
        return results

    def parts(self) -> Sequence[ReportPushFeedback]:
        return [replace(self, feedback=(item,)) for item in self.feedback] if len(self.feedback) > 1 else (self,)

    def witnesses(self, profiles: Iterable[Profile]) -> Sequence[ProfileKey]:
        """The profile that confirmed a token last (F5), and the profile that an item names."""
        newest: dict[str, tuple[datetime, ProfileKey]] = {}
        named = {item.key for item in self.feedback}
        keys = []
        for profile in profiles:
            for e in profile.push_endpoints:
                if e.token:
                    confirmed = (e.confirm_time, profile.key)
                    newest[e.token] = max(newest.get(e.token, confirmed), confirmed)
            if profile.key in named:
                keys.append(profile.key)
        return [*keys, *(key for _, key in newest.values())]

    def resolved(self, witnesses: Iterable[Profile]) -> ReportPushFeedback:
        """With the tokens of the profile that an item names: the first slice may take them from it."""
        held = {p.key: tuple(sorted(token.token for token in p.tokens)) for p in witnesses}
        items = [item._replace(tokens=held.get(item.key, ())) if item.key else item for item in self.feedback]
        return replace(self, feedback=tuple(items))

    def joined(self, results: Sequence[tuple[FeedbackResult, ...]]) -> tuple[FeedbackResult, ...]:
        """The results of all parts, in order. For the slices of one item: the most significant outcome."""
        if len(self.feedback) > 1:
            return tuple([result for part in results for result in part])
        found = {result.outcome: result for part in reversed(results) for result in part}
        telling = next((found[outcome] for outcome in _TELLING if outcome in found), None)
        if telling is None:
            return (FeedbackResult(PushFeedbackOutcome.UNKNOWN_TOKEN),)
        affected = tuple(dict.fromkeys(key for part in results for result in part for key in result.affected))
        return (replace(telling, affected=affected),)


_TELLING = (
    PushFeedbackOutcome.PROFILE_DELETED,
    PushFeedbackOutcome.HELD,
    PushFeedbackOutcome.ENDPOINT_INVALIDATED,
    PushFeedbackOutcome.ENDPOINT_SUSPECT,
    PushFeedbackOutcome.CONFIRMED,
    PushFeedbackOutcome.STALE,
)
"""The outcomes of the slices of an item, the most significant first."""


def _decide(state: State, app_id: str, item: PushFeedback, breaker: FeedbackBreaker) -> FeedbackResult:
    wrong = item.invalid or _wrong_evidence(item, state.now)
    if wrong:
        return FeedbackResult(PushFeedbackOutcome.INVALID, detail=wrong)
    if item.key is not None and item.key.app_id != app_id:
        return FeedbackResult(PushFeedbackOutcome.INVALID, detail="key.app_id is not the request's app_id")
    judged = judge(item.provider, item.error_code, item.http_status, item.error_message, token=item.token)
    if judged.verdict in _WITHOUT_TOKEN:
        if judged.verdict is Verdict.CREDENTIAL_PROBLEM:
            state.add_app_event(EventType.PUSH_CREDENTIAL_PROBLEM, app_id, f"{item.provider.name} {judged.code}")
        return FeedbackResult(_WITHOUT_TOKEN[judged.verdict], detail=judged.detail)
    holders = list(_holders(state, app_id, item))
    if not holders:
        return FeedbackResult(PushFeedbackOutcome.UNKNOWN_TOKEN)
    outdated = _outdated(holders, item.evidence_time)
    if not outdated:
        return FeedbackResult(PushFeedbackOutcome.STALE, detail="the token was confirmed at or after the evidence time")
    match judged.verdict:
        case Verdict.ALIVE:
            return _confirm(state, outdated)
        case Verdict.SUSPECT:
            return _suspect(state, outdated)
        case _:
            return _dead(state, outdated, breaker)


def _wrong_evidence(item: PushFeedback, now: datetime) -> str:
    """Why the evidence time is unusable, if it is (F2)."""
    if item.evidence_time is None:
        return "provider_time or sent_at is required"
    if item.evidence_time > now + MAX_CLOCK_SKEW:
        return "the evidence time is more than 5 minutes in the future"
    return ""


def _holders(state: State, app_id: str, item: PushFeedback) -> Iterator[Holder]:
    """Every profile that holds the token, with the endpoints that contain it (F5)."""
    meant = _meant_tokens(state, app_id, item)
    holders = {profile.key: profile for token in meant for profile in state.select(HOLDERS, token)}
    for key, profile in sorted(holders.items()):
        held = [e for e in profile.push_endpoints if Token(key.app_id, e.token) in meant and _is_meant(e, item)]
        if held:
            yield profile, held


def _meant_tokens(state: State, app_id: str, item: PushFeedback) -> set[Token]:
    """The tokens that the item concerns: its own token, or those of the profile that it names."""
    if item.key is None:
        return {Token(app_id, item.token)}
    if item.tokens:
        return {Token(app_id, token) for token in item.tokens}
    named = state.select(NAMED, item.key)
    return {Token(app_id, e.token) for p in named for e in p.push_endpoints if e.token and _is_meant(e, item)}


def _outdated(holders: list[Holder], evidence_time: datetime | None) -> list[Holder]:
    """The endpoints whose confirmation is older than the evidence. At equal times the endpoint is kept (F2).

    The newest confirmation by any user of the device proves a token alive for all of them (F5).
    """
    confirmed: dict[str, datetime] = {}
    for _, held in holders:
        for endpoint in held:
            newest = confirmed.get(endpoint.token, endpoint.confirm_time)
            confirmed[endpoint.token] = max(newest, endpoint.confirm_time)
    live = {token for token, time in confirmed.items() if evidence_time is None or evidence_time <= time}
    outdated = [(profile, [e for e in held if e.token not in live]) for profile, held in holders]
    return [(profile, held) for profile, held in outdated if held]


def _is_meant(endpoint: PushEndpoint, item: PushFeedback) -> bool:
    """Whether the labels match. A missing label matches every label (R4)."""
    return endpoint.provider is item.provider and (
        not item.push_app_id or endpoint.push_app_id in {"", item.push_app_id}
    )


def _confirm(state: State, holders: list[Holder]) -> FeedbackResult:
    """The provider accepted a message, so the endpoints are no longer suspect (F6)."""
    return FeedbackResult(PushFeedbackOutcome.CONFIRMED, _mark(state, holders, PushEndpointState.DELIVERABLE))


def _suspect(state: State, holders: list[Holder]) -> FeedbackResult:
    """Marks the endpoints as suspect and keeps them: a wrong credential affects every token (F6)."""
    affected = _mark(state, holders, PushEndpointState.SUSPECT)
    for key in affected:
        state.add_event(EventType.PUSH_ENDPOINT_SUSPECT, key)
    return FeedbackResult(PushFeedbackOutcome.ENDPOINT_SUSPECT, affected)


def _mark(state: State, holders: list[Holder], to: PushEndpointState) -> tuple[ProfileKey, ...]:
    """Gives the endpoints this state. Returns the profiles in which one had another."""
    changed = [(profile, held) for profile, held in holders if any(e.state is not to for e in held)]
    for profile, held in changed:
        _replace(state, profile, held, lambda e: e._replace(state=to))
    return tuple([profile.key for profile, _ in changed])


def _dead(state: State, holders: list[Holder], breaker: FeedbackBreaker) -> FeedbackResult:
    """Clears the endpoints.

    Deletes a profile whose only channel is push and that has no endpoint left (F4). If the app has already lost too
    many endpoints, they become suspect and nothing else changes (F8).
    """
    held_because = breaker.admit(sum([len({e.token for e in held}) for _, held in holders]))
    if held_because:
        marked = _suspect(state, holders)
        return FeedbackResult(PushFeedbackOutcome.HELD, marked.affected, held_because)
    affected: list[ProfileKey] = []
    outcome = PushFeedbackOutcome.ENDPOINT_INVALIDATED
    for profile, held in holders:
        affected.append(profile.key)
        rest = [e for e in profile.push_endpoints if e.token and e not in held]
        if profile.channels == {Channel.PUSH} and not rest:
            state.delete(profile, DeletionReason.PUSH_UNREGISTERED)
            outcome = PushFeedbackOutcome.PROFILE_DELETED
        else:
            _replace(state, profile, held, lambda e: e._replace(token="", state=PushEndpointState.INVALID))
            state.add_event(EventType.PUSH_ENDPOINT_INVALIDATED, profile.key)
    return FeedbackResult(outcome, tuple(affected))


def _replace(
    state: State,
    profile: Profile,
    held: list[PushEndpoint],
    change: Callable[[PushEndpoint], PushEndpoint],
) -> None:
    endpoints = tuple(change(e) if e in held else e for e in profile.push_endpoints)
    state.put(profile._replace(push_endpoints=endpoints, update_time=state.now))
