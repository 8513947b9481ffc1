"""A protoc plugin that emits Python messages (`*_pb2.py`) and services (`*_pb2_grpc.py`).

buf runs plugins only, while Python's two generators are compiled into grpc_tools; this hands buf's request to them and
their files back. Having both from the pinned grpc_tools also makes the protobuf version that the stubs demand a
decision of the lock, not of a protoc that happens to be installed.
"""

import sys
import tempfile
from importlib import resources
from pathlib import Path

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc


def generate(request: plugin_pb2.CodeGeneratorRequest) -> plugin_pb2.CodeGeneratorResponse:
    """Return the generated files of `request.file_to_generate`, by name; a failing generator sets `error`."""
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder, "descriptors.binpb")
        descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        output = Path(folder, "output")
        output.mkdir()
        status = protoc.main(
            [
                "protoc",
                f"--descriptor_set_in={descriptors}",
                f"--proto_path={resources.files('grpc_tools') / '_proto'}",
                f"--python_out={output}",
                f"--grpc_python_out={output}",
                *request.file_to_generate,
            ]
        )
        if status:
            response.error = f"grpc_tools.protoc ended with status {status}"
            return response
        for path in sorted(output.rglob("*.py")):
            response.file.add(name=path.relative_to(output).as_posix(), content=path.read_text(encoding="utf-8"))
    return response


if __name__ == "__main__":
    answer = generate(plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(answer.SerializeToString())
