#!/usr/bin/env python3
"""Follows the users and groups of a Rollcall directory, and misses no change.

    python -m pip install -r requirements.txt
    export ROLLCALL_SERVICE_KEY=rc_svc_…          # rollcall service-key create example --scope events.read
    python follower.py --directory acme --position-file acme.position

Each event is printed as one line of JSON: put your own work into `work_off`. The number of the last event that was
worked off is kept in a file, so that the follower goes on where it was, whatever happened to it or to Rollcall
meanwhile. An event whose work was done while its number was not yet kept comes again: make the work bear that.
"""

import argparse
import contextlib
import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parents[2] / "proto"
# How long to wait after a broken connection: doubled each time, up to the second number.
PAUSES = (0.5, 30)


def generate_client():
    """Compiles the protos, and returns the modules of the events."""
    target = tempfile.mkdtemp(prefix="rollcall-client-")
    files = [str(path.relative_to(PROTOS)) for path in sorted(PROTOS.rglob("*.proto"))]
    include = Path(protoc.__file__).parent / "_proto"
    options = [f"-I{PROTOS}", f"-I{include}", f"--python_out={target}", f"--grpc_python_out={target}"]
    if protoc.main(["protoc", *options, *files]) != 0:
        sys.exit("the protos could not be compiled")
    sys.path.insert(0, target)
    return importlib.import_module("rollcall.v1.event_pb2"), importlib.import_module("rollcall.v1.event_pb2_grpc")


class PositionFile:
    """The number up to which everything has been worked off."""

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> int | None:
        return int(self.path.read_text()) if self.path.exists() else None

    def write(self, position: int) -> None:
        """Replaces the file as a whole, so that a crash leaves the old number or the new one."""
        new = self.path.with_suffix(".new")
        with new.open("w") as file:
            file.write(str(position))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


def plain(value):
    """A `rollcall.v1.Value` as Python has it."""
    kind = value.WhichOneof("kind")
    if kind in (None, "null_value"):
        return None
    if kind == "list_value":
        return [plain(element) for element in value.list_value.values]
    if kind == "map_value":
        return {entry.name: plain(entry.value) for entry in value.map_value.entries}
    return getattr(value, kind)


def work_off(event, types) -> None:
    """What this service does about an event: it prints it."""
    changes = {}
    for change in event.changes:
        if change.added or change.removed:
            changes[change.name] = {"added": list(change.added), "removed": list(change.removed)}
        else:
            changes[change.name] = {"before": plain(change.before), "after": plain(change.after)}
    told = {
        "number": event.number,
        "type": types.Name(event.type).removeprefix("EVENT_TYPE_").lower(),
        "subject": event.subject,
        "changes": changes,
    }
    print(json.dumps(told), flush=True)


def reason_of(error: grpc.RpcError) -> str:
    """Rollcall's own reason for an error; empty, it is of the connection."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == "rollcall":
            return info.reason
    return ""


def follow(arguments, key: str) -> None:
    messages, services = generate_client()
    position = PositionFile(arguments.position_file)
    if arguments.ca_cert:
        credentials = grpc.ssl_channel_credentials(arguments.ca_cert.read_bytes())
        channel = grpc.secure_channel(arguments.server, credentials)
    else:
        channel = grpc.insecure_channel(arguments.server)
    events = services.EventServiceStub(channel)
    pause = PAUSES[0]
    while True:
        # Without a position it begins with the oldest event that is kept.
        request = messages.WatchEventsRequest(directory=arguments.directory, after=position.read())
        try:
            for answer in events.WatchEvents(request, metadata=[("authorization", f"Bearer {key}")]):
                for event in answer.events:
                    work_off(event, messages.EventType)
                position.write(answer.position)
                pause = PAUSES[0]
        except grpc.RpcError as error:
            reason = reason_of(error)
            if reason in ("EVENTS_EXPIRED", "EVENTS_AHEAD"):
                sys.exit(
                    f"{error.details()}\nRead the users and groups by UserService and GroupService, put the number "
                    f"into {position.path}, and start again."
                )
            if reason not in ("", "UNAVAILABLE", "INTERNAL"):
                sys.exit(f"{reason}: {error.details()}")
            print(f"{error.details()}; trying again in {pause:g} s", file=sys.stderr, flush=True)
        time.sleep(pause)
        pause = min(pause * 2, PAUSES[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="Follows the events of a Rollcall directory.")
    parser.add_argument("--server", default="127.0.0.1:50051", help="host and port of the core's gRPC API")
    parser.add_argument("--directory", default="", help="the directory; a key that is bound to one needs none")
    parser.add_argument("--position-file", type=Path, default=Path("follower.position"))
    parser.add_argument("--ca-cert", type=Path, help="PEM file that the core's certificate is checked against (TLS)")
    arguments = parser.parse_args()
    key = os.environ.get("ROLLCALL_SERVICE_KEY")
    if not key:
        sys.exit("ROLLCALL_SERVICE_KEY is missing: rollcall service-key create example --scope events.read")
    with contextlib.suppress(KeyboardInterrupt):
        follow(arguments, key)


if __name__ == "__main__":
    main()
