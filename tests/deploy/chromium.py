"""A headless Chromium, controlled by its DevTools protocol."""

import asyncio
import itertools
import os
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse

from tests.support.limits import wait_s

NAME = "chromium-headless-shell"
_ANNOUNCEMENT = re.compile(r"^DevTools listening on (.+)$", re.MULTILINE)


class Chromium:
    """A browser that reaches nothing but the named hosts; use `start`."""

    def __init__(self, connection: ClientWebSocketResponse) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self.problems: list[str] = []
        """What a person would see in the browser's console: uncaught errors and refused requests."""

    @classmethod
    @asynccontextmanager
    async def start(cls, program: str, folder: Path, hosts: Mapping[str, int], trusted: str) -> AsyncIterator[Self]:
        """Starts the program.

        Args:
            program: from Debian's package, unpacked or installed.
            folder: for its profile and its log.
            hosts: the loopback port on which each `host:port` is found. No other name is resolved.
            trusted: the SHA-256 of the public key whose certificates are accepted, in base64.
        """
        rules = [f"MAP {host} 127.0.0.1:{port}" for host, port in hosts.items()]
        options = [
            f"--user-data-dir={folder / 'profile'}",
            f"--host-resolver-rules={','.join([*rules, 'MAP * ~NOTFOUND'])}",
            f"--ignore-certificate-errors-spki-list={trusted}",
        ]
        with _running(program, options, folder / "chromium.log") as said:
            async with ClientSession() as session:
                url = await _announced(said)
                async with session.ws_connect(url, max_msg_size=0) as connection:
                    yield cls(connection)

    async def open(self, url: str) -> str:
        """Opens a page; answers its session."""
        target = await self._ask("Target.createTarget", url="about:blank")
        attached = await self._ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        session = str(attached["sessionId"])
        for domain in ("Runtime", "Log", "Page"):
            await self._ask(f"{domain}.enable", session)
        await self._ask("Page.navigate", session, url=url)
        return session

    async def text_of(self, session: str, selector: str, until: str) -> str:
        """The text of an element, once it contains `until`."""
        expression = f"document.querySelector({selector!r})?.textContent ?? ''"
        async with asyncio.timeout(wait_s()):
            while True:
                answer = await self._ask("Runtime.evaluate", session, expression=expression)
                text = str(answer["result"].get("value", ""))
                if until in text or self.problems:
                    return text
                await asyncio.sleep(0.05)

    async def _ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": parameters}
        await self._connection.send_json(asked if session is None else asked | {"sessionId": session})
        while True:
            message = await self._connection.receive_json(timeout=wait_s())
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                return dict(message["result"])
            self._notice(message)

    def _notice(self, event: Mapping[str, Any]) -> None:
        if event["method"] == "Runtime.exceptionThrown":
            details = event["params"]["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        elif event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            entry = event["params"]["entry"]
            self.problems.append(f"{entry['text']} {entry.get('url', '')}")


@contextmanager
def _running(program: str, options: Sequence[str], log: Path) -> Iterator[Callable[[], str]]:
    """Runs the program. The function answers what it has said so far."""
    # Its sandbox needs a user other than root, and name spaces that a container may not have.
    command = [program, "--no-sandbox", "--remote-debugging-port=0", *options, "about:blank"]
    with (
        log.open("w") as output,
        subprocess.Popen(command, env=_environment(program), stdout=output, stderr=output) as process,
    ):

        def said() -> str:
            text = log.read_text()
            assert process.poll() is None, text
            return text

        try:
            yield said
        finally:
            process.kill()


async def _announced(said: Callable[[], str]) -> str:
    """The address of the DevTools, which the program says when it is ready."""
    async with asyncio.timeout(wait_s()):
        while not (found := _ANNOUNCEMENT.search(said())):  # noqa: ASYNC110 - it writes a file
            await asyncio.sleep(0.05)
    return found[1]


def _environment(program: str) -> dict[str, str]:
    """With the libraries that were unpacked beside the program (scripts/tools), where it is not an installed one."""
    root = Path(program).resolve()
    unpacked = next((folder for folder in root.parents if (folder / "packages").is_file()), None)
    if unpacked is None:
        return dict(os.environ)
    folders = ("usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib/*-linux-gnu/pulseaudio")
    libraries = [str(path) for folder in folders for path in unpacked.glob(folder)]
    return dict(os.environ) | {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}
