"""Writes a Go module as a file-system module proxy has it: python go_module.py SOURCE VERSION FOLDER.

The format is that of `go help goproxy` and of golang.org/x/mod/zip: MODULE/@v/VERSION.info, .mod and .zip.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path


def main(source: Path, version: str, folder: Path) -> None:
    """Packs the files of the module that git knows."""
    definition = (source / "go.mod").read_text()
    module = definition.split()[1]
    target = folder / module / "@v"
    target.mkdir(parents=True)
    time = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")), UTC)
    (target / "list").write_text(f"{version}\n")
    (target / f"{version}.info").write_text(json.dumps({"Version": version, "Time": f"{time:%Y-%m-%dT%H:%M:%SZ}"}))
    (target / f"{version}.mod").write_text(definition)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=source, check=True, capture_output=True, text=True)  # noqa: S607 - git of the developer
    with zipfile.ZipFile(target / f"{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(filter(None, listed.stdout.split("\0"))):
            entry = zipfile.ZipInfo(f"{module}@{version}/{name}", time.timetuple()[:6])
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (source / name).read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
