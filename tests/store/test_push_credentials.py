"""Push credentials as stored, and their encryption, on every engine (K)."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_credentials import CredentialKind, PublicPart, PushCredential, Reminder
from profile_grpc.domain.push_endpoints import ApnsEnvironment
from profile_grpc.domain.settings import App
from profile_grpc.service.directory_ports import Reservation
from profile_grpc.service.ports import Conflict
from profile_grpc.service.resealing import SealedRow, needed_keys, reseal
from profile_grpc.service.vault import Vault, key_id_of, row_of
from profile_grpc.store import SqlStore
from tests.store.support import NOW

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
PLAIN = PushCredential(
    "shop", "c1", "ios", 1, (), (), PublicPart(CredentialKind.APNS_TOKEN_KEY, "f1"), "ring:a:AA==", NOW
)
FULL = PushCredential(
    "shop",
    "c2",
    "ios, München",
    7,
    (Platform.IOS, Platform.WEB),
    ("com.example.shop", "com.example.shop.voip"),
    PublicPart(
        CredentialKind.APNS_CERTIFICATE,
        "f2",
        subject="CN=Shop,UID=com.example.shop",
        topic="com.example.shop",
        environment=ApnsEnvironment.SANDBOX,
        expire_time=NOW + timedelta(days=20),
        key_id="k",
        team_id="t",
        project_id="p",
        public_key="pk",
        site_name="Shop",
        site_url="https://shop.example.com",
        icon_url="https://shop.example.com/i.png",
        icon_names=("icon_16x16.png",),
    ),
    "ring:a:AAAA",
    NOW,
    Reminder(30, NOW - timedelta(days=1), mailed=False),
    revision=3,
)


@pytest.mark.parametrize("credential", [PLAIN, FULL], ids=["plain", "full"])
async def test_K1_a_credential_is_read_as_it_was_stored(store: SqlStore, credential: PushCredential) -> None:
    await store.credentials.add(credential)
    assert await store.credentials.of_app("shop") == [credential]
    assert await store.credentials.of_app("other") == []
    [expiry] = await store.credentials.expiries()
    mail_due = credential.reminder is not None
    assert expiry == ("shop", credential.name, credential.version, credential.public.expire_time, mail_due)


async def test_K1_two_uploads_cannot_get_the_same_version(store: SqlStore) -> None:
    await store.credentials.add(PLAIN)
    for taken in (replace(PLAIN, version=2), replace(PLAIN, credential_id="c9")):
        with pytest.raises(Conflict):
            await store.credentials.add(taken)
    await store.credentials.add(replace(PLAIN, credential_id="c9", app_id="other"))
    racing = [store.credentials.add(replace(PLAIN, credential_id=f"racing{n}", version=2)) for n in range(8)]
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(type(None)) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7


async def test_K1_a_deleted_credential_is_not_found(store: SqlStore) -> None:
    await store.credentials.add(PLAIN)
    assert not await store.credentials.remove("other", "c1")
    assert await store.credentials.remove("shop", "c1")
    assert not await store.credentials.remove("shop", "c1")
    for one in (PLAIN, replace(FULL, app_id="other")):
        await store.credentials.add(one)
    await store.credentials.remove_of_app("shop")
    assert [one.app_id for one in await store.credentials.expiries()] == ["other"]


async def test_K4_a_reminder_and_its_event_are_stored_once(store: SqlStore) -> None:
    """Of two processes one wins, and the other leaves no event."""
    await store.credentials.add(replace(FULL, reminder=None, revision=0))
    [before] = await store.credentials.of_app("shop")
    after = replace(before, reminder=Reminder(30, NOW, mailed=False))
    event = Event(EventType.CREDENTIAL_EXPIRING, "shop", NOW, reason="c2 30")
    outcomes = await asyncio.gather(
        *(store.credentials.change(before, after, [event]) for _ in range(5)), return_exceptions=True
    )
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 4
    assert [one.event.reason for one in await store.events.pending(10)] == ["c2 30"]
    [stored] = await store.credentials.of_app("shop")
    assert stored == replace(after, revision=1)


async def test_K4_the_contacts_of_a_tenant(store: SqlStore) -> None:
    for tenant, email in (("acme", "b@example.com"), ("acme", "a@example.com"), ("globex", "c@example.com")):
        assert await store.contacts.add(tenant, email, NOW)
    assert not await store.contacts.add("acme", "a@example.com", NOW)
    assert await store.contacts.of_tenant("acme") == ["a@example.com", "b@example.com"]
    assert await store.contacts.remove("acme", "a@example.com")
    assert not await store.contacts.remove("acme", "c@example.com")
    assert await store.contacts.of_tenant("acme") == ["b@example.com"]


async def _store_under(store: SqlStore, vault: Vault, number: int, app: str = "shop") -> PushCredential:
    row = row_of("push_credential", app, f"c{number}")
    credential = replace(
        PLAIN,
        app_id=app,
        credential_id=f"c{number}",
        version=number,
        sealed=vault.seal(f"secret {number}".encode(), row),
    )
    await store.credentials.add(credential)
    return credential


async def test_K2_resealing_moves_every_secret_to_the_first_key(store: SqlStore) -> None:
    """Of several apps; repeated, there is nothing left to do."""
    before, ring = Vault({"old": OLD}), Vault({"new": NEW, "old": OLD})
    stored = [await _store_under(store, before, n, app) for n in range(20) for app in ("game", "shop")]
    await _store_under(store, ring, 999)
    done = await reseal(store.sealed, ring)
    assert (done.moved, done.kept, done.changed, done.damaged, done.lost) == (40, 1, 0, 0, {})
    after = Vault({"new": NEW})
    for app in ("game", "shop"):
        for one in await store.credentials.of_app(app):
            expected = f"secret {one.version}".encode()
            assert after.open(one.sealed, row_of("push_credential", app, one.credential_id)) == expected
    again = await reseal(store.sealed, after)
    assert (again.moved, again.kept) == (0, len(stored) + 1)
    assert {key: needed.secrets for key, needed in (await needed_keys(store.sealed, after)).items()} == {"new": 41}


async def test_K2_what_changes_meanwhile_stays_as_it_was_changed(store: SqlStore) -> None:
    vault = Vault({"new": NEW, "old": OLD})
    stored = await _store_under(store, Vault({"old": OLD}), 1)
    seen = SealedRow("push_credential", ("shop", "c1"), "ring:old:AAAA")
    assert not await store.sealed.replace(seen, "ring:new:AAAA")
    assert [one.sealed for one in await store.credentials.of_app("shop")] == [stored.sealed]
    await store.credentials.remove("shop", "c1")
    assert not await store.sealed.replace(seen._replace(sealed=stored.sealed), "ring:new:AAAA")
    assert (await reseal(store.sealed, vault)).moved == 0


async def test_K2_a_lost_key_harms_nothing_else(store: SqlStore) -> None:
    """What is under other keys moves and opens; what is under the lost one stays, and is counted."""
    await _store_under(store, Vault({"lost": OLD}), 1)
    await _store_under(store, Vault({"old": OLD}), 2)
    await _store_under(store, Vault({"other": secrets.token_bytes(32)}), 3)
    ring = Vault({"new": NEW, "old": OLD, "other": OLD})
    done = await reseal(store.sealed, ring)
    assert (done.moved, done.damaged, done.lost) == (1, 1, {"lost": 1})
    keys = {one.version: key_id_of(one.sealed) for one in await store.credentials.of_app("shop")}
    assert keys == {1: "lost", 2: "new", 3: "other"}
    found = await needed_keys(store.sealed, ring)
    assert {key: (n.secrets, n.unreadable) for key, n in found.items()} == {
        "lost": (1, 0),
        "new": (1, 0),
        "other": (1, 1),
    }


async def test_D4_a_deleted_app_leaves_no_credential(store: SqlStore) -> None:
    await store.directory.add_app(App("shop", "acme", NOW, NOW, revision=1))
    await store.credentials.add(PLAIN)
    await store.credentials.add(replace(PLAIN, app_id="other"))
    await store.directory.remove_app(Reservation("shop", "acme", NOW, 2), 1)
    assert [one.app_id for one in await store.credentials.expiries()] == ["other"]
