"""E-mails through a real mail server on loopback (K4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from profile_grpc.outbound.mail import Mail, MailRefused, SmtpMailer, SmtpServer

MAIL = Mail(("ops@example.com", "cto@example.com"), "It expires: München", "Upload a new one.\n", "c1.1.30")
PASSWORD = "p@ss:word"


class Inbox:
    """What the mail server took."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refuses = ""

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refuses in {address, "all"}:
            return "550 no such user, secret-of-the-server"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def port(inbox: Inbox) -> AsyncIterator[int]:
    def authenticated(*given: object) -> AuthResult:
        login = given[-1]
        assert isinstance(login, LoginPassword)
        known = (login.login, login.password) == (b"user", PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    def server() -> SMTP:
        return SMTP(inbox, hostname="localhost", authenticator=authenticated, auth_require_tls=False)

    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def mailer(port: int, login: str = "") -> SmtpMailer:
    return SmtpMailer(SmtpServer.parse(f"smtp://{login}127.0.0.1:{port}"), "profile-grpc@example.org")


@pytest.mark.parametrize("login", ["", "user:p%40ss%3Aword@"])
async def test_K4_a_mail_arrives(inbox: Inbox, port: int, login: str) -> None:
    await mailer(port, login).send(MAIL)
    [envelope] = inbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("profile-grpc@example.org", list(MAIL.recipients))
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert (message["Subject"], message["To"]) == ("It expires: München", "ops@example.com, cto@example.com")
    assert message["Message-ID"] == "<c1.1.30@example.org>"
    assert message.get_content().replace("\r\n", "\n") == MAIL.text


async def test_K4_one_recipient_is_enough(inbox: Inbox, port: int) -> None:
    inbox.refuses = "cto@example.com"
    await mailer(port).send(MAIL)
    assert [envelope.rcpt_tos for envelope in inbox.taken] == [["ops@example.com"]]


async def test_K4_a_refusal_shows_no_password_and_no_text_of_the_server(inbox: Inbox, port: int) -> None:
    inbox.refuses = "all"
    with pytest.raises(MailRefused) as refused:
        await mailer(port).send(MAIL)
    assert "secret-of-the-server" not in str(refused.value)
    with pytest.raises(MailRefused, match="535") as wrong:
        await mailer(port, "user:wrong@").send(MAIL)
    assert "wrong" not in str(wrong.value)
    assert not inbox.taken


async def test_K4_a_mail_server_that_is_not_there(unused_tcp_port: int) -> None:
    with pytest.raises(MailRefused, match="SMTPConnectError"):
        await mailer(unused_tcp_port).send(MAIL)


@pytest.mark.parametrize(
    ("url", "server", "start_tls"),
    [
        ("smtp://mx.example.com", SmtpServer("mx.example.com", 25, tls=False), None),
        ("smtps://mx.example.com", SmtpServer("mx.example.com", 465, tls=True), False),
        ("smtp://u:p%40@mx.example.com", SmtpServer("mx.example.com", 587, False, "u", "p@"), True),
        ("smtp://u:p@localhost:2525", SmtpServer("localhost", 2525, False, "u", "p"), None),
    ],
)
def test_K4_a_password_is_sent_encrypted_only(url: str, server: SmtpServer, start_tls: bool | None) -> None:
    parsed = SmtpServer.parse(url)
    assert (parsed, parsed.start_tls) == (server, start_tls)
    assert "p@" not in repr(parsed)


@pytest.mark.parametrize(
    "url", ["mx.example.com", "http://mx", "smtp://", "smtp://mx:x", "smtp://mx/path", "smtp://mx?a=b"]
)
def test_K4_what_names_no_mail_server(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be smtp://") as refused:
        SmtpServer.parse(url)
    assert url not in str(refused.value).split()
