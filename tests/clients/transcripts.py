"""Runs a conformance program against a server, and says what it should have printed. See README.md."""

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.clients.server import ServerProcess
from tests.support.limits import wait_s

SCENARIO = Path(__file__).with_name("scenario.json")


def run(
    program: list[str],
    scenario: Path,
    server: ServerProcess,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """The program's transcript. What it asks for is done to the server while it runs."""
    keys = folder / "keys.json"
    keys.touch(mode=0o600)
    keys.write_text(json.dumps(server.create_keys()))
    acts: dict[str, Callable[[], None]] = {
        "pause": server.pause,
        "resume": server.resume,
        "restart": server.restart,
        "kill": server.kill,
    }
    asks = {line({"ask": name}): act for name, act in acts.items()}
    command = [*program, str(scenario), server.target, str(keys), *([str(server.tls.ca)] if server.tls else [])]
    errors = folder / "program.log"
    transcript = []
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        ) as running,
    ):
        assert running.stdin is not None
        assert running.stdout is not None
        watchdog = threading.Timer(wait_s(), running.kill)
        watchdog.start()
        try:
            for printed in running.stdout:
                text = printed.removesuffix("\n")
                transcript.append(text)
                if act := asks.get(text):
                    act()
                    running.stdin.write("done\n")
                    running.stdin.flush()
        except BaseException:
            running.kill()
            raise
        finally:
            watchdog.cancel()
    assert running.returncode == 0, f"the program failed:\n{errors.read_text()}"
    return transcript


def expected(scenario: Mapping[str, Any]) -> list[str]:
    """The transcript that the scenario demands."""
    lines = []
    for step in scenario["steps"]:
        if "ask" in step:
            lines.append(line({"ask": step["ask"]}))
            continue
        if "during" in step:
            lines.append(line({"ask": step["during"]}))
        lines.append(line({"step": step["step"], **step["expect"]}))
    return lines


def line(value: Mapping[str, Any]) -> str:
    """The value as the transcript writes it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
