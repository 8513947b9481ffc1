"""The TypeScript client in a real browser: by gRPC-Web, through a real Envoy, to a real server."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from tests.cli.test_serve import demo_keys, demo_output
from tests.clients.builds import BUILD_LIMIT_S, alone_with, build
from tests.deploy import chromium
from tests.deploy.chromium import Chromium
from tests.deploy.envoy import Edge
from tests.support.https_server import serving
from tests.support.limits import wait_s

CLIENT = Path(__file__).parents[2] / "clients/typescript"
PAGE = "app.example.com:443"
"""The origin that deploy/envoy admits."""
STRANGER = "evil.example:443"
EDGE = "edge.example.com:443"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(BUILD_LIMIT_S)]


@pytest.fixture(scope="module")
def example() -> str:
    """The page's text; its program is built."""
    with alone_with("typescript"):
        build("typescript", CLIENT / "conformance/build")
    return (CLIENT / "example/web/index.html").read_text()


@asynccontextmanager
async def published(page: str, tls: Path) -> AsyncIterator[int]:
    """Serves the page and what it imports over TLS; answers the port."""

    async def index(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", index)
    for folder in ("build", "dist", "node_modules"):
        app.router.add_static(f"/{folder}", CLIENT / folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls / "tls.crt", tls / "tls.key")
    async with serving(app, context) as port:
        yield port


@asynccontextmanager
async def browsing(program: str, folder: Path, edge: Edge, page: str) -> AsyncIterator[Chromium]:
    async with published(page, edge.tls) as port:
        hosts = {PAGE: port, STRANGER: port, EDGE: edge.port}
        async with Chromium.start(program, folder, hosts, edge.public_key_hash) as browser:
            yield browser


def with_key(example: str, key: str) -> str:
    """The page as somebody who follows its comment writes it."""
    for old, new in (("localhost:8443", EDGE.removesuffix(":443")), ('data-key=""', f'data-key="{key}"')):
        assert example.count(old) == 1
        example = example.replace(old, new)
    return example


async def test_a_page_registers_sends_heartbeats_and_reads_the_details_of_errors(
    edge: Edge, deploy_tool: Callable[[str], str], example: str, tmp_path: Path
) -> None:
    page = with_key(example, demo_keys(demo_output(edge.server))["client"])
    async with browsing(deploy_tool(chromium.NAME), tmp_path, edge, page) as browser:
        session = await browser.open(f"https://{PAGE}/")
        shown = await browser.text_of(session, "output", until="done\n")
        assert browser.problems == []
    beat, refused, *violations, done = shown.splitlines()
    assert beat == f"next heartbeat in {15 * 24 * 3600} seconds"
    assert refused.startswith("refused: INVALID_REQUEST: ")
    assert [line.partition(": ")[0] for line in violations] == ["key.user_id"]
    assert done == "done"
    with edge.channel() as channel:
        key = profile_pb2.ProfileKey(app_id="demo", user_id="ann", device_id="browser-1")
        stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
        got = stub.GetProfile(profile_service_pb2.GetProfileRequest(key=key), timeout=wait_s()).profile
    assert got.platform == profile_pb2.PLATFORM_WEB
    assert got.HasField("last_heartbeat_time")


async def test_the_browser_keeps_other_pages_from_calling(
    edge: Edge, deploy_tool: Callable[[str], str], example: str, tmp_path: Path
) -> None:
    """CORS: only the pages of the configuration may call."""
    page = with_key(example, "")
    async with browsing(deploy_tool(chromium.NAME), tmp_path, edge, page) as browser:
        session = await browser.open(f"https://{STRANGER}/")
        shown = await browser.text_of(session, "output", until="done\n")
        assert "next heartbeat" not in shown
        assert any("CORS" in problem for problem in browser.problems)
