"""Keys and their reach, the directory's cache, and the use cases of apps and keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import EventType
from profile_grpc.domain.registration import Register
from profile_grpc.domain.settings import SETTINGS_SPREAD, App, AppSettings, KeptGranularity
from profile_grpc.service import apps as apps_module
from profile_grpc.service import credentials
from profile_grpc.service.apps import Apps
from profile_grpc.service.credentials import Caller, NewKey
from profile_grpc.service.directory import Directory, reach_tenant
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.service.observer import NullObserver
from profile_grpc.service.ports import StoreError, StoreUnavailable
from profile_grpc.service.write_queue import WriteQueue
from tests.support.domain import ANN, APP, BOB, HASHER, T0, ManualClock, days, key
from tests.support.limits import wait_s
from tests.support.memory_directory import MemoryDirectory
from tests.support.memory_store import MemoryStore
from tests.support.world import World

ADMIN, PROFILE, BRIDGE, CLIENT = KeyKind.ADMIN, KeyKind.PROFILE, KeyKind.BRIDGE, KeyKind.CLIENT
OTHER = "other"
FOREIGN = "foreign"


class Office:
    """A directory with two apps of one tenant and one of another, and its administration."""

    def __init__(self, anonymous: Caller | None = None) -> None:
        self.store = MemoryDirectory()
        self.clock = ManualClock()
        self.directory = Directory(self.store, HASHER, anonymous=anonymous, now=self.clock.now)
        self.world = World(HASHER)
        self.profiles = profiles = MemoryStore(self.world)
        self.queue = WriteQueue(profiles, self.clock, HASHER, observer=NullObserver())
        self.apps = Apps(self.store, profiles, self.queue, self.directory, self.clock, HASHER)

    async def furnish(self) -> None:
        for app_id, tenant_id in ((APP, "acme"), (OTHER, "acme"), (FOREIGN, "rival")):
            await self.store.add_app(App(app_id, tenant_id, T0, T0, revision=1))

    async def key(self, kind: KeyKind, app_id: str = "", tenant_id: str = "acme") -> str:
        """The text of a new key."""
        _, secret = await self.apps.create_key(NewKey(kind, tenant_id, app_id))
        return secret


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    made = Office()
    await made.furnish()
    made.queue.start()
    yield made
    await made.queue.close()


async def refusal(directory: Directory, presented: str | None) -> Reason:
    with pytest.raises(Refused) as caught:
        await directory.authenticate(presented)
    return caught.value.reason


# --- keys ---


@pytest.mark.parametrize("kind", KeyKind)
async def test_a_key_names_its_kind_its_tenant_and_its_app(office: Office, kind: KeyKind) -> None:
    app_id = APP if kind in {BRIDGE, CLIENT} else ""
    secret = await office.key(kind, app_id)
    assert await office.directory.authenticate(secret) == Caller(kind, "acme", app_id)


async def test_the_stored_hash_of_a_key_is_no_valid_key(office: Office) -> None:
    stored, secret = await office.apps.create_key(NewKey(ADMIN, "acme", ""))
    assert secret.startswith(f"apk_{stored.key_id}_")
    assert secret[17:] not in repr(stored)
    assert await refusal(office.directory, f"apk_{stored.key_id}_{stored.secret_hash}") is Reason.CREDENTIAL_INVALID


async def test_a_key_ends_by_itself(office: Office) -> None:
    """Also one that is known already, within a refresh: where known callers are looked up, nobody asks for the time."""
    order = NewKey(ADMIN, "acme", expire_time=T0 + timedelta(hours=1))
    stored, secret = await office.apps.create_key(order)
    assert (stored.label, stored.expire_time) == ("", T0 + timedelta(hours=1))
    assert await office.directory.authenticate(secret) == office.directory.known_caller(secret)
    office.clock.set(T0 + timedelta(hours=1))
    await office.directory.refresh()
    assert office.directory.known_caller(secret) is None
    assert await refusal(office.directory, secret) is Reason.CREDENTIAL_INVALID


async def test_a_key_that_would_have_ended_is_not_made(office: Office) -> None:
    with pytest.raises(Refused) as caught:
        await office.apps.create_key(NewKey(ADMIN, "acme", expire_time=T0))
    assert caught.value.reason is Reason.INVALID_REQUEST


async def test_the_day_of_the_last_use_is_written_once_a_day_and_not_by_calls(office: Office) -> None:
    stored, secret = await office.apps.create_key(NewKey(ADMIN, "acme"))
    writes: list[list[str]] = []
    write = office.store.keys_used

    async def count(key_ids: Sequence[str], day: date) -> None:
        writes.append(list(key_ids))
        await write(key_ids, day)

    office.store.keys_used = count  # type: ignore[method-assign]

    async def last_used() -> date | None:
        found = await office.store.key(stored.key_id)
        assert found is not None
        return found.last_used_day

    for _ in range(3):
        await office.directory.authenticate(secret)
    assert (writes, await last_used()) == ([], None)
    for _ in range(3):
        await office.directory.refresh()
        office.directory.forget()
        await office.directory.authenticate(secret)
    assert (writes, await last_used()) == ([[stored.key_id]], T0.date())
    office.clock.set(T0 + timedelta(days=1))
    await office.directory.refresh()  # the next day's first call is read again
    assert office.directory.known_caller(secret) is None
    await office.directory.authenticate(secret)
    await office.directory.refresh()
    assert (len(writes), await last_used()) == (2, T0.date() + timedelta(days=1))


async def test_a_day_of_use_that_cannot_be_written_is_written_later(office: Office) -> None:
    stored, secret = await office.apps.create_key(NewKey(ADMIN, "acme"))
    write = office.store.keys_used

    async def fail(key_ids: Sequence[str], day: date) -> None:
        raise StoreUnavailable

    await office.directory.authenticate(secret)
    office.store.keys_used = fail  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await office.directory.refresh()
    office.store.keys_used = write  # type: ignore[method-assign]
    await office.directory.refresh()
    found = await office.store.key(stored.key_id)
    assert found is not None
    assert found.last_used_day == T0.date()


@pytest.mark.parametrize("presented", [None, ""])
async def test_no_key_is_no_credential(office: Office, presented: str | None) -> None:
    assert await refusal(office.directory, presented) is Reason.CREDENTIAL_MISSING


@pytest.mark.parametrize("spoil", [str.upper, str.lower, "{} ".format, "{}\n".format, "x{}".format, lambda k: k[:-1]])
async def test_a_spoiled_key_is_invalid(office: Office, spoil: type[str]) -> None:
    secret = await office.key(ADMIN)
    assert await refusal(office.directory, spoil(secret)) is Reason.CREDENTIAL_INVALID


async def test_the_id_of_one_key_with_the_secret_of_another_is_invalid(office: Office) -> None:
    one, other = await office.key(ADMIN), await office.key(ADMIN)
    assert await refusal(office.directory, one[:17] + other[17:]) is Reason.CREDENTIAL_INVALID


async def test_unknown_malformed_and_revoked_keys_look_the_same(office: Office) -> None:
    stored, secret = await office.apps.create_key(NewKey(ADMIN, "acme", ""))
    await office.apps.revoke_key(stored.key_id, "acme")
    unknown = f"apk_{'a' * 12}_{'b' * 43}"
    texts = set()
    for presented in (secret, unknown, "nonsense"):
        with pytest.raises(Refused) as caught:
            await office.directory.authenticate(presented)
        texts.add((caught.value.reason, caught.value.message, *caught.value.metadata.items()))
    assert len(texts) == 1


async def test_two_keys_may_be_valid_at_a_time(office: Office) -> None:
    old, new = await office.key(ADMIN), await office.key(ADMIN)
    assert await office.directory.authenticate(old) == await office.directory.authenticate(new)


async def test_anonymous_callers_are_let_in_where_they_are_wanted() -> None:
    anonymous = Caller(ADMIN, "demo")
    office = Office(anonymous)
    assert await office.directory.authenticate(None) == anonymous
    assert await refusal(office.directory, "nonsense") is Reason.CREDENTIAL_INVALID


# --- reach ---


@pytest.mark.parametrize(
    ("caller", "app_id", "refused"),
    [
        (Caller(ADMIN, "acme"), APP, None),
        (Caller(ADMIN, "acme"), OTHER, None),
        (Caller(ADMIN, "acme"), FOREIGN, Reason.APP_NOT_ALLOWED),
        (Caller(ADMIN, "acme"), "missing", Reason.APP_NOT_FOUND),
        (Caller(PROFILE, "acme"), APP, None),
        (Caller(PROFILE, "acme"), FOREIGN, Reason.APP_NOT_ALLOWED),
        (Caller(PROFILE, "acme"), "missing", Reason.APP_NOT_ALLOWED),
        (Caller(BRIDGE, "acme", APP), APP, None),
        (Caller(BRIDGE, "acme", APP), OTHER, Reason.APP_NOT_ALLOWED),
        (Caller(BRIDGE, "acme", APP), "missing", Reason.APP_NOT_ALLOWED),
        (Caller(CLIENT, "acme", APP), APP, None),
        (Caller(CLIENT, "acme", APP), OTHER, Reason.APP_NOT_ALLOWED),
        (Caller(CLIENT, "acme", APP), FOREIGN, Reason.APP_NOT_ALLOWED),
        (Caller(CLIENT, "rival", APP), APP, Reason.APP_NOT_ALLOWED),
    ],
)
async def test_what_each_kind_of_key_reaches(
    office: Office, caller: Caller, app_id: str, refused: Reason | None
) -> None:
    if refused is None:
        assert (await office.directory.reach(caller, app_id)).app_id == app_id
        return
    with pytest.raises(Refused) as caught:
        await office.directory.reach(caller, app_id)
    assert caught.value.reason is refused
    assert caught.value.metadata == {"app_id": app_id}


async def test_to_all_but_admins_a_missing_and_a_foreign_app_look_the_same(office: Office) -> None:
    said = set()
    for app_id in ("missing", FOREIGN):
        with pytest.raises(Refused) as caught:
            await office.directory.reach(Caller(PROFILE, "acme"), app_id)
        said.add((caught.value.reason, caught.value.message.replace(app_id, "?")))
    assert len(said) == 1


@pytest.mark.parametrize(("asked", "allowed"), [("", True), ("acme", True), ("rival", False)])
def test_a_caller_acts_for_its_own_tenant(asked: str, allowed: bool) -> None:
    caller = Caller(ADMIN, "acme")
    if allowed:
        reach_tenant(caller, asked)
        return
    with pytest.raises(Refused) as caught:
        reach_tenant(caller, asked)
    assert caught.value.reason is Reason.TENANT_NOT_ALLOWED


# --- memory ---


async def test_apps_and_keys_are_read_once(office: Office) -> None:
    secret = await office.key(ADMIN)
    for _ in range(3):
        await office.directory.reach(await office.directory.authenticate(secret), APP)
    assert office.store.reads == 2
    assert office.directory.known_caller(secret) == Caller(ADMIN, "acme")
    assert office.directory.known_caller("unknown") is office.directory.known_caller(None) is None


async def test_a_missing_app_is_not_cached(office: Office) -> None:
    caller = Caller(ADMIN, "acme")
    with pytest.raises(Refused):
        await office.directory.reach(caller, "new")
    await office.store.add_app(App("new", "acme", T0, T0))
    assert (await office.directory.reach(caller, "new")).app_id == "new"


async def test_a_key_revoked_by_another_process_ends_with_the_next_refresh(office: Office) -> None:
    stored, secret = await office.apps.create_key(NewKey(ADMIN, "acme", ""))
    await office.directory.authenticate(secret)
    await office.directory.refresh()
    await office.directory.authenticate(secret)
    await office.store.revoke_key(stored.key_id, T0)
    await office.directory.refresh()
    assert await refusal(office.directory, secret) is Reason.CREDENTIAL_INVALID
    assert office.directory.known_caller(secret) is None


async def test_a_key_revoked_here_ends_at_once(office: Office) -> None:
    stored, secret = await office.apps.create_key(NewKey(ADMIN, "acme", ""))
    await office.directory.authenticate(secret)
    revoked = await office.apps.revoke_key(stored.key_id, "acme")
    assert revoked.revoke_time == T0
    assert await refusal(office.directory, secret) is Reason.CREDENTIAL_INVALID


async def test_a_refresh_without_a_change_forgets_nothing(office: Office) -> None:
    secret = await office.key(ADMIN)
    await office.directory.refresh()
    await office.directory.authenticate(secret)
    await office.directory.refresh()
    assert office.directory.known_caller(secret) is not None


async def test_a_key_read_before_a_revocation_is_not_remembered_after_it(office: Office) -> None:
    """The look-up was on its way when the directory was refreshed."""
    stored, secret = await office.apps.create_key(NewKey(ADMIN, "acme", ""))
    await office.directory.refresh()
    read = office.store.key

    async def slow(key_id: str) -> object:
        found = await read(key_id)
        await office.store.revoke_key(stored.key_id, T0)
        await office.directory.refresh()
        return found

    office.store.key = slow  # type: ignore[method-assign, assignment]
    await office.directory.authenticate(secret)
    assert office.directory.known_caller(secret) is None


async def test_known_keys_work_through_an_outage(office: Office) -> None:
    secret, unknown = await office.key(ADMIN), await office.key(ADMIN)
    await office.directory.refresh()
    caller = await office.directory.authenticate(secret)
    await office.directory.reach(caller, APP)
    office.store.down = True
    with pytest.raises(StoreUnavailable):
        await office.directory.refresh()
    assert (await office.directory.reach(await office.directory.authenticate(secret), APP)).app_id == APP
    with pytest.raises(StoreUnavailable):
        await office.directory.authenticate(unknown)


async def test_the_directory_looks_for_changes_again_after_an_outage(office: Office) -> None:
    looked = asyncio.Event()
    version = office.store.version
    outages = iter([StoreUnavailable("gone"), StoreError("of any other kind")])

    async def counted() -> int:
        for outage in outages:
            raise outage
        looked.set()
        return await version()

    office.store.version = counted  # type: ignore[method-assign]
    running = asyncio.create_task(office.directory.run(interval=0))
    async with asyncio.timeout(wait_s()):
        await looked.wait()
    running.cancel()


# --- apps ---


async def test_settings_are_checked_and_changes_are_in_force_at_once(office: Office) -> None:
    caller = Caller(ADMIN, "acme")
    before = await office.directory.reach(caller, APP)
    office.clock.advance(days(1))
    after = await office.apps.change(APP, lambda _: ("Shop", AppSettings(inactivity_period=days(20))), before.etag)
    assert await office.directory.reach(caller, APP) == after
    assert (after.create_time, after.update_time) == (T0, T0 + days(1))
    assert after.etag != before.etag
    with pytest.raises(Refused) as caught:
        await office.apps.change(APP, lambda _: ("Shop", AppSettings(inactivity_period=days(1))))
    assert caught.value.reason is Reason.INVALID_SETTINGS


async def test_H3_P1_an_update_remembers_the_granularity_that_it_lowers(office: Office) -> None:
    app = await office.apps.get(APP)
    lowered = replace(app.settings, heartbeat_granularity=timedelta(0))
    stored = await office.apps.change(APP, lambda _: (app.display_name, lowered))
    assert stored.settings.kept_granularity == KeptGranularity(timedelta(hours=1), T0 + SETTINGS_SPREAD)
    again = await office.apps.change(APP, lambda _: ("Shop", lowered))
    assert again.settings.kept_granularity == stored.settings.kept_granularity, "the next update does not forget it"


async def test_an_app_that_has_changed_is_not_overwritten(office: Office) -> None:
    before = await office.apps.get(APP)
    await office.apps.change(APP, lambda _: ("one", before.settings))
    with pytest.raises(Refused) as caught:
        await office.apps.change(APP, lambda _: ("two", before.settings), before.etag)
    assert caught.value.reason is Reason.ETAG_MISMATCH


async def test_an_update_without_an_etag_applies_to_the_latest_app(office: Office) -> None:
    before = await office.apps.get(APP)
    read, meanwhile = office.store.app, ["theirs"]

    async def read_before_another_update(app_id: str) -> App | None:
        found = await read(app_id)
        if found is not None and meanwhile:
            theirs = meanwhile.pop()
            await office.apps.change(app_id, lambda app: (theirs, app.settings))
        return found

    office.store.app = read_before_another_update  # type: ignore[method-assign]
    after = await office.apps.change(APP, lambda app: (f"{app.display_name} and ours", app.settings))
    assert after.display_name == "theirs and ours"
    with pytest.raises(Refused) as caught:
        await office.apps.change(APP, lambda app: ("late", app.settings), before.etag)
    assert caught.value.reason is Reason.ETAG_MISMATCH


async def test_an_etag_holds_also_beside_another_writer(office: Office) -> None:
    """An update does not take place if the app changes after it was read."""
    before, read = await office.apps.get(APP), office.store.app

    async def read_before_another_update(app_id: str) -> App | None:
        found = await read(app_id)
        office.store.app = read  # type: ignore[method-assign]
        await office.apps.change(app_id, lambda app: ("theirs", app.settings))
        return found

    office.store.app = read_before_another_update  # type: ignore[method-assign]
    with pytest.raises(Refused) as caught:
        await office.apps.change(APP, lambda app: ("ours", app.settings), before.etag)
    assert caught.value.reason is Reason.ETAG_MISMATCH
    assert (await office.apps.get(APP)).display_name == "theirs"


async def test_an_app_id_is_taken_once(office: Office) -> None:
    await office.apps.create("new", "acme", "New", AppSettings())
    with pytest.raises(Refused) as caught:
        await office.apps.create("new", "rival", "New", AppSettings())
    assert caught.value.reason is Reason.APP_ALREADY_EXISTS


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_apps_are_listed_in_pages(office: Office, size: int) -> None:
    first, token = await office.apps.list("acme", size, "")
    rest, end = await office.apps.list("acme", size, token) if token else ([], "")
    assert [app.app_id for app in (*first, *rest)] == [APP, OTHER]
    assert end == ""


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[object]]], None]:
    """`meanwhile(happens)`: what happens while a deletion waits until every process knows of it."""

    def happens(what: Callable[[], Awaitable[object]]) -> None:
        monkeypatch.setattr(apps_module, "wait_for_other_processes", what)

    return happens


Meanwhile = Callable[[Callable[[], Awaitable[object]]], None]


async def delete(office: Office, monkeypatch: pytest.MonkeyPatch, app_id: str = APP) -> None:
    monkeypatch.setattr(apps_module, "STALENESS", 0)
    await office.apps.delete(app_id, "acme", force=True)


async def test_D4_an_app_that_is_created_again_inherits_no_profiles(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered by a call that outlasted the deletion."""
    await delete(office, monkeypatch)
    await office.queue.submit(Register(ANN), AppSettings())
    await office.apps.create(APP, "acme", "", AppSettings())
    assert ANN not in office.world.profiles
    assert (await office.directory.reach(Caller(PROFILE, "acme"), APP)).app_id == APP


async def test_D4_the_id_of_a_deleted_app_is_taken_to_every_other_tenant(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await delete(office, monkeypatch)
    with pytest.raises(Refused) as caught:
        await office.apps.create(APP, "rival", "", AppSettings())
    assert caught.value.reason is Reason.APP_ALREADY_EXISTS
    assert "acme" not in str(caught.value)
    await office.apps.create(APP, "acme", "", AppSettings())


async def test_D4_an_id_with_kept_data_cannot_be_created(office: Office) -> None:
    """Of an app that a program deleted which reserved nothing: nobody knows whose it was."""
    office.store.traces.add("old")
    with pytest.raises(Refused) as caught:
        await office.apps.create("old", "acme", "", AppSettings())
    assert caught.value.reason is Reason.APP_ALREADY_EXISTS


STEPS = ("reservation", "app", "leaves_traces", "add_app", "reserve_app", "change_app", "list")


@pytest.mark.parametrize("anew", [False, True], ids=["new", "deleted before"])
@pytest.mark.parametrize("step", STEPS)
async def test_D4_a_creation_that_loses_a_race_deletes_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str, *, anew: bool
) -> None:
    """Whichever step it is stopped before while another process creates the app."""
    if anew:
        await delete(office, monkeypatch)
        await office.queue.submit(Register(BOB), AppSettings())
    app_id = APP if anew else "fresh"
    ann = key(app=app_id)
    waiting, go_on = asyncio.Event(), asyncio.Event()
    owner: Any = office.profiles if step == "list" else office.store
    taken = getattr(owner, step)

    async def stalls(*arguments: object) -> object:
        if not waiting.is_set():
            waiting.set()
            await go_on.wait()
        return await taken(*arguments)

    setattr(owner, step, stalls)
    slow = asyncio.create_task(office.apps.create(app_id, "acme", "slow", AppSettings()))
    reached = asyncio.create_task(waiting.wait())
    await asyncio.wait([slow, reached], return_when=asyncio.FIRST_COMPLETED)
    if slow.done():
        assert step in {"reserve_app", "change_app", "list"} if not anew else {"add_app", "app", "leaves_traces"}
        reached.cancel()
        return  # such a creation does not come by this step
    await office.apps.create(app_id, "acme", "quick", AppSettings())
    await office.queue.submit(Register(ann), AppSettings())
    go_on.set()
    with pytest.raises(Refused) as caught:
        await slow
    assert caught.value.reason is Reason.APP_ALREADY_EXISTS
    assert list(office.world.profiles) == [ann]
    assert (await office.apps.get(app_id)).display_name == "quick"


async def test_D4_a_suspended_deletion_deletes_nothing_of_the_next_app(office: Office, meanwhile: Meanwhile) -> None:
    """Another one completes it meanwhile, and the tenant creates the app anew."""
    once = [True]

    async def another() -> None:
        if once.pop() if once else False:
            await office.apps.delete(APP, "acme", force=True)
            await office.apps.create(APP, "acme", "", AppSettings())
            await office.queue.submit(Register(ANN), AppSettings())

    meanwhile(another)
    with pytest.raises(Refused) as caught:
        await office.apps.delete(APP, "acme", force=True)
    assert caught.value.reason is Reason.ETAG_MISMATCH
    assert list(office.world.profiles) == [ANN]
    await office.apps.get(APP)


async def test_D3_a_forced_deletion_takes_the_profiles_along(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps_module, "STALENESS", 0)
    for one in (ANN, BOB, key(app=OTHER)):
        await office.queue.submit(Register(one), AppSettings())
    with pytest.raises(Refused) as caught:
        await office.apps.delete(APP, "acme", force=False)
    assert caught.value.reason is Reason.APP_NOT_EMPTY
    await office.apps.delete(APP, "acme", force=True)
    assert list(office.world.profiles) == [key(app=OTHER)]
    assert sum(e.type is EventType.PROFILE_DELETED for e in office.world.events) == 2
    with pytest.raises(Refused) as caught:
        await office.apps.get(APP)
    assert caught.value.reason is Reason.APP_NOT_FOUND


async def test_D3_a_profile_registered_during_an_unforced_deletion_keeps_the_app(
    office: Office, meanwhile: Meanwhile
) -> None:
    """By a process that did not know yet: nothing is erased unasked, and the app is open again."""
    meanwhile(lambda: office.queue.submit(Register(ANN), AppSettings()))
    with pytest.raises(Refused) as caught:
        await office.apps.delete(APP, "acme", force=False)
    assert caught.value.reason is Reason.APP_NOT_EMPTY
    assert list(office.world.profiles) == [ANN]
    assert (await office.directory.reach(Caller(PROFILE, "acme"), APP)).app_id == APP


async def test_D3_a_profile_registered_during_a_forced_deletion_goes_as_well(
    office: Office, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: office.queue.submit(Register(ANN), AppSettings()))
    await office.apps.delete(APP, "acme", force=True)
    assert not office.world.profiles
    assert office.world.tombstone(ANN)


async def test_an_unforced_deletion_does_not_reopen_an_app_that_is_being_deleted(
    office: Office, meanwhile: Meanwhile
) -> None:
    async def forced_by_another() -> None:
        app = await office.store.app(APP)
        assert app
        await office.store.change_app(replace(app, revision=99), app.revision)
        await office.queue.submit(Register(ANN), AppSettings())

    meanwhile(forced_by_another)
    with pytest.raises(Refused) as caught:
        await office.apps.delete(APP, "acme", force=False)
    assert caught.value.reason is Reason.ETAG_MISMATCH
    with pytest.raises(Refused):
        await office.apps.get(APP)


async def test_a_caller_that_goes_away_does_not_leave_the_app_closed(office: Office, meanwhile: Meanwhile) -> None:
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await go_on.wait()

    meanwhile(wait)
    caller = asyncio.create_task(office.apps.delete(APP, "acme", force=False))
    await waiting.wait()
    [deletion] = office.apps._deletions
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await deletion
    assert await office.store.app(APP) is None


async def test_only_its_tenant_deletes_an_app(office: Office) -> None:
    with pytest.raises(Refused) as caught:
        await office.apps.delete(FOREIGN, "acme", force=True)
    assert caught.value.reason is Reason.APP_NOT_ALLOWED
    assert await office.store.app(FOREIGN)


async def test_an_app_that_is_being_deleted_is_out_of_reach(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps_module, "STALENESS", 0)
    app = await office.apps.get(APP)
    await office.store.change_app(
        App(APP, "acme", T0, T0, settings=app.settings, deleting=True, revision=2), app.revision
    )
    with pytest.raises(Refused) as caught:
        await office.directory.reach(Caller(PROFILE, "acme"), APP)
    assert caught.value.reason is Reason.APP_NOT_ALLOWED
    assert [one.app_id for one in (await office.apps.list("acme", 0, ""))[0]] == [OTHER]
    await office.apps.delete(APP, "acme", force=False)  # what was interrupted is completed
    assert await office.store.app(APP) is None


async def test_a_key_of_another_tenant_cannot_be_revoked(office: Office) -> None:
    stored, _ = await office.apps.create_key(NewKey(ADMIN, "rival", ""))
    for key_id in (stored.key_id, "missing"):
        with pytest.raises(Refused) as caught:
            await office.apps.revoke_key(key_id, "acme")
        assert caught.value.reason is Reason.KEY_NOT_FOUND


def test_keys_are_random_and_have_one_form() -> None:
    issued = [credentials.issue(NewKey(CLIENT, "acme", APP), HASHER, T0) for _ in range(20)]
    assert len({secret for _, secret in issued}) == len({stored.key_id for stored, _ in issued}) == 20
    for stored, secret in issued:
        parsed = credentials.parse(secret)
        assert parsed
        assert parsed[0] == stored.key_id
        assert HASHER.same_secret(parsed[1], stored.secret_hash)


async def test_a_foreign_app_and_a_missing_one_take_the_same_path(office: Office) -> None:
    """Else the time that a refusal takes would tell whether there is such an app."""
    await office.directory.reach(Caller(PROFILE, "rival"), FOREIGN)  # which is known here by now
    for kind, app_id in ((PROFILE, ""), (CLIENT, APP), (BRIDGE, APP)):
        caller, reads = Caller(kind, "acme", app_id), []
        for asked in (FOREIGN, "missing", FOREIGN, "missing"):
            before = office.store.reads
            with pytest.raises(Refused) as caught:
                await office.directory.reach(caller, asked)
            assert caught.value.reason is Reason.APP_NOT_ALLOWED
            reads.append(office.store.reads - before)
        assert len(set(reads)) == 1


async def test_many_apps_are_looked_up_together(office: Office) -> None:
    caller = Caller(PROFILE, "acme")
    asked = [APP, FOREIGN, *(f"missing-{n}" for n in range(1000))]
    reached = await office.directory.reach_each(caller, asked)
    assert office.store.reads == 1
    assert [app_id for app_id, app in reached.items() if isinstance(app, App)] == [APP]
    assert reached.keys() == set(asked)
