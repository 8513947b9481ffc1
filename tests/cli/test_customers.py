"""`customer`, `erase` and `person`: what a support engineer types, sees and gets as JSON (C1-C9)."""

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli import seeds
from tests.cli.program import Commands, environment
from tests.support.limits import wait_s

SCHEMA: dict[str, Any] = {
    "attributes": [
        {"name": "tier", "type": "CUSTOMER_ATTRIBUTE_TYPE_STRING", "allowed_values": ["gold", "iron"]},
        {"name": "visits", "type": "CUSTOMER_ATTRIBUTE_TYPE_INT64"},
        {"name": "born", "type": "CUSTOMER_ATTRIBUTE_TYPE_DATE", "description": "Day of birth"},
        {"name": "seen", "type": "CUSTOMER_ATTRIBUTE_TYPE_TIMESTAMP"},
        {"name": "vip", "type": "CUSTOMER_ATTRIBUTE_TYPE_BOOL"},
    ]
}
OF = ("--tenant", "acme")


def prepared(commands: Commands, tmp_path: Path) -> Commands:
    commands.succeed("migrate")
    commands.succeed("tenant", "create", "acme")
    commands.succeed("app", "create", "shop", "--tenant", "acme")
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    commands.succeed("customer", "schema", "set", str(schema), *OF)
    return commands


def as_json(commands: Commands, *arguments: str) -> Any:
    return json.loads(commands.succeed(*arguments, "--json"))


def test_a_customer_is_stored_shown_found_merged_and_deleted(commands: Commands, tmp_path: Path) -> None:
    """C1, C4, C7."""
    prepared(commands, tmp_path)
    values = [
        "name=Ann",
        "email=ann@Example.com",
        "msisdn=+44 20 7946 0000",
        "tier=gold",
        "born=1972-02-29",
        "vip=true",
    ]
    commands.succeed("customer", "set", "c1", *OF, *(word for value in values for word in ("--set", value)))
    shown = as_json(commands, "customer", "show", "c1", *OF)
    assert (shown["email"], shown["msisdn"]) == ("ann@example.com", "+442079460000")
    assert shown["attributes"] == {"tier": "gold", "born": "1972-02-29", "vip": True}
    assert shown["profiles"] == []
    for word in ("ann@example.com", "attribute tier", "gold"):
        assert word in commands.succeed("customer", "show", "c1", *OF)
    commands.succeed("customer", "set", "c1", *OF, "--set", "tier=", "--set", "seen=2026-01-31T12:00:00Z")
    assert set(as_json(commands, "customer", "show", "c1", *OF)["attributes"]) == {"born", "vip", "seen"}
    found = as_json(commands, "customer", "list", *OF, "--email", "ann@EXAMPLE.com")
    assert [one["customer_id"] for one in found["customers"]] == ["c1"]
    found = as_json(commands, "customer", "list", *OF, "--filter", "attributes.born < 1980-01-01 AND email:*")
    assert [one["customer_id"] for one in found["customers"]] == ["c1"]
    assert commands("customer", "list", *OF, "--filter", "attributes.colour = red").status == 1
    commands.succeed("customer", "set", "c2", *OF)
    assert "c2" in commands.succeed("customer", "list", *OF)
    merged = as_json(commands, "customer", "merge", "c1", "c2", *OF)
    assert (merged["customer"]["name"], merged["moved"]) == ("Ann", 0)
    outcome = commands("customer", "show", "c1", *OF)
    assert outcome.status == 1
    assert "'c2'" in outcome.err
    assert as_json(commands, "customer", "delete", "c2", *OF) == {"unlinked": 0}
    assert commands("customer", "delete", "c2", *OF).status == 1


def test_a_value_of_another_type_is_a_usage_error(commands: Commands, tmp_path: Path) -> None:
    """C3."""
    prepared(commands, tmp_path)
    for value in ("visits=many", "born=1972-02-30", "vip=perhaps", "seen=soon", "unknown=1"):
        outcome = commands("customer", "set", "c1", *OF, "--set", value)
        assert outcome.status == 2, value
        assert value.partition("=")[0] in outcome.err
    outcome = commands("customer", "set", "c1", *OF, "--set", "tier=lead")
    assert outcome.status == 1
    assert "tier" in outcome.err


def test_a_schema_is_shown_as_it_is_set_and_counts_first(commands: Commands, tmp_path: Path) -> None:
    """C2: before a change, it counts the customers whose values do not fit."""
    prepared(commands, tmp_path)
    shown = as_json(commands, "customer", "schema", "show", *OF)
    assert [one["name"] for one in shown["attributes"]] == [one["name"] for one in SCHEMA["attributes"]]
    assert "Day of birth" in commands.succeed("customer", "schema", "show", *OF)
    commands.succeed("customer", "set", "c1", *OF, "--set", "tier=iron")
    narrower = tmp_path / "narrower.json"
    narrower.write_text(json.dumps({"attributes": [SCHEMA["attributes"][0] | {"allowed_values": ["gold"]}]}))
    dry = as_json(commands, "customer", "schema", "set", str(narrower), *OF, "--dry-run")
    assert dry["affected_customers"] == 1
    outcome = commands("customer", "schema", "set", str(narrower), *OF)
    assert outcome.status == 1
    assert "1 customers do not fit" in outcome.err
    done = as_json(commands, "customer", "schema", "set", str(narrower), *OF, "--drop-values")
    assert done["affected_customers"] == 1
    narrower.write_text("{")
    assert commands("customer", "schema", "set", str(narrower), *OF).status == 1


def test_a_person_is_exported_and_erased(commands: Commands, tmp_path: Path) -> None:
    """C8, C9."""
    prepared(commands, tmp_path)
    seeds.register(commands.url, "shop", ["phone"], seeds.ago(1))
    document = json.loads(commands.succeed("person", "export", "--user", "u-phone", "--app", "shop"))
    [profile] = document["profiles"]
    assert profile["push_endpoints"][0]["token"] == "…" + (seeds.TOKEN + "-phone")[-6:]
    assert seeds.TOKEN not in json.dumps(document)
    assert [event["type"] for event in document["events"]] == ["EVENT_TYPE_PROFILE_CREATED"]
    file = tmp_path / "person.json"
    commands.succeed("person", "export", "--user", "u-phone", "--app", "shop", "-o", str(file))
    assert json.loads(file.read_text()) == document
    assert file.stat().st_mode & 0o077 == 0
    erased = as_json(commands, "erase", "user", "u-phone", "--app", "shop", "--quiet")
    assert erased["removed"] == {"profiles": 1, "events": 1}
    assert "bridge" in erased["notes"][0]
    assert commands("person", "export", "--user", "u-phone", "--app", "shop").status == 1
    commands.succeed("customer", "set", "c1", *OF, "--set", "name=Ann")
    assert json.loads(commands.succeed("person", "export", "--customer", "c1", *OF))["customer"]["name"] == "Ann"
    assert "customers" in commands.succeed("erase", "customer", "c1", *OF)
    assert commands("person", "export", "--customer", "c1", "--user", "u", *OF).status == 2


@pytest.mark.slow
@pytest.mark.timeout(900)  # it starts processes, on a machine that may be busy
def test_C8_an_erasure_that_is_killed_is_completed_by_repeating(on_engine: Commands, tmp_path: Path) -> None:
    """A real process, killed in the middle of its work, later each time; then it is repeated."""
    prepared(on_engine, tmp_path)
    killed = 0
    for number, rest in enumerate((200, 100)):
        customer = f"victim{number}-customer"
        devices = [f"victim{number}-{n}" for n in range(200)]
        seeds.register(on_engine.url, "shop", devices, seeds.ago(1), customer)
        on_engine.succeed("customer", "set", customer, *OF, "--set", "email=victim@example.com")
        words = ["erase", "customer", customer, *OF, "--quiet"]
        process = subprocess.Popen(
            [sys.executable, "-m", "profile_grpc", *words],
            env=environment({"PROFILE_GRPC_DATABASE_URL": on_engine.url}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        seeds.wait_for_fewer(on_engine.url, customer, rest, partial(_has_ended, process))
        process.kill()
        killed += process.wait(timeout=wait_s()) == -signal.SIGKILL
        on_engine.succeed(*words)
        assert "victim" not in seeds.dump(on_engine.url), number
    assert killed


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None
