"""E-mail through the mail server that the operator has configured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from profile_grpc.outbound.addresses import is_loopback

TIMEOUT = 25.0
"""Maximum duration in seconds for one e-mail, from name resolution to the server's response."""


class MailRefused(Exception):  # noqa: N818 - an outcome
    """The mail server cannot be reached or has refused the e-mail. The message is one line, without the password."""


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail."""

    recipients: Sequence[str]
    subject: str
    text: str
    identity: str
    """Local part of the Message-ID, by which receivers recognize a repeated e-mail."""


class Mailer(Protocol):
    """Sends e-mails."""

    async def send(self, mail: Mail) -> None:
        """Sends one e-mail to all recipients. It succeeds if the server accepts at least one of them.

        Raises:
            MailRefused.
        """


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server, configured by an `smtp://` or `smtps://` URL."""

    host: str
    port: int
    tls: bool
    """Whether the connection starts with TLS (smtps). Otherwise see `start_tls`."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> SmtpServer:
        """Parses the URL.

        Raises:
            ValueError: it is not valid. The message does not contain the URL, which may have a password.
        """
        parts = urlsplit(url)
        try:
            port, host = parts.port, parts.hostname
        except ValueError:
            port, host = None, None
        if not host or parts.scheme not in {"smtp", "smtps"} or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be smtp://[user:password@]host[:port], or smtps://…")
        tls = parts.scheme == "smtps"
        return cls(
            host,
            port or (465 if tls else 587 if parts.username else 25),
            tls,
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
        )

    @property
    def start_tls(self) -> bool | None:
        """Whether STARTTLS is used. True: required. None: if the server offers it. False: never (smtps).

        It is required if there is a password, except to loopback addresses.
        """
        if self.tls:
            return False
        return True if self.username is not None and not is_loopback(self.host) else None


class SmtpMailer:
    """Sends e-mails. Each one has its own connection, because there are few."""

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self._server = server
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        import aiosmtplib  # noqa: PLC0415 - slow to import, and most processes send nothing

        server = self._server
        try:
            await aiosmtplib.send(
                self._message(mail),
                sender=self._sender,
                recipients=list(mail.recipients),
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.tls,
                start_tls=server.start_tls,
                timeout=TIMEOUT,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise MailRefused(_why(error)) from None

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(mail.recipients)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{mail.identity}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


def _why(error: Exception) -> str:
    """The kind of the failure and the server's code. The server's text is not used: it may contain what was sent."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__}{f' {code}' if isinstance(code, int) else ''}"
