"""Other versions of the program, each as the environment in which it runs."""

import io
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from profile_grpc.store.schema import REVISIONS

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
_MIGRATIONS = "profile_grpc/store/migrations/versions"
_OLDEST = re.compile(r'^oldest_program = "(\d+)"', re.MULTILINE)
NEXT = "9999"
ADDS = """op.create_table("next_thing", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("profile", sa.Column("next_note", sa.Text(), nullable=True))"""


def next_version(folder: Path, does: str, *, older_may_stay: bool) -> dict[str, str]:
    """This version with one more migration, which does this."""
    sources = folder / "newer"
    shutil.copytree(SOURCES, sources, ignore=shutil.ignore_patterns("__pycache__"))
    stay = f'oldest_program = "{REVISIONS[-1]}"' if older_may_stay else ""
    (sources / _MIGRATIONS / f"r{NEXT}_next.py").write_text(
        f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{NEXT}"\n'
        f'down_revision = "{REVISIONS[-1]}"\n{stay}\n\n\ndef upgrade() -> None:\n    {does}\n'
    )
    return {"PYTHONPATH": str(sources)}


def oldest_that_may_stay(folder: Path) -> dict[str, str]:
    """The oldest version in the history that may serve on this version's schema (ADR 0043).

    Skips the test where there is no history, as in a shallow clone.
    """
    if _git("rev-parse", "--is-shallow-repository", check=False).strip() != b"false":
        pytest.skip("this checkout has no history to take an older version from")
    return version_of(_first_commit_with(f"src/{_MIGRATIONS}/r{_oldest_program()}_*.py"), folder / "older")


def version_of(commit: str, folder: Path) -> dict[str, str]:
    """The version of a commit, unpacked into the folder."""
    packed = _git("archive", commit, "src", "clients/python/src")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return {"PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder / 'clients/python/src'}"}


def _oldest_program() -> str:
    """The revision of the oldest program that this version's schema permits."""
    return max(_permitted(path) for path in (SOURCES / _MIGRATIONS).glob("r*.py"))


def _permitted(migration: Path) -> str:
    declared = _OLDEST.search(migration.read_text())
    return declared[1] if declared else migration.name[1:5]


def _first_commit_with(path: str) -> str:
    return _git("log", "--diff-filter=A", "--format=%H", "--", path).decode().split()[-1]


def _git(*arguments: str, check: bool = True) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=check, capture_output=True).stdout
