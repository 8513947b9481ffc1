"""The endpoint answers any input with a documented status and never with a stack trace."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.bridge.processes import Site
from tests.support.limits import wait_s

DOCUMENTED = {200, 204, 400, 401, 404, 405, 408, 413, 429, 503}
APP = "demo"
KEY = "apk_bridge000001_a-wrong-key"


class Background:
    """A bridge beside its service, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._program = Site(folder).serve("--dev", "--bridge-port", "0")
        self._program.__enter__()
        host, _, port = self._program.said("bridge on").rpartition(":")
        self.address = (host, int(port))

    def close(self) -> str:
        """Ends it and answers what it logged."""
        assert self._program.end(signal.SIGTERM) == 0
        return self._program.log.read_text()

    def send(self, raw: bytes) -> bytes:
        """The answer, which is empty where the bridge hangs up or waits for more."""
        with socket.create_connection(self.address, timeout=wait_s()) as client:
            answer = b""
            try:
                client.sendall(raw)
                client.shutdown(socket.SHUT_WR)
                while part := client.recv(65_536):
                    answer += part
            except OSError:
                pass
            return answer


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Background]:
    running = Background(tmp_path_factory.mktemp("fuzz"))
    yield running
    log = running.close()
    assert "Traceback" not in log
    assert "cannot answer" not in log
    assert "FAULT" not in log


def check(answer: bytes) -> None:
    """Every status is documented; only 503 is of the server's making, and says when to come again."""
    assert b"Traceback" not in answer
    for head in answer.split(b"HTTP/1.1 ")[1:]:
        status = int(head[:3])
        assert status in DOCUMENTED, head
        if status == 503:
            assert b"retry-after: " in head


junk = st.binary(max_size=200)
WORDS = [
    *(b"removeToken", b"reportToken", APP.encode(), b"..", b"%", b"%25", b"%2F", b"&", b"=", b"?", b"/", b"+", b"%00"),
    *(b"username", b"selector", b"token_msgs", b"appid_msgs", b"com.cloudsoftphone.app", b"%pushToken%", b"\xc3\xbc"),
    *(b"key=" + KEY.encode(), b"x" * 5000),
]
words = st.sampled_from(WORDS)
pieces = st.lists(st.one_of(words, words, junk), max_size=12).map(b"".join)
methods = st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"BREW", b""])
NAMES = [
    *(b"Content-Type", b"Content-Encoding", b"Content-Length", b"Transfer-Encoding", b"Authorization", b"X-Api-Key"),
    *(b"Expect", b"Connection", b"Upgrade", b"Host", b"traceparent", b"X-Forwarded-For"),
]
VALUES = [
    *(b"application/json", b"text/plain; charset=utf-16", b"gzip", b"chunked", b"0", b"5", b"-1", b"close", b"h2c"),
    *(b"websocket", b"Basic AAAA", b"Basic \xff", KEY.encode(), b"100-continue"),
]
headers = st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(st.sampled_from(VALUES), junk)), max_size=5)
bodies = st.one_of(
    junk,
    pieces,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=20)),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=12,
    ).map(lambda value: repr(value).replace("'", '"').encode(errors="replace")),
)
relaxed = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(raw=st.binary(max_size=600))
@example(raw=b"GET /removeToken/?\x00 HTTP/1.1\r\n\r\n")
@example(raw=b"\r\n\r\n\r\n")
@example(raw=b"GET http://[::1/removeToken/ HTTP/1.1\r\nHost: x\r\n\r\n")
@example(raw=b"CONNECT removeToken:1 HTTP/1.1\r\nHost: x\r\n\r\n")
@example(raw=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
def test_any_bytes(background: Background, raw: bytes) -> None:
    check(background.send(raw))


@relaxed
@given(method=methods, path=pieces, query=pieces, given_headers=headers, body=bodies, known=st.booleans())
def test_requests_of_odd_parts(
    background: Background,
    method: bytes,
    path: bytes,
    query: bytes,
    given_headers: list[tuple[bytes, bytes]],
    body: bytes,
    known: bool,
) -> None:
    lines = [method + b" /" + (b"removeToken/" if known else b"") + path + b"?" + query + b" HTTP/1.1", b"Host: x"]
    lines += [name + b": " + value for name, value in given_headers]
    lines += [b"X-Api-Key: " + KEY.encode(), b"Content-Length: %d" % len(body)] if known else []
    check(background.send(b"\r\n".join(lines) + b"\r\n\r\n" + body))


@relaxed
@given(body=bodies, kind=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/html"]))
def test_well_formed_requests_with_any_body_are_taken_or_refused(
    background: Background, body: bytes, kind: str
) -> None:
    head = (
        f"POST /{APP}/reportToken/a/b/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    answer = background.send(head.encode() + body)
    # A body may spell a `key=` of its own: a wrong key.
    assert int(answer[9:12]) in {200, 400, 401}
    check(answer)
