"""Broken and hostile files: nothing is raised, lost or leaked, and memory stays bounded (I1, I4)."""

import gzip
import io
import itertools
import json
import random
import re
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from typing import Any, BinaryIO

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from profile_grpc.converters import CONVERTERS, Converted, Outcome, Refused
from profile_grpc.converters.reading import MAX_ENTRY_BYTES, Entry, Read, json_entries, lines
from tests.converters.support import SAMPLES
from tests.converters.test_samples import FOLDER, converted, outcomes

LINES = ["pinpoint.jsonl", "azure.xml", "onesignal_api.csv", "parse_mongoexport.jsonl", "django.jsonl"]
ELEMENTS = ["sns.json", "parse_dashboard.json", "django.json"]
HEADERS = {"onesignal_api.csv": 1}
SECRET = re.compile(rb"fcm-token-[\w-]+|gcm-token-[\w-]+|hms-token-\w+|[0-9A-Fa-f]{32,}|https://[\w./?=-]+|APA91b\w+")

piece = st.sampled_from([b'"', b"{", b"}", b"[", b"]", b",", b"\\", b"\n", b"\x00", b"\xff", b"<", b">", b"&", b"null"])
change = st.tuples(st.integers(0, 20_000), st.integers(0, 40), piece | st.binary(max_size=8))


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=40, deadline=None)
@given(changes=st.lists(change, min_size=1, max_size=6))
def test_I4_every_line_of_a_broken_file_is_a_record_or_reported(name: str, changes: list[Any]) -> None:
    content = mutated((FOLDER / name).read_bytes(), changes)
    if content.startswith((b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")):
        return

    found = list(converted(SAMPLES[name], content))

    lines = [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    numbers = [outcome.number for outcome in found]
    assert numbers == sorted(set(numbers))
    if name in HEADERS:
        assert set(lines) - set(numbers) <= set(lines[:1])
    elif not any(outcome.reason == "UNREADABLE" for outcome in found if not isinstance(outcome, Converted)):
        assert len(found) >= len(lines) or content.lstrip()[:1] == b"["
    check_secrets(content, found)


@pytest.mark.parametrize("name", ELEMENTS)
@settings(max_examples=40, deadline=None)
@given(changes=st.lists(change, min_size=1, max_size=6))
def test_I4_what_a_broken_document_loses_is_reported(name: str, changes: list[Any]) -> None:
    content = mutated((FOLDER / name).read_bytes(), changes)

    found = list(converted(SAMPLES[name], content))

    numbers = [outcome.number for outcome in found]
    assert numbers == sorted(set(numbers))
    whole = len(list(outcomes(name)))
    assert len(found) >= whole or any(isinstance(outcome, Refused) for outcome in found)
    check_secrets(content, found)


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_are_answered(name: str, content: bytes) -> None:
    list(converted(SAMPLES[name], content))


json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "name", ["pinpoint.jsonl", "sns.json", "parse_dashboard.json", "parse_mongoexport.jsonl", "django.json"]
)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_values_of_any_type_are_answered(name: str, data: st.DataObject) -> None:
    """Each field of a sound object in turn has a value of any type."""
    sound = data.draw(st.sampled_from(sound_objects(name)))
    broken: dict[str, Any] = json.loads(json.dumps(sound))
    place = broken
    while True:
        field = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[field], dict) or not place[field] or data.draw(st.booleans()):
            break
        place = place[field]
    place[field] = data.draw(json_value)

    [outcome] = converted(SAMPLES[name], json.dumps([broken] if name in ELEMENTS else broken).encode())

    assert outcome.number == 1


def test_a_broken_element_does_not_break_its_neighbours() -> None:
    good = json.dumps(sound_objects("django.json")[1])
    content = f'[{good}, {{"pk": }}, {good}, "text", 7, , {good}]'.encode()

    found = list(converted(SAMPLES["django.json"], content))

    assert [isinstance(outcome, Converted) for outcome in found] == [True, False, True, False, False, False, True]


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_any_length_is_refused_and_the_next_one_read(name: str) -> None:
    content = (FOLDER / name).read_bytes()
    first, rest = content.split(b"\n", 1)
    long = b"x" * (MAX_ENTRY_BYTES * 3)
    whole = {outcome.number: outcome for outcome in converted(SAMPLES[name], content)}

    found = {o.number: o for o in converted(SAMPLES[name], first + b"\n" + long + b"\n" + rest)}

    assert not isinstance(found[2], Converted)
    assert found[2].reason == "TOO_LONG"
    shifted = {number + 1: type(outcome) for number, outcome in whole.items() if number > 1}
    assert {number: type(outcome) for number, outcome in found.items() if number > 2} == shifted


def test_an_element_without_end_is_refused_in_bounded_memory() -> None:
    def endless() -> Iterator[bytes]:
        yield b'[{"model": "'
        yield from itertools.repeat(b"x" * 65_536, 160)  # 10 MiB

    assert peak_of("django", Chunks(endless())) < 8 * MAX_ENTRY_BYTES


def test_memory_does_not_grow_with_the_file() -> None:
    line = (FOLDER / "pinpoint.jsonl").read_bytes().split(b"\n")[0] + b"\n"
    element = json.dumps(sound_objects("django.json")[1]).encode() + b","

    def lines() -> Iterator[bytes]:
        yield from itertools.repeat(line * 50, 20)

    def elements() -> Iterator[bytes]:
        yield b"["
        yield from itertools.repeat(element * 100, 20)
        yield b"{}]"

    assert peak_of("pinpoint", Chunks(lines())) < MAX_ENTRY_BYTES // 2
    assert peak_of("django", Chunks(elements())) < MAX_ENTRY_BYTES // 2


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_bomb_is_unpacked_in_bounded_memory(compress: Callable[[bytes], bytes]) -> None:
    bomb = io.BytesIO(compress(bytes(64 << 20)))

    assert peak_of("pinpoint", bomb) < 10 * MAX_ENTRY_BYTES


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_damaged_archive_gives_what_was_before_the_damage(compress: Callable[[bytes], bytes]) -> None:
    content = b"".join(
        (FOLDER / "pinpoint.jsonl").read_bytes() + b"\n%s\n" % random.Random(number).randbytes(90).hex().encode()
        for number in range(3000)
    )
    packed = compress(content)

    found = list(converted(SAMPLES["pinpoint.jsonl"], packed[: len(packed) * 2 // 3]))

    assert isinstance(found[0], Converted)
    assert isinstance(found[-1], Refused)
    assert found[-1].reason in {"UNREADABLE", "MALFORMED"}


def test_entities_are_not_expanded() -> None:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE r [<!ENTITY a0 "x">{levels}]><AppleRegistrationDescription><DeviceToken>&a9;</DeviceToken>'
    outside = '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><AppleRegistrationDescription><Tags>&f;</Tags>'
    for document in (bomb, outside):
        line = (document + "</AppleRegistrationDescription>").encode()
        [outcome] = converted(SAMPLES["azure.xml"], line)
        assert isinstance(outcome, Refused)
    [deep] = converted(SAMPLES["azure.xml"], b"<a>" * 100_000)
    assert isinstance(deep, Refused)


@pytest.mark.parametrize("tail", [b"]", b", {}", b"{}", b"}"])
def test_data_outside_of_the_array_is_reported(tail: bytes) -> None:
    found = list(converted(SAMPLES["django.json"], (FOLDER / "django.json").read_bytes() + tail))

    assert isinstance(found[-1], Refused)
    assert found[-1].reason == "UNREADABLE"


@pytest.mark.parametrize(
    "token", ["secret" * 1000, "secret\x01token", "<secret", "http://secret.example.com", "https://"]
)
@pytest.mark.parametrize("name", ["pinpoint.jsonl", "sns.json", "parse_dashboard.json", "django.json", "azure.xml"])
def test_a_refused_token_is_not_repeated(name: str, token: str) -> None:
    content = (FOLDER / name).read_bytes()
    for secret in {match for match in SECRET.findall(content) if match.startswith((b"fcm-", b"gcm-", b"https://push"))}:
        content = content.replace(secret, json.dumps(token)[1:-1].encode())

    for outcome in converted(SAMPLES[name], content):
        assert isinstance(outcome, Converted) or "secret" not in outcome.description


def test_a_stream_stays_open() -> None:
    stream = io.BytesIO((FOLDER / "sns.json").read_bytes())
    list(CONVERTERS["sns"](stream, SAMPLES["sns.json"].options()))
    assert not stream.closed


def mutated(content: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, new in changes:
        at = place % (len(content) + 1)
        content = content[:at] + new + content[at + length :]
    return content


def check_secrets(content: bytes, found: list[Outcome]) -> None:
    secrets = {match.decode() for match in SECRET.findall(content)}
    for outcome in found:
        if not isinstance(outcome, Converted):
            assert not any(secret in outcome.description for secret in secrets)


def sound_objects(name: str) -> list[dict[str, Any]]:
    content = (FOLDER / name).read_text()
    if name == "django.json":
        return [json.loads(line.rstrip(",")) for line in content.splitlines()[1:5]]
    if name in ELEMENTS:
        document = json.loads(content)
        found: list[dict[str, Any]] = document.get("results") or document.get("Endpoints")
        return found[:3]
    return [json.loads(line) for line in content.splitlines()[:2]]


def peak_of(format_: str, stream: BinaryIO) -> int:
    """The most memory in bytes that the conversion held at a time."""
    options = SAMPLES["pinpoint.jsonl"].options()
    tracemalloc.start()
    try:
        for _ in CONVERTERS[format_](stream, options):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Chunks(io.RawIOBase, BinaryIO):
    """A stream that is made while it is read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any, /) -> int:
        self._rest = self._rest or next(self._chunks, b"")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def in_zstandard(content: bytes) -> bytes:
    """With a wrong checksum."""
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(content)
    return packed[:-1] + bytes([packed[-1] ^ 1])


@pytest.mark.parametrize("read", [lines, lambda stream: json_entries(stream, "records")], ids=["lines", "json"])
@pytest.mark.parametrize(
    "content", [in_zstandard(b'{"a": 1}\n'), b"\xff\xfe" + '{"a": 1}\n'.encode("utf-16-le") + b"\x00\xd8\n\x00"]
)
def test_I4_a_small_damaged_file_is_not_taken_for_an_empty_one(
    content: bytes, read: Callable[[BinaryIO], Iterator[Read]]
) -> None:
    """Its first bytes are read before anybody asks for a line."""
    found = list(read(io.BytesIO(content)))
    assert [one.reason for one in found if isinstance(one, Refused)] == ["UNREADABLE"]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_I1_the_end_of_a_line_does_not_count(end: bytes) -> None:
    (kept,) = lines(io.BytesIO(b"x" * 50 + end), 50)
    (refused,) = lines(io.BytesIO(b"x" * 51 + end), 50)
    assert (kept, isinstance(refused, Refused)) == (Entry(1, b"x" * 50), True)


def test_a_file_may_be_closed_while_its_lines_are_read() -> None:
    """An import that is stopped closes the file first."""
    stream = io.BytesIO(b"1\n2\n")
    reading = lines(stream)
    assert isinstance(reading, Generator)
    next(reading)
    stream.close()
    reading.close()
