"""`profile-grpc bridge health`: whether a bridge on this machine takes reports, for containers and scripts."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

import typer

from profile_grpc.bootstrap import listen
from profile_grpc.cli import output
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.options import Timeout

_PATH = "/readyz"


def health(context: typer.Context, *, timeout: Timeout = 3.0) -> None:
    """Ask a bridge on this machine whether it takes reports. Exit status 0: it does; 1: anything else.

    It reads the same variables as `bridge`. Options go before the command: `bridge --port 8081 health`.
    """
    given = context.parent.params if context.parent else {}
    host, port, cert = listen.reachable(given["host"]), given["port"], given["tls_cert"]
    target = listen.join(host, port)
    try:
        status = _status(host, port, cert, timeout)
    except (OSError, http.client.HTTPException) as error:
        raise CommandFailed(f"the bridge on {target} does not answer: {type(error).__name__}") from None
    if status != http.client.OK:
        raise CommandFailed(f"the bridge on {target} takes no reports: HTTP {status}")
    output.line("SERVING")


def _status(host: str, port: int, cert: Path | None, seconds: float) -> int:
    if cert is None:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    else:
        tls = ssl.create_default_context(cafile=str(cert))
        tls.check_hostname = False  # the certificate itself is trusted, and no other
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=tls)
    try:
        connection.request("GET", _PATH)
        return connection.getresponse().status
    finally:
        connection.close()
