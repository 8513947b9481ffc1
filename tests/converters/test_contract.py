"""Records of converters are records of the contract (I4)."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st

from appprofile.v1.transfer_pb2 import ProfileRecord
from profile_grpc.converters import Converted
from profile_grpc.transport.grpc import shape
from tests.converters.support import SAMPLES
from tests.converters.test_hostile import ELEMENTS, json_value, sound_objects
from tests.converters.test_samples import converted, outcomes


@pytest.mark.parametrize("name", SAMPLES)
def test_I4_the_record_of_each_sample_passes_the_rules_of_the_contract(name: str) -> None:
    records = [outcome.record for outcome in outcomes(name) if isinstance(outcome, Converted)]
    assert records
    for record in records:
        check(record)


@pytest.mark.parametrize("name", ["pinpoint.jsonl", "sns.json", "parse_dashboard.json", "django.json"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_I4_whatever_the_values_of_a_file_are_a_record_passes_the_rules_of_the_contract(
    name: str, data: st.DataObject
) -> None:
    broken: dict[str, Any] = json.loads(json.dumps(data.draw(st.sampled_from(sound_objects(name)))))
    inner = [part for part in broken.values() if isinstance(part, dict) and part]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([broken, *inner]))
        place[data.draw(st.sampled_from(sorted(place)) | st.text(max_size=80))] = data.draw(json_value)

    for outcome in converted(SAMPLES[name], json.dumps([broken] if name in ELEMENTS else broken).encode()):
        if isinstance(outcome, Converted):
            check(outcome.record)


def check(record: Mapping[str, object]) -> None:
    """Raises ParseError for a name or value that the contract lacks, and Refused for a rule that is broken."""
    shape.check(ParseDict(dict(record), ProfileRecord()))
