"""Requests that nobody has written down: to each rpc and each route there is, about whatever is named."""

import uuid

import httpx
from google.protobuf.descriptor import FieldDescriptor

from harness.scim import GROUP, MESSAGES, a_user, patch_op

# A wrong filter, projection or confirmation would be refused before anything is looked for.
NAMES_NOTHING = ("filter", "page_token", "sort_by", "projection", "confirm_name")


def filled(kind: type, name: str, directory: str, depth: int = 0):
    """A request in which each field that can name something names this."""
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        if field.name in NAMES_NOTHING:
            continue
        if field.name in ("directory", "name") and depth == 0:
            setattr(message, field.name, directory)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                getattr(message, field.name).append(name)
            elif field.containing_oneof is None or message.WhichOneof(field.containing_oneof.name) is None:
                setattr(message, field.name, name)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and depth < 2 and not field.is_repeated:
            inner = field.message_type._concrete_class
            if not field.message_type.full_name.startswith("google."):
                getattr(message, field.name).CopyFrom(filled(inner, name, directory, depth + 1))
    return message


def body_of(method: str, path: str, name: str) -> dict | None:
    """The body of a request to the SCIM endpoint that names this, where it can name something."""
    if method not in ("POST", "PUT", "PATCH"):
        return None
    if method == "PATCH":
        return patch_op({"op": "replace", "path": "displayName", "value": uuid.uuid4().hex})
    if path.endswith(".search"):
        return {"schemas": [MESSAGES + "SearchRequest"], "count": 1000}
    if path.endswith("/Bulk"):
        operations = [
            {"method": "DELETE", "path": f"/Users/{name}"},
            {"method": "DELETE", "path": f"/Groups/{name}"},
        ]
        return {"schemas": [MESSAGES + "BulkRequest"], "Operations": operations}
    if "Groups" in path:
        return {"schemas": [GROUP], "displayName": uuid.uuid4().hex, "members": [{"value": name}]}
    return a_user(f"{uuid.uuid4().hex}@example.com")


def told_by(answer: httpx.Response) -> str:
    """What an answer over HTTP is called in `authorisation.txt`."""
    if answer.status_code == 403:
        return "-" if "lacks the scope" in answer.text else "off" if "is switched off" in answer.text else "403"
    location = answer.headers.get("location", "")
    if location.startswith("/admin/sign-in") and "because=signed-out" not in location:
        return ">"
    return "+" if answer.status_code < 400 else str(answer.status_code)
