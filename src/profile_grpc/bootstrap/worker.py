"""One of several workers: `python -m profile_grpc.bootstrap.worker`, started by the supervisor only.

Reads its settings from the first line of standard input and reports on standard output that it is ready. When standard
input ends, the parent is gone: then it drains, as on SIGTERM.
"""

from __future__ import annotations

import asyncio
import sys
from typing import NoReturn

import msgspec
import structlog
import uvloop
from prometheus_client import CollectorRegistry

from profile_grpc.bootstrap.process import ProcessFailed, exit_process, serve_calls, stop_on_signals
from profile_grpc.bootstrap.supervisor import READY, SCHEMA_TOO_NEW
from profile_grpc.bootstrap.tracing import SERVICE, tracing
from profile_grpc.config import LogConfig, ServeConfig
from profile_grpc.service.ports import StoreError
from profile_grpc.store import SchemaError
from profile_grpc.telemetry.logs import configure_logs
from profile_grpc.telemetry.metrics import Metrics
from profile_grpc.transport.grpc.certificates import ServeError

log = structlog.get_logger(__name__)


async def _serve(config: ServeConfig) -> NoReturn:
    stop = stop_on_signals()
    # Readable when the parent is gone: nothing is ever sent after the settings.
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    async with tracing(SERVICE) as tracer:
        await serve_calls(
            config,
            Metrics(CollectorRegistry()),  # written to files, which the parent serves
            counts=None,
            shared_port=True,
            ready=_report_ready,
            stop=stop,
            tracer=tracer,
        )
    exit_process()


def _report_ready(_port: int, _bridge_url: str | None) -> None:
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()


def main() -> int:
    """Returns the exit status; after SIGTERM it ends the process itself (`exit_process`)."""
    configure_logs(LogConfig())  # without this, structlog prints the values of variables with every traceback
    try:
        config = msgspec.json.decode(sys.stdin.buffer.readline(), type=ServeConfig)
        configure_logs(config.log)
        uvloop.run(_serve(config))
    except SchemaError as error:
        log.error("the worker cannot serve", error=str(error))  # noqa: TRY400 - the text says it all
        return SCHEMA_TOO_NEW
    except (ServeError, StoreError, ProcessFailed) as error:
        log.error("the worker cannot serve", error=str(error))  # noqa: TRY400 - the text says it all
    except Exception:
        log.exception("the worker has failed")
    return 1


if __name__ == "__main__":
    sys.exit(main())
