"""Wires the reminders that push credentials expire (K4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profile_grpc.config import MailConfig
from profile_grpc.outbound.mail import SmtpMailer, SmtpServer
from profile_grpc.service.push_credentials.reminders import Reminders

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application


def reminders(application: Application, mail: MailConfig) -> Reminders:
    """By events and, where a mail server is set, by e-mail."""
    store = application.store
    mailer = None if mail.url is None else SmtpMailer(SmtpServer.parse(mail.url), mail.sender)
    return Reminders(store.credentials, store.contacts, store.directory, store.leases, application.clock, mailer)
