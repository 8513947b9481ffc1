"""JWT authorization as callers see it (J1 to J8), on the real server."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from appprofile.v1 import app_pb2, jwt_pb2
from appprofile.v1 import app_service_pb2 as app
from appprofile.v1 import profile_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from profile_grpc.domain.jwt import JwtMode, JwtOutcome, JwtSettings
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.service.jwt import key_sets, readiness
from profile_grpc.service.jwt.key_sets import Verifier
from profile_grpc.transport.grpc.call import Call
from tests.support.contract import compile_proto
from tests.support.jwt import jwk, jwks, pem, token
from tests.transport.grpc.support import APP, VALID, Backend, Metadata, Serve, Served, key, refused
from tests.transport.grpc.test_access import METHODS

CLIENTS = sorted(name for name, method in METHODS.items() if KeyKind.CLIENT in method.kinds)
OF_A_USER = [name for name in CLIENTS if METHODS[name].user_ids]
OF_A_CUSTOMER = [name for name in CLIENTS if METHODS[name].customer_ids]
BEAT = ps.HeartbeatRequest(key=key())


class Device:
    """Calls with the CLIENT key and a token."""

    def __init__(self, served: Served) -> None:
        self.served = served

    def metadata(self, *tokens: str) -> Metadata:
        return (*self.served.client, *(("authorization", f"Bearer {one}") for one in tokens))

    def token(self, user: str = "ann", **given: Any) -> str:
        now = self.served.backend.clock.now().timestamp()
        return token({"sub": user, "exp": now + 600, **given})

    async def call(self, name: str, metadata: Metadata, request: Message | None = None) -> bytes:
        given = VALID[name] if request is None else request
        return await self.served.raw(METHODS[name].path, given.SerializeToString(), metadata)


@pytest.fixture
async def device(served: Served) -> Device:
    """A device of an app that requires JWTs, of which one profile is registered."""
    await served.apps.AddJwtKey(app.AddJwtKeyRequest(app_id=APP, kid="k", public_key_pem=pem()), metadata=served.admin)
    await mode(served, JwtMode.REQUIRE)
    found = Device(served)
    await found.call("Register", found.metadata(found.token()))
    return found


async def mode(served: Served, wanted: JwtMode, **settings: Any) -> app.UpdateAppResponse:
    """Sets the mode by the method that operators use."""
    chosen = app_pb2.AppSettings(jwt=jwt_pb2.JwtSettings(mode=jwt_pb2.JwtMode.ValueType(wanted), **settings))
    request = app.UpdateAppRequest(app=app_pb2.App(app_id=APP, settings=chosen))
    request.update_mask.paths.extend(f"settings.jwt.{name}" for name in ("mode", *settings))
    return await served.apps.UpdateApp(request, metadata=served.admin)


def naming(user: str, name: str) -> Message:
    """The valid request of the method, with every user that it names replaced."""
    request: Any = type(VALID[name])()
    request.CopyFrom(VALID[name])
    for holder in (request, getattr(request, "profile", None)):
        if holder is not None and "key" in holder.DESCRIPTOR.fields_by_name:
            holder.key.user_id = user
    user_ids = METHODS[name].user_ids
    assert user_ids is not None
    assert list(user_ids(request)) == [user], f"{name}: teach this test where the request names its user"
    valid: Message = request
    return valid


# --- every method ---


@pytest.mark.parametrize("name", CLIENTS)
async def test_J5_every_method_of_devices_takes_the_own_user_only(device: Device, name: str) -> None:
    """The methods are those that the contract allows to CLIENT keys, so none can be forgotten."""
    own, other = device.metadata(device.token()), device.metadata(device.token("bob"))
    await device.call(name, own)
    told = await refused(device.call(name, device.metadata()))
    assert (told.code.name, told.reason) == ("UNAUTHENTICATED", "JWT_MISSING")
    if name not in OF_A_USER:
        await device.call(name, other)  # any valid token will do
        return
    for metadata, user in ((other, "ann"), (own, "bob"), (own, ""), (own, "Ann")):
        told = await refused(device.call(name, metadata, naming(user, name)))
        assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "JWT_USER_MISMATCH"), (name, user)
        assert told.metadata == {"app_id": APP, "claim": "sub"}
    nobody = await refused(device.call(name, device.metadata(device.token(sub=None))))
    assert nobody.reason == "JWT_USER_MISMATCH"


def linking(customer: str, name: str) -> Message:
    """The valid request of the method, with the customer that it names replaced."""
    request: Any = type(VALID[name])()
    request.CopyFrom(VALID[name])
    holder = request if "customer_id" in request.DESCRIPTOR.fields_by_name else request.profile
    holder.customer_id = customer
    customer_ids = METHODS[name].customer_ids
    assert customer_ids is not None
    assert list(customer_ids(request)) == [customer], f"{name}: teach this test where the request names its customer"
    valid: Message = request
    return valid


async def link(device: Device) -> str:
    """The customer that the device's profile is linked with."""
    own = device.metadata(device.token())
    answer = await device.call("GetProfile", own)
    return ps.GetProfileResponse.FromString(answer).profile.customer_id


@pytest.mark.parametrize("name", OF_A_CUSTOMER)
async def test_J5_every_method_of_devices_links_with_the_own_customer_only(device: Device, name: str) -> None:
    """The methods are those that the contract allows to CLIENT keys and whose requests can name a customer."""
    of_nobody, own = device.metadata(device.token()), device.metadata(device.token(customer_id="c1"))
    for metadata, customer in ((of_nobody, "c1"), (own, "c2"), (own, "C1"), (own, "ann")):
        told = await refused(device.call(name, metadata, linking(customer, name)))
        assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "JWT_CUSTOMER_MISMATCH"), customer
        assert told.metadata == {"app_id": APP, "claim": "customer_id"}
        assert await link(device) == ""
    await device.call(name, own, linking("c1", name))
    assert await link(device) == "c1"
    await device.call(name, of_nobody)  # names no customer, and keeps the link
    assert await link(device) == "c1"
    other = device.metadata(device.token("bob", customer_id="c2"))
    assert (await refused(device.call(name, other, linking("c2", name)))).reason == "JWT_USER_MISMATCH"
    await device.call(name, of_nobody, linking("", name))  # unlinks, which shows nobody anything
    assert await link(device) == ""


async def test_J5_a_customer_beside_the_update_mask_is_checked_too(device: Device) -> None:
    request = ps.UpdateProfileDataRequest(profile=pb.Profile(key=key(), language="fr", customer_id="c2"))
    request.update_mask.paths.append("language")
    told = await refused(device.call("UpdateProfileData", device.metadata(device.token()), request))
    assert told.reason == "JWT_CUSTOMER_MISMATCH"


async def test_J5_the_customer_claim_may_be_the_user_claim(device: Device) -> None:
    await mode(device.served, JwtMode.REQUIRE, customer_claim="sub")
    own = device.metadata(device.token(customer_id="c1"))
    told = await refused(device.call("Register", own, linking("c1", "Register")))
    assert (told.reason, told.metadata["claim"]) == ("JWT_CUSTOMER_MISMATCH", "sub")
    await device.call("Register", own, linking("ann", "Register"))
    assert await link(device) == "ann"


@pytest.mark.parametrize("wanted", [JwtMode.OFF, JwtMode.OBSERVE])
async def test_J5_devices_link_as_they_like_until_JWTs_are_required(device: Device, wanted: JwtMode) -> None:
    await mode(device.served, wanted)
    await device.call("Register", device.metadata(device.token()), linking("c2", "Register"))
    assert await link(device) == "c2"


@pytest.mark.parametrize("kind", [KeyKind.ADMIN, KeyKind.PROFILE, KeyKind.BRIDGE])
async def test_C5_other_kinds_of_key_link_without_a_token(device: Device, kind: KeyKind) -> None:
    await device.call("Register", device.served.key(kind), linking("c2", "Register"))
    assert await link(device) == "c2"


def test_J5_the_methods_of_devices_name_users() -> None:
    assert set(CLIENTS) - set(OF_A_USER) == {"GetSdkConfig"}


@pytest.mark.parametrize("kind", [KeyKind.ADMIN, KeyKind.PROFILE, KeyKind.BRIDGE])
async def test_J1_other_kinds_of_key_need_no_token(device: Device, kind: KeyKind) -> None:
    await device.served.profiles.Heartbeat(BEAT, metadata=device.served.key(kind))
    garbage = (*device.served.key(kind), ("authorization", "Basic garbage"))
    await device.served.profiles.Heartbeat(BEAT, metadata=garbage)


# --- the order of checks, and what is told ---


async def test_J6_each_refusal_has_its_reason(device: Device) -> None:
    good = device.token()
    now = device.served.backend.clock.now().timestamp()
    cases: dict[str, tuple[Sequence[str], str, str]] = {
        "none": ([], "UNAUTHENTICATED", "JWT_MISSING"),
        "two": ([good, good], "UNAUTHENTICATED", "JWT_INVALID"),
        "two in one": ([f"{good}, Bearer {good}"], "UNAUTHENTICATED", "JWT_INVALID"),
        "garbage": (["garbage"], "UNAUTHENTICATED", "JWT_INVALID"),
        "alg none": ([token({"sub": "ann", "exp": now + 60}, algorithm="none")], "UNAUTHENTICATED", "JWT_INVALID"),
        "no exp": ([device.token(exp=None)], "UNAUTHENTICATED", "JWT_INVALID"),
        "expired": ([device.token(exp=now - 30)], "UNAUTHENTICATED", "JWT_EXPIRED"),
        "another key": ([token({"sub": "ann", "exp": now + 60}, kid="../k")], "UNAUTHENTICATED", "JWT_KEY_UNKNOWN"),
        "another user": ([device.token("bob")], "PERMISSION_DENIED", "JWT_USER_MISMATCH"),
        "another app": ([device.token(app_id="rival")], "PERMISSION_DENIED", "JWT_APP_MISMATCH"),
    }
    for what, (tokens, code, reason) in cases.items():
        told = await refused(device.call("Heartbeat", device.metadata(*tokens)))
        assert (told.code.name, told.reason) == (code, reason), what
        assert not any(one in told.text for one in tokens), what
        assert told.metadata["app_id"] == APP


async def test_J6_a_token_of_64_KiB_is_refused_by_the_transport(device: Device) -> None:
    """A call's metadata is at most 8 KiB."""
    told = await refused(device.call("Heartbeat", device.metadata("a" * 65536)))
    assert told.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    long = await refused(device.call("Heartbeat", device.metadata("a" * 7000)))
    assert long.reason == "JWT_INVALID"


async def test_J6_the_token_comes_with_the_key_and_before_the_shape(device: Device) -> None:
    wrong = ps.HeartbeatRequest(key=pb.ProfileKey(app_id="?", user_id="ann"))
    told = await refused(device.call("Heartbeat", device.metadata(), wrong))
    assert told.reason == "JWT_MISSING"
    told = await refused(device.call("Heartbeat", device.metadata(device.token("bob")), wrong))
    assert told.reason == "JWT_USER_MISMATCH"
    told = await refused(device.call("Heartbeat", device.metadata(device.token()), wrong))
    assert told.reason == "INVALID_REQUEST"
    told = await refused(device.call("CreateApp", device.metadata()))
    assert told.reason == "JWT_MISSING"
    told = await refused(device.call("CreateApp", device.metadata(device.token())))
    assert told.reason == "METHOD_NOT_ALLOWED"
    unknown = (("x-api-key", "nobody's"), ("authorization", "Bearer garbage"))
    assert (await refused(device.call("Heartbeat", unknown))).reason == "CREDENTIAL_INVALID"


# --- streams, and batches ---

CONTRACT = """
service Devices {
  rpc Watch(Request) returns (stream Answer) {
    option (appprofile.v1.access) = { allow: [KEY_KIND_CLIENT] scope: ACCESS_SCOPE_APP };
  }
  rpc Import(stream Request) returns (stream Answer) {
    option (appprofile.v1.access) = { allow: [KEY_KIND_CLIENT] scope: ACCESS_SCOPE_APP };
  }
  rpc Batch(Request) returns (Answer) {
    option (appprofile.v1.access) = { allow: [KEY_KIND_CLIENT] scope: ACCESS_SCOPE_APP };
  }
}
message Request {
  string app_id = 1 [(appprofile.v1.names) = NAMES_APP];
  repeated Item items = 2;
}
message Item { string user_id = 1 [(appprofile.v1.names) = NAMES_USER]; }
message Answer { int32 number = 1; }
"""


class Devices:
    """Streams and a batch for devices, which the contract does not have (yet)."""

    def __init__(self) -> None:
        file = compile_proto(CONTRACT)
        self.service = file.services_by_name["Devices"]
        types = file.message_types_by_name
        self.Request, self.Answer = GetMessageClass(types["Request"]), GetMessageClass(types["Answer"])
        self.more = asyncio.Event()
        self.done = 0

    def request(self, *users: str) -> Any:
        return self.Request(app_id=APP, items=[{"user_id": user} for user in users])

    async def Watch(self, _request: Any, _call: Call) -> Any:
        yield self.Answer(number=1)
        await self.more.wait()
        yield self.Answer(number=2)

    async def Import(self, requests: Any, _call: Call) -> Any:
        async for _ in requests:
            self.done += 1
            yield self.Answer(number=self.done)

    async def Batch(self, _request: Any, _call: Call) -> Any:
        self.done += 1
        return self.Answer()


@pytest.fixture
async def devices(serve: Serve, backend: Backend) -> tuple[Device, Devices]:
    servicer = Devices()
    served = await serve(more={servicer.service: servicer})
    await served.apps.AddJwtKey(app.AddJwtKeyRequest(app_id=APP, kid="k", public_key_pem=pem()), metadata=served.admin)
    await mode(served, JwtMode.REQUIRE)
    return Device(served), servicer


async def test_J5_a_batch_with_one_foreign_user_is_refused_whole(devices: tuple[Device, Devices]) -> None:
    device, servicer = devices
    path = f"/{servicer.service.full_name}/Batch"
    own = device.metadata(device.token())
    await device.served.raw(path, servicer.request("ann", "ann").SerializeToString(), own)
    told = await refused(device.served.raw(path, servicer.request("ann", "bob", "ann").SerializeToString(), own))
    assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "JWT_USER_MISMATCH")
    assert servicer.done == 1


async def test_J8_a_stream_ends_when_its_token_or_its_key_does(devices: tuple[Device, Devices]) -> None:
    device, servicer = devices
    watch: Any = device.served.channel.unary_stream(f"/{servicer.service.full_name}/Watch")
    request = servicer.request("ann").SerializeToString()
    call = watch(request, metadata=device.metadata(device.token()))
    assert await call.read() != grpc.aio.EOF
    device.served.backend.clock.advance(timedelta(seconds=631))
    servicer.more.set()
    told = await refused(call.read())
    assert told.reason == "JWT_EXPIRED"
    told = await refused(watch(request, metadata=device.metadata()).read())
    assert told.reason == "JWT_MISSING"


async def test_J5_each_message_of_a_stream_is_of_the_tokens_user(devices: tuple[Device, Devices]) -> None:
    device, servicer = devices
    method: Any = device.served.channel.stream_stream(f"/{servicer.service.full_name}/Import")
    call = method(metadata=device.metadata(device.token()))
    await call.write(servicer.request("ann").SerializeToString())
    assert await call.read() != grpc.aio.EOF
    await call.write(servicer.request("bob").SerializeToString())
    told = await refused(call.read())
    assert told.reason == "JWT_USER_MISMATCH"
    assert servicer.done == 1
    [day] = (await report(device.served)).days
    assert sum(count.calls for count in day.counts) == 1  # a stream counts once


# --- keys: added, removed, remembered ---


async def test_J8_a_removed_key_is_refused_at_once_and_within_5_s_elsewhere(device: Device, serve: Serve) -> None:
    """The other server learns of changes as another process does, from the database."""
    served = device.served
    elsewhere = Backend(served.backend.store, served.backend.clock)
    elsewhere.keys = served.backend.keys
    other = Device(await elsewhere.serve())
    metadata = device.metadata(device.token())
    await other.call("GetProfile", metadata)
    [listed] = (await served.apps.ListJwtKeys(app.ListJwtKeysRequest(app_id=APP), metadata=served.admin)).keys
    removal = app.RemoveJwtKeyRequest(app_id=APP, jwt_key_id=listed.jwt_key_id)
    await served.apps.RemoveJwtKey(removal, metadata=served.admin)
    assert (await refused(device.call("Heartbeat", metadata))).reason == "JWT_KEY_UNKNOWN"
    await other.call("GetProfile", metadata)  # it has not looked yet; `run` looks once a second
    await elsewhere.directory.refresh()
    assert (await refused(other.call("GetProfile", metadata))).reason == "JWT_KEY_UNKNOWN"
    assert (await refused(served.apps.RemoveJwtKey(removal, metadata=served.admin))).reason == "JWT_KEY_NOT_FOUND"
    removal.allow_missing = True
    await served.apps.RemoveJwtKey(removal, metadata=served.admin)
    await other.served.close()


async def test_J8_a_verified_token_is_remembered_until_it_expires(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = Verifier.verify

    def counted(self: Verifier, text: str, now: float) -> Any:
        verified.append(text)
        return verify(self, text, now)

    monkeypatch.setattr(Verifier, "verify", counted)
    metadata = device.metadata(one := device.token(jti="1"))
    for _ in range(3):
        await device.call("Heartbeat", metadata)
    await device.served.backend.apps.create("another", "acme", "", (await device.served.backend.apps.get(APP)).settings)
    await device.call("Heartbeat", metadata)  # the directory was read again, and the keys are the same
    assert verified == [one]
    await mode(device.served, JwtMode.REQUIRE, issuer="https://shop.example")
    assert (await refused(device.call("Heartbeat", metadata))).metadata["problem"] == "iss is not the app's issuer"
    await mode(device.served, JwtMode.REQUIRE, issuer="")
    await device.call("Heartbeat", metadata)
    device.served.backend.clock.advance(timedelta(seconds=629))
    await device.call("Heartbeat", metadata)
    device.served.backend.clock.advance(timedelta(seconds=1))
    assert (await refused(device.call("Heartbeat", metadata))).reason == "JWT_EXPIRED"


async def test_J8_the_memory_is_bounded_and_has_no_tokens(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "MAX_REMEMBERED", 3)
    tokens = [device.token(jti=str(number)) for number in range(6)]
    for one in tokens:
        await device.call("Heartbeat", device.metadata(one))
    memory = device.served.backend.services.jwt._key_sets._remembered
    assert len(memory) == 3
    assert {len(digest) for digest in memory} == {32}  # SHA-256


async def test_J2_keys_are_added_and_listed(served: Served) -> None:
    a_jwks = jwks(jwk("ES256", kid="e"), jwk("EdDSA", kid="d"))
    requests = [
        app.AddJwtKeyRequest(app_id=APP, kid="r", public_key_pem=pem()),
        app.AddJwtKeyRequest(
            app_id=APP, jwk="\n " + _json(jwk("ES256", kid="j")), algorithm=jwt_pb2.JWT_ALGORITHM_ES256
        ),
        app.AddJwtKeyRequest(app_id=APP, jwks=a_jwks),
    ]
    added = [(await served.apps.AddJwtKey(request, metadata=served.admin)).key for request in requests]
    listed = (await served.apps.ListJwtKeys(app.ListJwtKeysRequest(app_id=APP), metadata=served.admin)).keys
    assert sorted(listed, key=str) == sorted(added, key=str)
    assert [[(one.kid, one.algorithm) for one in found.keys] for found in added] == [
        [("r", jwt_pb2.JWT_ALGORITHM_RS256)],
        [("j", jwt_pb2.JWT_ALGORITHM_ES256)],
        [("e", jwt_pb2.JWT_ALGORITHM_ES256), ("d", jwt_pb2.JWT_ALGORITHM_EDDSA)],
    ]
    assert all(len(one.fingerprint) == 64 for found in added for one in found.keys)


def _json(value: object) -> str:
    return json.dumps(value)


async def test_J2_a_key_that_cannot_be_used_is_refused(served: Served) -> None:
    await served.apps.AddJwtKey(app.AddJwtKeyRequest(app_id=APP, kid="k", public_key_pem=pem()), metadata=served.admin)
    rs256, hs256 = jwt_pb2.JWT_ALGORITHM_RS256, jwt_pb2.JWT_ALGORITHM_HS256
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"kid": "k", "public_key_pem": pem("ES256")}, "JWT_KEY_ALREADY_EXISTS", ""),
        ({"public_key_pem": pem()}, "INVALID_REQUEST", "kid"),
        ({"kid": "n", "public_key_pem": "nothing"}, "INVALID_REQUEST", "public_key_pem"),
        ({"kid": "n", "public_key_pem": pem("ES256"), "algorithm": rs256}, "INVALID_REQUEST", "algorithm"),
        ({"kid": "n", "public_key_pem": pem(), "algorithm": hs256}, "INVALID_REQUEST", "algorithm"),
        ({"jwk": _json(jwk())}, "INVALID_REQUEST", "jwk"),
        ({"jwks": jwks(jwk(kid="a")), "kid": "n"}, "INVALID_REQUEST", "kid"),
        ({"jwks_url": "https://idp.example/jwks", "algorithm": rs256}, "INVALID_REQUEST", "kid"),
        ({"jwks_url": "https://idp.example/jwks"}, "INVALID_REQUEST", "jwks_url"),
        ({"kid": "n", "shared_secret": b"short"}, "INVALID_REQUEST", "shared_secret"),
        ({"kid": "n", "shared_secret": pem().encode()}, "INVALID_REQUEST", "shared_secret"),
        ({"kid": "n", "shared_secret": bytes(32)}, "SEALING_NOT_CONFIGURED", ""),
        ({"kid": "n"}, "INVALID_REQUEST", "material"),
    ]
    served.backend.services.vault.keys = {}
    for given, reason, field in cases:
        told = await refused(served.apps.AddJwtKey(app.AddJwtKeyRequest(app_id=APP, **given), metadata=served.admin))
        assert (told.reason, ",".join(told.fields)) == (reason, field), given
        assert pem().splitlines()[1] not in told.text


async def test_J2_an_app_has_16_keys_at_most(served: Served) -> None:
    for number in range(16):
        request = app.AddJwtKeyRequest(app_id=APP, kid=str(number), public_key_pem=pem("EdDSA"))
        await served.apps.AddJwtKey(request, metadata=served.admin)
    more = app.AddJwtKeyRequest(app_id=APP, kid="more", public_key_pem=pem())
    told = await refused(served.apps.AddJwtKey(more, metadata=served.admin))
    assert (told.code.name, told.reason, told.metadata) == ("FAILED_PRECONDITION", "TOO_MANY_JWT_KEYS", {"limit": "16"})


# --- roll-out ---


async def report(served: Served) -> app.GetJwtReadinessResponse:
    return await served.apps.GetJwtReadiness(app.GetJwtReadinessRequest(app_id=APP), metadata=served.admin)


async def test_J7_OBSERVE_lets_every_call_through_and_counts_it(device: Device) -> None:
    served, clock = device.served, device.served.backend.clock
    await mode(served, JwtMode.OBSERVE)
    clock.advance(timedelta(days=1))
    now = clock.now().timestamp()
    tokens = {
        "VALID": [device.token()],
        "MISSING": [],
        "INVALID": ["garbage"],
        "EXPIRED": [device.token(exp=now - 31)],
        "KEY_UNKNOWN": [token({"sub": "ann", "exp": now + 60}, kid="new")],
        "USER_MISMATCH": [device.token("bob")],
        "APP_MISMATCH": [device.token(app_id="rival")],
    }
    for given in tokens.values():
        await device.call("Heartbeat", device.metadata(*given))
    tokens["CUSTOMER_MISMATCH"] = [device.token()]
    await device.call("Register", device.metadata(*tokens["CUSTOMER_MISMATCH"]), linking("c2", "Register"))
    found = await report(served)
    assert found.mode == jwt_pb2.JWT_MODE_OBSERVE
    day = found.days[0]
    assert (day.date.year, day.date.month, day.date.day) == (clock.now().year, clock.now().month, clock.now().day)
    outcomes = {jwt_pb2.JwtOutcome.Name(count.outcome): count.calls for count in day.counts}
    assert outcomes == {f"JWT_OUTCOME_{name}": 1 for name in tokens}
    assert (found.last_7_days.calls, found.last_7_days.refused) == (len(tokens) + 1, len(tokens) - 1)


async def test_J7_calls_are_counted_by_version_of_the_SDK(device: Device) -> None:
    request = ps.RegisterRequest(key=key(), sdk_version="4.2.0")
    await device.call("Register", device.metadata(device.token()), request)
    update = ps.UpdateProfileDataRequest(profile=pb.Profile(key=key(), sdk_version="4.3.0"))
    await device.call("UpdateProfileData", device.metadata(device.token()), update)
    await refused(device.call("Heartbeat", device.metadata()))
    [day] = (await report(device.served)).days
    versions = {count.sdk_version for count in day.counts}
    assert {"4.2.0", "4.3.0"} < versions
    assert any(version.startswith("grpc-python") for version in versions)


async def test_J7_the_number_of_versions_is_bounded(device: Device) -> None:
    await mode(device.served, JwtMode.OBSERVE)
    for number in range(readiness.MAX_VERSIONS + 8):
        request = ps.RegisterRequest(key=key(), sdk_version=f"v{number}")
        await device.call("Register", device.metadata(), request)
        if number % 10 == 0:
            await device.served.backend.services.jwt_tally.flush()
    another = Backend(device.served.backend.store, device.served.backend.clock).services  # as another process counts
    day = device.served.backend.clock.now().date()
    for number in range(8):
        another.jwt.count(APP, JwtOutcome.MISSING, f"w{number}")
    await another.jwt_tally.flush()
    [found] = (await report(device.served)).days
    assert found.date.day == day.day
    by_version = {count.sdk_version: count.calls for count in found.counts}
    assert len(by_version) == readiness.MAX_VERSIONS + 1
    assert sum(by_version.values()) == readiness.MAX_VERSIONS + 8 + 8 + 1


async def test_J7_days_end_after_30(device: Device) -> None:
    clock = device.served.backend.clock
    await report(device.served)
    clock.advance(timedelta(days=29))
    found = await report(device.served)
    assert (len(found.days), found.last_7_days.calls) == (1, 0)
    clock.advance(timedelta(days=1))
    assert not (await report(device.served)).days
    await device.call("Heartbeat", device.metadata(device.token()))
    assert len((await report(device.served)).days) == 1
    stored = await device.served.backend.store.jwt.counts(APP, clock.now().date() - timedelta(days=99))
    assert len(stored) == 1  # the old ones are deleted


async def test_J7_setting_REQUIRE_answers_what_it_would_have_refused(device: Device) -> None:
    served = device.served
    await mode(served, JwtMode.OBSERVE)
    for _ in range(3):
        await device.call("Heartbeat", device.metadata())
    answer = await mode(served, JwtMode.REQUIRE)
    assert (answer.jwt_impact.calls, answer.jwt_impact.refused, answer.jwt_impact.refused_share) == (4, 3, 0.75)
    assert ["75.0%" in text for text in answer.warnings] == [True]
    other = app.UpdateAppRequest(app=app_pb2.App(app_id=APP, display_name="Shop"))
    unrelated = await served.apps.UpdateApp(other, metadata=served.admin)
    assert not unrelated.HasField("jwt_impact")
    assert not unrelated.warnings


async def test_J7_REQUIRE_without_keys_and_without_observing_is_warned_of(served: Served) -> None:
    answer = await mode(served, JwtMode.REQUIRE)
    assert [text.split(":")[0] for text in answer.warnings] == [
        "The app has no key for JWTs",
        "No call was checked in the last 7 days, so nobody knows what REQUIRE refuses",
    ]
    told = await refused(served.profiles.Heartbeat(BEAT, metadata=Device(served).metadata(token({"sub": "ann"}))))
    assert told.reason == "JWT_KEY_UNKNOWN"


async def test_J1_OFF_looks_at_no_token(device: Device) -> None:
    await mode(device.served, JwtMode.OFF)
    await device.call("Heartbeat", device.metadata("garbage", "twice"))
    [day] = (await report(device.served)).days
    assert sum(count.calls for count in day.counts) == 1


async def test_J4_the_settings_are_checked_and_shown(served: Served) -> None:
    leeway, lifetime = timedelta(0), timedelta(hours=1)
    chosen = JwtSettings(JwtMode.OBSERVE, "uid", "client", True, "iss", "aud", leeway, lifetime, "crm")
    await served.backend.set(jwt=chosen)
    shown = (await served.apps.GetApp(app.GetAppRequest(app_id=APP), metadata=served.admin)).app.settings.jwt
    await served.backend.set(jwt=JwtSettings())
    request = app.UpdateAppRequest(app=app_pb2.App(app_id=APP, settings=app_pb2.AppSettings(jwt=shown)))
    await served.apps.UpdateApp(request, metadata=served.admin)
    assert (await served.backend.apps.get(APP)).settings.jwt == chosen
    request.app.settings.jwt.app_claim = "uid"
    told = await refused(served.apps.UpdateApp(request, metadata=served.admin))
    assert told.fields == {"app.settings.jwt.app_claim": "must differ from user_claim"}
    request.app.settings.jwt.customer_claim = "uid"
    told = await refused(served.apps.UpdateApp(request, metadata=served.admin))
    assert told.fields == {
        "app.settings.jwt.app_claim": "must differ from user_claim",
        "app.settings.jwt.customer_claim": "must differ from app_claim",
    }
    request.app.settings.jwt.leeway.seconds = 61
    told = await refused(served.apps.UpdateApp(request, metadata=served.admin))
    assert list(told.fields) == ["app.settings.jwt.leeway"]


async def test_J2_an_apps_keys_and_numbers_end_with_it(device: Device) -> None:
    backend = device.served.backend
    await report(device.served)
    await backend.apps.delete(APP, "acme", force=True)
    assert not await backend.store.jwt.of_app(APP)
    assert not await backend.store.jwt.counts(APP, (backend.clock.now() - timedelta(days=30)).date())
