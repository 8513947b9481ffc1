"""Reminders that push credentials expire, on every engine: each exactly once (K4)."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from profile_grpc.domain.push_credentials import REMINDER_DAYS, CredentialKind, PublicPart, PushCredential
from profile_grpc.domain.settings import App
from profile_grpc.outbound.mail import Mail, MailRefused
from profile_grpc.service.lease import LeaseLost
from profile_grpc.service.push_credentials import reminders
from profile_grpc.service.push_credentials.reminders import Reminders
from profile_grpc.store import SqlStore
from profile_grpc.telemetry.logs import redact
from tests.store.support import NOW
from tests.support.domain import ManualClock

EXPIRY = NOW + timedelta(days=40)
CERTIFICATE = PushCredential(
    "shop",
    "c1",
    "ios",
    1,
    (),
    (),
    PublicPart(CredentialKind.APNS_CERTIFICATE, "f1", topic="com.example.shop", expire_time=EXPIRY),
    "ring:a:secret-part",
    NOW,
)


class Post:
    """A mail server that remembers what it took."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.down = False
        self.may_send = asyncio.Event()
        self.may_send.set()
        self.attempts = 0
        self.attempted = asyncio.Semaphore(0)
        self.most = 0
        """The largest number of attempts at a time."""
        self._now = 0

    async def send(self, mail: Mail) -> None:
        self.attempts += 1
        self.attempted.release()
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await self.may_send.wait()
            await asyncio.sleep(0)
        finally:
            self._now -= 1
        if self.down:
            raise MailRefused("SMTPConnectError")
        self.sent.append(mail)


class Fleet:
    """Processes on one store, with one clock and one mail server."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.clock = ManualClock(NOW)
        self.post = Post()

    def process(self, *, mails: bool = True) -> Reminders:
        store = self.store
        post = self.post if mails else None
        return Reminders(store.credentials, store.contacts, store.directory, store.leases, self.clock, post)

    async def left(self) -> list[str]:
        """The reasons of the events, in the order of their times."""
        found = await self.store.events.pending(1000)
        assert {one.event.type.name for one in found} <= {"CREDENTIAL_EXPIRING"}
        return [one.event.reason for one in sorted(found, key=lambda one: one.event.time)]


@pytest.fixture
async def fleet(store: SqlStore) -> Fleet:
    await store.directory.add_app(App("shop", "acme", NOW, NOW, revision=1))
    await store.contacts.add("acme", "ops@example.com", NOW)
    await store.contacts.add("acme", "cto@example.com", NOW)
    return Fleet(store)


async def test_K4_two_processes_that_restart_leave_each_reminder_once(fleet: Fleet) -> None:
    """Hour by hour over 50 days, with a process of each pair that is new now and then."""
    await fleet.store.credentials.add(CERTIFICATE)
    pair = [fleet.process(), fleet.process()]
    for step in range(50 * 4):
        if step % 7 == 0:
            pair[step % 2] = fleet.process()
        outcomes = await asyncio.gather(*(one.run_pass() for one in pair), return_exceptions=True)
        assert {type(one) for one in outcomes} <= {type(None), LeaseLost}
        fleet.clock.advance(timedelta(hours=6))
    assert await fleet.left() == [f"c1 {days}" for days in REMINDER_DAYS]
    assert Counter(mail.identity for mail in fleet.post.sent) == {
        f"c1.{int(EXPIRY.timestamp())}.{days}": 1 for days in REMINDER_DAYS
    }
    assert all(list(mail.recipients) == ["cto@example.com", "ops@example.com"] for mail in fleet.post.sent)


async def test_K4_the_mail_says_what_to_do_and_nothing_private(fleet: Fleet) -> None:
    await fleet.store.credentials.add(CERTIFICATE)
    fleet.clock.set(EXPIRY - timedelta(days=6, hours=12))
    with structlog.testing.capture_logs() as logs:
        await fleet.process().run_pass()
    assert [(one["app_id"], one["name"], one["version"]) for one in logs] == [("shop", "ios", 1)]
    assert all(redact(None, "", dict(one)) == one for one in logs)  # an operator can tell which one it is
    [mail] = fleet.post.sent
    assert mail.subject == "APNs certificate of app shop expires in 7 days: ios"
    for text in ("com.example.shop", "c1", "f1", f"{EXPIRY:%Y-%m-%d %H:%M} UTC", "Upload a new one"):
        assert text in mail.text
    assert "secret-part" not in f"{mail}"
    fleet.clock.set(EXPIRY + timedelta(days=8))
    await fleet.process().run_pass()
    assert fleet.post.sent[-1].subject == "APNs certificate of app shop has expired: ios"


async def test_K4_after_a_pause_one_reminder_comes_and_not_a_burst(fleet: Fleet) -> None:
    await fleet.store.credentials.add(CERTIFICATE)
    for moment in (timedelta(days=11), timedelta(days=38, hours=1), timedelta(days=90)):
        fleet.clock.set(NOW + moment)
        await fleet.process().run_pass()
        await fleet.process().run_pass()
    assert await fleet.left() == ["c1 30", "c1 2", "c1 -7"]
    assert len(fleet.post.sent) == 3


async def test_K4_a_valid_one_ends_the_reminders(fleet: Fleet) -> None:
    await fleet.store.credentials.add(CERTIFICATE)
    fleet.clock.set(EXPIRY - timedelta(days=20))
    await fleet.process().run_pass()
    token_key = PublicPart(CredentialKind.APNS_TOKEN_KEY, "f2")
    await fleet.store.credentials.add(replace(CERTIFICATE, credential_id="c2", version=2, public=token_key))
    for days in range(-10, 10):
        fleet.clock.set(EXPIRY + timedelta(days=days))
        await fleet.process().run_pass()
    assert await fleet.left() == ["c1 30"]


async def test_K4_a_mail_waits_while_the_mail_server_is_down(fleet: Fleet) -> None:
    """And only the latest one does."""
    await fleet.store.credentials.add(CERTIFICATE)
    fleet.post.down = True
    for days in (29, 14, 14):
        fleet.clock.set(EXPIRY - timedelta(days=days))
        await fleet.process().run_pass()
    assert await fleet.left() == ["c1 30", "c1 15"]
    fleet.post.down = False
    for _ in range(3):
        await fleet.process().run_pass()
    assert [mail.identity.rpartition(".")[2] for mail in fleet.post.sent] == ["15"]


async def several(fleet: Fleet, number: int) -> None:
    """So many certificates of one name each, all of which are about to expire."""
    for n in range(number):
        await fleet.store.credentials.add(replace(CERTIFICATE, credential_id=f"c{n}", name=f"ios {n}"))
    fleet.clock.set(EXPIRY - timedelta(days=29))


async def test_K4_a_slow_mail_server_holds_up_no_event_and_no_other_mail(fleet: Fleet) -> None:
    await several(fleet, 3 * reminders.MAILS_AT_ONCE)
    fleet.post.may_send.clear()
    running = asyncio.create_task(fleet.process().run_pass())
    for _ in range(reminders.MAILS_AT_ONCE):
        await fleet.post.attempted.acquire()
    assert len(await fleet.left()) == 3 * reminders.MAILS_AT_ONCE  # every event is there already
    fleet.post.may_send.set()
    await running
    assert len({mail.identity for mail in fleet.post.sent}) == len(fleet.post.sent) == 3 * reminders.MAILS_AT_ONCE
    assert fleet.post.most == reminders.MAILS_AT_ONCE  # they are bounded


async def test_K4_a_pass_ends_although_the_mail_server_is_slow(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next pass goes on with the e-mails that were not tried."""
    monkeypatch.setattr(reminders, "SENDING", 0.0)  # over before the first
    await several(fleet, 4)
    process = fleet.process()
    await process.run_pass()
    assert (len(await fleet.left()), fleet.post.attempts) == (4, 0)
    monkeypatch.setattr(reminders, "SENDING", 60.0)
    monkeypatch.setattr(reminders, "MAILS_AT_ONCE", 1)
    fleet.post.down = True
    await process.run_pass()
    await fleet.store.credentials.add(replace(CERTIFICATE, credential_id="new", name="new"))
    fleet.post.down = False
    await process.run_pass()
    assert fleet.post.sent[0].identity.startswith("new.")  # those that failed before come after it
    assert len(fleet.post.sent) == 5


async def test_K4_a_mail_that_waits_is_not_sent_once_a_valid_one_has_replaced_the_credential(fleet: Fleet) -> None:
    await fleet.store.credentials.add(CERTIFICATE)
    fleet.post.down = True
    fleet.clock.set(EXPIRY - timedelta(days=7))
    await fleet.process().run_pass()
    renewed = replace(CERTIFICATE.public, fingerprint="f2", expire_time=EXPIRY + timedelta(days=365))
    await fleet.store.credentials.add(replace(CERTIFICATE, credential_id="c2", version=2, public=renewed))
    fleet.post.down = False
    await fleet.process().run_pass()
    assert not fleet.post.sent
    assert not any(one.mail_due for one in await fleet.store.credentials.expiries())


async def test_K4_without_a_mail_server_or_contacts_there_are_events(fleet: Fleet) -> None:
    await fleet.store.credentials.add(CERTIFICATE)
    fleet.clock.set(EXPIRY - timedelta(days=29))
    await fleet.process(mails=False).run_pass()
    for email in ("ops@example.com", "cto@example.com"):
        await fleet.store.contacts.remove("acme", email)
    fleet.clock.set(EXPIRY - timedelta(days=14))
    await fleet.process().run_pass()
    assert await fleet.left() == ["c1 30", "c1 15"]
    assert not fleet.post.sent
    assert not any(one.mail_due for one in await fleet.store.credentials.expiries())


async def test_K4_one_process_works_at_a_time(fleet: Fleet) -> None:
    await fleet.store.credentials.add(CERTIFICATE)
    holder = "somebody else"
    assert await fleet.store.leases.acquire("credential reminders", holder, NOW, timedelta(seconds=60))
    with pytest.raises(LeaseLost):
        await fleet.process().run_pass()


async def test_D4_credentials_of_apps_that_are_gone_are_deleted(fleet: Fleet) -> None:
    await fleet.store.credentials.add(replace(CERTIFICATE, app_id="gone"))
    await fleet.store.credentials.add(CERTIFICATE)
    await fleet.process().run_pass()
    assert [one.app_id for one in await fleet.store.credentials.expiries()] == ["shop"]
