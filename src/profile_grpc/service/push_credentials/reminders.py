"""Reminds the owners of push credentials that these expire: by an event, and by e-mail (K4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic

import structlog

from profile_grpc.domain import push_credentials as rules
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.push_credentials import FIRST_REMINDER, PushCredential, Reminder
from profile_grpc.domain.settings import App
from profile_grpc.outbound.mail import Mail, Mailer, MailRefused
from profile_grpc.service.background import for_each, repeat
from profile_grpc.service.directory_ports import DirectoryStore
from profile_grpc.service.lease import Lease
from profile_grpc.service.ports import Clock, Conflict, LeaseStore
from profile_grpc.service.push_credentials.ports import ContactStore, CredentialStore

log = structlog.get_logger(__name__)

LEASE = "credential reminders"
INTERVAL = timedelta(minutes=1)
MAILS_AT_ONCE = 8
SENDING = 60.0
"""Seconds after which a pass sends no further e-mail, so that a slow mail server does not delay the next reminders."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A reminder whose e-mail is not sent yet."""

    app: App
    credential: PushCredential
    reminder: Reminder
    contacts: Sequence[str]
    """Empty: no e-mail is sent."""

    @property
    def identity(self) -> tuple[str, str]:
        return self.app.app_id, self.credential.credential_id


@dataclass(eq=False)
class Reminders:
    """Any number of processes may run one; the lease lets one of them work.

    A reminder is stored together with its event, in one transaction that one process wins, so there is one of each. Its
    e-mail is due from then on until it is sent. If a process is killed after the mail server has accepted the e-mail
    and before the next commit, it is sent again, with the same Message-ID.
    """

    _store: CredentialStore
    _contacts: ContactStore
    _directory: DirectoryStore
    _leases: LeaseStore
    _clock: Clock
    _mailer: Mailer | None = None
    """None: no e-mails are sent."""
    _unsent: set[tuple[str, str]] = field(default_factory=set, init=False)
    """Credentials whose e-mail could not be sent at the last attempt. The others are tried first."""

    def __post_init__(self) -> None:
        self._lease = Lease(self._leases, LEASE, self._clock)

    async def run(self, interval: timedelta = INTERVAL) -> None:
        """A pass each `interval` until cancelled; a failed one is logged and tried again at the next."""
        await repeat(self.run_pass, interval.total_seconds(), "send credential reminders")

    async def run_pass(self) -> None:
        """Stores every reminder that is due, then sends the e-mails that wait, several at a time.

        Raises:
            LeaseLost: another process works.
            StoreError.
        """
        await self._lease.acquire()
        try:
            soon = self._clock.now() + FIRST_REMINDER
            waiting: list[_Waiting] = []
            expiries = await self._store.expiries()
            for app_id in sorted({one.app_id for one in expiries}):
                app = await self._directory.app(app_id)
                if app is None:  # an upload during its deletion, or a deletion by an older program (D4)
                    await self._store.remove_of_app(app_id)
                elif any(
                    one.mail_due or (one.expire_time is not None and one.expire_time <= soon)
                    for one in expiries
                    if one.app_id == app_id
                ):
                    waiting += await self._remind(app)
                await self._lease.keep()
            await self._send(waiting)
        finally:
            await self._lease.release()

    async def _remind(self, app: App) -> Sequence[_Waiting]:
        """Stores the reminders of an app that are due, and returns those whose e-mail waits."""
        now = self._clock.now()
        contacts = await self._contacts.of_tenant(app.tenant_id) if self._mailer is not None else []
        for one in rules.in_use(await self._store.of_app(app.app_id), now):
            days = rules.due_reminder(one, now)
            if days is not None:
                await self._leave(one, Reminder(days, now, mailed=not contacts))
        credentials = await self._store.of_app(app.app_id)
        used = rules.in_use(credentials, now)
        # A credential that was replaced while the mail server was down needs no e-mail any more.
        return [
            _Waiting(app, one, one.reminder, contacts if one in used else ())
            for one in credentials
            if one.reminder is not None and not one.reminder.mailed
        ]

    async def _send(self, waiting: Sequence[_Waiting]) -> None:
        """Sends e-mails until all are sent or refused, or SENDING is over. The rest wait for the next pass."""
        end = monotonic() + SENDING

        async def send(one: _Waiting) -> None:
            if monotonic() < end:
                await self._mail(one)

        self._unsent &= {one.identity for one in waiting}
        ordered = sorted(waiting, key=lambda one: one.identity in self._unsent)
        # No attempt is cancelled: its e-mail may have been sent, and would be sent again.
        await for_each(send, ordered, MAILS_AT_ONCE)

    async def _leave(self, credential: PushCredential, reminder: Reminder) -> None:
        log.warning(
            "push credential is about to expire" if reminder.days > 0 else "push credential has expired",
            app_id=credential.app_id,
            name=credential.name,  # of which the log would remove the id: that is named like a secret
            version=credential.version,
            kind=credential.public.kind.name,
            expire_time=str(credential.expire_time),
        )
        event = Event(
            EventType.CREDENTIAL_EXPIRING,
            credential.app_id,
            reminder.time,
            reason=f"{credential.credential_id} {reminder.days}",
        )
        try:
            await self._store.change(credential, replace(credential, reminder=reminder), [event])
        except Conflict:  # another process, or the credential was deleted
            log.info("another process has stored the reminder", app_id=credential.app_id, name=credential.name)

    async def _mail(self, waiting: _Waiting) -> None:
        """Sends the e-mail of the last reminder, unless there are no contacts any more."""
        app, credential, reminder = waiting.app, waiting.credential, waiting.reminder
        if waiting.contacts and self._mailer is not None:
            await self._lease.acquire()  # it lasts longer than the attempt
            mail = expiry_mail(app, credential, reminder, waiting.contacts, self._clock.now())
            try:
                await self._mailer.send(mail)
            except MailRefused as failed:  # tried again at the next pass
                self._unsent.add(waiting.identity)
                log.warning(
                    "cannot send the e-mail about an expiring push credential",
                    app_id=app.app_id,
                    name=credential.name,
                    error=str(failed),
                )
                return
        self._unsent.discard(waiting.identity)
        try:
            await self._store.change(credential, replace(credential, reminder=replace(reminder, mailed=True)))
        except Conflict:
            log.info("push credential changed while its e-mail was sent", app_id=app.app_id, name=credential.name)


def expiry_mail(
    app: App, credential: PushCredential, reminder: Reminder, recipients: Sequence[str], now: datetime
) -> Mail:
    """The e-mail of a reminder. It holds nothing that may not be shown (K3)."""
    public, expire_time = credential.public, credential.expire_time or now
    what, when = rules.KIND_NAMES[public.kind], _when(expire_time - now)
    facts = {
        "App": app.app_id,
        "Name": credential.name,
        "Version": str(credential.version),
        "Credential": credential.credential_id,
        "Subject": public.subject,
        "Topic": public.topic,
        "Environment": public.environment.name if public.environment else "",
        "Fingerprint (SHA-256)": public.fingerprint,
        "Expires": f"{expire_time:%Y-%m-%d %H:%M} UTC",
    }
    lines = "\n".join(f"{name}: {value}" for name, value in facts.items() if value)
    return Mail(
        recipients=recipients,
        subject=f"{what} of app {app.app_id} {when}: {credential.name}",
        text=(
            f"The {what} of the app {app.app_id} {when}. Without a valid one no push that needs it arrives.\n\n"
            f"{lines}\n\n"
            "Upload a new one under the same name. There are no more reminders of this one then.\n"
        ),
        identity=f"{credential.credential_id}.{int(expire_time.timestamp())}.{reminder.days}",
    )


def _when(left: timedelta) -> str:
    if left <= timedelta():
        return "has expired"
    days = -(-left // timedelta(days=1))
    return f"expires in {days} day{'' if days == 1 else 's'}"
