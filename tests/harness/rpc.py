"""The core over gRPC, as a service in another language sees it: compiled from the protos, and nothing else."""

import contextlib
import importlib
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import grpc
from google.protobuf import message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parents[2] / "proto"
DOMAIN = "rollcall"


@dataclass(frozen=True)
class Method:
    """One rpc: how it is called, and the scope that its option asks for."""

    path: str
    request: type
    response: type
    # Whether requests and responses come as streams.
    streams: tuple[bool, bool]
    scope: str

    @property
    def name(self) -> str:
        return self.path.removeprefix("/rollcall.v1.")


@cache
def api() -> dict:
    """The generated modules by the names of their protos, such as `user`."""
    target = tempfile.mkdtemp(prefix="rollcall-protos-")
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    includes = [f"-I{PROTOS}", f"-I{files('grpc_tools') / '_proto'}"]
    assert protoc.main(["protoc", *includes, f"--python_out={target}", *sources]) == 0
    sys.path.insert(0, target)
    return {Path(source).stem: importlib.import_module(source[:-6].replace("/", ".") + "_pb2") for source in sources}


@cache
def methods() -> dict[str, Method]:
    """Every rpc of the protos by its name, such as `UserService/GetUser`."""
    access = api()["access"]
    found = {}
    for module in api().values():
        for service in module.DESCRIPTOR.services_by_name.values():
            for rpc in service.methods:
                method = Method(
                    path=f"/{service.full_name}/{rpc.name}",
                    request=message_factory.GetMessageClass(rpc.input_type),
                    response=message_factory.GetMessageClass(rpc.output_type),
                    streams=(rpc.client_streaming, rpc.server_streaming),
                    scope=access.Scope.Name(rpc.GetOptions().Extensions[access.required_scope]),
                )
                found[method.name] = method
    return found


class Rpc:
    """Calls the core with one credential, or none."""

    def __init__(self, address: str, secret: str | None):
        self.channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_send_message_length", -1),
                ("grpc.max_receive_message_length", -1),
                ("grpc.enable_http_proxy", 0),
            ],
        )
        self.metadata = [] if secret is None else [("authorization", f"Bearer {secret}")]

    def call(self, name: str, /, **fields):
        """Calls an rpc, such as `UserService/GetUser`, with the fields of its request.

        Where it takes a stream it is sent this one message; where it answers with a stream, all of it is returned.
        """
        return self.stream(name, fields)

    def stream(self, name: str, /, *messages: dict):
        """Calls an rpc with the fields of each message of its request: one, where it takes no stream."""
        answer = self.begin(name, *messages, timeout=60)
        return list(answer) if methods()[name].streams[1] else answer.result()

    def first(self, name: str, request=None, /, **fields):
        """The first message of an answer, whether or not others follow it."""
        answer = self.begin(name, fields if request is None else request, timeout=60)
        if not methods()[name].streams[1]:
            return answer.result()
        try:
            return next(answer, None)
        finally:
            answer.cancel()

    def begin(self, name: str, /, *messages, timeout: float | None = None, request_id: str | None = None):
        """Begins a call with messages or their fields: a future of its answer, or the messages of a stream."""
        method = methods()[name]
        takes_stream, answers_stream = method.streams
        kinds = {
            (False, False): self.channel.unary_unary,
            (False, True): self.channel.unary_stream,
            (True, False): self.channel.stream_unary,
            (True, True): self.channel.stream_stream,
        }
        call = kinds[method.streams](
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        requests = [method.request(**fields) if isinstance(fields, dict) else fields for fields in messages]
        begin = call if answers_stream else call.future
        metadata = self.metadata + ([("x-request-id", request_id)] if request_id else [])
        return begin(iter(requests) if takes_stream else requests[0], metadata=metadata, timeout=timeout)


def reason(error: grpc.RpcError) -> str:
    """The reason that an error carries as `google.rpc.ErrorInfo`; empty where it carries none."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info) and info.domain == DOMAIN:
                    return info.reason
    return ""


def judge(call) -> str:
    """`OK`, or the reason for which a call was refused."""
    try:
        call()
    except grpc.RpcError as error:
        return reason(error) or f"without a reason: {error.code()} {error.details()}"
    return "OK"


@contextlib.contextmanager
def refuses(wanted: str, *, naming: str = ""):
    """The calls within are refused for this reason, in words that name what they must."""
    try:
        yield
    except grpc.RpcError as error:
        assert reason(error) == wanted, f"{error.code()} {reason(error)}: {error.details()}"
        assert naming.lower() in error.details().lower(), error.details()
    else:
        raise AssertionError(f"it was not refused with {wanted}")
