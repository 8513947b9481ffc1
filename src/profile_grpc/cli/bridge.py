"""`profile-grpc bridge`: the HTTP bridge as a separate process, and the reports that it could not apply."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profile_grpc import config
from profile_grpc.bridge.http.endpoints import EndpointOptions
from profile_grpc.bridge.http.rates import Rate
from profile_grpc.bridge.report import MICROSECONDS
from profile_grpc.bridge.spool import dead_letters
from profile_grpc.bridge.spool import facts as spool_facts
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.bridge.spool.records import DeadLetter
from profile_grpc.cli import health, help, output  # noqa: A004 - a module of ours
from profile_grpc.cli.options import (
    BELIEVED_PROXY,
    LOGS,
    MEBIBYTE,
    PORT,
    Json,
    LogFormatOption,
    LogLevelOption,
    command_option,
    networks,
    option,
)
from profile_grpc.cli.variables import PREFIX
from profile_grpc.config import ConfigError, LogConfig, LogFormat, LogLevel
from profile_grpc.telemetry.tracing import TraceContext

if TYPE_CHECKING:
    from profile_grpc.bootstrap.bridging import BridgeReady

app = typer.Typer(
    help="The HTTP bridge: accepts reports of apps over HTTP and delivers them to the service over gRPC.",
    invoke_without_command=True,
    cls=help.Group,
)
dead = typer.Typer(help="Reports that could not be applied.", no_args_is_help=True)
app.add_typer(dead, name="dead")
spool_commands = typer.Typer(help="The file that keeps reports.", no_args_is_help=True)
app.add_typer(spool_commands, name="spool")
app.command("health")(health.bridge_health)

_LISTENING = "Where to listen"
_SERVICE = "The service"
_LIMITS = "Limits"
_OPTIONS = EndpointOptions()


_bridge_option = partial(option, prefix=f"{PREFIX}BRIDGE_")
"""An option whose variable contains BRIDGE, because `serve` has options with the same names."""
Spool = Annotated[Path, _bridge_option("--spool", "The bridge's spool file.")]


@app.callback()
def bridge(  # noqa: PLR0913 - each option is a parameter
    context: typer.Context,
    *,
    target: Annotated[str | None, _bridge_option("--target", "The service.", _SERVICE, metavar="HOST:PORT")] = None,
    spool: Annotated[
        Path | None, _bridge_option("--spool", "File that stores reports until they are applied; one per bridge.")
    ] = None,
    host: Annotated[str, _bridge_option("--host", "Address to listen on.", _LISTENING)] = "127.0.0.1",
    port: Annotated[int, _bridge_option("--port", "Port; 0: any free one.", _LISTENING, **PORT)] = 8080,
    tls_cert: Annotated[
        Path | None, _bridge_option("--tls-cert", "Server certificate (PEM). Without it: HTTP.", _LISTENING)
    ] = None,
    tls_key: Annotated[
        Path | None, _bridge_option("--tls-key", "Private key of the certificate (PEM).", _LISTENING)
    ] = None,
    proxy: Annotated[list[str] | None, _bridge_option("--proxy", BELIEVED_PROXY, _LISTENING, callback=networks)] = None,
    key: Annotated[
        list[str] | None,
        _bridge_option(
            "--key",
            "A profile key of a tenant, with which the bridge reads its apps; repeatable. Preferably set in the"
            " environment, separated by spaces.",
            _SERVICE,
        ),
    ] = None,
    tls: Annotated[
        bool,
        _bridge_option(
            "--tls", "Connect to the service with TLS, verified with the system's certificate authorities.", _SERVICE
        ),
    ] = False,
    ca: Annotated[
        Path | None, _bridge_option("--ca", "Authority of the service's certificate (PEM); implies --tls.", _SERVICE)
    ] = None,
    client_cert: Annotated[
        Path | None, _bridge_option("--client-cert", "Client certificate for the service (PEM).", _SERVICE)
    ] = None,
    client_key: Annotated[
        Path | None, _bridge_option("--client-key", "Private key of that certificate (PEM).", _SERVICE)
    ] = None,
    server_name: Annotated[
        str,
        _bridge_option("--server-name", "The name in the service's certificate, if it is not the target's.", _SERVICE),
    ] = "",
    proxy_from_environment: Annotated[
        bool,
        _bridge_option(
            "--proxy-from-environment",
            "Connect to the service through the proxy of https_proxy, http_proxy or grpc_proxy. Default: ignore them.",
            _SERVICE,
        ),
    ] = False,
    spool_limit: Annotated[
        int, _bridge_option("--spool-limit", "MiB of reports that may wait; beyond: 503.", _LIMITS, min=1)
    ] = SpoolLimits().size // MEBIBYTE,
    address_rate: Annotated[
        float, _bridge_option("--address-rate", "Reports a second from one address; beyond: 429.", _LIMITS, min=0.01)
    ] = _OPTIONS.per_address.per_second,
    address_burst: Annotated[
        int, _bridge_option("--address-burst", "Reports at once from one address.", _LIMITS, min=1)
    ] = int(_OPTIONS.per_address.burst),
    app_rate: Annotated[
        float, _bridge_option("--app-rate", "Reports a second of one app; beyond: 429.", _LIMITS, min=0.01)
    ] = _OPTIONS.per_app.per_second,
    app_burst: Annotated[int, _bridge_option("--app-burst", "Reports at once of one app.", _LIMITS, min=1)] = int(
        _OPTIONS.per_app.burst
    ),
    dev: Annotated[
        bool, _bridge_option("--dev", "For experiments with `serve --dev`, on loopback only: reports need no key.")
    ] = False,
    metrics_port: Annotated[
        int | None, _bridge_option("--metrics-port", "Serve metrics for Prometheus on this port.", LOGS, **PORT)
    ] = None,
    metrics_host: Annotated[str, _bridge_option("--metrics-host", "Address for metrics.", LOGS)] = "127.0.0.1",
    log_level: LogLevelOption = LogLevel.INFO,
    log_format: LogFormatOption = LogFormat.AUTO,
) -> None:
    """Accept reports over HTTP and deliver them over gRPC, until SIGTERM or Ctrl-C.

    Prints one line when it accepts reports, also while the service is down. The environment must contain
    PROFILE_GRPC_HASH_KEY (64 hexadecimal digits), with which the spool is encrypted.
    """
    if context.invoked_subcommand is not None:
        return
    from profile_grpc.bootstrap.bridging import run_bridge
    from profile_grpc.bridge.bridge import BridgeConfig, ListenerTls
    from profile_grpc.bridge.service_client import ServiceTls
    from profile_grpc.outbound.addresses import is_loopback

    if not target or not spool:
        raise typer.BadParameter("give --target HOST:PORT, where the service is, and --spool FILE")
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together: give both")
    if (client_cert is None) != (client_key is None):
        raise typer.BadParameter("--client-cert and --client-key go together: give both")
    if dev and not is_loopback(host):
        raise ConfigError(f"--dev accepts reports without a key, so it listens on loopback only, not on {host}")
    settings = BridgeConfig(
        target=target,
        spool=spool,
        hash_key=_hash_key(),
        keys=tuple(key or ()),
        anonymous_apps=dev,
        host=host,
        port=port,
        service_tls=ServiceTls(ca, client_cert, client_key, server_name) if tls or ca or client_cert else None,
        proxy_from_environment=proxy_from_environment,
        tls=ListenerTls(tls_cert, tls_key) if tls_cert and tls_key else None,
        proxies=tuple(proxy or ()),
        endpoints=EndpointOptions(
            per_address=Rate(address_rate, address_burst),
            per_app=Rate(app_rate, app_burst),
            require_key=not dev,
        ),
        spool_limits=SpoolLimits(size=spool_limit * MEBIBYTE),
    )
    run_bridge(settings, LogConfig(log_level, log_format), (metrics_host, metrics_port), _announce)


def _announce(ready: BridgeReady) -> None:
    parts = [f"ready: bridge on {ready.url}", f"service {ready.target}"]
    if ready.metrics_url:
        parts.append(f"metrics on {ready.metrics_url}")
    output.line(", ".join(parts))


_LISTED = (
    "JSON: [{id, kind, app_id, push_app_ids, arrive_time, dead_time, reason, detail, attempts, trace_id, replay}]."
    " The push app ids are those of reports whose app, or whose push app id, was not known."
)


@dead.command("list", epilog=_LISTED)
def list_(*, spool: Spool, as_json: Json = False) -> None:
    """List the reports that could not be applied, oldest first. Their contents are encrypted and not shown.

    A last line says how many reports wait, and why.
    """
    letters = [_shown(letter) for letter in dead_letters.listed(spool)]
    if as_json:
        output.document(letters)
        return
    columns = (
        "id", "kind", "app", "push app ids", "arrived", "dead since", "reason", "detail", "attempts", "trace id",
        "replay",
    )  # fmt: skip
    rows = [tuple((letter | {"push_app_ids": " ".join(letter["push_app_ids"])}).values()) for letter in letters]
    output.table(columns, rows, empty="no dead letters")
    facts = spool_facts.read(spool)
    if facts.waiting:
        output.line(": ".join(filter(None, [f"{facts.waiting:,} reports wait", facts.why_waiting])))


@dead.command()
def replay(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="Ids, as `bridge dead list` shows them.")
    ] = None,
    *,
    spool: Spool,
    every: Annotated[bool, command_option("--all", "All of them, or all of the reason and app given.")] = False,
    reason: Annotated[str, command_option("--reason", "Only those of this reason.")] = "",
    app_id: Annotated[str, command_option("--app", "Only those of this app.")] = "",
) -> None:
    """Retry reports that could not be applied: within seconds, or when the bridge next starts."""
    if bool(numbers) == every:
        raise typer.BadParameter("give the ids of the reports, or --all")
    count = dead_letters.replay(spool, numbers or [], everything=every, reason=reason, app_id=app_id)
    output.line(f"{count} will be replayed")


@spool_commands.command()
def recover(
    damaged: Annotated[Path, typer.Argument(metavar="FILE", help="The damaged spool, as in the bridge's log.")],
    *,
    spool: Annotated[
        Path | None, _bridge_option("--spool", "The bridge's current spool. Default: the file's name before .damaged.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Recover what can be read of a damaged spool that a bridge set aside. The bridge may be running.

    Waiting reports are delivered within seconds, or when the bridge next starts. JSON: {reports, dead, unreadable,
    kept}.
    """
    from profile_grpc.bridge.spool import damage, recovery

    present = spool or damaged.with_name(damaged.name.partition(".damaged-")[0])
    if present == damaged:
        raise typer.BadParameter("give the bridge's current spool with --spool")
    now = int(datetime.now(UTC).timestamp() * MICROSECONDS)
    found = recovery.recover(damaged, present, _hash_key(), now)
    kept = damage.recovered(damaged)
    if as_json:
        output.document({**asdict(found), "kept": str(kept)})
        return
    output.line(
        f"recovered {found.reports:,} reports and {found.dead:,} dead letters into {present}; {found.unreadable:,}"
        f" could not be decrypted; the file is now {kept}"
    )


def _hash_key() -> bytes:
    hash_key = config.configured_hash_key(os.environ)
    if hash_key is None:
        raise ConfigError(
            f"{config.HASH_KEY_VARIABLE} is not set; the spool is encrypted with it. Create one: {config.MAKE_HASH_KEY}"
        )
    return hash_key


def _shown(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "kind": letter.kind.name,
        "app_id": letter.app_id,
        "push_app_ids": list(letter.push_app_ids),
        "arrive_time": _instant(letter.arrived),
        "dead_time": _instant(letter.died),
        "reason": letter.reason,
        "detail": letter.detail,
        "attempts": letter.attempts,
        "trace_id": TraceContext.of_bytes(letter.trace).trace,
        "replay": letter.replay,
    }


def _instant(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / MICROSECONDS, UTC)
