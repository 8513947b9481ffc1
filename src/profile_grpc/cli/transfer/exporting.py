"""`profile-grpc export`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from profile_grpc.cli import output
from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.options import DatabaseUrl, command_option
from profile_grpc.cli.transfer.files import STANDARD, Output
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
    transfer_options,
)
from profile_grpc.cli.transfer.parquet import Writer
from profile_grpc.cli.transfer.progress import Progress, ProgressFile

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

_ENDING = ".export"
"""Of the file that says how far an export is. An export that is complete has none."""
_PART = 20_000
"""Records after which the file is complete up to there."""


def export(  # noqa: PLR0913 - each option is a parameter
    *,
    app_id: AppOption = None,
    customers: CustomersOption = False,
    tenant: TenantOfCustomers = None,
    file: Annotated[
        str,
        command_option(
            "-o", metavar="FILE", help="Where to; - for standard output. By the ending .gz, .zst or .parquet."
        ),
    ] = STANDARD,
    filter_: Annotated[
        str, command_option("--filter", help="Only these profiles (docs/filters.md), such as: 'platform = IOS'.")
    ] = "",
    resume: Resume = False,
    target: Target = None,
    key_file: KeyFile = None,
    ca: CaOption = None,
    plaintext: Plaintext = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Export the profiles of an app or the customers of a tenant, in the order of their keys, with push tokens.

    Each line is a record that `import` takes. The file can be read by its owner only. An export that was interrupted
    goes on with --resume.
    """
    place = transfer_options(
        database_url, target, key_file, ca, plaintext=plaintext, app_id=app_id, customers=customers, tenant=tenant
    )
    if filter_ and customers:
        raise typer.BadParameter("a filter selects profiles", param_hint="--filter")
    if file != STANDARD and Path(file).exists() and not ProgressFile(file, _ENDING).exists():
        raise CommandFailed(f"{file} is there, and complete; remove it to export anew")
    number = asyncio.run(_export(place, file, filter_, customers=customers, resume=resume))
    output.note(f"{number:,} records")


async def _export(place: TransferOptions, file: str, filter_: str, *, customers: bool, resume: bool) -> int:
    from profile_grpc.cli.transfer.doors import opened

    beside = ProgressFile(file, _ENDING)
    state = beside.read(Progress(of=f"export {place.app_id or place.tenant} {filter_}"), resume=resume)
    began, before = time.monotonic(), state.entries
    with output.working("exporting") as working:
        async with opened(place) as door:
            messages = _records(door, place.app_id, filter_, state.resume_token, customers=customers)
            following = await anext(messages, None)  # a call that is refused leaves no file
            beside.write(state)  # before the file: one without it is complete
            sink = _sink(file, state.size, customers=customers)
            try:
                while following is not None:
                    records, token = following
                    sink.write(records)
                    written = state.entries // _PART
                    state.entries += len(records)
                    state.resume_token = token
                    if state.entries // _PART > written:
                        state.size = sink.end_part()
                        beside.write(state)
                    rate = (state.entries - before) / max(time.monotonic() - began, 0.001)
                    working.update(f"{state.entries:,} records, {rate:,.0f}/s")
                    following = await anext(messages, None)
                sink.end_part()
            finally:
                sink.close()
    beside.remove()
    return state.entries


async def _records(
    door: Any,  # noqa: ANN401 - a door
    app_id: str,
    filter_: str,
    token: str,
    *,
    customers: bool,
) -> AsyncIterator[tuple[Sequence[Mapping[str, Any]], str]]:
    """The records of each message, and where to resume after them."""
    from appprofile.v1.customer_service_pb2 import ExportCustomersRequest
    from appprofile.v1.profile_service_pb2 import ExportProfilesRequest

    if customers:
        async for answer in door.export_customers(ExportCustomersRequest(resume_token=token)):
            yield [_customer(one) for one in answer.customers], answer.resume_token
        return
    request = ExportProfilesRequest(app_id=app_id, filter=filter_, resume_token=token)
    async for answer in door.export_profiles(request):
        yield [_profile(one) for one in answer.profiles], answer.resume_token


def _profile(profile: Message) -> Mapping[str, Any]:
    """The record of a profile. Its app is left out: the file can be imported into any."""
    plain = _plain(profile)
    del plain["key"]["appId"]
    return _record("profile", plain, ("registerTime", "createTime"))


def _customer(customer: Message) -> Mapping[str, Any]:
    return _record("customer", _plain(customer), ("createTime",))


def _record(name: str, plain: dict[str, Any], times: Sequence[str]) -> Mapping[str, Any]:
    """The times stand beside what they are about, as in records of other systems."""
    return {name: plain} | {time_: plain.pop(time_) for time_ in times if time_ in plain}


def _plain(message: Message) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message)


class _Sink(Protocol):
    def write(self, records: Sequence[Mapping[str, Any]]) -> None: ...
    def end_part(self) -> int: ...
    def close(self) -> None: ...


def _sink(file: str, size: int, *, customers: bool) -> _Sink:
    if not file.endswith(".parquet"):
        return _Lines(Output(file, size))
    if size:
        raise CommandFailed("a Parquet file cannot be resumed; remove it and export anew")
    from appprofile.v1.transfer_pb2 import CustomerRecord, ProfileRecord

    return _Rows(file, (CustomerRecord if customers else ProfileRecord).DESCRIPTOR)


class _Lines:
    """JSON Lines, with sorted names: the same record is the same bytes."""

    def __init__(self, to: Output) -> None:
        self._to = to

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        lines = [json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for one in records]
        self._to.write(("\n".join(lines) + "\n").encode() if lines else b"")

    def end_part(self) -> int:
        return self._to.end_part()

    def close(self) -> None:
        self._to.close()


class _Rows:
    """Parquet, which is complete at the end only."""

    def __init__(self, file: str, record: Descriptor) -> None:
        Path(file).touch(mode=0o600)
        self._writer = Writer(file, record)

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._writer.write(records)

    def end_part(self) -> int:
        return 0

    def close(self) -> None:
        self._writer.close()
