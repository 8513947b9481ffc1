"""Contracts of tests: protos that are compiled when a test runs, and are never part of the released contract."""

import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor

import appprofile.v1.access_pb2  # noqa: F401 - as below
import buf.validate.validate_pb2  # noqa: F401 - imported by contracts, and so to be known beforehand

PROTOS = Path(__file__).parents[2] / "protos"
_NUMBERS = count(1)


def compile_proto(body: str) -> FileDescriptor:
    """A file with these definitions, in a package of its own."""
    package = f"test.v{next(_NUMBERS)}"
    source = f"""syntax = "proto3";
package {package};
import "appprofile/v1/access.proto";
import "buf/validate/validate.proto";
{body}
"""
    with tempfile.TemporaryDirectory() as folder:
        file, compiled = Path(folder) / f"{package}.proto", Path(folder) / "compiled"
        file.write_text(source)
        paths = [f"-I{path}" for path in (folder, PROTOS, PROTOS / "third_party")]
        command = [sys.executable, "-m", "grpc_tools.protoc", *paths, f"--descriptor_set_out={compiled}", str(file)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{ran.stderr}\n{source}"
        [described] = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes()).file
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(described.SerializeToString())
    return pool.FindFileByName(described.name)


def service(messages: str, scope: str, allow: str, option: str | None = None) -> ServiceDescriptor:
    """A service of one unary method, `Call`, which takes a CallRequest.

    Args:
        messages: CallRequest and what it needs.
        scope: the name of its scope; empty: none is given.
        allow: the name of the kind of key that may call it; empty: none is given.
        option: its whole access option, in place of the two.
    """
    if option is None:
        kinds = f"allow: [KEY_KIND_{allow}]" if allow else ""
        reach = f"scope: ACCESS_SCOPE_{scope}" if scope else ""
        option = f"option (appprofile.v1.access) = {{ {kinds} {reach} }};"
    file = compile_proto(
        f"{messages}\nservice Service {{ rpc Call(CallRequest) returns (CallRequest) {{ {option} }} }}"
    )
    return file.services_by_name["Service"]
