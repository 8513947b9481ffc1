"""Reads a Containerfile, and runs its steps in folders with chroot: what a container engine would do, without one."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.limits import wait_s

LIMIT_S = 900
_CHROOT = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin") or "chroot"


@dataclass(frozen=True)
class Step:
    """An instruction and its arguments, on one line."""

    name: str
    arguments: str


def parse(path: Path) -> list[Step]:
    """The steps, without comments; continued lines are joined."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines()]


def assignments(arguments: str) -> dict[str, str]:
    """The variables of an ENV."""
    return dict(re.findall(r"(\w+)=(\S+)", arguments))


@dataclass
class Stage:
    """A root file system and its settings."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin"})
    folder: str = "/"
    user: str = "0:0"
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()

    def at(self, path: str) -> Path:
        """A path of the stage, on this machine."""
        return self.root / str(Path(self.folder) / path).lstrip("/")

    def run(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a command as the stage's user until it ends."""
        return subprocess.run(
            [_CHROOT, f"--userspec={self.user}", str(self.root), "/usr/bin/env", f"--chdir={self.folder}", *command],
            env=self.environment | dict(environment or {}),
            capture_output=True,
            text=True,
            timeout=wait_s(LIMIT_S),
            check=False,
        )


class Build:
    """The build of an image from a context and a base."""

    def __init__(self, context: Path, base: Path, folder: Path, of_the_builder: Mapping[str, str]) -> None:
        """`of_the_builder`: variables that the builder hands to RUN, such as where packages come from."""
        self._context = context
        self._base = base
        self._folder = folder
        self._of_the_builder = of_the_builder
        self._stages: dict[str, Stage] = {}

    def of(self, steps: Sequence[Step]) -> Stage:
        """The last stage."""
        stage = Stage(self._base)
        for step in steps:
            stage = self._take(step, stage)
        return stage

    def _take(self, step: Step, stage: Stage) -> Stage:
        match step.name:
            case "ARG" | "EXPOSE" | "STOPSIGNAL" | "HEALTHCHECK" | "VOLUME":
                pass
            case "FROM":
                return self._begin(step.arguments.partition(" AS ")[2] or str(len(self._stages)))
            case "WORKDIR":
                stage.folder = step.arguments
                stage.at(".").mkdir(parents=True, exist_ok=True)
            case "ENV":
                given = assignments(step.arguments)
                stage.environment |= {n: v.replace("$PATH", stage.environment["PATH"]) for n, v in given.items()}
            case "USER":
                stage.user = step.arguments
            case "COPY":
                self._copy(step.arguments.split(), stage)
            case "RUN":
                done = stage.run(["/bin/sh", "-c", step.arguments], self._of_the_builder)
                assert done.returncode == 0, f"{step.arguments}\n{done.stdout}{done.stderr}"
            case "ENTRYPOINT":
                stage.entrypoint = json.loads(step.arguments)
            case "CMD":
                stage.command = json.loads(step.arguments)
            case _:
                raise AssertionError(f"unknown instruction {step.name}")
        return stage

    def _begin(self, name: str) -> Stage:
        root = self._folder / name
        subprocess.run(["cp", "-a", "--reflink=auto", self._base, root], check=True, timeout=wait_s(LIMIT_S))
        self._stages[name] = Stage(root)
        return self._stages[name]

    def _copy(self, words: list[str], stage: Stage) -> None:
        source = self._context
        if words[0].startswith("--from="):
            source = self._stages[words.pop(0).removeprefix("--from=")].root
        *paths, target = words
        for path in paths:
            found, destination = source / path.lstrip("/"), stage.at(target)
            if found.is_dir():
                shutil.copytree(found, destination, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                destination = destination / found.name if target.endswith("/") else destination
                destination.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, destination)


def network_settings(root: Path) -> dict[str, str]:
    """Gives a root file system the machine's way to the package registries; variables for what runs there."""
    shutil.copy2("/etc/resolv.conf", root / "etc/resolv.conf")
    passed = {n: v for n, v in os.environ.items() if n.lower().endswith("_proxy") or n == "PIP_INDEX_URL"}
    authorities = Path(os.environ.get("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt"))
    if authorities.exists():
        shutil.copy2(authorities, root / "authorities.pem")
        passed["PIP_CERT"] = "/authorities.pem"
    return passed
