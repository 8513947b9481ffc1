"""Secrets never reach a log, whatever a programmer passes to one."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from profile_grpc.config import LogConfig, LogFormat, LogLevel
from profile_grpc.telemetry.logs import REDACTED, configure_logs, redact, redact_text

SECRET = "s3cr3t" + "x" * 37
KEY = f"apk_abcdefghijkl_{SECRET}"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def configured(level: LogLevel = LogLevel.INFO, form: LogFormat = LogFormat.JSON) -> io.StringIO:
    stream = io.StringIO()
    configure_logs(LogConfig(level, form), stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "name", ["token", "push_token", "tokens", "secret", "api_key", "x-api-key", "authorization", "password", "hash_key"]
)
@pytest.mark.parametrize("value", [SECRET, SECRET.encode(), [SECRET], {"inner": SECRET}, ("a", {"b": SECRET})])
def test_what_is_named_like_a_secret_is_taken_out(name: str, value: object) -> None:
    assert redact(None, "", {name: value, "outer": {name: value}}) == {name: REDACTED, "outer": {name: REDACTED}}


@pytest.mark.parametrize(
    "value",
    [
        f"the key {KEY} is wrong",
        KEY.encode(),
        [KEY],
        {"metadata": [("x-api-key", KEY)]},
        ValueError(KEY),
        {"a": {"b": {"c": {"d": {"e": KEY}}}}},
        {KEY},
        "authorization: Bearer " + SECRET,
        f"postgresql://user:{SECRET}@host/db",
    ],
)
def test_what_looks_like_a_secret_is_taken_out_wherever_it_stands(value: object) -> None:
    assert SECRET not in repr(redact(None, "", {"event": "call", "peer": value}))


def test_a_key_keeps_its_id() -> None:
    """Which is no secret, and tells an operator which key to revoke."""
    assert redact_text(f"({KEY})") == f"(apk_abcdefghijkl_{REDACTED})"


def test_counts_and_flags_stay() -> None:
    event = {"event": "x", "tokens": 3, "has_secret": True, "token": None, "seconds": 0.5}
    assert redact(None, "", dict(event)) == event


def test_a_traceback_is_cleaned_as_well() -> None:
    stream = configured()
    log = structlog.get_logger("test")
    try:
        raise RuntimeError(f"no such key {KEY}")
    except RuntimeError:
        log.exception("failed")
    [line] = lines(stream)
    assert "RuntimeError" in line["exception"]
    assert SECRET not in stream.getvalue()


def test_lines_of_libraries_look_the_same_and_are_cleaned() -> None:
    stream = configured()
    library = logging.getLogger("some.library")
    library.warning("connecting to %s", f"postgresql://user:{SECRET}@host/db")
    try:
        raise RuntimeError(KEY)
    except RuntimeError:
        library.exception("failed")
    library.info("chatter")
    warning, failure = lines(stream)
    assert warning["event"] == f"connecting to postgresql://user:{REDACTED}@host/db"
    assert warning["level"] == "warning"
    assert warning["logger"] == "some.library"
    assert "RuntimeError" in failure["exception"]
    assert SECRET not in stream.getvalue()


def test_the_level_decides() -> None:
    stream = configured(LogLevel.WARNING)
    log = structlog.get_logger("test")
    log.info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_a_console_line_is_for_people() -> None:
    stream = configured(form=LogFormat.CONSOLE)
    structlog.get_logger("test").info("started", port=50051, api_key=KEY)
    assert "started" in stream.getvalue()
    assert "port=50051" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_auto_is_json_without_a_terminal() -> None:
    stream = configured(form=LogFormat.AUTO)
    structlog.get_logger("test").info("started")
    assert lines(stream)[0]["event"] == "started"
    assert not sys.stderr.closed


def test_what_grpc_says_of_strange_metadata_is_kept_out() -> None:
    """With the value, which anybody may send: a name, a token."""
    stream = configured()
    logger = logging.getLogger("grpc._cython.cygrpc")
    try:
        SECRET.encode("utf-16").decode("utf-8")
    except UnicodeDecodeError:
        logger.exception("Invalid encoding on %s", SECRET)
    logger.error("something else")
    assert [line["event"] for line in lines(stream)] == ["something else"]
