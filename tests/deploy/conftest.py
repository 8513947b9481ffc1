"""Tools that the tests of the deployment need."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy import envoy

ROOT = Path(__file__).parents[2]
_DEBIAN = ROOT / ".tools/debian"
_FOLDERS = (
    ROOT / ".tools/deploy/bin",
    ROOT / ".tools/bin",
    _DEBIAN / "usr/lib/chromium",  # its command in usr/bin expects to be installed
    _DEBIAN / "usr/bin",
    _DEBIAN / "usr/sbin",
    Path("/usr/sbin"),
)
_FROM_DEBIAN = frozenset({"chromium-headless-shell", "debootstrap", "prometheus", "promtool"})


def _find(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([*map(str, _FOLDERS), os.environ.get("PATH", "")]))


@pytest.fixture(scope="session")
def deploy_tool() -> Callable[[str], str]:
    """`deploy_tool(name)` is the path of a tool that scripts/tools installs; without it the test is skipped.

    Where REQUIRE_TOOLS=1 (continuous integration), it fails instead, unless only Debian has the tool, and this is none.
    """

    def require(name: str) -> str:
        path = _find(name)
        if path is not None:
            return path
        reason = f"{name} not found; scripts/tools installs it"
        if os.environ.get("REQUIRE_TOOLS") == "1" and (name not in _FROM_DEBIAN or shutil.which("apt-get")):
            pytest.fail(reason)
        pytest.skip(reason)

    return require


@pytest.fixture(scope="session")
def require_debian_tool() -> Callable[[str], str]:
    """`require_debian_tool(name)` is the path of a tool that only the system's packages have; else the test is skipped.

    Nothing of this repository installs it, so it is never required.
    """

    def require(name: str) -> str:
        path = _find(name)
        if path is None:
            pytest.skip(f"{name} not found: it is part of the system's packages")
        return path

    return require


@pytest.fixture(scope="module")
def edge(deploy_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[envoy.Edge]:
    """An Envoy in front of a server in development mode."""
    with envoy.running(deploy_tool("envoy"), tmp_path_factory.mktemp("envoy")) as found:
        yield found
