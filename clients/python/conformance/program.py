"""Carries out the conformance scenario and prints the transcript: program.py SCENARIO TARGET KEYS [CA].

What a step means is told in tests/clients/README.md.
"""

import asyncio
import json
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# The types of error details, so that protobuf's JSON form can show those of batch items.
import google.rpc.error_details_pb2  # noqa: F401
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import appprofile
from appprofile import aio
from appprofile.v1 import (
    app_service_pb2,
    credential_service_pb2,
    customer_service_pb2,
    profile_service_pb2,
    usage_service_pb2,
    webhook_service_pb2,
)

SERVICES = {
    "ProfileService": ("profiles", profile_service_pb2.DESCRIPTOR),
    "AppService": ("apps", app_service_pb2.DESCRIPTOR),
    "UsageService": ("usage", usage_service_pb2.DESCRIPTOR),
    "WebhookService": ("webhooks", webhook_service_pb2.DESCRIPTOR),
    "CustomerService": ("customers", customer_service_pb2.DESCRIPTOR),
    "CredentialService": ("credentials", credential_service_pb2.DESCRIPTOR),
}
STREAMS: dict[str, Callable[[appprofile.Client, Any], appprofile.ResumingStream[Any]]] = {
    "ProfileService/WatchProfiles": appprofile.Client.watch_profiles,
    "ProfileService/ResolveRecipients": appprofile.Client.resolve_recipients,
    "ProfileService/ExportProfiles": appprofile.Client.export_profiles,
    "CustomerService/ExportCustomers": appprofile.Client.export_customers,
}
IMPORTS: dict[str, Callable[[aio.Client, Any], AsyncIterator[Any]]] = {
    "ProfileService/ImportProfiles": aio.Client.import_profiles,
    "CustomerService/ImportCustomers": aio.Client.import_customers,
}
Json = Any


class Program:
    """One run of the scenario."""

    def __init__(self, scenario: Json, target: str, keys: dict[str, str], ca: bytes | None) -> None:
        self._steps = scenario["steps"]
        self._target = target
        self._ca = ca
        self._values: dict[str, str] = scenario["values"] | keys
        self._clients: dict[tuple[str, str | None], appprofile.Client] = {}
        self._streams: dict[str, appprofile.ResumingStream[Any]] = {}

    def run(self) -> None:
        for step in self._steps:
            if "ask" in step:
                ask(step["ask"])
                await_answer()
            elif "stream" in step:
                show(self._read(step))
            elif "requests" in step:
                show(self._import(step))
            else:
                show(self._outcome(step))
        for stream in self._streams.values():
            stream.cancel()
        for client in self._clients.values():
            client.close()

    def _outcome(self, step: Json) -> Json:
        call = self._prepare(step)
        if "during" not in step:
            return call()
        ask(step["during"])
        done = threading.Event()

        def wait() -> None:
            await_answer()
            done.set()

        threading.Thread(target=wait, daemon=True).start()
        share = step["repeat"] // step["parallel"]

        def loop() -> list[Json]:
            outcomes: list[Json] = []
            while not done.is_set() or len(outcomes) < share:
                outcomes.append(call())
            return outcomes

        with ThreadPoolExecutor(step["parallel"]) as pool:
            loops = [pool.submit(loop) for _ in range(step["parallel"])]
            outcomes = [outcome for each in loops for outcome in each.result()]
        return next((outcome for outcome in outcomes if outcome != outcomes[0]), outcomes[0])

    def _prepare(self, step: Json) -> Callable[[], Json]:
        """The step's call, ready to be made any number of times."""
        service, method = step["method"].split("/")
        stub, _ = SERVICES[service]
        request = self._message(step, step["request"])
        stub_method = getattr(getattr(self._client(step.get("key", "profile"), step.get("jwt")), stub), method)
        timeout = step["deadline_ms"] / 1000 if "deadline_ms" in step else None

        def call() -> Json:
            try:
                response = stub_method(request, timeout=timeout)
            except appprofile.ApiError as error:
                return refused(step, error)
            return self._seen(step, MessageToDict(response, preserving_proto_field_name=True))

        return call

    def _read(self, step: Json) -> Json:
        """Goes on with the step's stream, or opens it."""
        if "method" in step:
            client = self._client(step.get("key", "profile"), step.get("jwt"))
            self._streams[step["stream"]] = STREAMS[step["method"]](client, self._message(step, step["request"]))
        stream = self._streams[step["stream"]]
        ((name, count),) = step["until"].items()
        body: dict[str, Any] = {}
        try:
            while len(body.get(name, [])) < count and (message := next(stream, None)) is not None:
                for field, value in MessageToDict(message, preserving_proto_field_name=True).items():
                    body[field] = body.get(field, []) + value if isinstance(value, list) else value
        except appprofile.ResumeTokenExpiredError as error:
            self._values["oldest_resume_token"] = error.oldest_resume_token
            return refused(step, error)
        except appprofile.ApiError as error:
            return refused(step, error)
        return self._seen(step, body)

    def _import(self, step: Json) -> Json:
        """Sends the requests through the client that imports, which is asyncio's."""
        requests = [self._message(step, request) for request in step["requests"]]

        async def sent() -> AsyncIterator[Message]:
            for request in requests:
                yield request

        async def responses() -> list[Json]:
            options = self._options(step.get("key", "profile"), step.get("jwt"))
            async with aio.connect(self._target, **options) as client:
                return [
                    MessageToDict(response, preserving_proto_field_name=True)
                    async for response in IMPORTS[step["method"]](client, sent())
                ]

        try:
            return self._seen(step, {"responses": asyncio.run(responses())})
        except appprofile.ApiError as error:
            return refused(step, error)

    def _message(self, step: Json, request: Json) -> Message:
        """The request of the step's method."""
        service, method = step["method"].split("/")
        _, descriptor = SERVICES[service]
        input_type = descriptor.services_by_name[service].methods_by_name[method].input_type
        return ParseDict(self._fill(request), GetMessageClass(input_type)())

    def _seen(self, step: Json, body: Json) -> Json:
        for name, path in step.get("capture", {}).items():
            self._values[name] = find(body, path) or ""
        shown = {path: find(body, path) for path in step["expect"].get("show", ())}
        return {"step": step["step"], "code": "OK", **({"show": shown} if shown else {})}

    def _client(self, key: str, jwt: str | None) -> appprofile.Client:
        if (key, jwt) not in self._clients:
            self._clients[key, jwt] = appprofile.connect(self._target, **self._options(key, jwt))
        return self._clients[key, jwt]

    def _options(self, key: str, jwt: str | None) -> dict[str, Any]:
        return {
            "key": None if key == "none" else self._values[key],
            "jwt": None if jwt is None else lambda: self._values[jwt],
            "plaintext": self._ca is None,
            "ca": self._ca,
        }

    def _fill(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {name: self._fill(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._fill(each) for each in value]
        if isinstance(value, str):
            now = datetime.now(UTC)
            values = self._values | {
                "now": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "year": str(now.year),
                "month": str(now.month),
                "day": str(now.day),
            }
            return re.sub(r"\$\{(\w+)\}", lambda match: values.get(match[1], ""), value)
        return value


def refused(step: Json, error: appprofile.ApiError) -> Json:
    metadata = dict(error.metadata)
    if isinstance(error, appprofile.ResumeTokenExpiredError):
        del metadata["oldest_resume_token"]
    outcome = {
        "step": step["step"],
        "code": error.code.name,
        "reason": error.reason,
        "metadata": metadata,
        "violations": [violation.field for violation in error.violations],
    }
    return {name: value for name, value in outcome.items() if value}


def find(body: Json, path: str) -> Json:
    """The value at the path, or None."""
    for name in path.split("."):
        if isinstance(body, list):
            body = body[int(name)] if int(name) < len(body) else None
        elif isinstance(body, dict):
            body = body.get(name)
        else:
            return None
    return body


def show(line: Json) -> None:
    print(json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")), flush=True)


def ask(what: str) -> None:
    show({"ask": what})


def await_answer() -> None:
    sys.stdin.readline()


if __name__ == "__main__":
    scenario_file, target_argument, keys_file, *ca_file = sys.argv[1:]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    Program(
        json.loads(Path(scenario_file).read_text(encoding="utf-8")),
        target_argument,
        json.loads(Path(keys_file).read_text(encoding="utf-8")),
        Path(ca_file[0]).read_bytes() if ca_file else None,
    ).run()
