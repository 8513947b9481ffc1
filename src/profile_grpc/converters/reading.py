"""Lines and JSON elements of files that may be large, compressed, broken or hostile, in bounded memory."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple, TypeAlias, cast

import msgspec
from typing_extensions import override

from profile_grpc.converters.outcomes import Reason, Refused

MAX_ENTRY_BYTES = 1 << 20
"""The longest line or element. Sources limit an entry to a few KiB (Pinpoint: 15 KiB, SNS: 2 KiB of user data)."""
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_ZSTANDARD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""The first bytes of a frame, or of a frame without content, which pzstd writes."""
_ZSTANDARD_CHUNK = 64
"""Bytes that are unpacked at a time: 4 may become 128 KiB."""
_LINE_END = b"\r\n"
_BROKEN = (OSError, EOFError, zlib.error, UnicodeError)


class Entry(NamedTuple):
    """A line or an element as it is in the file."""

    number: int
    content: bytes


Read: TypeAlias = Entry | Refused
Reader: TypeAlias = "io.BufferedReader[io.RawIOBase]"


def lines(stream: BinaryIO, longest: int = MAX_ENTRY_BYTES) -> Iterator[Read]:
    """The lines that are not empty, each with its number. Line ends are removed.

    `longest`: the bytes of the longest line. A longer one is refused without being held in memory.
    """
    with _opened(stream) as reader:
        yield from _lines(reader, longest)


def json_entries(stream: BinaryIO, wrapper: str) -> Iterator[Read]:
    """The elements of a JSON document, or the lines of a file of JSON Lines, with their number.

    A document is an array, an object that has the array under the name `wrapper`, or several of these, one after the
    other.
    """
    with _opened(stream) as reader:
        start = _peek(reader).lstrip()
        if start[:1] == b"[" or (start[:1] == b"{" and _Splitter(wrapper).begins_array(start)):
            yield from _elements(reader, _Splitter(wrapper))
        else:
            yield from _lines(reader, MAX_ENTRY_BYTES)


def json_object(content: bytes) -> dict[str, object] | None:
    """The JSON object; None for anything else."""
    try:
        found = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _lines(reader: Reader, longest: int) -> Iterator[Read]:
    number = 0
    while True:
        number += 1
        try:
            line = part = reader.readline(longest + len(_LINE_END))
            whole = len(line.rstrip(_LINE_END)) <= longest
            while part and not part.endswith(b"\n"):
                part = reader.readline(longest)
                whole = whole and not part
        except _BROKEN:
            yield _unreadable(number)
            return
        if not line:
            return
        if not whole:
            yield too_long(number, longest)
        elif bare := line.strip():
            yield Entry(number, bare)


def _elements(reader: Reader, splitter: _Splitter) -> Iterator[Read]:
    while True:
        try:
            chunk = reader.read1(_CHUNK)
        except _BROKEN:
            yield _unreadable(splitter.number + 1)
            return
        if not chunk:
            break
        yield from splitter.feed(chunk)
    yield from splitter.end()


def too_long(number: int, longest: int = MAX_ENTRY_BYTES) -> Refused:
    return Refused(number, Reason.TOO_LONG, f"is longer than {longest} bytes")


def _unreadable(number: int) -> Refused:
    return Refused(
        number,
        Reason.UNREADABLE,
        "from here on the file is damaged, or needs more memory (zstd --long): export or copy it again",
    )


_OUTSIDE = re.compile(rb'["{}\[\],]')
_IN_STRING = re.compile(rb'"|\\.?', re.DOTALL)
_NAME_BYTES = 256


class _Splitter:
    """Cuts the elements out of arrays, without reading them: a broken element does not break its neighbours."""

    def __init__(self, wrapper: str) -> None:
        self.number = 0
        self._name = re.compile(rb'"' + wrapper.encode() + rb'"\s*:\s*\Z')
        self._depth = 0
        self._array = 0  # the depth within the array of elements; 0 outside
        self._string = False
        self._escaped = False
        self._element = bytearray()
        self._first = True
        self._found = False
        self._wrapped = False  # whether the present value of the document has had its array
        self._stray = False
        self._before = b""  # the end of the chunk before: what precedes a bracket may be there

    def begins_array(self, chunk: bytes) -> bool:
        """Whether an array of elements begins in the chunk, in its first value."""
        for _ in self.feed(chunk):
            pass
        return self._found

    def feed(self, chunk: bytes) -> Iterator[Read]:
        at = copied = 0
        while (found := self._next(chunk, at)) is not None:
            at = found + 1
            if chunk[found] in b"[{":
                self._depth += 1
                self._wrapped &= self._depth > 1
                if not self._array and self._opens_array(chunk, found):
                    self._array, self._first, copied = self._depth, True, at
                    self._wrapped = True
                    self._found |= not self._stray
            elif self._array and self._depth == self._array:  # a comma, or the end of the array
                self._add(chunk[copied:found])
                copied = at
                yield from self._take(last=chunk[found] != ord(","))
                if chunk[found] != ord(","):
                    self._array, self._depth = 0, self._depth - 1
            elif chunk[found] != ord(","):
                self._stray |= self._depth == 0 or (self._depth == 1 and not self._wrapped)
                self._depth = max(self._depth - 1, 0)
            else:
                self._stray |= self._depth == 0
        if self._array:
            self._add(chunk[copied:])
        self._before = (self._before + chunk)[-_NAME_BYTES:]

    def end(self) -> Iterator[Read]:
        """What is to be said at the end of the file."""
        if self._array:
            yield Refused(self.number + 1, Reason.UNREADABLE, "the file ends within its array: it was cut off")
        elif self._stray:
            yield Refused(self.number + 1, Reason.UNREADABLE, "there is data outside of the array: the file is damaged")

    def _next(self, chunk: bytes, at: int) -> int | None:
        """The index of the next bracket, brace or comma outside of strings."""
        if self._escaped and chunk:
            self._escaped, at = False, at + 1
        while True:
            match = (_IN_STRING if self._string else _OUTSIDE).search(chunk, at)
            if match is None:
                return None
            at = match.end()
            if match[0] == b'"':
                self._string = not self._string
            elif not self._string:
                return match.start()
            elif match[0] == b"\\":  # the escaped byte is in the next chunk
                self._escaped = True
                return None

    def _opens_array(self, chunk: bytes, at: int) -> bool:
        """Whether the bracket begins the elements; what can be neither that nor a value of the object is stray."""
        if self._depth == 1:
            return chunk[at] == ord("[")
        if self._depth > len("{["):
            return False
        before = (self._before + chunk[:at] if at < _NAME_BYTES else chunk[at - _NAME_BYTES : at]).rstrip()
        self._stray |= before[-1:] != b":"
        return chunk[at] == ord("[") and self._name.search(before) is not None

    def _add(self, part: bytes) -> None:
        if len(self._element) <= MAX_ENTRY_BYTES:
            self._element += part

    def _take(self, *, last: bool) -> Iterator[Read]:
        content = bytes(self._element).strip()
        self._element.clear()
        if content or not (last and self._first):
            self.number += 1
            yield too_long(self.number) if len(content) > MAX_ENTRY_BYTES else Entry(self.number, content)
        self._first = False


@contextmanager
def _opened(stream: BinaryIO) -> Iterator[Reader]:
    """The bytes of the file, decompressed and in UTF-8. The stream stays open."""
    outer = io.BufferedReader(cast("io.RawIOBase", stream), _CHUNK)
    readers = [outer]
    try:
        packed = _peek(outer)
        if packed[:2] == _GZIP:
            unpacked = gzip.GzipFile(fileobj=outer, mode="rb")
            readers.append(io.BufferedReader(cast("io.RawIOBase", unpacked), _CHUNK))
        elif _ZSTANDARD.match(packed):
            readers.append(io.BufferedReader(_FromZstandard(outer), _CHUNK))
        start = _peek(readers[-1])[:3]
        if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            readers.append(io.BufferedReader(_FromUtf16(readers[-1]), _CHUNK))
        elif start == codecs.BOM_UTF8:
            readers[-1].read(len(codecs.BOM_UTF8))
        yield readers[-1]
    finally:
        for reader in reversed(readers):
            with suppress(ValueError):  # the stream may be closed before this generator
                reader.detach()


def _peek(reader: Reader) -> bytes:
    """The next bytes; none if the file is damaged, which the next read says again."""
    try:
        return reader.peek(_CHUNK)
    except _BROKEN:
        return b""


class _Decoded(io.RawIOBase):
    """The bytes of another stream in another form."""

    def __init__(self, source: Reader) -> None:
        self._source = source
        self._ready = memoryview(b"")
        self._broken: Exception | None = None

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            decoded = self._next_or_broken()
            if decoded is None:
                return 0
            self._ready = memoryview(decoded)
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _next_or_broken(self) -> bytes | None:
        """Once it is broken, each read says so: what was read of the source is gone."""
        if self._broken is not None:
            raise self._broken
        try:
            return self._next()
        except _BROKEN as error:
            self._broken = error
            raise

    def _next(self) -> bytes | None:
        """The next bytes, perhaps none; None at the end."""
        raise NotImplementedError


class _FromUtf16(_Decoded):
    """UTF-16 as UTF-8: what PowerShell makes of a redirected output."""

    def __init__(self, source: Reader) -> None:
        super().__init__(source)
        self._decoder = codecs.getincrementaldecoder("utf-16")()

    @override
    def _next(self) -> bytes | None:
        raw = self._source.read1(_CHUNK)
        return self._decoder.decode(raw, final=not raw).encode() or (b"" if raw else None)


class _FromZstandard(_Decoded):
    """Zstandard, one frame or several.

    The library's own reader says nothing of a frame that is cut off: an upload that broke would be imported in part.
    """

    def __init__(self, source: Reader) -> None:
        super().__init__(source)
        import zstandard  # noqa: PLC0415 - few files need it

        self._error = zstandard.ZstdError
        self._begin = zstandard.ZstdDecompressor().decompressobj
        self._frame = self._begin()
        self._begun = False
        self._rest = b""

    @override
    def _next(self) -> bytes | None:
        packed = self._rest or self._source.read(_ZSTANDARD_CHUNK)
        if not packed:
            if self._begun:
                raise EOFError("the last frame is cut off")
            return None
        try:
            unpacked = self._frame.decompress(packed)
        except self._error as error:
            raise OSError(str(error)) from None
        self._rest, self._begun = self._frame.unused_data, not self._frame.eof
        if self._frame.eof:
            self._frame = self._begin()
        return unpacked
