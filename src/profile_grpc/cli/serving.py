"""`profile-grpc serve`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import profile_grpc
from profile_grpc import config
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.cli import output
from profile_grpc.cli.options import (
    BELIEVED_PROXY,
    LOGS,
    MEBIBYTE,
    PORT,
    DatabaseUrl,
    JwksCa,
    JwksHosts,
    JwksNetworks,
    LogFormatOption,
    LogLevelOption,
    WebhookCa,
    WebhookNetworks,
    database_url,
    networks,
    option,
)
from profile_grpc.config import (
    DatabaseConfig,
    JwksConfig,
    LogConfig,
    MailConfig,
    OutboundConfig,
    ServeConfig,
    TlsConfig,
)
from profile_grpc.service.credentials import HEADER

if TYPE_CHECKING:
    from profile_grpc.bootstrap.serving import Ready

_DEFAULT = ServeConfig(database=DatabaseConfig("sqlite:///", b""))
_LISTENING = "Where to listen"
_LIMITS = "Limits and periods"
_BRIDGE = "HTTP bridge"
_LONGEST = 1_000_000
"""Seconds, about eleven days: gRPC counts milliseconds in 32 bits."""
_DEMO_CALL = '{"key": {"app_id": "demo", "user_id": "alice", "device_id": "phone-1"}, "platform": "PLATFORM_ANDROID"}'


def _seconds(flag: str, text: str, *, least: float = 0) -> Any:  # noqa: ANN401 - as `option`
    return option(flag, text, _LIMITS, min=least, max=_LONGEST, metavar="SECONDS")


def _mail_server(url: str | None) -> str | None:
    """The URL as given; a usage error, which does not show it, if it names no mail server."""
    if url is not None:
        from profile_grpc.outbound.mail import SmtpServer

        try:
            SmtpServer.parse(url)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return url


def serve(  # noqa: PLR0913 - each option is a parameter
    *,
    host: Annotated[str, option("--host", "Address to listen on.", _LISTENING)] = _DEFAULT.host,
    port: Annotated[int, option("--port", "Port; 0: any free one.", _LISTENING, **PORT)] = _DEFAULT.port,
    database: DatabaseUrl = None,
    workers: Annotated[
        int, option("--workers", "Processes that share the port. More than 1 needs PostgreSQL.", min=1)
    ] = _DEFAULT.workers,
    dev: Annotated[
        bool,
        option(
            "--dev",
            "For trying things out, on loopback only: makes a hash key, a demo tenant, app and keys, and lets"
            " everybody in without a key.",
        ),
    ] = False,
    reflection: Annotated[
        bool, option("--reflection/--no-reflection", "Let clients like grpcurl discover the methods.")
    ] = _DEFAULT.reflection,
    tls_cert: Annotated[
        Path | None, option("--tls-cert", "Certificate (PEM). Without it: plaintext.", _LISTENING)
    ] = None,
    tls_key: Annotated[Path | None, option("--tls-key", "Private key of the certificate (PEM).", _LISTENING)] = None,
    tls_client_ca: Annotated[
        Path | None,
        option("--tls-client-ca", "Callers must present a certificate that this one signed (PEM).", _LISTENING),
    ] = None,
    max_calls: Annotated[
        int, option("--max-calls", "Calls in flight per worker; beyond, they are refused.", _LIMITS, min=1)
    ] = _DEFAULT.max_calls,
    call_timeout: Annotated[
        float, _seconds("--call-timeout", "Maximum duration of a call.", least=0.1)
    ] = _DEFAULT.call_timeout.total_seconds(),
    max_streams: Annotated[
        int, option("--max-streams", "Open streams per worker; beyond, they are refused.", _LIMITS, min=1)
    ] = _DEFAULT.max_streams,
    max_streams_per_key: Annotated[
        int, option("--max-streams-per-key", "Open streams per worker of one key.", _LIMITS, min=1)
    ] = _DEFAULT.max_streams_per_key,
    max_stream_age: Annotated[
        float,
        _seconds(
            "--max-stream-age", "Age at which streams are ended; clients continue from their resume token.", least=1
        ),
    ] = _DEFAULT.max_stream_age.total_seconds(),
    max_connection_age: Annotated[
        float,
        _seconds(
            "--max-connection-age",
            "Age at which connections are asked to reconnect, so that callers spread over the workers.",
            least=1,
        ),
    ] = _DEFAULT.max_connection_age.total_seconds(),
    drain_notice: Annotated[
        float,
        _seconds(
            "--drain-notice", "On SIGTERM: how long new calls are answered UNAVAILABLE before the port is closed."
        ),
    ] = _DEFAULT.drain_notice.total_seconds(),
    drain_grace: Annotated[
        float, _seconds("--drain-grace", "On SIGTERM: how long calls in flight may take to end.")
    ] = _DEFAULT.drain_grace.total_seconds(),
    reaper_interval: Annotated[
        float, _seconds("--reaper-interval", "Pause between reaper passes.", least=1)
    ] = _DEFAULT.reaper_interval.total_seconds(),
    metrics_port: Annotated[
        int | None,
        option(
            "--metrics-port",
            "Serve metrics for Prometheus on this port; 0: any free one.",
            LOGS,
            **PORT,
            show_default="none",
        ),
    ] = None,
    metrics_host: Annotated[str, option("--metrics-host", "Address for metrics.", LOGS)] = _DEFAULT.metrics_host,
    bridge_port: Annotated[
        int | None,
        option(
            "--bridge-port",
            "Run the HTTP bridge for reports on this port; 0: any free one.",
            _BRIDGE,
            **PORT,
            show_default="none",
        ),
    ] = None,
    bridge_host: Annotated[str, option("--bridge-host", "Address for reports.", _BRIDGE)] = _DEFAULT.bridge_host,
    bridge_spool: Annotated[
        Path | None,
        option(
            "--bridge-spool",
            "File that stores reports until they are applied.",
            _BRIDGE,
            show_default="next to a SQLite database, else in the user's data directory",
        ),
    ] = None,
    bridge_spool_limit: Annotated[
        int, option("--bridge-spool-limit", "MiB of reports that may wait; beyond: 503.", _BRIDGE, min=1, metavar="MIB")
    ] = SpoolLimits().size // MEBIBYTE,
    bridge_proxy: Annotated[
        list[str] | None, option("--bridge-proxy", BELIEVED_PROXY, _BRIDGE, callback=networks)
    ] = None,
    bridge_key: Annotated[
        list[str] | None,
        option(
            "--bridge-key",
            "A profile key of a tenant, with which the bridge reads its apps; repeatable (in the environment:"
            " separated by spaces).",
            _BRIDGE,
        ),
    ] = None,
    webhook_network: WebhookNetworks = None,
    webhook_ca: WebhookCa = None,
    jwks_hosts: JwksHosts = None,
    jwks_network: JwksNetworks = None,
    jwks_ca: JwksCa = None,
    smtp_url: Annotated[
        str | None,
        option(
            "--smtp-url",
            "Mail server for reminders that push credentials expire: smtp://[user:password@]host[:port], or"
            " smtps://…. With a password, better by its variable: lists of processes show options.",
            LOGS,
            show_default="no e-mails",
            callback=_mail_server,
        ),
    ] = None,
    smtp_from: Annotated[str, option("--smtp-from", "Sender of e-mails.", LOGS)] = _DEFAULT.mail.sender,
    log_level: LogLevelOption = _DEFAULT.log.level,
    log_format: LogFormatOption = _DEFAULT.log.format,
) -> None:
    """Serve, and clean up in the background, until SIGTERM or Ctrl-C.

    Prints one line when calls are accepted. An empty or older SQLite database is migrated first; a PostgreSQL database
    never is, not even an empty one: run `profile-grpc migrate`. The environment must hold PROFILE_GRPC_HASH_KEY, the
    secret behind all keyed hashes (64 hexadecimal digits), except with --dev.
    """
    url = database_url(database)
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together: give both")
    if tls_client_ca is not None and tls_cert is None:
        raise typer.BadParameter("--tls-client-ca needs --tls-cert and --tls-key")
    settings = ServeConfig(
        database=DatabaseConfig(url, b""),  # the key comes last, because creating one for --dev writes a file
        host=host,
        port=port,
        workers=workers,
        dev=dev,
        reflection=reflection,
        tls=TlsConfig(str(tls_cert), str(tls_key), _text(tls_client_ca)) if tls_cert and tls_key else None,
        max_calls=max_calls,
        call_timeout=timedelta(seconds=call_timeout),
        max_streams=max_streams,
        max_streams_per_key=max_streams_per_key,
        max_stream_age=timedelta(seconds=max_stream_age),
        max_connection_age=timedelta(seconds=max_connection_age),
        drain_notice=timedelta(seconds=drain_notice),
        drain_grace=timedelta(seconds=drain_grace),
        reaper_interval=timedelta(seconds=reaper_interval),
        metrics_port=metrics_port,
        metrics_host=metrics_host,
        bridge_host=bridge_host,
        bridge_port=bridge_port,
        bridge_spool=_text(bridge_spool),
        bridge_spool_limit=bridge_spool_limit * MEBIBYTE,
        bridge_proxies=tuple(bridge_proxy or ()),
        bridge_keys=tuple(bridge_key or ()),
        webhooks=OutboundConfig(networks=tuple(webhook_network or ()), ca=_text(webhook_ca), http_on_loopback=dev),
        jwks=JwksConfig(
            hosts=tuple(jwks_hosts or ()),
            networks=tuple(jwks_network or ()),
            ca=_text(jwks_ca),
            http_on_loopback=dev,
        ),
        mail=MailConfig(smtp_url, smtp_from),
        log=LogConfig(log_level, log_format),
    )
    config.configured_seal_keys(os.environ)  # an unusable ring is an error before a hash key is created
    hash_key = config.serving_hash_key(url, os.environ, dev=dev)
    keyed = DatabaseConfig(url, hash_key, config.seal_keys(url, os.environ, hash_key, dev=dev))
    from profile_grpc.bootstrap import serving

    serving.serve(replace(settings, database=keyed), announce)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def announce(ready: Ready) -> None:
    """Prints the ready line and, with --dev, the keys and calls to paste."""
    parts = [f"ready: gRPC on {ready.address}{' with TLS' if ready.tls else ''}"]
    if ready.metrics_url:
        parts.append(f"metrics on {ready.metrics_url}")
    if ready.bridge_url:
        parts.append(f"bridge on {ready.bridge_url}")
    if ready.workers > 1:
        parts.append(f"{ready.workers} workers")
    parts.append(f"database {ready.database}")
    output.line(", ".join(parts))
    if ready.demo_keys is not None:
        output.line("\nDevelopment: calls need no key. Keys of tenant demo (client and bridge keys: of app demo):")
        for kind, secret in ready.demo_keys.items():
            output.line(f"  {kind.name.lower():8}{secret}")
        if not ready.tls:  # how to reach a server with TLS depends on its certificates
            _offer_calls(ready.address)
    sys.stdout.flush()


def _offer_calls(address: str) -> None:
    output.line(f"\nA first call, with grpcurl (add -H '{HEADER}: KEY' to use a key) or with Python:")
    output.line(f"  grpcurl -plaintext -d '{_DEMO_CALL}' {address} appprofile.v1.ProfileService/Register")
    example = _example()
    if example is not None:
        output.line(f"  {_short(Path(sys.executable))} {_short(example)} {address}")


def _example() -> Path | None:
    """The Python example, if this program runs from a checkout."""
    package = Path(profile_grpc.__file__).parent
    path = package.parent.parent / "clients" / "python" / "examples" / "first_call.py"
    return path if path.exists() else None


def _short(path: Path) -> str:
    """The path relative to the current folder, if that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
