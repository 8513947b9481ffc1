"""`import` and `export`: files of records (I1-I4)."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard

from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.transfer import exporting, records
from profile_grpc.cli.transfer.parquet import ParquetSink
from tests.cli.program import Commands
from tests.support.ports import free_port

ENDINGS = ["jsonl", "jsonl.gz", "jsonl.zst", "parquet"]
BROKEN = {
    2: "MALFORMED",  # no JSON
    3: "MALFORMED",  # no object
    4: "MALFORMED",  # not UTF-8
    6: "MALFORMED",  # an unknown field
    7: "MALFORMED",  # a value of another type
    8: "MALFORMED",  # no enumeration value
    9: "INVALID_REQUEST",  # no profile
    10: "INVALID_REQUEST",  # no device
    11: "INVALID_REQUEST",  # another app
    12: "INVALID_REQUEST",  # an endpoint without a token
    13: "MALFORMED",  # a time before the year 1
    14: "PLACEHOLDER_TOKEN",
    15: "CHANNEL_NOT_ENABLED",
    16: "INVALID_ATTRIBUTE",  # not in the catalogue
    17: "INVALID_REQUEST",  # two endpoints of one purpose
    18: "TOO_LONG",
    19: "MALFORMED",  # half a surrogate pair, where a message is expected
}
"""The lines of `broken` that are refused, and why."""
SECRET = "secret-token-1234567890"


def record(user: str, day: int = 1, **profile: Any) -> dict[str, Any]:
    key = {"userId": user, "deviceId": f"{user}'s"}
    return {"profile": {"key": key, **profile}, "registerTime": f"2026-01-{day:02}T00:00:00Z"}


def fcm(token: str, **more: str) -> dict[str, str]:
    return {"provider": "PUSH_PROVIDER_FCM", "token": token, **more}


def broken() -> bytes:
    """A file with every kind of broken line, and good ones at its ends."""
    lines: list[bytes | Mapping[str, Any]] = [
        record("first", pushEndpoints=[fcm("t1")]),
        b"{" + SECRET.encode(),
        b"[1, 2]",
        b'{"profile": "\xff"}',
        b"",
        {**record("a"), "nope": SECRET},
        record("b", language=7),
        record("c", platform=SECRET),
        {"registerTime": "2026-01-01T00:00:00Z"},
        {"profile": {"key": {"userId": "d"}}},
        {"profile": {"key": {"userId": "d", "deviceId": "d", "appId": "another"}}},
        record("e", pushEndpoints=[fcm("")]),
        {**record("f"), "registerTime": "0000-01-01T00:00:00Z"},
        record("g", pushEndpoints=[fcm("null")]),
        record("h", channels=["CHANNEL_LIVE_CHAT"]),
        record("i", platform="PLATFORM_IOS", deviceAttributes={"no_such": "1"}),
        record("j", pushEndpoints=[fcm(SECRET), fcm("t3")]),
        b'"' + b"x" * (5 << 20) + b'"',
        record("k", pushEndpoints=["\ud800"]),
        record("last"),
    ]
    return b"\n".join([line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines])


def write(path: Path, records: Sequence[Mapping[str, Any]]) -> str:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return str(path)


def prepare(commands: Commands, *apps: str) -> None:
    commands.succeed("migrate")
    commands.succeed("tenant", "create", "acme")
    for app in apps:
        commands.succeed("app", "create", app, "--tenant", "acme")


def users(commands: Commands, app: str = "shop") -> list[str]:
    lines = commands.succeed("export", "--app", app).splitlines()
    return [json.loads(line)["profile"]["key"]["userId"] for line in lines]


def test_I1_each_broken_line_is_reported_by_number_and_the_others_are_imported(
    commands: Commands, tmp_path: Path
) -> None:
    prepare(commands, "shop")
    commands.succeed("app", "set", "shop", "--set", "channels=PUSH,IN_APP")
    (tmp_path / "in.jsonl").write_bytes(broken())
    found = commands("import", str(tmp_path / "in.jsonl"), "--app", "shop", "--json", "--refused", str(tmp_path / "no"))
    assert found.status == 1
    told = json.loads(found.out)
    assert (told["created"], sum(told["refused"].values())) == (2, len(BROKEN))
    refused = [json.loads(line) for line in (tmp_path / "no").read_text().splitlines()]
    assert {one["line"]: one["reason"] for one in refused} == BROKEN
    assert "profile.platform" in next(one["description"] for one in refused if one["line"] == 8)
    assert users(commands) == ["first", "last"]
    assert SECRET not in found.out + found.err + (tmp_path / "no").read_text()


def test_I2_a_dry_run_reports_the_same_and_writes_nothing(commands: Commands, tmp_path: Path) -> None:
    prepare(commands, "shop")
    commands.succeed("app", "set", "shop", "--set", "channels=PUSH,IN_APP")
    (tmp_path / "in.jsonl").write_bytes(broken())
    given = ("import", str(tmp_path / "in.jsonl"), "--app", "shop", "--json")
    rehearsed = commands(*given, "--dry-run")
    assert users(commands) == []
    assert not (tmp_path / "in.jsonl.import").exists()
    assert rehearsed.out == commands(*given).out


@pytest.mark.parametrize("ending", ENDINGS)
def test_I4_every_format_gives_back_what_was_imported(commands: Commands, tmp_path: Path, ending: str) -> None:
    """Also when it is read again, and exported again: the same bytes but for the times of the import."""
    prepare(commands, "shop", "copy")
    odd = {"customAttributes": {"[": "{", "ü": ""}, "guest": True, "verified": False, "language": "[de]"}
    given = [record("ann", 1, pushEndpoints=[fcm("t1", pushAppId="com.shop")], **odd), record("bob", 2)]
    commands.succeed("import", write(tmp_path / "in.jsonl", given), "--app", "shop")
    file = tmp_path / f"out.{ending}"
    commands.succeed("export", "--app", "shop", "-o", str(file))
    assert file.stat().st_mode & 0o077 == 0, "push tokens are in it"
    commands.succeed("import", str(file), "--app", "copy")
    first, second = (
        [kept(line) for line in commands.succeed("export", "--app", app).splitlines()] for app in ("shop", "copy")
    )
    assert first == second
    assert len(first) == 2


def kept(line: str) -> str:
    """A line without the times that an import sets aside."""
    found = json.loads(line)
    del found["profile"]["updateTime"]
    for endpoint in found["profile"].get("pushEndpoints", ()):
        del endpoint["confirmTime"]
    return json.dumps(found)


@pytest.mark.parametrize("ending", ["jsonl.gz", "jsonl.zst"])
def test_I1_a_truncated_file_is_reported(commands: Commands, tmp_path: Path, ending: str) -> None:
    prepare(commands, "shop")
    write(tmp_path / "in.jsonl", [record(f"user-{number}") for number in range(100)])
    commands.succeed("import", str(tmp_path / "in.jsonl"), "--app", "shop")
    commands.succeed("export", "--app", "shop", "-o", str(tmp_path / f"all.{ending}"))
    whole = (tmp_path / f"all.{ending}").read_bytes()
    (tmp_path / "cut").write_bytes(whole[:-20])  # no ending: the content says how it is compressed

    found = commands("import", str(tmp_path / "cut"), "--app", "shop", "--json", "--dry-run")

    assert (found.status, json.loads(found.out)["refused"]) == (1, {"UNREADABLE": 1})


def test_I4_a_file_is_decompressed_by_its_content(commands: Commands, tmp_path: Path) -> None:
    prepare(commands, "shop")
    text = json.dumps(record("ann")) + "\n"
    for name, content, number in (
        ("plain.gz", text.encode(), 1),
        ("packed", gzip.compress(text.encode()) * 2, 2),
        ("frames", b"\x50\x2a\x4d\x18\x00\x00\x00\x00" + zstandard.compress(text.encode()) * 2, 2),
        ("powershell", text.encode("utf-16"), 1),
    ):
        (tmp_path / name).write_bytes(content)
        counts = json.loads(commands.succeed("import", str(tmp_path / name), "--app", "shop", "--json", "--dry-run"))
        assert (counts["created"] + counts["unchanged"], counts["refused"]) == (number, {}), name


def test_I3_customers_are_exported_and_imported(commands: Commands, tmp_path: Path) -> None:
    prepare(commands)
    commands.succeed("tenant", "create", "globex")
    given = [
        {
            "customer": {"customerId": "c1", "name": "Ann", "email": "ann@EXAMPLE.com"},
            "createTime": "2020-01-01T00:00:00Z",
        }
    ]
    for tenant in ("acme", "globex"):
        commands.succeed("import", write(tmp_path / tenant, given), "--customers", "--tenant", tenant)
    lines = commands.succeed("export", "--customers", "--tenant", "acme")
    [found] = [json.loads(line) for line in lines.splitlines()]
    assert found["customer"]["email"] == "ann@example.com"
    assert found["createTime"] == "2020-01-01T00:00:00Z"
    again = json.loads(commands.succeed("import", str(tmp_path / "acme"), "--customers", "--tenant", "acme", "--json"))
    assert (again["unchanged"], again["updated"]) == (1, 0)


def test_the_export_of_another_system_is_imported(commands: Commands, tmp_path: Path) -> None:
    """I4."""
    prepare(commands, "shop")
    arn = "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/shop/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
    attributes = {"Enabled": "true", "Token": "t1", "CustomUserData": "ann"}
    endpoint = {"EndpointArn": arn, "Attributes": attributes}
    (tmp_path / "sns.json").write_text(json.dumps({"Endpoints": [endpoint]}))
    given = ("import", str(tmp_path / "sns.json"), "--app", "shop", "--format", "sns")
    options = ("--set", "user_field=CustomUserData", "--json")
    assert json.loads(commands.succeed(*given, *options))["created"] == 1
    assert users(commands) == ["ann"]


@pytest.mark.parametrize(
    "given",
    [
        ("import", "-", "--app", "shop", "--format", "nope"),
        ("import", "-"),
        ("import", "-", "--app", "shop", "--customers"),
        ("import", "-", "--customers"),
        ("import", "-", "--app", "shop", "--tenant", "acme"),
        ("import", "-", "--app", "shop", "--plaintext"),
        ("import", "-", "--app", "shop", "--set", "user_field=x"),
        ("import", "-", "--app", "shop", "--format", "sns", "--set", "nope=x"),
        ("export", "--customers", "--tenant", "acme", "--filter", "guest = true"),
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_is_a_usage_error(commands: Commands, given: Sequence[str]) -> None:
    assert commands(*given).status == 2


@pytest.mark.parametrize(
    ("target", "key", "told"),
    [
        ("http://localhost:1", b"k", "target must be host:port"),
        ("localhost:1", b"s3 cret", "key has characters that no key has"),
        ("localhost:1", b"\xff\xfe", "key has characters that no key has"),
    ],
)
def test_a_target_or_key_that_cannot_be_used_is_a_usage_error(
    commands: Commands, tmp_path: Path, target: str, key: bytes, told: str
) -> None:
    (tmp_path / "key").write_bytes(key)
    file = write(tmp_path / "in.jsonl", [record("ann")])
    place = ("--target", target, "--plaintext", "--key-file", str(tmp_path / "key"))
    found = commands("import", file, "--app", "shop", *place)
    assert (found.status, told in found.error_line) == (2, True)


@pytest.mark.parametrize("words", [("import", "in.jsonl", "--app", "shop"), ("export", "--customers")], ids=" ".join)
def test_a_server_that_was_never_there_ends_the_command(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str]
) -> None:
    """The streams go on when a server comes back: they would wait for it for ever."""
    monkeypatch.setattr(records, "FIRST_ANSWER_S", 0.1)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.jsonl", [record("ann")])
    target = f"localhost:{free_port()}"
    found = commands(*words, "--target", target, "--plaintext")
    assert (found.status, f"cannot use {target}" in found.error_line) == (1, True)
    assert "no connection" in found.error_line


def test_an_interrupted_run_is_not_forgotten(commands: Commands, tmp_path: Path) -> None:
    """Without --resume it would be imported from its begin, under another start."""
    prepare(commands, "shop")
    file = write(tmp_path / "in.jsonl", [record("ann")])
    (tmp_path / "in.jsonl.import").write_text('{"of": "import shop", "name": "x", "entries": 0, "size": 0}')
    assert "--resume" in commands("import", file, "--app", "shop").error_line
    assert "changed" in commands("import", file, "--app", "shop", "--resume").error_line
    assert "another command" in commands("import", file, "--app", "other", "--resume").error_line


def test_a_complete_export_is_not_written_over(commands: Commands, tmp_path: Path) -> None:
    """With --resume it began anew: the records that were deleted since were gone."""
    prepare(commands, "shop")
    commands.succeed("import", write(tmp_path / "in.jsonl", [record("ann")]), "--app", "shop")
    file = tmp_path / "out.jsonl"
    assert commands("export", "--app", "shop", "--filter", "nonsense", "-o", str(file)).status != 0
    assert list(tmp_path.glob("out*")) == []
    commands.succeed("export", "--app", "shop", "-o", str(file))
    complete = file.read_bytes()
    assert list(tmp_path.glob("out*")) == [file]
    for given in ((), ("--resume",)):
        assert "remove it to export again" in commands("export", "--app", "shop", "-o", str(file), *given).error_line
    assert file.read_bytes() == complete
    (tmp_path / "out.jsonl.export").write_text('{"of": "export shop ", "entries": 0, "size": 0}')
    commands.succeed("export", "--app", "shop", "-o", str(file), "--resume")
    assert file.read_bytes() == complete
    assert list(tmp_path.glob("out*")) == [file]


@pytest.mark.parametrize("content", [None, b"shorter"])
def test_I3_an_export_goes_on_only_with_the_file_that_it_left(
    commands: Commands, tmp_path: Path, content: bytes | None
) -> None:
    """What is missing would be filled with NUL characters."""
    prepare(commands, "shop")
    file = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.export").write_text('{"of": "export shop ", "entries": 9, "size": 99}')
    if content is not None:
        file.write_bytes(content)
    assert str(file) in commands("export", "--app", "shop", "-o", str(file), "--resume").error_line
    assert (file.read_bytes() if file.exists() else None) == content


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_export_whose_file_cannot_be_opened_leaves_no_progress(
    commands: Commands, tmp_path: Path, ending: str
) -> None:
    """I3: the next run would be told of an interrupted one, and resume what does not exist."""
    prepare(commands, "shop")
    file = tmp_path / f"out.{ending}"
    file.symlink_to(tmp_path / "missing" / "out")
    found = commands("export", "--app", "shop", "-o", str(file)).error_line
    assert found == f"profile-grpc: cannot write {file}: no such file or directory"
    assert list(tmp_path.glob("*.export")) == []


def test_I3_an_interrupted_export_to_parquet_begins_anew(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the file is complete before its end: a resumed export would have the later records only."""
    prepare(commands, "shop")
    commands.succeed("import", write(tmp_path / "in.jsonl", [record("ann"), record("bob")]), "--app", "shop")
    file = tmp_path / "out.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(exporting, "_PART", 1)
        patch.setattr(ParquetSink, "close", _interrupted)
        assert commands("export", "--app", "shop", "-o", str(file)).status != 0
    assert json.loads((tmp_path / "out.parquet.export").read_text())["entries"] == 0
    commands.succeed("export", "--app", "shop", "-o", str(file), "--resume")
    assert json.loads(commands.succeed("import", str(file), "--app", "shop", "--json"))["unchanged"] == 2


def _interrupted(_sink: ParquetSink) -> None:
    raise CommandFailed("interrupted")


def test_I1_records_out_of_the_order_of_their_times_are_reported(commands: Commands, tmp_path: Path) -> None:
    """Only then may the result depend on the order, if there are several of one profile (docs/import-export.md)."""
    prepare(commands, "shop")
    for days, unsorted in (((1, 1, 2), 0), ((3, 1, 2, 1), 2)):
        file = write(tmp_path / "in.jsonl", [record(f"u{place}", day) for place, day in enumerate(days)])
        found = commands("import", file, "--app", "shop", "--dry-run", "--json")
        assert json.loads(found.out)["unsorted"] == unsorted
        shown = commands("import", file, "--app", "shop", "--dry-run")
        assert ("sort the file by registerTime" in shown.err) == bool(unsorted)


def test_a_file_that_cannot_be_opened_is_named(commands: Commands, tmp_path: Path) -> None:
    prepare(commands, "shop")
    missing = str(tmp_path / "missing.jsonl")
    assert commands("import", missing, "--app", "shop").error_line == (
        f"profile-grpc: cannot open {missing}: no such file or directory"
    )
