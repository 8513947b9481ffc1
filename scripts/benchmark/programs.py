"""Programs that run as processes of their own: `python -m scripts.benchmark.programs echo|reap …`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time

import grpc
import typer
import uvloop

from profile_grpc.bootstrap.administration import administration
from profile_grpc.bootstrap.process import use_batch_scheduling
from profile_grpc.config import DatabaseConfig
from profile_grpc.transport.grpc.options import ServerOptions, channel_options
from scripts.benchmark.workloads import APP, ECHO_METHOD, ECHO_SERVICE

app = typer.Typer(add_completion=False)


@app.command()
def echo(*, plain: bool = False) -> None:
    """The reference of all comparisons: an empty unary RPC with the service's event loop and server options.

    Prints its port and serves until SIGTERM, under the service's scheduling policy; `--plain`: under the default one.
    """
    if not plain:
        use_batch_scheduling()
    uvloop.run(_serve_echo())


async def _echo(_request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return b""


async def _serve_echo() -> None:
    server = grpc.aio.server(options=channel_options(ServerOptions()))
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {ECHO_METHOD: grpc.unary_unary_rpc_method_handler(_echo)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(ECHO_SERVICE, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(0)


@app.command()
def reap() -> None:
    """One pass of the reaper on the database of the environment, as `reap --confirm`; prints what it did as JSON."""
    print(json.dumps(asyncio.run(_reap())))


async def _reap() -> dict[str, float]:
    database = DatabaseConfig(
        os.environ["PROFILE_GRPC_DATABASE_URL"], bytes.fromhex(os.environ["PROFILE_GRPC_HASH_KEY"])
    )
    async with administration(database) as admin:
        begun, used = time.perf_counter(), time.process_time()
        report = await admin.reaper.run_pass(APP, confirm=True)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    return {"deleted": report.reaped[APP], "seconds": seconds, "cpu_seconds": cpu}


if __name__ == "__main__":
    app()
