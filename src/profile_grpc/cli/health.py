"""`profile-grpc health` and `bridge health`: whether a server or bridge on this machine serves, for containers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc.cli import output
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.options import Timeout, command_option, option
from profile_grpc.config import ConfigError, DatabaseConfig, ServeConfig

if TYPE_CHECKING:
    from profile_grpc.transport.grpc.probe import ProbeTls

_DEFAULT = ServeConfig(database=DatabaseConfig("sqlite:///", b""))
_SERVING = "SERVING"
_READINESS = "/readyz"


def health(
    *,
    host: Annotated[str, option("--host", "Address of the server, as given to `serve`.")] = _DEFAULT.host,
    port: Annotated[
        int, option("--port", "Its port, as given to `serve`.", min=1, max=65535, metavar="PORT")
    ] = _DEFAULT.port,
    service: Annotated[
        str, command_option("--service", "Only this service.", metavar="NAME", show_default="the whole server")
    ] = "",
    timeout: Timeout = 3.0,
    tls_cert: Annotated[
        Path | None,
        option("--tls-cert", "The server's certificate, as given to `serve`: connect with TLS and trust only it."),
    ] = None,
    client_cert: Annotated[
        Path | None,
        command_option("--client-cert", "Client certificate (PEM), for a server with --tls-client-ca."),
    ] = None,
    client_key: Annotated[Path | None, command_option("--client-key", "Private key of that certificate.")] = None,
) -> None:
    """Ask a server on this machine whether it serves. Exit status 0: SERVING; 1: anything else.

    It calls grpc.health.v1, and reads the same variables as `serve`: in a container of the server it needs no
    option.
    """
    if (client_cert is None) != (client_key is None):
        raise typer.BadParameter("--client-cert and --client-key go together: give both")
    if client_cert is not None and tls_cert is None:
        raise typer.BadParameter("--client-cert needs --tls-cert")
    tls = _tls(tls_cert, client_cert, client_key) if tls_cert else None
    from profile_grpc.bootstrap import listen
    from profile_grpc.transport.grpc import probe

    target = listen.join(listen.reachable(host), port)
    answer = probe.ask(target, service, timeout, tls)
    if answer != _SERVING:
        raise CommandFailed(f"{service or 'the server'} on {target} does not serve: {answer}")
    output.line(answer)


def _tls(cert: Path, client_cert: Path | None, client_key: Path | None) -> ProbeTls:
    from profile_grpc.outbound.certificates import dns_name
    from profile_grpc.transport.grpc.probe import ProbeTls

    try:
        return ProbeTls(
            cert.read_bytes(),
            dns_name(cert),
            client_cert.read_bytes() if client_cert else None,
            client_key.read_bytes() if client_key else None,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it contains no certificate"
        raise ConfigError(f"cannot use {getattr(error, 'filename', None) or cert}: {why.lower()}") from None


def bridge_health(context: typer.Context, *, timeout: Timeout = 3.0) -> None:
    """Ask a bridge on this machine whether it takes reports. Exit status 0: it does; 1: anything else.

    It reads the same variables as `bridge`. Options go before the command: `bridge --port 8081 health`.
    """
    import http.client

    from profile_grpc.bootstrap import listen

    given = context.parent.params if context.parent else {}
    host, port, cert = listen.reachable(given["host"]), given["port"], given["tls_cert"]
    target = listen.join(host, port)
    try:
        status = _status_of_bridge(host, port, cert, timeout)
    except (OSError, http.client.HTTPException) as error:
        raise CommandFailed(f"the bridge on {target} does not answer: {type(error).__name__}") from None
    if status != http.client.OK:
        raise CommandFailed(f"the bridge on {target} takes no reports: HTTP {status}")
    output.line(_SERVING)


def _status_of_bridge(host: str, port: int, cert: Path | None, seconds: float) -> int:
    import http.client
    import ssl

    if cert is None:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    else:
        tls = ssl.create_default_context(cafile=str(cert))
        tls.check_hostname = False  # the certificate itself is trusted, and no other
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=tls)
    try:
        connection.request("GET", _READINESS)
        return connection.getresponse().status
    finally:
        connection.close()
