"""Random commands for two apps, three users, three devices and four tokens: nearly everything collides."""

import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from hypothesis import strategies as st

from profile_grpc.domain.commands import AnyCommand, NewEndpoint, ProfilePatch
from profile_grpc.domain.heartbeat import Heartbeat
from profile_grpc.domain.keys import ProfileKey
from profile_grpc.domain.profile import Channel
from profile_grpc.domain.push_endpoints import PushProvider, PushPurpose
from profile_grpc.domain.registration import Register
from profile_grpc.domain.removal import DeleteDeviceProfile, RemoveAccount, ReportedToken, Unregister
from profile_grpc.domain.settings import AccountRemovalAction
from profile_grpc.domain.updating import UpdateProfileData
from tests.support.domain import INSTANT, days, hours, minutes
from tests.support.model import CURRENT, OUTDATED

FCM, APNS = PushProvider.FCM, PushProvider.APNS

app_ids = st.sampled_from(["a", "a", "a", "a", "b"])
keys = st.builds(ProfileKey, app_ids, st.sampled_from("uvw"), st.sampled_from("def"))
aims = st.sampled_from([*range(12), None])
"""Which of what is there is meant, if any is."""
tokens = st.one_of(
    st.tuples(st.just(FCM), st.sampled_from(["T", "U"])), st.tuples(st.just(APNS), st.sampled_from(["aa", "bb"]))
)
push_app_ids = st.sampled_from(["x", "x", "x", "y", ""])
endpoints = st.builds(
    lambda token, push_app_id, purpose: NewEndpoint(token[0], token[1], push_app_id, purpose),
    tokens,
    push_app_ids,
    st.sampled_from(PushPurpose),
)
channel_sets: st.SearchStrategy[frozenset[Channel] | None] = st.one_of(
    st.none(),
    st.none(),
    st.just(frozenset({Channel.PUSH})),
    st.just(frozenset({Channel.PUSH, Channel.IN_APP})),
    st.just(frozenset()),
)
attributes = st.dictionaries(
    st.sampled_from(["customer_id", "account_selector"]), st.sampled_from(["c1", "c2", None]), max_size=2
)
patches = st.builds(
    # Of a NamedTuple hypothesis would make up what is not given, too.
    lambda **given: ProfilePatch(**given),  # noqa: PLW0108 - it hides the signature
    channels=channel_sets,
    push_endpoints=st.one_of(
        st.just(()),
        st.lists(endpoints, min_size=1, max_size=2, unique_by=lambda e: (e.provider, e.purpose)).map(tuple),
        st.lists(endpoints, min_size=1, max_size=2, unique_by=lambda e: (e.provider, e.purpose)).map(tuple),
    ),
    replace_push_endpoints=st.sampled_from([False, False, False, True]),
    attributes=attributes,
)
registrations = st.builds(Register, keys, patches.map(lambda p: p._replace(replace_push_endpoints=False)))
beats = st.builds(Heartbeat, keys)
updates = st.builds(UpdateProfileData, keys, patches, st.sampled_from(["", "", "", CURRENT, OUTDATED]))
unregistrations = st.builds(Unregister, keys, st.booleans())
deletions = st.builds(
    lambda app, names, device, allow: DeleteDeviceProfile(app, **names, device_id=device, allow_missing=allow),
    app_ids,
    st.one_of(
        st.sampled_from("uvw").map(lambda user: {"user_id": user}),
        st.sampled_from(["c1", "c2"]).map(lambda customer: {"customer_id": customer}),
    ),
    st.sampled_from(["", "d", "e"]),
    st.booleans(),
)
ages = st.sampled_from([days(60), days(2), hours(2), INSTANT, days(0), -minutes(4), -minutes(6)])
"""How old the evidence of feedback, or a report, is."""
CODES = {
    FCM: ["UNREGISTERED"] * 4 + ["SENDER_ID_MISMATCH", "OK", "unavailable", "THIRD_PARTY_AUTH_ERROR", "odd"],
    APNS: ["Unregistered", "ExpiredToken"] * 2 + ["BadDeviceToken", "Success", "BadCertificate", "odd"],
}


@dataclass(frozen=True)
class Answered:
    """A feedback item in the making: which token it is about, and how old its evidence is."""

    aim: int | None
    token: tuple[PushProvider, str]
    by_key: bool
    push_app_id: str
    code: int
    age: timedelta | None
    invalid: str


answered = st.builds(
    Answered,
    aims,
    tokens,
    st.booleans(),
    st.sampled_from(["", "", "x", "y"]),
    st.integers(0, 55),
    st.sampled_from(
        [INSTANT, days(0), minutes(10), hours(2), hours(2), days(2), days(60), -minutes(4), -minutes(6), None]
    ),
    st.sampled_from([""] * 8 + ["it is not one"]),
)


def spell(token: tuple[PushProvider, str], how: int) -> str:
    provider, text = token
    if how == 1:
        return base64.b64encode(text.encode()).decode()
    if how == 2 and provider is APNS:
        return base64.b64encode(bytes.fromhex(text)).decode()
    return text


reported_tokens = st.builds(
    lambda token, how, push_app_id: ReportedToken(spell(token, how), push_app_id),
    tokens,
    st.integers(0, 2),
    st.sampled_from(["", "", "x", "y"]),
)
removals = st.builds(
    RemoveAccount,
    app_ids,
    st.lists(reported_tokens, min_size=1, max_size=2).map(tuple),
    username=st.sampled_from(["u", "v", ""]),
    account_selector=st.sampled_from(["", "", "c1"]),
    action=st.sampled_from([None, None, *AccountRemovalAction]),
).filter(lambda c: bool(c.username or c.account_selector))


@dataclass(frozen=True)
class Timed:
    """A command that is made when the clock is known: of feedback items, or of a report, with their ages."""

    app_id: str
    content: list[Answered] | tuple[RemoveAccount, timedelta, int | None]


@dataclass(frozen=True)
class Reaping:
    """A command of the reaper's, made when it is known what there is."""

    app_id: str
    kind: Literal["reap", "reap what was scanned", "purge", "erase"]


@dataclass(frozen=True)
class Aimed:
    """A command about one of the profiles that are there."""

    command: Register | Heartbeat | UpdateProfileData | Unregister
    aim: int


CommandLike: TypeAlias = AnyCommand | Timed | Reaping | Aimed
aimed = st.builds(Aimed, st.one_of(registrations, beats, updates, updates, unregistrations), st.integers(0, 8))
feedback = st.builds(Timed, app_ids, st.lists(answered, min_size=1, max_size=3))
reports = st.builds(lambda removal, age, aim: Timed(removal.app_id, (removal, age, aim)), removals, ages, aims)
reapings = st.builds(Reaping, app_ids, st.sampled_from(["reap", "reap what was scanned", "purge", "erase"]))
commands: st.SearchStrategy[CommandLike] = st.one_of(
    registrations, aimed, aimed, updates, deletions, feedback, reports, reapings
)
FORWARD = [INSTANT, minutes(30), hours(1), hours(5), *map(days, (1, 7, 14, 20, 29, 30, 41, 99))]
steps = st.sampled_from([*FORWARD, -INSTANT, -hours(1), -hours(20)])
