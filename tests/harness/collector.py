"""A collector of traces, which takes what OTLP brings over gRPC and over HTTP."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Kind

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PROTOCOLS = ["grpc", "http/protobuf"]


@dataclass(frozen=True)
class Span:
    """A span, as far as tests ask for it."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    is_error: bool
    attributes: dict


class Collector:
    """Both servers on this machine, and all that they were told."""

    def __init__(self):
        # The bodies as they came, and what they came with.
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.grpc = grpc.server(ThreadPoolExecutor(4))
        self.grpc.add_generic_rpc_handlers([Exporting(self)])
        self.grpc_port = self.grpc.add_insecure_port("127.0.0.1:0")
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Taking", (Taking,), {"collector": self}))

    def start(self) -> "Collector":
        self.grpc.start()
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        self.grpc.stop(None)
        self.http.shutdown()
        self.http.server_close()

    def settings(self, protocol: str) -> dict[str, str]:
        """What makes a process tell its traces here, at once."""
        port = self.grpc_port if protocol == "grpc" else self.http.server_port
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_BSP_SCHEDULE_DELAY": "20",
        }

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        ExportTraceServiceRequest.FromString(body)
        self.bodies.append(body)
        self.headers.append(headers)

    def spans(self, trace_id: str | None = None) -> list[Span]:
        """The spans of a trace, or all."""
        told = [span for body in list(self.bodies) for span in spans_of(body)]
        return [span for span in told if trace_id in (None, span.trace_id)]

    def wait_for(self, there: Callable[[list[Span]], bool], trace_id: str | None = None) -> list[Span]:
        """Waits until the spans of a trace are as they should be."""
        for _ in range(600):
            if there(spans := self.spans(trace_id)):
                return spans
            time.sleep(0.05)
        raise AssertionError(f"the collector was told of no more than {self.spans(trace_id)}")


class Exporting(grpc.GenericRpcHandler):
    """The rpc by which spans come."""

    def __init__(self, collector: Collector):
        self.collector = collector

    def service(self, details):
        if details.method != EXPORT:
            return None
        headers = {name: str(value) for name, value in details.invocation_metadata}

        def export(body: bytes, _):
            self.collector.take(body, headers)
            return ExportTraceServiceResponse()

        return grpc.unary_unary_rpc_method_handler(
            export, response_serializer=ExportTraceServiceResponse.SerializeToString
        )


class Taking(BaseHTTPRequestHandler):
    """The URL to which spans come."""

    collector: Collector

    def do_POST(self):  # noqa: N802 - the name that http.server gives it
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_ours = (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
        if is_ours:
            self.collector.take(body, {name.lower(): value for name, value in self.headers.items()})
        self.send_response(200 if is_ours else 404)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Nothing is printed."""


def spans_of(body: bytes) -> list[Span]:
    found = []
    for told in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = attributes_of(told.resource)["service.name"]
        for scope in told.scope_spans:
            found += [
                Span(
                    service,
                    span.name,
                    Kind.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.status.code == 2,
                    attributes_of(span),
                )
                for span in scope.spans
            ]
    return found


def attributes_of(told) -> dict:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in told.attributes}
