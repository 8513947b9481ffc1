"""Log lines, as JSON or for a terminal. As a last line of defence, secrets are removed from them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from profile_grpc.config import LogConfig, LogFormat
from profile_grpc.telemetry import tracing

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(r"token|secret|api[-_]?key|hash[-_]?key|authorization|password|credential", re.IGNORECASE)
_SECRET_TEXT = (
    # An API key: the id stays, the secret is removed, even if it is truncated.
    (re.compile(r"(apk_[a-z0-9]{12})_[A-Za-z0-9_-]+"), rf"\1_{REDACTED}"),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), rf"\1:{REDACTED}@"),
    (re.compile(r"\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]+", re.IGNORECASE), rf"\1 {REDACTED}"),
)
_MAX_DEPTH = 4


def configure_logs(config: LogConfig, stream: TextIO | None = None) -> None:
    """Sends the logs of this program and of its libraries to `stream` (default: stderr).

    Call it once, before the server starts: grpc.aio can deadlock with a later change of the logging set-up.
    """
    stream = stream or sys.stderr
    level = logging.getLevelNamesMapping()[config.level.upper()]
    console = config.format is LogFormat.CONSOLE or (config.format is LogFormat.AUTO and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty()) if console else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            # Once more: the record's own traceback is rendered after the pre-chain.
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    # Libraries log at WARNING and above, whatever the level: below that, some log statements with their values, and so
    # push tokens.
    logging.getLogger("grpc._cython.cygrpc").addFilter(_contains_no_metadata)
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _contains_no_metadata(record: logging.LogRecord) -> bool:
    """Drops gRPC's records about metadata that is not UTF-8: they contain its value, which any caller can choose."""
    return not str(record.msg).startswith("Invalid encoding on")


def silence_logs() -> None:
    """Logs nothing (nothing is logged as CRITICAL): for commands, which report on their own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def add_trace(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Adds the ids of the span that is recorded around the log statement."""
    span = tracing.current()
    if span is not None:
        event.setdefault("trace_id", span.context.trace)
        event["span_id"] = span.context.span
    return event


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Removes values whose name looks like a secret, and texts that look like an API key."""
    for name, value in event.items():
        event[name] = _redacted(str(name), value, _MAX_DEPTH)
    return event


def redact_text(text: str) -> str:
    """The text without API keys, URL passwords and bearer tokens."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _redacted(name: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value  # a number of tokens is not a token
    if _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if depth == 0:
        return redact_text(repr(value))
    if isinstance(value, Mapping):
        return {key: _redacted(str(key), item, depth - 1) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [_redacted("", item, depth - 1) for item in value]
    return redact_text(repr(value))
