"""The requests of each workload, encoded beforehand. No key comes twice before every other one has come."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import Message

from appprofile.v1 import profile_pb2
from appprofile.v1 import profile_service_pb2 as pb
from scripts.benchmark import echo

APP = "bench"
_SERVICE = "/appprofile.v1.ProfileService/"
_FASTEST = 12_000
"""Calls per second that the requests of a workload that uses its keys up must last for."""


@dataclass(frozen=True)
class Plan:
    """What a measurement works on."""

    rows: int
    """Profiles that are there, numbered from 0."""
    seconds: float
    items: int
    """In each call of the methods that take many."""
    fresh: int
    """The first number that no profile has had yet."""


@dataclass(frozen=True)
class Requests:
    """Messages to send, in order."""

    paths: Sequence[str]
    calls: Sequence[tuple[int, bytes]]
    """Index of the path, message."""
    once: bool = False
    """Stop at the end; else begin anew."""
    created: int = 0
    """How many numbers, from `Plan.fresh` on, are used up."""
    seeded: int = 0
    """How many of these must be there before the first call."""
    items: int = 1
    """In each call."""

    def write(self, file: Path) -> None:
        """As the load generator reads them."""
        with file.open("wb") as out:
            for index, message in self.calls:
                out.write(index.to_bytes(1, "big") + len(message).to_bytes(4, "big") + message)


def key(number: int) -> profile_pb2.ProfileKey:
    """As long as real ones: a UUID each, alike from run to run, in no order."""
    random_bits = random.Random(number)  # noqa: S311 - no secret
    user, device = random_bits.getrandbits(128), random_bits.getrandbits(128)
    return profile_pb2.ProfileKey(app_id=APP, user_id=f"{user:032x}", device_id=f"{device:032x}")


def token(number: int) -> str:
    """As long as a token of FCM."""
    return f"{random.Random(-number - 1).getrandbits(640):0160x}"  # noqa: S311 - no secret


def empty(_plan: Plan) -> Requests:
    """The empty RPC."""
    return Requests([f"/{echo.SERVICE}/{echo.METHOD}"], [(0, b"")])


def seed(first: int, count: int) -> Requests:
    """Registers `count` profiles, from the number `first` on."""
    return Requests([_SERVICE + "Register"], [(0, _register(n)) for n in range(first, first + count)], once=True)


def _register(number: int) -> bytes:
    endpoint = profile_pb2.PushEndpoint(
        provider=profile_pb2.PUSH_PROVIDER_FCM, token=token(number), push_app_id="com.example.app"
    )
    request = pb.RegisterRequest(
        key=key(number),
        platform=profile_pb2.PLATFORM_ANDROID,
        push_endpoints=[endpoint],
        language="en",
        time_zone="Europe/London",
        os_version="15",
        sdk_version="3.2.1",
        device_model="Pixel 9",
    )
    return request.SerializeToString()


def _shuffled(plan: Plan) -> Sequence[int]:
    numbers = list(range(plan.rows))
    random.Random(plan.fresh).shuffle(numbers)  # noqa: S311 - no secret
    return numbers


def _each(method: str, request: Callable[[int], Message]) -> Callable[[Plan], Requests]:
    """One profile for each call, in random order."""

    def requests(plan: Plan) -> Requests:
        return Requests([_SERVICE + method], [(0, request(n).SerializeToString()) for n in _shuffled(plan)])

    return requests


def _heartbeat(number: int) -> Message:
    return pb.HeartbeatRequest(key=key(number))


def _update(number: int) -> Message:
    profile = profile_pb2.Profile(key=key(number), language=f"en-{random.randrange(10**6):06}", foreground=True)  # noqa: S311 - no secret
    return pb.UpdateProfileDataRequest(profile=profile)


def _get(number: int) -> Message:
    return pb.GetProfileRequest(key=key(number))


def _new(plan: Plan) -> Requests:
    count = round(plan.seconds * _FASTEST)
    requests = seed(plan.fresh, count)
    return Requests(requests.paths, requests.calls, once=True, created=count)


def _batches(plan: Plan) -> Iterator[Sequence[int]]:
    numbers = _shuffled(plan)
    for start in range(0, len(numbers) - plan.items + 1, plan.items):
        yield numbers[start : start + plan.items]


def _batch_heartbeat(plan: Plan) -> Requests:
    calls = [
        (0, pb.BatchHeartbeatRequest(keys=[key(n) for n in numbers]).SerializeToString()) for numbers in _batches(plan)
    ]
    return Requests([_SERVICE + "BatchHeartbeat"], calls, items=plan.items)


def _feedback(plan: Plan) -> Requests:
    """Tokens that have died, each of them once: so there must be as many new profiles each time."""
    calls = []
    for numbers in _batches(plan):
        request = pb.ReportPushFeedbackRequest(app_id=APP)
        for number in numbers:
            item = request.feedback.add(
                provider=profile_pb2.PUSH_PROVIDER_FCM,
                token=token(plan.fresh + number),
                push_app_id="com.example.app",
                error_code="UNREGISTERED",
            )
            item.provider_time.FromSeconds(int(time.time()) + 60)  # after the profiles' registration
        calls.append((0, request.SerializeToString()))
    paths = [_SERVICE + "ReportPushFeedback"]
    return Requests(paths, calls, once=True, created=plan.rows, seeded=plan.rows, items=plan.items)


def _mixed(plan: Plan) -> Requests:
    """90 % Heartbeat, 5 % UpdateProfileData, 4 % Register of new profiles, 1 % Unregister of some of these."""
    paths = [_SERVICE + method for method in ("Heartbeat", "UpdateProfileData", "Register", "Unregister")]
    dice = random.Random(plan.fresh)  # noqa: S311 - no secret
    numbers = _shuffled(plan)
    calls: list[tuple[int, bytes]] = []
    created, unregistered = 0, 0
    for position in range(round(plan.seconds * _FASTEST)):
        number, chance = numbers[position % len(numbers)], dice.random()
        if chance < 0.90:  # noqa: PLR2004 - the shares of the docstring
            calls.append((0, _heartbeat(number).SerializeToString()))
        elif chance < 0.95:  # noqa: PLR2004
            calls.append((1, _update(number).SerializeToString()))
        elif chance < 0.99 or unregistered + 40 > created:  # noqa: PLR2004 - 40: its Register has long been answered
            calls.append((2, _register(plan.fresh + created)))
            created += 1
        else:
            request = pb.UnregisterRequest(key=key(plan.fresh + unregistered))
            calls.append((3, request.SerializeToString()))
            unregistered += 1
    return Requests(paths, calls, once=True, created=created)


WORKLOADS: dict[str, Callable[[Plan], Requests]] = {
    "heartbeat": _each("Heartbeat", _heartbeat),
    "register": _new,
    "update": _each("UpdateProfileData", _update),
    "get": _each("GetProfile", _get),
    "batch-heartbeat": _batch_heartbeat,
    "feedback": _feedback,
    "mixed": _mixed,
}
