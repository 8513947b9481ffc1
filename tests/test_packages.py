"""What is installed from this repository: whole, with metadata, and without an index that knows its neighbour."""

import json
import subprocess
import sys
import sysconfig
import tomllib
import venv
import xml.etree.ElementTree as ET
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.limits import wait_s

ROOT = Path(__file__).parent.parent
REPOSITORY = "https://github.com/profile-grpc/profile-grpc"


def wheel(project: Path, folder: Path) -> Path:
    """Builds the wheel as `pip wheel` does, with the build backend of this environment."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(folder),
    ]
    subprocess.run([*command, str(project)], check=True, timeout=wait_s(), capture_output=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(ROOT, tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(ROOT / "clients/python", tmp_path_factory.mktemp("client"))


def run_installed(built: Path, folder: Path, *arguments: str) -> str:
    """Runs Python with the wheel installed alone; its dependencies come from the environment of the tests."""
    venv.create(folder / "venv", with_pip=False)
    place = folder / "venv/installed"
    with ZipFile(built) as archive:
        archive.extractall(place)
    # From a path, no .pth file is followed: neither package of this checkout is found but the installed one.
    paths = f"{place}:{sysconfig.get_path('purelib')}:{sysconfig.get_path('platlib')}"
    done = subprocess.run(
        [folder / "venv/bin/python", *arguments],
        env={"PYTHONPATH": paths, "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=wait_s(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_service_is_installed_with_the_contract(service: Path, tmp_path: Path) -> None:
    """`pip install .` in a fresh environment: nothing asks an index for `appprofile`."""
    requires = metadata(service).get_all("Requires-Dist") or []
    assert not [one for one in requires if one.startswith("appprofile")]
    program = "import appprofile, buf, profile_grpc.bootstrap.serving as s; print(appprofile.__file__, s.__file__)"
    places = run_installed(service, tmp_path, "-c", program).split()
    assert all(Path(place).is_relative_to(tmp_path) for place in places)


def test_the_installed_program_migrates_a_database(service: Path, tmp_path: Path) -> None:
    """What is read as data is in the wheel too: the migrations."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    shown = run_installed(service, tmp_path, "-m", "profile_grpc", "migrate", "--database-url", url)
    assert "has schema revision" in shown


def test_the_client_is_installed_alone(client: Path, tmp_path: Path) -> None:
    with ZipFile(client) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert tops == {"appprofile", "buf", f"appprofile-{metadata(client)['Version']}.dist-info"}
    program = "import appprofile.aio, appprofile.feedback; print(appprofile.__file__)"
    assert run_installed(client, tmp_path, "-c", program).startswith(str(tmp_path))


@pytest.mark.parametrize("package", ["service", "client"])
def test_the_wheels_have_complete_metadata(package: str, request: pytest.FixtureRequest) -> None:
    stated = metadata(request.getfixturevalue(package))
    links = dict(link.split(", ") for link in stated.get_all("Project-URL") or [])
    assert {"Homepage", "Documentation", "Repository", "Issues", "Changelog"} <= links.keys()
    assert links["Repository"] == REPOSITORY
    assert stated["Author"]
    assert stated["License-Expression"] == "Apache-2.0"
    assert stated["Description-Content-Type"] == "text/markdown"
    assert "Programming Language :: Python :: 3" in (stated.get_all("Classifier") or [])


def metadata(built: Path) -> Message:
    with ZipFile(built) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def test_the_other_packages_have_complete_metadata() -> None:
    npm = json.loads((ROOT / "clients/typescript/package.json").read_text())
    assert REPOSITORY in npm["repository"]["url"]
    assert npm["repository"]["directory"] == "clients/typescript"
    assert all(npm[field] for field in ("author", "homepage", "bugs", "license", "description", "keywords"))
    cargo = tomllib.loads((ROOT / "clients/rust/Cargo.toml").read_text())["package"]
    assert cargo["repository"] == REPOSITORY
    assert all(cargo[field] for field in ("authors", "homepage", "documentation", "categories", "license", "readme"))
    module = (ROOT / "clients/go/go.mod").read_text().split()[1]
    assert f"https://{module}" == f"{REPOSITORY}/clients/go"
    assert all((ROOT / "clients" / one / "LICENSE").exists() for one in ("go", "java", "python", "rust", "typescript"))


def test_the_java_package_has_what_maven_central_asks_for() -> None:
    pom = ET.parse(ROOT / "clients/java/pom.xml").getroot()  # noqa: S314 - ours
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    for path in ("name", "description", "url", "licenses/license/url", "developers/developer/name", "scm/url"):
        found = pom.findtext("/".join(f"m:{part}" for part in path.split("/")), namespaces=names)
        assert found, path
    plugins = {one.text for one in pom.iterfind(".//m:plugin/m:artifactId", names)}
    assert {"maven-source-plugin", "maven-javadoc-plugin"} <= plugins


def test_the_examples_and_the_readme_share_no_device() -> None:
    """Who tries both does not see one sign the other out (R8)."""

    def devices(path: Path) -> set[str]:
        return {word for word in ("phone-1", "tablet-1") if word in path.read_text()}

    readme = devices(ROOT / "README.md") | devices(ROOT / "src/profile_grpc/cli/serving.py")
    example = devices(ROOT / "clients/python/examples/first_call.py")
    assert readme == {"phone-1"}
    assert example == {"tablet-1"}
