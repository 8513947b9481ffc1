"""A bridge of which a part has ended says so and ends, instead of accepting reports that nobody stores (X1)."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry

from profile_grpc.bootstrap import bridging
from profile_grpc.bootstrap.process import ProcessFailed
from profile_grpc.bridge.bridge import BridgeConfig
from profile_grpc.bridge.delivery.delivery import Delivery
from profile_grpc.bridge.http.server import _Server
from profile_grpc.bridge.spool.writer import Writer
from tests.bridge.conftest import HASH_KEY, request
from tests.bridge.fake_service import APP, KEY, READER
from tests.support.limits import wait_s
from tests.support.ports import free_port


def _break_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(*_: object) -> None:
        raise OverflowError("a value that SQLite cannot store")

    monkeypatch.setattr(Writer, "prepare", prepare)


def _break_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(_: Delivery) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(Delivery, "_work", work)


def _break_http(monkeypatch: pytest.MonkeyPatch) -> None:
    async def on_tick(*_: object) -> bool:
        raise ValueError("a fault")

    monkeypatch.setattr(_Server, "on_tick", on_tick)


@pytest.mark.parametrize("spoil", [_break_writer, _break_delivery, _break_http])
async def test_a_bridge_ends_with_the_part_that_has_ended(
    spoil: Callable[[pytest.MonkeyPatch], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(monkeypatch)
    stop = asyncio.Event()
    settings = BridgeConfig(
        target=f"127.0.0.1:{free_port()}",
        spool=tmp_path / "spool.db",
        hash_key=HASH_KEY,
        keys=(READER,),
        port=0,
    )

    async def run() -> None:
        async with bridging._started(settings, CollectorRegistry(), None, stop) as url:
            at = urlsplit(url)
            _, writer = await asyncio.open_connection(at.hostname, at.port)
            writer.write(request("GET", f"/{APP}/removeToken/?username=ann", key=KEY))
            async with asyncio.timeout(wait_s()):
                await stop.wait()
            writer.close()

    with pytest.raises(ProcessFailed, match="internal error: bridge has ended; the log says why"):
        await run()
    assert "a part of the process has ended" in capsys.readouterr().out
