"""What everything is compared with: an empty unary RPC on the service's own event loop and server options.

`python -m scripts.benchmark.echo` prints its port and serves until SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal

import grpc
import uvloop

from profile_grpc.transport.grpc.options import ServerOptions, channel_options

SERVICE, METHOD = "benchmark.Echo", "Call"


async def _echo(_request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return b""


async def _serve() -> None:
    server = grpc.aio.server(options=channel_options(ServerOptions()))
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {METHOD: grpc.unary_unary_rpc_method_handler(_echo)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(0)


if __name__ == "__main__":
    uvloop.run(_serve())
