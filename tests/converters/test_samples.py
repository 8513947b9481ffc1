"""The samples, made after each vendor's documented format, become exactly the expected records and report (I4)."""

import gzip
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from profile_grpc.converters import CONVERTERS, Converted, Options, Outcome, Refused
from tests.converters.support import SAMPLES, Sample

FOLDER = Path(__file__).parent / "files"


@pytest.mark.parametrize("name", SAMPLES)
def test_I4_a_sample_becomes_the_expected_records_and_report(name: str) -> None:
    told = [json.loads(line) for line in (FOLDER / f"{name}.expected").read_text().splitlines()]

    assert [shown(outcome) for outcome in converted(SAMPLES[name], (FOLDER / name).read_bytes())] == told


@pytest.mark.parametrize("name", SAMPLES)
def test_I4_compression_and_another_encoding_change_nothing(name: str) -> None:
    sample, content = SAMPLES[name], (FOLDER / name).read_bytes()
    plain = list(converted(sample, content))

    assert list(converted(sample, gzip.compress(content))) == plain
    assert list(converted(sample, content.removeprefix(b"\xef\xbb\xbf").decode().encode("utf-16"))) == plain
    assert list(converted(sample, b"\xef\xbb\xbf" + content.removeprefix(b"\xef\xbb\xbf"))) == plain


def test_every_format_has_a_sample() -> None:
    assert {sample.format for sample in SAMPLES.values()} == set(CONVERTERS)


def test_the_formats_for_elements_take_an_array_a_wrapped_array_and_lines() -> None:
    objects = json.loads((FOLDER / "parse_dashboard.json").read_text())["results"]
    sample = SAMPLES["parse_dashboard.json"]
    plain = list(converted(sample, (FOLDER / "parse_dashboard.json").read_bytes()))

    assert list(converted(sample, json.dumps(objects).encode())) == plain
    assert list(converted(sample, json.dumps({"count": 6, "results": objects}, indent=2).encode())) == plain
    assert list(converted(sample, "\n".join(map(json.dumps, objects)).encode())) == plain


def test_the_pages_of_a_listing_one_after_the_other_are_one_file() -> None:
    page = (FOLDER / "sns.json").read_bytes()
    sample = SAMPLES["sns.json"]

    found = list(converted(sample, page + b"\n" + page))

    assert [outcome.number for outcome in found] == list(range(1, 13))


@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
def test_where_the_file_is_cut_into_chunks_changes_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (FOLDER / "sns.json").read_bytes()
    plain = list(converted(SAMPLES["sns.json"], content))
    monkeypatch.setattr("profile_grpc.converters.reading._CHUNK", chunk)

    class Slow(io.BytesIO):
        @override
        def readinto(self, buffer: Any, /) -> int:
            part = self.read(min(chunk, len(buffer)))
            buffer[: len(part)] = part
            return len(part)

    sample = SAMPLES["sns.json"]
    # The kind of file is told from the first chunk; so the array is given without its wrapper here.
    objects = json.dumps(json.loads(content)["Endpoints"]).encode()
    assert list(CONVERTERS[sample.format](Slow(objects), sample.options())) == plain


def test_without_a_vapid_key_browsers_are_refused() -> None:
    options = Options(app_id="shop", now=datetime(2026, 11, 27, tzinfo=UTC))
    refused = [
        outcome.number
        for outcome in CONVERTERS["onesignal"](io.BytesIO((FOLDER / "onesignal_api.csv").read_bytes()), options)
        if isinstance(outcome, Refused) and outcome.reason == "NO_VAPID_KEY"
    ]
    assert refused == [8]


def test_where_the_user_is_can_be_said() -> None:
    def users(format_: str, file: str, field: str) -> list[str]:
        options = SAMPLES[file].options(user_field=field)
        found = CONVERTERS[format_](io.BytesIO((FOLDER / file).read_bytes()), options)
        return [key_of(outcome)["userId"] for outcome in found if isinstance(outcome, Converted)]

    assert users("sns", "sns.json", "CustomUserData")[:1] == ["ann"]
    assert users("sns", "sns.json", "CustomUserData.userId")[1] == "bob"
    assert users("azure-notification-hubs", "azure.xml", "")[2].startswith("import-")
    assert users("parse", "parse_dashboard.json", "favouriteTeam")[0] == "blue"


def test_options_fill_what_an_export_lacks_and_no_more() -> None:
    options = SAMPLES["pinpoint.jsonl"].options(push_app_id="com.example.shop", apns_environment="SANDBOX")
    endpoints = [
        endpoint
        for outcome in CONVERTERS["pinpoint"](io.BytesIO((FOLDER / "pinpoint.jsonl").read_bytes()), options)
        if isinstance(outcome, Converted)
        for endpoint in profile_of(outcome)["pushEndpoints"]
    ]
    assert [endpoint.get("pushAppId") for endpoint in endpoints] == ["com.example.shop"] * 3 + [None]
    assert endpoints[1]["apnsEnvironment"] == "APNS_ENVIRONMENT_PRODUCTION"


def test_the_hash_of_a_token_is_the_same_in_every_export_and_source() -> None:
    azure = {key_of(o)["deviceId"] for o in outcomes("azure.xml") if isinstance(o, Converted)}
    django = {key_of(o)["deviceId"] for o in outcomes("django.json") if isinstance(o, Converted)}

    assert "import-aaee3f0404263adeadd01207ebe1bd2d" in azure & django


def test_attributes_beyond_the_limits_are_reported() -> None:
    def converted_with(attributes: dict[str, list[str]]) -> Converted:
        line = {"Id": "d", "ChannelType": "GCM", "Address": "token-1", "Attributes": attributes}
        [outcome] = converted(SAMPLES["pinpoint.jsonl"], json.dumps(line).encode())
        assert isinstance(outcome, Converted)
        return outcome

    many = converted_with({f"a{number}": ["x"] for number in range(65)})
    assert len(profile_of(many)["customAttributes"]) == 64
    assert "ATTRIBUTE_LEFT_OUT" in many.notes
    for broken in ({"n" * 65: ["x"]}, {"n": ["x" * 1025]}, {"n": ["a\0b"]}):
        found = converted_with(broken)
        assert "customAttributes" not in profile_of(found)
        assert "ATTRIBUTE_LEFT_OUT" in found.notes
    assert "ATTRIBUTE_LEFT_OUT" not in converted_with({"n" * 64: ["x" * 1024], "a\tb": ["y"]}).notes


@pytest.mark.parametrize(
    "changes",
    [
        {"OptOut": "ALL"},
        {"OptOut": "anything"},
        {"EndpointStatus": "INACTIVE"},
    ],
)
def test_who_does_not_want_messages_at_pinpoint_becomes_no_profile(changes: dict[str, str]) -> None:
    line = {"Id": "d", "ChannelType": "GCM", "Address": "token-1", "User": {"UserId": "ann"}} | changes
    [outcome] = converted(SAMPLES["pinpoint.jsonl"], json.dumps(line).encode())
    assert not isinstance(outcome, Converted)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("invalid_identifier", "t"),
        ("invalid_identifier", "true"),
        ("notification_types", "-2"),
        ("notification_types", "0"),
        ("notification_types", "-31"),
        ("Subscription Status", "Permission not granted"),
        ("unsubscribed_at", "1700000000"),
    ],
)
def test_who_does_not_want_messages_at_onesignal_becomes_no_profile(header: str, row: str) -> None:
    content = f"id,identifier,device_type,{header}\nd,token-1,1,{row}\n".encode()
    [outcome] = converted(SAMPLES["onesignal_api.csv"], content)
    assert not isinstance(outcome, Converted)


def converted(sample: Sample, content: bytes) -> Iterator[Outcome]:
    return CONVERTERS[sample.format](io.BytesIO(content), sample.options())


def outcomes(name: str) -> Iterable[Outcome]:
    return converted(SAMPLES[name], (FOLDER / name).read_bytes())


def profile_of(outcome: Converted) -> dict[str, Any]:
    profile: Any = outcome.record["profile"]
    assert isinstance(profile, dict)
    return profile


def key_of(outcome: Converted) -> dict[str, str]:
    key: Any = profile_of(outcome)["key"]
    assert isinstance(key, dict)
    return key


def shown(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Converted):
        return {"number": outcome.number, "record": dict(outcome.record), "notes": list(outcome.notes)}
    return {"number": outcome.number, type(outcome).__name__.lower(): outcome.reason, "because": outcome.description}
