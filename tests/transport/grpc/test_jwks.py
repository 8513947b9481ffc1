"""JWKS URLs (J2): fetched in the background, in force through an outage, and refreshed when a kid is unknown."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from typing_extensions import override

from appprofile.v1 import app_service_pb2 as app
from profile_grpc.bootstrap.composition import Application
from profile_grpc.config import JwksConfig
from profile_grpc.domain.jwt import JwtMode
from profile_grpc.outbound.addresses import AddressRefused
from profile_grpc.outbound.answers import Answer, RequestFailed
from profile_grpc.service.jwt import sources
from profile_grpc.service.observer import NullObserver
from tests.support.jwt import jwk, jwks, signer, token
from tests.transport.grpc.support import APP, HASHER, Backend, Serve, refused
from tests.transport.grpc.test_jwt import Device, mode

URL = "https://idp.example/jwks"
SEAL_KEYS = {"2026": bytes(range(32))}


class Issuer:
    """What is at the URL."""

    def __init__(self) -> None:
        self.answer: str | bytes | int | Exception = jwks(jwk(kid="one"), jwk("ES256", kid="two"))
        self.fetches = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        assert url == URL
        self.fetches += 1
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, int):
            return Answer(self.answer, b"", 0.1)
        return Answer(200, self.answer.encode() if isinstance(self.answer, str) else self.answer, 0.1)


class Failing(NullObserver):
    """Remembers since when URLs fail."""

    def __init__(self) -> None:
        self.since: list[float] = []

    @override
    def jwks_failing(self, app_id: str, jwt_key_id: str, since: float) -> None:
        self.since.append(since)


class World:
    """A server, its issuer, and a device."""

    def __init__(self, backend: Backend, device: Device, issuer: Issuer, observer: Failing) -> None:
        self.clock = backend.clock
        self.jwks = backend.services.jwks
        self.device = device
        self.issuer = issuer
        self.observer = observer

    async def later(self, by: timedelta) -> None:
        """Time passes, and a process looks at what is due."""
        self.clock.advance(by)
        await self.jwks.look(self.issuer)

    async def call(self, kid: str, algorithm: str = "RS256") -> str:
        """A call with a token of that key; why it was refused, or empty."""
        claims = {"sub": "ann", "exp": self.clock.now().timestamp() + 600}
        metadata = self.device.metadata(token(claims, kid=kid, algorithm=algorithm))
        request = self.device.call("GetSdkConfig", metadata)
        try:
            await request
        except Exception:  # noqa: BLE001 - the next call says why
            return (await refused(self.device.call("GetSdkConfig", metadata))).reason
        return ""

    async def listed(self) -> Any:
        request = app.ListJwtKeysRequest(app_id=APP)
        [found] = (await self.device.served.apps.ListJwtKeys(request, metadata=self.device.served.admin)).keys
        return found


@pytest.fixture
async def world(backend: Backend, serve: Serve) -> World:
    observer = Failing()
    backend.services = Application.over(
        backend.store, backend.clock, HASHER, observer, jwks=JwksConfig(hosts=("idp.example",)), seal_keys=SEAL_KEYS
    )
    backend.directory, backend.apps = backend.services.directory, backend.services.apps
    served = await serve()
    await served.apps.AddJwtKey(app.AddJwtKeyRequest(app_id=APP, jwks_url=URL), metadata=served.admin)
    await mode(served, JwtMode.REQUIRE)
    return World(backend, Device(served), Issuer(), observer)


async def test_J2_a_document_is_fetched_in_the_background(world: World) -> None:
    assert "not fetched yet" in (await world.listed()).problem
    assert await world.call("one") == "JWT_KEY_UNKNOWN"
    assert world.issuer.fetches == 0
    await world.jwks.look(world.issuer)
    assert (await world.call("one"), await world.call("two", "ES256")) == ("", "")
    listed = await world.listed()
    assert ([key.kid for key in listed.keys], listed.problem) == (["one", "two"], "")
    assert listed.HasField("fetch_time")
    await world.later(sources.INTERVAL - timedelta(seconds=1))
    assert world.issuer.fetches == 1
    await world.later(timedelta(seconds=1))
    assert world.issuer.fetches == 2


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (503, "HTTP 503"),
        (302, "HTTP 302"),
        (RequestFailed("no connection"), "no connection"),
        ("{}", "no list of keys"),
        ("<html>", "no JSON object"),
        (b"\xff", "not UTF-8"),
        (b" " * (sources.MAX_DOCUMENT + 1), "more than 1048576 bytes"),
        (jwks({"kty": "oct", "k": "AA"}), "no key for"),
        (jwks(jwk(kid="one", d="AQAB")), "private key"),
    ],
)
async def test_J2_the_last_good_document_stays_in_force_through_an_outage(
    world: World, failure: str | bytes | int | Exception, said: str
) -> None:
    await world.jwks.look(world.issuer)
    world.issuer.answer = failure
    await world.later(sources.INTERVAL)
    since = world.clock.now().timestamp()
    for _ in range(3):
        await world.later(sources.RETRY)
        assert await world.call("one") == ""
    listed = await world.listed()
    assert said in listed.problem
    assert listed.failing_since_time.ToNanoseconds() / 1e9 == since
    assert world.observer.since[-1] == since
    assert world.issuer.fetches == 5
    world.issuer.answer = jwks(jwk(kid="one"))
    await world.later(sources.RETRY)
    await world.jwks.look(world.issuer)
    assert (world.observer.since[-1], (await world.listed()).problem) == (0.0, "")


async def test_J2_a_URL_that_was_removed_is_not_shown_as_failing(world: World) -> None:
    world.issuer.answer = 503
    await world.jwks.look(world.issuer)
    await world.jwks.look(world.issuer)
    assert world.observer.since[-1] > 0
    request = app.RemoveJwtKeyRequest(app_id=APP, jwt_key_id=(await world.listed()).jwt_key_id)
    await world.device.served.apps.RemoveJwtKey(request, metadata=world.device.served.admin)
    await world.jwks.look(world.issuer)
    assert world.observer.since[-1] == 0.0


async def test_J2_a_key_that_the_document_lost_is_refused_after_a_refresh(world: World) -> None:
    await world.jwks.look(world.issuer)
    assert await world.call("one") == ""
    world.issuer.answer = jwks(jwk("ES256", kid="two"))
    await world.later(timedelta(minutes=1))
    assert await world.call("one") == ""  # not known here yet
    await world.later(sources.INTERVAL)
    assert await world.call("one") == "JWT_KEY_UNKNOWN"
    assert await world.call("two", "ES256") == ""


async def test_J2_another_process_reads_a_document_when_it_was_fetched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only then; the apps and keys of every tenant stay in the memory of both."""
    backend = world.device.served.backend
    elsewhere = Backend(backend.store, world.clock)
    elsewhere.keys = backend.keys
    elsewhere.services = Application.over(
        backend.store, world.clock, HASHER, NullObserver(), jwks=JwksConfig(hosts=("idp.example",))
    )
    elsewhere.directory = elsewhere.services.directory
    there = World(elsewhere, Device(await elsewhere.serve()), world.issuer, Failing())
    await world.jwks.look(world.issuer)
    await there.jwks.look(world.issuer)
    assert (await world.call("one"), await there.call("one")) == ("", "")
    await elsewhere.directory.refresh()
    generations = [one.generation for one in (backend.directory, elsewhere.directory)]
    read: list[str] = []
    of_app = backend.store.jwt.of_app

    async def noted(app_id: str) -> Any:
        read.append(app_id)
        return await of_app(app_id)

    monkeypatch.setattr(backend.store.jwt, "of_app", noted)
    for _ in range(3):
        await there.later(timedelta(seconds=5))
        assert await there.call("one") == ""
    assert (read, world.issuer.fetches) == ([], 1)
    world.issuer.answer = jwks(jwk("ES256", kid="two"))
    await world.later(sources.INTERVAL)
    assert await there.call("one") == ""  # it has not looked yet
    await there.jwks.look(world.issuer)
    assert (await there.call("one"), await there.call("two", "ES256")) == ("JWT_KEY_UNKNOWN", "")
    assert (read, world.issuer.fetches) == ([APP], 2)
    await elsewhere.directory.refresh()
    assert generations == [one.generation for one in (backend.directory, elsewhere.directory)]
    await there.device.served.close()


async def test_J2_a_document_that_is_fetched_while_the_keys_are_read_is_not_missed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.jwks.look(world.issuer)
    backend = world.device.served.backend
    of_app, reading, go_on = backend.store.jwt.of_app, asyncio.Event(), asyncio.Event()

    async def slow(app_id: str) -> Any:
        found = await of_app(app_id)
        reading.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(backend.store.jwt, "of_app", slow)
    call = asyncio.create_task(world.call("one"))
    await reading.wait()
    world.issuer.answer = jwks(jwk("ES256", kid="two"))
    await world.later(sources.INTERVAL)
    go_on.set()
    assert await call == ""  # as of when it began
    assert await world.call("one") == "JWT_KEY_UNKNOWN"


async def test_J2_another_tenants_changes_have_no_document_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.jwks.look(world.issuer)
    assert await world.call("one") == ""
    backend = world.device.served.backend

    async def none(_app_id: str) -> Any:
        raise AssertionError

    monkeypatch.setattr(backend.store.jwt, "of_app", none)
    backend.directory.forget()  # as when anything of any tenant changes
    assert await world.call("one") == ""


async def test_J2_no_internal_address_is_shown(world: World) -> None:
    """The name of a tenant's URL may resolve to an address of the operator's network."""
    world.issuer.answer = AddressRefused("10.20.30.40", "it is private")
    await world.jwks.look(world.issuer)
    assert (await world.listed()).problem == "an address of the host is not allowed: it is private"


async def test_J2_an_unknown_kid_asks_for_one_refresh_in_30_seconds(world: World) -> None:
    """However many tokens name unknown keys, and never in the path of a call."""
    await world.jwks.look(world.issuer)
    world.issuer.answer = jwks(jwk(kid="new"))
    world.issuer.gate.clear()
    for number in range(20):
        assert await world.call(f"guess-{number}") == "JWT_KEY_UNKNOWN"
        await world.jwks.look(world.issuer)
    assert world.issuer.fetches == 1  # 30 seconds have not passed since the first
    world.clock.advance(sources.RETRY)
    assert await world.call("new") == "JWT_KEY_UNKNOWN"  # answered at once, although the issuer does not answer
    looking = asyncio.create_task(world.jwks.look(world.issuer))
    assert await world.call("new") == "JWT_KEY_UNKNOWN"
    world.issuer.gate.set()
    await looking
    assert world.issuer.fetches == 2
    assert await world.call("new") == ""
    assert await world.call("guess") == "JWT_KEY_UNKNOWN"
    await world.jwks.look(world.issuer)
    assert world.issuer.fetches == 2


async def test_J2_a_document_is_fetched_again_after_a_clock_was_far_ahead(world: World) -> None:
    world.clock.advance(timedelta(days=365))
    await world.jwks.look(world.issuer)
    assert world.issuer.fetches == 1
    world.clock.advance(timedelta(days=-365))
    world.issuer.answer = jwks(jwk(kid="new"))
    await world.jwks.look(world.issuer)
    assert world.issuer.fetches == 2
    await world.later(sources.RETRY)
    assert world.issuer.fetches == 2, "the time of the attempt is right now"


async def test_J2_the_unknown_kid_of_a_moment_after_a_fetch_is_not_forgotten(world: World) -> None:
    await world.jwks.look(world.issuer)
    world.issuer.answer = jwks(jwk(kid="new"))
    world.clock.advance(timedelta(seconds=1))
    assert await world.call("new") == "JWT_KEY_UNKNOWN"
    await world.jwks.look(world.issuer)
    await world.later(sources.RETRY)  # without another such token
    assert world.issuer.fetches == 2
    assert await world.call("new") == ""
    await world.later(sources.RETRY)
    assert world.issuer.fetches == 2


async def test_J2_many_unknown_kids_ask_the_database_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    urls = world.device.served.backend.store.jwt.urls

    async def counted() -> Any:
        nonlocal reads
        reads += 1
        return await urls()

    await world.jwks.look(world.issuer)
    monkeypatch.setattr(world.device.served.backend.store.jwt, "urls", counted)
    monkeypatch.setattr(sources, "LOOK_INTERVAL", 3600.0)
    running = asyncio.create_task(world.jwks.run(world.issuer))
    for number in range(20):
        assert await world.call(f"guess-{number}") == "JWT_KEY_UNKNOWN"
    running.cancel()
    assert 1 <= reads <= 3  # at the start, because a URL was added, and because of the first of them


async def test_J2_no_document_ends_the_fetching(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a tenant has at its URL: the process would end, and serve nobody."""
    world.issuer.answer = jwks(jwk(kid="odd", alg=[]), jwk(kid="one"))
    await world.jwks.look(world.issuer)
    assert (await world.call("one"), await world.call("odd")) == ("", "JWT_KEY_UNKNOWN")
    world.issuer.answer = RuntimeError("a fault of this program")
    world.clock.advance(sources.INTERVAL)
    looks = asyncio.Semaphore(0)
    look = world.jwks.look

    async def noted(getter: sources.Getter) -> None:
        try:
            await look(getter)
        finally:
            looks.release()

    monkeypatch.setattr(world.jwks, "look", noted)
    running = asyncio.create_task(world.jwks.run(world.issuer))
    await looks.acquire()
    world.jwks.wake()
    await looks.acquire()
    running.cancel()


async def test_J2_a_token_of_known_keys_asks_for_no_refresh(world: World) -> None:
    await world.jwks.look(world.issuer)
    world.clock.advance(sources.RETRY)
    assert await world.call("one", "ES256") == "JWT_INVALID"
    await world.jwks.look(world.issuer)
    assert world.issuer.fetches == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/jwks",
        "http://idp.example/jwks",
        "https://idp.example:8443/jwks",
        "https://idp.example.evil.example/jwks",
        "https://idp.example@evil.example/jwks",
        "https://user:pass@idp.example/jwks",
        "https://169.254.169.254/latest",
        "idp.example/jwks",
    ],
)
async def test_J2_only_hosts_of_the_operators_list_are_fetched(world: World, url: str) -> None:
    served = world.device.served
    told = await refused(served.apps.AddJwtKey(app.AddJwtKeyRequest(app_id=APP, jwks_url=url), metadata=served.admin))
    assert (told.reason, list(told.fields)) == ("INVALID_REQUEST", ["jwks_url"])


async def test_J2_a_shared_secret_is_kept_encrypted(world: World) -> None:
    served, secret = world.device.served, bytes(range(40, 90))
    request = app.AddJwtKeyRequest(app_id=APP, kid="h", shared_secret=secret)
    added = (await served.apps.AddJwtKey(request, metadata=served.admin)).key
    assert [(key.kid, key.fingerprint) for key in added.keys] == [("h", "")]
    stored = next(one for one in await served.backend.store.jwt.of_app(APP) if one.kid == "h")
    assert stored.material.startswith("ring:2026:")
    assert secret.hex() not in stored.material
    claims = {"sub": "ann", "exp": world.clock.now().timestamp() + 600}
    text = token(claims, kid="h", algorithm="HS256", sign=signer("HS256", secret=secret))
    await world.device.call("GetSdkConfig", world.device.metadata(text))
    # A server with another ring refuses these tokens, serves the others, and says which key is missing.
    other = Application.over(served.backend.store, world.clock, HASHER, NullObserver(), seal_keys={"new": bytes(32)})
    [problem] = [one.problem for one in await other.jwt_keys.list(APP) if one.stored.kid == "h"]
    assert "'2026'" in problem
