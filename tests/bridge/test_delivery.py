"""The delivery of accepted reports (X1, X3, X4, X5)."""

import asyncio
import json
import os
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from structlog.testing import capture_logs

from appprofile.v1 import app_pb2, profile_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.availability import Backoff
from profile_grpc.bridge.delivery import calls
from profile_grpc.bridge.delivery.delivery import DeliveryLimits
from profile_grpc.bridge.http.endpoints import EndpointOptions
from profile_grpc.bridge.http.rates import Rate
from profile_grpc.bridge.report import PushAppUse
from profile_grpc.bridge.service_client import ServiceTls
from profile_grpc.bridge.spool import dead_letters
from profile_grpc.bridge.spool import facts as spool_facts
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.bridge.spool.schema import SpoolError
from profile_grpc.bridge.spool.spool import Spool
from profile_grpc.bridge.spool.steady_clock import SteadyClock
from profile_grpc.bridge.templates import Fields
from profile_grpc.cli.findings import examine_spool
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import PushProvider, PushPurpose
from tests.bridge.conftest import HASH_KEY, SOON, Harness, request, status, until
from tests.bridge.fake_service import APP, CALLS, KEY, MESSAGES, OTHER_KEY, READER
from tests.cli.program import run_here
from tests.support.limits import wait_s
from tests.support.ports import free_port

VOIP = "Udl99X2JFP1bWwS5gR/wGeLE1hmAB2CMpr1Ej0wxkrY="
VOIP_HEX = "51d97df57d8914fd5b5b04b9811ff019e2c4d619800760" + "8ca6bd448f4c3192b6"
MSGS = "QVBBOTFiRzlhcVd2bW54bllCWldHOWh4dnRrZ3pUWFNvcGZpdWZ6bWM2dFAzS2J"
SELECTOR = "12869E:7C3A"


def removal(user: str = "johndow", token: str = MSGS) -> str:
    return f"/removeToken/?username={user}&selector={SELECTOR}&token_msgs={token}&appid_msgs={MESSAGES}"


def token_report(user: str = "johndow", token: str = MSGS) -> str:
    return removal(user, token).replace("remove", "report")


def names(harness: Harness) -> list[str]:
    """The calls in short: R(egister), H(eartbeat), D(elete an account), each with its user."""
    short = {"RegisterRequest": "R", "HeartbeatRequest": "H", "RemoveAccountRequest": "D"}
    return [
        short[type(call).__name__] + (call.username if isinstance(call, pb.RemoveAccountRequest) else call.key.user_id)
        for call in harness.service.calls
    ]


async def test_a_report_waits_while_the_service_is_down(harness: Harness) -> None:
    """X4: across restarts of the bridge, too; it acts as of the time it came (X3)."""
    await harness.start()
    arrived = harness.clock.microseconds
    assert await harness.get(f"/{APP}{removal()}") == 200
    await harness.stop()
    harness.clock.advance(hours=5)
    await harness.start()
    harness.clock.advance(hours=5)
    assert harness.service.calls == []
    await harness.serve()
    await harness.settled()
    [call] = harness.service.calls
    assert call.report_time.ToMicroseconds() == arrived
    assert call.username == "johndow"


async def test_a_report_whose_calls_are_never_answered_in_time_does_not_stop_the_others(running: Harness) -> None:
    """X4: one call at a time is tried while the service seems to be down, and not always the same one."""
    running.service.overdue = "huge"
    huge = removal("huge", token="1f" * 32).replace(SELECTOR, "another")
    assert await running.get(f"/{APP}{huge}") == 200
    await until(lambda: running.service.overdue_calls > 1)
    assert await running.get(f"/{APP}{removal()}") == 200
    await until(lambda: names(running) == ["Djohndow"])
    running.service.overdue = ""
    await running.settled()
    assert names(running) == ["Djohndow", "Dhuge"]


async def test_the_app_is_found_later_when_nothing_is_known_yet(harness: Harness) -> None:
    """A first start while the service is down: neither the app nor its names for parameters are known."""
    harness.service.apps[0].settings.bridge_parameters.username.extend(["who"])
    await harness.start()
    assert await harness.get(removal().replace("username", "who")) == 200
    assert await harness.get(f"/{APP}{removal('second').replace('username', 'who')}") == 200
    await harness.serve()
    await harness.settled()
    assert sorted(names(harness)) == ["Djohndow", "Dsecond"]
    assert {call.app_id for call in harness.service.calls} == {APP}


async def test_what_is_known_of_the_apps_outlives_a_restart(harness: Harness) -> None:
    harness.service.apps[0].settings.bridge_parameters.username.extend(["who"])
    await harness.serve()
    await harness.start()
    await harness.stop()
    await harness.service.stop()
    bridge = await harness.start()
    assert bridge._known_apps.knows(APP)
    assert await harness.get(removal().replace("username", "who")) == 200
    [waiting] = await bridge._spool.read(0, 10)
    assert waiting.app_id == APP


async def test_a_push_token_report_registers_and_beats(running: Harness) -> None:
    """X5: usable tokens, provider, platform and purpose by the push app id; the device is derived."""
    target = (
        f"/reportToken/?username=johndow&selector={SELECTOR}&token_msgs={MSGS}&appid_msgs={MESSAGES}"
        f"&token_calls={VOIP.replace('=', '%3D')}&appid_calls={CALLS}"
    )
    assert await running.get(target) == 200
    await running.settled()
    register, heartbeat = running.service.calls
    assert (register.key.user_id, register.account_selector) == ("johndow", SELECTOR)
    assert re.fullmatch("token-[0-9a-f]{32}", register.key.device_id)
    assert register.platform == profile_pb2.PLATFORM_IOS
    assert {(e.provider, e.purpose, e.push_app_id, e.token) for e in register.push_endpoints} == {
        (
            profile_pb2.PUSH_PROVIDER_FCM,
            profile_pb2.PUSH_PURPOSE_DEFAULT,
            MESSAGES,
            "APA91bG9aqWvmnxnYBZWG9hxvtkgzTXSopfiufzmc6tP3Kb",
        ),
        (profile_pb2.PUSH_PROVIDER_APNS_VOIP, profile_pb2.PUSH_PURPOSE_INCOMING_CALL, CALLS, VOIP_HEX),
    }
    assert heartbeat.key == register.key


@pytest.mark.parametrize("fault", [KeyError, asyncio.CancelledError])
async def test_a_report_whose_task_fails_is_tried_again(
    running: Harness, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    """X4: it does not stay in flight until the next start."""
    assert running.bridge is not None
    delivery = running.bridge._delivery

    def fail(*_: object) -> None:
        monkeypatch.undo()
        raise fault

    monkeypatch.setattr(delivery, "_record_outcome", fail)
    assert await running.get(f"/{APP}{removal('first')}") == 200
    assert await running.get(f"/{APP}{removal('second')}") == 200
    await running.settled()


async def test_a_call_that_the_end_of_the_bridge_cancels_has_not_failed(
    running: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X4: it is no fault to be logged, and no attempt."""
    assert running.bridge is not None
    delivery = running.bridge._delivery
    begun = asyncio.Event()

    async def hang(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(delivery._sender, "send", hang)
    assert await running.get(f"/{APP}{removal()}") == 200
    await asyncio.wait_for(begun.wait(), wait_s())
    [entry] = delivery._entries.values()
    with capture_logs() as logged:
        await delivery.close(0)
        await asyncio.sleep(0)
    assert [one for one in logged if one["log_level"] == "error"] == []
    assert (entry.attempts, entry.resting) == (0, False)


async def test_an_unexpected_failure_does_not_end_the_reading_of_apps(
    running: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X2."""
    assert running.bridge is not None
    reader = running.bridge._app_reader
    reads: list[str] = []

    async def fail() -> None:
        reads.append("")
        raise KeyError

    monkeypatch.setattr(reader, "read", fail)
    for number in (1, 2):
        reader._wanted.set()
        await until(lambda: len(reads) >= number)  # noqa: B023 - called at once


@pytest.mark.parametrize("name", ["installid", "installation_id", "device_id"])
async def test_the_device_is_the_installation_if_it_is_given(running: Harness, name: str) -> None:
    """X5."""
    assert await running.get(token_report() + f"&{name}=phone-1") == 200
    await running.settled()
    assert running.service.calls[0].key.device_id == "phone-1"


async def test_accounts_of_one_phone_share_a_device(running: Harness) -> None:
    """X5: the token tells the phone, in any spelling."""
    calls = "&token_calls=%s&appid_calls=" + CALLS
    reports = [
        token_report("ann") + calls % VOIP.replace("=", "%3D"),
        token_report("bob").replace(SELECTOR, "other"),
        f"/reportToken/?username=carl&selector=s&appid_msgs={MESSAGES}&token_msgs=APA91bG9aqWvmnxnYBZWG9hxvtkgzTXSopfiufzmc6tP3Kb",
        token_report("dora", "another-phone"),
    ]
    for report in reports:
        assert await running.get(report) == 200
    await running.settled()
    devices = [call.key.device_id for call in running.service.calls if isinstance(call, pb.RegisterRequest)]
    assert len(devices) == 4
    assert len(set(devices)) == 2
    assert devices.count(devices[0]) == 3


def test_the_derived_devices_of_two_apps_tell_nothing_of_each_other() -> None:
    """X5: one token in two apps is not one device."""
    fields = Fields(username="ann", selector="s", token_msgs="token", appid_msgs=MESSAGES)
    uses = {MESSAGES: PushAppUse(PushProvider.FCM, Platform.ANDROID, PushPurpose.DEFAULT)}
    devices = {calls.register(app, fields, uses, lambda content: content).key.device_id for app in ("one", "two")}
    assert len(devices) == 2


@pytest.mark.parametrize("restart", [False, True])
async def test_a_new_token_replaces_the_account_of_the_old_one(running: Harness, restart: bool) -> None:
    """X5: of the same username and selector only, also where the bridge was started anew."""
    for report in (token_report(token="first"), token_report("bob", "first").replace(SELECTOR, "other")):
        assert await running.get(report) == 200
    await running.settled()
    if restart:
        await running.stop()
        await running.start()
    running.service.calls.clear()
    for _ in range(2):
        assert await running.get(token_report(token="second")) == 200
        await running.settled()
    assert names(running) == ["Rjohndow", "Hjohndow", "Djohndow", "Rjohndow", "Hjohndow"]
    removed = running.service.calls[2]
    assert (removed.app_id, removed.account_selector) == (APP, SELECTOR)
    assert [token.token for token in removed.tokens] == ["first"]
    assert removed.action == profile_pb2.ACCOUNT_REMOVAL_ACTION_UNREGISTER


async def test_without_a_selector_no_phone_replaces_another(running: Harness) -> None:
    """X5: nothing tells two phones of a user apart but their tokens."""
    for token in ("first", "second"):
        assert await running.get(token_report(token=token).replace(f"selector={SELECTOR}&", "")) == 200
    await running.settled()
    assert names(running) == ["Rjohndow", "Hjohndow"] * 2


async def test_a_report_read_by_stale_names_is_read_again(running: Harness) -> None:
    """X2: names that the owner chose after the apps were last read."""
    settings = running.service.apps[0].settings
    settings.bridge_parameters.username.extend(["who"])
    for target in (removal(), f"/{APP}{removal('second')}"):
        assert await running.get(target.replace("username=", "who=").replace(f"selector={SELECTOR}&", "")) == 200
    running.clock.advance(seconds=1)
    await running.settled()
    assert sorted(names(running)) == ["Djohndow", "Dsecond"]
    assert running.metric("dead") == 0


async def test_a_report_of_an_app_that_was_just_made_is_read_by_its_names(running: Harness) -> None:
    """X2: a key that proves right, of an app that is not known, has the apps read anew."""
    made = app_pb2.App(app_id="made")
    made.settings.bridge_parameters.username.extend(["who"])
    running.service.apps.append(made)
    running.service.keys["apk_made000000001_key"] = "made"
    target = f"/made{removal('john')}&who=ann&key=apk_made000000001_key"
    assert status(await running.send(request("GET", target, key=""))) == 200
    running.clock.advance(seconds=1)
    await running.settled()
    assert names(running) == ["Dann"]


async def test_a_key_under_a_name_that_was_just_chosen_is_found(running: Harness) -> None:
    """X1, X2: before the report is refused as one without a key."""
    running.service.apps[0].settings.bridge_parameters.secret.extend(["code"])
    assert status(await running.send(request("GET", f"/{APP}{removal()}&code={KEY}", key=""))) == 200
    assert status(await running.send(request("GET", f"/{APP}{removal()}", key=""))) == 401


async def test_a_removal_overtakes_the_token_reports_before_it(harness: Harness) -> None:
    """X3, X4: delivered late, they would register after the removal arrived, and it would look late itself."""
    await harness.start()
    await harness.get(f"/{APP}{token_report()}")
    await harness.get(f"/{APP}{token_report('somebody')}")
    await harness.get(f"/{APP}{token_report(token='another-device')}")
    await harness.get(f"/{APP}{removal()}")
    await harness.get(f"/{APP}{token_report()}")
    await harness.serve()
    await harness.settled()
    told = names(harness)
    assert told.index("Djohndow") < len(told) - 1 - told[::-1].index("Rjohndow")
    assert told.count("Rjohndow") == 2
    assert told.count("Rsomebody") == 1
    assert harness.metric("dropped_total", reason="OVERTAKEN") == 1


async def test_a_made_up_key_overtakes_nothing(harness: Harness) -> None:
    """X1: a report whose key proves wrong has no effect, on other reports neither."""
    await harness.serve()
    await harness.start()
    await harness.get(removal("first"))  # proves the key
    await harness.settled()
    await harness.service.stop()
    assert await harness.get(f"/{APP}{token_report()}") == 200
    assert status(await harness.send(request("GET", f"/{APP}{removal()}", key="made-up"))) == 200
    await harness.serve()
    await harness.settled()
    assert names(harness) == ["Dfirst", "Rjohndow", "Hjohndow"]
    assert harness.metric("dropped_total", reason="OVERTAKEN") == 0
    assert harness.metric("dropped_total", reason="KEY_WRONG") == 1


async def test_a_flood_of_made_up_keys_keeps_no_proven_report_out(harness: Harness) -> None:
    """X1: while the service is down, nobody can tell them from keys that are right."""
    await harness.serve()
    await harness.start(endpoints=EndpointOptions(per_app=Rate(0.01, 3)))
    await harness.get(removal("first"))  # proves the key
    await harness.settled()
    await harness.service.stop()
    flood = [
        status(await harness.send(request("GET", f"/{APP}{removal(f'u{n}')}", key=f"made-up-{n}"))) for n in range(5)
    ]
    assert flood == [200, 200, 200, 429, 429]
    assert await harness.get(f"/{APP}{removal()}") == 200


async def test_a_spool_that_cannot_be_read_for_a_moment_is_read_again(harness: Harness) -> None:
    """X4."""
    await harness.start()
    assert await harness.get(f"/{APP}{removal()}") == 200
    await harness.stop()
    bridge = await harness.start()
    read, failures = bridge._spool._writer.read, 2

    def failing(after: int, limit: int) -> object:
        nonlocal failures
        if failures:
            failures -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return read(after, limit)

    bridge._spool._writer.read = failing  # type: ignore[method-assign,assignment]
    bridge._delivery._arrived()
    await until(lambda: failures < 2)
    await harness.serve()
    await harness.settled()
    assert names(harness) == ["Djohndow"]


async def test_it_is_ready_again_when_the_disk_is(harness: Harness) -> None:
    """Where reports are sent elsewhere meanwhile, none tells it."""
    bridge = await harness.start()
    commit, broken = bridge._spool._writer.commit, True

    def failing() -> None:
        if broken:
            bridge._spool._writer._end()
            raise sqlite3.OperationalError("database or disk is full")
        commit()

    bridge._spool._writer.commit = failing  # type: ignore[method-assign]
    assert await harness.get(f"/{APP}{removal()}") == 503
    assert await harness.get("/readyz") == 503
    broken = False
    await until(lambda: not bridge._spool.failing)
    assert await harness.get("/readyz") == 200


async def test_a_revoked_key_of_one_tenant_stops_no_other(harness: Harness) -> None:
    """X4: each tenant has a key of its own for the bridge, and two while it is changed."""
    await harness.serve()
    await harness.start(keys=("apk_profile00002_revoked", READER))
    assert await harness.get(token_report()) == 200
    await harness.settled()
    assert names(harness) == ["Rjohndow", "Hjohndow"]


async def test_a_removal_is_not_late_for_a_registration_of_this_bridge(running: Harness) -> None:
    """X3: the service's clock is ahead, so the registration seems to come after the removal that followed it."""
    running.service.register_time = running.clock.microseconds + 5_000_000
    await running.get(token_report())
    running.clock.advance(seconds=1)
    await running.get(removal())
    await running.settled()
    assert running.service.calls[-1].report_time.ToMicroseconds() == running.service.register_time


async def test_a_registration_that_came_later_makes_no_removal_newer(harness: Harness) -> None:
    """X3: a late report after the user signed in again changes nothing."""
    await harness.serve()
    await harness.start()
    arrived = harness.clock.microseconds
    harness.service.failures = [grpc.StatusCode.INTERNAL]
    await harness.get(removal(token="t1"))
    await until(lambda: harness.metric("retried_total", reason="INTERNAL") == 1)
    harness.clock.advance(seconds=60)
    harness.service.register_time = harness.clock.microseconds
    await harness.get(token_report(token="t2"))
    await harness.settled()
    assert names(harness) == ["Djohndow", "Rjohndow", "Hjohndow"]
    assert harness.service.calls[0].report_time.ToMicroseconds() == arrived


async def test_reports_of_an_account_keep_their_order(harness: Harness) -> None:
    """X4: also when the first of them fails for a while; others do not wait for it."""
    await harness.serve()
    await harness.start()
    harness.service.failures = [grpc.StatusCode.ABORTED] * 3
    await harness.get(removal(token="t1"))
    await until(lambda: harness.metric("retried_total", reason="ABORTED") == 1)
    for n in range(2, 8):
        await harness.get(removal(token=f"t{n}"))
    await harness.settled()
    order = [call.tokens[0].token for call in harness.service.calls]
    assert order == [f"t{n}" for n in range(1, 8)]


async def test_an_equal_report_takes_the_place_of_one_that_waits(harness: Harness) -> None:
    """X4: one delivery, as of the newest."""
    await harness.start()
    for _ in range(5):
        harness.clock.advance(seconds=1)
        assert await harness.get(f"/{APP}{removal()}") == 200
    await harness.serve()
    await harness.settled()
    [call] = harness.service.calls
    assert call.report_time.ToMicroseconds() == harness.clock.microseconds


async def test_an_equal_report_after_the_window_is_another_one(harness: Harness) -> None:
    await harness.start()
    await harness.get(f"/{APP}{removal()}")
    harness.clock.advance(hours=1)
    await harness.get(f"/{APP}{removal()}")
    await harness.serve()
    await harness.settled()
    assert len(harness.service.calls) == 2


async def test_a_flood_shortens_the_window_and_loses_nothing(harness: Harness) -> None:
    """X4: what is remembered of reports is bounded; the newest are remembered longest."""
    await harness.start(spool_limits=SpoolLimits(remembered=4))
    for user in ("first", "a", "b", "c", "d", "e", "f", "first", "first"):
        assert await harness.get(f"/{APP}{removal(user, token=f'of-{user}')}") == 200
    await harness.serve()
    await harness.settled()
    assert sorted(names(harness)) == [*(f"D{user}" for user in "abcdef"), "Dfirst", "Dfirst"]


async def test_an_unknown_key_is_taken_while_the_service_is_down(harness: Harness) -> None:
    """X1: and its reports are dropped and counted when it proves wrong."""
    await harness.start()
    wrong = request("GET", f"/{APP}{removal('bad')}", key="apk_wrong")
    foreign = request("GET", f"/{APP}{removal('foreign')}", key=OTHER_KEY)
    assert [status(await harness.send(raw)) for raw in (wrong, foreign)] == [200, 200]
    assert await harness.get(f"/{APP}{removal('good')}") == 200
    await harness.serve()
    await harness.settled()
    assert names(harness) == ["Dgood"]
    assert harness.metric("dropped_total", reason="KEY_WRONG") == 2
    assert status(await harness.send(wrong)) == 401
    await harness.service.stop()
    await harness.stop()
    await harness.start()
    assert status(await harness.send(wrong)) == 401  # known to be wrong, over a restart, while the service is down
    assert status(await harness.send(foreign)) == 401
    assert await harness.get(f"/{APP}{removal('good')}") == 200


async def test_a_key_is_asked_about_once(running: Harness) -> None:
    for n in range(5):
        assert await running.get(removal(f"user{n}")) == 200
    assert running.service.questions == 1


async def test_reports_of_a_revoked_key_become_dead_letters(running: Harness) -> None:
    """X4: it was right when they were taken; an operator judges. New ones are refused."""
    assert await running.get(removal("before")) == 200
    await running.settled()
    del running.service.keys[KEY]
    assert await running.get(removal("after")) == 200
    await running.settled()
    assert running.metric("died_total", reason="KEY_REFUSED") == 1
    assert await running.get(removal("later")) == 401


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (f"/{APP}/removeToken/?username=johndow", "MISSING_TOKEN"),
        (f"/{APP}/removeToken/?token_msgs=abc", "MISSING_ACCOUNT"),
        (f"/{APP}/reportToken/?username=johndow&appid_msgs={MESSAGES}", "MISSING_TOKEN"),
        (f"/{APP}/reportToken/?selector=s&token_msgs=abc&appid_msgs={MESSAGES}", "MISSING_ACCOUNT"),
        (f"/{APP}/reportToken/?username=johndow&selector=s&token_msgs=abc&appid_msgs=no", "UNKNOWN_PUSH_APP"),
        ("/removeToken/?username=johndow&token_msgs=abc&appid_msgs=com.unknown", "UNKNOWN_APP"),
    ],
)
async def test_what_cannot_be_applied_becomes_a_dead_letter(running: Harness, target: str, reason: str) -> None:
    """X4: with its reason; the app gets the same answer (X1)."""
    assert await running.get(target) == 200
    running.clock.advance(seconds=1)
    await until(lambda: running.metric("died_total", reason=reason) == 1)
    await running.stop()
    [letter] = dead_letters.listed(running.spool)
    assert letter.reason == reason


async def test_the_service_refusing_a_report_makes_it_a_dead_letter(running: Harness) -> None:
    running.service.failures = [grpc.StatusCode.INVALID_ARGUMENT]
    assert await running.get(removal()) == 200
    await until(lambda: running.metric("died_total", reason="INVALID_ARGUMENT") == 1)


async def test_a_report_is_given_up_after_many_failures(harness: Harness) -> None:
    await harness.serve()
    await harness.start(delivery=DeliveryLimits(failing=SOON, attempts=3))
    harness.service.failures = [grpc.StatusCode.INTERNAL] * 3
    await harness.get(removal())
    await until(lambda: harness.metric("died_total", reason="INTERNAL") == 1)


async def test_dead_letters_are_replayed_while_the_bridge_runs(running: Harness) -> None:
    """X4."""
    running.service.failures = [grpc.StatusCode.INVALID_ARGUMENT] * 2
    await running.get(removal("one"))
    await running.get(removal("two"))
    await until(lambda: len(dead_letters.listed(running.spool)) == 2)
    first = dead_letters.listed(running.spool)[0]
    assert dead_letters.replay(running.spool, [], everything=True, reason="OTHER") == 0
    assert dead_letters.replay(running.spool, [first.id], everything=False) == 1
    await until(lambda: len(running.service.calls) == 1)
    assert running.service.calls[0].report_time.ToMicroseconds() == first.arrived
    await until(lambda: len(dead_letters.listed(running.spool)) == 1)


async def test_dead_letters_tell_what_was_not_known(running: Harness) -> None:
    """X4: the app and the push app ids that were reported; a letter that is not there cannot be replayed."""
    unknown = "/removeToken/?username=ann&token_msgs=abc&appid_msgs=com.unknown&token_calls=def&appid_calls=com.other"
    assert await running.get(unknown) == 200
    running.clock.advance(seconds=1)
    await until(lambda: running.metric("died_total", reason="UNKNOWN_APP") == 1)
    running.service.failures.append(grpc.StatusCode.INVALID_ARGUMENT)
    assert await running.get(f"/{APP}{removal()}") == 200
    await until(lambda: running.metric("died_total", reason="INVALID_ARGUMENT") == 1)
    await running.stop()
    first, second = dead_letters.listed(running.spool)
    assert (first.app_id, set(first.push_app_ids)) == ("", {"com.unknown", "com.other"})
    assert (second.app_id, second.push_app_ids) == (APP, ())
    for numbers in ([99], [first.id, 99]):
        with pytest.raises(SpoolError, match="no such dead letter: 99"):
            dead_letters.replay(running.spool, numbers, everything=False)
    assert not any(letter.replay for letter in dead_letters.listed(running.spool))
    listed = run_here(["bridge", "dead", "list", "--spool", str(running.spool), "--json"])
    assert json.loads(listed.out)[0]["push_app_ids"] == ["com.other", "com.unknown"]
    assert "com.unknown" in run_here(["bridge", "dead", "list", "--spool", str(running.spool)]).out
    outcome = run_here(["bridge", "dead", "replay", "99", "--spool", str(running.spool)])
    assert outcome.status != 0
    assert "no such dead letter: 99" in outcome.err


@pytest.mark.parametrize("word", ["(null)", "%28null%29", "KG51bGwp", "BLACKLISTED", "00000000"])
async def test_a_word_for_no_token_is_dropped_and_counted(running: Harness, word: str) -> None:
    """X5, X2: phones that register one word would displace each other."""
    assert await running.get(f"/{APP}{token_report(token=word)}") == 200
    assert await running.get(f"/{APP}{removal(token=word)}") == 200
    await running.settled()
    assert running.service.calls == []
    assert running.metric("dropped_total", reason="PLACEHOLDER_TOKEN") == 2
    calls = f"&token_calls={VOIP.replace('=', '%3D')}&appid_calls={CALLS}"
    assert await running.get(f"/{APP}{token_report(token=word)}{calls}") == 200
    await running.settled()
    [endpoint] = running.service.calls[0].push_endpoints
    assert endpoint.token == VOIP_HEX


async def test_a_spool_of_the_first_version_is_brought_up_to_date(harness: Harness) -> None:
    await harness.start()
    assert await harness.get(f"/{APP}{removal()}") == 200
    await harness.stop()
    with closing(sqlite3.connect(harness.spool)) as database:
        database.executescript(
            "ALTER TABLE dead DROP COLUMN detail; ALTER TABLE dead DROP COLUMN push_app_ids; DROP TABLE device;"
            "PRAGMA user_version = 1"
        )
    await harness.serve()
    await harness.start()
    await harness.settled()
    assert names(harness) == ["Djohndow"]
    assert await harness.get(f"/{APP}/removeToken/?username=johndow") == 200
    harness.clock.advance(seconds=1)
    await until(lambda: harness.metric("died_total", reason="MISSING_TOKEN") == 1)


PROXIES = ("http_proxy", "https_proxy", "grpc_proxy")


async def test_proxies_of_the_environment_are_ignored_unless_asked(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """X4: else the bridge's own calls on one machine would go to a proxy, and nothing would tell why."""
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    await harness.serve()
    await harness.start()
    assert await harness.get(f"/{APP}{removal()}") == 200
    await harness.settled()
    assert names(harness) == ["Djohndow"]
    await harness.stop()
    await harness.start(proxy_from_environment=True)
    assert "code=UNAVAILABLE" in capsys.readouterr().out


async def test_why_the_service_is_not_reached_is_logged(harness: Harness, capsys: pytest.CaptureFixture[str]) -> None:
    """X4."""
    await harness.serve()
    await harness.start()
    assert await harness.get(f"/{APP}{removal()}") == 200
    await harness.settled()
    await harness.service.stop()
    capsys.readouterr()
    assert await harness.get(f"/{APP}{removal('ann')}") == 200
    said = ""
    async with asyncio.timeout(wait_s()):
        while "cannot reach the service" not in said:
            said += capsys.readouterr().out
            await asyncio.sleep(0.01)
    assert "code=UNAVAILABLE" in said
    assert "connection refused: " in said
    await harness.serve()
    await harness.settled()
    assert names(harness) == ["Djohndow", "Dann"]


async def test_why_reports_wait_is_kept_for_an_operator(harness: Harness) -> None:
    """X4: in the spool, also after the bridge has ended, until the service answers again."""

    def facts() -> spool_facts.SpoolFacts:
        return spool_facts.read(harness.spool)

    async def listed() -> str:
        outcome = await asyncio.to_thread(run_here, ["bridge", "dead", "list", "--spool", str(harness.spool)])
        assert outcome.status == 0, outcome.err
        return " ".join(outcome.out.split())

    await harness.start()
    assert await harness.get(f"/{APP}{removal()}") == 200
    await until(lambda: "connection refused: " in facts().why_waiting)
    assert "1 reports wait: the service cannot be reached (UNAVAILABLE: connection refused: " in await listed()
    shown = [finding.detail for finding in examine_spool(harness.spool, 1 << 30, HASH_KEY, harness.clock.microseconds)]
    assert any("the oldest for 0 s: the service cannot be reached (UNAVAILABLE: " in detail for detail in shown)
    await harness.stop()
    assert facts().why_waiting.startswith("the service cannot be reached (UNAVAILABLE: connection refused: ")
    await harness.serve()
    harness.service.failures = [grpc.StatusCode.INTERNAL]
    await harness.start(delivery=DeliveryLimits(failing=Backoff(3600, 3600)))
    await until(lambda: facts().why_waiting == "the service failed over 1 of them, which are tried again")
    assert "1 reports wait: the service failed over 1 of them" in await listed()
    await harness.stop()
    await harness.start()
    await harness.settled()
    await until(lambda: facts().waiting == 0)
    assert facts().why_waiting == ""
    assert "wait" not in await listed()


def certify(folder: Path) -> grpc.ServerCredentials:
    """Lays the files of a new authority into the folder: the bridge's certificate, and who signed the service's.

    Answers what the service shows, which lets in only whom the same authority has signed.
    """
    authority = trustme.CA()
    own, service = authority.issue_cert("bridge.example.com"), authority.issue_cert("service.example.com")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    own.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    own.private_key_pem.write_to_path(folder / "key.pem")
    pair = (service.private_key_pem.bytes(), service.cert_chain_pems[0].bytes())
    return grpc.ssl_server_credentials([pair], authority.cert_pem.bytes(), require_client_auth=True)


async def test_certificates_for_the_service_are_renewed_without_a_restart(
    harness: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    """X4: reports wait while the service shows a certificate that is not trusted yet."""
    harness.service.tls = certify(harness.folder)
    ca, cert, key = (harness.folder / f"{name}.pem" for name in ("ca", "cert", "key"))
    await harness.serve()
    await harness.start(service_tls=ServiceTls(ca, cert, key, "service.example.com"))
    assert await harness.get(f"/{APP}{removal('ann')}") == 200
    await harness.settled()
    await harness.service.stop()
    before = key.read_bytes()
    (harness.folder / "next").mkdir()
    harness.service.tls = certify(harness.folder / "next")
    await harness.serve()
    assert await harness.get(f"/{APP}{removal('ben')}") == 200
    await until(lambda: "TLS: " in spool_facts.read(harness.spool).why_waiting)
    cert.write_bytes((harness.folder / "next" / "cert.pem").read_bytes())  # a pair that does not fit, for a moment
    said = ""
    async with asyncio.timeout(wait_s()):
        while "cannot use the renewed certificates for the service" not in said:
            said += capsys.readouterr().out
            await asyncio.sleep(0.01)
    assert before.decode() not in said
    for path in (key, ca):
        path.write_bytes((harness.folder / "next" / path.name).read_bytes())
    await harness.settled()
    assert names(harness) == ["Dann", "Dben"]


async def test_a_certificate_that_is_renewed_for_another_name_is_expected_under_that_name(harness: Harness) -> None:
    """X4: `serve --bridge-port` trusts the certificate that it presents itself, whatever name is in it."""
    authority = trustme.CA()
    path = harness.folder / "own.pem"
    for name in ("old.example.com", "new.example.com"):
        own = authority.issue_cert(name)
        own.cert_chain_pems[0].write_to_path(path)
        pair = (own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())
        harness.service.tls = grpc.ssl_server_credentials([pair])
        await harness.serve()
        if name == "old.example.com":
            await harness.start(service_tls=ServiceTls(path, presents_ca=True))
        assert await harness.get(f"/{APP}{removal(name)}") == 200
        await harness.settled()
        await harness.service.stop()
    assert names(harness) == ["Dold.example.com", "Dnew.example.com"]


async def test_a_report_is_delivered_again_when_its_connection_is_closed_for_a_renewed_certificate(
    harness: Harness,
) -> None:
    """X4: gRPC cancels the call in flight, and so the task that awaits it."""
    authority = trustme.CA()
    path = harness.folder / "own.pem"
    own = authority.issue_cert("service.example.com")
    own.cert_chain_pems[0].write_to_path(path)
    pair = (own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())
    harness.service.tls = grpc.ssl_server_credentials([pair])
    await harness.serve()
    await harness.start(service_tls=ServiceTls(path, presents_ca=True))
    assert await harness.get(f"/{APP}{removal('ann')}") == 200
    await harness.settled()
    service, admit, on_its_way = harness.service, harness.service._admit, asyncio.Event()

    async def never(*_: Any, **__: Any) -> None:
        on_its_way.set()
        await asyncio.Event().wait()

    service._admit = never  # type: ignore[method-assign]
    assert await harness.get(f"/{APP}{removal('ben')}") == 200
    await on_its_way.wait()
    service._admit = admit  # type: ignore[method-assign]
    os.utime(path)
    await harness.settled()
    assert names(harness) == ["Dann", "Dben"]


async def test_a_dead_letter_undoes_nothing_that_was_reported_later(running: Harness) -> None:
    """X3, X4: replayed, it would register a user who has logged out, or a token that was replaced."""
    unknown = token_report("ann").replace(MESSAGES, "com.new")
    other = token_report("bob").replace(MESSAGES, "com.new")
    for report in (unknown, other):
        assert await running.get(f"/{APP}{report}") == 200
    running.clock.advance(seconds=1)
    await until(lambda: len(dead_letters.listed(running.spool)) == 2)
    await running.get(removal("ann"))
    await until(lambda: len(dead_letters.listed(running.spool)) == 1)
    await running.get(token_report("bob", token="newer"))
    await until(lambda: not dead_letters.listed(running.spool))
    assert names(running) == ["Dann", "Rbob", "Hbob"]
    await until(lambda: running.metric("dead") == 0)


async def test_a_replayed_letter_goes_before_what_was_reported_after_it(running: Harness) -> None:
    """X3: a removal that waits, while the service is down, is not overtaken by the sign-in before it."""
    unknown = token_report("ann").replace(MESSAGES, "com.new")
    assert await running.get(f"/{APP}{unknown}") == 200
    running.clock.advance(seconds=1)
    await until(lambda: len(dead_letters.listed(running.spool)) == 1)
    running.service.apps[0].settings.push_app_ids.add(
        push_app_id="com.new", provider=profile_pb2.PUSH_PROVIDER_FCM, platform=profile_pb2.PLATFORM_IOS
    )
    await running.service.stop()
    assert await running.get(removal("ann")) == 200
    assert running.bridge is not None
    spool = running.bridge._spool
    await until(lambda: spool.waiting == 1)
    dead_letters.replay(running.spool, [], everything=True)
    await until(lambda: spool.waiting == 2)
    await running.serve()
    await running.settled()
    assert names(running)[-1] == "Dann"
    assert spool.dead == 0


async def test_a_letter_replayed_while_a_removal_is_on_its_way_is_outdated(running: Harness) -> None:
    """X3: the removal is answered when the letter already waits again."""
    assert running.bridge is not None
    spool, service = running.bridge._spool, running.bridge._service
    assert await running.get(f"/{APP}{token_report('ann').replace(MESSAGES, 'com.new')}") == 200
    running.clock.advance(seconds=1)
    await until(lambda: spool.dead == 1)
    remove, on_its_way, go_on = service.remove_account, asyncio.Event(), asyncio.Event()

    async def slowly(*given: Any) -> str:
        on_its_way.set()
        await go_on.wait()
        return await remove(*given)

    service.remove_account = slowly  # type: ignore[method-assign,assignment]
    assert await running.get(removal("ann")) == 200
    await on_its_way.wait()
    running.service.apps[0].settings.push_app_ids.add(
        push_app_id="com.new", provider=profile_pb2.PUSH_PROVIDER_FCM, platform=profile_pb2.PLATFORM_IOS
    )
    dead_letters.replay(running.spool, [], everything=True)
    await until(lambda: spool.waiting == 2)
    go_on.set()
    await running.settled()
    assert names(running) == ["Dann"]
    assert spool.dead == 0


async def test_the_letter_of_another_device_of_the_user_stays(running: Harness) -> None:
    """X5: where installations have ids of their own and no selector tells them apart."""
    for device in ("phone", "tablet"):
        asked = f"/{APP}/reportToken/?username=ann&device_id={device}&token_msgs=of-{device}&appid_msgs="
        assert await running.get(asked + ("com.new" if device == "phone" else MESSAGES)) == 200
    running.clock.advance(seconds=1)
    await until(lambda: "Hann" in names(running))
    await until(lambda: len(dead_letters.listed(running.spool)) == 1)
    await running.settled()
    assert len(dead_letters.listed(running.spool)) == 1


async def test_a_report_is_not_kept_waiting_by_a_key_that_is_refused(harness: Harness) -> None:
    """X4: of what an unread app might tell, one answer of the service is awaited."""
    await harness.serve()
    await harness.start()
    await harness.get(removal("first"))
    await harness.settled()
    assert harness.bridge is not None
    harness.bridge._app_reader._keys = ("apk_profile00002_revoked",)
    harness.clock.advance(seconds=60)
    assert await harness.get(f"/{APP}{token_report('ann').replace(MESSAGES, 'com.new')}") == 200
    await until(lambda: harness.metric("died_total", reason="UNKNOWN_PUSH_APP") == 1)


async def test_what_an_operator_looks_at_stays_on_disk(harness: Harness) -> None:
    """X1: SQLite deletes the log of a file with the last process that has it open; it must know of the bridge."""
    bridge = await harness.start()
    assert await harness.get(f"/{APP}{removal()}") == 200
    log = harness.spool.with_name(f"{harness.spool.name}-wal")
    for command in (["dead", "list"], ["dead", "replay", "--all"]):
        outcome = await asyncio.to_thread(run_here, ["bridge", *command, "--spool", str(harness.spool)], {})
        assert outcome.status == 0, outcome.err
        assert log.stat().st_size > 0
    assert await harness.get(f"/{APP}{removal('ann')}") == 200
    with closing(sqlite3.connect(f"file:{harness.spool}?mode=ro", uri=True)) as other:
        assert other.execute("SELECT count(*) FROM report").fetchone() == (2,)
    assert bridge._spool.waiting == 2


async def test_a_push_app_id_that_was_just_set_up_is_known_at_once(running: Harness) -> None:
    """X5: the apps are read again before a report, or a replayed letter, is given up."""
    report = token_report().replace(MESSAGES, "com.new")
    assert await running.get(f"/{APP}{report}") == 200
    running.clock.advance(seconds=1)
    await until(lambda: running.metric("died_total", reason="UNKNOWN_PUSH_APP") == 1)
    running.service.apps[0].settings.push_app_ids.add(
        push_app_id="com.new", provider=profile_pb2.PUSH_PROVIDER_FCM, platform=profile_pb2.PLATFORM_IOS
    )
    assert await running.get(f"/{APP}{token_report('ann').replace(MESSAGES, 'com.new')}") == 200
    running.clock.advance(seconds=1)
    await until(lambda: "Hann" in names(running))
    dead_letters.replay(running.spool, [], everything=True)
    await until(lambda: "Hjohndow" in names(running))


async def test_dead_letters_do_not_age_by_a_jump_of_the_clock(harness: Harness) -> None:
    """X4: they are kept for 30 days, of a clock that runs evenly."""
    await harness.serve()
    bridge = await harness.start()
    day = timedelta(days=1) // timedelta(microseconds=1)
    spool, moment, now = bridge._spool, 0, harness.clock.microseconds
    spool._clock = SteadyClock(lambda: moment, None)
    assert await harness.get(f"/{APP}/removeToken/?username=johndow") == 200
    await until(lambda: spool.dead == 1)
    await spool.clean(now)
    for ahead in (365 * day, 0, 365 * day):  # there, back, and there again: nobody knows which is right
        moment += 60_000_000
        await spool.clean(now + ahead + moment)
        assert spool.dead == 1
    assert await spool.sealed_key(b"") is None  # the clock's commit is through
    await harness.stop()
    bridge = await harness.start()  # a start does not take the jump for granted
    spool = bridge._spool
    spool._clock = SteadyClock(lambda: moment, spool._clock._noted)
    await spool.clean(now + 365 * day + moment)
    assert spool.dead == 1
    moment += day + 1
    await spool.clean(now + 365 * day + moment)
    assert spool.dead == 0


async def test_a_full_spool_says_so(harness: Harness) -> None:
    """X4: the only case in which a valid report is not taken. Keys that are not proven have a part of it only."""
    await harness.serve()
    await harness.start(spool_limits=SpoolLimits(size=4000))
    await harness.get(removal("first"))  # proves the key
    await harness.settled()
    await harness.service.stop()
    answers = [
        status(await harness.send(request("GET", f"/{APP}{removal(f'u{n}')}", key=f"unknown{n}"))) for n in range(9)
    ]
    assert answers[0] == 200
    assert answers[-1] == 503
    full = b""
    for n in range(20):
        full = await harness.send(request("GET", removal(f"v{n}")))
        if status(full) != 200:
            break
    assert status(full) == 503
    assert b"retry-after: 60" in full
    assert n > 2
    assert await harness.get("/readyz") == 503
    await harness.serve()
    await harness.settled()
    assert await harness.get("/readyz") == 200
    assert await harness.get(removal("again")) == 200


async def test_floods_are_refused(harness: Harness) -> None:
    """X1: by address and by app."""
    await harness.serve()
    await harness.start(endpoints=EndpointOptions(per_address=Rate(0.01, 3)))
    answers = [await harness.send(request("GET", removal(f"u{n}"))) for n in range(5)]
    assert [status(answer) for answer in answers] == [200, 200, 200, 429, 429]
    assert b"retry-after: " in answers[-1]
    await harness.stop()
    await harness.start(endpoints=EndpointOptions(per_app=Rate(0.01, 2)))
    assert [await harness.get(removal(f"u{n}")) for n in range(3)] == [200, 200, 429]


async def test_the_trace_leads_from_the_report_to_the_call(running: Harness) -> None:
    answer = await running.send(request("GET", removal()))
    trace = answer.partition(b"x-trace-id: ")[2].partition(b"\r\n")[0].decode()
    given = "4bf92f3577b34da6a3ce929d0e0e4736"
    await running.settled()
    assert running.service.traceparents[-1].split("-")[1::2] == [trace, "00"]
    await running.get(removal("second"), f"traceparent: 00-{given}-00f067aa0ba902b7-01")
    await running.settled()
    assert running.service.traceparents[-1] == f"00-{given}-00f067aa0ba902b7-01"


async def test_nothing_readable_is_on_disk(harness: Harness) -> None:
    """X2: neither keys nor tokens nor who reported."""
    await harness.start()
    await harness.get(f"/{APP}{removal('marker-user')}&password=marker-password&key={KEY}")
    await harness.get(f"/{APP}{token_report('marker-user')}")
    files = [path.read_bytes() for path in harness.folder.iterdir()]
    await harness.stop()
    files += [path.read_bytes() for path in harness.folder.iterdir()]
    assert any(APP.encode() in content for content in files)
    for secret in (KEY, "marker", MSGS, SELECTOR, "12869E"):
        assert not any(secret.encode() in content for content in files), secret


async def test_keys_are_erased_when_no_report_needs_them(running: Harness) -> None:
    assert running.bridge is not None
    spool = running.bridge._spool
    await running.get(removal())
    await running.settled()
    verifier = next(iter(running.bridge._app._keys._prepared))
    assert await spool.sealed_key(verifier) is not None
    await spool.clean(running.clock.microseconds)
    assert await spool.sealed_key(verifier) is None


async def test_another_hash_key_is_refused_and_so_is_a_second_bridge(harness: Harness, tmp_path: Path) -> None:
    await harness.start()
    bridge = harness.bridge
    with pytest.raises(SpoolError, match="in use by another bridge"):
        await harness.start()
    harness.bridge = bridge
    await harness.stop()
    with pytest.raises(SpoolError, match="another PROFILE_GRPC_HASH_KEY"):
        await harness.start(hash_key=HASH_KEY[::-1])


def test_nothing_is_laid_beside_a_file_that_is_no_spool(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("no database at all")
    for use in (
        dead_letters.listed,
        lambda path: dead_letters.replay(path, [], everything=True),
        lambda path: Spool(path, HASH_KEY),
        spool_facts.read,
    ):
        with pytest.raises(SpoolError):
            use(path)
    assert list(tmp_path.iterdir()) == [path]


async def test_a_disk_that_fails_is_told_and_survived(running: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, the next report is taken again; what was delivered meanwhile is still taken off."""
    assert running.bridge is not None
    writer = running.bridge._spool._writer
    working = writer.commit
    broken = [True]

    def commit() -> None:
        if broken:
            writer._end()
            raise OSError(28, "No space left on device")
        working()

    monkeypatch.setattr(writer, "commit", commit)
    answer = await running.send(request("GET", removal()))
    assert status(answer) == 503
    assert b"retry-after: 5" in answer
    broken.clear()
    assert await running.get(removal("second")) == 200
    await running.settled()
    assert names(running) == ["Dsecond"]
