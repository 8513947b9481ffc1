"""A small language for tests of the rules: stored profiles, commands, and a clock that the test moves."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import pytest

from profile_grpc.domain.billing import MadRecord
from profile_grpc.domain.changes import Changes
from profile_grpc.domain.commands import AnyCommand, NewEndpoint, ProfilePatch, needs_of
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.hashing import KEY_BYTES, Hasher
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import ProfileKey, Token
from profile_grpc.domain.profile import Attributes, Channel, Profile
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState, PushProvider, PushPurpose
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import Unregister
from profile_grpc.domain.results import Beat, FeedbackResult, Registered, Updated
from profile_grpc.domain.settings import ALL_CHANNELS, AppSettings, succeed
from profile_grpc.domain.state import State
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.world import World

T0 = datetime(2026, 1, 1, tzinfo=UTC)
APP = "app"
HASHER = Hasher(bytes(range(KEY_BYTES)))
ResultT = TypeVar("ResultT")


def days(number: float) -> timedelta:
    return timedelta(days=number)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


INSTANT = timedelta(microseconds=1)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = T0) -> None:
        self._now = at

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by

    def set(self, at: datetime) -> None:
        self._now = at


def revisions(first: int = 1000) -> Callable[[], int]:
    """Revisions that count upwards."""
    return count(first).__next__


def key(user: str = "ann", device: str = "phone", app: str = APP) -> ProfileKey:
    return ProfileKey(app, user, device)


ANN = key("ann", "phone")
BOB = key("bob", "phone")
ANN_TABLET = key("ann", "tablet")


def fcm(token: str, push_app_id: str = "com.app", purpose: PushPurpose = PushPurpose.DEFAULT) -> NewEndpoint:
    """An FCM endpoint as a caller gives it."""
    return NewEndpoint(PushProvider.FCM, token, push_app_id, purpose)


def apns(token: str, push_app_id: str = "com.app", purpose: PushPurpose = PushPurpose.DEFAULT) -> NewEndpoint:
    """An APNs endpoint as a caller gives it."""
    return NewEndpoint(PushProvider.APNS, token, push_app_id, purpose)


def stored(
    new: NewEndpoint, confirmed: datetime = T0, state: PushEndpointState = PushEndpointState.DELIVERABLE
) -> PushEndpoint:
    """The endpoint as a profile holds it."""
    return PushEndpoint(new.provider, new.token, new.push_app_id, new.purpose, confirmed, state)


def patch(*endpoints: NewEndpoint, channels: Iterable[Channel] | None = None, **attributes: Any) -> ProfilePatch:
    """A patch of endpoints, channels and plain attributes."""
    chosen = None if channels is None else frozenset(channels)
    return ProfilePatch(push_endpoints=endpoints, channels=chosen, attributes=attributes)


def profile(
    of: ProfileKey = ANN,
    *endpoints: PushEndpoint | NewEndpoint,
    registered: datetime = T0,
    channels: Iterable[Channel] = ALL_CHANNELS,
    attributes: Attributes | None = None,
    **fields: Any,
) -> Profile:
    """A stored profile, registered (and counted) at T0 unless said otherwise."""
    defaults: dict[str, Any] = {
        "create_time": registered,
        "register_time": registered,
        "update_time": registered,
        "mad": MadRecord(registered, 1),
        "revision": 1,
    }
    return Profile(
        key=of,
        channels=frozenset(channels),
        push_endpoints=tuple(stored(e, registered) if isinstance(e, NewEndpoint) else e for e in endpoints),
        attributes=attributes or Attributes(),
        **defaults | fields,
    )


def dead(token: str = "", sent_at: datetime | None = None, **fields: Any) -> PushFeedback:
    """FCM says that the token is dead; the send began at `sent_at`."""
    return PushFeedback(**{"token": token, "error_code": "UNREGISTERED", "sent_at": sent_at} | fields)


class Scene:
    """One app, the world it is in and the time there. Every command is a batch of its own, unless said otherwise."""

    def __init__(self, settings: AppSettings, profiles: Iterable[Profile], at: datetime) -> None:
        self.settings = settings
        self.clock = ManualClock(at)
        self.world = World(HASHER)
        self.fresh_revision = revisions()
        for one in profiles:
            self.world.add(one)

    # --- time ---

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def later(self, by: timedelta) -> "Scene":
        self.clock.advance(by)
        return self

    def at(self, instant: datetime) -> "Scene":
        self.clock.set(instant)
        return self

    def set(self, **settings: Any) -> "Scene":
        """Changes the app's settings."""
        self.settings = replace(self.settings, **settings)
        return self

    def change(self, **settings: Any) -> "Scene":
        """Changes the app's settings as an operator does. A lower granularity takes effect later (H3)."""
        self.settings = succeed(self.settings, replace(self.settings, **settings), self.now)
        return self

    # --- when ---

    def state(self, *commands: AnyCommand) -> State:
        """The rows that these commands read, loaded now."""
        needs = needs_of([(command, self.settings) for command in commands])
        return State(self.world.load(needs), hasher=HASHER, now=self.now, fresh_revision=self.fresh_revision)

    def batch(self, *commands: AnyCommand) -> list[object]:
        """Decides the commands on one state and stores the outcome."""
        state = self.state(*commands)
        answers = [self._answer(state, command) for command in commands]
        self.world.apply(state.changes())
        return answers

    def _answer(self, state: State, command: AnyCommand) -> object:
        try:
            return command.decide(state, self.settings)
        except Refused as refused:
            return refused

    def changes(self, *commands: AnyCommand) -> Changes:
        """What the commands would write; nothing is stored."""
        state = self.state(*commands)
        for command in commands:
            command.decide(state, self.settings)
        return state.changes()

    def do(self, command: AnyCommand, kind: type[ResultT]) -> ResultT:
        """Executes the command, which must succeed with this kind of result."""
        [answer] = self.batch(command)
        if isinstance(answer, Refused):
            raise answer
        assert isinstance(answer, kind)
        return answer

    def refused(self, command: AnyCommand) -> Refused:
        """Executes the command, which must be refused and write nothing."""
        state = self.state(command)
        with pytest.raises(Refused) as caught:
            command.decide(state, self.settings)
        assert state.changes().empty
        return caught.value

    def register(self, of: ProfileKey = ANN, with_: ProfilePatch | None = None) -> Registered:
        return self.do(Register(of, with_ or ProfilePatch()), Registered)

    def heartbeat(self, of: ProfileKey = ANN) -> Beat:
        return self.do(Heartbeat(of), Beat)

    def update(self, of: ProfileKey = ANN, with_: ProfilePatch | None = None, etag: str = "") -> Updated:
        return self.do(UpdateProfileData(of, with_ or ProfilePatch(), etag), Updated)

    def unregister(self, of: ProfileKey = ANN) -> None:
        self.do(Unregister(of), object)

    def feedback(self, *items: PushFeedback) -> tuple[FeedbackResult, ...]:
        results: tuple[FeedbackResult, ...] = self.do(ReportPushFeedback(APP, items), tuple)
        return results

    # --- then ---

    def stored(self) -> object:
        """Everything that is stored, to compare with later."""
        return {kind: dict(rows) for kind, rows in (*self.world.rows.items(), *self.world.records.items()) if rows}

    def profile(self, of: ProfileKey = ANN) -> Profile:
        return self.world.profiles[of]

    def has(self, of: ProfileKey = ANN) -> bool:
        return of in self.world.profiles

    def tokens(self, of: ProfileKey = ANN) -> list[str]:
        """The tokens the profile holds."""
        return [e.token for e in self.profile(of).push_endpoints if e.token]

    def owner(self, endpoint: NewEndpoint) -> str | None:
        """The device whose profiles hold the endpoint's token (R4)."""
        devices = self.world.tokens.get(Token(APP, endpoint.token), ())
        assert len(devices) <= 1
        return next(iter(devices), None)

    def events(self, kind: EventType) -> list[Event]:
        return [event for event in self.world.events if event.type is kind]

    def counted(self, of: ProfileKey = ANN) -> list[datetime]:
        """When (app, user, device) was counted as a MAD."""
        return [entry.count_time for entry in self.world.ledger_of(of)]


def given(*profiles: Profile, at: datetime = T0, **settings: Any) -> Scene:
    """A scene with these profiles of one app and these settings."""
    return Scene(AppSettings(**settings), profiles, at)
