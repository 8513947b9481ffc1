"""The requests of each workload, encoded beforehand. No key is used over and over: see `Plan.numbers`."""

from __future__ import annotations

import hashlib
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from google.protobuf.message import Message

from appprofile.v1 import profile_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.domain.keys import ProfileKey

ECHO_SERVICE, ECHO_METHOD = "benchmark.Echo", "Call"
APP = "bench"
PUSH_APP = "com.example.app"
_SERVICE = "/appprofile.v1.ProfileService/"
_FASTEST = 12_000
"""The calls per second for which the requests of a run must suffice. For items of calls with many items: twice that
number."""


class Distribution(StrEnum):
    """The distribution of the profiles in calls."""

    UNIFORM = "uniform"
    """Uniform: no profile is called twice before all have been called, if there are enough profiles."""
    ZIPF = "zipf"
    """Zipf: the n-th most frequent profile is called 1/n as often as the first."""


@dataclass(frozen=True)
class Plan:
    """The input of a measurement."""

    rows: int
    """The number of stored profiles, numbered from 0."""
    seconds: float
    distribution: Distribution
    fresh: int
    """The first unused number of a profile."""
    draw: int = 0
    """The number of the draw. Each run has its own; otherwise each run would call the same few profiles of a large
    table."""

    def calls(self, items: int = 1) -> int:
        """The number of calls with this number of items to prepare for a run."""
        return max(math.ceil(self.seconds * _FASTEST * (2 if items > 1 else 1) / items), 1)

    def numbers(self, count: int) -> Sequence[int]:
        """This number of profiles, drawn by `distribution`."""
        dice = random.Random(self.draw)  # noqa: S311 - no secret
        if self.distribution is Distribution.UNIFORM:
            numbers = dice.sample(range(self.rows), min(count, self.rows))
            return [numbers[n % len(numbers)] for n in range(count)]
        # A continuous approximation, so that a rank needs one power. Ranks map to numbers like random ones.
        ranks = (int((self.rows + 1) ** dice.random()) - 1 for _ in range(count))
        return [rank * 2_654_435_761 % self.rows for rank in ranks]


@dataclass(frozen=True)
class Requests:
    """Messages to send, in order."""

    paths: Sequence[str]
    calls: Sequence[tuple[int, bytes]]
    """Index of the path, message."""
    once: bool = False
    """Stop at the end; otherwise start again."""
    created: int = 0
    """The number of profile numbers, from `Plan.fresh` on, that are used."""
    seeded: int = 0
    """The number of these profiles that must exist before the first call."""
    items: int = 1
    """In each call."""

    def write(self, file: Path) -> None:
        """As the load generator reads them."""
        with file.open("wb") as out:
            for index, message in self.calls:
                out.write(index.to_bytes(1, "big") + len(message).to_bytes(4, "big") + message)


def key_of(number: int) -> ProfileKey:
    """As long as real ids: a UUID each. The same in every run, in no order."""
    digits = hashlib.blake2b(b"%d" % number, digest_size=32).hexdigest()
    return ProfileKey(APP, digits[:32], digits[32:])


def token(number: int) -> str:
    """As long as a token of FCM."""
    return hashlib.shake_128(b"%d" % number).hexdigest(80)


def key(number: int) -> profile_pb2.ProfileKey:
    """`key_of`, as a message."""
    app_id, user_id, device_id = key_of(number)
    return profile_pb2.ProfileKey(app_id=app_id, user_id=user_id, device_id=device_id)


def empty() -> Requests:
    """The empty RPC."""
    return Requests([f"/{ECHO_SERVICE}/{ECHO_METHOD}"], [(0, b"")])


def registration(number: int) -> pb.RegisterRequest:
    """The registration of a device."""
    endpoint = profile_pb2.PushEndpoint(
        provider=profile_pb2.PUSH_PROVIDER_FCM, token=token(number), push_app_id=PUSH_APP
    )
    return pb.RegisterRequest(
        key=key(number),
        platform=profile_pb2.PLATFORM_ANDROID,
        push_endpoints=[endpoint],
        language="en",
        time_zone="Europe/London",
        os_version="15",
        sdk_version="3.2.1",
        device_model="Pixel 9",
    )


def _heartbeat(number: int) -> Message:
    return pb.HeartbeatRequest(key=key(number))


def _update(number: int) -> Message:
    profile = profile_pb2.Profile(key=key(number), language=f"en-{random.randrange(10**6):06}", foreground=True)  # noqa: S311 - no secret
    return pb.UpdateProfileDataRequest(profile=profile)


def _unregister(number: int) -> Message:
    return pb.UnregisterRequest(key=key(number))


def _delete(number: int) -> Message:
    _, user_id, device_id = key_of(number)
    return pb.DeleteDeviceProfileRequest(app_id=APP, user_id=user_id, device_id=device_id)


def _get(number: int) -> Message:
    return pb.GetProfileRequest(key=key(number))


def _list(number: int) -> Message:
    return pb.ListProfilesRequest(app_id=APP, user_id=key_of(number).user_id)


def _each(method: str, request: Callable[[int], Message]) -> Callable[[Plan], Requests]:
    """One of the stored profiles for each call."""

    def requests(plan: Plan) -> Requests:
        calls = [(0, request(n).SerializeToString()) for n in plan.numbers(min(plan.calls(), plan.rows))]
        return Requests([_SERVICE + method], calls)

    return requests


def _fresh(method: str, request: Callable[[int], Message], *, there: bool) -> Callable[[Plan], Requests]:
    """A different profile for each call, existing or new."""

    def requests(plan: Plan) -> Requests:
        count = plan.calls()
        calls = [(0, request(n).SerializeToString()) for n in range(plan.fresh, plan.fresh + count)]
        return Requests([_SERVICE + method], calls, once=True, created=count, seeded=count if there else 0)

    return requests


def _in_lots(numbers: Sequence[int], items: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), items):
        yield numbers[start : start + items]


def _batch_heartbeat(items: int) -> Callable[[Plan], Requests]:
    def requests(plan: Plan) -> Requests:
        numbers = plan.numbers(max(min(plan.calls(items) * items, plan.rows // items * items), items))
        calls = [
            (0, pb.BatchHeartbeatRequest(keys=[key(n) for n in lot]).SerializeToString())
            for lot in _in_lots(numbers, items)
        ]
        return Requests([_SERVICE + "BatchHeartbeat"], calls, items=items)

    return requests


def _feedback(items: int) -> Callable[[Plan], Requests]:
    """Dead tokens, each of them once, so each run needs the same number of new profiles."""

    def requests(plan: Plan) -> Requests:
        count = plan.calls(items) * items
        numbers = range(plan.fresh, plan.fresh + count)
        calls = [(0, _dead(lot).SerializeToString()) for lot in _in_lots(numbers, items)]
        paths = [_SERVICE + "ReportPushFeedback"]
        return Requests(paths, calls, once=True, created=count, seeded=count, items=items)

    return requests


def _dead(numbers: Sequence[int]) -> pb.ReportPushFeedbackRequest:
    request = pb.ReportPushFeedbackRequest(app_id=APP)
    now = int(time.time())  # the profiles were registered earlier
    for number in numbers:
        item = request.feedback.add(
            provider=profile_pb2.PUSH_PROVIDER_FCM,
            token=token(number),
            push_app_id=PUSH_APP,
            error_code="UNREGISTERED",
        )
        item.provider_time.FromSeconds(now)
    return request


def _mixed(plan: Plan) -> Requests:
    """90 % Heartbeat, 5 % UpdateProfileData, 4 % Register of new profiles, 1 % Unregister of some of these."""
    dice = random.Random(plan.draw)  # noqa: S311 - no secret
    calls: list[tuple[int, bytes]] = []
    created, unregistered = 0, 0
    for number in plan.numbers(plan.calls()):
        method = _method(dice)
        if method == _REGISTER or (method == _UNREGISTER and unregistered + 40 > created):
            calls.append((_REGISTER, registration(plan.fresh + created).SerializeToString()))
            created += 1
        elif method == _UNREGISTER:  # 40 calls later, when its Register has been answered
            calls.append((_UNREGISTER, _unregister(plan.fresh + unregistered).SerializeToString()))
            unregistered += 1
        else:
            calls.append((method, (_heartbeat, _update)[method](number).SerializeToString()))
    return Requests(_MIXED, calls, once=True, created=created)


def steady(plan: Plan) -> Requests:
    """The methods of `mixed` for any length of time.

    The number of profiles does not change: the same few profiles are registered and unregistered repeatedly.
    """
    dice = random.Random(plan.draw)  # noqa: S311 - no secret
    methods = [_method(dice) for _ in range(plan.calls())]
    few = plan.rows // 50
    numbers = plan.numbers(len(methods))
    calls: list[tuple[int, bytes]] = []
    for method, number in zip(methods, numbers, strict=True):
        if method in (_REGISTER, _UNREGISTER):
            request = (registration, _unregister)[method - _REGISTER](number % few)
        else:
            request = (_heartbeat, _update)[method](few + number % (plan.rows - few))
        calls.append((method, request.SerializeToString()))
    return Requests(_MIXED, calls)


_MIXED = [_SERVICE + method for method in ("Heartbeat", "UpdateProfileData", "Register", "Unregister")]
_REGISTER, _UNREGISTER = 2, 3


def _method(dice: random.Random) -> int:
    """An index of `_MIXED`, with the frequency in `mixed`."""
    return dice.choices(range(4), (90, 5, 4, 1))[0]


WORKLOADS: dict[str, Callable[[Plan], Requests]] = {
    # The workloads that keep the number of profiles come first, so that a large table keeps its size.
    "heartbeat": _each("Heartbeat", _heartbeat),
    "get": _each("GetProfile", _get),
    "list": _each("ListProfiles", _list),
    "update": _each("UpdateProfileData", _update),
    "batch-heartbeat-10": _batch_heartbeat(10),
    "batch-heartbeat-100": _batch_heartbeat(100),
    "batch-heartbeat-1000": _batch_heartbeat(1000),
    "feedback-10": _feedback(10),
    "feedback-100": _feedback(100),
    "feedback-1000": _feedback(1000),
    "delete": _fresh("DeleteDeviceProfile", _delete, there=True),
    "unregister": _fresh("Unregister", _unregister, there=True),
    "mixed": _mixed,
    "register": _fresh("Register", registration, there=False),
}
