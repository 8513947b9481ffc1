"""Random commands on a moving clock: the domain agrees with a simple model, and the invariants hold.

`pytest tests/unit --hypothesis-profile long` tries many more.
"""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from profile_grpc.domain.commands import AnyCommand, needs_of
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.events import EventType
from profile_grpc.domain.feedback import PushFeedback, ReportPushFeedback
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.inactivity import PurgeUnregistered, ReapInactive, SeenProfile
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Channel, CountKey, ProfileStatus, UserState
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import EraseApp
from profile_grpc.domain.results import (
    AccountRemoved,
    Beat,
    Deleted,
    Registered,
    Unregistered,
    Updated,
)
from profile_grpc.domain.settings import ALL_CHANNELS, AppSettings
from profile_grpc.domain.state import State
from profile_grpc.domain.tokens import normalise
from profile_grpc.domain.updating import UpdateProfileData
from profile_grpc.service.ports import Conflict
from tests.support.commands import (
    APNS,
    CODES,
    FORWARD,
    Aimed,
    Answered,
    CommandLike,
    Reaping,
    Timed,
    aimed,
    answered,
    app_ids,
    commands,
    keys,
    spell,
    steps,
)
from tests.support.domain import HASHER, T0, ManualClock, days, revisions
from tests.support.model import CURRENT, MONTH, Answer, Known, Model
from tests.support.world import World


class Rules(RuleBasedStateMachine):
    """Two apps, three users, three devices, four tokens: nearly everything collides."""

    @initialize(
        multi=st.booleans(), single=st.booleans(), beat=st.booleans(), ttl=st.booleans(), push_only=st.booleans()
    )
    def two_apps(self, *, multi: bool, single: bool, beat: bool, ttl: bool, push_only: bool) -> None:
        first = AppSettings(
            multi_user_per_device=multi,
            single_device_per_user=single,
            register_counts_as_heartbeat=beat,
            never_heartbeat_ttl=days(25) if ttl else None,
            channels=frozenset({Channel.PUSH}) if push_only else ALL_CHANNELS,
        )
        other = AppSettings(
            multi_user_per_device=not multi, single_device_per_user=not single, heartbeat_granularity=days(0)
        )
        self.settings = {"a": first, "b": other}
        self.clock = ManualClock(T0)
        self.latest = T0
        self.world = World(HASHER)
        self.model = Model(self.settings)
        self.fresh_revision = revisions()
        self.scanned: tuple[SeenProfile, ...] = ()

    # --- what happens ---

    @rule(by=steps)
    def time_passes(self, by: timedelta) -> None:
        self.advance(by)

    @rule(app_id=app_ids)
    def the_reaper_scans(self, app_id: str) -> None:
        self.scanned = self.scan(app_id)

    @rule(command=commands, by=st.one_of(st.just(days(0)), steps))
    def a_command(self, command: CommandLike, by: timedelta) -> None:
        self.advance(by)
        self.run([command])

    @rule(command=aimed)
    def a_command_to_what_is_there(self, command: Aimed) -> None:
        self.run([command])

    @rule(app_id=app_ids, items=st.lists(answered, min_size=1, max_size=3), by=st.sampled_from(FORWARD[:5]))
    def feedback_after_a_while(self, app_id: str, items: list[Answered], by: timedelta) -> None:
        self.clock.advance(by)
        self.run([Timed(app_id, items)])

    @rule(key=keys, by=st.sampled_from(FORWARD))
    def a_device_that_lives(self, key: ProfileKey, by: timedelta) -> None:
        self.run([Register(key), Heartbeat(key)])
        self.clock.advance(by)
        self.run([Heartbeat(key)])

    @rule(batch=st.lists(commands, min_size=2, max_size=6))
    def a_batch(self, batch: list[CommandLike]) -> None:
        """Many commands on one state are the same as one after the other."""
        self.run(batch)

    @rule(first=commands, second=commands)
    def a_race(self, first: CommandLike, second: CommandLike) -> None:
        """Two writers that load at once: the second gets a Conflict, or the result is that of one after the other."""
        pair = [self.made(first), self.made(second)]
        states = [self.loaded([command]) for command, _ in pair]
        answers = [self.decided(state, command) for state, (command, _) in zip(states, pair, strict=True)]
        self.world.apply(states[0].changes())
        try:
            self.world.apply(states[1].changes())
        except Conflict:
            answers[1] = self.execute([pair[1][0]])[0]
        model = self.fork()
        in_order = [model.do(said, self.clock.now()) for _, said in pair]
        if in_order != answers or self.differences(model):
            model = self.fork()
            in_order = [model.do(said, self.clock.now()) for _, said in reversed(pair)][::-1]
        assert in_order == answers
        assert self.differences(model) == []
        self.model = model

    def advance(self, by: timedelta) -> None:
        """Moves the clock, never back so far that stored times are stamps ahead: these have tests of their own."""
        self.latest = max(self.latest, self.clock.now())
        if self.clock.now() + by > self.latest - days(1):
            self.clock.advance(by)

    def run(self, batch: list[CommandLike]) -> None:
        pairs = [self.made(command) for command in batch]
        answers = self.execute([command for command, _ in pairs])
        self.model = self.fork()
        assert answers == [self.model.do(said, self.clock.now()) for _, said in pairs]

    # --- how it is carried out ---

    def made(self, command: CommandLike) -> tuple[AnyCommand, AnyCommand]:
        """The command for the domain, and for the model, which has no etags."""
        match command:
            case Aimed():
                of_app = [key for key in sorted(self.world.profiles) if key.app_id == command.command.key.app_id]
                key = of_app[command.aim % len(of_app)] if of_app else command.command.key
                return self.made(replace(command.command, key=key))
            case UpdateProfileData(etag=etag) if etag == CURRENT:
                profile = self.world.profiles.get(command.key)
                return replace(command, etag=profile.etag if profile else "none"), command
            case Timed():
                made = self.timed(command)
                return made, made
            case Reaping():
                made = self.reaping(command)
                return made, made
            case _:
                return command, command

    def timed(self, command: Timed) -> AnyCommand:
        now = self.clock.now()
        if isinstance(command.content, tuple):
            removal, age, aim = command.content
            held = self.aim(command.app_id, aim)
            if held is not None:
                key, endpoint = held
                [first, *more] = removal.tokens
                first = first._replace(token=spell((endpoint.provider, endpoint.token), aim or 0))
                removal = replace(removal, username=key.user_id, tokens=(first, *more))
            return replace(removal, report_time=now - age)
        items = [self.feedback_item(command.app_id, one) for one in command.content]
        return ReportPushFeedback(command.app_id, tuple(items))

    def aim(self, app_id: str, aim: int | None) -> tuple[ProfileKey, PushEndpoint] | None:
        """One of the tokens that are held, with its holder."""
        profiles = sorted(self.world.profiles.items())
        there = [(key, e) for key, p in profiles for e in p.push_endpoints if key.app_id == app_id and e.token]
        return there[aim % len(there)] if there and aim is not None else None

    def feedback_item(self, app_id: str, made: Answered) -> PushFeedback:
        of, provider, token, push_app_id = ProfileKey(app_id, "u", "d"), *made.token, made.push_app_id
        held = self.aim(app_id, made.aim)
        if held is not None:
            of, provider, token = held[0], held[1].provider, held[1].token
            push_app_id = push_app_id and held[1].push_app_id
        return PushFeedback(
            provider=provider,
            token="" if made.by_key else normalise(provider, token.upper() if provider is APNS else token),
            key=of if made.by_key else None,
            push_app_id=push_app_id,
            error_code=CODES[provider][made.code % len(CODES[provider])],
            sent_at=None if made.age is None else self.clock.now() - made.age,
            invalid=made.invalid,
        )

    def reaping(self, command: Reaping) -> AnyCommand:
        app_keys = tuple(key for key in sorted(self.world.profiles) if key.app_id == command.app_id)
        match command.kind:
            case "reap":
                return ReapInactive(command.app_id, self.scan(command.app_id))
            case "reap what was scanned":
                return ReapInactive(command.app_id, tuple(s for s in self.scanned if s.key.app_id == command.app_id))
            case "purge":
                return PurgeUnregistered(command.app_id, app_keys)
            case "erase":
                return EraseApp(command.app_id, app_keys[:1])

    def scan(self, app_id: str) -> tuple[SeenProfile, ...]:
        profiles = [p for p in self.world.profiles.values() if p.key.app_id == app_id]
        return tuple(SeenProfile(p.key, p.last_heartbeat_time) for p in profiles)

    def loaded(self, batch: list[AnyCommand]) -> State:
        needs = needs_of([(c, self.settings[app_of(c)]) for c in batch])
        rows = self.world.load(needs)
        return State(rows, hasher=HASHER, now=self.clock.now(), fresh_revision=self.fresh_revision)

    def decided(self, state: State, command: AnyCommand) -> Answer:
        try:
            return plain(command.decide(state, self.settings[app_of(command)]))
        except Refused as refused:
            cause = refused.metadata.get("cause")
            return ("refused", refused.reason.value, *([cause] if cause else []))

    def execute(self, batch: list[AnyCommand]) -> list[Answer]:
        state = self.loaded(batch)
        answers = [self.decided(state, command) for command in batch]
        self.world.apply(state.changes())  # a single writer meets no conflict
        return answers

    def fork(self) -> Model:
        """The model as it is, at the beginning of a batch."""
        model = deepcopy(self.model)
        for known in model.profiles.values():
            known.changed = False
        return model

    # --- what must hold ---

    @invariant()
    def the_world_is_what_the_model_says(self) -> None:
        assert self.differences(self.model) == []

    def differences(self, model: Model) -> list[object]:
        """Where the stored rows differ from the model."""
        stored = {key: self.described(key) for key in self.world.profiles}
        expected = {key: expected_row(known) for key, known in model.profiles.items()}
        rows = [(key, stored.get(key), expected.get(key)) for key in stored.keys() | expected.keys()]
        found: list[object] = [row for row in rows if row[1] != row[2]]
        for key, counted in model.counts.items():
            times = [entry.count_time for entry in self.world.ledger_of(key)]
            if times != counted:
                found.append((key, times, counted))
        events = [
            (ProfileKey(e.app_id, e.user_id, e.device_id), e.reason, e.time)
            for e in self.world.events
            if e.type is EventType.PROFILE_DELETED
        ]
        if sorted(events) != sorted((d.key, d.reason, d.time) for d in model.deletions):
            found.append(("deletion events", events, model.deletions))
        last = {d.key: (d.reason, d.time) for d in model.deletions}
        for key, expected_tombstone in last.items():
            tombstone = self.world.tombstone(key)
            if tombstone is None or (tombstone.reason.value, tombstone.delete_time) != expected_tombstone:
                found.append(("tombstone", tombstone, expected_tombstone))
        return [*found, *["tombstones"] * (len(self.world.tombstones) != len(last))]

    def described(self, key: ProfileKey) -> dict[str, object]:
        p = self.world.profiles[key]
        return {
            "created": p.create_time,
            "registered": p.register_time,
            "channels": p.channels,
            "active": p.status is ProfileStatus.ACTIVE,
            "current": p.user_state is UserState.ACTIVE,
            "superseded": p.push_superseded,
            "endpoints": {
                (e.provider, e.purpose): (e.push_app_id, e.token, e.confirm_time, e.state.name)
                for e in p.push_endpoints
            },
            "customer": p.attributes.customer_id,
            "selector": p.attributes.account_selector,
            "heartbeat": p.last_heartbeat_time,
            "unregistered": p.unregister_time,
            "why": p.unregister_reason and p.unregister_reason.value,
        }

    @invariant()
    def R4_a_token_has_one_device(self) -> None:
        assert all(len(devices) == 1 for devices in self.world.tokens.values())

    @invariant()
    def R5_R6_a_device_has_at_most_one_active_user(self) -> None:
        active = [p for p in self.world.profiles.values() if p.user_state is UserState.ACTIVE]
        assert all(n == 1 for n in Counter(p.key.device for p in active).values())
        for p in self.world.profiles.values():
            if p.status is ProfileStatus.UNREGISTERED:
                assert p.user_state is UserState.INACTIVE
                assert p.push_endpoints == ()
            elif not self.settings[p.key.app_id].multi_user_per_device:
                assert p.user_state is UserState.ACTIVE

    @invariant()
    def R7_a_user_of_a_single_device_app_has_one_device_with_push(self) -> None:
        reachable = [
            p.key.user
            for p in self.world.profiles.values()
            if self.settings[p.key.app_id].single_device_per_user
            and any(p.endpoint_state(e) is PushEndpointState.DELIVERABLE for e in p.push_endpoints)
        ]
        assert all(n == 1 for n in Counter(reachable).values())

    @invariant()
    def M1_no_device_is_counted_twice_within_30_days(self) -> None:
        for entries in self.world.ledger.values():
            times = [e.count_time for e in entries]
            assert all(later >= earlier + MONTH for earlier, later in pairwise(times))
            assert [e.number for e in entries] == list(range(1, len(entries) + 1))

    @invariant()
    def counts_are_the_real_numbers(self) -> None:
        profiles = self.world.profiles.values()
        counted = Counter(CountKey(p.key.app_id, p.status, p.platform) for p in profiles)
        assert {key: n for key, n in self.world.counts.items() if n} == counted
        assert self.world.reaped.total() == sum(d.reason == "INACTIVE" for d in self.model.deletions)


def app_of(command: AnyCommand) -> str:
    named: Any = command
    app_id: str = named.key.app_id if hasattr(command, "key") else named.app_id
    return app_id


def expected_row(known: Known) -> dict[str, object]:
    return {
        "created": known.created,
        "registered": known.registered,
        "channels": known.channels,
        "active": known.active,
        "current": known.current,
        "superseded": known.superseded,
        "endpoints": {slot: (e.push_app_id, e.token, e.confirmed, e.state) for slot, e in known.endpoints.items()},
        "customer": known.customer,
        "selector": known.selector,
        "heartbeat": known.heartbeat,
        "unregistered": known.unregistered,
        "why": known.why,
    }


def plain(result: Any) -> Answer:
    """The result in the model's words."""
    match result:
        case Registered():
            displaced = sorted((d.key, d.effect.name) for d in result.displaced)
            return ("registered", result.created, displaced, result.device_users)
        case Beat():
            return ("beat", result.last_heartbeat_time, result.expire_time, result.next_heartbeat_after)
        case Updated():
            return ("updated", sorted((d.key, d.effect.name) for d in result.displaced))
        case Unregistered():
            return ("unregistered", result.profile is not None)
        case Deleted():
            return ("deleted", list(result.keys))
        case AccountRemoved():
            return (result.outcome.name, list(result.removed))
        case tuple():
            return tuple((item.outcome.name, sorted(item.affected)) for item in result)
        case _:
            raise NotImplementedError(result)


# A failure is shrunk for up to five minutes before it is told; a long run takes longer than that.
TestRules = pytest.mark.timeout(1800)(Rules.TestCase)
TestRules.settings = hypothesis_settings(
    deadline=None, stateful_step_count=30, max_examples=max(150, hypothesis_settings().max_examples)
)
