"""Texts that no database can hold are a caller's mistake, wherever a caller gives them."""

import grpc
import pytest
from activity import of_request, request_id
from google.protobuf.descriptor import FieldDescriptor

from harness.rpc import methods, reason
from harness.scim import USER

pytestmark = pytest.mark.databases

ODD = "a\0b"
# How deep fields of fields are looked for; a value may hold values for ever.
DEEP = 3


def texts(descriptor, deep: int = 0) -> list[tuple[str, ...]]:
    """Where a message has texts, by the names of the fields that lead there."""
    found = []
    for field in descriptor.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            found.append((field.name,))
        elif field.message_type and not field.message_type.GetOptions().map_entry and deep < DEEP:
            found += [(field.name, *rest) for rest in texts(field.message_type, deep + 1)]
    return found


def put(message, path: tuple[str, ...]) -> None:
    """Puts the odd text where a path leads; in a list it is the first element."""
    name, *rest = path
    field = message.DESCRIPTOR.fields_by_name[name]
    if rest:
        inner = getattr(message, name)
        put(inner.add() if field.is_repeated else inner, tuple(rest))
    elif field.is_repeated:
        getattr(message, name).append(ODD)
    else:
        setattr(message, name, ODD)


def fields_of(method, path: tuple[str, ...], directory) -> dict:
    message = method.request()
    put(message, path)
    for name in ("directory", "name"):
        if name in message.DESCRIPTOR.fields_by_name and path != (name,):
            setattr(message, name, directory.name)
    return {field.name: value for field, value in message.ListFields()}


@pytest.mark.parametrize("rpc", sorted(methods()))
def test_u_0000_is_never_the_server_s_failure_in_whatever_text_of_an_rpc(database_house, rpc):
    method, admin = methods()[rpc], database_house.admin
    for path in texts(method.request.DESCRIPTOR):
        directory = database_house.new_directory()
        try:
            admin.first(rpc, **fields_of(method, path, directory))
        except grpc.RpcError as error:
            told = f"{'.'.join(path)}: {error.code()} {reason(error)} {error.details()}"
            if not (error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and method.streams[1]):
                assert reason(error) not in ("", "INTERNAL", "UNAVAILABLE"), told


def test_a_request_with_u_0000_is_in_the_log_as_others_are(database_house):
    directory = database_house.new_directory()
    for name in ("a\0b", "\0"):
        answer = directory.scim.post("/Users", {"schemas": [USER], "userName": name, "displayName": "Ana\0"})
        assert answer.status_code == 400
        assert of_request(directory, request_id(answer)).status == 400
