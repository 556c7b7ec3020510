"""Reading the activity log, which is written a moment after the answer."""

import time

from harness.house import Directory, House

PATIENCE = 30


def eventually(look, wanted=bool):
    """What `look` sees once it is as wanted."""
    end = time.monotonic() + PATIENCE
    while not wanted(seen := look()):
        assert time.monotonic() < end, seen
        time.sleep(0.05)
    return seen


def listed(directory: Directory, **fields) -> list:
    """The requests of a directory, newest first."""
    answer = directory.house.admin.call("ActivityService/ListActivity", directory=directory.name, **fields)
    return list(answer.activities)


def of_request(directory: Directory, request_id: str):
    """The request with this id, once it is recorded."""
    return eventually(lambda: listed(directory, filter={"request_id": request_id}))[0]


def shown(house: House, id: str, **fields):
    """One request with its bodies."""
    return house.admin.call("ActivityService/GetActivity", id=id, **fields).activity


def request_id(answer) -> str:
    return answer.headers["X-Request-Id"]


def recorded(directory: Directory, answer):
    """The request that got this answer, with its bodies."""
    found = of_request(directory, request_id(answer))
    return shown(directory.house, found.id, directory=directory.name)
