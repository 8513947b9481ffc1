"""The files of `import` and `export`. An export is gzip (`.gz`) or Zstandard (`.zst`) if its name ends so."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from profile_grpc.cli import output
from profile_grpc.cli.errors import CommandFailed

STANDARD = "-"
_GZIP, _ZSTD = ".gz", ".zst"
_lines = msgspec.json.Encoder(order="sorted").encode_lines


class Compressed(Protocol):
    """What compresses into a file."""

    def write(self, data: bytes, /) -> int: ...
    def close(self) -> None: ...


def size_of(path: str) -> int:
    """In bytes; of standard input 0: not known."""
    return 0 if path == STANDARD else Path(path).stat().st_size


@contextmanager
def reading(path: str) -> Iterator[BinaryIO]:
    """The file as it is; the readers of the formats decompress it."""
    if path == STANDARD:
        yield sys.stdin.buffer
        return
    with Path(path).open("rb") as file:
        yield file


class Sink(Protocol):
    """A file that an export writes."""

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Adds records."""

    def end_part(self) -> int:
        """The size up to which the file is complete and on the disk, in bytes: an interrupted export goes on there.

        0: it begins anew.
        """

    def close(self) -> None:
        """Closes the file."""


class JsonLinesSink:
    """JSON Lines, in parts each of which is complete. Names are sorted, so that the same record is the same bytes.

    Gzip files may have several members, and Zstandard files several frames: each part is one.
    """

    def __init__(self, path: str, size: int) -> None:
        """Goes on after the first `size` bytes of the file; 0: writes it anew. Tokens are in it: for its owner only."""
        self._path = path
        self._raw: BinaryIO
        self._shown = path == STANDARD and output.on_terminal()
        if path == STANDARD:
            self._raw = sys.stdout.buffer
        else:
            descriptor = os.open(path, os.O_RDWR | (0 if size else os.O_CREAT), 0o600)
            self._raw = os.fdopen(descriptor, "r+b")
            if os.fstat(descriptor).st_size < size:
                self._raw.close()
                raise CommandFailed(
                    f"{path} is shorter than the interrupted export left it; remove {path}.export to start again"
                )
            self._raw.truncate(size)
            self._raw.seek(size)
        self._part: Compressed | None = None

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Adds a line for each record to the current part."""
        if self._part is None:
            self._part = self._begin()
        lines = _lines(records)
        self._part.write(output.json_text(lines.decode()).encode() if self._shown else lines)

    def end_part(self) -> int:
        """Completes the part. Standard output has no size to go on at: 0."""
        if self._part is not None and self._part is not self._raw:
            self._part.close()
        self._part = None
        self._raw.flush()
        if self._path == STANDARD:
            return 0
        os.fsync(self._raw.fileno())
        return self._raw.tell()

    def close(self) -> None:
        if self._path != STANDARD:
            self._raw.close()

    def _begin(self) -> Compressed:
        if self._path.endswith(_GZIP):
            return gzip.GzipFile("", "wb", compresslevel=6, fileobj=self._raw, mtime=0)
        if self._path.endswith(_ZSTD):
            import zstandard

            return zstandard.ZstdCompressor(write_checksum=True).stream_writer(self._raw, closefd=False)
        return self._raw
