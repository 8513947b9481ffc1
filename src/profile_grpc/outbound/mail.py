"""E-mails through a mail server that the operator names."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT = 25.0
"""Seconds for one e-mail, from the look-up of the server's name to its answer."""


class MailRefused(Exception):  # noqa: N818 - an outcome
    """The mail server cannot be reached, or has refused the e-mail. One line; it holds no password."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What an e-mail says, and to whom."""

    recipients: Sequence[str]
    subject: str
    text: str
    identity: str
    """Begins its Message-ID: by that a receiver notices a repetition."""


class Mailer(Protocol):
    """Sends e-mails."""

    async def send(self, mail: Mail) -> None:
        """Sends it to all recipients at once; it is sent when the server takes it for at least one of them.

        Raises:
            MailRefused.
        """
        ...


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server, as `smtp://` or `smtps://` names it."""

    host: str
    port: int
    tls: bool
    """Whether the connection begins with TLS (smtps). Otherwise STARTTLS is used where the server offers it."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> SmtpServer:
        """Raises ValueError, without the URL, which may hold a password."""
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
        """True: required; None: where it is offered. A password goes over the network encrypted only."""
        if self.tls:
            return False
        return True if self.username is not None and not _is_loopback(self.host) else None


class SmtpMailer:
    """Sends each e-mail over a connection of its own: there are few."""

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self._server = server
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """See Mailer."""
        import aiosmtplib  # noqa: PLC0415 - most processes send nothing, and the library takes a while

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
    """The kind of the failure and the server's code. Its text may repeat what it was sent."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__}{f' {code}' if isinstance(code, int) else ''}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
