"""What is done for most reports in a fraction of the time gives what the long way gives (X1, X2)."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profile_grpc.bridge import patterns
from profile_grpc.bridge.http.endpoints import BridgeApp
from profile_grpc.bridge.http.parameters import Sent
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.bridge.templates import Template
from tests.bridge.conftest import Harness, request, status
from tests.bridge.fake_service import APP, KEY, OTHER_KEY

NAMES = [
    "username",
    "user",
    "Selector",
    "token_calls",
    "pushToken",
    "token",
    "appid",
    "device_id",
    "key",
    "o%2Fther",
    "a.b",
]
VALUES = [
    "",
    "a",
    "%2F",
    "%2f",
    "%252B",
    "+",
    "%2B",
    "%3D",
    "=",
    "%",
    "%C3%BC",
    "%20",
    "%25",
    "%pushToken%",
    "%deviceId%",
]
values = st.lists(st.sampled_from(VALUES), max_size=4).map("".join)
LIMIT_S = 10


@given(
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=8),
    rows=st.lists(st.lists(values, min_size=8, max_size=8), min_size=1, max_size=4),
    odd=st.sampled_from(["", "&", "&username", "&x=1", "&&"]),
)
def test_a_pattern_reads_what_the_long_way_reads(names: list[str], rows: list[list[str]], odd: str) -> None:
    """X2: whatever the values are, and where the query only looks like those that the pattern was made of."""
    template = Template()
    queries = ["&".join(f"{name}={value}" for name, value in zip(names, row, strict=False)) for row in rows]
    for _ in range(patterns._WORTH):
        template._patterns.learn(queries[0])
    distinct = len({name.lower() for name in names}) == len(names)
    synonyms = {"username", "user"} <= set(names) or {"pushToken", "token"} <= set(names)
    assert (template._patterns.read(queries[0]) is not None) == (distinct and not synonyms)
    for query in [*queries, *(query + odd for query in queries)]:
        parameters = Sent(query).parameters
        assert template.read(Sent(query)) == (template.fields(parameters), template.secret(parameters))


def test_few_patterns_are_kept_and_no_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_WORTH", 1)
    template = Template()
    for number in range(10):
        template.read(Sent(f"username=a&extra{number}=b"))
    assert len(template._patterns._patterns) == 4
    assert template._patterns.read("username=a&extra9=b") is not None
    template.read(Sent("&".join(f"n{number}=a" for number in range(100))))
    assert template._patterns.read("username=a&extra9=b") is not None


class Connection:
    """A connection that is kept for several requests."""

    def __init__(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        self._harness = harness
        self.taken: list[bool] = []
        self.writer: asyncio.StreamWriter | None = None
        took = BridgeApp._took

        def told(*arguments: object) -> bool:
            self.taken.append(took(*arguments))  # type: ignore[arg-type]
            return self.taken[-1]

        monkeypatch.setattr(BridgeApp, "_took", told)

    async def open(self) -> None:
        assert self._harness.bridge is not None
        await self.close()
        self._reader, self.writer = await asyncio.open_connection(*self._harness.bridge.address)

    async def get(self, target: str, *headers: str, key: str = KEY, version: str = "1.1") -> bytes:
        raw = request("GET", target, *headers, key=key).replace(b"HTTP/1.1", f"HTTP/{version}".encode(), 1)
        assert self.writer is not None
        self.writer.write(raw)
        return await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), LIMIT_S)

    async def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            await self.writer.wait_closed()

    async def closed(self) -> bool:
        return await asyncio.wait_for(self._reader.read(1), LIMIT_S) == b""


@pytest.fixture
async def connection(running: Harness, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connection]:
    """The first report is answered already: its path and its key are known."""
    made = Connection(running, monkeypatch)
    await made.open()
    assert status(await made.get(report("first"))) == 200
    assert made.taken == []
    yield made
    await made.close()


def report(user: str, extra: str = "") -> str:
    return f"/{APP}/removeToken/?username={quote(user)}&token_msgs=abc{extra}"


async def test_the_common_report_is_taken_and_every_other_left(connection: Connection, running: Harness) -> None:
    """X1: whatever is left was not counted against the sender, nor kept twice."""
    assert status(await connection.get(report("second"))) == 200
    assert status(await connection.get(report("third"), "traceparent: nonsense")) == 200
    assert status(await connection.get(report("j\N{LATIN SMALL LETTER O WITH DIAERESIS}rg"))) == 200
    assert connection.taken == [True, True, True]
    for wrong in (OTHER_KEY, "", "with space"):
        answer = await connection.get(report("fourth"), key=wrong)
        assert status(answer) == 401
        assert b"www-authenticate: Basic" in answer
    assert connection.taken == [True, True, True, False, False, False]
    assert status(await connection.get(report("fifth"), "Expect: nothing")) == 200
    assert status(await connection.get(report("sixth"), "Content-Length: 0")) == 200
    assert status(await connection.get("/healthz")) == 200
    assert len(connection.taken) == 6
    await running.settled()
    users = [call.username for call in running.service.calls]
    assert sorted(users) == sorted(
        ["first", "second", "third", "j\N{LATIN SMALL LETTER O WITH DIAERESIS}rg", "fifth", "sixth"]
    )
    assert running.metric("requests_total", status="200") == 7
    assert running.metric("requests_total", status="401") == 3


async def test_a_taken_report_is_answered_as_any_other(connection: Connection) -> None:
    long_way = await connection.get(report("second"), "Expect: nothing")
    short_way = await connection.get(report("third"))
    assert connection.taken == [True]
    first, second = (
        [line for line in answer.split(b"\r\n") if not line.startswith((b"date", b"x-trace-id"))]
        for answer in (long_way, short_way)
    )
    assert first == second


async def test_connections_are_closed_when_they_should_be(connection: Connection) -> None:
    answer = await connection.get(report("second"), "Connection: close")
    assert (status(answer), b"connection: close" in answer) == (200, True)
    assert await connection.closed()
    await connection.open()
    assert status(await connection.get(report("third"), version="1.0")) == 200
    assert await connection.closed()
    assert connection.taken == [True]


async def test_a_report_taken_when_the_disk_fails_is_told(
    connection: Connection, running: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert running.bridge is not None
    writer = running.bridge._spool._writer

    def commit() -> None:
        writer._end()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "commit", commit)
        answer = await connection.get(report("second"))
    assert status(answer) == 503
    assert b"retry-after: 5" in answer
    assert running.metric("requests_total", status="503") == 1
    assert status(await connection.get(report("third"))) == 200
    assert connection.taken == [True, True]


async def test_a_full_spool_is_told(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    await harness.serve()
    await harness.start(spool_limits=SpoolLimits(size=1000))
    await harness.get(report("first"))
    await harness.settled()
    await harness.service.stop()
    connection = Connection(harness, monkeypatch)
    await connection.open()
    answers = [await connection.get(report(f"user{number}")) for number in range(6)]
    assert status(answers[0]) == 200
    assert status(answers[-1]) == 503
    assert b"retry-after: 60" in answers[-1]
    assert connection.taken == [status(answer) == 200 for answer in answers]
    await connection.close()


async def test_a_pipeline_is_answered_in_its_order(connection: Connection, running: Harness) -> None:
    """The first is taken, the others wait their turn; a client that leaves is counted all the same."""
    targets = [report(f"user{number}", "&key=wrong" if number == 2 else "") for number in range(4)]
    raws = [request("GET", target, key="" if "wrong" in target else KEY) for target in targets]
    answer = await running.send(b"".join(raws))
    assert [status(b"HTTP/1.1 " + head) for head in answer.split(b"HTTP/1.1 ")[1:]] == [200, 200, 401, 200]
    assert connection.taken == [True]
    await running.send(b"".join(request("GET", report(f"left{number}")) for number in range(3)), read=False)
    async with asyncio.timeout(LIMIT_S):
        while sum(call.username.startswith("left") for call in running.service.calls) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
