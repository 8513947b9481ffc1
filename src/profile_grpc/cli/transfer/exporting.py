"""`profile-grpc export`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from profile_grpc.cli import output
from profile_grpc.cli.errors import CommandFailed, file_failure
from profile_grpc.cli.options import DatabaseUrl, command_option
from profile_grpc.cli.transfer import json_form
from profile_grpc.cli.transfer.files import STANDARD, JsonLinesSink, Sink
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
from profile_grpc.cli.transfer.parquet import ParquetSink
from profile_grpc.cli.transfer.progress import Progress, ProgressFile

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from profile_grpc.cli.transfer.records import Records

_ENDING = ".export"
"""The ending of the progress file. A complete export has none."""
_PART = 20_000
"""Records in a part of the file, after which an export can be resumed."""


def export(  # noqa: PLR0913 - each option is a parameter
    *,
    app_id: AppOption = None,
    customers: CustomersOption = False,
    tenant: TenantOfCustomers = None,
    file: Annotated[
        str,
        command_option(
            "-o",
            "Where to; - for standard output. Compressed or Parquet by its ending: .gz, .zst, .parquet.",
            metavar="FILE",
        ),
    ] = STANDARD,
    filter_: Annotated[
        str, command_option("--filter", "Only these profiles (docs/filters.md), such as: 'platform = IOS'.")
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
    goes on with --resume; Parquet begins again.
    """
    options = TransferOptions(database_url, target, key_file, ca, plaintext, customers, app_id or "", tenant or "")
    if filter_ and customers:
        raise typer.BadParameter("a filter selects profiles", param_hint="--filter")
    if file != STANDARD and Path(file).exists() and not ProgressFile(file, _ENDING).exists():
        raise CommandFailed(f"{file} already exists and is complete; remove it to export again")
    number = asyncio.run(_export(options, file, filter_, resume=resume))
    output.note(f"{number:,} records")


async def _export(options: TransferOptions, file: str, filter_: str, *, resume: bool) -> int:
    from profile_grpc.cli.transfer.records import open_records

    beside = ProgressFile(file, _ENDING)
    state = beside.read(Progress(of=f"export {options.whose} {filter_}"), resume=resume)
    began, before, written = time.monotonic(), state.entries, state.entries
    with output.working("exporting") as working:
        async with open_records(options) as records:
            messages = _messages(records, options, filter_, state.resume_token)
            following = await anext(messages, None)  # a call that is refused leaves no file
            sink = _open(file, beside, state, customers=options.customers)
            try:
                while following is not None:
                    exported, token = following
                    sink.write(exported)
                    part = written // _PART
                    written += len(exported)
                    if written // _PART > part and (size := sink.end_part()):
                        state.entries, state.size, state.resume_token = written, size, token
                        beside.write(state)
                    rate = (written - before) / max(time.monotonic() - began, 0.001)
                    working.update(f"{written:,} records, {rate:,.0f}/s")
                    following = await anext(messages, None)
                sink.end_part()
            finally:
                sink.close()
    beside.remove()
    return written


def _open(file: str, beside: ProgressFile, state: Progress, *, customers: bool) -> Sink:
    """Opens the file. While there is a progress file beside it, it is not complete."""
    is_new = not beside.exists()
    try:
        beside.write(state)
        if file.endswith(".parquet"):
            from appprofile.v1.transfer_pb2 import CustomerRecord, ProfileRecord

            return ParquetSink(file, (CustomerRecord if customers else ProfileRecord).DESCRIPTOR)
        return JsonLinesSink(file, state.size)
    except (OSError, CommandFailed) as error:
        if is_new:
            beside.remove()
        if isinstance(error, OSError):
            raise file_failure("write", file, error) from None
        raise


async def _messages(
    records: Records, options: TransferOptions, filter_: str, token: str
) -> AsyncIterator[tuple[Sequence[Mapping[str, Any]], str]]:
    """The records of each message, and where to resume after them."""
    from appprofile.v1.customer_service_pb2 import ExportCustomersRequest
    from appprofile.v1.profile_service_pb2 import ExportProfilesRequest

    if options.customers:
        async for page in records.export_customers(ExportCustomersRequest(resume_token=token)):
            yield [_customer(one) for one in page.customers], page.resume_token
        return
    request = ExportProfilesRequest(app_id=options.app_id, filter=filter_, resume_token=token)
    async for answer in records.export_profiles(request):
        yield [_profile(one) for one in answer.profiles], answer.resume_token


def _profile(profile: Message) -> Mapping[str, Any]:
    """The record of a profile. Its app is left out: the file can be imported into any."""
    plain = json_form.shown(profile)
    del plain["key"]["appId"]
    return _record("profile", plain, ("registerTime", "createTime"))


def _customer(customer: Message) -> Mapping[str, Any]:
    return _record("customer", json_form.shown(customer), ("createTime",))


def _record(name: str, plain: dict[str, Any], times: Sequence[str]) -> Mapping[str, Any]:
    """A record: the times are beside the profile or customer, as in records of other systems."""
    return {name: plain} | {time_: plain.pop(time_) for time_ in times if time_ in plain}
