"""Reminders by real processes that are killed: each once (K4)."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import grpc
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from appprofile.v1 import credential_service_pb2 as pb
from appprofile.v1 import event_pb2
from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1.credential_service_pb2_grpc import CredentialServiceStub
from appprofile.v1.profile_service_pb2_grpc import ProfileServiceStub
from profile_grpc.domain.push_credentials import REMINDER_DAYS
from tests.cli.program import Server
from tests.end_to_end.conftest import APP, Deployment
from tests.support import push_files as files
from tests.support.limits import wait_s

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

NAMES = [f"ios {n}" for n in range(6)]
LIFE = 35
"""Days from the upload to the expiry of each certificate."""
LEASE_OF_THE_DEAD = 120 / 86_400
"""Days after which the lease of a killed process is over."""


class Inbox:
    """A mail server that takes a while for each e-mail, and counts them by Message-ID."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.arrived = asyncio.Condition()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        async with self.arrived:
            self.taken[message_from_bytes(envelope.content)["Message-ID"]] += 1
            self.arrived.notify_all()
        await asyncio.sleep(0.1)
        return "250 OK"

    async def has(self, number: int) -> None:
        """Waits for so many different ones."""
        async with asyncio.timeout(wait_s()), self.arrived:
            await self.arrived.wait_for(lambda: len(self.taken) >= number)


@pytest.fixture
async def inbox() -> AsyncIterator[tuple[Inbox, int]]:
    taken = Inbox()
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(taken, hostname="localhost"), "127.0.0.1", 0
    )
    async with listening:
        yield taken, listening.sockets[0].getsockname()[1]


class Fleet:
    """Servers on one database, with one clock that the test moves."""

    def __init__(self, deployment: Deployment, clock: Path, mail_port: int, stack: ExitStack) -> None:
        self._clock = clock
        self._stack = stack
        self._arguments = ["--port", "0", "--smtp-url", f"smtp://127.0.0.1:{mail_port}", "--smtp-from", "p@example.org"]
        self._changes = {
            "PROFILE_GRPC_DATABASE_URL": deployment.url,
            "PROFILE_GRPC_SEAL_KEYS": f"k1:{'c0' * 32}",
        }
        self.metadata = (("x-api-key", deployment.keys["admin"]),)
        self.servers: list[Server] = []

    def move(self, days: float) -> None:
        ahead = self._clock.with_suffix(".next")
        ahead.write_text(str(days))
        ahead.replace(self._clock)

    async def start(self) -> None:
        program = (str(Path(__file__).with_name("moved_clock.py")), str(self._clock))
        server = Server(self._arguments, self._changes, program)
        self.servers.append(await asyncio.to_thread(self._stack.enter_context, server))

    def kill(self) -> None:
        """Kills the process that has run longest."""
        server = self.servers.pop(0)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()

    async def upload(self, expire_time: datetime) -> None:
        """A certificate for each name."""
        key = files.rsa_key()
        file = files.p12(key, files.certificate(key, end=expire_time))
        async with grpc.aio.insecure_channel(self.servers[0].address) as channel:
            for name in NAMES:
                request = pb.UploadCredentialRequest(
                    app_id=APP,
                    display_name=name,
                    apns_certificate=pb.ApnsCertificate(file=file, password=files.PASSWORD),
                )
                await CredentialServiceStub(channel).UploadCredential(request, metadata=self.metadata)

    async def events(self) -> dict[str, str]:
        """The reasons of the events of reminders that are kept, by the event's id."""
        request = ps.WatchProfilesRequest(types=[event_pb2.EVENT_TYPE_CREDENTIAL_EXPIRING], from_oldest=True)
        found: dict[str, str] = {}
        async with grpc.aio.insecure_channel(self.servers[-1].address) as channel:
            async for message in ProfileServiceStub(channel).WatchProfiles(request, metadata=self.metadata):
                found |= {event.event_id: event.reason for event in message.events}
                if not message.events:  # a checkpoint: there are no more
                    return found
        raise AssertionError


@pytest.mark.engines("postgresql")
async def test_K4_processes_that_are_killed_leave_each_reminder_once(
    deployment: Deployment, inbox: tuple[Inbox, int], tmp_path: Path
) -> None:
    """At each moment of a reminder, a process is killed in the midst of the pass, and a new one starts."""
    mails, port = inbox
    deployment.administer("tenant", "contacts", "acme", "add", "ops@example.com")
    left: dict[str, str] = {}
    with ExitStack() as stack:
        fleet = Fleet(deployment, tmp_path / "days", port, stack)
        fleet.move(0)
        await asyncio.gather(fleet.start(), fleet.start())
        await fleet.upload(datetime.now(UTC) + timedelta(days=LIFE))
        for number, days in enumerate(REMINDER_DAYS):
            moment = LIFE - days + 0.1
            fleet.move(moment)
            await mails.has(number * len(NAMES) + 1)
            fleet.kill()
            fleet.move(moment + LEASE_OF_THE_DEAD)
            await fleet.start()
            await mails.has((number + 1) * len(NAMES))
            left |= await fleet.events()
    reasons = Counter(reason.split()[1] for reason in left.values())
    assert reasons == {str(days): len(NAMES) for days in REMINDER_DAYS}
    assert len(set(left.values())) == len(left)  # none of a credential twice
    assert len(mails.taken) == len(left)
    # A process that is killed between the mail server's answer and its commit sends again, with the same Message-ID.
    assert sum(mails.taken.values()) <= len(left) * 2
