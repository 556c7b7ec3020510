"""The groups of the tests: how they are made, changed and read."""

from harness.house import Directory
from harness.scim import GROUP, Scim, created, no_content, ok

# What Entra names beside the schema of a group (IDP.md §3.1).
ADSCIM_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


def with_groups(directory: Directory) -> Directory:
    """Switches groups on, which a directory for Entra begins without."""
    directory.house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, groups_enabled=True)
    return directory


def refs(*members: dict | str) -> list[dict]:
    """Resources, or ids, as the `members` of a request."""
    return [{"value": member if isinstance(member, str) else member["id"]} for member in members]


def a_group(name: str, *members: dict | str, **attributes) -> dict:
    """The body of a request that creates a group, which names no members where there are none."""
    body = {"schemas": [GROUP], "displayName": name, **attributes}
    return {**body, "members": refs(*members)} if members else body


def new_group(scim: Scim, name: str, *members: dict | str, **attributes) -> dict:
    """Creates a group, and returns it as the answer has it."""
    return created(scim.post("/Groups", a_group(name, *members, **attributes)))


def path_of(group: dict) -> str:
    return f"/Groups/{group['id']}"


def read(scim: Scim, group: dict, **parameters) -> dict:
    return ok(scim.get(path_of(group), **parameters))


def change(scim: Scim, group: dict, *operations: dict, **kwargs) -> dict:
    """PATCHes a group, which answers nothing but its version, and returns it as a GET then has it."""
    answer = scim.patch(path_of(group), *operations, **kwargs)
    no_content(answer)
    seen = read(scim, group)
    assert answer.headers["etag"] == seen["meta"]["version"]
    return seen


def put(scim: Scim, group: dict, body: dict, **kwargs) -> dict:
    """PUTs a group, and returns it as a GET then has it."""
    answer = ok(scim.put(path_of(group), body, **kwargs))
    seen = read(scim, group)
    assert answer == seen, "the answer to the PUT is not what a GET says"
    return seen


def add(*members: dict | str) -> dict:
    return {"op": "add", "path": "members", "value": refs(*members)}


def remove(*members: dict | str) -> dict:
    """Removes these by a list of them, and everybody where there are none."""
    return {"op": "remove", "path": "members"} | ({"value": refs(*members)} if members else {})


def remove_by_filter(member: dict | str) -> dict:
    [named] = refs(member)
    return {"op": "remove", "path": f'members[value eq "{named["value"]}"]'}


def replace_members(*members: dict | str) -> dict:
    return {"op": "replace", "path": "members", "value": refs(*members)}


def rename(name: str) -> dict:
    return {"op": "replace", "path": "displayName", "value": name}


def member_ids(group: dict) -> set[str]:
    """The ids of a group's members, each of which is there once."""
    found = [member["value"] for member in group["members"]]
    assert len(found) == len(set(found)), "a member stands there twice"
    return set(found)


def ids(*resources: dict) -> set[str]:
    return {resource["id"] for resource in resources}
