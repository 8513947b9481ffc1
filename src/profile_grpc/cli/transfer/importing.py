"""`profile-grpc import`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from profile_grpc.cli import output
from profile_grpc.cli.errors import FAILED
from profile_grpc.cli.options import DatabaseUrl, Json, command_option
from profile_grpc.cli.transfer import entries, formats
from profile_grpc.cli.transfer.entries import Entries, Entry
from profile_grpc.cli.transfer.files import STANDARD, reading, size_of
from profile_grpc.cli.transfer.options import (
    AppOption,
    CaOption,
    CustomersOption,
    KeyFile,
    Plaintext,
    Resume,
    Target,
    TenantOfCustomers,
    TransferOptions,
)
from profile_grpc.cli.transfer.progress import Progress, ProgressFile
from profile_grpc.cli.transfer.report import Report

if TYPE_CHECKING:
    from google.protobuf.message import Message

_RECORDS, _BYTES = 100, 1 << 20
"""Of a message, at most. Small ones let other callers take their turns."""


class _Kind(NamedTuple):
    """Profiles or customers."""

    method: str
    """Of `Records`."""
    request: Callable[[], Any]
    record: type[Message]


class _Part(NamedTuple):
    """A message that waits for its response."""

    numbers: Sequence[int]
    """The entries of its records."""
    entries: int
    """How many entries of the file are done after it, those that are no records included."""


def import_(  # noqa: PLR0913 - each option is a parameter
    file: Annotated[str, typer.Argument(metavar="FILE", help="What to import; - for standard input.")],
    *,
    app_id: AppOption = None,
    customers: CustomersOption = False,
    tenant: TenantOfCustomers = None,
    format_: Annotated[
        str | None,
        command_option("--format", f"One of {', '.join(formats.names())}.", metavar="FORMAT", show_default="by ending"),
    ] = None,
    sets: Annotated[
        list[str] | None,
        command_option("--set", "What the file of another system does not say; repeatable.", metavar="NAME=VALUE"),
    ] = None,
    dry_run: Annotated[bool, command_option("--dry-run", "Check everything and write nothing.")] = False,
    resume: Resume = False,
    refusals: Annotated[
        Path | None,
        command_option("--refused", "Name every refused entry in this file, as JSON Lines.", metavar="FILE"),
    ] = None,
    target: Target = None,
    key_file: KeyFile = None,
    ca: CaOption = None,
    plaintext: Plaintext = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Import profiles or customers from a file, in any order.

    Of two registrations the later one wins, by the times in the file. One record's fault refuses that record alone.
    The exit status is 1 if any was refused. An import that was interrupted goes on with --resume; a part that is
    repeated changes nothing. docs/import-export.md describes the formats.

    JSON: {created, updated, unchanged, refused: {reason: number}, skipped, notes, unsorted,
    first: [{line, reason, description}]}.
    """
    options = TransferOptions(database_url, target, key_file, ca, plaintext, customers, app_id or "", tenant or "")
    wanted = formats.find(format_, file, sets or (), options.app_id)
    report = Report(wanted.unit, refusals)
    command = _Import(options, wanted, report, dry_run=dry_run)
    try:
        asyncio.run(command.run(file, resume=resume))
    finally:
        report.close()
    if as_json:
        output.document(report.document())
    else:
        report.show()
    if report.refused:
        raise typer.Exit(FAILED)


class _Import:
    """One run of the command."""

    def __init__(self, options: TransferOptions, wanted: formats.Format, report: Report, *, dry_run: bool) -> None:
        self._options = options
        self._format = wanted
        self._report = report
        self._dry_run = dry_run
        self._waiting: deque[_Part] = deque()
        self._done = 0
        """Entries of the file."""
        self._latest = (0, 0)
        """The registration time of the record before, in seconds and nanoseconds."""

    async def run(self, file: str, *, resume: bool) -> None:
        from profile_grpc.cli.transfer.records import open_records

        beside = ProgressFile(STANDARD if self._dry_run else file, ".import")
        begun = Progress(of=f"import {self._options.whose}", name=secrets.token_hex(16))
        begun.size = size_of(file)
        state = beside.read(begun, resume=resume)
        if state.size != begun.size:
            raise typer.BadParameter(f"{file} has changed since it was interrupted; import it again")
        self._done = state.entries
        with reading(file) as content, output.working("importing") as working:
            began = time.monotonic()
            async with open_records(self._options) as records:
                kind = self._kind(state.name)
                requests = self._requests(self._format.read(content), state.entries, kind)
                async for response in getattr(records, kind.method)(requests):
                    self._take(response)
                    if not self._dry_run:
                        state.entries = self._done
                        beside.write(state)
                    count, seconds = self._report.total, max(time.monotonic() - began, 0.001)
                    share = f", {content.tell() / begun.size:.0%} of the file read" if begun.size else ""
                    working.update(f"{count:,} records, {count / seconds:,.0f}/s{share}")
        beside.remove()

    def _take(self, response: Any) -> None:  # noqa: ANN401 - of either method
        part = self._waiting.popleft()
        first = response.acknowledged - len(part.numbers) + 1
        for outcome in ("created", "updated", "unchanged"):
            self._report.counts[outcome] += getattr(response, outcome)
        for refused in response.refused:
            number = part.numbers[refused.record - first]
            self._report.left_out(Entry(number, None, refused.reason, refused.description))
        for ignored in getattr(response, "ignored", ()):
            self._report.noted(formats.note(ignored))
        self._done = part.entries

    async def _requests(self, found: Entries, done: int, kind: _Kind) -> AsyncIterator[Any]:
        """The messages, in the order of the file, without the entries that are done."""
        request, numbers, size, read = kind.request(), list[int](), 0, 0
        for read, entry in enumerate(found, 1):
            record = None if read <= done else self._record(entry, kind)
            if record is None:
                continue
            request.records.append(record)
            numbers.append(entry.number)
            size += record.ByteSize()
            if len(numbers) == _RECORDS or size >= _BYTES:
                self._waiting.append(_Part(numbers, read))
                yield request
                request, numbers, size = kind.request(), [], 0
                await asyncio.sleep(0)  # reading a file waits for nothing: others take their turns here
        if numbers:
            self._waiting.append(_Part(numbers, read))
            yield request

    def _record(self, entry: Entry, kind: _Kind) -> Message | None:
        made = entries.message(entry, kind.record)
        if isinstance(made, Entry):
            self._report.left_out(made)
            return None
        for note in entry.notes:
            self._report.noted(note)
        self._compare_time(made)
        return made

    def _compare_time(self, record: Any) -> None:  # noqa: ANN401 - of either kind
        """Counts the records that are not in the order of their registrations. The order matters to few (I1)."""
        if self._options.customers:
            return
        holder = record if record.HasField("register_time") else record.profile
        time_ = (holder.register_time.seconds, holder.register_time.nanos)
        if holder.HasField("register_time"):
            self._report.unsorted += time_ < self._latest
            self._latest = time_

    def _kind(self, name: str) -> _Kind:
        from appprofile.v1 import customer_service_pb2, profile_service_pb2, transfer_pb2

        if self._options.customers:
            request = partial(customer_service_pb2.ImportCustomersRequest, dry_run=self._dry_run)
            return _Kind("import_customers", request, transfer_pb2.CustomerRecord)
        named = partial(
            profile_service_pb2.ImportProfilesRequest,
            app_id=self._options.app_id,
            import_id=name,
            dry_run=self._dry_run,
        )
        return _Kind("import_profiles", named, transfer_pb2.ProfileRecord)
