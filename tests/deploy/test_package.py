"""scripts/package: what it builds can be installed from a folder, on the oldest and newest Python here."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.cli.program import environment
from tests.support.limits import wait_s

ROOT = Path(__file__).parents[2]
LIMIT_S = 900
SUPPORTED = range(11, 15)
_IMPORTS = "import appprofile.aio, profile_grpc.bootstrap.serving as s; print(appprofile.__file__, s.__file__)"

pytestmark = pytest.mark.timeout(2 * LIMIT_S)


def run(*command: str | Path, **variables: str) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=wait_s(LIMIT_S),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the service, of the Python client and of the Go client."""
    folder = tmp_path_factory.mktemp("dist")
    run("scripts/package", "python", *(["go"] if shutil.which("go") else []), DIST=str(folder))
    return folder


def pythons() -> Sequence[str]:
    """The oldest and the newest supported Python of this machine."""
    found: dict[int, str] = {sys.version_info.minor: sys.executable}
    root = (
        subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False).stdout.strip()
        if shutil.which("pyenv")
        else ""
    )
    for minor in SUPPORTED:
        installed = sorted(Path(root).glob(f"versions/3.{minor}.*/bin/python")) if root else []
        for candidate in filter(None, [shutil.which(f"python3.{minor}"), *map(str, installed)]):
            if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
                found.setdefault(minor, candidate)
    return [found[minor] for minor in sorted({min(found), max(found)})]


PYTHONS = pythons()


@pytest.mark.slow
@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: Path(path).name)
def test_the_packages_are_installed_from_a_folder(python: str, dist: Path, tmp_path: Path) -> None:
    """Alone, together, and from source (by the oldest Python only, as the wheels that are built are the same).

    The dependencies are there already, and no index is asked for the packages.
    """
    run(python, "-m", "venv", tmp_path / "venv")
    bin_ = tmp_path / "venv/bin"
    pip: list[str | Path] = [bin_ / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(
        *pip,
        "install",
        "--no-compile",
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
        "-r",
        "requirements/runtime.txt",
    )
    from_folder: list[str | Path] = [*pip, "install", "--no-index", "--find-links", dist]
    database = f"sqlite:///{tmp_path / 'x.db'}"

    run(*from_folder, "profile-grpc")
    assert run(bin_ / "profile-grpc", "--version").split()[1] == run("scripts/version").strip()
    assert "has schema revision" in run(bin_ / "profile-grpc", "migrate", "--database-url", database)
    run(*from_folder, "appprofile")
    run(*pip, "check")
    places = run(bin_ / "python", "-P", "-c", _IMPORTS).split()
    assert all(Path(place).is_relative_to(tmp_path) for place in places)

    run(*pip, "uninstall", "--yes", "profile-grpc", "appprofile")
    run(*from_folder, "appprofile")
    run(bin_ / "python", "-P", "-c", "import appprofile.aio, appprofile.webhooks")
    if python != PYTHONS[0]:
        return
    run(*pip, "uninstall", "--yes", "appprofile")
    run(*from_folder, "--no-build-isolation", "--no-binary", "profile-grpc,appprofile", "profile-grpc", "appprofile")
    assert "has schema revision" in run(bin_ / "profile-grpc", "migrate", "--database-url", database)


def test_the_checksums_are_those_of_every_file(dist: Path) -> None:
    listed = {name: digest for digest, name in map(str.split, (dist / "SHA256SUMS").read_text().splitlines())}
    files = {str(path.relative_to(dist)): path for path in dist.rglob("*") if path.is_file()}
    del files["SHA256SUMS"]
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def test_the_archives_hold_no_local_file(dist: Path) -> None:
    """Nothing that a developer's folder has beside the sources."""
    names: list[str] = []
    for path in dist.rglob("*"):
        if path.suffix in {".whl", ".zip"}:
            names += ZipFile(path).namelist()
        elif path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                names += archive.getnames()
    assert len(names) > 100
    unwanted = ("__pycache__", ".pyc", ".venv", ".tools", ".env", ".db", "node_modules", ".so")
    assert not [name for name in names if any(part in name.split("/") or name.endswith(part) for part in unwanted)]


def test_go_takes_the_module_from_the_folder(dist: Path, tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        if os.environ.get("REQUIRE_TOOLS") == "1":
            pytest.fail("go not found")
        pytest.skip("go not found")
    module = "github.com/profile-grpc/profile-grpc/clients/go"
    version = f"v{run('scripts/version').strip()}"
    variables = {"GOPROXY": f"file://{dist / 'go'}", "GONOSUMDB": module, "GOFLAGS": "-modcacherw", "GOSUMDB": "off"}
    shown = run(go, "mod", "download", "-json", f"{module}@{version}", GOMODCACHE=str(tmp_path / "cache"), **variables)
    assert '"Error"' not in shown
    source = tmp_path / "cache" / f"{module}@{version}" / "appprofile/client.go"
    assert source.read_bytes() == (ROOT / "clients/go/appprofile/client.go").read_bytes()


def test_every_package_has_the_same_version() -> None:
    run("scripts/version", "--check")


def test_a_new_version_is_set_in_every_package(tmp_path: Path) -> None:
    files = run("git", "ls-files", "-z").split("\0")
    for name in (
        "scripts/version",
        *(f for f in files if f.endswith((".toml", ".json", ".xml", ".go", ".md", ".yaml"))),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    run(tmp_path / "scripts/version", "9.8.7")
    run(tmp_path / "scripts/version", "--check")
    assert run(tmp_path / "scripts/version") == "9.8.7\n"
    (tmp_path / "clients/rust/Cargo.toml").write_bytes((ROOT / "clients/rust/Cargo.toml").read_bytes())
    done = subprocess.run([tmp_path / "scripts/version", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "clients/rust/Cargo.toml" in done.stderr
