"""The error table against the contract."""

import re
from pathlib import Path

import grpc
import pytest

from appprofile.v1 import error_reason_pb2
from profile_grpc.domain.errors import FieldViolation, Reason, Refused
from profile_grpc.transport.grpc import status
from tests.transport.grpc.support import refusal

CONTRACT = Path(__file__).parents[3] / "protos/appprofile/v1/error_reason.proto"
SMALLEST_TRAILERS = 8192


def test_reasons_are_those_of_the_contract() -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name}
    assert {reason.value for reason in Reason} == names - {"UNSPECIFIED"}


def test_each_reason_has_the_code_that_the_contract_documents() -> None:
    # The code is the first word of each value's comment.
    values = re.findall(r"((?:  //.*\n)+)  ERROR_REASON_(\w+) =", CONTRACT.read_text())
    documented = [(comment.split()[1].strip(":"), name) for comment, name in values if name != "UNSPECIFIED"]
    assert {Reason(name): grpc.StatusCode[code] for code, name in documented} == dict(status.CODES)
    assert set(status.CODES) == set(Reason)


def test_details_hold_reason_fields_and_retry_time() -> None:
    refused = Refused(
        Reason.QUEUE_FULL,
        "Full.",
        metadata={"limit": "10"},
        violations=[FieldViolation("key.user_id", "is required")],
        retry_after=1.5,
    )
    told = refusal(status.to_status(refused))
    assert told.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (told.message, told.reason, told.domain, told.metadata) == (
        "Full.",
        "QUEUE_FULL",
        "appprofile",
        {"limit": "10"},
    )
    assert told.fields == {"key.user_id": "is required"}
    assert told.retry_after == 1.5


def test_what_does_not_apply_is_left_out() -> None:
    told = refusal(status.to_status(Refused(Reason.CONFLICT, "Conflict.")))
    assert (told.fields, told.retry_after) == ({}, None)


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f600"])
def test_a_status_fits_into_the_smallest_trailers_that_clients_accept(letter: str) -> None:
    endless = letter * 5000
    violations = [FieldViolation(endless, endless) for _ in range(1000)]
    told = status.to_status(Refused.for_fields(Reason.UNKNOWN_FIELD, endless, violations))
    in_base64, percent_encoded = len(told.SerializeToString()) * 4 / 3, len(told.message.encode()) * 3
    assert in_base64 + percent_encoded + 1000 < SMALLEST_TRAILERS
